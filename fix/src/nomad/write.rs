//! Blocks that are put into a task: `vault`, `template`, `secret`; in HCL, and as members of JSON's objects.

use strongroom_hcl::{Span, quote_json};

use super::job::{Job, Key, Syntax, Task, Template};
use super::layout::{before, behind, indentation, is_alone, line_end, line_start, next_line};
use super::line::{END, Group};
use super::literal::{Form, Literal};
use crate::Edit;

/// Where our own variables are rendered: the folder is in memory, and gone with the task.
const DESTINATION: &str = "${NOMAD_SECRETS_DIR}/strongroom.env";

/// What a task gets.
#[derive(Debug, Default)]
pub(super) struct Blocks {
    /// The role of a `vault` block that is missing; in HCL 1, which knows no roles, the policy.
    pub(super) role: Option<String>,
    /// Names and paths.
    pub(super) secrets: Vec<(String, String)>,
    /// What a template whose lines become variables is to have.
    pub(super) groups: Vec<Group>,
    pub(super) eol: &'static str,
    /// They must stand before all others, which may set some of the variables too.
    pub(super) is_first: bool,
    /// The task's `env` block goes as a whole.
    pub(super) env_is_gone: bool,
}

/// The template that we wrote before, if the task has it.
pub(super) fn own<'t, 'a>(task: &'t Task<'a>) -> Option<&'t Template<'a>> {
    task.templates.iter().find(|it| it.is_env && it.destination.ends_with("/strongroom.env"))
}

/// The edits that put the blocks into the task.
pub(super) fn insert(text: &str, job: &Job<'_>, task: &Task<'_>, blocks: &Blocks) -> Vec<Edit> {
    let literal = own(task).and_then(|it| Literal::of(job.syntax, it.data?, text));
    let (mut edits, data) = match literal {
        Some(literal) => (complete(text, &literal, blocks), None),
        None => (Vec::new(), (!blocks.groups.is_empty()).then(|| data(&blocks.groups, blocks.eol))),
    };
    if blocks.role.is_none() && blocks.secrets.is_empty() && data.is_none() {
        return edits;
    }
    if job.syntax.is_json() {
        edits.extend(json(text, job.syntax, task, blocks, data.as_deref()));
    } else {
        edits.extend(native(text, job, task, blocks, data.as_deref()));
    }
    edits
}

fn data(groups: &[Group], eol: &str) -> String {
    groups.iter().map(|it| it.text(eol)).collect()
}

/// Puts lines into our own template: where their path is read already, beside those that read it.
fn complete(text: &str, literal: &Literal, blocks: &Blocks) -> Vec<Edit> {
    // The lines are protected from HCL already.
    let written = |lines: &str| match literal.form {
        Form::Heredoc { .. } => lines.to_owned(),
        _ => quote_json(lines).trim_matches('"').to_owned(),
    };
    let put = |at: usize, text: String| Edit { span: Span { start: at, end: at }, text };
    let (mut edits, mut rest) = (Vec::new(), Vec::new());
    for group in &blocks.groups {
        let there = end_of(text, literal, group, &written(blocks.eol), &written).filter(|_| !blocks.is_first);
        match there {
            Some(at) => {
                edits.push(put(
                    at,
                    group.lines.iter().map(|it| written(&format!("{it}{}", blocks.eol))).collect(),
                ));
            }
            None => rest.push(group.clone()),
        }
    }
    if !rest.is_empty() {
        let at = if blocks.is_first { literal.content.start } else { literal.content.end };
        edits.push(put(at, written(&data(&rest, blocks.eol))));
    }
    edits
}

/// Where the block ends that a fix wrote for this path: nothing but lines of variables is in it.
fn end_of(
    text: &str,
    literal: &Literal,
    group: &Group,
    eol: &str,
    written: &impl Fn(&str) -> String,
) -> Option<usize> {
    let [head] = group.heads.as_slice() else { return None };
    let mut at = literal.content.start;
    let mut is_inside = false;
    for line in literal.content.of(text).split_inclusive(eol) {
        let bare = line.strip_suffix(eol).unwrap_or(line);
        if bare == written(head) {
            is_inside = true;
        } else if is_inside && bare == END {
            return Some(at);
        } else if bare.starts_with("{{") {
            is_inside = false;
        }
        at += line.len();
    }
    None
}

fn native(text: &str, job: &Job<'_>, task: &Task<'_>, blocks: &Blocks, data: Option<&str>) -> Option<Edit> {
    let eol = line_end(text);
    let (indent, unit) = indents(text, task);
    let mut written: Vec<String> = Vec::new();
    if let Some(role) = &blocks.role {
        let name = strongroom_hcl::quote(role);
        let setting = if job.is_hcl1 { ("policies", format!("[{name}]")) } else { ("role", name) };
        // Nomad renders with the token; the task itself needs none.
        let settings = [setting, ("disable_file", "true".to_owned()), ("env", "false".to_owned())];
        written.push(block(&indent, &unit, eol, "vault", &settings));
    }
    for (name, path) in &blocks.secrets {
        let settings = [("provider", "\"strongroom\"".to_owned()), ("path", strongroom_hcl::quote(path))];
        let kind = format!("secret {}", strongroom_hcl::quote(name));
        written.push(block(&indent, &unit, eol, &kind, &settings));
    }
    if let Some(data) = data {
        let marker = marker(data);
        let settings = [
            ("destination", format!("\"{DESTINATION}\"")),
            ("env", "true".to_owned()),
            ("change_mode", "\"restart\"".to_owned()),
            ("data", format!("<<{marker}{eol}{data}{marker}")),
        ];
        written.push(block(&indent, &unit, eol, "template", &settings));
    }
    let all = written.join(eol);
    let env = task.env.last().map(|it| it.span);
    let first = task.templates.first().filter(|_| blocks.is_first).map(|it| it.span);
    if let Some(first) = first.filter(|it| before(text, it.start).trim().is_empty()) {
        let at = above_comments(text, line_start(text, first.start));
        let gone = env.filter(|it| blocks.env_is_gone && next_line(text, it.end) == at);
        let above = gone.map_or(at, |it| line_start(text, it.start));
        let previous = text.get(..above).unwrap_or("").lines().next_back().unwrap_or("").trim();
        let lead = if previous.is_empty() || previous.ends_with('{') { "" } else { eol };
        return Some(Edit { span: Span { start: at, end: at }, text: format!("{lead}{all}{eol}") });
    }
    let anchor = env.or(task.configs.last().copied()).filter(|it| {
        let rest = behind(text, it.end).trim_start();
        rest.is_empty() || rest.starts_with('#') || rest.starts_with("//")
    });
    if let Some(anchor) = anchor {
        let at = next_line(text, anchor.end);
        // One empty line before, and one behind where something follows.
        let above = line_start(text, anchor.start);
        let previous = text.get(..above).unwrap_or("").trim_end_matches([' ', '\t']);
        let is_open = blocks.env_is_gone && (previous.ends_with("\n\n") || previous.ends_with("\r\n\r\n"));
        let lead = if is_open { "" } else { eol };
        let next = text.get(at..next_line(text, at)).unwrap_or("").trim();
        let tail = if next.is_empty() || next == "}" { "" } else { eol };
        return Some(Edit { span: Span { start: at, end: at }, text: format!("{lead}{all}{tail}") });
    }
    // The task stands on few lines.
    let at = env.or(task.configs.last().copied()).map_or(task.body.end, |it| it.end);
    let outer = indentation(text, task.span.start);
    let at_end = text.get(at..task.body.end).unwrap_or("").trim().is_empty();
    let tail = if at_end && is_alone(text, Span { start: task.body.end, end: task.span.end }) {
        String::new()
    } else {
        outer.to_owned()
    };
    let trimmed = text.get(..at).map_or(at, |it| it.trim_end_matches([' ', '\t']).len());
    let end = if at_end { task.body.end } else { at };
    Some(Edit { span: Span { start: trimmed, end }, text: format!("{eol}{all}{tail}") })
}

/// The start of the comments right above a line: they are about what begins there.
fn above_comments(text: &str, line: usize) -> usize {
    let mut at = line;
    while at > 0 {
        let above = line_start(text, at - 1);
        let comment = text.get(above..at).unwrap_or("").trim();
        if !comment.starts_with('#') && !comment.starts_with("//") {
            break;
        }
        at = above;
    }
    at
}

/// How the task's own lines are indented, and what one step more is.
fn indents(text: &str, task: &Task<'_>) -> (String, String) {
    let outer = indentation(text, task.span.start);
    let inner = task
        .first
        .filter(|it| before(text, it.start).trim().is_empty())
        .map_or_else(|| format!("{outer}  "), |it| indentation(text, it.start).to_owned());
    let deeper = task.env.iter().flat_map(|it| &it.entries).map(|it| it.span.start);
    let unit = match inner.strip_prefix(outer) {
        Some(unit) if !unit.is_empty() => unit.to_owned(),
        // A file that does not indent its blocks may indent their lines.
        _ => deeper
            .filter(|it| before(text, *it).trim().is_empty())
            .find_map(|it| indentation(text, it).strip_prefix(inner.as_str()).map(str::to_owned))
            .filter(|it| !it.is_empty())
            .unwrap_or_else(|| "  ".to_owned()),
    };
    (inner, unit)
}

fn block(indent: &str, unit: &str, eol: &str, kind: &str, settings: &[(&str, String)]) -> String {
    let width = settings.iter().map(|it| it.0.len()).max().unwrap_or(0);
    let lines = settings.iter().map(|(key, value)| format!("{indent}{unit}{key:width$} = {value}{eol}"));
    format!("{indent}{kind} {{{eol}{}{indent}}}{eol}", lines.collect::<String>())
}

/// A heredoc's end that no line of the data is.
fn marker(data: &str) -> &'static str {
    let is_free = |marker: &&str| !data.lines().any(|it| it.trim() == *marker);
    ["EOH", "EOT", "EOF"].into_iter().find(is_free).unwrap_or("STRONGROOM_EOH")
}

fn json(text: &str, syntax: Syntax, task: &Task<'_>, blocks: &Blocks, data: Option<&str>) -> Vec<Edit> {
    let Some(anchor) = task.anchor else { return Vec::new() };
    let mut edits = Vec::new();
    let is_spread = before(text, anchor.start).trim().is_empty();
    let indent = if is_spread { Some(indentation(text, anchor.start).to_owned()) } else { None };
    let unit = indent.as_ref().map_or("  ", |it| if it.contains('\t') { "\t" } else { unit_of(text) });
    let eol = line_end(text);
    let mut members = Vec::new();
    if let Some(role) = &blocks.role {
        let (file, env) =
            if syntax == Syntax::Api { ("DisableFile", "Env") } else { ("disable_file", "env") };
        let settings =
            [(syntax.key(Key::Role), quote_json(role)), (file, "true".to_owned()), (env, "false".to_owned())];
        let value = object(indent.as_deref(), unit, eol, &settings);
        match task.vault_null {
            Some(span) => edits.push(Edit { span, text: value }),
            None => members.push((syntax.key(Key::Vault).to_owned(), value)),
        }
    }
    if !blocks.secrets.is_empty() {
        let (key, value) = secrets(syntax, indent.as_deref(), unit, eol, &blocks.secrets);
        match task.secrets_value {
            // Before those that are there.
            Some(span) if !task.secrets.is_empty() => {
                let at = span.start + 1;
                let items = value.trim_matches(['[', ']']).trim_end();
                edits.push(Edit { span: Span { start: at, end: at }, text: format!("{items},") });
            }
            Some(span) => edits.push(Edit { span, text: value }),
            None => members.push((key, value)),
        }
    }
    if let Some(data) = data {
        let settings = [
            (syntax.key(Key::Destination), quote_json(DESTINATION)),
            (syntax.key(Key::EnvTemplate), "true".to_owned()),
            (syntax.key(Key::ChangeMode), quote_json("restart")),
            (syntax.key(Key::Data), quote_json(data)),
        ];
        let inner = indent.as_ref().map(|it| format!("{it}{unit}"));
        let in_list = object(inner.as_deref(), unit, eol, &settings);
        let inner_line = inner.as_ref().map_or_else(String::new, |it| format!("{eol}{it}"));
        let outer_line = indent.as_ref().map_or_else(String::new, |it| format!("{eol}{it}"));
        match task.template_value {
            Some(span) if span.of(text).starts_with('[') && !task.templates.is_empty() => {
                // Before the others: what they set as well is theirs.
                let at = task.templates.iter().map(|it| it.span.start).min().unwrap_or(span.start + 1);
                let written = if before(text, at).trim().is_empty() {
                    format!("{in_list},{inner_line}")
                } else {
                    format!("{}, ", object(None, unit, eol, &settings))
                };
                edits.push(Edit { span: Span { start: at, end: at }, text: written });
            }
            Some(span) if span.of(text).starts_with('{') => {
                let single = object(indent.as_deref(), unit, eol, &settings);
                edits.push(Edit {
                    span: Span { start: span.start, end: span.start },
                    text: format!("[{single}, "),
                });
                edits.push(Edit { span: Span { start: span.end, end: span.end }, text: "]".to_owned() });
            }
            Some(span) => {
                edits.push(Edit { span, text: format!("[{inner_line}{in_list}{outer_line}]") });
            }
            None if syntax == Syntax::Api => {
                let value = format!("[{inner_line}{in_list}{outer_line}]");
                members.push((syntax.key(Key::Template).to_owned(), value));
            }
            None => {
                let value = object(indent.as_deref(), unit, eol, &settings);
                members.push((syntax.key(Key::Template).to_owned(), value));
            }
        }
    }
    let between = indent.as_ref().map_or_else(|| " ".to_owned(), |it| format!("{eol}{it}"));
    let written: String =
        members.iter().map(|(key, value)| format!("{}: {value},{between}", quote_json(key))).collect();
    if !written.is_empty() {
        edits.push(Edit { span: Span { start: anchor.start, end: anchor.start }, text: written });
    }
    edits
}

/// A member with the `secret` blocks: by name in HCL's form, a list in the API's.
fn secrets(
    syntax: Syntax,
    indent: Option<&str>,
    unit: &str,
    eol: &str,
    all: &[(String, String)],
) -> (String, String) {
    let inner = indent.map(|it| format!("{it}{unit}"));
    let provider = quote_json("strongroom");
    if syntax != Syntax::Api {
        let named = all.iter().map(|(name, path)| {
            let settings = [("provider", provider.clone()), ("path", quote_json(path))];
            (name.as_str(), object(inner.as_deref(), unit, eol, &settings))
        });
        let named: Vec<_> = named.collect();
        return ("secret".to_owned(), object(indent, unit, eol, &named));
    }
    let line = |indent: Option<&str>| indent.map_or_else(String::new, |it| format!("{eol}{it}"));
    let items = all.iter().map(|(name, path)| {
        let settings =
            [("Name", quote_json(name)), ("Provider", provider.clone()), ("Path", quote_json(path))];
        format!("{}{}", line(inner.as_deref()), object(inner.as_deref(), unit, eol, &settings))
    });
    let items = items.collect::<Vec<_>>().join(",");
    ("Secrets".to_owned(), format!("[{items}{}]", line(indent)))
}

fn object(indent: Option<&str>, unit: &str, eol: &str, members: &[(&str, String)]) -> String {
    let members = members.iter().map(|(key, value)| format!("{}: {value}", quote_json(key)));
    match indent {
        Some(indent) => {
            let lines: Vec<String> = members.map(|it| format!("{indent}{unit}{it}")).collect();
            format!("{{{eol}{}{eol}{indent}}}", lines.join(&format!(",{eol}")))
        }
        None => format!("{{ {} }}", members.collect::<Vec<_>>().join(", ")),
    }
}

/// The first indentation of the file.
fn unit_of(text: &str) -> &str {
    let first = text.lines().find(|it| it.starts_with([' ', '\t']) && !it.trim().is_empty()).unwrap_or("  ");
    first.get(..first.len() - first.trim_start().len()).unwrap_or("  ")
}
