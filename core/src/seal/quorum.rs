//! A quorum: so many of the holders, or the one who knows the passphrase.

use super::{
    config::{PassphraseParams, SealConfig},
    passphrase,
    shamir::{self, Share},
    wrap,
};
use crate::{
    crypto::{Key, SecretBytes, equal},
    error::{Error, Result},
    ids::StoreId,
};

/// Bytes of a share or passphrase as text, at most.
const LONGEST: usize = 4 * 1024;

/// What one operator gave.
pub(crate) enum Piece {
    Share(Share),
    Passphrase(SecretBytes),
}

impl Piece {
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Share(a), Self::Share(b)) => a.is_same(b),
            (Self::Passphrase(a), Self::Passphrase(b)) => equal(a.expose(), b.expose()),
            _ => false,
        }
    }
}

/// Who can open the root key together, and the envelope that proves it.
#[derive(Clone)]
pub(crate) struct Quorum {
    store: StoreId,
    pub(crate) threshold: u8,
    set: [u8; 4],
    passphrase: Option<PassphraseParams>,
    root: Vec<u8>,
    from: passphrase::From,
}

impl Quorum {
    /// Those who unseal.
    pub(crate) fn unsealing(config: &SealConfig) -> Self {
        Self {
            store: config.store_id(),
            threshold: config.threshold,
            set: config.set,
            passphrase: config.passphrase.clone(),
            root: config.root.clone(),
            from: passphrase::From::Local,
        }
    }

    /// The same, asked by somebody over the network or on this machine.
    pub(crate) fn asked(self, from: passphrase::From) -> Self {
        Self { from, ..self }
    }

    /// Those who decide: the holders of the recovery shares if the server unseals itself, else those who
    /// unseal.
    pub(crate) fn deciding(config: &SealConfig) -> Self {
        match &config.recovery {
            Some(recovery) => Self {
                store: config.store_id(),
                threshold: recovery.threshold,
                set: recovery.set,
                passphrase: None,
                root: recovery.root.clone(),
                from: passphrase::From::Local,
            },
            None => Self::unsealing(config),
        }
    }

    /// Reads what an operator gave. A share of another set is refused at once: it can be of no use, and would
    /// only spoil what the others gave.
    pub(crate) fn parse(&self, text: SecretBytes) -> Result<Piece> {
        if text.len() > LONGEST {
            return Err(Error::invalid("'key' is too long"));
        }
        if self.passphrase.is_some() {
            return Ok(Piece::Passphrase(text));
        }
        let share = Share::parse(&text)?;
        if !share.is_of(self.set) {
            return Err(Error::invalid("'key' belongs to another set of shares: was there a rekey?"));
        }
        Ok(Piece::Share(share))
    }

    /// The root key, if the pieces are right. If not, nobody is told which was wrong.
    pub(crate) async fn open(&self, pieces: Vec<Piece>) -> Result<Key> {
        let key = match &self.passphrase {
            Some(params) => {
                let given = pieces.into_iter().find_map(|it| match it {
                    Piece::Passphrase(text) => Some(text),
                    Piece::Share(_) => None,
                });
                passphrase::derive(given.ok_or_else(wrong)?, params.clone(), self.from).await?
            }
            None => {
                let shares: Vec<Share> = pieces
                    .into_iter()
                    .filter_map(|it| match it {
                        Piece::Share(share) => Some(share),
                        Piece::Passphrase(_) => None,
                    })
                    .collect();
                shamir::combine(&shares, self.set).map_err(|_| wrong())?
            }
        };
        wrap::unwrap(&key, &self.root, self.store, self.set).map_err(|_| wrong())
    }
}

fn wrong() -> Error {
    Error::invalid("the key is not right")
}
