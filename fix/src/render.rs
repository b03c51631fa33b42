//! References to the store as actions of templates (consul-template's, which Nomad and the agent render).
//!
//! A value that stood in a URL, in quotes or in a shell's word was written in the way that its place asks for.
//! The store keeps what it means, and the action writes it again: the [`Encoding`] is the rest of its pipeline.

use std::borrow::Cow;
use std::fmt::Write as _;

use data_encoding::BASE64;
use strongroom_scan::Layer;
use zeroize::Zeroizing;

use crate::Reference;

/// What stands around an action.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Delimiters {
    pub(crate) left: String,
    pub(crate) right: String,
}

impl Default for Delimiters {
    fn default() -> Self {
        Self::new("", "")
    }
}

impl Delimiters {
    /// An empty side keeps its default.
    pub(crate) fn new(left: &str, right: &str) -> Self {
        let or = |given: &str, default: &str| if given.is_empty() { default } else { given }.to_owned();
        Self { left: or(left, "{{"), right: or(right, "}}") }
    }

    /// `{{ inner }}`.
    pub(crate) fn action(&self, inner: &str) -> String {
        format!("{} {inner} {}", self.left, self.right)
    }
}

/// A way of writing that a pipeline can do.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(crate) enum Step {
    Base64,
    /// `$$` for `$`.
    Dollars,
    /// A JSON string with its quotes, which YAML, TOML and the files of `env = true` read as well.
    Json,
    /// What stands between the quotes of a JSON string.
    JsonInner,
    /// Lines behind the first one begin with so many spaces.
    Lines(usize),
    /// `%20`, in all parts of a URL.
    Percent,
    /// `''` for `'`.
    Quotes,
    ShellDouble,
    ShellSingle,
    Xml,
}

impl Step {
    /// `raw` is what the layer left.
    fn of(layer: Layer, raw: &str) -> Option<Self> {
        match layer {
            Layer::Base64 => Some(Self::Base64),
            Layer::Compose => Some(Self::Dollars),
            Layer::EnvDouble | Layer::Json | Layer::Toml | Layer::YamlDouble => Some(Self::JsonInner),
            Layer::Percent => Some(Self::Percent),
            Layer::ShellDouble => Some(Self::ShellDouble),
            Layer::ShellSingle => Some(Self::ShellSingle),
            Layer::Sql | Layer::YamlSingle => Some(Self::Quotes),
            Layer::Xml => Some(Self::Xml),
            Layer::YamlBlock => {
                let second = raw.split('\n').nth(1)?;
                Some(Self::Lines(second.len() - second.trim_start_matches(' ').len()))
            }
            _ => None,
        }
    }

    /// The functions, for `value`: some characters ask for more of them.
    fn pipe(self, value: &str) -> Cow<'static, str> {
        let angled = value.contains(['<', '>', '&']);
        let pipe = match self {
            Self::Lines(spaces) => {
                let spaces = " ".repeat(spaces);
                return format!(r#"replaceAll "\n" "\n{spaces}""#).into();
            }
            Self::Base64 => "base64Encode",
            Self::Dollars => r#"replaceAll "$" "$$""#,
            // `toJSON` writes these three as `\u003c`, which means the same; this one leaves them as they are.
            Self::Json if angled => "toUnescapedJSON",
            Self::Json => "toJSON",
            Self::JsonInner if angled => r#"toUnescapedJSON | trimPrefix "\"" | trimSuffix "\"""#,
            Self::JsonInner => r#"toJSON | trimPrefix "\"" | trimSuffix "\"""#,
            // `urlquery` writes a space as `+`, which means a space in queries alone, and the next value may have one.
            Self::Percent => r#"urlquery | replaceAll "+" "%20""#,
            Self::Quotes => r#"replaceAll "'" "''""#,
            Self::ShellDouble => {
                r#"replaceAll "\\" "\\\\" | replaceAll "\"" "\\\"" | replaceAll "$" "\\$" | replaceAll "`" "\\`""#
            }
            Self::ShellSingle => r#"replaceAll "'" "'\\''""#,
            Self::Xml => {
                r#"replaceAll "&" "&amp;" | replaceAll "<" "&lt;" | replaceAll ">" "&gt;" | replaceAll "\"" "&quot;""#
            }
        };
        pipe.into()
    }

    /// What those functions make of it.
    fn apply(self, value: &str) -> String {
        match self {
            Self::Base64 => BASE64.encode(value.as_bytes()),
            Self::Dollars => value.replace('$', "$$"),
            Self::Json => format!("\"{}\"", json_inner(value)),
            Self::JsonInner => json_inner(value),
            Self::Lines(spaces) => value.replace('\n', &format!("\n{}", " ".repeat(spaces))),
            Self::Percent => percent(value),
            Self::Quotes => value.replace('\'', "''"),
            Self::ShellDouble => {
                value.replace('\\', r"\\").replace('"', "\\\"").replace('$', r"\$").replace('`', r"\`")
            }
            Self::ShellSingle => value.replace('\'', r"'\''"),
            Self::Xml => {
                value.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
            }
        }
    }
}

/// A step without effect on the value of today is left out, so that the template can be read. These are kept, for the next
/// value: what it would be without them is another statement, another element or another part of the URL.
fn keeps(layer: Layer) -> bool {
    matches!(layer, Layer::Percent | Layer::Sql | Layer::Xml)
}

/// How the value is written again, the innermost step first.
#[derive(Clone, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(crate) struct Encoding {
    steps: Vec<(Step, Cow<'static, str>)>,
}

impl Encoding {
    /// As it is stored.
    pub(crate) fn plain() -> Self {
        Self::default()
    }

    /// The way from what is stored (`value`) to what stood there (`raw`, the syntax of the file itself undone),
    /// through `layers`, the outermost first. None where these steps do not give the same bytes: then what
    /// stood there is to be stored as it is.
    pub(crate) fn between(layers: &[Layer], value: &str, raw: &str) -> Option<Self> {
        let mut encoding = Self::plain();
        let mut written = Zeroizing::new(value.to_owned());
        for (layer, step) in layers.iter().rev().filter_map(|it| Some((it, Step::of(*it, raw)?))) {
            let next = Zeroizing::new(step.apply(&written));
            if *next != *written || keeps(*layer) {
                encoding.steps.push((step, step.pipe(&written)));
            }
            written = next;
        }
        (*written == raw).then_some(encoding)
    }

    /// One step, whatever the value.
    pub(crate) fn one(step: Step, value: &str) -> Self {
        Self::plain().then(step, value)
    }

    /// With `step` after the others; `value` is what is stored.
    pub(crate) fn then(mut self, step: Step, value: &str) -> Self {
        let written = self.apply(value);
        self.steps.push((step, step.pipe(&written)));
        self
    }

    /// With the quotes of JSON around it: it stood in quotes already.
    pub(crate) fn in_json_quotes(mut self, value: &str) -> Self {
        self.steps.pop_if(|(step, _)| *step == Step::JsonInner);
        self.then(Step::Json, value)
    }

    pub(crate) fn is_plain(&self) -> bool {
        self.steps.is_empty()
    }

    /// Whether any value at all can be written so, within a word of a URL.
    pub(crate) fn ends_in_percent(&self) -> bool {
        self.steps.last().is_some_and(|(step, _)| *step == Step::Percent)
    }

    pub(crate) fn apply(&self, value: &str) -> Zeroizing<String> {
        self.steps
            .iter()
            .fold(Zeroizing::new(value.to_owned()), |it, (step, _)| Zeroizing::new(step.apply(&it)))
    }

    /// `subject | urlquery`.
    pub(crate) fn pipeline(&self, subject: &str) -> String {
        let mut pipeline = subject.to_owned();
        for (_, functions) in &self.steps {
            // Writing to a string does not fail.
            let _ = write!(pipeline, " | {functions}");
        }
        pipeline
    }
}

/// `.Data.data.FIELD`: what a field is called within `with secret`.
pub(crate) fn field(reference: &Reference) -> String {
    let plain = reference.field.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && !reference.field.starts_with(|c: char| c.is_ascii_digit());
    if plain {
        format!(".Data.data.{}", reference.field)
    } else {
        format!("(index .Data.data {})", quoted(&reference.field))
    }
}

/// `secret "secret/data/job/task"`.
pub(crate) fn secret(reference: &Reference, mount: &str) -> String {
    format!("secret {}", quoted(&reference.data_path(mount)))
}

/// The whole of a reference, wherever it stands: it hangs on no dot around it.
pub(crate) fn action(
    reference: &Reference,
    mount: &str,
    encoding: &Encoding,
    delimiters: &Delimiters,
) -> String {
    let with = delimiters.action(&format!("with {}", secret(reference, mount)));
    let value = delimiters.action(&encoding.pipeline(&field(reference)));
    format!("{with}{value}{}", delimiters.action("end"))
}

/// A string as Go's templates and JSON write it.
pub(crate) fn quoted(text: &str) -> String {
    format!("\"{}\"", json_inner(text))
}

fn json_inner(value: &str) -> String {
    let mut inner = String::with_capacity(value.len());
    for c in value.chars() {
        match c {
            '"' => inner.push_str("\\\""),
            '\\' => inner.push_str("\\\\"),
            '\n' => inner.push_str("\\n"),
            '\r' => inner.push_str("\\r"),
            '\t' => inner.push_str("\\t"),
            // As Go writes them.
            '\u{2028}' | '\u{2029}' => {
                let _ = write!(inner, "\\u{:04x}", u32::from(c));
            }
            c if u32::from(c) < 0x20 => {
                let _ = write!(inner, "\\u{:04x}", u32::from(c));
            }
            c => inner.push(c),
        }
    }
    inner
}

/// As `urlquery` does it but for spaces, and Ruby's `ERB::Util.url_encode` for all.
pub(crate) fn percent(value: &str) -> String {
    let mut written = String::with_capacity(value.len());
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            written.push(char::from(byte));
        } else {
            let _ = write!(written, "%{byte:02X}");
        }
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(layers: &[Layer], value: &str, raw: &str, pipeline: Option<&str>) {
        let encoding = Encoding::between(layers, value, raw);
        assert_eq!(encoding.as_ref().map(|it| it.pipeline(".X")).as_deref(), pipeline);
        if let Some(encoding) = encoding {
            assert_eq!(*encoding.apply(value), raw);
        }
    }

    #[test]
    fn the_layers_tell_how_a_value_is_written_again() {
        let url = r#".X | urlquery | replaceAll "+" "%20""#;
        check(&[Layer::HclQuoted], "plain", "plain", Some(".X"));
        check(&[Layer::HclQuoted, Layer::Percent], "p@ss/w", "p%40ss%2Fw", Some(url));
        check(&[Layer::Percent], "a b", "a%20b", Some(url));
        check(&[Layer::Sql], "it's", "it''s", Some(".X | replaceAll \"'\" \"''\""));
        check(&[Layer::YamlSingle], "plain", "plain", Some(".X"));
        check(&[Layer::ShellSingle], "it's", r"it'\''s", Some(r#".X | replaceAll "'" "'\\''""#));
        check(&[Layer::YamlBlock], "a\nb\n c", "a\n  b\n   c", Some(r#".X | replaceAll "\n" "\n  ""#));
        check(&[Layer::Base64], "a:b", "YTpi", Some(".X | base64Encode"));
        check(&[Layer::Compose], "a$b", "a$$b", Some(r#".X | replaceAll "$" "$$""#));
        check(
            &[Layer::ShellSingle, Layer::Json],
            "a\"'b",
            r#"a\"'\''b"#,
            Some(r#".X | toJSON | trimPrefix "\"" | trimSuffix "\"" | replaceAll "'" "'\\''""#),
        );
        check(
            &[Layer::Json],
            "<\n",
            r"<\n",
            Some(r#".X | toUnescapedJSON | trimPrefix "\"" | trimSuffix "\"""#),
        );
    }

    #[test]
    fn what_no_step_gives_is_stored_as_it_stands() {
        check(&[Layer::Percent], "p@ss!", "p%40ss!", None);
        check(&[Layer::Base64], "part", "cGFydCBvZiBtb3Jl", None);
    }

    #[test]
    fn an_action_is_whole_wherever_it_stands() {
        let reference = Reference { path: "job/task".to_owned(), field: "DB_PASSWORD".to_owned() };
        let json = Encoding::one(Step::Json, "x");
        assert_eq!(
            action(&reference, "secret", &json, &Delimiters::new("[[", "]]")),
            r#"[[ with secret "secret/data/job/task" ]][[ .Data.data.DB_PASSWORD | toJSON ]][[ end ]]"#
        );
        let odd = Reference { field: "a-b".to_owned(), ..reference };
        assert_eq!(field(&odd), r#"(index .Data.data "a-b")"#);
    }
}
