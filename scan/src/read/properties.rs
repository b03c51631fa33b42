//! Java's properties.

use std::ops::Range;

use super::{
    actions,
    lines::{Lines, MAX_CONTINUED},
    references::Dollars,
    value,
};
use crate::{At, Decoder, Finder, Layer, Text};

pub(super) fn document<'a>(finder: &mut Finder<'a>, at: &At<'_>, text: Text<'a>) {
    let text = actions::marked(text);
    let mut lines = Lines::new(&text);
    while let Some(line) = lines.next_line() {
        if matches!(lines.byte(line.start, line.end), Some(b'#' | b'!')) {
            lines.tell_comment(finder, &at.key(""), line, b"#!");
            continue;
        }
        let Some(start) = lines.behind_actions(line.clone()) else { continue };
        let line = start..line.end;
        if lines.pem(finder, at, &line) {
            continue;
        }
        let (key, from) = key(&lines, line.clone());
        let name = lines.str(key).replace('\\', "");
        let value = unescaped(&mut lines, from..line.end);
        value::bring(finder, &at.key(name), value, Dollars::Braced);
    }
}

/// The key, and where the value begins: behind `=`, `:` or a space that is not escaped.
fn key(lines: &Lines<'_, '_>, line: Range<usize>) -> (Range<usize>, usize) {
    let mut end = line.start;
    while let Some(byte) = lines.byte(end, line.end) {
        match byte {
            b'\\' => end += 2,
            b'=' | b':' | b' ' | b'\t' if lines.hole(end).is_none() => break,
            _ => end += 1,
        }
    }
    let end = end.min(line.end);
    let sign = end + lines.spaces(end, line.end);
    let is_sign = matches!(lines.byte(sign, line.end), Some(b'=' | b':'));
    // Two colons of LDIF stand before base64.
    let is_double = is_sign && lines.bytes.get(sign..sign + 2) == Some(b"::");
    let behind = sign + usize::from(is_sign) + usize::from(is_double);
    (line.start..end, behind + lines.spaces(behind, line.end))
}

fn unescaped<'a>(lines: &mut Lines<'_, 'a>, first: Range<usize>) -> Text<'a> {
    if !lines.str(first.clone()).contains('\\') {
        return lines.text.slice(first).within(Layer::Properties);
    }
    let mut out = Decoder::new(lines.text, Layer::Properties);
    let mut line = first;
    for _ in 0..MAX_CONTINUED {
        let (mut at, mut kept) = (line.start, line.start);
        let mut is_more = false;
        while at < line.end {
            if let Some(hole) = lines.hole(at) {
                at = hole;
                continue;
            }
            if lines.bytes.get(at) != Some(&b'\\') {
                at += 1;
                continue;
            }
            out.keep(kept..at);
            let rest = lines.str(at + 1..line.end);
            let end = match rest.chars().next() {
                None => {
                    is_more = true;
                    line.end
                }
                Some('u') => match rest.get(1..5).and_then(|it| u32::from_str_radix(it, 16).ok()) {
                    Some(code) => {
                        let c = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
                        out.put(c.encode_utf8(&mut [0; 4]), at..at + 6);
                        at + 6
                    }
                    None => at + 1,
                },
                Some(c) => {
                    let end = at + 1 + c.len_utf8();
                    let decoded = match c {
                        'n' => '\n',
                        't' => '\t',
                        'r' => '\r',
                        'f' => '\u{c}',
                        _ => c,
                    };
                    out.put(decoded.encode_utf8(&mut [0; 4]), at..end);
                    end
                }
            };
            (at, kept) = (end, end);
        }
        out.keep(kept..line.end);
        if !is_more || lines.is_done() {
            break;
        }
        let next = lines.raw_line();
        line = lines.trimmed(next);
    }
    out.finish()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::{
        Place::Attribute,
        brought::{brought, texts, values},
    };

    #[track_caller]
    fn check(file: &str, expected: &[(&str, &str)]) {
        let expected: Vec<_> = expected.iter().map(|it| (it.0, Attribute, None, it.1)).collect();
        values("a.properties", file, &expected);
        values("a.properties", &file.replace('\n', "\r\n"), &expected);
    }

    #[test]
    fn keys_and_values_in_every_way_of_writing() {
        check("a.b=c\nd : e\nf g h\ni=\nj=k=l\n", &[("a.b", "c"), ("d", "e"), ("f", "g h"), ("j", "k=l")]);
        check(
            "a=b\\:c\\u00e9\\\\\nd=e, \\\n   f\ng\\:h=i\nj=\\uzz\n",
            &[("a", "b:cé\\"), ("d", "e, f"), ("g:h", "i"), ("j", "uzz")],
        );
        texts("a.properties", "#a=b\n! c\n", "comment", &["a=b", " c"]);
    }

    proptest! {
        #[test]
        fn any_text_is_read(file in "\u{feff}?([a-cé=:#!\\\\ u0$ {}]|\n|\r\n|\\{\\{|\\}\\}|\\$\\{){0,60}") {
            brought("a.properties", &file);
        }
    }
}
