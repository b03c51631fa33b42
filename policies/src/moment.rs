//! Durations and moments as policies spell them.

use std::time::Duration;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

const CENTURY: Duration = Duration::from_secs(100 * 366 * 86_400);

/// `90` (seconds), `90s`, `1h30m`, `2d`, `1.5h`, `250ms`: what Vault's clients and policies write.
/// Negative, empty, unknown units, and over a hundred years: `None`.
pub(crate) fn duration(text: &str) -> Option<Duration> {
    if text.bytes().all(|it| it.is_ascii_digit()) {
        return text.parse().ok().map(Duration::from_secs).filter(|it| *it <= CENTURY);
    }
    let mut total = Duration::ZERO;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (amount, behind) = rest.split_at_checked(digits)?;
        let length = behind.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(behind.len());
        let (unit, behind) = behind.split_at_checked(length)?;
        let seconds = match unit {
            "d" => 86_400.0,
            "h" => 3_600.0,
            "m" => 60.0,
            "s" => 1.0,
            "ms" => 1e-3,
            _ => return None,
        };
        let part = Duration::try_from_secs_f64(amount.parse::<f64>().ok()? * seconds).ok()?;
        total = total.checked_add(part).filter(|it| *it <= CENTURY)?;
        rest = behind;
    }
    Some(total)
}

/// RFC 3339, or seconds since 1970, in nanoseconds since 1970.
pub(crate) fn unix_nanos(text: &str) -> Option<i64> {
    if text.bytes().all(|it| it.is_ascii_digit()) {
        return text.parse::<i64>().ok()?.checked_mul(1_000_000_000);
    }
    i64::try_from(OffsetDateTime::parse(text, &Rfc3339).ok()?.unix_timestamp_nanos()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        for (text, expected) in [
            ("90", Some(90_000)),
            ("90s", Some(90_000)),
            ("1h30m", Some(5_400_000)),
            ("1.5h", Some(5_400_000)),
            ("2d", Some(172_800_000)),
            ("250ms", Some(250)),
            ("0", Some(0)),
            ("-1s", None),
            ("1y", None),
            ("h", None),
            ("1.2.3s", None),
            ("40000d", None),
            ("99999999999999999999", None),
        ] {
            assert_eq!(duration(text), expected.map(Duration::from_millis), "{text}");
        }
        assert_eq!(duration(""), None);
    }

    #[test]
    fn moments() {
        assert_eq!(unix_nanos("1970-01-01T00:00:01Z"), Some(1_000_000_000));
        assert_eq!(unix_nanos("1970-01-01T01:00:01.5+01:00"), Some(1_500_000_000));
        assert_eq!(unix_nanos("4"), Some(4_000_000_000));
        for text in ["", "tomorrow", "1970-01-01", "99999999999999", "-5"] {
            assert_eq!(unix_nanos(text), None, "{text}");
        }
    }
}
