//! One value of one secret: for whoever wants a password and no template.

use std::{future::Future, str::FromStr};

use serde_json::{Map, Value};
use strongroom_sdk::SecretString;

use crate::{
    Error,
    fetch::{Ask, Fetch},
};

/// `PATH` or `PATH#FIELD`, as templates write paths: with the mount, with or without `data/`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Place {
    pub path: String,
    /// Without one: `value`, or the only field there is.
    pub field: Option<String>,
}

impl FromStr for Place {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (path, field) = match text.rsplit_once('#') {
            Some((_, "")) => return Err("no field behind `#`"),
            Some((path, field)) => (path, Some(field.to_owned())),
            None => (text, None),
        };
        match path.trim_matches('/') {
            "" => Err("no path"),
            path => Ok(Self { path: path.to_owned(), field }),
        }
    }
}

/// Where values come from.
pub(crate) trait Values: Send + Sync + 'static {
    fn value(&self, place: &Place) -> impl Future<Output = Result<SecretString, Error>> + Send;
}

impl Values for Fetch {
    async fn value(&self, place: &Place) -> Result<SecretString, Error> {
        #[derive(serde::Deserialize)]
        struct Answer {
            data: Map<String, Value>,
        }
        let ask = Ask::Read { path: place.path.clone() };
        let body = self.once(&ask).await.map_err(Error::Server)?;
        let answer: Option<Answer> = serde_json::from_slice(&body).ok();
        let found = answer.and_then(|it| pick(&it.data, place.field.as_deref()));
        found.ok_or_else(|| Error::Field(place.path.clone()))
    }
}

/// A field of a secret, of KV v1 or v2.
fn pick(data: &Map<String, Value>, field: Option<&str>) -> Option<SecretString> {
    let fields = match (data.get("data"), data.get("metadata")) {
        (Some(Value::Object(fields)), Some(Value::Object(_))) => fields,
        _ => data,
    };
    let value = match field {
        Some(field) => fields.get(field)?,
        None => match fields.get("value") {
            Some(value) => value,
            None if fields.len() == 1 => fields.values().next()?,
            None => return None,
        },
    };
    Some(match value {
        Value::String(text) => SecretString::new(text.as_str()),
        Value::Null => return None,
        other => SecretString::new(other.to_string()),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(data: Value, field: Option<&str>, expected: Option<&str>) {
        let Value::Object(data) = data else { panic!("no object") };
        assert_eq!(pick(&data, field).as_ref().map(SecretString::expose), expected);
    }

    #[test]
    fn a_value_is_the_field_that_is_asked_for_or_the_one_there_is() {
        let two = json!({ "data": { "user": "u", "password": "p", "port": 1 }, "metadata": {} });
        check(two.clone(), Some("password"), Some("p"));
        check(two.clone(), Some("port"), Some("1"));
        check(two.clone(), Some("none"), None);
        check(two, None, None);
        check(json!({ "data": { "password": "p" }, "metadata": {} }), None, Some("p"));
        check(json!({ "data": { "value": "v", "note": "n" }, "metadata": {} }), None, Some("v"));
        // Version 1 has no envelope of its own.
        check(json!({ "data": "x", "other": "y" }), Some("data"), Some("x"));
        check(json!({ "password": null }), None, None);
    }

    #[test]
    fn a_place_is_a_path_and_perhaps_a_field() {
        let place = |text: &str| text.parse::<Place>();
        assert_eq!(
            place("/secret/db#password").unwrap(),
            Place { path: "secret/db".into(), field: Some("password".into()) }
        );
        assert_eq!(place("secret/db").unwrap().field, None);
        assert!(place("#x").is_err() && place("secret/db#").is_err() && place("/").is_err());
    }
}
