//! The question before anything is changed.

use std::io::{self, IsTerminal as _, Write as _};

use super::Work;
use crate::{commands::scan::counted, failure::Failure, output::note};

pub(super) fn question(works: &[Work], mount: &str) -> String {
    let moved = works.iter().map(Work::moved).sum();
    let left: usize = works.iter().map(|it| it.plan.left.len()).sum();
    let files = works.iter().filter(|it| it.is_change()).count();
    format!(
        "Move {} into {mount}/ and rewrite {}{}?",
        counted(moved, "credential"),
        counted(files, "file"),
        if left == 0 { String::new() } else { format!(" ({left} stay)") }
    )
}

pub(super) fn is_agreed(question: &str) -> Result<bool, Failure> {
    if !io::stdin().is_terminal() {
        return Err(Failure::new("there is nobody to ask, so nothing was changed")
            .hint("-yes goes on without a question; -dry-run only shows"));
    }
    let failed = |error: io::Error| Failure::new(format!("the terminal: {error}"));
    write!(io::stderr(), "{question} [y/N] ").map_err(failed)?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer).map_err(failed)?;
    let is_agreed = matches!(answer.trim(), "y" | "Y" | "yes");
    if !is_agreed {
        note("Nothing was changed.");
    }
    Ok(is_agreed)
}
