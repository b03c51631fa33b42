//! Rekeying: new shares, and a new unseal key and root key behind them, or new recovery shares.
//!
//! ```text
//! none --start--> collecting old shares --enough, right--> done
//!                                        \--with verification--> collecting new shares --enough, right--> done
//! ```
//!
//! Until it is done the old shares are those that count; from then on they open nothing, as the row that they
//! opened is gone from the medium. A copy of that row opens no more than what was written until then.

use bytes::Bytes;

use super::{
    config::{self, Recovery, SealConfig},
    init::check_shares,
    procedure::{Given, Run, Slot, Wording},
    quorum::Quorum,
    shamir, wrap,
};
use crate::{
    barrier::KEYRING_KEY,
    core::Core,
    crypto::{Key, SecretBytes, equal, random},
    error::{Error, Result},
    storage::{Batch, Op},
};

/// Whose shares are replaced.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Target {
    Recovery,
    Unseal,
}

/// What was asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted {
    pub(crate) shares: u8,
    pub(crate) threshold: u8,
    pub(crate) verification: bool,
}

/// A finished configuration that waits for its new shares to be shown.
pub(crate) struct Made {
    /// The set that is replaced: if it is another by then, somebody else was faster.
    replaces: [u8; 4],
    config: SealConfig,
    root: Option<Key>,
    shares: Vec<SecretBytes>,
}

/// One target's rekeying.
pub(crate) struct Rekeying {
    pub(crate) run: Slot<Wanted>,
    pub(crate) verify: Slot<Made>,
}

/// Where a rekeying stands.
#[derive(Clone, Debug, Default)]
pub(crate) struct Status {
    pub(crate) nonce: String,
    pub(crate) wanted: Option<Wanted>,
    pub(crate) progress: u8,
    pub(crate) required: u8,
    /// The new shares are to be shown under this nonce.
    pub(crate) verification_nonce: Option<String>,
    pub(crate) verification_progress: u8,
}

/// What one piece led to.
pub(crate) enum Outcome {
    More,
    Done {
        nonce: String,
        shares: Vec<SecretBytes>,
        /// They count only once they were shown under this nonce.
        verification_nonce: Option<String>,
    },
}

impl Rekeying {
    pub(crate) fn new(none: &'static str) -> Self {
        Self {
            run: Slot::new(Wording { already: "rekey already in progress", name: "rekey", none }),
            verify: Slot::new(Wording {
                already: "rekey verification already in progress",
                name: "verify",
                none: "no rekey configuration found",
            }),
        }
    }

    pub(crate) fn clear(&self) {
        // Without a nonce nothing stands in the way.
        let _ = self.run.cancel(None);
        let _ = self.verify.cancel(None);
    }

    /// Ends the rekeying and what was made for it.
    pub(crate) fn cancel(&self, nonce: Option<&str>) -> Result<()> {
        self.run.cancel(nonce)?;
        self.verify.cancel(None)
    }
}

impl Core {
    pub(crate) fn rekeying(&self, target: Target) -> &Rekeying {
        match target {
            Target::Recovery => &self.seal().recovery,
            Target::Unseal => &self.seal().rekey,
        }
    }

    /// Refuses the target that the store's kind of seal does not have.
    async fn rekey_config(&self, target: Target) -> Result<config::Stored> {
        let stored = self.seal_config().await?;
        match (target, &stored.config) {
            (Target::Recovery, SealConfig { recovery: None, .. }) => {
                Err(Error::invalid("recovery rekeying not supported"))
            }
            (Target::Unseal, SealConfig { recovery: Some(_), .. }) => Err(Error::invalid(
                "this store is unsealed by its key file: rekey the recovery key (sys/rekey-recovery-key)",
            )),
            (Target::Unseal, SealConfig { passphrase: Some(_), .. }) => {
                Err(Error::invalid("this store is unsealed by a passphrase: there are no shares to replace"))
            }
            _ => Ok(stored),
        }
    }

    pub(crate) async fn rekey_status(&self, target: Target) -> Result<Status> {
        let stored = self.rekey_config(target).await?;
        let rekeying = self.rekeying(target);
        let required = Quorum::deciding(&stored.config).threshold;
        let mut status = rekeying
            .run
            .look(|run| Status {
                nonce: run.nonce.to_string(),
                wanted: Some(run.what),
                progress: run.progress(),
                ..Status::default()
            })
            .unwrap_or_default();
        status.required = required;
        if let Some((nonce, progress)) =
            rekeying.verify.look(|run: &Run<Made>| (run.nonce.to_string(), run.progress()))
        {
            status.verification_nonce = Some(nonce);
            status.verification_progress = progress;
        }
        Ok(status)
    }

    pub(crate) async fn rekey_start(
        &self,
        target: Target,
        shares: i64,
        threshold: i64,
        verification: bool,
    ) -> Result<()> {
        self.rekey_config(target).await?;
        let (shares, threshold) = check_shares(shares, threshold, "invalid rekey seal configuration")?;
        let wanted = Wanted { shares, threshold, verification };
        self.rekeying(target).run.start(wanted).map(|_| ())
    }

    /// Takes one of the old shares.
    pub(crate) async fn rekey_give(&self, target: Target, nonce: &str, text: SecretBytes) -> Result<Outcome> {
        let rekeying = self.rekeying(target);
        rekeying.run.expect(nonce)?;
        let stored = self.rekey_config(target).await?;
        if rekeying.verify.look(|_| ()).is_some() {
            return Err(Error::invalid("rekey verification in progress"));
        }
        let quorum = Quorum::deciding(&stored.config);
        let Given::Enough(pieces) = rekeying.run.give(nonce, quorum.parse(text)?, quorum.threshold)? else {
            return Ok(Outcome::More);
        };
        let root = quorum.open(pieces).await?;
        let wanted = rekeying.run.look(|run| run.what).ok_or(Error::Busy)?;
        let made = make(target, &stored.config, wanted, root)?;
        let shares = made.shares.iter().map(|it| SecretBytes::copy_of(it.expose())).collect();
        if wanted.verification {
            let verification = rekeying.verify.start(made)?.to_string();
            let nonce = nonce.to_owned();
            return Ok(Outcome::Done { nonce, shares, verification_nonce: Some(verification) });
        }
        // Taken out before it is done, so that two last pieces at once give one rekey.
        rekeying.run.finish(nonce)?;
        self.rekey_apply(target, made).await?;
        Ok(Outcome::Done { nonce: nonce.to_owned(), shares, verification_nonce: None })
    }

    /// Takes one of the new shares; answers whether they are enough, and so count from now on.
    pub(crate) async fn rekey_verify(&self, target: Target, nonce: &str, text: SecretBytes) -> Result<bool> {
        let rekeying = self.rekeying(target);
        rekeying.verify.expect(nonce)?;
        let quorum = rekeying
            .verify
            .look(|run| match target {
                Target::Recovery => Quorum::deciding(&run.what.config),
                Target::Unseal => Quorum::unsealing(&run.what.config),
            })
            .ok_or(Error::Busy)?;
        let failed = || Error::invalid("rekey verification failed; incorrect key shares supplied");
        let Given::Enough(pieces) = rekeying.verify.give(nonce, quorum.parse(text)?, quorum.threshold)?
        else {
            return Ok(false);
        };
        if quorum.open(pieces).await.is_err() {
            rekeying.verify.restart()?;
            return Err(failed());
        }
        let made = rekeying.verify.finish(nonce)?;
        rekeying.run.cancel(None)?;
        self.rekey_apply(target, made).await?;
        Ok(true)
    }

    async fn rekey_apply(&self, target: Target, made: Made) -> Result<()> {
        let _one = self.seal().transition.lock().await;
        let open = self.unsealed().ok_or(Error::Sealed)?;
        let stored = self.rekey_config(target).await?;
        if !equal(&current_set(target, &stored.config), &made.replaces) {
            return Err(Error::invalid("the shares were replaced meanwhile"));
        }
        let barrier = &open.store.barrier;
        match made.root {
            // A new term too: the old shares open the old keyring wherever a copy of it was kept, and must not
            // open with it what is written from now on, nor have the old rows put back and taken.
            Some(root) => {
                let keyring = barrier.keyring().rotated(self.now())?;
                let row = crate::barrier::seal_keyring(&root, &keyring)?;
                config::replace(self.storage(), &stored, &made.config, vec![(KEYRING_KEY, row.clone())])
                    .await?;
                barrier.replace_root(root);
                barrier.install(keyring);
                // The commit above still moved a head of the old term. This one is the first of the new.
                let again = Op::Put { key: KEYRING_KEY, name: Bytes::new(), value: row.into() };
                self.storage().commit(Batch { ops: vec![again], ..Batch::default() }).await?;
            }
            None => config::replace(self.storage(), &stored, &made.config, Vec::new()).await?,
        }
        tracing::info!(?target, "the shares were replaced");
        Ok(())
    }
}

fn current_set(target: Target, config: &SealConfig) -> [u8; 4] {
    match (target, &config.recovery) {
        (Target::Recovery, Some(recovery)) => recovery.set,
        _ => config.set,
    }
}

/// The configuration as it shall be. With new unseal shares the root key is new too, so that who kept the old
/// ones and a copy of the old row cannot open the row that holds the keys from now on.
fn make(target: Target, old: &SealConfig, wanted: Wanted, root: Key) -> Result<Made> {
    let (store, set, unseal) = (old.store_id(), random::bytes()?, Key::generate()?);
    let mut config = old.clone();
    let shares = shamir::split(&unseal, set, wanted.shares, wanted.threshold)?;
    let root = match target {
        Target::Recovery => {
            config.recovery = Some(Recovery {
                shares: wanted.shares,
                threshold: wanted.threshold,
                set,
                root: wrap::wrap(&unseal, &root, store, set)?,
            });
            None
        }
        Target::Unseal => {
            let fresh = Key::generate()?;
            (config.shares, config.threshold, config.set) = (wanted.shares, wanted.threshold, set);
            config.root = wrap::wrap(&unseal, &fresh, store, set)?;
            Some(fresh)
        }
    };
    Ok(Made { replaces: current_set(target, old), config, root, shares })
}
