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

#[cfg(test)]
mod tests {
    use super::*;

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
