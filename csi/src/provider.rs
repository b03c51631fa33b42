//! The provider for the Secrets Store CSI driver: what is asked for becomes files, which the driver writes.

use std::{collections::HashMap, future::Future, net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use crate::{
    Error, Trust,
    attributes::{self, Unknown, requested_mode},
    fetch::{Manner, fetch},
    grpc,
    health::Health,
    keyed::Keyed,
    objects::{Object, Path, Pick},
    proto::provider::csi_driver_provider_server::CsiDriverProviderServer,
    reply::Bytes,
    sessions::Sessions,
    socket::Socket,
};

/// The driver gives up after two minutes.
const PATIENCE: Duration = Duration::from_secs(60);
/// The driver takes answers of 4 MiB, with all that is around the files.
const MOST: usize = 3 << 20;

/// What the provider is told when it is started.
#[derive(Debug)]
pub struct Config {
    pub trust: Trust,
    pub endpoint: PathBuf,
    pub health: Option<SocketAddr>,
    /// A file with the key of all nodes' versions; without one this process has its own.
    pub version_key: Option<PathBuf>,
}

/// Serves until `end` comes.
pub async fn run(config: Config, end: impl Future<Output = ()>) -> Result<(), Error> {
    let keyed = match &config.version_key {
        Some(file) => {
            let key = std::fs::read(file).map(zeroize::Zeroizing::new);
            Keyed::new(&key.map_err(Error::io("read the key of versions"))?)?
        }
        None => Keyed::random()?,
    };
    let provider = Provider { sessions: Sessions::new(&config.trust)?, keyed, trust: config.trust };
    let socket = Socket::bind(&config.endpoint, "provider")?;
    let health = match config.health {
        Some(address) => Some(Health::bind(address).await?),
        None => None,
    };
    let service = CsiDriverProviderServer::new(grpc::provider::Served(Arc::new(provider)))
        .max_decoding_message_size(grpc::LARGEST);
    tracing::info!("the provider listens");
    let serving = grpc::serve(grpc::server().add_service(service), socket, end);
    match health {
        Some(health) => tokio::select! {
            served = serving => served,
            () = health.serve() => Ok(()),
        },
        None => serving.await,
    }
}

pub(crate) struct Provider {
    trust: Trust,
    sessions: Sessions,
    keyed: Keyed,
}

/// As the driver writes it.
pub(crate) struct Asked {
    pub(crate) attributes: String,
    pub(crate) secrets: String,
    pub(crate) target: String,
    pub(crate) permission: String,
}

pub(crate) struct Mounted {
    pub(crate) versions: Vec<(String, String)>,
    pub(crate) files: Vec<File>,
}

pub(crate) struct File {
    pub(crate) path: String,
    pub(crate) mode: u32,
    pub(crate) contents: Bytes,
}

impl Provider {
    pub(crate) async fn mount(&self, asked: Asked) -> Result<Mounted, Error> {
        let given = map("attributes", &asked.attributes)?;
        let secrets = map("secrets", &asked.secrets)?;
        let mode = requested_mode(&asked.permission)?;
        let wish = attributes::read(&given, &secrets, &self.trust, Unknown::Ignore)?;
        // Rule 120: the driver writes there, but not for another pod with our help.
        if !asked.target.split('/').any(|it| it == wish.identity.pod.uid) {
            return Err(Error::Target("is not below the directory of this pod"));
        }
        let session = self.sessions.of(&wish)?;
        let manner = Manner { mount: &self.trust.mount, hold: None, most: MOST };
        let reading = fetch(&session, &wish.identity, &wish.objects, manner);
        let fetched = tokio::time::timeout(PATIENCE, reading).await.map_err(|_| Error::Timeout)?;
        session.tidy().await;
        let files = fetched?.files;
        let versions = wish.objects.iter().zip(1..).map(|(object, number)| {
            let said = serde_json::to_vec(object).unwrap_or_default();
            let own = files.iter().filter(|it| it.object == number);
            let parts = own.flat_map(|it| [it.name.as_str().as_bytes(), it.bytes.as_slice()]);
            let version = self.keyed.version(std::iter::once(said.as_slice()).chain(parts));
            (id(object), version)
        });
        let versions = versions.collect();
        let files = files.into_iter().map(|it| File {
            path: it.name.as_str().to_owned(),
            mode: it.mode.or(wish.mode).unwrap_or(mode),
            contents: it.bytes,
        });
        Ok(Mounted { versions, files: files.collect() })
    }
}

/// The file's name, or what is asked where there are several.
fn id(object: &Object) -> String {
    match (&object.pick, &object.ask.path) {
        (Pick::Whole(file) | Pick::Field { file, .. } | Pick::Each(Some(file)) | Pick::Typed(file), _) => {
            file.clone()
        }
        (Pick::Each(None), Path::Api(path) | Path::Typed(path)) => path.clone(),
    }
}

fn map(key: &'static str, text: &str) -> Result<HashMap<String, String>, Error> {
    match text {
        "" | "null" => Ok(HashMap::new()),
        text => {
            serde_json::from_str(text).map_err(|_| Error::Attribute { key, why: "is no JSON map of texts" })
        }
    }
}
