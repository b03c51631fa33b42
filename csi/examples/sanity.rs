//! csi-sanity itself against the node driver: `cargo run -p strongroom-csi --example sanity -- CSI_SANITY [ARGUMENT]...`
//!
//! As root. Server and login are in this process, and so is the driver, with the controller that only tests have. It
//! ends with csi-sanity's own status.
#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    dead_code,
    unreachable_pub,
    reason = "it is a test, which needs a program that is not ours"
)]

#[path = "../tests/all/cluster.rs"]
mod cluster;
#[path = "../tests/all/grpc.rs"]
mod grpc;
#[path = "../tests/all/kubelet.rs"]
mod kubelet;
#[path = "../tests/all/login.rs"]
mod login;
#[path = "../tests/all/server.rs"]
mod server;

use std::{collections::HashMap, fs, os::unix::process::CommandExt as _, process::Command};

use serde_json::json;

use cluster::{Cluster, TOKENS};
use kubelet::Driver;

const INSIDE: &str = "STRONGROOM_EXAMPLE_NAMESPACE";

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [program, more @ ..] = args.as_slice() else { panic!("which csi-sanity?") };
    if std::env::var_os(INSIDE).is_none() {
        let mut unshare = Command::new("unshare");
        unshare.args(["--mount", "--propagation", "private", "--"]).arg(std::env::current_exe().unwrap());
        panic!("no mount namespace can be had: {}", unshare.args(&args).env(INSIDE, "1").exec());
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    std::process::exit(runtime.block_on(run(program.clone(), more.to_vec())));
}

async fn run(program: String, more: Vec<String>) -> i32 {
    let cluster = Cluster::start().await;
    let driver = Driver::start(&cluster).await;
    let pod = cluster.pod(1);
    let mut parameters: HashMap<String, String> = cluster.context(&pod);
    let tokens = parameters.remove(TOKENS).unwrap();
    parameters.insert("role".into(), "shop".into());
    parameters.insert("secrets".into(), "apps/shop/db apps/shop/key".into());
    let file = |name: &str, content: &serde_json::Value| {
        let path = cluster.base().join(name);
        fs::write(&path, content.to_string()).unwrap();
        path.display().to_string()
    };
    // JSON is YAML.
    let parameters = file("parameters.yaml", &json!(parameters));
    let secrets = file("secrets.yaml", &json!({ "NodePublishVolumeSecret": { TOKENS: tokens } }));
    let mounts = cluster.kubelet().join("pods").join(&pod.uid).join("sanity");
    let staging = cluster.base().join("staging");
    let mut sanity = Command::new(program);
    sanity
        .arg(format!("-csi.endpoint=unix://{}", driver.info.endpoint))
        .arg(format!("-csi.mountdir={}", mounts.display()))
        .arg(format!("-csi.stagingdir={}", staging.display()))
        .arg(format!("-csi.testvolumeparameters={parameters}"))
        .arg(format!("-csi.secrets={secrets}"))
        .args(more);
    let status = tokio::task::spawn_blocking(move || sanity.status().unwrap()).await.unwrap();
    driver.stop().await.unwrap();
    status.code().unwrap_or(1)
}
