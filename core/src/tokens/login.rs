//! Logins: how any auth method makes its tokens.

use std::collections::BTreeMap;

use super::{
    Token, TokenKind,
    issue::NewToken,
    params::{TokenParams, TokenType, policy_names},
    ttl::{self, Lifetime, Limits, Wanted},
};
use crate::{
    dispatch::Cx,
    error::{Error, Result},
    identity::{self, Vouched},
    response::Response,
    tx::Tx,
};

/// What a login has proved. An auth method makes one only when nothing is left to check: rule 43.
#[derive(Debug)]
pub struct LoginGrant<'a> {
    /// The role's or user's.
    pub params: &'a TokenParams,
    /// Who it is, as the authority calls them: the alias, never what the client typed (rule 62). Empty where a
    /// method's logins have no name of their own.
    pub alias: &'a str,
    /// What follows the mount's name in the display name; most often the alias. May be empty.
    pub display_name: &'a str,
    /// What the authority says of whoever logs in, kept with the alias: templates of policies go by it. It
    /// replaces what was kept (rule 64).
    pub alias_metadata: BTreeMap<String, String>,
    /// The names of the groups that the authority says it is in; none if the authority speaks of no groups.
    pub groups: Option<Vec<String>>,
    /// Shown with the token.
    pub metadata: BTreeMap<String, String>,
    /// Policies besides the role's own.
    pub policies: &'a [String],
}

/// Stages the token of a login, and answers with it.
///
/// The token is an orphan; it belongs to the mount, and ends when that is disabled.
pub async fn login(cx: &Cx<'_>, tx: &mut Tx, grant: LoginGrant<'_>) -> Result<Response> {
    let params = grant.params;
    let mount = cx.mount()?;
    let kind = kind(params.token_type, &mount.config.token_type);
    // Of a limited number of uses only a service token can keep count.
    let (num_uses, period) = (params.num_uses, params.period);
    if kind == TokenKind::Batch && (num_uses != 0 || !period.is_zero()) {
        return Err(Error::invalid("batch tokens cannot be periodic or of limited use"));
    }
    let policies = policies(params, grant.policies)?;
    let limits = Limits::of(&mount.config, cx.core.settings());
    let wanted = Wanted {
        ttl: params.ttl,
        period,
        max_ttl: params.max_ttl,
        explicit_max_ttl: params.explicit_max_ttl,
    };
    let given = ttl::give(limits, wanted, cx.now, cx.now)?;
    let identity = match grant.alias {
        "" => None,
        name => {
            let LoginGrant { alias_metadata: metadata, groups, .. } = &grant;
            let vouched = Vouched { mount, name, metadata: metadata.clone(), groups: groups.clone() };
            Some(identity::at_login(cx.open()?, tx, vouched, cx.now).await?)
        }
    };
    let (entity, login, of_identity) = match identity {
        Some(it) => (it.entity, Some(it.login), it.policies),
        None => Default::default(),
    };
    let new = NewToken {
        namespace: mount.namespace,
        kind,
        parent: None,
        policies,
        path: cx.request.path.as_str().trim_end_matches('/').to_owned(),
        mount: Some(mount.id),
        display_name: display_name(&mount.path, grant.display_name),
        metadata: Some(grant.metadata),
        lifetime: Lifetime::For(given.ttl),
        max_ttl: params.max_ttl,
        explicit_max_ttl: params.explicit_max_ttl,
        period,
        renewable: kind == TokenKind::Service,
        num_uses,
        role: String::new(),
        entity,
        login,
        bound_cidrs: bound_cidrs(cx, params),
        id: None,
    };
    let issued = cx.open()?.tokens.issue(tx, new, cx.now).await?;
    let mut response = Response::auth(issued.into_auth(of_identity));
    response.warnings.extend(given.warning);
    Ok(response)
}

/// Refuses a renewal whose token would not get the same policies today. What is renewed is what the token was
/// made with, so that a role or user from whom something was taken must log in anew.
pub fn unchanged(token: &Token, params: &TokenParams, extra: &[String]) -> Result<()> {
    if policies(params, extra)? == token.policies {
        return Ok(());
    }
    Err(Error::invalid("failed to renew entry: policies have changed, not renewing"))
}

/// What the token of a login carries, sorted.
fn policies(params: &TokenParams, extra: &[String]) -> Result<Vec<String>> {
    let mut policies = policy_names(&params.policies)?;
    policies.extend(policy_names(extra)?);
    // Rule 38
    if policies.iter().any(|it| it == "root") {
        return Err(Error::invalid("auth methods cannot create root tokens"));
    }
    if policies.iter().any(|it| it == "response-wrapping") {
        return Err(Error::invalid("cannot assign policy \"response-wrapping\""));
    }
    if !params.no_default_policy {
        policies.push("default".to_owned());
    }
    policies.sort_unstable();
    policies.dedup();
    Ok(policies)
}

/// The role's choice where the mount leaves one.
fn kind(role: TokenType, mount: &str) -> TokenKind {
    match (TokenType::parse(mount).unwrap_or_default(), role) {
        (TokenType::Service, _) => TokenKind::Service,
        (TokenType::Batch, _) => TokenKind::Batch,
        (mount, TokenType::Default) => mount.choose(None),
        (_, role) => role.choose(None),
    }
}

/// `userpass-ann`, `approle`: the mount's path without slashes, then the name.
fn display_name(mount: &str, name: &str) -> String {
    let mount = mount.trim_end_matches('/').replace('/', "-");
    if name.is_empty() { mount } else { format!("{mount}-{name}") }
}

fn bound_cidrs(cx: &Cx<'_>, params: &TokenParams) -> Vec<String> {
    match &cx.request.peer {
        // The token goes with the address that logged in.
        crate::request::Peer::Address(address) if params.strictly_bind_ip => {
            vec![address.ip().to_canonical().to_string()]
        }
        _ => params.bound_cidrs.clone(),
    }
}

#[cfg(test)]
mod tests;
