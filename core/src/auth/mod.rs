//! Auth methods: how a caller becomes the holder of a token.

pub(crate) mod approle;
pub(crate) mod attempts;
pub(crate) mod cert;
mod glob;
pub(crate) mod jws;
pub(crate) mod jwt;
pub(crate) mod kubernetes;
pub(crate) mod lockout;
mod name;
pub(crate) mod token;
pub(crate) mod userpass;

use crate::{
    barrier::keyring::Purpose,
    crypto::{CryptoError, mac::MacKey},
    store::Store,
};

/// The key under which credentials of logins are kept as MACs: derived once for each unsealed store.
fn login_key(store: &Store) -> Result<&MacKey, CryptoError> {
    if let Some(key) = store.login_key.get() {
        return Ok(key);
    }
    let key = MacKey::new(&store.barrier.purpose(Purpose::LoginMac)?);
    Ok(store.login_key.get_or_init(|| key))
}

/// The field of an old name and the one of its new name: the newer wins. Answers its value, and whether the
/// old name was used: then it is shown under both.
fn one_of<T>(newer: Option<T>, older: Option<T>) -> Option<(T, bool)> {
    let was_old = older.is_some();
    newer.or(older).map(|it| (it, was_old))
}
