//! Where in a tree of HCL a finding stands.

use strongroom_hcl::{Attribute, Block, Body, Expr, ExprKind, Item, Span};

/// The way from the top of the file to a place.
#[derive(Debug, Default)]
pub(crate) struct Located<'t> {
    /// The blocks around it, the outermost first.
    pub(crate) blocks: Vec<&'t Block>,
    pub(crate) attribute: Option<&'t Attribute>,
    /// The attribute's value, and within it down to the literal that holds the place.
    pub(crate) exprs: Vec<&'t Expr>,
}

impl<'t> Located<'t> {
    /// `None` where no attribute's value is: a comment, a label.
    pub(crate) fn find(body: &'t Body, place: Span) -> Option<Self> {
        let mut located = Self::default();
        located.descend(body, place).then_some(located)
    }

    /// The innermost expression.
    pub(crate) fn literal(&self) -> Option<&'t Expr> {
        self.exprs.last().copied()
    }

    /// Whether the attribute's value is the literal itself.
    pub(crate) fn is_whole_value(&self) -> bool {
        self.exprs.len() == 1
    }

    pub(crate) fn kinds(&self) -> impl Iterator<Item = &'t str> + '_ {
        self.blocks.iter().map(|it| it.kind.name.as_str())
    }

    fn descend(&mut self, body: &'t Body, place: Span) -> bool {
        for item in &body.items {
            match item {
                Item::Block(block) if holds(block.body.span, place) => {
                    self.blocks.push(block);
                    return self.descend(&block.body, place);
                }
                Item::Attribute(attribute) if holds(attribute.value.span, place) => {
                    self.attribute = Some(attribute);
                    self.down(&attribute.value, place);
                    return true;
                }
                _ => {}
            }
        }
        false
    }

    fn down(&mut self, value: &'t Expr, place: Span) {
        self.exprs.push(value);
        let inner = match &value.kind {
            ExprKind::List(items) => items.iter().find(|it| holds(it.span, place)),
            ExprKind::Object(entries) => entries.iter().map(|it| &it.value).find(|it| holds(it.span, place)),
            _ => None,
        };
        if let Some(inner) = inner {
            self.down(inner, place);
        }
    }
}

pub(crate) fn holds(outer: Span, inner: Span) -> bool {
    outer.start <= inner.start && inner.end <= outer.end
}
