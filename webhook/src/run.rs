//! The webhook's life: a certificate that is looked after, and the server.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use strongroom_agent::log::Log;
use time::OffsetDateTime;
use tokio::net::TcpListener;

use crate::{
    Error, Kubernetes, Settings, Sidecars,
    certificate::{Current, Material, shared::Shared},
    metrics::Metrics,
    serve::{self, App},
};

/// How often the certificate is looked after: with the API server's help, and in files.
const OFTEN: Duration = Duration::from_secs(15);
const FILES: Duration = Duration::from_secs(2);
/// And while something is wrong.
const AGAIN: Duration = Duration::from_secs(2);

/// What the webhook runs with.
pub struct Options {
    pub settings: Settings,
    pub listener: TcpListener,
    pub certificate: Certificate,
    /// Asked what it knows of sidecars; without, the settings say it.
    pub detect_sidecars: Option<Kubernetes>,
    /// Seconds since 1970.
    pub now: fn() -> i64,
}

/// Where the certificate comes from.
#[derive(Clone, Debug)]
pub enum Certificate {
    /// Files that somebody else renews.
    Files { cert: PathBuf, key: PathBuf },
    /// One of the webhook's own.
    Own(Shared),
}

impl Options {
    /// By the machine's clock.
    #[must_use]
    pub fn new(settings: Settings, listener: TcpListener, certificate: Certificate) -> Self {
        let now = || OffsetDateTime::now_utc().unix_timestamp();
        Self { settings, listener, certificate, detect_sidecars: None, now }
    }
}

/// Serves until `stop`.
///
/// # Errors
///
/// Files that cannot be used. What the API server does not do yet is tried again and told of in the log.
pub async fn run(options: Options, log: &Log, stop: impl Future<Output = ()>) -> Result<(), Error> {
    let Options { mut settings, listener, certificate, detect_sidecars, now } = options;
    check(&settings)?;
    if let Some(kubernetes) = detect_sidecars {
        settings.sidecars = sidecars(&kubernetes, log).await;
    }
    let current = Arc::new(Current::default());
    let app = Arc::new(App {
        settings,
        metrics: Metrics::default(),
        log: log.clone(),
        current,
        is_ready: AtomicBool::new(false),
    });
    if let Certificate::Files { cert, key } = &certificate {
        // Wrong from the start is told at once.
        app.current.set(Material::load(cert, key)?);
        app.is_ready.store(true, Ordering::Relaxed);
    }
    let looking = tokio::spawn(look_after(app.clone(), certificate, now));
    let served = serve::serve(app, listener, stop).await;
    looking.abort();
    served
}

/// What would be wrong with every pod.
fn check(settings: &Settings) -> Result<(), Error> {
    let is_address = settings.address.starts_with("https://") || settings.address.starts_with("http://");
    if !is_address || settings.address.chars().any(|it| it.is_control() || it == ' ' || it == '$') {
        return Err(Error::Setting("address: agents in pods need one that begins with https://".to_owned()));
    }
    if settings.image.is_empty() {
        return Err(Error::Setting("image: it is not said which image agents have".to_owned()));
    }
    Ok(())
}

async fn sidecars(kubernetes: &Kubernetes, log: &Log) -> Sidecars {
    for _ in 0..5 {
        match kubernetes.knows_native_sidecars().await {
            Ok(true) => return Sidecars::Native,
            Ok(false) => return Sidecars::Classic,
            Err(error) => log.warn(&format!("cannot learn the cluster's version: {error}")),
        }
        tokio::time::sleep(AGAIN).await;
    }
    log.warn("sidecars are plain containers, which every version knows");
    Sidecars::Classic
}

async fn look_after(app: Arc<App>, certificate: Certificate, now: fn() -> i64) {
    let mut said = String::new();
    let often = if matches!(certificate, Certificate::Files { .. }) { FILES } else { OFTEN };
    loop {
        let looked = match &certificate {
            Certificate::Files { cert, key } => Material::load(cert, key),
            Certificate::Own(shared) => shared.round(now()).await,
        };
        let wait = match looked {
            Ok(material) => {
                if app.current.set(material) {
                    app.log.info("there is a new certificate");
                }
                app.is_ready.store(true, Ordering::Relaxed);
                said.clear();
                often
            }
            Err(error) => {
                // What is there goes on being used, if anything is.
                let error = error.to_string();
                if error != said {
                    app.log.error(&format!("the certificate cannot be looked after: {error}"));
                    said = error;
                }
                if app.current.is_there() { often } else { AGAIN }
            }
        };
        tokio::time::sleep(wait).await;
    }
}
