//! The 32 bytes that unseal a store without anybody there, in a file.

use std::{
    fs::OpenOptions,
    io::{self, Read as _, Write as _},
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _},
    path::Path,
};

use data_encoding::BASE64;

use crate::crypto::{Key, SecretBytes};

const LEN: usize = 32;
/// 32 bytes in base64 and a line's end, with some air.
const MAX_FILE: u64 = 64;

/// Why a key file cannot be used. An operator reads it behind the file's path.
#[derive(Debug, thiserror::Error)]
pub enum BadKeyFile {
    #[error("cannot be read: {0}")]
    Io(#[from] io::Error),
    #[error("{0}")]
    Refused(&'static str),
}

/// Reads a key file: a regular file of ours or root's that nobody else may read, and that does not lie beside
/// what it opens. Raw, or in base64.
pub fn read(path: &Path, data_dir: Option<&Path>) -> Result<SecretBytes, BadKeyFile> {
    let refused = |why| Err(BadKeyFile::Refused(why));
    if data_dir.is_some_and(|it| lies_in(path, it)) {
        return refused("lies in the data directory: whoever takes the one takes the other");
    }
    let file = OpenOptions::new().read(true).custom_flags(no_follow()).open(path)?;
    let meta = file.metadata()?;
    if !meta.is_file() {
        return refused("is no regular file");
    }
    if meta.mode() & 0o077 != 0 {
        return refused("may be read by others: its mode must be 0400");
    }
    let me = rustix::process::geteuid().as_raw();
    if meta.uid() != me && meta.uid() != 0 {
        return refused("belongs to another user");
    }
    let mut bytes = zeroize::Zeroizing::new(Vec::with_capacity(LEN * 3));
    file.take(MAX_FILE + 1).read_to_end(&mut bytes)?;
    if bytes.len() == LEN {
        return Ok(SecretBytes::copy_of(&bytes));
    }
    let decoded = BASE64.decode(bytes.trim_ascii()).map(SecretBytes::new);
    match decoded {
        Ok(key) if key.len() == LEN => Ok(key),
        _ => refused("does not hold 32 bytes, raw or in base64"),
    }
}

/// Makes a key file, 0400, with a fresh key: durable before a store is made with it. What is there is not
/// touched.
pub(crate) fn create(path: &Path, data_dir: &Path) -> Result<SecretBytes, BadKeyFile> {
    if lies_in(path, data_dir) {
        return Err(BadKeyFile::Refused("lies in the data directory: whoever takes the one takes the other"));
    }
    let key = Key::generate().map_err(|_| BadKeyFile::Refused("cannot be made: no randomness"))?;
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o400).open(path)?;
    file.write_all(key.expose())?;
    file.sync_all()?;
    if let Some(folder) = path.parent().filter(|it| !it.as_os_str().is_empty()) {
        std::fs::File::open(folder)?.sync_all()?;
    }
    Ok(SecretBytes::copy_of(key.expose()))
}

/// Whether the file is, or would be, in the directory.
fn lies_in(file: &Path, dir: &Path) -> bool {
    let folder = file.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let place = file.canonicalize().or_else(|_| folder.canonicalize());
    matches!((dir.canonicalize(), place), (Ok(dir), Ok(place)) if place.starts_with(&dir))
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
        match (read(&path, None), expected) {
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
        assert!(read(&key, None).is_ok());
        assert!(read(&link, None).is_err());
        let beside = read(&key, Some(dir.path()));
        assert!(beside.unwrap_err().to_string().contains("data directory"));
    }

    #[test]
    fn a_key_file_is_made_once_and_never_beside_the_store() {
        let (dir, store) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let path = dir.path().join("key");
        let made = create(&path, store.path()).unwrap();
        assert_eq!(read(&path, Some(store.path())).unwrap().expose(), made.expose());
        assert!(create(&path, store.path()).is_err());
        assert!(create(&store.path().join("key"), store.path()).is_err());
    }
}
