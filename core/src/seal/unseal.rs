//! From sealed to unsealed.

use super::{
    Kind,
    config::{SealConfig, Stored},
    init::unattended_key,
    shamir, wrap,
};
use crate::{
    barrier::{
        self, Barrier, KEYRING_KEY,
        head::{HEAD_KEY, Head, HeadKeeper},
    },
    core::Core,
    crypto::{Key, SecretBytes, aead::Suite, password, random},
    error::{Error, Result},
};

/// Shares that were given so far.
#[derive(Default)]
pub(crate) struct Progress {
    pub(crate) nonce: Option<uuid::Uuid>,
    pub(crate) shares: Vec<shamir::Share>,
}

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
        let stored = self.seal_config().await?;
        if !self.is_sealed() {
            return Ok(Step::Unsealed);
        }
        let unseal_key = match stored.config.kind {
            Kind::Shamir => match self.collect(&stored.config, given)? {
                Collected::More(progress) => return Ok(Step::Progress(progress)),
                Collected::Key(key) => key,
            },
            Kind::Passphrase => passphrase_key(&stored.config, given)?,
            Kind::KeyFile | Kind::Credential => {
                return Err(Error::invalid("this store is unsealed by its key file"));
            }
        };
        self.unseal_with(&stored, &unseal_key).await?;
        Ok(Step::Unsealed)
    }

    /// Unseals with the 32 bytes of a key file or credential.
    pub async fn unseal_unattended(&self, key: &Key) -> Result<()> {
        let stored = self.seal_config().await?;
        if !stored.config.kind.is_unattended() {
            return Err(Error::invalid("this store is not unsealed by a key file"));
        }
        self.unseal_with(&stored, &unattended_key(key)?).await
    }

    /// Forgets the shares given so far.
    pub fn reset_unseal(&self) {
        *self.progress() = Progress::default();
    }

    /// How many shares were given, and under which nonce.
    pub fn unseal_progress(&self) -> (u8, Option<uuid::Uuid>) {
        let progress = self.progress();
        (u8::try_from(progress.shares.len()).unwrap_or(u8::MAX), progress.nonce)
    }

    fn collect(&self, config: &SealConfig, given: &SecretBytes) -> Result<Collected> {
        let share = shamir::Share::parse(given)?;
        let mut progress = self.progress();
        if progress.nonce.is_none() {
            progress.nonce = Some(random::uuid()?);
        }
        if !progress.shares.iter().any(|it| it.is_same(&share)) {
            progress.shares.push(share);
        }
        if progress.shares.len() < usize::from(config.threshold) {
            let given = u8::try_from(progress.shares.len()).unwrap_or(u8::MAX);
            return Ok(Collected::More(given));
        }
        let shares = std::mem::take(&mut *progress).shares;
        drop(progress);
        shamir::combine(&shares, config.set).map(Collected::Key).map_err(|_| wrong_key())
    }

    async fn unseal_with(&self, stored: &Stored, unseal_key: &Key) -> Result<()> {
        let config = &stored.config;
        let root =
            wrap::unwrap(unseal_key, &config.root, config.store_id(), config.set).map_err(|_| wrong_key())?;
        let sealed =
            self.storage().get(KEYRING_KEY).await?.ok_or(Error::Internal("the keyring is missing"))?;
        let keyring = barrier::open_keyring(&root, config.store_id(), &sealed.value)?;
        let barrier = Barrier::new(keyring, Suite::default())?;
        let head = match self.storage().get(HEAD_KEY).await? {
            Some(record) => HeadKeeper::open(&barrier, &record.value)?,
            // A store whose making was interrupted before its first record.
            None => Head::default(),
        };
        self.install(barrier, head)?;
        Ok(())
    }

    fn progress(&self) -> std::sync::MutexGuard<'_, Progress> {
        self.seal().unsealing.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

enum Collected {
    More(u8),
    Key(Key),
}

fn passphrase_key(config: &SealConfig, passphrase: &SecretBytes) -> Result<Key> {
    let params =
        config.passphrase.as_ref().ok_or(Error::Internal("the passphrase's parameters are missing"))?;
    Ok(password::argon2id(passphrase.expose(), &params.salt, params.cost())?)
}

fn wrong_key() -> Error {
    Error::invalid("Unseal failed: the key is not right")
}
