//! The node driver as kubelet uses it.

use std::{
    fs,
    io::Read as _,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
    path::Path,
    process::Stdio,
    time::Duration,
};

use serde_json::json;
use strongroom_csi::proto::csi::{
    NodeGetVolumeStatsRequest, NodeGetVolumeStatsResponse, NodePublishVolumeRequest,
};
use strongroom_sdk::Method;
use tonic::{Code, Status};

use crate::{
    cluster::{Cluster, DRIVER, read},
    grpc::refused,
    kubelet::{Driver, capability, target, volume},
    login::Role,
    place::in_a_room,
    room::Room,
    server::until,
};

const SIMPLE: [(&str, &str); 2] = [("role", "shop"), ("secrets", "apps/shop/db apps/shop/key=api-key")];

fn mounts_at(target: &Path) -> usize {
    let table = fs::read_to_string("/proc/self/mountinfo").unwrap();
    table.lines().filter(|it| it.split(' ').nth(4) == target.to_str()).count()
}

fn generation(target: &Path) -> String {
    fs::read_link(target.join("..data")).unwrap().to_str().unwrap().to_owned()
}

#[test]
fn kubelet_registers_publishes_refreshes_and_takes_away() {
    in_a_room("driver::kubelet_registers_publishes_refreshes_and_takes_away", async || {
        let cluster = Cluster::start().await;
        let driver = Driver::start(&cluster).await;
        assert_eq!((driver.info.r#type.as_str(), driver.info.name.as_str()), ("CSIPlugin", DRIVER));
        assert_eq!(driver.info.supported_versions, ["1.0.0"]);
        let pod = cluster.pod(1);
        let request = volume(&cluster, &pod, "csi-1", &SIMPLE);
        let at = target(&cluster, &pod, "csi-1");
        driver.publish(request.clone()).await.unwrap();
        assert_eq!(
            (read(&at, "db/user"), read(&at, "db/password"), read(&at, "api-key")),
            ("rails".into(), "rosebud".into(), "k-1".into())
        );
        assert_eq!(fs::metadata(at.join("db/password")).unwrap().permissions().mode() & 0o777, 0o644);
        let table = fs::read_to_string("/proc/self/mountinfo").unwrap();
        let own = table.lines().find(|it| it.split(' ').nth(4) == at.to_str()).unwrap();
        for option in ["nosuid", "nodev", "noexec", " - tmpfs csi.strongroom.dev ", "noswap", "size=16384k"] {
            assert!(own.contains(option), "{option}: {own}");
        }

        // The same again changes nothing, and a changed secret is exchanged in place.
        let before = generation(&at);
        driver.publish(request.clone()).await.unwrap();
        assert_eq!((generation(&at), mounts_at(&at)), (before.clone(), 1));
        cluster.put("apps/shop/db", json!({ "user": "rails", "password": "changed" })).await;
        driver.publish(request.clone()).await.unwrap();
        assert_ne!(generation(&at), before);
        assert_eq!((read(&at, "db/password"), mounts_at(&at)), ("changed".into(), 1));

        let stats =
            NodeGetVolumeStatsRequest { volume_id: "csi-1".into(), volume_path: request.target_path.clone() };
        let stats: NodeGetVolumeStatsResponse =
            driver.socket.call("/csi.v1.Node/NodeGetVolumeStats", stats).await.unwrap();
        assert_eq!((stats.usage[0].total, stats.usage[0].unit, stats.usage[1].unit), (16 << 20, 1, 2));
        assert!(stats.usage.iter().all(|it| it.used > 0 && it.used + it.available == it.total));

        driver.unpublish("csi-1", &at).await.unwrap();
        assert!(!at.exists() && mounts_at(&at) == 0);
        driver.unpublish("csi-1", &at).await.unwrap();
        let state = cluster.kubelet().join("plugins").join(DRIVER).join("volumes");
        assert_eq!(fs::read_dir(&state).unwrap().count(), 0);
        driver.stop().await.unwrap();
        assert_eq!(
            fs::read_dir(cluster.kubelet().join("plugins_registry")).unwrap().count(),
            0,
            "the socket is removed"
        );
    });
}

#[test]
fn a_pods_group_reads_and_nobody_else() {
    in_a_room("driver::a_pods_group_reads_and_nobody_else", async || {
        let cluster = Cluster::start().await;
        let driver = Driver::start(&cluster).await;
        let pod = cluster.pod(1);
        let seen = |at: &Path, name: &str| {
            let it = fs::metadata(at.join(name)).unwrap();
            (it.mode() & 0o7777, it.uid(), it.gid())
        };
        let mut request = volume(&cluster, &pod, "csi-1", &SIMPLE);
        request.volume_capability = Some(capability("2000"));
        driver.publish(request.clone()).await.unwrap();
        let at = target(&cluster, &pod, "csi-1");
        assert_eq!(seen(&at, "api-key"), (0o640, 0, 2000));
        assert_eq!(seen(&at, "db"), (0o2550, 0, 2000));
        assert_eq!(seen(&at, "."), (0o2750, 0, 2000));
        request.volume_capability = Some(capability("root"));
        refused(driver.publish(request).await, Code::InvalidArgument, "volume_mount_group is no number");

        let objects = "- {objectName: run.sh, secretPath: secret/data/apps/shop/key, secretKey: value, filePermission: 0500}\n\
                       - {objectName: all.json, secretPath: secret/data/apps/shop/db}\n\
                       - {secretPath: secret/data/apps/shop/db, secretKey: '*'}";
        let attributes = [("roleName", "shop"), ("objects", objects), ("mode", "0400"), ("owner", "1000")];
        driver.publish(volume(&cluster, &pod, "csi-2", &attributes)).await.unwrap();
        let at = target(&cluster, &pod, "csi-2");
        assert_eq!((seen(&at, "run.sh"), seen(&at, "user")), ((0o500, 1000, 0), (0o400, 1000, 0)));
        assert_eq!(seen(&at, ".").0, 0o711);
        let all: serde_json::Value = serde_json::from_str(&read(&at, "all.json")).unwrap();
        assert_eq!(all["data"]["data"], json!({ "user": "rails", "password": "rosebud" }));
        let wide = "- {objectName: a, secretPath: secret/data/apps/shop/key, secretKey: value, filePermission: 0666}";
        let refusal =
            driver.publish(volume(&cluster, &pod, "csi-3", &[("role", "shop"), ("objects", wide)])).await;
        refused(refusal, Code::InvalidArgument, "nobody but the owner may write");
        driver.stop().await.unwrap();
    });
}

// Rule 125
#[test]
fn an_outage_takes_no_secret_away_and_no_error_unmounts() {
    in_a_room("driver::an_outage_takes_no_secret_away_and_no_error_unmounts", async || {
        let cluster = Cluster::start().await;
        let driver = Driver::start(&cluster).await;
        let pod = cluster.pod(1);
        let (request, at) = (volume(&cluster, &pod, "csi-1", &SIMPLE), target(&cluster, &pod, "csi-1"));
        driver.publish(request.clone()).await.unwrap();
        let whole = generation(&at);
        let stays = async |what: &str| {
            driver.publish(request.clone()).await.unwrap();
            assert_eq!(
                (generation(&at), read(&at, "db/password"), mounts_at(&at)),
                (whole.clone(), "rosebud".into(), 1),
                "{what}"
            );
        };
        cluster.door.be_down(true);
        stays("the server is down").await;
        cluster.door.be_down(false);
        cluster.real.seal().await;
        stays("it is sealed").await;
        cluster.real.unseal().await;
        cluster.root.kv("secret").delete("apps/shop/key").await.unwrap();
        stays("a secret is deleted").await;
        let policy = json!({ "policy": "path \"secret/*\" { capabilities = [\"deny\"] }" });
        cluster.root.call(Method::Put, "sys/policies/acl/shop").json(&policy).send().await.unwrap();
        stays("it may not be read any more").await;
        cluster.door.be_down(true);
        refused(driver.publish(volume(&cluster, &pod, "csi-2", &SIMPLE)).await, Code::Unavailable, "");
        assert!(
            !target(&cluster, &pod, "csi-2").exists(),
            "of a volume that was not published nothing is left"
        );
        // What was there while kubelet could not ask goes when it asks.
        driver.unpublish("csi-1", &at).await.unwrap();
        assert!(!at.exists());
        driver.stop().await.unwrap();
    });
}

#[test]
fn there_is_one_holding_for_a_pod_and_a_secret_however_often_it_is_read() {
    in_a_room("driver::there_is_one_holding_for_a_pod_and_a_secret_however_often_it_is_read", async || {
        let cluster = Cluster::start().await;
        let driver = Driver::start(&cluster).await;
        let db = "secret/data/apps/shop/db";
        let mut pod = cluster.pod(1);
        let again = |pod: &_, id: &str| volume(&cluster, pod, id, &SIMPLE);
        driver.publish(again(&pod, "csi-1")).await.unwrap();
        let held = cluster.holders(db).await;
        assert_eq!(held.len(), 1);
        for _ in 0..5 {
            driver.publish(again(&pod, "csi-1")).await.unwrap();
        }
        driver.publish(again(&pod, "csi-2")).await.unwrap();
        assert_eq!(
            cluster.holders(db).await,
            held,
            "neither polls nor a second volume of the pod make another"
        );
        let logins = cluster.door.asked().iter().filter(|it| it.ends_with("/login")).count();
        assert_eq!(logins, 1);

        // Another token of kubelet's is another login, to which both volumes move.
        pod.turn = 1;
        driver.publish(again(&pod, "csi-1")).await.unwrap();
        driver.publish(again(&pod, "csi-2")).await.unwrap();
        until("the old holding is given back", async || cluster.holders(db).await.len() == 1).await;
        assert_ne!(cluster.holders(db).await, held);

        let other = cluster.pod(2);
        driver.publish(again(&other, "csi-3")).await.unwrap();
        assert_eq!(cluster.holders(db).await.len(), 2, "another pod has its own");
        driver.unpublish("csi-1", &target(&cluster, &pod, "csi-1")).await.unwrap();
        driver.publish(again(&pod, "csi-2")).await.unwrap();
        assert_eq!(cluster.holders(db).await.len(), 2, "the pod's other volume has it still");
        driver.unpublish("csi-2", &target(&cluster, &pod, "csi-2")).await.unwrap();
        until("it goes with the last volume", async || cluster.holders(db).await.len() == 1).await;
        driver.unpublish("csi-3", &target(&cluster, &other, "csi-3")).await.unwrap();
        until("nobody holds it", async || cluster.holders(db).await.is_empty()).await;
        driver.stop().await.unwrap();
    });
}

#[test]
fn what_is_made_for_a_pod_is_made_once() {
    in_a_room("driver::what_is_made_for_a_pod_is_made_once", async || {
        let cluster = Cluster::start().await;
        let driver = Driver::start(&cluster).await;
        let pod = cluster.pod(1);
        let one = [("role", "shop"), ("secrets", "database/creds/app=db")];
        let objects = "- {objectName: user, secretPath: database/creds/app, secretKey: username}\n\
                       - {objectName: word, secretPath: database/creds/app, secretKey: password}";
        let two = [("role", "shop"), ("objects", objects)];
        // Nobody may see such a mount here: typed, its path would be one of KV's.
        let typed = driver.publish(volume(&cluster, &pod, "csi-0", &one)).await;
        refused(typed, Code::PermissionDenied, "object 1: ");
        for _ in 0..3 {
            driver.publish(volume(&cluster, &pod, "csi-1", &two)).await.unwrap();
            driver.publish(volume(&cluster, &pod, "csi-2", &two)).await.unwrap();
        }
        for id in ["csi-1", "csi-2"] {
            let at = target(&cluster, &pod, id);
            assert_eq!((read(&at, "user"), read(&at, "word")), ("user-0".into(), "password-0".into()));
        }
        let count = |what: &str| cluster.door.asked().iter().filter(|it| it.ends_with(what)).count();
        assert_eq!(count("/v1/database/creds/app"), 1);
        driver.unpublish("csi-1", &target(&cluster, &pod, "csi-1")).await.unwrap();
        driver.publish(volume(&cluster, &pod, "csi-2", &two)).await.unwrap();
        assert_eq!(count("/leases/revoke"), 0, "the other volume has it still");
        driver.unpublish("csi-2", &target(&cluster, &pod, "csi-2")).await.unwrap();
        until("it goes with the login", async || count("/revoke-self") == 1).await;
        driver.stop().await.unwrap();
    });
}

#[test]
fn a_volume_is_seen_where_kubelet_is() {
    in_a_room("driver::a_volume_is_seen_where_kubelet_is", async || {
        use rustix::mount::{MountPropagationFlags, mount_bind, mount_change};
        let cluster = Cluster::start().await;
        let room = Room::new();
        // As a pod of ours has it: kubelet's directory, mounted with `Bidirectional`.
        mount_bind(cluster.kubelet(), cluster.kubelet()).unwrap();
        room.is_mounted(&cluster.kubelet());
        mount_change(cluster.kubelet(), MountPropagationFlags::SHARED).unwrap();
        let mut other = std::process::Command::new("unshare");
        other.args(["--mount", "--propagation", "slave", "sh", "-c", "echo; read line"]);
        let mut other = other.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        other.stdout.take().unwrap().read_exact(&mut [0]).unwrap();
        let driver = Driver::start(&cluster).await;
        let pod = cluster.pod(1);
        let at = target(&cluster, &pod, "csi-1");
        let is_seen = || {
            let table = fs::read_to_string(format!("/proc/{}/mountinfo", other.id())).unwrap();
            table.lines().any(|it| it.split(' ').nth(4) == at.to_str())
        };
        driver.publish(volume(&cluster, &pod, "csi-1", &SIMPLE)).await.unwrap();
        assert!(is_seen());
        driver.unpublish("csi-1", &at).await.unwrap();
        assert!(!is_seen());
        driver.stop().await.unwrap();
        drop(other.stdin.take());
        other.wait().unwrap();
    });
}

#[test]
fn what_kubelet_does_not_ask_about_is_kept_fresh_all_the_same() {
    in_a_room("driver::what_kubelet_does_not_ask_about_is_kept_fresh_all_the_same", async || {
        let cluster = Cluster::start().await;
        let mut config = cluster.node();
        config.keeping.refresh = Duration::from_millis(400);
        config.keeping.hold = Duration::from_secs(3);
        let driver = Driver::with(&cluster, config).await;
        let pod = cluster.pod(1);
        driver.publish(volume(&cluster, &pod, "csi-1", &SIMPLE)).await.unwrap();
        let held = cluster.holders("secret/data/apps/shop/db").await;
        cluster.put("apps/shop/db", json!({ "user": "rails", "password": "changed" })).await;
        let at = target(&cluster, &pod, "csi-1");
        until("the change arrives", async || read(&at, "db/password") == "changed").await;
        // Longer than a holding lasts.
        let began = tokio::time::Instant::now();
        until("four seconds pass", async || {
            assert_eq!(cluster.holders("secret/data/apps/shop/db").await, held);
            began.elapsed() > Duration::from_secs(4)
        })
        .await;
        driver.stop().await.unwrap();
    });
}

#[test]
fn a_login_that_ends_is_made_again() {
    in_a_room("driver::a_login_that_ends_is_made_again", async || {
        let cluster = Cluster::start().await;
        let policies = json!(["shop"]);
        cluster.door.role("brief", Role { namespace: "apps", service_account: "shop", policies, ttl: "2s" });
        let driver = Driver::start(&cluster).await;
        let pod = cluster.pod(1);
        let request = volume(&cluster, &pod, "csi-1", &[("role", "brief"), ("secrets", "apps/shop/db")]);
        driver.publish(request.clone()).await.unwrap();
        // The server forgets the token: as after a restore, or when somebody revokes it.
        let prefix = "sys/leases/revoke-prefix/auth/token/create";
        cluster.root.call(Method::Put, prefix).send().await.unwrap();
        cluster.put("apps/shop/db", json!({ "password": "after" })).await;
        driver.publish(request.clone()).await.unwrap();
        assert_eq!(read(&target(&cluster, &pod, "csi-1"), "db/password"), "after");
        tokio::time::sleep(Duration::from_millis(2500)).await;
        cluster.put("apps/shop/db", json!({ "password": "later" })).await;
        driver.publish(request).await.unwrap();
        assert_eq!(read(&target(&cluster, &pod, "csi-1"), "db/password"), "later");
        driver.stop().await.unwrap();
    });
}

// Rules 120, 125
#[test]
fn five_hundred_volumes_outlive_the_driver() {
    in_a_room("driver::five_hundred_volumes_outlive_the_driver", async || {
        const MANY: u32 = 500;
        let cluster = Cluster::start().await;
        let driver = Driver::start(&cluster).await;
        let pods: Vec<_> = (0..MANY).map(|it| cluster.pod(it)).collect();
        let id = |number: usize| format!("csi-{number}");
        let at = |number: usize| target(&cluster, &pods[number], &id(number));
        let asked = |number: usize| volume(&cluster, &pods[number], &id(number), &SIMPLE);
        let all =
            async |driver: &Driver, each: &dyn Fn(usize) -> NodePublishVolumeRequest| -> Result<(), Status> {
                let mut answers = Vec::new();
                for number in 0..pods.len() {
                    let (socket, request) = (driver.socket.clone(), each(number));
                    answers.push(tokio::spawn(async move {
                        socket
                            .call::<_, strongroom_csi::proto::csi::NodePublishVolumeResponse>(
                                "/csi.v1.Node/NodePublishVolume",
                                request,
                            )
                            .await
                    }));
                }
                for answer in answers {
                    answer.await.unwrap()?;
                }
                Ok(())
            };
        all(&driver, &asked).await.unwrap();
        let mounted = |count: usize| {
            let table = fs::read_to_string("/proc/self/mountinfo").unwrap();
            assert_eq!(table.lines().filter(|it| it.contains(" - tmpfs csi.strongroom.dev ")).count(), count);
        };
        mounted(pods.len());
        driver.kill().await;
        assert!((0..pods.len()).all(|it| read(&at(it), "db/password") == "rosebud"), "they do not need it");

        // It knows them again: what is asked for at another place is refused, and goes on where it was.
        cluster.put("apps/shop/db", json!({ "user": "rails", "password": "changed" })).await;
        let driver = Driver::start(&cluster).await;
        let elsewhere = NodePublishVolumeRequest { volume_id: "csi-7".into(), ..asked(8) };
        refused(driver.publish(elsewhere).await, Code::InvalidArgument, "");
        all(&driver, &asked).await.unwrap();
        mounted(pods.len());
        assert!((0..pods.len()).all(|it| read(&at(it), "db/password") == "changed"));
        // One that was taken away meanwhile is made anew, and one whose pod is gone is forgotten.
        driver.stop().await.unwrap();
        rustix::mount::unmount(at(3), rustix::mount::UnmountFlags::DETACH).unwrap();
        rustix::mount::unmount(at(4), rustix::mount::UnmountFlags::DETACH).unwrap();
        fs::remove_dir(at(4)).unwrap();
        let driver = Driver::start(&cluster).await;
        driver.publish(asked(3)).await.unwrap();
        assert_eq!(read(&at(3), "db/password"), "changed");
        for number in 0..pods.len() {
            driver.unpublish(&id(number), &at(number)).await.unwrap();
        }
        mounted(0);
        driver.stop().await.unwrap();
    });
}
