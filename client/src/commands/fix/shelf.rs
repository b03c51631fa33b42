//! The store's side: what is there, and what comes to it.

use std::collections::{BTreeMap, BTreeSet};

use serde::de::DeserializeOwned;
use strongroom_fix::{Entry, Reference};
use strongroom_scan::Value;
use strongroom_sdk::{
    Error, Kind, SecretString,
    kv::{Expect, Kv, VersionInfo},
};

use super::kept::{Moved, digest};
use crate::{context::Context, failure::Failure, output::note};

/// How many earlier versions of a secret are looked at.
const EARLIER: usize = 20;

pub(super) struct Shelf<'a> {
    cx: &'a Context,
    is_dry: bool,
    /// Versions of the paths that were looked at; 0 for what is not there.
    versions: BTreeMap<String, u64>,
    taken: BTreeMap<(String, String), Value>,
    /// Without a server a dry run goes on: names may turn out otherwise.
    is_away: bool,
    /// The mount is one that takes what comes.
    is_checked: bool,
}

impl<'a> Shelf<'a> {
    pub(super) fn new(cx: &'a Context, is_dry: bool) -> Self {
        Self {
            cx,
            is_dry,
            versions: BTreeMap::new(),
            taken: BTreeMap::new(),
            is_away: false,
            is_checked: false,
        }
    }

    /// What the store has under the names that were looked at.
    pub(super) fn taken(&self) -> BTreeMap<(String, String), Value> {
        self.taken.clone()
    }

    /// Reads the paths that were not looked at yet. Answers whether anything was found.
    pub(super) async fn look(&mut self, paths: impl Iterator<Item = &str>) -> Result<bool, Failure> {
        let new: BTreeSet<&str> = paths.filter(|it| !self.versions.contains_key(*it)).collect();
        let before = self.taken.len();
        for path in new {
            if self.is_away {
                break;
            }
            match self.kv().get(path).await {
                Ok(secret) => {
                    self.versions.insert(path.to_owned(), secret.metadata.version);
                    for field in secret.fields.names() {
                        if let Some(value) = secret.fields.get(&field) {
                            self.taken.insert((path.to_owned(), field), Value::new(value.expose()));
                        }
                    }
                }
                Err(error) if error.is_not_found() => {
                    let version = self.deleted_version(path).await?;
                    self.versions.insert(path.to_owned(), version);
                }
                Err(error @ Error::Connect { .. }) if self.is_dry => {
                    note(&format!("no server, so names may turn out otherwise: {error}"));
                    self.is_away = true;
                }
                Err(error) => return Err(self.at(path, error)),
            }
            if !self.is_away {
                self.check_mount().await?;
            }
        }
        Ok(self.taken.len() > before)
    }

    /// Names that a plan uses are not free for the next file.
    pub(super) fn reserve(&mut self, entries: &[Entry]) {
        for it in entries {
            let name = (it.reference.path.clone(), it.reference.field.clone());
            self.taken.entry(name).or_insert_with(|| it.value.clone());
        }
    }

    /// Stores the values, beside what is there. When this returns the store has acknowledged every one of them.
    pub(super) async fn put(&mut self, entries: &[Entry]) -> Result<(), Failure> {
        let mut paths: BTreeMap<&str, Vec<&Entry>> = BTreeMap::new();
        for entry in entries {
            paths.entry(&entry.reference.path).or_default().push(entry);
        }
        for (path, entries) in paths {
            let there = match self.kv().get(path).await {
                Ok(secret) => Some(secret),
                Err(error) if error.is_not_found() => None,
                Err(error) => return Err(self.at(path, error)),
            };
            let mut fields: BTreeMap<String, SecretString> = BTreeMap::new();
            for entry in &entries {
                let name = &entry.reference.field;
                let value = SecretString::new(entry.value.expose());
                match there.as_ref().and_then(|it| it.fields.get(name)) {
                    Some(found) if found.is_same(&value) => {}
                    Some(_) => return Err(self.changed(path)),
                    None => {
                        fields.insert(name.clone(), value);
                    }
                }
            }
            if fields.is_empty() {
                continue;
            }
            let version = match &there {
                Some(secret) => secret.metadata.version,
                None => self.versions.get(path).copied().unwrap_or_default(),
            };
            let written = match there {
                Some(_) => self.kv().patch_if(path, &exposed(&fields), Expect::Version(version)).await,
                None if version == 0 => self.kv().put_if(path, &exposed(&fields), Expect::Absent).await,
                None => self.kv().put_if(path, &exposed(&fields), Expect::Version(version)).await,
            };
            let metadata = written.map_err(|it| match it.kind() {
                Kind::CasMismatch => self.changed(path),
                _ => self.at(path, it),
            })?;
            self.versions.insert(path.to_owned(), metadata.version);
        }
        Ok(())
    }

    /// Whether the store, and not only this run, has another value at an entry's place.
    pub(super) fn has_another(&self, entry: &Entry) -> bool {
        let Reference { path, field } = &entry.reference;
        let there = self.taken.get(&(path.clone(), field.clone()));
        self.versions.get(path).is_some_and(|it| *it > 0) && there.is_some_and(|it| *it != entry.value)
    }

    /// The version of a secret whose field has by now another value than the one of this digest.
    pub(super) async fn newer(&self, it: &Moved) -> Option<u64> {
        // Who may not read it loses a warning, and has the question still.
        let secret = self.kv().get(&it.path).await.ok()?;
        let now = digest(secret.fields.get(&it.field)?.expose());
        (now != it.digest).then_some(secret.metadata.version)
    }

    /// Which earlier version of a secret had this value in that field: the newest one.
    pub(super) async fn earlier(&self, place: &Reference, value: &Value) -> Option<u64> {
        // Who may not read it loses a hint.
        let history = self.kv().history(&place.path).await.ok()?;
        let is_readable = |it: &VersionInfo| it.deletion_time.is_empty() && !it.destroyed;
        let earlier = history
            .versions
            .iter()
            .rev()
            .filter(|(number, it)| **number < history.current_version && is_readable(it));
        let value = SecretString::new(value.expose());
        for (number, _) in earlier.take(EARLIER) {
            let secret = self.kv().get_version(&place.path, *number).await.ok()?;
            if secret.fields.get(&place.field).is_some_and(|it| it.is_same(&value)) {
                return Some(*number);
            }
        }
        None
    }

    /// A secret's fields as `T` if it is there, and the version that a write must name.
    pub(super) async fn read_if<T: DeserializeOwned>(&self, path: &str) -> Result<(Option<T>, u64), Failure> {
        match self.kv().get(path).await {
            Ok(secret) => {
                let fields = secret.decode::<T>().map_err(|it| self.at(path, it))?;
                Ok((Some(fields), secret.metadata.version))
            }
            Err(error) if error.is_not_found() => Ok((None, self.deleted_version(path).await?)),
            Err(error) => Err(self.at(path, error)),
        }
    }

    /// An error, and where.
    pub(super) fn at(&self, path: &str, error: Error) -> Failure {
        Failure::from(error).within(&format!("{}/{path}", self.cx.default_mount()))
    }

    fn changed(&self, path: &str) -> Failure {
        Failure::new(format!("{}/{path} was changed in the store meanwhile", self.cx.default_mount()))
            .hint("run it again")
    }

    /// What a mount of another kind does with these calls is anybody's guess: it is asked for once.
    async fn check_mount(&mut self) -> Result<(), Failure> {
        if self.is_checked {
            return Ok(());
        }
        self.is_checked = true;
        let Some(what) = self.cx.unfit_mount().await? else { return Ok(()) };
        Err(Failure::new(format!("{}/ is {what}; a fix needs KV version 2", self.cx.default_mount()))
            .hint("-mount names another; `secret secrets enable -path=NAME -version=2 kv` makes one"))
    }

    pub(super) fn kv(&self) -> Kv<'a> {
        self.cx.client.kv(self.cx.default_mount())
    }

    /// A secret that was deleted has a version still, and a write must name it.
    async fn deleted_version(&self, path: &str) -> Result<u64, Failure> {
        match self.kv().history(path).await {
            Ok(history) => Ok(history.current_version),
            Err(error) if error.is_not_found() || error.is_denied() => Ok(0),
            Err(error) => Err(self.at(path, error)),
        }
    }
}

fn exposed(fields: &BTreeMap<String, SecretString>) -> BTreeMap<&str, &str> {
    fields.iter().map(|(name, value)| (name.as_str(), value.expose())).collect()
}
