//! Environment variables that are read here and not in the SDK.

#![allow(clippy::disallowed_methods, reason = "the one place")]

/// What the person edits with.
pub(crate) fn editor() -> String {
    ["VISUAL", "EDITOR"]
        .iter()
        .find_map(|it| std::env::var(it).ok().filter(|it| !it.trim().is_empty()))
        .unwrap_or_else(|| "vi".to_owned())
}
