//! The seal: how the root key is recovered.
//!
//! ```text
//!                  init                    threshold of shares, passphrase, key file ...
//!  uninitialised ---------> sealed -----------------------------------------------------> unsealed
//!                              ^                                                              |
//!                              +------------------------- seal, or a defect ------------------+
//! ```
//!
//! What unseals (shares, a passphrase, a key file's bytes) makes the *unseal key*, which opens the *root key*,
//! which opens the keyring. [`config`] is what is stored of that in the clear; [`wrap`] the envelope of the
//! root key; [`init`] and [`unseal`] the two transitions. [`quorum`] is who can open it together, and
//! [`procedure`] what they do together: [`rekey`] and [`root_token`]. [`rotate`] makes a new term, for which
//! nobody needs to be asked.

pub mod config;
pub mod init;
pub mod keyfile;
mod limiter;
mod passphrase;
pub(crate) mod procedure;
mod quorum;
pub(crate) mod rekey;
pub(crate) mod root_token;
pub mod rotate;
pub(crate) mod shamir;
pub mod unseal;
mod wrap;

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicBool, Ordering},
};

pub use config::{Kind, SealConfig};
pub use unseal::UnsealAttempt;

use crate::{
    core::Core,
    crypto::{Key, SecretBytes},
    error::{Error, Result},
};

/// What has been said so far while sealed, and the operators' procedures under way.
pub(crate) struct Seal {
    pub(crate) unsealing: Mutex<unseal::Progress>,
    pub(crate) rekey: rekey::Rekeying,
    pub(crate) recovery: rekey::Rekeying,
    pub(crate) root_token: procedure::Slot<root_token::Wanted>,
    /// Held by whoever makes, opens or closes the store, or changes its keyring or configuration.
    pub(crate) transition: tokio::sync::Mutex<()>,
    limiter: limiter::Limiter,
    provided: Mutex<Provided>,
    /// The store was replaced: if it can unseal itself it shall, once the answer is on record.
    reopen: AtomicBool,
}

/// Finds the 32 bytes of an unattended seal, where they are.
pub type KeySource = Arc<dyn Fn() -> Option<SecretBytes> + Send + Sync>;

/// What the server found in files and credentials before the store was made.
#[derive(Default)]
struct Provided {
    unattended: Option<Key>,
    bootstrap: Option<SecretBytes>,
    /// Where the key can be found again.
    source: Option<KeySource>,
}

impl Default for Seal {
    fn default() -> Self {
        Self {
            unsealing: Mutex::default(),
            rekey: rekey::Rekeying::new("no barrier rekey in progress"),
            recovery: rekey::Rekeying::new("no recovery rekey in progress"),
            root_token: procedure::Slot::new(root_token::WORDING),
            transition: tokio::sync::Mutex::default(),
            limiter: limiter::Limiter::default(),
            provided: Mutex::default(),
            reopen: AtomicBool::new(false),
        }
    }
}

impl Core {
    /// Whether there is a store at all.
    pub async fn is_initialized(&self) -> Result<bool> {
        Ok(config::load(self.storage()).await?.is_some())
    }

    /// What the store says of its seal in the clear.
    pub async fn stored_seal(&self) -> Result<SealConfig> {
        Ok(self.seal_config().await?.config)
    }

    /// [`Core::seal_now`], once whoever is opening the store or changing its keyring has come to the end: whoever
    /// unseals next waits until the last of it is sealed.
    pub async fn seal_in_turn(&self) {
        let _one = self.seal().transition.lock().await;
        self.seal_now();
    }

    /// Drops the keys; every later request for data is refused. What operators had under way is forgotten.
    pub fn seal_now(&self) {
        self.drop_keys();
        // Whoever seals means it.
        self.seal().reopen.store(false, Ordering::SeqCst);
        self.reset_unseal();
        self.seal().rekey.clear();
        self.seal().recovery.clear();
        // Without a nonce nothing stands in the way.
        let _ = self.seal().root_token.cancel(None);
    }

    /// Hands over the 32 bytes of the key file or credential, for `sys/init` to make the store with. They are
    /// dropped once it is made; a store that is there already is opened with
    /// [`Core::unseal_unattended`].
    pub fn provide_unattended_key(&self, bytes: &SecretBytes) -> Result<()> {
        let key = Key::from_slice(bytes.expose())
            .map_err(|_| Error::invalid("the key of an unattended seal is 32 bytes long"))?;
        self.provided().unattended = Some(key);
        Ok(())
    }

    /// Lets `sys/init` come from another machine too, if it brings this secret in the field
    /// `bootstrap_secret`. It is dropped once the store is made.
    pub fn require_bootstrap_secret(&self, secret: SecretBytes) {
        self.provided().bootstrap = Some(secret);
    }

    /// Tells where the key of an unattended seal can be read anew: after a restore the store unseals itself with
    /// it. It is asked then, and not kept.
    pub fn find_unattended_key_with(&self, source: KeySource) {
        self.provided().source = Some(source);
    }

    /// After the store was replaced.
    pub(crate) fn reopen_later(&self) {
        self.seal().reopen.store(true, Ordering::SeqCst);
    }

    /// Opens a store that was replaced and unseals itself. That it does not is no error: somebody will.
    pub(crate) async fn reopen_if_due(&self) {
        if !self.seal().reopen.swap(false, Ordering::SeqCst) {
            return;
        }
        let source = self.provided().source.clone();
        let Some(key) = source.and_then(|it| it()) else { return };
        if let Err(error) = self.unseal_unattended(&key).await {
            tracing::warn!(%error, "the restored store waits to be unsealed");
        }
    }

    /// The store is there: whoever comes now needs its keys.
    pub(crate) fn forget_bootstrap(&self) {
        let mut provided = self.provided();
        (provided.unattended, provided.bootstrap) = (None, None);
    }

    /// The bytes of [`Core::provide_unattended_key`], until the store is made.
    pub(crate) fn provided_key(&self) -> Option<SecretBytes> {
        self.provided().unattended.as_ref().map(|it| SecretBytes::copy_of(it.expose()))
    }

    /// Counts an attempt that needs no token, and refuses it if there are too many of them.
    pub(crate) fn admit_attempt(&self, path: &str, peer: &crate::request::Peer) -> Result<()> {
        self.seal().limiter.admit(path, peer, self.now())
    }

    /// Whether `given` is the bootstrap secret.
    pub(crate) fn knows_bootstrap_secret(&self, given: Option<&[u8]>) -> bool {
        match (&self.provided().bootstrap, given) {
            (Some(secret), Some(given)) => crate::crypto::equal(secret.expose(), given),
            _ => false,
        }
    }

    fn provided(&self) -> std::sync::MutexGuard<'_, Provided> {
        self.seal().provided.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) async fn seal_config(&self) -> Result<config::Stored> {
        config::load(self.storage()).await?.ok_or(Error::NotInitialized)
    }
}

/// Reads the examples of docs/storage-format.md that are the seal's: a share of the only point of its
/// polynomial is the key itself.
#[cfg(test)]
pub(crate) fn golden(share: &[u8], wrapped: &[u8]) {
    let text = SecretBytes::from(data_encoding::HEXLOWER.encode(share));
    let share = shamir::Share::parse(&text).unwrap();
    let unseal = shamir::combine(&[share], [1, 2, 3, 4]).unwrap();
    assert_eq!(unseal.expose(), &[0x66; 32]);
    let store =
        crate::ids::StoreId(uuid::Uuid::from_bytes([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]));
    assert_eq!(wrap::unwrap(&unseal, wrapped, store, [1, 2, 3, 4]).unwrap().expose(), &[0x77; 32]);
    assert!(wrap::unwrap(&unseal, wrapped, store, [1, 2, 3, 5]).is_err());
}
