//! Stored policies, and the compiled sets that requests are decided by.
//!
//! A set of policy names is compiled once, and again when any policy has changed: the *generation*, a record
//! that each change touches, has another revision then.

use std::sync::Arc;

use quick_cache::sync::Cache;
use strongroom_policies::{Acl, Nobody, Policy, PolicyName};

use crate::{
    barrier::{Class, Filed, Place, Record, Root, filed},
    clock::Timestamp,
    crypto::mac::CacheHash,
    error::{Error, Result},
    ids::NamespaceId,
    storage::Rev,
    store::{Fixed, Store},
    tx::Tx,
};

const ROOT: Root = Root::internal(2);
const GENERATION: &str = "generation";

/// Compiled sets that are kept.
const COMPILED: usize = 4_096;

/// A policy as it was written.
#[derive(Clone, Debug, minicbor::CborLen, minicbor::Decode, minicbor::Encode)]
pub struct StoredPolicy {
    #[cbor(n(0), with = "crate::codec::namespace")]
    pub namespace: NamespaceId,
    #[n(1)]
    pub name: String,
    /// To the byte: configuration tools compare it.
    #[n(2)]
    pub text: String,
    #[cbor(n(3), with = "crate::codec::timestamp")]
    pub modified: Timestamp,
}

impl Record for StoredPolicy {}

#[derive(Debug, Default, minicbor::CborLen, minicbor::Decode, minicbor::Encode)]
struct Generation {
    #[n(0)]
    number: u64,
}

impl Record for Generation {}

pub(crate) const KINDS: &[Filed] =
    &[filed::<StoredPolicy>(Class::Policy), filed::<Generation>(Class::Policy)];

/// The policies of an unsealed store.
pub struct Policies {
    generation: Fixed,
    hash: CacheHash,
    compiled: Cache<u128, (Option<Rev>, Arc<Acl>)>,
    root: Arc<Acl>,
}

impl Policies {
    pub(crate) fn new() -> Result<Self> {
        let root = Acl::compile(&[&Policy::root()], &Nobody, 0)
            .map_err(|_| Error::Internal("the root policy does not compile"))?;
        Ok(Self {
            generation: Fixed::new(Class::Policy, ROOT, GENERATION),
            hash: CacheHash::new()?,
            compiled: Cache::new(COMPILED),
            root: Arc::new(root),
        })
    }

    /// What the holder of the root handle may do: everything.
    pub(crate) fn root(&self) -> Arc<Acl> {
        self.root.clone()
    }

    /// What the policies called `names` allow together. Names without a policy allow nothing.
    pub async fn acl(&self, store: &Store, names: &[String], now: Timestamp) -> Result<Arc<Acl>> {
        let rev = store.rev(self.generation.place(store)).await?;
        let mut parts: Vec<&[u8]> = Vec::with_capacity(names.len());
        parts.extend(names.iter().map(String::as_bytes));
        let hash = self.hash.hash(&parts);
        if let Some((known, acl)) = self.compiled.get(&hash)
            && known == rev
            && acl.valid_until().is_none_or(|until| now.0 < until)
        {
            return Ok(acl);
        }
        let mut policies = Vec::with_capacity(names.len());
        for name in names {
            policies.extend(load(store, name).await?);
        }
        let policies: Vec<&Policy> = policies.iter().collect();
        let acl = Acl::compile(&policies, &Nobody, now.0)
            .map_err(|_| Error::denied("the token's policies are too complex together"))?;
        let acl = Arc::new(acl);
        self.compiled.insert(hash, (rev, acl.clone()));
        Ok(acl)
    }
}

/// The parsed policy called `name`. The root policy is not stored: it is what it is.
async fn load(store: &Store, name: &str) -> Result<Option<Policy>> {
    let name = PolicyName::new(name).map_err(|_| Error::Internal("a token has an invalid policy name"))?;
    if name.is_root() {
        return Ok(Some(Policy::root()));
    }
    if name.as_str() == crate::wrapping::POLICY {
        let parsed = strongroom_policies::parse(name, crate::wrapping::POLICY_TEXT);
        return parsed.map(Some).map_err(|_| Error::Internal("the wrapping policy does not parse"));
    }
    let Some(stored) = store.read::<StoredPolicy>(&place(store, &name)).await? else { return Ok(None) };
    match strongroom_policies::parse(name, &stored.value.text) {
        Ok(policy) => Ok(Some(policy)),
        // It parsed when it was written. A rule that cannot be read must not be left out: it may be a denial.
        Err(_) => Err(Error::Internal("a stored policy does not parse")),
    }
}

/// Stands for a slash in a stored name, so that all names lie in one folder. No name has control characters.
const SLASH: char = '\u{1}';

/// Where a policy lies.
pub fn place(store: &Store, name: &PolicyName) -> Place {
    let name: String = name.as_str().chars().map(|it| if it == '/' { SLASH } else { it }).collect();
    store.place(Class::Policy, ROOT, &format!("acl/{name}"))
}

/// The names of all stored policies, sorted.
pub async fn names(tx: &Tx) -> Result<Vec<String>> {
    let dir = tx.store().dir(ROOT, "acl/");
    let names = tx.names(Class::Policy, dir).await?;
    Ok(names.into_iter().map(|it| it.replace(SLASH, "/")).collect())
}

/// Stages a policy.
pub async fn put(tx: &mut Tx, name: &PolicyName, policy: &StoredPolicy) -> Result<()> {
    let place = place(tx.store(), name);
    tx.put(&place, policy)?;
    touch(tx).await
}

/// Stages a policy's removal.
pub async fn remove(tx: &mut Tx, name: &PolicyName) -> Result<()> {
    let place = place(tx.store(), name);
    tx.delete(&place);
    touch(tx).await
}

async fn touch(tx: &mut Tx) -> Result<()> {
    let place = generation(tx.store());
    let old = tx.get::<Generation>(&place).await?.unwrap_or_default();
    tx.put(&place, &Generation { number: old.number + 1 })
}

fn generation(store: &Store) -> Place {
    store.place(Class::Policy, ROOT, "generation")
}
