//! Packer: its own function `vault`, which is allowed in the default of a variable and in a local value.

mod template;

use strongroom_hcl::{Body, ExprKind, Span};
use strongroom_scan::Finding;

use crate::{
    Edit, File, Options, Plan, Reference, beside,
    expression::{self, identifier},
    home::Home,
    layout::{line_end, with_line_ends},
    left::{self, Why},
    located::Located,
    moved::{self, Cure},
    names::word,
    variables::{self, Variables},
};

enum How<'t> {
    /// The default of a variable.
    Default(Located<'t>),
    Local(Located<'t>),
    /// In a file of variables.
    Value(Located<'t>),
}

/// For it Packer must know the server.
fn how_to_build(name: &str) -> String {
    // A folder is built as a whole, and a template of JSON by its name.
    let what = if name.ends_with(".json") { word(name) } else { ".".to_owned() };
    format!(
        "Packer reads VAULT_ADDR and VAULT_TOKEN: `VAULT_TOKEN=$(secret print token) packer build {what}`"
    )
}

pub(crate) fn plan(file: &File<'_>, home: &Home, findings: &[Finding], options: &Options) -> Plan {
    if file.name.ends_with(".json") {
        return template::plan(file, home, findings, options);
    }
    let Ok(body) = strongroom_hcl::parse(file.text) else {
        return left::plan(file, findings, options);
    };
    let mut locals = Vec::new();
    let mut variables = Variables::new(file, &body, true);
    let edit = |finding: &Finding, how, reference: &Reference| match how {
        How::Default(located) => {
            Ok(expression::referred(file.text, finding, &located, &call(reference, options)))
        }
        How::Value(located) => variables.take(&located, reference).ok_or(left::EXPRESSION),
        How::Local(located) => {
            if !locals.contains(reference) {
                locals.push(reference.clone());
            }
            let from = format!("local.{}", name(reference));
            Ok(expression::referred(file.text, finding, &located, &from))
        }
    };
    let mut plan = moved::plan(home, findings, options, |it| cure(file.text, &body, it), edit);
    append(&mut plan, file.text, &locals, options);
    if let Err(clash) = variables.put_beside(&mut plan, file.name, options, "packer build") {
        return beside::left_for(&clash, findings);
    }
    plan.settle(home.policy());
    // Values alone come to Packer in a file that the agent has rendered.
    if !plan.edits.is_empty() && !file.name.ends_with(".pkrvars.hcl") {
        plan.notes.push(how_to_build(file.name));
    }
    plan
}

fn cure<'t>(text: &str, body: &'t Body, finding: &Finding) -> Result<Cure<How<'t>>, Why> {
    let located = Located::find(body, finding.span).ok_or(left::UNKNOWN)?;
    let is_literal = located.literal().is_some_and(|it| {
        matches!(it.kind, ExprKind::String(_) | ExprKind::Template(_) | ExprKind::Number(_))
    });
    if !is_literal {
        return Err(left::EXPRESSION);
    }
    let first = located.blocks.first().map(|it| it.kind.name.as_str());
    let stored = match first {
        None => variables::whole(&located).unwrap_or_else(|| finding.value.expose().to_owned()),
        Some(_) => expression::stored(text, finding),
    };
    let how = match first {
        Some("variable") => How::Default(located),
        None => How::Value(located),
        Some(_) => How::Local(located),
    };
    Ok(Cure::new(how, stored))
}

fn call(reference: &Reference, options: &Options) -> String {
    let path = strongroom_hcl::quote(&format!("/{}", reference.data_path(&options.mount)));
    format!("vault({path}, {})", strongroom_hcl::quote(&reference.field))
}

fn name(reference: &Reference) -> String {
    identifier(&reference.field).to_ascii_lowercase()
}

/// The local values, at the end of the file.
fn append(plan: &mut Plan, text: &str, locals: &[Reference], options: &Options) {
    let mut added = String::new();
    for reference in locals {
        let head = format!("local \"{}\" {{", name(reference));
        if !text.contains(&head) {
            let call = call(reference, options);
            added.push_str(&format!("\n{head}\n  expression = {call}\n  sensitive  = true\n}}\n"));
        }
    }
    if added.is_empty() {
        return;
    }
    if !text.is_empty() && !text.ends_with('\n') {
        added.insert_str(0, line_end(text));
    }
    let end = Span { start: text.len(), end: text.len() };
    plan.edits.push(Edit { span: end, text: with_line_ends(&added, text) });
}
