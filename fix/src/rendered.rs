//! Files that become templates: the agent renders them, and the program reads what it has rendered.
//!
//! For an application's own configuration, a file of the environment, values of a chart.

use strongroom_scan::{Finding, Format};

use crate::{
    Entry, File, Options, Plan,
    inplace::{InPlace, free_delimiters},
    left,
    names::{places, word},
    stem,
};

/// `kind` stands first in the paths of the store: `config`, `env`.
pub(crate) fn plan(file: &File<'_>, findings: &[Finding], options: &Options, kind: &str) -> Plan {
    let format = Format::of(file.name, file.text);
    let delimiters = free_delimiters(file.text);
    let spots: Vec<InPlace> = findings.iter().map(|it| InPlace::of(file.text, it, format)).collect();
    let stored: Vec<String> = findings
        .iter()
        .zip(&spots)
        .map(|(finding, spot)| match finding.commented {
            true => finding.value.expose().to_owned(),
            false => spot.stored.clone(),
        })
        .collect();
    let is_left = |it: &Finding| it.obstacle.is_some();
    let scope = [kind, stem(file.name)];
    let references = places(&scope, findings, &stored, findings.iter().map(is_left), options);

    let mut plan = Plan::default();
    for (at, (((finding, spot), reference), value)) in
        findings.iter().zip(&spots).zip(references).zip(&stored).enumerate()
    {
        match (finding.obstacle, reference) {
            (Some(_), _) => plan.left.push(left::left(at, finding, None)),
            (None, None) => {}
            (None, Some(reference)) => {
                plan.edits.push(spot.edit(&reference, &options.mount, &delimiters));
                plan.entries.push(Entry { reference, value: strongroom_scan::Value::new(value) });
            }
        }
    }
    plan.settle(&format!("{kind}-{}", stem(file.name)));
    if !plan.edits.is_empty() {
        plan.notes.push(how_to_render(file.name, &delimiters));
    }
    plan
}

fn how_to_render(name: &str, delimiters: &crate::render::Delimiters) -> String {
    let file = name.rsplit('/').next().unwrap_or(name);
    let template = word(&format!("{name}:/run/secrets/{file}"));
    let command = format!(
        "it is a template from now on: the program reads what `secret agent -token-file=TOKEN -template {template}` renders, and not this file"
    );
    match delimiters.left.as_str() {
        "{{" => command,
        left => format!(
            "{command}; in the agent's configuration, with left_delimiter = \"{left}\" and right_delimiter = \"{}\"",
            delimiters.right
        ),
    }
}
