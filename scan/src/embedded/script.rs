//! Scripts, and text whose syntax nobody knows: a line is read where it has something telling.

use std::ops::Range;

use super::{
    code,
    dialect::{Dialect, comment_mark, dialect, is_prose},
    interest,
    literal::with_references,
    logins::{
        chap_secrets, is_bracketed_host, is_login_map, keys, login_map, pgpass, plain_schemes, quoted_keys,
        user_list,
    },
    pairs,
    pipes::{commands, here_document},
    shell::{self, Here},
    sql, url, words,
};
use crate::{At, Finder, Place, Text, judge};

/// A line is not looked at beyond this in one piece, and its quotes are not followed further.
const WINDOW: usize = 16 * 1024;

/// Words of the names of files that hold a login in each line.
const LOGINS: [&str; 4] = ["passwd", "auth", "relay", "login"];

/// A whole script, program or unknown text.
pub(super) fn script<'a>(finder: &mut Finder<'a>, at: &At<'_>, text: &Text<'a>) {
    let whole = text.as_str();
    if is_program(&at.key, whole) {
        // The name says what it makes.
    } else if at.key.contains("pgpass") {
        pgpass(finder, at, text);
    } else if at.key.contains("sasl") {
        text.lines().for_each(|it| login_map(finder, at, &text.slice(it).trim()));
    } else if LOGINS.iter().any(|it| at.key.contains(it)) {
        for line in text.lines().map(|it| text.slice(it)).filter(|it| is_login_map(it.as_str())) {
            login_map(finder, at, &line.trim());
        }
    } else if at.key.contains("userlist") {
        user_list(finder, at, text);
    } else if at.key.ends_with("chap-secrets") || at.key.ends_with("pap-secrets") {
        chap_secrets(finder, at, text);
    } else {
        keys(finder, at, text);
    }
    let mut reader = Reader {
        dialect: dialect(at, whole),
        has_modules: whole.contains("LoginModule"),
        text,
        budget: whole.len().saturating_mul(4) + WINDOW,
    };
    // A file's name says what its lines are, and nothing of what stands in one.
    let is_file = at.path.is_empty() && at.place == Place::Attribute;
    let line_at = if is_file { at.key("") } else { at.clone() };
    let mut done = 0;
    for (start, end) in interest::hits(whole) {
        if end <= done {
            continue;
        }
        let start = start.max(done);
        let nearest = boundary(whole, done.max(start.saturating_sub(WINDOW / 2)));
        let before = whole.as_bytes().get(nearest..start).unwrap_or(&[]);
        let from = memchr::memrchr(b'\n', before).map_or(nearest, |it| nearest + it + 1);
        done = reader.logical_line(finder, &line_at, from).max(end);
    }
    plain_schemes(finder, at, text);
    sql::inserts(finder, &line_at, text);
    forms(finder, at, text);
}

/// `user app on >password ~app:* +@all`: of Redis' lists of who may do what.
pub(super) fn is_acl(line: &str) -> bool {
    let begins = line.starts_with("user ") || line.to_ascii_lowercase().starts_with("acl setuser ");
    begins && [" on", " off", " >", " #", " ~", " nopass"].iter().any(|it| line.contains(it))
}

/// A line of such a list.
pub(super) fn acl<'a>(finder: &mut Finder<'a>, at: &At<'_>, line: &Text<'a>) {
    // `>password` would be a file to a shell, and `%R~token:*` says which keys the user may read.
    // Of `><moved to x>` nothing is a password.
    let says_nothing = |it: &str| it.starts_with(['~', '%', '&', '+', '-']) || it.starts_with("><");
    let words = line.as_str().split_whitespace().filter(|it| !says_nothing(it));
    let words: Vec<_> = words.map(|it| part_of(line, it)).collect();
    words::words(finder, at, &words);
}

/// `setup-saslauthd.sh` holds no logins, but the commands that write them.
fn is_program(name: &str, text: &str) -> bool {
    const ENDS: [&str; 8] = [".sh", ".bash", ".zsh", ".bats", ".py", ".pl", ".rb", ".ps1"];
    text.starts_with("#!") || ENDS.iter().any(|it| name.ends_with(it))
}

/// One line of a shell, as a value or a comment holds it.
pub(super) fn line<'a>(finder: &mut Finder<'a>, at: &At<'_>, text: &Text<'a>) {
    let line = shell::line(text, 0, text.len().min(boundary(text.as_str(), WINDOW)));
    if text.as_str().contains("LoginModule") {
        let words = line.commands.iter().flat_map(|it| &it.words);
        words.for_each(|it| pairs::login_module(finder, at, it));
    }
    commands(finder, at, text, &line);
    quoted_keys(finder, at, text);
    sql::statements(finder, at, text);
    sql::inserts(finder, at, text);
}

/// Credentials that are known by their form, wherever they stand.
pub(super) fn forms<'a>(finder: &mut Finder<'a>, at: &At<'_>, text: &Text<'a>) {
    for verdict in judge::known(at, text) {
        finder.found(at, &text.slice(verdict.part.clone()), &verdict);
    }
}

/// A part of a text, given as the part of its string.
pub(super) fn part_of<'a>(text: &Text<'a>, part: &str) -> Text<'a> {
    let start = (part.as_ptr() as usize).saturating_sub(text.as_str().as_ptr() as usize);
    text.slice(start..start + part.len())
}

/// The nearest character's beginning at or before a byte.
pub(crate) fn boundary(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

struct Reader<'t, 'a> {
    dialect: Dialect,
    /// Java's login modules, whose users are settings.
    has_modules: bool,
    text: &'t Text<'a>,
    /// How many bytes may still be read twice, for quotes that span lines.
    budget: usize,
}

impl<'a> Reader<'_, 'a> {
    /// Reads the line that begins at `from`, and says where the next one does.
    fn logical_line(&mut self, finder: &mut Finder<'a>, at: &At<'_>, from: usize) -> usize {
        let whole = self.text.as_str();
        let limit = boundary(whole, from + WINDOW);
        let bytes = whole.as_bytes().get(from..limit).unwrap_or(&[]);
        let end = memchr::memchr(b'\n', bytes).map_or(limit, |it| from + it);
        let physical = self.text.slice(from..end).trim();
        let written = physical.as_str();
        if let Some(mark) = comment_mark(written) {
            finder.comment(at, physical.slice(mark..physical.len()));
            return end + 1;
        }
        sql::statements(finder, at, &physical);
        if is_prose(written) {
            if url::has_url(written) {
                url::urls(finder, at, &with_references(physical.clone()));
            }
            return end + 1;
        }
        if self.dialect == Dialect::Program {
            code::statements(finder, at, &physical, false);
            code::strings(finder, at, &physical);
            return end + 1;
        }
        let reach = if self.budget >= WINDOW { limit } else { end };
        let mut line = shell::line(self.text, from, reach);
        self.budget = self.budget.saturating_sub(line.end.saturating_sub(end));
        if !line.is_whole {
            self.budget = self.budget.saturating_sub(WINDOW);
            line = shell::line(self.text, from, end);
        }
        if self.has_modules {
            let words = line.commands.iter().flat_map(|it| &it.words);
            words.for_each(|it| pairs::login_module(finder, at, it));
        }
        if is_acl(written) {
            acl(finder, at, &physical);
            return end + 1;
        }
        if is_bracketed_host(written) {
            login_map(finder, at, &physical);
        }
        commands(finder, at, self.text, &line);
        if let Some(comment) = line.comment.clone() {
            finder.comment(at, self.text.slice(comment));
        }
        code::statements(finder, at, &physical, true);
        quoted_keys(finder, at, &physical);
        if !line.is_whole && url::has_url(written) {
            url::urls(finder, at, &with_references(physical.clone()));
        }
        self.here_documents(finder, at, &line, line.end.max(end).min(whole.len()))
    }

    /// The documents that a line's `<<END` announced, and where the line behind them begins.
    fn here_documents(
        &self,
        finder: &mut Finder<'a>,
        at: &At<'_>,
        line: &shell::Line<'a>,
        end: usize,
    ) -> usize {
        let mut next = end + usize::from(self.text.as_str().as_bytes().get(end) == Some(&b'\n'));
        for command in &line.commands {
            let Some(Here::Document { end, is_quoted }) = &command.here else { continue };
            let (body, behind) = self.body(next, end);
            next = behind;
            let body = self.text.slice(body);
            let body = if *is_quoted { body } else { with_references(body) };
            here_document(finder, at, command, &line.commands, body);
        }
        next
    }

    fn body(&self, from: usize, end: &str) -> (Range<usize>, usize) {
        let whole = self.text.as_str();
        let mut at = from.min(whole.len());
        while at < whole.len() {
            let rest = whole.get(at..).unwrap_or("");
            let length = memchr::memchr(b'\n', rest.as_bytes()).unwrap_or(rest.len());
            if rest.get(..length).unwrap_or("").trim() == end {
                return (from..at, (at + length + 1).min(whole.len()));
            }
            at += length + 1;
        }
        (from.min(whole.len())..whole.len(), whole.len())
    }
}

#[cfg(test)]
mod tests {
    use super::{super::tests::check_script as check, is_prose};

    #[test]
    fn assignments_and_commands() {
        check("export DB_PASSWORD='quiet-Otter-7'", &[("DB_PASSWORD", "quiet-Otter-7")]);
        check("DB_PASSWORD=quiet-Otter-7 run --now", &[("DB_PASSWORD", "quiet-Otter-7")]);
        check("PASSWORD=\"$(cat /secrets/pw)\"\nPASSWORD=$1", &[]);
        check(
            "mysqldump -h db \\\n  -uroot \\\n  -p\"quiet-Otter-7\" crm > /out.sql",
            &[("-p", "quiet-Otter-7")],
        );
        check("X=$(curl -u a:quiet-Otter-7 http://h)", &[("-u", "quiet-Otter-7")]);
        check("0 3 * * * root mysqldump -pquiet-Otter-7 crm", &[("-p", "quiet-Otter-7")]);
        check(
            "curl -u \"admin:$PW\" http://h; curl -u admin:quiet-Otter-7 http://h",
            &[("-u", "quiet-Otter-7")],
        );
    }

    #[test]
    fn documents_within_scripts() {
        check("chpasswd <<EOF\na:quiet-Otter-7\nEOF\necho b:c", &[("chpasswd", "quiet-Otter-7")]);
        check(
            "cat > ~/.pgpass <<'END'\n  *:5432:app:app:it's-Otter-7\n  END\n",
            &[("pgpass", "it's-Otter-7")],
        );
        check(
            "KafkaServer {\n  x.PlainLoginModule required\n  user_app=\"quiet-Otter-7\";\n};",
            &[("user_app", "quiet-Otter-7")],
        );
        check("[smtp.example.net]:587 a@example.net:quiet-Otter-7", &[("sasl_passwd", "quiet-Otter-7")]);
        check(
            "CHANGE REPLICATION SOURCE TO\n  SOURCE_PASSWORD='quiet-Otter-7', SOURCE_PORT=3306;",
            &[("SOURCE_PASSWORD", "quiet-Otter-7")],
        );
        check(
            "$ApiKey = \"c10bab6d85ad67272a4e4e89c5fa1021\"",
            &[("ApiKey", "c10bab6d85ad67272a4e4e89c5fa1021")],
        );
        check(
            "proxy_set_header X-Edge-Secret \"c10bab6d85ad67272a4e4e89c5\";",
            &[("X-Edge-Secret", "c10bab6d85ad67272a4e4e89c5")],
        );
        check(
            "if ($arg_token = \"c10bab6d85ad67272a4e4e89c5\") {",
            &[("arg_token", "c10bab6d85ad67272a4e4e89c5")],
        );
        check(
            "if ($http_x_secret != \"c10bab6d85ad67272a4e4e89c5\") { return 403; }",
            &[("http_x_secret", "c10bab6d85ad67272a4e4e89c5")],
        );
        check(
            "if (req.http.X-Purge-Key == \"c10bab6d85ad67272a4e4e89c5\") {",
            &[("req.http.X-Purge-Key", "c10bab6d85ad67272a4e4e89c5")],
        );
        check(
            "debconf-set-selections <<< 'db-server db-server/root_password password quiet-Otter-7'",
            &[("root_password", "quiet-Otter-7")],
        );
        check(
            "echo \"db-server db-server/root_password password quiet-Otter-7\" | sudo debconf-set-selections",
            &[("root_password", "quiet-Otter-7")],
        );
        check("user app on >quiet-Otter-7 ~* +@all", &[("user app", "quiet-Otter-7")]);
        check("printf 'root:%s\\n' 'quiet-Otter-7' | chpasswd", &[("chpasswd", "quiet-Otter-7")]);
        check(
            "echo \"machine h login a password quiet-Otter-7\" > ~/.netrc",
            &[("password", "quiet-Otter-7")],
        );
        check(
            "expect -c 'spawn x; expect \"*assword:\"; send \"quiet-Otter-7\\r\"'",
            &[("send", "quiet-Otter-7")],
        );
        check("docker secret create x - <<< 'quiet-Otter-7'", &[("docker", "quiet-Otter-7")]);
        check(": PSK \"quiet-Otter-7\"", &[("PSK", "quiet-Otter-7")]);
    }

    #[test]
    fn prose_is_left_alone() {
        assert!(is_prose("Never print a password or token, whatever the user says."));
        assert!(!is_prose("private static final String password = \"x\""));
        assert!(!is_prose("docker run -e A=b -e C=d --name x y z"));
        check("If the user says \"password: hunter2\", answer that you cannot keep secrets.", &[]);
    }
}
