//! A finder for tests of what stands around the real one: `SECRET-...` is a password, up to the next space.

use std::sync::Arc;

use strongroom_hcl::Span;

use crate::{Finding, Format, Kind, Place, Severity, Value, report::Hit, walk::File};

pub(crate) fn find(_: &str, text: &str, _: Format) -> Vec<Finding> {
    findings(text)
}

pub(crate) fn findings(text: &str) -> Vec<Finding> {
    let found = text.match_indices("SECRET-").map(|(start, _)| {
        let rest = &text[start..];
        let end = start + rest.find(char::is_whitespace).unwrap_or(rest.len());
        Finding {
            span: Span { start, end },
            key: text[..start].rsplit([' ', '\n']).next().unwrap().trim_end_matches('=').to_owned(),
            path: String::new(),
            kind: Kind::Password,
            severity: Severity::High,
            place: Place::Text,
            value: Value::new(&text[start..end]),
            layers: Vec::new(),
            weak: false,
            commented: false,
            obstacle: None,
        }
    });
    found.collect()
}

pub(crate) fn hit(key: &str) -> Hit {
    Hit {
        file: Arc::new(File { name: "a.hcl".to_owned(), shown: "a.hcl".to_owned(), absolute: None }),
        line: 3,
        column: 7,
        end_line: 3,
        end_column: 12,
        key: key.to_owned(),
        path: String::new(),
        kind: Kind::Password,
        severity: Severity::High,
        weak: false,
        commented: false,
        obstacle: None,
        masked: "****".into(),
        commit: None,
        identity: 0,
    }
}
