//! The cases of csi-sanity that a node plugin has, by their names there.
//!
//! Volumes are made as csi-sanity makes them, by the controller that only this build has.

use std::collections::HashMap;

use strongroom_csi::proto::csi::{
    CreateVolumeRequest, CreateVolumeResponse, GetPluginCapabilitiesRequest, GetPluginCapabilitiesResponse,
    GetPluginInfoRequest, GetPluginInfoResponse, NodeGetCapabilitiesRequest, NodeGetCapabilitiesResponse,
    NodeGetInfoRequest, NodeGetInfoResponse, NodeGetVolumeStatsRequest, NodeGetVolumeStatsResponse,
    NodePublishVolumeRequest, NodePublishVolumeResponse, NodeUnpublishVolumeRequest,
    NodeUnpublishVolumeResponse, ProbeRequest, ProbeResponse, node_service_capability::Type,
};
use tonic::{Code, Status};

use crate::{
    cluster::{Cluster, Pod, TOKENS},
    grpc::refused,
    kubelet::{Driver, capability, target},
    place::in_a_room,
};

/// What csi-sanity is given: parameters for its volumes, and secrets to publish them with.
struct Sanity {
    cluster: Cluster,
    driver: Driver,
    pod: Pod,
}

impl Sanity {
    async fn begin() -> Self {
        let cluster = Cluster::start().await;
        let driver = Driver::start(&cluster).await;
        let pod = cluster.pod(1);
        Self { cluster, driver, pod }
    }

    async fn call<A, B>(&self, method: &'static str, message: A) -> Result<B, Status>
    where
        A: prost::Message + 'static,
        B: prost::Message + Default + 'static,
    {
        self.driver.socket.call(method, message).await
    }

    /// A volume that the controller has made, to be published.
    async fn made(&self, name: &str) -> NodePublishVolumeRequest {
        let mut parameters: HashMap<String, String> = self.cluster.context(&self.pod);
        let tokens = parameters.remove(TOKENS).unwrap();
        parameters.insert("role".into(), "shop".into());
        parameters.insert("secrets".into(), "apps/shop/db".into());
        let request = CreateVolumeRequest {
            name: name.into(),
            volume_capabilities: vec![capability("")],
            parameters,
            ..CreateVolumeRequest::default()
        };
        let made: CreateVolumeResponse = self.call("/csi.v1.Controller/CreateVolume", request).await.unwrap();
        let volume = made.volume.unwrap();
        NodePublishVolumeRequest {
            target_path: target(&self.cluster, &self.pod, name).to_str().unwrap().to_owned(),
            volume_id: volume.volume_id,
            volume_capability: Some(capability("")),
            volume_context: volume.volume_context,
            secrets: HashMap::from([(TOKENS.to_owned(), tokens)]),
            ..NodePublishVolumeRequest::default()
        }
    }

    async fn publish(&self, request: NodePublishVolumeRequest) -> Result<NodePublishVolumeResponse, Status> {
        self.call("/csi.v1.Node/NodePublishVolume", request).await
    }

    async fn unpublish(&self, id: &str, path: &str) -> Result<NodeUnpublishVolumeResponse, Status> {
        let request = NodeUnpublishVolumeRequest { volume_id: id.into(), target_path: path.into() };
        self.call("/csi.v1.Node/NodeUnpublishVolume", request).await
    }

    async fn stats(&self, id: &str, path: &str) -> Result<NodeGetVolumeStatsResponse, Status> {
        let request = NodeGetVolumeStatsRequest { volume_id: id.into(), volume_path: path.into() };
        self.call("/csi.v1.Node/NodeGetVolumeStats", request).await
    }
}

/// A case by its place and name in csi-sanity.
macro_rules! case {
    ($name:ident, $module:literal, |$sanity:ident| $body:block) => {
        #[test]
        fn $name() {
            in_a_room(concat!($module, "::", stringify!($name)), async || {
                let $sanity = Sanity::begin().await;
                $body
                $sanity.driver.stop().await.unwrap();
            });
        }
    };
}

mod identity_service {
    use super::*;

    case!(
        get_plugin_capabilities_should_return_appropriate_capabilities,
        "sanity::identity_service",
        |sanity| {
            let answer: GetPluginCapabilitiesResponse = sanity
                .call("/csi.v1.Identity/GetPluginCapabilities", GetPluginCapabilitiesRequest {})
                .await
                .unwrap();
            assert_eq!(answer.capabilities.len(), 1, "the controller of this build, and nothing else");
        }
    );

    case!(probe_should_return_appropriate_information, "sanity::identity_service", |sanity| {
        let answer: ProbeResponse = sanity.call("/csi.v1.Identity/Probe", ProbeRequest {}).await.unwrap();
        assert_eq!(answer.ready, Some(true));
    });

    case!(get_plugin_info_should_return_appropriate_information, "sanity::identity_service", |sanity| {
        let answer: GetPluginInfoResponse =
            sanity.call("/csi.v1.Identity/GetPluginInfo", GetPluginInfoRequest {}).await.unwrap();
        let (name, inner) = (answer.name, |it: u8| it.is_ascii_alphanumeric() || b"-._".contains(&it));
        assert!(name.len() <= 63 && name.bytes().all(inner), "{name}");
        assert!(name.starts_with(char::is_alphabetic) && name.ends_with(char::is_alphabetic), "{name}");
        assert!(!answer.vendor_version.is_empty());
    });
}

mod node_service {
    use super::*;

    case!(node_get_capabilities_should_return_appropriate_capabilities, "sanity::node_service", |sanity| {
        let answer: NodeGetCapabilitiesResponse =
            sanity.call("/csi.v1.Node/NodeGetCapabilities", NodeGetCapabilitiesRequest {}).await.unwrap();
        let known = |it: &_| matches!(it, Some(Type::Rpc(rpc)) if (1..=6).contains(&rpc.r#type));
        assert!(!answer.capabilities.is_empty() && answer.capabilities.iter().all(|it| known(&it.r#type)));
    });

    case!(node_get_info_should_return_appropriate_values, "sanity::node_service", |sanity| {
        let answer: NodeGetInfoResponse =
            sanity.call("/csi.v1.Node/NodeGetInfo", NodeGetInfoRequest {}).await.unwrap();
        assert_eq!(answer.node_id, "node-1");
    });

    case!(node_publish_volume_should_fail_when_no_volume_id_is_provided, "sanity::node_service", |sanity| {
        let request = NodePublishVolumeRequest::default();
        refused(sanity.publish(request).await, Code::InvalidArgument, "volume id");
    });

    case!(
        node_publish_volume_should_fail_when_no_target_path_is_provided,
        "sanity::node_service",
        |sanity| {
            let request = NodePublishVolumeRequest { volume_id: "id".into(), ..Default::default() };
            refused(sanity.publish(request).await, Code::InvalidArgument, "target path");
        }
    );

    case!(
        node_publish_volume_should_fail_when_no_volume_capability_is_provided,
        "sanity::node_service",
        |sanity| {
            let request = NodePublishVolumeRequest {
                volume_id: "id".into(),
                target_path: "/target".into(),
                ..Default::default()
            };
            refused(sanity.publish(request).await, Code::InvalidArgument, "volume capability");
        }
    );

    case!(
        node_unpublish_volume_should_fail_when_no_volume_id_is_provided,
        "sanity::node_service",
        |sanity| {
            refused(sanity.unpublish("", "").await, Code::InvalidArgument, "volume id");
        }
    );

    case!(
        node_unpublish_volume_should_fail_when_no_target_path_is_provided,
        "sanity::node_service",
        |sanity| {
            refused(sanity.unpublish("id", "").await, Code::InvalidArgument, "target path");
        }
    );

    case!(node_unpublish_volume_should_remove_target_path, "sanity::node_service", |sanity| {
        let request = sanity.made("removed").await;
        let (id, path) = (request.volume_id.clone(), request.target_path.clone());
        sanity.publish(request).await.unwrap();
        assert!(std::path::Path::new(&path).exists());
        sanity.unpublish(&id, &path).await.unwrap();
        assert!(!std::path::Path::new(&path).exists());
    });

    // NodeStageVolume and NodeUnstageVolume are not offered: csi-sanity skips their six cases, and whoever calls them
    // all the same is told so.
    case!(node_stage_volume_is_not_supported, "sanity::node_service", |sanity| {
        for method in [
            "/csi.v1.Node/NodeStageVolume",
            "/csi.v1.Node/NodeUnstageVolume",
            "/csi.v1.Node/NodeExpandVolume",
        ] {
            let answer: Result<NodePublishVolumeResponse, Status> =
                sanity.call(method, NodePublishVolumeRequest::default()).await;
            refused(answer, Code::Unimplemented, "");
        }
    });

    case!(
        node_get_volume_stats_should_fail_when_no_volume_id_is_provided,
        "sanity::node_service",
        |sanity| {
            refused(sanity.stats("", "some/path").await, Code::InvalidArgument, "volume id");
        }
    );

    case!(
        node_get_volume_stats_should_fail_when_no_volume_path_is_provided,
        "sanity::node_service",
        |sanity| {
            refused(sanity.stats("id", "").await, Code::InvalidArgument, "volume path");
        }
    );

    case!(node_get_volume_stats_should_fail_when_volume_is_not_found, "sanity::node_service", |sanity| {
        refused(sanity.stats("id", "some/path").await, Code::NotFound, "no such volume");
    });

    case!(
        node_get_volume_stats_should_fail_when_volume_does_not_exist_on_the_specified_path,
        "sanity::node_service",
        |sanity| {
            let request = sanity.made("elsewhere").await;
            let (id, path) = (request.volume_id.clone(), request.target_path.clone());
            sanity.publish(request).await.unwrap();
            refused(sanity.stats(&id, "some/path").await, Code::NotFound, "no such volume");
            assert_eq!(sanity.stats(&id, &path).await.unwrap().usage.len(), 2);
            sanity.unpublish(&id, &path).await.unwrap();
            refused(sanity.stats(&id, &path).await, Code::NotFound, "no such volume");
        }
    );

    case!(should_work, "sanity::node_service", |sanity| {
        let request = sanity.made("works").await;
        let (id, path) = (request.volume_id.clone(), request.target_path.clone());
        sanity.publish(request).await.unwrap();
        assert_eq!(crate::cluster::read(path.as_ref(), "db/password"), "rosebud");
        sanity.unpublish(&id, &path).await.unwrap();
    });

    case!(should_be_idempotent, "sanity::node_service", |sanity| {
        let request = sanity.made("twice").await;
        let (id, path) = (request.volume_id.clone(), request.target_path.clone());
        for _ in 0..2 {
            assert_eq!(sanity.made("twice").await.volume_id, id);
            for _ in 0..3 {
                sanity.publish(request.clone()).await.unwrap();
            }
            for _ in 0..3 {
                sanity.unpublish(&id, &path).await.unwrap();
            }
        }
        let holders = async || sanity.cluster.holders("secret/data/apps/shop/db").await.is_empty();
        crate::server::until("nothing is held any more", holders).await;
    });
}
