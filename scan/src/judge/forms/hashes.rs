//! Hashes of passwords, by the marks of crypt and of those who extended it.

use super::{Body, Form, Found, Is, Set};
use crate::{Kind, Severity};

const HASH: Is = Is::Secret(Kind::PasswordHash, Severity::Medium);

const fn crypt(prefix: &'static str) -> Form {
    Form { prefix, body: Body::Past(modular), is: HASH }
}

const fn ldap(prefix: &'static str) -> Form {
    Form { prefix, body: Body::Run(Set::Base64, 16, 200), is: HASH }
}

pub(super) static FORMS: [Form; 41] = [
    crypt("grub.pbkdf2."),
    crypt("$1$"),
    crypt("$5$"),
    crypt("$6$"),
    crypt("$7$"),
    crypt("$8$"),
    crypt("$9$"),
    crypt("$y$"),
    crypt("$gy$"),
    crypt("$2a$"),
    crypt("$2b$"),
    crypt("$2x$"),
    crypt("$2y$"),
    crypt("$P$"),
    crypt("$H$"),
    crypt("$S$"),
    crypt("$apr1$"),
    crypt("$sha1$"),
    crypt("$scrypt$"),
    crypt("$argon2i$"),
    crypt("$argon2d$"),
    crypt("$argon2id$"),
    crypt("$pbkdf2$"),
    crypt("$pbkdf2-sha256$"),
    crypt("$pbkdf2-sha512$"),
    crypt("pbkdf2_sha1$"),
    crypt("pbkdf2_sha256$"),
    crypt("bcrypt_sha256$"),
    crypt("bcrypt$$"),
    crypt("argon2$argon2"),
    crypt("SCRAM-SHA-1$"),
    crypt("SCRAM-SHA-256$"),
    crypt("SCRAM-SHA-512$"),
    crypt("pbkdf2:sha256:"),
    crypt("pbkdf2:sha512:"),
    crypt("scrypt:32768:"),
    ldap("{SHA}"),
    ldap("{SSHA}"),
    ldap("{SSHA256}"),
    ldap("{SSHA512}"),
    ldap("{MD5}"),
];

/// More than any hash with its parameters has.
const LONGEST: usize = 512;

/// Fewer characters behind the mark than any hash has.
const SHORTEST: usize = 20;

/// Up to the first byte that no hash has; there must be enough of it, and not words alone.
fn modular(text: &str, start: usize) -> Result<Found, usize> {
    let rest = text.as_bytes().get(start..).unwrap_or(&[]);
    // Parameters of Argon2 and scrypt have commas; elsewhere one stands between two users.
    let has_commas = ["$argon2", "argon2$", "$scrypt$"].iter().any(|it| rest.starts_with(it.as_bytes()));
    // Only SCRAM and Werkzeug have colons inside; elsewhere one ends a field of `/etc/shadow`.
    let has_colons = ["SCRAM", "pbkdf2:", "scrypt:"].iter().any(|it| rest.starts_with(it.as_bytes()));
    let is_hash_byte = |it: u8| match it {
        b':' => has_colons,
        b',' => has_commas,
        _ => Set::Base64.has(it) || matches!(it, b'$' | b'.'),
    };
    let len = rest.iter().take(LONGEST).take_while(|it| is_hash_byte(**it)).count();
    let written = text.get(start..start + len).unwrap_or("");
    let whole = written.trim_end_matches(['.', ',', ':', '$']);
    // The alphabet of crypt has a dot, which ends a sentence as well: its hashes have one length each.
    let has_dot = written.get(..=whole.len()).is_some_and(|it| {
        it.ends_with('.') && matches!(it.rsplit('$').next().map_or(0, str::len), 22 | 43 | 53 | 86)
    });
    let whole = written.get(..whole.len() + usize::from(has_dot)).unwrap_or(whole);
    let last = whole.rsplit(['$', ':']).next().unwrap_or("");
    let looks_random = last.bytes().any(|it| it.is_ascii_digit() || it.is_ascii_uppercase());
    // bcrypt's are of one length; what is shorter by much is the mark and a few words.
    let least = if rest.starts_with(b"$2") { 31 } else { 16 };
    let is_shown = ["REPLACE", "PLACEHOLDER", "EXAMPLE"].iter().any(|it| last.contains(it));
    if whole.len() >= SHORTEST && last.len() >= least && looks_random && !is_shown {
        Ok(Found { range: start - mark(text, start)..start + whole.len(), is: HASH })
    } else {
        Err(start + len)
    }
}

/// Dovecot's and LDAP's name of a scheme before the hash, as in `{SHA512-CRYPT}$6$`.
fn mark(text: &str, start: usize) -> usize {
    let scheme = text
        .get(start.saturating_sub(26)..start)
        .and_then(|it| it.strip_suffix('}'))
        .and_then(|it| it.rsplit_once('{'));
    match scheme {
        Some((_, it))
            if it.len() <= 24
                && it
                    .bytes()
                    .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || matches!(b, b'-' | b'.')) =>
        {
            it.len() + 2
        }
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use crate::judge::forms::find;

    #[track_caller]
    fn check(text: &str, expected: Option<&str>) {
        assert_eq!(find(text).next().map(|(range, ..)| &text[range]), expected, "{text}");
    }

    #[test]
    fn hashes_end_where_their_field_does() {
        let apr = "$apr1$30TQH7it$FDTQb4IHmflyF0w6Fi3S0t";
        check(&format!("admin:{apr}"), Some(apr));
        check(&format!("root:{apr}:19000:0:99999"), Some(apr));
        check(&format!("a:{apr},b:{apr}"), Some(apr));
        let bcrypt = "$2y$05$c1YThaDaFfPiukX90bjNcitrCyMLcztWAIWtnw0Jd4L5zCQB0GK3h";
        check(bcrypt, Some(bcrypt));
        let argon = "$argon2id$v=19$m=65536,t=3,p=4$c2FsdHNhbHRzYWx0$RGF0YURhdGFEYXRhRGF0YURhdGE";
        check(argon, Some(argon));
        let django = "pbkdf2_sha256$260000$abcdEFGH$Vq2Zc0p6m1o5y8T3R2u7w4x9Q0s1d2f3g4h5j6k7l8=";
        check(django, Some(django));
        let scram = "SCRAM-SHA-256$4096:c2FsdA==$c3RvcmVkS2V5MTIz:c2VydmVyS2V5NDU2Nzg5";
        check(scram, Some(scram));
        check("{SSHA}c2FsdGVkSGFzaE9mVGhlUGFzc3dvcmQ=", Some("{SSHA}c2FsdGVkSGFzaE9mVGhlUGFzc3dvcmQ="));
    }

    #[test]
    fn a_scheme_before_the_hash_belongs_to_it() {
        let hash = "{SHA512-CRYPT}$6$saltsalt$Vq2Zc0p6m1o5y8T3R2u7w4x9Q0s1d2f3g4h5j6k7l8";
        check(&format!("user:{hash}"), Some(hash));
        let grub = "grub.pbkdf2.sha512.10000.C0FFEE0123456789ABCD.DEADBEEF0123456789AB";
        check(grub, Some(grub));
    }

    #[test]
    fn marks_alone_are_no_hashes() {
        check("$1$2", None);
        check("awk '{print $1$5$6}'", None);
        check("SCRAM-SHA-256$4096:placeholder$placeholder:placeholder", None);
    }
}
