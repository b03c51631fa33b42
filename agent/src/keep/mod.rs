//! The last good answers, left for an agent that starts while the server is away.
//!
//! They lie in one file, encrypted with the node's key, names and values alike. What cannot be opened (another key, a
//! changed byte, half a file) is as good as nothing: then the agent waits for the server, as it would without.

mod key;
mod sealed;

use std::{
    collections::BTreeMap,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use data_encoding::BASE64;
use serde::{Deserialize, Serialize};
use strongroom_inject::{Access, Medium, Missing, Single};
use strongroom_sdk::SecretString;
use zeroize::Zeroizing;

use self::key::NodeKey;
use crate::{
    Error,
    config::Persist,
    fetch::{Ask, Body, Confirmed},
    log::Log,
};

/// In the directory that the configuration names.
const FILE: &str = "values";
const MODE: u32 = 0o600;

pub(crate) struct Kept {
    persist: Persist,
    key: NodeKey,
}

/// All of the file.
#[derive(Deserialize, Serialize)]
struct Values {
    values: Vec<Value>,
}

#[derive(Deserialize, Serialize)]
struct Value {
    path: String,
    is_list: bool,
    /// Base64.
    body: SecretString,
    /// Seconds since 1970.
    confirmed: u64,
}

impl Kept {
    pub(crate) fn open(persist: &Persist) -> Result<Self, Error> {
        let key = NodeKey::load(persist)?;
        let kept = Self { persist: persist.clone(), key };
        // Found out now rather than in the first outage.
        kept.place()?;
        Ok(kept)
    }

    /// What an earlier agent has left.
    pub(crate) fn load(&self, log: &Log) -> BTreeMap<Ask, (Body, Confirmed)> {
        let content = self.place().and_then(|it| it.content().map_err(Error::file(self.path())));
        match content {
            Ok(None) => BTreeMap::new(),
            Ok(Some(content)) => self.read(&content).unwrap_or_else(|| {
                log.warn("the values that were kept cannot be opened with this key, and are not used");
                BTreeMap::new()
            }),
            Err(error) => {
                log.warn(&format!("the values that were kept cannot be read: {error}"));
                BTreeMap::new()
            }
        }
    }

    pub(crate) fn save(&self, values: &[(Ask, Body, Duration)]) -> Result<(), Error> {
        let content = sealed::seal(&self.key, &encode(values, now()))?;
        let access = Access::with_mode(None, None, MODE).map_err(Error::file(self.path()))?;
        self.place()?.replace(&content, &access).map_err(Error::file(self.path()))
    }

    fn read(&self, content: &[u8]) -> Option<BTreeMap<Ask, (Body, Confirmed)>> {
        decode(&sealed::open(&self.key, content)?, now())
    }

    fn path(&self) -> std::path::PathBuf {
        self.persist.directory.join(FILE)
    }

    fn place(&self) -> Result<Single, Error> {
        Single::open(&self.path(), Medium::Any, Missing::Create).map_err(Error::file(self.path()))
    }
}

fn encode(values: &[(Ask, Body, Duration)], now: Duration) -> Zeroizing<Vec<u8>> {
    let values = values.iter().filter_map(|(ask, body, age)| {
        let (path, is_list) = match ask {
            Ask::Read { path } => (path, false),
            Ask::List { path } => (path, true),
            Ask::Write { .. } => return None,
        };
        Some(Value {
            path: path.clone(),
            is_list,
            body: SecretString::new(BASE64.encode(body)),
            confirmed: now.saturating_sub(*age).as_secs(),
        })
    });
    // A buffer that grows leaves copies behind, which the allocator wipes.
    Zeroizing::new(serde_json::to_vec(&Values { values: values.collect() }).unwrap_or_default())
}

fn decode(plain: &[u8], now: Duration) -> Option<BTreeMap<Ask, (Body, Confirmed)>> {
    let all: Values = serde_json::from_slice(plain).ok()?;
    let values = all.values.into_iter().map(|it| {
        let body = BASE64.decode(it.body.expose().as_bytes()).ok()?;
        let ask = if it.is_list { Ask::List { path: it.path } } else { Ask::Read { path: it.path } };
        // A clock that was put back makes nothing younger than new.
        let age = now.saturating_sub(Duration::from_secs(it.confirmed));
        Some((ask, (Body::new(Zeroizing::new(body)), Confirmed::ago(age))))
    });
    values.collect()
}

fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fetch::Private;

    fn log() -> Log {
        Log::quiet()
    }

    fn kept(dir: &std::path::Path) -> Kept {
        let persist = Persist { directory: dir.join("kept"), key_file: Some(dir.join("node.key")) };
        Kept::open(&persist).unwrap()
    }

    fn values() -> Vec<(Ask, Body, Duration)> {
        let body = |text: &str| Body::new(Zeroizing::new(text.as_bytes().to_vec()));
        vec![
            (Ask::Read { path: "secret/canary-name".into() }, body("canary-value"), Duration::from_secs(60)),
            (Ask::List { path: "secret".into() }, body("{}"), Duration::ZERO),
            (
                Ask::Write { path: "pki/issue/x".into(), fields: vec![("n".into(), Private::new("v"))] },
                body("canary-written"),
                Duration::ZERO,
            ),
        ]
    }

    #[test]
    fn what_is_kept_is_found_again_with_its_age_and_nothing_of_it_lies_in_the_open() {
        let dir = tempfile::tempdir().unwrap();
        let base = dir.path().canonicalize().unwrap();
        kept(&base).save(&values()).unwrap();
        let found = kept(&base).load(&log());
        assert_eq!(found.len(), 2);
        let (body, confirmed) = &found[&Ask::Read { path: "secret/canary-name".into() }];
        assert_eq!(body.as_slice(), b"canary-value");
        assert!((59..=120).contains(&confirmed.age().as_secs()));
        let file = std::fs::read(base.join("kept/values")).unwrap();
        for canary in [&b"canary"[..], b"secret", BASE64.encode(b"canary-value").as_bytes()] {
            assert!(!file.windows(canary.len()).any(|it| it == canary));
        }
    }

    #[test]
    fn what_was_changed_or_belongs_to_another_key_is_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let base = dir.path().canonicalize().unwrap();
        kept(&base).save(&values()).unwrap();
        let path = base.join("kept/values");
        let whole = std::fs::read(&path).unwrap();
        for at in [0, whole.len() / 2, whole.len() - 1] {
            let mut changed = whole.clone();
            changed[at] ^= 1;
            std::fs::write(&path, &changed).unwrap();
            assert!(kept(&base).load(&log()).is_empty(), "byte {at}");
        }
        std::fs::write(&path, &whole[..whole.len() / 2]).unwrap();
        assert!(kept(&base).load(&log()).is_empty());
        std::fs::write(&path, &whole).unwrap();
        assert_eq!(kept(&base).load(&log()).len(), 2);
        std::fs::remove_file(base.join("node.key")).unwrap();
        assert!(kept(&base).load(&log()).is_empty());
    }
}
