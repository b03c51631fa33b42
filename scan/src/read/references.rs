//! References by a dollar sign: `${X}`, `${X:-default}`, `$X`, `$(X)`.

use std::ops::Range;

use memchr::{memchr, memchr2};

use crate::{Decoder, Layer, Text};

/// Which of them a syntax knows.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Dollars {
    /// `${X}` and `$(X)` alone.
    Braced,
    /// `$X` too, if it is written as names of the environment are.
    Named,
    /// `$x` too, and `$$` is a dollar.
    Compose,
}

/// How deep a default may have a reference with a default.
pub(super) const MAX_DEFAULTS: usize = 4;

#[derive(Debug, Default, Eq, PartialEq)]
pub(super) struct References {
    pub(super) holes: Vec<Range<usize>>,
    /// What is taken where the variable is not set.
    pub(super) defaults: Vec<Range<usize>>,
    /// `$$`.
    dollars: Vec<Range<usize>>,
}

/// The references that stand in a text, in order.
pub(super) fn references(text: &str, dollars: Dollars) -> References {
    let bytes = text.as_bytes();
    let mut found = References::default();
    if memchr(b'$', bytes).is_none() {
        return found;
    }
    // Those that are open, from the outermost on.
    let mut open: Vec<usize> = Vec::new();
    let mut at = 0;
    while let Some(skipped) = bytes.get(at..).and_then(|it| memchr2(b'$', b'}', it)) {
        let start = at + skipped;
        at = start + 1;
        match (bytes.get(start), bytes.get(start + 1)) {
            (Some(b'}'), _) => {
                if let Some(opened) = open.pop().filter(|_| open.is_empty()) {
                    found.holes.push(opened..at);
                    found.defaults.extend(default(text, opened + 2..start));
                }
            }
            (_, Some(b'{')) => {
                open.push(start);
                at = start + 2;
            }
            (_, Some(b'$')) if open.is_empty() => {
                at = start + 2;
                if dollars == Dollars::Compose {
                    found.dollars.push(start..at);
                }
            }
            (_, Some(b'(')) if open.is_empty() => {
                let end = start + 2 + name_len(bytes, start + 2);
                if end > start + 2 && bytes.get(end) == Some(&b')') {
                    found.holes.push(start..end + 1);
                    at = end + 1;
                }
            }
            _ if open.is_empty() && dollars != Dollars::Braced => {
                let end = at + name_len(bytes, at);
                let name = bytes.get(at..end).unwrap_or(&[]);
                let is_name = match dollars {
                    Dollars::Compose => !name.is_empty(),
                    _ => name.len() > 1 && !name.iter().any(u8::is_ascii_lowercase),
                };
                if is_name && !name.first().is_some_and(u8::is_ascii_digit) {
                    found.holes.push(start..end);
                    at = end;
                }
            }
            _ => {}
        }
    }
    // Pushed when they were closed; an unclosed one before them is none.
    found.holes.sort_by_key(|it| it.start);
    found
}

fn name_len(bytes: &[u8], from: usize) -> usize {
    let rest = bytes.get(from..).unwrap_or(&[]);
    rest.iter().take_while(|it| it.is_ascii_alphanumeric() || **it == b'_').count()
}

/// Of `X:-default`, `X-default`, `X:=default`, `X=default`, and Spring's `x.y:default`.
fn default(text: &str, inner: Range<usize>) -> Option<Range<usize>> {
    let body = text.get(inner.clone())?;
    let is_name = |it: u8| it.is_ascii_alphanumeric() || it == b'_' || it == b'.';
    let len = body.bytes().take_while(|it| is_name(*it)).count();
    let (name, rest) = body.split_at_checked(len)?;
    let behind = match rest.as_bytes() {
        [] => return None,
        [b':', b'-' | b'=', ..] => 2,
        // No variable of a shell has a dot: `${random_string.api-key.result}` is a reference as a whole.
        [b'-' | b'=', ..] if !name.contains('.') => 1,
        [b':', b'?' | b'+', ..] => return None,
        // `${env:X}` and `${file:/x}` name a source and not a variable.
        [b':', ..] if name.bytes().any(|it| !it.is_ascii_lowercase()) => 1,
        _ => return None,
    };
    Some(inner.start + len + behind..inner.end).filter(|it| !it.is_empty())
}

/// A value as Compose takes it, and the defaults in it.
pub(super) fn compose<'a>(text: &Text<'a>) -> (Text<'a>, Vec<Text<'a>>) {
    let found = references(text.as_str(), Dollars::Compose);
    let defaults = found.defaults.into_iter().map(|it| text.slice(it)).collect();
    if found.dollars.is_empty() {
        return (text.clone().with_holes(found.holes), defaults);
    }
    let mut out = Decoder::new(text, Layer::Compose);
    let mut parts: Vec<_> = found.holes.into_iter().map(|it| (it, true)).collect();
    parts.extend(found.dollars.into_iter().map(|it| (it, false)));
    parts.sort_by_key(|it| it.0.start);
    let mut at = 0;
    for (part, is_hole) in parts {
        out.keep(at..part.start);
        at = part.end;
        match is_hole {
            true => out.hole(part),
            false => out.put("$", part),
        }
    }
    out.keep(at..text.len());
    (out.finish(), defaults)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, dollars: Dollars, holes: &[&str], defaults: &[&str]) {
        let found = references(text, dollars);
        let of = |it: &[Range<usize>]| it.iter().map(|it| text[it.clone()].to_owned()).collect::<Vec<_>>();
        assert_eq!((of(&found.holes), of(&found.defaults)), (of_strs(holes), of_strs(defaults)), "{text}");
    }

    fn of_strs(them: &[&str]) -> Vec<String> {
        them.iter().map(|it| (*it).to_owned()).collect()
    }

    #[test]
    fn references_and_their_defaults() {
        use Dollars::{Braced, Compose, Named};
        check("a${B}c$(D)e$F", Braced, &["${B}", "$(D)"], &[]);
        check("a$B/${C:-d}", Named, &["$B", "${C:-d}"][1..], &["d"]);
        check("$USER:$pass$", Named, &["$USER"], &[]);
        check("$user:$$pass", Compose, &["$user"], &[]);
        check(
            "${A:?needed}${B-c}${D=e}${F+g}",
            Compose,
            &["${A:?needed}", "${B-c}", "${D=e}", "${F+g}"],
            &["c", "e"],
        );
        check("${A:-${B:-c}}", Named, &["${A:-${B:-c}}"], &["${B:-c}"]);
        check("${db.password:x y}${env:HOME}", Braced, &["${db.password:x y}", "${env:HOME}"], &["x y"]);
        check("${random_string.api-key.result}", Braced, &["${random_string.api-key.result}"], &[]);
        check("${open ${A}", Braced, &[], &[]);
        check("a}b", Braced, &[], &[]);
    }

    #[test]
    fn two_dollars_are_one() {
        let whole = Text::whole("a:$$apr1$$x$y${Z:-d$$}");
        let (text, defaults) = compose(&whole);
        assert_eq!(text.as_str(), "a:$apr1$x$y${Z:-d$$}");
        assert_eq!(text.literals().map(|it| &text.as_str()[it]).collect::<Vec<_>>(), ["a:$apr1$x"]);
        assert_eq!(text.slice(2..7).span().of("a:$$apr1$$x$y"), "$$apr1");
        assert_eq!(defaults.iter().map(Text::as_str).collect::<Vec<_>>(), ["d$$"]);
    }
}
