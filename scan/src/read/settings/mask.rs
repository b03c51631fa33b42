//! A document as its parser sees it: with something of the same length where nothing is known yet.

use std::{borrow::Cow, ops::Range};

use crate::Text;

/// The text with its holes masked, byte for byte as long. Holes that have their lines to themselves become
/// space: they are the loops and conditions of a template.
pub(in crate::read) fn masked<'d>(text: &'d Text<'_>, filler: char) -> Cow<'d, str> {
    let source = text.as_str();
    if text.holes().is_empty() {
        return Cow::Borrowed(source);
    }
    let mut masked = String::with_capacity(source.len());
    let mut holes = text.holes();
    while let Some(first) = holes.first() {
        let many = same_line(source, holes);
        let (group, rest) = holes.split_at(many);
        let last = group.last().map_or(first.end, |it| it.end);
        let alone = begins_line(source, first.start) && ends_line(source, last);
        for hole in group {
            masked.push_str(source.get(masked.len()..hole.start).unwrap_or(""));
            let filler = if alone { ' ' } else { filler };
            masked.extend(std::iter::repeat_n(filler, hole.end - masked.len()));
        }
        holes = rest;
    }
    masked.push_str(source.get(masked.len()..).unwrap_or(""));
    Cow::Owned(masked)
}

/// How many of the holes stand on one line with nothing but space between them.
fn same_line(source: &str, holes: &[Range<usize>]) -> usize {
    let gaps = holes.windows(2).take_while(|pair| match pair {
        [one, other] => source.get(one.end..other.start).is_some_and(|it| it.chars().all(is_space)),
        _ => false,
    });
    1 + gaps.count()
}

fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r')
}

fn begins_line(source: &str, at: usize) -> bool {
    let before = source.get(..at).unwrap_or("").trim_end_matches(is_space);
    before.is_empty() || before.ends_with('\n')
}

fn ends_line(source: &str, at: usize) -> bool {
    let behind = source.get(at..).unwrap_or("").trim_start_matches(is_space);
    behind.is_empty() || behind.starts_with('\n')
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each `~` is a hole.
    #[track_caller]
    fn check(source: &str, expected: &str) {
        let holes = source.match_indices('~').map(|(at, it)| at..at + it.len());
        let text = Text::whole(source).with_holes(holes);
        assert_eq!(masked(&text, '_'), expected);
    }

    #[test]
    fn holes_are_masked() {
        check("a = 1", "a = 1");
        check("a = ~\n", "a = _\n");
        check("~ = \"x~\"", "_ = \"x_\"");
        check("~\n a\n\t~ \r\n~ ~\nb ~\n  ~", " \n a\n\t  \r\n   \nb _\n   ");
    }
}
