//! Values of one line, whose shape says what is in them.

use super::{
    base64, candidate,
    candidate::{looks_secret, telling},
    code, dsn, header, interest, logins,
    marks::{Mark, Marks},
    names_several, pairs, places, programs, script, url, words,
};
use crate::{At, Finder, Text};

/// Values of one line that say by their shape what is in them.
pub(super) fn shaped<'a>(finder: &mut Finder<'a>, at: &At<'_>, value: &Text<'a>, marks: Marks) {
    let written = value.as_str();
    if marks.has(Mark::Space) && header::scheme(finder, at, value) {
        return;
    }
    let is_telling = telling(&at.key);
    if marks.has(Mark::Colon)
        && marks.has(Mark::Slash)
        && url::has_url(written)
        && (!is_telling || !written.trim().contains(' '))
    {
        let before = finder.count();
        url::urls(finder, at, value);
        dsn::properties(finder, at, value);
        if finder.count() > before {
            return;
        }
    }
    // `/health?token=x`, and the signature that opens a storage account.
    if marks.has(Mark::Equals) && written.starts_with(['/', '?']) && written.contains('?') {
        url::local(finder, at, value);
    }
    if marks.has(Mark::At) && (logins::login_line(finder, at, value) || dsn::dsn(finder, at, value)) {
        return;
    }
    // A table of Postfix that is written where it is used.
    if marks.has(Mark::Colon)
        && let Some(login) = written.strip_prefix("static:")
        && login.contains(':')
    {
        let login = value.slice(written.len() - login.len()..written.len());
        if candidate::login(finder, at, &login, ':') {
            return;
        }
    }
    if written.starts_with("pkcs11:") {
        // All but the PIN are names.
        if let Some(start) = written.find("pin-value=").map(|it| it + "pin-value=".len()) {
            let rest = written.get(start..).unwrap_or("");
            let end = start + rest.find(['&', ';']).unwrap_or(rest.len());
            candidate::secret(
                finder,
                &at.key("pin-value"),
                candidate::Role::Password,
                &value.slice(start..end),
            );
        }
        return;
    }
    if written.starts_with("secret,id=") {
        // An object of QEMU.
        if let Some(start) = written.find(",data=").map(|it| it + ",data=".len()) {
            let end = start + pairs::end_of_setting(written.get(start..).unwrap_or(""));
            candidate::secret(finder, &at.key("data"), candidate::Role::Password, &value.slice(start..end));
        }
        return;
    }
    if let Some((part, name)) = logins::of_matrix(written) {
        candidate::named(finder, at, name, false, &value.slice(part));
        return;
    }
    if marks.has(Mark::Colon) && login_with_ids(finder, at, value) {
        return;
    }
    if marks.has(Mark::Space) && written.contains(" >") {
        places::acl_rules(finder, at, value);
    }
    if marks.has(Mark::Colon) && marks.has(Mark::Bracket) {
        if written.contains(":{") {
            logins::plain_schemes(finder, at, value);
        }
        // `[{'bind_pass': 'x'}]` of Python, `db.createUser({pwd:'x'})` of a shell.
        if !is_telling && ["':", ":'", ": '"].iter().any(|it| written.contains(it)) {
            code::statements(finder, at, value, false);
        }
    }
    if (marks.has(Mark::Colon) || marks.has(Mark::Slash))
        && let Some(separator) = login_separator(&at.key, written)
        && candidate::login(finder, at, value, separator)
    {
        return;
    }
    if is_telling {
        let before = finder.count();
        if marks.has(Mark::Comma) && names_several(&at.key) && candidate::several(finder, at, value) {
            return;
        }
        finder.leaf(at, value);
        if finder.count() == before {
            base64::document(finder, at, value);
        }
        return;
    }
    let may_set = marks.has(Mark::Equals) || (marks.has(Mark::Colon) && marks.has(Mark::Comma));
    if (may_set && settings(finder, at, value)) || base64::document(finder, at, value) {
        return;
    }
    if (marks.has(Mark::Space) || marks.has(Mark::Dash)) && is_command(written) {
        script::line(finder, at, value);
    }
    script::forms(finder, at, value);
}

/// `user:password:uid:gid:folder`, as images of SFTP servers take it.
fn login_with_ids<'a>(finder: &mut Finder<'a>, at: &At<'_>, value: &Text<'a>) -> bool {
    let mut fields = value.as_str().split(':');
    let (Some(user), Some(password), Some(uid)) = (fields.next(), fields.next(), fields.next()) else {
        return false;
    };
    let is_id = (3..=6).contains(&uid.len()) && uid.bytes().all(|it| it.is_ascii_digit());
    let start = user.len() + 1;
    is_id
        && !password.contains(',')
        && !is_host(password)
        && candidate::is_user(user)
        && looks_secret(password)
        && candidate::secret(
            finder,
            at,
            candidate::Role::Password,
            &value.slice(start..start + password.len()),
        )
}

/// `udp:dns1.example.net:853` is an address.
fn is_host(text: &str) -> bool {
    text.contains('.')
        && text.bytes().all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || b".-".contains(&it))
}

/// `KEY=value`, and lists of such.
fn settings<'a>(finder: &mut Finder<'a>, at: &At<'_>, value: &Text<'a>) -> bool {
    if pairs::colons(finder, at, value) {
        return true;
    }
    // `SCRAM-SHA-256=[iterations=8192,password=x]`
    let is_bracketed = value.as_str().starts_with('[') && value.as_str().ends_with(']');
    let inner = if is_bracketed { value.slice(1..value.len() - 1) } else { value.clone() };
    if let Some(separator) = pairs::separator(inner.as_str()) {
        let before = finder.count();
        pairs::pairs(finder, at, &inner, separator);
        if finder.count() > before {
            return true;
        }
    }
    let Some((key, rest)) = words::assignment(value) else { return false };
    // `host=x password=y` is a list as well; in `password=a b` the space belongs to the password.
    let mut behind = rest.as_str().split_whitespace().skip(1).peekable();
    let is_run = behind.peek().is_some_and(|it| programs::is_known(programs::base(it)));
    let goes_on = is_run
        || behind.any(|it| it.contains('=') || it.starts_with("--") || matches!(it, "&&" | "||" | "|"));
    // What looks like a value is how base64 ends.
    if goes_on || rest.as_str().bytes().all(|it| it == b'=') {
        return false;
    }
    // What an installer is told ends with a space, before the next.
    let rest = if key.contains('/') { rest.trim() } else { rest };
    finder.value(&at.key(key), rest);
    true
}

/// Several words, of which one is a flag or a setting, or that a shell would take apart.
fn is_command(text: &str) -> bool {
    if (text.starts_with("--") || text.starts_with("-D")) && text.contains('=') {
        return true;
    }
    // A long text needs a reason to be taken apart.
    if !text.trim().contains(char::is_whitespace) || (text.len() > 512 && !interest::any(text)) {
        return false;
    }
    let first = text.split_whitespace().next().unwrap_or("");
    let writes = matches!(first, "echo" | "printf") && text.contains('>');
    writes
        || programs::is_known(programs::base(first))
        || text.contains(" | ")
        || text.split_whitespace().any(|it| {
            let rest = it.trim_start_matches('-');
            (rest.len() < it.len() && rest.starts_with(|c: char| c.is_ascii_alphabetic()))
                || words_setting(it)
        })
        || text.to_ascii_lowercase().contains("identified by")
        || text.contains("PASSWORD '")
}

fn words_setting(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || "_.-/".contains(c))
    })
}

/// What parts user and password, where the name promises both.
fn login_separator(key: &str, text: &str) -> Option<char> {
    let key = key.to_ascii_lowercase();
    let has = |any: &[&str]| any.iter().any(|it| key.contains(it));
    let separator = if key.contains("neo4j") { '/' } else { ':' };
    let (user, password) = text.split_once(separator)?;
    // `turn.example.net:3478`
    let is_address = user.contains('.') && candidate::is_port(password);
    let is_login = candidate::is_user(user.trim())
        && !user.is_empty()
        && !password.is_empty()
        && !password.starts_with(['/', ' ', '\\'])
        && !is_address
        // `USER_OPTS="$USER_OPTS -XX:+UseG1GC"`: a flag is nobody's name.
        && !user.split_whitespace().any(|it| it.starts_with('-'));
    // ZooKeeper's `user:digest`.
    let is_digest = key.ends_with("digest") && password.len() == 28 && password.ends_with('=');
    // `basicAuthPassword` has one half alone.
    if key.ends_with("password") || key.ends_with("passwd") {
        return None;
    }
    let promises = is_digest
        || has(&["basic", "cred", "htpasswd", "userpass", "userpwd", "local_user", "user_pass"])
        || key.ends_with("auth");
    let names_service = has(&["serviceaccount", "service-account", "service_account"]);
    let may = has(&["user", "login", "account"]) && !names_service;
    // `user: node:node` is a group; a password of the same kind must look like one.
    (is_login && !text.contains("://") && (promises || (may && looks_secret(password)))).then_some(separator)
}
