//! What volumes cost: the time to publish one with 20 secrets, and the driver's memory with 1,000 of them.
//!
//! `cargo bench -p strongroom-csi --profile fast`, as root. Server and login are in this process, the driver is one of
//! its own; all is on this machine. It fails if a figure is missed: 10 ms for the 99th percentile, 60 MB.
#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    dead_code,
    unreachable_pub,
    reason = "it prints figures, and fails where a test would"
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

use std::{
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, ExitCode},
    time::{Duration, Instant},
};

use serde_json::json;
use strongroom_csi::{
    Trust, node,
    proto::csi::{
        NodePublishVolumeRequest, NodePublishVolumeResponse, NodeUnpublishVolumeRequest,
        NodeUnpublishVolumeResponse,
    },
};

use cluster::{Cluster, DRIVER, read};
use grpc::Socket;

const INSIDE: &str = "STRONGROOM_BENCH_NAMESPACE";
const SECRETS: u32 = 20;
const TIMED: u32 = 300;
const VOLUMES: u32 = 1000;
const MOST_TIME: Duration = Duration::from_millis(10);
const MOST_MEMORY: u64 = 60 << 20;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    if let [_, mode, address, kubelet] = args.as_slice()
        && mode == "driver"
    {
        let driven = runtime.block_on(node::run(config(address, kubelet.into()), std::future::pending()));
        panic!("the driver has ended: {driven:?}");
    }
    if std::env::var_os(INSIDE).is_none() {
        let mut unshare = Command::new("unshare");
        unshare.args(["--mount", "--propagation", "private", "--"]).arg(std::env::current_exe().unwrap());
        panic!("no mount namespace can be had: {}", unshare.env(INSIDE, "1").exec());
    }
    runtime.block_on(measure())
}

fn config(address: &str, kubelet: PathBuf) -> node::Config {
    let server = strongroom_sdk::Config { address: address.to_owned(), ..strongroom_sdk::Config::default() };
    node::Config {
        trust: Trust::new(server),
        keeping: node::Keeping::default(),
        node: "node-1".to_owned(),
        driver: DRIVER.to_owned(),
        kubelet,
        endpoint: None,
        state: None,
        health: None,
    }
}

struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

async fn measure() -> ExitCode {
    let cluster = Cluster::start().await;
    for number in 0..SECRETS {
        cluster.put(&format!("many/{number}"), json!({ "value": format!("secret-{number}") })).await;
    }
    let kubelet = cluster.kubelet();
    let mut driver = Command::new(std::env::current_exe().unwrap());
    let driver = driver.args(["driver", cluster.door.address()]).arg(&kubelet).spawn().unwrap();
    let driver = Running(driver);
    let endpoint = kubelet.join("plugins").join(DRIVER).join("csi.sock");
    server::until("the driver listens", async || std::os::unix::net::UnixStream::connect(&endpoint).is_ok())
        .await;
    let socket = Socket::connect(&endpoint).await;
    let before = memory(driver.0.id());

    let mut times = Vec::new();
    for number in 0..TIMED {
        let (request, began) = (request(&cluster, number), Instant::now());
        publish(&socket, request.clone()).await;
        times.push(began.elapsed());
        assert_eq!(read(Path::new(&request.target_path), "19"), "secret-19");
        let gone =
            NodeUnpublishVolumeRequest { volume_id: request.volume_id, target_path: request.target_path };
        let _: NodeUnpublishVolumeResponse =
            socket.call("/csi.v1.Node/NodeUnpublishVolume", gone).await.unwrap();
    }
    times.sort();
    let (middle, last) = (times[times.len() / 2], times[times.len() * 99 / 100]);
    println!(
        "publish of {SECRETS} secrets: median {middle:.1?}, p99 {last:.1?} of {TIMED}, aim {MOST_TIME:?}"
    );

    for number in 0..VOLUMES {
        publish(&socket, request(&cluster, 10_000 + number)).await;
    }
    let after = memory(driver.0.id());
    let mib = |it: u64| it as f64 / f64::from(1 << 20);
    println!(
        "memory: {:.1} MiB at start, {:.1} MiB with {VOLUMES} volumes, aim {:.0} MiB",
        mib(before),
        mib(after),
        mib(MOST_MEMORY)
    );
    if last <= MOST_TIME && after <= MOST_MEMORY { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn request(cluster: &Cluster, number: u32) -> NodePublishVolumeRequest {
    let all: Vec<String> = (0..SECRETS).map(|it| format!("many/{it}")).collect();
    let pod = cluster.pod(number);
    kubelet::volume(cluster, &pod, &format!("csi-{number}"), &[("role", "shop"), ("secrets", &all.join(" "))])
}

async fn publish(socket: &Socket, request: NodePublishVolumeRequest) {
    let _: NodePublishVolumeResponse = socket.call("/csi.v1.Node/NodePublishVolume", request).await.unwrap();
}

/// Resident, in bytes.
fn memory(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|it| it.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").trim().parse::<u64>().unwrap() << 10
}
