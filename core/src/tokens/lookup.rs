//! From what a client presents to who it is.

use std::sync::Arc;

use super::{Selector, Token, TokenKind, Tokens};
use crate::{
    clock::Timestamp,
    error::{Error, Result},
    net::Cidr,
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
}

impl Caller {
    pub fn token(&self) -> Option<&Token> {
        match self {
            Self::Token(known) => Some(&known.token),
            Self::Anonymous | Self::Embedder => None,
        }
    }
}

impl Tokens {
    /// The live token behind what was presented, or [`Error::Denied`]: whatever is wrong with it, the answer
    /// is one.
    pub async fn authenticate(
        &self,
        store: &Store,
        presented: &PresentedToken,
        now: Timestamp,
    ) -> Result<Known> {
        let selector = self.selector(presented.expose());
        let place = self.place(store, selector);
        let Some(found) = store.cached::<Token>(&place).await? else { return Err(Error::Denied) };
        let token = found.value;
        if !self.proves(presented.expose(), &token) || !self.is_live(store, &token, now).await? {
            return Err(Error::Denied);
        }
        Ok(Known { token })
    }

    /// Whether neither the token nor an ancestor has ended.
    pub async fn is_live(&self, store: &Store, token: &Token, now: Timestamp) -> Result<bool> {
        let mut parent = token.parent;
        let mut live = token.is_live(now);
        for _ in 0..MAX_DEPTH {
            let Some(selector) = parent.filter(|_| live) else { return Ok(live) };
            match store.cached::<Token>(&self.place(store, Selector(selector))).await? {
                Some(ancestor) => {
                    live = ancestor.value.is_live(now);
                    parent = ancestor.value.parent;
                }
                None => live = false,
            }
        }
        Ok(false)
    }

    /// Takes one use off a token that has only so many, durably, before the request is looked at.
    ///
    /// The last use leaves -1: the token is spent, but its record stands for as long as this request runs.
    pub(crate) async fn consume(&self, store: &Arc<Store>, known: Known, now: Timestamp) -> Result<Known> {
        if known.token.uses_left == 0 || known.token.kind == TokenKind::Batch {
            return Ok(known);
        }
        let place = self.place(store, Selector(known.token.selector));
        let mut attempts = Attempts::new(store, Priority::Interactive);
        let token = loop {
            let mut tx = attempts.begin()?;
            let mut token = tx.get::<Token>(&place).await?.ok_or(Error::Denied)?;
            if !token.is_live(now) || token.uses_left <= 0 {
                return Err(Error::Denied);
            }
            token.uses_left = if token.uses_left == 1 { -1 } else { token.uses_left - 1 };
            tx.put(&place, &token)?;
            if attempts.commit(tx).await? {
                break token;
            }
        };
        Ok(Known { token: Arc::new(token) })
    }
}

impl Known {
    /// Refuses a token that is bound to networks the peer is not in. The peer is the socket's, or what a
    /// trusted proxy vouched for.
    pub(crate) fn may_be_used_from(&self, peer: &Peer) -> Result<()> {
        if self.token.bound_cidrs.is_empty() {
            return Ok(());
        }
        let Peer::Address(address) = peer else { return Err(Error::Denied) };
        let inside = |it: &String| it.parse::<Cidr>().is_ok_and(|it| it.contains(address.ip()));
        if self.token.bound_cidrs.iter().any(inside) { Ok(()) } else { Err(Error::Denied) }
    }
}
