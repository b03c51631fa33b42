//! Values in `allowed_parameters` and `denied_parameters`, held against JSON text without building a tree.
//!
//! The two lists read a value differently where types are in doubt, each to the side that refuses:
//! an allowed number matches nothing, because the oracle never lets one match; a denied `1` or `"1"`
//! covers both `1` and `"1"`, because the engine behind may well take one for the other.

/// One value of a parameter list.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Bool(bool),
    List(Vec<Value>),
    Null,
    Number(f64),
    Text(TextGlob),
}

impl Value {
    /// Whether an allowed list with this value admits `json`.
    pub(crate) fn allows(&self, json: &str) -> bool {
        match (self, Json::read(json)) {
            (Self::Text(glob), Json::Text(raw)) => glob.matches(unescape(raw)),
            (Self::Bool(value), Json::Other(text)) => text == bool_text(*value),
            (Self::Null, Json::Other(text)) => text == "null",
            (Self::List(values), Json::List(text)) => pairwise(values, text, Self::allows),
            _ => false,
        }
    }

    /// Whether a denied list with this value covers `json`.
    pub(crate) fn denies(&self, json: &str) -> bool {
        match (self, Json::read(json)) {
            (Self::Text(glob), _) if glob.is_star() => true,
            (Self::Text(glob), Json::Text(raw)) => glob.matches(unescape(raw)),
            (Self::Text(glob), Json::Other(text)) => glob.matches(text.bytes()),
            (Self::Bool(value), Json::Text(text) | Json::Other(text)) => text == bool_text(*value),
            (Self::Null, Json::Other(text)) => text == "null",
            (Self::Number(number), Json::Text(text) | Json::Other(text)) => text.parse() == Ok(*number),
            (Self::List(values), Json::List(text)) => pairwise(values, text, Self::denies),
            _ => false,
        }
    }
}

/// A string with an optional `*` at either end: `*` in front is any beginning, behind any end.
///
/// A lone `*` is the string `*` (to an allowed list; a denied list covers everything by it).
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct TextGlob {
    text: Box<[u8]>,
    kind: GlobKind,
    /// For each prefix of `text` its longest border (Knuth, Morris and Pratt), so that a search takes
    /// linear time in a stream; only where one is searched for.
    borders: Box<[usize]>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum GlobKind {
    Contains,
    Ends,
    Exact,
    Starts,
}

impl TextGlob {
    pub(crate) fn new(written: &str) -> Self {
        let (kind, text) = match (written.strip_prefix('*'), written.strip_suffix('*')) {
            _ if written.len() < 2 => (GlobKind::Exact, written),
            (Some(rest), Some(_)) => (GlobKind::Contains, rest.strip_suffix('*').unwrap_or(rest)),
            (Some(rest), None) => (GlobKind::Ends, rest),
            (None, Some(rest)) => (GlobKind::Starts, rest),
            (None, None) => (GlobKind::Exact, written),
        };
        let searched = matches!(kind, GlobKind::Contains | GlobKind::Ends);
        let borders = if searched { borders(text.as_bytes()) } else { Box::default() };
        Self { text: text.as_bytes().into(), kind, borders }
    }

    /// The string and nothing else. Strings inside of a list are compared so, as the oracle does it.
    pub(crate) fn exact(text: &str) -> Self {
        Self { text: text.as_bytes().into(), kind: GlobKind::Exact, borders: Box::default() }
    }

    fn is_star(&self) -> bool {
        self.kind == GlobKind::Exact && &*self.text == b"*"
    }

    fn matches(&self, mut bytes: impl Iterator<Item = u8>) -> bool {
        match self.kind {
            GlobKind::Exact => bytes.eq(self.text.iter().copied()),
            GlobKind::Starts => self.text.iter().all(|expected| bytes.next() == Some(*expected)),
            GlobKind::Contains => self.text.is_empty() || self.search(bytes, true),
            GlobKind::Ends => self.text.is_empty() || self.search(bytes, false),
        }
    }

    /// Whether the text occurs: anywhere, or at the end.
    fn search(&self, bytes: impl Iterator<Item = u8>, anywhere: bool) -> bool {
        let mut matched = 0;
        for byte in bytes {
            while matched > 0 && self.text.get(matched) != Some(&byte) {
                matched = border_of(&self.borders, matched);
            }
            if self.text.get(matched) == Some(&byte) {
                matched += 1;
            }
            if anywhere && matched == self.text.len() {
                return true;
            }
        }
        matched == self.text.len()
    }
}

fn borders(text: &[u8]) -> Box<[usize]> {
    let mut borders = Vec::with_capacity(text.len());
    let mut matched = 0;
    for (at, byte) in text.iter().enumerate() {
        if at > 0 {
            while matched > 0 && text.get(matched) != Some(byte) {
                matched = border_of(&borders, matched);
            }
            if text.get(matched) == Some(byte) {
                matched += 1;
            }
        }
        borders.push(matched);
    }
    borders.into_boxed_slice()
}

/// The longest border of the first `length` bytes.
fn border_of(borders: &[usize], length: usize) -> usize {
    length.checked_sub(1).and_then(|last| borders.get(last)).copied().unwrap_or(0)
}

/// A JSON value, cut out of a text that has already been checked to be JSON.
enum Json<'a> {
    /// What stands between the brackets.
    List(&'a str),
    Object,
    /// A number, `true`, `false` or `null`.
    Other(&'a str),
    /// What stands between the quotes, still escaped.
    Text(&'a str),
}

impl<'a> Json<'a> {
    fn read(text: &'a str) -> Self {
        let text = text.trim_matches(is_json_space);
        if let Some(inner) = text.strip_prefix('"') {
            return Self::Text(inner.strip_suffix('"').unwrap_or(inner));
        }
        if let Some(inner) = text.strip_prefix('[') {
            return Self::List(inner.strip_suffix(']').unwrap_or(inner));
        }
        if text.starts_with('{') { Self::Object } else { Self::Other(text) }
    }
}

/// The text of a JSON string or of another scalar, as far as it is plain ASCII digits and the like:
/// enough to read a number from.
pub(crate) fn scalar_text(json: &str) -> Option<&str> {
    match Json::read(json) {
        Json::Other(text) | Json::Text(text) => Some(text),
        Json::List(_) | Json::Object => None,
    }
}

fn is_json_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r')
}

fn bool_text(value: bool) -> &'static str {
    if value { "true" } else { "false" }
}

/// Whether the list has as many elements as there are values, and each satisfies its own.
fn pairwise(values: &[Value], list: &str, test: impl Fn(&Value, &str) -> bool) -> bool {
    let mut rest = list;
    for value in values {
        let Some((element, behind)) = next_element(rest) else { return false };
        if !test(value, element) {
            return false;
        }
        rest = behind;
    }
    next_element(rest).is_none()
}

/// The first element of what stands between brackets, and what follows its comma.
fn next_element(list: &str) -> Option<(&str, &str)> {
    if list.trim_matches(is_json_space).is_empty() {
        return None;
    }
    let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
    for (at, byte) in list.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            _ if quoted => {}
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            b',' if depth == 0 => return Some((list.get(..at)?, list.get(at + 1..)?)),
            _ => {}
        }
    }
    Some((list, ""))
}

/// The bytes that a JSON string stands for, one after the other. A lone surrogate becomes U+FFFD.
fn unescape(raw: &str) -> Unescape<'_> {
    Unescape { rest: raw.as_bytes(), buffer: [0; 4], pending: 0..0 }
}

struct Unescape<'a> {
    rest: &'a [u8],
    buffer: [u8; 4],
    pending: std::ops::Range<usize>,
}

impl Unescape<'_> {
    fn take(&mut self) -> Option<u8> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*first)
    }

    /// Four hexadecimal digits.
    fn unit(rest: &[u8]) -> Option<(u32, &[u8])> {
        let (digits, rest) = rest.split_at_checked(4)?;
        Some((u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?, rest))
    }

    fn code_point(&mut self) -> char {
        let Some((high, rest)) = Self::unit(self.rest) else { return char::REPLACEMENT_CHARACTER };
        self.rest = rest;
        if (0xD800..0xDC00).contains(&high)
            && let Some((low, behind)) = rest.strip_prefix(b"\\u").and_then(Self::unit)
            && (0xDC00..0xE000).contains(&low)
        {
            self.rest = behind;
            let scalar = 0x1_0000 + ((high - 0xD800) << 10) + (low - 0xDC00);
            return char::from_u32(scalar).unwrap_or(char::REPLACEMENT_CHARACTER);
        }
        char::from_u32(high).unwrap_or(char::REPLACEMENT_CHARACTER)
    }
}

impl Iterator for Unescape<'_> {
    type Item = u8;

    fn next(&mut self) -> Option<u8> {
        if let Some(at) = self.pending.next() {
            return self.buffer.get(at).copied();
        }
        match self.take()? {
            b'\\' => match self.take()? {
                b'b' => Some(0x08),
                b'f' => Some(0x0C),
                b'n' => Some(b'\n'),
                b'r' => Some(b'\r'),
                b't' => Some(b'\t'),
                b'u' => {
                    let length = self.code_point().encode_utf8(&mut self.buffer).len();
                    self.pending = 1..length;
                    self.buffer.first().copied()
                }
                other => Some(other),
            },
            byte => Some(byte),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(written: &str) -> Value {
        Value::Text(TextGlob::new(written))
    }

    #[test]
    fn globs_stand_at_the_ends_only() {
        for (glob, json, expected) in [
            ("x", r#""x""#, true),
            ("x", r#""xy""#, false),
            ("y*", r#""yes""#, true),
            ("y*", r#""no y""#, false),
            ("*ab", r#""aab""#, true),
            ("*ab", r#""aba""#, false),
            ("*aab*", r#""caaabd""#, true),
            ("*aab*", r#""caabd""#, true),
            ("*aab*", r#""cabd""#, false),
            ("**", r#""""#, true),
            ("*", r#""x""#, false),
            ("*", r#""*""#, true),
            ("a*b", r#""axb""#, false),
            ("a*b", r#""a*b""#, true),
            ("", r#""""#, true),
            ("1", "1", false),
        ] {
            assert_eq!(text(glob).allows(json), expected, "{glob} {json}");
        }
    }

    // Rule 58: an escape is another spelling of the same value.
    #[test]
    fn escapes_do_not_hide_a_value() {
        assert!(text("root").denies(r#""\u0072oot""#));
        assert!(text("a/b").denies(r#""a\/b""#));
        assert!(text("*\u{1F511}").denies(r#""key \ud83d\udd11""#));
        assert!(text("\u{FFFD}x").denies(r#""\ud83dx""#));
        assert!(text("tab\tnew\nquote\"").denies(r#""tab\tnew\nquote\"""#));
    }

    #[test]
    fn numbers_are_never_allowed_and_denied_in_every_spelling() {
        assert!(!Value::Number(1.0).allows("1"));
        for json in ["1", "1.0", "1e0", r#""1""#] {
            assert!(Value::Number(1.0).denies(json), "{json}");
        }
        assert!(text("1").denies("1"));
        assert!(!Value::Number(1.0).denies("2"));
        assert!(!Value::Number(1.0).denies(r#""x""#));
    }

    #[test]
    fn other_types() {
        assert!(Value::Bool(true).allows("true") && !Value::Bool(true).allows("false"));
        assert!(!Value::Bool(true).allows(r#""true""#) && Value::Bool(true).denies(r#""true""#));
        assert!(Value::Null.allows("null") && !Value::Null.allows(r#""null""#));
        assert!(text("*").denies(r#"{"a":1}"#) && text("*").denies("[]"));
        assert!(!text("x").allows(r#"["x"]"#));
    }

    #[test]
    fn lists_compare_element_by_element() {
        let list =
            Value::List(vec![Value::Text(TextGlob::exact("a,]")), Value::List(vec![Value::Bool(true)])]);
        assert!(list.allows(r#" [ "a,]", [true] ]"#));
        assert!(!list.allows(r#"["a"]"#));
        assert!(!list.allows(r#"["a", [true], 1]"#));
        assert!(!list.allows(r#"["b", [true]]"#));
        assert!(Value::List(vec![]).allows("[ ]") && !Value::List(vec![]).allows("[1]"));
    }
}
