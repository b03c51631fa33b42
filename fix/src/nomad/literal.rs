//! A string as it is written in a job: its parts decoded, and text encoded for it.

use strongroom_hcl::{Attribute, Block, Body, Expr, ExprKind, Item, Span, TemplatePart, parse_json};

use super::job::Syntax;

/// Ends no line that anybody writes.
const MARK: &str = "STRONGROOM_END_OF_PART";

/// Where the string's content stands, and how.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Literal {
    pub(super) form: Form,
    /// Without quotes, or a heredoc's first and last line.
    pub(super) content: Span,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Form {
    /// A number, or a word of HCL 1.
    Bare,
    /// `<<-` takes `indent` characters from each line.
    Heredoc {
        indent: usize,
    },
    /// In HCL's form of JSON a string is a template of HCL.
    Json {
        is_template: bool,
    },
    Quoted,
}

/// What a part of a string means.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Piece {
    /// What stands in `${...}`.
    Hole(String),
    Text(String),
}

impl Literal {
    /// None where the expression is no string, number or word.
    pub(super) fn of(syntax: Syntax, expr: &Expr, text: &str) -> Option<Self> {
        let span = expr.span;
        let written = span.of(text);
        let inner = |skipped: usize| Span { start: span.start + skipped, end: span.end - skipped };
        match expr.kind {
            ExprKind::Number(_) | ExprKind::Opaque => {
                let is_word = written.chars().all(|c| c.is_alphanumeric() || "_-.".contains(c));
                is_word.then_some(Self { form: Form::Bare, content: span })
            }
            ExprKind::String(_) | ExprKind::Template(_) if syntax.is_json() => {
                Some(Self { form: Form::Json { is_template: syntax == Syntax::HclJson }, content: inner(1) })
            }
            ExprKind::String(_) | ExprKind::Template(_) if written.starts_with("<<") => {
                let first = written.find('\n')? + 1;
                let last = written.rfind('\n')? + 1;
                let content = Span { start: span.start + first, end: span.start + last.max(first) };
                let indent = if written.starts_with("<<-") { shared_indent(content.of(text)) } else { 0 };
                Some(Self { form: Form::Heredoc { indent }, content })
            }
            ExprKind::String(_) | ExprKind::Template(_) => {
                Some(Self { form: Form::Quoted, content: inner(1) })
            }
            _ => None,
        }
    }

    /// What `part` of the source means. None where it does not stand by itself, or has `%{...}`.
    pub(super) fn pieces(&self, part: Span, text: &str) -> Option<Vec<Piece>> {
        let slice = text.get(part.start..part.end)?;
        if slice.is_empty() {
            return Some(Vec::new());
        }
        match self.form {
            Form::Bare => Some(vec![Piece::Text(slice.to_owned())]),
            Form::Quoted => pieces_of(&format!("x = \"{slice}\"\n"), false),
            Form::Heredoc { indent } => {
                let begins_line = part.start == self.content.start || ends_line(text.get(..part.start)?);
                heredoc_pieces(&without_indent(slice, indent, begins_line))
            }
            Form::Json { is_template } => {
                let body = parse_json(&format!("{{\"x\":\"{slice}\"}}")).ok()?;
                let decoded = body.view().attr("x")?.as_str().ok()?;
                if is_template {
                    heredoc_pieces(decoded)
                } else {
                    Some(vec![Piece::Text(decoded.to_owned())])
                }
            }
        }
    }

    /// The same, where there is nothing but text.
    pub(super) fn plain(&self, part: Span, text: &str) -> Option<String> {
        let mut plain = String::new();
        for piece in self.pieces(part, text)? {
            let Piece::Text(piece) = piece else { return None };
            plain.push_str(&piece);
        }
        Some(plain)
    }

    /// What stands before the span, at least on its line; holes as they are written.
    pub(super) fn line_before(&self, span: Span, text: &str) -> String {
        let before = Span { start: self.content.start, end: span.start };
        let skipped = match self.form {
            Form::Heredoc { .. } => before.of(text).rfind('\n').map_or(0, |it| it + 1),
            _ => escaped_line_ends(before.of(text)).last().map_or(0, |it| it + "\\n".len()),
        };
        self.shown(Span { start: before.start + skipped, ..before }, text)
    }

    /// What stands behind the span, at least on its line.
    pub(super) fn line_behind(&self, span: Span, text: &str) -> String {
        let behind = Span { start: span.end, end: self.content.end };
        let length = match self.form {
            Form::Heredoc { .. } => behind.of(text).find('\n'),
            _ => escaped_line_ends(behind.of(text)).next(),
        };
        self.shown(Span { end: length.map_or(behind.end, |it| behind.start + it), ..behind }, text)
    }

    fn shown(&self, part: Span, text: &str) -> String {
        let pieces = self.pieces(part, text).unwrap_or_default();
        pieces.iter().fold(String::new(), |shown, piece| match piece {
            Piece::Hole(inner) => shown + "${" + inner + "}",
            Piece::Text(text) => shown + text,
        })
    }

    /// How `inner` is written within it. Nothing of it is interpolated by HCL.
    pub(super) fn write(&self, inner: &str) -> String {
        match self.form {
            Form::Bare => strongroom_hcl::quote(inner),
            Form::Heredoc { .. } => protect(inner),
            Form::Json { is_template } => {
                let inner = if is_template { protect(inner) } else { inner.to_owned() };
                unquoted(&strongroom_hcl::quote_json(&inner))
            }
            Form::Quoted => unquoted(&strongroom_hcl::quote(inner)),
        }
    }

    /// Whether the other lines mean the same when the part has become one line: `<<-` takes from each line what the least
    /// indented one has.
    pub(super) fn stands_without(&self, part: Span, text: &str) -> bool {
        let Form::Heredoc { indent } = self.form else { return true };
        let (before, behind) =
            (Span { end: part.start, ..self.content }, Span { start: part.end, ..self.content });
        indent == 0 || shared_indent(&format!("{}x{}", before.of(text), behind.of(text))) == indent
    }

    /// Whether HCL interpolates it.
    pub(super) fn is_template(&self) -> bool {
        self.form != Form::Json { is_template: false }
    }

    /// How a quote that belongs to the text stands in the source.
    pub(super) fn written_quote(&self, quote: char) -> &'static str {
        match (quote, self.form) {
            ('"', Form::Quoted | Form::Json { .. }) => "\\\"",
            ('"', _) => "\"",
            _ => "'",
        }
    }
}

/// `$${` for `${`: HCL interpolates nothing of it.
pub(super) fn protect(text: &str) -> String {
    text.replace("${", "$${").replace("%{", "%%{")
}

/// The innermost string, number or word that the span stands in.
pub(super) fn innermost(body: &Body, span: Span) -> Option<&Expr> {
    let item = body.items.iter().find(|it| holds(item_span(it), span))?;
    match item {
        Item::Attribute(Attribute { value, .. }) => within(value, span),
        Item::Block(Block { body, .. }) => innermost(body, span),
    }
}

pub(super) fn holds(outer: Span, inner: Span) -> bool {
    outer.start <= inner.start && inner.end <= outer.end
}

fn item_span(item: &Item) -> Span {
    match item {
        Item::Attribute(it) => it.span,
        Item::Block(it) => it.span,
    }
}

fn within(expr: &Expr, span: Span) -> Option<&Expr> {
    if !holds(expr.span, span) {
        return None;
    }
    match &expr.kind {
        ExprKind::List(items) => items.iter().find_map(|it| within(it, span)),
        ExprKind::Object(entries) => entries.iter().find_map(|it| within(&it.value, span)),
        _ => Some(expr),
    }
}

fn heredoc_pieces(slice: &str) -> Option<Vec<Piece>> {
    pieces_of(&format!("x = <<{MARK}\n{slice}\n{MARK}\n"), true)
}

/// The pieces of `x`'s value. A heredoc brings a newline more.
fn pieces_of(source: &str, ends_in_newline: bool) -> Option<Vec<Piece>> {
    let body = strongroom_hcl::parse(source).ok()?;
    let mut pieces = match &body.view().attr("x")?.value.kind {
        ExprKind::String(text) => vec![Piece::Text(text.clone())],
        ExprKind::Template(parts) => parts
            .iter()
            .map(|part| match part {
                TemplatePart::Literal(text, _) => Some(Piece::Text(text.clone())),
                TemplatePart::Interpolation(span) => {
                    let inner = span.of(source).strip_prefix("${")?.strip_suffix('}')?;
                    Some(Piece::Hole(inner.trim_matches('~').trim().to_owned()))
                }
            })
            .collect::<Option<_>>()?,
        _ => return None,
    };
    if let Some(Piece::Text(last)) = pieces.last_mut().filter(|_| ends_in_newline) {
        last.truncate(last.strip_suffix('\n')?.len());
    }
    pieces.retain(|it| *it != Piece::Text(String::new()));
    Some(pieces)
}

/// Where `\n` stands in a quoted string, and is no backslash with an `n` behind it.
fn escaped_line_ends(written: &str) -> impl Iterator<Item = usize> + '_ {
    written.match_indices("\\n").map(|it| it.0).filter(|at| {
        let before = written.get(..*at).unwrap_or("");
        (before.len() - before.trim_end_matches('\\').len()) % 2 == 0
    })
}

fn ends_line(before: &str) -> bool {
    before.ends_with('\n')
}

fn shared_indent(content: &str) -> usize {
    let lines = content.lines().filter(|it| !it.trim().is_empty());
    lines.map(|it| it.chars().take_while(|c| c.is_whitespace()).count()).min().unwrap_or(0)
}

fn without_indent(slice: &str, indent: usize, begins_line: bool) -> String {
    let lines = slice.split_inclusive('\n').enumerate();
    let stripped = lines.map(|(at, line)| {
        let skip = if at > 0 || begins_line { indent } else { 0 };
        let skipped: usize =
            line.chars().take(skip).take_while(|c| matches!(c, ' ' | '\t')).map(char::len_utf8).sum();
        line.get(skipped..).unwrap_or("")
    });
    stripped.collect()
}

fn unquoted(quoted: &str) -> String {
    quoted.strip_prefix('"').and_then(|it| it.strip_suffix('"')).unwrap_or(quoted).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The part between `<` and `>` of the value of `x`, with holes in brackets.
    #[track_caller]
    fn check(syntax: Syntax, source: &str, part: &str, expected: &str) {
        let body = strongroom_hcl::parse_any(source).unwrap();
        let start = source.find(part).unwrap();
        let span = Span { start, end: start + part.len() };
        let expr = innermost(&body, span).unwrap();
        let literal = Literal::of(syntax, expr, source).unwrap();
        let shown: String = literal
            .pieces(span, source)
            .unwrap()
            .into_iter()
            .map(|it| match it {
                Piece::Hole(inner) => format!("[{inner}]"),
                Piece::Text(text) => text,
            })
            .collect();
        assert_eq!(shown, expected);
    }

    #[test]
    fn parts_are_decoded_by_themselves() {
        check(Syntax::Native, r#"x = "a \"b\" c""#, r#"\"b\" "#, "\"b\" ");
        check(Syntax::Native, r#"x = ["-p", "a${NOMAD_X}$${y}"]"#, "a${NOMAD_X}$${y}", "a[NOMAD_X]${y}");
        check(Syntax::Native, "x = <<E\n a ${b}\n c\nE\n", "a ${b}\n c", "a [b]\n c");
        check(Syntax::Native, "b {\n  x = <<-E\n    a\n      b\n  E\n}\n", "    a\n      b\n", "a\n  b\n");
        check(Syntax::Native, "x = word7", "word7", "word7");
        check(Syntax::Api, r#"{"x": "a\/\u0062${c}"}"#, r"\/\u0062${c}", "/b${c}");
        check(Syntax::HclJson, r#"{"x": ["a ${var.c}"]}"#, "a ${var.c}", "a [var.c]");
    }

    #[test]
    fn text_is_encoded_for_its_place() {
        let literal = |form| Literal { form, content: Span::default() };
        let inner = "{{ with \"a\" }}${b}";
        assert_eq!(literal(Form::Quoted).write(inner), r#"{{ with \"a\" }}$${b}"#);
        assert_eq!(literal(Form::Heredoc { indent: 2 }).write(inner), r#"{{ with "a" }}$${b}"#);
        assert_eq!(literal(Form::Json { is_template: true }).write(inner), r#"{{ with \"a\" }}$${b}"#);
        assert_eq!(literal(Form::Json { is_template: false }).write(inner), r#"{{ with \"a\" }}${b}"#);
    }
}
