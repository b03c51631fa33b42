//! A job as the fixer sees it: where tasks have their variables, templates, driver's settings and `vault` blocks.
//!
//! One shape for all ways a job is written: HCL 1 and 2, HCL's form in JSON, and the JSON of Nomad's API.

use strongroom_hcl::{AttrView, BlockView, Body, BodyView, Expr, ExprKind, Item, KeyView, Span};

use super::identity;
use crate::render::Delimiters;

/// How the job is written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Syntax {
    /// The JSON that Nomad's API takes.
    Api,
    /// HCL in JSON: strings are templates of HCL.
    HclJson,
    Native,
}

impl Syntax {
    pub(super) fn is_json(self) -> bool {
        self != Self::Native
    }

    /// What the API calls it, or HCL.
    pub(super) fn key(self, key: Key) -> &'static str {
        let (api, hcl) = match key {
            Key::Artifact => ("Artifacts", "artifact"),
            Key::ChangeMode => ("ChangeMode", "change_mode"),
            Key::Config => ("Config", "config"),
            Key::Data => ("EmbeddedTmpl", "data"),
            Key::Destination => ("DestPath", "destination"),
            Key::Env => ("Env", "env"),
            Key::EnvTemplate => ("Envvars", "env"),
            Key::Group => ("TaskGroups", "group"),
            Key::LeftDelimiter => ("LeftDelim", "left_delimiter"),
            Key::Policies => ("Policies", "policies"),
            Key::RightDelimiter => ("RightDelim", "right_delimiter"),
            Key::Role => ("Role", "role"),
            Key::Task => ("Tasks", "task"),
            Key::Template => ("Templates", "template"),
            Key::Vault => ("Vault", "vault"),
        };
        if self == Self::Api { api } else { hcl }
    }
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Key {
    Artifact,
    ChangeMode,
    Config,
    Data,
    Destination,
    Env,
    /// Whether a template's lines become variables.
    EnvTemplate,
    Group,
    LeftDelimiter,
    Policies,
    RightDelimiter,
    Role,
    Task,
    Template,
    Vault,
}

#[derive(Debug)]
pub(super) struct Job<'a> {
    pub(super) syntax: Syntax,
    /// Nomad tells jobs of a namespace by it; most jobs have but a name, and that is it.
    pub(super) id: &'a str,
    pub(super) namespace: &'a str,
    /// Name or namespace is an expression: who the job is, is known when it is submitted.
    pub(super) is_computed: bool,
    /// Only HCL 1 takes it, which Nomad reads up to version 1.8 and with `-hcl1`.
    pub(super) is_hcl1: bool,
    /// Who it is to the store: a part of a path.
    owner: String,
    pub(super) tasks: Vec<Task<'a>>,
}

#[derive(Debug)]
pub(super) struct Task<'a> {
    /// Group (where there is one) and task.
    pub(super) scope: Vec<&'a str>,
    /// The whole block.
    pub(super) span: Span,
    /// Between the braces; in JSON the braces too.
    pub(super) body: Span,
    /// The first member's name.
    pub(super) first: Option<Span>,
    /// The name of the member that others are put before, in JSON.
    pub(super) anchor: Option<Span>,
    /// Its own, or that of its group or job.
    pub(super) vault: Option<Vault<'a>>,
    pub(super) env: Vec<EnvBlock<'a>>,
    /// `env = merge(...)`.
    pub(super) env_expression: Option<&'a Expr>,
    pub(super) configs: Vec<Span>,
    pub(super) templates: Vec<Template<'a>>,
    /// What stands behind `template` in JSON, and `null` behind `vault`.
    pub(super) template_value: Option<Span>,
    pub(super) vault_null: Option<Span>,
    pub(super) artifacts: Vec<Span>,
    /// Names of its `secret` blocks, and the path of each.
    pub(super) secrets: Vec<(&'a str, Option<&'a str>)>,
    /// The list that the API has of them.
    pub(super) secrets_value: Option<Span>,
}

/// What a job says about how its tasks log in.
#[derive(Clone, Debug)]
pub(super) struct Vault<'a> {
    pub(super) role: Option<&'a str>,
    pub(super) policies: Vec<&'a str>,
}

#[derive(Debug)]
pub(super) struct EnvBlock<'a> {
    pub(super) span: Span,
    /// Between the braces.
    pub(super) body: Span,
    pub(super) entries: Vec<EnvEntry<'a>>,
}

#[derive(Debug)]
pub(super) struct EnvEntry<'a> {
    pub(super) name: &'a str,
    pub(super) value: &'a Expr,
    /// From the key to the value's end.
    pub(super) span: Span,
}

#[derive(Debug)]
pub(super) struct Template<'a> {
    pub(super) span: Span,
    pub(super) data: Option<&'a Expr>,
    /// Its lines become variables.
    pub(super) is_env: bool,
    pub(super) destination: &'a str,
    pub(super) delimiters: Delimiters,
}

/// The namespace of jobs that name none.
pub(super) const DEFAULT: &str = "default";

impl<'a> Job<'a> {
    fn new(
        syntax: Syntax,
        (namespace, id): (&'a str, &'a str),
        is_computed: bool,
        tasks: Vec<Task<'a>>,
    ) -> Self {
        let owner = identity::in_paths(namespace, id);
        Self { syntax, id, namespace, is_computed, is_hcl1: false, owner, tasks }
    }

    /// Jobs of one name in two namespaces are two jobs.
    pub(super) fn owner(&self) -> Vec<&str> {
        vec![&self.owner]
    }

    /// The policy of its own, and its role.
    pub(super) fn policy(&self) -> String {
        identity::in_policies(self.namespace, self.id)
    }

    /// All jobs of a file.
    pub(super) fn all(body: &'a Body, is_json: bool) -> Vec<Self> {
        let view = body.view();
        if let Some(job) = api_job(view).filter(|_| is_json) {
            return vec![job];
        }
        let syntax = if is_json { Syntax::HclJson } else { Syntax::Native };
        let blocks = view.blocks("job", 1).unwrap_or_default();
        let is_hcl1 = !is_json && has_quoted_names(body);
        blocks.iter().map(|it| Self { is_hcl1, ..hcl_job(syntax, it) }).collect()
    }
}

/// `env { "NAME" = "x" }`, `"group" "web" {`: HCL 2 takes no quotes around the names of a block.
fn has_quoted_names(body: &Body) -> bool {
    body.items.iter().any(|it| match it {
        Item::Attribute(it) => it.key.quoted,
        Item::Block(it) => it.kind.quoted || has_quoted_names(&it.body),
    })
}

fn hcl_job<'a>(syntax: Syntax, block: &BlockView<'a>) -> Job<'a> {
    let written = |key: &str| block.body.attr(key);
    let text = |key: &str| written(key).and_then(|it| it.as_str().ok());
    let is_expression = |key: &str| written(key).is_some() && text(key).is_none();
    let id = text("id").or(text("name")).unwrap_or(block.label(0));
    let namespace = text("namespace").unwrap_or(DEFAULT);
    let has_hole = |it: &str| it.contains("${") || it.contains("%{");
    let is_computed = ["id", "name", "namespace"].into_iter().any(is_expression) || has_hole(id);
    Job::new(syntax, (namespace, id), is_computed, tasks(syntax, block.body))
}

fn api_job(view: BodyView<'_>) -> Option<Job<'_>> {
    let wrapped = view.blocks("Job", 0).ok().and_then(|it| it.into_iter().next()).map(|it| it.body);
    let body = wrapped.unwrap_or(view);
    body.keys().find(|it| it.name == Syntax::Api.key(Key::Group))?;
    let text = |key: &str| body.attr(key).and_then(|it| it.as_str().ok()).filter(|it| !it.is_empty());
    let name = text("Name").or(text("ID"))?;
    let namespace = text("Namespace").unwrap_or(DEFAULT);
    let id = text("ID").unwrap_or(name);
    Some(Job::new(Syntax::Api, (namespace, id), false, tasks(Syntax::Api, body)))
}

fn tasks<'a>(syntax: Syntax, body: BodyView<'a>) -> Vec<Task<'a>> {
    let vault = vault(syntax, body);
    let mut tasks = Vec::new();
    // HCL 1 takes a task without a group.
    tasks_of(syntax, &[], body, vault.as_ref(), &mut tasks);
    for (name, group) in named(syntax, Key::Group, body) {
        let scope: Vec<&str> = name.into_iter().collect();
        tasks_of(syntax, &scope, group.body, vault.as_ref(), &mut tasks);
    }
    tasks
}

fn tasks_of<'a>(
    syntax: Syntax,
    scope: &[&'a str],
    body: BodyView<'a>,
    outer: Option<&Vault<'a>>,
    into: &mut Vec<Task<'a>>,
) {
    let vault = vault(syntax, body).or(outer.cloned());
    for (name, block) in named(syntax, Key::Task, body) {
        let scope = scope.iter().copied().chain(name).collect();
        into.push(task(syntax, scope, &block, vault.as_ref()));
    }
}

/// Blocks with their names; those of `dynamic` blocks have none that is known.
fn named<'a>(syntax: Syntax, key: Key, body: BodyView<'a>) -> Vec<(Option<&'a str>, BlockView<'a>)> {
    let kind = syntax.key(key);
    if syntax == Syntax::Api {
        let blocks = body.blocks(kind, 0).unwrap_or_default();
        let name = |it: &BlockView<'a>| it.body.attr("Name").and_then(|it| it.as_str().ok());
        return blocks.into_iter().map(|it| (name(&it), it)).collect();
    }
    let plain = body.blocks(kind, 1).unwrap_or_default();
    let dynamic = body.blocks("dynamic", 1).unwrap_or_default();
    let contents = dynamic
        .iter()
        .filter(|it| it.label(0) == kind)
        .flat_map(|it| it.body.blocks("content", 0).unwrap_or_default())
        .map(|it| (None, it));
    let plain = plain.into_iter().map(|it| (Some(it.label(0)), it));
    plain.chain(contents).collect()
}

fn task<'a>(
    syntax: Syntax,
    scope: Vec<&'a str>,
    block: &BlockView<'a>,
    outer: Option<&Vault<'a>>,
) -> Task<'a> {
    let body = block.body;
    let blocks = |key: Key| body.blocks(syntax.key(key), 0).unwrap_or_default();
    let env = blocks(Key::Env);
    let secrets = body.blocks("secret", 1).unwrap_or_default();
    let listed = body.blocks("Secrets", 0).unwrap_or_default();
    let text = |block: &BlockView<'a>, key: &str| block.body.attr(key).and_then(|it| it.as_str().ok());
    Task {
        scope,
        span: block.span,
        body: body.span(),
        first: body.keys().next().map(|it| it.span),
        anchor: [Key::Env, Key::Config]
            .into_iter()
            .find_map(|key| body.keys().find(|it| it.name == syntax.key(key)))
            .or(body.keys().next())
            .map(|it| it.span),
        vault: vault(syntax, body).or(outer.cloned()),
        env_expression: if env.is_empty() {
            body.attr(syntax.key(Key::Env)).map(|it| it.value)
        } else {
            None
        },
        env: env.iter().map(env_block).collect(),
        configs: blocks(Key::Config).iter().map(|it| it.span).collect(),
        templates: blocks(Key::Template).iter().map(|it| template(syntax, it)).collect(),
        template_value: body.attr(syntax.key(Key::Template)).map(AttrView::span),
        vault_null: body
            .attr(syntax.key(Key::Vault))
            .filter(|it| it.value.kind == ExprKind::Null)
            .map(AttrView::span),
        artifacts: blocks(Key::Artifact).iter().map(|it| it.span).collect(),
        secrets: match syntax {
            Syntax::Api => {
                listed.iter().filter_map(|it| Some((text(it, "Name")?, text(it, "Path")))).collect()
            }
            _ => secrets.iter().map(|it| (it.label(0), text(it, "path"))).collect(),
        },
        secrets_value: body.attr("Secrets").filter(|_| syntax == Syntax::Api).map(AttrView::span),
    }
}

fn env_block<'a>(block: &BlockView<'a>) -> EnvBlock<'a> {
    let entry = |(key, attr): (KeyView<'a>, AttrView<'a>)| EnvEntry {
        name: key.name,
        value: attr.value,
        span: Span { start: key.span.start, end: attr.value.span.end },
    };
    EnvBlock { span: block.span, body: block.body.span(), entries: block.body.attrs().map(entry).collect() }
}

fn template<'a>(syntax: Syntax, block: &BlockView<'a>) -> Template<'a> {
    let attr = |key: Key| block.body.attr(syntax.key(key));
    let text = |key: Key| attr(key).and_then(|it| it.as_str().ok()).unwrap_or("");
    // `"${NOMAD_SECRETS_DIR}/x"` is no plain string: its literal end still tells what the file is.
    let destination = attr(Key::Destination).map_or("", |it| match &it.value.kind {
        ExprKind::String(text) => text,
        ExprKind::Template(parts) => match parts.last() {
            Some(strongroom_hcl::TemplatePart::Literal(text, _)) => text,
            _ => "",
        },
        _ => "",
    });
    Template {
        span: block.span,
        data: attr(Key::Data).map(|it| it.value),
        is_env: attr(Key::EnvTemplate).is_some_and(|it| it.as_bool() == Ok(true)),
        destination,
        delimiters: Delimiters::new(text(Key::LeftDelimiter), text(Key::RightDelimiter)),
    }
}

fn vault<'a>(syntax: Syntax, body: BodyView<'a>) -> Option<Vault<'a>> {
    let blocks = body.blocks(syntax.key(Key::Vault), 0).ok()?;
    let block = blocks.first()?;
    let role = block.body.attr(syntax.key(Key::Role)).and_then(|it| it.as_str().ok());
    let policies = block.body.attr(syntax.key(Key::Policies)).and_then(|it| it.as_string_list().ok());
    Some(Vault { role: role.filter(|it| !it.is_empty()), policies: policies.unwrap_or_default() })
}
