//! From sealed to unsealed.

use std::sync::PoisonError;

use super::{
    config::Stored,
    init::unattended_key,
    limiter::Source,
    passphrase,
    quorum::{Piece, Quorum},
    wrap,
};
use crate::{
    barrier::{
        self, Barrier, KEYRING_KEY,
        head::{HEAD_KEY, Head, HeadKeeper},
    },
    clock::Timestamp,
    core::Core,
    crypto::{Key, SecretBytes, aead::Suite, random},
    error::{Error, Result},
    integrity,
    request::Peer,
};

/// Pieces that were given so far, and what is to be told of it once there is a log to tell it to.
#[derive(Default)]
pub(crate) struct Progress {
    pub(crate) nonce: Option<uuid::Uuid>,
    pieces: Vec<Piece>,
    /// Who gave them.
    givers: Vec<Source>,
    attempts: Vec<UnsealAttempt>,
}

/// One request that tried to unseal. While sealed there is no key to write an audit record with, so these are
/// kept until there is.
#[derive(Clone, Debug)]
pub struct UnsealAttempt {
    pub at: Timestamp,
    pub peer: Peer,
    /// `None`: refused.
    pub step: Option<Step>,
}

/// Attempts that are remembered while sealed; older ones make room.
const REMEMBERED: usize = 256;

/// What came of one share or passphrase.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Step {
    /// So many of the threshold.
    Progress(u8),
    Unsealed,
}

impl Core {
    /// Takes one share, or the passphrase. A share that was given before counts once; shares that do not
    /// open the root key are all forgotten, and nobody is told which was wrong.
    pub async fn unseal(&self, given: &SecretBytes) -> Result<Step> {
        self.unseal_from(&Peer::Embedded, given).await
    }

    async fn unseal_from(&self, peer: &Peer, given: &SecretBytes) -> Result<Step> {
        let stored = self.seal_config().await?;
        if !self.is_sealed() {
            return Ok(Step::Unsealed);
        }
        if stored.config.kind.is_unattended() {
            return Err(Error::invalid("this store is unsealed by its key file"));
        }
        let quorum = Quorum::unsealing(&stored.config).asked(passphrase::From::peer(peer));
        let piece = quorum.parse(SecretBytes::copy_of(given.expose()))?;
        let pieces = {
            let mut progress = self.progress();
            if progress.nonce.is_none() {
                progress.nonce = Some(random::uuid()?);
            }
            if !progress.pieces.iter().any(|it| it.is_same(&piece)) {
                progress.pieces.push(piece);
                progress.givers.push(Source::of(peer));
            }
            if progress.pieces.len() < usize::from(quorum.threshold) {
                let given = u8::try_from(progress.pieces.len()).unwrap_or(u8::MAX);
                return Ok(Step::Progress(given));
            }
            progress.nonce = None;
            progress.givers.clear();
            std::mem::take(&mut progress.pieces)
        };
        let root = quorum.open(pieces).await.map_err(|error| match error {
            Error::Invalid(_) => wrong_key(),
            error => error,
        })?;
        self.open_with(&stored, root).await?;
        Ok(Step::Unsealed)
    }

    /// [`Core::unseal`] for a request from outside: counted, limited, and remembered for the audit log.
    pub(crate) async fn unseal_for(&self, peer: &Peer, given: &SecretBytes) -> Result<Step> {
        let now = self.time().now();
        self.seal().limiter.admit("sys/unseal", peer, now)?;
        let outcome = self.unseal_from(peer, given).await;
        let attempts = &mut self.progress().attempts;
        if attempts.len() >= REMEMBERED {
            attempts.remove(0);
        }
        attempts.push(UnsealAttempt { at: now, peer: peer.clone(), step: outcome.as_ref().ok().copied() });
        outcome
    }

    /// Counts a request that resets the progress as an attempt, so that nobody can do it without end. What others
    /// gave is forgotten for nobody's sake but theirs, and whoever's who is on this machine: a stranger could keep
    /// the store sealed.
    pub(crate) fn reset_unseal_for(&self, peer: &Peer) -> Result<()> {
        self.seal().limiter.admit("sys/unseal", peer, self.time().now())?;
        let may = {
            let progress = self.progress();
            progress.pieces.is_empty() || peer.is_local() || progress.givers.contains(&Source::of(peer))
        };
        if !may {
            return Err(Error::denied("only who gave a share, or is on the server's machine, may reset"));
        }
        self.reset_unseal();
        Ok(())
    }

    /// The attempts since the last call: to be written to the audit log once it can be.
    pub fn take_unseal_attempts(&self) -> Vec<UnsealAttempt> {
        std::mem::take(&mut self.progress().attempts)
    }

    /// Unseals with the 32 bytes of a key file or credential.
    pub async fn unseal_unattended(&self, bytes: &SecretBytes) -> Result<()> {
        let stored = self.seal_config().await?;
        if !stored.config.kind.is_unattended() {
            return Err(Error::invalid("this store is not unsealed by a key file"));
        }
        let key = Key::from_slice(bytes.expose()).map_err(|_| wrong_key())?;
        let config = &stored.config;
        let root = wrap::unwrap(&unattended_key(&key)?, &config.root, config.store_id(), config.set)
            .map_err(|_| wrong_key())?;
        self.open_with(&stored, root).await
    }

    /// Forgets the shares given so far.
    pub fn reset_unseal(&self) {
        let mut progress = self.progress();
        progress.nonce = None;
        progress.pieces.clear();
        progress.givers.clear();
    }

    /// How many shares were given, and under which nonce.
    pub fn unseal_progress(&self) -> (u8, Option<uuid::Uuid>) {
        let progress = self.progress();
        (u8::try_from(progress.pieces.len()).unwrap_or(u8::MAX), progress.nonce)
    }

    async fn open_with(&self, stored: &Stored, root: Key) -> Result<()> {
        let _one = self.seal().transition.lock().await;
        if !self.is_sealed() {
            return Ok(());
        }
        if self.is_being_sealed() {
            return Err(Error::Busy);
        }
        // What the last keys were used for may still wait to be committed, and ends with a head of its own.
        self.storage().settled().await?;
        let sealed =
            self.storage().get(KEYRING_KEY).await?.ok_or(Error::Internal("the keyring is missing"))?;
        let keyring = barrier::open_keyring(&root, stored.config.store_id(), &sealed.value)?;
        let barrier = Barrier::new(root, keyring, Suite::default())?;
        let head = match self.storage().get(HEAD_KEY).await? {
            Some(record) => HeadKeeper::open(&barrier, &record.value)?,
            // The head is written with the store's first record. Without it nothing can be verified.
            None => Head::default(),
        };
        // Before anything is decided by them.
        integrity::verify_enforcement(self.storage(), &barrier, &head).await?;
        self.install(barrier, head)?;
        Ok(())
    }

    fn progress(&self) -> std::sync::MutexGuard<'_, Progress> {
        self.seal().unsealing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn wrong_key() -> Error {
    Error::invalid("Unseal failed: the key is not right")
}
