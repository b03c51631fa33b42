//! A store that somebody at the terminal opens with a passphrase.

use serde::Deserialize;
use strongroom_core::{
    Core, Error,
    crypto::SecretBytes,
    request::{Body, Operation},
    seal::unseal::Step,
};

use crate::{ask::ask, error::ServerError};

/// What is asked of whoever is there.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Wants {
    /// A passphrase for a new store.
    NewPassphrase,
    /// The passphrase of the store that is there.
    Passphrase,
    /// Nothing: it is open, or shares open it.
    Nothing,
}

#[derive(Deserialize)]
struct Status {
    initialized: bool,
    sealed: bool,
    #[serde(rename = "type")]
    kind: String,
}

/// What the store waits for.
pub async fn wants(core: &Core) -> Result<Wants, ServerError> {
    let raw = ask(core, None, Operation::Read, "sys/seal-status", Body::default()).await?.raw;
    let status = raw.and_then(|it| serde_json::from_slice(it.body.expose()).ok());
    let status: Status = status.ok_or(Error::Internal("the seal's status is unreadable"))?;
    Ok(match (status.initialized, status.sealed, status.kind.as_str()) {
        (false, _, _) => Wants::NewPassphrase,
        (true, true, "passphrase") => Wants::Passphrase,
        (true, _, _) => Wants::Nothing,
    })
}

/// Makes the store and opens it; answers its root token, which exists nowhere else.
pub async fn init(core: &Core, passphrase: &SecretBytes) -> Result<SecretBytes, ServerError> {
    #[derive(serde::Serialize)]
    struct Init<'a> {
        passphrase: &'a str,
    }
    #[derive(Deserialize)]
    struct Made {
        root_token: String,
    }
    let text = passphrase.expose_str().ok_or_else(|| Error::invalid("the passphrase is not UTF-8"))?;
    let body = Body::of(&Init { passphrase: text }).map_err(Error::from)?;
    let raw = ask(core, None, Operation::Write, "sys/init", body).await?.raw;
    let made = raw.and_then(|it| serde_json::from_slice(it.body.expose()).ok());
    let made: Made = made.ok_or(Error::Internal("the answer of init is unreadable"))?;
    unseal(core, passphrase).await?;
    Ok(SecretBytes::from(made.root_token))
}

/// Opens the store.
pub async fn unseal(core: &Core, passphrase: &SecretBytes) -> Result<(), ServerError> {
    match core.unseal(passphrase).await? {
        Step::Unsealed => Ok(()),
        Step::Progress(_) => Err(Error::Internal("a passphrase is not enough for this store").into()),
    }
}
