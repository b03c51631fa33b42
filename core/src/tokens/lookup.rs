//! From what a client presents to who it is.

use std::sync::Arc;

use super::{
    Selector, State, Token, TokenKind, Tokens, index,
    params::within,
    prefixes::{self, Prefixes},
};
use crate::{
    clock::Timestamp,
    core::Unsealed,
    error::{Error, Result},
    identity::Resolved,
    mounts::Table,
    request::{Peer, PresentedToken},
    storage::Priority,
    store::Store,
    tx::Attempts,
};

/// Ancestors that are followed; no chain that we issue is longer.
pub(crate) const MAX_DEPTH: usize = 64;

/// Who is asking.
#[derive(Clone, Debug)]
pub enum Caller {
    /// On a path that asks for no token.
    Anonymous,
    Token(Known),
    /// The root handle of an embedding application.
    Embedder,
}

/// A token that was proved and is live.
#[derive(Clone, Debug)]
pub struct Known {
    pub token: Arc<Token>,
    /// Whose it is; none for a token that is nobody's.
    pub(crate) identity: Option<Arc<Resolved>>,
}

impl Caller {
    pub fn token(&self) -> Option<&Token> {
        match self {
            Self::Token(known) => Some(&known.token),
            Self::Anonymous | Self::Embedder => None,
        }
    }

    /// What it may besides what its token says.
    pub(crate) fn identity_policies(&self) -> &[String] {
        match self {
            Self::Token(Known { identity: Some(it), .. }) => &it.policies,
            _ => &[],
        }
    }
}

impl crate::core::Core {
    /// Whether a token is valid. Nothing is counted and nothing recorded: it is asked before a long body is read,
    /// and decides nothing but that.
    pub async fn knows(&self, presented: &PresentedToken) -> bool {
        let Some(open) = self.unsealed() else { return false };
        let found = open.tokens.find(&open, presented.expose(), self.time().now()).await;
        matches!(found, Ok(Some(_)))
    }
}

impl Tokens {
    /// The live token behind what was presented, or [`Error::Denied`]: whatever is wrong with it, the answer
    /// is one.
    pub async fn authenticate(
        &self,
        open: &Unsealed,
        presented: &PresentedToken,
        now: Timestamp,
    ) -> Result<Known> {
        let token = self.find(open, presented.expose(), now).await?.ok_or(Error::Denied)?;
        let identity = self.identity(open, &token).await?;
        if stands(&token, identity.as_deref()) { Ok(Known { token, identity }) } else { Err(Error::Denied) }
    }

    /// Whose a token is; none if it is nobody's, or the entity's of before is no more.
    pub(crate) async fn identity(&self, open: &Unsealed, token: &Token) -> Result<Option<Arc<Resolved>>> {
        match token.entity.as_str() {
            "" => Ok(None),
            id => open.identities.of(open, id).await,
        }
    }

    /// The live token with this text.
    pub(crate) async fn find(
        &self,
        open: &Unsealed,
        text: &[u8],
        now: Timestamp,
    ) -> Result<Option<Arc<Token>>> {
        let store = &open.store;
        let token = match self.open_batch(store, text) {
            Some(token) => Arc::new(token),
            None => match store.cached::<Token>(&self.place(store, self.selector(text))).await? {
                Some(found) if self.proves(text, &found.value) => found.value,
                _ => return Ok(None),
            },
        };
        Ok(if self.is_live(open, &token, now).await? { Some(token) } else { None })
    }

    /// The live token with this accessor.
    pub(crate) async fn find_by_accessor(
        &self,
        open: &Unsealed,
        accessor: &str,
        now: Timestamp,
    ) -> Result<Option<Arc<Token>>> {
        let Some(selector) = self.by_accessor(accessor) else { return Ok(None) };
        let store = &open.store;
        let Some(found) = store.cached::<Token>(&self.place(store, selector)).await? else { return Ok(None) };
        Ok(if self.is_live(open, &found.value, now).await? { Some(found.value) } else { None })
    }

    /// Whether neither the token nor an ancestor has ended.
    pub(crate) async fn is_live(&self, open: &Unsealed, token: &Token, now: Timestamp) -> Result<bool> {
        let store = &open.store;
        // If the table is refused, what a mount gave cannot be told to stand; what none gave can.
        let (mounts, _) = open.mounts.current_or_system(store).await?;
        let revoked = store.cached::<Prefixes>(self.prefixes.place(store)).await?.map(|it| it.value);
        let stands = |token: &Token| {
            token.is_live(now) && is_mounted(&mounts, token) && !prefixes::cover(revoked.as_deref(), token)
        };
        if !stands(token) {
            return Ok(false);
        }
        let mut parent = token.parent;
        for _ in 0..MAX_DEPTH {
            let Some(selector) = parent else { return Ok(true) };
            let Some(found) = store.cached::<Token>(&self.place(store, Selector(selector))).await? else {
                return Ok(false);
            };
            let ancestor = found.value;
            // Another token, which got the id when this one's parent was gone. Batch tokens know whole seconds.
            if ancestor.created.whole_seconds() > token.created {
                return Ok(false);
            }
            if ancestor.state == State::Released {
                return Ok(true);
            }
            if !stands(&ancestor) {
                return Ok(false);
            }
            parent = ancestor.parent;
        }
        Ok(false)
    }

    /// Whether the token of a request that is under way would still be let in, had the request not taken a use of it.
    pub(crate) async fn stands(&self, open: &Unsealed, known: &Known, now: Timestamp) -> Result<bool> {
        let known = &known.token;
        if !stands(known, self.identity(open, known).await?.as_deref()) {
            return Ok(false);
        }
        let place = self.place(&open.store, Selector(known.selector));
        let token = match known.kind {
            TokenKind::Batch => known.clone(),
            TokenKind::Service => match open.store.cached::<Token>(&place).await? {
                // Or the id was given to another.
                Some(found) if found.value.created == known.created => found.value,
                _ => return Ok(false),
            },
        };
        let token = Token { uses_left: 0, ..Token::clone(&token) };
        self.is_live(open, &token, now).await
    }

    /// Whether a token has no parent, or one that let go of it.
    pub(crate) async fn is_orphan(&self, store: &Store, token: &Token) -> Result<bool> {
        let Some(parent) = token.parent else { return Ok(true) };
        let found = store.cached::<Token>(&self.place(store, Selector(parent))).await?;
        Ok(found.is_some_and(|it| it.value.state == State::Released))
    }

    /// Takes one use off a token that has only so many, durably, before anything is done for the request.
    ///
    /// The last use leaves -1: the token is spent, but its record stands for as long as this request runs.
    pub(crate) async fn consume(&self, store: &Arc<Store>, known: &Known, now: Timestamp) -> Result<Known> {
        let place = self.place(store, Selector(known.token.selector));
        let mut attempts = Attempts::new(store, Priority::Interactive);
        let token = loop {
            let mut tx = attempts.begin()?;
            let mut token = tx.get::<Token>(&place).await?.ok_or(Error::Denied)?;
            if !token.is_live(now) || token.uses_left <= 0 {
                return Err(Error::Denied);
            }
            if token.uses_left == 1 {
                token.uses_left = -1;
                // Not before this request is over.
                self.refile(&mut tx, &mut token, index::minute(now) + 2)?;
            } else {
                token.uses_left -= 1;
                tx.put(&place, &token)?;
            }
            if attempts.commit(tx).await? {
                break token;
            }
        };
        Ok(Known { token: Arc::new(token), identity: known.identity.clone() })
    }
}

/// Whether a token's entity is there, and not disabled; so it is for a token that is nobody's.
pub(crate) fn stands(token: &Token, identity: Option<&Resolved>) -> bool {
    identity.map_or(token.entity.is_empty(), |it| !it.entity.disabled)
}

/// Whether the mount that made a token stands where it stood. Its tokens are revoked when it is disabled or
/// moved; this ends at once even those that no revocation reaches, as nothing is stored of them.
fn is_mounted(mounts: &Table, token: &Token) -> bool {
    let Some(mount) = token.mount else { return true };
    let owner = mounts.owner(&token.path).map(|(mounted, _)| &mounted.mount);
    owner.is_some_and(|it| it.id == mount && !it.tainted)
}

impl Known {
    /// Whether it is good for so many requests only.
    pub(crate) fn is_counted(&self) -> bool {
        self.token.uses_left != 0 && self.token.kind == TokenKind::Service
    }

    /// Refuses a token that is bound to networks the peer is not in. The peer is the socket's, or what a
    /// trusted proxy vouched for.
    pub(crate) fn may_be_used_from(&self, peer: &Peer) -> Result<()> {
        // Rule 44
        if within(&self.token.bound_cidrs, peer) { Ok(()) } else { Err(Error::Denied) }
    }
}
