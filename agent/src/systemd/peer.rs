//! Which credential of which unit is asked for.

use std::os::{linux::net::SocketAddrExt as _, unix::net::SocketAddr};

/// As systemd names it: `\0RANDOM/unit/UNIT/CREDENTIAL`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Wanted {
    /// `shop.service`, `worker@3.service`.
    pub(crate) unit: String,
    pub(crate) credential: String,
}

impl Wanted {
    /// Of the address that the caller has bound its side to.
    pub(super) fn of(address: &SocketAddr) -> Option<Self> {
        Self::parse(address.as_abstract_name()?)
    }

    fn parse(name: &[u8]) -> Option<Self> {
        let mut parts = std::str::from_utf8(name).ok()?.split('/');
        let (random, kind) = (parts.next()?, parts.next()?);
        let (unit, credential) = (parts.next()?, parts.next()?);
        let is_random = !random.is_empty() && random.bytes().all(|it| it.is_ascii_hexdigit());
        // They become parts of a secret's path.
        let is_plain =
            |it: &str| !it.is_empty() && it != "." && it != ".." && !it.chars().any(char::is_control);
        let is_whole = parts.next().is_none();
        (is_random && kind == "unit" && is_whole && is_plain(unit) && is_plain(credential))
            .then(|| Self { unit: unit.to_owned(), credential: credential.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, expected: Option<(&str, &str)>) {
        let found = Wanted::parse(name.as_bytes());
        let found = found.as_ref().map(|it| (it.unit.as_str(), it.credential.as_str()));
        assert_eq!(found, expected, "{name:?}");
    }

    #[test]
    fn a_unit_and_its_credential_are_told_from_whatever_else_connects() {
        check("adf9d86b6eda275e/unit/shop.service/db", Some(("shop.service", "db")));
        check("0/unit/worker@3.service/db.password", Some(("worker@3.service", "db.password")));
        for name in [
            "",
            "/unit/shop.service/db",
            "xyz/unit/shop.service/db",
            "0/user/shop.service/db",
            "0/unit/shop.service",
            "0/unit/shop.service/",
            "0/unit//db",
            "0/unit/shop.service/db/more",
            "0/unit/../db",
            "0/unit/shop.service/..",
            "0/unit/shop.service/d\nb",
        ] {
            check(name, None);
        }
        assert!(Wanted::parse(b"0/unit/\xff/db").is_none());
    }
}
