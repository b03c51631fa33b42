//! `csi.v1.Node`: kubelet's side of volumes.

use std::sync::Arc;

use tonic::{Request, Response, Status};

use super::{status, whole};
use crate::{
    Error,
    proto::csi::{
        NodeGetCapabilitiesRequest, NodeGetCapabilitiesResponse, NodeGetInfoRequest, NodeGetInfoResponse,
        NodeGetVolumeStatsRequest, NodeGetVolumeStatsResponse, NodePublishVolumeRequest,
        NodePublishVolumeResponse, NodeServiceCapability, NodeUnpublishVolumeRequest,
        NodeUnpublishVolumeResponse, VolumeCapability, VolumeUsage,
        node_server::Node,
        node_service_capability::{Rpc, Type, rpc},
        volume_capability::AccessType,
        volume_usage::Unit,
    },
    volumes::{Publish, Volumes},
};

pub(crate) struct Driver {
    pub(crate) node: String,
    pub(crate) volumes: Arc<Volumes>,
}

#[tonic::async_trait]
impl Node for Driver {
    async fn node_publish_volume(
        &self,
        request: Request<NodePublishVolumeRequest>,
    ) -> Result<Response<NodePublishVolumeResponse>, Status> {
        let request = request.into_inner();
        tracing::debug!(?request, "asked");
        let (id, volumes) = (request.volume_id.clone(), self.volumes.clone());
        let done = match wanted(request) {
            Ok(publish) => whole(async move { volumes.publish(publish).await }).await,
            Err(error) => Err(error),
        };
        done.map_err(|it| status("NodePublishVolume", &id, &it))?;
        Ok(Response::new(NodePublishVolumeResponse {}))
    }

    async fn node_unpublish_volume(
        &self,
        request: Request<NodeUnpublishVolumeRequest>,
    ) -> Result<Response<NodeUnpublishVolumeResponse>, Status> {
        let NodeUnpublishVolumeRequest { volume_id, target_path } = request.into_inner();
        let (id, volumes) = (volume_id.clone(), self.volumes.clone());
        let done = whole(async move { volumes.unpublish(&volume_id, &target_path).await }).await;
        done.map_err(|it| status("NodeUnpublishVolume", &id, &it))?;
        Ok(Response::new(NodeUnpublishVolumeResponse {}))
    }

    async fn node_get_volume_stats(
        &self,
        request: Request<NodeGetVolumeStatsRequest>,
    ) -> Result<Response<NodeGetVolumeStatsResponse>, Status> {
        let NodeGetVolumeStatsRequest { volume_id, volume_path } = request.into_inner();
        for (what, given) in [("volume id", &volume_id), ("volume path", &volume_path)] {
            if given.is_empty() {
                return Err(status("NodeGetVolumeStats", &volume_id, &Error::Missing(what)));
            }
        }
        let room = self.volumes.room(&volume_id, &volume_path).await;
        let room = room.map_err(|it| status("NodeGetVolumeStats", &volume_id, &it))?;
        let room = room.ok_or_else(|| Status::not_found("there is no such volume at that path"))?;
        let usage = |unit: Unit, total: u64, free: u64, size: u64| {
            let number = |it: u64| i64::try_from(it.saturating_mul(size)).unwrap_or(i64::MAX);
            let (total, available) = (number(total), number(free));
            VolumeUsage { available, total, used: total.saturating_sub(available), unit: unit.into() }
        };
        let bytes = usage(Unit::Bytes, room.f_blocks, room.f_bavail, room.f_frsize);
        let inodes = usage(Unit::Inodes, room.f_files, room.f_favail, 1);
        Ok(Response::new(NodeGetVolumeStatsResponse { usage: vec![bytes, inodes] }))
    }

    async fn node_get_capabilities(
        &self,
        _: Request<NodeGetCapabilitiesRequest>,
    ) -> Result<Response<NodeGetCapabilitiesResponse>, Status> {
        let can =
            |it: rpc::Type| NodeServiceCapability { r#type: Some(Type::Rpc(Rpc { r#type: it.into() })) };
        let capabilities = vec![can(rpc::Type::GetVolumeStats), can(rpc::Type::VolumeMountGroup)];
        Ok(Response::new(NodeGetCapabilitiesResponse { capabilities }))
    }

    async fn node_get_info(
        &self,
        _: Request<NodeGetInfoRequest>,
    ) -> Result<Response<NodeGetInfoResponse>, Status> {
        Ok(Response::new(NodeGetInfoResponse { node_id: self.node.clone() }))
    }
}

/// The request, taken apart. Which of its parts must be there is checked in the order of the specification.
fn wanted(request: NodePublishVolumeRequest) -> Result<Publish, Error> {
    if request.volume_id.is_empty() {
        return Err(Error::Missing("volume id"));
    }
    if request.target_path.is_empty() {
        return Err(Error::Missing("target path"));
    }
    let VolumeCapability { access_type, .. } =
        request.volume_capability.ok_or(Error::Missing("volume capability"))?;
    let group = match access_type {
        Some(AccessType::Mount(mount)) => mount.volume_mount_group,
        Some(AccessType::Block(_)) => return Err(Error::Volume("no block device: secrets are files")),
        None => return Err(Error::Missing("access type in the volume capability")),
    };
    Ok(Publish {
        volume: request.volume_id,
        target: request.target_path,
        group,
        context: request.volume_context,
        secrets: request.secrets,
    })
}
