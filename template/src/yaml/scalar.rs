//! How a string may be written, as libyaml judges it.

use super::resolve::needs_quotes;
use crate::text::runes;

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Style {
    Double,
    Literal,
    Plain,
    Single,
}

/// What stands in the text that hinders a style.
#[derive(Default)]
struct Found {
    line_breaks: bool,
    special: bool,
    indicators: bool,
    leading_blank: bool,
    trailing_blank: bool,
    trailing_space: bool,
    break_space: bool,
    space_break: bool,
}

pub(super) fn is_break(it: char) -> bool {
    matches!(it, '\r' | '\n' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// What libyaml writes as it is: no tab, and nothing beyond 16 bits.
pub(super) fn is_printable(it: char) -> bool {
    matches!(it, '\n' | ' '..='~' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}') && it != '\u{feff}'
}

/// The style of a string, in the place of a key or of a value.
pub(super) fn style(text: &str, key: bool) -> Style {
    let found = look(text);
    let wanted = match (text.contains('\n'), needs_quotes(text)) {
        (true, _) => Style::Literal,
        (false, false) => Style::Plain,
        (false, true) => Style::Double,
    };
    let any_special = found.space_break || found.special;
    let plain = !(found.leading_blank
        || found.trailing_blank
        || found.break_space
        || any_special
        || found.line_breaks
        || found.indicators);
    let single = !(found.break_space || any_special);
    let block = !(found.trailing_space || any_special);
    match wanted {
        Style::Plain if plain => Style::Plain,
        Style::Plain | Style::Single if single => Style::Single,
        Style::Literal if block && !key => Style::Literal,
        _ => Style::Double,
    }
}

fn look(text: &str) -> Found {
    let all: Vec<char> = runes(text.as_bytes()).filter_map(|it| it.0).collect();
    let mut found =
        Found { indicators: text.starts_with("---") || text.starts_with("..."), ..Found::default() };
    let blank = |at: usize| all.get(at).is_none_or(|it| matches!(it, ' ' | '\t') || is_break(*it));
    let (mut before_space, mut before_break) = (false, false);
    for (at, it) in all.iter().copied().enumerate() {
        let followed = blank(at + 1);
        let preceded = at == 0 || at.checked_sub(1).is_some_and(blank);
        found.indicators |= match it {
            '#' => preceded,
            ':' => followed,
            ',' | '[' | ']' | '{' | '}' | '&' | '*' | '!' | '|' | '>' | '\'' | '"' | '%' | '@' | '`' => {
                at == 0
            }
            '?' | '-' => at == 0 && followed,
            _ => false,
        };
        found.special |= !is_printable(it);
        let last = at + 1 == all.len();
        if it == ' ' {
            found.leading_blank |= at == 0;
            found.trailing_blank |= last;
            found.trailing_space |= last;
            found.break_space |= before_break;
        } else if is_break(it) {
            found.line_breaks = true;
            found.leading_blank |= at == 0;
            found.trailing_blank |= last;
            found.space_break |= before_space;
        }
        before_space = it == ' ';
        before_break = is_break(it);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn styles() {
        for (text, expected) in [
            ("plain text", Style::Plain),
            ("a: b", Style::Single),
            ("a:b", Style::Plain),
            ("#a", Style::Single),
            ("a #b", Style::Single),
            ("it's", Style::Plain),
            ("'a", Style::Single),
            ("- a", Style::Single),
            (" a", Style::Single),
            ("a\tb", Style::Double),
            ("true", Style::Double),
            ("a\nb", Style::Literal),
            ("a \nb", Style::Double),
            ("a\n b", Style::Literal),
            ("grün", Style::Plain),
            ("😀", Style::Double),
        ] {
            assert_eq!(style(text, false), expected, "{text:?}");
        }
        assert_eq!(style("a\nb", true), Style::Double);
    }
}
