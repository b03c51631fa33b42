//! Which kind of file it is: each is cured in its own way.

use strongroom_hcl::{Body, Item};
use strongroom_scan::{Finding, Format};

use crate::{
    File, Left, Options, Plan, comment, compose, home::Home, kubernetes, left, nomad, packer, pipeline,
    rails, rendered, terraform,
};

#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Family {
    /// Compose and swarm stacks.
    Compose,
    Dotenv,
    /// Values of a chart.
    Helm,
    Kubernetes,
    /// A Nomad job, in HCL or JSON.
    Nomad,
    Packer,
    /// What a CI service reads from the repository.
    Pipeline,
    /// `database.yml` and what else Rails reads with ERB in it.
    Rails,
    /// An application's own configuration, which the agent renders.
    Rendered,
    Terraform,
    /// Agents' configurations, volume specifications, programs, and all that is not known.
    Unknown,
}

impl Family {
    /// By the file's name and what it holds.
    #[must_use]
    pub fn of(name: &str, text: &str) -> Self {
        if pipeline::is_one(name, text) {
            return Self::Pipeline;
        }
        let file = name.rsplit('/').next().unwrap_or(name).to_ascii_lowercase();
        if kubernetes::is_kustomization(name) {
            return Self::Kubernetes;
        }
        match Format::of(name, text) {
            Format::Env => Self::Dotenv,
            Format::Hcl => of_hcl(&file, text),
            Format::Json => of_json(&file, text),
            Format::Yaml => of_yaml(name, &file, text),
            Format::Colons | Format::Conf | Format::Ini | Format::Properties | Format::Toml | Format::Xml => {
                Self::Rendered
            }
            Format::Shell | Format::Text if is_environment(text) => Self::Dotenv,
            Format::Text if is_configuration(&file) => Self::Rendered,
            Format::Text if file.ends_with(".rb") && is_run_by_rails(name, text) => Self::Rails,
            Format::Dockerfile | Format::Shell | Format::Text => Self::Unknown,
        }
    }

    /// Whether a file of that name in the same folder may be read together with one of this family: Compose merges what
    /// lies over each other, and Terraform reads a whole folder.
    #[must_use]
    pub fn is_read_with(self, name: &str) -> bool {
        let name = name.to_ascii_lowercase();
        match self {
            Self::Compose => name.ends_with(".yml") || name.ends_with(".yaml"),
            Self::Terraform => name.ends_with(".tf"),
            _ => false,
        }
    }

    pub(crate) fn plan(self, file: &File<'_>, findings: &[Finding], options: &Options) -> Plan {
        match self {
            Self::Nomad => return nomad::plan(file, findings, options),
            Self::Pipeline => return pipeline::plan(file, findings, options),
            Self::Unknown => return left::plan(file, findings, options),
            _ => {}
        }
        // Comments are the same everywhere.
        let (commented, rest): (Vec<usize>, Vec<usize>) = (0..findings.len())
            .partition(|at| findings.get(*at).is_some_and(|it| it.commented && it.obstacle.is_none()));
        let of = |all: &[usize]| -> Vec<Finding> {
            all.iter().filter_map(|at| findings.get(*at).cloned()).collect()
        };
        let home = Home::of_file(self.kind(), file, options);
        let mut plan = self.plan_values(file, &home, &of(&rest), options);
        let original =
            |left: Left| Left { finding: rest.get(left.finding).copied().unwrap_or_default(), ..left };
        plan.left = plan.left.into_iter().map(original).collect();
        let taken = comment::take(of(&commented).iter(), home.path(), &plan.entries, options);
        plan.edits.extend(taken.edits);
        plan.entries.extend(taken.entries);
        plan
    }

    fn plan_values(self, file: &File<'_>, home: &Home, findings: &[Finding], options: &Options) -> Plan {
        match self {
            Self::Compose => compose::plan(file, findings, options),
            Self::Dotenv | Self::Helm | Self::Rendered => rendered::plan(file, home, findings, options),
            Self::Kubernetes => kubernetes::plan(file, home, findings, options),
            Self::Packer => packer::plan(file, home, findings, options),
            Self::Rails => rails::plan(file, home, findings, options),
            Self::Terraform => terraform::plan(file, home, findings, options),
            Self::Nomad | Self::Pipeline | Self::Unknown => Plan::default(),
        }
    }
}

impl Family {
    /// What stands first in the paths of its files' values; a job's begin with its own name.
    fn kind(self) -> &'static str {
        match self {
            Self::Compose => "compose",
            Self::Dotenv => "env",
            Self::Helm => "helm",
            Self::Kubernetes => "kubernetes",
            Self::Nomad => "nomad",
            Self::Packer => "packer",
            Self::Pipeline => "pipeline",
            Self::Rails => "rails",
            Self::Rendered => "config",
            Self::Terraform => "terraform",
            Self::Unknown => "file",
        }
    }
}

/// Nothing but assignments and comments (`/etc/default/shop`).
fn is_environment(text: &str) -> bool {
    let mut lines = text.lines().map(str::trim).filter(|it| !it.is_empty() && !it.starts_with('#'));
    let is_assignment = |line: &str| {
        let name = line.strip_prefix("export ").unwrap_or(line).split('=').next().unwrap_or("");
        line.contains('=') && !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    !text.trim().is_empty() && lines.all(is_assignment)
}

/// What programs read that is of no format of its own, or of a language; and is nothing but settings.
fn is_configuration(file: &str) -> bool {
    let known = [
        ".pgpass",
        "pgpass.conf",
        ".netrc",
        "_netrc",
        "advanced.config",
        "sasl_passwd",
        "chap-secrets",
        "ipsec.secrets",
        "wp-config.php",
        "gitlab.rb",
    ];
    known.contains(&file) || file.ends_with("userlist.txt")
}

/// `config/environments/production.rb`, `config/initializers/devise.rb`.
fn is_run_by_rails(name: &str, text: &str) -> bool {
    ["config/environments/", "config/initializers/"].iter().any(|it| name.contains(it))
        || text.contains("Rails.application.")
}

fn of_hcl(file: &str, text: &str) -> Family {
    if file.ends_with(".pkr.hcl") || file.ends_with(".pkrvars.hcl") {
        return Family::Packer;
    }
    if file.ends_with(".tf") || file.ends_with(".tfvars") {
        return Family::Terraform;
    }
    let body = strongroom_hcl::parse(text);
    // Values of a job's variables, for `-var-file`.
    let is_values = |it: &Body| it.items.iter().all(|it| matches!(it, Item::Attribute(_)));
    if body.as_ref().is_ok_and(is_values) {
        return Family::Rendered;
    }
    let is_job = body.is_ok_and(|body| {
        body.items.iter().any(|it| matches!(it, Item::Block(block) if block.kind.name == "job"))
    });
    if is_job || file.contains(".nomad") { Family::Nomad } else { Family::Unknown }
}

fn of_json(file: &str, text: &str) -> Family {
    if file.ends_with(".tf.json") || file.ends_with(".tfvars.json") {
        return Family::Terraform;
    }
    let has = |key: &str| text.contains(&format!("\"{key}\""));
    if has("TaskGroups") || (has("job") && has("task")) {
        return Family::Nomad;
    }
    if has("builders") && (file.ends_with(".pkr.json") || text.contains("{{") || has("provisioners")) {
        return Family::Packer;
    }
    if has("apiVersion") && has("kind") {
        return Family::Kubernetes;
    }
    // A service or an agent of Consul, a container's definition: what reads them renders nothing.
    if has("service") || has("services") { Family::Unknown } else { Family::Rendered }
}

fn of_yaml(name: &str, file: &str, text: &str) -> Family {
    let has_key =
        |key: &str| text.lines().any(|it| it.strip_prefix(key).is_some_and(|rest| rest.starts_with(':')));
    if name.contains("templates/") && text.contains("{{") {
        return Family::Unknown;
    }
    if has_key("apiVersion") && has_key("kind") {
        return Family::Kubernetes;
    }
    // A file that is laid over another one has neither an image nor a build.
    let starts = ["image:", "build:", "environment:", "env_file:"].iter().any(|it| text.contains(it));
    if has_key("services") && (starts || file.contains("compose")) {
        return Family::Compose;
    }
    if text.contains("<%") || is_of_rails(name, file) {
        return Family::Rails;
    }
    if file.starts_with("values") { Family::Helm } else { Family::Rendered }
}

/// What Rails passes through ERB before it reads it.
fn is_of_rails(name: &str, file: &str) -> bool {
    let is_named = matches!(
        file,
        "database.yml"
            | "secrets.yml"
            | "storage.yml"
            | "cable.yml"
            | "cache.yml"
            | "queue.yml"
            | "mongoid.yml"
    );
    is_named && (name == file || name.contains("config/"))
}
