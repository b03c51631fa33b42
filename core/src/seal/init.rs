//! Making a store: once.

use super::{
    config::{self, FORMAT, Kind, PassphraseParams, Recovery, SealConfig},
    shamir, wrap,
};
use crate::{
    barrier::{self, Barrier, KEYRING_KEY, head::Head, keyring::Keyring},
    core::Core,
    crypto::{
        Key, SecretBytes,
        aead::Suite,
        mac,
        password::{self, Cost},
        random,
    },
    error::{Error, Result},
    ids::StoreId,
    storage::{Expect, Priority},
    tokens::issue::NewToken,
    tx::Attempts,
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
    /// Makes the store. Two callers at once give one store: the second is refused.
    ///
    /// `root_token` is an id that the caller chooses (`-dev`); otherwise one is made. Deriving from a
    /// passphrase takes about a second and 256 MiB: not on a worker thread.
    pub async fn init(&self, plan: Plan, root_token: Option<SecretBytes>) -> Result<Initialized> {
        if self.is_initialized().await? {
            return Err(Error::invalid("Vault is already initialized"));
        }
        let store = StoreId(random::uuid()?);
        let keyring = Keyring::generate(store, self.time().now())?;
        let root = Key::generate()?;
        let (config, shares) = seal_root(plan, &root, store)?;
        let sealed = barrier::seal_keyring(&root, &keyring)?;
        config::save(self.storage(), &config, Expect::Absent, vec![(KEYRING_KEY, sealed)]).await.map_err(
            |error| match error {
                Error::Busy => Error::invalid("Vault is already initialized"),
                error => error,
            },
        )?;

        // The first records are written through an open barrier, as every later one.
        let open = self.install(Barrier::new(keyring, Suite::default())?, Head::default())?;
        let now = self.time().now();
        let mut attempts = Attempts::new(&open.store, Priority::Interactive);
        let issued = loop {
            let mut tx = attempts.begin()?;
            crate::system::bootstrap::write(&mut tx, now).await?;
            let id = root_token.as_ref().map(|it| SecretBytes::copy_of(it.expose()));
            let issued = open.tokens.issue(&mut tx, NewToken::root(id), now).await?;
            if attempts.commit(tx).await? {
                break issued;
            }
        };
        self.drop_keys();
        Ok(Initialized { shares, root_token: issued.id })
    }
}

fn seal_root(plan: Plan, root: &Key, store: StoreId) -> Result<(SealConfig, Vec<SecretBytes>)> {
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
            let unseal = password::argon2id(passphrase.expose(), &salt, cost)?;
            config.root = wrap::wrap(&unseal, root, store, config.set)?;
            config.passphrase =
                Some(PassphraseParams { salt, memory: cost.memory, passes: cost.passes, lanes: cost.lanes });
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
