//! Comments: prose, or a line that was switched off.

use super::{
    candidate::{looks_secret, telling, telling_strongly},
    code, holds_secrets, interest, literal, programs, script, url, words,
};
use crate::{
    At, Finder, Kind, Text,
    judge::{forms, names},
};

/// A comment of one line or of several, without its marks.
pub(super) fn comment<'a>(finder: &mut Finder<'a>, at: &At<'_>, text: &Text<'a>) {
    let is_within = holds_secrets(&at.path);
    if !is_within && !interest::any(text.as_str()) && forms::find(text.as_str()).next().is_none() {
        return;
    }
    script::forms(finder, at, text);
    for range in text.lines() {
        let line = text.slice(range);
        if is_within || interest::any(line.as_str()) {
            one(finder, at, &without_marks(&line), is_within);
        }
    }
}

fn without_marks<'a>(line: &Text<'a>) -> Text<'a> {
    let written = line.as_str();
    let unmarked = written.trim_start_matches(|c: char| c.is_whitespace() || "#*/;!>".contains(c));
    let unmarked = unmarked.strip_prefix("-- ").unwrap_or(unmarked).trim_start();
    let start = written.len() - unmarked.len();
    let end = written.trim_end().trim_end_matches("*/").trim_end_matches("-->").trim_end().len();
    line.slice(start..end.max(start))
}

/// `is_within` a block that holds nothing but secrets.
fn one<'a>(finder: &mut Finder<'a>, at: &At<'_>, line: &Text<'a>, is_within: bool) {
    if let Some((key, value)) = assignment(line) {
        let at = at.key(key);
        if value.as_str().contains("://") || telling(&at.key) || is_within {
            finder.value(&at, value);
            return;
        }
    }
    if let Some((key, value)) = connection(line) {
        finder.value(&at.key(key), value);
        return;
    }
    let written = line.as_str();
    if url::has_url(written) {
        url::urls(finder, at, line);
    }
    if is_command(written) || is_sql(written) {
        script::line(finder, at, line);
    }
    if written.starts_with("define(") {
        code::statements(finder, at, line, false);
    }
    // A sentence begins with `user` too, and has no password marked so.
    if script::is_acl(written) && written.contains(" >") {
        script::acl(finder, at, line);
    }
    if written.contains("[\"") || written.contains("['") {
        words::words(finder, at, &literal::list(line));
    }
    if written.contains(['=', ':']) {
        code::noted(finder, at, line);
    }
    // Nearly all sentences have no number, and what they tell has one.
    if written.bytes().any(|it| it.is_ascii_digit()) {
        told(finder, at, line);
        ending(finder, at, line);
    }
}

/// `PASSWORD was "x"`, `the old password x still works`: what a sentence calls one.
fn told<'a>(finder: &mut Finder<'a>, at: &At<'_>, line: &Text<'a>) {
    let words: Vec<&str> = line.as_str().split_whitespace().collect();
    for (place, name) in words.iter().enumerate() {
        let before = place.checked_sub(1).and_then(|it| words.get(it)).map_or("", |it| *it);
        let next = |by: usize| words.get(place + by).copied().unwrap_or("");
        let word = match next(1) {
            "was" | "war" | "is" | "ist" if next(2).starts_with(['"', '\'', '`']) => next(2),
            word if OLD.iter().any(|it| before.eq_ignore_ascii_case(it)) => word,
            _ => continue,
        };
        let secret = word.trim_matches(['"', '\'', '`', ',', '.', ';', ')']);
        if telling_strongly(name) && looks_secret(secret) && !secret.contains('=') && !is_standard(secret) {
            finder.leaf(&at.key((*name).to_owned()), &script::part_of(line, secret));
        }
    }
}

/// `password: x1` and `pass en clair d'avant : X1`, at a line's end.
fn ending<'a>(finder: &mut Finder<'a>, at: &At<'_>, line: &Text<'a>) {
    let Some((head, word)) = line.as_str().rsplit_once(": ") else { return };
    let word = word.trim().trim_matches(['"', '\'', '`']);
    if !looks_secret(word) || is_standard(word) || head.ends_with("://") {
        return;
    }
    let mut names = head.split_whitespace().rev().take(8).enumerate();
    let named = names.find(|(_, it)| is_password(it.trim_matches(|c: char| !c.is_alphanumeric())));
    let Some((distance, name)) = named else { return };
    let has = |test: fn(&u8) -> bool| word.bytes().any(|it| test(&it));
    let is_made_up = has(u8::is_ascii_digit)
        && (distance == 0 && !word.contains(['-', '.'])
            || has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase));
    if is_made_up {
        finder.leaf(&at.key(name.to_owned()), &script::part_of(line, word));
    }
}

fn is_password(word: &str) -> bool {
    telling_strongly(word) && names::telling(word).is_some_and(|it| it.kind == Kind::Password)
        || word == "clave"
}

/// Words before `password` that say whose turn it was.
const OLD: [&str; 8] = ["old", "former", "previous", "temporary", "temp", "alte", "altes", "initial"];

/// `SHA-256`, `argon2id`, `AES256-GCM`: how passwords are kept, and none of them.
fn is_standard(word: &str) -> bool {
    let lower = word.to_ascii_lowercase();
    ["sha", "md5", "bcrypt", "scrypt", "argon", "pbkdf", "aes", "hmac", "scram", "base64", "utf"]
        .iter()
        .any(|it| lower.starts_with(it))
}

/// An assignment and nothing else: a sentence with a colon in it is none.
fn assignment<'a>(line: &Text<'a>) -> Option<(String, Text<'a>)> {
    let written = line.as_str();
    let unlisted = written.strip_prefix("- ").unwrap_or(written);
    let body = ["export ", "set ", "ENV ", "ARG ", "env "]
        .iter()
        .find_map(|it| unlisted.strip_prefix(it))
        .unwrap_or(unlisted);
    let offset = written.len() - body.len();
    let end = body.find(['=', ':', ' ', '\t'])?;
    let name = body.get(..end)?;
    let rest = body.get(end..)?;
    let operator = rest.trim_start();
    let key = name.trim_matches(['"', '\'', '[', ']', '$']);
    let is_name =
        !key.is_empty() && key.chars().all(|c| c.is_alphanumeric() || "_.-/".contains(c)) && key.len() <= 100;
    if !is_name || operator.starts_with("://") || operator.starts_with("==") {
        return None;
    }
    let marks = ["=>", ":=", "=", ":"].iter().find(|it| operator.starts_with(**it));
    // `key value`, as servers' settings are written.
    let (value, is_sure) = match marks {
        Some(mark) => (operator.strip_prefix(*mark)?.trim_start(), *mark != ":"),
        None => (operator, false),
    };
    let start = offset + (body.len() - value.len());
    let length = literal(value)?;
    let is_quoted = value.starts_with(['"', '\'']);
    let behind = value.get(length..)?.trim_start_matches(['"', '\'']);
    let ends = behind.trim_start_matches([',', ';', ' ', '\t', '}', ']', ')']);
    let ends = ends.is_empty() || ends.starts_with(['#', '/']);
    let start = start + usize::from(is_quoted);
    let literal = line.slice(start..start + length - usize::from(is_quoted));
    let looks = is_quoted
        || is_sure
        || looks_secret(literal.as_str())
        || literal.as_str().contains("://")
        || (telling_strongly(key) && is_phrase(literal.as_str()));
    let names = marks.is_some() || (telling_strongly(key) && looks_secret(literal.as_str()));
    (ends && looks && names && !literal.is_empty()).then(|| (key.to_owned(), literal))
}

/// `oak-panel-tree`: words that no prose joins so, and that are no name of a secret.
fn is_phrase(value: &str) -> bool {
    value.len() >= 10
        && value.contains('-')
        && value.split('-').all(|it| it.len() >= 3 && it.bytes().all(|b| b.is_ascii_lowercase()))
        && !value
            .split('-')
            .any(|it| telling(it) || matches!(it, "see" | "from" | "via" | "the" | "not" | "env"))
}

/// How much of a text is its first value, the opening quote included.
fn literal(value: &str) -> Option<usize> {
    match value.chars().next()? {
        quote @ ('"' | '\'') => {
            let mut escaped = false;
            let end = value.char_indices().skip(1).find(|(_, c)| {
                let closes = *c == quote && !escaped;
                escaped = *c == '\\' && !escaped;
                closes
            });
            end.map(|(at, _)| at)
        }
        _ => {
            let end = value.find(char::is_whitespace).unwrap_or(value.len());
            let word = value.get(..end)?;
            Some(word.trim_end_matches([',', ';']).len())
        }
    }
}

/// A statement that was switched off, of those that set passwords.
fn is_sql(line: &str) -> bool {
    ["ALTER ", "CREATE ", "GRANT ", "SET ", "alter ", "create ", "grant ", "set "]
        .iter()
        .any(|it| line.starts_with(it))
        && ["PASSWORD", "IDENTIFIED", "password", "identified"].iter().any(|it| line.contains(it))
        && line.contains('\'')
}

/// A command that was switched off: a known program, and flags or settings.
fn is_command(line: &str) -> bool {
    let mut words = behind_schedule(line).split_whitespace().map(|it| it.trim_start_matches(['$', '`', '(']));
    let first = words.by_ref().find(|it| !it.is_empty()).unwrap_or("");
    let second = words.clone().next().unwrap_or("");
    let is_program = |it: &str| programs::is_known(programs::base(it));
    (is_program(first) || (first == "sudo" || first.contains('=')) && is_program(second))
        && words.any(|it| it.starts_with('-') && it.len() > 1 || it.contains('='))
}

/// What a line of cron runs, whose first five words say when.
fn behind_schedule(line: &str) -> &str {
    let mut rest = line;
    for _ in 0..5 {
        let (word, behind) = rest.split_once(' ').unwrap_or((rest, ""));
        let is_time = !word.is_empty() && word.bytes().all(|it| it.is_ascii_digit() || b"*/,-".contains(&it));
        if !is_time {
            return line;
        }
        rest = behind.trim_start();
    }
    rest
}

/// `host=x dbname=y password=z` behind a name: what a library of a database takes.
fn connection<'a>(line: &Text<'a>) -> Option<(String, Text<'a>)> {
    let (key, rest) = line.as_str().split_once('=')?;
    let rest = rest.trim_start();
    let settings = rest.split(' ').map(|it| it.split_once('=').map(|it| it.0));
    let are_settings = settings.clone().all(|it| it.is_some_and(|it| !it.is_empty()))
        && settings.clone().count() > 2
        && settings.flatten().any(telling);
    let is_name = !key.trim_end().contains(' ');
    (are_settings && is_name)
        .then(|| (key.trim_end().to_owned(), line.slice(line.len() - rest.len()..line.len())))
}

#[cfg(test)]
mod tests {
    use super::super::tests::check_comment as check;

    #[test]
    fn lines_that_were_switched_off() {
        for line in [
            "DB_PASSWORD = \"quiet-Otter-7\"",
            " export DB_PASSWORD=quiet-Otter-7",
            " * DB_PASSWORD: 'quiet-Otter-7',",
            "- DB_PASSWORD=quiet-Otter-7",
            "\"DB_PASSWORD\" => \"quiet-Otter-7\", # old",
            "first\nDB_PASSWORD: quiet-Otter-7\nlast",
        ] {
            check(line, &[("DB_PASSWORD", "quiet-Otter-7")]);
        }
        check("args = [\"--admin-password\", \"quiet-Otter-7\"]", &[("--admin-password", "quiet-Otter-7")]);
        check("until May it was DB_PASSWORD = \"quiet-Otter-7\" here", &[("DB_PASSWORD", "quiet-Otter-7")]);
        check("früher: DB_PASSWORD = quiet-Otter-7 für alle", &[("DB_PASSWORD", "quiet-Otter-7")]);
        check("-- DB_PASSWORD = \"quiet-Otter-7\"", &[("DB_PASSWORD", "quiet-Otter-7")]);
        check("ALTER ROLE a PASSWORD 'quiet-Otter-7';", &[("PASSWORD", "quiet-Otter-7")]);
        check("password: quiet-otter-lake", &[("password", "quiet-otter-lake")]);
        check("requirepass quiet-Otter-7", &[("requirepass", "quiet-Otter-7")]);
        check("redis://:quiet-Otter-7@redis:6379 when redis is back", &[("", "quiet-Otter-7")]);
        check("mysqldump -u root -pquiet-Otter-7 db", &[("-p", "quiet-Otter-7")]);
        check("45 3 * * 0 lftp -u ann,quiet-Otter-7 h", &[("-u", "quiet-Otter-7")]);
        check("connect = host=h dbname=d user=u password=heron", &[("password", "heron")]);
        check("previously LEGACY_PIN=48213907", &[("LEGACY_PIN", "48213907")]);
        check("until May PASSWORD was \"quiet-Otter-7\"", &[("PASSWORD", "quiet-Otter-7")]);
        check("pass en clair d'avant : Pipette_55", &[("pass", "Pipette_55")]);
        check("usuario soporte y clave: Panel_Muebles21", &[("clave", "Panel_Muebles21")]);
        check("the old password quiet-Otter-7 still works", &[("password", "quiet-Otter-7")]);
        check(
            "auth { username = \"ops\"  password = \"gKTpLDgeTTeTmYLM\" }",
            &[("password", "gKTpLDgeTTeTmYLM")],
        );
        check("basic_auth: { username: ops, password: \"quiet-Otter-7\" }", &[("password", "quiet-Otter-7")]);
    }

    #[test]
    fn prose_is_no_assignment() {
        for line in [
            "token: from the template below",
            "the password is rotated in May, next: August",
            "password: see the store",
            "password: see-the-wiki",
            "password: shop-db-password",
            "token: shop-db-prod to be made",
            "the map { user, password: hidden } is read first",
            "SMTP_PASSWORD = \"<password>\"",
            "e.g. DATABASE_URL = \"postgres://user:password@host:5432/dbname\"",
            "use --password to set one",
            "raised to MAX_TOKENS=4096, and TOKEN_TTL=3600",
            "key: value",
            "the old password SHA-256 was replaced",
            "the old password hash is bcrypt",
            "password is \"required\"",
            "the status token is \"applied=1\" here",
            "how the password is kept: sha512-crypt",
            "where the password is: vault-2.internal",
        ] {
            check(line, &[]);
        }
    }
}
