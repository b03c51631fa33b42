//! Compose: a file on a tmpfs where the image reads one (`*_FILE`), else a variable that `secret run` sets.
//!
//! Images that are known to read `NAME_FILE` get a secret of Compose, whose file `secret inject` writes to a tmpfs of
//! the host. Others get `${NAME}`, which Compose fills from its own environment: `secret run -env -- docker compose up`.
//! What Compose fills in it does not read again, so the value may be anything.

mod outline;

use strongroom_hcl::Span;
use strongroom_scan::{Finding, Layer, Place};

use self::outline::{Outline, Service};
use crate::{
    Edit, File, Options, Plan, Reference,
    layout::{line_around, line_end, with_line_ends},
    moved::{self, Cure},
    names::segment,
    stem,
};

/// Official images whose start script reads `NAME_FILE` in place of `NAME`, by the last part of their name, and
/// the variables that it does this for.
const FILE_READERS: &[(&str, &[&str])] = &[
    ("postgres", &["POSTGRES_PASSWORD"]),
    ("mysql", &["MYSQL_PASSWORD", "MYSQL_ROOT_PASSWORD"]),
    ("mariadb", &["MARIADB_PASSWORD", "MARIADB_ROOT_PASSWORD", "MYSQL_PASSWORD", "MYSQL_ROOT_PASSWORD"]),
    ("mongo", &["MONGO_INITDB_ROOT_PASSWORD"]),
    (
        "nextcloud",
        &["MYSQL_PASSWORD", "NEXTCLOUD_ADMIN_PASSWORD", "POSTGRES_PASSWORD", "REDIS_HOST_PASSWORD"],
    ),
    ("wordpress", &["WORDPRESS_DB_PASSWORD"]),
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
    let outline = Outline::of(file.text);
    let (mut files, mut variables): (Vec<(Service, Reference)>, Vec<Reference>) = Default::default();
    let edit = |finding: &Finding, how: How, reference: &Reference| {
        Ok(match how {
            How::File(service) => {
                files.push((service, reference.clone()));
                as_file(file.text, finding, reference)
            }
            How::Variable => {
                if !variables.contains(reference) {
                    variables.push(reference.clone());
                }
                Edit { span: finding.span, text: format!("${{{}}}", variable(reference)) }
            }
        })
    };
    let cure = |it: &Finding| Ok(Cure { how: how(file.text, &outline, it), stored: stored(file.text, it) });
    let mut plan = moved::plan(&["compose", stem(file.name)], findings, options, cure, edit);
    give_files(&mut plan, file, &outline, &files);
    plan.settle(&format!("compose-{}", stem(file.name)));
    plan.notes.extend(how_to_start(file, options, &files, &variables));
    plan
}

fn how(text: &str, outline: &Outline, finding: &Finding) -> How {
    let takes_file =
        |it: &Service| finding.place == Place::Env && reads_file(it, finding) && is_whole(text, finding);
    outline.service_at(finding.span.start).filter(takes_file).map_or(How::Variable, How::File)
}

fn reads_file(service: &Service, finding: &Finding) -> bool {
    let image = service.image.rsplit('/').next().unwrap_or("");
    let image = image.split([':', '@']).next().unwrap_or("");
    let known = FILE_READERS.iter().find(|(name, _)| *name == image);
    !service.has_secrets && known.is_some_and(|(_, names)| names.contains(&finding.key.as_str()))
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
fn as_file(text: &str, finding: &Finding, reference: &Reference) -> Edit {
    let path = format!("{CONTAINER}/{}", secret(reference));
    match as_file_parts(text, finding) {
        Some((name_end, value, is_item)) => {
            let sign = if is_item { "=" } else { ": " };
            Edit { span: Span { start: name_end, end: value.end }, text: format!("_FILE{sign}{path}") }
        }
        None => Edit { span: finding.span, text: path },
    }
}

/// What Compose makes of the text: its `$$` and YAML's escapes undone, and those of a shell or a URL not.
fn stored(text: &str, finding: &Finding) -> String {
    let (raw, value) = (finding.span.of(text), finding.value.expose());
    let of_compose = [Layer::Bare, Layer::Compose, Layer::YamlBlock, Layer::YamlDouble, Layer::YamlSingle];
    match raw == value || finding.layers.iter().all(|it| of_compose.contains(it)) {
        true => value.to_owned(),
        false => raw.replace("$$", "$"),
    }
}

fn variable(reference: &Reference) -> String {
    reference.field.to_ascii_uppercase()
}

fn secret(reference: &Reference) -> String {
    reference.field.to_ascii_lowercase()
}

/// Each service its secrets, and the file where they come from.
fn give_files(plan: &mut Plan, file: &File<'_>, outline: &Outline, files: &[(Service, Reference)]) {
    let mut services: Vec<&Service> = files.iter().map(|(service, _)| service).collect();
    services.dedup_by(|a, b| a.body == b.body);
    for service in services {
        let names: Vec<String> =
            files.iter().filter(|(it, _)| it.body == service.body).map(|(_, it)| secret(it)).collect();
        let text = format!("{}secrets: [{}]{}", service.indent, names.join(", "), line_end(file.text));
        plan.edits.push(Edit { span: Span { start: service.body, end: service.body }, text });
    }
    let mut names: Vec<String> = files.iter().map(|(_, it)| secret(it)).collect();
    names.sort();
    names.dedup();
    if names.is_empty() {
        return;
    }
    let mut added: String = names
        .iter()
        .map(|it| format!("  {it}:\n    file: {HOST}/{}/{it}\n", segment(stem(file.name))))
        .collect();
    let at = outline.secrets.unwrap_or(file.text.len());
    if outline.secrets.is_none() {
        added.insert_str(0, "\nsecrets:\n");
        if !file.text.ends_with('\n') {
            added.insert(0, '\n');
        }
    }
    plan.edits.push(Edit { span: Span { start: at, end: at }, text: with_line_ends(&added, file.text) });
}

fn how_to_start(
    file: &File<'_>,
    options: &Options,
    files: &[(Service, Reference)],
    variables: &[Reference],
) -> Vec<String> {
    let place = |it: &Reference, name: String| format!("{}/{}#{}={name}", options.mount, it.path, it.field);
    let mut notes = Vec::new();
    let mut written: Vec<String> = files.iter().map(|(_, it)| place(it, secret(it))).collect();
    written.dedup();
    if !written.is_empty() {
        notes.push(format!(
            "before `docker compose up`: `secret inject --to {HOST}/{} {}`",
            segment(stem(file.name)),
            written.join(" ")
        ));
    }
    if !variables.is_empty() {
        let maps: Vec<String> =
            variables.iter().map(|it| format!("--map {}", place(it, variable(it)))).collect();
        notes.push(format!("start it with `secret run --env {} -- docker compose up`", maps.join(" ")));
    }
    notes
}
