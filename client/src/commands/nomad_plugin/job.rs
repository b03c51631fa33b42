//! The job that a secret is fetched for.
//!
//! Nomad's client sets both names, over whatever the job's own variables say. Of the two the namespace is the one that
//! separates: whoever may submit jobs to a namespace may give them any id.

/// A job, as Nomad says. Both names are one plain segment of a path.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct Job {
    pub(super) namespace: String,
    pub(super) id: String,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub(super) enum NoJob {
    #[error("the environment names no job: Nomad sets NOMAD_NAMESPACE and NOMAD_JOB_ID")]
    Unnamed,
    #[error("the job's id is no plain name: letters, digits and - _ . ~ @ : = , may be in it")]
    NotPlain,
}

/// What stands for the names in settings.
const NAMESPACE: &str = "{{namespace}}";
const JOB: &str = "{{job}}";

impl Job {
    pub(super) fn new(namespace: Option<&str>, id: Option<&str>) -> Result<Self, NoJob> {
        let (Some(namespace), Some(id)) = (namespace, id) else { return Err(NoJob::Unnamed) };
        let id = parent(id);
        if !is_plain(namespace) || !is_plain(id) {
            return Err(NoJob::NotPlain);
        }
        Ok(Self { namespace: namespace.to_owned(), id: id.to_owned() })
    }

    /// A text of the settings, with the names in their places.
    pub(super) fn fill(&self, text: &str) -> String {
        // Neither name has braces in it, so that nothing is filled in twice.
        text.replace(NAMESPACE, &self.namespace).replace(JOB, &self.id)
    }
}

/// Whether a text of the settings has no braces but around the names.
pub(super) fn can_be_filled(text: &str) -> bool {
    !text.replace(NAMESPACE, "").replace(JOB, "").contains(['{', '}'])
}

/// A run of a periodic or dispatched job counts as the job, as it does in workload identities.
fn parent(id: &str) -> &str {
    let ends = ["/periodic-", "/dispatch-"].into_iter().filter_map(|it| id.find(it));
    ends.min().and_then(|end| id.get(..end)).unwrap_or(id)
}

// Rule 55
fn is_plain(name: &str) -> bool {
    let is_ours = |it: u8| it.is_ascii_alphanumeric() || b"-_.~@:=,".contains(&it);
    (1..=255).contains(&name.len()) && !matches!(name, "." | "..") && name.bytes().all(is_ours)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(namespace: &str, id: &str, expected: Result<&str, NoJob>) {
        let filled = Job::new(Some(namespace), Some(id)).map(|it| it.fill("a/{{namespace}}/{{job}}"));
        assert_eq!(filled, expected.map(str::to_owned), "{namespace} {id}");
    }

    // Rule 55: a name that is no plain segment matches nothing.
    #[test]
    fn a_job_has_plain_names() {
        check("default", "shop", Ok("a/default/shop"));
        check("team-a", "shop.v2", Ok("a/team-a/shop.v2"));
        check("default", "report/periodic-1732600000", Ok("a/default/report"));
        check("default", "import/dispatch-1732600000-1a2b3c4d", Ok("a/default/import"));
        for (namespace, id) in [
            ("", "shop"),
            ("default", ""),
            ("..", "shop"),
            ("default", "."),
            ("default", "../admin"),
            ("default", "shop/x"),
            ("default", "/periodic-1"),
            ("default", "+"),
            ("default", "shop*"),
            ("default", "{{namespace}}"),
            ("default", "a%2fb"),
            ("default", "a?version=1"),
            ("default", "a\nb"),
            ("default/x", "shop"),
        ] {
            check(namespace, id, Err(NoJob::NotPlain));
        }
        assert_eq!(Job::new(None, Some("shop")), Err(NoJob::Unnamed));
        assert_eq!(Job::new(Some("default"), None), Err(NoJob::Unnamed));
    }

    #[test]
    fn only_the_two_names_are_filled_in() {
        assert!(can_be_filled("secret/{{namespace}}/x-{{job}}") && can_be_filled("secret/shared"));
        assert!(!can_be_filled("secret/{{task}}") && !can_be_filled("secret/{job}"));
    }
}
