//! Findings as lines, for people.

use super::Hit;

/// Longer names are cut: a table is for looking at.
const NAME: usize = 60;

/// The columns of [`table`].
pub const HEAD: [&str; 5] = ["PLACE", "SEVERITY", "KIND", "KEY", "VALUE"];

/// A row for each finding: where it stands, how bad it is, what it is, its name, and what may be shown of it.
#[must_use]
pub fn table(hits: &[Hit]) -> Vec<[String; 5]> {
    hits.iter().map(row).collect()
}

fn row(hit: &Hit) -> [String; 5] {
    let commit = hit.commit.as_ref().and_then(|it| it.id.get(..10));
    let commit = commit.map(|it| format!("{it}:")).unwrap_or_default();
    [
        format!("{commit}{}:{}:{}", plain(&hit.file.shown), hit.line, hit.column),
        hit.severity.name().to_owned(),
        hit.kind.name().to_owned(),
        cut(&plain(&hit.key)),
        hit.masked.to_string(),
    ]
}

/// A name that cannot move the cursor, begin a line or turn the reading direction.
#[must_use]
pub fn plain(name: &str) -> String {
    let turns = |c: char| matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
    name.chars()
        .flat_map(|c| {
            let escape = c.is_control() || turns(c);
            let escaped = escape.then(|| c.escape_default());
            escaped.into_iter().flatten().chain((!escape).then_some(c))
        })
        .collect()
}

fn cut(name: &str) -> String {
    match name.char_indices().nth(NAME) {
        Some((at, _)) => format!("{}…", name.get(..at).unwrap_or_default()),
        None => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{fake, git::Commit, walk::File};

    #[test]
    fn a_row_is_one_line_whatever_the_names() {
        let file = File { shown: "a\nb\u{1b}[2J\u{202e}.env".to_owned(), ..File::default() };
        let hit = Hit { file: Arc::new(file), ..fake::hit(&"k\t".repeat(50)) };
        let [place, severity, kind, key, value] = row(&hit);
        assert_eq!(place, r"a\nb\u{1b}[2J\u{202e}.env:3:7");
        assert_eq!((severity.as_str(), kind.as_str(), value.as_str()), ("high", "password", "****"));
        assert_eq!(key, format!("{}…", r"k\t".repeat(20)));
    }

    #[test]
    fn history_names_the_commit() {
        let commit = Arc::new(Commit { id: "0123456789abcdef".to_owned(), ..Commit::default() });
        let [place, ..] = row(&Hit { commit: Some(commit), ..fake::hit("k") });
        assert_eq!(place, "0123456789:a.hcl:3:7");
    }
}
