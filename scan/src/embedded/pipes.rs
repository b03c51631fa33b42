//! What one command of a shell hands to another, or writes into a file.

use std::ops::Range;

use super::{
    candidate::{Role, is_port, is_user, literal_of, named, secret, telling},
    interest,
    logins::{logins, password_of, pgpass},
    programs, script,
    shell::{self, Command, Here},
    words,
};
use crate::{At, Finder, Format, Text};

/// What each command of a line tells, and what it hands to the next.
pub(super) fn commands<'a>(finder: &mut Finder<'a>, at: &At<'_>, text: &Text<'a>, line: &shell::Line<'a>) {
    for (index, command) in line.commands.iter().enumerate() {
        let next = command.is_piped.then(|| line.commands.get(index + 1)).flatten();
        let said = said(command);
        if let Some(next) = next {
            input(finder, at, next, &said);
            if is_login_format(command)
                && is_encoder(next)
                && let [_, password] = said.as_slice()
            {
                secret(finder, &at.key("base64"), Role::Password, password);
            }
        }
        if let Some(Here::Word(word)) = &command.here {
            input(finder, at, command, std::slice::from_ref(word));
        }
        if let (Some(target), [content]) = (command.output.as_ref().or_else(|| tee(next?)), said.as_slice()) {
            written_to(finder, at, target, content);
        }
        words::words(finder, at, &command.words);
    }
    for part in &line.substitutions {
        let inner = literal_of(finder, text, part.clone());
        if interest::any(inner.as_str()) {
            finder.document(at, inner, Format::Shell);
        }
    }
}

/// What `echo` and `printf` say.
fn said<'a>(command: &Command<'a>) -> Vec<Text<'a>> {
    let mut words = command.words.iter();
    let program = words.next().map_or("", |it| programs::base(it.as_str()));
    if !matches!(program, "echo" | "printf" | "print") {
        return Vec::new();
    }
    let words = words.filter(|it| !it.as_str().starts_with('-'));
    let mut said: Vec<_> = words.cloned().collect();
    if said.len() > 1 && said.first().is_some_and(|it| it.as_str().contains('%')) {
        said.remove(0);
    }
    said
}

/// `printf '%s:%s'`
fn is_login_format(command: &Command<'_>) -> bool {
    command.words.get(1).is_some_and(|it| it.as_str().starts_with("%s:%s"))
}

fn is_encoder(command: &Command<'_>) -> bool {
    let plain: Vec<&str> = command.words.iter().map(Text::as_str).collect();
    programs::encodes(&plain)
}

/// The password of `user:password`, which is put into base64 for a header.
fn encoded<'a>(finder: &mut Finder<'a>, at: &At<'_>, word: &Text<'a>) {
    let Some(line) = lines_within(word.as_str()).into_iter().next() else { return };
    let line = word.slice(line);
    let Some((user, password)) = line.as_str().split_once(':') else { return };
    if is_user(user)
        && !user.is_empty()
        && !is_port(password)
        && !password.starts_with('/')
        && !password.contains(char::is_whitespace)
        // `sha256:...` is a checksum, `client_id:client_secret` says what stands there.
        && !matches!(user, "sha1" | "sha256" | "sha512" | "md5")
        && !(password.contains('_') && telling(password))
    {
        secret(finder, &at.key("base64"), Role::Password, &line.slice(user.len() + 1..line.len()));
    }
}

/// Words that a command reads as its input.
fn input<'a>(finder: &mut Finder<'a>, at: &At<'_>, command: &Command<'a>, said: &[Text<'a>]) {
    let plain: Vec<&str> = command.words.iter().map(Text::as_str).collect();
    let key = || programs::base(plain.first().copied().unwrap_or("")).to_owned();
    if programs::reads_logins(&plain) {
        let at = at.key("chpasswd");
        for (index, word) in said.iter().enumerate() {
            for part in lines_within(word.as_str()) {
                // `printf '%s:%s' user password`
                if word.as_str().contains(':') {
                    password_of(finder, &at, &word.slice(part));
                } else if index + 1 == said.len() {
                    secret(finder, &at, Role::Password, &word.slice(part));
                }
            }
        }
    } else if plain.iter().any(|it| programs::base(it) == "debconf-set-selections") {
        for word in said {
            for part in lines_within(word.as_str()) {
                let line = word.slice(part);
                let words =
                    line.as_str().split_whitespace().map(|it| script::part_of(&line, it)).collect::<Vec<_>>();
                words::words(finder, at, &words);
            }
        }
    } else if programs::encodes(&plain) {
        said.iter().for_each(|it| encoded(finder, at, it));
    } else if programs::reads_password(&plain) {
        for word in said {
            if let Some(part) = lines_within(word.as_str()).into_iter().next() {
                secret(finder, &at.key(key()), Role::Password, &word.slice(part));
            }
        }
    }
}

/// Lines of a word, whose ends may be written as `\n`.
fn lines_within(word: &str) -> Vec<Range<usize>> {
    let escaped = word.match_indices("\\n").map(|it| it.0..it.0 + 2);
    let real = word.match_indices('\n').map(|it| it.0..it.0 + 1);
    let mut ends: Vec<Range<usize>> = escaped.chain(real).collect();
    ends.sort_by_key(|it| it.start);
    let mut lines = Vec::new();
    let mut start = 0;
    for end in ends.into_iter().chain(std::iter::once(word.len()..word.len())) {
        if end.start > start {
            lines.push(start..end.start);
        }
        start = end.end;
    }
    lines
}

/// Where `| sudo tee -a FILE` writes.
fn tee<'c, 'a>(command: &'c Command<'a>) -> Option<&'c Text<'a>> {
    let at = command.words.iter().position(|it| programs::base(it.as_str()) == "tee")?;
    command.words.get(at + 1..)?.iter().find(|it| !it.as_str().starts_with('-'))
}

/// The lines of `echo "password: x" > app.yml`, by what the file's name says of them. Assignments and flags are read as
/// words wherever they stand.
fn lines_of<'a>(finder: &mut Finder<'a>, at: &At<'_>, name: &str, content: &Text<'a>) {
    let named = Format::by_name(name);
    // A log's or a note's lines only look like settings.
    if named.is_none() && name.contains('.') {
        return;
    }
    for part in lines_within(content.as_str()) {
        let line = content.slice(part);
        let format = named.unwrap_or_else(|| Format::by_text(line.as_str()));
        if matches!(format, Format::Conf | Format::Ini | Format::Properties | Format::Toml | Format::Yaml) {
            finder.document(&at.key(name.to_owned()), line, format);
        }
    }
}

/// `echo x > /run/secrets/db_password`: the file's name tells.
fn written_to<'a>(finder: &mut Finder<'a>, at: &At<'_>, target: &Text<'a>, content: &Text<'a>) {
    let name = programs::base(target.as_str());
    if name.contains("pgpass") {
        pgpass(finder, &at.key("pgpass"), content);
    } else if telling(name) && !content.as_str().contains(['=', ' ', ':']) {
        named(
            finder,
            &at.key(name.to_owned()),
            name.split('.').find(|it| !it.is_empty()).unwrap_or(name),
            false,
            content,
        );
    } else if content.as_str().contains([':', '=', ' ']) && !target.as_str().starts_with("/dev/") {
        lines_of(finder, at, name, content);
    }
}

pub(super) fn here_document<'a>(
    finder: &mut Finder<'a>,
    at: &At<'_>,
    command: &Command<'a>,
    all: &[Command<'a>],
    body: Text<'a>,
) {
    let piped =
        command.is_piped.then(|| all.iter().skip_while(|it| !std::ptr::eq(*it, command)).nth(1)).flatten();
    let reader = piped.unwrap_or(command);
    let plain: Vec<&str> = reader.words.iter().map(Text::as_str).collect();
    if programs::reads_logins(&plain) {
        logins(finder, &at.key("chpasswd"), &body);
        return;
    }
    if programs::reads_password(&plain) {
        let first = body.lines().next().unwrap_or(0..0);
        secret(
            finder,
            &at.key(programs::base(plain.first().copied().unwrap_or("")).to_owned()),
            Role::Password,
            &body.slice(first),
        );
        return;
    }
    let tee = plain.iter().position(|it| programs::base(it) == "tee");
    let target = command.output.as_ref().or(reader.output.as_ref()).map(Text::as_str);
    let target = target.or_else(|| plain.get(tee? + 1..)?.iter().find(|it| !it.starts_with('-')).copied());
    let name = target.map_or("", programs::base).to_owned();
    if name.contains("pgpass") {
        pgpass(finder, &at.key("pgpass"), &body);
        return;
    }
    let program = plain
        .iter()
        .map(|it| programs::base(it))
        .find(|it| programs::is_known(it) && *it != "sudo")
        .unwrap_or("");
    let format = match program {
        _ if !name.is_empty() => Format::of(&name, body.as_str()),
        "bash" | "sh" | "zsh" | "ssh" | "su" => Format::Shell,
        "mysql" | "mariadb" | "psql" | "sqlcmd" | "sqlplus" => Format::Text,
        _ => Format::of("", body.as_str()),
    };
    let at = if name.is_empty() { at.clone() } else { at.key(name) };
    finder.document(&at, body, format);
}

#[cfg(test)]
mod tests {
    use super::super::tests::check_script as check;

    #[test]
    fn pipes_hand_over_passwords() {
        check("echo 'quiet-Otter-7' | sudo -S true", &[("sudo", "quiet-Otter-7")]);
        check("echo 'a:quiet-Otter-7' | sudo chpasswd", &[("chpasswd", "quiet-Otter-7")]);
        check(
            "echo -e 'a:quiet-Otter-7\\nb:loud-Otter-8' | chpasswd",
            &[("chpasswd", "quiet-Otter-7"), ("chpasswd", "loud-Otter-8")],
        );
        check(
            "printf '%s' 'quiet-Otter-7' | docker login -u a --password-stdin",
            &[("docker", "quiet-Otter-7")],
        );
        for script in [
            "echo -n user:quiet-Otter-7 | base64",
            "AUTH=$(printf 'user:quiet-Otter-7' | base64 -w0)",
            "printf '%s' user:quiet-Otter-7 | openssl base64",
            "printf '%s:%s' user quiet-Otter-7 | base64",
            "printf '%s' \"$USER:quiet-Otter-7\\n\" | base64",
            "base64 <<< user:quiet-Otter-7",
        ] {
            check(script, &[("base64", "quiet-Otter-7")]);
        }
        check("echo \"$USER:$PW\" | base64; echo host:8080 | base64; echo http://h/x | base64", &[]);
        check("echo client_id:client_secret | base64; echo sha256:quiet-Otter-7 | base64", &[]);
        check("echo 'a:quiet-Otter-7' | base64 -d", &[]);
        check("chpasswd <<< 'a:quiet-Otter-7'", &[("chpasswd", "quiet-Otter-7")]);
        check("echo $PW | sudo -S true; echo done | tee f", &[]);
        check("echo 'quiet-Otter-7' > /run/secrets/db_password", &[("db_password", "quiet-Otter-7")]);
        check("echo \"password: quiet-Otter-7\" > /etc/a.yml", &[("password", "quiet-Otter-7")]);
        check("echo 'password: quiet-Otter-7' | sudo tee -a /etc/a.yaml", &[("password", "quiet-Otter-7")]);
        check(
            "printf 'db:\\n  password: quiet-Otter-7\\n' > a.yml; echo 'password = loud-Otter-8' >> b.ini",
            &[("password", "quiet-Otter-7"), ("password", "loud-Otter-8")],
        );
        check("echo \"DB_PASSWORD=quiet-Otter-7\" >> a.env", &[("DB_PASSWORD", "quiet-Otter-7")]);
        check("echo \"password: $PW\" > a.yml; echo 'Password: must be set' >&2", &[]);
        check("echo 'password: wrong' > /dev/stderr; echo 'token: done' >> /var/log/x.log", &[]);
        check("ssh h \"echo -e 'quiet-Otter-7' | sudo -S true\"", &[("sudo", "quiet-Otter-7")]);
    }
}
