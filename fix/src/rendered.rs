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

fn how_to_render(name: &str, delimiters: &crate::render::Delimiters) -> String {
    let file = name.rsplit('/').next().unwrap_or(name);
    let template = word(&format!("{name}:/run/secrets/{file}"));
    let rendered = word(&format!("/run/secrets/{file}"));
    let command = format!(
        "it is a template from now on: `secret agent -token-file=TOKEN -template {template}` renders it and follows the store; let the program read {rendered}, for under its own name it finds the template"
    );
    match delimiters.left.as_str() {
        "{{" => command,
        left => format!(
            "{command}; in the agent's configuration, with left_delimiter = \"{left}\" and right_delimiter = \"{}\"",
            delimiters.right
        ),
    }
}
