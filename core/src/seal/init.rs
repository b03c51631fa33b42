//! Making a store: once.

use std::sync::Arc;

use super::{
    config::{self, FORMAT, Kind, PassphraseParams, Recovery, SealConfig},
    passphrase, shamir, wrap,
};
use crate::{
    barrier::{
        self, Barrier, KEYRING_KEY,
        head::{Head, HeadKeeper},
        keyring::Keyring,
    },
    core::Core,
    crypto::{Key, SecretBytes, aead::Suite, mac, password::Cost, random},
    error::{Error, Result},
    ids::StoreId,
    storage::Expect,
    store::Store,
    tokens::{Tokens, issue::NewToken},
    tx::Tx,
};

/// What a new store shall be unsealed with.
pub enum Plan {
    Shamir {
        shares: u8,
        threshold: u8,
    },
    Passphrase {
        passphrase: SecretBytes,
        cost: Cost,
    },
    /// 32 bytes that the server finds by itself; the shares are for recovery.
    Unattended {
        kind: Kind,
        key: Key,
        shares: u8,
        threshold: u8,
    },
}

/// What exists nowhere else once it is answered.
pub struct Initialized {
    /// Unseal shares, or recovery shares with an unattended seal; none with a passphrase.
    pub shares: Vec<SecretBytes>,
    pub root_token: SecretBytes,
}

impl Core {
    /// Makes the store. Two callers at once give one store: the second is refused. A store is made whole, in
    /// one commit, or not at all.
    ///
    /// `root_token` is an id that the caller chooses (`-dev`); otherwise one is made.
    pub async fn init(&self, plan: Plan, root_token: Option<SecretBytes>) -> Result<Initialized> {
        let _one = self.seal().transition.lock().await;
        if self.is_initialized().await? {
            return Err(already());
        }
        plan.check()?;
        let store_id = StoreId(random::uuid()?);
        let now = self.time().now();
        let keyring = Keyring::generate(store_id, now)?;
        let root = Key::generate()?;
        let (config, shares) = seal_root(plan, &root, store_id).await?;
        let sealed = barrier::seal_keyring(&root, &keyring)?;

        // The first records are written through the barrier and witnessed, as every later one.
        let barrier = Arc::new(Barrier::new(root, keyring, Suite::default())?);
        let tokens = Tokens::new(&barrier)?;
        let store = Arc::new(Store::new(barrier.clone(), self.storage().clone()));
        let mut tx = Tx::new(store);
        crate::system::bootstrap::write(&mut tx, now).await?;
        let issued = tokens.issue(&mut tx, NewToken::root(root_token), now).await?;
        let mut batch = tx.into_batch();
        batch.ops.extend(config::ops(&config, Expect::Absent, vec![(KEYRING_KEY, sealed)])?);
        self.storage().attach(Some(Arc::new(HeadKeeper::new(barrier, self.time().clone(), Head::default()))));
        let made = self.storage().commit(batch).await;
        self.storage().attach(None);
        made.map_err(|error| match error.into() {
            Error::Busy => already(),
            error => error,
        })?;
        self.forget_bootstrap();
        Ok(Initialized { shares, root_token: issued.id })
    }
}

fn already() -> Error {
    Error::invalid("Vault is already initialized")
}

impl Plan {
    /// A store that a key of 32 bytes unseals, with one share for recovery.
    pub(crate) fn unattended(key: &SecretBytes) -> Result<Self> {
        let key = Key::from_slice(key.expose())
            .map_err(|_| Error::invalid("the key of an unattended seal is 32 bytes long"))?;
        Ok(Self::Unattended { kind: Kind::KeyFile, key, shares: 1, threshold: 1 })
    }

    fn check(&self) -> Result<()> {
        match self {
            Self::Shamir { shares, threshold } | Self::Unattended { shares, threshold, .. } => {
                check_shares((*shares).into(), (*threshold).into(), "invalid seal configuration").map(|_| ())
            }
            Self::Passphrase { passphrase, .. } => passphrase::check(passphrase),
        }
    }
}

/// How many shares there shall be, and how many of them are needed. `subject` begins the message.
pub(crate) fn check_shares(shares: i64, threshold: i64, subject: &str) -> Result<(u8, u8)> {
    let why = match (shares, threshold) {
        (..=0, _) => "shares must be at least one",
        (_, ..=0) => "threshold must be at least one",
        (2.., 1) => "threshold must be greater than one for multiple shares",
        (256.., _) => "shares must be less than 256",
        (shares, threshold) if threshold > shares => "threshold cannot be larger than shares",
        (shares, threshold) => {
            let number = |it: i64| u8::try_from(it).map_err(|_| Error::Internal("a count out of range"));
            return Ok((number(shares)?, number(threshold)?));
        }
    };
    Err(Error::invalid(format!("{subject}: {why}")))
}

async fn seal_root(plan: Plan, root: &Key, store: StoreId) -> Result<(SealConfig, Vec<SecretBytes>)> {
    let mut config = SealConfig {
        min_reader: FORMAT,
        min_writer: FORMAT,
        store: *store.0.as_bytes(),
        kind: Kind::Shamir,
        shares: 1,
        threshold: 1,
        set: random::bytes()?,
        passphrase: None,
        root: Vec::new(),
        recovery: None,
    };
    let shares = match plan {
        Plan::Shamir { shares, threshold } => {
            (config.shares, config.threshold) = (shares, threshold);
            let unseal = Key::generate()?;
            config.root = wrap::wrap(&unseal, root, store, config.set)?;
            shamir::split(&unseal, config.set, shares, threshold)?
        }
        Plan::Passphrase { passphrase, cost } => {
            config.kind = Kind::Passphrase;
            let salt: [u8; 16] = random::bytes()?;
            let params =
                PassphraseParams { salt, memory: cost.memory, passes: cost.passes, lanes: cost.lanes };
            let unseal = passphrase::derive(passphrase, params.clone(), passphrase::From::Local).await?;
            config.root = wrap::wrap(&unseal, root, store, config.set)?;
            config.passphrase = Some(params);
            Vec::new()
        }
        Plan::Unattended { kind, key, shares, threshold } => {
            config.kind = kind;
            config.root = wrap::wrap(&unattended_key(&key)?, root, store, config.set)?;
            let set = random::bytes()?;
            let recovery = Key::generate()?;
            config.recovery =
                Some(Recovery { shares, threshold, set, root: wrap::wrap(&recovery, root, store, set)? });
            shamir::split(&recovery, set, shares, threshold)?
        }
    };
    Ok((config, shares))
}

/// The unseal key of a key file: never the file's bytes themselves, which somebody may use elsewhere too.
pub(super) fn unattended_key(key: &Key) -> Result<Key> {
    Ok(mac::derive(key, &[], "key file", &[])?)
}
