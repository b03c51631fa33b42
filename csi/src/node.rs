//! The node driver: kubelet finds it, and asks it for volumes.

use std::{future::Future, net::SocketAddr, path::PathBuf, sync::Arc};

use tokio::sync::{mpsc, watch};

pub use crate::volumes::Keeping;
use crate::{
    Error, Trust, grpc,
    health::Health,
    proto::{
        csi::{identity_server::IdentityServer, node_server::NodeServer},
        registration::registration_server::RegistrationServer,
    },
    socket::Socket,
    volumes::Volumes,
};

/// What the driver is told when it is started.
#[derive(Debug)]
pub struct Config {
    pub trust: Trust,
    pub keeping: Keeping,
    /// The node's name.
    pub node: String,
    /// The driver's name: what pods write.
    pub driver: String,
    /// Kubelet's directory, by the same name in our file system and in kubelet's.
    pub kubelet: PathBuf,
    /// The driver's socket; none: `plugins/DRIVER/csi.sock` in kubelet's directory.
    pub endpoint: Option<PathBuf>,
    /// Which volumes there are; none: beside the socket.
    pub state: Option<PathBuf>,
    pub health: Option<SocketAddr>,
}

/// Serves until `end` comes. Volumes stay as they are: the next driver finds them.
pub async fn run(config: Config, end: impl Future<Output = ()>) -> Result<(), Error> {
    if !is_name(&config.driver) {
        return Err(Error::Attribute {
            key: "driver-name",
            why: "must be 63 characters at most: letters, digits, dots, dashes, and a letter at both ends",
        });
    }
    if config.node.is_empty() || config.node.len() > 256 {
        return Err(Error::Missing("node id of 256 bytes at most"));
    }
    let endpoint = config
        .endpoint
        .unwrap_or_else(|| config.kubelet.join("plugins").join(&config.driver).join("csi.sock"));
    let own = endpoint.parent().ok_or(Error::Missing("directory for the socket"))?.to_owned();
    let registration = config.kubelet.join("plugins_registry").join(format!("{}-reg.sock", config.driver));
    // First the socket: who runs twice does not touch the volumes of the first.
    let socket = Socket::bind(&endpoint, "csi")?;
    let state = config.state.unwrap_or_else(|| own.join("volumes"));
    let volumes = Volumes::open(config.trust, config.keeping, &config.driver, &config.kubelet, &state)?;
    let volumes = Arc::new(volumes);
    let health = match config.health {
        Some(address) => Some(Health::bind(address).await?),
        None => None,
    };
    let (refused, mut was_refused) = mpsc::channel(1);
    let registrar = grpc::registration::Registrar {
        driver: config.driver.clone(),
        endpoint: endpoint.display().to_string(),
        refused,
    };
    let registry = Socket::bind(&registration, "registration")?;
    tracing::info!(volumes = volumes.count(), "the driver listens");

    let (stop, stopped) = watch::channel(false);
    let ended = |mut it: watch::Receiver<bool>| async move {
        let _ = it.wait_for(|it| *it).await;
    };
    let driver = grpc::node::Driver { node: config.node, volumes: volumes.clone() };
    let router = grpc::server()
        .add_service(IdentityServer::new(grpc::identity::Plugin { driver: config.driver }))
        .add_service(NodeServer::new(driver).max_decoding_message_size(grpc::LARGEST));
    #[cfg(feature = "sanity")]
    let router = router.add_service(crate::proto::csi::controller_server::ControllerServer::new(
        grpc::controller::Names::default(),
    ));
    let serving = grpc::serve(router, socket, ended(stopped.clone()));
    let registry =
        grpc::serve(grpc::server().add_service(RegistrationServer::new(registrar)), registry, ended(stopped));
    let healthy = async {
        match health {
            Some(health) => health.serve().await,
            None => std::future::pending().await,
        }
    };
    let both = async { tokio::try_join!(serving, registry).map(|_| ()) };
    tokio::pin!(both);
    let outcome = tokio::select! {
        served = &mut both => return served,
        () = healthy => Ok(()),
        () = volumes.keep() => Ok(()),
        _ = was_refused.recv() => Err(Error::NotRegistered),
        () = end => Ok(()),
    };
    stop.send_replace(true);
    // Whoever keeps a connection open does not keep us.
    let _ = tokio::time::timeout(std::time::Duration::from_secs(5), both).await;
    outcome
}

/// As the specification has it, and at the end a letter, which csi-sanity asks for.
fn is_name(name: &str) -> bool {
    let is_inner = |it: u8| it.is_ascii_alphanumeric() || matches!(it, b'-' | b'.' | b'_');
    name.len() <= 63
        && name.len() >= 2
        && name.bytes().all(is_inner)
        && name.starts_with(|it: char| it.is_ascii_alphabetic())
        && name.ends_with(|it: char| it.is_ascii_alphabetic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_driver_has_a_name_that_kubelet_takes() {
        for name in ["csi.strongroom.dev", "ab", "a-b.c"] {
            assert!(is_name(name), "{name}");
        }
        for name in ["", "a", "1a", "a1", "a/b", "../x", "a\nb", &"a".repeat(64)] {
            assert!(!is_name(name), "{name}");
        }
    }
}
