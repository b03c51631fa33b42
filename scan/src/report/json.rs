//! Findings as JSON, for programs.

use serde::{Serialize, Serializer, ser::SerializeMap as _};

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
        writer.collect_seq(self.0.iter().map(Object))
    }
}

/// One finding, its fields in the order of their names.
struct Object<'a>(&'a Hit);

impl Serialize for Object<'_> {
    fn serialize<S: Serializer>(&self, writer: S) -> Result<S::Ok, S::Error> {
        let hit = self.0;
        let mut object = writer.serialize_map(None)?;
        if let Some(commit) = &hit.commit {
            object.serialize_entry("author", &commit.author)?;
        }
        object.serialize_entry("column", &hit.column)?;
        object.serialize_entry("commented", &hit.commented)?;
        if let Some(commit) = &hit.commit {
            object.serialize_entry("commit", &commit.id)?;
            object.serialize_entry("date", &commit.date)?;
        }
        if hit.end_line == hit.line || hit.end_column > hit.column {
            object.serialize_entry("end_column", &hit.end_column)?;
        }
        object.serialize_entry("end_line", &hit.end_line)?;
        object.serialize_entry("file", &hit.file.name)?;
        object.serialize_entry("fixable", &hit.obstacle.is_none())?;
        object.serialize_entry("key", &hit.key)?;
        object.serialize_entry("kind", hit.kind.name())?;
        object.serialize_entry("line", &hit.line)?;
        object.serialize_entry("severity", hit.severity.name())?;
        object.serialize_entry("weak", &hit.weak)?;
        object.serialize_entry("why_not_fixable", &hit.obstacle.map(|it| it.reason()))?;
        object.end()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

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
