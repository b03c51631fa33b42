//! Patterns in roles: `*` stands for any text, nothing else for anything but itself.

/// Whether `*` in `pattern` can stand for something so that it is `text`. Takes as many steps as both are long
/// together, for each `*` at most.
pub(super) fn glob(pattern: &str, text: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(mut text) = text.strip_prefix(first) else { return false };
    let (middle, last) = rest.rsplit_once('*').unwrap_or(("", rest));
    for part in middle.split('*') {
        // The earliest place leaves most for the others.
        match text.split_once(part) {
            _ if part.is_empty() => {}
            Some((_, behind)) => text = behind,
            None => return false,
        }
    }
    text.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_text() {
        for (pattern, text, expected) in [
            ("*", "", true),
            ("a", "a", true),
            ("a", "ab", false),
            ("a*", "a", true),
            ("a*", "ba", false),
            ("*@mail.example", "one@mail.example", true),
            ("*@mail.example", "one@mail.example.org", false),
            ("a*b*c", "abc", true),
            ("a*b*c", "a1b2b3c", true),
            ("a*b*c", "acb", false),
            ("a*a", "a", false),
            ("ab*bc", "abc", false),
            ("**", "x", true),
            ("*b*", "abc", true),
            ("*é*", "caféx", true),
        ] {
            assert_eq!(glob(pattern, text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn a_pattern_of_many_stars_takes_no_time() {
        let begun = std::time::Instant::now();
        assert!(!glob(&"*a".repeat(5_000), &"a".repeat(4_999)));
        assert!(begun.elapsed() < std::time::Duration::from_secs(5));
    }
}
