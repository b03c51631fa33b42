//! Signed tokens (JWS, RFC 7515; JWT, RFC 7519): what `jwt` and `kubernetes` have in common.
//!
//! A text becomes [`Presented`], whose header was looked at and nothing else; keys make [`Claims`] of it. There is
//! no other way to claims, so that none are believed, or even read, whose signature was not verified.

mod claims;
mod issuers;
mod json;
mod key_set;
mod lifetime;
mod presented;
mod published;

pub(crate) use claims::Claims;
pub(crate) use issuers::Issuers;
pub(crate) use key_set::{BadKeySet, KeySet};
pub(crate) use lifetime::Leeways;
pub(crate) use presented::Presented;
pub(crate) use published::{Failed, Published, Publisher};

/// Text that is no token that could be verified. It says nothing of what is wrong: there is nobody yet to tell.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("not a signed token that is taken here")]
pub(crate) struct Malformed;

/// A door for the fuzz target: text as claims, as if a key had verified it.
#[cfg(any(test, feature = "testing"))]
pub(crate) fn read_claims(text: &[u8]) -> Result<Claims, Malformed> {
    json::object(text).map(Claims::new)
}
