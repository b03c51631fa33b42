//! Settings in HCL and JSON: what each of them is to the program that reads it.
//!
//! Both are walked as one tree, since a Nomad job may be written in either, and what a name means does not
//! depend on it.

mod command;
mod expression;
mod family;
mod go;
mod mask;
mod scope;
mod strings;
mod template;
mod tree;
mod walk;

#[cfg(test)]
mod labels;
#[cfg(test)]
mod tests;

pub(super) use go::{actions, literal, name_before};
pub(super) use mask::masked;
pub(super) use strings::json_escape;
pub(super) use tree::{Entry, Node, Writing, of_body};

use std::{borrow::Cow, ops::Range};

use strongroom_hcl::Span;

use crate::{At, Finder, Text, embedded};

/// What holes are masked with for JSON.
pub(super) const HOLE: u8 = 0x1a;

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Syntax {
    Hcl,
    Json,
}

/// What a document holds.
pub(super) struct Tree<'t> {
    pub(super) values: Vec<Node<'t>>,
    pub(super) comments: Vec<Comment>,
    pub(super) syntax: Syntax,
}

#[derive(Debug)]
pub(super) struct Comment {
    pub(super) span: Span,
    /// The name of what it stands in, where that is known.
    pub(super) within: Option<String>,
}

/// Brings everything in a document to the finder. `masked` is what was parsed.
pub(super) fn walk<'a>(
    finder: &mut Finder<'a>,
    at: &At<'_>,
    document: &Text<'a>,
    masked: &str,
    tree: &Tree<'_>,
) {
    let source = strings::Source { document, text: masked };
    walk::Walk::of(finder, at, source, tree).run(tree);
    for comment in &tree.comments {
        comments(finder, at, document, comment, tree.syntax);
    }
}

/// The lines of a comment, without their marks.
fn comments<'a>(
    finder: &mut Finder<'a>,
    at: &At<'_>,
    document: &Text<'a>,
    comment: &Comment,
    syntax: Syntax,
) {
    // In `tokens { # agent = "x" }` the block's name tells.
    let path = comment.within.as_deref().filter(|it| embedded::holds_secrets(it)).map(Cow::Borrowed);
    let at = &At { path: path.unwrap_or_else(|| at.path.clone()), ..at.clone() };
    let comment = comment.span;
    let source = comment.of(document.as_str());
    let block = source.strip_prefix("/*").and_then(|it| it.strip_suffix("*/"));
    let (inner, skip) = block.map_or((source, 0), |it| (it, 2));
    let at = At { key: Cow::Borrowed(""), ..at.clone() };
    let mut start = comment.start + skip;
    for line in inner.split_inclusive('\n') {
        let marks = |c: char| c.is_whitespace() || matches!(c, '#' | '/' | '*');
        let text = line.trim_end();
        let text_start = text.len() - text.trim_start_matches(marks).len();
        if text_start < text.len() {
            let text = document.slice(start + text_start..start + text.len());
            let reference = if syntax == Syntax::Hcl { reference(text.as_str()) } else { None };
            finder.comment(&at, text.with_holes(reference));
        }
        start += line.len();
    }
}

/// What stands behind the equals sign of a line that was switched off, if it is a reference and no value:
/// a name with dots in it, as `var.token` or `aws_db_instance.shop.password`.
fn reference(line: &str) -> Option<Range<usize>> {
    let equals = line.find('=')?;
    let value = line.get(equals + 1..)?.trim();
    let root = value.split('.').next().filter(|it| it.len() < value.len())?;
    let is_root = matches!(root, "var" | "local" | "data" | "module" | "each" | "self" | "path" | "source")
        || (root.contains('_')
            && root.bytes().all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || it == b'_'));
    let is_path =
        value.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '[' | ']' | '"' | '*'));
    let start = line.len() - value.len();
    (is_root && is_path).then_some(start..line.len())
}
