//! Identity: who is behind logins.
//!
//! Each name that an auth method's authority vouches for is an *alias*, unique by mount accessor and name, of
//! one *entity*; the first login of an alias makes its entity. Entities, and the *groups* that they are in,
//! have policies, which the tokens of their logins have besides their own, live. A group is internal, then an
//! operator lists its members; or external, then a login's authority says who is in it.
//!
//! An entity's aliases stand in its record, so that one revision says whether anything about it has changed.
//! Of external groups a member's alias keeps what its authority called them: who is in which is worked out
//! from that, so that a login writes no group.

mod aliases;
mod engine;
mod entities;
mod entity;
mod group;
mod group_aliases;
mod groups;
mod login;
mod lookup;
mod membership;
mod merge;
mod name;
mod resolve;
mod shown;

pub(crate) use engine::Identity;
pub(crate) use login::{Vouched, at_login};
pub(crate) use resolve::{Identities, Resolved, Subject};

use std::collections::BTreeMap;

use strongroom_api::params::Text;

use crate::{
    barrier::{Class, Filed, Place, Record, Root, filed},
    error::{Error, Result},
    store::Store,
    tokens::params,
};

const ROOT: Root = Root::internal(9);

pub(crate) const KINDS: &[&[Filed]] =
    &[entity::KINDS, group::KINDS, membership::KINDS, &[filed::<Id>(Class::Identity)]];

/// What a name, or the id of an alias, stands for.
#[derive(Debug, minicbor::CborLen, minicbor::Decode, minicbor::Encode)]
struct Id {
    #[n(0)]
    id: String,
}

impl Record for Id {}

/// Where a record lies. Names may have slashes, which make no folders here.
fn place(store: &Store, folder: &str, name: &str) -> Place {
    store.place(Class::Identity, ROOT, &format!("{folder}/{}", name.replace('/', "\u{1}")))
}

/// A field that is there and not empty.
fn given(text: &Option<Text>) -> Option<&str> {
    text.as_ref().map(|it| it.0.as_str()).filter(|it| !it.is_empty())
}

/// Policies of an entity or a group, in their one form.
fn policies(names: &[String]) -> Result<Vec<String>> {
    let mut names = params::policy_names(names)?;
    names.sort_unstable();
    match names.iter().any(|it| it == "root") {
        true => Err(Error::invalid("policies cannot contain root")),
        false => Ok(names),
    }
}

const MAX_PAIRS: usize = 64;
const MAX_KEY: usize = 128;
const MAX_VALUE: usize = 512;

/// Metadata as Vault bounds it.
fn metadata(pairs: BTreeMap<String, String>) -> Result<BTreeMap<String, String>> {
    if pairs.len() > MAX_PAIRS {
        return Err(Error::invalid("metadata has more than 64 keys"));
    }
    if pairs.iter().any(|(key, value)| key.len() > MAX_KEY || value.len() > MAX_VALUE) {
        return Err(Error::invalid("metadata has a key of over 128 bytes or a value of over 512"));
    }
    if pairs.iter().any(|(key, value)| !name::is_plain(key) || value.chars().any(char::is_control)) {
        return Err(Error::invalid("metadata has an empty key or one with control characters"));
    }
    Ok(pairs)
}
