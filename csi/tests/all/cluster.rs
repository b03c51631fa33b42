//! A cluster of one node, as far as volumes see it: a server, a login, kubelet's directory, pods and their tokens.

use std::{
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
};

use serde_json::{Value, json};
use strongroom_csi::{Trust, node};
use strongroom_sdk::{Client, Config, Method};

use crate::{
    login::{Door, Role},
    server::Real,
};

pub const DRIVER: &str = "csi.strongroom.dev";
pub const TOKENS: &str = "csi.storage.k8s.io/serviceAccount.tokens";

pub struct Cluster {
    pub real: Real,
    pub door: Door,
    pub root: Client,
    dir: tempfile::TempDir,
}

/// A pod, with what kubelet knows of it.
#[derive(Clone, Debug)]
pub struct Pod {
    pub name: String,
    pub namespace: String,
    pub uid: String,
    pub service_account: String,
    /// Of its token: kubelet makes another one now and then.
    pub turn: u32,
}

const RULES: &str = r#"
path "secret/data/apps/shop/*" { capabilities = ["read"] }
path "secret/data/many/*" { capabilities = ["read"] }
path "old/*" { capabilities = ["read"] }
"#;

impl Cluster {
    /// With the role `shop` for the service account `shop` in `apps`, which may read what lies below `apps/shop`.
    pub async fn start() -> Self {
        let real = Real::start().await;
        let root = real.root();
        let door = Door::open(root.clone()).await;
        let policy = json!({ "policy": RULES });
        root.call(Method::Put, "sys/policies/acl/shop").json(&policy).send().await.unwrap();
        let kv1 = json!({ "type": "kv", "options": { "version": "1" } });
        root.call(Method::Post, "sys/mounts/old").json(&kv1).send().await.unwrap();
        let policies = json!(["shop"]);
        door.role("shop", Role { namespace: "apps", service_account: "shop", policies, ttl: "1h" });
        let cluster = Self { real, door, root, dir: tempfile::tempdir().unwrap() };
        fs::create_dir_all(cluster.kubelet().join("pods")).unwrap();
        fs::create_dir(cluster.kubelet().join("plugins_registry")).unwrap();
        cluster.put("apps/shop/db", json!({ "user": "rails", "password": "rosebud" })).await;
        cluster.put("apps/shop/key", json!({ "value": "k-1" })).await;
        cluster.put("apps/bank/db", json!({ "password": "not yours" })).await;
        cluster
    }

    pub async fn put(&self, path: &str, fields: Value) {
        self.root.kv("secret").put(path, &fields).await.unwrap();
    }

    pub fn base(&self) -> PathBuf {
        self.dir.path().canonicalize().unwrap()
    }

    pub fn kubelet(&self) -> PathBuf {
        self.base().join("kubelet")
    }

    pub fn trust(&self) -> Trust {
        let server = Config { address: self.door.address().to_owned(), max_retries: 0, ..Config::default() };
        Trust::new(server)
    }

    pub fn node(&self) -> node::Config {
        node::Config {
            trust: self.trust(),
            keeping: node::Keeping::default(),
            node: "node-1".to_owned(),
            driver: DRIVER.to_owned(),
            kubelet: self.kubelet(),
            endpoint: None,
            state: None,
            health: None,
        }
    }

    pub fn pod(&self, number: u32) -> Pod {
        let uid = format!("00000000-0000-4000-8000-{number:012}");
        fs::create_dir_all(self.kubelet().join("pods").join(&uid)).unwrap();
        Pod {
            name: format!("shop-{number}"),
            namespace: "apps".to_owned(),
            uid,
            service_account: "shop".to_owned(),
            turn: 0,
        }
    }

    /// The pod's token, as the cluster signs it.
    pub fn token(&self, pod: &Pod, audience: &str) -> String {
        self.door.sign(&json!({
            "aud": [audience],
            "exp": 4_000_000_000_u32,
            "jti": pod.turn,
            "sub": format!("system:serviceaccount:{}:{}", pod.namespace, pod.service_account),
            "kubernetes.io": { "namespace": pod.namespace, "pod": { "name": pod.name, "uid": pod.uid } },
        }))
    }

    /// What kubelet adds to a volume's attributes.
    pub fn context(&self, pod: &Pod) -> HashMap<String, String> {
        let tokens = json!({ "vault": { "token": self.token(pod, "vault"), "expirationTimestamp": "2096-10-02T07:06:40Z" } });
        let own = [
            ("pod.name", pod.name.as_str()),
            ("pod.namespace", &pod.namespace),
            ("pod.uid", &pod.uid),
            ("serviceAccount.name", &pod.service_account),
            ("ephemeral", "true"),
        ];
        let mut context: HashMap<String, String> = own
            .iter()
            .map(|(key, value)| (format!("csi.storage.k8s.io/{key}"), (*value).to_owned()))
            .collect();
        context.insert(TOKENS.to_owned(), tokens.to_string());
        context
    }

    /// Who holds a secret, by lease ids.
    pub async fn holders(&self, path: &str) -> Vec<String> {
        let answer = self.root.call(Method::Get, format!("sys/leases/holdings/{path}")).send().await;
        let Ok(answer) = answer else { return Vec::new() };
        let data: Value = answer.data().unwrap();
        let all = data["holdings"].as_array().unwrap().iter();
        all.map(|it| it["lease_id"].as_str().unwrap().to_owned()).collect()
    }
}

/// What a program in the pod reads.
#[track_caller]
pub fn read(at: &Path, name: &str) -> String {
    fs::read_to_string(at.join(name)).unwrap()
}
