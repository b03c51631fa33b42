//! The paved path for an application that opens a store in its own process.
//!
//! ```no_run
//! # async fn example() -> Result<(), strongroom_core::OpenError> {
//! use strongroom_core::{Auditing, Builder, Unlock};
//!
//! let unlock = Unlock::KeyFile("/etc/app/unseal.key".into());
//! let audit = Auditing::File("/var/log/app/audit.log".into());
//! let store = Builder::directory("/var/lib/app/secrets", unlock, audit).open().await?;
//! # Ok(()) }
//! ```
//!
//! What unlocks the store and what records its use have no default: whoever opens one has chosen both.

use std::{
    fmt, io,
    path::{Path, PathBuf},
    sync::{Arc, Weak},
    thread::JoinHandle,
};

use tokio::sync::watch;

use crate::{
    Core, Error, Settings,
    audit::DeviceConfig,
    background,
    clock::SystemClock,
    crypto::{Cost, SecretBytes},
    seal::{
        Kind,
        init::{Initialized, Plan},
        keyfile::{self, BadKeyFile},
    },
    storage::{Memory, Sqlite, SqliteOptions, Storage, StorageError},
};

/// How to open a store, and how to make it if there is none.
#[derive(Debug)]
pub struct Builder {
    place: Place,
    unlock: Unlock,
    upkeep: Upkeep,
    settings: Settings,
}

/// What unlocks the store, and is the only thing that does, but for the recovery share of [`Opened::take_made`].
pub enum Unlock {
    /// 32 bytes, raw or in base64, in a file 0400 outside of the store's directory. It is made together with
    /// the store, if neither is there.
    KeyFile(PathBuf),
    /// 32 bytes that the application keeps by its own means.
    Key(SecretBytes),
    /// Takes about a second and 256 MiB each time.
    Passphrase(SecretBytes),
}

/// Where the use of the store is recorded.
#[derive(Debug)]
pub enum Auditing {
    /// In a file, 0600, which is made if there is none.
    File(PathBuf),
    Devices(Vec<DeviceConfig>),
    /// Nowhere.
    Nothing,
}

/// Who does what is due: sweeping, rotation, verification.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Upkeep {
    /// A thread of the store's own, which ends with it.
    #[default]
    Thread,
    /// The application calls [`Core::run_due`].
    Manual,
}

#[derive(Debug)]
enum Place {
    Directory(PathBuf),
    Memory,
}

/// Why there is no store.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("{path} {why}", path = path.display())]
    KeyFile { path: PathBuf, why: BadKeyFile },
    #[error("cannot open the store: {0}")]
    Storage(#[from] StorageError),
    #[error("{0}")]
    Core(#[from] Error),
    #[error("cannot start the store's thread: {0}")]
    Thread(#[from] io::Error),
}

/// A store that is open and unsealed.
pub struct Opened {
    core: Arc<Core>,
    made: Option<Initialized>,
    upkeep: Option<UpkeepThread>,
}

impl Builder {
    /// A store in a directory of its own, made 0700 if there is none.
    pub fn directory(dir: impl Into<PathBuf>, unlock: Unlock, audit: Auditing) -> Self {
        Self::at(Place::Directory(dir.into()), unlock, audit)
    }

    /// A store that is gone when it is dropped.
    pub fn memory(unlock: Unlock, audit: Auditing) -> Self {
        Self::at(Place::Memory, unlock, audit)
    }

    fn at(place: Place, unlock: Unlock, audit: Auditing) -> Self {
        let audit = match audit {
            Auditing::File(file) => vec![DeviceConfig::file("file/", file)],
            Auditing::Devices(devices) => devices,
            Auditing::Nothing => Vec::new(),
        };
        Self { place, unlock, upkeep: Upkeep::default(), settings: Settings { audit, ..Settings::default() } }
    }

    /// Who does what is due.
    #[must_use]
    pub fn background(self, upkeep: Upkeep) -> Self {
        Self { upkeep, ..self }
    }

    /// Settings otherwise than the default. Audit stays as it was chosen, and the seal follows from what
    /// unlocks the store.
    #[must_use]
    pub fn settings(self, settings: Settings) -> Self {
        Self { settings: Settings { audit: self.settings.audit, ..settings }, ..self }
    }

    /// Opens and unseals the store; makes it first if there is none.
    pub async fn open(self) -> Result<Opened, OpenError> {
        let Self { place, unlock, upkeep, mut settings } = self;
        settings.seal = unlock.kind();
        let storage: Arc<dyn Storage> = match &place {
            Place::Directory(dir) => Arc::new(Sqlite::open(dir, SqliteOptions::default())?),
            Place::Memory => Arc::new(Memory::new()),
        };
        let core = Arc::new(Core::new(storage, Arc::new(SystemClock::default()), settings));
        let exists = core.is_initialized().await?;
        let made = match unlock {
            Unlock::KeyFile(path) => with_key(&core, exists, key_of(&path, &place, exists)?).await?,
            Unlock::Key(key) => with_key(&core, exists, key).await?,
            Unlock::Passphrase(passphrase) => with_passphrase(&core, exists, passphrase).await?,
        };
        let upkeep = match upkeep {
            Upkeep::Thread => Some(UpkeepThread::start(&core)?),
            Upkeep::Manual => None,
        };
        Ok(Opened { core, made, upkeep })
    }
}

impl fmt::Debug for Unlock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::KeyFile(_) => "KeyFile(…)",
            Self::Key(_) => "Key(…)",
            Self::Passphrase(_) => "Passphrase(…)",
        })
    }
}

impl Unlock {
    fn kind(&self) -> Kind {
        match self {
            Self::KeyFile(_) | Self::Key(_) => Kind::KeyFile,
            Self::Passphrase(_) => Kind::Passphrase,
        }
    }
}

impl Opened {
    pub fn core(&self) -> &Arc<Core> {
        &self.core
    }

    /// What exists nowhere else, if the store was made just now: a root token, and with a key a recovery
    /// share, which replaces a key that is lost. `None` when it is asked for again.
    pub fn take_made(&mut self) -> Option<Initialized> {
        self.made.take()
    }

    /// Seals the store and lets go of its directory. What is still under way is finished.
    pub async fn close(mut self) -> Result<(), OpenError> {
        drop(self.upkeep.take());
        self.core.seal_now();
        Ok(self.core.storage().close().await?)
    }
}

fn key_of(path: &Path, place: &Place, exists: bool) -> Result<SecretBytes, OpenError> {
    let dir = match place {
        Place::Directory(dir) => Some(dir.as_path()),
        Place::Memory => None,
    };
    let key = match dir {
        Some(dir) if !exists && !path.exists() => keyfile::create(path, dir),
        dir => keyfile::read(path, dir),
    };
    key.map_err(|why| OpenError::KeyFile { path: path.to_owned(), why })
}

async fn with_key(core: &Core, exists: bool, key: SecretBytes) -> Result<Option<Initialized>, Error> {
    let made = match exists {
        true => None,
        false => Some(core.init(Plan::unattended(&key)?, None).await?),
    };
    core.unseal_unattended(&key).await?;
    Ok(made)
}

async fn with_passphrase(
    core: &Core,
    exists: bool,
    passphrase: SecretBytes,
) -> Result<Option<Initialized>, Error> {
    let made = match exists {
        true => None,
        false => {
            let passphrase = SecretBytes::copy_of(passphrase.expose());
            Some(core.init(Plan::Passphrase { passphrase, cost: Cost::UNSEAL }, None).await?)
        }
    };
    core.unseal(&passphrase).await?;
    Ok(made)
}

/// A thread that does what is due, and ends when this is dropped.
struct UpkeepThread {
    stop: watch::Sender<bool>,
    thread: Option<JoinHandle<()>>,
}

impl UpkeepThread {
    fn start(core: &Arc<Core>) -> Result<Self, io::Error> {
        let (stop, stopped) = watch::channel(false);
        let core: Weak<Core> = Arc::downgrade(core);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
        let run = move || runtime.block_on(background::run(core, stopped));
        let thread = std::thread::Builder::new().name("strongroom upkeep".into()).spawn(run)?;
        Ok(Self { stop, thread: Some(thread) })
    }
}

impl Drop for UpkeepThread {
    fn drop(&mut self) {
        self.stop.send_replace(true);
        if let Some(thread) = self.thread.take() {
            // It has panicked, and has left nothing behind that could be finished.
            let _ = thread.join();
        }
    }
}
