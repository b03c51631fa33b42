//! A root token by decision of the share holders, for when there is none any more.
//!
//! Whoever starts it holds a one-time password; the token is answered to the holder of the last share only
//! combined with it, so that neither has it alone.

use super::{
    procedure::{Given, Wording},
    quorum::Quorum,
};
use crate::{
    core::Core,
    crypto::{SecretBytes, random},
    error::{Error, Result},
    storage::Priority,
    tokens::issue::NewToken,
    tx::Attempts,
};

/// The length of the token and of the one-time password. Clients ask for it and make passwords of it; it is
/// the one that OpenBao and Vault have, so the token is shorter than those that are made otherwise: 22
/// letters and digits are 131 bits.
pub(crate) const TOKEN_LEN: usize = 26;

const PREFIX: &str = "hvs.";

pub(crate) const WORDING: Wording = Wording {
    already: "root generation already in progress for this namespace",
    name: "root generation",
    none: "no root generation in progress",
};

/// What was asked for.
pub(crate) struct Wanted {
    otp: SecretBytes,
}

/// Where the procedure stands.
#[derive(Clone, Debug, Default)]
pub(crate) struct Status {
    pub(crate) nonce: Option<String>,
    pub(crate) progress: u8,
    pub(crate) required: u8,
}

/// What one piece led to.
pub(crate) enum Outcome {
    More,
    /// base64(token XOR one-time password).
    Done(SecretBytes),
}

impl Core {
    pub(crate) async fn root_token_status(&self) -> Result<Status> {
        let required = Quorum::deciding(&self.seal_config().await?.config).threshold;
        let run = self.seal().root_token.look(|run| (run.nonce.to_string(), run.progress()));
        let (nonce, progress) = run.unzip();
        Ok(Status { nonce, progress: progress.unwrap_or_default(), required })
    }

    /// Starts with the caller's one-time password, or with a fresh one, which is answered.
    pub(crate) fn root_token_start(&self, otp: Option<SecretBytes>) -> Result<Option<SecretBytes>> {
        let made = match &otp {
            Some(otp) if otp.len() != TOKEN_LEN => {
                return Err(Error::invalid("OTP string has incorrect length"));
            }
            Some(_) => None,
            None => Some(SecretBytes::from(random::base62(TOKEN_LEN)?)),
        };
        let kept = otp.or_else(|| made.as_ref().map(|it| SecretBytes::copy_of(it.expose())));
        let kept = kept.ok_or(Error::Internal("a one-time password is missing"))?;
        self.seal().root_token.start(Wanted { otp: kept })?;
        Ok(made)
    }

    pub(crate) async fn root_token_give(&self, nonce: &str, text: SecretBytes) -> Result<Outcome> {
        let slot = &self.seal().root_token;
        slot.expect(nonce)?;
        let quorum = Quorum::deciding(&self.seal_config().await?.config);
        let Given::Enough(pieces) = slot.give(nonce, quorum.parse(text)?, quorum.threshold)? else {
            return Ok(Outcome::More);
        };
        drop(quorum.open(pieces).await.map_err(|error| match error {
            Error::Invalid(why) => Error::invalid(format!("root generation aborted: {why}")),
            error => error,
        })?);
        let open = self.unsealed().ok_or(Error::Sealed)?;
        // Taken out before it is done, so that two last pieces at once give one token.
        let wanted = slot.finish(nonce)?;
        let id = SecretBytes::from([PREFIX, &random::base62(TOKEN_LEN - PREFIX.len())?].concat());
        let now = self.now();
        let mut attempts = Attempts::new(&open.store, Priority::Interactive);
        loop {
            let mut tx = attempts.begin()?;
            // Not one that somebody chose, although its form is another: it is called as a root token is.
            let new = NewToken { id: Some(SecretBytes::copy_of(id.expose())), ..NewToken::root(None) };
            open.tokens.issue(&mut tx, new, now).await?;
            if attempts.commit(tx).await? {
                break;
            }
        }
        tracing::warn!("a root token was generated");
        let mixed: Vec<u8> = id.expose().iter().zip(wanted.otp.expose()).map(|(a, b)| a ^ b).collect();
        let mixed = SecretBytes::new(mixed);
        Ok(Outcome::Done(SecretBytes::from(data_encoding::BASE64_NOPAD.encode(mixed.expose()))))
    }
}
