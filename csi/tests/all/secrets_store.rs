//! The provider as the Secrets Store CSI driver uses it.

use std::{collections::HashMap, path::PathBuf};

use serde_json::json;
use strongroom_csi::{
    Error,
    proto::provider::{MountRequest, MountResponse, VersionRequest, VersionResponse},
    provider,
};
use strongroom_sdk::Method;
use tokio::{sync::oneshot, task::JoinHandle};
use tonic::{Code, Status};

use crate::{
    cluster::{Cluster, Pod, TOKENS},
    grpc::{Socket, refused},
    login::Role,
    server::until,
};

const OBJECTS: &str = r#"
- objectName: "db-password"
  secretPath: "v1/secret/data/apps/shop/db"
  secretKey: "password"
- objectName: "db-user"
  secretPath: "secret/data/apps/shop/db"
  secretKey: "user"
  filePermission: 0400
- objectName: "whole.json"
  secretPath: "secret/data/apps/shop/key"
- objectName: "all"
  secretPath: "secret/data/apps/shop/db"
  secretKey: "*"
"#;

struct Provider {
    socket: Socket,
    path: PathBuf,
    _stop: oneshot::Sender<()>,
    running: JoinHandle<Result<(), Error>>,
}

impl Provider {
    async fn start(cluster: &Cluster, key: Option<PathBuf>) -> Self {
        let path = cluster.base().join("providers/strongroom.sock");
        let config = provider::Config {
            trust: cluster.trust(),
            endpoint: path.clone(),
            health: None,
            version_key: key,
        };
        let (stop, stopped) = oneshot::channel::<()>();
        let running = tokio::spawn(provider::run(config, async {
            let _ = stopped.await;
        }));
        until("the provider listens", async || {
            assert!(!running.is_finished(), "the provider has ended");
            std::os::unix::net::UnixStream::connect(&path).is_ok()
        })
        .await;
        Self { socket: Socket::connect(&path).await, path, _stop: stop, running }
    }

    async fn mount(&self, request: MountRequest) -> Result<MountResponse, Status> {
        self.socket.call("/v1alpha1.CSIDriverProvider/Mount", request).await
    }
}

/// As the driver writes it: what the class says, and what it adds itself.
fn request(cluster: &Cluster, pod: &Pod, parameters: &[(&str, &str)]) -> MountRequest {
    let mut attributes: HashMap<String, String> = cluster.context(pod);
    attributes.extend(parameters.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())));
    MountRequest {
        attributes: json!(attributes).to_string(),
        secrets: "null".to_owned(),
        target_path: format!("/var/lib/kubelet/pods/{}/volumes/kubernetes.io~csi/s/mount", pod.uid),
        permission: "420".to_owned(),
        current_object_version: Vec::new(),
    }
}

fn shop(cluster: &Cluster, pod: &Pod) -> MountRequest {
    request(cluster, pod, &[("roleName", "shop"), ("objects", OBJECTS)])
}

fn files(response: &MountResponse) -> Vec<(&str, i32, String)> {
    let text = |it: &[u8]| String::from_utf8(it.to_vec()).unwrap();
    response.files.iter().map(|it| (it.path.as_str(), it.mode, text(&it.contents))).collect()
}

fn versions(response: &MountResponse) -> Vec<(&str, &str)> {
    response.object_version.iter().map(|it| (it.id.as_str(), it.version.as_str())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_class_asks_for_becomes_files_with_versions() {
    let cluster = Cluster::start().await;
    let key = cluster.base().join("key");
    std::fs::write(&key, "k".repeat(32)).unwrap();
    let provider = Provider::start(&cluster, Some(key.clone())).await;
    let version: VersionResponse = provider
        .socket
        .call("/v1alpha1.CSIDriverProvider/Version", VersionRequest { version: "v1alpha1".into() })
        .await
        .unwrap();
    assert_eq!(version.version, "v1alpha1");
    assert!(version.runtime_version.split('.').count() == 3 && !version.runtime_name.is_empty());

    let pod = cluster.pod(1);
    let first = provider.mount(shop(&cluster, &pod)).await.unwrap();
    let whole = r#"{"request_id":"","lease_id":"","renewable":false,"lease_duration":0,"data":{"data":{"value":"k-1"},"metadata":"#;
    let found = files(&first);
    assert_eq!(found[0], ("db-password", 0o644, "rosebud".to_owned()));
    assert_eq!(found[1], ("db-user", 0o400, "rails".to_owned()));
    assert!(found[2].0 == "whole.json" && found[2].2.starts_with(whole), "{}", found[2].2);
    assert_eq!((&found[3].2, found[3].0, found[4].0), (&"rosebud".to_owned(), "all/password", "all/user"));
    assert_eq!(
        versions(&first).iter().map(|it| it.0).collect::<Vec<_>>(),
        ["db-password", "db-user", "whole.json", "all"]
    );
    assert!(first.error.is_none());

    // One login, then one request for each path, at the same time: in no order.
    let mut asked = cluster.door.asked();
    asked[1..].sort();
    assert_eq!(
        asked,
        [
            "POST /v1/auth/kubernetes/login",
            "GET /v1/secret/data/apps/shop/db",
            "GET /v1/secret/data/apps/shop/key",
        ]
    );
    let again = provider.mount(shop(&cluster, &pod)).await.unwrap();
    assert_eq!(versions(&again), versions(&first), "what is the same has the same version");
    assert!(!cluster.door.asked().iter().any(|it| it.contains("login")), "the login is kept");

    cluster.put("apps/shop/db", json!({ "user": "rails", "password": "changed" })).await;
    let changed = provider.mount(shop(&cluster, &pod)).await.unwrap();
    let same: Vec<bool> = versions(&changed).iter().zip(versions(&first)).map(|(a, b)| *a == b).collect();
    assert_eq!(same, [false, true, true, false]);

    // The same key gives the same versions on every node; without it each has its own.
    provider.running.abort();
    let _ = provider.running.await;
    let other = Provider::start(&cluster, Some(key)).await;
    assert_eq!(versions(&other.mount(shop(&cluster, &pod)).await.unwrap()), versions(&changed));
    other.running.abort();
    let _ = other.running.await;
    let alone = Provider::start(&cluster, None).await;
    assert_ne!(versions(&alone.mount(shop(&cluster, &pod)).await.unwrap()), versions(&changed));
    assert_eq!(alone.path.file_name().unwrap(), "strongroom.sock");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_has_a_version() {
    let cluster = Cluster::start().await;
    let provider = Provider::start(&cluster, None).await;
    let pod = cluster.pod(1);
    cluster.put("apps/shop/empty", json!({})).await;
    let objects = "- {objectName: none, secretPath: secret/data/apps/shop/empty, secretKey: '*'}";
    let empty =
        provider.mount(request(&cluster, &pod, &[("roleName", "shop"), ("objects", objects)])).await.unwrap();
    assert_eq!((empty.files.len(), empty.object_version.len()), (0, 1));
    assert!(!empty.object_version[0].version.is_empty());
    for objects in ["", "[]", "~"] {
        let none =
            provider.mount(request(&cluster, &pod, &[("roleName", "shop"), ("objects", objects)])).await;
        refused(none, Code::InvalidArgument, "");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_pass_is_unavailable_and_what_may_not_is_something_else() {
    let cluster = Cluster::start().await;
    let provider = Provider::start(&cluster, None).await;
    let pod = cluster.pod(1);
    let object = |path: &str, key: &str| format!("- {{objectName: a, secretPath: {path}, secretKey: {key}}}");
    let asked =
        |role: &str, objects: &str| request(&cluster, &pod, &[("roleName", role), ("objects", objects)]);
    let db = object("secret/data/apps/shop/db", "password");

    cluster.door.be_down(true);
    refused(provider.mount(asked("shop", &db)).await, Code::Unavailable, "");
    cluster.door.be_down(false);
    cluster.real.seal().await;
    // The stand-in for the login needs the server too: this is asked with a login that is there.
    cluster.real.unseal().await;
    provider.mount(asked("shop", &db)).await.unwrap();
    cluster.real.seal().await;
    refused(provider.mount(asked("shop", &db)).await, Code::Unavailable, "sealed");
    cluster.real.unseal().await;

    let missing = object("secret/data/apps/shop/db", "passwort");
    refused(provider.mount(asked("shop", &missing)).await, Code::InvalidArgument, "no such field");
    let none = object("secret/data/apps/shop/none", "password");
    refused(provider.mount(asked("shop", &none)).await, Code::NotFound, "object 1: ");
    cluster.root.kv("secret").delete("apps/shop/key").await.unwrap();
    let deleted = object("secret/data/apps/shop/key", "value");
    refused(provider.mount(asked("shop", &deleted)).await, Code::NotFound, "object 1: ");
    let foreign = object("secret/data/apps/bank/db", "password");
    refused(provider.mount(asked("shop", &foreign)).await, Code::PermissionDenied, "object 1: ");
    refused(provider.mount(asked("none", &db)).await, Code::PermissionDenied, "the login was refused");
    let twice = format!("{db}\n{db}");
    refused(provider.mount(asked("shop", &twice)).await, Code::InvalidArgument, "another object's too");
    let mut broken = asked("shop", &db);
    broken.attributes = "{".into();
    refused(provider.mount(broken).await, Code::InvalidArgument, "no JSON map");
    let mut odd = asked("shop", &db);
    odd.permission = "rw-r--r--".into();
    refused(provider.mount(odd).await, Code::InvalidArgument, "no mode");

    // Larger than what the driver takes.
    let large = "x".repeat(900_000);
    for number in 0..5 {
        cluster.put(&format!("many/{number}"), json!({ "value": large })).await;
    }
    let many: String = (0..5)
        .map(|it| format!("- {{objectName: f{it}, secretPath: secret/data/many/{it}, secretKey: value}}\n"))
        .collect();
    refused(provider.mount(asked("shop", &many)).await, Code::ResourceExhausted, "larger than any");
    let three: String = many.lines().take(3).map(|it| format!("{it}\n")).collect();
    assert_eq!(provider.mount(asked("shop", &three)).await.unwrap().files.len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_that_has_ended_is_made_once_more() {
    let cluster = Cluster::start().await;
    let provider = Provider::start(&cluster, None).await;
    let pod = cluster.pod(1);
    provider.mount(shop(&cluster, &pod)).await.unwrap();
    cluster.root.call(Method::Put, "sys/leases/revoke-prefix/auth/token/create").send().await.unwrap();
    cluster.door.asked();
    provider.mount(shop(&cluster, &pod)).await.unwrap();
    let logins = |asked: &[String]| asked.iter().filter(|it| it.ends_with("/login")).count();
    assert_eq!(logins(&cluster.door.asked()), 1);
    // What is refused with a fresh login is refused, and not asked for again and again.
    let foreign = "- {objectName: a, secretPath: secret/data/apps/bank/db, secretKey: password}";
    for _ in 0..3 {
        let asked = request(&cluster, &pod, &[("roleName", "shop"), ("objects", foreign)]);
        refused(provider.mount(asked).await, Code::PermissionDenied, "object 1: ");
    }
    assert_eq!(logins(&cluster.door.asked()), 0);
}

// Rules 120, 122, 123: the driver is trusted, the class's author is not.
#[tokio::test(flavor = "multi_thread")]
async fn a_class_gives_nobody_more_than_his_token() {
    let cluster = Cluster::start().await;
    let provider = Provider::start(&cluster, None).await;
    let (pod, other) = (cluster.pod(1), cluster.pod(2));
    let mut elsewhere = shop(&cluster, &pod);
    elsewhere.target_path = shop(&cluster, &other).target_path;
    refused(provider.mount(elsewhere).await, Code::InvalidArgument, "not below the directory of this pod");
    for (key, value) in [
        ("vaultAddress", "http://evil:8200"),
        ("openbaoSkipTLSVerify", "true"),
        ("vaultNamespace", "other"),
        ("vaultCACertPath", "/etc/shadow"),
        ("audience", "sts.amazonaws.com"),
    ] {
        let asked = request(&cluster, &pod, &[("roleName", "shop"), ("objects", OBJECTS), (key, value)]);
        refused(provider.mount(asked).await, Code::PermissionDenied, "none that this node allows");
    }
    let without = |change: &dyn Fn(&mut HashMap<String, String>)| {
        let mut asked = shop(&cluster, &pod);
        let mut attributes = serde_json::from_str(&asked.attributes).unwrap();
        change(&mut attributes);
        asked.attributes = json!(attributes).to_string();
        asked
    };
    let none = without(&|it| drop(it.remove(TOKENS)));
    refused(provider.mount(none).await, Code::Unauthenticated, "is missing");
    let replayed = json!({ "vault": { "token": cluster.token(&other, "vault") } }).to_string();
    let replayed = without(&|it| drop(it.insert(TOKENS.into(), replayed.clone())));
    refused(provider.mount(replayed).await, Code::Unauthenticated, "not bound to this pod");
    assert_eq!(cluster.door.asked(), Vec::<String>::new(), "nobody was asked");
    // The stock driver has parameters of its own.
    let asked =
        request(&cluster, &pod, &[("roleName", "shop"), ("objects", OBJECTS), ("usePodIdentity", "false")]);
    provider.mount(asked).await.unwrap();
}

// Rule 124: a login is of one pod, role and mount.
#[tokio::test(flavor = "multi_thread")]
async fn nobody_reads_with_somebody_elses_login() {
    let cluster = Cluster::start().await;
    let provider = Provider::start(&cluster, None).await;
    let policies = json!(["default"]);
    cluster.door.role("poor", Role { namespace: "apps", service_account: "shop", policies, ttl: "1h" });
    let (pod, other) = (cluster.pod(1), cluster.pod(2));
    provider.mount(shop(&cluster, &pod)).await.unwrap();
    provider.mount(shop(&cluster, &other)).await.unwrap();
    let poor = request(&cluster, &pod, &[("roleName", "poor"), ("objects", OBJECTS)]);
    refused(provider.mount(poor).await, Code::PermissionDenied, "");
    let logins = cluster.door.asked().iter().filter(|it| it.ends_with("/login")).count();
    assert_eq!(logins, 4, "one for each pod, and two for the role that may not");
}
