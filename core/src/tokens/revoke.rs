//! Ending a token before its time.
//!
//! Revocation is one mark on the record, and from its commit on the token and everything below it is dead:
//! whoever reads a descendant meets the mark. The rows are purged later.

use super::{
    Selector, State, Token, Tokens,
    index::{self, Row},
};
use crate::{clock::Timestamp, error::Result, tx::Tx};

impl Tokens {
    /// Stages a token's end, and that of all below it.
    pub fn revoke(&self, tx: &mut Tx, token: Token, now: Timestamp) -> Result<()> {
        self.end(tx, token, State::Revoked, now)
    }

    /// Stages a token's end alone: its children become orphans.
    pub fn release(&self, tx: &mut Tx, token: Token, now: Timestamp) -> Result<()> {
        self.end(tx, token, State::Released, now)
    }

    fn end(&self, tx: &mut Tx, mut token: Token, state: State, now: Timestamp) -> Result<()> {
        if token.state != State::Active {
            return Ok(());
        }
        token.state = state;
        self.refile(tx, &mut token, index::minute(now))
    }

    /// Stages a token's record, to be looked at by the sweeper in `minute`.
    pub(super) fn refile(&self, tx: &mut Tx, token: &mut Token, minute: u64) -> Result<()> {
        let selector = Selector(token.selector);
        if let Some(old) = token.filed.filter(|it| *it != minute) {
            let row = index::expiry(tx.store(), old, selector);
            tx.delete(&row);
        }
        if token.filed != Some(minute) {
            let row = index::expiry(tx.store(), minute, selector);
            tx.put(&row, &Row::of(selector))?;
            token.filed = Some(minute);
        }
        let place = self.place(tx.store(), selector);
        tx.put(&place, token)
    }
}
