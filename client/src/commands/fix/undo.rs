//! `secret fix -undo`: the file as it was, from the store.
//!
//! A file beside it that another fix needs too stays until that one is undone as well, in whatever order.

mod neighbour;

use std::path::PathBuf;

use strongroom_scan::plain;

use super::{
    super::scan::counted, ask::is_agreed, files::files, kept::Undo, refused, replace::Original, shelf::Shelf,
};
use crate::{
    context::Context,
    failure::{Failure, SERVER},
    output::{line, note},
};

pub(super) async fn undo(cx: &Context, paths: &[PathBuf], yes: bool) -> Result<u8, Failure> {
    let shelf = Shelf::new(cx, false);
    let (found, stays) = originals(&shelf, paths).await?;
    let is_all = stays.is_empty();
    tell_but_last(stays, !found.is_empty())?;
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
    let failed = undo_all(&shelf, &found).await?;
    let is_whole = is_all && failed.is_empty();
    let is_any = failed.len() < found.len();
    tell_but_last(failed, is_any)?;
    Ok(if is_whole { 0 } else { super::LEFT })
}

/// Says why files stay as they are. Where no other is undone, the last of them is what the command fails with.
fn tell_but_last(mut stays: Vec<Failure>, is_any_undone: bool) -> Result<(), Failure> {
    let last = if is_any_undone { None } else { stays.pop() };
    stays.into_iter().filter_map(|it| refused::explained(it).report()).for_each(|it| note(&it));
    last.map_or(Ok(()), Err)
}

/// Undoes what can be, and answers why the others cannot. An outage ends it, for the others would fare no better.
async fn undo_all(shelf: &Shelf<'_>, found: &[(Original, Undo)]) -> Result<Vec<Failure>, Failure> {
    let mut failed = Vec::new();
    // The last fix first: then each finds the files beside as it left them.
    for (file, undo) in found.iter().rev() {
        match undo_one(shelf, file, undo).await {
            Ok(()) => line(&format!("as it was: {}", plain(&file.name)))?,
            Err(failure) if failure.is_transient => return tell_but_last(failed, true).and(Err(failure)),
            Err(failure) => failed.push(failure),
        }
    }
    Ok(failed)
}

/// The file itself comes last: it is what its original is found by, so an undo that breaks off can be run again.
async fn undo_one(shelf: &Shelf<'_>, file: &Original, undo: &Undo) -> Result<(), Failure> {
    let failed = |name: &str| {
        let what = format!("{} is not undone: {} beside it", plain(&file.name), plain(name));
        move |it: Failure| it.within(&what).or_hint("run it again when that is mended: it goes on from there")
    };
    let mut neighbours = Vec::new();
    for (name, became) in undo.neighbours() {
        let planned = neighbour::planned(shelf, file, undo, (name, became)).await;
        neighbours.push((name, planned.map_err(failed(name))?));
    }
    for (name, neighbour) in neighbours {
        neighbour.put_back(&file.beside(name)).map_err(failed(name))?;
    }
    file.replace(undo.original.expose())
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
                Ok(Some(undo)) => match file.refuse_unwritable() {
                    Ok(()) => found.push((file, undo)),
                    Err(failure) => stays.push(failure),
                },
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

fn unknown(name: &str) -> Failure {
    Failure::new(format!("the store has no original of {} as it is now", plain(name)))
        .hint("it was changed after the fix, fixed into another mount (-mount), or never fixed")
}
