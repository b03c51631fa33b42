//! What a login takes out of the claims: whose it is, metadata, groups.

use std::collections::BTreeMap;

use serde_json::Value;

use super::role::Role;
use crate::{
    auth::{jws::Claims, name},
    error::{Error, Result},
};

/// The key that metadata always has, and no claim can give.
pub(super) const ROLE: &str = "role";

const MAX_GROUPS: usize = 1_024;

/// Whose login it is: the claim that the role says (rule 62).
pub(super) fn alias<'c>(role: &Role, claims: &'c Claims) -> Result<&'c str> {
    let claim = &role.user_claim;
    let found = match role.user_claim_json_pointer {
        true => claims.find(claim),
        false => claims.named(claim),
    };
    match found {
        None => Err(Error::invalid(format!("claim \"{claim}\" not found in token"))),
        Some(Value::String(alias)) if name::is_alias(alias) => Ok(alias),
        Some(_) => Err(Error::invalid(format!("claim \"{claim}\" is no plain text"))),
    }
}

/// The role's name, and the claims that it maps. Claims that are missing are left out.
pub(super) fn metadata(role: &Role, claims: &Claims) -> Result<BTreeMap<String, String>> {
    let mut metadata = BTreeMap::from([(ROLE.to_owned(), role.name.clone())]);
    for (claim, key) in &role.claim_mappings {
        match claims.find(claim) {
            None | Some(Value::Null) => {}
            Some(value) => {
                let text = text(value)
                    .ok_or_else(|| Error::invalid(format!("error converting claim \"{claim}\" to string")))?;
                metadata.insert(key.clone(), text);
            }
        }
    }
    Ok(metadata)
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) => Some(value.to_string()),
        Value::Null | Value::Object(_) => None,
    }
}

/// The names of the groups that the authority says, if the role asks for them.
pub(super) fn groups(role: &Role, claims: &Claims) -> Result<Option<Vec<String>>> {
    let claim = &role.groups_claim;
    if claim.is_empty() {
        return Ok(None);
    }
    let refused = |what: &str| Error::invalid(format!("failed to fetch groups: \"{claim}\" claim {what}"));
    let found = match claims.find(claim) {
        None | Some(Value::Null) => return Err(refused("not found in token")),
        Some(Value::Array(list)) => list.as_slice(),
        Some(one) => std::slice::from_ref(one),
    };
    let name = |it: &Value| it.as_str().filter(|it| name::is_alias(it)).map(str::to_owned);
    let groups: Option<Vec<String>> = found.iter().map(name).collect();
    match groups {
        Some(groups) if groups.len() <= MAX_GROUPS => Ok(Some(groups)),
        _ => Err(refused("could not be converted to string list")),
    }
}
