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
    identity::{Resolved, Subject},
    ids::NamespaceId,
    storage::Rev,
    store::{Fixed, Store},
    tokens::Token,
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
    compiled: Cache<u128, Compiled>,
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

    /// What a holder's policies allow together. Names without a policy allow nothing.
    pub async fn acl(&self, store: &Store, bearer: Bearer<'_>, now: Timestamp) -> Result<Arc<Acl>> {
        let rev = store.rev(self.generation.place(store)).await?;
        let mut parts: Vec<&[u8]> = Vec::with_capacity(bearer.names.len() + bearer.more.len());
        parts.extend(bearer.all().map(str::as_bytes));
        let hash = self.hash.hash(&parts);
        let current = |hash| self.compiled.get(&hash).filter(|it| it.is_current(rev, now));
        // A set with templates is another one for each bearer.
        let own = || match bearer.subject {
            Some(subject) => subject.hash(&self.hash, hash),
            None => self.hash.hash(&[&hash.to_be_bytes()]),
        };
        match current(hash) {
            Some(Compiled { acl: Some(acl), .. }) => return Ok(acl),
            Some(_) => {
                if let Some(Compiled { acl: Some(acl), .. }) = current(own()) {
                    return Ok(acl);
                }
            }
            None => {}
        }
        let mut policies = Vec::with_capacity(parts.len());
        for name in bearer.all() {
            policies.extend(load(store, name).await?);
        }
        let is_templated = policies.iter().any(Policy::is_templated);
        let policies: Vec<&Policy> = policies.iter().collect();
        let compiled = match bearer.subject {
            Some(subject) => Acl::compile(&policies, &subject, now.0),
            None => Acl::compile(&policies, &Nobody, now.0),
        };
        let acl = compiled.map_err(|_| Error::denied("the token's policies are too complex together"))?;
        let acl = Arc::new(acl);
        let keep = |hash, acl| self.compiled.insert(hash, Compiled { generation: rev, acl });
        if is_templated {
            keep(hash, None);
            keep(own(), Some(acl.clone()));
        } else {
            keep(hash, Some(acl.clone()));
        }
        Ok(acl)
    }
}

/// A set of policies, compiled.
#[derive(Clone)]
struct Compiled {
    generation: Option<Rev>,
    /// None: there are templates in it, and each holder has a set of its own.
    acl: Option<Arc<Acl>>,
}

impl Compiled {
    fn is_current(&self, generation: Option<Rev>, now: Timestamp) -> bool {
        let lasts = |acl: &Arc<Acl>| acl.valid_until().is_none_or(|until| now.0 < until);
        self.generation == generation && self.acl.as_ref().is_none_or(lasts)
    }
}

/// Whose policies are asked for.
#[derive(Clone, Copy)]
pub struct Bearer<'a> {
    /// The token's own, or those that somebody asks about.
    names: &'a [String],
    /// Those of the entity and its groups.
    more: &'a [String],
    /// What templates go by.
    subject: Option<Subject<'a>>,
}

impl<'a> Bearer<'a> {
    /// `identity`: whose the token is.
    pub(crate) fn of(token: &'a Token, identity: Option<&'a Resolved>) -> Self {
        let login = token.login.as_ref();
        Self {
            names: &token.policies,
            more: identity.map(|it| it.policies.as_slice()).unwrap_or_default(),
            subject: identity.map(|identity| Subject { identity, login }),
        }
    }

    /// Nobody, with these policies.
    pub fn named(names: &'a [String]) -> Self {
        Self { names, more: &[], subject: None }
    }

    /// Each name once: what an entity has besides may be what the token has.
    fn all(&self) -> impl Iterator<Item = &'a str> {
        let names = self.names;
        let more = self.more.iter().filter(move |it| !names.contains(it));
        names.iter().chain(more).map(String::as_str)
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
