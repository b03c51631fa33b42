//! Files that become templates: the agent renders them, and the program reads what it has rendered.
//!
//! For an application's own configuration, a file of the environment, values of a chart.

use strongroom_scan::{Finding, Format};

use crate::{
    File, Options, Plan, Reference,
    home::Home,
    inplace::{InPlace, free_delimiters},
    moved::{self, Cure},
    names::word,
    render::{Delimiters, quoted},
};

/// `kind` stands first in the paths of the store: `config`, `env`.
pub(crate) fn plan(file: &File<'_>, home: &Home, findings: &[Finding], options: &Options) -> Plan {
    // What looks like YAML under another ending may be read line by line, and quotes would be a part of the value.
    let format = match Format::of(file.name, file.text) {
        Format::Yaml if !is_yaml(file.name) => Format::Text,
        format => format,
    };
    let delimiters = free_delimiters(file.text);
    let cure = |finding: &Finding| {
        let spot = InPlace::of(file.text, finding, format);
        let stored = if finding.commented { finding.value.expose().to_owned() } else { spot.stored.clone() };
        Ok(Cure::new(spot, stored))
    };
    let edit = |_: &Finding, spot: InPlace, reference: &Reference| {
        Ok(spot.edit(reference, &options.mount, &delimiters))
    };
    let mut plan = moved::plan(home, findings, options, cure, edit);
    plan.settle(home.policy());
    if !plan.edits.is_empty() {
        plan.notes.push(how_to_render(file.name, &delimiters));
    }
    plan
}

fn is_yaml(name: &str) -> bool {
    let file = name.rsplit('/').next().unwrap_or(name);
    file.contains(".yml") || file.contains(".yaml") || !file.contains('.')
}

fn how_to_render(name: &str, delimiters: &Delimiters) -> String {
    let file = name.rsplit('/').next().unwrap_or(name);
    let rendered = word(&format!("/run/secrets/{file}"));
    let command = agent_command(name, &format!("/run/secrets/{file}"), "", delimiters);
    format!(
        "it is a template from now on: `{command}` renders it and follows the store; let the program read {rendered}, for under its own name it finds the template"
    )
}

/// What renders a template. The option of the command line knows the usual marks alone: others stand in a configuration.
pub(crate) fn agent_command(
    source: &str,
    destination: &str,
    options: &str,
    delimiters: &Delimiters,
) -> String {
    let agent = format!("secret agent -token-file=TOKEN {options}");
    if *delimiters == Delimiters::default() {
        return format!("{agent}-template {}", word(&format!("{source}:{destination}")));
    }
    let settings = [
        ("source", source),
        ("destination", destination),
        ("left_delimiter", delimiters.left.as_str()),
        ("right_delimiter", delimiters.right.as_str()),
        ("perms", "0600"),
    ];
    let lines =
        settings.map(|(name, value)| format!("'  {name} = {}'", quoted(value).replace('\'', r"'\''")));
    format!("printf '%s\\n' 'template {{' {} '}}' > agent.hcl && {agent}-config=agent.hcl", lines.join(" "))
}
