//! Compose: a file on a tmpfs where the image reads one (`*_FILE`), else a variable that `secret run` sets.
//!
//! Images that are known to read `NAME_FILE` get a secret of Compose, whose file `secret inject` writes to a tmpfs of
//! the host. Others get `${NAME:?...}`, which Compose fills from its own environment, or does not start:
//! `secret run -env -- docker compose up`.
//! What Compose fills in it does not read again, so the value may be anything.
//!
//! Files that Compose merges are planned together (`group`).

mod env_files;
mod group;
mod names;
mod outline;

use std::collections::BTreeSet;

use strongroom_hcl::Span;
use strongroom_scan::{Finding, Layer, Obstacle, Place};

use self::{
    group::Group,
    names::{Names, file_of, required},
    outline::{Outline, Service},
};
use crate::{
    Edit, File, Options, Plan, Reference,
    given::given,
    layout::{bare_in_flow, line_around, line_end, with_line_ends},
    moved::{self, Cure},
};

/// Official images whose start script reads `NAME_FILE` in place of `NAME` while it is root, and the variables that it does
/// this for. Those of mongo, Nextcloud and WordPress read it as a user of their own, who may not read a file that is root's.
const FILE_READERS: &[(&str, &[&str])] = &[
    ("postgres", &["POSTGRES_PASSWORD"]),
    ("mysql", &["MYSQL_PASSWORD", "MYSQL_ROOT_PASSWORD"]),
    ("mariadb", &["MARIADB_PASSWORD", "MARIADB_ROOT_PASSWORD", "MYSQL_PASSWORD", "MYSQL_ROOT_PASSWORD"]),
];

/// Where a secret's file is written on the host, and where the container finds it.
const HOST: &str = "/run/strongroom";
const CONTAINER: &str = "/run/secrets";

enum How {
    /// The service that has the variable.
    File(Service),
    Variable,
}

pub(crate) fn plan(file: &File<'_>, findings: &[Finding], options: &Options) -> Plan {
    let group = Group::of(file, findings, options);
    let home = group.home(file, options);
    let places = group.places(file, options);
    let own = places.get(group.own()).cloned().unwrap_or_default();
    let mut called = named(&group, &places);
    let mut services: Vec<(Service, Vec<String>)> = Vec::new();
    let mut quotes = BTreeSet::new();
    let edit = |finding: &Finding, how: How, reference: &Reference| {
        Ok(match how {
            How::File(service) => {
                let name = called.file(&group, reference);
                let edit = as_file(file.text, finding, &name);
                give(&mut services, service, name);
                edit
            }
            How::Variable => {
                let name = called.variable(&group, reference);
                quoted(file.text, finding.span, required(&name), &mut quotes)
            }
        })
    };
    let cure = |it: &Finding| Ok(Cure::new(how(&group, group.own(), it), stored(file.text, it)));
    let mut plan = moved::plan_with(findings, cure, |_| own.clone(), edit);
    plan.edits
        .extend(quotes.iter().map(|at| Edit { span: Span { start: *at, end: *at }, text: "\"".to_owned() }));
    // Two projects may run on one host.
    let folder = format!("{HOST}/{}", home.policy());
    give_files(&mut plan, file.text, &Outline::of(file.text), &folder, &services);
    plan.settle(home.policy());
    for it in &mut plan.left {
        let finding = findings.get(it.finding);
        if let Some(name) = finding.and_then(|it| variable_with_default(file.text, it)) {
            (it.reason, it.nearest) = a_default(name);
        }
    }
    if !plan.edits.is_empty() {
        let commands = called.how_to_start(&group, &home, &folder, &places, options);
        plan.notes.extend(commands);
        plan.notes.extend(kept_variables(&group, findings));
    }
    plan
}

/// Files of variables that a Compose file gives its services, as it names them. What is computed or an alias is none.
#[must_use]
pub fn env_files(text: &str) -> Vec<String> {
    let is_path = |it: &String| !it.contains('$') && !it.starts_with(['*', '&']);
    env_files::named(text).into_iter().map(|(_, it)| it).filter(is_path).collect()
}

/// The variable whose default the finding is (`${NAME:-...}`).
fn variable_with_default<'t>(text: &'t str, finding: &Finding) -> Option<&'t str> {
    let is_default = finding.obstacle == Some(Obstacle::Expression);
    let before = text.get(..finding.span.start).filter(|_| is_default)?;
    let opened = before.get(before.rfind("${")? + 2..)?;
    let end = opened.find(|it: char| !it.is_ascii_alphanumeric() && it != '_')?;
    let (name, rest) = opened.split_at_checked(end)?;
    (rest.starts_with([':', '-']) && !rest.contains('}')).then_some(name)
}

/// Without it Compose would ask for the variable, where it goes on with the default now: that is not for a rewrite to say.
fn a_default(name: &str) -> (String, String) {
    (
        format!("the default of {name}, which holds wherever nobody gives that variable"),
        format!(
            "store it, write `{}` instead, and give the variable: `secret run --env --map PATH#FIELD={name} -- docker compose up`",
            required(name)
        ),
    )
}

/// The names in all files that are merged, whichever of them is planned.
fn named(group: &Group<'_>, places: &[Vec<Reference>]) -> Names {
    let mut called = Names::default();
    for (at, (member, places)) in group.members().iter().zip(places).enumerate() {
        for ((finding, _), place) in member.values().iter().zip(places) {
            match how(group, at, finding) {
                How::File(_) => called.file(group, place),
                How::Variable => called.variable(group, place),
            };
        }
    }
    called
}

fn how(group: &Group<'_>, member: usize, finding: &Finding) -> How {
    let service = by_file(group, member, finding);
    let service = service.filter(|it| group.setter(it, &finding.key).is_none());
    service.map_or(How::Variable, How::File)
}

/// The service that could read the variable from a file, as far as its own lines and those of merged files go.
fn by_file(group: &Group<'_>, member: usize, finding: &Finding) -> Option<Service> {
    let of = group.members().get(member)?;
    let takes_file = |it: &Service| {
        finding.place == Place::Env
            && reads_file(it, finding)
            && is_whole(of.text(), finding)
            && group.may_be_file(member, &finding.key)
    };
    of.outline.service_at(finding.span.start).filter(takes_file)
}

/// Why variables stay such that the image would read from a file.
fn kept_variables(group: &Group<'_>, findings: &[Finding]) -> Vec<String> {
    let note = |finding: &Finding| {
        let service = by_file(group, group.own(), finding)?;
        let (name, setter) = (&finding.key, group.setter(&service, &finding.key)?);
        let why = if setter.is_read { "sets it too" } else { "cannot be read here, and may set it too" };
        Some(format!(
            "{name} of {} does not become {name}_FILE: its env_file {} {why}, and the image takes only one of the two",
            service.name, setter.path
        ))
    };
    let free = findings.iter().filter(|it| it.obstacle.is_none());
    free.filter_map(note).collect::<BTreeSet<_>>().into_iter().collect()
}

fn reads_file(service: &Service, finding: &Finding) -> bool {
    let image = official(&service.image);
    let known = FILE_READERS.iter().find(|(name, _)| Some(*name) == image);
    !service.has_secrets
        && !service.has_user
        && known.is_some_and(|(_, names)| names.contains(&finding.key.as_str()))
}

/// The name of an official image, from wherever it is pulled: `postgres:16`, `docker.io/library/postgres`, a mirror's
/// `registry.example.net/postgres`. Others (`lscr.io/linuxserver/mariadb`) have start scripts of their own.
fn official(image: &str) -> Option<&str> {
    let (from, name) = image.rsplit_once('/').unwrap_or(("", image));
    let is_host = |it: &str| !it.contains('/') && (it.contains(['.', ':']) || it == "localhost");
    let is_official = from.is_empty() || from == "library" || from.ends_with("/library") || is_host(from);
    name.split([':', '@']).next().filter(|_| is_official)
}

/// Whether the secret is all of the variable's value: `NAME: x`, `NAME: "x"`, `- NAME=x`, `- "NAME=x"`.
fn is_whole(text: &str, finding: &Finding) -> bool {
    as_file_parts(text, finding).is_some()
}

/// Where the variable's name ends, and where its value does with its quotes; whether it is an item of a list.
fn as_file_parts(text: &str, finding: &Finding) -> Option<(usize, Span, bool)> {
    if finding.span.of(text).contains('\n') {
        return None;
    }
    let line = line_around(text, finding.span.start);
    let before = text.get(line.start..finding.span.start)?;
    let behind = text.get(finding.span.end..line.end)?.trim_end();
    let name = before.rfind(&finding.key)?;
    let name_end = name + finding.key.len();
    let between = before.get(name_end..)?;
    let is_item = between == "=" && before.trim_start().starts_with('-');
    let is_field = matches!(between.trim_end_matches(['"', '\'']).trim_end(), ":") && !is_item;
    let quote = between.chars().last().filter(|it| matches!(it, '"' | '\'')).filter(|_| is_field);
    let closed = match quote {
        Some(quote) => behind == quote.to_string(),
        None => is_item && matches!(behind, "" | "\"" | "'") || behind.is_empty(),
    };
    let by = usize::from(quote.is_some());
    let value = Span { start: finding.span.start - by, end: finding.span.end + by };
    ((is_item || is_field) && closed).then_some((line.start + name_end, value, is_item))
}

/// `NAME_FILE: /run/secrets/name`.
fn as_file(text: &str, finding: &Finding, name: &str) -> Edit {
    let path = file_of(name);
    match as_file_parts(text, finding) {
        Some((name_end, value, is_item)) => {
            let sign = if is_item { "=" } else { ": " };
            Edit { span: Span { start: name_end, end: value.end }, text: format!("_FILE{sign}{path}") }
        }
        None => Edit { span: finding.span, text: path },
    }
}

/// What Compose makes of the text: YAML's escapes and its own `$$` undone, and those of a shell or a URL not.
fn stored(text: &str, finding: &Finding) -> String {
    let given = given(text, finding);
    match finding.layers.contains(&Layer::Compose) {
        true => given.replace("$$", "$"),
        false => given,
    }
}

/// The text in its place; and quotes around the word, where its braces would be YAML's.
fn quoted(text: &str, span: Span, mut by: String, quotes: &mut BTreeSet<usize>) -> Edit {
    if let Some(word) = bare_in_flow(text, span) {
        if word.start == span.start {
            by.insert(0, '"');
        } else {
            quotes.insert(word.start);
        }
        if word.end == span.end {
            by.push('"');
        } else {
            quotes.insert(word.end);
        }
    }
    Edit { span, text: by }
}

fn give(services: &mut Vec<(Service, Vec<String>)>, service: Service, name: String) {
    match services.iter_mut().find(|(it, _)| *it == service) {
        Some((_, names)) if names.contains(&name) => {}
        Some((_, names)) => names.push(name),
        None => services.push((service, vec![name])),
    }
}

/// Each service its secrets, and the file where they come from.
fn give_files(
    plan: &mut Plan,
    text: &str,
    outline: &Outline,
    folder: &str,
    services: &[(Service, Vec<String>)],
) {
    for (service, names) in services {
        let (at, indent) = (outline.end_of(service), &service.indent);
        let mut added = format!("{indent}secrets:\n");
        names.iter().for_each(|it| added.push_str(&format!("{indent}  - {it}\n")));
        let mut added = with_line_ends(&added, text);
        if text.get(..at).is_some_and(|it| !it.ends_with('\n')) {
            added = format!("{}{}", line_end(text), added.trim_end());
        }
        plan.edits.push(Edit { span: Span { start: at, end: at }, text: added });
    }
    let mut names: Vec<&String> = services.iter().flat_map(|(_, names)| names).collect();
    names.sort();
    names.dedup();
    if names.is_empty() {
        return;
    }
    let mut added: String = names.iter().map(|it| format!("  {it}:\n    file: {folder}/{it}\n")).collect();
    let at = outline.secrets.unwrap_or(text.len());
    if outline.secrets.is_none() {
        added.insert_str(0, "\nsecrets:\n");
        if !text.ends_with('\n') {
            added.insert(0, '\n');
        }
    }
    plan.edits.push(Edit { span: Span { start: at, end: at }, text: with_line_ends(&added, text) });
}
