//! Which program a document is for.

use super::{
    Syntax,
    tree::{Entry, Node, entry},
};

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Family {
    /// The configuration of a Nomad, Consul, Vault or other agent.
    Agent,
    /// Anything else.
    Other,
    Nomad,
    Packer,
    Terraform,
    /// Nothing but the values of variables.
    Values,
    Volume,
}

const TERRAFORM: [&str; 16] = [
    "resource",
    "provider",
    "terraform",
    "module",
    "data",
    "output",
    "ephemeral",
    "moved",
    "removed",
    "inputs",
    "remote_state",
    "dependency",
    "include",
    "stack",
    "unit",
    "component",
];

const PACKER: [&str; 7] =
    ["packer", "build", "source", "builders", "provisioners", "post-processors", "sensitive-variables"];

/// Blocks of agents.
const AGENT_BLOCKS: [&str; 32] = [
    "acl",
    "advertise",
    "auto_auth",
    "auto_encrypt",
    "autopilot",
    "client",
    "config_entries",
    "consul",
    "entropy",
    "gossip_encryption",
    "kms",
    "listener",
    "nomad",
    "plugin",
    "replication",
    "seal",
    "server",
    "server_join",
    "service_registration",
    "storage",
    "telemetry",
    "tls",
    "vault",
    "ha_storage",
    "worker",
    "controller",
    "service",
    "services",
    "check",
    "checks",
    "token",
    "api_proxy",
];

/// Plain settings of agents.
const AGENT_SETTINGS: [&str; 20] = [
    "advertise_addr",
    "api_addr",
    "bind_addr",
    "bootstrap_expect",
    "client_addr",
    "cluster_addr",
    "cluster_name",
    "data_dir",
    "datacenter",
    "disable_mlock",
    "enable_syslog",
    "encrypt",
    "license_path",
    "log_level",
    "node_name",
    "primary_datacenter",
    "retry_join",
    "retry_join_wan",
    "ui",
    "verify_incoming",
];

impl Family {
    pub(super) fn of(file: &str, entries: &[Entry<'_>], syntax: Syntax) -> Self {
        let has = |names: &[&str]| entry(entries, names).is_some();
        if file.ends_with(".tfvars") || file.ends_with(".tfvars.json") || file.ends_with(".pkrvars.hcl") {
            Self::Values
        } else if is_block(entries, &["job", "Job", "TaskGroups"]) {
            Self::Nomad
        } else if is_volume(entries) || registers_volumes(entries) {
            Self::Volume
        } else if is_block(entries, &PACKER) {
            Self::Packer
        } else if is_block(entries, &TERRAFORM) || (syntax == Syntax::Hcl && has(&["variable", "locals"])) {
            Self::Terraform
        } else if is_agent(entries, syntax) {
            Self::Agent
        } else {
            Self::Other
        }
    }
}

/// `{"Volumes": [{"PluginID": "x"}]}`, as the API of Nomad takes them.
fn registers_volumes(entries: &[Entry<'_>]) -> bool {
    entry(entries, &["Volumes", "Volume"]).is_some_and(|it| match &it.value {
        Node::Map(it) => is_volume(it),
        Node::List(items) => items.iter().any(|it| matches!(it, Node::Map(it) if is_volume(it))),
        _ => false,
    })
}

fn is_volume(entries: &[Entry<'_>]) -> bool {
    entry(entries, &["plugin_id", "PluginID"]).is_some() && entry(entries, VOLUME).is_some()
}

const VOLUME: &[&str] = &[
    "type",
    "Type",
    "capability",
    "mount_options",
    "parameters",
    "secrets",
    "Secrets",
    "context",
    "RequestedCapabilities",
];

fn is_block(entries: &[Entry<'_>], names: &[&str]) -> bool {
    entries.iter().any(|it| names.contains(&it.name.as_ref()) && holds_settings(&it.value))
}

fn holds_settings(node: &Node<'_>) -> bool {
    match node {
        Node::Map(_) => true,
        Node::List(items) => items.iter().any(|it| matches!(it, Node::Map(_))),
        _ => false,
    }
}

/// In HCL one block of an agent tells enough; in JSON the names are anyone's, and two are needed.
fn is_agent(entries: &[Entry<'_>], syntax: Syntax) -> bool {
    let registers = |node: &Node<'_>| match node {
        Node::Map(it) => entry(it, &["check", "checks", "port", "connect"]).is_some(),
        _ => false,
    };
    let weight = |it: &Entry<'_>| match it.name.as_ref() {
        "service" if registers(&it.value) => 2,
        name if AGENT_BLOCKS.contains(&name) && holds_settings(&it.value) => 1,
        name if AGENT_SETTINGS.contains(&name) => 1,
        _ => 0,
    };
    let blocks = is_block(entries, &AGENT_BLOCKS);
    let enough = if syntax == Syntax::Hcl && blocks { 1 } else { 2 };
    entries.iter().map(weight).sum::<usize>() >= enough
}
