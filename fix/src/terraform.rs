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
    Edit, File, Options, Plan, Reference, beside,
    expression::{self, identifier},
    home::Home,
    layout::{line_end, with_line_ends},
    left::{self, Why},
    located::Located,
    moved::{self, Cure},
    variables::{self, Variables},
};

/// Where a value is asked for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Source {
    Data,
    Ephemeral,
}

const HOW_TO_ASK: &str = "`terraform init` once, for the provider hashicorp/vault, which reads VAULT_ADDR and VAULT_TOKEN: `VAULT_TOKEN=$(secret print token) terraform apply`";

const WORKED_OUT: Why = (
    "its value is part of an expression that only Terraform can work out",
    "give the whole variable with -var-file or TF_VAR_...",
);

/// What is done about one finding.
enum How<'t> {
    Reference(Source, Located<'t>),
    Variable(Located<'t>),
}

pub(crate) fn plan(file: &File<'_>, home: &Home, findings: &[Finding], options: &Options) -> Plan {
    let Ok(body) = strongroom_hcl::parse(file.text) else {
        return left::plan(file, findings, options);
    };
    let is_values = is_values(file.name);
    let mut asked: Vec<(Source, String)> = Vec::new();
    let mut variables = Variables::new(file, &body, is_values);
    let edit = |finding: &Finding, how, reference: &Reference| match how {
        How::Reference(source, located) => {
            let field = strongroom_hcl::quote(&reference.field);
            let from = format!("{}[{field}]", address(source, &reference.path));
            let ask = (source, reference.path.clone());
            if !asked.contains(&ask) {
                asked.push(ask);
            }
            Ok(expression::referred(file.text, finding, &located, &from))
        }
        How::Variable(located) => variables.take(&located, reference).ok_or(WORKED_OUT),
    };
    let cure = |it: &Finding| cure(file.text, &body, it, is_values);
    let mut plan = moved::plan(home, findings, options, cure, edit);
    plan.settle(home.policy());
    append(&mut plan, file.text, &asked, options);
    declare(&mut plan, file.text, variables.declared());
    if let Err(clash) = variables.put_beside(&mut plan, file.name, options, "terraform apply") {
        return beside::left_for(&clash, findings);
    }
    let open = variables.open();
    if !open.is_empty() {
        plan.notes.push(format!(
            "what a variable holds is shown in plans: give `sensitive = true` to {}",
            open.join(", ")
        ));
    }
    if !asked.is_empty() {
        plan.notes.push(HOW_TO_ASK.to_owned());
    }
    if asked.iter().any(|(source, _)| *source == Source::Data) {
        plan.notes.push("what a data source reads stands in Terraform's state: encrypt the state, or use a write-only argument (`..._wo`) with an ephemeral resource where the provider has one".to_owned());
    }
    plan
}

fn is_values(name: &str) -> bool {
    name.ends_with(".tfvars")
}

fn cure<'t>(text: &str, body: &'t Body, finding: &Finding, is_values: bool) -> Result<Cure<How<'t>>, Why> {
    let located = Located::find(body, finding.span).ok_or(left::UNKNOWN)?;
    // A comment within a heredoc is a part of that text.
    let is_literal = located.literal().is_some_and(|it| {
        matches!(it.kind, ExprKind::String(_) | ExprKind::Template(_) | ExprKind::Number(_))
    });
    if !is_literal {
        return Err(left::EXPRESSION);
    }
    let first = located.blocks.first();
    let kind = first.map_or("", |it| it.kind.name.as_str());
    let label = first.and_then(|it| it.labels.first()).map_or("", |it| it.name.as_str());
    if is_values || kind == "variable" || (kind, label) == ("provider", "vault") {
        let stored = variables::whole(&located).unwrap_or_else(|| finding.value.expose().to_owned());
        return Ok(Cure::new(How::Variable(located), stored));
    }
    let source = if kind == "provider" { Source::Ephemeral } else { Source::Data };
    Ok(Cure::new(How::Reference(source, located), expression::stored(text, finding)))
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
