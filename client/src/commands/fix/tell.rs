//! What was done, what is left and why, and what to do next.

use serde_json::json;
use strongroom_fix::Left;

use strongroom_scan::plain;

use super::Work;
use crate::{
    context::Context,
    failure::Failure,
    output::{Format, line, note},
};

pub(super) struct Told<'a> {
    pub(super) is_done: bool,
    pub(super) is_dry: bool,
    pub(super) works: &'a [Work],
    pub(super) mount: &'a str,
}

pub(super) fn tell(cx: &Context, told: &Told<'_>) -> Result<(), Failure> {
    match cx.output.format {
        Format::Table | Format::Raw => as_text(told),
        Format::Json | Format::Yaml => cx.output.data(&as_json(told)),
    }
}

fn as_text(told: &Told<'_>) -> Result<(), Failure> {
    for work in told.works {
        let verb = if told.is_done { "stored" } else { "to be stored" };
        for entry in &work.plan.entries {
            let place = &entry.reference;
            line(&format!("{verb}: {}/{}#{}", told.mount, place.path, place.field))?;
        }
        work.plan.left.iter().try_for_each(|it| line(&left_line(work, it)))?;
        work.plan.notes.iter().for_each(|it| note(&format!("{}: {it}", plain(&work.file.name))));
    }
    let moved: usize = told.works.iter().map(|it| it.findings.len() - it.plan.left.len()).sum();
    let left: usize = told.works.iter().map(|it| it.plan.left.len()).sum();
    note(&match (told.is_done, moved) {
        (true, _) => format!(
            "{moved} credentials moved into the store, {left} left. Whoever has read the files has read the values, and \
             version control keeps them: `secret rotate` makes new ones."
        ),
        (false, 0) if left == 0 => "Nothing to do: no credential was found.".to_owned(),
        (false, 0) => format!("Nothing can be moved; {left} left."),
        (false, _) if told.is_dry => {
            format!("{moved} credentials would be moved, {left} left. Nothing was done.")
        }
        (false, _) => format!("{moved} credentials can be moved, {left} cannot."),
    });
    Ok(())
}

fn left_line(work: &Work, left: &Left) -> String {
    let Some(finding) = work.findings.get(left.finding) else { return String::new() };
    let at = strongroom_scan::Position::of(&work.file.text, finding.span.start);
    format!(
        "left: {}:{}:{} {} ({}): {}{}{}",
        plain(&work.file.name),
        at.line,
        at.column,
        plain(&finding.key),
        finding.kind.name(),
        left.reason,
        if left.nearest.is_empty() { "" } else { " — " },
        left.nearest
    )
}

fn as_json(told: &Told<'_>) -> serde_json::Value {
    let files: Vec<_> = told.works.iter().map(|work| {
        let stored: Vec<_> = work.plan.entries.iter().map(|it| json!({ "path": it.reference.path, "field": it.reference.field })).collect();
        let left: Vec<_> = work.plan.left.iter().filter_map(|it| {
            let finding = work.findings.get(it.finding)?;
            let at = strongroom_scan::Position::of(&work.file.text, finding.span.start);
            Some(json!({
                "line": at.line, "column": at.column, "key": finding.key, "kind": finding.kind.name(),
                "reason": it.reason, "nearest": it.nearest,
            }))
        }).collect();
        let beside: Vec<_> = work.plan.beside.iter().map(|it| &it.name).collect();
        json!({
            "file": work.file.name, "changed": work.is_change(), "stored": stored, "left": left, "beside": beside,
            "notes": work.plan.notes,
        })
    }).collect();
    json!({ "done": told.is_done, "mount": told.mount, "files": files })
}
