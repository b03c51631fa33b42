//! Numbers as Go writes and reads them.

/// A number in a template. One literal may be several: `1e3` is an integer where one is asked for, and a float else.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Number {
    pub(crate) int: Option<i64>,
    pub(crate) uint: Option<u64>,
    pub(crate) float: Option<f64>,
    /// Whether it is a float where nothing else is asked for.
    pub(crate) looks_float: bool,
}

impl Number {
    /// Reads a literal. None where Go would refuse it.
    pub(crate) fn literal(text: &str) -> Option<Self> {
        let int = parse_int(text, 0);
        let uint = parse_uint(text, 0).or_else(|| int.and_then(|it| u64::try_from(it).ok()));
        let int = int.or_else(|| uint.and_then(|it| i64::try_from(it).ok()));
        let hexadecimal =
            text.trim_start_matches(['+', '-']).get(..2).is_some_and(|it| it.eq_ignore_ascii_case("0x"));
        let looks_float =
            text.contains(if hexadecimal { ['p', 'P', '.', '.'] } else { ['.', 'e', 'E', '.'] });
        if int.is_some() || uint.is_some() {
            let float = int.map(|it| it as f64).or(uint.map(|it| it as f64));
            return Some(Self { int, uint, float, looks_float: false });
        }
        if !looks_float {
            return None;
        }
        let float = if hexadecimal { parse_hex_float(text)? } else { parse_float(text)? };
        if float.is_infinite() {
            return None;
        }
        let whole = float.fract() == 0.0 && float.abs() < 9.2e18;
        let int = whole.then_some(float as i64);
        let uint = int.and_then(|it| u64::try_from(it).ok());
        Some(Self { int, uint, float: Some(float), looks_float })
    }

    /// A character literal is the number of its code point.
    pub(crate) fn char(it: u32) -> Self {
        Self {
            int: Some(i64::from(it)),
            uint: Some(u64::from(it)),
            float: Some(f64::from(it)),
            looks_float: false,
        }
    }
}

/// Base 10, or with base 0 what the prefix says, underscores between digits then allowed.
pub(crate) fn parse_int(text: &str, base: u32) -> Option<i64> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let magnitude = i128::from(parse_uint(digits, base)?);
    i64::try_from(if negative { -magnitude } else { magnitude }).ok()
}

pub(crate) fn parse_uint(text: &str, base: u32) -> Option<u64> {
    let lower = text.to_ascii_lowercase();
    let (radix, digits) = match (base, lower.get(..2)) {
        (0, Some("0x")) => (16, lower.get(2..)?),
        (0, Some("0b")) => (2, lower.get(2..)?),
        (0, Some("0o")) => (8, lower.get(2..)?),
        (0, Some(two)) if two.starts_with('0') => (8, lower.get(1..)?),
        (0, _) => (10, lower.as_str()),
        (base, _) => (base, lower.as_str()),
    };
    let plain = if base == 0 {
        underscores(digits, radix != 10 || digits.len() < lower.len())?
    } else {
        digits.to_owned()
    };
    if plain.is_empty() || plain.starts_with(['+', '-']) {
        return None;
    }
    u64::from_str_radix(&plain, radix).ok()
}

/// The digits without underscores, which may stand between digits or behind a prefix only.
fn underscores(digits: &str, prefixed: bool) -> Option<String> {
    let wrong = digits.ends_with('_') || digits.contains("__") || (!prefixed && digits.starts_with('_'));
    (!wrong).then(|| digits.replace('_', ""))
}

/// As `strconv.ParseFloat`: also `inf`, `nan` and hexadecimal, without underscores.
pub(crate) fn parse_float(text: &str) -> Option<f64> {
    let unsigned = text.trim_start_matches(['+', '-']);
    if unsigned.len() + 1 < text.len() || unsigned.is_empty() {
        return None;
    }
    if unsigned.get(..2).is_some_and(|it| it.eq_ignore_ascii_case("0x")) {
        return parse_hex_float(text);
    }
    let named = matches!(unsigned.to_ascii_lowercase().as_str(), "inf" | "infinity" | "nan");
    if !named && !unsigned.bytes().all(|it| matches!(it, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-')) {
        return None;
    }
    let value: f64 = text.parse().ok()?;
    // Out of range is an error there, infinity here.
    (named || value.is_finite()).then_some(value)
}

fn parse_hex_float(text: &str) -> Option<f64> {
    let (sign, rest) = match text.strip_prefix('-') {
        Some(rest) => (-1.0, rest),
        None => (1.0, text.strip_prefix('+').unwrap_or(text)),
    };
    let rest = rest.get(2..)?.replace('_', "");
    let (mantissa, exponent) = rest.split_once(['p', 'P'])?;
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if whole.len() + fraction.len() == 0 || whole.len() + fraction.len() > 15 {
        return None;
    }
    let digits = u64::from_str_radix(&format!("{whole}{fraction}"), 16).ok()?;
    let exponent: i32 = exponent.parse().ok()?;
    let shift = i32::try_from(fraction.len()).ok()?.checked_mul(4)?;
    let value = sign * digits as f64 * 2f64.powi(exponent.checked_sub(shift)?);
    value.is_finite().then_some(value)
}

/// The shortest digits that read back as `value`, and the exponent of the first: `(negative, "314", 0)` for 3.14.
pub(crate) fn shortest(value: f64) -> (bool, String, i32) {
    scientific(&format!("{value:e}"))
}

/// The same, rounded to so many digits behind the first.
pub(crate) fn rounded(value: f64, precision: usize) -> (bool, String, i32) {
    let exact = precision.min(EXACT);
    let (negative, mut digits, exponent) = scientific(&format!("{value:.exact$e}"));
    digits.push_str(&"0".repeat(precision - exact));
    (negative, digits, exponent)
}

/// With so many digits behind the point.
fn fixed(value: f64, precision: usize) -> String {
    let exact = precision.min(EXACT);
    format!("{value:.exact$}{}", "0".repeat(precision - exact))
}

/// No float has more digits behind its point; Go writes zeros from there on, where Rust's formatting has an end.
const EXACT: usize = 1_100;

fn scientific(text: &str) -> (bool, String, i32) {
    let (mantissa, exponent) = text.split_once('e').unwrap_or((text, "0"));
    let digits = mantissa.trim_start_matches('-').replace('.', "");
    (mantissa.starts_with('-'), digits, exponent.parse().unwrap_or(0))
}

/// `strconv.FormatFloat` with the format `e`, `f` or `g`, and -1 or a precision.
pub(crate) fn format_float(value: f64, format: char, precision: Option<usize>) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    match (format, precision) {
        ('f', None) => format!("{value}"),
        ('f', Some(precision)) => fixed(value, precision),
        ('e', None) => exponent(shortest(value)),
        ('e', Some(precision)) => exponent(rounded(value, precision)),
        (_, None) => general(value, shortest(value), 6, false),
        (_, Some(precision)) => {
            let precision = precision.max(1);
            general(value, rounded(value, precision - 1), precision, true)
        }
    }
}

fn exponent((negative, digits, exponent): (bool, String, i32)) -> String {
    let (first, rest) = digits.split_at(1.min(digits.len()));
    let point = if rest.is_empty() { "" } else { "." };
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{}{first}{point}{rest}e{sign}{:02}", if negative { "-" } else { "" }, exponent.unsigned_abs())
}

/// `%g`: with an exponent where that is shorter. A given precision counts digits and drops zeros at the end.
fn general(value: f64, (negative, digits, power): (bool, String, i32), most: usize, given: bool) -> String {
    let kept = if given { digits.trim_end_matches('0') } else { digits.as_str() };
    let kept = if kept.is_empty() { "0" } else { kept }.to_owned();
    let count = i32::try_from(kept.len()).unwrap_or(i32::MAX);
    let mut limit = i32::try_from(most).unwrap_or(i32::MAX);
    if given && limit > count && count > power {
        limit = count;
    }
    if power < -4 || power >= limit {
        return exponent((negative, kept, power));
    }
    if !given {
        return format!("{value}");
    }
    let behind = usize::try_from(count - 1 - power).unwrap_or(0);
    format!("{value:.behind$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, int: Option<i64>, float: bool) {
        let found = Number::literal(text);
        assert_eq!(found.and_then(|it| it.int), int, "{text}");
        assert_eq!(found.is_some_and(|it| it.looks_float), float, "{text}");
    }

    #[test]
    fn literals_of_all_bases() {
        check("42", Some(42), false);
        check("-0x1F", Some(-31), false);
        check("0644", Some(420), false);
        check("0o17", Some(15), false);
        check("0b101", Some(5), false);
        check("1_000", Some(1000), false);
        check("1e3", Some(1000), true);
        check("1.5", None, true);
        check("08", None, false);
        check("1__0", None, false);
        check("99999999999999999999", None, false);
    }

    #[test]
    fn floats_are_written_as_go_writes_them() {
        for (value, expected) in [
            (1.0, "1"),
            (0.1, "0.1"),
            (1e6, "1e+06"),
            (123456789.0, "1.23456789e+08"),
            (1e-5, "1e-05"),
            (0.0, "0"),
        ] {
            assert_eq!(format_float(value, 'g', None), expected);
        }
        assert_eq!(format_float(1234.5678, 'g', Some(3)), "1.23e+03");
        assert_eq!(format_float(0.5, 'e', Some(2)), "5.00e-01");
        assert_eq!(format_float(2.5, 'f', Some(0)), "2");
        assert_eq!(format_float(100.0, 'g', Some(5)), "100");
    }
}
