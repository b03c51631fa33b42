//! The node's key.
//!
//! By default it is made in memory: it outlives the agent and not the machine, so that the disk alone opens nothing. A
//! key that shall outlive the machine too comes from a file, or as a credential of systemd, which keeps it with the TPM
//! (`LoadCredentialEncrypted=node-key:...`).

use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use ring::{
    digest::{SHA256, digest},
    hkdf::{HKDF_SHA256, KeyType, Salt},
};
use strongroom_inject::{Access, Medium, Missing, Single};
use zeroize::Zeroizing;

use crate::{Error, config::Persist, env};

/// The credential's name.
const CREDENTIAL: &str = "node-key";
const SHORTEST: usize = 32;
const MODE: u32 = 0o600;

pub(super) struct NodeKey(Zeroizing<[u8; 32]>);

struct Length;

impl KeyType for Length {
    fn len(&self) -> usize {
        32
    }
}

impl NodeKey {
    pub(super) fn load(persist: &Persist) -> Result<Self, Error> {
        let given = persist.key_file.clone();
        let credential =
            || env::credentials_directory().map(|it| it.join(CREDENTIAL)).filter(|it| it.exists());
        match given.or_else(credential) {
            Some(path) => Self::of(&path, Medium::Any),
            None => Self::of(&in_memory(&persist.directory)?, Medium::Memory),
        }
    }

    /// What a file holds; a file that is not there is made.
    fn of(path: &Path, medium: Medium) -> Result<Self, Error> {
        let failed = |source| Error::File { path: path.to_owned(), source };
        let place = Single::open(path, medium, Missing::Create).map_err(failed)?;
        let access = Access::with_mode(None, None, MODE).map_err(failed)?;
        // In a directory of everybody's somebody may have been there first, with a key that he knows.
        let is_ours = place.mode(&access).is_some_and(|it| it & 0o077 == 0);
        if medium == Medium::Memory && place.is_there() && !is_ours {
            return Err(Error::NodeKey(
                "the file of that name in memory is not ours alone: name a `key_file` in `persist`",
            ));
        }
        if let Some(content) = place.content().map_err(failed)? {
            if content.len() < SHORTEST {
                return Err(Error::NodeKey("it has less than 32 bytes"));
            }
            return Self::derive(&content);
        }
        let mut bytes = Zeroizing::new([0; 32]);
        getrandom::fill(&mut *bytes).map_err(|_| Error::NodeKey("there is no randomness"))?;
        let text = Zeroizing::new(HEXLOWER.encode(&*bytes) + "\n");
        place.replace(text.as_bytes(), &access).map_err(failed)?;
        Self::derive(text.as_bytes())
    }

    fn derive(content: &[u8]) -> Result<Self, Error> {
        let derived = Salt::new(HKDF_SHA256, b"strongroom agent").extract(content);
        let mut key = Zeroizing::new([0; 32]);
        derived
            .expand(&[b"kept values 1"], Length)
            .and_then(|it| it.fill(&mut *key))
            .map_err(|_| Error::NodeKey("it cannot be derived"))?;
        Ok(Self(key))
    }

    pub(super) fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// A place in memory that belongs to this directory of values.
fn in_memory(directory: &Path) -> Result<PathBuf, Error> {
    let of = digest(&SHA256, directory.as_os_str().as_encoded_bytes());
    let name = format!("strongroom-agent-{}.key", HEXLOWER.encode(of.as_ref().get(..8).unwrap_or_default()));
    let places =
        env::runtime_directories().into_iter().filter_map(|it| Some(it.canonicalize().ok()?.join(&name)));
    let usable = |path: &PathBuf| {
        Single::open(path, Medium::Memory, Missing::Refuse).is_ok_and(|it| it.is_there() || it.is_writable())
    };
    let found = places.into_iter().find(usable);
    found.ok_or(Error::NodeKey("no directory in memory is writable: name a `key_file` in `persist`"))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    // Rule 118
    #[test]
    fn a_key_that_others_may_know_is_none() {
        let dir = tempfile::tempdir_in("/dev/shm").unwrap();
        let path = dir.path().join("node.key");
        NodeKey::of(&path, Medium::Memory).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        NodeKey::of(&path, Medium::Memory).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(NodeKey::of(&path, Medium::Memory), Err(Error::NodeKey(_))));
        std::fs::write(&path, "short").unwrap();
        assert!(NodeKey::of(&path, Medium::Any).is_err());
    }
}
