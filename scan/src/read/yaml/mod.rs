//! YAML: what people write of it, and the templates of it that are no YAML until they are rendered.

mod block;
mod flow;
mod inline;
mod scalar;
mod schema;
mod tree;
mod walk;

use self::{block::Parser, walk::Walk};
use super::actions;
use crate::{At, Finder, Text, embedded};

/// Reads all documents of a stream.
pub(super) fn document<'a>(finder: &mut Finder<'a>, at: &At<'_>, text: Text<'a>) {
    let text = actions::marked(text);
    let mut next = 0;
    while next < text.len() {
        let mut parser = Parser::new(&text, next);
        parser.document();
        let at = if parser.is_foreign { finder.unparsed(at) } else { at.clone() };
        Walk::new(finder, &at, &text, &parser.tree).document();
        for comment in &parser.comments {
            finder.comment(&at.key(""), text.slice(comment.clone()));
        }
        next = parser.next.max(next + 1);
        if parser.tree.is_full() {
            return embedded::script(finder, &at, text.slice(next.min(text.len())..text.len()));
        }
    }
}

#[cfg(test)]
mod tests;
