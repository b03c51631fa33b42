//! JSON: jobs and configuration in JSON, and any other document.

mod parse;

use super::{
    actions,
    settings::{self, Comment, HOLE, Syntax, Tree, masked},
};
use crate::{At, Finder, Format, Text};

/// Larger documents are read as text: a hostile one takes some twenty times its length in memory.
const MAX_TEXT: usize = 4 * 1024 * 1024;

/// Reads a document in JSON, and as text what is none.
pub(super) fn document<'a>(finder: &mut Finder<'a>, at: &At<'_>, text: Text<'a>) {
    let text = actions::marked_where_fixed(text);
    let masked = masked(&text, char::from(HOLE));
    let parsed = if masked.len() > MAX_TEXT { None } else { parse::parse(&masked) };
    let Some(parsed) = parsed else {
        let at = finder.unparsed(at);
        drop(masked);
        return finder.document(&at, text, Format::Text);
    };
    let tree = Tree {
        values: parsed.values,
        comments: parsed.comments.into_iter().map(|span| Comment { span, within: None }).collect(),
        syntax: Syntax::Json,
    };
    settings::walk(finder, at, &text, &masked, &tree);
}
