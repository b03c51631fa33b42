//! XML: elements, attributes, and pairs of a name and a value in either form.

use std::ops::Range;

use memchr::{memchr, memchr2, memmem};

use super::{actions, references::Dollars, value};
use crate::{At, Decoder, Finder, Layer, Text};

/// Elements within elements; deeper ones have the name of the deepest.
const MAX_DEPTH: usize = 64;

/// Attributes of one element.
const MAX_ATTRIBUTES: usize = 64;

/// What names a value that stands beside it.
const NAMES: &[&str] = &["key", "name", "Key", "Name", "property"];
const VALUES: &[&str] = &["value", "Value"];

pub(super) fn document<'a>(finder: &mut Finder<'a>, at: &At<'_>, text: Text<'a>) {
    let text = actions::marked(text);
    let bytes = text.as_str().as_bytes();
    let mut reader =
        Reader { finder, at, text: &text, bytes, open: Vec::new(), names: Vec::new(), deeper: 0 };
    let mut next = 0;
    let mut ends = [true; 3];
    while next < bytes.len() {
        next = reader.token(next, &mut ends);
    }
}

struct Reader<'f, 't, 'a> {
    finder: &'f mut Finder<'a>,
    at: &'f At<'f>,
    text: &'t Text<'a>,
    bytes: &'t [u8],
    /// The names of the elements that are open.
    open: Vec<&'t str>,
    /// For each of them, the text of a `<name>` in it.
    names: Vec<Option<&'t str>>,
    deeper: usize,
}

impl<'t, 'a> Reader<'_, 't, 'a> {
    fn str(&self, part: Range<usize>) -> &'t str {
        self.text.as_str().get(part).unwrap_or("")
    }

    /// Reads text, a tag or a comment. `ends` says of which kinds the end may still be found, so that none is
    /// looked for twice in vain.
    fn token(&mut self, start: usize, ends: &mut [bool; 3]) -> usize {
        let rest = self.bytes.get(start..).unwrap_or(&[]);
        for ((opening, close), may) in [(&b"<!--"[..], &b"-->"[..]), (b"<![CDATA[", b"]]>"), (b"<?", b"?>")]
            .into_iter()
            .zip(ends.iter_mut())
        {
            if *may && rest.starts_with(opening) {
                let inner = start + opening.len();
                match memmem::find(self.bytes.get(inner..).unwrap_or(&[]), close) {
                    Some(len) => {
                        let inner = inner..inner + len;
                        let behind = inner.end + close.len();
                        match opening {
                            b"<!--" => self.comment(inner),
                            b"<![CDATA[" => {
                                let text = self.text.slice(inner.clone()).within(Layer::Xml);
                                self.content(self.str(inner), text);
                            }
                            _ => {}
                        }
                        return behind;
                    }
                    None => *may = false,
                }
            }
        }
        if rest.first() == Some(&b'<') && self.text.hole_at(start).is_none() {
            return self.tag(start);
        }
        let end = self.text_end(start);
        let inner = self.trimmed(start..end);
        if !inner.is_empty() && !self.open.is_empty() {
            self.content(self.str(inner.clone()), self.unescaped(inner));
        }
        end.max(start + 1)
    }

    fn text_end(&self, start: usize) -> usize {
        let mut at = start;
        while let Some(found) = self.bytes.get(at..).and_then(|it| memchr(b'<', it)) {
            match self.text.hole_at(at + found) {
                Some(hole) => at = hole.end,
                None => return at + found,
            }
        }
        self.bytes.len()
    }

    fn trimmed(&self, part: Range<usize>) -> Range<usize> {
        let text = self.str(part.clone());
        let start = part.start + text.len() - text.trim_start().len();
        start..start + text.trim().len()
    }

    fn comment(&mut self, inner: Range<usize>) {
        let inner = self.trimmed(inner);
        let at = self.at.key("");
        // What is switched off is markup as often as prose.
        if self.bytes.get(inner.start) == Some(&b'<') {
            let at = At { commented: true, ..at };
            self.finder.document(&at, self.text.slice(inner), crate::Format::Xml);
        } else if !inner.is_empty() {
            self.finder.comment(&at, self.text.slice(inner));
        }
    }

    fn tag(&mut self, start: usize) -> usize {
        if self.bytes.get(start + 1) == Some(&b'/') {
            match self.deeper {
                0 => drop((self.open.pop(), self.names.pop())),
                _ => self.deeper -= 1,
            }
            let rest = self.bytes.get(start..).unwrap_or(&[]);
            return start + memchr2(b'>', b'\n', rest).map_or(rest.len(), |it| it + 1);
        }
        let name_end = self.name_end(start + 1);
        let name = self.str(start + 1..name_end);
        if !name.starts_with(|it: char| it.is_alphabetic() || it == '_') {
            return start + 1;
        }
        let (attributes, end, is_closed) = self.attributes(name_end);
        self.tell_attributes(name, &attributes);
        if !is_closed {
            match self.open.len() < MAX_DEPTH {
                true => {
                    self.open.push(name);
                    let own = attributes.iter().find(|it| NAMES.contains(&it.0));
                    self.names.push(own.map(|it| self.str(it.1.clone())));
                }
                false => self.deeper += 1,
            }
        }
        end
    }

    fn name_end(&self, from: usize) -> usize {
        let rest = self.bytes.get(from..).unwrap_or(&[]);
        let is_end =
            |it: &u8| it.is_ascii_whitespace() || matches!(it, b'>' | b'/' | b'=' | b'<' | b'"' | b'\'');
        from + rest.iter().take_while(|it| !is_end(it)).count()
    }

    /// The attributes of a tag, where it ends, and whether it closes itself.
    fn attributes(&self, from: usize) -> (Vec<(&'t str, Range<usize>)>, usize, bool) {
        let mut found = Vec::new();
        let mut at = from;
        while let Some(byte) = self.bytes.get(at) {
            if let Some(hole) = self.text.hole_at(at) {
                at = hole.end;
                continue;
            }
            match byte {
                b'>' => return (found, at + 1, false),
                b'<' => return (found, at, false),
                b'/' if self.bytes.get(at + 1) == Some(&b'>') => return (found, at + 2, true),
                b'=' | b'/' | b'"' | b'\'' => at += 1,
                it if it.is_ascii_whitespace() => at += 1,
                _ => {
                    let end = self.name_end(at);
                    let name = self.str(at..end);
                    let sign = self.behind_spaces(end);
                    at = end.max(at + 1);
                    if self.bytes.get(sign) != Some(&b'=') {
                        continue;
                    }
                    let open = self.behind_spaces(sign + 1);
                    let Some(quote @ (b'"' | b'\'')) = self.bytes.get(open).copied() else { continue };
                    let rest = self.bytes.get(open + 1..).unwrap_or(&[]);
                    // No attribute holds a tag: a quote that is not closed ends there.
                    let Some(len) = memchr2(quote, b'<', rest) else { continue };
                    let mut close = open + 1 + len;
                    while let Some(hole) = self.text.hole_at(close) {
                        let rest = self.bytes.get(hole.end..).unwrap_or(&[]);
                        close = hole.end + memchr2(quote, b'<', rest).unwrap_or(rest.len());
                    }
                    if self.bytes.get(close) == Some(&quote) {
                        at = close + 1;
                        if found.len() < MAX_ATTRIBUTES {
                            found.push((name, open + 1..close));
                        }
                    }
                }
            }
        }
        (found, at, false)
    }

    fn behind_spaces(&self, from: usize) -> usize {
        let rest = self.bytes.get(from..).unwrap_or(&[]);
        from + rest.iter().take_while(|it| it.is_ascii_whitespace()).count()
    }

    /// `<add key="X" value="y"/>` gives X; others have their attributes' names.
    fn tell_attributes(&mut self, element: &'t str, attributes: &[(&'t str, Range<usize>)]) {
        let name = attributes.iter().find(|it| NAMES.contains(&it.0)).map(|it| self.str(it.1.clone()));
        for (key, value) in attributes {
            if NAMES.contains(key) && attributes.iter().any(|it| VALUES.contains(&it.0))
                || key.starts_with("xmlns")
                // Of an answer file for Windows' setup: when these settings are read.
                || (element, *key) == ("settings", "pass")
            {
                continue;
            }
            let text = self.unescaped(value.clone());
            match name {
                Some(name) if VALUES.contains(key) || key.eq_ignore_ascii_case("connectionString") => {
                    self.bring(&[], name, text);
                }
                // An attribute without a meaning of its own has that of its element.
                _ if VALUES.contains(key) => self.bring(&[], element, text),
                _ => self.bring(&[], key, text),
            }
        }
    }

    /// The text of the innermost element.
    fn content(&mut self, raw: &'t str, text: Text<'a>) {
        let Some((own, around)) = self.open.split_last() else { return };
        let (own, parent) = (*own, around.last().copied());
        let before = self.names.len().checked_sub(2);
        // `<property name="X">y</property>` has a name itself.
        let has_name = own == "property" && self.names.last().is_some_and(Option::is_some);
        if NAMES.contains(&own) && !has_name {
            if let Some(it) = before.and_then(|it| self.names.get_mut(it)) {
                *it = Some(raw);
            }
            // `<ProductKey><Key>x</Key></ProductKey>`: here it names nothing.
            if let Some(parent) = parent.filter(|_| own.eq_ignore_ascii_case("key") && may_be_key(raw)) {
                self.bring(&[parent], own, text);
            }
            return;
        }
        // `<name>X</name><value>y</value>`, and `<entry key="X">y</entry>`.
        let beside =
            before.and_then(|it| self.names.get(it)).copied().flatten().filter(|_| VALUES.contains(&own));
        let named = self.names.last().copied().flatten();
        match (beside, named) {
            (Some(name), _) | (_, Some(name)) => self.bring(&[], name, text),
            (None, None) => match parent {
                Some(parent) => self.bring(&[parent], own, text),
                None => self.bring(&[], own, text),
            },
        }
    }

    fn bring(&mut self, around: &[&str], key: &str, text: Text<'a>) {
        let key = match around {
            [] => key.to_owned(),
            _ => format!("{}.{key}", around.join(".")),
        };
        let path = match self.at.path.is_empty() {
            true => self.open.join(".").into(),
            false => self.at.path.clone(),
        };
        let at = At { key: key.into(), path, ..self.at.clone() };
        value::bring(self.finder, &at, text, Dollars::Braced);
    }

    fn unescaped(&self, part: Range<usize>) -> Text<'a> {
        let raw = self.str(part.clone());
        if !raw.contains('&') {
            return self.text.slice(part).within(Layer::Xml);
        }
        let mut out = Decoder::new(self.text, Layer::Xml);
        let mut at = part.start;
        while let Some(found) = self.bytes.get(at..part.end).and_then(|it| memchr(b'&', it)) {
            let start = at + found;
            if let Some(hole) = self.text.hole_at(start) {
                out.keep(at..hole.end.min(part.end));
                at = hole.end.min(part.end);
                continue;
            }
            out.keep(at..start);
            let rest = self.bytes.get(start..part.end.min(start + 12)).unwrap_or(&[]);
            let entity = memchr(b';', rest).map(|it| start + 1..start + it);
            match entity.clone().and_then(|it| character(self.str(it))) {
                Some(c) => {
                    at = entity.map_or(start + 1, |it| it.end + 1);
                    out.put(c.encode_utf8(&mut [0; 4]), start..at);
                }
                None => {
                    at = start + 1;
                    out.keep(start..at);
                }
            }
        }
        out.keep(at..part.end);
        out.finish()
    }
}

fn character(entity: &str) -> Option<char> {
    Some(match entity {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        _ => {
            let number = entity.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code)?
        }
    })
}

/// Longer than a name, and with digits.
fn may_be_key(text: &str) -> bool {
    text.len() >= 16 && text.bytes().any(|it| it.is_ascii_digit()) && !text.contains(char::is_whitespace)
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
        values("a.xml", file, &expected);
    }

    #[test]
    fn elements_and_attributes() {
        check(
            "<?xml version='1'?>\n<a xmlns='x' b=\"c&amp;d\">\n <e f='g'/>\n <h> i&#233; </h><j><![CDATA[k<l]]></j>\n</a>",
            &[("b", "c&d"), ("f", "g"), ("a.h", "ié"), ("a.j", "k<l")],
        );
        check("<a b='{{ c }}' d='x{{ e '' }}'>{{ f }}</a>", &[("d", "x{{ e '' }}")]);
    }

    #[test]
    fn an_element_that_is_called_key_may_hold_one() {
        check("<a><b><Key>Wq7rt-2vm9x</Key></b></a>", &[]);
        check("<a><b><Key>Wq7rt-2vm9x-b4zc6</Key></b></a>", &[("b.Key", "Wq7rt-2vm9x-b4zc6")]);
    }

    #[test]
    fn pairs_have_the_name_that_they_give() {
        check(
            "<a><add key='B' value='c'/><add name='D' connectionString='e'/></a>",
            &[("B", "c"), ("name", "D"), ("D", "e")],
        );
        check(
            "<a><property><name>b</name><value>c</value></property><entry key='d'>e</entry></a>",
            &[("b", "c"), ("key", "d"), ("d", "e")],
        );
    }

    #[test]
    fn a_value_alone_is_the_element_s() {
        check("<password value='a'/>", &[("password", "a")]);
    }

    #[test]
    fn comments_may_be_markup() {
        texts("a.xml", "<a><!-- b --></a>", "comment", &["b"]);
        check("<a><!-- <b c='d'/> --></a>", &[("c", "d")]);
    }

    #[test]
    fn size_and_depth_end_in_time() {
        for file in ["<a>", "<a b='", "<!--", "<", "<a b=\"c<", "&<?", "</a>", "<a b "] {
            brought("a.xml", &file.repeat(50_000));
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read(file in "\u{feff}?([a-cé=\"'<>/&; {}!-]|\n|<a |</a>|<!--|-->|<!\\[CDATA\\[|\\]\\]>|&amp;|&#233;|\\{\\{|\\}\\}){0,60}") {
            brought("a.xml", &file);
        }
    }
}
