//! What operators do together: the one state machine behind rekeying, its verification, and root tokens.
//!
//! ```text
//!          start                give (fewer than the threshold)
//!  none ----------> under way ---+
//!   ^                 |  ^ ^     |
//!   |                 |  | +-----+
//!   |                 |  +------------ give, the last one, and the pieces are not right: all are forgotten
//!   +-----------------+--------------- give, the last one, and they are right; or cancel; or seal
//! ```
//!
//! Each run has a nonce, so that a piece goes to the run it was meant for. The pieces are at most as many as
//! the threshold, and one slot holds one run.

use std::sync::{Mutex, MutexGuard, PoisonError};

use uuid::Uuid;

use super::quorum::Piece;
use crate::{
    crypto::random,
    error::{Error, Result},
};

/// How a procedure is called in messages.
pub(crate) struct Wording {
    pub(crate) already: &'static str,
    pub(crate) name: &'static str,
    pub(crate) none: &'static str,
}

/// One run of a procedure.
pub(crate) struct Run<T> {
    pub(crate) nonce: Uuid,
    pieces: Vec<Piece>,
    pub(crate) what: T,
}

impl<T> Run<T> {
    pub(crate) fn progress(&self) -> u8 {
        u8::try_from(self.pieces.len()).unwrap_or(u8::MAX)
    }
}

/// Where a procedure runs.
pub(crate) struct Slot<T> {
    wording: Wording,
    run: Mutex<Option<Run<T>>>,
}

/// What a piece led to.
pub(crate) enum Given {
    More,
    /// Enough of them, taken out: the run has none any more.
    Enough(Vec<Piece>),
}

impl<T> Slot<T> {
    pub(crate) fn new(wording: Wording) -> Self {
        Self { wording, run: Mutex::new(None) }
    }

    pub(crate) fn start(&self, what: T) -> Result<Uuid> {
        let nonce = random::uuid()?;
        let mut run = self.lock();
        if run.is_some() {
            return Err(Error::invalid(self.wording.already));
        }
        *run = Some(Run { nonce, pieces: Vec::new(), what });
        Ok(nonce)
    }

    /// Looks at the run, if there is one.
    pub(crate) fn look<R>(&self, f: impl FnOnce(&Run<T>) -> R) -> Option<R> {
        self.lock().as_ref().map(f)
    }

    /// Ends the run, if there is one. A nonce that is given must be the run's.
    pub(crate) fn cancel(&self, nonce: Option<&str>) -> Result<()> {
        let mut run = self.lock();
        if let (Some(run), Some(nonce)) = (&*run, nonce) {
            self.check(run, nonce)?;
        }
        *run = None;
        Ok(())
    }

    pub(crate) fn give(&self, nonce: &str, piece: Piece, threshold: u8) -> Result<Given> {
        let mut slot = self.lock();
        let run = slot.as_mut().ok_or_else(|| Error::invalid(self.wording.none))?;
        self.check(run, nonce)?;
        if run.pieces.iter().any(|it| it.is_same(&piece)) {
            return Err(Error::invalid(
                "given key has already been provided during this generation operation",
            ));
        }
        run.pieces.push(piece);
        if run.pieces.len() < usize::from(threshold) {
            return Ok(Given::More);
        }
        Ok(Given::Enough(std::mem::take(&mut run.pieces)))
    }

    /// Takes the run out, once: whoever comes second finds none.
    pub(crate) fn finish(&self, nonce: &str) -> Result<T> {
        let mut slot = self.lock();
        let run = slot.take_if(|it| it.nonce.to_string() == nonce);
        run.map(|it| it.what).ok_or_else(|| Error::invalid(self.wording.none))
    }

    /// Forgets the pieces and gives the run another nonce, so that nobody's piece is taken for this one's.
    pub(crate) fn restart(&self) -> Result<()> {
        let nonce = random::uuid()?;
        let mut slot = self.lock();
        let run = slot.as_mut().ok_or_else(|| Error::invalid(self.wording.none))?;
        (run.nonce, run.pieces) = (nonce, Vec::new());
        Ok(())
    }

    /// Makes sure that there is a run with this nonce.
    pub(crate) fn expect(&self, nonce: &str) -> Result<()> {
        let slot = self.lock();
        self.check(slot.as_ref().ok_or_else(|| Error::invalid(self.wording.none))?, nonce)
    }

    fn check(&self, run: &Run<T>, nonce: &str) -> Result<()> {
        if run.nonce.to_string() == nonce {
            return Ok(());
        }
        let (name, nonce) = (self.wording.name, run.nonce);
        Err(Error::invalid(format!(
            "incorrect nonce supplied; nonce for this {name} operation is \"{nonce}\""
        )))
    }

    /// The run is replaced or changed in single steps: a panic elsewhere leaves it whole.
    fn lock(&self) -> MutexGuard<'_, Option<Run<T>>> {
        self.run.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::SecretBytes;

    fn slot() -> Slot<u8> {
        Slot::new(Wording { already: "already", name: "test", none: "none" })
    }

    fn piece(text: &str) -> Piece {
        Piece::Passphrase(SecretBytes::copy_of(text.as_bytes()))
    }

    // Rule 18
    #[test]
    fn a_repeated_piece_counts_once_and_the_last_one_empties_the_run() {
        let slot = slot();
        let nonce = slot.start(7).unwrap().to_string();
        assert!(slot.start(8).is_err());
        assert!(matches!(slot.give(&nonce, piece("a"), 2), Ok(Given::More)));
        assert!(slot.give(&nonce, piece("a"), 2).is_err());
        assert_eq!(slot.look(Run::progress), Some(1));
        assert!(matches!(slot.give(&nonce, piece("b"), 2), Ok(Given::Enough(all)) if all.len() == 2));
        assert_eq!(slot.look(Run::progress), Some(0));
        assert_eq!(slot.finish(&nonce).unwrap(), 7);
        assert!(slot.finish(&nonce).is_err());
    }

    // Rule 20
    #[test]
    fn a_nonce_that_is_given_must_be_the_runs() {
        let slot = slot();
        assert!(slot.cancel(Some("any")).is_ok());
        let nonce = slot.start(7).unwrap().to_string();
        assert!(slot.give("other", piece("a"), 2).is_err());
        assert!(slot.cancel(Some("other")).is_err());
        assert!(slot.look(|_| ()).is_some());
        slot.restart().unwrap();
        assert!(slot.cancel(Some(&nonce)).is_err());
        assert!(slot.cancel(None).is_ok());
        assert!(slot.look(|_| ()).is_none());
    }
}
