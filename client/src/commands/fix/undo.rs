//! `secret fix -undo`: the file as it was, from the store.

use std::path::PathBuf;

use strongroom_scan::plain;

use super::{is_agreed, replace, shelf::Shelf};
use crate::{context::Context, failure::Failure, output::line};

pub(super) async fn undo(cx: &Context, paths: &[PathBuf], yes: bool) -> Result<u8, Failure> {
    let shelf = Shelf::new(cx, false);
    let mut found = Vec::new();
    for path in paths {
        let (files, _) = super::files(std::slice::from_ref(path), false)?;
        for file in files {
            match shelf.original(&file).await? {
                Some(undo) => found.push((file, undo)),
                // Of all that is below a directory, most was never fixed.
                None if path.is_dir() => {}
                None => return Err(unknown(&file.name)),
            }
        }
    }
    if !yes && !is_agreed(found.len())? {
        return Ok(super::LEFT);
    }
    for (file, undo) in found {
        file.replace(undo.original.expose())?;
        for name in &undo.beside {
            replace::forget(&file.beside(name));
        }
        line(&format!("as it was: {}", plain(&file.name)))?;
    }
    Ok(0)
}

fn unknown(name: &str) -> Failure {
    Failure::new(format!("the store has no original of {} as it is now", plain(name)))
        .hint("it was changed after the fix, fixed into another mount (-mount), or never fixed")
}
