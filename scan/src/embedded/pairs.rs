//! Lists of settings in one value: connection strings, options, the fields of a form.

use std::ops::Range;

use super::candidate::{is_inserted, named, telling};
use crate::{At, Finder, Text};

/// The separator, if the text is a list of two settings or more.
pub(super) fn separator(text: &str) -> Option<char> {
    if !text.contains('=') {
        return None;
    }
    [';', '&', ','].into_iter().find(|it| {
        let pieces = || text.split(*it).map(str::trim).filter(|it| !it.is_empty());
        // `host:6379,password=x` begins with an address.
        let begins = pieces().next().is_some_and(|it| is_setting(it) || is_address(it));
        text.contains(*it) && begins && pieces().skip(1).take(1).any(is_setting)
    })
}

fn is_address(piece: &str) -> bool {
    let port = piece.rsplit_once(':').map(|it| it.1);
    port.is_some_and(|it| !it.is_empty() && it.bytes().all(|it| it.is_ascii_digit()))
        && piece.bytes().all(|it| it.is_ascii_alphanumeric() || b".-_:[]".contains(&it))
}

/// `Name With Spaces=anything`.
fn is_setting(piece: &str) -> bool {
    piece.split_once('=').is_some_and(|(key, _)| is_key(key.trim_end()))
}

fn is_key(key: &str) -> bool {
    key.len() <= 80
        && key.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && key.chars().all(|c| c.is_ascii_alphanumeric() || "_-. []".contains(c))
        && key.split(' ').count() <= 4
}

/// Each value whose key tells of a secret; the value's own name is what is reported.
pub(super) fn pairs<'a>(finder: &mut Finder<'a>, at: &At<'_>, text: &Text<'a>, separator: char) {
    for (key, value) in settings(text.as_str(), separator) {
        let name = text.as_str().get(key).unwrap_or("").trim();
        if !telling(name) || value.is_empty() || text.as_str().get(value.clone()).is_some_and(is_inserted) {
            continue;
        }
        let (value, name) = (text.slice(value), name.to_owned());
        if separator == ';' {
            named(finder, at, &name, true, &value);
        } else {
            finder.leaf(&at.key(name), &value);
        }
    }
}

/// The passwords of a login module: its own, and those of the users that it knows as `user_NAME`.
pub(super) fn login_module<'a>(finder: &mut Finder<'a>, at: &At<'_>, word: &Text<'a>) {
    if let Some((key, value)) = super::words::assignment(word)
        && key.starts_with("user_")
        && !value.is_empty()
    {
        named(finder, &at.key(key), "password", false, &value);
    }
}

/// `username:x,token:y`: names and values with colons, of which one tells.
pub(super) fn colons<'a>(finder: &mut Finder<'a>, at: &At<'_>, text: &Text<'a>) -> bool {
    let whole = text.as_str();
    let is_list = whole.contains(',')
        && whole.split(',').all(|it| {
            it.split_once(':').is_some_and(|(key, value)| is_key(key.trim()) && !value.starts_with('/'))
        });
    if !is_list {
        return false;
    }
    let before = finder.count();
    let mut start = 0;
    for piece in whole.split(',') {
        let (key, value) = piece.split_once(':').unwrap_or((piece, ""));
        let end = start + piece.len();
        if telling(key.trim()) {
            finder.leaf(&at.key(key.trim().to_owned()), &text.slice(end - value.len()..end).trim());
        }
        start = end + 1;
    }
    finder.count() > before
}

/// Keys and values, the quotes of a value left out.
fn settings(text: &str, separator: char) -> Vec<(Range<usize>, Range<usize>)> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(equals) = text.get(at..).and_then(|it| it.find('=')).map(|it| at + it) {
        let start = text.get(at..equals).and_then(|it| it.rfind(separator)).map_or(at, |it| at + it + 1);
        let (value, next) = value_of(text, equals + 1, separator);
        found.push((start..equals, value));
        at = next;
    }
    found
}

/// The value that begins at `from`, and where the next setting begins.
fn value_of(text: &str, from: usize, separator: char) -> (Range<usize>, usize) {
    let rest = text.get(from..).unwrap_or("");
    let quoted = match rest.chars().next() {
        Some(quote @ ('"' | '\'')) => Some((quote, rest.get(1..).and_then(|it| it.find(quote)))),
        Some('{') if separator == ';' => Some(('}', rest.get(1..).and_then(|it| it.find('}')))),
        _ => None,
    };
    if let Some((_, Some(length))) = quoted {
        let end = from + 1 + length;
        let behind = text.get(end + 1..).unwrap_or("").trim_start();
        if behind.is_empty() || behind.starts_with(separator) {
            let next =
                text.get(end..).and_then(|it| it.find(separator)).map_or(text.len(), |it| end + it + 1);
            return (from + 1..end, next);
        }
    }
    let end = from + next_setting(rest, separator).unwrap_or(rest.len());
    let value = text.get(from..end).unwrap_or("");
    let trimmed = value.trim();
    let start = from + (value.len() - value.trim_start().len());
    (start..start + trimmed.len(), (end + separator.len_utf8()).min(text.len()))
}

/// Where a value ends that others may follow: `x,uid=1000`.
pub(super) fn end_of_setting(text: &str) -> usize {
    next_setting(text, ',').unwrap_or(text.len())
}

/// The separator before the next key: a comma in a password ends no setting.
fn next_setting(text: &str, separator: char) -> Option<usize> {
    if separator != ',' {
        return text.find(separator);
    }
    let mut at = 0;
    loop {
        let comma = at + text.get(at..)?.find(separator)?;
        let rest = text.get(comma + 1..)?;
        let end = rest.find([',', '=']).unwrap_or(rest.len());
        let is_flag =
            rest.get(..end).is_some_and(|it| it.len() <= 16 && it.bytes().all(|it| it.is_ascii_lowercase()));
        if rest.is_empty()
            || (rest.get(end..).is_some_and(|it| it.starts_with('=')) && is_key(rest.get(..end)?.trim()))
            || is_flag
        {
            return Some(comma);
        }
        at = comma + 1;
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::check_value as check;

    #[test]
    fn connection_strings() {
        check("Server=db,1433;User Id=a;Password=Opal{Bridge}8;Encrypt=True;", &["Opal{Bridge}8"]);
        check("Driver={ODBC 18};Server=db;Uid=a;Pwd={Opal;Bridge8};", &["Opal;Bridge8"]);
        check("Server=db;Password='Opal;Bridge8';Database=x", &["Opal;Bridge8"]);
        check("Host=db;Username=a;Password=", &[]);
        check("host=db user=a password=quiet-Otter-7 sslmode=disable", &["quiet-Otter-7"]);
        check("host=db password='quiet Otter 7' dbname=x", &["quiet Otter 7"]);
    }

    #[test]
    fn options_and_forms() {
        check("vers=3.0,username=a,password=quiet-Otter-7,uid=1000", &["quiet-Otter-7"]);
        check("username=a,password=quiet,Otter,7,ro", &["quiet,Otter,7"]);
        check("grant_type=password&username=a&password=quiet-Otter-7", &["quiet-Otter-7"]);
        check("cache.example.net:6380,password=quiet-Otter-7,ssl=True", &["quiet-Otter-7"]);
        check("cn=erp,dc=example,dc=net", &[]);
    }

    #[test]
    fn modules_of_a_login() {
        check(
            "org.apache.kafka.common.security.plain.PlainLoginModule required username=\"a\" password=\"quiet-Otter-7\";",
            &["quiet-Otter-7"],
        );
    }
}
