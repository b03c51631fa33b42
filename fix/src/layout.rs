//! Lines, ends and indentation: what is added looks like what is there.

use strongroom_hcl::Span;

/// `\r\n` if the file's lines end so.
pub(crate) fn line_end(text: &str) -> &'static str {
    if text.contains("\r\n") { "\r\n" } else { "\n" }
}

/// The text with the file's line ends.
pub(crate) fn with_line_ends(added: &str, of: &str) -> String {
    if line_end(of) == "\r\n" { added.replace('\n', "\r\n") } else { added.to_owned() }
}

/// The line that a byte stands on, without its end.
pub(crate) fn line_around(text: &str, at: usize) -> Span {
    let start = text.get(..at).and_then(|it| it.rfind('\n')).map_or(0, |it| it + 1);
    let end = text.get(at..).and_then(|it| it.find('\n')).map_or(text.len(), |it| at + it);
    let end = if text.get(start..end).is_some_and(|it| it.ends_with('\r')) { end - 1 } else { end };
    Span { start, end }
}

/// The lines that a span touches, with the end of the last one.
pub(crate) fn lines_around(text: &str, span: Span) -> Span {
    let start = line_around(text, span.start).start;
    let last = line_around(text, span.end.max(span.start));
    let behind = text.get(last.end..).unwrap_or("");
    let end = if behind.starts_with("\r\n") { 2 } else { usize::from(behind.starts_with('\n')) };
    Span { start, end: last.end + end }
}

/// The white space that a line begins with.
pub(crate) fn indentation(line: &str) -> &str {
    line.get(..line.len() - line.trim_start_matches([' ', '\t']).len()).unwrap_or("")
}

/// The word without quotes in brackets or braces of YAML that a place is in: there `{` would begin a map.
pub(crate) fn bare_in_flow(text: &str, place: Span) -> Option<Span> {
    let line = line_around(text, place.start);
    let (mut depth, mut quote, mut start) = (0_usize, None, line.start);
    let mut last = ' ';
    for (at, c) in text.get(line.start..place.start)?.char_indices() {
        let opens = last.is_whitespace() || "[{,:=".contains(last);
        let behind = line.start + at + c.len_utf8();
        match (quote, c) {
            (Some(open), _) => quote = (open != c || last == '\\').then_some(open),
            (None, '"' | '\'') if opens => quote = Some(c),
            (None, '[' | '{') if depth > 0 || opens => (depth, start) = (depth + 1, behind),
            (None, ']' | '}') => depth = depth.saturating_sub(1),
            (None, ',') if depth > 0 => start = behind,
            (None, ' ') if last == ':' => start = behind,
            _ => {}
        }
        last = c;
    }
    if depth == 0 || quote.is_some() {
        return None;
    }
    let spaces = |it: &str| it.len() - it.trim_start().len();
    let start = start + spaces(text.get(start..place.start)?);
    let behind = text.get(place.end..line.end)?;
    let end = behind.find([',', ']', '}']).unwrap_or(behind.len());
    Some(Span { start, end: place.end + behind.get(..end)?.trim_end().len() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_in_brackets_are_found() {
        let check = |text: &str, expected: Option<&str>| {
            let start = text.find("S").unwrap();
            let found = bare_in_flow(text, Span { start, end: start + 1 });
            assert_eq!(found.map(|it| it.of(text)), expected, "{text}");
        };
        check("a: [x, --p=S , y]", Some("--p=S"));
        check("a: {b: S}", Some("S"));
        check("- { b: x://u:S@h/d, c: d }", Some("x://u:S@h/d"));
        check("a: [x, \"S\"]", None);
        check("a: [\"x, y\", 'it S']", None);
        check("a: x[S]", None);
        check("a: [x]S", None);
        check("a: S", None);
    }

    #[test]
    fn lines_are_found_with_and_without_their_ends() {
        let text = "a\r\n  bc\r\nd";
        assert_eq!(line_around(text, 5).of(text), "  bc");
        assert_eq!(line_around(text, 9).of(text), "d");
        assert_eq!(lines_around(text, Span { start: 5, end: 6 }).of(text), "  bc\r\n");
        assert_eq!(lines_around("ab", Span { start: 0, end: 1 }), Span { start: 0, end: 2 });
        assert_eq!(indentation("\t  x "), "\t  ");
        assert_eq!(with_line_ends("a\nb", text), "a\r\nb");
    }
}
