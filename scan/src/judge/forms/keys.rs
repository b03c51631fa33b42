//! Private keys of every kind, and the public halves that look like them.

use data_encoding::BASE64;

use super::{Body, Form, Found, Is, Set};
use crate::{Kind, Severity};

const PRIVATE: Is = Is::Secret(Kind::PrivateKey, Severity::Critical);

pub(super) static FORMS: [Form; 12] = [
    Form { prefix: "-----BEGIN ", body: Body::Around(pem), is: PRIVATE },
    Form { prefix: "---- BEGIN SSH2 ", body: Body::Past(ssh2), is: PRIVATE },
    Form { prefix: "LS0tLS1CRUdJTi", body: Body::Around(pem_in_base64), is: PRIVATE },
    Form { prefix: "PuTTY-User-Key-File-", body: Body::Past(putty), is: PRIVATE },
    Form { prefix: "AGE-SECRET-KEY-1", body: Body::Run(Set::Upper, 50, 80), is: PRIVATE },
    Form { prefix: "AGE-PLUGIN-", body: Body::Run(Set::Word, 30, 400), is: PRIVATE },
    Form { prefix: "age1", body: Body::Run(Set::Base62, 58, 58), is: Is::Public },
    Form { prefix: "ssh-rsa AAAA", body: Body::Run(Set::Base64, 20, 4000), is: Is::Public },
    Form { prefix: "ssh-dss AAAA", body: Body::Run(Set::Base64, 20, 4000), is: Is::Public },
    Form { prefix: "ssh-ed25519 AAAA", body: Body::Run(Set::Base64, 20, 4000), is: Is::Public },
    Form {
        prefix: "sk-ssh-ed25519@openssh.com AAAA",
        body: Body::Run(Set::Base64, 20, 4000),
        is: Is::Public,
    },
    Form { prefix: "ecdsa-sha2-nistp", body: Body::Run(Set::Word, 1, 12), is: Is::Public },
];

/// Fewer characters than any key has.
const SHORTEST_KEY: usize = 24;

/// From `BEGIN` to its `END`, however the lines in between are broken: also by `\n` in words.
fn pem(text: &str, start: usize) -> Option<Found> {
    let label_at = start + "-----BEGIN ".len();
    let (label, _) = window(text, label_at).split_once("-----")?;
    if label.len() > 64 || label.contains('\n') {
        return None;
    }
    let body_at = label_at + label.len() + 5;
    let body = text.get(body_at..)?;
    let ending = body.find("-----END ");
    let end = match ending {
        Some(at) => {
            let after = body.get(at + 9..)?;
            let close = after.find("-----").filter(|it| *it <= 64).map_or(0, |it| it + 5);
            body_at + at + 9 + close
        }
        None => text.len(),
    };
    let body = body.get(..ending.unwrap_or(body.len()))?;
    let is_secret = label.contains("PRIVATE KEY") || label.starts_with("OpenVPN Static key");
    let is_key = is_secret && is_key_text(body);
    Some(Found { range: start..end, is: if is_key { PRIVATE } else { Is::Public } })
}

fn ssh2(text: &str, start: usize) -> Result<Found, usize> {
    const END: &str = "---- END SSH2";
    let rest = window(text, start);
    let end = rest.find(END).map_or(rest.len(), |it| it + END.len());
    let (label, body) = rest.get(5..end).and_then(|it| it.split_once("----")).unwrap_or(("", ""));
    let is_key = label.len() < 64 && label.contains("PRIVATE KEY") && is_key_text(body);
    if is_key { Ok(Found { range: start..start + end, is: PRIVATE }) } else { Err(start + end) }
}

fn putty(text: &str, start: usize) -> Result<Found, usize> {
    let end = start + window(text, start).len();
    let is_key = text.get(start..end).is_some_and(|it| it.contains("Private-Lines:"));
    if is_key { Ok(Found { range: start..end, is: PRIVATE }) } else { Err(end) }
}

/// As much from here on as a key file has.
fn window(text: &str, start: usize) -> &str {
    let mut end = text.len().min(start.saturating_add(16 * 1024));
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(start..end).unwrap_or("")
}

/// The head of it tells which; the rest need not be whole.
fn pem_in_base64(text: &str, start: usize) -> Option<Found> {
    let len = Set::Base64.run(text, start, usize::MAX - 1);
    let head = text.get(start..start + len.min(64) / 4 * 4)?;
    let head = BASE64
        .decode(head.trim_end_matches('=').get(..head.trim_end_matches('=').len() / 4 * 4)?.as_bytes())
        .ok()?;
    let is_key = memchr::memmem::find(&head, b"PRIVATE KEY").is_some() && len >= 4 * SHORTEST_KEY / 3;
    Some(Found { range: start..start + len, is: if is_key { PRIVATE } else { Is::Public } })
}

/// `...` and `<the key>` are none.
fn is_key_text(body: &str) -> bool {
    let letters = body.bytes().filter(|it| Set::Base64.has(*it)).count();
    letters >= SHORTEST_KEY && !body.contains("...") && !body.contains(['<', '*', '…', '{', '$'])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::forms::all;

    const BODY: &str = "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg";

    #[track_caller]
    fn check(text: &str, expected: Option<(&str, bool)>) {
        let found = all(text).next();
        let found = found.as_ref().map(|it| (&text[it.range.clone()], it.is == PRIVATE));
        assert_eq!(found, expected);
    }

    fn pem_of(label: &str, body: &str, newline: &str) -> String {
        format!("-----BEGIN {label}-----{newline}{body}{newline}-----END {label}-----")
    }

    #[test]
    fn private_keys_are_found_however_their_lines_are_broken() {
        for label in [
            "PRIVATE KEY",
            "RSA PRIVATE KEY",
            "OPENSSH PRIVATE KEY",
            "ENCRYPTED PRIVATE KEY",
            "PGP PRIVATE KEY BLOCK",
        ] {
            for newline in ["\n", "\\n", "\r\n    ", " "] {
                let key = pem_of(label, BODY, newline);
                check(&format!("a: {key}\nb"), Some((&key, true)));
            }
        }
        let cut = format!("-----BEGIN PRIVATE KEY-----\n{BODY}");
        check(&cut, Some((&cut, true)));
    }

    #[test]
    fn public_halves_and_empty_frames_are_none() {
        for label in ["CERTIFICATE", "PUBLIC KEY", "PGP PUBLIC KEY BLOCK"] {
            let public = pem_of(label, BODY, "\n");
            check(&public, Some((&public, false)));
        }
        let frame = pem_of("PRIVATE KEY", "...", "\n");
        check(&frame, Some((&frame, false)));
        check("-----BEGIN x", None);
        let long = format!("{}{}", "ssh-ed25519 AAAA", "C3NzaC1lZDI1NTE5AAAAIQ");
        check(&long, Some((&long, false)));
    }

    #[test]
    fn a_key_in_base64_is_told_by_its_head() {
        for (label, expected) in [("PRIVATE KEY", true), ("EC PRIVATE KEY", true), ("CERTIFICATE", false)] {
            let encoded = BASE64.encode(pem_of(label, BODY, "\n").as_bytes());
            check(&encoded, Some((&encoded, expected)));
        }
    }

    #[test]
    fn other_tools_frames() {
        let age =
            concat!("AGE-SECRET-", "KEY-1", "QQQGGPYZRY9X8GF2TVDW0S3JN54KHCE6MUA7LQQPZRY9X8GF2TVDW0S3JN54");
        check(age, Some((age, true)));
        let putty = "PuTTY-User-Key-File-3: ssh-ed25519\nPrivate-Lines: 1\nAAAAIQ==";
        check(putty, Some((putty, true)));
    }
}
