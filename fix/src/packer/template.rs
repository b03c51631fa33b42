//! Packer's templates of JSON: the function `vault` is allowed in `variables`, and `user` takes it from there.

use strongroom_hcl::Span;
use strongroom_scan::{Finding, Layer};

use super::how_to_build;
use crate::{
    Edit, File, Options, Plan, Reference,
    home::Home,
    layout::with_line_ends,
    left,
    moved::{self, Cure},
};

const ESCAPED: left::Why = (
    "it is written with escapes that Packer does not undo",
    "give the whole value in `variables`, and fix again",
);

pub(super) fn plan(file: &File<'_>, home: &Home, findings: &[Finding], options: &Options) -> Plan {
    let cure = |it: &Finding| Ok(Cure::new((), stored(file.text, it).ok_or(ESCAPED)?));
    let mut used: Vec<Reference> = Vec::new();
    let edit = |finding: &Finding, (), reference: &Reference| {
        let text = if finding.path.starts_with("variables.") {
            call(reference, options)
        } else {
            if !used.contains(reference) {
                used.push(reference.clone());
            }
            format!("{{{{user `{}`}}}}", variable(reference))
        };
        Ok(Edit { span: finding.span, text })
    };
    let mut plan = moved::plan(home, findings, options, cure, edit);
    plan.edits.extend(declared(file.text, &used, options));
    plan.settle(home.policy());
    if !plan.edits.is_empty() {
        plan.notes.push(how_to_build(file.name));
    }
    plan
}

/// What Packer reads there; `None` where that cannot be told.
fn stored(text: &str, finding: &Finding) -> Option<String> {
    let raw = finding.span.of(text);
    if finding.layers.iter().all(|it| matches!(it, Layer::Bare | Layer::Json)) {
        return Some(finding.value.expose().to_owned());
    }
    (!raw.contains('\\')).then(|| raw.to_owned())
}

fn call(reference: &Reference, options: &Options) -> String {
    format!("{{{{vault `/{}` `{}`}}}}", reference.data_path(&options.mount), reference.field)
}

fn variable(reference: &Reference) -> String {
    format!("strongroom_{}", reference.field.to_ascii_lowercase())
}

/// The variables that are new, before those that are there.
fn declared(text: &str, used: &[Reference], options: &Options) -> Option<Edit> {
    let is_new = |it: &&Reference| !text.contains(&format!("\"{}\":", variable(it)));
    let fields: Vec<String> = used
        .iter()
        .filter(is_new)
        .map(|it| format!("    \"{}\": \"{}\"", variable(it), call(it, options)))
        .collect();
    if fields.is_empty() {
        return None;
    }
    let fields = fields.join(",\n");
    let (at, added) = match variables(text) {
        Some(at) => {
            let is_empty = text.get(at..)?.trim_start().starts_with('}');
            (at, format!("\n{fields}{}", if is_empty { "\n  " } else { "," }))
        }
        None => (text.find('{')? + 1, format!("\n  \"variables\": {{\n{fields}\n  }},")),
    };
    Some(Edit { span: Span { start: at, end: at }, text: with_line_ends(&added, text) })
}

/// Behind the brace of the top level's `variables`.
fn variables(text: &str) -> Option<usize> {
    let (mut depth, mut at) = (0_usize, 0);
    while let Some(rest) = text.get(at..).filter(|it| !it.is_empty()) {
        let first = rest.chars().next()?;
        if first == '"' {
            let end = string_end(rest)?;
            let behind = rest.get(end..)?;
            let value = behind.trim_start().strip_prefix(':').map(str::trim_start);
            if depth == 1
                && rest.get(..end) == Some("\"variables\"")
                && value.is_some_and(|it| it.starts_with('{'))
            {
                return Some(at + end + behind.find('{')? + 1);
            }
            at += end;
            continue;
        }
        match first {
            '{' | '[' => depth += 1,
            '}' | ']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        at += first.len_utf8();
    }
    None
}

/// Behind the quote that ends the string.
fn string_end(text: &str) -> Option<usize> {
    let mut is_escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            '"' if !is_escaped => return Some(at + 1),
            _ => is_escaped = c == '\\' && !is_escaped,
        }
    }
    None
}
