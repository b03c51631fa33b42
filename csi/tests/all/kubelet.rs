//! Kubelet's side: it finds the driver by its registration, and asks for volumes.

use std::{
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
};

use strongroom_csi::{
    Error, node,
    proto::{
        csi::{
            NodePublishVolumeRequest, NodePublishVolumeResponse, NodeUnpublishVolumeRequest,
            NodeUnpublishVolumeResponse, VolumeCapability,
            volume_capability::{AccessMode, AccessType, MountVolume},
        },
        registration::{InfoRequest, PluginInfo, RegistrationStatus, RegistrationStatusResponse},
    },
};
use tokio::{sync::oneshot, task::JoinHandle};
use tonic::Status;

use crate::{
    cluster::{Cluster, DRIVER, Pod},
    grpc::Socket,
    server::until,
};

/// A driver that runs, and kubelet's connection to it.
pub struct Driver {
    pub socket: Socket,
    pub info: PluginInfo,
    stop: oneshot::Sender<()>,
    running: JoinHandle<Result<(), Error>>,
}

impl Driver {
    pub async fn start(cluster: &Cluster) -> Self {
        Self::with(cluster, cluster.node()).await
    }

    /// Starts it and registers it, as kubelet's plugin watcher does.
    pub async fn with(cluster: &Cluster, config: node::Config) -> Self {
        let registration = cluster.kubelet().join("plugins_registry").join(format!("{DRIVER}-reg.sock"));
        let (stop, stopped) = oneshot::channel::<()>();
        let running = tokio::spawn(node::run(config, async {
            let _ = stopped.await;
        }));
        until("the driver listens", async || {
            assert!(!running.is_finished(), "the driver has ended");
            std::os::unix::net::UnixStream::connect(&registration).is_ok()
        })
        .await;
        let registrar = Socket::connect(&registration).await;
        let info: PluginInfo =
            registrar.call("/pluginregistration.Registration/GetInfo", InfoRequest {}).await.unwrap();
        let registered = RegistrationStatus { plugin_registered: true, error: String::new() };
        let _: RegistrationStatusResponse = registrar
            .call("/pluginregistration.Registration/NotifyRegistrationStatus", registered)
            .await
            .unwrap();
        let socket = Socket::connect(Path::new(&info.endpoint)).await;
        Self { socket, info, stop, running }
    }

    /// Ends it as SIGTERM does.
    pub async fn stop(self) -> Result<(), Error> {
        let _ = self.stop.send(());
        self.running.await.unwrap()
    }

    /// Ends it as SIGKILL does: nothing is done any more.
    pub async fn kill(self) {
        self.running.abort();
        let _ = self.running.await;
    }

    pub async fn publish(&self, request: NodePublishVolumeRequest) -> Result<(), Status> {
        let answer: Result<NodePublishVolumeResponse, Status> =
            self.socket.call("/csi.v1.Node/NodePublishVolume", request).await;
        answer.map(|_| ())
    }

    pub async fn unpublish(&self, volume: &str, target: &Path) -> Result<(), Status> {
        let request = NodeUnpublishVolumeRequest {
            volume_id: volume.to_owned(),
            target_path: target.to_str().unwrap().to_owned(),
        };
        let answer: Result<NodeUnpublishVolumeResponse, Status> =
            self.socket.call("/csi.v1.Node/NodeUnpublishVolume", request).await;
        answer.map(|_| ())
    }
}

/// Where kubelet wants a pod's volume; the directory above it is there.
pub fn target(cluster: &Cluster, pod: &Pod, volume: &str) -> PathBuf {
    let folder = cluster.kubelet().join("pods").join(&pod.uid).join("volumes/kubernetes.io~csi").join(volume);
    fs::create_dir_all(&folder).unwrap();
    folder.join("mount")
}

/// The call for an inline volume.
pub fn volume(
    cluster: &Cluster,
    pod: &Pod,
    id: &str,
    attributes: &[(&str, &str)],
) -> NodePublishVolumeRequest {
    let mut context: HashMap<String, String> = cluster.context(pod);
    context.extend(attributes.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())));
    NodePublishVolumeRequest {
        volume_id: id.to_owned(),
        target_path: target(cluster, pod, id).to_str().unwrap().to_owned(),
        volume_capability: Some(capability("")),
        readonly: true,
        volume_context: context,
        ..NodePublishVolumeRequest::default()
    }
}

pub fn capability(group: &str) -> VolumeCapability {
    VolumeCapability {
        access_mode: Some(AccessMode { mode: 1 }),
        access_type: Some(AccessType::Mount(MountVolume {
            volume_mount_group: group.to_owned(),
            ..MountVolume::default()
        })),
    }
}
