//! Answers written straight into their buffer, around data that is copied as it came; and merging, cutting
//! and listing of JSON text without making numbers of its numbers.

use std::{
    borrow::Cow,
    collections::{HashMap, HashSet},
};

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::value::RawValue;

use super::{super::begin_field, record::Entry};
use crate::{
    crypto::SecretBytes,
    error::{Error, Result},
    request::{BadBody, check_bounds},
};

/// What the fixed parts of an answer take at most: names, two times, a version.
const FRAME: usize = 256;

/// `{"data": …, "metadata": …}`.
pub(super) fn data(data: &[u8], entry: &Entry, custom: Option<&str>) -> SecretBytes {
    let data = if data.is_empty() { b"null" } else { data };
    let mut out = Vec::with_capacity(FRAME + data.len() + custom.map_or(0, str::len));
    out.extend_from_slice(b"{\"data\":");
    out.extend_from_slice(data);
    out.extend_from_slice(b",\"metadata\":");
    write_metadata(&mut out, entry, custom);
    out.push(b'}');
    SecretBytes::new(out)
}

/// `{"metadata": …, "subkeys": …}`.
pub(super) fn subkeys(subkeys: &[u8], entry: &Entry, custom: Option<&str>) -> SecretBytes {
    let mut out = Vec::with_capacity(FRAME + subkeys.len() + custom.map_or(0, str::len));
    out.extend_from_slice(b"{\"metadata\":");
    write_metadata(&mut out, entry, custom);
    out.extend_from_slice(b",\"subkeys\":");
    out.extend_from_slice(subkeys);
    out.push(b'}');
    SecretBytes::new(out)
}

/// A version's metadata alone: what a write answers.
pub(super) fn metadata(entry: &Entry, custom: Option<&str>) -> SecretBytes {
    let mut out = Vec::with_capacity(FRAME + custom.map_or(0, str::len));
    write_metadata(&mut out, entry, custom);
    SecretBytes::new(out)
}

fn write_metadata(out: &mut Vec<u8>, entry: &Entry, custom: Option<&str>) {
    out.extend_from_slice(b"{\"created_time\":\"");
    out.extend_from_slice(entry.created.rfc3339().as_bytes());
    out.extend_from_slice(b"\",\"custom_metadata\":");
    out.extend_from_slice(custom.unwrap_or("null").as_bytes());
    out.extend_from_slice(b",\"deletion_time\":\"");
    if let Some(deleted) = entry.deleted {
        out.extend_from_slice(deleted.rfc3339().as_bytes());
    }
    out.extend_from_slice(b"\",\"destroyed\":");
    out.extend_from_slice(if entry.destroyed { b"true" } else { b"false" });
    out.extend_from_slice(b",\"version\":");
    out.extend_from_slice(itoa::Buffer::new().format(entry.version).as_bytes());
    out.push(b'}');
}

/// An RFC 7396 merge of `patch`, an object, into `target`, an object or `null`. What comes of it is bounded as if
/// it had been sent at once.
pub(super) fn merge(target: &str, patch: &str) -> Result<SecretBytes> {
    let mut out = Vec::with_capacity(2 + target.len() + patch.len());
    write_merged(&mut out, target, patch)?;
    let merged = SecretBytes::new(out);
    match check_bounds(merged.expose()) {
        Err(BadBody::TooComplex) => Err(Error::invalid("the merged secret has too many values")),
        _ => Ok(merged),
    }
}

fn write_merged(out: &mut Vec<u8>, target: &str, patch: &str) -> Result<()> {
    let target = fields(target)?;
    let patch = fields(patch)?;
    let known: HashSet<&str> = target.iter().map(|(name, _)| &**name).collect();
    let changes: HashMap<&str, &RawValue> = patch.iter().map(|(name, new)| (&**name, *new)).collect();
    out.push(b'{');
    for (name, old) in &target {
        match changes.get(&**name) {
            None => {
                begin_field(out, name)?;
                out.extend_from_slice(old.get().as_bytes());
            }
            Some(new) if is_null(new.get()) => {}
            Some(new) => {
                begin_field(out, name)?;
                write_value(out, old.get(), new.get())?;
            }
        }
    }
    for (name, new) in &patch {
        if !is_null(new.get()) && !known.contains(&**name) {
            begin_field(out, name)?;
            write_value(out, "null", new.get())?;
        }
    }
    out.push(b'}');
    Ok(())
}

fn write_value(out: &mut Vec<u8>, old: &str, new: &str) -> Result<()> {
    if is_object(new) {
        return write_merged(out, if is_object(old) { old } else { "null" }, new);
    }
    out.extend_from_slice(new.as_bytes());
    Ok(())
}

/// The names in an object and in the objects in it, down to `depth` levels (zero: all), with `null` for
/// whatever is no object or is empty or lies deeper.
pub(super) fn names(data: &str, depth: u64) -> Result<SecretBytes> {
    // Never longer than the data: a value is at least as long as `null` or is an object, but for single
    // digits, hence the factor.
    let mut out = Vec::with_capacity(4 + data.len().saturating_mul(2));
    write_names(&mut out, data, depth, 1)?;
    Ok(SecretBytes::new(out))
}

fn write_names(out: &mut Vec<u8>, data: &str, depth: u64, level: u64) -> Result<()> {
    if !is_object(data) {
        out.extend_from_slice(b"null");
        return Ok(());
    }
    let fields = fields(data)?;
    if fields.is_empty() && level > 1 {
        out.extend_from_slice(b"null");
        return Ok(());
    }
    out.push(b'{');
    for (name, value) in &fields {
        begin_field(out, name)?;
        match depth != 0 && level >= depth {
            true => out.extend_from_slice(b"null"),
            false => write_names(out, value.get(), depth, level + 1)?,
        }
    }
    out.push(b'}');
    Ok(())
}

pub(super) fn is_null(text: &str) -> bool {
    text.trim_ascii() == "null"
}

pub(super) fn is_object(text: &str) -> bool {
    text.trim_ascii_start().starts_with('{')
}

type Fields<'a> = Vec<(Cow<'a, str>, &'a RawValue)>;

/// The fields of an object; none of `null`. One that is given twice counts the last time.
fn fields(text: &str) -> Result<Fields<'_>> {
    if is_null(text) {
        return Ok(Vec::new());
    }
    let Object(fields) = serde_json::from_str(text).map_err(|_| Error::invalid("expected a JSON object"))?;
    Ok(fields)
}

struct Object<'a>(Fields<'a>);

impl<'de> Deserialize<'de> for Object<'de> {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> std::result::Result<Self, D::Error> {
        struct Entries;
        impl<'de> Visitor<'de> for Entries {
            type Value = Object<'de>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(
                self,
                mut entries: A,
            ) -> std::result::Result<Self::Value, A::Error> {
                let mut out: Fields<'de> = Vec::new();
                let mut seen = HashMap::new();
                while let Some((name, value)) = entries.next_entry::<Cow<'de, str>, &'de RawValue>()? {
                    match seen.get(&name).and_then(|at: &usize| out.get_mut(*at)) {
                        Some(known) => known.1 = value,
                        None => {
                            seen.insert(name.clone(), out.len());
                            out.push((name, value));
                        }
                    }
                }
                Ok(Object(out))
            }
        }
        reader.deserialize_map(Entries)
    }
}

/// Whole seconds as Go prints them: `1h0m5s`, `0s`.
pub(super) fn go_duration(seconds: u64) -> String {
    let (hours, minutes, rest) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    match (hours, minutes) {
        (0, 0) => format!("{rest}s"),
        (0, _) => format!("{minutes}m{rest}s"),
        _ => format!("{hours}h{minutes}m{rest}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(bytes: &SecretBytes) -> &str {
        bytes.expose_str().unwrap()
    }

    #[track_caller]
    fn check_merge(target: &str, patch: &str, expected: &str) {
        assert_eq!(text(&merge(target, patch).unwrap()), expected);
    }

    #[test]
    fn merging_follows_rfc_7396_and_touches_no_number() {
        check_merge(r#"{"a":"b"}"#, r#"{"a":"c"}"#, r#"{"a":"c"}"#);
        check_merge(r#"{"a":"b"}"#, r#"{"b":"c"}"#, r#"{"a":"b","b":"c"}"#);
        check_merge(r#"{"a":"b","b":1}"#, r#"{"a":null}"#, r#"{"b":1}"#);
        check_merge(r#"{"a":["b"]}"#, r#"{"a":"c"}"#, r#"{"a":"c"}"#);
        check_merge(r#"{"a":{"b":"c"}}"#, r#"{"a":{"b":"d","c":null}}"#, r#"{"a":{"b":"d"}}"#);
        check_merge(r#"{"a":[{"b":"c"}]}"#, r#"{"a":[1,null]}"#, r#"{"a":[1,null]}"#);
        check_merge(r#"{"e":null}"#, r#"{"a":1}"#, r#"{"e":null,"a":1}"#);
        check_merge("{}", r#"{"a":{"bb":{"ccc":null}}}"#, r#"{"a":{"bb":{}}}"#);
        check_merge("null", r#"{"a":1}"#, r#"{"a":1}"#);
        check_merge(
            r#"{"n":12345678901234567890123,"f":1.0}"#,
            r#"{"m":1e400}"#,
            r#"{"n":12345678901234567890123,"f":1.0,"m":1e400}"#,
        );
    }

    // Rule 105: what no request could send at once cannot be put together from several.
    #[test]
    fn patches_do_not_add_up_to_what_is_too_much() {
        let half = |from: usize| {
            let fields: Vec<String> = (from..from + 6_000).map(|it| format!("\"k{it}\":1")).collect();
            format!("{{{}}}", fields.join(","))
        };
        let first = merge("{}", &half(0)).unwrap();
        assert!(merge(text(&first), &half(0)).is_ok());
        assert!(merge(text(&first), &half(6_000)).is_err());
    }

    // Rule 111: compared with each other, these names would be 160 GB of work.
    #[test]
    fn a_patch_costs_what_its_length_costs() {
        let stem = "x".repeat(200);
        let of = |mark: &str| {
            let fields: Vec<String> = (0..20_000).map(|it| format!("\"{stem}{it}{mark}\":1")).collect();
            format!("{{{}}}", fields.join(","))
        };
        let (target, patch) = (of("a"), of("b"));
        let begun = std::time::Instant::now();
        assert!(merge(&target, &patch).is_err());
        let took = begun.elapsed();
        assert!(took < std::time::Duration::from_secs(8), "{took:?}");
    }

    #[test]
    fn names_show_no_value() {
        let data = r#"{"x":1,"y":{"a":"s","b":{"c":[2]}},"z":[{"q":1}],"e":{},"n":null}"#;
        let check = |depth, expected: &str| assert_eq!(text(&names(data, depth).unwrap()), expected);
        check(0, r#"{"x":null,"y":{"a":null,"b":{"c":null}},"z":null,"e":null,"n":null}"#);
        check(1, r#"{"x":null,"y":null,"z":null,"e":null,"n":null}"#);
        check(2, r#"{"x":null,"y":{"a":null,"b":null},"z":null,"e":null,"n":null}"#);
        assert_eq!(text(&names("null", 0).unwrap()), "null");
        assert_eq!(text(&names("{}", 0).unwrap()), "{}");
    }

    #[test]
    fn durations_print_as_go_prints_them() {
        for (seconds, expected) in
            [(0, "0s"), (59, "59s"), (90, "1m30s"), (3600, "1h0m0s"), (12_319, "3h25m19s")]
        {
            assert_eq!(go_duration(seconds), expected);
        }
    }
}
