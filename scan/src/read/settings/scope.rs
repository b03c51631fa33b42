//! What a name says of the settings below it.

use super::family::Family;
use crate::{Obstacle, Place};

/// What is known of a setting from the blocks that it stands in.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scope {
    pub(super) role: Role,
    pub(super) place: Place,
    pub(super) obstacle: Option<Obstacle>,
    /// Names below are told with those above them: `smtp.password`.
    pub(super) dotted: bool,
    /// In JSON, as many levels below are the labels of a block.
    pub(super) labels: usize,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Role {
    Plain,
    /// `check { ... }` of a service.
    Check,
    /// The configuration of a task's driver.
    Config,
    /// `dynamic "env" { for_each = ..., content { ... } }`.
    Dynamic,
    /// Variables of the environment.
    Env,
    /// Nothing below is a secret.
    Ignored,
    /// A Nomad job within a document of another kind.
    Jobspec,
    /// Values that have a name and no other meaning.
    Named,
    /// Lines of shell.
    Script,
    Service,
    Template,
    Variable,
}

impl Scope {
    pub(super) fn top(family: Family) -> Self {
        let obstacle = match family {
            Family::Agent => Some(Obstacle::AgentConfiguration),
            Family::Volume => Some(Obstacle::Volume),
            _ => None,
        };
        let role = if family == Family::Values { Role::Named } else { Role::Plain };
        let dotted = family == Family::Values;
        Self { role, place: Place::Attribute, obstacle, dotted, labels: 0 }
    }

    fn role(self, role: Role) -> Self {
        Self { role, ..self }
    }

    fn place(self, place: Place) -> Self {
        Self { place, ..self }
    }

    pub(super) fn behind(self, obstacle: Obstacle) -> Self {
        Self { obstacle: Some(obstacle), ..self }
    }

    /// The scope of what stands below `name`.
    pub(super) fn enter(self, family: Family, name: &str, json: bool) -> Self {
        if matches!(self.role, Role::Named | Role::Ignored) {
            return self;
        }
        let labels = if json { labels(family, name) } else { 0 };
        let plain = Self { labels, ..self.role(Role::Plain) };
        self.special(family, name, plain).unwrap_or(plain)
    }

    fn special(self, family: Family, name: &str, plain: Self) -> Option<Self> {
        let nomad = family == Family::Nomad;
        Some(match (self.role, name) {
            (Role::Env, "variables") => plain.role(Role::Env),
            (Role::Env, _) => plain,
            (
                _,
                "env" | "Env" | "ENV" | "environment" | "Environment" | "environment_variables" | "env_vars",
            ) => plain.role(Role::Env).place(Place::Env),
            (_, "environment_vars" | "envs" | "app_settings") => plain.role(Role::Env).place(Place::Env),
            (_, "headers" | "header" | "Headers" | "Header" | "http_headers" | "GetterHeaders") => {
                plain.place(Place::Header)
            }
            (_, "request_headers" | "requestHeaders" | "extra_headers") => plain.place(Place::Header),
            (Role::Service, "tags" | "Tags" | "canary_tags" | "CanaryTags") => plain.behind(Obstacle::Tag),
            (Role::Service, "check" | "checks" | "Check" | "Checks") => {
                plain.role(Role::Check).behind(Obstacle::Registered)
            }
            (_, "sidecar_task" | "SidecarTask") if nomad => {
                Self { obstacle: Some(Obstacle::Sidecar), ..plain.role(Role::Plain) }
            }
            (
                Role::Service,
                "connect" | "Connect" | "proxy" | "Proxy" | "meta" | "Meta" | "canary_meta" | "CanaryMeta",
            ) => plain.behind(Obstacle::Registered),
            (Role::Config, "auth" | "Auth") | (_, "auths" | "registry_auth" | "RegistryAuth") => {
                plain.place(Place::Auth)
            }
            (_, "service" | "services" | "Services") if nomad || family == Family::Agent => {
                plain.role(Role::Service)
            }
            (_, "check" | "checks") if family == Family::Agent => {
                plain.role(Role::Check).behind(Obstacle::Registered)
            }
            (Role::Plain, "artifact" | "Artifacts") if nomad => plain.behind(Obstacle::Artifact),
            (Role::Plain, "meta" | "Meta") if nomad => plain.behind(Obstacle::Meta),
            (Role::Plain, "volume" | "Volumes") if nomad => plain.behind(Obstacle::Volume),
            (Role::Plain, "config" | "Config") if nomad => plain.role(Role::Config),
            (Role::Plain, name) if nomad && IGNORED.contains(&name) => plain.role(Role::Ignored),
            (_, "template" | "templates" | "Templates") => plain.role(Role::Template),
            (_, "variable") => plain.role(Role::Variable),
            (_, "variables") if matches!(family, Family::Packer | Family::Terraform) => {
                Self { dotted: true, ..plain.role(Role::Named).place(Place::Default) }
            }
            (_, "variables") => plain.role(Role::Env).place(Place::Env),
            (_, "locals") if family != Family::Other => {
                Self { dotted: true, ..plain.role(Role::Named).place(Place::Local) }
            }
            (_, "dynamic") => plain.role(Role::Dynamic),
            (_, "backend" | "cloud" | "remote_state") if family == Family::Terraform => {
                plain.behind(Obstacle::Backend)
            }
            (_, "build_args" | "buildArgs" | "build_arg") => plain.behind(Obstacle::BuildArgument),
            (_, "inline" | "execute_command" | "shutdown_command" | "scripts" | "remote_command") => {
                plain.role(Role::Script)
            }
            (_, "jobspec" | "jobspec_hcl") => plain.role(Role::Jobspec),
            _ => return None,
        })
    }
}

/// Blocks of a job that hold numbers and names of things alone.
const IGNORED: [&str; 12] = [
    "constraint",
    "affinity",
    "spread",
    "network",
    "resources",
    "volume_mount",
    "Constraints",
    "Affinities",
    "Spreads",
    "Networks",
    "Resources",
    "VolumeMounts",
];

/// How many labels a block has, where JSON has an object for each.
fn labels(family: Family, name: &str) -> usize {
    match (family, name) {
        (Family::Nomad, "job" | "group" | "task" | "volume" | "port" | "action") => 1,
        (Family::Terraform, "resource" | "data" | "ephemeral") | (Family::Packer, "source") => 2,
        (Family::Terraform, "provider" | "module" | "output" | "backend" | "provisioner" | "check") => 1,
        (Family::Packer, "provisioner" | "post-processor") => 1,
        (Family::Nomad | Family::Terraform | Family::Packer, "variable" | "dynamic") => 1,
        (Family::Agent, "listener" | "storage" | "seal" | "plugin" | "host_volume") => 1,
        _ => 0,
    }
}
