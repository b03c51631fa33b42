//! A secret that is replaced where it stands, in a text that the agent will render.

use strongroom_hcl::Span;
use strongroom_scan::{Finding, Format, Layer};

use crate::{
    Edit, Reference,
    layout::{indentation, line_around},
    render::{self, Delimiters, Encoding, Step},
};

/// How one secret is stored, and written again in its place.
#[derive(Debug)]
pub(crate) struct InPlace {
    /// What goes into the store: the value, or where no function can write it again, what stands there.
    pub(crate) stored: String,
    span: Span,
    encoding: Encoding,
    /// The lines behind the first are indented so far.
    indent: usize,
    is_in_quotes: bool,
}

impl InPlace {
    pub(crate) fn of(text: &str, finding: &Finding, format: Format) -> Self {
        let raw = finding.span.of(text);
        let value = finding.value.expose();
        let plain = |stored: &str| Self {
            stored: stored.to_owned(),
            span: finding.span,
            encoding: Encoding::plain(),
            indent: 0,
            is_in_quotes: false,
        };
        if raw.contains('\n') {
            let indent = raw.lines().nth(1).map_or(0, |it| indentation(it).len());
            return match indented(value, indent) == raw {
                true => Self { indent, ..plain(value) },
                false => plain(raw),
            };
        }
        if format == Format::Yaml && is_bare_scalar(text, finding) {
            // The next value may have what YAML takes for its own.
            return Self { encoding: Encoding::one(Step::Json, value), ..plain(value) };
        }
        let encoding = Encoding::between(&finding.layers, value, raw);
        // Within a string of JSON or HCL an action has no quotes of its own, or it is none before it is rendered.
        let is_in_quotes =
            matches!(format, Format::Hcl | Format::Json) || finding.layers.contains(&Layer::Json);
        match encoding.filter(|it| !is_in_quotes || !it.pipeline("").contains('"')) {
            Some(encoding) => Self { encoding, is_in_quotes, ..plain(value) },
            None => Self { is_in_quotes, ..plain(raw) },
        }
    }

    pub(crate) fn edit(&self, reference: &Reference, mount: &str, delimiters: &Delimiters) -> Edit {
        let text = if self.indent == 0 {
            let action = render::action(reference, mount, &self.encoding, delimiters);
            if self.is_in_quotes { action.replace('"', "`") } else { action }
        } else {
            let value = render::field(reference);
            let spaces = " ".repeat(self.indent);
            let with = delimiters.action(&format!("with {}", render::secret(reference, mount)));
            let value =
                delimiters.action(&format!("{value} | indent {} | trimPrefix \"{spaces}\"", self.indent));
            format!("{with}{value}{}", delimiters.action("end"))
        };
        Edit { span: self.span, text }
    }
}

/// The marks of actions that a fix has put there before, or marks that the text has not yet.
pub(crate) fn free_delimiters(text: &str) -> Delimiters {
    let known = [("{{", "}}"), ("[[", "]]"), ("<<", ">>"), ("((", "))")];
    let is_ours = |left: &str| ['"', '`'].iter().any(|it| text.contains(&format!("{left} with secret {it}")));
    let ours = known.iter().find(|(left, _)| is_ours(left));
    ours.or_else(|| known.iter().find(|(left, _)| !text.contains(left)))
        .map_or_else(|| Delimiters::new("{%%", "%%}"), |(left, right)| Delimiters::new(left, right))
}

/// As the template's function does it, but for the first line.
pub(crate) fn indented(value: &str, by: usize) -> String {
    let spaces = " ".repeat(by);
    let lines: Vec<String> = value.split('\n').map(|it| format!("{spaces}{it}")).collect();
    let all = lines.join("\n");
    all.strip_prefix(&spaces).unwrap_or(&all).to_owned()
}

/// A word of YAML without quotes that is a value of its own, and is a string whatever it looks like.
fn is_bare_scalar(text: &str, finding: &Finding) -> bool {
    let quoted =
        [Layer::YamlDouble, Layer::YamlSingle, Layer::YamlBlock, Layer::Json, Layer::Base64, Layer::Percent];
    let (raw, value) = (finding.span.of(text), finding.value.expose());
    if finding.layers.iter().any(|it| quoted.contains(it)) || raw != value {
        return false;
    }
    let line = line_around(text, finding.span.start);
    let before = text.get(line.start..finding.span.start).unwrap_or("");
    // `login: user:secret` has a part of its value alone.
    if !before.ends_with([' ', '\t']) {
        return false;
    }
    let before = without_anchor(before.trim_end());
    let behind = text.get(finding.span.end..line.end).unwrap_or("").trim_start();
    let is_own = (before.ends_with(':') || before.ends_with('-'))
        && (behind.is_empty() || behind.starts_with(['#', ',', '}', ']']));
    is_own && !reads_as_another_type(raw)
}

/// `secret: &secret` is what stands before an anchored value.
fn without_anchor(before: &str) -> &str {
    match before.rsplit_once([' ', '\t']) {
        Some((rest, anchor)) if anchor.len() > 1 && anchor.starts_with('&') => rest.trim_end(),
        _ => before,
    }
}

/// Numbers, dates and the words that are no strings.
fn reads_as_another_type(word: &str) -> bool {
    let is_number = word.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c))
        && word.chars().all(|c| c.is_ascii_hexdigit() || "+-.:_xo".contains(c));
    let lower = word.to_ascii_lowercase();
    is_number
        || matches!(lower.as_str(), "true" | "false" | "yes" | "no" | "on" | "off" | "null" | "~" | "y" | "n")
}
