//! The data directory: whose it is, who may look into it, and who has it open.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Read, Seek, Write},
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
    sync::Arc,
};

use rustix::fs::{FlockOperation, flock};

use crate::storage::{Scratch, StorageError};

/// Nobody else may enter the directory or read a file in it.
const DIR_MODE: u32 = 0o700;
const FILE_MODE: u32 = 0o600;

const STORE: &str = "strongroom.db";
const LOCK: &str = "strongroom.lock";

/// A data directory that this process alone has open, until this value goes.
pub(super) struct DataDir {
    path: PathBuf,
    /// The database, for what SQLite does not do. Open for as long as the directory is: closing any descriptor
    /// of this file would drop the locks that SQLite has on it.
    file: Arc<File>,
    /// Closing the file ends the lock.
    _lock: File,
}

/// Why a data directory cannot be used as it is.
#[derive(Debug, thiserror::Error)]
pub(super) enum DirError {
    #[error(
        "the data directory holds other files and is open to other users (mode {0:04o}): chmod it to 0700"
    )]
    Exposed(u32),
    #[error("the data directory belongs to user {owner}, not to user {user}")]
    Foreign { owner: u32, user: u32 },
    #[error("a file of the store is not a regular file of its own")]
    NotAFile,
    #[error("the data directory is not a directory")]
    NotADirectory,
}

impl DataDir {
    /// Makes the directory if there is none, verifies modes and owner, and takes the lock.
    pub(super) fn open(dir: &Path) -> Result<Self, StorageError> {
        DirBuilder::new().recursive(true).mode(DIR_MODE).create(dir).map_err(io_error)?;
        let path = dir.canonicalize().map_err(io_error)?;
        verify_dir(&path)?;
        let lock = take_lock(&path)?;
        for suffix in ["", "-wal", "-shm", "-journal"] {
            verify_file(&path.join(format!("{STORE}{suffix}")))?;
        }
        let file = Arc::new(open_store(&path.join(STORE))?);
        Ok(Self { path, file, _lock: lock })
    }

    pub(super) fn file(&self) -> Arc<File> {
        Arc::clone(&self.file)
    }

    /// The database. SQLite gives `-wal` and `-shm` the mode of this file.
    pub(super) fn store(&self) -> PathBuf {
        self.path.join(STORE)
    }

    pub(super) fn wal(&self) -> PathBuf {
        self.path.join(format!("{STORE}-wal"))
    }

    /// Makes new names in the directory durable.
    pub(super) fn sync(&self) -> Result<(), StorageError> {
        File::open(&self.path).and_then(|it| it.sync_all()).map_err(io_error)
    }

    /// Verifies what SQLite has made meanwhile.
    pub(super) fn verify(&self) -> Result<(), StorageError> {
        verify_dir(&self.path)?;
        ["", "-wal", "-shm"].iter().try_for_each(|it| verify_file(&self.path.join(format!("{STORE}{it}"))))
    }
}

/// What a scratch file leaves free on the medium: the audit log and the store must go on.
const RESERVE: u64 = 256 << 20;

/// A file without a name, beside `store`: a crash leaves nothing of it.
pub(super) fn scratch(store: &Path) -> Result<Scratch, StorageError> {
    use rustix::fs::{CWD, Mode, OFlags, fstatvfs, open, openat, unlinkat};
    let dir = store.parent().ok_or_else(|| refuse(DirError::NotADirectory))?;
    let mode = Mode::from_raw_mode(FILE_MODE);
    let file = match open(dir, OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC, mode) {
        Ok(file) => file,
        // Some file systems have no files without a name: then it loses its name at once.
        Err(_) => {
            let path = dir.join(format!("scratch-{}", std::process::id()));
            let flags = OFlags::CREATE | OFlags::EXCL | OFlags::RDWR | OFlags::CLOEXEC | OFlags::NOFOLLOW;
            let file = openat(CWD, &path, flags, mode).map_err(|it| io_error(it.into()))?;
            unlinkat(CWD, &path, rustix::fs::AtFlags::empty()).map_err(|it| io_error(it.into()))?;
            file
        }
    };
    let found = fstatvfs(&file).map_err(|it| io_error(it.into()))?;
    let room = found.f_bavail.saturating_mul(found.f_frsize).saturating_sub(RESERVE);
    Ok(Scratch { file: file.into(), room })
}

/// A directory that is ours alone is narrowed to 0700. One with other things in it is somebody's home or
/// `/tmp`, and is not touched.
fn verify_dir(path: &Path) -> Result<(), StorageError> {
    let meta = fs::symlink_metadata(path).map_err(io_error)?;
    if !meta.is_dir() {
        return Err(refuse(DirError::NotADirectory));
    }
    verify_owner(&meta)?;
    let mode = meta.mode() & 0o7777;
    if mode & 0o077 == 0 {
        return Ok(());
    }
    let mut entries = fs::read_dir(path).map_err(io_error)?;
    let ours = entries.next().is_none() || path.join(STORE).is_file();
    if !ours || mode & 0o1000 != 0 {
        return Err(refuse(DirError::Exposed(mode)));
    }
    tracing::warn!(mode = format!("{mode:04o}"), "the data directory was open to other users: now 0700");
    fs::set_permissions(path, fs::Permissions::from_mode(DIR_MODE)).map_err(io_error)
}

/// Never opens the file: closing a descriptor of the database would drop SQLite's locks on it.
fn verify_file(path: &Path) -> Result<(), StorageError> {
    let meta = match fs::symlink_metadata(path) {
        Ok(meta) => meta,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(io_error(error)),
    };
    // A second name for the file would stay readable to whoever holds it.
    if !meta.is_file() || meta.nlink() > 1 {
        return Err(refuse(DirError::NotAFile));
    }
    verify_owner(&meta)?;
    let mode = meta.mode() & 0o7777;
    if mode & 0o177 == 0 {
        return Ok(());
    }
    tracing::warn!(mode = format!("{mode:04o}"), "a file of the store was open to other users: now 0600");
    fs::set_permissions(path, fs::Permissions::from_mode(FILE_MODE)).map_err(io_error)
}

fn verify_owner(meta: &fs::Metadata) -> Result<(), StorageError> {
    let user = rustix::process::geteuid().as_raw();
    if meta.uid() == user { Ok(()) } else { Err(refuse(DirError::Foreign { owner: meta.uid(), user })) }
}

/// SQLite would make the file readable to everyone whom the umask lets.
fn open_store(path: &Path) -> Result<File, StorageError> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false).mode(FILE_MODE);
    options.open(path).map_err(io_error)
}

fn take_lock(path: &Path) -> Result<File, StorageError> {
    let path = path.join(LOCK);
    verify_file(&path)?;
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false).mode(FILE_MODE);
    let mut file = options.open(&path).map_err(io_error)?;
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => {}
        Err(rustix::io::Errno::WOULDBLOCK) => {
            return Err(StorageError::InUse { pid: holder(&mut file) });
        }
        Err(error) => return Err(io_error(error.into())),
    }
    // For the message to the second opener only: the lock is the kernel's.
    let pid = format!("{}\n", std::process::id());
    file.set_len(0)
        .and_then(|()| file.rewind())
        .and_then(|()| file.write_all(pid.as_bytes()))
        .map_err(io_error)?;
    Ok(file)
}

/// 0 if the holder has not written its number yet.
fn holder(file: &mut File) -> u32 {
    let mut text = String::new();
    let read = file.take(16).read_to_string(&mut text);
    read.ok().and_then(|_| text.trim().parse().ok()).unwrap_or(0)
}

fn refuse(error: DirError) -> StorageError {
    StorageError::Io(Box::new(error))
}

pub(super) fn io_error(error: io::Error) -> StorageError {
    StorageError::Io(Box::new(error))
}
