//! Terraform: data sources and ephemeral resources of the stock `vault` provider, and variables from outside.
//!
//! | where the value stands | what comes in its place |
//! | --- | --- |
//! | a resource, a module, a local value | `data.vault_kv_secret_v2.NAME.data["FIELD"]` |
//! | a provider's configuration | `ephemeral.vault_kv_secret_v2.NAME.data["FIELD"]`, which no state keeps |
//! | the `vault` provider itself, a variable's default, `.tfvars` | nothing: the agent renders a file of variables |

mod folder;
mod provider;
mod version;

use std::collections::BTreeSet;

use strongroom_hcl::{Body, ExprKind, Span};
use strongroom_scan::Finding;

use self::{folder::Folder, provider::Provider};
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

const EPHEMERAL: &str =
    "`ephemeral` blocks need Terraform 1.10 and version 5 of the provider hashicorp/vault";

const NO_EPHEMERAL: &str = "required_version leaves only Terraforms without `ephemeral` (1.10), so providers take their values from a data source too";

const IN_STATE: &str = "what a data source reads stands in Terraform's state: encrypt the state, or use a write-only argument (`..._wo`) with an ephemeral resource where the provider has one";

const IN_JOB: &str = "Terraform puts the value into the job that it registers, where it is plain text for whoever may read jobs: keep the job in a file of its own (`jobspec = file(...)`), and fix that";

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
    let folder = Folder::of(file, &body, options);
    let provider = Provider::of(&folder);
    let mut asked = Asked::default();
    let mut variables = Variables::new(file, &body, is_values);
    let edit = |finding: &Finding, how, reference: &Reference| match how {
        How::Reference(source, located) => {
            let field = strongroom_hcl::quote(&reference.field);
            let from = format!("{}[{field}]", address(source, &reference.path));
            asked.take(source, reference, finding, &located);
            Ok(expression::referred(file.text, finding, &located, &from))
        }
        How::Variable(located) => variables.take(&located, reference).ok_or(WORKED_OUT),
    };
    let has_ephemeral = !folder.has_no_ephemeral();
    let cure = |it: &Finding| cure(file.text, &body, it, is_values, has_ephemeral);
    let mut plan = moved::plan(home, findings, options, cure, edit);
    plan.settle(home.policy());
    append(&mut plan, file.text, &asked.blocks, &provider, options);
    declare(&mut plan, file.text, variables.declared(), has_ephemeral);
    let beside = variables.put_beside(&mut plan, file.name, options, "terraform apply").and_then(|()| {
        if asked.blocks.is_empty() { Ok(()) } else { provider.put_beside(&mut plan, options) }
    });
    if let Err(clash) = beside {
        return beside::left_for(&clash, findings);
    }
    let open = variables.open();
    if !open.is_empty() {
        plan.notes.push(format!(
            "what a variable holds is shown in plans: give `sensitive = true` to {}",
            open.join(", ")
        ));
    }
    let outputs = folder.outputs(asked.locals.clone(), &asked.places);
    plan.edits.extend(outputs.edits);
    if !outputs.elsewhere.is_empty() {
        let outputs = outputs.elsewhere.join(", ");
        plan.notes.push(format!("Terraform refuses to show what a data source reads: give `sensitive = true` to the outputs {outputs}"));
    }
    if !asked.blocks.is_empty() {
        plan.notes.push(provider.how_to_ask());
    }
    plan.notes.extend(asked.notes(has_ephemeral).into_iter().map(str::to_owned));
    plan
}

/// What the file asks the store for, and where.
#[derive(Default)]
struct Asked {
    blocks: Vec<(Source, String)>,
    /// Local values with something of a data source, and all places where one is referred to.
    locals: BTreeSet<String>,
    places: Vec<Span>,
    has_provider: bool,
    has_job: bool,
}

impl Asked {
    fn take(&mut self, source: Source, reference: &Reference, finding: &Finding, located: &Located<'_>) {
        let block = (source, reference.path.clone());
        if !self.blocks.contains(&block) {
            self.blocks.push(block);
        }
        let first = located.blocks.first();
        let kind = located.kinds().next().unwrap_or("");
        let attribute = located.attribute.map_or("", |it| it.key.name.as_str());
        if kind == "locals" {
            self.locals.insert(attribute.to_owned());
        }
        self.places.push(finding.span);
        self.has_provider |= kind == "provider" && source == Source::Data;
        let is_job = first.and_then(|it| it.labels.first()).is_some_and(|it| it.name == "nomad_job");
        self.has_job |= kind == "resource"
            && is_job
            && (attribute == "jobspec" || located.kinds().any(|it| it == "hcl2"));
    }

    fn notes(&self, has_ephemeral: bool) -> Vec<&'static str> {
        let has = |source| self.blocks.iter().any(|it| it.0 == source);
        let notes = [
            (has(Source::Ephemeral), EPHEMERAL),
            (self.has_provider && !has_ephemeral, NO_EPHEMERAL),
            (has(Source::Data), IN_STATE),
            (self.has_job, IN_JOB),
        ];
        notes.into_iter().filter(|it| it.0).map(|it| it.1).collect()
    }
}

fn is_values(name: &str) -> bool {
    name.ends_with(".tfvars")
}

fn cure<'t>(
    text: &str,
    body: &'t Body,
    finding: &Finding,
    is_values: bool,
    has_ephemeral: bool,
) -> Result<Cure<How<'t>>, Why> {
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
    let source = if kind == "provider" && has_ephemeral { Source::Ephemeral } else { Source::Data };
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
fn append(plan: &mut Plan, text: &str, asked: &[(Source, String)], provider: &Provider, options: &Options) {
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
        let provider = provider.line();
        added.push_str(&format!("\n{head}\n{provider}  mount = {mount}\n  name  = {path}\n}}\n"));
    }
    add(plan, text, added);
}

/// The variables of the `vault` provider, which cannot ask itself.
fn declare(plan: &mut Plan, text: &str, names: &[String], is_ephemeral: bool) {
    let added = names.iter().map(|name| format!("\n{}", provider::variable(name, is_ephemeral)));
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
