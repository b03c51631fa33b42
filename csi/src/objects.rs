//! What a volume asks for: which request, what of its answer, and what the file is called.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value};
use strongroom_inject::FileName;

use crate::{
    Error,
    yaml::{self, Yaml},
};

/// Of one volume.
pub(crate) const MOST: usize = 256;

/// One entry of what is wanted.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub(crate) struct Object {
    pub(crate) ask: Ask,
    pub(crate) pick: Pick,
    pub(crate) encoding: Encoding,
    /// Of its files, where it is not the others'.
    pub(crate) mode: Option<u32>,
}

/// A request. What is asked for twice is asked once, so that two fields of one credential fit together.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
pub(crate) struct Ask {
    pub(crate) path: Path,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) method: Verb,
    /// JSON, or nothing.
    pub(crate) body: String,
}

#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
pub(crate) enum Path {
    /// As the API has it.
    Api(String),
    /// As people type it: the mount may be left out, and `data/`.
    Typed(String),
}

#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
pub(crate) enum Verb {
    Get,
    Post,
    Put,
}

/// What of an answer becomes which files.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub(crate) enum Pick {
    /// The answer with its envelope, as JSON.
    Whole(String),
    Field {
        key: String,
        file: String,
    },
    /// A file for each key, in a directory of that name, or in the volume itself.
    Each(Option<String>),
    /// As `secret inject` does: a directory with a file for each field, or one file where the one field is `value`.
    Typed(String),
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
pub(crate) enum Encoding {
    Text,
    Base64,
    Hex,
}

/// The keys that an object may have.
pub(crate) const KEYS: [&str; 7] =
    ["objectName", "secretPath", "secretKey", "method", "secretArgs", "filePermission", "encoding"];

/// The attribute `objects`: a YAML list.
pub(crate) fn parse(text: &str) -> Result<Vec<Object>, Error> {
    let Some(Yaml::List(items)) = yaml::read(text) else {
        return Err(Error::Attribute { key: "objects", why: "is no YAML list, or has anchors or tags" });
    };
    if items.len() > MOST {
        return Err(Error::Large("the number of objects"));
    }
    items.iter().enumerate().map(|(at, item)| object(item, at + 1)).collect()
}

fn object(item: &Yaml, number: usize) -> Result<Object, Error> {
    let wrong = |why| Error::Object { number, why };
    let Yaml::Map(entries) = item else { return Err(wrong("it is no map")) };
    let entries: BTreeMap<&str, &Yaml> = entries.iter().map(|(key, value)| (key.as_str(), value)).collect();
    if entries.keys().any(|it| !KEYS.contains(it)) {
        return Err(wrong("it has a key that no object has"));
    }
    let text = |key: &str| match entries.get(key) {
        None => Ok(None),
        Some(Yaml::Scalar(..)) => {
            Ok(entries.get(key).and_then(|it| it.text()).filter(|it| !it.is_empty()).map(str::to_owned))
        }
        Some(_) => Err(wrong("a value is no text")),
    };
    let name = text("objectName")?;
    let file = |name: &str| match FileName::parse(name) {
        Ok(_) => Ok(name.to_owned()),
        Err(source) => Err(Error::Name { number, source }),
    };
    let pick = match (text("secretKey")?.as_deref(), name) {
        (Some("*"), name) => Pick::Each(name.map(|it| file(&it)).transpose()?),
        (_, None) => return Err(wrong("it has no objectName")),
        (None, Some(name)) => Pick::Whole(file(&name)?),
        (Some(key), Some(name)) => Pick::Field { key: key.to_owned(), file: file(&name)? },
    };
    let method = match text("method")?.as_deref() {
        None | Some("GET" | "get") => Verb::Get,
        Some("POST" | "post") => Verb::Post,
        Some("PUT" | "put") => Verb::Put,
        Some(_) => return Err(wrong("its method is none of GET, POST and PUT")),
    };
    let body = match entries.get("secretArgs") {
        None => String::new(),
        Some(args) => match args.json() {
            Value::Null => String::new(),
            Value::Object(args) => body(&args),
            _ => return Err(wrong("its secretArgs are no map")),
        },
    };
    let (path, query) = path(&text("secretPath")?.ok_or(wrong("it has no secretPath"))?)
        .ok_or(wrong("its secretPath cannot be one"))?;
    let encoding = match text("encoding")?.as_deref() {
        None | Some("utf-8") => Encoding::Text,
        Some("base64") => Encoding::Base64,
        Some("hex") => Encoding::Hex,
        Some(_) => return Err(wrong("its encoding is none of utf-8, base64 and hex")),
    };
    let mode = text("filePermission")?;
    let mode = mode.map(|it| permission(&it).ok_or(wrong("its filePermission is none"))).transpose()?;
    Ok(Object { ask: Ask { path: Path::Api(path), query, method, body }, pick, encoding, mode })
}

/// Sorted, so that two objects with the same arguments are asked for once.
fn body(args: &Map<String, Value>) -> String {
    let sorted: BTreeMap<&String, &Value> = args.iter().collect();
    serde_json::to_string(&sorted).unwrap_or_default()
}

/// `v1/` is left out, and a query taken apart.
fn path(text: &str) -> Option<(String, Vec<(String, String)>)> {
    let text = text.trim_start_matches('/');
    let text = text.strip_prefix("v1/").unwrap_or(text);
    let (path, query) = text.split_once('?').unwrap_or((text, ""));
    let query = query.split('&').filter(|it| !it.is_empty()).map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (name.to_owned(), value.to_owned())
    });
    is_path(path).then(|| (path.to_owned(), query.collect()))
}

/// Whether a path says what it seems to say: no control characters, no segment that leads elsewhere.
pub(crate) fn is_path(path: &str) -> bool {
    let is_segment = |it: &str| !matches!(it, "" | "." | "..");
    path.len() <= 1024
        && !path.chars().any(char::is_control)
        && path.trim_end_matches('/').split('/').all(is_segment)
}

/// `0640` and `0o640` are octal, as YAML has it; `416` is the same.
pub(crate) fn permission(text: &str) -> Option<u32> {
    let bits = match text.strip_prefix("0o").or(text.strip_prefix('0')) {
        Some("") => Some(0),
        Some(octal) => u32::from_str_radix(octal, 8).ok(),
        None => text.parse().ok(),
    };
    bits.filter(|it| *it <= 0o777)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(text: &str) -> Result<Object, Error> {
        parse(text).map(|mut it| it.pop().expect("an object"))
    }

    #[test]
    fn objects_are_read_as_the_stock_provider_reads_them() {
        let object = one("- objectName: db-password\n  secretPath: v1/secret/data/db?version=2\n  secretKey: password\n  filePermission: 0640\n").unwrap();
        assert_eq!(object.ask.path, Path::Api("secret/data/db".into()));
        assert_eq!(object.ask.query, [("version".to_owned(), "2".to_owned())]);
        assert_eq!(object.pick, Pick::Field { key: "password".into(), file: "db-password".into() });
        assert_eq!((object.mode, object.encoding), (Some(0o640), Encoding::Text));
        let object = one("- {objectName: cert, secretPath: /pki/issue/web, method: POST, secretArgs: {ttl: 1h, common_name: a}, encoding: hex}").unwrap();
        assert_eq!(
            (object.ask.method, object.ask.body.as_str()),
            (Verb::Post, r#"{"common_name":"a","ttl":"1h"}"#)
        );
        assert_eq!((object.pick, object.encoding), (Pick::Whole("cert".into()), Encoding::Hex));
        let each = |text: &str| one(text).unwrap().pick;
        assert_eq!(
            each("- {objectName: db, secretPath: secret/data/db, secretKey: '*'}"),
            Pick::Each(Some("db".into()))
        );
        assert_eq!(each("- {secretPath: secret/data/db, secretKey: '*'}"), Pick::Each(None));
    }

    #[test]
    fn permissions_are_octal_where_they_look_it() {
        for (text, expected) in
            [("0600", Some(0o600)), ("0o644", Some(0o644)), ("420", Some(0o644)), ("0", Some(0))]
        {
            assert_eq!(permission(text), expected, "{text}");
        }
        for text in ["01777", "999", "-1", "0x1ff", "rw"] {
            assert_eq!(permission(text), None, "{text}");
        }
    }

    // Rules 114, 121
    #[test]
    fn names_of_files_from_objects_are_plain() {
        for name in
            ["../etc/passwd", "/etc/passwd", "..data", "a/../b", "'a\\nb'", "a//b", "\"a\\nb\"", "\"a\\0b\""]
        {
            let text = format!("- {{objectName: {name}, secretPath: secret/data/db, secretKey: k}}");
            let refused = parse(&text);
            // In single quotes a backslash is one, and nothing is wrong with it.
            assert_eq!(refused.is_ok(), name == "'a\\nb'", "{name}: {refused:?}");
        }
        let each = parse("- {objectName: ../up, secretPath: secret/data/db, secretKey: '*'}");
        assert!(matches!(each, Err(Error::Name { number: 1, .. })), "{each:?}");
    }

    #[test]
    fn what_cannot_be_meant_is_refused_by_its_number() {
        for (text, why) in [
            ("- x", "object 1: it is no map"),
            ("- {objectName: a, secretPath: p, objetName: b}", "object 1: it has a key that no object has"),
            ("- {objectName: a, secretPath: p}\n- {secretPath: p}", "object 2: it has no objectName"),
            ("- {objectName: a}", "object 1: it has no secretPath"),
            ("- {objectName: a, secretPath: a/../b}", "object 1: its secretPath cannot be one"),
            (
                "- {objectName: a, secretPath: p, method: DELETE}",
                "object 1: its method is none of GET, POST and PUT",
            ),
            ("- {objectName: a, secretPath: p, encoding: rot13}", "object 1: its encoding is none of"),
            (
                "- {objectName: a, secretPath: p, filePermission: 0999}",
                "object 1: its filePermission is none",
            ),
            ("- {objectName: [a], secretPath: p}", "object 1: a value is no text"),
            ("a: b", "the attribute objects is no YAML list"),
        ] {
            let error = parse(text).unwrap_err().to_string();
            assert!(error.starts_with(why), "{text}: {error}");
        }
        let many = "- {objectName: a, secretPath: p}\n".repeat(MOST + 1);
        assert!(matches!(parse(&many), Err(Error::Large(_))));
    }
}
