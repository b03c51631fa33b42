//! One thing that is to be at a path of the API: what is there, what is missing, and making it so.

use serde_json::{Map, Value};
use strongroom_sdk::{Client, Error, Method};

use crate::failure::Failure;

/// Fields that a path is to answer.
pub(super) struct Wish {
    pub(super) path: String,
    pub(super) fields: Map<String, Value>,
    /// Fields that are written and never answered. Whether there is one is told by `NAME_set`; where nothing tells,
    /// they go with the others.
    pub(super) hidden: Map<String, Value>,
}

/// What was found.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum State {
    Same,
    Absent,
    /// These fields are otherwise.
    Other(Vec<String>),
}

impl State {
    /// For a person.
    pub(super) fn told(&self, is_dry: bool) -> String {
        match (self, is_dry) {
            (Self::Same, _) => "unchanged".to_owned(),
            (Self::Absent, false) => "made".to_owned(),
            (Self::Absent, true) => "to be made".to_owned(),
            (Self::Other(fields), false) => format!("changed: {}", fields.join(", ")),
            (Self::Other(fields), true) => format!("to be changed: {}", fields.join(", ")),
        }
    }

    /// For a program.
    pub(super) fn word(&self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Absent => "absent",
            Self::Other(_) => "other",
        }
    }

    pub(super) fn fields(&self) -> &[String] {
        match self {
            Self::Same | Self::Absent => &[],
            Self::Other(fields) => fields,
        }
    }
}

impl Wish {
    pub(super) fn new(path: impl Into<String>, fields: Value) -> Self {
        let fields = if let Value::Object(fields) = fields { fields } else { Map::new() };
        Self { path: path.into(), fields, hidden: Map::new() }
    }

    pub(super) fn policy(name: &str, text: &str) -> Self {
        Self::new(format!("sys/policies/acl/{name}"), serde_json::json!({ "policy": text }))
    }

    pub(super) async fn state(&self, client: &Client) -> Result<State, Failure> {
        Ok(self.found(client).await?.map_or(State::Absent, |found| self.compare(&found)))
    }

    /// What is there now.
    pub(super) async fn found(&self, client: &Client) -> Result<Option<Value>, Failure> {
        match client.call(Method::Get, self.path.clone()).send().await {
            Ok(answer) => Ok(Some(answer.data()?)),
            Err(Error::Api { status: 404, .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Keeps what is there of these fields, but for those that are wished for: a configuration is written as a whole.
    pub(super) fn keep(&mut self, found: &Value, names: &[&str]) {
        for name in names {
            if let Some(value) = found.get(name).filter(|it| !is_nothing(it)) {
                self.fields.entry(*name).or_insert_with(|| value.clone());
            }
        }
    }

    pub(super) async fn fulfil(&self, client: &Client) -> Result<(), Failure> {
        let body: Map<_, _> =
            self.fields.iter().chain(&self.hidden).map(|(name, it)| (name.clone(), it.clone())).collect();
        client.call(Method::Put, self.path.clone()).json(&body).send().await?;
        Ok(())
    }

    /// Whether this is not what was found.
    pub(super) fn differs(&self, found: &Value) -> bool {
        self.compare(found) != State::Same
    }

    pub(super) fn compare(&self, found: &Value) -> State {
        let is_other = |(name, wanted): &(&String, &Value)| {
            let there = found.get(name.as_str()).unwrap_or(&Value::Null);
            !(is_same(wanted, there) || (is_nothing(wanted) && is_nothing(there)))
        };
        let is_unset = |name: &&String| found.get(format!("{name}_set")) == Some(&Value::Bool(false));
        let other = self.fields.iter().filter(is_other).map(|(name, _)| name);
        let names: Vec<String> = other.chain(self.hidden.keys().filter(is_unset)).cloned().collect();
        if names.is_empty() { State::Same } else { State::Other(names) }
    }
}

/// Of a text, such as a certificate, the line breaks at its ends do not count.
fn is_same(wanted: &Value, there: &Value) -> bool {
    match (wanted, there) {
        (Value::String(wanted), Value::String(there)) => wanted.trim() == there.trim(),
        (wanted, there) => wanted == there,
    }
}

/// Servers say in several ways that there is nothing.
fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(it) => !it,
        Value::Number(it) => it.as_u64() == Some(0),
        Value::String(it) => it.is_empty(),
        Value::Array(it) => it.is_empty(),
        Value::Object(it) => it.is_empty(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(wanted: Value, found: Value, expected: &[&str]) {
        let found = Wish::new("x", wanted).compare(&found);
        assert_eq!(found.fields(), expected);
        assert_eq!(found == State::Same, expected.is_empty());
    }

    #[test]
    fn what_is_otherwise_is_named_and_the_rest_is_left_alone() {
        check(json!({ "a": 1, "b": ["x"] }), json!({ "a": 1, "b": ["x"], "c": "theirs" }), &[]);
        check(json!({ "a": "", "b": [], "c": false }), json!({ "a": null }), &[]);
        check(json!({ "a": 1, "b": ["x"] }), json!({ "a": 2, "b": ["x", "y"] }), &["a", "b"]);
        check(json!({ "a": "x" }), json!({}), &["a"]);
        check(json!({ "a": "x\n" }), json!({ "a": "x" }), &[]);
        check(json!({ "a": "x y" }), json!({ "a": "xy" }), &["a"]);
    }

    #[test]
    fn what_is_there_is_kept_unless_something_else_is_wished_for() {
        let mut wish = Wish::new("x", json!({ "a": 1 }));
        wish.keep(&json!({ "a": 2, "b": "theirs", "c": "", "d": "unknown" }), &["a", "b", "c"]);
        assert_eq!(Value::Object(wish.fields), json!({ "a": 1, "b": "theirs" }));
    }

    #[test]
    fn a_hidden_field_is_there_or_not() {
        let hidden = Map::from_iter([("jwt".to_owned(), json!("x"))]);
        let wish = Wish { hidden, ..Wish::new("x", json!({})) };
        assert_eq!(wish.compare(&json!({ "jwt_set": true })), State::Same);
        assert_eq!(wish.compare(&json!({ "jwt_set": false })), State::Other(vec!["jwt".to_owned()]));
        assert_eq!(wish.compare(&json!({})), State::Same);
    }
}
