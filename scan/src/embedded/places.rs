//! Words that are told by their place in a command or a line of settings: `mc alias set NAME URL KEY SECRET`.

use super::{
    candidate::{Role, is_user, looks_random, looks_secret, secret, telling, telling_strongly},
    header, programs,
    words::is_function_word,
};
use crate::{At, Finder, Text};

/// Words whose place tells: `mc alias set NAME URL KEY SECRET`.
pub(super) fn positions<'a>(finder: &mut Finder<'a>, at: &At<'_>, words: &[Text<'a>], plain: &[&str]) {
    // Flags aside, a word's place is its number.
    let bare: Vec<usize> = (0..plain.len())
        .filter(|it| plain.get(*it).is_some_and(|it| !it.starts_with('-') || it.len() == 1))
        .collect();
    let word = |at: usize| bare.get(at).and_then(|it| plain.get(*it)).copied().unwrap_or("");
    let mut report = |role: Role, place: usize, key: String| {
        if let Some(text) = bare.get(place).and_then(|it| words.get(*it)) {
            let text = without_end(text);
            secret(finder, &at.key(key), role, &text);
        }
    };
    // A program among the first words: `sudo`, `docker exec` and variables may stand before it.
    let start = (0..bare.len().min(8)).find(|it| STARTS.contains(&programs::base(word(*it)))).unwrap_or(0);
    let at_start = |by: usize| word(start + by);
    let last = bare.len().saturating_sub(1);
    let name = programs::base(at_start(0)).to_owned();
    match (name.as_str(), at_start(1), at_start(2)) {
        ("mc" | "mcli", "alias", "set") => report(Role::Password, start + 6, "mc alias set".to_owned()),
        ("mc" | "mcli", "config", "host") => report(Role::Password, start + 7, "mc config host".to_owned()),
        ("mc" | "mcli", "admin", "user") if at_start(3) == "add" => {
            report(Role::Password, start + 6, "mc admin user add".to_owned());
        }
        ("rabbitmqctl", verb @ ("add_user" | "change_password" | "authenticate_user"), _) => {
            report(Role::Password, start + 3, verb.to_owned());
        }
        ("wpa_passphrase", ..) => report(Role::Password, start + 2, name),
        ("htpasswd", ..) if plain.iter().any(|it| it.starts_with('-') && it.contains('b')) => {
            let to_stdout = plain.iter().any(|it| it.starts_with('-') && it.contains('n'));
            report(Role::Password, start + if to_stdout { 2 } else { 3 }, name);
        }
        ("mosquitto_passwd", ..) if plain.contains(&"-b") => report(Role::Password, start + 3, name),
        ("vault" | "bao", "login", token) if !token.contains('=') => report(Role::Token, start + 2, name),
        ("vault" | "bao", "operator", verb @ ("unseal" | "rekey" | "generate-root"))
            if looks_random(word(last))
                && !plain.iter().any(|it| it.starts_with("-otp") || *it == "-init") =>
        {
            report(Role::EncryptionKey, last, verb.to_owned());
        }
        ("vault" | "bao", "token", "lookup" | "renew" | "revoke" | "capabilities")
            if looks_random(at_start(3)) && !plain.contains(&"-accessor") =>
        {
            report(Role::Token, start + 3, name);
        }
        ("consul", "acl", "set-agent-token") if looks_random(word(last)) => {
            report(Role::Token, last, at_start(2).to_owned());
        }
        ("nomad", "operator", "gossip")
            if (at_start(3), at_start(4)) == ("keyring", "install") && looks_random(at_start(5)) =>
        {
            report(Role::EncryptionKey, start + 5, name);
        }
        ("rootpw", ..) => report(Role::Password, start + 1, name),
        // A user of SNMP's: how it logs in and how it encrypts, each before its passphrase.
        ("createUser", _, "MD5" | "SHA" | "SHA-224" | "SHA-256" | "SHA-384" | "SHA-512") => {
            report(Role::Password, start + 3, at_start(2).to_owned());
            if matches!(at_start(4), "DES" | "AES" | "AES128" | "AES192" | "AES256") {
                report(Role::Password, start + 5, at_start(4).to_owned());
            }
        }
        ("ngrok", "authtoken", _) | ("snyk", "auth", _) => report(Role::Token, start + 2, name),
        ("ngrok", "config", "add-authtoken") => report(Role::Token, start + 3, name),
        ("redis-cli" | "valkey-cli", verb, _) if verb.eq_ignore_ascii_case("auth") => {
            report(Role::Password, bare.len().saturating_sub(1), "AUTH".to_owned());
        }
        ("sqlplus" | "sqlldr" | "expdp" | "impdp" | "rman" | "exp" | "imp", login, _) => {
            if let Some((user, rest)) = login.split_once('/')
                && is_user(user)
                && let Some(text) = bare.get(start + 1).and_then(|it| words.get(*it))
            {
                let end = user.len() + 1 + rest.find('@').unwrap_or(rest.len());
                secret(finder, &at.key(name), Role::Password, &text.slice(user.len() + 1..end));
            }
        }
        ("sentinel", verb, _) if verb.eq_ignore_ascii_case("auth-pass") => {
            report(Role::Password, start + 3, "auth-pass".to_owned());
        }
        (":", kind @ ("PSK" | "EAP" | "XAUTH"), _) => report(Role::Password, start + 2, kind.to_owned()),
        ("sentinel", verb, _) if verb.eq_ignore_ascii_case("sentinel-pass") => {
            report(Role::Password, start + 2, "sentinel-pass".to_owned());
        }
        ("dns", provider, token) if looks_random(token) => {
            report(Role::Token, start + 2, provider.to_owned());
        }
        ("acme_dns", provider, _) => report(Role::Token, start + 2, provider.to_owned()),
        ("ConvertTo-SecureString", ..) => report(Role::Password, start + 1, name),
        ("reg", verb, _) if verb.eq_ignore_ascii_case("add") => {
            let behind = |flag: &str| {
                let place = (start + 2..bare.len()).find(|it| word(*it).eq_ignore_ascii_case(flag))?;
                Some(place + 1)
            };
            if let (Some(name), Some(value)) = (behind("/v"), behind("/d"))
                && telling_strongly(word(name))
            {
                report(Role::Password, value, word(name).to_owned());
            }
        }
        ("net", "user", _) if !at_start(3).is_empty() && !at_start(3).starts_with(['/', '*']) => {
            report(Role::Password, start + 3, "net user".to_owned());
        }
        ("net", "use", _) if plain.iter().any(|it| it.to_ascii_lowercase().starts_with("/user:")) => {
            let password = (start + 2..bare.len())
                .find(|it| !word(*it).starts_with(['/', '\\', '*']) && !word(*it).ends_with(':'));
            if let Some(password) = password {
                report(Role::Password, password, "net use".to_owned());
            }
        }
        ("tcp-check", "send", auth) if auth.starts_with("AUTH\\") => {
            if let Some(text) = bare.get(start + 3).and_then(|it| words.get(*it)) {
                let end = text.as_str().find("\\r").unwrap_or(text.len());
                secret(finder, &at.key("AUTH"), Role::Password, &text.slice(0..end));
            }
        }
        ("d-i", question, "password") => {
            report(Role::Password, start + 3, question.rsplit('/').next().unwrap_or("").to_owned())
        }
        // A line for debconf: `package package/question password x`.
        (_, question, "password")
            if question.rsplit_once('/').is_some_and(|(_, last)| telling_strongly(last)) =>
        {
            report(Role::Password, start + 3, question.rsplit('/').next().unwrap_or("").to_owned());
        }
        ("stats", "auth", login) => {
            if let Some(text) = bare.get(start + 2).and_then(|it| words.get(*it)) {
                let from = login.find(':').map_or(0, |it| it + 1);
                secret(finder, &at.key("stats auth"), Role::Password, &text.slice(from..text.len()));
            }
        }
        ("consul", "kv", "put") if telling_strongly(at_start(3).rsplit('/').next().unwrap_or("")) => {
            report(Role::Password, start + 4, at_start(3).rsplit('/').next().unwrap_or("").to_owned());
        }
        ("sed", ..) => words.iter().for_each(|it| replacement(finder, at, it)),
        ("redis-cli" | "valkey-cli", verb, _) if verb.eq_ignore_ascii_case("acl") => {
            acl(finder, at, words, plain)
        }
        ("user", ..) => acl(finder, at, words, plain),
        ("acl" | "ACL", ..) => acl(finder, at, words, plain),
        _ => directive(finder, at, words, plain),
    }
    named(finder, at, words, plain);
}

/// `s/password=.*/password=x/` puts a line of settings into a file, `s/@PASSWORD@/x/` a value.
fn replacement<'a>(finder: &mut Finder<'a>, at: &At<'_>, word: &Text<'a>) {
    let written = word.as_str();
    let Some(mark) =
        written.strip_prefix('s').and_then(|it| it.chars().next()).filter(char::is_ascii_punctuation)
    else {
        return;
    };
    let ends: Vec<usize> = written
        .match_indices(mark)
        .map(|it| it.0)
        .filter(|it| !written.get(..*it).unwrap_or("").ends_with('\\'))
        .collect();
    let [begin, middle, end, ..] = ends.as_slice() else { return };
    let pattern = written.get(begin + 1..*middle).unwrap_or("").trim_matches(|c: char| !c.is_alphanumeric());
    let text = word.slice(middle + 1..*end);
    if telling_strongly(pattern) && looks_secret(text.as_str()) && !text.as_str().contains(['=', '&', '\\']) {
        secret(finder, &at.key(pattern.to_owned()), Role::Password, &text);
    } else if text.as_str().contains([' ', '=']) {
        finder.value(at, text);
    }
}

/// A line of settings that begins so is read as the words of a command.
pub(super) fn is_positional(first: &str) -> bool {
    [
        ":",
        "acme_dns",
        "dns",
        "sentinel",
        "tcp-check",
        "enable",
        "username",
        "cache_peer",
        "createUser",
        "MONITOR",
    ]
    .iter()
    .any(|it| first.eq_ignore_ascii_case(it))
}

/// Words that begin a command or a line of settings whose other words are told by their place.
const STARTS: [&str; 36] = [
    "nomad",
    "reg",
    "createUser",
    "rootpw",
    "acme_dns",
    "dns",
    "consul",
    "sed",
    ":",
    "sentinel",
    "ConvertTo-SecureString",
    "net",
    "tcp-check",
    "d-i",
    "mc",
    "mcli",
    "rabbitmqctl",
    "wpa_passphrase",
    "htpasswd",
    "mosquitto_passwd",
    "vault",
    "bao",
    "ngrok",
    "snyk",
    "redis-cli",
    "valkey-cli",
    "sqlplus",
    "sqlldr",
    "expdp",
    "impdp",
    "rman",
    "exp",
    "imp",
    "stats",
    "acl",
    "ACL",
];

/// `user NAME on >password #hash ~keys`, Redis' own.
fn acl<'a>(finder: &mut Finder<'a>, at: &At<'_>, words: &[Text<'a>], plain: &[&str]) {
    if !plain.iter().any(|it| matches!(*it, "on" | "off" | "resetpass")) {
        return named_user(finder, at, words, plain);
    }
    let user =
        plain.iter().position(|it| it.eq_ignore_ascii_case("user") || it.eq_ignore_ascii_case("setuser"));
    let name = user.and_then(|it| plain.get(it + 1)).copied().unwrap_or("");
    let at = at.key(format!("user {name}"));
    for word in words {
        let part = word.slice(1..word.len());
        match word.as_str().as_bytes() {
            [b'>', ..] => {
                secret(finder, &at, Role::Password, &part);
            }
            [b'#', rest @ ..] if rest.len() == 64 => finder.leaf(&at.key("password_hash"), &part),
            _ => {}
        }
    }
}

/// `app on >password ~* +@all` as one argument of Redis' server.
pub(super) fn acl_rules<'a>(finder: &mut Finder<'a>, at: &At<'_>, text: &Text<'a>) {
    let whole = text.as_str();
    let rules = || whole.split_whitespace();
    let grants = rules().any(|it| it.starts_with(['~', '+', '&']) || matches!(it, "allkeys" | "allcommands"));
    if !grants || !rules().any(|it| it == "on") {
        return;
    }
    for (start, mark) in whole.match_indices(" >") {
        let start = start + mark.len();
        let rest = whole.get(start..).unwrap_or("");
        let length = rest.find(char::is_whitespace).unwrap_or(rest.len());
        if length > 0 {
            secret(finder, &at.key("password"), Role::Password, &text.slice(start..start + length));
        }
    }
}

/// HAProxy's `user NAME insecure-password X`.
fn named_user<'a>(finder: &mut Finder<'a>, at: &At<'_>, words: &[Text<'a>], plain: &[&str]) {
    if let ([_, _, kind @ ("password" | "insecure-password"), ..], Some(text)) = (plain, words.get(3)) {
        secret(finder, &at.key((*kind).to_owned()), Role::Password, text);
    }
}

/// Directives of servers that send a header: `proxy_set_header X-Auth-Token x`.
const SENDS_HEADER: [&str; 10] = [
    "proxy_set_header",
    "add_header",
    "grpc_set_header",
    "uwsgi_param",
    "fastcgi_param",
    "header_up",
    "header_down",
    "set-header",
    "add-header",
    "RequestHeader",
];

/// `name value`, a line of settings.
fn directive<'a>(finder: &mut Finder<'a>, at: &At<'_>, words: &[Text<'a>], plain: &[&str]) {
    if let Some(start) = plain.iter().take(4).position(|it| SENDS_HEADER.contains(it)) {
        let start = start + usize::from(matches!(plain.get(start + 1), Some(&"set" | &"add" | &"append")));
        if let (Some(name), Some(value)) = (plain.get(start + 1), words.get(start + 2)) {
            header::field(finder, &at.key((*name).to_owned()), &without_end(value));
        }
        return;
    }
    if let ([name, _], Some(value)) = (plain, words.get(1))
        && name.bytes().all(|it| it.is_ascii_alphanumeric() || b"_-.".contains(&it))
        && !name.starts_with('-')
        && telling(name)
    {
        let value = without_end(value);
        // Two words of a sentence or of a table are no setting.
        if matches!(*name, "requirepass" | "masterauth") || looks_secret(value.as_str()) {
            finder.leaf(&at.key((*name).to_owned()), &value);
        }
    }
}

/// Words that begin a line in which a name stands before each value.
const NAMES_ALL: [&str; 16] = [
    "machine",
    "login",
    "nmcli",
    "mysqladmin",
    "mariadb-admin",
    "password-hash",
    "neighbor",
    "default",
    "poll",
    "enable",
    "username",
    "snmp-server",
    "tacacs-server",
    "radius-server",
    "cache_peer",
    "authentication",
];

/// A word that names the next: `machine h login u password x`, `config set requirepass x`.
fn named<'a>(finder: &mut Finder<'a>, at: &At<'_>, words: &[Text<'a>], plain: &[&str]) {
    let first = plain.first().map_or("", |it| programs::base(it));
    let names_all = NAMES_ALL.contains(&first);
    for (place, pair) in plain.windows(2).enumerate() {
        let [name, value] = pair else { continue };
        let before = place.checked_sub(1).and_then(|it| plain.get(it)).copied().unwrap_or("");
        let is_set = before.eq_ignore_ascii_case("set") || before == "--set";
        let is_keyword = value.bytes().all(|it| it.is_ascii_uppercase());
        if name.starts_with('-')
            || value.starts_with('-')
            || value.contains('=')
            || is_keyword
            || is_function_word(value)
            || !(names_all || is_set)
        {
            continue;
        }
        // `secret 5 $1$...`: how it is written stands before.
        let is_level = value.len() == 1 && value.bytes().all(|it| it.is_ascii_digit());
        if let Some(text) = words.get(place + 1 + usize::from(is_level))
            && (telling_strongly(name) || name.contains("_authToken"))
            && plain.first() != Some(name)
            // What is behind `login` is a user, whatever it is called.
            && !(names_all && matches!(before, "login" | "account"))
        {
            secret(finder, &at.key((*name).to_owned()), Role::Password, &without_end(text));
        }
    }
}

/// Without the `;` that ends a line of settings.
fn without_end<'a>(text: &Text<'a>) -> Text<'a> {
    text.slice(0..text.as_str().trim_end_matches(';').len())
}

#[cfg(test)]
mod tests {
    use super::super::tests::check_words as check;

    #[test]
    fn places_that_tell() {
        check(
            &["mc", "alias", "set", "local", "http://h:9000", "akey", "quiet-Otter-7", ";"],
            &[("mc alias set", "quiet-Otter-7")],
        );
        check(
            &["mc", "admin", "user", "add", "local", "loki", "quiet-Otter-7"],
            &[("mc admin user add", "quiet-Otter-7")],
        );
        check(&["htpasswd", "-bc", "/f", "a", "quiet-Otter-7"], &[("htpasswd", "quiet-Otter-7")]);
        check(&["htpasswd", "-nb", "a", "quiet-Otter-7"], &[("htpasswd", "quiet-Otter-7")]);
        check(
            &["redis-cli", "config", "set", "requirepass", "quiet-Otter-7"],
            &[("requirepass", "quiet-Otter-7")],
        );
        check(&["user", "app", "on", ">quiet-Otter-7", "~*"], &[("user app", "quiet-Otter-7")]);
        check(
            &["sed", "-i", "s/^requirepass .*/requirepass quiet-Otter-7/", "/f"],
            &[("requirepass", "quiet-Otter-7")],
        );
        check(&["sed", "s|@PASSWORD@|quiet-Otter-7|g"], &[("PASSWORD", "quiet-Otter-7")]);
        check(&["sed", "s/password: .*/password: $1/"], &[]);
        check(
            &["consul", "kv", "put", "app/db_password", "quiet-Otter-7"],
            &[("db_password", "quiet-Otter-7")],
        );
        check(
            &["redis-cli", "ACL", "SETUSER", "app", "on", ">quiet-Otter-7"],
            &[("user app", "quiet-Otter-7")],
        );
        check(&["sentinel", "sentinel-pass", "quiet-Otter-7"], &[("sentinel-pass", "quiet-Otter-7")]);
        check(
            &["acme_dns", "cloudflare", "c10bab6d85ad67272a4e4e89c5"],
            &[("cloudflare", "c10bab6d85ad67272a4e4e89c5")],
        );
        check(&["lftp", "-e", "open -u ops,quiet-Otter-7 sftp://h"], &[("-u", "quiet-Otter-7")]);
        check(&["enable", "password", "quiet-Otter-7"], &[("password", "quiet-Otter-7")]);
        check(
            &["username", "a", "privilege", "15", "password", "0", "quiet-Otter-7"],
            &[("password", "quiet-Otter-7")],
        );
        check(&["sentinel", "auth-pass", "main", "quiet-Otter-7"], &[("auth-pass", "quiet-Otter-7")]);
        check(
            &["ConvertTo-SecureString", "quiet-Otter-7", "-AsPlainText"],
            &[("ConvertTo-SecureString", "quiet-Otter-7")],
        );
        check(
            &["net", "use", "Z:", r"\\h\s", r"/user:D\u", "quiet-Otter-7"],
            &[("net use", "quiet-Otter-7")],
        );
        check(&["tcp-check", "send", "AUTH\\", "quiet-Otter-7\\r\\n"], &[("AUTH", "quiet-Otter-7")]);
        check(
            &["d-i", "passwd/user-password", "password", "quiet-Otter-7"],
            &[("user-password", "quiet-Otter-7")],
        );
        check(
            &["db-server", "db-server/root_password", "password", "quiet-Otter-7"],
            &[("root_password", "quiet-Otter-7")],
        );
        check(
            &["machine", "h", "login", "access-token", "password", "quiet-Otter-7"],
            &[("password", "quiet-Otter-7")],
        );
        let share = "kB3xQm7ZtV9wLr2YpN5sHd8FjG4cXa1EuT6iOoKzSWM=";
        check(&["vault", "operator", "unseal", share], &[("unseal", share)]);
        check(
            &["kubectl", "exec", "v", "--", "bao", "operator", "unseal", "-address", "http://v", share],
            &[("unseal", share)],
        );
        check(&["vault", "operator", "rekey", "-nonce=1", share], &[("rekey", share)]);
        check(&["vault", "operator", "unseal", "-status"], &[]);
        check(&["vault", "token", "revoke", share], &[("vault", share)]);
        check(&["vault", "token", "revoke", "-accessor", share], &[]);
        check(
            &["consul", "acl", "set-agent-token", "agent", "c10bab6d-85ad-6727-2a4e-4e89c5fa1021"],
            &[("set-agent-token", "c10bab6d-85ad-6727-2a4e-4e89c5fa1021")],
        );
        check(&["nomad", "operator", "gossip", "keyring", "install", share], &[("nomad", share)]);
        check(
            &["nomad", "job", "run", "-token=c10bab6d-85ad-6727-2a4e-4e89c5fa1021", "x"],
            &[("-token", "c10bab6d-85ad-6727-2a4e-4e89c5fa1021")],
        );
        check(&["rootpw", "--plaintext", "quiet-Otter-7"], &[("rootpw", "quiet-Otter-7")]);
        check(
            &["createUser", "mon", "SHA", "quiet-Otter-7", "AES", "quiet-Otter-8"],
            &[("SHA", "quiet-Otter-7"), ("AES", "quiet-Otter-8")],
        );
        check(&["createUser", "mon", "usmNoAuthProtocol"], &[]);
        check(&["stats", "auth", "a:quiet-Otter-7"], &[("stats auth", "quiet-Otter-7")]);
        check(
            &["proxy_set_header", "X-Auth-Token", "f896e54d1d152aaebfcb2a694a0e9a63;"],
            &[("X-Auth-Token", "f896e54d1d152aaebfcb2a694a0e9a63")],
        );
        check(
            &[
                "reg.exe",
                "ADD",
                "HKLM\\x",
                "/v",
                "DefaultPassword",
                "/t",
                "REG_SZ",
                "/d",
                "quiet-Otter-7",
                "/f",
            ],
            &[("DefaultPassword", "quiet-Otter-7")],
        );
        check(&["net", "user", "bob", "quiet-Otter-7", "/add"], &[("net user", "quiet-Otter-7")]);
        check(&["net", "user", "bob", "/active:no"], &[]);
        check(&["mysqladmin", "-uroot", "-pquiet-Otter-7", "ping"], &[("-p", "quiet-Otter-7")]);
        check(&["machine", "h", "login", "a", "password", "quiet-Otter-7"], &[("password", "quiet-Otter-7")]);
    }
}
