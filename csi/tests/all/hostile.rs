//! Tenants who want what is not theirs, and whoever gets to the socket with them.

use std::{
    fs,
    os::unix::fs::symlink,
    path::Path,
    sync::{Arc, Mutex},
};

use serde_json::json;
use strongroom_csi::{
    Error, node,
    proto::csi::{NodePublishVolumeRequest, NodeUnpublishVolumeRequest, NodeUnpublishVolumeResponse},
};
use tonic::{Code, Status};

use crate::{
    cluster::{Cluster, TOKENS, read},
    grpc::{Socket, refused},
    kubelet::{Driver, target, volume},
    login::Role,
    place::in_a_room,
    room::Room,
};

const SIMPLE: [(&str, &str); 2] = [("role", "shop"), ("secrets", "apps/shop/db")];

/// What the log says, of every level.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Lines {
    fn write(&mut self, text: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(text)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Lines {
    /// Of this process, which has one test.
    fn listen() -> Self {
        let lines = Self::default();
        let kept = lines.clone();
        let all = tracing_subscriber::fmt().with_env_filter("trace").with_ansi(false);
        all.with_writer(move || kept.clone()).init();
        lines
    }

    fn take(&self) -> String {
        String::from_utf8(std::mem::take(&mut *self.0.lock().unwrap())).unwrap()
    }
}

struct Siege {
    cluster: Cluster,
    driver: Driver,
    lines: Lines,
}

impl Siege {
    async fn begin() -> Self {
        let lines = Lines::listen();
        let cluster = Cluster::start().await;
        let driver = Driver::start(&cluster).await;
        Self { cluster, driver, lines }
    }

    /// It is refused, in one line, without asking the server and with nothing left at the target.
    async fn refused(&self, what: &str, request: NodePublishVolumeRequest, code: Code, words: &str) {
        let (_, _) = (self.lines.take(), self.cluster.door.asked());
        let target = request.target_path.clone();
        let secrets = request.volume_context.get(TOKENS).cloned();
        let status = self.driver.publish(request).await.expect_err(what);
        assert!(status.code() == code && status.message().contains(words), "{what}: {status:?}");
        let said = self.lines.take();
        let refusals: Vec<&str> =
            said.lines().filter(|it| it.contains("refused") && it.contains("WARN")).collect();
        assert_eq!(refusals.len(), 1, "{what}: {refusals:?}");
        assert!(refusals[0].contains("call=\"NodePublishVolume\""), "{what}: {refusals:?}");
        for token in secrets.iter().flat_map(|it| it.split('"')).filter(|it| it.len() > 40) {
            let signature = token.rsplit('.').next().unwrap();
            assert!(!said.contains(token) && !said.contains(signature), "{what}: a token is in the log");
        }
        assert_eq!(self.cluster.door.asked(), Vec::<String>::new(), "{what}: nobody is asked");
        let is_mounted = fs::read_to_string("/proc/self/mountinfo").unwrap().contains(" csi.strongroom.dev ");
        assert!(!is_mounted && !Path::new(&target).join("db").exists(), "{what}");
    }
}

// Rules 120, 122, 124: another pod's directory, and everything else that is no place of this pod's.
#[test]
fn a_pod_gets_nothing_at_a_place_that_is_not_its_own() {
    in_a_room("hostile::a_pod_gets_nothing_at_a_place_that_is_not_its_own", async || {
        let siege = Siege::begin().await;
        let cluster = &siege.cluster;
        let (own, other) = (cluster.pod(1), cluster.pod(2));
        let request = volume(cluster, &own, "csi-1", &SIMPLE);
        let elsewhere = target(cluster, &other, "csi-1");
        let pods = cluster.kubelet().join("pods");
        let below = |text: &str| format!("{}/{text}", pods.display());
        let uid = &own.uid;
        let outside = cluster.base().join(uid).join("mount");
        fs::create_dir_all(&outside).unwrap();
        for (what, path, words) in [
            (
                "another pod's directory",
                elsewhere.to_str().unwrap().to_owned(),
                "not below the directory of this pod",
            ),
            ("outside of kubelet", outside.to_str().unwrap().to_owned(), "not below kubelet's directory"),
            ("the root", "/".to_owned(), "not below kubelet's directory"),
            ("relative", format!("pods/{uid}/mount"), "not below kubelet's directory"),
            ("upwards", below(&format!("{uid}/../{}/volumes/mount", other.uid)), "not written plainly"),
            ("upwards at the end", below(&format!("{uid}/volumes/..")), "not written plainly"),
            ("dots", below(&format!("{uid}/./volumes/mount")), "not written plainly"),
            ("double slashes", below(&format!("{uid}//mount")), "not written plainly"),
            ("the pod's directory itself", below(uid), "not written plainly"),
            ("the pods' directory", pods.to_str().unwrap().to_owned(), "not"),
            ("a longer name", below(&format!("{uid}x/mount")), "not below the directory of this pod"),
            ("a line end", below(&format!("{uid}/a\nb")), "control characters"),
            ("a zero byte", below(&format!("{uid}/a\0b")), "control characters"),
            ("too long", below(&format!("{uid}/{}", "x/".repeat(3000))), "too long"),
            ("no directory above", below(&format!("{uid}/none/mount")), "no directory above it"),
        ] {
            let request = NodePublishVolumeRequest { target_path: path, ..request.clone() };
            if what == "no directory above" {
                // This one is found out when it is to be mounted.
                refused(siege.driver.publish(request).await, Code::InvalidArgument, words);
                continue;
            }
            siege.refused(what, request, Code::InvalidArgument, words).await;
        }

        // Links on the way, and at the end of it.
        let folder = pods.join(uid).join("volumes/kubernetes.io~csi");
        symlink(elsewhere.parent().unwrap(), folder.join("linked")).unwrap();
        let linked = folder.join("linked/mount").to_str().unwrap().to_owned();
        let through = NodePublishVolumeRequest { target_path: linked, ..request.clone() };
        siege.refused("a link on the way", through, Code::InvalidArgument, "has a link on its way").await;
        let at_end = target(cluster, &own, "csi-1");
        fs::create_dir(&elsewhere).unwrap();
        symlink(&elsewhere, &at_end).unwrap();
        siege
            .refused(
                "a link at the end",
                request.clone(),
                Code::InvalidArgument,
                "something else mounted or lying",
            )
            .await;
        fs::remove_file(&at_end).unwrap();
        fs::write(&at_end, "x").unwrap();
        siege
            .refused(
                "a file at the end",
                request.clone(),
                Code::InvalidArgument,
                "something else mounted or lying",
            )
            .await;
        fs::remove_file(&at_end).unwrap();
        assert_eq!(fs::read_dir(&elsewhere).unwrap().count(), 0);
        siege.driver.publish(request).await.unwrap();
    });
}

// Rules 122, 124: whose token it is, decides.
#[test]
fn a_pod_is_nobody_but_itself() {
    in_a_room("hostile::a_pod_is_nobody_but_itself", async || {
        let siege = Siege::begin().await;
        let cluster = &siege.cluster;
        let (own, other) = (cluster.pod(1), cluster.pod(2));
        let request = volume(cluster, &own, "csi-1", &SIMPLE);
        let with_token = |audience: &str, token: &str| {
            let mut request = request.clone();
            let tokens =
                json!({ audience: { "token": token, "expirationTimestamp": "2096-10-02T07:06:40Z" } });
            request.volume_context.insert(TOKENS.into(), tokens.to_string());
            request
        };
        let unauthenticated = async |what: &str, request, words: &str| {
            siege.refused(what, request, Code::Unauthenticated, words).await;
        };
        let mut none = request.clone();
        none.volume_context.remove(TOKENS);
        unauthenticated("no token", none, "is missing").await;
        let api = cluster.token(&own, "https://kubernetes.default.svc");
        unauthenticated("only the cluster's own", with_token("", &api), "not for our audience").await;
        unauthenticated(
            "another audience, under our name",
            with_token("vault", &api),
            "not for our audience",
        )
        .await;
        unauthenticated(
            "another pod's, replayed",
            with_token("vault", &cluster.token(&other, "vault")),
            "not bound to this pod",
        )
        .await;
        let mut admin = own.clone();
        admin.service_account = "admin".into();
        unauthenticated(
            "another service account's",
            with_token("vault", &cluster.token(&admin, "vault")),
            "another service account",
        )
        .await;
        unauthenticated(
            "no token at all",
            with_token("vault", "hvs.CAESIJ0123456789012345678901234567890123"),
            "no JSON Web Token",
        )
        .await;
        // The attributes of another pod, with one's own token.
        let mut posing = request.clone();
        posing.volume_context.insert("csi.storage.k8s.io/pod.uid".into(), other.uid.clone());
        posing.target_path = target(cluster, &other, "csi-1").to_str().unwrap().to_owned();
        unauthenticated("another pod's uid and path", posing, "not bound to this pod").await;
        let mut wide = request.clone();
        wide.volume_context.insert("audience".into(), "https://kubernetes.default.svc".into());
        siege
            .refused(
                "another audience of its choice",
                wide,
                Code::PermissionDenied,
                "the audience is none that this node allows",
            )
            .await;

        // What only the server can know: forged, or another namespace's role.
        let forged = cluster.token(&own, "vault").rsplit_once('.').unwrap().0.to_owned() + ".00";
        refused(
            siege.driver.publish(with_token("vault", &forged)).await,
            Code::PermissionDenied,
            "the login was refused",
        );
        let policies = json!(["root"]);
        cluster.door.role("bank", Role { namespace: "bank", service_account: "bank", policies, ttl: "1h" });
        let mut greedy = request.clone();
        greedy.volume_context.insert("role".into(), "bank".into());
        refused(siege.driver.publish(greedy).await, Code::PermissionDenied, "the login was refused");
        let bank = volume(cluster, &own, "csi-2", &[("role", "shop"), ("secrets", "apps/bank/db")]);
        refused(siege.driver.publish(bank).await, Code::PermissionDenied, "object 1: ");

        // A session is nobody else's: a forged token of a pod that is logged in does not enter it.
        siege.driver.publish(request.clone()).await.unwrap();
        let second = NodePublishVolumeRequest {
            volume_id: "csi-3".into(),
            target_path: target(cluster, &own, "csi-3").to_str().unwrap().to_owned(),
            ..with_token("vault", &forged)
        };
        refused(siege.driver.publish(second).await, Code::PermissionDenied, "the login was refused");
        assert!(!siege.lines.take().contains("rosebud"), "no level of the log shows a secret");
    });
}

// Rules 121, 123: attributes.
#[test]
fn what_a_tenant_writes_names_no_server_and_no_file() {
    in_a_room("hostile::what_a_tenant_writes_names_no_server_and_no_file", async || {
        let siege = Siege::begin().await;
        let cluster = &siege.cluster;
        let pod = cluster.pod(1);
        let with = |more: &[(&str, &str)]| {
            let mut all = SIMPLE.to_vec();
            all.retain(|(key, _)| more.iter().all(|(it, _)| it != key));
            all.extend(more);
            volume(cluster, &pod, "csi-1", &all)
        };
        for (key, value) in [
            ("vaultAddress", "http://evil:8200"),
            ("openbaoAddress", "http://evil:8200"),
            ("address", "unix:///run/evil.sock"),
            ("vaultNamespace", "kube-system"),
            ("vaultCACertPath", "/etc/shadow"),
            ("vaultTLSClientKeyPath", "/var/lib/kubelet/pki/kubelet-client-current.pem"),
            ("vaultSkipTLSVerify", "true"),
        ] {
            siege
                .refused(key, with(&[(key, value)]), Code::PermissionDenied, "none that this node allows")
                .await;
        }
        let large = "x".repeat(200_000);
        for (what, key, value, code, words) in [
            (
                "upwards",
                "secrets",
                "apps/shop/db=../../etc/cron.d/x",
                Code::InvalidArgument,
                "begins with two dots",
            ),
            (
                "absolute",
                "secrets",
                "apps/shop/db=/etc/passwd",
                Code::InvalidArgument,
                "must not begin with a slash",
            ),
            (
                "the layout's own",
                "secrets",
                "apps/shop/db=..data",
                Code::InvalidArgument,
                "begins with two dots",
            ),
            (
                "upwards, in YAML",
                "objects",
                "- {objectName: ../x, secretPath: p, secretKey: k}",
                Code::InvalidArgument,
                "begins with two dots",
            ),
            (
                "a line end in a name",
                "objects",
                "- {objectName: \"a\\nb\", secretPath: p, secretKey: k}",
                Code::InvalidArgument,
                "control characters",
            ),
            ("a bomb", "objects", "- &a [x]\n- *a", Code::InvalidArgument, "anchors"),
            ("a line end", "role", "shop\nadmin", Code::InvalidArgument, "control characters"),
            ("a zero byte", "role", "shop\0", Code::InvalidArgument, "control characters"),
            (
                "upwards on the server",
                "secrets",
                "apps/shop/../bank/db",
                Code::InvalidArgument,
                "path cannot be one",
            ),
            ("a mount like a path", "authMount", "../sys", Code::InvalidArgument, "is no path"),
            ("oversize", "secrets", &large, Code::ResourceExhausted, "larger than any"),
            ("a typing error", "secretz", "x", Code::InvalidArgument, "none that we know"),
            (
                "not inline",
                "csi.storage.k8s.io/ephemeral",
                "false",
                Code::InvalidArgument,
                "no inline volume",
            ),
            (
                "a uid like a path",
                "csi.storage.k8s.io/pod.uid",
                "../../x",
                Code::InvalidArgument,
                "pod.uid is no name",
            ),
        ] {
            siege.refused(what, with(&[(key, value)]), code, words).await;
        }
        for id in ["a\nb", &"x".repeat(300)] {
            let request = NodePublishVolumeRequest { volume_id: id.into(), ..with(&[]) };
            siege.refused("an id", request, Code::InvalidArgument, "called something").await;
        }
        // A key that somebody has stored becomes a name too.
        cluster.put("apps/shop/evil", json!({ "../up": "x" })).await;
        let evil = volume(cluster, &pod, "csi-1", &[("role", "shop"), ("secrets", "apps/shop/evil")]);
        refused(siege.driver.publish(evil).await, Code::InvalidArgument, "object 1: ");
        cluster.put("apps/shop/evil", json!({ "..": "x" })).await;
        let evil = volume(cluster, &pod, "csi-1", &[("role", "shop"), ("secrets", "apps/shop/evil")]);
        refused(siege.driver.publish(evil).await, Code::InvalidArgument, "object 1: ");
        // More than a volume holds.
        let large = "x".repeat(900_000);
        for number in 0..10 {
            cluster.put(&format!("many/{number}"), json!({ "value": large })).await;
        }
        let all: Vec<String> = (0..10).map(|it| format!("many/{it}")).collect();
        let many = volume(cluster, &pod, "csi-1", &[("role", "shop"), ("secrets", &all.join(" "))]);
        refused(siege.driver.publish(many).await, Code::ResourceExhausted, "larger than any");
        assert!(!target(cluster, &pod, "csi-1").exists());
    });
}

// Rules 120, 125: what is at the target and is not ours stays, and a volume is what it was.
#[test]
fn only_what_we_mounted_is_taken_away() {
    in_a_room("hostile::only_what_we_mounted_is_taken_away", async || {
        let siege = Siege::begin().await;
        let cluster = &siege.cluster;
        let room = Room::new();
        let (own, other) = (cluster.pod(1), cluster.pod(2));
        let request = volume(cluster, &own, "csi-1", &SIMPLE);
        let at = target(cluster, &own, "csi-1");
        // Somebody else's tmpfs.
        fs::create_dir(&at).unwrap();
        room.mount_over(&at, "tmpfs", c"mode=0755");
        fs::write(at.join("theirs"), "x").unwrap();
        let foreign = siege.driver.publish(request.clone()).await;
        refused(foreign, Code::InvalidArgument, "something else mounted");
        refused(siege.driver.unpublish("csi-1", &at).await, Code::InvalidArgument, "not ours");
        assert_eq!(read(&at, "theirs"), "x");
        drop(room);
        // A directory that holds something.
        fs::write(at.join("theirs"), "x").unwrap();
        refused(
            siege.driver.publish(request.clone()).await,
            Code::InvalidArgument,
            "holds something already",
        );
        refused(siege.driver.unpublish("csi-1", &at).await, Code::InvalidArgument, "not ours alone");
        assert_eq!(read(&at, "theirs"), "x");
        fs::remove_file(at.join("theirs")).unwrap();
        siege.driver.publish(request.clone()).await.unwrap();

        // Another volume's target, another pod's volume, and no target of ours.
        refused(
            siege.driver.unpublish("csi-2", &at).await,
            Code::InvalidArgument,
            "not the one that is published",
        );
        let stolen = NodePublishVolumeRequest { volume_id: "csi-2".into(), ..request.clone() };
        refused(siege.driver.publish(stolen).await, Code::InvalidArgument, "not the one that is published");
        let moved = volume(cluster, &other, "csi-1", &SIMPLE);
        refused(
            siege.driver.publish(moved).await,
            Code::InvalidArgument,
            "for another pod or at another path",
        );
        let elsewhere = target(cluster, &other, "csi-9");
        refused(siege.driver.unpublish("csi-1", &elsewhere).await, Code::InvalidArgument, "at another path");
        for path in
            ["/", "/etc", "/proc", cluster.base().to_str().unwrap(), &format!("{}/../x", at.display())]
        {
            let request = NodeUnpublishVolumeRequest { volume_id: "csi-1".into(), target_path: path.into() };
            let answer: Result<NodeUnpublishVolumeResponse, Status> =
                siege.driver.socket.call("/csi.v1.Node/NodeUnpublishVolume", request).await;
            refused(answer, Code::InvalidArgument, "the target path");
        }
        assert_eq!(read(&at, "db/password"), "rosebud");
        siege.driver.unpublish("csi-1", &at).await.unwrap();
        assert!(!at.exists());

        // Records that somebody has written lead nowhere.
        siege.driver.stop().await.unwrap();
        let state = cluster.kubelet().join("plugins/csi.strongroom.dev/volumes");
        fs::write(
            state.join("x.json"),
            json!({ "schema": 1, "volume": "x", "target": "/etc", "pod_uid": "etc" }).to_string(),
        )
        .unwrap();
        let driver = Driver::start(cluster).await;
        driver.publish(request).await.unwrap();
        driver.stop().await.unwrap();
        assert!(Path::new("/etc/passwd").exists());
    });
}

// Rule 119
#[test]
fn a_socket_squatter_keeps_his_place_and_gets_no_secret() {
    in_a_room("hostile::a_socket_squatter_keeps_his_place_and_gets_no_secret", async || {
        let cluster = Cluster::start().await;
        let registration = cluster.kubelet().join("plugins_registry/csi.strongroom.dev-reg.sock");
        let endpoint = cluster.base().join("squat/csi.sock");
        fs::create_dir(endpoint.parent().unwrap()).unwrap();
        let config = || node::Config { endpoint: Some(endpoint.clone()), ..cluster.node() };
        let runs = async || node::run(config(), std::future::pending()).await;
        for place in [&endpoint, &registration] {
            fs::write(place, "squatter").unwrap();
            assert!(matches!(runs().await, Err(Error::NotOurSocket(_))));
            assert_eq!(fs::read_to_string(place).unwrap(), "squatter");
            fs::remove_file(place).unwrap();
            symlink("/etc/passwd", place).unwrap();
            assert!(matches!(runs().await, Err(Error::NotOurSocket(_))));
            fs::remove_file(place).unwrap();
            let listens = std::os::unix::net::UnixListener::bind(place).unwrap();
            assert!(matches!(runs().await, Err(Error::Taken(_))));
            drop(listens);
            std::os::unix::fs::chown(place, Some(65534), None).unwrap();
            assert!(matches!(runs().await, Err(Error::NotOurSocket(_))), "another user's");
            fs::remove_file(place).unwrap();
        }
        // What we have left ourselves is no squatter.
        drop(std::os::unix::net::UnixListener::bind(&registration).unwrap());
        let driver = Driver::with(&cluster, config()).await;
        // Another user does not get through to it, whatever the directory lets through.
        std::os::unix::fs::chown(&endpoint, Some(65534), None).unwrap();
        fs::set_permissions(endpoint.parent().unwrap(), std::os::unix::fs::PermissionsExt::from_mode(0o755))
            .unwrap();
        fs::set_permissions(cluster.base(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        let ask = "import socket,sys\n\
                   s = socket.socket(socket.AF_UNIX); s.settimeout(30); s.connect(sys.argv[1])\n\
                   try:\n    s.sendall(b'PRI * HTTP/2.0\\r\\n\\r\\nSM\\r\\n\\r\\n' + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0]))\n    print(len(s.recv(100)))\nexcept ConnectionError:\n    print(0)";
        let asked = |uid: u32| {
            let mut python = std::process::Command::new("python3");
            python.args(["-c", ask]).arg(&endpoint);
            std::os::unix::process::CommandExt::uid(&mut python, uid);
            let ran = python.output().unwrap();
            assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
            String::from_utf8(ran.stdout).unwrap().trim().parse::<usize>().unwrap()
        };
        assert_eq!(asked(65534), 0, "nobody is not answered a byte");
        assert!(asked(0) > 0, "root is: the question is a good one");
        Socket::connect(&endpoint).await;
        driver.stop().await.unwrap();
    });
}

// Rule 124
#[test]
fn the_log_that_is_searched_shows_what_it_is_given() {
    in_a_room("hostile::the_log_that_is_searched_shows_what_it_is_given", async || {
        let lines = Lines::listen();
        tracing::trace!(canary = "hunter2");
        assert!(lines.take().contains("hunter2"));
    });
}
