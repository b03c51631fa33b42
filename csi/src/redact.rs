//! What a log may show of a request: who asks for what, and never with which token.

use std::{collections::HashMap, fmt};

use crate::{
    attributes::name_of,
    proto::{csi::NodePublishVolumeRequest, provider::MountRequest},
};

/// Attributes whose values may be shown. Of all others there are the names, if they are names of attributes.
const SHOWN: [&str; 7] = [
    "csi.storage.k8s.io/ephemeral",
    "csi.storage.k8s.io/pod.name",
    "csi.storage.k8s.io/pod.namespace",
    "csi.storage.k8s.io/pod.uid",
    "csi.storage.k8s.io/serviceAccount.name",
    "role",
    "roleName",
];

/// Longer values are somebody's joke.
const LONGEST: usize = 256;

// Rule 124
/// Attributes without what is secret.
struct Redacted<'a>(&'a HashMap<String, String>);

impl fmt::Debug for Redacted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut all: Vec<_> = self.0.iter().collect();
        all.sort();
        let mut map = f.debug_map();
        for (key, value) in all {
            match SHOWN.contains(&key.as_str()) {
                true => map.entry(key, &value.get(..LONGEST).unwrap_or(value)),
                false
                    if name_of(key).is_some() || key.starts_with("csi.storage.k8s.io/") && key.len() < 64 =>
                {
                    map.entry(key, &Hidden)
                }
                false => map.entry(&Hidden, &Hidden),
            };
        }
        map.finish()
    }
}

struct Hidden;

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

impl fmt::Debug for NodePublishVolumeRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NodePublishVolume")
            .field("volume", &self.volume_id)
            .field("target", &self.target_path)
            .field("context", &Redacted(&self.volume_context))
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for MountRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let attributes = serde_json::from_str(&self.attributes).unwrap_or_default();
        f.debug_struct("Mount")
            .field("target", &self.target_path)
            .field("attributes", &Redacted(&attributes))
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CANARY: &str = "canary-hunter2";

    // Rule 124
    #[test]
    fn no_log_shows_a_token() {
        let all = HashMap::from([
            ("csi.storage.k8s.io/serviceAccount.tokens".to_owned(), CANARY.to_owned()),
            (format!("csi.storage.k8s.io/{CANARY}"), "x".to_owned()),
            ("csi.storage.k8s.io/pod.name".to_owned(), "shop-1".to_owned()),
            ("objects".to_owned(), CANARY.to_owned()),
            (CANARY.to_owned(), CANARY.to_owned()),
        ]);
        let publish = NodePublishVolumeRequest {
            volume_id: "csi-1".into(),
            volume_context: all.clone(),
            secrets: all.clone(),
            publish_context: all.clone(),
            ..NodePublishVolumeRequest::default()
        };
        let mount = MountRequest {
            attributes: serde_json::to_string(&all).unwrap(),
            secrets: CANARY.into(),
            ..MountRequest::default()
        };
        let broken = MountRequest { attributes: CANARY.into(), ..MountRequest::default() };
        for shown in
            [format!("{publish:?}"), format!("{publish:#?}"), format!("{mount:?}"), format!("{broken:?}")]
        {
            let shown = shown.replace(&format!("csi.storage.k8s.io/{CANARY}"), "");
            assert!(!shown.contains(CANARY), "{shown}");
        }
        assert!(format!("{publish:?}").contains("shop-1") && format!("{mount:?}").contains("objects"));
    }
}
