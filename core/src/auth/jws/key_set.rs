//! The keys that somebody's tokens are verified with: from a configuration, or as a JWK set (RFC 7517).

use data_encoding::BASE64URL_NOPAD;
use serde_json::{Map, Value};

use super::{Claims, Malformed, Presented, json};
use crate::crypto::public_key::{Algorithm, BadPublicKey, Curve, PublicKey};

/// Keys of one set. More would only be work for whoever sends tokens that none of them verifies.
const MAX_KEYS: usize = 64;

/// Keys, in their order.
#[derive(Debug, Default)]
pub(crate) struct KeySet(Vec<Named>);

#[derive(Debug)]
struct Named {
    id: Option<String>,
    /// If the set says what the key is for: that, and nothing else.
    algorithm: Option<Algorithm>,
    key: PublicKey,
}

/// What a set says of a token.
#[derive(Debug)]
pub(crate) enum Verdict {
    Verified(Claims),
    /// The key that it names did not sign it, or it claims what cannot be read.
    Refused,
    /// The set does not have the key that it names; or it names none, and none has signed it.
    Unknown,
}

/// Why a set cannot be used.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub(crate) enum BadKeySet {
    #[error("expected a JSON web key set")]
    NotASet,
    #[error("the key set has no key that tokens could be verified with")]
    Empty,
    #[error("the key set has more than 64 keys")]
    TooMany,
}

impl KeySet {
    /// Keys that a configuration holds: they have no names, and each is tried.
    pub(crate) fn of_pem<'p>(keys: impl IntoIterator<Item = &'p String>) -> Result<Self, BadPublicKey> {
        let named = |pem: &String| Ok(Named { id: None, algorithm: None, key: PublicKey::from_pem(pem)? });
        keys.into_iter().map(named).collect::<Result<_, _>>().map(Self)
    }

    /// Reads a JWK set. Keys of kinds that are not known, and such as are for something else, are passed over, as
    /// the standard wants it.
    pub(crate) fn parse(text: &[u8]) -> Result<Self, BadKeySet> {
        let set = json::object(text).map_err(|_| BadKeySet::NotASet)?;
        let Some(Value::Array(keys)) = set.get("keys") else { return Err(BadKeySet::NotASet) };
        if keys.len() > MAX_KEYS {
            return Err(BadKeySet::TooMany);
        }
        let keys: Vec<Named> = keys.iter().filter_map(Value::as_object).filter_map(named).collect();
        match keys.is_empty() {
            true => Err(BadKeySet::Empty),
            false => Ok(Self(keys)),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The keys of several sets as one.
    pub(crate) fn join(&mut self, other: Self) -> Result<(), BadKeySet> {
        self.0.extend(other.0);
        if self.0.len() > MAX_KEYS { Err(BadKeySet::TooMany) } else { Ok(()) }
    }

    /// The token's claims, if one of the keys signed it.
    pub(crate) fn verify(&self, token: &Presented<'_>) -> Option<Claims> {
        match self.judge(token) {
            Verdict::Verified(claims) => Some(claims),
            Verdict::Refused | Verdict::Unknown => None,
        }
    }

    /// Verifies a token with the keys that it may mean.
    pub(crate) fn judge(&self, token: &Presented<'_>) -> Verdict {
        let mut is_named = false;
        for it in self.0.iter().filter(|it| it.may_be_meant_by(token)) {
            is_named |= it.id.is_some() && token.key_id().is_some();
            if it.is_for(token.algorithm()) && token.is_by(&it.key) {
                return match token.claims() {
                    Ok(claims) => Verdict::Verified(claims),
                    Err(Malformed) => Verdict::Refused,
                };
            }
        }
        if is_named { Verdict::Refused } else { Verdict::Unknown }
    }
}

impl Named {
    fn may_be_meant_by(&self, token: &Presented<'_>) -> bool {
        match (self.id.as_deref(), token.key_id()) {
            (Some(id), Some(wanted)) => id == wanted,
            _ => true,
        }
    }

    fn is_for(&self, algorithm: Algorithm) -> bool {
        self.algorithm.is_none_or(|it| it == algorithm) && self.key.is_for(algorithm)
    }
}

fn named(jwk: &Map<String, Value>) -> Option<Named> {
    let text = |name: &str| jwk.get(name).and_then(Value::as_str);
    let bytes = |name: &str| BASE64URL_NOPAD.decode(text(name)?.as_bytes()).ok();
    let lists_verify = |ops: &Value| ops.as_array().is_some_and(|it| it.iter().any(|op| op == "verify"));
    if jwk.get("use").is_some_and(|it| it != "sig") || jwk.get("key_ops").is_some_and(|it| !lists_verify(it))
    {
        return None;
    }
    let algorithm = match jwk.get("alg") {
        None => None,
        Some(name) => Some(Algorithm::parse(name.as_str()?)?),
    };
    let id = match jwk.get("kid") {
        None => None,
        Some(id) => Some(id.as_str()?.to_owned()),
    };
    let key = match (text("kty")?, text("crv")) {
        ("RSA", _) => PublicKey::rsa(&bytes("n")?, &bytes("e")?)?,
        ("EC", Some("P-256")) => PublicKey::ec(Curve::P256, &bytes("x")?, &bytes("y")?)?,
        ("EC", Some("P-384")) => PublicKey::ec(Curve::P384, &bytes("x")?, &bytes("y")?)?,
        ("OKP", Some("Ed25519")) => PublicKey::ed25519(&bytes("x")?)?,
        _ => return None,
    };
    Some(Named { id, algorithm, key })
}
