//! The `env` blocks of a Nomad job: HCL 2, HCL 1, HCL in JSON, and the JSON of Nomad's API.
//!
//! A task's literal values become the secret `JOB/GROUP/TASK`. What is interpolated, computed, or in a dynamic
//! block has no value before Nomad runs it: it is left alone.

use serde_json::Value;
use strongroom_hcl::{AttrView, BlockView, BodyView, ExprKind, parse_any};

use super::{Field, Found};

const COMPUTED: &str = "left alone (computed)";
const DYNAMIC: &str = "left alone (in a dynamic block)";
const INTERPOLATED: &str = "left alone (interpolated)";
const NOT_TEXT: &str = "left alone (no plain value)";

/// Whether a text is a job at all.
pub(super) fn is_job(text: &str) -> bool {
    api_job(text).is_some()
        || parse_any(text).is_ok_and(|it| it.view().blocks("job", 1).is_ok_and(|it| !it.is_empty()))
}

pub(super) fn read(text: &str) -> Result<Vec<Found>, String> {
    if let Some(job) = api_job(text) {
        return Ok(of_api(&job));
    }
    let body = parse_any(text).map_err(|error| error.to_string())?;
    let is_json = text.trim_start_matches('\u{feff}').trim_start().starts_with('{');
    let reader = Reader { text, is_json };
    let mut found = Vec::new();
    for job in reader.blocks(body.view(), "job", 1)? {
        reader.job(&job, &mut found)?;
    }
    if found.iter().all(|it| it.fields.is_empty()) {
        return Err("no task with an `env` block".to_owned());
    }
    Ok(found)
}

struct Reader<'a> {
    text: &'a str,
    /// Strings in JSON keep `${`, whatever it means.
    is_json: bool,
}

impl<'a> Reader<'a> {
    fn job(&self, job: &BlockView<'a>, found: &mut Vec<Found>) -> Result<(), String> {
        let name = job.label(0);
        for group in self.blocks(job.body, "group", 1)? {
            self.tasks(&format!("{name}/{}", group.label(0)), group.body, None, found)?;
        }
        // HCL 1: a task outside of a group has one of its own name.
        for task in self.blocks(job.body, "task", 1)? {
            self.task(format!("{name}/{}/{}", task.label(0), task.label(0)), task.body, None, found);
        }
        for dynamic in self.blocks(job.body, "dynamic", 1)? {
            for content in self.blocks(dynamic.body, "content", 0)? {
                self.tasks(&format!("{name}/*"), content.body, Some(DYNAMIC), found)?;
            }
        }
        Ok(())
    }

    fn tasks(
        &self,
        above: &str,
        body: BodyView<'a>,
        left: Option<&'static str>,
        found: &mut Vec<Found>,
    ) -> Result<(), String> {
        for task in self.blocks(body, "task", 1)? {
            self.task(format!("{above}/{}", task.label(0)), task.body, left, found);
        }
        for dynamic in self.blocks(body, "dynamic", 1)? {
            for content in self.blocks(dynamic.body, "content", 0)? {
                self.task(format!("{above}/*"), content.body, Some(DYNAMIC), found);
            }
        }
        Ok(())
    }

    fn task(&self, path: String, body: BodyView<'a>, left: Option<&'static str>, found: &mut Vec<Found>) {
        let mut secret = Found { path, fields: Vec::new() };
        match body.blocks("env", 0) {
            Ok(blocks) => {
                for (key, value) in blocks.iter().flat_map(|it| it.body.attrs()) {
                    let field = left.map_or_else(|| self.field(value), Field::Left);
                    secret.fields.retain(|(name, _)| *name != key.name);
                    secret.fields.push((key.name.to_owned(), field));
                }
            }
            // `env = merge(...)`: which variables that gives is not known here.
            Err(_) => secret.fields.push(("env".to_owned(), Field::Left(left.unwrap_or(COMPUTED)))),
        }
        if !secret.fields.is_empty() {
            found.push(secret);
        }
    }

    fn field(&self, value: AttrView<'_>) -> Field {
        match (&value.value.kind, value.as_text()) {
            (ExprKind::String(text), _) if is_template(text, self.is_json) => Field::Left(INTERPOLATED),
            (_, Ok(text)) => Field::Value(Value::String(text.to_owned())),
            (ExprKind::Template(_), _) => Field::Left(INTERPOLATED),
            (ExprKind::Opaque, _) => Field::Left(COMPUTED),
            _ => Field::Left(NOT_TEXT),
        }
    }

    fn blocks(&self, body: BodyView<'a>, kind: &str, labels: usize) -> Result<Vec<BlockView<'a>>, String> {
        body.blocks(kind, labels).map_err(|it| it.locate(self.text).to_string())
    }
}

/// `[[ ]]` is levant's and nomad-pack's; `${` stands in strings only where it was not read as HCL.
fn is_template(text: &str, is_raw: bool) -> bool {
    text.contains("[[") || (is_raw && (text.contains("${") || text.contains("%{")))
}

/// The job in what Nomad's API takes: `{"Job": {...}}`, or the job itself.
fn api_job(text: &str) -> Option<Value> {
    let whole: Value = serde_json::from_str(text.trim_start_matches('\u{feff}')).ok()?;
    let job = whole.get("Job").unwrap_or(&whole);
    job.get("TaskGroups").is_some().then(|| job.clone())
}

fn of_api(job: &Value) -> Vec<Found> {
    let name =
        |it: &Value| it.get("Name").or_else(|| it.get("ID")).and_then(Value::as_str).map(str::to_owned);
    let list = |it: &Value, key: &str| it.get(key).and_then(Value::as_array).cloned().unwrap_or_default();
    let job_name = name(job).unwrap_or_default();
    let mut found = Vec::new();
    for group in list(job, "TaskGroups") {
        let above = format!("{job_name}/{}", name(&group).unwrap_or_default());
        for task in list(&group, "Tasks") {
            let fields: Vec<(String, Field)> = task
                .get("Env")
                .and_then(Value::as_object)
                .into_iter()
                .flatten()
                .map(|(key, value)| (key.clone(), of_api_value(value)))
                .collect();
            if !fields.is_empty() {
                found.push(Found { path: format!("{above}/{}", name(&task).unwrap_or_default()), fields });
            }
        }
    }
    found
}

fn of_api_value(value: &Value) -> Field {
    match value {
        Value::String(text) if is_template(text, true) => Field::Left(INTERPOLATED),
        Value::String(text) => Field::Value(Value::String(text.clone())),
        Value::Bool(_) | Value::Number(_) => Field::Value(Value::String(value.to_string())),
        _ => Field::Left(NOT_TEXT),
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, path::Path};

    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[(&str, &str, &str)]) {
        let found = read(text).unwrap();
        let rows: Vec<(&str, &str, &str)> = found
            .iter()
            .flat_map(|secret| {
                secret.fields.iter().map(|(name, field)| {
                    let told = match field {
                        Field::Value(value) => value.as_str().unwrap(),
                        Field::Left(why) => *why,
                    };
                    (secret.path.as_str(), name.as_str(), told)
                })
            })
            .collect();
        assert_eq!(rows, expected);
    }

    #[test]
    fn literal_values_are_taken_and_others_are_named() {
        check(
            r#"
            job "web" {
              group "api" {
                task "app" {
                  env {
                    A = "x"
                    B = 5
                    C = true
                    D = "${NOMAD_PORT_http}"
                    E = var.token
                    F = "$${kept}"
                    G = "[[ .levant ]]"
                  }
                }
                task "side" { env = merge(local.all, { Z = "1" }) }
                task "none" { driver = "exec" }
              }
              dynamic "group" {
                for_each = ["a"]
                content { task "t" { env { H = "x" } } }
              }
            }"#,
            &[
                ("web/api/app", "A", "x"),
                ("web/api/app", "B", "5"),
                ("web/api/app", "C", "true"),
                ("web/api/app", "D", INTERPOLATED),
                ("web/api/app", "E", COMPUTED),
                ("web/api/app", "F", "${kept}"),
                ("web/api/app", "G", INTERPOLATED),
                ("web/api/side", "env", COMPUTED),
                ("web/*/t", "H", DYNAMIC),
            ],
        );
        check(
            r#"{"job": {"c": {"group": {"g": {"task": {"t": {"env": {"A": "x", "B": "${var.y}"}}}}}}}}"#,
            &[("c/g/t", "A", "x"), ("c/g/t", "B", INTERPOLATED)],
        );
        check(
            r#"{"Job": {"Name": "j", "TaskGroups": [{"Name": "g", "Tasks": [
                {"Name": "t", "Env": {"A": "x", "B": 1, "C": "${attr.x}"}}]}]}}"#,
            &[("j/g/t", "A", "x"), ("j/g/t", "B", "1"), ("j/g/t", "C", INTERPOLATED)],
        );
        check("job \"old\" { task \"t\" { env { \"a.b\" = \"x\" } } }", &[("old/t/t", "a.b", "x")]);
    }

    #[test]
    fn every_job_of_the_corpus_is_read_or_refused_with_a_position() {
        // What is no job: a volume, an agent's configuration. What is no HCL: levant's loops.
        const NO_ENV: [&str; 2] = ["34-csi-volume.hcl", "35-agent-server.hcl"];
        const NO_HCL: [&str; 1] = ["38-levant-template.nomad.tpl"];
        let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/corpus/nomad");
        let (mut jobs, mut values, mut left) = (0, 0, 0);
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            let text = std::fs::read_to_string(&path).unwrap();
            let read = read(&text);
            jobs += 1;
            match &read {
                Err(why) if NO_HCL.contains(&name.as_str()) => {
                    assert!(why.starts_with(|it: char| it.is_ascii_digit()), "{name}: {why}");
                }
                Err(why) => assert_eq!(why, "no task with an `env` block", "{name}"),
                Ok(found) => {
                    assert!(!NO_ENV.contains(&name.as_str()) && !NO_HCL.contains(&name.as_str()), "{name}");
                    let paths: BTreeSet<&str> = found.iter().map(|it| it.path.as_str()).collect();
                    assert!(paths.iter().all(|it| it.split('/').count() == 3), "{name}: {paths:?}");
                    for (_, field) in found.iter().flat_map(|it| &it.fields) {
                        match field {
                            Field::Value(value) => {
                                values += 1;
                                // A literal stands in the file, in pieces at least.
                                let value = value.as_str().unwrap();
                                let word =
                                    value.split(|it: char| !it.is_ascii_alphanumeric()).next().unwrap();
                                assert!(text.contains(word), "{name}");
                            }
                            Field::Left(_) => left += 1,
                        }
                    }
                }
            }
        }
        assert_eq!(jobs, 50);
        assert!(values > 100 && left > 20, "{values} values, {left} left alone");
    }
}
