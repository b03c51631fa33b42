//! Commands that take a secret behind a verb: `samba-tool user create NAME PASSWORD`.

use super::{
    candidate::{Role, looks_secret, secret, telling_strongly},
    programs,
};
use crate::{At, Finder, Text};

struct Verb {
    program: &'static str,
    /// The words that say what is done; others may stand between them and the program.
    verb: &'static str,
    /// How many words stand between the verb and the secret.
    skips: usize,
    role: Role,
}

const fn verb(program: &'static str, verb: &'static str, skips: usize, role: Role) -> Verb {
    Verb { program, verb, skips, role }
}

use Role::{Password, Token};

const VERBS: &[Verb] = &[
    verb("grafana-cli", "admin reset-admin-password", 0, Password),
    verb("grafana", "cli admin reset-admin-password", 0, Password),
    verb("neo4j-admin", "set-initial-password", 0, Password),
    verb("samba-tool", "user create", 1, Password),
    verb("samba-tool", "user add", 1, Password),
    verb("rclone", "obscure", 0, Password),
    verb("cloudflared", "service install", 0, Token),
    verb("etcdctl", "user add", 0, Password),
    // Of the daemon that watches a UPS: how many it feeds, and who asks.
    verb("MONITOR", "", 3, Password),
];

/// Programs that are given a name, and then its value: `setx NAME VALUE`.
const NAMED: &[(&str, &str)] = &[
    ("setx", ""),
    ("etcdctl", "put"),
    ("rclone", "create"),
    ("rclone", "update"),
    ("occ", "config:system:set"),
    ("occ", "config:app:set"),
];

/// Programs that hash the last word.
const HASHING: &[(&str, &str)] = &[("mkpasswd", ""), ("openssl", "passwd")];

/// What the names of these programs end in.
const ENDS: &[u8] = b"acdeilnRxy";

/// How far in front the program may stand: `sudo`, `docker exec NAME` and variables come first.
const REACH: usize = 8;

pub(super) fn verbs<'a>(finder: &mut Finder<'a>, at: &At<'_>, words: &[Text<'a>], plain: &[&str]) {
    for (place, word) in plain.iter().enumerate().take(REACH) {
        // Few words end as one of them does, and of those alone the folder is looked for.
        if !word.as_bytes().last().is_some_and(|it| ENDS.contains(it)) {
            continue;
        }
        let program = programs::base(word);
        for it in VERBS.iter().filter(|it| it.program == program) {
            if let Some(index) = behind(plain, place + 1, it.verb, it.skips)
                && let Some(text) = words.get(index)
            {
                report(finder, &at.key(named(program, it.verb)), it.role, text);
                return;
            }
        }
        if let Some((_, verb)) = NAMED.iter().find(|it| it.0 == program && has(plain, place + 1, it.1)) {
            let from = behind(plain, place + 1, verb, 0).unwrap_or(place + 1);
            values(finder, at, words, plain, from);
            return;
        }
        if HASHING.iter().any(|it| it.0 == program && has(plain, place + 1, it.1))
            && let (Some(last), Some(text)) = (plain.last(), words.last())
            && looks_secret(last)
            && !plain.iter().rev().nth(1).is_some_and(|it| matches!(*it, "-m" | "-salt" | "-S"))
        {
            secret(finder, &at.key(program.to_owned()), Password, text);
            return;
        }
        // PowerShell's way to give a name its value.
        if program.ends_with("-ItemProperty")
            && let (Some(name), Some(value)) = (flag(plain, "-Name"), flag(plain, "-Value"))
            && let (Some(name), Some(text)) = (plain.get(name), words.get(value))
        {
            finder.value(&at.key((*name).to_owned()), text.clone());
            return;
        }
    }
}

fn report<'a>(finder: &mut Finder<'a>, at: &At<'_>, role: Role, text: &Text<'a>) {
    // `root:password`
    let login = text.as_str().find(':').filter(|_| at.key == "etcdctl user add");
    secret(finder, at, role, &text.slice(login.map_or(0, |it| it + 1)..text.len()));
}

fn named(program: &str, verb: &str) -> String {
    if verb.is_empty() { program.to_owned() } else { format!("{program} {verb}") }
}

/// Whether the words of a verb stand behind the program.
fn has(plain: &[&str], from: usize, verb: &str) -> bool {
    behind(plain, from, verb, 0).is_some()
}

/// The word so many places behind the verb, flags left out.
fn behind(plain: &[&str], from: usize, verb: &str, skips: usize) -> Option<usize> {
    let mut at = from;
    if !verb.is_empty() {
        let (first, rest) = verb.split_once(' ').unwrap_or((verb, ""));
        at = from + plain.get(from..)?.iter().take(REACH).position(|it| *it == first)? + 1;
        for word in rest.split_whitespace() {
            if plain.get(at) != Some(&word) {
                return None;
            }
            at += 1;
        }
    }
    let mut bare = (at..plain.len()).filter(|it| plain.get(*it).is_some_and(|it| !it.starts_with('-')));
    bare.nth(skips)
}

/// Each value whose name stands before it, apart or as `--value`.
fn values<'a>(finder: &mut Finder<'a>, at: &At<'_>, words: &[Text<'a>], plain: &[&str], from: usize) {
    for (index, name) in plain.iter().enumerate().skip(from) {
        let own = name.rsplit('/').next().unwrap_or(name);
        if !telling_strongly(own) || name.starts_with('-') || name.contains('=') {
            continue;
        }
        let Some(next) = words.get(index + 1) else { return };
        let value = match next.as_str().strip_prefix("--value") {
            Some("") => words.get(index + 2).cloned(),
            Some(rest) if rest.starts_with('=') => Some(next.slice(next.len() - rest.len() + 1..next.len())),
            _ => Some(next.clone()).filter(|it| !it.as_str().starts_with('-')),
        };
        if let Some(value) = value {
            finder.value(&at.key(own.to_owned()), value);
        }
    }
}

/// Where the word behind a flag stands.
fn flag(plain: &[&str], flag: &str) -> Option<usize> {
    plain.iter().position(|it| it.eq_ignore_ascii_case(flag)).map(|it| it + 1)
}

#[cfg(test)]
mod tests {
    use super::{super::tests::check_script as check, *};

    #[test]
    fn no_program_is_passed_by() {
        let programs = VERBS.iter().map(|it| it.program).chain(NAMED.iter().map(|it| it.0));
        for it in programs.chain(HASHING.iter().map(|it| it.0)).chain(["Set-ItemProperty", "setx.exe"]) {
            assert!(ENDS.contains(it.as_bytes().last().unwrap()), "{it}");
        }
    }

    #[test]
    fn a_secret_behind_a_verb() {
        for (line, key) in [
            ("grafana cli admin reset-admin-password @@", "grafana cli admin reset-admin-password"),
            (
                "grafana-cli --homepath /x admin reset-admin-password @@",
                "grafana-cli admin reset-admin-password",
            ),
            ("neo4j-admin dbms set-initial-password @@", "neo4j-admin set-initial-password"),
            ("docker exec dc samba-tool user create anna @@", "samba-tool user create"),
            ("rclone obscure @@", "rclone obscure"),
            ("etcdctl user add root:@@", "etcdctl user add"),
            ("mkpasswd -m sha-512 @@", "mkpasswd"),
            ("openssl passwd -6 @@", "openssl"),
        ] {
            check(&line.replace("@@", "quiet-Otter-7"), &[(key, "quiet-Otter-7")]);
        }
        check("mkpasswd -m sha-512", &[]);
        check("samba-tool user create anna --random-password", &[]);
    }

    #[test]
    fn a_name_and_its_value() {
        for (line, key) in [
            ("setx DB_PASSWORD @@ /M", "DB_PASSWORD"),
            ("etcdctl put /app/db_password @@", "db_password"),
            ("rclone config create nas webdav url https://x user a pass @@", "pass"),
            ("php occ config:system:set mail_smtppassword --value=@@", "mail_smtppassword"),
            ("php occ config:system:set mail_smtppassword --value @@", "mail_smtppassword"),
            ("Set-ItemProperty -Path 'HKLM:\\x' -Name 'ApiKey' -Value '@@'", "ApiKey"),
        ] {
            check(&line.replace("@@", "quiet-Otter-7"), &[(key, "quiet-Otter-7")]);
        }
        check("etcdctl put /app/db_user anna", &[]);
        check("rclone copy secret x:secret", &[]);
    }
}
