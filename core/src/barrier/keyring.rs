//! The keyring: terms that encrypt records, and the keys that do not rotate.
//!
//! ```text
//! unseal material -> root key -> keyring -+- store key -> one subkey for each purpose (HKDF label)
//!                                         +- name key
//!                                         +- term keys -> one subkey for each namespace and class
//! ```
//!
//! Rotation adds a term: new writes use it, old envelopes stay readable until the background pass has
//! rewritten them. Each term stores a commitment to its key (HKDF of it), compared when the keyring is
//! opened, because neither AEAD commits to its key.

use std::sync::OnceLock;

use super::class::Class;
use crate::{
    clock::Timestamp,
    crypto::{CryptoError, Key, SecretBytes, equal, mac},
    ids::{NamespaceId, StoreId},
};

/// What a subkey of the store key is for. A key has one use.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Purpose {
    AuditSeed,
    Digest,
    Lease,
    LoginMac,
    Snapshot,
    TokenAccessor,
    TokenLease,
    TokenMac,
}

impl Purpose {
    const fn label(self) -> &'static str {
        match self {
            Self::AuditSeed => "audit",
            Self::Digest => "digest",
            Self::Lease => "lease",
            Self::LoginMac => "login",
            Self::Snapshot => "snapshot",
            Self::TokenAccessor => "token accessor",
            Self::TokenLease => "token lease",
            Self::TokenMac => "token",
        }
    }
}

pub(crate) struct Keyring {
    pub(crate) store: StoreId,
    store_key: Key,
    name_key: Key,
    /// In the order of their numbers; never empty.
    terms: Vec<Term>,
}

pub(crate) struct Term {
    pub(crate) number: u32,
    pub(crate) created: Timestamp,
    key: Key,
    /// Of the root namespace, by class, derived when first used.
    subkeys: [OnceLock<Key>; Class::ALL.len()],
}

impl Term {
    fn new(number: u32, created: Timestamp, key: Key) -> Self {
        Self { number, created, key, subkeys: std::array::from_fn(|_| OnceLock::new()) }
    }

    fn derive(&self, namespace: NamespaceId, class: Class) -> Result<Key, CryptoError> {
        mac::derive(&self.key, &[], "record", &[&namespace.0.to_be_bytes(), &[class.id()]])
    }

    fn commitment(&self) -> Result<Key, CryptoError> {
        mac::derive(&self.key, &[], "commitment", &[])
    }
}

impl Keyring {
    pub(crate) fn generate(store: StoreId, now: Timestamp) -> Result<Self, CryptoError> {
        Ok(Self {
            store,
            store_key: Key::generate()?,
            name_key: Key::generate()?,
            terms: vec![Term::new(1, now, Key::generate()?)],
        })
    }

    /// The same keyring with one more term.
    pub(crate) fn rotated(&self, now: Timestamp) -> Result<Self, CryptoError> {
        let mut terms: Vec<Term> =
            self.terms.iter().map(|it| Term::new(it.number, it.created, it.key.duplicate())).collect();
        let next = self.active().number.checked_add(1).ok_or(CryptoError)?;
        terms.push(Term::new(next, now, Key::generate()?));
        Ok(Self {
            store: self.store,
            store_key: self.store_key.duplicate(),
            name_key: self.name_key.duplicate(),
            terms,
        })
    }

    /// The same keyring without the terms before `oldest`: nothing is sealed under them any more.
    pub(crate) fn retired(&self, oldest: u32) -> Self {
        let kept = self.terms.iter().filter(|it| it.number >= oldest || it.number == self.active().number);
        Self {
            store: self.store,
            store_key: self.store_key.duplicate(),
            name_key: self.name_key.duplicate(),
            terms: kept.map(|it| Term::new(it.number, it.created, it.key.duplicate())).collect(),
        }
    }

    pub(crate) fn active(&self) -> &Term {
        #[allow(clippy::expect_used, reason = "every constructor puts at least one term in")]
        self.terms.last().expect("a keyring has a term")
    }

    pub(crate) fn has(&self, term: u32) -> bool {
        self.terms.iter().any(|it| it.number == term)
    }

    pub(crate) fn oldest(&self) -> u32 {
        self.terms.first().map_or(1, |it| it.number)
    }

    pub(crate) fn name_key(&self) -> &Key {
        &self.name_key
    }

    /// The key for one purpose.
    pub(crate) fn purpose(&self, purpose: Purpose) -> Result<Key, CryptoError> {
        mac::derive(&self.store_key, &[], purpose.label(), &[])
    }

    /// Calls `f` with the subkey of `term` for one namespace and class.
    pub(crate) fn with_subkey<T>(
        &self,
        term: u32,
        namespace: NamespaceId,
        class: Class,
        f: impl FnOnce(&Key) -> Result<T, CryptoError>,
    ) -> Result<T, CryptoError> {
        let term = self.terms.iter().rev().find(|it| it.number == term).ok_or(CryptoError)?;
        if namespace != NamespaceId::ROOT {
            return f(&term.derive(namespace, class)?);
        }
        let slot = term.subkeys.get(usize::from(class.id())).ok_or(CryptoError)?;
        if let Some(key) = slot.get() {
            return f(key);
        }
        let key = term.derive(namespace, class)?;
        f(slot.get_or_init(|| key))
    }

    /// `store id(16) store key(32) name key(32) count(4) { number(4) created(8) key(32) commitment(32) }*`
    pub(crate) fn encode(&self) -> Result<SecretBytes, CryptoError> {
        let mut out = Vec::with_capacity(84 + self.terms.len() * 76);
        out.extend_from_slice(self.store.0.as_bytes());
        out.extend_from_slice(self.store_key.expose());
        out.extend_from_slice(self.name_key.expose());
        out.extend(u32::try_from(self.terms.len()).map_err(|_| CryptoError)?.to_be_bytes());
        for term in &self.terms {
            out.extend(term.number.to_be_bytes());
            out.extend(term.created.0.to_be_bytes());
            out.extend_from_slice(term.key.expose());
            out.extend_from_slice(term.commitment()?.expose());
        }
        Ok(SecretBytes::new(out))
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, CryptoError> {
        let mut bytes = Reader(bytes);
        let store = StoreId(uuid::Uuid::from_bytes(bytes.array()?));
        let store_key = Key::from_slice(bytes.take(32)?)?;
        let name_key = Key::from_slice(bytes.take(32)?)?;
        let count = u32::from_be_bytes(bytes.array()?);
        let mut terms = Vec::new();
        for _ in 0..count {
            let number = u32::from_be_bytes(bytes.array()?);
            let created = Timestamp(i64::from_be_bytes(bytes.array()?));
            let term = Term::new(number, created, Key::from_slice(bytes.take(32)?)?);
            if !equal(term.commitment()?.expose(), bytes.take(32)?) {
                return Err(CryptoError);
            }
            terms.push(term);
        }
        let ordered = terms.windows(2).all(|pair| matches!(pair, [a, b] if a.number < b.number));
        if terms.is_empty() || !ordered || !bytes.0.is_empty() {
            return Err(CryptoError);
        }
        Ok(Self { store, store_key, name_key, terms })
    }
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, len: usize) -> Result<&'a [u8], CryptoError> {
        let (head, tail) = self.0.split_at_checked(len).ok_or(CryptoError)?;
        self.0 = tail;
        Ok(head)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], CryptoError> {
        self.take(N)?.try_into().map_err(|_| CryptoError)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keyring() -> Keyring {
        Keyring::generate(StoreId(uuid::Uuid::from_bytes([1; 16])), Timestamp(5)).unwrap()
    }

    fn subkey(keyring: &Keyring, term: u32, class: Class) -> [u8; 32] {
        keyring.with_subkey(term, NamespaceId::ROOT, class, |key| Ok(*key.expose())).unwrap()
    }

    // Rule 9
    #[test]
    fn a_rotated_keyring_still_has_the_old_term() {
        let old = keyring();
        let new = Keyring::decode(old.rotated(Timestamp(9)).unwrap().encode().unwrap().expose()).unwrap();
        assert_eq!(new.active().number, 2);
        assert_eq!(subkey(&old, 1, Class::Kv), subkey(&new, 1, Class::Kv));
        assert_ne!(subkey(&new, 2, Class::Kv), subkey(&new, 1, Class::Kv));
        let retired = new.retired(2);
        assert!(retired.with_subkey(1, NamespaceId::ROOT, Class::Kv, |_| Ok(())).is_err());
    }

    // Rule 1
    #[test]
    fn each_use_has_its_own_key() {
        let keyring = keyring();
        assert_ne!(subkey(&keyring, 1, Class::Kv), subkey(&keyring, 1, Class::Token));
        let other = keyring.with_subkey(1, NamespaceId(1), Class::Kv, |key| Ok(*key.expose())).unwrap();
        assert_ne!(subkey(&keyring, 1, Class::Kv), other);
        let purposes = [
            Purpose::AuditSeed,
            Purpose::Digest,
            Purpose::Lease,
            Purpose::LoginMac,
            Purpose::Snapshot,
            Purpose::TokenAccessor,
            Purpose::TokenLease,
            Purpose::TokenMac,
        ];
        let keys: std::collections::HashSet<_> =
            purposes.iter().map(|it| *keyring.purpose(*it).unwrap().expose()).collect();
        assert_eq!(keys.len(), purposes.len());
    }

    // Rule 3
    #[test]
    fn a_term_whose_commitment_does_not_match_is_refused() {
        let encoded = keyring().encode().unwrap();
        let mut bytes = encoded.expose().to_vec();
        let last = bytes.len() - 1;
        bytes[last] ^= 1;
        assert!(Keyring::decode(&bytes).is_err());
        assert!(Keyring::decode(&encoded.expose()[..last]).is_err());
    }
}
