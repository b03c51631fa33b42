//! What a file may be called.

/// For the whole name, directories included.
const MAX: usize = 255;

/// A file's place below the target: plain segments between slashes.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct FileName(String);

#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum BadName {
    #[error("a file's name must not begin with a slash")]
    Absolute,
    #[error("a file's name has control characters")]
    Control,
    #[error("a file's name begins with two dots, or is a dot: those are taken")]
    Dots,
    #[error("a part of a file's name is empty")]
    Empty,
    #[error("a file's name is longer than {MAX} bytes")]
    Long,
}

impl FileName {
    // Rule 114
    pub fn parse(name: &str) -> Result<Self, BadName> {
        if name.starts_with('/') {
            return Err(BadName::Absolute);
        }
        if name.len() > MAX {
            return Err(BadName::Long);
        }
        if name.chars().any(char::is_control) {
            return Err(BadName::Control);
        }
        for segment in name.split('/') {
            match segment {
                "" => return Err(BadName::Empty),
                "." => return Err(BadName::Dots),
                // Not only `..` itself: what begins with it is the layout's own.
                segment if segment.starts_with("..") => return Err(BadName::Dots),
                _ => {}
            }
        }
        Ok(Self(name.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name as programs open it in the target: the first segment.
    pub(crate) fn top(&self) -> &str {
        self.0.split('/').next().unwrap_or_default()
    }

    /// The directories, and the name in the last of them.
    pub(crate) fn split(&self) -> (impl Iterator<Item = &str>, &str) {
        let (folder, name) = self.0.rsplit_once('/').unwrap_or(("", &self.0));
        (folder.split('/').filter(|it| !it.is_empty()), name)
    }

    /// Every directory on the way: `a` and `a/b` for `a/b/c`.
    pub(crate) fn ancestors(&self) -> impl Iterator<Item = &str> {
        self.0.match_indices('/').filter_map(|(at, _)| self.0.get(..at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, expected: Result<(), BadName>) {
        assert_eq!(FileName::parse(name).map(|_| ()), expected, "{name:?}");
    }

    // Rule 114
    #[test]
    fn a_name_is_one_or_more_plain_segments() {
        for name in ["password", "db/password", ".pgpass", "a.b", "a..b", "ä ö"] {
            check(name, Ok(()));
        }
        check(&"x".repeat(255), Ok(()));
        check(&"x".repeat(256), Err(BadName::Long));
        check(&format!("{}/{}", "x".repeat(200), "y".repeat(55)), Err(BadName::Long));
        check("/etc/passwd", Err(BadName::Absolute));
        for name in ["..", "../a", "a/../b", "a/..", "..data", "..data/x", "...", "a/..b", ".", "a/./b"] {
            check(name, Err(BadName::Dots));
        }
        for name in ["", "a//b", "a/"] {
            check(name, Err(BadName::Empty));
        }
        for name in ["a\0b", "a\nb", "\x1b[2J"] {
            check(name, Err(BadName::Control));
        }
    }

    #[test]
    fn a_name_knows_its_directories() {
        let name = FileName::parse("a/b/c").unwrap();
        assert_eq!(name.top(), "a");
        assert_eq!(name.ancestors().collect::<Vec<_>>(), ["a", "a/b"]);
        let (folders, last) = name.split();
        assert_eq!((folders.collect::<Vec<_>>(), last), (vec!["a", "b"], "c"));
    }
}
