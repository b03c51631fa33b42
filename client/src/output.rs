//! What goes to standard output: data, and nothing else.

use std::io::{self, IsTerminal as _, Write as _};

use serde_json::Value;
use strongroom_sdk::{Answer, Error};

use crate::failure::Failure;

/// How data is shown.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, clap::ValueEnum)]
pub(crate) enum Format {
    #[default]
    Table,
    Json,
    Yaml,
    /// The value alone.
    Raw,
}

/// Where to and how.
#[derive(Clone, Debug, Default)]
pub(crate) struct Output {
    pub(crate) format: Format,
    /// Only this field's value.
    pub(crate) field: Option<String>,
}

impl Output {
    /// An answer with its envelope: the whole of it as JSON, its parts as a table.
    pub(crate) fn answer(&self, answer: &Answer) -> Result<(), Failure> {
        if answer.bytes().is_empty() {
            return Ok(());
        }
        let whole: Value = answer.json()?;
        if let Some(field) = &self.field {
            return self.field(&whole, field);
        }
        match self.format {
            Format::Json => line(&pretty(&whole)?),
            Format::Yaml => yaml(&whole),
            Format::Raw | Format::Table => self.table(&rows(&whole)),
        }
    }

    /// Data alone.
    pub(crate) fn data(&self, data: &Value) -> Result<(), Failure> {
        if let Some(field) = &self.field {
            let value = data.get(field).ok_or_else(|| no_field(field))?;
            return raw(&text(value));
        }
        match self.format {
            Format::Json => line(&pretty(data)?),
            Format::Yaml => yaml(data),
            Format::Raw | Format::Table => self.table(&pairs("", data)),
        }
    }

    /// A list of names.
    pub(crate) fn names(&self, names: &[String]) -> Result<(), Failure> {
        match self.format {
            Format::Json => line(&pretty(&Value::from(names.to_vec()))?),
            Format::Yaml => yaml(&Value::from(names.to_vec())),
            Format::Raw | Format::Table => names.iter().try_for_each(|it| line(it)),
        }
    }

    /// Two columns, aligned.
    pub(crate) fn table(&self, rows: &[(String, String)]) -> Result<(), Failure> {
        let width = rows.iter().map(|(name, _)| name.chars().count()).max().unwrap_or_default();
        rows.iter().try_for_each(|(name, value)| line(&format!("{name:<width$}  {value}")))
    }

    /// Columns with a head, aligned.
    pub(crate) fn columns(&self, head: &[&str], rows: &[Vec<String>]) -> Result<(), Failure> {
        let width = |at: usize| {
            let cells = rows.iter().filter_map(|row| row.get(at)).map(|it| it.chars().count());
            cells.chain(head.get(at).map(|it| it.chars().count())).max().unwrap_or_default()
        };
        let widths: Vec<usize> = (0..head.len()).map(width).collect();
        let print = |cells: &mut dyn Iterator<Item = &str>| {
            let padded: Vec<String> =
                cells.zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
            line(padded.join("  ").trim_end())
        };
        print(&mut head.iter().copied())?;
        rows.iter().try_for_each(|row| print(&mut row.iter().map(String::as_str)))
    }

    fn field(&self, whole: &Value, field: &str) -> Result<(), Failure> {
        let places = ["/data/data", "/data", "/auth", "/wrap_info", ""];
        // KV v2 nests the data; a login's token is called `token` by people.
        let names = if field == "token" { vec!["token", "client_token"] } else { vec![field] };
        let found = places
            .iter()
            .filter_map(|it| whole.pointer(it))
            .find_map(|part| names.iter().find_map(|name| part.get(name)))
            .or_else(|| whole.get(field.strip_prefix("wrapping_").unwrap_or(field)));
        raw(&text(found.ok_or_else(|| no_field(field))?))
    }
}

fn no_field(field: &str) -> Failure {
    Failure::new(format!("field `{field}` is not in the answer")).hint("leave out -field to see all fields")
}

/// The rows of an answer as people read it.
fn rows(whole: &Value) -> Vec<(String, String)> {
    if let Some(auth) = whole.get("auth").filter(|it| !it.is_null()) {
        return pairs("", auth)
            .into_iter()
            .map(|(name, value)| match name.as_str() {
                "client_token" => ("token".to_owned(), value),
                "accessor" | "lease_duration" | "renewable" => {
                    (format!("token_{}", name.trim_start_matches("lease_")), value)
                }
                _ => (name, value),
            })
            .collect();
    }
    if let Some(info) = whole.get("wrap_info").filter(|it| !it.is_null()) {
        return pairs("wrapping_", info);
    }
    let mut rows = Vec::new();
    if let Some(lease) = whole.get("lease_id").and_then(Value::as_str).filter(|it| !it.is_empty()) {
        rows.push(("lease_id".to_owned(), lease.to_owned()));
        rows.extend(
            ["lease_duration", "renewable"]
                .map(|it| (it.to_owned(), text(whole.get(it).unwrap_or(&Value::Null)))),
        );
    }
    match whole.get("data") {
        Some(data) if !data.is_null() => rows.extend(pairs("", data)),
        _ => rows.extend(pairs("", whole)),
    }
    rows
}

fn pairs(prefix: &str, value: &Value) -> Vec<(String, String)> {
    let Some(object) = value.as_object() else { return vec![(prefix.to_owned(), text(value))] };
    object.iter().map(|(name, value)| (format!("{prefix}{name}"), text(value))).collect()
}

/// A value as text: strings as they are, lists in brackets, the rest as JSON.
pub(crate) fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => "n/a".to_owned(),
        Value::Array(items) => format!("[{}]", items.iter().map(text).collect::<Vec<_>>().join(" ")),
        value => value.to_string(),
    }
}

fn pretty(value: &Value) -> Result<String, Failure> {
    serde_json::to_string_pretty(value).map_err(|_| Error::Malformed("cannot be shown as JSON").into())
}

/// YAML of what JSON can hold: every JSON scalar and flow collection is YAML.
fn yaml(value: &Value) -> Result<(), Failure> {
    match value {
        Value::Object(entries) => entries
            .iter()
            .try_for_each(|(name, value)| line(&format!("{}: {}", Value::from(name.as_str()), value))),
        Value::Array(items) => items.iter().try_for_each(|it| line(&format!("- {it}"))),
        value => line(&value.to_string()),
    }
}

/// A value alone. On a terminal a line break follows it; in a pipe nothing does, so that
/// `$(secret get -field=x ...)` and files get the value to the byte.
pub(crate) fn raw(value: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    let end = if io::stdout().is_terminal() { "\n" } else { "" };
    write!(out, "{value}{end}").and_then(|()| out.flush()).map_err(Failure::output)
}

pub(crate) fn line(text: &str) -> Result<(), Failure> {
    writeln!(io::stdout().lock(), "{text}").map_err(Failure::output)
}

/// What is said to a person, and is no data.
pub(crate) fn note(text: &str) {
    // If nobody listens on standard error there is nobody to tell.
    let _ = writeln!(io::stderr().lock(), "{text}");
}
