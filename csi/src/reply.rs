//! One answer, and what becomes files of it.

use std::collections::BTreeMap;

use data_encoding::{BASE64, HEXLOWER_PERMISSIVE};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use strongroom_sdk::SecretString;
use zeroize::Zeroizing;

use crate::objects::{Encoding, Pick};

pub(crate) type Bytes = Zeroizing<Vec<u8>>;

/// As it came. Wiped when the last holder goes.
pub(crate) struct Reply {
    body: Bytes,
    pub(crate) lease: Granted,
    /// The lease is a holding of ours and no concern of who reads the file.
    pub(crate) is_held: bool,
}

/// The envelope's part of it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Granted {
    pub(crate) lease_id: String,
    /// Seconds.
    pub(crate) lease_duration: u64,
    pub(crate) renewable: bool,
}

#[derive(Deserialize)]
struct Data<'a> {
    #[serde(borrow)]
    data: Option<&'a RawValue>,
    #[serde(borrow)]
    warnings: Option<&'a RawValue>,
    #[serde(borrow)]
    auth: Option<&'a RawValue>,
}

/// The envelope as it is written to a file. What differs each time is left empty, so that the file changes with the
/// secret and not with the reading.
#[derive(Serialize)]
struct Written<'a> {
    request_id: &'a str,
    lease_id: &'a str,
    renewable: bool,
    lease_duration: u64,
    data: Option<&'a RawValue>,
    wrap_info: Option<()>,
    warnings: Option<&'a RawValue>,
    auth: Option<&'a RawValue>,
}

/// Why there is no file.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct NotThere(pub(crate) &'static str);

impl Reply {
    pub(crate) fn new(body: &[u8], is_held: bool) -> Option<Self> {
        let lease = serde_json::from_slice(body).ok()?;
        Some(Self { body: Zeroizing::new(body.to_vec()), lease, is_held })
    }

    /// Names of files and their contents.
    pub(crate) fn pick(&self, pick: &Pick, encoding: Encoding) -> Result<Vec<(String, Bytes)>, NotThere> {
        let fields = || self.fields().ok_or(NotThere("what is there has no fields"));
        let picked = match pick {
            Pick::Whole(file) => vec![(file.clone(), self.whole().ok_or(NotThere("there is no JSON"))?)],
            Pick::Field { key, file } => {
                let fields = fields()?;
                let value = fields.get(key).ok_or(NotThere("what is there has no such field"))?;
                vec![(file.clone(), text(value))]
            }
            Pick::Typed(file) => match fields()? {
                fields if fields.len() == 1 && fields.contains_key("value") => {
                    fields.values().map(|it| (file.clone(), text(it))).collect()
                }
                fields => each(&fields, Some(file))?,
            },
            Pick::Each(folder) => each(&fields()?, folder.as_deref())?,
        };
        picked.into_iter().map(|(name, bytes)| Ok((name, decode(bytes, encoding)?))).collect()
    }

    /// Of KV v2 those within: what holds a map `data` means that map.
    fn fields(&self) -> Option<BTreeMap<String, &RawValue>> {
        let data: Data<'_> = serde_json::from_slice(&self.body).ok()?;
        let outer: BTreeMap<String, &RawValue> = serde_json::from_str(data.data?.get()).ok()?;
        let inner = outer.get("data").and_then(|it| serde_json::from_str(it.get()).ok());
        Some(inner.unwrap_or(outer))
    }

    fn whole(&self) -> Option<Bytes> {
        let Data { data, warnings, auth } = serde_json::from_slice(&self.body).ok()?;
        let none = Granted::default();
        let lease = if self.is_held { &none } else { &self.lease };
        let written = Written {
            request_id: "",
            lease_id: &lease.lease_id,
            renewable: lease.renewable,
            lease_duration: lease.lease_duration,
            data,
            wrap_info: None,
            warnings: warnings.filter(|_| !self.is_held),
            auth,
        };
        let mut text = Zeroizing::new(Vec::with_capacity(self.body.len() + 256));
        serde_json::to_writer(&mut *text, &written).ok()?;
        Some(text)
    }
}

/// A field's name is what somebody stored: it is one segment here, or nothing.
fn each(
    fields: &BTreeMap<String, &RawValue>,
    folder: Option<&str>,
) -> Result<Vec<(String, Bytes)>, NotThere> {
    if fields.keys().any(|it| it.contains('/')) {
        return Err(NotThere("a field has a slash in its name: ask for each field by itself"));
    }
    let name = |key: &String| folder.map_or_else(|| key.clone(), |folder| format!("{folder}/{key}"));
    Ok(fields.iter().map(|(key, value)| (name(key), text(value))).collect())
}

/// Text as it is, other values as JSON.
fn text(value: &RawValue) -> Bytes {
    let text = serde_json::from_str::<SecretString>(value.get());
    Zeroizing::new(
        text.map_or_else(|_| value.get().as_bytes().to_vec(), |it| it.expose().as_bytes().to_vec()),
    )
}

fn decode(bytes: Bytes, encoding: Encoding) -> Result<Bytes, NotThere> {
    let stripped =
        || Zeroizing::new(bytes.iter().copied().filter(|it| !it.is_ascii_whitespace()).collect::<Vec<u8>>());
    let decoded = match encoding {
        Encoding::Text => return Ok(bytes),
        Encoding::Base64 => BASE64.decode(&stripped()),
        Encoding::Hex => HEXLOWER_PERMISSIVE.decode(&stripped()),
    };
    decoded.map(Zeroizing::new).map_err(|_| NotThere("its value is not of its encoding"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KV2: &str = r#"{"request_id":"r","lease_id":"secret/data/db/x","renewable":true,"lease_duration":60,"data":{"data":{"password":"p\n","port":5432,"list":[1.10]},"metadata":{"version":3}},"warnings":["w"],"auth":null}"#;
    const KV1: &str = r#"{"request_id":"r","data":{"value":"v","data":"text"}}"#;

    #[track_caller]
    fn check(body: &str, pick: Pick, encoding: Encoding, expected: Result<&[(&str, &str)], &str>) {
        let picked = Reply::new(body.as_bytes(), true).unwrap().pick(&pick, encoding);
        let shown = picked.map(|all| {
            all.into_iter()
                .map(|(name, it)| (name, String::from_utf8(it.to_vec()).unwrap()))
                .collect::<Vec<_>>()
        });
        let expected =
            expected.map(|all| all.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect());
        assert_eq!(shown.map_err(|it| it.0), expected);
    }

    fn field(key: &str) -> Pick {
        Pick::Field { key: key.into(), file: "f".into() }
    }

    #[test]
    fn fields_are_text_or_json_and_missing_ones_are_errors() {
        check(KV2, field("password"), Encoding::Text, Ok(&[("f", "p\n")]));
        check(KV2, field("port"), Encoding::Text, Ok(&[("f", "5432")]));
        check(KV2, field("list"), Encoding::Text, Ok(&[("f", "[1.10]")]));
        check(KV2, field("metadata"), Encoding::Text, Err("what is there has no such field"));
        check(KV1, field("data"), Encoding::Text, Ok(&[("f", "text")]));
        check(r#"{"data":null}"#, field("a"), Encoding::Text, Err("what is there has no fields"));
        check(
            r#"{"data":{"data":null,"metadata":{}}}"#,
            field("a"),
            Encoding::Text,
            Err("what is there has no such field"),
        );
        assert!(Reply::new(b"<html>", false).is_none());
    }

    #[test]
    fn a_whole_secret_is_a_file_for_each_key() {
        let all = [("db/list", "[1.10]"), ("db/password", "p\n"), ("db/port", "5432")];
        check(KV2, Pick::Each(Some("db".into())), Encoding::Text, Ok(&all));
        check(KV2, Pick::Typed("db".into()), Encoding::Text, Ok(&all));
        check(KV1, Pick::Each(None), Encoding::Text, Ok(&[("data", "text"), ("value", "v")]));
        check(
            r#"{"data":{"data":{"value":"v"}}}"#,
            Pick::Typed("key".into()),
            Encoding::Text,
            Ok(&[("key", "v")]),
        );
        check(
            r#"{"data":{"a/b":"v"}}"#,
            Pick::Each(None),
            Encoding::Text,
            Err("a field has a slash in its name: ask for each field by itself"),
        );
    }

    #[test]
    fn a_whole_answer_changes_with_the_secret_and_not_with_the_reading() {
        let expected = r#"{"request_id":"","lease_id":"","renewable":false,"lease_duration":0,"data":{"data":{"password":"p\n","port":5432,"list":[1.10]},"metadata":{"version":3}},"wrap_info":null,"warnings":null,"auth":null}"#;
        check(KV2, Pick::Whole("all".into()), Encoding::Text, Ok(&[("all", expected)]));
        let plain = Reply::new(KV2.as_bytes(), false).unwrap().whole().unwrap();
        assert!(String::from_utf8_lossy(&plain).contains(r#""lease_id":"secret/data/db/x""#));
    }

    #[test]
    fn values_are_decoded_where_that_is_asked_for() {
        let body = r#"{"data":{"b":"aGk=\n","h":"6869","x":"?"}}"#;
        check(body, field("b"), Encoding::Base64, Ok(&[("f", "hi")]));
        check(body, field("h"), Encoding::Hex, Ok(&[("f", "hi")]));
        check(body, field("x"), Encoding::Hex, Err("its value is not of its encoding"));
    }
}
