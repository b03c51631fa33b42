//! What goes to standard output: data, and nothing else.

mod json;

use std::io::{self, IsTerminal as _, Write as _};

use serde_json::Value;
use strongroom_sdk::{
    Answer, Error,
    env::{self, Environment},
};

use crate::{context::Global, failure::Failure};

/// How data is shown.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum Format {
    #[default]
    Table,
    Json,
    Yaml,
    /// The value alone.
    Raw,
}

impl Format {
    /// `pretty` is Vault's word for a table with fewer lines.
    pub(crate) const NAMES: [&str; 5] = ["table", "json", "yaml", "raw", "pretty"];

    pub(crate) fn parse(word: &str) -> Option<Self> {
        Some(match word.to_ascii_lowercase().as_str() {
            "table" | "pretty" => Self::Table,
            "json" => Self::Json,
            "yaml" | "yml" => Self::Yaml,
            "raw" => Self::Raw,
            _ => return None,
        })
    }
}

/// Where to and how.
#[derive(Clone, Debug, Default)]
pub(crate) struct Output {
    pub(crate) format: Format,
    /// Only this field's value.
    pub(crate) field: Option<String>,
}

impl Output {
    /// As the options and this process's environment say.
    pub(crate) fn of(global: &Global) -> Result<Self, Failure> {
        Self::read(global, &env::Process)
    }

    pub(crate) fn read(global: &Global, environment: &dyn Environment) -> Result<Self, Failure> {
        let word = global.format.clone().or_else(|| env::find(environment, env::names::FORMAT));
        let format = match word {
            None => Format::default(),
            Some(word) => Format::parse(&word).ok_or_else(|| {
                Failure::new("the output format is none of table, json, yaml, raw")
                    .hint("look at -format and at STRONGROOM_FORMAT, BAO_FORMAT, VAULT_FORMAT")
            })?,
        };
        Ok(Self { format, field: global.field.clone() })
    }

    /// An answer with its envelope: the whole of it as JSON, its parts as a table.
    pub(crate) fn answer(&self, answer: &Answer) -> Result<(), Failure> {
        if answer.bytes().is_empty() {
            return Ok(());
        }
        if self.field.is_none() && self.format == Format::Json {
            return line(&json::envelope(answer.bytes()));
        }
        self.whole(&answer.json()?)
    }

    /// As [`Output::answer`], for an envelope that was taken apart already.
    pub(crate) fn whole(&self, whole: &Value) -> Result<(), Failure> {
        if let Some(field) = &self.field {
            return self.field(whole, field);
        }
        match self.format {
            Format::Json => line(&pretty(whole)?),
            Format::Yaml => yaml(whole),
            Format::Raw | Format::Table => {
                warnings(whole);
                self.table(&rows(whole))
            }
        }
    }

    /// Data alone.
    pub(crate) fn data(&self, data: &Value) -> Result<(), Failure> {
        if let Some(field) = &self.field {
            return self.value(data.get(field).ok_or_else(|| no_field(field))?);
        }
        match self.format {
            Format::Json => line(&pretty(data)?),
            Format::Yaml => yaml(data),
            Format::Raw | Format::Table => self.table(&pairs("", data)),
        }
    }

    /// The `keys` of a listing.
    pub(crate) fn keys(&self, answer: &Answer) -> Result<(), Failure> {
        #[derive(serde::Deserialize)]
        struct Keys {
            keys: Vec<String>,
        }
        self.names(&answer.data::<Keys>()?.keys)
    }

    /// A listing that found nothing: scripts that read JSON get an empty object, as from Vault's command.
    pub(crate) fn no_keys(&self, failure: Failure) -> Failure {
        if self.format == Format::Json
            && let Err(failure) = line("{}")
        {
            return failure;
        }
        failure
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

    /// One value: alone, or as JSON.
    pub(crate) fn value(&self, value: &Value) -> Result<(), Failure> {
        match self.format {
            Format::Json => line(&pretty(value)?),
            Format::Yaml => yaml(value),
            Format::Raw | Format::Table => raw(&text(value)),
        }
    }

    fn field(&self, whole: &Value, field: &str) -> Result<(), Failure> {
        self.value(find(whole, field).ok_or_else(|| no_field(field))?)
    }
}

/// A field where Vault's `-field` finds it: of a login's token (`token`, `token_policies`), of a wrapped answer
/// (`wrapping_token`), of the fields of a secret, of the data, of the envelope.
fn find<'a>(whole: &'a Value, field: &str) -> Option<&'a Value> {
    let auth = whole.get("auth").filter(|it| !it.is_null());
    let wrapped = whole.get("wrap_info").filter(|it| !it.is_null());
    if let Some(auth) = auth {
        let name = match field {
            "token" => "client_token",
            "token_accessor" => "accessor",
            "token_duration" => "lease_duration",
            "token_renewable" => "renewable",
            other => other,
        };
        if let Some(found) = auth.get(name) {
            return Some(found);
        }
    }
    if let (Some(info), Some(name)) = (wrapped, field.strip_prefix("wrapping_")) {
        return info.get(name);
    }
    let parts = ["/data/data", "/data", "/wrap_info", ""];
    parts.iter().filter_map(|it| whole.pointer(it)).find_map(|part| part.get(field))
}

fn no_field(field: &str) -> Failure {
    Failure::new(format!("field `{field}` is not in the answer")).hint("leave out -field to see all fields")
}

/// What the server wants a person to know.
fn warnings(whole: &Value) {
    for warning in whole.get("warnings").and_then(Value::as_array).into_iter().flatten() {
        note(&format!("warning: {}", text(warning)));
    }
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
        Some(_) => {}
        None => rows.extend(pairs("", whole)),
    }
    rows
}

/// The entries of an object, as rows.
pub(crate) fn pairs(prefix: &str, value: &Value) -> Vec<(String, String)> {
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
    let end = if io::stdout().is_terminal() { "\n" } else { "" };
    print(&format!("{value}{end}"))
}

pub(crate) fn line(text: &str) -> Result<(), Failure> {
    print(&format!("{text}\n"))
}

/// Text as it is.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(Failure::output)
}

/// A document of JSON that may be long, as it comes.
#[cfg(feature = "scan")]
pub(crate) fn stream<T: serde::Serialize>(document: &T) -> Result<(), Failure> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    let written = serde_json::to_writer_pretty(&mut out, document).map_err(io::Error::from);
    written.and_then(|()| writeln!(out)).and_then(|()| out.flush()).map_err(Failure::output)
}

/// What is said to a person, and is no data.
pub(crate) fn note(text: &str) {
    // If nobody listens on standard error there is nobody to tell.
    let _ = writeln!(io::stderr().lock(), "{text}");
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_field_is_found_where_vault_finds_it() {
        let secret = json!({ "auth": null, "data": { "data": { "user": "rails" }, "metadata": {} } });
        let login = json!({ "auth": { "client_token": "t", "policies": ["p"] }, "data": null });
        let wrapped = json!({ "auth": null, "wrap_info": { "token": "w", "ttl": 60 } });
        for (whole, field, expected) in [
            (&secret, "user", json!("rails")),
            (&secret, "metadata", json!({})),
            (&login, "token", json!("t")),
            (&login, "policies", json!(["p"])),
            (&wrapped, "wrapping_token", json!("w")),
            (&wrapped, "ttl", json!(60)),
        ] {
            assert_eq!(find(whole, field), Some(&expected), "{field}");
        }
        assert_eq!(find(&secret, "none"), None);
    }
}
