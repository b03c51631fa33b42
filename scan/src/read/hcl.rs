//! HCL 1 and HCL 2: jobs, Terraform, Packer, agents.

use strongroom_hcl::{Body, ExprKind, Item, Span};

use super::settings::{self, Comment, Node, Syntax, Tree, actions, literal, masked, name_before, of_body};
use crate::{At, Finder, Format, Text};

/// Larger documents are read as text: a hostile one takes some eighty times its length in memory.
const MAX_TEXT: usize = 1024 * 1024;

/// The actions of the tools that render HCL before anything reads it: Levant and Nomad Pack, Go and Jinja, ERB.
const FOREIGN: [(&str, &str); 4] = [("[[", "]]"), ("{{", "}}"), ("{%", "%}"), ("<%", "%>")];

/// What HCL itself has within strings, and Terraform's `templatefile` anywhere.
const OUTSIDE: [(&str, &str); 2] = [("${", "}"), ("%{", "}")];

/// Reads a document in HCL, and as text what is not whole.
pub(super) fn document<'a>(finder: &mut Finder<'a>, at: &At<'_>, text: Text<'a>) {
    if read(finder, at, &text) {
        return;
    }
    let at = finder.unparsed(at);
    let rendered = without(&text, &FOREIGN);
    fallbacks(finder, &at, &text);
    if rendered.holes().len() > text.holes().len() && read(finder, &at, &rendered) {
        return;
    }
    let outside = without(&rendered, &OUTSIDE);
    if outside.holes().len() > rendered.holes().len() && read(finder, &at, &outside) {
        return;
    }
    finder.document(&at, rendered, Format::Text);
}

/// What an action of the tool that renders the file gives where nothing else does: `x = [[ .x | default "y" ]]`.
fn fallbacks<'a>(finder: &mut Finder<'a>, at: &At<'_>, text: &Text<'a>) {
    let whole = text.as_str();
    for (left, right) in FOREIGN.iter().filter(|it| whole.contains(it.0)) {
        for action in actions(whole, left, right) {
            // What stands in a string may be an action of a template of Nomad's, which is read with it.
            let Some(before) = whole.get(..action.range.start).map(str::trim_end) else { continue };
            let before = match before.strip_suffix('"') {
                Some(before) if *left != "{{" => before.trim_end(),
                _ => before,
            };
            if !before.ends_with('=') && (!before.ends_with(':') || *left == "{{") {
                continue;
            }
            let name = name_before(whole, before.len());
            for value in &action.values {
                finder.value(&at.key(name.to_owned()), literal(text, value));
            }
        }
    }
}

/// Whether it could be read.
fn read<'a>(finder: &mut Finder<'a>, at: &At<'_>, text: &Text<'a>) -> bool {
    if text.len() > MAX_TEXT {
        return false;
    }
    // A name stands for what is not known yet: it may be a value as well as a part of a string.
    let masked = masked(text, '_');
    let Ok((body, comments)) = strongroom_hcl::parse_commented(&masked) else { return false };
    let comments = comments.into_iter().map(|span| Comment { span, within: around(&body, span) }).collect();
    let values = vec![Node::Map(of_body(&masked, body))];
    settings::walk(finder, at, text, &masked, &Tree { values, comments, syntax: Syntax::Hcl });
    true
}

/// The name of the innermost block or object around a place.
fn around(body: &Body, place: Span) -> Option<String> {
    let holds = |it: Span| it.start <= place.start && place.end <= it.end;
    body.items.iter().find_map(|it| match it {
        Item::Block(it) if holds(it.span) => around(&it.body, place).or_else(|| Some(it.kind.name.clone())),
        Item::Attribute(it) if matches!(it.value.kind, ExprKind::Object(_)) && holds(it.value.span) => {
            Some(it.key.name.clone())
        }
        _ => None,
    })
}

/// The text with another tool's actions as holes; an action that runs over lines is none.
fn without<'a>(text: &Text<'a>, delimiters: &[(&str, &str)]) -> Text<'a> {
    let found = delimiters.iter().filter(|(left, _)| text.as_str().contains(left));
    let ranges: Vec<_> = found
        .flat_map(|(left, right)| actions(text.as_str(), left, right))
        .map(|it| it.range)
        .filter(|it| !text.as_str().get(it.clone()).unwrap_or("").contains('\n'))
        .collect();
    text.clone().with_holes(ranges)
}
