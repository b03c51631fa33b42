//! JSON, appended to a buffer: what lines are made of.

/// Appends a JSON string. Whatever a terminal could take for a command (C0, DEL, C1) is escaped, so that
/// a line is safe to look at as well as valid.
pub(super) fn string(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    // Without leaving early: the compiler makes vector instructions of it, and nearly all text is plain.
    if text.bytes().fold(true, |plain, byte| plain & is_plain(byte)) {
        out.extend_from_slice(text.as_bytes());
    } else {
        text.chars().for_each(|it| character(out, it));
    }
    out.push(b'"');
}

/// Appends `"name":`, with a comma before it unless it opens its object or there is one. The name is a constant of ours.
pub(super) fn key(out: &mut Vec<u8>, name: &str) {
    if !matches!(out.last(), None | Some(b'{' | b',')) {
        out.push(b',');
    }
    out.push(b'"');
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\":");
}

/// Appends a field with text in the clear.
pub(super) fn text(out: &mut Vec<u8>, name: &str, value: &str) {
    key(out, name);
    string(out, value);
}

/// As [`text`], unless there is none.
pub(super) fn some_text(out: &mut Vec<u8>, name: &str, value: &str) {
    if !value.is_empty() {
        text(out, name, value);
    }
}

pub(super) fn number(out: &mut Vec<u8>, name: &str, value: impl itoa::Integer) {
    key(out, name);
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}

pub(super) fn flag(out: &mut Vec<u8>, name: &str, value: bool) {
    key(out, name);
    out.extend_from_slice(if value { b"true" } else { b"false" });
}

/// Appends an array; `each` appends one element.
pub(super) fn array<T>(
    out: &mut Vec<u8>,
    name: &str,
    items: impl IntoIterator<Item = T>,
    mut each: impl FnMut(&mut Vec<u8>, T),
) {
    key(out, name);
    out.push(b'[');
    for (at, item) in items.into_iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        each(out, item);
    }
    out.push(b']');
}

/// Appends an object; `inside` appends its fields.
pub(super) fn object(out: &mut Vec<u8>, name: &str, inside: impl FnOnce(&mut Vec<u8>)) {
    key(out, name);
    out.push(b'{');
    inside(out);
    out.push(b'}');
}

fn is_plain(byte: u8) -> bool {
    (0x20..0x7f).contains(&byte) & (byte != b'"') & (byte != b'\\')
}

fn character(out: &mut Vec<u8>, it: char) {
    match it {
        '"' | '\\' => out.extend([b'\\', u8::try_from(it).unwrap_or(b'?')]),
        '\n' => out.extend_from_slice(b"\\n"),
        // The separators end a line to JavaScript and to some viewers.
        it if it.is_control() || matches!(it, '\u{2028}' | '\u{2029}') => {
            out.extend_from_slice(format!("\\u{:04x}", u32::from(it)).as_bytes());
        }
        it => out.extend_from_slice(it.encode_utf8(&mut [0; 4]).as_bytes()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        // Rule 100: every line is valid JSON, and nothing in it moves a terminal's cursor.
        #[test]
        fn any_text_is_a_valid_string_without_control_characters(value in "\\PC*|[\\x00-\\u{9f}\\u{2028}\"\\\\]*") {
            let mut out = Vec::new();
            string(&mut out, &value);
            prop_assert_eq!(&serde_json::from_slice::<String>(&out).unwrap(), &value);
            let text = std::str::from_utf8(&out).unwrap();
            prop_assert!(!text.chars().any(char::is_control));
        }
    }
}
