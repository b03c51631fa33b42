//! What `secret` answers: the envelope of the API, as consul-template hands it to templates.

use std::collections::BTreeMap;

use crate::error::{ErrorKind, Outcome};
use crate::json;
use crate::text::Text;
use crate::value::{Element, Key, Keys, Nil, Value};

/// An answer of the server. Its values wipe themselves.
pub struct Secret {
    pub(crate) request_id: Text,
    pub(crate) lease_id: Text,
    pub(crate) lease_duration: i64,
    pub(crate) renewable: bool,
    pub(crate) data: Value,
    pub(crate) warnings: Value,
    pub(crate) auth: Value,
    pub(crate) wrap_info: Value,
}

pub struct SecretAuth {
    pub(crate) client_token: Text,
    pub(crate) accessor: Text,
    pub(crate) policies: Value,
    pub(crate) metadata: Value,
    pub(crate) lease_duration: i64,
    pub(crate) renewable: bool,
}

pub struct WrapInfo {
    pub(crate) token: Text,
    pub(crate) ttl: i64,
    pub(crate) creation_time: Value,
    pub(crate) wrapped_accessor: Text,
}

/// What `pkiCert` answers.
pub struct Certificate {
    pub cert: Text,
    pub key: Text,
    pub ca: Text,
    pub ca_chain: Vec<Text>,
}

impl Secret {
    /// Reads the body of the server's answer. None where it is no object of JSON.
    pub fn from_json(body: &[u8]) -> Option<Self> {
        let Ok(Value::Map(body)) = json::read(body, json::Numbers::AsWritten) else {
            return None;
        };
        let field = |name: &str| body.texts(name).unwrap_or(Value::ABSENT);
        let data = match field("data") {
            Value::Map(it) => Value::Map(it),
            _ => Value::nil_map(),
        };
        Some(Self {
            request_id: text(&field("request_id")),
            lease_id: text(&field("lease_id")),
            lease_duration: int(&field("lease_duration")),
            renewable: matches!(field("renewable"), Value::Bool(true)),
            data,
            warnings: texts(&field("warnings")),
            auth: auth(&field("auth")),
            wrap_info: wrap_info(&field("wrap_info")),
        })
    }

    /// The names and values of the struct's fields, in their order.
    pub(crate) fn fields(&self) -> Vec<(&'static str, Value)> {
        vec![
            ("RequestID", Value::Text(self.request_id.clone())),
            ("LeaseID", Value::Text(self.lease_id.clone())),
            ("LeaseDuration", Value::int(self.lease_duration)),
            ("Renewable", Value::Bool(self.renewable)),
            ("Data", self.data.clone()),
            ("Warnings", self.warnings.clone()),
            ("Auth", self.auth.clone()),
            ("WrapInfo", self.wrap_info.clone()),
        ]
    }
}

impl SecretAuth {
    fn fields(&self) -> Vec<(&'static str, Value)> {
        vec![
            ("ClientToken", Value::Text(self.client_token.clone())),
            ("Accessor", Value::Text(self.accessor.clone())),
            ("Policies", self.policies.clone()),
            ("Metadata", self.metadata.clone()),
            ("LeaseDuration", Value::int(self.lease_duration)),
            ("Renewable", Value::Bool(self.renewable)),
        ]
    }
}

impl WrapInfo {
    fn fields(&self) -> Vec<(&'static str, Value)> {
        vec![
            ("Token", Value::Text(self.token.clone())),
            ("TTL", Value::int(self.ttl)),
            ("CreationTime", self.creation_time.clone()),
            ("WrappedAccessor", Value::Text(self.wrapped_accessor.clone())),
        ]
    }
}

impl Certificate {
    fn fields(&self) -> Vec<(&'static str, Value)> {
        vec![
            ("Cert", Value::Text(self.cert.clone())),
            ("Key", Value::Text(self.key.clone())),
            ("CA", Value::Text(self.ca.clone())),
            ("CAChain", Value::texts(self.ca_chain.iter().cloned())),
        ]
    }
}

/// The fields of what is a struct or a pointer to one; none for other values.
pub(crate) fn fields(value: &Value) -> Option<Vec<(&'static str, Value)>> {
    match value {
        Value::Secret(it) => Some(it.fields()),
        Value::Auth(it) => Some(it.fields()),
        Value::WrapInfo(it) => Some(it.fields()),
        Value::Certificate(it) => Some(it.fields()),
        _ => None,
    }
}

/// Whether a pointer to nothing would have such a field, were it there.
pub(crate) fn nil_field(pointer: &str, field: &str) -> Outcome<()> {
    let known = match pointer {
        AUTH => {
            ["ClientToken", "Accessor", "Policies", "Metadata", "LeaseDuration", "Renewable"].contains(&field)
        }
        _ => ["Token", "TTL", "CreationTime", "WrappedAccessor"].contains(&field),
    };
    if known {
        Err(ErrorKind::NilPointer(field.to_owned()))
    } else {
        Err(ErrorKind::NoField { field: field.to_owned(), found: "a pointer" })
    }
}

const AUTH: &str = "*dependency.SecretAuth";
const WRAP_INFO: &str = "*dependency.SecretWrapInfo";

fn auth(value: &Value) -> Value {
    let Value::Map(map) = value else {
        return Value::Nil(Nil::Pointer(AUTH));
    };
    let field = |name: &str| map.texts(name).unwrap_or(Value::ABSENT);
    let metadata = match field("metadata") {
        Value::Map(it) => {
            let entries: BTreeMap<Key, Value> = it
                .entries
                .borrow()
                .iter()
                .map(|(key, value)| (key.clone(), Value::Text(text(value))))
                .collect();
            Value::map_of(Keys::Text, Element::Text, entries)
        }
        _ => Value::map_of(Keys::Text, Element::Text, BTreeMap::new()),
    };
    Value::Auth(std::rc::Rc::new(SecretAuth {
        client_token: text(&field("client_token")),
        accessor: text(&field("accessor")),
        policies: texts(&field("policies")),
        metadata,
        lease_duration: int(&field("lease_duration")),
        renewable: matches!(field("renewable"), Value::Bool(true)),
    }))
}

fn wrap_info(value: &Value) -> Value {
    let Value::Map(map) = value else {
        return Value::Nil(Nil::Pointer(WRAP_INFO));
    };
    let field = |name: &str| map.texts(name).unwrap_or(Value::ABSENT);
    let created = field("creation_time");
    let created =
        created.as_text().and_then(Text::utf8).and_then(crate::time::parse_rfc3339).unwrap_or((0, 0));
    Value::WrapInfo(std::rc::Rc::new(WrapInfo {
        token: text(&field("token")),
        ttl: int(&field("ttl")),
        creation_time: Value::Time(created.0, created.1),
        wrapped_accessor: text(&field("wrapped_accessor")),
    }))
}

fn text(value: &Value) -> Text {
    value.as_text().cloned().unwrap_or_else(|| "".into())
}

fn int(value: &Value) -> i64 {
    value.as_text().and_then(Text::utf8).and_then(|it| it.parse().ok()).unwrap_or(0)
}

fn texts(value: &Value) -> Value {
    match value {
        Value::List(it) => Value::texts(it.items.iter().map(text)),
        _ => Value::nil_list(Element::Text),
    }
}
