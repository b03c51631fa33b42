//! The words of one command.

use std::ops::Range;

use super::{
    candidate::{Role, is_blank, is_port, is_user, login, looks_secret, secret, telling, telling_strongly},
    header, pairs,
    places::positions,
    programs::{self, Takes},
    verbs::verbs,
};
use crate::{At, Finder, Format, Text};

/// The words of a command, the program first or left out.
pub(crate) fn words<'a>(finder: &mut Finder<'a>, at: &At<'_>, words: &[Text<'a>]) {
    let plain: Vec<&str> = words.iter().map(Text::as_str).collect();
    let mut program = None;
    let mut index = 0;
    positions(finder, at, words, &plain);
    verbs(finder, at, words, &plain);
    while let Some(word) = words.get(index) {
        program = program_at(program, &plain, index).or(program);
        let next = words.get(index + 1);
        index += 1 + usize::from(one(finder, at, program, &plain, word, next));
    }
}

/// The program that is named at this place: not every word of that name is one.
fn program_at<'w>(current: Option<&str>, words: &[&'w str], index: usize) -> Option<&'w str> {
    let word = words.get(index)?;
    let name = programs::base(word);
    let before = index.checked_sub(1).and_then(|it| words.get(it)).copied().unwrap_or("");
    // What `find` looks for is no program, nor is a folder that is called like one.
    let runs = current != Some("find") || matches!(before, "-exec" | "-execdir" | "-ok" | "-okdir");
    if !runs || (index > 0 && is_folder(word)) {
        return None;
    }
    // What stands behind `-u` is somebody's name.
    let is_value = before.starts_with("--") && before.len() > 2 && !before.contains('=')
        || matches!(before, "-u" | "-U" | "-h" | "-d" | "-D");
    (programs::is_known(name) && !is_value).then_some(name)
}

/// `/var/lib/mysql`: programs lie in folders of their own.
fn is_folder(word: &str) -> bool {
    word.strip_prefix('/')
        .and_then(|it| it.rsplit_once('/').or(Some(("", it))))
        .is_some_and(|(above, _)| !above.ends_with("bin") && !above.starts_with("opt"))
}

/// One word, and whether the next one was its value.
fn one<'a>(
    finder: &mut Finder<'a>,
    at: &At<'_>,
    program: Option<&str>,
    plain: &[&str],
    word: &Text<'a>,
    next: Option<&Text<'a>>,
) -> bool {
    let written = word.as_str();
    let is_flag = written.len() > 1 && written.starts_with('-') && !written.contains(char::is_whitespace);
    if is_flag || written.starts_with("--") || programs::within(program, written).is_some() {
        return flag(finder, at, program, plain, word, next);
    }
    // `+rcon_password x` of game servers.
    if let Some(name) = written.strip_prefix('+')
        && telling(name)
        && let Some(value) = next.filter(|it| !it.as_str().starts_with(['+', '-']))
    {
        finder.value(&at.key(written.to_owned()), value.clone());
        return true;
    }
    if let Some(script) = next.filter(|_| matches!(written, "/c" | "/C")) {
        finder.document(at, script.clone(), Format::Shell);
        return true;
    }
    if written.starts_with('/')
        && let (Some(takes), Some(value)) = (programs::behind(program, written), next)
    {
        return taken(finder, &at.key(written.to_owned()), program, takes, value);
    }
    if let Some(rest) = written.strip_prefix('/')
        && let Some((name, value)) = rest.split_once(':')
        && name.bytes().all(|it| it.is_ascii_alphanumeric())
    {
        return slash(finder, at, program, word, name, value);
    }
    setting(finder, at, word);
    false
}

/// `KEY=value`, or a word that may have something within.
fn setting<'a>(finder: &mut Finder<'a>, at: &At<'_>, word: &Text<'a>) {
    if word.as_str().contains('\n') && is_script(word.as_str()) {
        finder.document(at, word.clone(), Format::Shell);
        return;
    }
    if word.as_str().contains(char::is_whitespace) {
        finder.value(at, word.clone());
        return;
    }
    if let Some(password) = of_account(word.as_str()) {
        secret(finder, &at.key(""), Role::Password, &word.slice(password));
        return;
    }
    match assignment(word) {
        // `-o username=a,password=b`, `-d user=a&password=b`; an environment's variable is one.
        Some((key, _))
            if key.bytes().any(|it| it.is_ascii_lowercase()) && pairs::separator(word.as_str()).is_some() =>
        {
            let separator = pairs::separator(word.as_str()).unwrap_or(',');
            pairs::pairs(finder, at, word, separator);
        }
        Some((key, value)) => finder.value(&at.key(key), value),
        // The name of the whole says nothing of one word.
        None if telling(&at.key) || is_blank(&at.key) => finder.value(&at.key(""), word.clone()),
        None => finder.value(at, word.clone()),
    }
}

/// `user:password:1001`, `user:password:::upload`: an account as servers of files make it.
fn of_account(word: &str) -> Option<Range<usize>> {
    let mut parts = word.split(':');
    let (user, password, id) = (parts.next()?, parts.next()?, parts.next()?);
    let is_id = id.is_empty() && parts.next().is_some()
        || (3..=6).contains(&id.len()) && id.bytes().all(|it| it.is_ascii_digit());
    let is_account = is_id && is_user(user) && looks_secret(password) && !word.contains(['/', '=']);
    is_account.then(|| user.len() + 1..user.len() + 1 + password.len())
}

/// Among a command's words, what several syntaxes share is a script.
fn is_script(text: &str) -> bool {
    !matches!(
        Format::of("", text),
        Format::Hcl | Format::Json | Format::Toml | Format::Xml | Format::Yaml | Format::Ini
    )
}

/// A flag whose word is a script: `-c`, `-lc`, `/c`.
fn takes_script(flag: &str) -> bool {
    let letters = flag.strip_prefix('-').unwrap_or("");
    matches!(flag, "-Command" | "-command" | "--command")
        || (letters.ends_with('c')
            && letters.len() <= 5
            && letters.bytes().all(|it| b"ceilxuvo".contains(&it)))
}

/// The name and the value of `KEY=value`.
pub(super) fn assignment<'a>(word: &Text<'a>) -> Option<(String, Text<'a>)> {
    let written = word.as_str();
    let equals = written.find('=')?;
    let name = written.get(..equals)?;
    let is_name = name.starts_with(|c: char| c.is_alphabetic() || c == '_' || c == '/')
        && name.len() <= 200
        && name.chars().all(|c| c.is_alphanumeric() || "_.-[]/:@+".contains(c))
        && !name.contains("://");
    let end = name.trim_end_matches(['+', ':']).len();
    is_name.then(|| (name.get(..end).unwrap_or(name).to_owned(), word.slice(equals + 1..word.len())))
}

fn flag<'a>(
    finder: &mut Finder<'a>,
    at: &At<'_>,
    program: Option<&str>,
    plain: &[&str],
    word: &Text<'a>,
    next: Option<&Text<'a>>,
) -> bool {
    let written = word.as_str();
    // `--name=value`, `-Dname=value`
    if let Some(equals) = written.find('=')
        && written.get(..equals).is_some_and(|it| !it.contains(char::is_whitespace))
        && programs::within(program, written)
            .is_none_or(|(start, _)| start > equals || written.starts_with("--"))
    {
        let name = written.get(..equals).unwrap_or("");
        let value = word.slice(equals + 1..word.len());
        let at = at.key(name.to_owned());
        match programs::behind(program, name) {
            Some(takes) if taken(finder, &at, program, takes, &value) => {}
            _ => finder.value(&at, value),
        }
        return false;
    }
    if let Some((start, takes)) = programs::within(program, written) {
        let value = word.slice(start..word.len());
        if !is_mapping(value.as_str()) {
            taken(finder, &at.key(written.get(..start).unwrap_or("").to_owned()), program, takes, &value);
        }
        return false;
    }
    let Some(value) = next.filter(|it| !is_flag(it.as_str()) && !is_function_word(it.as_str())) else {
        return false;
    };
    if takes_script(written) && value.as_str().contains(char::is_whitespace) {
        finder.document(at, value.clone(), Format::Shell);
        return true;
    }
    // `--no-ask-password` takes nothing.
    if written.starts_with("--no-") {
        return false;
    }
    // What `aws` calls so is a name.
    if programs::asks(program, written) || (program == Some("aws") && written == "--secret-id") {
        return false;
    }
    let here = at.key(written.to_owned());
    if let Some(takes) = behind(program, plain, written) {
        if !taken(finder, &here, program, takes, value) {
            finder.value(&here, value.clone());
        }
        return true;
    }
    let names_source = written.ends_with(":env") || written.ends_with(":file");
    // `-P4Passwd x` of PowerShell is a name, and no password behind `-P`.
    let is_name = written.ends_with("Passwd")
        || written.ends_with("Password")
        || !looks_secret(written.trim_start_matches('-'));
    if telling(written) && !names_source && is_name {
        finder.value(&here, value.clone());
        return true;
    }
    if program.is_none() && !written.starts_with("--") {
        return unknown(finder, &here, written, value);
    }
    let takes_any = written.starts_with("--") && assignment(value).is_none();
    if takes_any {
        finder.value(&here, value.clone());
    }
    takes_any
}

/// What a flag takes, where a subcommand has a say in it.
fn behind(program: Option<&str>, plain: &[&str], flag: &str) -> Option<Takes> {
    let logs_in = || plain.contains(&"login");
    match (program, flag) {
        (
            Some("docker" | "podman" | "nerdctl" | "helm" | "oras" | "crane" | "oc" | "buildah" | "skopeo"),
            "-p",
        ) if logs_in() => Some(Takes::Password),
        // `curl -fsSu user:password`
        (Some("curl"), _) if flag.ends_with('u') && flag.len() > 2 && !flag.starts_with("--") => {
            programs::behind(program, "-u")
        }
        _ => programs::behind(program, flag),
    }
}

/// A letter of a program that is not known: the value must tell.
fn unknown<'a>(finder: &mut Finder<'a>, at: &At<'_>, flag: &str, value: &Text<'a>) -> bool {
    let written = value.as_str();
    let is_login = |password: &str| looks_secret(password) && !is_port(password);
    match flag {
        "-p" | "-a" | "-pw" | "-P"
            if looks_secret(written)
                && value.holes().is_empty()
                && !written.contains(['/', ':', '='])
                && !is_host(written) =>
        {
            secret(finder, at, Role::Password, value)
        }
        "-u" | "-U" if written.split_once(':').is_some_and(|(user, it)| is_user(user) && is_login(it)) => {
            login(finder, at, value, ':')
        }
        _ => false,
    }
}

fn taken<'a>(
    finder: &mut Finder<'a>,
    at: &At<'_>,
    program: Option<&str>,
    takes: Takes,
    value: &Text<'a>,
) -> bool {
    match takes {
        Takes::Password => secret(finder, at, Role::Password, value),
        Takes::Token => secret(finder, at, Role::Token, value),
        Takes::Key => secret(finder, at, Role::EncryptionKey, value),
        Takes::Header => header::header(finder, at, value),
        Takes::Source => {
            let start = "pass:".len();
            value.as_str().starts_with("pass:")
                && secret(finder, at, Role::Password, &value.slice(start..value.len()))
        }
        Takes::Login(separator) => {
            let Some((user, password)) = value.as_str().split_once(separator) else { return false };
            // `--user 1000:1000`, `--user node:node`: a group is no password.
            let runs_as =
                matches!(program, Some("docker" | "podman" | "nerdctl" | "kubectl" | "su" | "sudo") | None)
                    && at.key == "--user"
                    && !looks_secret(password);
            if runs_as
                || (separator == ':' && password.starts_with("//"))
                || is_port(password) && is_port(user)
            {
                return false;
            }
            // One login, whatever is in it: commas are no list here.
            secret(finder, at, Role::Password, &value.slice(user.len() + separator.len_utf8()..value.len()))
        }
    }
}

/// Windows': `/p:x`, `/password:x`.
fn slash<'a>(
    finder: &mut Finder<'a>,
    at: &At<'_>,
    program: Option<&str>,
    word: &Text<'a>,
    name: &str,
    value: &str,
) -> bool {
    let value = word.slice(word.len() - value.len()..word.len());
    let at = at.key(format!("/{name}"));
    let is_short = matches!(name, "p" | "rp" | "gp") && matches!(program, Some("xfreerdp" | "wfreerdp"));
    if is_short {
        secret(finder, &at, Role::Password, &value);
    } else if telling_strongly(name) {
        finder.leaf(&at, &value);
    } else {
        finder.value(&at, value);
    }
    false
}

/// `xy12345.eu-west-1`: an account's, say.
fn is_host(word: &str) -> bool {
    word.contains('.')
        && word.bytes().all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || b".-".contains(&it))
}

fn is_flag(word: &str) -> bool {
    let mut chars = word.chars();
    chars.next() == Some('-')
        && chars.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '-')
        && word.len() < 40
        && !looks_secret(word.trim_start_matches('-'))
        || word == "-"
        || word.starts_with("--")
}

/// `--token for authentication` is said about a flag, and gives it nothing.
pub(super) fn is_function_word(word: &str) -> bool {
    matches!(
        word,
        "and" | "are" | "as" | "by" | "for" | "from" | "in" | "is" | "or" | "to" | "was" | "when" | "with"
    )
}

/// `-p3306:3306`.
fn is_mapping(value: &str) -> bool {
    value.contains(':') && is_port(value)
}

#[cfg(test)]
mod tests {
    use super::super::tests::check_words as check;

    #[test]
    fn long_flags_name_their_value() {
        check(&["app", "--password", "quiet-Otter-7"], &[("--password", "quiet-Otter-7")]);
        check(&["app", "--db.password=quiet Otter 7"], &[("--db.password", "quiet Otter 7")]);
        check(&["--requirepass", "quiet-Otter-7"], &[("--requirepass", "quiet-Otter-7")]);
        check(&["java", "-Ddb.password=quiet,Otter,7"], &[("-Ddb.password", "quiet,Otter,7")]);
        check(&["& x.ps1", "-P4Passwd", "quiet-Otter-7"], &[("-P4Passwd", "quiet-Otter-7")]);
        check(&["app", "-password=quiet-Otter-7"], &[("-password", "quiet-Otter-7")]);
        check(&["app", "--broker=amqp://a:quiet-Otter-7@mq//"], &[("--broker", "quiet-Otter-7")]);
    }

    #[test]
    fn letters_mean_what_the_program_says() {
        check(&["mysqldump", "-h", "db", "-uroot", "-pquiet-Otter-7"], &[("-p", "quiet-Otter-7")]);
        check(&["mysql", "-u", "wp", "-pquiet-Otter-7", "blog"], &[("-p", "quiet-Otter-7")]);
        check(&["mysql", "-p", "orders"], &[]);
        check(&["mysqldump", "-u", "root", "--password", "orders"], &[]);
        check(&["mysqldump", "--password=quiet-Otter-7", "orders"], &[("--password", "quiet-Otter-7")]);
        check(&["mycli", "--password", "quiet-Otter-7", "orders"], &[("--password", "quiet-Otter-7")]);
        check(&["docker", "exec", "mysql", "find", "/", "-printf", "%p"], &[]);
        check(&["find", "/var/lib/mysql", "-name", "mysql", "-path", "/x", "-print0"], &[]);
        check(&["ls", "/srv/mysql", "-print"], &[]);
        check(&["find", ".", "-exec", "mysql", "-pquiet-Otter-7", ";"], &[("-p", "quiet-Otter-7")]);
        check(&["sudo", "/usr/bin/mysql", "-pquiet-Otter-7"], &[("-p", "quiet-Otter-7")]);
        check(&["aws", "secretsmanager", "get-secret-value", "--secret-id", "Prod/Db-2024x"], &[]);
        check(
            &["consul", "keyring", "-install", "c10bab6d85ad67272a4e"],
            &[("-install", "c10bab6d85ad67272a4e")],
        );
        check(&["redis-cli", "-a", "quiet-Otter-7", "ping"], &[("-a", "quiet-Otter-7")]);
        check(&["-a", "quiet-Otter-7", "ping"], &[("-a", "quiet-Otter-7")]);
        check(&["sshpass", "-pquiet-Otter-7", "ssh", "-p", "2222", "h"], &[("-p", "quiet-Otter-7")]);
        check(&["curl", "-u", "a:quiet-Otter-7", "http://h"], &[("-u", "quiet-Otter-7")]);
        check(&["curl", "-fsSu", "a:quiet-Otter-7", "http://h"], &[("-fsSu", "quiet-Otter-7")]);
        check(&["docker", "run", "-p", "8080:80", "--user", "node:node", "x"], &[]);
        check(&["docker", "login", "-u", "a", "-p", "quiet-Otter-7"], &[("-p", "quiet-Otter-7")]);
        check(&["docker", "exec", "mysql", "mysqldump", "-pquiet-Otter-7"], &[("-p", "quiet-Otter-7")]);
        check(&["schtasks", "/ru", "a", "/rp", "quiet-Otter-7", "/sc", "daily"], &[("/rp", "quiet-Otter-7")]);
        check(&["smbclient", "//h/s", "-U", "a%quiet-Otter-7"], &[("-U", "quiet-Otter-7")]);
        check(&["openssl", "rsa", "-passin", "pass:quiet-Otter-7"], &[("-passin", "quiet-Otter-7")]);
        check(&["ssh", "-p", "2222"], &[]);
        check(&["-p", "quiet/path-1"], &[]);
    }

    #[test]
    fn passwords_of_several_words() {
        check(&["mysql", "-u", "root", "-pquiet Otter 7", "-e", "select 1"], &[("-p", "quiet Otter 7")]);
    }

    #[test]
    fn settings_among_words() {
        check(
            &["docker", "run", "-e", "DB_PASSWORD=quiet-Otter-7", "x"],
            &[("DB_PASSWORD", "quiet-Otter-7")],
        );
        check(
            &["helm", "install", "--set", "db.password=quiet-Otter-7"],
            &[("db.password", "quiet-Otter-7")],
        );
        check(
            &["ansible-playbook", "-e", "ansible_become_password=quiet-Otter-7 x=y"],
            &[("ansible_become_password", "quiet-Otter-7")],
        );
        check(&["curl", "-d", "user=a&password=quiet-Otter-7", "http://h"], &[("password", "quiet-Otter-7")]);
        check(&["helm", "--set", "a.password=quiet-Otter-7,b=c"], &[("a.password", "quiet-Otter-7")]);
        check(&["mount", "-o", "username=a,password=quiet-Otter-7"], &[("password", "quiet-Otter-7")]);
    }

    #[test]
    fn scripts_among_words() {
        check(
            &["sh", "-c", "X_TOKEN=quiet-Otter-7 app gc && curl -H 'X-Api-Key: loud-Otter-8' http://h"],
            &[("X_TOKEN", "quiet-Otter-7"), ("X-Api-Key", "loud-Otter-8")],
        );
        check(
            &["sh", "-c", "mc admin user add local loki quiet-Otter-7"],
            &[("mc admin user add", "quiet-Otter-7")],
        );
        check(&["-lc", "export DB_PASSWORD=quiet-Otter-7; run"], &[("DB_PASSWORD", "quiet-Otter-7")]);
        check(
            &["mc alias set l http://h a quiet-Otter-7 ;\nmc mb x\n"],
            &[("mc alias set", "quiet-Otter-7")],
        );
    }

    #[test]
    fn what_is_no_password() {
        check(&["app", "--password-file=/run/secrets/x", "--max-tokens", "4096", "--token-review"], &[]);
        check(&["--disable-password-login=false", "--token-lifetime", "12h"], &[]);
        check(&["app", "--password", "--verbose"], &[]);
        check(&["systemctl", "--no-ask-password", "disable-linger"], &[]);
        check(&["either", "--password", "or", "--token", "is", "needed"], &[]);
        check(&["keytool", "-deststorepass:env", "NAME_OF_1"], &[]);
        check(&["x", "-pPassword-77", "orders"], &[]);
        check(&["app", "--tls-key", "/secrets/tls.key"], &[]);
    }
}
