//! YAML: what people write of it, and the templates of it that are no YAML until they are rendered.

mod block;
mod flow;
mod inline;
mod scalar;
mod schema;
mod tree;
mod walk;

use strongroom_hcl::Span;

use self::{
    block::Parser,
    scalar::decode,
    tree::{Scalar, Shape, Tree},
    walk::Walk,
};
use super::actions;
use crate::{At, Finder, Text, embedded};

/// Reads all documents of a stream.
pub(super) fn document<'a>(finder: &mut Finder<'a>, at: &At<'_>, text: Text<'a>) {
    let text = actions::marked(text);
    let mut next = 0;
    while next < text.len() {
        let mut parser = Parser::new(&text, next);
        parser.document();
        let at = if parser.foreign.is_seen { finder.unparsed(at) } else { at.clone() };
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

/// What a part of a scalar means in a file of YAML: YAML's own quotes, escapes and folds undone, and what is written within
/// the scalar left as it stands. None where no scalar holds all of the part.
#[must_use]
pub fn written_in_yaml(file: &str, part: Span) -> Option<String> {
    let text = Text::whole(file);
    let mark = file.len() - text.len();
    let (start, end) = (part.start.checked_sub(mark)?, part.end.checked_sub(mark)?);
    let text = actions::marked(text);
    let mut next = 0;
    while next < text.len() {
        let mut parser = Parser::new(&text, next);
        parser.document();
        if let Some(scalar) = scalars(&parser.tree).find(|it| it.start <= start && end <= it.end) {
            return Some(decode(&text, Scalar { start, end, ..scalar }).as_str().to_owned());
        }
        next = parser.next.max(next + 1);
    }
    None
}

fn scalars(tree: &Tree) -> impl Iterator<Item = Scalar> + '_ {
    let nodes = (Tree::ROOT..).map_while(|it| tree.node(it));
    let of_shape = |shape| if let Shape::Scalar(scalar) = shape { Some(scalar) } else { None };
    nodes.flat_map(move |it| it.key.into_iter().chain(of_shape(it.shape)))
}

#[cfg(test)]
mod tests;
