//! The files that are fixed: those that the paths name, and what is said of the others.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use strongroom_scan::plain;

use super::{fresh, replace, replace::Original};
use crate::{commands::scan::passed_over, failure::Failure, output::note};

const UNREADABLE: &str = "all that is named must be readable: leave it out, or make it so";

/// All files that the paths name, but for those that cannot be rewritten; and whether there is a credential in one of
/// these. What a killed run left in their folders is taken away.
pub(super) fn files(paths: &[PathBuf], is_dry: bool) -> Result<(Vec<Original>, bool), Failure> {
    if paths.iter().any(|it| it.as_os_str() == "-") {
        return Err(Failure::new("standard input is no file that could be rewritten: nothing was changed")
            .hint("name the file; `secret scan -` reads from standard input"));
    }
    let listing = strongroom_scan::list(paths);
    if let Some(trouble) = listing.troubles.first() {
        let (file, cause) = (plain(&trouble.file), &trouble.cause);
        return Err(Failure::new(format!("{file} {cause}; nothing was changed")).hint(UNREADABLE));
    }
    if let Some(told) = passed_over(&listing.ignored) {
        note(&told);
    }
    let (mut files, mut others) = (Vec::new(), Vec::new());
    let mut folders = BTreeSet::new();
    for source in listing.sources {
        let path = source.file.absolute.as_deref().unwrap_or(Path::new(&source.file.shown));
        if let Some(folder) = path.canonicalize().ok().as_deref().and_then(Path::parent) {
            folders.insert(folder.to_owned());
        }
        // One that a run is just writing, or that one left.
        if fresh::is_one(path) {
            continue;
        }
        match Original::read(&source.file.shown, path).map_err(|it| it.or_hint(UNREADABLE))? {
            Some(file) => files.push(file),
            None => others.push(source),
        }
    }
    for left in folders.iter().filter(|_| !is_dry).flat_map(|it| fresh::clean(it)) {
        note(&format!("removed what a run had left that was cut off: {}", plain(&left.to_string_lossy())));
    }
    // The scanner reads UTF-16, whatever is nearly UTF-8, and more than fits into memory. No rewriting would keep the
    // rest of such a file as it is.
    let found = strongroom_scan::sweep(&others, strongroom_scan::scan_as).hits;
    for hit in &found {
        let path = hit.file.absolute.as_deref().unwrap_or(Path::new(&hit.file.shown));
        let is_long = std::fs::metadata(path).is_ok_and(|it| it.len() > replace::LONGEST);
        let why = if is_long {
            "the file is longer than 4 MiB — split it, and fix again"
        } else {
            "the file is no UTF-8 — convert it, and fix again"
        };
        note(&format!("left: {}:{}: {why}", plain(&hit.file.shown), hit.line));
    }
    Ok((files, !found.is_empty()))
}
