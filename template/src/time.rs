//! Times in UTC, and Go's layouts: written as the moment of the example `Mon Jan 2 15:04:05 2006` would be.

use crate::error::Outcome;
use crate::text::{Sink, Text};

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const DAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

struct Moment {
    year: i64,
    /// From 1.
    month: usize,
    day: i64,
    year_day: i64,
    weekday: usize,
    hour: i64,
    minute: i64,
    second: i64,
}

impl Moment {
    fn new(seconds: i64) -> Self {
        let days = seconds.div_euclid(86_400);
        let rest = seconds.rem_euclid(86_400);
        let (year, month, day) = civil(days);
        let year_day = days - days_of(year, 1, 1) + 1;
        let weekday = usize::try_from((days + 4).rem_euclid(7)).unwrap_or(0);
        let month = usize::try_from(month).unwrap_or(1);
        Self {
            year,
            month,
            day,
            year_day,
            weekday,
            hour: rest / 3600,
            minute: rest / 60 % 60,
            second: rest % 60,
        }
    }
}

/// Days since 1970 to year, month and day: Howard Hinnant's arithmetic with years that begin in March.
fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

fn days_of(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let of_year = (153 * (if month > 2 { month - 3 } else { month + 9 }) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + of_year - 719_468
}

/// Seconds and nanoseconds of a time as the API writes it.
pub(crate) fn parse_rfc3339(text: &str) -> Option<(i64, u32)> {
    let number = |from: usize, to: usize| text.get(from..to).and_then(|it| it.parse::<i64>().ok());
    let days = days_of(number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let clock = number(11, 13)? * 3600 + number(14, 16)? * 60 + number(17, 19)?;
    let rest = text.get(19..)?;
    let fraction = rest.strip_prefix('.').unwrap_or("");
    let digits: String = fraction.chars().take_while(char::is_ascii_digit).take(9).collect();
    let nanos = format!("{digits:0<9}").parse().ok()?;
    let zone = rest.trim_start_matches(|it: char| it == '.' || it.is_ascii_digit());
    let offset = match zone.as_bytes() {
        [] | [b'Z'] => 0,
        [sign, rest @ ..] => {
            let rest = std::str::from_utf8(rest).ok()?;
            let seconds =
                rest.get(0..2)?.parse::<i64>().ok()? * 3600 + rest.get(3..5)?.parse::<i64>().ok()? * 60;
            if *sign == b'-' { -seconds } else { seconds }
        }
    };
    Some((days * 86_400 + clock - offset, nanos))
}

/// The parts of a layout that stand for something; longer ones first.
const PARTS: [&str; 38] = [
    "January",
    "Monday",
    "Z07:00:00",
    "-07:00:00",
    "Z070000",
    "-070000",
    "Z07:00",
    "-07:00",
    "Z0700",
    "-0700",
    "2006",
    "Z07",
    "-07",
    "Jan",
    "Mon",
    "MST",
    "002",
    "__2",
    "01",
    "02",
    "03",
    "04",
    "05",
    "06",
    "_2",
    "15",
    "PM",
    "pm",
    "1",
    "2",
    "3",
    "4",
    "5",
    ".0",
    ",0",
    ".9",
    ",9",
    "_2006",
];

/// The time by a layout of Go.
pub(crate) fn format(seconds: i64, nanos: u32, layout: &Text) -> Outcome<Text> {
    let moment = Moment::new(seconds);
    let mut sink = Sink::new();
    let mut rest = layout.bytes();
    while let Some(first) = rest.first() {
        let part = PARTS.iter().find(|it| rest.starts_with(it.as_bytes()) && stands(it, rest));
        let Some(part) = part else {
            sink.push(&[*first])?;
            rest = rest.get(1..).unwrap_or_default();
            continue;
        };
        let mut length = part.len();
        if let [separator @ (b'.' | b','), digit @ (b'0' | b'9')] = part.as_bytes() {
            length = 1 + rest.iter().skip(1).take_while(|it| *it == digit).count();
            fraction(&mut sink, *separator, *digit == b'9', length - 1, nanos)?;
        } else {
            sink.push_str(&moment.part(part))?;
        }
        rest = rest.get(length..).unwrap_or_default();
    }
    Ok(sink.text())
}

/// Whether what looks like a part is one here.
fn stands(part: &str, rest: &[u8]) -> bool {
    let behind = rest.get(part.len()..).unwrap_or_default();
    match part {
        // A word that goes on in small letters is a word.
        "Jan" | "Mon" => !behind.first().is_some_and(u8::is_ascii_lowercase),
        // A fraction is nothing but its digits.
        ".0" | ",0" | ".9" | ",9" => {
            let digit = part.as_bytes().get(1).copied().unwrap_or_default();
            !behind.iter().find(|it| **it != digit).is_some_and(u8::is_ascii_digit)
        }
        "_2" => !rest.starts_with(b"_2006"),
        _ => true,
    }
}

fn fraction(sink: &mut Sink, separator: u8, trims: bool, digits: usize, nanos: u32) -> Outcome<()> {
    let all = format!("{nanos:09}");
    let cut = all.get(..digits.min(9)).unwrap_or_default();
    let kept = if trims { cut.trim_end_matches('0') } else { cut };
    if kept.is_empty() {
        return Ok(());
    }
    sink.push(&[separator])?;
    sink.push_str(kept)
}

impl Moment {
    fn part(&self, part: &str) -> String {
        let month = MONTHS.get(self.month - 1).copied().unwrap_or_default();
        let day = DAYS.get(self.weekday).copied().unwrap_or_default();
        let twelve = if self.hour % 12 == 0 { 12 } else { self.hour % 12 };
        match part {
            "January" => month.to_owned(),
            "Jan" => month.chars().take(3).collect(),
            "Monday" => day.to_owned(),
            "Mon" => day.chars().take(3).collect(),
            "2006" => format!("{:04}", self.year),
            "_2006" => format!("_{:04}", self.year),
            "06" => format!("{:02}", self.year.rem_euclid(100)),
            "01" => format!("{:02}", self.month),
            "1" => self.month.to_string(),
            "02" => format!("{:02}", self.day),
            "_2" => format!("{:2}", self.day),
            "2" => self.day.to_string(),
            "002" => format!("{:03}", self.year_day),
            "__2" => format!("{:3}", self.year_day),
            "15" => format!("{:02}", self.hour),
            "03" => format!("{twelve:02}"),
            "3" => twelve.to_string(),
            "04" => format!("{:02}", self.minute),
            "4" => self.minute.to_string(),
            "05" => format!("{:02}", self.second),
            "5" => self.second.to_string(),
            "PM" => if self.hour < 12 { "AM" } else { "PM" }.to_owned(),
            "pm" => if self.hour < 12 { "am" } else { "pm" }.to_owned(),
            "MST" => "UTC".to_owned(),
            "Z07:00" | "Z0700" | "Z07" | "Z070000" | "Z07:00:00" => "Z".to_owned(),
            "-07:00" => "+00:00".to_owned(),
            "-0700" => "+0000".to_owned(),
            "-07" => "+00".to_owned(),
            "-070000" => "+000000".to_owned(),
            "-07:00:00" => "+00:00:00".to_owned(),
            other => other.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(layout: &str, expected: &str) {
        // 2024-02-29 13:07:09.0507 UTC, a Thursday.
        let found = format(1_709_212_029, 50_700_000, &layout.into())
            .map(|it| String::from_utf8_lossy(it.bytes()).into_owned());
        assert_eq!(found, Ok(expected.to_owned()), "{layout}");
    }

    #[test]
    fn layouts() {
        check("2006-01-02T15:04:05Z07:00", "2024-02-29T13:07:09Z");
        check("Mon, 02 Jan 2006 15:04:05 -0700", "Thu, 29 Feb 2024 13:07:09 +0000");
        check("Monday January _2 3:04PM 06", "Thursday February 29 1:07PM 24");
        check("15:04:05.000 05.999999 .00x", "13:07:09.050 09.0507 .05x");
        check("002 1/2", "060 2/29");
        check("Month Janet", "Month Janet");
    }

    #[test]
    fn times_of_the_api_are_read() {
        assert_eq!(parse_rfc3339("2024-02-29T13:07:09.0507Z"), Some((1_709_212_029, 50_700_000)));
        assert_eq!(parse_rfc3339("2024-02-29T14:07:09+01:00"), Some((1_709_212_029, 0)));
        assert_eq!(parse_rfc3339("soon"), None);
    }
}
