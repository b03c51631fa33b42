//! The 32 bytes that unseal a store without anybody there: from a file, or from a systemd credential.

use std::{
    fs::OpenOptions,
    io::Read as _,
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _},
    path::Path,
};

use data_encoding::BASE64;
use strongroom_core::{crypto::SecretBytes, seal::Kind};

use crate::{
    config::{Config, Seal, Storage},
    env,
    error::ServerError,
};

const LEN: usize = 32;
/// 32 bytes in base64 and a line's end, with some air.
const MAX_FILE: u64 = 64;

/// The key of an unattended seal, for whoever opens the store of a configuration without a server.
pub fn unattended_key(config: &Config) -> Result<Option<SecretBytes>, ServerError> {
    seal(config).map(|(_, key)| key)
}

/// Reads a key file that is not named in a configuration: what holds for it there holds here.
pub fn read_key_file(path: &Path, data: &Path) -> Result<SecretBytes, ServerError> {
    read(path, &Storage::Sqlite(data.to_owned()))
}

/// What the seal of a configuration is to the core, and its key if the server has it.
pub(crate) fn seal(config: &Config) -> Result<(Kind, Option<SecretBytes>), ServerError> {
    Ok(match &config.seal {
        Seal::Shamir => (Kind::Shamir, None),
        Seal::Passphrase => (Kind::Passphrase, None),
        Seal::KeyFile(path) => (Kind::KeyFile, Some(read(path, &config.storage)?)),
        Seal::Credential(name) => {
            let dir = env::credentials_directory().ok_or(ServerError::NoCredentials)?;
            (Kind::Credential, Some(read(&dir.join(name), &config.storage)?))
        }
    })
}

/// Reads a key file: a regular file of ours or root's that nobody else may read, and that does not lie beside
/// what it opens. Raw, or in base64.
fn read(path: &Path, storage: &Storage) -> Result<SecretBytes, ServerError> {
    let failed = |source| ServerError::File { path: path.to_owned(), source };
    let refused = |why| ServerError::KeyFile { path: path.to_owned(), why };
    if let Storage::Sqlite(dir) = storage
        && let (Ok(dir), Ok(file)) = (dir.canonicalize(), path.canonicalize())
        && file.starts_with(dir)
    {
        return Err(refused("lies in the data directory: whoever takes the one takes the other"));
    }
    let file = OpenOptions::new().read(true).custom_flags(no_follow()).open(path).map_err(failed)?;
    let meta = file.metadata().map_err(failed)?;
    if !meta.is_file() {
        return Err(refused("is no regular file"));
    }
    if meta.mode() & 0o077 != 0 {
        return Err(refused("may be read by others: its mode must be 0400"));
    }
    let me = rustix::process::geteuid().as_raw();
    if meta.uid() != me && meta.uid() != 0 {
        return Err(refused("belongs to another user"));
    }
    let mut bytes = zeroize::Zeroizing::new(Vec::with_capacity(LEN * 3));
    file.take(MAX_FILE + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() == LEN {
        return Ok(SecretBytes::copy_of(&bytes));
    }
    let decoded = BASE64.decode(bytes.trim_ascii()).map(SecretBytes::new);
    decoded
        .ok()
        .filter(|it| it.len() == LEN)
        .ok_or_else(|| refused("does not hold 32 bytes, raw or in base64"))
}

fn no_follow() -> i32 {
    // The bits fit: they are an `int` of the C library.
    i32::try_from(rustix::fs::OFlags::NOFOLLOW.bits()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt as _};

    use super::*;

    #[track_caller]
    fn check(contents: &[u8], mode: u32, expected: Result<&[u8], &str>) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key");
        fs::write(&path, contents).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        match (read(&path, &Storage::Memory), expected) {
            (Ok(key), Ok(expected)) => assert_eq!(key.expose(), expected),
            (Err(error), Err(expected)) => assert!(error.to_string().contains(expected), "{error}"),
            (read, _) => panic!("{read:?}"),
        }
    }

    #[test]
    fn a_key_file_is_32_bytes_that_only_its_owner_reads() {
        let key = [7; 32];
        check(&key, 0o400, Ok(&key));
        check(format!("{}\n", BASE64.encode(&key)).as_bytes(), 0o600, Ok(&key));
        check(&key, 0o440, Err("0400"));
        check(&key, 0o604, Err("0400"));
        check(&key[1..], 0o400, Err("32 bytes"));
        check(&[b'A'; 4000], 0o400, Err("32 bytes"));
    }

    #[test]
    fn a_key_file_is_no_link_and_not_beside_the_store() {
        let dir = tempfile::tempdir().unwrap();
        let (key, link) = (dir.path().join("key"), dir.path().join("link"));
        fs::write(&key, [7; 32]).unwrap();
        fs::set_permissions(&key, fs::Permissions::from_mode(0o400)).unwrap();
        std::os::unix::fs::symlink(&key, &link).unwrap();
        assert!(read(&key, &Storage::Memory).is_ok());
        assert!(read(&link, &Storage::Memory).is_err());
        let beside = Storage::Sqlite(dir.path().to_owned());
        assert!(read(&key, &beside).unwrap_err().to_string().contains("data directory"));
    }
}
