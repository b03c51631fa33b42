//! The barrier: everything below it is ciphertext.
//!
//! [`names`] turns paths into row keys, [`envelope`] encrypts values and names, [`keyring`] holds the keys,
//! [`head`] keeps the digest over all of it, [`record`] is what lies inside. A [`Barrier`] exists only while
//! the store is unsealed.

pub(crate) mod class;
pub(crate) mod envelope;
#[cfg(test)]
mod golden;
pub(crate) mod head;
pub(crate) mod keyring;
pub(crate) mod names;
pub(crate) mod record;

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicU32, Ordering},
};

use arc_swap::ArcSwap;
use bytes::Bytes;

pub use class::Class;
pub use names::{Dir, Ordinal, Place, Root};
pub(crate) use record::{Filed, filed};
pub use record::{Malformed, Record};

use crate::{
    crypto::{CryptoError, Key, SecretBytes, aead::Suite, mac::MacKey},
    ids::{NamespaceId, StoreId},
    storage::{KEY_LEN, RowKey},
};
use envelope::{Binding, Part};
use head::Digest;
use keyring::{Keyring, Purpose};
use names::Names;

/// Where the keyring lies, sealed under the root key.
pub(crate) const KEYRING_KEY: RowKey = core_key(3);

/// The row key of one of the core's fixed records.
pub(crate) const fn core_key(number: u8) -> RowKey {
    let mut key = [0; KEY_LEN];
    key[KEY_LEN - 1] = number;
    RowKey(key)
}

/// What stored bytes failed to be.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum BarrierError {
    /// Altered, moved, or sealed under a term that was retired: never served.
    #[error("a record failed to decrypt")]
    Decrypt,
    /// The rows of this class are not those that were written last: none is served until an operator says so.
    #[error("the records of a class do not match the digest")]
    Refused(Class),
    #[error("the operating system gave no randomness")]
    Encrypt,
    #[error(transparent)]
    Malformed(#[from] Malformed),
}

/// What is wrong with a row.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Unsound {
    Altered,
    Misnamed,
    UnknownTerm,
}

/// Encrypts and decrypts rows.
pub struct Barrier {
    store: StoreId,
    suite: Suite,
    keyring: ArcSwap<Keyring>,
    /// What the keyring is stored under: a rotation writes it again.
    root: Mutex<Key>,
    names: Names,
    digest: Digest,
    /// A bit for each class whose records are not served.
    refused: AtomicU32,
}

impl Barrier {
    pub(crate) fn new(root: Key, keyring: Keyring, suite: Suite) -> Result<Self, CryptoError> {
        Ok(Self {
            root: Mutex::new(root),
            refused: AtomicU32::new(0),
            store: keyring.store,
            suite,
            names: Names::new(keyring.name_key())?,
            digest: Digest::new(MacKey::new(&keyring.purpose(Purpose::Digest)?)),
            keyring: ArcSwap::from_pointee(keyring),
        })
    }

    /// This store's barrier as of the time when its keyring was stored like this, if the root key is the same.
    pub(crate) fn as_of(&self, keyring: &[u8]) -> Result<Self, CryptoError> {
        let root = self.root.lock().unwrap_or_else(PoisonError::into_inner).duplicate();
        let keyring = open_keyring(&root, self.store, keyring)?;
        Self::new(root, keyring, self.suite)
    }

    pub(crate) fn store(&self) -> StoreId {
        self.store
    }

    pub(crate) fn keyring(&self) -> Arc<Keyring> {
        self.keyring.load_full()
    }

    /// Uses `keyring` from now on: after a rotation, once it is stored.
    pub(crate) fn install(&self, keyring: Keyring) {
        self.keyring.store(Arc::new(keyring));
    }

    /// The term that seals now.
    pub(crate) fn active_term(&self) -> u32 {
        self.keyring.load().active().number
    }

    /// `keyring` as it is stored.
    pub(crate) fn seal_keyring(&self, keyring: &Keyring) -> Result<Vec<u8>, CryptoError> {
        seal_keyring(&self.root.lock().unwrap_or_else(PoisonError::into_inner), keyring)
    }

    /// Uses `root` for the keyring from now on: after a rekey, once it is stored.
    pub(crate) fn replace_root(&self, root: Key) {
        *self.root.lock().unwrap_or_else(PoisonError::into_inner) = root;
    }

    /// Serves no record of `class` any more.
    pub(crate) fn refuse(&self, class: Class) {
        self.refused.fetch_or(1 << class.id(), Ordering::SeqCst);
    }

    /// Serves `class` again.
    pub(crate) fn restore(&self, class: Class) {
        self.refused.fetch_and(!(1 << class.id()), Ordering::SeqCst);
    }

    pub(crate) fn is_refused(&self, class: Class) -> bool {
        self.refused.load(Ordering::Relaxed) & (1 << class.id()) != 0
    }

    fn served(&self, class: Class) -> Result<(), BarrierError> {
        if self.is_refused(class) { Err(BarrierError::Refused(class)) } else { Ok(()) }
    }

    pub(crate) fn purpose(&self, purpose: Purpose) -> Result<Key, CryptoError> {
        self.keyring.load().purpose(purpose)
    }

    pub(crate) fn digest(&self) -> &Digest {
        &self.digest
    }

    /// The folder at `path` below `root`: empty, or ending in `/`.
    pub fn dir(&self, root: Root, path: &str) -> Dir {
        self.names.dir(root, path)
    }

    /// The record called `name` in `dir`.
    pub fn entry(&self, class: Class, dir: Dir, name: &str) -> Place {
        self.names.entry(class, dir, name)
    }

    /// The record at `path` below `root`.
    pub fn place(&self, class: Class, root: Root, path: &str) -> Place {
        self.names.resolve(class, root, path).1
    }

    /// Encrypts a record for its place: (name, value).
    pub(crate) fn seal<R: Record>(&self, place: &Place, record: &R) -> Result<(Bytes, Bytes), BarrierError> {
        self.served(place.class)?;
        let plain = record::encode(record)?;
        let name = match place.name.as_slice() {
            [] => Bytes::new(),
            name => self.seal_part(place, Part::Name, name)?.into(),
        };
        Ok((name, self.seal_part(place, Part::Value, plain.expose())?.into()))
    }

    fn seal_part(&self, place: &Place, part: Part, plain: &[u8]) -> Result<Vec<u8>, BarrierError> {
        let keyring = self.keyring.load();
        let term = keyring.active().number;
        let binding = Binding { store: self.store, class: place.class, key: &place.key, part };
        keyring
            .with_subkey(term, place.namespace, place.class, |key| {
                envelope::seal(self.suite, term, key, binding, plain)
            })
            .map_err(|_| BarrierError::Encrypt)
    }

    /// Decrypts the value found at `key`.
    pub(crate) fn open<R: Record>(
        &self,
        class: Class,
        namespace: NamespaceId,
        key: &RowKey,
        value: &[u8],
    ) -> Result<R, BarrierError> {
        self.served(class)?;
        let plain = self.open_part(class, namespace, key, Part::Value, value)?;
        Ok(record::decode(plain.expose())?)
    }

    /// Decrypts the name found at `key`, and makes sure that it belongs there.
    pub(crate) fn open_name(
        &self,
        class: Class,
        dir: Dir,
        key: &RowKey,
        name: &[u8],
    ) -> Result<String, BarrierError> {
        self.served(class)?;
        let plain = self.open_part(class, dir.namespace, key, Part::Name, name)?;
        let name = plain.expose_str().ok_or(BarrierError::Decrypt)?;
        if !self.names.verify(class, dir, name, key) {
            return Err(BarrierError::Decrypt);
        }
        Ok(name.to_owned())
    }

    /// What is in a row as found, whatever its class: for checks and for encrypting it again.
    pub(crate) fn inspect(
        &self,
        class: Class,
        namespace: NamespaceId,
        key: &RowKey,
        name: &[u8],
        value: &[u8],
    ) -> Result<SecretBytes, Unsound> {
        let term = envelope::term(value).map_err(|_| Unsound::Altered)?;
        if !self.keyring.load().has(term) {
            return Err(Unsound::UnknownTerm);
        }
        let plain =
            self.open_part(class, namespace, key, Part::Value, value).map_err(|_| Unsound::Altered)?;
        if !name.is_empty() {
            let name =
                self.open_part(class, namespace, key, Part::Name, name).map_err(|_| Unsound::Altered)?;
            if !name.expose_str().is_some_and(|it| self.names.belongs(it, key)) {
                return Err(Unsound::Misnamed);
            }
        }
        Ok(plain)
    }

    fn open_part(
        &self,
        class: Class,
        namespace: NamespaceId,
        key: &RowKey,
        part: Part,
        sealed: &[u8],
    ) -> Result<SecretBytes, BarrierError> {
        let binding = Binding { store: self.store, class, key, part };
        let term = envelope::term(sealed).map_err(|_| BarrierError::Decrypt)?;
        self.keyring
            .load()
            .with_subkey(term, namespace, class, |subkey| envelope::open(subkey, binding, sealed))
            .map_err(|_| BarrierError::Decrypt)
    }

    /// Encrypts a row again under the active term, if it lies under an older one.
    pub(crate) fn reseal(
        &self,
        class: Class,
        namespace: NamespaceId,
        key: &RowKey,
        name: &[u8],
        value: &[u8],
    ) -> Result<Option<(Bytes, Bytes)>, BarrierError> {
        let active = self.keyring.load().active().number;
        let term = envelope::term(value).map_err(|_| BarrierError::Decrypt)?;
        if term >= active {
            return Ok(None);
        }
        let place = Place { class, namespace, key: *key, name: Vec::new() };
        let plain = self.open_part(class, namespace, key, Part::Value, value)?;
        let value = self.seal_part(&place, Part::Value, plain.expose())?;
        let name = match name {
            [] => Bytes::new(),
            name => {
                let plain = self.open_part(class, namespace, key, Part::Name, name)?;
                self.seal_part(&place, Part::Name, plain.expose())?.into()
            }
        };
        Ok(Some((name, value.into())))
    }

    /// Encrypts one of the core's fixed records (the head).
    pub(crate) fn seal_core(&self, key: &RowKey, plain: &[u8]) -> Result<Vec<u8>, BarrierError> {
        let place = Place { class: Class::Core, namespace: NamespaceId::ROOT, key: *key, name: Vec::new() };
        self.seal_part(&place, Part::Value, plain)
    }

    pub(crate) fn open_core(&self, key: &RowKey, value: &[u8]) -> Result<SecretBytes, CryptoError> {
        self.open_part(Class::Core, NamespaceId::ROOT, key, Part::Value, value).map_err(|_| CryptoError)
    }
}

/// Seals the keyring under the root key.
pub(crate) fn seal_keyring(root: &Key, keyring: &Keyring) -> Result<Vec<u8>, CryptoError> {
    let binding = Binding { store: keyring.store, class: Class::Core, key: &KEYRING_KEY, part: Part::Value };
    envelope::seal(Suite::default(), 0, root, binding, keyring.encode()?.expose())
}

/// Opens the keyring of `store` with the root key.
pub(crate) fn open_keyring(root: &Key, store: StoreId, sealed: &[u8]) -> Result<Keyring, CryptoError> {
    let binding = Binding { store, class: Class::Core, key: &KEYRING_KEY, part: Part::Value };
    let plain = envelope::open(root, binding, sealed)?;
    Keyring::decode(plain.expose())
}
