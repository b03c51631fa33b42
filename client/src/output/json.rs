//! JSON with line breaks, without reading it into numbers and maps: what is printed is what came.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// An answer's envelope as Vault's command prints it, whose parts are as they came. Some answers of `sys/` repeat
/// their data beside it; that is left out. What is no envelope is printed whole.
pub(super) fn envelope(answer: &[u8]) -> String {
    let parts: Option<Envelope<'_>> = serde_json::from_slice(answer).ok();
    match parts.filter(|it| it.request_id.is_some()).and_then(|it| serde_json::to_vec(&it).ok()) {
        Some(compact) => indented(&compact),
        None => indented(answer),
    }
}

#[derive(Deserialize, Serialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    request_id: Option<&'a RawValue>,
    #[serde(borrow)]
    lease_id: Option<&'a RawValue>,
    #[serde(borrow)]
    lease_duration: Option<&'a RawValue>,
    #[serde(borrow)]
    renewable: Option<&'a RawValue>,
    #[serde(borrow)]
    data: Option<&'a RawValue>,
    #[serde(borrow)]
    warnings: Option<&'a RawValue>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    auth: Option<&'a RawValue>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    wrap_info: Option<&'a RawValue>,
}

/// Indents JSON that is known to be valid.
pub(super) fn indented(compact: &[u8]) -> String {
    let text = String::from_utf8_lossy(compact);
    let mut out = String::with_capacity(text.len() * 2);
    let mut depth = 0_usize;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' => {
                out.push(c);
                string(&mut chars, &mut out);
            }
            '{' | '[' => {
                out.push(c);
                skip_space(&mut chars);
                match chars.peek() {
                    Some(&end @ ('}' | ']')) => {
                        chars.next();
                        out.push(end);
                    }
                    _ => {
                        depth += 1;
                        break_line(&mut out, depth);
                    }
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                break_line(&mut out, depth);
                out.push(c);
            }
            ',' => {
                out.push(c);
                break_line(&mut out, depth);
            }
            ':' => out.push_str(": "),
            c if c.is_ascii_whitespace() => {}
            c => out.push(c),
        }
    }
    out
}

type Chars<'a> = std::iter::Peekable<std::str::Chars<'a>>;

/// The rest of a string, with the quote that ends it.
fn string(chars: &mut Chars<'_>, out: &mut String) {
    while let Some(c) = chars.next() {
        out.push(c);
        match c {
            '\\' => out.extend(chars.next()),
            '"' => return,
            _ => {}
        }
    }
}

fn skip_space(chars: &mut Chars<'_>) {
    while chars.next_if(char::is_ascii_whitespace).is_some() {}
}

fn break_line(out: &mut String, depth: usize) {
    out.push('\n');
    out.extend(std::iter::repeat_n("  ", depth));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_envelope_has_its_parts_and_no_others() {
        let answer = br#"{"auth":null,"data":{"n":1.50},"keys":[1],"request_id":"r","warnings":null}"#;
        let expected = "{
  \"request_id\": \"r\",
  \"lease_id\": null,
  \"lease_duration\": null,
  \"renewable\": null,
  \"data\": {
    \"n\": 1.50
  },
  \"warnings\": null
}";
        assert_eq!(envelope(answer), expected);
        assert_eq!(envelope(br#"{"sealed":false}"#), "{\n  \"sealed\": false\n}");
    }

    #[test]
    fn nothing_but_space_is_changed() {
        let compact = r#"{"a":[],"b":{ },"c":[1,{"d":"x\" {,:}","n":1.0e400}],"e":12345678901234567890123}"#;
        let expected = r#"{
  "a": [],
  "b": {},
  "c": [
    1,
    {
      "d": "x\" {,:}",
      "n": 1.0e400
    }
  ],
  "e": 12345678901234567890123
}"#;
        assert_eq!(indented(compact.as_bytes()), expected);
        assert_eq!(indented(expected.as_bytes()), expected);
    }
}
