//! What an undo does to a file beside: planned with all that the store knows of it, and done afterwards.

use std::path::Path;

use strongroom_scan::plain;

use super::super::{
    beside,
    kept::{Step, Undo, digest},
    replace::Original,
    shelf::Shelf,
};
use crate::{failure::Failure, output::note};

/// What is to become of a file beside.
pub(super) enum Neighbour {
    /// Why, where somebody may wonder.
    Stays(Option<String>),
    Back {
        now: String,
        before: Option<String>,
    },
}

/// As it was before the fix; and before those that were undone while it was still needed. The store learns that this
/// fix needs it no more, and nothing else is changed.
pub(super) async fn planned(
    shelf: &Shelf<'_>,
    file: &Original,
    undo: &Undo,
    (name, became): (&str, Option<&str>),
) -> Result<Neighbour, Failure> {
    let own = match became {
        Some(became) => shelf.mark_undone(undo, name, became, &file.text).await?,
        None => None,
    };
    let Some(there) = beside::read(&file.beside(name)) else { return Ok(Neighbour::Stays(None)) };
    let there = there.unwrap_or_default();
    let steps = shelf.steps(undo, name, &there).await?;
    let Some(mut before) = step_back(file, undo, &steps, &there) else {
        // An undo that broke off has put it back already.
        let is_done = own.is_some_and(|it| it.before.as_ref() == Some(&there))
            && became.is_some_and(|it| it != digest(&there));
        let why = if is_done { None } else { why_it_stays(file, undo, &steps) };
        return Ok(Neighbour::Stays(why));
    };
    while let Some(text) = &before {
        let steps = shelf.steps(undo, name, text).await?;
        let Some(earlier) = step_back(file, undo, &steps, text) else { break };
        before = earlier;
    }
    Ok(Neighbour::Back { now: there, before })
}

impl Neighbour {
    pub(super) fn put_back(self, path: &Path) -> Result<(), Failure> {
        match self {
            Self::Stays(why) => {
                let shown = plain(&path.to_string_lossy());
                why.iter().for_each(|it| note(&format!("{shown} stays: {it}")));
                Ok(())
            }
            Self::Back { now, before } => beside::restore(path, &now, before.as_deref()),
        }
    }
}

/// What stood there before the last of these steps. A step that found all there changed nothing; those before it may
/// have.
fn step_back(file: &Original, undo: &Undo, steps: &[Step], now: &str) -> Option<Option<String>> {
    let mut over = steps.iter().take_while(|it| is_over(file, undo, it));
    over.find(|it| it.before.as_deref() != Some(now)).map(|it| it.before.clone())
}

fn why_it_stays(file: &Original, undo: &Undo, steps: &[Step]) -> Option<String> {
    if steps.is_empty() {
        return Some("it was changed since".to_owned());
    }
    let needed = steps.iter().find(|it| !is_over(file, undo, it))?;
    Some(format!("the fix of {} needs it; undo that too", plain(&needed.by)))
}

fn is_over(file: &Original, undo: &Undo, step: &Step) -> bool {
    step.is_undone && !is_in_force(file, undo, step)
}

/// Whether the file of a step is what its fix made of it: undone was another copy of the tree then. The file that is
/// being undone counts as what it will be.
fn is_in_force(file: &Original, undo: &Undo, step: &Step) -> bool {
    let name = Path::new(&step.by).file_name().unwrap_or_default().to_string_lossy();
    let path = file.beside(&name);
    let becomes = if path == Path::new(&file.place()) {
        Some(digest(undo.original.expose()))
    } else {
        Original::read(&name, &path).ok().flatten().map(|it| digest(&it.text))
    };
    becomes.is_some_and(|it| it == step.of)
}
