//! What a header of HTTP carries, in any text: `Basic dXNlcjpwYXNz`, `Bearer <token>`.

use data_encoding::{BASE64, BASE64_NOPAD};

use super::{Body, Form, Found, Is, Set};
use crate::{Kind, Severity, judge::strength};

const TOKEN: Is = Is::Secret(Kind::Token, Severity::High);

pub(super) static FORMS: [Form; 4] = [
    Form { prefix: "Basic ", body: Body::Around(basic), is: TOKEN },
    Form { prefix: "basic ", body: Body::Around(basic), is: TOKEN },
    Form { prefix: "Bearer ", body: Body::Around(bearer), is: TOKEN },
    Form { prefix: "bearer ", body: Body::Around(bearer), is: TOKEN },
];

/// A user and a password; every word of prose decodes to something else.
fn basic(text: &str, start: usize) -> Option<Found> {
    let from = start + "Basic ".len();
    let len = Set::Base64.run(text, from, 4096);
    let encoded = text.get(from..from + len)?;
    let pair = BASE64.decode(encoded.as_bytes()).or_else(|_| BASE64_NOPAD.decode(encoded.as_bytes())).ok()?;
    let pair = str::from_utf8(&pair).ok()?;
    let (user, password) = pair.split_once(':')?;
    let is_pair = user.chars().all(|c| !c.is_control()) && !password.is_empty();
    is_pair.then(|| Found { range: from..from + len, is: TOKEN })
}

fn bearer(text: &str, start: usize) -> Option<Found> {
    let from = start + "Bearer ".len();
    let len = Set::Dotted.run(text, from, 4096);
    strength::is_random(text.get(from..from + len)?).then(|| Found { range: from..from + len, is: TOKEN })
}

#[cfg(test)]
mod tests {
    use crate::judge::forms::find;

    #[track_caller]
    fn check(text: &str, expected: Option<&str>) {
        assert_eq!(find(text).next().map(|(range, ..)| &text[range]), expected, "{text}");
    }

    #[test]
    fn headers_carry_credentials_in_any_text() {
        check("-H 'Authorization: Basic cHVsbGVyOkNvcmFsLVN0b3Zl'", Some("cHVsbGVyOkNvcmFsLVN0b3Zl"));
        check("Bearer 6QiIUHGm7D7uPK4Awsqa", Some("6QiIUHGm7D7uPK4Awsqa"));
        check("Basic authentication is off", None);
        check("Bearer tokens of an application", None);
        check("Bearer $TOKEN", None);
    }
}
