//! What is written within a value: URLs, command lines, headers, connection strings, documents.
//!
//! The value's shape decides, by its first bytes and a few marks; what has no shape is left to the judge.

mod base64;
mod calls;
mod candidate;
mod code;
mod comment;
mod dialect;
mod dsn;
mod header;
mod hooks;
mod interest;
mod literal;
mod logins;
mod marks;
mod pairs;
mod pipes;
mod places;
mod programs;
mod script;
mod shaped;
mod shell;
mod sql;
mod url;
mod verbs;
mod words;

use std::sync::LazyLock;

use candidate::{looks_secret, telling};
use marks::{Mark, Marks};
use memchr::memmem;
pub(crate) use script::boundary;

use crate::{
    At, Finder, Format, Text,
    judge::{self, Verdict},
    read,
};

/// A single line longer than this is data, and only its forms and URLs are looked for.
const MAX_LINE: usize = 64 * 1024;

/// Opens a value that a name was given, or leaves it to the judge.
pub(crate) fn value<'a>(finder: &mut Finder<'a>, at: &At<'_>, value: Text<'a>) {
    let written = value.as_str();
    let marks = Marks::of(written);
    if marks.has(Mark::Dollar) {
        candidate::defaults(finder, at, &value);
    }
    if marks.has(Mark::Bracket) && written.contains("{{") && telling(&at.key) {
        read::defaults(finder, at, &value);
    }
    if !value.has_literal() || candidate::is_inserted(written) {
        return;
    }
    if at.key == "auth_basic" {
        // The realm: what a browser shows.
        return;
    }
    if at.key == "secure_link_md5" {
        // Variables, and the secret behind the last space.
        let start = written.rfind(' ').map_or(0, |it| it + 1);
        candidate::secret(finder, at, candidate::Role::Password, &value.slice(start..value.len()));
    } else if marks.has(Mark::Dash) && written.trim_start().starts_with("-----BEGIN ") {
        finder.leaf(at, &value);
    } else if names_logins(&at.key) || (at.key == "list" && names_logins(&at.path)) {
        logins::logins(finder, at, &value);
    } else if marks.has(Mark::Break) && written.trim().contains('\n') {
        let before = finder.count();
        if judge::names::is_key_file(&at.key) || at.key.ends_with(".key") {
            // All lines are one key, whatever one of them looks like.
            finder.leaf(at, &value);
        }
        if finder.count() == before {
            or_leaf(finder, at, &value, |finder| document(finder, at, &value));
        }
    } else {
        one_line(finder, at, &value, marks);
    }
}

/// `LDAP_PASSWORDS`: those of several users, between commas.
fn names_several(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["passwords", "passwds", "tokens", "secrets", "keys"].iter().any(|it| name.ends_with(it))
}

/// What cloud-init and its like give to `chpasswd`.
fn names_logins(name: &str) -> bool {
    static WORD: LazyLock<memmem::Finder<'static>> = LazyLock::new(|| memmem::Finder::new("chpasswd"));
    name.len() >= 8 && WORD.find(name.as_bytes()).is_some()
}

/// The words of a command.
pub(crate) fn words<'a>(finder: &mut Finder<'a>, at: &At<'_>, words: Vec<Text<'a>>) {
    words::words(finder, at, &words);
}

/// A comment: prose, or a line that was switched off.
pub(crate) fn comment<'a>(finder: &mut Finder<'a>, at: &At<'_>, text: Text<'a>) {
    comment::comment(finder, at, &text);
}

/// A whole script, program or text without a syntax that is read: line by line.
pub(crate) fn script<'a>(finder: &mut Finder<'a>, at: &At<'_>, text: Text<'a>) {
    #[cfg(test)]
    if finder.bring("script", at, std::slice::from_ref(&text)) {
        return;
    }
    script::script(finder, at, &text);
}

/// A value that its place calls a secret where its name says nothing: an entry of a Kubernetes Secret. It is judged by
/// the name that is given instead, and must look like a secret.
pub(crate) fn kept<'a>(finder: &mut Finder<'a>, at: &At<'_>, name: &str, value: &Text<'a>) {
    if judge::names::says_nothing(&at.key)
        && looks_secret(value.as_str())
        && value.holes().is_empty()
        && let Some(telling) = judge::names::telling(name)
        && let Some(verdict) = judge::judge_as(at, value, telling)
    {
        let part = verdict.part.clone();
        finder.found(at, &value.slice(part), &verdict);
    }
}

/// What the setting is called that names a secret which is kept elsewhere.
pub(crate) const NAMES_OF_SECRETS: [&str; 2] = ["secret_name", "secretName"];

/// `secret_key: "name"` beside `secret_name`: which entry of that secret it is.
pub(crate) fn names_entry(name: &str, value: &str) -> bool {
    matches!(name, "secret_key" | "secretKey")
        && value.bytes().all(|it| it.is_ascii_alphanumeric() || matches!(it, b'_' | b'-' | b'.'))
        && !candidate::looks_random(value)
}

/// Whether a list of this name may say what is to stand in a token: `id_token = ["sub", "email"]`.
pub(crate) fn may_claim(name: &str) -> bool {
    judge::names::telling(name).is_some_and(|it| it.kind == crate::Kind::Token)
}

/// The name of something that a token says.
pub(crate) fn is_claim(value: &str) -> bool {
    value.bytes().all(|it| it.is_ascii_lowercase() || it == b'_')
}

/// Headers on a line in which a backslash stands before each space.
pub(crate) fn escaped_headers<'a>(finder: &mut Finder<'a>, at: &At<'_>, line: &Text<'a>) {
    header::escaped(finder, at, line);
}

/// Whether what stands in a block of this name is secrets: `tokens`, `api_keys`.
pub(crate) fn holds_secrets(name: &str) -> bool {
    judge::names::is_container(name)
}

/// Numbers between commas that are one key, where the name says so.
pub(crate) fn key_of_numbers<'a>(finder: &mut Finder<'a>, at: &At<'_>, key: &Text<'a>) -> bool {
    let Some(telling) = judge::names::telling(&at.key) else { return false };
    let distinct: std::collections::BTreeSet<&str> = key.as_str().split(',').map(str::trim).collect();
    let verdict = Verdict {
        part: 0..key.len(),
        kind: crate::Kind::EncryptionKey,
        severity: crate::Severity::High,
        weak: distinct.len() < 8,
    };
    let is_key = telling.kind != crate::Kind::Password;
    if is_key {
        finder.found(at, key, &verdict);
    }
    is_key
}

/// Whether what has this name is a secret.
pub(crate) fn names_secret(name: &str) -> bool {
    telling(name)
}

/// Whether the words of a line mean something by their place alone, so that they belong together.
pub(crate) fn is_positional(words: &[Text<'_>]) -> bool {
    words.first().is_some_and(|it| places::is_positional(it.as_str()))
}

/// Opens what may be a document, and leaves all of it to the judge where nothing is in it.
fn or_leaf<'a>(finder: &mut Finder<'a>, at: &At<'_>, value: &Text<'a>, open: impl FnOnce(&mut Finder<'a>)) {
    let before = finder.count();
    open(finder);
    if finder.count() == before {
        finder.leaf(at, value);
    }
}

fn document<'a>(finder: &mut Finder<'a>, at: &At<'_>, value: &Text<'a>) {
    let format = Format::of(&at.key, value.as_str());
    finder.document(at, value.clone(), format);
}

fn one_line<'a>(finder: &mut Finder<'a>, at: &At<'_>, value: &Text<'a>, marks: Marks) {
    let written = value.as_str();
    if written.len() > MAX_LINE {
        if base64::decode(written).is_none() || !base64::document(finder, at, value) {
            script::forms(finder, at, value);
            url::urls(finder, at, value);
        }
        return;
    }
    // `KEYS=["x", "y"]`: each of them is what the name says.
    let is_list = || written.trim().starts_with("[\"") && written.trim().ends_with("\"]");
    if marks.has(Mark::Bracket) && telling(&at.key) && is_list() {
        literal::list(value).into_iter().for_each(|it| finder.value(at, it));
        return;
    }
    if marks.has(Mark::Bracket)
        && let Some(format) = document_of(written.trim())
    {
        // What is in a map stands below the value's name.
        let is_map = at.path.is_empty() && written.starts_with('{') && is_json(written);
        let path = if is_map { at.key.clone() } else { at.path.clone() };
        let inner = At { path, ..at.clone() };
        or_leaf(finder, at, value, |finder| finder.document(&inner, value.clone(), format));
        return;
    }
    let before = finder.count();
    shaped::shaped(finder, at, value, marks);
    if finder.count() == before {
        finder.leaf(at, value);
    }
}

fn is_json(text: &str) -> bool {
    serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
}

/// A document on one line, by its brackets.
fn document_of(text: &str) -> Option<Format> {
    let inner = || text.get(1..text.len() - 1).unwrap_or("").trim_start();
    match text.as_bytes() {
        [b'{', .., b'}'] => match inner().chars().next() {
            Some('"') => Some(Format::Json),
            Some(c) if c.is_ascii_alphabetic() && inner().contains(": ") => Some(Format::Yaml),
            _ => None,
        },
        [b'[', .., b']'] if inner().starts_with(['"', '{', '[']) => Some(Format::Json),
        [b'<', .., b'>'] if text.contains("</") || text.ends_with("/>") => Some(Format::Xml),
        // `database: { password: "x" }`
        [.., b'}'] => {
            let (name, _) = text.split_once(": {")?;
            let is_name = |it: &str| {
                it.bytes().all(|it| it.is_ascii_alphanumeric() || matches!(it, b'_' | b'-' | b'.'))
            };
            (!name.is_empty() && is_name(name)).then_some(Format::Yaml)
        }
        _ => None,
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;

    fn found<'a>(source: &'a str, finder: Finder<'a>) -> Vec<(String, &'a str)> {
        finder.finish().into_iter().map(|it| (it.key, &source[it.span.start..it.span.end])).collect()
    }

    #[track_caller]
    fn check(source: &str, expected: &[(&str, &str)], run: impl for<'a> Fn(&mut Finder<'a>, Text<'a>)) {
        let mut finder = Finder::new(source);
        run(&mut finder, Text::whole(source));
        let found = found(source, finder);
        let found: Vec<_> = found.iter().map(|(key, secret)| (key.as_str(), *secret)).collect();
        assert_eq!(found, expected, "{source}");
    }

    /// The secrets in a value whose name says nothing.
    #[track_caller]
    pub(super) fn check_value(source: &str, expected: &[&str]) {
        let mut finder = Finder::new(source);
        finder.value(&At::file("setting"), Text::whole(source));
        let found: Vec<_> = found(source, finder).into_iter().map(|it| it.1).collect();
        assert_eq!(found, expected, "{source}");
    }

    /// The words of a command, and each secret with its key.
    #[track_caller]
    pub(super) fn check_words(words: &[&str], expected: &[(&str, &str)]) {
        let source = words.join("\0");
        check(&source, expected, |finder, text| {
            let mut at = 0;
            let words = words.iter().map(|it| {
                at += it.len() + 1;
                text.slice(at - it.len() - 1..at - 1)
            });
            let words = words.collect();
            finder.words(&At::file("args"), words);
        });
    }

    #[track_caller]
    pub(super) fn check_script(source: &str, expected: &[(&str, &str)]) {
        check(source, expected, |finder, text| script(finder, &At::file("run.sh"), text));
    }

    #[track_caller]
    pub(super) fn check_program(source: &str, expected: &[(&str, &str)]) {
        check(source, expected, |finder, text| script(finder, &At::file("main.rb"), text));
    }

    /// Keys that are not checked are given as "".
    #[track_caller]
    pub(super) fn check_comment(source: &str, expected: &[(&str, &str)]) {
        check(source, expected, |finder, text| finder.comment(&At::file(""), text));
    }

    #[track_caller]
    fn check_named(key: &str, source: &str, expected: &[&str]) {
        let mut finder = Finder::new(source);
        finder.value(&At::file(key), Text::whole(source));
        let found: Vec<_> = found(source, finder).into_iter().map(|it| it.1).collect();
        assert_eq!(found, expected, "{key}: {source}");
    }

    #[test]
    fn a_name_may_promise_a_login() {
        check_named("BASIC_AUTH", "metrics:quiet-Otter-7", &["quiet-Otter-7"]);
        check_named("NEO4J_AUTH", "neo4j/quiet-Otter-7", &["quiet-Otter-7"]);
        check_named("ADD_LOCAL_USER", "ops:quiet-Otter-7,guest:guest", &["quiet-Otter-7", "guest"]);
        check_named("basicAuthPassword", "plum:rail:409", &["plum:rail:409"]);
        check_named("user", "node:node", &[]);
        check_named("user", "1000:1000", &[]);
    }

    #[test]
    fn a_name_of_several_has_them_between_commas() {
        check_named("APP_PASSWORDS", "quiet-Otter-7,heron4411", &["quiet-Otter-7", "heron4411"]);
        check_named("APP_PASSWORD", "quiet-Otter-7,heron4411", &["quiet-Otter-7,heron4411"]);
        check_named("smtp_sasl_password_maps", "static:ops:quiet-Otter-7", &["quiet-Otter-7"]);
        check_named("APP_PASSWORDS", "two words, and more", &["two words, and more"]);
        check_named(
            "ZK_SUPER_DIGEST",
            "root:jh6MiFvqDLyGcdmS77AedtCVk6E=",
            &["jh6MiFvqDLyGcdmS77AedtCVk6E="],
        );
        check_named("IMAGE_DIGEST", "app:1.2", &[]);
    }

    #[test]
    fn logins_that_their_form_tells() {
        check_value("ann:quiet-Otter-7:1001:100:upload", &["quiet-Otter-7"]);
        check_value("root:x:0:0:root:/root", &[]);
        check_value("pkcs11:token=shop;object=signing?pin-value=749213", &["749213"]);
        check_value("passwd/root-password=quiet-Otter-7 ", &["quiet-Otter-7"]);
        check_value("tcp-tls:fdns1.example.net:853", &[]);
        check_value("cGFwZXJjdXQ6VG9uZXItTm9pci0z", &["cGFwZXJjdXQ6VG9uZXItTm9pci0z"]);
        check_value("ZGI6NTQzMi9zaG9wIGlzIHVw", &[]);
        check_value(
            "ed25519 a_Xkqo QmhE77B9/CT/YoEJfZO3wKQ1ZB8zkssQNylNpqPJFK5",
            &["QmhE77B9/CT/YoEJfZO3wKQ1ZB8zkssQNylNpqPJFK5"],
        );
        check_value("echo '10.8.0.0/16 : PSK \"quiet-Otter-7\"' >> /etc/ipsec.secrets", &["quiet-Otter-7"]);
    }

    #[test]
    fn literals_of_programs_in_a_value() {
        check_value("[{'bind_id': 'cn=a'},{'bind_pass': 'quiet-Otter-7'}]", &["quiet-Otter-7"]);
        check_value("db.createUser({user:'a',pwd:'quiet-Otter-7',roles:['rw']})", &["quiet-Otter-7"]);
        check_value("-Dzk.ssl.keyStore.password=quiet-Otter-7", &["quiet-Otter-7"]);
        check_value("{'password_file': '/run/x', 'token': token}", &[]);
    }

    #[test]
    fn what_a_reader_sees_is_no_password() {
        check_named("auth_basic", "Enter password: of-Ops-7", &[]);
        check_named("AUTH_SALT", "a:b-Otter-7", &["a:b-Otter-7"]);
    }

    #[test]
    fn a_password_may_look_like_anything() {
        check_named("DB_PASSWORD", "a#b'c=d;e", &["a#b'c=d;e"]);
        check_named("DB_PASSWORD", "x=y,z=w;v", &["x=y,z=w;v"]);
        check_named("DB_PASSWORD", "two words -p three", &["two words -p three"]);
    }

    #[test]
    fn settings_in_a_value() {
        check_value("SMTP_PASSWORD=has: colon # and hash", &["has: colon # and hash"]);
        check_value(
            "passwd/root-password=quiet-Otter-7 passwd/root-password-again=quiet-Otter-7 <enter>",
            &["quiet-Otter-7", "quiet-Otter-7"],
        );
        check_value("$p = ConvertTo-SecureString 'quiet-Otter-7' -AsPlainText -Force", &["quiet-Otter-7"]);
        check_value(
            "username:ops,token:c10bab6d85ad67272a4e4e89c5fa1021",
            &["c10bab6d85ad67272a4e4e89c5fa1021"],
        );
        check_value("mc admin user add local \"loki\" \"quiet-Otter-7\"", &["quiet-Otter-7"]);
        check_value("user=ubuntu passwd=quiet-Otter-7 <enter>", &["quiet-Otter-7"]);
        check_value("--verbose --api-key=qxizVKy1UUenWm8RnXozElKM --quiet", &["qxizVKy1UUenWm8RnXozElKM"]);
        check_value("redis-server --requirepass quiet-Otter-7 --save \"\"", &["quiet-Otter-7"]);
        check_value("Password of the password-protected application role", &[]);
    }

    #[test]
    fn a_list_has_the_meaning_of_its_name() {
        let source = r#"["quiet-Otter-7", "loud-Otter-8"]"#;
        let mut finder = Finder::new(source);
        finder.value(&At::file("DB_PASSWORD"), Text::whole(source));
        let found: Vec<_> = finder.finish().iter().map(|it| it.span.of(source)).collect();
        assert_eq!(found, ["quiet-Otter-7", "loud-Otter-8"]);
    }

    #[test]
    fn defaults_cannot_be_rewritten() {
        for source in ["${PGPASSWORD:-quiet-Otter-7}", "${PGPASSWORD:-'quiet-Otter-7'}"] {
            let mut finder = Finder::new(source);
            let text = Text::whole(source).with_holes(std::iter::once(0..source.len()));
            finder.value(&At::file("PGPASSWORD"), text);
            let findings = finder.finish();
            assert_eq!(findings.len(), 1);
            assert_eq!(findings[0].obstacle, Some(crate::Obstacle::Expression));
            assert_eq!(findings[0].span.of(source), "quiet-Otter-7");
        }
    }

    #[test]
    fn a_long_line_costs_its_length() {
        let line = "a=\"password: x' $(".repeat(60_000);
        let start = std::time::Instant::now();
        let mut finder = Finder::new(&line);
        script(&mut finder, &At::file("x.sh"), Text::whole(&line));
        finder.value(&At::file("x"), Text::whole(&line));
        // Without bounds it would be hours.
        assert!(start.elapsed().as_secs() < 60);
    }

    proptest! {
        #[test]
        fn anything_is_read_without_a_panic(source in "([ -~é\n\"'$={}:@/;<|&#\\\\-]{0,40}|password|://|curl -u |<<EOF|\\$\\{X:-|%4){0,8}") {
            for name in ["x.sh", "x.rb", "DB_PASSWORD", "auth", ""] {
                let mut finder = Finder::new(&source);
                let text = Text::whole(&source);
                finder.value(&At::file(name), text.clone());
                finder.comment(&At::file(name), text.clone());
                finder.words(&At::file(name), text.lines().map(|it| text.slice(it)).collect());
                script(&mut finder, &At::file(name), text);
                for finding in finder.finish() {
                    prop_assert!(source.get(finding.span.start..finding.span.end).is_some_and(|it| !it.is_empty()));
                }
            }
        }
    }
}
