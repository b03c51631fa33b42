//! Whose document it is, and what its names mean.

use super::tree::{Id, Shape, Tree};

/// The programs whose documents have meanings of their own.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Schema {
    Compose,
    Kubernetes,
    Other,
}

/// What the children of a node are.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Role {
    BuildArgs,
    /// One command: a line, or a list of its words.
    Command,
    /// The entries of a ConfigMap.
    Data,
    /// Variables of the environment.
    Env,
    /// `key=value` or `key: value`.
    Labels,
    Plain,
    /// Lines for a shell.
    Script,
    /// The entries of a Secret, in base64.
    SecretData,
}

/// What a service of Compose is told by.
const SERVICE: &[&str] = &[
    "build",
    "command",
    "container_name",
    "depends_on",
    "deploy",
    "entrypoint",
    "env_file",
    "environment",
    "image",
    "labels",
    "networks",
    "ports",
    "restart",
    "volumes",
];

/// Finds the schema of a document. `key` gives a node's key.
pub(super) fn schema<'k>(tree: &Tree, key: impl Fn(Id) -> &'k str) -> Schema {
    let has = |name: &str| tree.children(Tree::ROOT).any(|it| key(it) == name);
    if has("apiVersion") && has("kind") {
        return Schema::Kubernetes;
    }
    let is_service =
        |it: Id| tree.shape(it) == Shape::Map && tree.children(it).any(|it| SERVICE.contains(&key(it)));
    let services = tree.children(Tree::ROOT).filter(|it| key(*it) == "services");
    let mut all = services.flat_map(|it| tree.children(it));
    if all.any(is_service) { Schema::Compose } else { Schema::Other }
}

/// What a name says of what stands under it.
pub(super) fn role(schema: Schema, parent: &str, key: &str) -> Role {
    let lower = key.to_ascii_lowercase();
    match lower.as_str() {
        "args" if parent == "build" => Role::BuildArgs,
        "environment"
        | "env"
        | "envs"
        | "envvars"
        | "env_vars"
        | "env_variables"
        | "variables"
        | "environment_variables"
        | "environmentvariables"
        | "build_env" => Role::Env,
        _ if lower.ends_with("extraenv") || lower.ends_with("envvars") || lower.ends_with("env_vars") => {
            Role::Env
        }
        _ if lower.starts_with("extraenv") && schema != Schema::Compose => Role::Env,
        "labels" | "annotations" => Role::Labels,
        "command"
        | "entrypoint"
        | "args"
        | "cmd"
        | "argv"
        | "extraargs"
        | "extra_args"
        | "additionalarguments"
        | "jvm_options" => Role::Command,
        "test" if parent.eq_ignore_ascii_case("healthcheck") => Role::Command,
        "run" | "script" | "before_script" | "after_script" | "commands" | "runcmd" | "bootcmd" | "shell"
        | "steps_script" | "pre_build" | "post_build" | "install" | "cmds" | "bash" => Role::Script,
        _ => Role::Plain,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_what_stands_under_them() {
        for (parent, key, expected) in [
            ("web", "environment", Role::Env),
            ("redis", "extraEnvVars", Role::Env),
            ("build", "args", Role::BuildArgs),
            ("container", "args", Role::Command),
            ("healthcheck", "test", Role::Command),
            ("job", "test", Role::Plain),
            ("job", "before_script", Role::Script),
            ("deploy", "labels", Role::Labels),
            ("x", "envelope", Role::Plain),
        ] {
            assert_eq!(role(Schema::Other, parent, key), expected, "{parent}.{key}");
        }
    }
}
