//! What a function is handed: `mysqli_connect(host, user, password)`, and other places in a row.

use std::{ops::Range, sync::LazyLock};

use memchr::memmem;

use super::{
    candidate::{Role, secret},
    code::name_around,
    literal::{MAX_STRING, decoded, string},
    url::is_example,
};
use crate::{At, Finder, Text, needles::Needles};

/// Functions that are handed a password, and as which argument.
const CALLS: [(&str, usize); 43] = [
    ("jwt.sign", 2),
    ("jwt.verify", 2),
    ("mysqli_connect", 3),
    ("mysqli_real_connect", 4),
    ("mysql_connect", 3),
    ("mysql_pconnect", 3),
    ("new mysqli", 3),
    ("new PDO", 3),
    ("oci_connect", 2),
    ("odbc_connect", 3),
    ("ftp_login", 3),
    ("ldap_bind", 3),
    ("imap_open", 3),
    ("ssh2_auth_password", 3),
    ("MySQLdb.connect", 3),
    ("pymysql.connect", 3),
    ("simple_bind_s", 2),
    ("HTTPBasicAuth", 2),
    ("HTTPDigestAuth", 2),
    ("BasicAuth", 2),
    ("basic_auth", 2),
    ("basicAuth", 2),
    ("setBasicAuth", 2),
    ("SetBasicAuth", 2),
    ("DriverManager.getConnection", 3),
    ("getConnection", 3),
    ("NetworkCredential", 2),
    ("UsernamePasswordCredentials", 2),
    ("PasswordAuthentication", 2),
    ("PasswordCredentials", 2),
    ("setPassword", 1),
    ("withPassword", 1),
    ("set_password", 1),
    ("set_authtok", 1),
    ("PlainAuthProvider", 2),
    (".login", 2),
    (".auth", 2),
    // Redis' of Lua.
    (":auth", 1),
    ("changeUserPassword", 2),
    ("createCredential", 2),
    ("createAccount", 2),
    ("s3", 3),
    ("sasl_login", 2),
];

/// `auth=("user", "password")`, `auth: ["user", "password"]`.
fn auth_pairs<'a>(finder: &mut Finder<'a>, at: &At<'_>, line: &Text<'a>) {
    let whole = line.as_str();
    static WORD: LazyLock<memmem::Finder<'static>> = LazyLock::new(|| memmem::Finder::new("auth"));
    for start in WORD.find_iter(whole.as_bytes()) {
        let rest = whole.get(start + 4..).unwrap_or("");
        let open = rest.trim_start_matches(['"', '\'', ' ', ':', '=', '>']);
        if open.len() == rest.len() || rest.len() - open.len() > 6 || !open.starts_with(['(', '[', '{']) {
            continue;
        }
        let open = whole.len() - open.len() + 1;
        if let Some(literal) = argument(whole, open, 2)
            && !is_documented(whole, open, 2, &literal)
        {
            let quote = whole.as_bytes().get(literal.start - 1).copied().unwrap_or(b'"');
            secret(finder, &at.key("auth"), Role::Password, &decoded(line, literal, quote));
        }
    }
}

/// Erlang's `{name, {"user", "password"}}`.
fn tuples<'a>(finder: &mut Finder<'a>, at: &At<'_>, line: &Text<'a>) {
    let whole = line.as_str();
    static BEGINS: LazyLock<memmem::Finder<'static>> = LazyLock::new(|| memmem::Finder::new(", {\""));
    for start in BEGINS.find_iter(whole.as_bytes()) {
        let name = name_around(whole, start, start);
        let names_login = ["auth", "cred", "login", "user", "bind"]
            .iter()
            .any(|it| whole.get(name.clone()).unwrap_or("").contains(it));
        let Some(user) = string(whole, start + 3, b'"').filter(|_| names_login) else { continue };
        let behind = whole.get(user.end + 1..).unwrap_or("");
        let Some(rest) = behind.trim_start().strip_prefix(',') else { continue };
        let open = whole.len() - rest.trim_start().len();
        if let Some(password) =
            string(whole, open, b'"').filter(|it| !it.is_empty() && whole.as_bytes().get(open) == Some(&b'"'))
        {
            let key = whole.get(name).unwrap_or("").to_owned();
            secret(finder, &at.key(key), Role::Password, &decoded(line, password, b'"'));
        }
    }
}

static FUNCTIONS: LazyLock<Needles> = LazyLock::new(|| Needles::exact(CALLS.iter().map(|it| it.0)));

/// The passwords among the arguments of a line's calls.
pub(super) fn calls<'a>(finder: &mut Finder<'a>, at: &At<'_>, line: &Text<'a>) {
    functions(finder, at, line);
    tuples(finder, at, line);
    auth_pairs(finder, at, line);
}

fn functions<'a>(finder: &mut Finder<'a>, at: &At<'_>, line: &Text<'a>) {
    let whole = line.as_str();
    if memchr::memchr(b'(', whole.as_bytes()).is_none() {
        return;
    }
    for call in FUNCTIONS.all(whole) {
        let Some((function, place)) = CALLS.get(call.word) else { continue };
        let before = whole.get(..call.start).and_then(|it| it.chars().next_back());
        let is_name =
            function.starts_with(['.', ':']) || before.is_none_or(|it| !it.is_alphanumeric() && it != '_');
        let behind = whole.get(call.end..).unwrap_or("").trim_start();
        if !is_name || !behind.starts_with('(') {
            continue;
        }
        let open = whole.len() - behind.len() + 1;
        if let Some(literal) = argument(whole, open, *place)
            && !is_documented(whole, open, *place, &literal)
        {
            let quote = whole.as_bytes().get(literal.start - 1).copied().unwrap_or(b'"');
            let key = function.trim_start_matches("new ").trim_start_matches(['.', ':']);
            secret(finder, &at.key(key), Role::Password, &decoded(line, literal, quote));
        }
    }
}

/// `("user", "password")`, the words of a documented example.
fn is_documented(text: &str, from: usize, place: usize, password: &Range<usize>) -> bool {
    let user = argument(text, from, place - 1).and_then(|it| text.get(it)).unwrap_or("");
    text.get(password.clone()).is_some_and(|it| is_example(user, it))
}

/// The argument at this place, if it is a string and nothing else.
fn argument(text: &str, from: usize, place: usize) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    let bytes = bytes.get(..bytes.len().min(from + MAX_STRING))?;
    let (mut at, mut number, mut depth) = (from, 1, 0_usize);
    let mut literal = None;
    let mut is_alone = true;
    loop {
        match bytes.get(at)? {
            quote @ (b'"' | b'\'' | b'`') => {
                let found = string(text, at, *quote)?;
                at = found.end;
                if number == place && depth == 0 {
                    is_alone &= literal.is_none();
                    literal = Some(found);
                }
            }
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' if depth > 0 => depth -= 1,
            end @ (b',' | b')' | b']' | b'}') if depth == 0 => {
                if number == place {
                    return literal.filter(|it| is_alone && !it.is_empty());
                }
                if *end != b',' {
                    return None;
                }
                number += 1;
            }
            it if number == place && !it.is_ascii_whitespace() => is_alone = false,
            _ => {}
        }
        at += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::check_program as check;

    #[test]
    fn arguments_of_functions() {
        check(
            "$l = mysqli_connect(\"h\", \"root\", \"quiet-Otter-7\", \"db\");",
            &[("mysqli_connect", "quiet-Otter-7")],
        );
        check("new PDO(\"mysql:host=db\", \"u\", getenv(\"DB_PASSWORD\"));", &[]);
        check("r.get(url, auth=HTTPBasicAuth('a', 'quiet-Otter-7'))", &[("HTTPBasicAuth", "quiet-Otter-7")]);
        check("get(url, auth=(\"api\", \"quiet-Otter-7\"))", &[("auth", "quiet-Otter-7")]);
        check("client.login(user, \"quiet-\" + suffix)", &[]);
    }
}
