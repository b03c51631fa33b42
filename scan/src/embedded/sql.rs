//! Passwords in SQL: `IDENTIFIED BY '...'`, `PASSWORD '...'`.

use std::{ops::Range, sync::LazyLock};

use memchr::memmem;

use super::candidate::{Role, secret, telling};
use crate::{At, Decoder, Finder, Layer, Text};

/// Words that stand between the keyword and the password.
const BETWEEN: [&str; 10] = ["with", "via", "or", "by", "as", "password", "values", "n", "to", "using"];

/// Words that make a line SQL, where `password 'x'` may be anything else.
const STATEMENTS: [&str; 15] = [
    "create ",
    "alter ",
    "grant ",
    "set password",
    " role ",
    " user ",
    "(user ",
    " login ",
    "mapping",
    "options",
    "encrypted",
    "connection ",
    "subscription",
    "mysql.user",
    "mysql.global_priv",
];

static KEYWORDS: LazyLock<[memmem::Finder<'static>; 4]> = LazyLock::new(|| {
    [b"dentified".as_slice(), b"DENTIFIED", b"assword", b"ASSWORD"].map(memmem::Finder::new)
});

/// The passwords in a line, or in a whole statement.
pub(super) fn statements<'a>(finder: &mut Finder<'a>, at: &At<'_>, text: &Text<'a>) {
    let written = text.as_str();
    if !KEYWORDS.iter().any(|it| it.find(written.as_bytes()).is_some()) {
        return;
    }
    let lower = written.to_ascii_lowercase();
    let is_statement = STATEMENTS.iter().any(|it| lower.contains(it));
    for (keyword, name) in [("identified", "IDENTIFIED BY"), ("password", "PASSWORD")] {
        if keyword == "password" && !is_statement {
            continue;
        }
        for start in memmem::find_iter(lower.as_bytes(), keyword.as_bytes()) {
            let before =
                start.checked_sub(1).and_then(|it| lower.as_bytes().get(it)).copied().unwrap_or(b' ');
            if before.is_ascii_alphanumeric() || b"_-$\"'.:{".contains(&before) {
                continue;
            }
            if let Some(literal) = literal_behind(&lower, start + keyword.len()) {
                secret(finder, &at.key(name), Role::Password, &unquoted(text, literal));
            }
        }
    }
}

/// Rows of an `INSERT` are not followed further.
const MAX_INSERT: usize = 16 * 1024;

/// `INSERT INTO users (name, password) VALUES ('ops', 'x')`: a string in a column whose name tells.
pub(super) fn inserts<'a>(finder: &mut Finder<'a>, at: &At<'_>, text: &Text<'a>) {
    let whole = text.as_str();
    for keyword in ["INSERT INTO", "insert into", "REPLACE INTO", "replace into"] {
        for start in memmem::find_iter(whole.as_bytes(), keyword) {
            insert(finder, at, text, start + keyword.len());
        }
    }
}

fn insert<'a>(finder: &mut Finder<'a>, at: &At<'_>, text: &Text<'a>, from: usize) -> Option<()> {
    let whole = text.as_str();
    let bytes = whole.as_bytes().get(..whole.len().min(from + MAX_INSERT))?;
    let open = from + bytes.get(from..)?.iter().position(|it| matches!(it, b'(' | b';'))?;
    let close = open + bytes.get(open..)?.iter().position(|it| *it == b')')?;
    let names = whole.get(open + 1..close)?.split(',');
    let names: Vec<&str> =
        names.map(|it| it.trim_matches(|c: char| !c.is_alphanumeric() && c != '_')).collect();
    if !names.iter().any(|it| telling(it)) {
        return None;
    }
    let values = whole.get(close + 1..)?.trim_start();
    let mut next = whole.len() - values.get("VALUES".len()..)?.len();
    values.get(.."VALUES".len()).filter(|it| it.eq_ignore_ascii_case("VALUES"))?;
    loop {
        next += bytes.get(next..)?.iter().take_while(|it| it.is_ascii_whitespace() || **it == b',').count();
        if bytes.get(next) != Some(&b'(') {
            return None;
        }
        next = row(finder, at, text, bytes, next + 1, &names)?;
    }
}

/// The values of one row; gives where the next may begin.
fn row<'a>(
    finder: &mut Finder<'a>,
    at: &At<'_>,
    text: &Text<'a>,
    bytes: &[u8],
    from: usize,
    names: &[&str],
) -> Option<usize> {
    let (mut place, mut column, mut depth) = (from, 0, 0_usize);
    loop {
        match bytes.get(place)? {
            b'\'' => {
                // An empty one is two quotes.
                let Some(literal) = string(bytes, place, b'\'') else {
                    place += if bytes.get(place + 1) == Some(&b'\'') { 2 } else { 1 };
                    continue;
                };
                place = literal.end;
                if let Some(name) = names.get(column).filter(|it| depth == 0 && telling(it)) {
                    finder.value(&at.key((*name).to_owned()), unquoted(text, literal));
                }
            }
            b'(' => depth += 1,
            b')' if depth == 0 => return Some(place + 1),
            b')' => depth -= 1,
            b',' if depth == 0 => column += 1,
            b';' if depth == 0 => return None,
            _ => {}
        }
        place += 1;
    }
}

/// The string behind a keyword, without its quotes.
fn literal_behind(lower: &str, from: usize) -> Option<Range<usize>> {
    let bytes = lower.as_bytes();
    let mut at = from;
    let (mut plugin, mut foreign) = (false, false);
    for _ in 0..8 {
        let rest = lower.get(at..)?;
        at +=
            rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_whitespace() || "=(".contains(c)).len();
        match bytes.get(at)? {
            quote @ (b'\'' | b'"') => {
                let literal = string(bytes, at, *quote)?;
                if !plugin {
                    // `CONCAT("... PASSWORD(", QUOTE(@x), ")")`: between two strings of a statement that is put together.
                    let is_between = lower.get(literal.clone()).is_some_and(|it| it.starts_with(", quote("));
                    return Some(literal).filter(|_| !foreign && !is_between);
                }
                plugin = false;
                at = literal.end + 1;
                foreign = asks_elsewhere(lower.get(literal)?);
            }
            it if it.is_ascii_alphabetic() => {
                let rest = lower.get(at..)?;
                let length = rest.bytes().take_while(|it| it.is_ascii_alphanumeric() || *it == b'_').count();
                let word = rest.get(..length)?;
                // `SET PASSWORD FOR 'app'@'%' = 'x'`: whose it is stands before it.
                if word == "for" {
                    at += behind_user(rest)?;
                    continue;
                }
                // The word behind WITH names a plugin.
                if !BETWEEN.contains(&word) && !plugin {
                    return None;
                }
                if plugin {
                    foreign = asks_elsewhere(word);
                }
                plugin = matches!(word, "with" | "via" | "or");
                at += length;
            }
            _ => return None,
        }
    }
    None
}

/// Plugins that leave the login to another service, and take the name that it has there.
fn asks_elsewhere(plugin: &str) -> bool {
    ["pam", "ldap", "socket", "gssapi", "kerberos", "windows", "named_pipe"]
        .iter()
        .any(|it| plugin.contains(it))
}

/// Where the name of a user ends that begins with FOR.
fn behind_user(text: &str) -> Option<usize> {
    let line = text.split([';', '\n']).next()?;
    [" to ", "="].iter().filter_map(|it| line.find(it).map(|at| at + it.len())).min()
}

/// The string that begins with the quote at `at`, a doubled quote being one of its characters.
fn string(bytes: &[u8], at: usize, quote: u8) -> Option<Range<usize>> {
    let mut end = at + 1;
    loop {
        match bytes.get(end)? {
            b'\\' => end += 2,
            it if *it == quote && bytes.get(end + 1) == Some(&quote) => end += 2,
            it if *it == quote => return (end > at + 1).then_some(at + 1..end),
            b'\n' => return None,
            _ => end += 1,
        }
    }
}

fn unquoted<'a>(text: &Text<'a>, literal: Range<usize>) -> Text<'a> {
    let inner = text.slice(literal);
    let written = inner.as_str();
    if !written.contains("''") {
        return inner.within(Layer::Sql);
    }
    let mut out = Decoder::new(&inner, Layer::Sql);
    let mut at = 0;
    for doubled in memmem::find_iter(written.as_bytes(), b"''") {
        out.keep(at..doubled);
        out.put("'", doubled..doubled + 2);
        at = doubled + 2;
    }
    out.keep(at..written.len());
    out.finish()
}

#[cfg(test)]
mod tests {
    use super::super::tests::check_script as check;

    #[test]
    fn rows_of_a_table() {
        check(
            "INSERT INTO users (id, name, password) VALUES\n  (1, 'a', 'quiet-Otter-7'),\n  (now(), 'b, c', 'loud-Otter-8');",
            &[("password", "quiet-Otter-7"), ("password", "loud-Otter-8")],
        );
        check(
            "insert into users (`name`, `api_token`) values ('', 'c10bab6d85ad67272a4e');",
            &[("api_token", "c10bab6d85ad67272a4e")],
        );
        check("INSERT INTO users (name, password) VALUES ('a', NULL), ('b', crypt('x', 'y'));", &[]);
        check("INSERT INTO users (name, mail) VALUES ('a', 'quiet-Otter-7');", &[]);
    }

    #[test]
    fn users_and_roles() {
        check("CREATE ROLE app LOGIN PASSWORD 'ivory''Loom-7';", &[("PASSWORD", "ivory''Loom-7")]);
        check("create user a with encrypted password 'quiet-Otter-7';", &[("PASSWORD", "quiet-Otter-7")]);
        check("CREATE USER 'a'@'%' IDENTIFIED BY 'quiet-Otter-7';", &[("IDENTIFIED BY", "quiet-Otter-7")]);
        check(
            "ALTER USER a IDENTIFIED WITH mysql_native_password BY 'quiet-Otter-7';",
            &[("IDENTIFIED BY", "quiet-Otter-7")],
        );
        check(
            "CREATE USER a IDENTIFIED WITH 'mysql_native_password' BY 'quiet-Otter-7';",
            &[("IDENTIFIED BY", "quiet-Otter-7")],
        );
        check(
            "  IDENTIFIED VIA unix_socket OR mysql_native_password USING PASSWORD('quiet-Otter-7');",
            &[("IDENTIFIED BY", "quiet-Otter-7")],
        );
        check("CREATE USER a IDENTIFIED WITH 'auth_socket';", &[]);
        check("CREATE USER a IDENTIFIED WITH 'authentication_pam' AS 'mysql, root=ops';", &[]);
        check("CONCAT(\"CREATE USER a USING PASSWORD(\", QUOTE(@pass), \") WITH x\")", &[]);
        check("CREATE USER a IDENTIFIED VIA pam USING 'mariadb-7x';", &[]);
        check("-- set password for the user to 'quiet-Otter-7'", &[("PASSWORD", "quiet-Otter-7")]);
        check("SET PASSWORD FOR app = 'quiet-Otter-7';", &[("PASSWORD", "quiet-Otter-7")]);
        check("SET PASSWORD FOR 'app'@'%' TO 'quiet-Otter-7';", &[("PASSWORD", "quiet-Otter-7")]);
        check("SET PASSWORD = 'quiet-Otter-7';", &[("PASSWORD", "quiet-Otter-7")]);
        check("SET PASSWORD FOR 'app'@'%'; SELECT 'quiet-Otter-7';", &[]);
        check(
            "UPDATE mysql.user SET authentication_string = PASSWORD('quiet-Otter-7') WHERE User = 'root';",
            &[("PASSWORD", "quiet-Otter-7")],
        );
        check("CREATE LOGIN a WITH PASSWORD = N'quiet-Otter-7';", &[("PASSWORD", "quiet-Otter-7")]);
        check("SET PASSWORD FOR 'a'@'h' = PASSWORD('quiet-Otter-7');", &[("PASSWORD", "quiet-Otter-7")]);
        check("psql -c \"ALTER USER a PASSWORD 'quiet-Otter-7'\"", &[("PASSWORD", "quiet-Otter-7")]);
        check("mysql -e \"GRANT ALL ON x TO a IDENTIFIED BY '$PASSWORD'\"", &[]);
    }
}
