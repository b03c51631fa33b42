//! Logins before a host that have no scheme, and what stands behind one in Java's.

use super::{
    candidate::{Role, secret, telling},
    pairs,
};
use crate::{At, Finder, Text};

/// A login before a host without a scheme: `user:password@tcp(host)/db`, `user/password@//host/service`.
pub(super) fn dsn<'a>(finder: &mut Finder<'a>, at: &At<'_>, text: &Text<'a>) -> bool {
    let whole = text.as_str();
    let Some(end) = whole.rfind('@') else { return false };
    let (before, host) = (whole.get(..end).unwrap_or(""), whole.get(end + 1..).unwrap_or(""));
    // Oracle's: `jdbc:oracle:thin:scott/tiger@...`
    let start = before.find("thin:").map_or(0, |it| it + "thin:".len());
    let login = before.get(start..).unwrap_or("");
    let is_oracle = start > 0 || host.starts_with("//");
    let Some(split) = login.find(if is_oracle { '/' } else { ':' }) else { return false };
    let user = login.get(..split).unwrap_or("");
    let is_word = !user.is_empty() && user.chars().all(|c| c.is_alphanumeric() || "_.-${}".contains(c));
    let is_scheme = matches!(
        user,
        "mailto" | "npm" | "pkg" | "workspace" | "file" | "link" | "git" | "docker" | "sha256"
    );
    let names_port = host.split(['/', '?', ')']).next().and_then(|it| it.rsplit_once(':'));
    let names_port = names_port.is_some_and(|(host, port)| {
        !host.is_empty() && !port.is_empty() && port.bytes().all(|it| it.is_ascii_digit())
    });
    let is_go = host.starts_with("tcp(") || host.starts_with("unix(");
    let is_host = is_oracle || is_go || names_port || (host.contains('/') && !host.starts_with('/'));
    let is_digest = host.starts_with("sha256:") || host.starts_with("sha512:");
    if !is_word
        || is_scheme
        || !is_host
        || is_digest
        || whole.contains(char::is_whitespace)
        || login.contains("://")
    {
        return false;
    }
    secret(finder, at, Role::Connection, &text.slice(start + split + 1..end))
}

/// `jdbc:sqlserver://host;user=x;password=y`.
pub(super) fn properties<'a>(finder: &mut Finder<'a>, at: &At<'_>, text: &Text<'a>) {
    if let Some(start) = text.as_str().find(';')
        && telling_after(text.as_str(), start)
    {
        pairs::pairs(finder, at, &text.slice(start + 1..text.len()), ';');
    }
}

fn telling_after(text: &str, start: usize) -> bool {
    text.get(start..).is_some_and(|it| {
        it.split(';').any(|it| it.split_once('=').is_some_and(|(key, _)| telling(key.trim())))
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::check_value as check;

    #[test]
    fn logins_without_a_scheme() {
        check("app:quiet-Otter-7@tcp(db:3306)/app", &["quiet-Otter-7"]);
        check("app:quiet-Otter-7@tcp(db:3306)/app?parseTime=true", &["quiet-Otter-7"]);
        check("jdbc:oracle:thin:erp/quiet-Otter-7@//ora:1521/x", &["quiet-Otter-7"]);
        check("registry/app:1.2@sha256:0011", &[]);
        check("git@example.net:a/b.git", &[]);
    }
}
