//! Which files a configuration is, where it may be a directory.

use std::{
    io,
    path::{Path, PathBuf},
};

/// A file itself; of a directory all `*.hcl` and `*.json` in the order of their names, but for the locks that editors
/// leave (`.#NAME`).
///
/// # Errors
///
/// What is not there or cannot be read.
pub fn configuration_files(path: &Path) -> io::Result<Vec<PathBuf>> {
    if !std::fs::metadata(path)?.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut found = Vec::new();
    for entry in std::fs::read_dir(path)? {
        let entry = entry?;
        let file = entry.path();
        let is_lock = entry.file_name().as_encoded_bytes().starts_with(b".#");
        if !is_lock && file.extension().is_some_and(|it| it == "hcl" || it == "json") {
            found.push(file);
        }
    }
    found.sort();
    Ok(found)
}
