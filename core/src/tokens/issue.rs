//! Making a token: the one place where one comes into being.

use std::{collections::BTreeMap, time::Duration};

use super::{
    Login, Selector, State, Token, TokenKind, Tokens, format,
    index::{self, Row},
    lookup::MAX_DEPTH,
    prefixes,
    ttl::Lifetime,
};
use crate::{
    barrier::Class,
    clock::Timestamp,
    crypto::SecretBytes,
    error::{Error, Result},
    ids::{MountId, NamespaceId},
    leases,
    response::Auth,
    tx::Tx,
};

/// What a token shall be. Whoever asks has checked that it may: [`issue`](Tokens::issue) only makes it.
#[derive(Debug)]
pub struct NewToken {
    pub namespace: NamespaceId,
    pub kind: TokenKind,
    pub parent: Option<Parent>,
    pub policies: Vec<String>,
    /// The request path that makes it, below the mount that makes it.
    pub path: String,
    pub mount: Option<MountId>,
    pub display_name: String,
    pub metadata: Option<BTreeMap<String, String>>,
    pub lifetime: Lifetime,
    pub max_ttl: Duration,
    pub explicit_max_ttl: Duration,
    pub period: Duration,
    pub renewable: bool,
    /// Zero: without limit.
    pub num_uses: i64,
    pub role: String,
    pub entity: String,
    pub login: Option<Login>,
    pub bound_cidrs: Vec<String>,
    /// An id that the caller chose.
    pub id: Option<SecretBytes>,
}

/// A parent that was read in the transaction in which the child is made, and found to live: if it is revoked
/// meanwhile, the child is not made.
#[derive(Clone, Copy, Debug)]
pub struct Parent {
    selector: Selector,
    depth: u8,
}

impl NewToken {
    /// A root token without end. One with a chosen id looks like one that somebody made by hand: that is how
    /// clients know the root token of a development server.
    pub fn root(id: Option<SecretBytes>) -> Self {
        let (path, display_name) = match id {
            Some(_) => ("auth/token/create", "token"),
            None => ("auth/token/root", "root"),
        };
        Self {
            namespace: NamespaceId::ROOT,
            kind: TokenKind::Service,
            parent: None,
            policies: vec!["root".to_owned()],
            path: path.to_owned(),
            mount: None,
            display_name: display_name.to_owned(),
            metadata: None,
            lifetime: Lifetime::Endless,
            max_ttl: Duration::ZERO,
            explicit_max_ttl: Duration::ZERO,
            period: Duration::ZERO,
            renewable: false,
            num_uses: 0,
            role: String::new(),
            entity: String::new(),
            login: None,
            bound_cidrs: Vec::new(),
            id,
        }
    }
}

/// A token that was staged: valid once its transaction is committed.
#[derive(Debug)]
pub struct Issued {
    pub id: SecretBytes,
    pub token: Token,
    pub accessor: super::Accessor,
}

impl Tokens {
    /// The parent of a token to be made, as `tx` sees it now.
    pub async fn parent(&self, tx: &mut Tx, selector: Selector, now: Timestamp) -> Result<(Parent, Token)> {
        let place = self.place(tx.store(), selector);
        // Rule 41: read through the transaction.
        let token = tx.get::<Token>(&place).await?.ok_or(Error::Denied)?;
        if !token.is_live(now) {
            return Err(Error::Denied);
        }
        Ok((Parent { selector, depth: token.depth }, token))
    }

    /// Stages a service token, or makes a batch token, which nothing is stored of.
    pub async fn issue(&self, tx: &mut Tx, new: NewToken, now: Timestamp) -> Result<Issued> {
        // Rule 42: nothing is stored of a batch token, so nobody could count.
        if new.kind == TokenKind::Batch && new.num_uses != 0 {
            return Err(Error::invalid("batch tokens cannot have a limited use count"));
        }
        let depth = new.parent.map_or(0, |it| it.depth.saturating_add(1));
        if usize::from(depth) >= MAX_DEPTH {
            return Err(Error::invalid("the token has too many ancestors to make another"));
        }
        // What is not stored is as short as it can be: whole seconds.
        let created = match new.kind {
            TokenKind::Batch => now.whole_seconds(),
            TokenKind::Service => now,
        };
        let expires = new.lifetime.ends(created);
        let mut token = Token {
            mac: [0; 32],
            selector: [0; 16],
            namespace: new.namespace,
            kind: new.kind,
            parent: new.parent.map(|it| it.selector.0),
            policies: new.policies,
            path: new.path,
            display_name: new.display_name,
            metadata: new.metadata,
            created,
            creation_ttl: new.lifetime.ttl(),
            granted_ttl: new.lifetime.ttl(),
            expires,
            max_ttl: new.max_ttl,
            explicit_max_ttl: new.explicit_max_ttl,
            period: new.period,
            renewable: new.renewable,
            renewed: None,
            uses_left: new.num_uses,
            role: new.role,
            entity: new.entity,
            login: new.login,
            bound_cidrs: new.bound_cidrs,
            state: State::Active,
            mount: new.mount,
            depth,
            epoch: prefixes::epoch(tx).await?,
            filed: None,
        };
        if new.kind == TokenKind::Batch {
            let id = self.seal_batch(tx.store(), &token)?;
            return Ok(Issued { id, token, accessor: String::new() });
        }
        let (selector, id) = match new.id {
            Some(id) => (self.unused(tx, &id, now).await?, id),
            None => format::generate()?,
        };
        token.selector = selector.0;
        token.mac = self.mac(id.expose());
        token.filed = expires.map(index::minute_after);
        let place = self.place(tx.store(), selector);
        tx.put(&place, &token)?;
        let rows = [
            token.filed.map(|minute| index::expiry(tx.store(), minute, selector)),
            index::path(tx.store(), &token),
            index::child(tx.store(), &token),
        ];
        for place in rows.into_iter().flatten() {
            tx.put(&place, &Row::of(selector))?;
        }
        Ok(Issued { id, accessor: self.accessor(selector), token })
    }

    /// The selector of an id that somebody chose, if it is free: unknown, or that of a dead token without
    /// children and leases, which would come back to life with it. What the dead token leaves is purged in the background.
    async fn unused(&self, tx: &mut Tx, id: &SecretBytes, now: Timestamp) -> Result<Selector> {
        let selector = self.selector(id.expose());
        let place = self.place(tx.store(), selector);
        let Some(old) = tx.get::<Token>(&place).await? else { return Ok(selector) };
        let store = tx.store().clone();
        let is_parent = !store.is_empty(Class::TokenIndex, index::children(&store, selector)).await?;
        let is_holder = leases::are_of(&store, selector).await?;
        if old.is_live(now) || is_parent || is_holder || old.created >= now {
            return Err(Error::invalid("cannot create a token with a duplicate ID"));
        }
        let rows = [
            old.filed.map(|minute| index::expiry(&store, minute, selector)),
            index::path(&store, &old),
            index::child(&store, &old),
        ];
        rows.iter().flatten().for_each(|it| tx.delete(it));
        let left = index::replaced(&store).at(Class::Queue, index::at_creation(&old));
        tx.put(&left, &old)?;
        Ok(selector)
    }
}

impl Issued {
    /// As a login or a creation answers it. `identity`: the policies of whose token it is, sorted.
    pub fn into_auth(self, identity: Vec<String>) -> Auth {
        auth(&self.token, self.id, self.accessor, self.token.creation_ttl, identity)
    }
}

/// The `auth` part of an answer about a token.
pub(crate) fn auth(
    token: &Token,
    id: SecretBytes,
    accessor: super::Accessor,
    ttl: Duration,
    identity: Vec<String>,
) -> Auth {
    let mut policies = token.policies.clone();
    if !identity.is_empty() {
        policies.extend(identity.iter().cloned());
        policies.sort_unstable();
        policies.dedup();
    }
    Auth {
        client_token: id,
        accessor,
        policies,
        token_policies: token.policies.clone(),
        identity_policies: identity,
        metadata: token.metadata.clone(),
        lease_duration: ttl.as_secs(),
        renewable: token.renewable,
        entity_id: token.entity.clone(),
        token_type: token.kind.name(),
        orphan: token.is_orphan(),
        mfa_requirement: None,
        num_uses: token.uses_left,
        display_name: token.display_name.clone(),
    }
}
