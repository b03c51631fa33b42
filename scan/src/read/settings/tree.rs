//! One shape for what HCL and JSON say.

use std::borrow::Cow;

use strongroom_hcl::{Body, Expr, ExprKind, Item, Key, Span};

/// A value, by where it stands in its document.
#[derive(Debug)]
pub(in crate::read) enum Node<'t> {
    Text(Span, Writing),
    Number(Span),
    Bool(bool),
    Null,
    /// What HCL would have to work out.
    Code(Span),
    List(Vec<Node<'t>>),
    Map(Vec<Entry<'t>>),
}

/// How a string is written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::read) enum Writing {
    Quoted,
    Heredoc,
    Json,
}

/// A named value; a block's label is an entry that holds the block's body.
#[derive(Debug)]
pub(in crate::read) struct Entry<'t> {
    pub(in crate::read) name: Cow<'t, str>,
    pub(in crate::read) label: bool,
    pub(in crate::read) value: Node<'t>,
}

/// The entry of one of these names.
pub(super) fn entry<'n, 't>(entries: &'n [Entry<'t>], names: &[&str]) -> Option<&'n Entry<'t>> {
    entries.iter().find(|it| !it.label && names.contains(&it.name.as_ref()))
}

/// The contents of a file or block of HCL. `text` is what was parsed.
pub(in crate::read) fn of_body(text: &str, body: Body) -> Vec<Entry<'static>> {
    body.items
        .into_iter()
        .map(|item| match item {
            Item::Attribute(attribute) => named(attribute.key, false, of_expr(text, attribute.value)),
            Item::Block(block) => {
                let body = Node::Map(of_body(text, block.body));
                let labelled = block
                    .labels
                    .into_iter()
                    .rev()
                    .fold(body, |inner, label| Node::Map(vec![named(label, true, inner)]));
                named(block.kind, false, labelled)
            }
        })
        .collect()
}

fn named(key: Key, label: bool, value: Node<'static>) -> Entry<'static> {
    Entry { name: Cow::Owned(key.name), label, value }
}

pub(super) fn of_expr(text: &str, expr: Expr) -> Node<'static> {
    let span = expr.span;
    match expr.kind {
        ExprKind::Null => Node::Null,
        ExprKind::Bool(value) => Node::Bool(value),
        ExprKind::Number(_) => Node::Number(span),
        ExprKind::String(_) | ExprKind::Template(_) => {
            let heredoc = text.as_bytes().get(span.start) == Some(&b'<');
            Node::Text(span, if heredoc { Writing::Heredoc } else { Writing::Quoted })
        }
        ExprKind::List(items) => Node::List(items.into_iter().map(|it| of_expr(text, it)).collect()),
        ExprKind::Object(entries) => Node::Map(
            entries
                .into_iter()
                .map(|it| Entry {
                    name: Cow::Owned(it.name.unwrap_or_default()),
                    label: false,
                    value: of_expr(text, it.value),
                })
                .collect(),
        ),
        ExprKind::Opaque => Node::Code(span),
    }
}
