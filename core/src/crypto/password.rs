//! Argon2id (RFC 9106) for passphrases and passwords.

use std::{
    fmt,
    sync::{LazyLock, OnceLock},
    thread,
};

use argon2::{Algorithm, Argon2, Params, Version};
use data_encoding::BASE64_NOPAD;
use tokio::{sync::Semaphore, task::spawn_blocking};

use super::{CryptoError, Key, SecretBytes, equal, random};

/// What one derivation costs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Cost {
    /// KiB of memory.
    pub memory: u32,
    /// Passes over it.
    pub passes: u32,
    pub lanes: u32,
}

impl Cost {
    /// For an unseal passphrase: a thief of the disk attacks it offline.
    pub const UNSEAL: Self = Self { memory: 256 * 1024, passes: 3, lanes: 1 };
    /// For a login: RFC 9106's second recommendation, cut to what two cores can serve.
    pub const LOGIN: Self = Self { memory: 19 * 1024, passes: 2, lanes: 1 };
}

/// Derives a key. Takes `cost.memory` KiB and, at [`Cost::UNSEAL`], about a second: never on a worker thread.
pub(crate) fn argon2id(password: &[u8], salt: &[u8], cost: Cost) -> Result<Key, CryptoError> {
    let params =
        Params::new(cost.memory, cost.passes, cost.lanes, Some(Key::LEN)).map_err(|_| CryptoError)?;
    let mut key = Key::from_slice(&[0; 32])?;
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(password, salt, key.expose_mut())
        .map_err(|_| CryptoError)?;
    Ok(key)
}

/// The longest password, in bytes.
pub(crate) const MAX_LEN: usize = 1024;

const SALT_LEN: usize = 16;

/// Derivations that run at a time: each takes a core and [`Cost::LOGIN`]'s memory. Others wait; how many may is
/// their caller's to say.
static SLOTS: LazyLock<Semaphore> =
    LazyLock::new(|| Semaphore::new(thread::available_parallelism().map_or(2, usize::from)));

/// What is kept of a password that is checked at logins.
#[derive(Clone, minicbor::CborLen, minicbor::Decode, minicbor::Encode)]
pub(crate) struct PasswordHash {
    #[n(0)]
    memory: u32,
    #[n(1)]
    passes: u32,
    #[n(2)]
    lanes: u32,
    #[cbor(n(3), with = "minicbor::bytes")]
    salt: Vec<u8>,
    #[cbor(n(4), with = "crate::codec::hash")]
    hash: [u8; 32],
}

impl PartialEq for PasswordHash {
    fn eq(&self, other: &Self) -> bool {
        self.cost() == other.cost() && self.salt == other.salt && equal(&self.hash, &other.hash)
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(…)")
    }
}

impl PasswordHash {
    /// Reads `$argon2id$v=19$m=19456,t=2,p=1$salt$hash`. Only the cost at which all others are made is taken:
    /// with another one a login's time would tell who exists.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let Cost { memory, passes, lanes } = Cost::LOGIN;
        let rest = text.strip_prefix(&format!("$argon2id$v=19$m={memory},t={passes},p={lanes}$"))?;
        let (salt, hash) = rest.split_once('$')?;
        let salt = BASE64_NOPAD.decode(salt.as_bytes()).ok().filter(|it| (8..=64).contains(&it.len()))?;
        let hash = BASE64_NOPAD.decode(hash.as_bytes()).ok()?.try_into().ok()?;
        Some(Self { memory, passes, lanes, salt, hash })
    }

    /// One that no password is known to fit, at the cost of all others: what a login is checked against if
    /// there is no such user (rule 70).
    pub(crate) fn nobodys() -> Result<Self, CryptoError> {
        static NOBODYS: OnceLock<PasswordHash> = OnceLock::new();
        if let Some(made) = NOBODYS.get() {
            return Ok(made.clone());
        }
        let Cost { memory, passes, lanes } = Cost::LOGIN;
        let salt = random::bytes::<SALT_LEN>()?.to_vec();
        let made = Self { memory, passes, lanes, salt, hash: random::bytes()? };
        Ok(NOBODYS.get_or_init(|| made).clone())
    }

    fn cost(&self) -> Cost {
        Cost { memory: self.memory, passes: self.passes, lanes: self.lanes }
    }
}

/// Whether this can be a password: 1 to 1024 bytes, none of them zero (rule 71).
pub(crate) fn is_acceptable(password: &SecretBytes) -> bool {
    (1..=MAX_LEN).contains(&password.len()) && !password.expose().contains(&0)
}

/// Hashes a password under a fresh salt.
pub(crate) async fn hash(password: SecretBytes) -> Result<PasswordHash, CryptoError> {
    let salt = random::bytes::<SALT_LEN>()?;
    let Cost { memory, passes, lanes } = Cost::LOGIN;
    let key = derived(password, salt.to_vec(), Cost::LOGIN).await?;
    Ok(PasswordHash { memory, passes, lanes, salt: salt.to_vec(), hash: *key.expose() })
}

/// Whether `password` is the one that was hashed.
pub(crate) async fn verify(password: SecretBytes, against: &PasswordHash) -> Result<bool, CryptoError> {
    let key = derived(password, against.salt.clone(), against.cost()).await?;
    Ok(equal(key.expose(), &against.hash))
}

/// Derives on a thread for blocking work, when its turn has come. The turn lasts as long as the derivation,
/// also if nobody waits for it any more.
async fn derived(password: SecretBytes, salt: Vec<u8>, cost: Cost) -> Result<Key, CryptoError> {
    let turn = SLOTS.acquire().await.map_err(|_| CryptoError)?;
    let work = spawn_blocking(move || {
        let _turn = turn;
        argon2id(password.expose(), &salt, cost)
    });
    work.await.map_err(|_| CryptoError)?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn password(text: &str) -> SecretBytes {
        SecretBytes::copy_of(text.as_bytes())
    }

    #[tokio::test]
    async fn a_password_fits_its_own_hash_only() {
        let hash = hash(password("one")).await.unwrap();
        assert!(verify(password("one"), &hash).await.unwrap());
        assert!(!verify(password("two"), &hash).await.unwrap());
        assert_eq!(format!("{hash:?}"), "PasswordHash(…)");
    }

    // Rule 70
    #[test]
    fn nobodys_hash_costs_what_all_others_cost() {
        let nobodys = PasswordHash::nobodys().unwrap();
        assert_eq!(nobodys.cost(), Cost::LOGIN);
        assert_eq!(nobodys.salt.len(), SALT_LEN);
    }

    // Rule 71
    #[test]
    fn passwords_are_bounded_and_have_no_nul() {
        assert!(is_acceptable(&password("a")));
        assert!(is_acceptable(&password(&"a".repeat(1024))));
        for bad in ["".to_owned(), "a".repeat(1025), "a\0b".to_owned()] {
            assert!(!is_acceptable(&password(&bad)));
        }
    }

    // Rule 71
    #[test]
    fn only_hashes_of_our_own_cost_are_read() {
        let good = "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHQxMjM0NTY3OA$J0Vr1BSwxgjyf0UTHY3oYQJ0Vr1BSwxgjyf0UTHY3oY";
        assert!(PasswordHash::parse(good).is_some());
        for bad in [
            "",
            "zork",
            "$2a$10$abcdefghijklmnopqrstuu",
            &good.replace("t=2", "t=3"),
            &good.replace("argon2id", "argon2i"),
            &good.replace("c29tZXNhbHQxMjM0NTY3OA", "YQ"),
            &format!("{good}AA"),
        ] {
            assert!(PasswordHash::parse(bad).is_none(), "{bad}");
        }
    }
}
