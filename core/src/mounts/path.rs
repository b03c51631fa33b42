//! Where a mount may lie.

use super::MountClass;
use crate::error::{Error, Result};

const MAX_LEN: usize = 256;

/// First segments that belong to the system. `audit` is none of ours, but policies and habits of Vault's users
/// keep it free.
const RESERVED: [&str; 5] = ["audit", "auth", "cubbyhole", "identity", "sys"];

/// Characters besides letters and digits. Whatever means something in a policy (`*`, `+`, `{`), in a URL or
/// on a terminal is not among them.
const PUNCTUATION: &str = "-_.~@";

/// The place of a mount: a class, and a path below it with a trailing slash.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct MountPath {
    pub class: MountClass,
    path: String,
}

/// Why a path cannot be a mount's.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum BadMountPath {
    #[error("the path is empty")]
    Empty,
    #[error("the path is longer than {MAX_LEN} bytes")]
    TooLong,
    #[error("a path has letters, digits, '-', '_', '.', '~' and '@', and no empty, '.' or '..' segments")]
    Characters,
}

impl MountPath {
    /// A path as a client names an existing mount: any spelling of the slash at its end.
    pub fn existing(class: MountClass, path: &str) -> Self {
        Self { class, path: format!("{}/", path.strip_suffix('/').unwrap_or(path)) }
    }

    /// The same from a full path: `auth/approle`, `secret`.
    pub fn existing_full(path: &str) -> Self {
        match path.strip_prefix("auth/").filter(|it| !it.is_empty()) {
            Some(path) => Self::existing(MountClass::Auth, path),
            None => Self::existing(MountClass::Secret, path),
        }
    }

    /// Whether a new mount may have this path, as far as its characters go.
    pub fn check(&self) -> Result<(), BadMountPath> {
        let path = self.path.strip_suffix('/').unwrap_or(&self.path);
        if path.is_empty() {
            return Err(BadMountPath::Empty);
        }
        if path.len() > MAX_LEN {
            return Err(BadMountPath::TooLong);
        }
        let good = |it: char| it.is_ascii_alphanumeric() || PUNCTUATION.contains(it);
        match path.split('/').all(|it| !matches!(it, "" | "." | "..") && it.chars().all(good)) {
            true => Ok(()),
            false => Err(BadMountPath::Characters),
        }
    }

    /// Whether the path is the system's own.
    pub fn is_reserved(&self) -> bool {
        let first = self.path.split('/').next().unwrap_or_default();
        self.class == MountClass::Secret && RESERVED.contains(&first)
    }

    /// `secret/`, `approle/`.
    pub fn as_str(&self) -> &str {
        &self.path
    }

    /// `secret/`, `auth/approle/`.
    pub fn full(&self) -> String {
        match self.class {
            MountClass::Auth => format!("auth/{}", self.path),
            MountClass::Secret => self.path.clone(),
        }
    }
}

impl From<BadMountPath> for Error {
    fn from(bad: BadMountPath) -> Self {
        Self::invalid(format!("invalid mount path: {bad}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(path: &str, expected: Result<(), BadMountPath>) {
        assert_eq!(MountPath::existing(MountClass::Secret, path).check(), expected, "{path}");
    }

    // Rule 47
    #[test]
    fn names_are_plain_ascii() {
        check("secret", Ok(()));
        check("team-a/db_1/x.y~z@w", Ok(()));
        check("", Err(BadMountPath::Empty));
        for bad in ["a b", "é", "a+b", "a*", "{x}", "a//b", "a/../b", "a%2fb", "a\u{200b}", "ａ"] {
            check(bad, Err(BadMountPath::Characters));
        }
        check(&"x".repeat(257), Err(BadMountPath::TooLong));
    }

    // Rule 47
    #[test]
    fn the_systems_own_names_are_taken() {
        for path in ["sys", "sys/x", "auth", "auth/x", "cubbyhole", "identity/y", "audit"] {
            let path = MountPath::existing(MountClass::Secret, path);
            assert!(path.is_reserved(), "{path:?}");
        }
        assert!(!MountPath::existing(MountClass::Secret, "system").is_reserved());
        assert!(!MountPath::existing(MountClass::Auth, "sys").is_reserved());
        assert_eq!(MountPath::existing_full("auth/x").full(), "auth/x/");
        assert_eq!(MountPath::existing_full("auth/").class, MountClass::Secret);
    }
}
