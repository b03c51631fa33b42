//! Key/value secrets.
//!
//! Version 1 ([`v1`]) keeps one JSON object at a path, version 2 ([`v2`]) a row of them with settings. Both
//! keep the same [`record::Head`]: a secret of version 1 is one that has only its first version. So a mount
//! becomes version 2 by a change of its option and nothing else.
//!
//! The life of a value: it arrives as JSON text, is stored as the bytes that came, and is copied into the
//! answer unparsed; so numbers keep every digit. The head holds the current version, so that reading it is
//! one record. The next write moves it to a row of its own (or, if it is large, only the reference to its
//! chunks), where it stays until it is destroyed, pruned by `max_versions`, or deleted with the secret.

mod body;
mod json;
pub mod purge;
mod record;
mod table;
mod v1;
mod v2;

use futures_util::future::BoxFuture;

use std::collections::BTreeMap;

use crate::{
    barrier::{Class, Place, Root},
    clock::Timestamp,
    engine::Engine,
    error::{Error, Result},
    leases::Held,
    mounts::{self, Mount, MountClass},
    route::Tables,
    store::Store,
    tree::Tree,
    tx::Tx,
};

pub use body::MAX_DATA;
pub(crate) use record::{KINDS, outside};

const VERSION: &str = "version";

/// The engine under one of the names that it can be enabled by.
pub struct Kv {
    kind: &'static str,
}

/// `kv`: of the version that the mount's options say, 1 if they say none.
pub static KV: Kv = Kv { kind: "kv" };
/// `kv-v1`: a `kv` mount of version 1.
pub static KV_V1: Kv = Kv { kind: "kv-v1" };
/// `kv-v2`: a `kv` mount of version 2.
pub static KV_V2: Kv = Kv { kind: "kv-v2" };

impl Engine for Kv {
    fn kind(&self) -> &'static str {
        self.kind
    }

    fn class(&self) -> MountClass {
        MountClass::Secret
    }

    fn routes(&self, mount: &Mount) -> Tables {
        match is_versioned(mount) {
            true => v2::ROUTES,
            false => v1::ROUTES,
        }
    }

    fn has_folders(&self) -> bool {
        true
    }

    /// Turns `kv-v1` and `kv-v2` into `kv` with a version, and writes the settings of the mount, so that
    /// later writes find a row to check.
    fn enable<'a>(&'a self, mount: &'a mut Mount, tx: &'a mut Tx) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let version = match self.kind {
                "kv-v1" => "1",
                "kv-v2" => "2",
                _ => mount.options.get(VERSION).map_or("", String::as_str),
            };
            if !matches!(version, "" | "1" | "2") {
                return Err(invalid_version());
            }
            if self.kind != KV.kind {
                mount.options.insert(VERSION.to_owned(), version.to_owned());
                KV.kind.clone_into(&mut mount.kind);
                mount.accessor = mounts::accessor(mount.class, KV.kind)?;
            }
            let place = settings_place(tx.store(), mount.root());
            tx.put(&place, &record::MountSettings::default())
        })
    }

    fn tune(&self, mount: &mut Mount, mut options: BTreeMap<String, String>) -> Result<Option<&'static str>> {
        let upgraded = match options.remove(VERSION) {
            Some(version) => set_version(mount, &version)?,
            None => false,
        };
        mount.options.extend(options);
        Ok(upgraded.then_some("Upgrading mount from version 1 to version 2. Its secrets keep their paths."))
    }

    fn current<'a>(
        &'a self,
        mount: &'a Mount,
        tx: &'a Tx,
        path: &'a str,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Option<Held>>> {
        Box::pin(async move {
            let secret = match is_versioned(mount) {
                true => path.strip_prefix("data/"),
                false => Some(path),
            };
            let Some(secret) = secret.filter(|it| !it.is_empty() && !it.ends_with('/')) else {
                return Ok(None);
            };
            let place = tree(mount.root()).place(tx.store(), secret);
            let latest = tx.peek::<record::Latest>(&place).await?.and_then(|it| it.latest);
            Ok(latest.filter(|it| it.is_live(now)).map(|it| it.held()))
        })
    }

    fn summary(&self) -> &'static str {
        "Secrets as JSON objects at paths of their own, with or without versions."
    }
}

/// Whether a `kv` mount keeps versions.
pub fn is_versioned(mount: &Mount) -> bool {
    mount.options.get(VERSION).is_some_and(|it| it == "2")
}

/// Tunes the `version` option of a `kv` mount: for `sys/mounts/…/tune`. From 1 to 2 every secret becomes its
/// own first version, at once; there is no way back. Answers whether it was such an upgrade.
pub fn set_version(mount: &mut Mount, version: &str) -> Result<bool> {
    let versioned = is_versioned(mount);
    match version {
        "2" => {}
        "" | "1" if !versioned => {}
        "" | "1" => return Err(Error::invalid("cannot downgrade mount from version 2")),
        _ => return Err(invalid_version()),
    }
    mount.options.insert(VERSION.to_owned(), version.to_owned());
    Ok(version == "2" && !versioned)
}

fn invalid_version() -> Error {
    Error::invalid("invalid version provided: a key/value mount has version 1 or 2")
}

fn tree(root: Root) -> Tree {
    Tree { class: Class::Kv, root }
}

/// Where the settings of a mount of version 2 lie.
fn settings_place(store: &Store, root: Root) -> Place {
    store.place(Class::Config, root, "config")
}

/// What a request's path names.
enum Named<'p> {
    Secret(&'p str),
    /// A path that ends in a slash holds no secret, whoever asks.
    Folder,
    /// The word itself, without a slash: `data`.
    Bare,
}

impl<'p> Named<'p> {
    fn new(path: &'p str, whole: &str) -> Self {
        match path {
            "" if !whole.ends_with('/') => Self::Bare,
            "" => Self::Folder,
            path if path.ends_with('/') => Self::Folder,
            path => Self::Secret(path),
        }
    }
}

fn write_to_folder() -> Error {
    Error::invalid("cannot write to a path ending in '/'")
}

/// The path of a folder as trees take it: empty, or ending in a slash.
fn folder(path: &str) -> String {
    match path.is_empty() || path.ends_with('/') {
        true => path.to_owned(),
        false => format!("{path}/"),
    }
}

/// Everything below a folder, level by level: first what stands in a folder, then what stands in its folders.
async fn scan(tree: Tree, tx: &mut Tx, path: &str) -> Result<Vec<String>> {
    let base = folder(path);
    let mut found = Vec::new();
    let mut level = vec![String::new()];
    while !level.is_empty() {
        let mut below = Vec::new();
        for inner in level {
            for name in tree.list(tx, &format!("{base}{inner}")).await? {
                let name = format!("{inner}{name}");
                match name.ends_with('/') {
                    true => below.push(name),
                    false => found.push(name),
                }
            }
            if found.len() + below.len() > MAX_SCANNED {
                return Err(Error::invalid("too many entries for one scan: scan a folder below"));
            }
        }
        level = below;
    }
    Ok(found)
}

/// A scan holds all that it answers.
const MAX_SCANNED: usize = 100_000;
