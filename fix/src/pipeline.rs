//! Pipelines of CI services: the service reads the file from the repository, where nothing renders it before.

use strongroom_scan::Finding;

use crate::{File, Options, Plan, left};

const REASON: &str = "the CI service reads this file itself, and takes a reference for the value";

/// A service, and how a pipeline names what its own store of secrets has.
#[derive(Clone, Copy)]
enum Service {
    Azure,
    Bitbucket,
    Circle,
    GitHub,
    GitLab,
    Jenkins,
    Other,
}

/// Whether a service of CI reads that file.
pub(crate) fn is_one(name: &str, text: &str) -> bool {
    service(name, text).is_some()
}

/// All stays but what stands in comments.
pub(crate) fn plan(file: &File<'_>, findings: &[Finding], options: &Options) -> Plan {
    let why = service(file.name, file.text).map_or(left::UNKNOWN, |it| (REASON, it.nearest()));
    left::plan_with(file, findings, options, |at, _| left::because(at, why))
}

fn service(name: &str, text: &str) -> Option<Service> {
    let path = name.replace('\\', "/").to_ascii_lowercase();
    by_name(&path).or_else(|| by_text(&path, text))
}

fn by_name(path: &str) -> Option<Service> {
    let mut folders: Vec<&str> = path.split('/').collect();
    let file = folders.pop().unwrap_or("");
    if file == "jenkinsfile" || file.starts_with("jenkinsfile.") || file.ends_with(".jenkinsfile") {
        return Some(Service::Jenkins);
    }
    let base = file.strip_suffix(".yml").or_else(|| file.strip_suffix(".yaml"))?;
    let lies_in = |names: &[&str]| folders.iter().any(|it| names.contains(it));
    if base.ends_with("gitlab-ci") || lies_in(&[".gitlab", ".gitlab-ci"]) {
        return Some(Service::GitLab);
    }
    // Forgejo and Gitea have GitHub's syntax.
    if lies_in(&[".github", ".forgejo", ".gitea"]) {
        return Some(Service::GitHub);
    }
    if base.starts_with("azure-pipelines") || lies_in(&[".azure-pipelines", ".azuredevops"]) {
        return Some(Service::Azure);
    }
    let others =
        [".appveyor", ".cirrus", ".drone", ".travis", ".woodpecker", "appveyor", "buildspec", "cloudbuild"];
    match base {
        "bitbucket-pipelines" => Some(Service::Bitbucket),
        _ if lies_in(&[".circleci"]) => Some(Service::Circle),
        _ if others.contains(&base) || lies_in(&[".buildkite", ".semaphore", ".woodpecker"]) => {
            Some(Service::Other)
        }
        _ => None,
    }
}

/// A path may be given from within the folder that tells.
fn by_text(path: &str, text: &str) -> Option<Service> {
    if !path.ends_with(".yml") && !path.ends_with(".yaml") {
        return None;
    }
    let has_key = |key: &str| {
        text.lines().any(|it| {
            it.trim_start_matches(['"', '\''])
                .strip_prefix(key)
                .is_some_and(|rest| rest.trim_start_matches(['"', '\'']).starts_with(':'))
        })
    };
    let is_workflow = has_key("on") && has_key("jobs");
    let is_action = has_key("runs") && text.contains("using:");
    if is_workflow || is_action {
        return Some(Service::GitHub);
    }
    (has_key("stages") && text.contains("script:")).then_some(Service::GitLab)
}

impl Service {
    fn nearest(self) -> &'static str {
        match self {
            Self::Azure => {
                "put the value into a secret variable of the pipeline or a variable group, and write `$(NAME)`"
            }
            Self::Bitbucket => "put the value into a secured variable of the repository, and write `$NAME`",
            Self::Circle => {
                "put the value into a context or the project's variables, and write `$NAME` in the step"
            }
            Self::GitHub => {
                "put the value into the repository's or the environment's secrets, and write `${{ secrets.NAME }}`"
            }
            Self::GitLab => {
                "put the value into a masked variable of the project (Settings, CI/CD), and write `$NAME`"
            }
            Self::Jenkins => "put the value into the credentials of Jenkins, and write `credentials('NAME')`",
            Self::Other => "put the value into the secrets of that service, and name it as its manual says",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pipeline_is_known_by_its_name_or_by_its_keys() {
        for name in [
            ".github/workflows/ci.yml",
            "shop/.github/actions/login/action.yaml",
            ".gitea/workflows/ci.yaml",
            ".gitlab-ci.yml",
            "ci/deploy.gitlab-ci.yml",
            ".gitlab/ci/deploy.yml",
            ".circleci/config.yml",
            "azure-pipelines.yml",
            "azure-pipelines-release.yaml",
            "bitbucket-pipelines.yml",
            "Jenkinsfile",
            "Jenkinsfile.release",
            ".drone.yml",
        ] {
            assert!(is_one(name, ""), "{name}");
        }
        assert!(is_one("ci.yml", "name: a\non: push\njobs:\n  b:\n    runs-on: c\n"));
        assert!(is_one("ci.yml", "\"on\": push\njobs: {}\n"));
        assert!(is_one("action.yml", "name: a\nruns:\n  using: composite\n"));
        assert!(is_one("deploy.yml", "stages: [a]\nb:\n  script: [c]\n"));
        for (name, text) in [
            ("config.yml", "jobs:\n  a: b\n"),
            ("app.yml", "on: true\n"),
            ("app.yml", "stages: [a]\n"),
            ("circleci.json", ""),
            ("drone.toml", "on: a\njobs: b\n"),
        ] {
            assert!(!is_one(name, text), "{name}: {text}");
        }
    }
}
