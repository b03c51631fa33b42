//! The value of a variable in an `env` block, taken apart: text, secrets, and what Nomad puts in.

use strongroom_hcl::Span;
use strongroom_scan::{Finding, Layer, Value};
use zeroize::Zeroizing;

use super::job::Syntax;
use super::line::{Part, is_bare};
use super::literal::{Form, Literal, Piece};
use crate::{
    jdbc,
    render::{Encoding, Step},
};

/// What is stored for a finding, and how it is written where it stands.
#[derive(Clone, Debug)]
pub(super) struct Stored {
    pub(super) value: Value,
    pub(super) encoding: Encoding,
    /// What stands there, the job's own syntax undone.
    pub(super) raw: Value,
    /// It is of a string of JSON, or all of it.
    pub(super) is_of_json: bool,
}

impl Stored {
    /// How any value is written within the quotes that stay where they are.
    pub(super) fn within_quotes(&self) -> Encoding {
        match self.is_of_json && self.encoding.is_plain() {
            true => Encoding::one(Step::JsonInner, self.value.expose()),
            false => self.encoding.clone(),
        }
    }
}

/// None where something is interpolated within the secret.
pub(super) fn stored(syntax: Syntax, literal: &Literal, finding: &Finding, text: &str) -> Option<Stored> {
    let raw = Value::new(&Zeroizing::new(literal.plain(finding.span, text)?));
    let value = finding.value.expose();
    let layers = inner_layers(syntax, &finding.layers);
    let is_of_json =
        matches!(layers, [Layer::Json, ..] | [Layer::HclQuoted | Layer::HclHeredoc, Layer::Json, ..]);
    if let Some(encoding) = Encoding::between(layers, value, raw.expose()) {
        if encoding.is_plain() && is_within_url(&literal.line_before(finding.span, text)) {
            let percent = Encoding::one(Step::Percent, value);
            if *percent.apply(value) == raw.expose() {
                return Some(Stored { value: raw.clone(), encoding: percent, raw, is_of_json });
            }
        }
        return Some(Stored { value: finding.value.clone(), encoding, raw, is_of_json });
    }
    Some(Stored { value: raw.clone(), encoding: Encoding::plain(), raw, is_of_json: false })
}

/// Without the job's own way of writing.
pub(super) fn inner_layers(syntax: Syntax, layers: &[Layer]) -> &[Layer] {
    match layers {
        [Layer::Json, inner @ ..] if syntax.is_json() => inner,
        layers => layers,
    }
}

/// Behind `scheme://`, in the same word.
pub(super) fn is_within_url(before: &str) -> bool {
    let word = before.rsplit(|c: char| c.is_whitespace() || "\"'<>".contains(c)).next().unwrap_or("");
    let Some((scheme, _)) = word.rsplit_once("://") else { return false };
    scheme.ends_with(|c: char| c.is_ascii_alphanumeric()) && !jdbc::is_property(word)
}

/// The parts of a value, with a secret for each finding: `secrets` are its span, its want and what is stored.
/// None where something is interpolated whose value nobody knows for certain in a template.
pub(super) fn parts(literal: &Literal, secrets: &[(Span, usize, &Stored)], text: &str) -> Option<Vec<Part>> {
    let mut parts = Vec::new();
    let mut at = literal.content.start;
    let mut strings = Vec::new();
    for (span, want, stored) in secrets {
        text_parts(literal, Span { start: at, end: span.start }, text, &mut parts)?;
        if stored.is_of_json {
            strings.push((parts.len(), stored.value.expose()));
        }
        let is_safe = is_bare(stored.raw.expose());
        parts.push(Part::Secret { want: *want, encoding: stored.encoding.clone(), is_safe });
        at = span.end;
    }
    text_parts(literal, Span { start: at, end: literal.content.end }, text, &mut parts)?;
    strings.into_iter().for_each(|(at, value)| quote(&mut parts, at, value));
    Some(parts)
}

/// A whole string of JSON gets its quotes from the action, which escapes the next value too.
fn quote(parts: &mut [Part], at: usize, value: &str) {
    let (before, rest) = parts.split_at_mut(at);
    if let ([.., Part::Text(before)], [Part::Secret { encoding, .. }, Part::Text(behind), ..]) =
        (before, rest)
        && !before.ends_with("\\\"")
        && let Some(open) = before.strip_suffix('"').map(str::len)
        && let Some(close) = behind.strip_prefix('"').map(str::to_owned)
    {
        *encoding = std::mem::take(encoding).in_json_quotes(value);
        before.truncate(open);
        *behind = close;
    }
}

fn text_parts(literal: &Literal, span: Span, text: &str, into: &mut Vec<Part>) -> Option<()> {
    if span.start >= span.end {
        return Some(());
    }
    // A word or number is its finding, all of it.
    if literal.form == Form::Bare {
        return None;
    }
    for piece in literal.pieces(span, text)? {
        match piece {
            Piece::Hole(inner) => into.push(hole(&inner)?),
            // What HCL left as text, Nomad still looks through.
            Piece::Text(text) => runtime_parts(&text, into)?,
        }
    }
    Some(())
}

/// What `${inner}` of a job is. None where it is an expression.
pub(super) fn hole(inner: &str) -> Option<Part> {
    let is_word = |extra: &str| {
        inner.chars().all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c) || extra.contains(c))
    };
    if (inner.starts_with("var.") || inner.starts_with("local.")) && is_word("[]\"") {
        return Some(Part::Hcl(inner.to_owned()));
    }
    if is_word("") { runtime(inner) } else { None }
}

/// What Nomad knows before any template is rendered, and a template can ask for.
fn runtime(name: &str) -> Option<Part> {
    let known = ["NOMAD_", "attr.", "meta.", "node."];
    if !known.iter().any(|it| name.starts_with(it)) {
        return None;
    }
    // In a task's environment these have no other characters.
    let cleaned = ["NOMAD_ADDR_", "NOMAD_IP_", "NOMAD_PORT_", "NOMAD_HOST_PORT_", "NOMAD_META_"];
    let clean = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
    let is_cleaned = cleaned.iter().any(|it| name.starts_with(it));
    Some(Part::Run(if is_cleaned { name.chars().map(clean).collect() } else { name.to_owned() }))
}

fn runtime_parts(text: &str, into: &mut Vec<Part>) -> Option<()> {
    let mut rest = text;
    let mut plain = String::new();
    while let Some((before, behind)) = rest.split_once("${") {
        plain.push_str(before);
        let name = behind.split_once('}').map_or("", |it| it.0);
        let is_name =
            !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c));
        rest = match runtime(name).filter(|_| is_name) {
            Some(run) => {
                push_text(&mut plain, into);
                into.push(run);
                behind.split_once('}').map_or("", |it| it.1)
            }
            // Nothing has this name unless the node's own environment has it, or another template.
            None if is_name => return None,
            None => {
                plain.push_str("${");
                behind
            }
        };
    }
    plain.push_str(rest);
    push_text(&mut plain, into);
    Some(())
}

fn push_text(text: &mut String, into: &mut Vec<Part>) {
    if !text.is_empty() {
        into.push(Part::Text(std::mem::take(text)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<&[Part]>) {
        let mut parts = Vec::new();
        let found = runtime_parts(text, &mut parts).map(|()| parts);
        assert_eq!(found.as_deref(), expected);
    }

    #[test]
    fn what_nomad_puts_in_is_known_or_refused() {
        let text = |it: &str| Part::Text(it.to_owned());
        let run = |it: &str| Part::Run(it.to_owned());
        check("a${NOMAD_ALLOC_ID}b", Some(&[text("a"), run("NOMAD_ALLOC_ID"), text("b")]));
        check("${NOMAD_ADDR_my-port}", Some(&[run("NOMAD_ADDR_my_port")]));
        check("${attr.unique.network.ip-address}", Some(&[run("attr.unique.network.ip-address")]));
        check("${a b} ${", Some(&[text("${a b} ${")]));
        check("${OTHER}", None);
        assert_eq!(hole("var.db[0].user"), Some(Part::Hcl("var.db[0].user".to_owned())));
        assert_eq!(hole("upper(var.x)"), None);
        assert_eq!(hole("each.key"), None);
    }

    #[test]
    fn urls_are_known_by_their_scheme() {
        assert!(is_within_url("--broker=amqp://orders:"));
        assert!(is_within_url("a b https://x/?token="));
        assert!(!is_within_url("https://x y="));
        assert!(!is_within_url("password="));
    }
}
