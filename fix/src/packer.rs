//! Packer: its own function `vault`, which is allowed in the default of a variable and in a local value.

mod template;

use strongroom_hcl::{Body, ExprKind, Span};
use strongroom_scan::Finding;

use crate::{
    Edit, Entry, File, Left, Options, Plan, Reference,
    expression::{self, identifier},
    layout::{line_end, with_line_ends},
    left,
    located::Located,
    names::places,
    stem,
    variables::{self, Variables},
};

enum Cure<'t> {
    /// The default of a variable.
    Default(Located<'t>),
    Left(Left),
    Local(Located<'t>),
    /// In a file of variables.
    Value(Located<'t>),
}

/// For it Packer must know the server.
const HOW_TO_BUILD: &str =
    "Packer reads VAULT_ADDR and VAULT_TOKEN: `VAULT_TOKEN=$(secret print token) packer build`";

pub(crate) fn plan(file: &File<'_>, findings: &[Finding], options: &Options) -> Plan {
    if file.name.ends_with(".json") {
        return template::plan(file, findings, options);
    }
    let Ok(body) = strongroom_hcl::parse(file.text) else {
        return left::plan(file, findings, options);
    };
    let cures: Vec<Cure<'_>> = findings.iter().enumerate().map(|(at, it)| cure(&body, at, it)).collect();
    let stored: Vec<String> = findings
        .iter()
        .zip(&cures)
        .map(|(it, cure)| match cure {
            Cure::Value(located) => variables::whole(located).unwrap_or_else(|| it.value.expose().to_owned()),
            _ => expression::stored(file.text, it),
        })
        .collect();
    let is_left = |cure: &Cure<'_>| matches!(cure, Cure::Left(_));
    let scope = ["packer", stem(file.name)];
    let references = places(&scope, findings, &stored, cures.iter().map(is_left), options);

    let mut plan = Plan::default();
    let mut locals = Vec::new();
    let mut variables = Variables::new(file, &body, true);
    for (at, (((finding, cure), reference), value)) in
        findings.iter().zip(cures).zip(references).zip(&stored).enumerate()
    {
        let Some(reference) = reference else {
            if let Cure::Left(left) = cure {
                plan.left.push(left);
            }
            continue;
        };
        let edit = match cure {
            Cure::Left(_) => continue,
            Cure::Default(located) => {
                expression::referred(file.text, finding, &located, &call(&reference, options))
            }
            Cure::Value(located) => match variables.take(&located, &reference) {
                Some(edit) => edit,
                None => {
                    plan.left.push(left::left(at, finding, Some(left::EXPRESSION)));
                    continue;
                }
            },
            Cure::Local(located) => {
                let from = format!("local.{}", name(&reference));
                if !locals.contains(&reference) {
                    locals.push(reference.clone());
                }
                expression::referred(file.text, finding, &located, &from)
            }
        };
        plan.edits.push(edit);
        plan.entries.push(Entry { reference, value: strongroom_scan::Value::new(value) });
    }
    append(&mut plan, file.text, &locals, options);
    if let Some((beside, note)) = variables.file(file.name, options, "packer build") {
        plan.beside.push(beside);
        plan.notes.push(note);
    }
    plan.settle(&format!("packer-{}", stem(file.name)));
    if !plan.edits.is_empty() {
        plan.notes.push(HOW_TO_BUILD.to_owned());
    }
    plan
}

fn cure<'t>(body: &'t Body, at: usize, finding: &Finding) -> Cure<'t> {
    if finding.obstacle.is_some() {
        return Cure::Left(left::left(at, finding, None));
    }
    let Some(located) = Located::find(body, finding.span) else {
        return Cure::Left(left::left(at, finding, None));
    };
    let is_literal = located.literal().is_some_and(|it| {
        matches!(it.kind, ExprKind::String(_) | ExprKind::Template(_) | ExprKind::Number(_))
    });
    if !is_literal {
        return Cure::Left(left::left(at, finding, Some(left::EXPRESSION)));
    }
    let first = located.blocks.first().map(|it| it.kind.name.as_str());
    match first {
        Some("variable") => Cure::Default(located),
        None => Cure::Value(located),
        Some(_) => Cure::Local(located),
    }
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
