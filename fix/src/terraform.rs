//! Terraform: data sources and ephemeral resources of the stock `vault` provider, and variables from outside.
//!
//! | where the value stands | what comes in its place |
//! | --- | --- |
//! | a resource, a module, a local value | `data.vault_kv_secret_v2.NAME.data["FIELD"]` |
//! | a provider's configuration | `ephemeral.vault_kv_secret_v2.NAME.data["FIELD"]`, which no state keeps |
//! | the `vault` provider itself, a variable's default, `.tfvars` | nothing: the agent renders a file of variables |

use strongroom_hcl::{Body, ExprKind, Span};
use strongroom_scan::Finding;

use crate::{
    Edit, Entry, File, Left, Options, Plan,
    expression::{self, identifier},
    layout::{line_end, with_line_ends},
    left,
    located::Located,
    names::places,
    stem,
    variables::{self, Variables},
};

/// Where a value is asked for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Source {
    Data,
    Ephemeral,
}

/// What is done about one finding.
enum Cure<'t> {
    Left(Left),
    Reference(Source, Located<'t>),
    Variable(Located<'t>),
}

pub(crate) fn plan(file: &File<'_>, findings: &[Finding], options: &Options) -> Plan {
    let Ok(body) = strongroom_hcl::parse(file.text) else {
        return left::plan(file, findings, options);
    };
    let is_values = is_values(file.name);
    let cures: Vec<Cure<'_>> =
        findings.iter().enumerate().map(|(at, it)| cure(&body, at, it, is_values)).collect();

    let scope = ["terraform", stem(file.name)];
    let stored: Vec<String> = findings
        .iter()
        .zip(&cures)
        .map(|(it, cure)| match cure {
            Cure::Reference(..) => expression::stored(file.text, it),
            Cure::Variable(located) => {
                variables::whole(located).unwrap_or_else(|| it.value.expose().to_owned())
            }
            _ => it.value.expose().to_owned(),
        })
        .collect();
    let is_left = |cure: &Cure<'_>| matches!(cure, Cure::Left(_));
    let references = places(&scope, findings, &stored, cures.iter().map(is_left), options);

    let mut plan = Plan::default();
    let mut asked: Vec<(Source, String)> = Vec::new();
    let mut variables = Variables::new(file, &body, is_values);
    for (at, ((finding, cure), reference)) in findings.iter().zip(cures).zip(references).enumerate() {
        let Some(reference) = reference else {
            if let Cure::Left(left) = cure {
                plan.left.push(left);
            }
            continue;
        };
        match cure {
            Cure::Left(_) => {}
            Cure::Reference(source, located) => {
                let from = format!(
                    "{}[{}]",
                    address(source, &reference.path),
                    strongroom_hcl::quote(&reference.field)
                );
                plan.edits.push(expression::referred(file.text, finding, &located, &from));
                let ask = (source, reference.path.clone());
                if !asked.contains(&ask) {
                    asked.push(ask);
                }
            }
            Cure::Variable(located) => match variables.take(&located, &reference) {
                Some(edit) => plan.edits.push(edit),
                None => {
                    plan.left.push(left::left(
                        at,
                        finding,
                        Some((
                            "its value is part of an expression that only Terraform can work out",
                            "give the whole variable with -var-file or TF_VAR_...",
                        )),
                    ));
                    continue;
                }
            },
        }
        if let Some(value) = stored.get(at) {
            plan.entries.push(Entry { reference, value: strongroom_scan::Value::new(value) });
        }
    }
    plan.settle(&format!("terraform-{}", stem(file.name)));
    append(&mut plan, file.text, &asked, options);
    declare(&mut plan, file.text, variables.declared());
    if let Some((beside, note)) = variables.file(file.name, options, "terraform apply") {
        plan.beside.push(beside);
        plan.notes.push(note);
    }
    if asked.iter().any(|(source, _)| *source == Source::Data) {
        plan.notes.push("what a data source reads stands in Terraform's state: encrypt the state, or use a write-only argument (`..._wo`) with an ephemeral resource where the provider has one".to_owned());
    }
    plan
}

fn is_values(name: &str) -> bool {
    name.ends_with(".tfvars")
}

fn cure<'t>(body: &'t Body, at: usize, finding: &Finding, is_values: bool) -> Cure<'t> {
    if finding.obstacle.is_some() {
        return Cure::Left(left::left(at, finding, None));
    }
    let Some(located) = Located::find(body, finding.span) else {
        return Cure::Left(left::left(at, finding, None));
    };
    // A comment within a heredoc is a part of that text.
    let is_literal = located.literal().is_some_and(|it| {
        matches!(it.kind, ExprKind::String(_) | ExprKind::Template(_) | ExprKind::Number(_))
    });
    if !is_literal {
        return Cure::Left(left::left(at, finding, Some(left::EXPRESSION)));
    }
    let first = located.blocks.first();
    let kind = first.map_or("", |it| it.kind.name.as_str());
    let label = first.and_then(|it| it.labels.first()).map_or("", |it| it.name.as_str());
    match (kind, label) {
        _ if is_values => Cure::Variable(located),
        ("variable", _) | ("provider", "vault") => Cure::Variable(located),
        ("provider", _) => Cure::Reference(Source::Ephemeral, located),
        _ => Cure::Reference(Source::Data, located),
    }
}

fn address(source: Source, path: &str) -> String {
    let kind = match source {
        Source::Data => "data",
        Source::Ephemeral => "ephemeral",
    };
    format!("{kind}.vault_kv_secret_v2.{}.data", identifier(path))
}

/// The blocks that are asked, at the end of the file.
fn append(plan: &mut Plan, text: &str, asked: &[(Source, String)], options: &Options) {
    let mut added = String::new();
    for (source, path) in asked {
        let kind = match source {
            Source::Data => "data",
            Source::Ephemeral => "ephemeral",
        };
        let name = identifier(path);
        let head = format!("{kind} \"vault_kv_secret_v2\" \"{name}\" {{");
        if text.contains(&head) {
            continue;
        }
        let (mount, path) = (strongroom_hcl::quote(&options.mount), strongroom_hcl::quote(path));
        added.push_str(&format!("\n{head}\n  mount = {mount}\n  name  = {path}\n}}\n"));
    }
    add(plan, text, added);
}

/// The variables of the `vault` provider, which cannot ask itself.
fn declare(plan: &mut Plan, text: &str, names: &[String]) {
    let added = names.iter().map(|name| {
        format!(
            "\nvariable \"{name}\" {{\n  type      = string\n  sensitive = true\n  ephemeral = true\n}}\n"
        )
    });
    add(plan, text, added.collect());
}

fn add(plan: &mut Plan, text: &str, mut added: String) {
    if added.is_empty() {
        return;
    }
    let is_first = !plan.edits.iter().any(|it| it.span.start == text.len());
    if is_first && !text.is_empty() && !text.ends_with('\n') {
        added.insert_str(0, line_end(text));
    }
    let end = Span { start: text.len(), end: text.len() };
    plan.edits.push(Edit { span: end, text: with_line_ends(&added, text) });
}
