//! Passphrases: which are taken, and how the key is derived from one without hurting the server.

use tokio::sync::Semaphore;

use super::config::PassphraseParams;
use crate::{
    crypto::{Key, SecretBytes, password},
    error::{Error, Result},
    request::Peer,
};

/// Characters, at least: with Argon2id at 256 MiB a guess costs about a second of a core.
const SHORTEST: usize = 12;
/// Bytes, at most: no one types more, and what is hashed is bounded.
const LONGEST: usize = 1024;
/// Different characters, at least.
const VARIETY: usize = 6;

/// One derivation at a time in this process for whoever comes over a network, and one for whoever is on this
/// machine: each takes 256 MiB, and strangers who try must not keep the operator out.
static REMOTE: Semaphore = Semaphore::const_new(1);
static LOCAL: Semaphore = Semaphore::const_new(1);

/// For whom is derived.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum From {
    Remote,
    Local,
}

impl From {
    pub(crate) fn peer(peer: &Peer) -> Self {
        if peer.is_local() { Self::Local } else { Self::Remote }
    }

    fn slot(self) -> &'static Semaphore {
        match self {
            Self::Remote => &REMOTE,
            Self::Local => &LOCAL,
        }
    }
}

/// Refuses a passphrase that a thief of the disk would guess early.
pub(crate) fn check(passphrase: &SecretBytes) -> Result<()> {
    let refuse = |why| Err(Error::invalid(why));
    let Some(text) = passphrase.expose_str() else { return refuse("the passphrase must be text") };
    if text.len() > LONGEST {
        return refuse("the passphrase is too long: 1024 bytes at most");
    }
    let letters: zeroize::Zeroizing<Vec<u32>> =
        zeroize::Zeroizing::new(text.chars().map(u32::from).collect());
    if letters.len() < SHORTEST {
        return refuse("the passphrase is too short: 12 characters or more");
    }
    let mut different = letters.clone();
    different.sort_unstable();
    different.dedup();
    let repeats = (1..=letters.len() / 2).any(|unit| {
        let (head, tail) = (letters.iter(), letters.iter().skip(unit));
        head.zip(tail).all(|(a, b)| a == b)
    });
    // Steps of one code point, upwards or downwards: 123456789012 has two that are not.
    let steps = letters.windows(2).filter(|it| matches!(it, [a, b] if a.abs_diff(*b) == 1)).count();
    if different.len() < VARIETY || repeats || steps * 4 >= letters.len() * 3 {
        return refuse("the passphrase is too easy to guess: no repeats and no sequences");
    }
    Ok(())
}

/// The key that `passphrase` makes. Takes about a second, on a thread that may block; a second caller is told
/// to come again.
pub(crate) async fn derive(passphrase: SecretBytes, params: PassphraseParams, from: From) -> Result<Key> {
    let busy = || Error::RateLimited { path: "sys/unseal".to_owned(), retry_after: 2 };
    let _one = from.slot().try_acquire().map_err(|_| busy())?;
    let work = move || password::argon2id(passphrase.expose(), &params.salt, params.cost());
    Ok(crate::blocking::run(work).await??)
}

#[cfg(test)]
mod tests {
    use super::*;

    // Rule 19: whoever tries over the network does not keep out whoever sits at the machine.
    #[tokio::test]
    async fn a_stranger_who_tries_leaves_the_operators_slot_free() {
        let params = || PassphraseParams { memory: 64, passes: 1, lanes: 1, salt: [7; 16] };
        let passphrase = || SecretBytes::copy_of(b"correct horse battery staple");
        let _stranger = REMOTE.acquire().await.unwrap();
        let remote = derive(passphrase(), params(), From::Remote).await;
        assert!(matches!(remote, Err(Error::RateLimited { .. })));
        assert!(derive(passphrase(), params(), From::Local).await.is_ok());
    }

    fn taken(text: &str) -> bool {
        check(&SecretBytes::copy_of(text.as_bytes())).is_ok()
    }

    // Rule 23
    #[test]
    fn weak_passphrases_are_refused() {
        for weak in [
            "",
            "short pass",
            "aaaaaaaaaaaaaaaa",
            "abababababababab",
            "password1password1",
            "123456789012",
            "abcdefghijklmnop",
            "zyxwvutsrqponm",
        ] {
            assert!(!taken(weak), "{weak}");
        }
        assert!(!taken(&"long enough to be refused ".repeat(50)));
        for good in ["correct horse battery staple", "Tr0ub4dor&3 and more", "äöüß sind vier Umlaute"] {
            assert!(taken(good), "{good}");
        }
    }
}
