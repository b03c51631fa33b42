//! `secret csi`: secrets as volumes of Kubernetes. What was typed becomes a configuration, and the programs run by it.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use strongroom_csi::{Allowed, Error, Trust, node, provider};
use strongroom_server::{config::Log, log};
use tokio::signal::unix::{SignalKind, signal};

use super::commands;
use crate::{
    context::{Context, Global},
    failure::Failure,
    output::note,
};

commands! {
    enum Csi
    alone {
        /// Run a node's CSI driver: pods ask for secrets as volumes
        Node(Node) => run_node,
        /// Run a provider for the Secrets Store CSI driver
        Provider(Provider) => run_provider,
    }
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  secret csi node --node-id $NODE_NAME
  secret csi node --node-id $NODE_NAME --auth-mount kubernetes-prod --health 0.0.0.0:9808
  secret csi node --node-id $NODE_NAME --allow vaultAddress=https://vault.team-a:8200

The server is STRONGROOM_ADDR's (or VAULT_ADDR's), with STRONGROOM_CACERT. See docs/kubernetes-csi.md.")]
pub(crate) struct Node {
    /// The node's name in the cluster
    #[arg(long, value_name = "NAME", env = "NODE_NAME")]
    node_id: String,
    /// The driver's socket [default: plugins/DRIVER/csi.sock in kubelet's directory]
    #[arg(long, value_name = "PATH")]
    endpoint: Option<PathBuf>,
    /// Kubelet's directory, which must have the same name for kubelet and for us
    #[arg(long, value_name = "DIR", default_value = "/var/lib/kubelet")]
    kubelet_dir: PathBuf,
    /// What pods call the driver
    #[arg(long, value_name = "NAME", default_value = "csi.strongroom.dev")]
    driver_name: String,
    /// Where it is written down which volumes there are: no secrets [default: volumes beside the socket]
    #[arg(long, value_name = "DIR")]
    state_dir: Option<PathBuf>,
    /// Of a volume's tmpfs; half of it is for the next generation of files
    #[arg(long, value_name = "BYTES", default_value_t = 16 << 20, value_parser = clap::value_parser!(u64).range(64 << 10..1 << 30))]
    volume_size: u64,
    /// For how long a secret is held at the server from each time that it is read
    #[arg(long, value_name = "TTL", default_value = "15m", value_parser = duration)]
    lease: Duration,
    /// Volumes that kubelet has not asked about for so long are refreshed all the same
    #[arg(long, value_name = "TIME", default_value = "2m", value_parser = duration)]
    refresh: Duration,
    /// Answer GET /health/ready there
    #[arg(long, value_name = "HOST:PORT")]
    health: Option<SocketAddr>,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  secret csi provider
  secret csi provider --endpoint /provider/vault.sock      in the place of the stock provider

The server is STRONGROOM_ADDR's (or VAULT_ADDR's), with STRONGROOM_CACERT. See docs/kubernetes-csi.md.")]
pub(crate) struct Provider {
    /// The provider's socket; its name is what a SecretProviderClass calls the provider
    #[arg(long, value_name = "PATH", default_value = "/provider/strongroom.sock")]
    endpoint: PathBuf,
    /// A file with a key for the versions of files, the same on all nodes [default: one of this process's own]
    #[arg(long, value_name = "FILE")]
    version_key_file: Option<PathBuf>,
    /// Answer GET /health/ready there
    #[arg(long, value_name = "HOST:PORT", default_value = "0.0.0.0:8080")]
    health: SocketAddr,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, clap::Args)]
struct Common {
    /// Where the auth method is mounted, unless a volume says otherwise
    #[arg(long, value_name = "PATH", default_value = "kubernetes")]
    auth_mount: String,
    /// For whom the pods' tokens are
    #[arg(long, value_name = "NAME", default_value = "vault")]
    audience: String,
    /// What volumes may say of servers, word for word: vaultAddress, vaultNamespace, ...; may be repeated
    #[arg(long, value_name = "ATTRIBUTE=VALUE")]
    allow: Vec<String>,
    /// trace, debug, info, warn or error
    #[arg(long, value_name = "LEVEL", env = "VAULT_LOG_LEVEL", default_value = "info")]
    log_level: String,
    /// standard or json
    #[arg(long, value_name = "FORMAT", env = "VAULT_LOG_FORMAT", default_value = "standard")]
    log_format: String,
}

fn run_node(global: &Global, args: Node) -> Result<(), Failure> {
    let config = node::Config {
        trust: args.common.trust(global)?,
        keeping: node::Keeping { size: args.volume_size, hold: args.lease, refresh: args.refresh },
        node: args.node_id,
        driver: args.driver_name,
        kubelet: args.kubelet_dir,
        endpoint: args.endpoint,
        state: args.state_dir,
        health: args.health,
    };
    args.common.serve(async |end| node::run(config, end).await)
}

fn run_provider(global: &Global, args: Provider) -> Result<(), Failure> {
    let config = provider::Config {
        trust: args.common.trust(global)?,
        endpoint: args.endpoint,
        health: Some(args.health),
        version_key: args.version_key_file,
    };
    args.common.serve(async |end| provider::run(config, end).await)
}

impl Common {
    fn trust(&self, global: &Global) -> Result<Trust, Failure> {
        let cx = Context::new(global, &strongroom_sdk::env::Process)?;
        let mut trust = Trust::new(cx.client.config().clone());
        trust.auth_mount.clone_from(&self.auth_mount);
        trust.audience.clone_from(&self.audience);
        if let Some(mount) = &global.mount {
            trust.mount = mount.trim_matches('/').to_owned();
        }
        let mut allowed = Allowed::default();
        for text in &self.allow {
            allowed.add(text).map_err(|error| Failure::new(format!("--allow: {error}")))?;
        }
        trust.allowed = allowed;
        Ok(trust)
    }

    /// Runs a program until a signal ends it.
    fn serve(&self, program: impl AsyncFnOnce(Ended) -> Result<(), Error>) -> Result<(), Failure> {
        // While there is one thread.
        for (what, error) in &strongroom_process::harden().failures {
            note(&format!("warning: the process could not be protected with {what}: {error}"));
        }
        log::hide_what_panics_are_about();
        strongroom_process::remove_tokens();
        let level = Log::level_of(&self.log_level);
        let level = level.ok_or_else(|| Failure::new(format!("{} is no log level", self.log_level)))?;
        let settings = Log { level, json: self.log_format == "json" };
        let flush = log::init(&settings).map_err(|error| Failure::new(format!("cannot log: {error}")))?;
        // Two, so that one that waits for a file system does not keep the others.
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        let runtime = runtime.map_err(|error| Failure::new(format!("cannot start: {error}")))?;
        let outcome = runtime.block_on(async {
            let mut terminate = signal(SignalKind::terminate()).map_err(cannot_start)?;
            let mut interrupt = signal(SignalKind::interrupt()).map_err(cannot_start)?;
            let end: Ended = Box::pin(async move {
                tokio::select! {
                    _ = terminate.recv() => {}
                    _ = interrupt.recv() => {}
                }
            });
            program(end).await.map_err(|error| Failure::new(error.to_string()))
        });
        flush.flush();
        outcome
    }
}

type Ended = std::pin::Pin<Box<dyn Future<Output = ()> + Send>>;

fn cannot_start(error: std::io::Error) -> Failure {
    Failure::new(format!("cannot start: {error}"))
}

fn duration(text: &str) -> Result<Duration, &'static str> {
    let parsed = strongroom_api::params::parse_duration(text).filter(|it| *it >= Duration::from_secs(1));
    parsed.ok_or("write a time of a second or more: 90s, 15m, 1h")
}
