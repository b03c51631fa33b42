//! A request's fields: parsed once, and the same to the policies, the engine and the audit log.
//!
//! The text is checked for form and for bounds and cut into its top-level fields; what is below stays as the
//! text that came, so that a number or a key order that means something to its owner is not touched. A field
//! that is given twice counts the last time.

use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap},
    fmt, io,
    pin::Pin,
    sync::{Mutex, PoisonError},
};

use serde::{
    Deserialize, Deserializer,
    de::{
        self, DeserializeOwned, DeserializeSeed, IgnoredAny, IntoDeserializer as _, MapAccess, SeqAccess,
        Visitor,
    },
};
use serde_json::value::RawValue;

use crate::crypto::SecretBytes;

const MAX_DEPTH: usize = 32;
const MAX_NODES: usize = 10_000;

/// A body that is too large for memory, as it comes.
pub type Chunks = Pin<Box<dyn futures_util::Stream<Item = io::Result<bytes::Bytes>> + Send>>;

/// The fields of a request, from its body or its query.
#[derive(Default)]
pub struct Body {
    /// A JSON object, or empty where there is none.
    text: SecretBytes,
    /// Top-level names, and where in `text` their values lie.
    fields: Vec<(Box<str>, std::ops::Range<usize>)>,
    /// Instead of fields, where the route says so. Whoever answers takes it, once.
    chunks: Option<Box<Mutex<Option<Chunks>>>>,
}

/// Why a body was refused: never with a part of it.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum BadBody {
    #[error("failed to parse JSON input: expected an object")]
    NotAnObject,
    #[error("failed to parse JSON input: line {line}, column {column}")]
    Syntax { line: usize, column: usize },
    #[error("failed to parse JSON input: nested too deeply or too many values")]
    TooComplex,
    #[error("error converting input for field \"{field}\": expected {expected}")]
    Field { field: String, expected: &'static str },
}

impl Body {
    /// Parses a JSON object. Nothing, and `null`, mean no fields.
    pub fn json(text: SecretBytes) -> Result<Self, BadBody> {
        let trimmed = text.expose().trim_ascii();
        if trimmed.is_empty() || trimmed == b"null" {
            return Ok(Self::default());
        }
        check_bounds(trimmed)?;
        let source = text.expose_str().ok_or(BadBody::Syntax { line: 0, column: 0 })?;
        let top: TopLevel<'_> = serde_json::from_str(source).map_err(|_| BadBody::NotAnObject)?;
        let base = source.as_ptr() as usize;
        let mut fields: Vec<(Box<str>, std::ops::Range<usize>)> = Vec::with_capacity(top.0.len());
        // Whoever asks is not known yet: the work must not grow faster than what came.
        let mut places: HashMap<&str, usize> = HashMap::with_capacity(top.0.len());
        for (name, value) in &top.0 {
            let start = (value.get().as_ptr() as usize).wrapping_sub(base);
            let range = start..start.wrapping_add(value.get().len());
            match places.get(name.as_str()).and_then(|at| fields.get_mut(*at)) {
                Some((_, known)) => *known = range,
                None => {
                    places.insert(name, fields.len());
                    fields.push((name.as_str().into(), range));
                }
            }
        }
        Ok(Self { text, fields, chunks: None })
    }

    /// A body that is no fields, and is read by whoever answers, after the request was admitted.
    pub fn streamed(chunks: Chunks) -> Self {
        Self { chunks: Some(Box::new(Mutex::new(Some(chunks)))), ..Self::default() }
    }

    pub(crate) fn take_chunks(&self) -> Option<Chunks> {
        self.chunks.as_ref()?.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// The fields of a query string or a form: strings all of them.
    pub fn pairs<'a>(pairs: impl IntoIterator<Item = (Cow<'a, str>, Cow<'a, str>)>) -> Result<Self, BadBody> {
        let map: BTreeMap<_, _> = pairs.into_iter().collect();
        if map.is_empty() {
            return Ok(Self::default());
        }
        let text = serde_json::to_vec(&map).map_err(|_| BadBody::NotAnObject)?;
        Self::json(SecretBytes::new(text))
    }

    /// A typed value as a body, for requests that are made inside of the process.
    pub fn of<T: serde::Serialize>(value: &T) -> Result<Self, BadBody> {
        Self::json(SecretBytes::new(serde_json::to_vec(value).map_err(|_| BadBody::NotAnObject)?))
    }

    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// All of it, as it came.
    pub(crate) fn text(&self) -> &[u8] {
        self.text.expose()
    }

    /// The names of the fields, in the order in which they came.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.fields.iter().map(|(name, _)| &**name)
    }

    /// A field's value as JSON text.
    pub fn raw(&self, name: &str) -> Option<&str> {
        let (_, range) = self.fields.iter().find(|(known, _)| **known == *name)?;
        self.text.expose_str()?.get(range.clone())
    }

    /// All fields as JSON text.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let text = self.text.expose_str().unwrap_or_default();
        self.fields.iter().filter_map(move |(name, range)| Some((&**name, text.get(range.clone())?)))
    }

    /// The fields as `T`. A field that `T` does not know is passed over.
    pub fn decode<T: DeserializeOwned>(&self) -> Result<T, BadBody> {
        T::deserialize(Fields { body: self, next: 0 }).map_err(|error| error.0)
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.names()).finish()
    }
}

/// Refuses an object that is nested too deeply or has too many values.
pub(crate) fn check_bounds(text: &[u8]) -> Result<(), BadBody> {
    let mut nodes = 0;
    let mut reader = serde_json::Deserializer::from_slice(text);
    let outcome =
        Bounded { depth: 0, nodes: &mut nodes }.deserialize(&mut reader).and_then(|()| reader.end());
    match outcome {
        Ok(()) if text.starts_with(b"{") => Ok(()),
        Ok(()) => Err(BadBody::NotAnObject),
        Err(error) if error.is_data() => Err(BadBody::TooComplex),
        Err(error) => Err(BadBody::Syntax { line: error.line(), column: error.column() }),
    }
}

/// Walks through a value without keeping it, and counts.
struct Bounded<'a> {
    depth: usize,
    nodes: &'a mut usize,
}

impl<'de> DeserializeSeed<'de> for Bounded<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<(), D::Error> {
        *self.nodes += 1;
        if self.depth > MAX_DEPTH || *self.nodes > MAX_NODES {
            return Err(de::Error::custom("too complex"));
        }
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Bounded<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        while items.next_element_seed(Bounded { depth: self.depth + 1, nodes: &mut *self.nodes })?.is_some() {
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        while entries.next_key::<IgnoredAny>()?.is_some() {
            entries.next_value_seed(Bounded { depth: self.depth + 1, nodes: &mut *self.nodes })?;
        }
        Ok(())
    }
}

struct TopLevel<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for TopLevel<'de> {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        struct Entries;
        impl<'de> Visitor<'de> for Entries {
            type Value = TopLevel<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
                let mut out = Vec::new();
                while let Some(entry) = entries.next_entry()? {
                    out.push(entry);
                }
                Ok(TopLevel(out))
            }
        }
        reader.deserialize_map(Entries)
    }
}

/// Feeds a typed struct from the fields, and says which field did not fit.
struct Fields<'a> {
    body: &'a Body,
    next: usize,
}

#[derive(Debug)]
struct FieldError(BadBody);

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for FieldError {}

impl de::Error for FieldError {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self(BadBody::NotAnObject)
    }

    fn missing_field(field: &'static str) -> Self {
        Self(BadBody::Field { field: field.to_owned(), expected: "a value" })
    }
}

impl<'de> Deserializer<'de> for Fields<'de> {
    type Error = FieldError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, FieldError> {
        visitor.visit_map(self)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

impl<'de> MapAccess<'de> for Fields<'de> {
    type Error = FieldError;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, FieldError> {
        let Some((name, _)) = self.body.fields.get(self.next) else { return Ok(None) };
        seed.deserialize((&**name).into_deserializer()).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, FieldError> {
        let (name, range) = self.body.fields.get(self.next).ok_or(FieldError(BadBody::NotAnObject))?;
        self.next += 1;
        let text = self.body.text.expose_str().and_then(|it| it.get(range.clone())).unwrap_or_default();
        let mut reader = serde_json::Deserializer::from_str(text);
        seed.deserialize(&mut reader)
            .map_err(|_| FieldError(BadBody::Field { field: name.to_string(), expected: "another type" }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(text: &str) -> Result<Body, BadBody> {
        Body::json(SecretBytes::copy_of(text.as_bytes()))
    }

    #[derive(Debug, Deserialize, PartialEq)]
    struct Typed {
        #[serde(default)]
        count: Option<u64>,
        name: String,
    }

    // Rule 105
    #[test]
    fn a_repeated_field_counts_the_last_time_for_everybody() {
        let body = body(r#"{"name": "a", "count": 1, "name": "b"}"#).unwrap();
        assert_eq!(body.raw("name"), Some("\"b\""));
        assert_eq!(body.decode::<Typed>().unwrap(), Typed { count: Some(1), name: "b".into() });
        assert_eq!(body.iter().count(), 2);
    }

    // Rules 103 and 105: compared with each other, these names would be 150 GB of work.
    #[test]
    fn many_long_names_cost_what_their_length_costs() {
        let stem = "x".repeat(3_000);
        let names: Vec<String> = (0..9_990).map(|it| format!("\"{stem}{it:04}\":1")).collect();
        let text = format!("{{{}}}", names.join(","));
        let begun = std::time::Instant::now();
        let body = body(&text).unwrap();
        let took = begun.elapsed();
        assert_eq!(body.names().count(), 9_990);
        assert!(took < std::time::Duration::from_secs(5), "{took:?}");
    }

    // Rule 105
    #[test]
    fn depth_size_and_numbers_are_bounded() {
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(40), "]".repeat(40));
        assert_eq!(body(&deep).unwrap_err(), BadBody::TooComplex);
        let wide = format!("{{\"a\":[{}1]}}", "1,".repeat(10_000));
        assert_eq!(body(&wide).unwrap_err(), BadBody::TooComplex);
        assert!(matches!(body(r#"{"a": 1e999}"#).unwrap_err(), BadBody::Syntax { .. }));
        assert!(matches!(body(r#"{"a": NaN}"#).unwrap_err(), BadBody::Syntax { .. }));
        let bomb = "[".repeat(100_000);
        assert!(body(&bomb).is_err());
    }

    #[test]
    fn only_objects_and_nothing_are_bodies() {
        for nothing in ["", " ", "null", " null\n"] {
            assert!(body(nothing).unwrap().is_empty());
        }
        for refused in ["[1]", "\"a\"", "3", "{", "{\"a\":1} x", "{\"a\"}", "\u{feff}{}"] {
            assert!(body(refused).is_err(), "{refused}");
        }
    }

    // Rule 97
    #[test]
    fn an_error_names_the_field_and_nothing_of_its_value() {
        let body = body(r#"{"name": "n", "count": "hunter2"}"#).unwrap();
        let error = body.decode::<Typed>().unwrap_err().to_string();
        assert_eq!(error, "error converting input for field \"count\": expected another type");
    }
}
