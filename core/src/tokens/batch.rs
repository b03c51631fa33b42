//! Batch tokens: `hvb.` and the whole record, sealed. Nothing is stored of them.
//!
//! They are sealed as the records of service tokens are, at a place where no record lies, so that a stored
//! record is no batch token and the other way round.

use data_encoding::BASE64URL_NOPAD;

use super::{ROOT, Token, TokenKind, Tokens, format::crc32};
use crate::{
    barrier::{Class, Place},
    crypto::SecretBytes,
    error::{Error, Result},
    store::Store,
};

const PREFIX: &str = "hvb.";

/// Servers and proxies refuse headers much longer than what this becomes in base64.
const MAX_SEALED: usize = 4096;

impl Tokens {
    pub(super) fn seal_batch(&self, store: &Store, token: &Token) -> Result<SecretBytes> {
        let (_, sealed) = store.barrier.seal(&place(store), token)?;
        if sealed.len() > MAX_SEALED {
            return Err(Error::invalid("too much for a batch token, which has to fit into a header"));
        }
        let mut text = String::with_capacity(PREFIX.len() + BASE64URL_NOPAD.encode_len(sealed.len() + 4));
        text.push_str(PREFIX);
        let mut bytes = sealed.to_vec();
        bytes.extend(crc32(&sealed).to_be_bytes());
        BASE64URL_NOPAD.encode_append(&bytes, &mut text);
        Ok(SecretBytes::from(text))
    }

    /// The token within a batch token that this store made. Whether it lives is another question.
    pub(super) fn open_batch(&self, store: &Store, presented: &[u8]) -> Option<Token> {
        let encoded = presented.strip_prefix(PREFIX.as_bytes())?;
        let bytes = BASE64URL_NOPAD.decode(encoded).ok()?;
        let (sealed, checksum) = bytes.split_last_chunk::<4>()?;
        if *checksum != crc32(sealed).to_be_bytes() {
            return None;
        }
        let place = place(store);
        let token: Token = store.barrier.open(place.class, place.namespace, &place.key, sealed).ok()?;
        (token.kind == TokenKind::Batch).then_some(token)
    }
}

fn place(store: &Store) -> Place {
    Place { name: Vec::new(), ..store.place(Class::Token, ROOT, "batch/") }
}
