//! `secret fix -undo`: the file as it was, from the store.
//!
//! A file beside it that another fix needs too stays until that one is undone as well, in whatever order.

use std::path::{Path, PathBuf};

use strongroom_scan::plain;

use super::{
    super::scan::counted,
    ask::is_agreed,
    beside,
    files::files,
    kept::{Step, Undo, digest},
    replace::Original,
    shelf::Shelf,
};
use crate::{
    context::Context,
    failure::{Failure, SERVER},
    output::{line, note},
};

pub(super) async fn undo(cx: &Context, paths: &[PathBuf], yes: bool) -> Result<u8, Failure> {
    let shelf = Shelf::new(cx, false);
    let (found, mut stays) = originals(&shelf, paths).await?;
    let is_all = stays.is_empty();
    let last = if found.is_empty() { stays.pop() } else { None };
    stays.iter().filter_map(Failure::report).for_each(|it| note(&it));
    if let Some(last) = last {
        return Err(last);
    }
    if found.is_empty() {
        note("Nothing to do: the store has the original of no file here.");
        return Ok(0);
    }
    newer(cx, &shelf, &found).await.iter().for_each(|it| note(it));
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
    Ok(if is_all { 0 } else { super::LEFT })
}

/// What the store has of the files, and why it has not the others.
async fn originals(
    shelf: &Shelf<'_>,
    paths: &[PathBuf],
) -> Result<(Vec<(Original, Undo)>, Vec<Failure>), Failure> {
    let (mut found, mut stays) = (Vec::new(), Vec::new());
    for path in paths {
        let (files, _) = files(std::slice::from_ref(path), false)?;
        for file in files {
            match shelf.original(&file).await.map_err(|it| it.within(&plain(&file.name))) {
                Ok(Some(undo)) => found.push((file, undo)),
                // Of all that is below a directory, most was never fixed.
                Ok(None) if path.is_dir() => {}
                Ok(None) => stays.push(unknown(&file.name)),
                // Of one file, where the store answers well for the others.
                Err(failure) if failure.code != SERVER => stays.push(failure),
                Err(failure) => return Err(failure),
            }
        }
    }
    Ok((found, stays))
}

/// A line for each value that was rotated after its fix: the file would get the dead one.
async fn newer(cx: &Context, shelf: &Shelf<'_>, found: &[(Original, Undo)]) -> Vec<String> {
    let mut lines = Vec::new();
    for (file, undo) in found {
        for it in &undo.moved {
            let Some(version) = shelf.newer(it).await else { continue };
            lines.push(format!(
                "warning: {}/{}#{} has a newer value (version {version}): {} would get the old one, which may be \
                 good for nothing by now",
                cx.default_mount(),
                it.path,
                it.field,
                plain(&file.name)
            ));
        }
    }
    lines
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
