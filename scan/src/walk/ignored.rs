//! Files that ignore files keep from us, and that hold secrets more often than not.
//!
//! A `.env` stands in most `.gitignore`s. Whoever reads "no finding" must learn that it was not looked at. Only names
//! are looked at here, and only beside files that are read: what lies in an ignored directory is not listed at all.

use std::{ffi::OsStr, fs, path::Path, path::PathBuf};

/// Whole names.
const NAMES: [&str; 17] = [
    ".git-credentials",
    ".my.cnf",
    ".netrc",
    ".npmrc",
    ".pgpass",
    ".pypirc",
    ".vault-token",
    "credentials.json",
    "credentials.yaml",
    "credentials.yml",
    "database.yml",
    "id_ed25519",
    "id_rsa",
    "master.key",
    "secrets.yaml",
    "secrets.yml",
    "terraform.tfstate",
];
const ENDS: [&str; 4] = [".env", ".pem", ".tfvars", ".tfvars.json"];
/// `.env.production`, and not `.env.example`.
const ENVIRONMENT: &str = ".env.";
const EXAMPLES: [&str; 7] = ["defaults", "dist", "example", "sample", "schema", "template", "tpl"];

/// Files of a directory that often hold secrets, whether they are read or not.
pub(super) fn suspects(directory: &Path) -> impl Iterator<Item = PathBuf> {
    // That it cannot be listed is told by the walk.
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let files = entries.filter(|it| it.file_type().is_ok_and(|it| it.is_file()));
    files.filter(|it| often_holds_secrets(&it.file_name())).map(|it| it.path())
}

fn often_holds_secrets(name: &OsStr) -> bool {
    let Some(name) = name.to_str() else { return false };
    let is_environment =
        name.strip_prefix(ENVIRONMENT).is_some_and(|rest| !rest.split('.').any(|it| EXAMPLES.contains(&it)));
    is_environment || NAMES.contains(&name) || ENDS.iter().any(|it| name.ends_with(it))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_tell() {
        for (name, expected) in [
            (".env", true),
            ("web.env", true),
            (".env.production", true),
            (".env.production.local", true),
            (".env.example", false),
            (".env.production.example", false),
            (".envrc", false),
            ("prod.tfvars", true),
            ("database.yml", true),
            ("database.yml.example", false),
            ("main.tf", false),
            ("debug.log", false),
        ] {
            assert_eq!(often_holds_secrets(OsStr::new(name)), expected, "{name}");
        }
    }
}
