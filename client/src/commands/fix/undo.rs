//! `secret fix -undo`: the file as it was, from the store.
//!
//! A file beside it that another fix needs too stays until that one is undone as well, in whatever order.

use std::path::{Path, PathBuf};

use strongroom_scan::plain;

use super::{
    super::scan::counted,
    beside, is_agreed,
    kept::{Step, Undo, digest},
    replace::Original,
    shelf::Shelf,
};
use crate::{
    context::Context,
    failure::Failure,
    output::{line, note},
};

pub(super) async fn undo(cx: &Context, paths: &[PathBuf], yes: bool) -> Result<u8, Failure> {
    let shelf = Shelf::new(cx, false);
    let mut found = Vec::new();
    for path in paths {
        let (files, _) = super::files(std::slice::from_ref(path), false)?;
        for file in files {
            match shelf.original(&file).await.map_err(|it| it.within(&plain(&file.name)))? {
                Some(undo) => found.push((file, undo)),
                // Of all that is below a directory, most was never fixed.
                None if path.is_dir() => {}
                None => return Err(unknown(&file.name)),
            }
        }
    }
    if found.is_empty() {
        note("Nothing to do: the store has the original of no file here.");
        return Ok(0);
    }
    if !yes
        && !is_agreed(&format!("Put {} back as it was, credentials and all?", counted(found.len(), "file")))?
    {
        return Ok(super::LEFT);
    }
    // The last fix first: then each finds the files beside as it left them.
    for (file, undo) in found.iter().rev() {
        file.replace(undo.original.expose())?;
        line(&format!("as it was: {}", plain(&file.name)))?;
        for (name, became) in undo.neighbours() {
            let done = put_back(&shelf, file, undo, name, became).await;
            done.map_err(|it| it.within(&format!("{} beside it", plain(name))))?;
        }
    }
    Ok(0)
}

/// A file beside, as it was before the fix; and before those that were undone while it was still needed.
async fn put_back(
    shelf: &Shelf<'_>,
    file: &Original,
    undo: &Undo,
    name: &str,
    became: Option<&str>,
) -> Result<(), Failure> {
    let path = file.beside(name);
    if let Some(became) = became {
        shelf.mark_undone(undo, name, became, &file.text).await?;
    }
    let mut is_put_back = false;
    loop {
        let Some(now) = beside::read(&path) else { return Ok(()) };
        let now = now.unwrap_or_default();
        let mut steps = shelf.steps(undo, name, &now).await?.into_iter().peekable();
        if steps.peek().is_none() {
            if !is_put_back {
                note(&format!("{} stays: it was changed since", plain(&path.to_string_lossy())));
            }
            return Ok(());
        }
        // A step that found all there changed nothing; those before it may have.
        let is_over = |it: &Step| it.is_undone && !is_in_force(file, it);
        let over: Vec<Step> = std::iter::from_fn(|| steps.next_if(is_over)).collect();
        let changed = over.iter().find(|it| it.before.as_ref() != Some(&now));
        if let Some(step) = changed {
            beside::restore(&path, &now, step.before.as_deref())?;
            is_put_back = true;
            continue;
        }
        if let Some(needed) = steps.peek().filter(|_| !is_put_back) {
            note(&format!(
                "{} stays: the fix of {} needs it; undo that too",
                plain(&path.to_string_lossy()),
                plain(&needed.by)
            ));
        }
        return Ok(());
    }
}

/// Whether the file of a step is what its fix made of it: undone was another copy of the tree then.
fn is_in_force(file: &Original, step: &Step) -> bool {
    let name = Path::new(&step.by).file_name().unwrap_or_default().to_string_lossy();
    let path = file.beside(&name);
    let now = Original::read(&name, &path).ok().flatten();
    now.is_some_and(|it| digest(&it.text) == step.of)
}

fn unknown(name: &str) -> Failure {
    Failure::new(format!("the store has no original of {} as it is now", plain(name)))
        .hint("it was changed after the fix, fixed into another mount (-mount), or never fixed")
}
