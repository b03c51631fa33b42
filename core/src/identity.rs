//! Who is behind a login: the beginning of identity.
//!
//! Each name that an auth method's authority vouches for is an *alias*, unique by mount accessor and name, of
//! one *entity*. The first login of an alias makes its entity; every later login finds it, also through
//! another path to the same mount. What entities can be given (policies, groups, merging) comes with identity
//! itself.

use crate::{
    barrier::{Class, Filed, Record, Root, filed},
    clock::Timestamp,
    crypto::random,
    error::Result,
    mounts::Mount,
    tx::Tx,
};

const ROOT: Root = Root::internal(9);

/// An authority's name for somebody.
#[derive(Debug, minicbor::CborLen, minicbor::Decode, minicbor::Encode)]
struct Alias {
    /// The entity's id, a UUID as text.
    #[n(0)]
    entity: String,
    #[cbor(n(1), with = "crate::codec::timestamp")]
    created: Timestamp,
}

impl Record for Alias {}

pub(crate) const KINDS: &[Filed] = &[filed::<Alias>(Class::Identity)];

/// The entity of the alias called `name` at `mount`, made if this is its first login.
pub(crate) async fn entity_of(tx: &mut Tx, mount: &Mount, name: &str, now: Timestamp) -> Result<String> {
    let place = tx.store().place(Class::Identity, ROOT, &format!("alias/{}/{name}", mount.accessor));
    if let Some(alias) = tx.cached::<Alias>(&place).await? {
        return Ok(alias.entity.clone());
    }
    let alias = Alias { entity: random::uuid()?.to_string(), created: now };
    tx.put(&place, &alias)?;
    Ok(alias.entity)
}
