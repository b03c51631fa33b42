//! Findings as JSON, for programs.

use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};

use super::Hit;

/// An array with an object for each finding.
///
/// A finding begins at `line` and `column` and ends before `end_column` of `end_line`. Where it ends on a later
/// line and no further right than it began, `end_column` is left out: who takes all of a finding to stand on
/// its first line, as those do who know only lines, would read that as no place at all.
///
/// It is written object by object: there may be many.
#[derive(Clone, Copy, Debug)]
pub struct Json<'a>(pub &'a [Hit]);

impl Serialize for Json<'_> {
    fn serialize<S: Serializer>(&self, writer: S) -> Result<S::Ok, S::Error> {
        writer.collect_seq(self.0.iter().map(object))
    }
}

fn object(hit: &Hit) -> Value {
    let mut object = Map::new();
    let mut put = |name: &str, value: Value| object.insert(name.to_owned(), value);
    put("file", json!(hit.file.name));
    put("line", json!(hit.line));
    put("column", json!(hit.column));
    put("end_line", json!(hit.end_line));
    if hit.end_line == hit.line || hit.end_column > hit.column {
        put("end_column", json!(hit.end_column));
    }
    put("key", json!(hit.key));
    put("kind", json!(hit.kind.name()));
    put("severity", json!(hit.severity.name()));
    put("weak", json!(hit.weak));
    put("commented", json!(hit.commented));
    put("fixable", json!(hit.obstacle.is_none()));
    put("why_not_fixable", json!(hit.obstacle.map(|it| it.reason())));
    if let Some(commit) = &hit.commit {
        put("commit", json!(commit.id));
        put("author", json!(commit.author));
        put("date", json!(commit.date));
    }
    Value::Object(object)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Obstacle, fake};

    #[track_caller]
    fn check(hit: Hit, expected: &Value) {
        let found = serde_json::to_value(Json(&[hit])).unwrap();
        for (name, value) in expected.as_object().unwrap() {
            assert_eq!(&found[0][name], value, "{name}");
        }
    }

    #[test]
    fn a_finding_is_told_whole() {
        check(
            Hit { obstacle: Some(Obstacle::Meta), ..fake::hit("db.password") },
            &json!({ "file": "a.hcl", "line": 3, "column": 7, "end_line": 3, "end_column": 12, "key": "db.password",
                "kind": "password", "severity": "high", "weak": false, "commented": false, "fixable": false,
                "why_not_fixable": Obstacle::Meta.reason(), "commit": null }),
        );
        check(fake::hit("x"), &json!({ "fixable": true, "why_not_fixable": null }));
    }

    #[test]
    fn an_end_on_a_later_line_never_reads_as_no_place() {
        let hit = |end_column| Hit { end_line: 5, end_column, ..fake::hit("x") };
        check(hit(26), &json!({ "end_line": 5, "end_column": 26 }));
        check(hit(7), &json!({ "end_line": 5, "end_column": null }));
    }
}
