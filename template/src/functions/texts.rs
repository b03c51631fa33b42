//! consul-template's functions of strings.

use super::Parameter::{Int, Text as Str, Texts};
use super::given::{bytes, count, items, text};
use super::{Function, takes};
use crate::error::Outcome;
use crate::regex::Pattern;
use crate::text::{Sink, Text, find, map, replace, runes, split, trim_end_by, trim_space, trim_start_by};
use crate::value::{Element, Key, Keys, Value};
use std::collections::BTreeMap;

pub(super) const ALL: &[Function] = &[
    takes("indent", &[Int, Str], |_, name, given| indent(count(given, 0, name)?, bytes(given, 1))),
    takes("join", &[Str, Texts], |_, _, given| join(bytes(given, 0), items(given, 1))),
    takes("regexMatch", &[Str, Str], |run, name, given| {
        Ok(Value::Bool(Pattern::new(run, name, &text(given, 0))?.is_match(bytes(given, 1))))
    }),
    takes("regexReplaceAll", &[Str, Str, Str], |run, name, given| {
        Pattern::new(run, name, &text(given, 0))?
            .replace_all(bytes(given, 2), bytes(given, 1))
            .map(Value::Text)
    }),
    takes("replaceAll", &[Str, Str, Str], |_, _, given| {
        replace(bytes(given, 2), bytes(given, 0), bytes(given, 1)).map(Value::Text)
    }),
    takes("split", &[Str, Str], |_, _, given| {
        let trimmed = trim_space(bytes(given, 1));
        let parts = if trimmed.is_empty() { Vec::new() } else { split(trimmed, bytes(given, 0), None) };
        Ok(Value::texts(parts.into_iter().map(Text::new)))
    }),
    takes("splitToMap", &[Str, Str, Str], |_, _, given| {
        Ok(split_to_map(bytes(given, 0), bytes(given, 1), bytes(given, 2)))
    }),
    takes("toLower", &[Str], |_, _, given| lower(bytes(given, 0)).map(Value::Text)),
    takes("toTitle", &[Str], |_, _, given| title(bytes(given, 0)).map(Value::Text)),
    takes("toUpper", &[Str], |_, _, given| upper(bytes(given, 0)).map(Value::Text)),
    takes("trim", &[Str, Str], |_, _, given| Ok(Value::bytes(trim_set(bytes(given, 1), bytes(given, 0))))),
    takes("trimPrefix", &[Str, Str], |_, _, given| {
        Ok(Value::bytes(bytes(given, 1).strip_prefix(bytes(given, 0)).unwrap_or(bytes(given, 1))))
    }),
    takes("trimSpace", &[Str], |_, _, given| Ok(Value::bytes(trim_space(bytes(given, 0))))),
    takes("trimSuffix", &[Str, Str], |_, _, given| {
        Ok(Value::bytes(bytes(given, 1).strip_suffix(bytes(given, 0)).unwrap_or(bytes(given, 1))))
    }),
];

fn indent(spaces: usize, bytes: &[u8]) -> Outcome<Value> {
    let mut sink = Sink::new();
    let mut starts = true;
    for it in bytes {
        if starts && *it != b'\n' {
            sink.repeat(b" ", spaces)?;
        }
        sink.push(&[*it])?;
        starts = *it == b'\n';
    }
    Ok(Value::Text(sink.text()))
}

pub(super) fn join(separator: &[u8], items: &[Value]) -> Outcome<Value> {
    let mut sink = Sink::new();
    for (at, it) in items.iter().filter_map(Value::as_text).enumerate() {
        if at > 0 {
            sink.push(separator)?;
        }
        sink.push(it.bytes())?;
    }
    Ok(Value::Text(sink.text()))
}

fn split_to_map(between: &[u8], within: &[u8], bytes: &[u8]) -> Value {
    let trimmed = trim_space(bytes);
    let parts = if trimmed.is_empty() { Vec::new() } else { split(trimmed, between, None) };
    let entries: BTreeMap<Key, Value> = parts
        .into_iter()
        .filter_map(|part| {
            let at = find(part, within)?;
            let value = part.get(at + within.len()..).unwrap_or_default();
            Some((Key::Text(Text::new(part.get(..at)?)), Value::bytes(value)))
        })
        .collect();
    Value::map_of(Keys::Text, Element::Text, entries)
}

/// Without the characters of `set` at both ends.
pub(super) fn trim_set<'a>(bytes: &'a [u8], set: &[u8]) -> &'a [u8] {
    let within = |it: char| runes(set).any(|(of_set, _)| of_set == Some(it));
    trim_end_by(trim_start_by(bytes, within), within)
}

/// One character to one, as Go does it: `ß` stays.
pub(super) fn upper_char(it: char) -> char {
    let mut upper = it.to_uppercase();
    match (upper.next(), upper.next()) {
        (Some(one), None) => one,
        _ => it,
    }
}

pub(super) fn lower_char(it: char) -> char {
    let mut lower = it.to_lowercase();
    match (lower.next(), lower.next()) {
        (Some(one), None) => one,
        _ if it == 'İ' => 'i',
        _ => it,
    }
}

pub(super) fn upper(bytes: &[u8]) -> Outcome<Text> {
    map(bytes, |it, sink| sink.push_char(upper_char(it)))
}

pub(super) fn lower(bytes: &[u8]) -> Outcome<Text> {
    map(bytes, |it, sink| sink.push_char(lower_char(it)))
}

/// The first letter of each word large, by the word boundaries of Unicode; the rest stays.
fn title(bytes: &[u8]) -> Outcome<Text> {
    let all: Vec<char> = runes(bytes).map(|(it, _)| it.unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
    let letter = |at: Option<usize>| at.and_then(|it| all.get(it)).is_some_and(|it| it.is_alphabetic());
    let digit = |at: Option<usize>| at.and_then(|it| all.get(it)).is_some_and(|it| it.is_numeric());
    let mut sink = Sink::new();
    let mut done = false;
    for (at, it) in all.iter().enumerate() {
        if it.is_alphabetic() {
            sink.push_char(if done { *it } else { upper_char(*it) })?;
            done = true;
            continue;
        }
        let (before, behind) = (at.checked_sub(1), Some(at + 1));
        let joins = match it {
            '\'' | '.' | '\u{2018}' | '\u{2019}' => {
                (letter(before) && letter(behind)) || (digit(before) && digit(behind))
            }
            ':' | '\u{b7}' => letter(before) && letter(behind),
            ',' | ';' => digit(before) && digit(behind),
            '_' => true,
            _ => it.is_numeric(),
        };
        done &= joins;
        sink.push_char(*it)?;
    }
    Ok(sink.text())
}
