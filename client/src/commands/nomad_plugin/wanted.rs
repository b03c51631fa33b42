//! What a job's `secret` block asks for: `PATH[?version=N][#FIELD]`.

/// A secret's path, one version of it, one field of it.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct Wanted {
    /// As it was typed: with or without the mount, and `data/` behind it.
    pub(super) path: String,
    pub(super) version: Option<u64>,
    pub(super) field: Option<String>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub(super) enum BadPath {
    #[error(
        "the path is not plain: names with a slash between them, and no dots, percent signs or control characters for names"
    )]
    NotPlain,
    #[error("behind `?` stands version=N, and nothing else")]
    Query,
    #[error("behind `#` stands the name of a field")]
    Field,
}

const LONGEST: usize = 1024;

impl Wanted {
    pub(super) fn parse(text: &str) -> Result<Self, BadPath> {
        let (rest, field) = match text.split_once('#') {
            Some((_, "")) => return Err(BadPath::Field),
            Some((rest, field)) => (rest, Some(field.to_owned())),
            None => (text, None),
        };
        let (path, query) = match rest.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (rest, None),
        };
        let version = match query.map(|it| it.strip_prefix("version=").and_then(|it| it.parse().ok())) {
            Some(None | Some(0)) => return Err(BadPath::Query),
            Some(Some(version)) => Some(version),
            None => None,
        };
        if path.len() > LONGEST || !path.split('/').all(is_plain) {
            return Err(BadPath::NotPlain);
        }
        Ok(Self { path: path.to_owned(), version, field })
    }
}

fn is_plain(segment: &str) -> bool {
    !matches!(segment, "" | "." | "..")
        && !segment.contains(|it: char| it.is_control() || matches!(it, '%' | '\\'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Result<(&str, Option<u64>, Option<&str>), BadPath>) {
        let expected = expected.map(|(path, version, field)| Wanted {
            path: path.to_owned(),
            version,
            field: field.map(str::to_owned),
        });
        assert_eq!(Wanted::parse(text), expected, "{text}");
    }

    // Rule 50: what is read is what was checked.
    #[test]
    fn a_path_may_have_a_version_and_a_field() {
        check("app", Ok(("app", None, None)));
        check("secret/data/default/shop/db", Ok(("secret/data/default/shop/db", None, None)));
        check("app#password", Ok(("app", None, Some("password"))));
        check("app?version=2", Ok(("app", Some(2), None)));
        check("app?version=2#a?b#c", Ok(("app", Some(2), Some("a?b#c"))));
        for text in
            ["", "/app", "app/", "a//b", "../a", "a/./b", "a/..", "a%2fb", "a\\b", "a\nb", "#x", "?version=1"]
        {
            check(text, Err(BadPath::NotPlain));
        }
        for text in
            ["app?", "app?version=", "app?version=0", "app?version=x", "app?list=true", "app?version=1&x=y"]
        {
            check(text, Err(BadPath::Query));
        }
        check("app#", Err(BadPath::Field));
        check(&"a".repeat(LONGEST + 1), Err(BadPath::NotPlain));
    }
}
