//! From when to when a token is good (rule 78).
//!
//! `exp`, or where it is missing the later of `nbf` and `iat` and a leeway: one of the three must be there, so
//! that there is an end. How the three stand in for each other is as in Vault.

use super::{Claims, claims::BadClaim};
use crate::clock::Timestamp;

/// Seconds. Zero: the default. Below: none.
#[derive(
    Clone, Copy, Debug, Default, Eq, PartialEq, minicbor::CborLen, minicbor::Decode, minicbor::Encode,
)]
pub(crate) struct Leeways {
    /// How far clocks may be apart.
    #[n(0)]
    pub(crate) clock_skew: i64,
    /// How long a token without `exp` is good.
    #[n(1)]
    pub(crate) expiration: i64,
    /// How long before its `exp` a token that says nothing else is good.
    #[n(2)]
    pub(crate) not_before: i64,
}

/// In seconds, as in Vault.
const CLOCK_SKEW: i64 = 60;
const OTHERS: i64 = 150;

/// Why a token is not good now.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub(crate) enum Untimely {
    #[error("the token has no expiration time (exp), not before (nbf) or issued at (iat) claim")]
    Unbounded,
    #[error("a time of the token is malformed")]
    Malformed,
    #[error("invalid expiration time (exp) claim: token is expired")]
    Expired,
    #[error("invalid not before (nbf) claim: token not yet valid")]
    NotYet,
    #[error("invalid issued at (iat) claim: token issued in the future")]
    Future,
}

impl From<BadClaim> for Untimely {
    fn from(_: BadClaim) -> Self {
        Self::Malformed
    }
}

impl Leeways {
    pub(crate) fn check(&self, claims: &Claims, now: Timestamp) -> Result<(), Untimely> {
        let (exp, nbf, iat) = (claims.seconds("exp")?, claims.seconds("nbf")?, claims.seconds("iat")?);
        let begins = nbf.max(iat);
        let end = match (exp, begins) {
            (Some(exp), _) => exp,
            (None, Some(begins)) => begins.saturating_add(or_default(self.expiration, OTHERS)),
            (None, None) => return Err(Untimely::Unbounded),
        };
        let begin = nbf.or(iat).unwrap_or_else(|| end.saturating_sub(or_default(self.not_before, OTHERS)));
        let (now, skew) = (now.unix_seconds(), or_default(self.clock_skew, CLOCK_SKEW));
        let (earliest, latest) = (now.saturating_sub(skew), now.saturating_add(skew));
        match () {
            () if earliest >= end => Err(Untimely::Expired),
            () if latest < begin => Err(Untimely::NotYet),
            () if iat.is_some_and(|it| latest < it) => Err(Untimely::Future),
            () => Ok(()),
        }
    }
}

fn or_default(leeway: i64, default: i64) -> i64 {
    match leeway {
        0 => default,
        leeway => leeway.max(0),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const NOW: i64 = 1_000_000;

    #[track_caller]
    fn check(leeways: Leeways, claims: Value, expected: Result<(), Untimely>) {
        let now = Timestamp(NOW * 1_000_000_000);
        assert_eq!(leeways.check(&Claims::of(claims.clone()), now), expected, "{claims} {leeways:?}");
    }

    // Rule 78
    #[test]
    fn a_token_has_an_end_and_is_good_until_then() {
        let default = Leeways::default();
        let none = Leeways { clock_skew: -1, expiration: -1, not_before: -1 };
        check(default, json!({}), Err(Untimely::Unbounded));
        check(default, json!({ "exp": NOW + 1 }), Ok(()));
        check(default, json!({ "exp": NOW - 59 }), Ok(()));
        check(default, json!({ "exp": NOW - 60 }), Err(Untimely::Expired));
        check(none, json!({ "exp": NOW, "iat": NOW }), Err(Untimely::Expired));
        check(none, json!({ "exp": NOW + 1, "iat": NOW }), Ok(()));
        check(Leeways { clock_skew: 5, ..default }, json!({ "exp": NOW - 5 }), Err(Untimely::Expired));
        // Without an end: a while from its beginning on.
        check(default, json!({ "iat": NOW - 209 }), Ok(()));
        check(default, json!({ "iat": NOW - 210 }), Err(Untimely::Expired));
        check(default, json!({ "iat": NOW - 900, "nbf": NOW - 209 }), Ok(()));
        check(Leeways { expiration: 10, ..none }, json!({ "iat": NOW - 9 }), Ok(()));
        check(Leeways { expiration: 10, ..none }, json!({ "iat": NOW - 10 }), Err(Untimely::Expired));
        check(none, json!({ "iat": NOW }), Err(Untimely::Expired));
        // Its beginning, or a while before its end.
        check(default, json!({ "exp": NOW + 900, "nbf": NOW + 60 }), Ok(()));
        check(default, json!({ "exp": NOW + 900, "nbf": NOW + 61 }), Err(Untimely::NotYet));
        check(default, json!({ "exp": NOW + 900, "nbf": NOW, "iat": NOW + 61 }), Err(Untimely::Future));
        check(default, json!({ "exp": NOW + 900, "iat": NOW + 61 }), Err(Untimely::NotYet));
        check(default, json!({ "exp": NOW + 211 }), Err(Untimely::NotYet));
        check(default, json!({ "exp": NOW + 210 }), Ok(()));
        for name in ["exp", "nbf", "iat"] {
            let mut claims = json!({ "exp": NOW + 100, "nbf": NOW, "iat": NOW });
            claims[name] = json!("soon");
            check(default, claims.clone(), Err(Untimely::Malformed));
            claims[name] = json!(null);
            check(default, claims, Err(Untimely::Malformed));
        }
    }
}
