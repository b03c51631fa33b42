//! What must hold of every tree; the fuzz targets use this file too.

use strongroom_hcl::{
    Body, Edits, Expr, ExprKind, Item, Key, ObjectEntry, Piece, Span, TemplatePart, operands, parse,
    parse_commented, parse_json, pieces,
};

#[derive(Clone, Copy, Eq, PartialEq)]
pub(crate) enum Syntax {
    Native,
    Json,
}

/// Panics unless all spans are exact: within their parents, in order, each string's source reads as the
/// same string again, and replacing everything by itself changes nothing.
pub(crate) fn check_spans(text: &str, body: &Body, syntax: Syntax) {
    let mut walk = Walk { text, syntax, leaves: Vec::new(), covered: Vec::new() };
    walk.body(body, Span { start: 0, end: text.len() });
    let mut covered = walk.covered;
    if syntax == Syntax::Native {
        let (again, comments) = parse_commented(text).expect("it was read before");
        assert_eq!(again, *body, "comments change nothing");
        covered.extend(comments);
    }
    covered.sort_by_key(|it| it.start);
    // An expression's own comments are part of it.
    covered.dedup_by(|it, before| it.end <= before.end);
    assert_eq!(tiles(text, &covered), text);
    let mut edits = Edits::new(text);
    for leaf in walk.leaves {
        edits.replace(leaf, leaf.of(text)).expect("leaves do not overlap");
    }
    assert_eq!(edits.apply(), text);
}

/// The text put together again from what the tree knows of and from what stands between, which is nothing but
/// brackets, separators and space.
fn tiles(text: &str, covered: &[Span]) -> String {
    let mut printed = String::new();
    let mut end = 0;
    for span in covered.iter().copied().chain([Span { start: text.len(), end: text.len() }]) {
        assert!(span.start >= end, "what is read once is not read again");
        let gap = Span { start: end, end: span.start }.of(text);
        let known = |c: char| matches!(c, '{' | '}' | '[' | ']' | '=' | ':' | ',' | ' ' | '\t' | '\r' | '\n');
        assert!(gap.trim_start_matches('\u{feff}').chars().all(known), "nothing is lost: {gap:?}");
        printed.extend([gap, span.of(text)]);
        end = span.end;
    }
    printed
}

/// What the pieces of a string come to between its interpolations: text and where an interpolation stood.
fn put_together(text: &str, span: Span) -> Vec<Result<String, Span>> {
    let mut parts = Vec::new();
    let mut end = span.start;
    for piece in pieces(text, span) {
        let (at, meant) = match &piece {
            Piece::Verbatim(at) => (*at, at.of(text)),
            Piece::Escape(at, meant) => (*at, meant.as_str()),
            Piece::Interpolation(at) => (*at, ""),
        };
        assert!(at.start >= end && at.start < at.end && at.end <= span.end, "pieces are in order");
        end = at.end;
        match (&piece, parts.last_mut()) {
            (Piece::Interpolation(at), _) => parts.push(Err(*at)),
            (_, Some(Ok(last))) => String::push_str(last, meant),
            _ => parts.push(Ok(meant.to_owned())),
        }
    }
    parts
}

struct Walk<'a> {
    text: &'a str,
    syntax: Syntax,
    leaves: Vec<Span>,
    /// Keys and values that hold no others.
    covered: Vec<Span>,
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
        self.covered.push(key.span);
    }

    fn expr(&mut self, expr: &Expr, parent: Span) {
        within(expr.span, parent);
        assert!(expr.span.start < expr.span.end, "an expression is something");
        let source = expr.span.of(self.text);
        if !matches!(expr.kind, ExprKind::List(_) | ExprKind::Object(_)) {
            self.covered.push(expr.span);
        }
        match &expr.kind {
            ExprKind::Null => assert_eq!(source, "null"),
            ExprKind::Bool(value) => assert_eq!(source, value.to_string()),
            ExprKind::Number(written) => assert_eq!(source, written),
            ExprKind::Opaque => {
                for operand in operands(self.text, expr.span) {
                    within(operand.value.span, expr.span);
                    assert_ne!(operand.value.kind, ExprKind::Opaque);
                    operand.calls.iter().for_each(|it| within(*it, expr.span));
                }
            }
            ExprKind::String(value) => {
                if self.syntax == Syntax::Native {
                    let expected = if value.is_empty() { Vec::new() } else { vec![Ok(value.clone())] };
                    let mut read = put_together(self.text, expr.span);
                    read.retain(|it| it.as_ref() != Ok(&String::new()));
                    assert_eq!(read, expected);
                }
                let again = match self.syntax {
                    Syntax::Native => parse(&format!("x = {source}")),
                    Syntax::Json => parse_json(&format!("{{\"x\":{source}}}")),
                };
                let again = again.expect("a string's source is a string");
                let [Item::Attribute(attribute)] = again.items.as_slice() else { panic!("one attribute") };
                assert_eq!(attribute.value.kind, expr.kind);
            }
            ExprKind::Template(parts) => {
                let expected = parts.iter().filter_map(|part| match part {
                    TemplatePart::Literal(text, _) if text.is_empty() => None,
                    TemplatePart::Literal(text, _) => Some(Ok(text.clone())),
                    TemplatePart::Interpolation(span) => Some(Err(*span)),
                });
                assert_eq!(put_together(self.text, expr.span), expected.collect::<Vec<_>>());
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
            // A label between an object's names may be quoted, and says nothing but itself: `{` after `%` opens nothing.
            let is_literal = matches!(&entry.key.kind, ExprKind::String(name) if name.contains("${") || name.contains("%{"));
            if is_literal {
                within(entry.key.span, parent);
                self.covered.push(entry.key.span);
                self.leaves.push(entry.key.span);
            } else {
                self.expr(&entry.key, parent);
            }
            self.expr(&entry.value, parent);
        }
    }
}

fn within(inner: Span, outer: Span) {
    assert!(inner.start <= inner.end && outer.start <= inner.start && inner.end <= outer.end);
}
