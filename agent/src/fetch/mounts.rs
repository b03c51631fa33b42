//! Which paths lie in a KV v2 mount: there the API has a segment that templates may leave out.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use serde::Deserialize;
use strongroom_sdk::{Client, Error, Method};

#[derive(Default)]
pub(crate) struct Mounts {
    /// Mounts by their paths, each ending in a slash, and whether they are of KV v2.
    known: Mutex<BTreeMap<String, bool>>,
}

#[derive(Deserialize)]
struct Mount {
    path: String,
    #[serde(rename = "type", default)]
    kind: String,
    #[serde(default)]
    options: Option<BTreeMap<String, String>>,
}

impl Mounts {
    /// The path that the API has: with `segment` behind the mount's, if it is of KV v2 and none of `others` is there.
    pub(super) async fn api(
        &self,
        client: &Client,
        path: &str,
        segment: &str,
        others: &[&str],
    ) -> Result<String, Error> {
        let (mount, is_v2) = match self.find(path) {
            Some(found) => found,
            None => self.ask(client, path).await?,
        };
        Ok(if is_v2 { insert(path, &mount, segment, others) } else { path.to_owned() })
    }

    fn find(&self, path: &str) -> Option<(String, bool)> {
        let path = format!("{path}/");
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known
            .iter()
            .find(|(mount, _)| path.starts_with(mount.as_str()))
            .map(|(mount, v2)| (mount.clone(), *v2))
    }

    async fn ask(&self, client: &Client, path: &str) -> Result<(String, bool), Error> {
        let asked = client.call(Method::Get, format!("sys/internal/ui/mounts/{path}")).send().await;
        let mount: Mount = match asked {
            Ok(answer) => answer.data()?,
            // Who may not know of a mount is told when the secret itself is asked for.
            Err(error) if error.is_denied() || error.is_not_found() => return Ok((String::new(), false)),
            Err(error) => return Err(error),
        };
        let version = mount.options.as_ref().and_then(|it| it.get("version"));
        let is_v2 = mount.kind == "kv" && version.is_some_and(|it| it == "2");
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(mount.path.clone(), is_v2);
        Ok((mount.path, is_v2))
    }
}

fn insert(path: &str, mount: &str, segment: &str, others: &[&str]) -> String {
    let below = path.strip_prefix(mount).unwrap_or_default();
    let first = below.split('/').next().unwrap_or_default();
    match others.contains(&first) {
        true => path.to_owned(),
        false => format!("{mount}{segment}/{below}").trim_end_matches('/').to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(path: &str, expected: &str) {
        assert_eq!(insert(path, "secret/", "data", &["data", "metadata", "subkeys"]), expected);
    }

    #[test]
    fn a_segment_is_inserted_where_there_is_none() {
        check("secret/db", "secret/data/db");
        check("secret/data/db", "secret/data/db");
        check("secret/metadata/db", "secret/metadata/db");
        check("secret/subkeys/db", "secret/subkeys/db");
        check("secret/database", "secret/data/database");
        check("secret", "secret/data");
        assert_eq!(insert("secret/a/b", "secret/", "metadata", &["metadata"]), "secret/metadata/a/b");
    }
}
