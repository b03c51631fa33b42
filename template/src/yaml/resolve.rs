//! What a plain scalar is taken for: YAML 1.1 as `yaml.v2` knows it.

use crate::number::{parse_float, parse_int, parse_uint};
use crate::value::{Nil, Uint, Value};

/// The value of a plain scalar. None where it is a string.
pub(super) fn resolve(text: &str) -> Option<Value> {
    let word = match text {
        "" | "~" | "null" | "Null" | "NULL" => Some(Value::Nil(Nil::Any)),
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
            Some(Value::Bool(true))
        }
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            Some(Value::Bool(false))
        }
        ".nan" | ".NaN" | ".NAN" => Some(Value::Float(f64::NAN)),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => Some(Value::Float(f64::INFINITY)),
        "-.inf" | "-.Inf" | "-.INF" => Some(Value::Float(f64::NEG_INFINITY)),
        _ => None,
    };
    if word.is_some() {
        return word;
    }
    match text.as_bytes().first()? {
        b'.' => parse_float(text).map(Value::Float),
        b'0'..=b'9' | b'+' | b'-' => number(text),
        _ => None,
    }
}

fn number(text: &str) -> Option<Value> {
    let plain = text.replace('_', "");
    if let Some(int) = parse_int(&plain, 0) {
        return Some(Value::int(int));
    }
    if let Some(uint) = parse_uint(&plain, 0) {
        return Some(Value::Uint(uint, Uint::Uint64));
    }
    looks_float(&plain).then(|| parse_float(&plain)).flatten().map(Value::Float)
}

/// Digits with a point or an exponent, and nothing else.
fn looks_float(text: &str) -> bool {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (mantissa, exponent) =
        unsigned.split_once(['e', 'E']).map_or((unsigned, None), |(it, exponent)| (it, Some(exponent)));
    let digits = |it: &str| it.bytes().all(|it| it.is_ascii_digit());
    let right_mantissa = match mantissa.split_once('.') {
        Some(("", fraction)) => !fraction.is_empty() && digits(fraction),
        Some((whole, fraction)) => digits(whole) && digits(fraction),
        None => !mantissa.is_empty() && digits(mantissa),
    };
    let right_exponent = exponent.is_none_or(|it| {
        let unsigned = it.strip_prefix(['-', '+']).unwrap_or(it);
        !unsigned.is_empty() && digits(unsigned)
    });
    right_mantissa && right_exponent
}

/// Whether a string must be quoted, or it would be read as something else.
pub(super) fn needs_quotes(text: &str) -> bool {
    resolve(text).is_some() || is_time(text) || is_sexagesimal(text)
}

/// `2024-01-31`, perhaps with a time behind it.
pub(super) fn is_time(text: &str) -> bool {
    let number = |it: &str, least: usize, most: u32| {
        it.len() >= least
            && it.len() <= least.max(2)
            && it.bytes().all(|it| it.is_ascii_digit())
            && it.parse().is_ok_and(|it: u32| it <= most)
    };
    let (date, clock) = match text.find(['T', 't', ' ']) {
        Some(at) => (text.get(..at).unwrap_or_default(), text.get(at + 1..)),
        None => (text, None),
    };
    let mut parts = date.split('-');
    let (Some(year), Some(month), Some(day), None) = (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return false;
    };
    if year.len() != 4
        || !number(year, 4, 9999)
        || !number(month, 1, 12)
        || !number(day, 1, 31)
        || month == "0"
        || day == "0"
    {
        return false;
    }
    let Some(clock) = clock else { return true };
    let zoned = !text.contains(' ');
    let zone_at = clock.find(['Z', '+', '-']);
    let (clock, zone) = clock.split_at(zone_at.unwrap_or(clock.len()));
    if zoned == zone.is_empty() {
        return false;
    }
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, "0"));
    let mut parts = clock.split(':');
    let (Some(hour), Some(minute), Some(second), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return false;
    };
    number(hour, 1, 23)
        && number(minute, 1, 59)
        && number(second, 1, 59)
        && fraction.bytes().all(|it| it.is_ascii_digit())
}

/// `1:30`, which old parsers take for a number.
fn is_sexagesimal(text: &str) -> bool {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let mut parts = whole.split(':');
    let first = parts.next().unwrap_or_default();
    let digits = |it: &str| it.bytes().all(|it| it.is_ascii_digit() || it == b'_');
    let sixty = |it: &str| (1..=2).contains(&it.len()) && it.parse().is_ok_and(|it: u32| it < 60);
    whole.contains(':')
        && first.starts_with(|it: char| it.is_ascii_digit())
        && digits(first)
        && parts.all(sixty)
        && digits(fraction)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_that_would_be_something_else_are_quoted() {
        for it in [
            "",
            "yes",
            "n",
            "12",
            "1_000",
            "0x1f",
            "1.5",
            ".5",
            "1e3",
            "~",
            "null",
            "2024-01-31",
            "2024-1-1T1:2:3Z",
            "1:30",
            "-.inf",
        ] {
            assert!(needs_quotes(it), "{it}");
        }
        for it in ["a", "1.2.3", "12a", "yess", "2024-13-01", "10.0.0.1:80", "1:99", "-", "0x", "e3", "v1"] {
            assert!(!needs_quotes(it), "{it}");
        }
    }
}
