//! `secret webhook`: what was typed becomes what the webhook is told.

use std::{io, path::PathBuf};

use strongroom_agent::log::{Level, Log};
use strongroom_sdk::env::{self, names};
use strongroom_webhook::{Allowed, Certificate, Kubernetes, Options, Settings, Shared, Sidecars};
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
};

use crate::{context::Global, failure::Failure};

#[derive(clap::Args)]
#[command(after_help = "Examples:
  secret webhook -address=https://strongroom.strongroom.svc:8200     in a pod: makes its own certificate
  secret webhook -address=https://vault.example:8200 --tls-cert-file tls.crt --tls-key-file tls.key

The address is the one that agents in pods get; -ca-cert is what they are to trust it by. Without files for its own
certificate the webhook makes one, keeps it in a Secret that all replicas share, and tells the API server of it.
Signals: TERM and INT end it, once what is being answered is answered.")]
pub(crate) struct Args {
    /// Where the API server finds it
    #[arg(long, value_name = "HOST:PORT", default_value = "0.0.0.0:8443")]
    listen: String,
    /// The agents' image; its entry point is this program
    #[arg(long, value_name = "IMAGE", default_value = concat!("strongroom/strongroom:", env!("CARGO_PKG_VERSION")))]
    image: String,
    /// The image has a shell, for commands that are one line
    #[arg(long)]
    image_has_shell: bool,
    /// Where the auth method is mounted
    #[arg(long, value_name = "PATH", default_value = "auth/kubernetes")]
    auth_path: String,
    /// Whom service-account tokens of agents are for
    #[arg(long, value_name = "NAME", default_value = "vault")]
    audience: String,
    /// The agents' user
    #[arg(long, value_name = "UID", default_value_t = 100)]
    run_as_user: i64,
    /// The agents' group
    #[arg(long, value_name = "GID", default_value_t = 1000)]
    run_as_group: i64,
    /// Another server that the annotation `service` may name; may be repeated
    #[arg(long, value_name = "URL")]
    allow_service: Vec<String>,
    /// Another image that the annotation `agent-image` may name, perhaps with * at its end; may be repeated
    #[arg(long, value_name = "IMAGE")]
    allow_image: Vec<String>,
    /// Annotations may say how the server is verified, and bring a whole configuration
    #[arg(long)]
    allow_tls_settings: bool,
    /// How agents run beside a pod's containers; auto asks the cluster for its version
    #[arg(long, value_name = "HOW", default_value = "auto", value_parser = ["auto", "native", "classic"])]
    sidecars: String,
    /// The webhook's certificate, if somebody else makes it; read again when it changes
    #[arg(long, value_name = "FILE", requires = "tls_key_file")]
    tls_cert_file: Option<PathBuf>,
    /// Its key
    #[arg(long, value_name = "FILE", requires = "tls_cert_file")]
    tls_key_file: Option<PathBuf>,
    /// The webhook's Service
    #[arg(long, value_name = "NAME", default_value = "strongroom-webhook")]
    service_name: String,
    /// The Secret that replicas share
    #[arg(long, value_name = "NAME", default_value = "strongroom-webhook-tls")]
    secret_name: String,
    /// The MutatingWebhookConfiguration that is told whom to trust
    #[arg(long, value_name = "NAME", default_value = "strongroom-webhook")]
    configuration: String,
    /// error, warn, info or debug
    #[arg(long, value_name = "LEVEL", default_value = "info", env = "VAULT_LOG_LEVEL")]
    log_level: String,
    /// standard or json
    #[arg(long, value_name = "FORMAT", env = "VAULT_LOG_FORMAT")]
    log_format: Option<String>,
}

/// Runs until a signal ends it.
pub(crate) fn run(global: &Global, args: Args) -> Result<u8, Failure> {
    let level = Level::of(&args.log_level);
    let level = level.ok_or_else(|| Failure::new(format!("{} is no log level", args.log_level)))?;
    let cluster = Kubernetes::of_this_pod();
    let mut settings = settings(global, &args)?;
    settings.own_namespace = cluster.as_ref().ok().map(|it| it.namespace().to_owned());
    let (certificate, detect) = (certificate(&args, &cluster)?, args.sidecars == "auto");
    let (log, flush) =
        Log::start_as("webhook", level, args.log_format.as_ref().is_some_and(|it| it == "json"));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::new(format!("cannot start: {error}")))?;
    let outcome = runtime.block_on(async {
        let cannot = |error: io::Error| Failure::new(format!("cannot listen on {}: {error}", args.listen));
        let listener = TcpListener::bind(&args.listen).await.map_err(cannot)?;
        let address = listener.local_addr().map_err(cannot)?;
        let stop = told_to_end().map_err(|error| Failure::new(format!("cannot start: {error}")))?;
        log.info(&format!("listening on {address}"));
        let mut options = Options::new(settings, listener, certificate);
        options.detect_sidecars = cluster.ok().filter(|_| detect);
        strongroom_webhook::run(options, &log, stop).await.map_err(|error| Failure::new(error.to_string()))
    });
    drop(log);
    drop(flush);
    outcome.map(|()| 0)
}

/// Agents are told what whoever starts the webhook would tell a client.
fn settings(global: &Global, args: &Args) -> Result<Settings, Failure> {
    let find = |typed: &Option<String>, name| typed.clone().or_else(|| env::find(&env::Process, name));
    let address = find(&global.address, names::ADDR);
    let address = address.ok_or_else(|| {
        Failure::new("it is not said which server agents are to ask")
            .hint("-address=https://HOST:PORT says it")
    })?;
    let mut settings = Settings::new(address, &args.image);
    settings.authorities = match find(&global.ca_cert, names::CACERT) {
        Some(file) => {
            let text = std::fs::read_to_string(&file);
            Some(text.map_err(|error| Failure::new(format!("cannot read {file}: {error}")))?)
        }
        None => env::find(&env::Process, names::CACERT_BYTES),
    };
    settings.server_name = find(&global.tls_server_name, names::TLS_SERVER_NAME);
    settings.has_shell = args.image_has_shell;
    settings.auth_path.clone_from(&args.auth_path);
    settings.audience.clone_from(&args.audience);
    (settings.user, settings.group) = (args.run_as_user, args.run_as_group);
    if args.sidecars == "native" {
        settings.sidecars = Sidecars::Native;
    }
    settings.allowed = Allowed {
        services: args.allow_service.clone(),
        images: args.allow_image.clone(),
        tls: args.allow_tls_settings,
    };
    Ok(settings)
}

fn certificate(
    args: &Args,
    cluster: &Result<Kubernetes, strongroom_webhook::Error>,
) -> Result<Certificate, Failure> {
    if let (Some(cert), Some(key)) = (&args.tls_cert_file, &args.tls_key_file) {
        return Ok(Certificate::Files { cert: cert.clone(), key: key.clone() });
    }
    match cluster {
        Ok(kubernetes) => Ok(Certificate::Own(Shared {
            kubernetes: kubernetes.clone(),
            secret: args.secret_name.clone(),
            configuration: args.configuration.clone(),
            service: args.service_name.clone(),
        })),
        Err(error) => Err(Failure::new(error.to_string())
            .hint("outside of a cluster its certificate comes from --tls-cert-file and --tls-key-file")),
    }
}

/// SIGTERM or SIGINT.
fn told_to_end() -> io::Result<impl Future<Output = ()>> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
