//! What may be shown of a value, and what of names that hold one.

use std::{borrow::Cow, collections::HashSet};

use crate::{Finding, Kind};

/// Hides everything.
pub(super) const HIDDEN: &str = "****";
/// A shorter one may have been made up by a person: four characters of it are too many.
const LONG: usize = 20;

/// The first two and the last two characters of long tokens, by which somebody who has the token knows it;
/// of passwords, keys of people and defaults that everyone knows nothing, not even the length.
pub(super) fn mask(kind: Kind, weak: bool, value: &str) -> Cow<'static, str> {
    let is_made_up =
        matches!(kind, Kind::ConnectionUrl | Kind::Password | Kind::PasswordHash | Kind::PrivateKey);
    let is_plain = value.bytes().all(|it| it.is_ascii_alphanumeric() || b"-_.+/=".contains(&it));
    if weak || is_made_up || !is_plain || value.len() < LONG {
        return Cow::Borrowed(HIDDEN);
    }
    match (value.get(..2), value.get(value.len() - 2..)) {
        (Some(first), Some(last)) => Cow::Owned(format!("{first}{HIDDEN}{last}")),
        _ => Cow::Borrowed(HIDDEN),
    }
}

/// Keeps values out of the names that stand beside them: the key of an odd file may be another's password.
pub(super) struct Conceal<'a>(HashSet<&'a str>);

/// A shorter value is within words by chance.
const TELLING: usize = 6;

impl<'a> Conceal<'a> {
    pub(super) fn new(findings: &'a [Finding]) -> Self {
        let values = findings.iter().filter(|it| !it.weak).map(|it| it.value.expose());
        Self(values.filter(|it| it.len() >= TELLING).collect())
    }

    /// The name without the value that it is for, and without parts that are another's.
    pub(super) fn within(&self, name: &str, value: &str) -> String {
        let name = if name.len() >= value.len() && self.has(value) {
            name.replace(value, HIDDEN)
        } else {
            name.to_owned()
        };
        if self.has(&name) {
            return HIDDEN.to_owned();
        }
        if !name.split('.').any(|it| self.has(it)) {
            return name;
        }
        let parts = name.split('.').map(|it| if self.has(it) { HIDDEN } else { it });
        parts.collect::<Vec<_>>().join(".")
    }

    fn has(&self, text: &str) -> bool {
        text.len() >= TELLING && self.0.contains(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake;

    #[track_caller]
    fn check(kind: Kind, value: &str, expected: &str) {
        assert_eq!(mask(kind, false, value), expected);
    }

    #[test]
    fn four_characters_of_a_long_token_and_none_of_a_password() {
        check(Kind::Token, "abcdefghijklmnopqrst", "ab****st");
        check(Kind::Token, "abcdefghijklmnopqrs", HIDDEN);
        check(Kind::Token, "ab****************st", HIDDEN);
        check(Kind::Password, "abcdefghijklmnopqrst", HIDDEN);
        check(Kind::ConnectionUrl, "abcdefghijklmnopqrst", HIDDEN);
        check(Kind::PrivateKey, "-----BEGIN PRIVATE KEY-----", HIDDEN);
        check(Kind::ApiKey, "é🔑é🔑é🔑é🔑é🔑é🔑é🔑é🔑é🔑é🔑é🔑", HIDDEN);
        assert_eq!(mask(Kind::Token, true, "abcdefghijklmnopqrst"), HIDDEN);
    }

    #[test]
    fn a_name_does_not_tell_a_value() {
        let findings = fake::findings("SECRET-one-1 SECRET-two-2");
        let conceal = Conceal::new(&findings);
        for (name, expected) in [
            ("users.SECRET-one-1.x", "users.****.x"),
            ("a=SECRET-one-1;", "a=****;"),
            ("users.SECRET-two-2", "users.****"),
            ("SECRET-two-2", "****"),
            ("db.password", "db.password"),
        ] {
            assert_eq!(conceal.within(name, "SECRET-one-1"), expected);
        }
    }
}
