//! The store's side: what is there, what comes to it, and the originals for `-undo`.

use std::collections::{BTreeMap, BTreeSet};

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use strongroom_fix::{Beside, Entry};
use strongroom_scan::Value;
use strongroom_sdk::{
    Error, SecretString,
    kv::{Expect, Kv},
};

use super::replace::Original;
use crate::{context::Context, failure::Failure, output::note};

/// Originals lie here, each under the digest of what it was rewritten to.
const ORIGINALS: &str = "strongroom-fix";

pub(super) struct Shelf<'a> {
    cx: &'a Context,
    is_dry: bool,
    /// Versions of the paths that were looked at; 0 for what is not there.
    versions: BTreeMap<String, u64>,
    taken: BTreeMap<(String, String), Value>,
    /// Without a server a dry run goes on: names may turn out otherwise.
    is_away: bool,
}

/// What `-undo` needs. Several files may become the same text: a reference need not say its whole path.
#[derive(Default, Deserialize, Serialize)]
struct Kept {
    originals: Vec<Undo>,
}

#[derive(Deserialize, Serialize)]
pub(super) struct Undo {
    /// Where it was fixed.
    file: String,
    pub(super) original: SecretString,
    pub(super) beside: Vec<String>,
}

impl<'a> Shelf<'a> {
    pub(super) fn new(cx: &'a Context, is_dry: bool) -> Self {
        Self { cx, is_dry, versions: BTreeMap::new(), taken: BTreeMap::new(), is_away: false }
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
                Err(error) => return Err(error.into()),
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
                Err(error) => return Err(error.into()),
            };
            let mut fields: BTreeMap<String, SecretString> = BTreeMap::new();
            for entry in &entries {
                let name = &entry.reference.field;
                let value = SecretString::new(entry.value.expose());
                match there.as_ref().and_then(|it| it.fields.get(name)) {
                    Some(found) if found.is_same(&value) => {}
                    Some(_) => return Err(changed(path)),
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
            let metadata = written.map_err(Failure::from)?;
            self.versions.insert(path.to_owned(), metadata.version);
        }
        Ok(())
    }

    /// The file as it was, for `-undo`: found again by what it became.
    pub(super) async fn keep_original(
        &self,
        file: &Original,
        fixed: &str,
        beside: &[Beside],
    ) -> Result<(), Failure> {
        let (path, place) = (place_of(fixed), file.place());
        let (mut kept, version) = match self.kv().get(&path).await {
            Ok(secret) => (secret.decode::<Kept>()?, secret.metadata.version),
            Err(error) if error.is_not_found() => (Kept::default(), self.deleted_version(&path).await?),
            Err(error) => return Err(error.into()),
        };
        kept.originals.retain(|it| it.file != place);
        kept.originals.push(Undo {
            file: place,
            original: SecretString::new(file.text.as_str()),
            beside: beside.iter().map(|it| it.name.clone()).collect(),
        });
        let expect = if version == 0 { Expect::Absent } else { Expect::Version(version) };
        self.kv().put_if(&path, &kept, expect).await?;
        Ok(())
    }

    /// What a file was before it became this. Another copy of it will do, if there was but one such file.
    pub(super) async fn original(&self, file: &Original) -> Result<Option<Undo>, Failure> {
        let mut found: Vec<Undo> = match self.kv().get_as::<Kept>(&place_of(&file.text)).await {
            Ok(found) => found.originals,
            Err(error) if error.is_not_found() => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let place = file.place();
        if let Some(at) = found.iter().position(|it| it.file == place) {
            return Ok(Some(found.swap_remove(at)));
        }
        if found.len() > 1 {
            return Err(Failure::new(format!(
                "several files became what {} is, and it is none of them",
                file.name
            ))
            .hint("undo it where it was fixed"));
        }
        Ok(found.pop())
    }

    fn kv(&self) -> Kv<'a> {
        self.cx.client.kv(self.cx.default_mount())
    }

    /// A secret that was deleted has a version still, and a write must name it.
    async fn deleted_version(&self, path: &str) -> Result<u64, Failure> {
        match self.kv().history(path).await {
            Ok(history) => Ok(history.current_version),
            Err(error) if error.is_not_found() || error.is_denied() => Ok(0),
            Err(error) => Err(error.into()),
        }
    }
}

fn exposed(fields: &BTreeMap<String, SecretString>) -> BTreeMap<&str, &str> {
    fields.iter().map(|(name, value)| (name.as_str(), value.expose())).collect()
}

fn changed(path: &str) -> Failure {
    Failure::new(format!("{path} was changed in the store meanwhile: nothing was written"))
        .hint("run it again")
}

fn place_of(fixed: &str) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, fixed.as_bytes());
    format!("{ORIGINALS}/{}", HEXLOWER.encode(digest.as_ref()))
}
