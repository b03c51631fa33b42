//! Hidden names: how a path becomes a row key that says nothing.
//!
//! `dir = PRF(namespace, mount, path of the folder)`, `key = class ‖ dir ‖ PRF(dir, name)`. A folder's rows
//! lie together, so listing it is one range scan; which folder it is, and what stands in it, only the holder
//! of the name key can tell. The name key is the store's, and does not rotate with the terms.

use foldhash::fast::RandomState;
use quick_cache::{UnitWeighter, sync::Cache};

use super::class::Class;
use crate::{
    crypto::{
        CryptoError, Key,
        mac::{CacheHash, MacKey},
    },
    ids::{MountId, NamespaceId},
    storage::{DirKey, RowKey},
};

/// Paths whose row keys are remembered.
const REMEMBERED: usize = 65_536;

/// Where a tree of records begins: a mount, or one of the core's own subsystems.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Root {
    pub namespace: NamespaceId,
    pub mount: MountId,
}

impl Root {
    /// Of a subsystem of the core in the root namespace.
    pub(crate) const fn internal(number: u8) -> Self {
        Self { namespace: NamespaceId::ROOT, mount: MountId::internal(number) }
    }
}

/// A folder: rows of one class in it share the first 17 bytes of their keys.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Dir {
    pub namespace: NamespaceId,
    id: [u8; 16],
}

impl Dir {
    pub fn key(&self, class: Class) -> DirKey {
        let mut out = [0; 17];
        let parts = [class.id()].into_iter().chain(self.id);
        out.iter_mut().zip(parts).for_each(|(out, byte)| *out = byte);
        DirKey(out)
    }

    /// The row at an ordinal: 16 bytes in the clear that keep their order.
    pub fn at(&self, class: Class, ordinal: Ordinal) -> Place {
        Place { class, namespace: self.namespace, key: self.join(class, &ordinal.0), name: Vec::new() }
    }

    fn join(&self, class: Class, last: &[u8; 16]) -> RowKey {
        let mut out = [0; 33];
        let parts = [class.id()].into_iter().chain(self.id).chain(*last);
        out.iter_mut().zip(parts).for_each(|(out, byte)| *out = byte);
        RowKey(out)
    }
}

/// An ordered component of a key: big-endian, in the clear.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Ordinal(pub [u8; 16]);

impl Ordinal {
    /// Ordered by `number`, then by `tail`.
    pub fn new(number: u64, tail: [u8; 8]) -> Self {
        let mut out = [0; 16];
        let parts = number.to_be_bytes().into_iter().chain(tail);
        out.iter_mut().zip(parts).for_each(|(out, byte)| *out = byte);
        Self(out)
    }

    pub fn number(&self) -> u64 {
        let mut out = [0; 8];
        out.iter_mut().zip(self.0).for_each(|(out, byte)| *out = byte);
        u64::from_be_bytes(out)
    }
}

/// Where one record lies, and the name that is stored with it.
#[derive(Clone, Debug)]
pub struct Place {
    pub class: Class,
    pub namespace: NamespaceId,
    pub key: RowKey,
    /// Empty for ordinals.
    pub name: Vec<u8>,
}

/// Makes keys of names.
pub(crate) struct Names {
    key: MacKey,
    hash: CacheHash,
    remembered: Cache<u128, ([u8; 16], RowKey), UnitWeighter, RandomState>,
}

impl Names {
    pub(crate) fn new(name_key: &Key) -> Result<Self, CryptoError> {
        let remembered = Cache::with(
            REMEMBERED,
            REMEMBERED as u64,
            UnitWeighter,
            RandomState::default(),
            Default::default(),
        );
        Ok(Self { key: MacKey::new(name_key), hash: CacheHash::new()?, remembered })
    }

    /// The folder at `path` below `root`: empty for the root itself, else ending in `/`.
    pub(crate) fn dir(&self, root: Root, path: &str) -> Dir {
        let namespace = root.namespace.0.to_be_bytes();
        let id = self.key.short(&[b"dir", &namespace, root.mount.0.as_bytes(), path.as_bytes()]);
        Dir { namespace: root.namespace, id }
    }

    /// The record called `name` in `dir`.
    pub(crate) fn entry(&self, class: Class, dir: Dir, name: &str) -> Place {
        let last = self.key.short(&[b"name", &dir.id, name.as_bytes()]);
        Place { class, namespace: dir.namespace, key: dir.join(class, &last), name: name.as_bytes().to_vec() }
    }

    /// The record at `path` below `root`, and the folder it lies in. No cryptography if the path was asked
    /// for lately.
    pub(crate) fn resolve(&self, class: Class, root: Root, path: &str) -> (Dir, Place) {
        let (folder, name) = split(path);
        let namespace = root.namespace.0.to_be_bytes();
        let hash = self.hash.hash(&[&[class.id()], &namespace, root.mount.0.as_bytes(), path.as_bytes()]);
        if let Some((id, key)) = self.remembered.get(&hash) {
            let dir = Dir { namespace: root.namespace, id };
            return (dir, Place { class, namespace: root.namespace, key, name: name.as_bytes().to_vec() });
        }
        let dir = self.dir(root, folder);
        let place = self.entry(class, dir, name);
        self.remembered.insert(hash, (dir.id, place.key));
        (dir, place)
    }

    /// Whether a name found in storage belongs to the key it was found under: a name that was moved does not.
    pub(crate) fn verify(&self, class: Class, dir: Dir, name: &str, key: &RowKey) -> bool {
        self.entry(class, dir, name).key == *key
    }

    /// As [`Names::verify`], where the folder is known by its part of the key only.
    pub(crate) fn belongs(&self, name: &str, key: &RowKey) -> bool {
        let Some((dir, last)) = key.0.get(1..17).zip(key.0.get(17..)) else { return false };
        self.key.short(&[b"name", dir, name.as_bytes()]) == *last
    }
}

/// `a/b/c` is `c` in `a/b/`; the folder `a/b/` is `b/` in `a/`.
pub(crate) fn split(path: &str) -> (&str, &str) {
    let body = path.strip_suffix('/').unwrap_or(path);
    match body.rfind('/') {
        Some(at) => path.split_at(at + 1),
        None => ("", path),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> Names {
        Names::new(&Key::from_slice(&[3; 32]).unwrap()).unwrap()
    }

    #[test]
    fn paths_split_into_folder_and_name() {
        assert_eq!(split("a"), ("", "a"));
        assert_eq!(split("a/b/c"), ("a/b/", "c"));
        assert_eq!(split("a/b/"), ("a/", "b/"));
        assert_eq!(split("a/"), ("", "a/"));
    }

    #[test]
    fn a_remembered_key_is_the_computed_one() {
        let names = names();
        let root = Root::internal(1);
        let first = names.resolve(Class::Kv, root, "a/b/c").1.key;
        assert_eq!(names.resolve(Class::Kv, root, "a/b/c").1.key, first);
        assert_eq!(names.entry(Class::Kv, names.dir(root, "a/b/"), "c").key, first);
    }

    // Rule 5
    #[test]
    fn equal_names_in_different_places_have_unrelated_keys() {
        let names = names();
        let here = names.entry(Class::Kv, names.dir(Root::internal(1), ""), "a");
        let there = names.entry(Class::Kv, names.dir(Root::internal(2), ""), "a");
        assert_ne!(here.key.0[1..17], there.key.0[1..17]);
        assert_ne!(here.key.0[17..], there.key.0[17..]);
        assert!(!here.key.0.windows(1).all(|it| it == b"a"));
    }
}
