//! Where a value stands in a line of Ruby.

use strongroom_hcl::Span;
use strongroom_scan::Finding;

use crate::{
    layout::line_around,
    left::{EXPRESSION, Why},
};

/// What is replaced by an expression.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Spot {
    /// A string with its quotes.
    Whole(Span),
    /// A part of a string in which Ruby puts in values.
    Part(Span),
}

/// Strings of one line, without escapes or values put in.
pub(super) fn spot(text: &str, finding: &Finding) -> Result<Spot, Why> {
    let line = line_around(text, finding.span.start);
    let literal = literal_around(line.of(text), finding.span.start - line.start).ok_or(EXPRESSION)?;
    let (start, end) = (line.start + literal.start, line.start + literal.end);
    let inner = text.get(start + 1..end - 1).ok_or(EXPRESSION)?;
    let quote = text.get(start..).and_then(|it| it.chars().next());
    // A string beside another one is joined with it, and before a colon it is a name.
    let is_joined = text.get(end..line.end).unwrap_or("").trim_start().starts_with(['"', '\'', ':'])
        || text.get(line.start..start).unwrap_or("").trim_end().ends_with(['"', '\'']);
    if is_joined || inner.contains('\\') || inner.contains("#{") || finding.span.end >= end {
        return Err(EXPRESSION);
    }
    if (finding.span.start, finding.span.end) == (start + 1, end - 1) {
        return Ok(Spot::Whole(Span { start, end }));
    }
    if quote == Some('"') { Ok(Spot::Part(finding.span)) } else { Err(EXPRESSION) }
}

/// The string with its quotes that has this byte within.
fn literal_around(line: &str, at: usize) -> Option<Span> {
    let mut open: Option<(usize, char)> = None;
    let mut escaped = false;
    for (index, c) in line.char_indices() {
        match open {
            _ if escaped => escaped = false,
            Some(_) if c == '\\' => escaped = true,
            Some((start, quote)) if c == quote => {
                if start < at && at <= index {
                    return Some(Span { start, end: index + 1 });
                }
                open = None;
            }
            None if matches!(c, '"' | '\'') => open = Some((index, c)),
            None if c == '#' => return None,
            _ => {}
        }
        if open.is_none() && index > at {
            return None;
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, at: &str, expected: Option<&str>) {
        let found = literal_around(line, line.find(at).unwrap_or_default());
        assert_eq!(found.map(|it| it.of(line)), expected, "{line}");
    }

    #[test]
    fn strings_of_a_line() {
        check("  password: \"s3cr\",", "s3cr", Some("\"s3cr\""));
        check("  a 'x', 's3cr' # it's", "s3cr", Some("'s3cr'"));
        check("  a \"it's\", 's3cr'", "s3cr", Some("'s3cr'"));
        check("  a \"\\\"s3cr\"", "s3cr", Some("\"\\\"s3cr\""));
        check("  a %w[s3cr]", "s3cr", None);
        check("  a # 's3cr'", "s3cr", None);
        check("  a \"open s3cr", "s3cr", None);
    }
}
