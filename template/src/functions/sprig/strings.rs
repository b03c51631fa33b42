//! Strings, paths, encodings, digests, regular expressions and times.

use data_encoding::{BASE32, BASE64};
use ring::digest;

use super::super::Parameter::{Any, Bool, Int, Text as Str};
use super::super::given::{at, bytes, count, int, text, truth};
use super::super::texts::{lower, lower_char, trim_set, upper, upper_char};
use super::super::{Call, Function, encode, takes, takes_more};
use super::{integer, stringly};
use crate::error::{Outcome, refuse};
use crate::format;
use crate::regex::{Pattern, quote_meta};
use crate::text::{Sink, Text, find, is_space, map, replace, trim_space};
use crate::time;
use crate::value::Value;

const TRIM_ALL: Call = |_, _, given| Ok(Value::bytes(trim_set(bytes(given, 1), bytes(given, 0))));
const BASE: Call = |_, _, given| Ok(Value::bytes(base(bytes(given, 0))));
const CLEAN: Call = |_, _, given| Ok(Value::bytes(&clean(bytes(given, 0))));
const DIR: Call = |_, _, given| {
    let path = bytes(given, 0);
    let end = path.iter().rposition(|it| *it == b'/').map_or(0, |it| it + 1);
    Ok(Value::bytes(&clean(path.get(..end).unwrap_or_default())))
};
const EXT: Call = |_, _, given| {
    let name = bytes(given, 0).rsplit(|it| *it == b'/').next().unwrap_or_default();
    Ok(Value::bytes(
        name.iter().rposition(|it| *it == b'.').and_then(|it| name.get(it..)).unwrap_or_default(),
    ))
};
const IS_ABS: Call = |_, _, given| Ok(Value::Bool(bytes(given, 0).starts_with(b"/")));
const MATCH: Call = |run, name, given| {
    Ok(Value::Bool(Pattern::new(run, name, &text(given, 0)).is_ok_and(|it| it.is_match(bytes(given, 1)))))
};
const MUST_MATCH: Call =
    |run, name, given| Ok(Value::Bool(Pattern::new(run, name, &text(given, 0))?.is_match(bytes(given, 1))));
const FIND: Call = |run, name, given| {
    Ok(Value::bytes(Pattern::new(run, name, &text(given, 0))?.first(bytes(given, 1)).unwrap_or_default()))
};
const FIND_ALL: Call = |run, name, given| {
    let pattern = Pattern::new(run, name, &text(given, 0))?;
    let found = pattern.all(bytes(given, 1), usize::try_from(int(given, 2)).ok());
    Ok(Value::texts(found.into_iter().map(Text::new)))
};
const REPLACE: Call = |run, name, given| {
    Pattern::new(run, name, &text(given, 0))?.replace_all(bytes(given, 1), bytes(given, 2)).map(Value::Text)
};
const REPLACE_LITERAL: Call = |run, name, given| {
    Pattern::new(run, name, &text(given, 0))?
        .replace_literally(bytes(given, 1), bytes(given, 2))
        .map(Value::Text)
};
const SPLIT: Call = |run, name, given| {
    let pattern = Pattern::new(run, name, &text(given, 0))?;
    let parts = pattern.split(bytes(given, 1), usize::try_from(int(given, 2)).ok());
    Ok(Value::texts(parts.into_iter().map(Text::new)))
};
const DATE_IN_ZONE: Call = |run, name, given| match bytes(given, 2) {
    b"" | b"UTC" => dated(run, given, 1, &text(given, 0)),
    _ => refuse(name, "times are in UTC here"),
};
const HTML_DATE: Call = |run, _, given| dated(run, given, 0, &"2006-01-02".into());

pub(in crate::functions) const ALL: &[Function] = &[
    takes("sprig_abbrev", &[Int, Str], |_, _, given| {
        Ok(Value::bytes(&abbreviated(int(given, 0), bytes(given, 1))))
    }),
    takes("sprig_adler32sum", &[Str], |_, _, given| {
        let (a, b) = bytes(given, 0).iter().fold((1u32, 0u32), |(a, b), it| {
            let a = (a + u32::from(*it)) % 65_521;
            (a, (b + a) % 65_521)
        });
        Ok(Value::text(&((b << 16) | a).to_string()))
    }),
    takes("sprig_b32dec", &[Str], |_, name, given| match encode::decoded(&BASE32, bytes(given, 0)) {
        Some(it) => Ok(Value::Text(it)),
        None => refuse(name, "the argument is not in that encoding"),
    }),
    takes("sprig_b32enc", &[Str], |_, _, given| encode::encode(&BASE32, bytes(given, 0))),
    takes("sprig_b64dec", &[Str], |_, name, given| match encode::decoded(&BASE64, bytes(given, 0)) {
        Some(it) => Ok(Value::Text(it)),
        None => refuse(name, "the argument is not in that encoding"),
    }),
    takes("sprig_b64enc", &[Str], |_, _, given| encode::encode(&BASE64, bytes(given, 0))),
    takes("sprig_base", &[Str], BASE),
    takes_more("sprig_cat", &[], Any, |_, _, given| {
        let mut sink = Sink::new();
        for (at, it) in given.iter().filter(|it| !it.is_absent()).enumerate() {
            if at > 0 {
                sink.push_str(" ")?;
            }
            sink.push(format::plain(it)?.bytes())?;
        }
        Ok(Value::Text(sink.text()))
    }),
    takes("sprig_clean", &[Str], CLEAN),
    takes("sprig_contains", &[Str, Str], |_, _, given| {
        Ok(Value::Bool(find(bytes(given, 1), bytes(given, 0)).is_some()))
    }),
    takes("sprig_date", &[Str, Any], |run, _, given| dated(run, given, 1, &text(given, 0))),
    takes("sprig_date_in_zone", &[Str, Any, Str], DATE_IN_ZONE),
    takes("sprig_dateInZone", &[Str, Any, Str], DATE_IN_ZONE),
    takes("sprig_dir", &[Str], DIR),
    takes("sprig_ext", &[Str], EXT),
    takes("sprig_fail", &[Str], |_, name, _| refuse(name, "the template says that it fails")),
    takes("sprig_hasPrefix", &[Str, Str], |_, _, given| {
        Ok(Value::Bool(bytes(given, 1).starts_with(bytes(given, 0))))
    }),
    takes("sprig_hasSuffix", &[Str, Str], |_, _, given| {
        Ok(Value::Bool(bytes(given, 1).ends_with(bytes(given, 0))))
    }),
    takes("sprig_hello", &[], |_, _, _| Ok(Value::text("Hello!"))),
    takes("sprig_htmlDate", &[Any], HTML_DATE),
    takes("sprig_htmlDateInZone", &[Any, Str], |run, name, given| match bytes(given, 1) {
        b"" | b"UTC" => HTML_DATE(run, name, given),
        _ => refuse(name, "times are in UTC here"),
    }),
    takes("sprig_indent", &[Int, Str], |_, name, given| {
        indented("", count(given, 0, name)?, bytes(given, 1))
    }),
    takes("sprig_initials", &[Str], |_, _, given| {
        let mut gap = true;
        map(bytes(given, 0), |it, sink| {
            let starts = std::mem::replace(&mut gap, is_space(it)) && !is_space(it);
            if starts { sink.push_char(it) } else { Ok(()) }
        })
        .map(Value::Text)
    }),
    takes("sprig_isAbs", &[Str], IS_ABS),
    takes("sprig_lower", &[Str], |_, _, given| lower(bytes(given, 0)).map(Value::Text)),
    takes("sprig_mustRegexFind", &[Str, Str], FIND),
    takes("sprig_mustRegexFindAll", &[Str, Str, Int], FIND_ALL),
    takes("sprig_mustRegexMatch", &[Str, Str], MUST_MATCH),
    takes("sprig_mustRegexReplaceAll", &[Str, Str, Str], REPLACE),
    takes("sprig_mustRegexReplaceAllLiteral", &[Str, Str, Str], REPLACE_LITERAL),
    takes("sprig_mustRegexSplit", &[Str, Str, Int], SPLIT),
    takes("sprig_nindent", &[Int, Str], |_, name, given| {
        indented("\n", count(given, 0, name)?, bytes(given, 1))
    }),
    takes("sprig_nospace", &[Str], |_, _, given| {
        map(bytes(given, 0), |it, sink| if is_space(it) { Ok(()) } else { sink.push_char(it) })
            .map(Value::Text)
    }),
    takes("sprig_osBase", &[Str], BASE),
    takes("sprig_osClean", &[Str], CLEAN),
    takes("sprig_osDir", &[Str], DIR),
    takes("sprig_osExt", &[Str], EXT),
    takes("sprig_osIsAbs", &[Str], IS_ABS),
    takes("sprig_plural", &[Str, Str, Int], |_, _, given| {
        Ok(at(given, usize::from(int(given, 2) != 1)).clone())
    }),
    takes_more("sprig_quote", &[], Any, |_, _, given| {
        let mut sink = Sink::new();
        for (at, it) in given.iter().filter(|it| !it.is_absent()).enumerate() {
            if at > 0 {
                sink.push_str(" ")?;
            }
            format::quoted(&mut sink, stringly(it)?.bytes(), false)?;
        }
        Ok(Value::Text(sink.text()))
    }),
    takes("sprig_regexFind", &[Str, Str], FIND),
    takes("sprig_regexFindAll", &[Str, Str, Int], FIND_ALL),
    takes("sprig_regexMatch", &[Str, Str], MATCH),
    takes("sprig_regexQuoteMeta", &[Str], |_, _, given| quote_meta(bytes(given, 0)).map(Value::Text)),
    takes("sprig_regexReplaceAll", &[Str, Str, Str], REPLACE),
    takes("sprig_regexReplaceAllLiteral", &[Str, Str, Str], REPLACE_LITERAL),
    takes("sprig_regexSplit", &[Str, Str, Int], SPLIT),
    takes("sprig_repeat", &[Int, Str], |_, name, given| {
        let mut sink = Sink::new();
        sink.repeat(bytes(given, 1), count(given, 0, name)?)?;
        Ok(Value::Text(sink.text()))
    }),
    takes("sprig_replace", &[Str, Str, Str], |_, _, given| {
        replace(bytes(given, 2), bytes(given, 0), bytes(given, 1)).map(Value::Text)
    }),
    takes("sprig_sha1sum", &[Str], |_, _, given| {
        Ok(encode::sum(&digest::SHA1_FOR_LEGACY_USE_ONLY, bytes(given, 0)))
    }),
    takes("sprig_sha256sum", &[Str], |_, _, given| Ok(encode::sum(&digest::SHA256, bytes(given, 0)))),
    takes("sprig_sha512sum", &[Str], |_, _, given| Ok(encode::sum(&digest::SHA512, bytes(given, 0)))),
    takes_more("sprig_squote", &[], Any, |_, _, given| {
        let mut sink = Sink::new();
        for (at, it) in given.iter().filter(|it| !it.is_absent()).enumerate() {
            sink.push_str(if at > 0 { " '" } else { "'" })?;
            sink.push(format::plain(it)?.bytes())?;
            sink.push_str("'")?;
        }
        Ok(Value::Text(sink.text()))
    }),
    takes("sprig_substr", &[Int, Int, Str], |_, name, given| {
        substring(name, int(given, 0), int(given, 1), bytes(given, 2))
    }),
    takes("sprig_swapcase", &[Str], |_, _, given| {
        let swapped = |it: char| if it.is_uppercase() { lower_char(it) } else { upper_char(it) };
        map(bytes(given, 0), |it, sink| sink.push_char(swapped(it))).map(Value::Text)
    }),
    takes("sprig_ternary", &[Any, Any, Bool], |_, _, given| {
        Ok(at(given, usize::from(!truth(given, 2))).clone())
    }),
    takes("sprig_title", &[Str], |_, _, given| {
        let mut before = ' ';
        map(bytes(given, 0), |it, sink| {
            let word = before.is_alphanumeric() || before == '_' || (!before.is_ascii() && !is_space(before));
            before = it;
            sink.push_char(if word { it } else { upper_char(it) })
        })
        .map(Value::Text)
    }),
    takes("sprig_toString", &[Any], |_, _, given| stringly(at(given, 0)).map(Value::Text)),
    takes("sprig_trim", &[Str], |_, _, given| Ok(Value::bytes(trim_space(bytes(given, 0))))),
    takes("sprig_trimAll", &[Str, Str], TRIM_ALL),
    takes("sprig_trimPrefix", &[Str, Str], |_, _, given| {
        Ok(Value::bytes(bytes(given, 1).strip_prefix(bytes(given, 0)).unwrap_or(bytes(given, 1))))
    }),
    takes("sprig_trimSuffix", &[Str, Str], |_, _, given| {
        Ok(Value::bytes(bytes(given, 1).strip_suffix(bytes(given, 0)).unwrap_or(bytes(given, 1))))
    }),
    takes("sprig_trimall", &[Str, Str], TRIM_ALL),
    takes("sprig_trunc", &[Int, Str], |_, _, given| {
        Ok(Value::bytes(truncated(int(given, 0), bytes(given, 1))))
    }),
    takes("sprig_unixEpoch", &[Any], |_, name, given| match at(given, 0) {
        Value::Time(seconds, _) => Ok(Value::text(&seconds.to_string())),
        _ => refuse(name, "the argument is no time"),
    }),
    takes("sprig_untitle", &[Str], |_, _, given| {
        let mut starts = true;
        map(bytes(given, 0), |it, sink| {
            let first = std::mem::replace(&mut starts, is_space(it));
            sink.push_char(if first { lower_char(it) } else { it })
        })
        .map(Value::Text)
    }),
    takes("sprig_upper", &[Str], |_, _, given| upper(bytes(given, 0)).map(Value::Text)),
];

/// A time by a layout: a time, seconds since 1970, or now.
fn dated(
    run: &mut crate::interpreter::Interpreter<'_, '_>,
    given: &[Value],
    index: usize,
    layout: &Text,
) -> Outcome<Value> {
    let (seconds, nanos) = match at(given, index) {
        Value::Time(seconds, nanos) => (*seconds, *nanos),
        Value::Int(..) => (integer(at(given, index)), 0),
        _ => run.host.now(),
    };
    time::format(seconds, nanos, layout).map(Value::Text)
}

fn abbreviated(width: i64, text: &[u8]) -> Vec<u8> {
    let Some(width) = usize::try_from(width).ok().filter(|it| *it >= 4 && *it < text.len()) else {
        return text.to_vec();
    };
    [text.get(..width - 3).unwrap_or_default(), b"..."].concat()
}

fn truncated(to: i64, text: &[u8]) -> &[u8] {
    let length = usize::try_from(to.unsigned_abs()).unwrap_or(usize::MAX);
    if length >= text.len() {
        return text;
    }
    if to < 0 { text.get(text.len() - length..) } else { text.get(..length) }.unwrap_or_default()
}

fn substring(name: &str, start: i64, end: i64, text: &[u8]) -> Outcome<Value> {
    let place = |it: i64| usize::try_from(it).ok();
    let found = match (place(start), place(end)) {
        (None, Some(end)) => text.get(..end),
        (Some(start), Some(end)) if end <= text.len() => text.get(start..end),
        (Some(start), _) => text.get(start..),
        (None, None) => None,
    };
    found.map_or_else(|| refuse(name, "bounds that are out of range"), |it| Ok(Value::bytes(it)))
}

/// Each line behind so many blanks.
fn indented(before: &str, spaces: usize, text: &[u8]) -> Outcome<Value> {
    let mut blanks = Sink::new();
    blanks.repeat(b" ", spaces)?;
    let mut sink = Sink::new();
    sink.push_str(before)?;
    sink.push(blanks.bytes())?;
    for it in text {
        sink.push(&[*it])?;
        if *it == b'\n' {
            sink.push(blanks.bytes())?;
        }
    }
    Ok(Value::Text(sink.text()))
}

fn base(path: &[u8]) -> &[u8] {
    if path.is_empty() {
        return b".";
    }
    let mut trimmed = path;
    while let Some(rest) = trimmed.strip_suffix(b"/") {
        trimmed = rest;
    }
    if trimmed.is_empty() { b"/" } else { trimmed.rsplit(|it| *it == b'/').next().unwrap_or(trimmed) }
}

/// The shortest path of the same meaning.
fn clean(path: &[u8]) -> Vec<u8> {
    let rooted = path.starts_with(b"/");
    let mut parts: Vec<&[u8]> = Vec::new();
    for part in path.split(|it| *it == b'/') {
        match part {
            b"" | b"." => {}
            b".." if parts.last().is_some_and(|it| *it != b"..") => {
                parts.pop();
            }
            b".." if rooted => {}
            _ => parts.push(part),
        }
    }
    let joined = parts.join(&b'/');
    match (rooted, joined.is_empty()) {
        (true, _) => [b"/".as_slice(), &joined].concat(),
        (false, true) => b".".to_vec(),
        (false, false) => joined,
    }
}
