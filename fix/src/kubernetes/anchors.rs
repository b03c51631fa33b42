//! Anchors (`&name`) over a value, whose aliases (`*name`) have it too.

/// The anchors that stand on a line.
pub(super) fn on(line: &str) -> impl Iterator<Item = &str> {
    let words = line.split([' ', '\t', '\r', '\n', '[', '{', ',']);
    words.filter_map(|it| it.strip_prefix('&')).filter(|it| !it.is_empty())
}

/// Without the anchor that it begins with.
pub(super) fn without(value: &str) -> &str {
    match value.strip_prefix('&') {
        Some(anchored) => anchored.split_once([' ', '\t']).map_or("", |(_, rest)| rest.trim_start()),
        None => value,
    }
}

/// Whether an alias takes what the anchor names.
pub(super) fn is_taken(text: &str, name: &str) -> bool {
    let alias = format!("*{name}");
    text.match_indices(&alias).any(|(at, _)| {
        let before = text.get(..at).and_then(|it| it.chars().next_back());
        let behind = text.get(at + alias.len()..).and_then(|it| it.chars().next());
        before.is_none_or(|it| it.is_whitespace() || "[{,".contains(it))
            && behind.is_none_or(|it| it.is_whitespace() || "]},".contains(it))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn anchors_are_told_from_their_values() {
        assert_eq!(on("- {a: &b c, d: &e \"f\"} # x&y").collect::<Vec<_>>(), ["b", "e"]);
        assert_eq!((without("&a"), without("&a b"), without("b &a")), ("", "b", "b &a"));
        let is_taken = |text: &str| is_taken(text, "pw");
        assert!(is_taken("a: *pw") && is_taken("[*pw, x]") && is_taken("<<: *pw\r\n"));
        assert!(!is_taken("a: *pwd") && !is_taken("a: x*pw") && !is_taken("a: &pw"));
    }
}
