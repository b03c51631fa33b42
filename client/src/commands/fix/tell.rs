//! What was done, what is left and why, and what to do next.

use std::{collections::BTreeSet, path::PathBuf};

use serde_json::json;
use strongroom_fix::Left;

use strongroom_scan::{Obstacle, plain};

use super::{
    super::scan::counted,
    Work,
    access::{self, Grant},
};
use crate::{
    context::Context,
    failure::Failure,
    output::{Format, line, note},
};

/// Stands in notes for the file that an agent logs in with.
const TOKEN: &str = "-token-file=TOKEN";

pub(super) struct Told<'a> {
    pub(super) is_done: bool,
    pub(super) is_dry: bool,
    /// What was to be done is not done, and the reason follows.
    pub(super) is_failed: bool,
    /// One line a file was asked for, and printed.
    pub(super) is_short: bool,
    pub(super) works: &'a [Work],
    pub(super) mount: &'a str,
    pub(super) grants: &'a [Grant],
}

/// One line a file.
pub(super) fn in_short(cx: &Context, works: &[Work]) -> Result<(), Failure> {
    if !matches!(cx.output.format, Format::Table | Format::Raw) {
        return Ok(());
    }
    works.iter().try_for_each(|it| {
        let left = it.plan.left.len();
        let copies = match it.copies.count() {
            0 => String::new(),
            count => format!(", {} to clear by hand", counted(count, "line")),
        };
        line(&format!("{}: {} to move, {left} to stay{copies}", plain(&it.file.name), it.moved()))
    })
}

/// What stays, and why: said before the question.
pub(super) fn left(cx: &Context, works: &[Work]) -> Result<(), Failure> {
    let is_text = matches!(cx.output.format, Format::Table | Format::Raw);
    if !is_text || works.iter().all(|it| it.plan.left.is_empty()) {
        return Ok(());
    }
    line("")?;
    for work in works.iter().filter(|it| !it.plan.left.is_empty()) {
        let trouble = unparsed(work);
        work.plan.left.iter().try_for_each(|it| line(&left_line(work, it, trouble.as_deref())))?;
    }
    Ok(())
}

/// Where a parser stopped, and why: no word of the file stands in that.
fn unparsed(work: &Work) -> Option<String> {
    let text = &work.file.text;
    let (line, column, why) = match strongroom_scan::Format::of(&work.file.name, text) {
        strongroom_scan::Format::Hcl => {
            let error = strongroom_hcl::parse(text).err();
            error.map(|it| (it.line, it.column, it.kind.to_string()))
        }
        strongroom_scan::Format::Json => {
            let error = serde_json::from_str::<serde::de::IgnoredAny>(text).err();
            error.map(|it| (it.line(), it.column(), "no JSON".to_owned()))
        }
        _ => None,
    }
    .or_else(|| {
        let at = strongroom_scan::Position::of(text, first_action(text)?);
        Some((at.line, at.column, "an action of a template".to_owned()))
    })?;
    Some(format!("line {line}, column {column}: {why}"))
}

/// The first action of another tool: one that stands where a key or a value begins, rather than one within a text.
fn first_action(text: &str) -> Option<usize> {
    let all: Vec<usize> =
        ["{{", "{%", "<%"].iter().flat_map(|it| text.match_indices(it)).map(|it| it.0).collect();
    let begins = |at: &&usize| {
        let line = text.get(..**at).and_then(|it| it.rsplit('\n').next()).unwrap_or("").trim();
        line.is_empty() || line.ends_with(['-', ':'])
    };
    all.iter().filter(begins).min().or_else(|| all.iter().min()).copied()
}

/// Where everything went or would go: for whoever reads standard output.
pub(super) fn what(cx: &Context, told: &Told<'_>) -> Result<(), Failure> {
    match cx.output.format {
        Format::Table | Format::Raw if told.is_short => Ok(()),
        Format::Table | Format::Raw => places(told),
        Format::Json | Format::Yaml => cx.output.data(&as_json(told)),
    }
}

/// How the programs start from now on, and the summary, which comes last.
pub(super) fn next(cx: &Context, told: &Told<'_>) {
    if !matches!(cx.output.format, Format::Table | Format::Raw) {
        return;
    }
    let works = if told.is_short { &[] } else { told.works };
    let mut said = BTreeSet::new();
    let notes: Vec<String> = works.iter().flat_map(|it| notes(it, told.is_done, &mut said)).collect();
    if !notes.is_empty() {
        note("");
    }
    notes.iter().for_each(|it| note(it));
    if let Some(summary) = summary(told) {
        note(&format!("{}{summary}", if told.works.is_empty() { "" } else { "\n" }));
    }
}

fn places(told: &Told<'_>) -> Result<(), Failure> {
    let verb = if told.is_done { "stored" } else { "to be stored" };
    if told.works.iter().any(Work::is_change) {
        line("")?;
    }
    for work in told.works {
        for entry in &work.plan.entries {
            let place = &entry.reference;
            line(&format!("{verb}: {}/{}#{}", told.mount, place.path, place.field))?;
        }
    }
    Ok(())
}

/// The file's name, and below it what is to be known of it. What holds for files of one folder that are used together is
/// said once.
fn notes(work: &Work, is_done: bool, said: &mut BTreeSet<(PathBuf, String)>) -> Vec<String> {
    let folder = work.file.beside("");
    let notes = work.copies.note(&work.file.name, is_done).into_iter();
    let notes = notes.chain(work.plan.notes.iter().map(|it| plain(it)));
    let mut notes: Vec<String> = notes.filter(|it| said.insert((folder.clone(), it.clone()))).collect();
    if notes.iter().any(|it| it.contains(TOKEN)) {
        let policies: BTreeSet<&str> = work.plan.access.iter().map(|it| it.policy.as_str()).collect();
        let options: Vec<String> = policies.iter().map(|it| format!("-policy={it}")).collect();
        notes.push(format!(
            "TOKEN is a file with a token that may read that: `(umask 077; secret token create {} -field=token > TOKEN)`",
            options.join(" ")
        ));
    }
    let head = (!notes.is_empty()).then(|| format!("{}:", plain(&work.file.name)));
    head.into_iter().chain(notes.iter().map(|it| format!("  {it}"))).collect()
}

fn summary(told: &Told<'_>) -> Option<String> {
    let moved = told.works.iter().map(Work::moved).sum();
    let left: usize = told.works.iter().map(|it| it.plan.left.len()).sum();
    let stay = |what: &str| if left == 0 { String::new() } else { format!(", {left} {what}") };
    let credentials = counted(moved, "credential");
    Some(match (told.is_done, moved) {
        (true, 0) if told.is_failed => return None,
        (true, _) => format!(
            "{credentials} moved into the store{}.\nWhoever has read the files has read the values, and version \
             control keeps them: `secret rotate` makes new ones.",
            stay("left")
        ),
        (false, 0) if left == 0 => "Nothing to do: no credential was found.".to_owned(),
        (false, 0) => format!("Nothing can be moved; {left} left."),
        (false, _) if told.is_dry => {
            format!("{credentials} would be moved{}. Nothing was done.", stay("left"))
        }
        (false, _) => format!("{credentials} can be moved{}.", stay("cannot")),
    })
}

fn left_line(work: &Work, left: &Left, trouble: Option<&str>) -> String {
    let Some(finding) = work.findings.get(left.finding) else { return String::new() };
    let trouble = trouble.filter(|_| finding.obstacle == Some(Obstacle::Unparsed));
    let at = strongroom_scan::Position::of(&work.file.text, finding.span.start);
    format!(
        "left: {}:{}:{} {} ({}): {}{}{}{}",
        plain(&work.file.name),
        at.line,
        at.column,
        plain(&finding.key),
        finding.kind.name(),
        left.reason,
        trouble.map(|it| format!(" ({it})")).unwrap_or_default(),
        if left.nearest.is_empty() { "" } else { " — " },
        left.nearest
    )
}

fn as_json(told: &Told<'_>) -> serde_json::Value {
    let files: Vec<_> = told.works.iter().map(|it| of_file(it, told.is_done)).collect();
    let access = access::as_json(told.grants);
    json!({ "done": told.is_done, "mount": told.mount, "files": files, "access": access })
}

fn of_file(work: &Work, is_done: bool) -> serde_json::Value {
    let entries = work.plan.entries.iter().map(|it| &it.reference);
    let stored: Vec<_> = entries.map(|it| json!({ "path": it.path, "field": it.field })).collect();
    let left = work.plan.left.iter().filter_map(|it| {
        let finding = work.findings.get(it.finding)?;
        let at = strongroom_scan::Position::of(&work.file.text, finding.span.start);
        Some(json!({
            "line": at.line, "column": at.column, "key": finding.key, "kind": finding.kind.name(),
            "reason": it.reason, "nearest": it.nearest,
        }))
    });
    let left: Vec<_> = left.collect();
    let beside: Vec<_> = work.plan.beside.iter().map(|it| &it.name).collect();
    let copies = work.copies.note(&work.file.name, is_done);
    let notes: Vec<_> = copies.iter().chain(&work.plan.notes).collect();
    json!({
        "file": work.file.name, "changed": work.is_change(), "stored": stored, "left": left, "beside": beside,
        "notes": notes,
    })
}
