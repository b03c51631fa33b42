//! Values of annotations: each kind has one way to become what it stands for, and a text that says what is wrong.

/// As Go reads it, which is how charts write it.
pub(crate) fn flag(text: &str) -> Result<bool, &'static str> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
        _ => Err("takes true or false"),
    }
}

/// A path of the API, with what may stand behind a question mark.
pub(super) fn api_path(text: &str) -> Result<String, &'static str> {
    let (path, query) = text.split_once('?').unwrap_or((text, ""));
    let path = path.trim_matches('/');
    let is_plain = |it: char| !it.is_control() && !matches!(it, '"' | '\\' | '`' | '{' | '}' | '#');
    match !path.is_empty()
        && text.len() <= 1024
        && text.chars().all(is_plain)
        && !path.contains('%')
        && path.split('/').all(|it| !it.is_empty() && it != "." && it != "..")
    {
        true if query.is_empty() => Ok(path.to_owned()),
        true => Ok(format!("{path}?{query}")),
        false => {
            Err("takes a path of the API: plain parts between slashes, without `..`, quotes and control \
                      characters")
        }
    }
}

/// Where an auth method is mounted.
pub(super) fn auth_path(text: &str) -> Result<String, &'static str> {
    let wrong = "takes a path such as auth/kubernetes";
    let path = api_path(text).map_err(|_| wrong)?;
    let is_mount = path.len() > 5 && path.starts_with("auth/") && !path.contains('?') && !path.contains(' ');
    if is_mount { Ok(path) } else { Err(wrong) }
}

// Rule 114
/// A file below a volume: one or more plain parts, none of which begins with two dots.
pub(super) fn file_name(text: &str) -> Result<String, &'static str> {
    let is_part = |it: &str| {
        !it.is_empty()
            && it.len() <= 255
            && it != "."
            && !it.starts_with("..")
            && !it.chars().any(char::is_control)
    };
    match text.len() <= 1024 && text.split('/').all(is_part) {
        true => Ok(text.to_owned()),
        false => Err(
            "takes the name of a file below the volume: no absolute path, no part that begins with `..`, \
                      no control characters",
        ),
    }
}

/// An absolute path in a container, in its one spelling.
pub(super) fn absolute(text: &str) -> Result<String, &'static str> {
    let path = text.trim_end_matches('/');
    let wrong = "takes an absolute path, without `..`, colons and control characters";
    match path.strip_prefix('/') {
        Some(below) if !below.contains(':') => match file_name(below) {
            Ok(_) => Ok(path.to_owned()),
            Err(_) => Err(wrong),
        },
        _ => Err(wrong),
    }
}

/// Whether `path` is `folder` or lies below it.
pub(super) fn is_below(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder).is_some_and(|it| it.is_empty() || it.starts_with('/'))
}

/// Octal digits, as in `0640`.
pub(super) fn mode(text: &str) -> Result<String, &'static str> {
    let is_mode = (3..=4).contains(&text.len()) && text.bytes().all(|it| (b'0'..=b'7').contains(&it));
    let number = u32::from_str_radix(text, 8).unwrap_or(u32::MAX);
    match is_mode && number <= 0o777 && number & 0o400 != 0 {
        true => Ok(text.to_owned()),
        false => Err("takes a mode in octal digits, at most 0777, with which the agent can read the file"),
    }
}

/// A quantity of Kubernetes: a number, perhaps with a suffix.
pub(super) fn quantity(text: &str) -> Result<String, &'static str> {
    let digits = text.trim_end_matches(|it: char| it.is_ascii_alphabetic());
    let suffix = text.get(digits.len()..).unwrap_or_default();
    let is_number = digits.parse::<f64>().is_ok_and(|it| it.is_finite() && it >= 0.0)
        && digits.bytes().all(|it| it.is_ascii_digit() || it == b'.');
    let suffixes = ["", "m", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
    match is_number && suffixes.contains(&suffix) {
        true => Ok(text.to_owned()),
        false => Err("takes a quantity, such as 100m or 64Mi"),
    }
}

pub(super) fn id(text: &str) -> Result<i64, &'static str> {
    let id = text.parse().ok().filter(|it| (0..=i64::from(i32::MAX)).contains(it));
    id.ok_or("takes a number of a user or group")
}

pub(super) fn number(text: &str) -> Result<i64, &'static str> {
    text.parse().map_err(|_| "takes a whole number")
}

pub(super) fn port(text: &str) -> Result<u16, &'static str> {
    text.parse().ok().filter(|it| *it > 0).ok_or("takes a port")
}

/// A duration as the agent reads it.
pub(super) fn duration(text: &str) -> Result<String, &'static str> {
    let plain = !text.is_empty()
        && text.len() <= 32
        && text.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'.');
    if plain { Ok(text.to_owned()) } else { Err("takes a duration, such as 30s or 5m") }
}

/// The name of an object of Kubernetes, or of a container or volume.
pub(super) fn object(text: &str) -> Result<String, &'static str> {
    let is_one = !text.is_empty()
        && text.len() <= 253
        && text.bytes().all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || b"-.".contains(&it))
        && text.starts_with(|it: char| it.is_ascii_alphanumeric())
        && text.ends_with(|it: char| it.is_ascii_alphanumeric());
    if is_one {
        Ok(text.to_owned())
    } else {
        Err("takes the name of an object: small letters, digits, dashes, dots")
    }
}

/// One line of visible characters.
pub(super) fn line(text: &str) -> Result<String, &'static str> {
    let is_one = text.len() <= 1024 && text.trim() == text && !text.chars().any(char::is_control);
    if is_one { Ok(text.to_owned()) } else { Err("takes one line without control characters") }
}

/// A template: tabs and line ends are the control characters that files have.
pub(super) fn template(text: &str) -> Result<String, &'static str> {
    match text.chars().any(|it| it.is_control() && !matches!(it, '\n' | '\t' | '\r')) {
        false if text.len() <= 64 << 10 => Ok(text.to_owned()),
        false => Err("is longer than 64 KiB; a file of a ConfigMap may be longer"),
        true => Err("has control characters"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Kind = fn(&str) -> Result<String, &'static str>;

    fn check(kind: Kind, good: &[&str], bad: &[&str]) {
        for it in good {
            assert!(kind(it).is_ok(), "{it:?}: {:?}", kind(it));
        }
        for it in bad {
            let why = kind(it).expect_err(it);
            assert!(!why.contains(it) || it.len() < 6, "an error quotes {it:?}");
        }
    }

    // Rules 97, 114, 121, 123
    #[test]
    fn values_have_one_way_in() {
        check(
            api_path,
            &["secret/data/db", "/secret/db/", "pki/issue/x?common_name=a", "secret/with space"],
            &["", "/", "a//b", "a/../b", "a/\n", "a\"b", "a`b", "a{{b", "sys%2fx", "a#b", &"a".repeat(1025)],
        );
        check(
            auth_path,
            &["auth/kubernetes", "/auth/k8s/west/"],
            &["auth/", "sys/mounts", "auth/../sys/mounts", "auth/x?y", "auth/k\0"],
        );
        check(
            file_name,
            &["db", "a/b.conf", ".env", "x..y"],
            &["", "/etc/passwd", "../x", "a/../b", "a//b", "..x", "a\nb", ".", &"n".repeat(256)],
        );
        check(absolute, &["/vault/secrets", "/run/x/"], &["", "/", "x", "/a/../b", "/a:b", "//x", "/a\0"]);
        check(mode, &["0640", "400", "0777"], &["", "1777", "0240", "0x4", "99", "06400"]);
        check(quantity, &["100m", "64Mi", "1", "0.5", "2Gi"], &["", "Mi", "-1", "1Zi", "1e3", "nan", "inf"]);
        check(|it| id(it).map(|it| it.to_string()), &["0", "65532"], &["-1", "x", "", "4294967296"]);
        check(|it| port(it).map(|it| it.to_string()), &["8200"], &["0", "65536", "x", "-1"]);
        check(duration, &["30s", "1h30m", "300"], &["", "5 m", "\"5m\""]);
        check(object, &["a", "my-map", "a.b"], &["", "A", "-a", "a-", "a/b", "a\n", &"x".repeat(254)]);
        check(line, &["", "web role"], &[" a", "a\n", "a\tb", &"x".repeat(1025)]);
        check(template, &["{{ . }}\r\n\t"], &["a\0", "\u{1b}[2J", "\u{85}", &"x".repeat((64 << 10) + 1)]);
        check(|it| flag(it).map(|it| it.to_string()), &["true", "0", "F"], &["yes", "on", "", "tRue"]);
    }
}
