//! The fields of a secret.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Deserializer, de::DeserializeOwned};
use serde_json::value::RawValue;
use zeroize::Zeroizing;

use crate::{Error, SecretString};

/// A secret's fields: the JSON object as it was stored, numbers untouched. Its `Debug` shows the names alone,
/// and it is wiped when it is dropped.
pub struct Fields(Zeroizing<Box<str>>);

impl Fields {
    /// A field's value: text as it is, other values as JSON.
    pub fn get(&self, name: &str) -> Option<SecretString> {
        let value = self.map().remove(name)?;
        Some(match serde_json::from_str::<SecretString>(value.get()) {
            Ok(text) => text,
            Err(_) => SecretString::new(value.get()),
        })
    }

    /// All fields as `T`: a struct of [`SecretString`]s is wiped as this is.
    ///
    /// # Errors
    ///
    /// [`Error::Malformed`], without a word of what is there.
    pub fn decode<T: DeserializeOwned>(&self) -> Result<T, Error> {
        serde_json::from_str(&self.0).map_err(|_| Error::Malformed("the secret's fields are not as expected"))
    }

    /// The names of the fields, sorted.
    pub fn names(&self) -> Vec<String> {
        self.map().into_keys().collect()
    }

    /// The whole object as JSON text.
    pub fn expose_json(&self) -> &str {
        &self.0
    }

    fn map(&self) -> BTreeMap<String, &RawValue> {
        serde_json::from_str(&self.0).unwrap_or_default()
    }
}

impl fmt::Debug for Fields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Fields").field(&self.names()).finish()
    }
}

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        let text: Box<str> = Box::<RawValue>::deserialize(reader)?.into();
        if !text.trim_start().starts_with('{') {
            return Err(serde::de::Error::custom("expected an object"));
        }
        Ok(Self(Zeroizing::new(text)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields() -> Fields {
        serde_json::from_str(r#"{"user": "app", "password": "hunter2", "port": 5432, "ratio": 1.10}"#)
            .unwrap()
    }

    // Rule 24
    #[test]
    fn fields_show_their_names_alone() {
        assert_eq!(format!("{:?}", fields()), r#"Fields(["password", "port", "ratio", "user"])"#);
    }

    #[test]
    fn text_comes_bare_and_numbers_as_they_were_written() {
        let get = |name: &str| fields().get(name).map(|it| it.expose().to_owned());
        assert_eq!(get("password").as_deref(), Some("hunter2"));
        assert_eq!(get("ratio").as_deref(), Some("1.10"));
        assert_eq!(get("absent"), None);
    }

    #[test]
    fn fields_decode_into_a_type_or_say_nothing_of_themselves() {
        #[derive(Deserialize)]
        struct Database {
            password: SecretString,
            port: u16,
        }
        #[derive(Debug, Deserialize)]
        struct Other {
            #[allow(dead_code, reason = "it is never filled")]
            password: u64,
        }
        let database: Database = fields().decode().unwrap();
        assert_eq!((database.password.expose(), database.port), ("hunter2", 5432));
        assert!(!fields().decode::<Other>().unwrap_err().to_string().contains("hunter2"));
    }

    #[test]
    fn only_an_object_has_fields() {
        for other in ["null", "[1]", "\"text\"", "3"] {
            assert!(serde_json::from_str::<Fields>(other).is_err(), "{other}");
        }
    }
}
