//! What must hold of every tree; the fuzz targets use this file too.

use strongroom_hcl::{
    Body, Edits, Expr, ExprKind, Item, Key, ObjectEntry, Span, TemplatePart, parse, parse_json,
};

#[derive(Clone, Copy, Eq, PartialEq)]
pub(crate) enum Syntax {
    Native,
    Json,
}

/// Panics unless all spans are exact: within their parents, in order, each string's source reads as the
/// same string again, and replacing everything by itself changes nothing.
pub(crate) fn check_spans(text: &str, body: &Body, syntax: Syntax) {
    let mut walk = Walk { text, syntax, leaves: Vec::new() };
    walk.body(body, Span { start: 0, end: text.len() });
    let mut edits = Edits::new(text);
    for leaf in walk.leaves {
        edits.replace(leaf, leaf.of(text)).expect("leaves do not overlap");
    }
    assert_eq!(edits.apply(), text);
}

struct Walk<'a> {
    text: &'a str,
    syntax: Syntax,
    leaves: Vec<Span>,
}

impl Walk<'_> {
    fn body(&mut self, body: &Body, parent: Span) {
        within(body.span, parent);
        let mut end = body.span.start;
        for item in &body.items {
            let span = match item {
                Item::Attribute(attribute) => {
                    within(attribute.key.span, attribute.span);
                    assert_eq!(attribute.key.span.start, attribute.span.start);
                    assert_eq!(attribute.value.span.end, attribute.span.end);
                    assert!(attribute.key.span.end < attribute.value.span.start);
                    self.key(&attribute.key);
                    self.expr(&attribute.value, attribute.span);
                    attribute.span
                }
                Item::Block(block) => {
                    assert_eq!(block.kind.span.start, block.span.start);
                    self.key(&block.kind);
                    let mut end = block.kind.span.end;
                    for label in &block.labels {
                        assert!(label.span.start >= end, "labels are in order");
                        end = label.span.end;
                        self.key(label);
                    }
                    assert!(block.body.span.start > end);
                    assert_eq!(block.body.span.end + 1, block.span.end);
                    self.body(&block.body, block.span);
                    block.span
                }
            };
            within(span, body.span);
            assert!(span.start >= end, "items are in order");
            end = span.end;
        }
    }

    fn key(&mut self, key: &Key) {
        let source = key.span.of(self.text);
        assert_eq!(key.quoted, source.starts_with('"'));
        if !key.quoted {
            assert_eq!(source, key.name);
        }
        self.leaves.push(key.span);
    }

    fn expr(&mut self, expr: &Expr, parent: Span) {
        within(expr.span, parent);
        assert!(expr.span.start < expr.span.end, "an expression is something");
        let source = expr.span.of(self.text);
        match &expr.kind {
            ExprKind::Null => assert_eq!(source, "null"),
            ExprKind::Bool(value) => assert_eq!(source, value.to_string()),
            ExprKind::Number(written) => assert_eq!(source, written),
            ExprKind::Opaque => {}
            ExprKind::String(_) => {
                let again = match self.syntax {
                    Syntax::Native => parse(&format!("x = {source}")),
                    Syntax::Json => parse_json(&format!("{{\"x\":{source}}}")),
                };
                let again = again.expect("a string's source is a string");
                let [Item::Attribute(attribute)] = again.items.as_slice() else { panic!("one attribute") };
                assert_eq!(attribute.value.kind, expr.kind);
            }
            ExprKind::Template(parts) => {
                let mut end = expr.span.start;
                for part in parts {
                    let (TemplatePart::Literal(_, span) | TemplatePart::Interpolation(span)) = part;
                    within(*span, expr.span);
                    assert!(span.start >= end && span.start < span.end, "parts are in order");
                    end = span.end;
                    if let TemplatePart::Interpolation(span) = part {
                        let source = span.of(self.text);
                        assert!(source.starts_with("${") || source.starts_with("%{"));
                        assert!(source.ends_with('}'));
                    }
                    self.leaves.push(*span);
                }
                return;
            }
            ExprKind::List(items) => {
                assert!(source.starts_with('[') && source.ends_with(']'));
                let mut end = expr.span.start + 1;
                for item in items {
                    assert!(item.span.start >= end, "items are in order");
                    end = item.span.end;
                    self.expr(item, expr.span);
                }
                return;
            }
            ExprKind::Object(entries) => return self.entries(entries, expr.span),
        }
        self.leaves.push(expr.span);
    }

    fn entries(&mut self, entries: &[ObjectEntry], parent: Span) {
        let mut end = parent.start;
        for entry in entries {
            assert!(entry.key.span.start >= end, "entries are in order");
            assert!(entry.value.span.start >= entry.key.span.end, "a value follows its key");
            end = entry.value.span.end;
            self.expr(&entry.key, parent);
            self.expr(&entry.value, parent);
        }
    }
}

fn within(inner: Span, outer: Span) {
    assert!(inner.start <= inner.end && outer.start <= inner.start && inner.end <= outer.end);
}
