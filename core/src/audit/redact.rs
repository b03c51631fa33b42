//! What a device may see: string values as MACs, numbers, booleans and names in the clear.
//!
//! JSON goes through as text, from the bytes that came to the bytes of the line, without a tree between.
//! What is copied is what the grammar allows outside of strings; all else is hashed, what does not parse
//! included.

use data_encoding::HEXLOWER;

use super::text;
use crate::crypto::{Key, mac::MacKey};

/// Nesting that is followed; a request's body is bounded below that.
const MAX_DEPTH: usize = 100;

const PREFIX: &[u8] = b"hmac-sha256:";

/// One device's view. Each device has a MAC key of its own, so that equal values in two devices' files
/// cannot be matched by somebody who can read both.
pub(crate) struct Redactor {
    key: MacKey,
    /// Accessors as MACs (the default, as in Vault).
    pub(super) hash_accessors: bool,
    /// Paths and the names of fields as MACs too.
    pub(super) hash_names: bool,
}

impl Redactor {
    pub(super) fn new(key: &Key, hash_accessors: bool, hash_names: bool) -> Self {
        Self { key: MacKey::new(key), hash_accessors, hash_names }
    }

    /// `hmac-sha256:` and 64 hex digits: what `sys/audit-hash` answers, and what lines hold.
    pub(crate) fn hash(&self, value: &[u8]) -> String {
        format!("hmac-sha256:{}", HEXLOWER.encode(&self.key.plain(value)))
    }

    /// Appends a value's MAC as a JSON string.
    pub(super) fn mac(&self, out: &mut Vec<u8>, value: &[u8]) {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        out.push(b'"');
        out.extend_from_slice(PREFIX);
        for byte in self.key.plain(value) {
            let digit = |it: u8| DIGITS.get(usize::from(it)).copied().unwrap_or(b'0');
            out.extend([digit(byte >> 4), digit(byte & 15)]);
        }
        out.push(b'"');
    }

    /// Appends a field whose value is secret.
    pub(super) fn field(&self, out: &mut Vec<u8>, name: &str, value: &[u8]) {
        text::key(out, name);
        self.mac(out, value);
    }

    pub(super) fn accessor(&self, out: &mut Vec<u8>, name: &str, accessor: &str) {
        match self.hash_accessors {
            true => self.field(out, name, accessor.as_bytes()),
            false => text::text(out, name, accessor),
        }
    }

    /// Appends a field with a path, or with another name that somebody chose.
    pub(super) fn path(&self, out: &mut Vec<u8>, name: &str, path: &str) {
        match self.hash_names {
            true => self.field(out, name, path.as_bytes()),
            false => text::text(out, name, path),
        }
    }

    /// Appends the name of a field that a client chose, and the colon.
    pub(super) fn name(&self, out: &mut Vec<u8>, name: &str) {
        if out.last() != Some(&b'{') {
            out.push(b',');
        }
        match self.hash_names {
            true => self.mac(out, name.as_bytes()),
            false => text::string(out, name),
        }
        out.push(b':');
    }

    /// Appends a JSON value, redacted. `name` is the field it stands in; the values of fields in `clear`
    /// pass, at whatever depth (`audit_non_hmac_request_keys` and its twin). What is no JSON is hashed whole.
    pub(super) fn value(&self, out: &mut Vec<u8>, json: &[u8], name: &str, clear: &[String]) {
        let start = out.len();
        let mut walk = Walk { redactor: self, json, at: 0, clear };
        let passes = walk.is_clear(name);
        if walk.value(out, passes, 0).is_none() || !walk.rest().trim_ascii().is_empty() {
            out.truncate(start);
            self.mac(out, json);
        }
    }
}

struct Walk<'a> {
    redactor: &'a Redactor,
    json: &'a [u8],
    at: usize,
    clear: &'a [String],
}

/// `None`: not JSON.
impl<'a> Walk<'a> {
    fn value(&mut self, out: &mut Vec<u8>, clear: bool, depth: usize) -> Option<()> {
        if depth > MAX_DEPTH {
            return None;
        }
        match self.peek()? {
            b'{' => self.object(out, depth),
            b'[' => self.array(out, clear, depth),
            b'"' => {
                let text = self.string()?;
                match clear {
                    true => text::string(out, &text),
                    false => self.redactor.mac(out, text.as_bytes()),
                }
                Some(())
            }
            _ => self.scalar(out),
        }
    }

    fn object(&mut self, out: &mut Vec<u8>, depth: usize) -> Option<()> {
        self.take(b'{')?;
        out.push(b'{');
        if self.peek()? != b'}' {
            loop {
                self.peek().filter(|it| *it == b'"')?;
                let name = self.string()?;
                self.redactor.name(out, &name);
                self.take(b':')?;
                let passes = self.is_clear(&name);
                self.value(out, passes, depth + 1)?;
                match self.peek()? {
                    b',' => self.take(b',')?,
                    _ => break,
                }
            }
        }
        self.take(b'}')?;
        out.push(b'}');
        Some(())
    }

    fn array(&mut self, out: &mut Vec<u8>, clear: bool, depth: usize) -> Option<()> {
        self.take(b'[')?;
        out.push(b'[');
        if self.peek()? != b']' {
            loop {
                self.value(out, clear, depth + 1)?;
                match self.peek()? {
                    b',' => self.take(b',')?,
                    _ => break,
                }
                out.push(b',');
            }
        }
        self.take(b']')?;
        out.push(b']');
        Some(())
    }

    /// A number, `true`, `false` or `null`: copied, if it is nothing else.
    fn scalar(&mut self, out: &mut Vec<u8>) -> Option<()> {
        let rest = self.rest();
        let end = rest.iter().position(|it| matches!(it, b',' | b'}' | b']' | b' ' | b'\t' | b'\r' | b'\n'));
        let token = rest.get(..end.unwrap_or(rest.len()))?;
        if !matches!(token, b"true" | b"false" | b"null") && !is_number(token) {
            return None;
        }
        out.extend_from_slice(token);
        self.at += token.len();
        Some(())
    }

    /// The string that begins here, decoded.
    fn string(&mut self) -> Option<std::borrow::Cow<'a, str>> {
        let rest = self.rest();
        let inner = rest.get(1..)?;
        let mut end = 0;
        let mut escaped = false;
        loop {
            end += memchr::memchr2(b'"', b'\\', inner.get(end..)?)?;
            if inner.get(end) == Some(&b'"') {
                break;
            }
            escaped = true;
            end += 2;
        }
        self.at += end + 2;
        match escaped {
            true => serde_json::from_slice::<String>(rest.get(..end + 2)?).ok().map(Into::into),
            false => std::str::from_utf8(inner.get(..end)?).ok().map(Into::into),
        }
    }

    fn is_clear(&self, name: &str) -> bool {
        self.clear.iter().any(|it| it == name)
    }

    fn rest(&self) -> &'a [u8] {
        self.json.get(self.at..).unwrap_or_default()
    }

    /// The next byte that is no white space, which becomes the current one.
    fn peek(&mut self) -> Option<u8> {
        let rest = self.rest();
        let skipped = rest.iter().position(|it| !matches!(it, b' ' | b'\t' | b'\r' | b'\n'))?;
        self.at += skipped;
        rest.get(skipped).copied()
    }

    fn take(&mut self, expected: u8) -> Option<()> {
        self.peek().filter(|it| *it == expected)?;
        self.at += 1;
        Some(())
    }
}

/// RFC 8259, section 6.
fn is_number(token: &[u8]) -> bool {
    fn digits(token: &[u8]) -> (usize, &[u8]) {
        let count = token.iter().take_while(|it| it.is_ascii_digit()).count();
        (count, token.get(count..).unwrap_or_default())
    }
    let positive = token.strip_prefix(b"-").unwrap_or(token);
    let (whole, mut rest) = digits(positive);
    if whole == 0 || whole > 1 && positive.starts_with(b"0") {
        return false;
    }
    if let Some(fraction) = rest.strip_prefix(b".") {
        let (count, more) = digits(fraction);
        if count == 0 {
            return false;
        }
        rest = more;
    }
    if let Some(exponent) = rest.strip_prefix(b"e").or_else(|| rest.strip_prefix(b"E")) {
        let exponent =
            exponent.strip_prefix(b"+").or_else(|| exponent.strip_prefix(b"-")).unwrap_or(exponent);
        let (count, more) = digits(exponent);
        if count == 0 {
            return false;
        }
        rest = more;
    }
    rest.is_empty()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn redactor() -> Redactor {
        Redactor::new(&Key::from_slice(&[7; 32]).unwrap(), true, false)
    }

    fn redacted(json: &[u8], clear: &[&str]) -> String {
        let clear: Vec<String> = clear.iter().map(|it| (*it).to_owned()).collect();
        let mut out = Vec::new();
        redactor().value(&mut out, json, "", &clear);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn strings_are_hashed_and_all_else_is_as_it_was() {
        let mac = |it: &str| redactor().hash(it.as_bytes());
        let out = redacted(
            br#" {"a" : "x", "n": -1.50e+3, "b":[true,null,"x",{"c":"\u0041"}], "e":{}, "f":[]} "#,
            &[],
        );
        let expected = format!(
            r#"{{"a":"{x}","n":-1.50e+3,"b":[true,null,"{x}",{{"c":"{a}"}}],"e":{{}},"f":[]}}"#,
            x = mac("x"),
            a = mac("A"),
        );
        assert_eq!(out, expected);
    }

    #[test]
    fn fields_that_a_mount_lists_pass_wherever_they_stand() {
        let out = redacted(br#"{"a":{"k":["x",{"z":"y"}]},"z":"y"}"#, &["k"]);
        let y = redactor().hash(b"y");
        assert_eq!(out, format!(r#"{{"a":{{"k":["x",{{"z":"{y}"}}]}},"z":"{y}"}}"#));
    }

    // Rule 96
    #[test]
    fn what_is_no_json_is_hashed_whole() {
        for bad in [
            "hunter2",
            "{hunter2}",
            "{\"a\":hunter2}",
            "\"hunter2",
            "[1 hunter2]",
            "1hunter2",
            "{} hunter2",
            "truehunter2",
            "0x68756e746572",
            "[\"a\\",
            "{\"a\" \"hunter2\"}",
        ] {
            let mac = redactor().hash(bad.as_bytes());
            assert_eq!(redacted(bad.as_bytes(), &[]), format!("\"{mac}\""), "{bad}");
        }
        let deep = format!("{}\"hunter2\"{}", "[".repeat(300), "]".repeat(300));
        assert!(redacted(deep.as_bytes(), &[]).len() < 100);
    }

    #[test]
    fn names_are_hashed_if_the_device_asks_for_it() {
        let redactor = Redactor { hash_names: true, ..redactor() };
        let mut out = Vec::new();
        redactor.value(&mut out, br#"{"hunter2":{"deep":1}}"#, "", &[]);
        let text = String::from_utf8(out).unwrap();
        assert!(!text.contains("hunter2") && !text.contains("deep"), "{text}");
        assert!(text.contains(&redactor.hash(b"hunter2")));
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            "CANARY[\\PC\\x00-\\x1f\"\\\\]{0,12}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 6, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                proptest::collection::btree_map("[a-z\"\\\\\\x00-\\x1f]{0,6}", inner, 0..6)
                    .prop_map(|it| Value::Object(it.into_iter().collect())),
            ]
        })
    }

    fn expected(value: &Value) -> Value {
        match value {
            Value::String(text) => Value::from(redactor().hash(text.as_bytes())),
            Value::Array(items) => items.iter().map(expected).collect(),
            Value::Object(map) => {
                map.iter().map(|(k, v)| (k.clone(), expected(v))).collect::<serde_json::Map<_, _>>().into()
            }
            other => other.clone(),
        }
    }

    proptest! {
        // Rule 96
        #[test]
        fn no_string_gets_through_and_the_shape_stays(value in any_json(), pretty: bool) {
            let text = if pretty { serde_json::to_vec_pretty(&value) } else { serde_json::to_vec(&value) }.unwrap();
            let out = redacted(&text, &[]);
            prop_assert!(!out.contains("CANARY"));
            prop_assert_eq!(serde_json::from_str::<Value>(&out).unwrap(), expected(&value));
        }

        // Rule 96
        #[test]
        fn bytes_that_are_no_json_leave_nothing_but_valid_json(bytes: Vec<u8>) {
            let mut out = Vec::new();
            redactor().value(&mut out, &bytes, "", &[]);
            prop_assert!(serde_json::from_slice::<&serde_json::value::RawValue>(&out).is_ok());
        }
    }

    #[test]
    fn what_is_no_number_is_not_copied_as_one() {
        for number in ["0", "-0", "10", "0.0", "-1.5e-7", "1E+400"] {
            assert!(is_number(number.as_bytes()), "{number}");
        }
        for other in ["", "-", "00", "-01", "1.", ".5", "1e", "0x1", "NaN"] {
            assert!(!is_number(other.as_bytes()), "{other}");
        }
    }

    // A leak that the scanner of the tests above would find.
    #[test]
    fn a_planted_leak_is_found() {
        assert!(redacted(br#"{"k":"CANARY"}"#, &["k"]).contains("CANARY"));
        assert_ne!(expected(&json!({"a": "CANARY"})), json!({"a": "CANARY"}));
    }
}
