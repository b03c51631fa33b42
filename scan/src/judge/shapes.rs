//! Values that are something else than a secret, whatever their name says: a path, an address, a time, a name.

use super::{
    names,
    path::{has_extension, is_path},
    pattern::is_pattern,
    strength,
};
use crate::{Kind, needles::begins_with};

/// Names of ways to hash, sign, encrypt and log in.
const ALGORITHMS: [&str; 68] = [
    "bcrypt",
    "scrypt",
    "argon2",
    "argon2i",
    "argon2d",
    "argon2id",
    "pbkdf2",
    "md5",
    "sha1",
    "sha256",
    "sha384",
    "sha512",
    "sha-1",
    "sha-256",
    "sha-512",
    "sha224",
    "sha3",
    "blake2b",
    "blake3",
    "crypt",
    "plaintext",
    "noop",
    "ssha",
    "hs256",
    "hs384",
    "hs512",
    "rs256",
    "rs384",
    "rs512",
    "es256",
    "es384",
    "es512",
    "ps256",
    "eddsa",
    "rsa",
    "ecdsa",
    "ed25519",
    "dsa",
    "ecdh",
    "x25519",
    "curve25519",
    "aes",
    "aes128",
    "aes192",
    "aes256",
    "aes-128-gcm",
    "aes-256-gcm",
    "aes-128-cbc",
    "aes-256-cbc",
    "aes128-gcm",
    "aes256-gcm",
    "chacha20",
    "chacha20-poly1305",
    "scram-sha-1",
    "scram-sha-256",
    "scram-sha-512",
    "hmac-sha1",
    "hmac-sha256",
    "hmac-sha512",
    "oauthbearer",
    "client_secret_basic",
    "client_secret_post",
    "client_secret_jwt",
    "private_key_jwt",
    "authorization_code",
    "client_credentials",
    "urlencoded",
    "base64",
];

/// Where the values of programs come from.
const ROOTS: [&str; 30] = [
    "var.",
    "local.",
    "data.",
    "module.",
    "each.",
    "self.",
    "this.",
    "env.",
    "process.",
    "os.",
    "sys.",
    "config.",
    "settings.",
    "secrets.",
    "vars.",
    "inputs.",
    "outputs.",
    "params.",
    "steps.",
    "github.",
    "ctx.",
    "app.config",
    "Rails.",
    "ENV[",
    "ENV.",
    "System.",
    "Environment.",
    "path.",
    "ephemeral.",
    "resource.",
];

/// Anything that is a thing of its own and no secret.
pub(super) fn is_something_else(text: &str) -> bool {
    let text = text.trim();
    is_never_secret(text) || is_path(text) || is_address(text) || is_code(text) || is_class(text)
}

/// The same under a password's name, where words with dots or a slash between them may be one.
pub(super) fn is_no_password(text: &str) -> bool {
    let text = text.trim();
    let has_dots_only = !text.contains(['/', ':', '@', '(', '\\']);
    if has_dots_only && text.starts_with(|c: char| c.is_alphanumeric()) {
        return is_never_secret(text)
            || is_ip(text)
            || (is_code(text) && names::telling(text.rsplit('.').next().unwrap_or("")).is_some());
    }
    // Base64 may begin as a path does.
    if text.starts_with('/') && strength::is_random(text) && text.len() >= 40 && !has_extension(text) {
        return false;
    }
    // Only what begins or ends as a path is one.
    let is_bare = text.starts_with(|c: char| c.is_alphanumeric()) && !text.contains([':', '@', '(', '\\']);
    if is_bare && !has_extension(text) {
        return is_never_secret(text) || is_ip(text) || leads_to_a_secret(text);
    }
    is_something_else(text)
}

/// `apps/billing/password`: where a store keeps it.
fn leads_to_a_secret(text: &str) -> bool {
    text.rsplit_once('/').is_some_and(|(folder, last)| {
        folder.bytes().all(|it| it.is_ascii_lowercase() || matches!(it, b'-' | b'_' | b'/'))
            && last.bytes().all(|it| it.is_ascii_lowercase() || matches!(it, b'-' | b'_'))
            && names::telling(last).is_some_and(|it| it.strong)
    })
}

fn is_never_secret(text: &str) -> bool {
    is_url(text)
        || is_measure(text)
        || is_algorithm(text)
        || is_digest(text)
        || is_name(text)
        || is_pattern(text)
        || is_signature(text)
        || is_resource(text)
        || is_public_half(text)
        || is_attribute(text)
}

/// The second field of a line of `authorized_keys`.
fn is_public_half(text: &str) -> bool {
    ["AAAAB3NzaC1", "AAAAC3NzaC1", "AAAAE2VjZHNh"].iter().any(|it| text.starts_with(it))
}

/// Where a directory keeps passwords.
fn is_attribute(text: &str) -> bool {
    matches!(text, "userPassword" | "unicodePwd" | "sambaNTPassword" | "sambaLMPassword" | "ipaNTHash")
}

/// `random_password.db.result`: what Terraform knows of another resource.
fn is_resource(text: &str) -> bool {
    let text = text.trim_end_matches(',');
    let parts = || text.split('.');
    parts().count() == 3
        && parts().next().is_some_and(|it| it.contains('_'))
        && parts().next_back().is_some_and(|it| {
            matches!(
                it,
                "result"
                    | "id"
                    | "arn"
                    | "hex"
                    | "b64_std"
                    | "private_key_pem"
                    | "secret"
                    | "token"
                    | "password"
            )
        })
        && text.bytes().all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || matches!(it, b'_' | b'.'))
}

/// An ECDSA signature in DER and base64, as ledgers keep them in the open.
fn is_signature(text: &str) -> bool {
    text.len() >= 90
        && ["MEUCIQ", "MEUCIA", "MEQCI", "MEYCIQ"].iter().any(|it| text.starts_with(it))
        && text.bytes().all(|it| it.is_ascii_alphanumeric() || matches!(it, b'+' | b'/' | b'='))
}

/// A scheme and `://`, or one of those that go without.
pub(super) fn is_url(text: &str) -> bool {
    if text.strip_prefix("//").is_some_and(|it| it.contains(['.', '/'])) {
        return true;
    }
    let scheme = text
        .bytes()
        .take_while(|it| it.is_ascii_alphanumeric() || matches!(it, b'+' | b'.' | b'-' | b':'))
        .count();
    let (before, behind) = text.split_at_checked(scheme).unwrap_or(("", ""));
    (before.len() >= 3
        && before.ends_with(':')
        && behind.starts_with("//")
        && before.starts_with(|c: char| c.is_ascii_alphabetic()))
        || begins_with(
            text,
            &["mailto:", "jdbc:", "urn:", "data:image", "data:text", "tel:", "unix:", "spiffe:"],
        )
}

/// A host, with its port or without, an IP address or a mail address.
fn is_address(text: &str) -> bool {
    if text.len() > 255 || text.contains(char::is_whitespace) {
        return false;
    }
    if let Some((local, domain)) = text.split_once('@') {
        return !local.is_empty()
            && local.bytes().all(|it| it.is_ascii_alphanumeric() || matches!(it, b'.' | b'_' | b'+' | b'-'))
            && domain.contains('.')
            && is_host(domain);
    }
    let (host, port) = text.rsplit_once(':').unwrap_or((text, ""));
    let has_port = (2..=5).contains(&port.len()) && port.bytes().all(|it| it.is_ascii_digit());
    if has_port && !host.is_empty() && host.bytes().any(|it| it.is_ascii_lowercase()) {
        return host
            .bytes()
            .all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || matches!(it, b'.' | b'-'));
    }
    is_ip(text) || is_ip(host) || is_host(text)
}

/// Four numbers, with the length of a network or without.
fn is_ip(text: &str) -> bool {
    let ip = text.split_once('/').map_or(text, |it| it.0);
    ip.split('.').count() == 4
        && ip.split('.').all(|it| !it.is_empty() && it.bytes().all(|b| b.is_ascii_digit()))
}

/// Labels of small letters, the last of them a domain that exists or is reserved.
fn is_host(text: &str) -> bool {
    let labels = text.split('.').count();
    let last = text.rsplit('.').next().unwrap_or("");
    let top = [
        "com", "net", "org", "io", "dev", "de", "fr", "eu", "uk", "local", "internal", "consul", "svc",
        "lan", "test", "cloud", "app",
    ];
    labels >= 2
        && (top.contains(&last)
            || (labels >= 4 && last.len() >= 2 && last.bytes().all(|it| it.is_ascii_lowercase())))
        && text.split('.').all(|it| {
            !it.is_empty()
                && it.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
                && !strength::is_random(it)
        })
}

/// A duration, a size, a date, a version or a range of them.
fn is_measure(text: &str) -> bool {
    let text = text.trim_start_matches(['^', '~', '>', '<', '=', ' ']);
    let digits = text.bytes().take_while(|it| it.is_ascii_digit()).count();
    if digits == 0 {
        let rest = text.strip_prefix('v').filter(|it| it.starts_with(|c: char| c.is_ascii_digit()));
        return rest.is_some_and(is_version);
    }
    let units = [
        "ns", "us", "ms", "s", "m", "h", "d", "w", "y", "k", "K", "M", "G", "T", "B", "kB", "KB", "MB", "GB",
        "TB", "Ki", "Mi", "Gi", "KiB", "MiB", "GiB", "%", "sec", "min", "hours", "days", "seconds",
        "minutes",
    ];
    let mut rest = text;
    let mut parts = 0;
    while !rest.is_empty() {
        let number = rest.bytes().take_while(|it| it.is_ascii_digit() || *it == b'.').count();
        let unit = rest.bytes().skip(number).take_while(|it| it.is_ascii_alphabetic() || *it == b'%').count();
        if number == 0 || !rest.get(number..number + unit).is_some_and(|it| units.contains(&it)) {
            break;
        }
        rest = rest.get(number + unit..).unwrap_or("").trim_start();
        parts += 1;
    }
    (rest.is_empty() && parts > 0) || is_version(text) || is_date(text)
}

/// Two dots or more, since one makes a number.
fn is_version(text: &str) -> bool {
    let mut parts = text.split(['.', '-', '+']);
    text.matches('.').count() >= 1
        && text.len() <= 32
        && parts.next().is_some_and(|it| !it.is_empty() && it.bytes().all(|b| b.is_ascii_digit()))
        && parts.next().is_some_and(|it| !it.is_empty() && it.bytes().all(|b| b.is_ascii_digit()))
        && parts.all(|it| it.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_lowercase()))
}

fn is_date(text: &str) -> bool {
    let bytes = text.as_bytes();
    let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    let is_day = [0, 1, 2, 3, 5, 6, 8, 9].into_iter().all(digit)
        && bytes.get(4) == Some(&b'-')
        && bytes.get(7) == Some(&b'-');
    is_day && matches!(bytes.get(10), None | Some(b'T' | b' '))
}

fn is_algorithm(text: &str) -> bool {
    let first = text.bytes().next().map(|it| it.to_ascii_lowercase());
    text.len() <= 24
        && ALGORITHMS.iter().any(|it| it.bytes().next() == first && it.eq_ignore_ascii_case(text))
}

/// `sha256:...`, `sha384-...`, `image@sha256:...`.
fn is_digest(text: &str) -> bool {
    begins_with(
        text,
        &["sha1:", "sha256:", "sha384:", "sha512:", "md5:", "sha256-", "sha384-", "sha512-", "SHA256:"],
    ) || (text.contains('@') && text.contains("@sha256:"))
}

/// An expression of a program that something else did not recognise.
fn is_code(text: &str) -> bool {
    // A field of what a template is given.
    if let Some(field) = text.strip_prefix('.')
        && field.contains('.')
        && field.split('.').all(|it| {
            it.starts_with(|c: char| c.is_ascii_alphabetic())
                && it.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
        })
    {
        return true;
    }
    if begins_with(text, &ROOTS)
        && !text.contains(' ')
        && !strength::is_mixed(text.rsplit('.').next().unwrap_or(""))
    {
        return true;
    }
    let Some((callee, arguments)) = text.strip_suffix(')').and_then(|it| it.split_once('(')) else {
        return false;
    };
    let is_callee = !callee.is_empty()
        && callee.bytes().all(|it| it.is_ascii_alphabetic() || matches!(it, b'_' | b'.' | b':' | b'$'));
    is_callee
        && (arguments.is_empty()
            || arguments.starts_with(['"', '\'', '$', '@', '.'])
            || callee.contains('.')
            || arguments.contains(", "))
}

/// `django.contrib.auth.hashers.Argon2PasswordHasher`: packages, and a class in them.
fn is_class(text: &str) -> bool {
    text.rsplit_once('.').is_some_and(|(packages, class)| {
        packages.contains('.')
            && packages
                .split('.')
                .all(|it| it.len() > 1 && it.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'))
            && class.starts_with(|c: char| c.is_ascii_uppercase())
            && class.bytes().filter(u8::is_ascii_uppercase).count() >= 2
            && class.bytes().all(|it| it.is_ascii_alphanumeric())
    })
}

/// The name of a variable that holds a secret, or of a header.
fn is_name(text: &str) -> bool {
    let is_constant = text.contains(['_', '-'])
        && text.starts_with(|c: char| c.is_ascii_uppercase())
        && text.bytes().all(|it| it.is_ascii_uppercase() || it.is_ascii_digit() || matches!(it, b'_' | b'-'));
    if is_constant {
        return names::telling(text).is_some()
            && !is_spoken(text)
            && !super::weak::is_known(text)
            && !strength::is_random(text);
    }
    let is_header = text.starts_with("X-") || text.starts_with("x-");
    (is_header && text.split('-').all(|it| !it.is_empty() && it.bytes().all(|b| b.is_ascii_alphabetic())))
        || text == "Authorization"
}

/// `MY_SUPER_SECRET_KEY` is what somebody typed in, and no variable.
fn is_spoken(text: &str) -> bool {
    // Nobody keeps a key for signing that is only for tests in a variable of that name.
    let is_signing = names::telling(text).is_some_and(|it| it.kind == Kind::SigningSecret);
    if is_signing
        && text
            .split(['_', '-'])
            .any(|it| matches!(it, "DEV" | "DEVELOPMENT" | "LOCAL" | "TEST" | "TESTING" | "DEMO"))
    {
        return true;
    }
    text.split(['_', '-']).any(|it| {
        matches!(
            it,
            "MY" | "THE"
                | "A"
                | "AN"
                | "FAKE"
                | "BAD"
                | "WEAK"
                | "PLEASE"
                | "KEEP"
                | "ME"
                | "REALLY"
                | "DO"
                | "USE"
                | "ONLY"
                | "YES"
                | "HERE"
                | "REPLACED"
                | "THIS"
                | "IS"
                | "SUPER"
                | "VERY"
                | "TOP"
                | "NOT"
                | "SO"
                | "SOME"
                | "INSECURE"
                | "UNSAFE"
                | "DEFAULT"
                | "CHANGE"
                | "DUMMY"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(texts: &[&str], expected: bool) {
        for text in texts {
            assert_eq!(is_something_else(text), expected, "{text}");
        }
    }

    #[test]
    fn paths_and_addresses_are_no_secrets() {
        check(
            &[
                "/run/secrets/db",
                "./secrets/db_root.txt",
                "~/.ssh/id_ed25519",
                "keys/packer",
                "%kernel.project_dir%/config/jwt/private.pem",
                "kv/data/idp",
                "license.key",
                "scripts/set-password.ps1",
                "C:\\certs\\server.pem",
                "/etc/Strange Place/x",
                "https://sso.example.net/token",
                "redis:6379",
                "db.service.consul",
                "10.0.0.1",
                "10.0.0.0/8",
                "ops@example.net",
                "unix:/run/x.sock",
                "mailto:a@b.de",
            ],
            true,
        );
    }

    #[test]
    fn times_names_and_code_are_no_secrets() {
        check(
            &[
                "15m",
                "1h30m",
                "2Gi",
                "10%",
                "2024-05-01",
                "2024-05-01T10:00:00Z",
                "v1.2.3",
                "1.2.3-rc1",
                "^2.0.0",
                ">=1.4",
                "bcrypt",
                "SCRAM-SHA-256",
                "sha256:2e09321ec57a89cf8f034cc1a687227f",
                "WIKI_PASSWORD",
                "SECRET-ACCESS-KEY",
                "X-Api-Key",
                "var.db_password",
                "process.env.TOKEN",
                "del(.secret)",
                "getenv('TOKEN')",
                "os.environ.get('X', y)",
                "api_key=\\w+",
                "django.contrib.auth.hashers.Argon2PasswordHasher",
                ".*",
            ],
            true,
        );
    }

    #[test]
    fn words_with_dots_may_be_a_password() {
        for text in [
            "maple.river.cloud",
            "falcon.tide.db",
            "one.two.three.four5",
            "this.is.fine",
            "server.key",
            "wolf/den-41",
            "amber/quill",
        ] {
            assert!(!is_no_password(text), "{text}");
        }
        for text in [
            "10.0.0.1",
            "var.db_password",
            "bcrypt",
            "/run/secrets/db",
            "https://a.b",
            "config/db.yml",
            "db.consul:5432",
            "guides/password.md",
            "db-credentials/password",
        ] {
            assert!(is_no_password(text), "{text}");
        }
    }

    #[test]
    fn secrets_may_look_a_little_like_them() {
        check(
            &[
                "Mulberry/Gate/12",
                "lilac.Piston.3",
                "C:\\vault\\pane",
                "plum:rail:409",
                "/7Hd+ksQ2v1Zx=",
                "P@ss-Bassoon-1",
                "Falcon.Tide.55",
                "+27i7psz0Z9DYCxrecQX/ZpZaaF2V/FyjNNkjc6i",
                "Sorrel*Anvil-83",
                "q u o t e d",
                "a#b'c=d;e",
                "AUlKlwhr5JO4QJajZLxYQc2sb5Qlzm+9XA3GZf+w",
                "15C!h",
                "MY_SUPER_SECRET_KEY",
                "0123456789",
                "CHANGE_ME_IN_PRODUCTION",
            ],
            false,
        );
    }
}
