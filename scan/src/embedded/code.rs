//! Program text of any language: what is assigned to a telling name, and what is handed to a telling function.

use std::ops::Range;

use super::{
    calls,
    candidate::{Role, looks_random, looks_secret, secret, telling, telling_strongly},
    interest,
    literal::{decoded, string},
    marks::{Mark, Marks},
    pairs,
};
use crate::{At, Finder, Layer, Obstacle, Text, needles::begins_with};

/// WordPress' keys, which are mixed into what it signs.
const SALTS: [&str; 4] = ["AUTH_KEY", "SECURE_AUTH_KEY", "LOGGED_IN_KEY", "NONCE_KEY"];

/// Functions whose second argument counts when the variable that the first one names is not set.
const DEFAULTS: [&str; 16] = [
    "fetch",
    "getenv",
    "get_env",
    "env",
    "Getenv",
    "getEnv",
    "get",
    "config",
    "GetEnvironmentVariable",
    "getOrDefault",
    "getProperty",
    "GetEnvOrDefault",
    "env_or",
    "envOr",
    "lookup",
    "getEnvOr",
];

/// Functions that give a name its value.
const SETTERS: [&str; 14] = [
    "define",
    "putenv",
    "setenv",
    "Setenv",
    "setProperty",
    "SetEnvironmentVariable",
    "set",
    "put",
    "append",
    "setItem",
    "header",
    "setRequestHeader",
    "addHeader",
    "add",
];

/// What stands before and behind a word that is all its line says.
const MAX_BARE: usize = 512;

/// All that a line of a program tells.
pub(super) fn statements<'a>(finder: &mut Finder<'a>, at: &At<'_>, line: &Text<'a>, is_shell: bool) {
    assignments(finder, at, line, is_shell);
    calls::calls(finder, at, line);
}

fn assignments<'a>(finder: &mut Finder<'a>, at: &At<'_>, line: &Text<'a>, is_shell: bool) {
    let whole = line.as_str();
    let mut done = 0;
    // What a shell compares, it does not set.
    if is_shell && (whole.contains("[ ") || whole.contains("test ")) {
        return;
    }
    for (start, end) in interest::hits(whole) {
        if start < done {
            continue;
        }
        let name = name_around(whole, start, end);
        let written = whole.get(name.clone()).unwrap_or("").trim_start_matches(['$', '-', '.', '@']);
        let written = ["self.", "this."].iter().find_map(|it| written.strip_prefix(it)).unwrap_or(written);
        if written.is_empty() || written.len() > 120 || !telling(written) {
            continue;
        }
        let Some(operator) = operator(whole, &name) else { continue };
        // A shell's own are read with its words; `name = value` is none of them.
        let is_tight = whole.as_bytes().get(name.end) == Some(&b'=')
            && !whole.get(name.clone()).is_some_and(|it| it.starts_with('$'));
        if is_shell && operator.sign == Sign::Equals && is_tight {
            continue;
        }
        let Some((literal, next)) = value(line, operator.value, &operator, &name) else {
            fallback(finder, &at.key(written.to_owned()), line, operator.value);
            continue;
        };
        done = next;
        // `{ password: "Password" }` is a text for people, and `{ Token: "#ffffff" }` a colour.
        let text = literal.as_str();
        let is_label = text.starts_with(|c: char| c.is_uppercase()) && written.eq_ignore_ascii_case(text);
        let is_colour = text
            .strip_prefix('#')
            .is_some_and(|it| it.len() <= 8 && it.bytes().all(|it| it.is_ascii_hexdigit()));
        if is_label || is_colour {
            continue;
        }
        if SALTS.contains(&written) {
            // WordPress' own are any signs, and spaces among them.
            secret(finder, &at.key(written.to_owned()), Role::Password, &literal);
            continue;
        }
        if is_of_request(whole, &name) && looks_secret(literal.as_str()) {
            secret(finder, &at.key(written.to_owned()), Role::Token, &literal);
            continue;
        }
        let is_known = telling_strongly(written) || written == "key";
        if operator.sign == Sign::Compared && !(is_known && looks_random(literal.as_str())) {
            continue;
        }
        let obstacle = (operator.sign == Sign::Default).then_some(Obstacle::Expression);
        let at = At { obstacle: at.obstacle.or(obstacle), ..at.key(written.to_owned()) };
        finder.value(&at, literal);
    }
}

/// An assignment that somebody noted in a sentence: its value must look like a secret.
pub(super) fn noted<'a>(finder: &mut Finder<'a>, at: &At<'_>, line: &Text<'a>) {
    let whole = line.as_str();
    for (start, end) in interest::hits(whole) {
        let name = name_around(whole, start, end);
        let key = whole.get(name.clone()).unwrap_or("").trim_start_matches(['$', '-', '.', '@']);
        let Some(operator) = operator(whole, &name).filter(|_| telling(key)) else { continue };
        // `password: x` is a sentence as often as a setting.
        let is_setting = operator.sign == Sign::Equals
            || key.contains('_')
            || is_in_braces(whole, &name)
            || key.bytes().any(|it| it.is_ascii_uppercase());
        let rest = whole.get(operator.value..).unwrap_or("");
        let (from, length) = match rest.as_bytes().first() {
            Some(quote @ (b'"' | b'\'')) => match string(whole, operator.value, *quote) {
                Some(literal) => (literal.start, literal.len()),
                None => continue,
            },
            _ => {
                let word = rest.get(..rest.find(char::is_whitespace).unwrap_or(rest.len())).unwrap_or("");
                (operator.value, pairs::end_of_setting(word))
            }
        };
        let word = line.slice(from..from + length);
        let length = word.as_str().trim_end_matches([',', '.', ';', ')', '"', '\'', '}']).len();
        let word = word.slice(0..length);
        let is_quoted = from > operator.value || rest.starts_with(['"', '\'']);
        let is_entry = is_quoted && telling_strongly(key) && is_in_braces(whole, &name);
        // `DOOR_PIN=48213907`, behind whatever is said of it.
        let is_pin = operator.sign == Sign::Equals
            && (4..=12).contains(&word.len())
            && word.as_str().bytes().all(|it| it.is_ascii_digit());
        if is_setting && (is_entry || is_pin || looks_secret(word.as_str())) {
            finder.leaf(&at.key(key.to_owned()), &word);
        }
    }
}

/// `basic_auth: { username: x, password: "y" }` is a setting that was switched off.
fn is_in_braces(text: &str, name: &Range<usize>) -> bool {
    let before = text.get(..name.start).unwrap_or("").trim_end();
    // HCL has no commas.
    before.ends_with(['{', ',', '"', '\'']) && before.contains('{') && text.trim_end().ends_with('}')
}

/// The whole identifier around a telling word.
pub(super) fn name_around(text: &str, start: usize, end: usize) -> Range<usize> {
    let bytes = text.as_bytes();
    let is_part = |it: &u8| it.is_ascii_alphanumeric() || b"_.$-@".contains(it) || *it >= 0x80;
    let before =
        bytes.get(..start).unwrap_or(&[]).iter().rev().take(120).take_while(|it| is_part(it)).count();
    // The word that was found may end with a mark of its own.
    let end = start + bytes.get(start..end).unwrap_or(&[]).iter().take_while(|it| is_part(it)).count();
    let behind = bytes.get(end..).unwrap_or(&[]).iter().take(120).take_while(|it| is_part(it)).count();
    let (mut start, mut end) = (start - before, end + behind);
    while start < end && !text.is_char_boundary(start) {
        start += 1;
    }
    while end > start && !text.is_char_boundary(end) {
        end -= 1;
    }
    // `->` and a sentence's full stop belong to no name.
    let written = text.get(start..end).unwrap_or("");
    end -= written.len() - written.trim_end_matches(['-', '.']).len();
    start..end
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Sign {
    Equals,
    Colon,
    Arrow,
    /// `<name>value</name>`
    Element,
    /// `set("NAME", "value")`
    Argument,
    /// `key ~= "value"`: only what nobody would compare with otherwise is a secret.
    Compared,
    /// `getenv("NAME", "value")`, `NAME || "value"`
    Default,
}

struct Operator {
    sign: Sign,
    /// Where the value may begin.
    value: usize,
}

/// `define("KEY", getenv("OTHER") ?: "literal")`: what counts when the other name has no value.
fn fallback<'a>(finder: &mut Finder<'a>, at: &At<'_>, line: &Text<'a>, from: usize) {
    let whole = line.as_str();
    // Beyond that it is another statement; a line may be a whole program.
    let end = super::script::boundary(whole, from + MAX_BARE);
    let rest = whole.get(from..end).and_then(|it| it.split(';').next()).unwrap_or("");
    if memchr::memchr2(b'?', b'|', rest.as_bytes()).is_none() {
        return;
    }
    let mark = [" ?: ", " || ", " ?? "].iter().find_map(|it| rest.find(it).map(|at| at + it.len()));
    let Some(open) = mark.map(|it| from + it) else { return };
    if let Some(quote @ (b'"' | b'\'')) = whole.as_bytes().get(open)
        && let Some(literal) = string(whole, open, *quote).filter(|it| !it.is_empty())
    {
        let at = At { obstacle: at.obstacle.or(Some(Obstacle::Expression)), ..at.clone() };
        finder.value(&at, decoded(line, literal, *quote));
    }
}

/// What stands between a name and its value.
fn operator(text: &str, name: &Range<usize>) -> Option<Operator> {
    let before = text.get(..name.start)?;
    let mut at = name.end;
    let rest = text.get(at..)?;
    if before.ends_with('<') && rest.starts_with('>') {
        return Some(Operator { sign: Sign::Element, value: at + 1 });
    }
    let quote = before.chars().next_back().filter(|it| matches!(it, '"' | '\'' | '`'));
    if let Some(quote) = quote {
        at += usize::from(rest.starts_with(quote)) * quote.len_utf8();
        if at == name.end {
            return None;
        }
    }
    let skip = |at: usize| {
        let rest = text.get(at..).unwrap_or("");
        at + (rest.len() - rest.trim_start_matches([' ', '\t']).len())
    };
    let is_index = text.get(at..)?.starts_with([']', ')']);
    at = skip(at + usize::from(is_index));
    let rest = text.get(at..)?;
    let found = |sign: Sign, length: usize| Some(Operator { sign, value: skip(at + length) });
    if before.ends_with("${") {
        // `${NAME:-literal}` of a shell; what stands behind the other marks is for people.
        return match rest.as_bytes() {
            [b':', b'-' | b'=', ..] => found(Sign::Equals, 2),
            [b'-' | b'=', ..] => found(Sign::Equals, 1),
            _ => None,
        };
    }
    match rest.as_bytes() {
        // `PASSWORD :'name'` refers to a variable of psql.
        [b':', b'\'', ..] if text.get(..at).is_some_and(|it| it.ends_with(' ')) => None,
        // What a server compares with is what a caller must know.
        [b'!' | b'=', b'=', ..] if is_of_request(text, name) => found(Sign::Equals, 2),
        [b'!' | b'=' | b'~', b'=', b'=', ..] => None,
        [b'!' | b'=' | b'~', b'=', ..] => found(Sign::Compared, 2),
        [b'=', b'~', ..] | [b':', b':', ..] | [b':', b'/', b'/', ..] => None,
        [b'=', b'>', ..] => found(Sign::Arrow, 2),
        [b':' | b'?' | b'+', b'=', ..] => found(Sign::Equals, 2),
        [b'|', b'|', b'=', ..] => found(Sign::Equals, 3),
        [b'|', b'|', ..] | [b'?', b'?' | b':', ..] => found(Sign::Default, 2),
        [b'o', b'r', b' ', ..] => found(Sign::Default, 3),
        [b'=', ..] => found(Sign::Equals, 1),
        [b':', ..] => Some(typed(text, skip(at + 1))),
        // Erlang's `{default_pass, <<"x">>}`
        [b',', ..] if quote.is_none() && before.ends_with('{') => {
            let value = skip(at + 1);
            let is_binary = text.get(value..).is_some_and(|it| it.starts_with("<<"));
            Some(Operator { sign: Sign::Argument, value: value + if is_binary { 2 } else { 0 } })
        }
        [b',', ..] if quote.is_some() => {
            let call = before.strip_suffix(quote?)?.trim_end().strip_suffix('(')?.trim_end();
            let function = call.rsplit(|c: char| !c.is_alphanumeric() && c != '_').next()?;
            if DEFAULTS.contains(&function) {
                found(Sign::Default, 1)
            } else if SETTERS.contains(&function) {
                found(Sign::Argument, 1)
            } else {
                None
            }
        }
        _ => None,
    }
}

/// `$http_x_secret`, `$arg_token`, `req.http.X-Key` of Varnish: what a request brings.
fn is_of_request(text: &str, name: &Range<usize>) -> bool {
    begins_with(text.get(name.clone()).unwrap_or(""), &["$http_", "$arg_", "$cookie_", "req.http."])
}

/// `name: Type = value` is an assignment, `name: value` a setting.
fn typed(text: &str, at: usize) -> Operator {
    let rest = text.get(at..).unwrap_or("");
    let length = rest
        .bytes()
        .take(60)
        .take_while(|it| it.is_ascii_alphanumeric() || b"_&<>'.?[]".contains(it))
        .count();
    let behind = rest.get(length..).unwrap_or("").trim_start();
    if length > 0
        && rest.starts_with(|c: char| c.is_ascii_alphabetic() || c == '&')
        && let Some(value) = behind.strip_prefix('=')
        && !value.starts_with(['=', '>'])
    {
        let value = value.trim_start();
        return Operator { sign: Sign::Equals, value: text.len() - value.len() };
    }
    Operator { sign: Sign::Colon, value: at }
}

/// The value that begins at `from`, and where it ends.
fn value<'a>(
    line: &Text<'a>,
    from: usize,
    operator: &Operator,
    name: &Range<usize>,
) -> Option<(Text<'a>, usize)> {
    let whole = line.as_str();
    if line.is_hole_at(from) && operator.sign != Sign::Element {
        return None;
    }
    if operator.sign == Sign::Element {
        let length = whole.get(from..)?.find('<')?;
        return (length > 0).then(|| (line.slice(from..from + length).within(Layer::Xml), from + length));
    }
    let rest = whole.get(from..)?;
    // The first of a list is what a program signs with, the others are what it still accepts.
    let listed = rest.strip_prefix('[').map(str::trim_start).filter(|it| it.starts_with(['"', '\'']));
    let (from, rest) = match listed {
        Some(listed) if operator.sign != Sign::Default => (from + rest.len() - listed.len(), listed),
        _ => (from, rest),
    };
    // `b"..."`, `@"..."`, `N'...'`
    let prefix = rest.bytes().take(2).take_while(|it| b"bruBRU@NfF".contains(it)).count();
    let opened = from
        + if whole.as_bytes().get(from + prefix).is_some_and(|it| b"\"'`".contains(it)) { prefix } else { 0 };
    match whole.as_bytes().get(opened) {
        Some(quote @ (b'"' | b'\'' | b'`')) => {
            let literal = string(whole, opened, *quote)?;
            let behind = whole.get(literal.end + 1..).unwrap_or("").trim_start();
            let goes_on = behind.starts_with(|c: char| c.is_alphabetic())
                && !["if ", "unless ", "or ", "and ", "as ", "in ", "for ", "else ", "do ", "then"]
                    .iter()
                    .any(|it| behind.starts_with(it))
                && !whole
                    .get(literal.end + 1..)
                    .is_some_and(|it| it.starts_with(' ') && operator.sign == Sign::Equals);
            let end = literal.end + 1;
            (!goes_on && !literal.is_empty()).then(|| (decoded(line, literal, *quote), end))
        }
        _ if matches!(operator.sign, Sign::Default | Sign::Argument | Sign::Compared) => None,
        _ => bare(line, from, name),
    }
}

/// A word without quotes, where it is all that its line says.
fn bare<'a>(line: &Text<'a>, from: usize, name: &Range<usize>) -> Option<(Text<'a>, usize)> {
    let whole = line.as_str();
    if name.start > MAX_BARE || whole.len() > from + MAX_BARE {
        return None;
    }
    let before = whole.get(..name.start)?.trim_matches(|c: char| c.is_whitespace() || "\"'-{,".contains(c));
    let rest = whole.get(from..)?.trim_end();
    let word = rest.trim_end_matches([',', ';', '}']).trim_end();
    let is_all = matches!(before, "" | "export" | "set" | "SET" | "ENV" | "ARG");
    let is_value =
        looks_secret(word) && !word.contains(['(', '[', '{', '"', '\'', '<', '`']) && !word.contains("->");
    // `self.config.key2` is a reference.
    let is_reference = word.bytes().all(|it| it.is_ascii_alphabetic() || b"_.".contains(&it));
    (is_all && is_value && !is_reference).then(|| (line.slice(from..from + word.len()), from + word.len()))
}

/// The strings of a line that may have something within: commands and URLs.
pub(super) fn strings<'a>(finder: &mut Finder<'a>, at: &At<'_>, line: &Text<'a>) {
    let whole = line.as_str();
    let mut from = 0;
    let quote = |from: usize| memchr::memchr3(b'"', b'\'', b'`', whole.as_bytes().get(from..)?);
    while let Some(open) = quote(from).map(|it| from + it) {
        let quote = whole.as_bytes().get(open).copied().unwrap_or(b'"');
        let Some(literal) = string(whole, open, quote) else { return };
        from = literal.end + 1;
        if literal.len() > 8 && whole.get(literal.clone()).is_some_and(may_hold) {
            finder.value(&at.key(""), decoded(line, literal, quote));
        }
    }
}

/// A command has spaces, a URL its colon and slashes, a login its `@`.
fn may_hold(literal: &str) -> bool {
    let marks = Marks::of(literal);
    marks.has(Mark::At)
        || (marks.has(Mark::Space) && literal.contains(' '))
        || (marks.has(Mark::Colon) && marks.has(Mark::Slash) && literal.contains("://"))
        || (marks.has(Mark::Dollar) && literal.contains("${"))
}

#[cfg(test)]
mod tests {
    use super::super::tests::check_program as check;

    #[test]
    fn assignments_in_many_languages() {
        for line in [
            "$password = \"quiet-Otter-7\";",
            "password = 'quiet-Otter-7'",
            "  password: \"quiet-Otter-7\",",
            "  'password' => 'quiet-Otter-7',",
            "const password: string = \"quiet-Otter-7\";",
            "private static final String password = \"quiet-Otter-7\";",
            "password := \"quiet-Otter-7\"",
            "self.password = b\"quiet-Otter-7\"",
            "cfg[\"password\"] = \"quiet-Otter-7\"",
            "<add name=\"x\" password=\"quiet-Otter-7\" />",
            "<password>quiet-Otter-7</password>",
            "setProperty(\"password\", \"quiet-Otter-7\");",
            "connect(user=u, password='quiet-Otter-7', db=d)",
        ] {
            check(line, &[("password", "quiet-Otter-7")]);
        }
        check("    {default_pass, <<\"quiet-Otter-7\">>},", &[("default_pass", "quiet-Otter-7")]);
        check("    {basic_auth, {\"ops\", \"quiet-Otter-7\"}},", &[("basic_auth", "quiet-Otter-7")]);
        check("x['smtp_password'] = \"quiet-Otter-7\"", &[("smtp_password", "quiet-Otter-7")]);
        check("define( \"DB_PASSWORD\", \"quiet?<O{tt}er>-7\" );", &[("DB_PASSWORD", "quiet?<O{tt}er>-7")]);
        check("define('DB_PASSWORD', 'quiet-Otter-7');", &[("DB_PASSWORD", "quiet-Otter-7")]);
        check("'smtp_password' => \"quiet-7\\$otter\",", &[("smtp_password", "quiet-7\\$otter")]);
        check("if (password == \"quiet-Otter-7\") {", &[]);
        check(
            "if key ~= \"94d740fcd02ed2dc61a213f9f323df86\" then",
            &[("key", "94d740fcd02ed2dc61a213f9f323df86")],
        );
        check("where feed_key != '94d740fcd02ed2dc61a213f9f323df86'", &[]);
        check("red:auth(\"quiet-Otter-7\")", &[("auth", "quiet-Otter-7")]);
        check("{other_bind, {\"cn=a,dc=b\", \"quiet-Otter-7\"}},", &[("other_bind", "quiet-Otter-7")]);
        check("password = get_password(\"quiet-Otter-7\")", &[]);
        check("password: str,", &[]);
        check("const labels = { password: 'Password', token: 'Token' };", &[]);
        check("connect(user=user, password=password)", &[]);
    }

    #[test]
    fn defaults_of_variables() {
        check("ENV.fetch(\"DB_PASSWORD\", \"quiet-Otter-7\")", &[("DB_PASSWORD", "quiet-Otter-7")]);
        check("os.getenv('DB_PASSWORD', 'quiet-Otter-7')", &[("DB_PASSWORD", "quiet-Otter-7")]);
        check(
            "define('DB_PASSWORD', getenv('DB_PASSWORD') ?: 'quiet-Otter-7');",
            &[("DB_PASSWORD", "quiet-Otter-7")],
        );
        check("define('AUTH_KEY', getenv('K') ?: 'quiet-Otter-7');", &[("AUTH_KEY", "quiet-Otter-7")]);
        check(
            "define(\"AUTH_KEY\", \"k?<{x}>|~y #Otter 2 &%(\");",
            &[("AUTH_KEY", "k?<{x}>|~y #Otter 2 &%(")],
        );
        check("process.env.DB_PASSWORD || 'quiet-Otter-7'", &[("process.env.DB_PASSWORD", "quiet-Otter-7")]);
        check("os.getenv('DB_PASSWORD')", &[]);
        check(
            "DB_PASSWORD = \"{{ db_password | default('quiet-Otter-7') }}\"",
            &[("DB_PASSWORD", "quiet-Otter-7")],
        );
        check("DB_PASSWORD = \"{{ db_password | default(other) }}\"", &[]);
    }

    #[test]
    fn commands_and_urls_in_strings() {
        check("exec(\"mysqldump -u root -pquiet-Otter-7 db\");", &[("-p", "quiet-Otter-7")]);
        check("db = connect(\"postgres://a:quiet-Otter-7@h/db\")", &[("", "quiet-Otter-7")]);
        check("db = connect(f\"postgres://a:{password}@h/db\")", &[]);
    }
}
