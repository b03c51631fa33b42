//! `v1alpha1.CSIDriverProvider`: the Secrets Store CSI driver's side.

use std::sync::Arc;

use tonic::{Request, Response, Status};

use super::{status, whole};
use crate::{
    proto::provider::{
        File, MountRequest, MountResponse, ObjectVersion, VersionRequest, VersionResponse,
        csi_driver_provider_server::CsiDriverProvider,
    },
    provider::{Asked, Provider},
};

pub(crate) struct Served(pub(crate) Arc<Provider>);

#[tonic::async_trait]
impl CsiDriverProvider for Served {
    async fn version(&self, _: Request<VersionRequest>) -> Result<Response<VersionResponse>, Status> {
        Ok(Response::new(VersionResponse {
            version: "v1alpha1".to_owned(),
            runtime_name: "strongroom-csi-provider".to_owned(),
            runtime_version: env!("CARGO_PKG_VERSION").to_owned(),
        }))
    }

    async fn mount(&self, request: Request<MountRequest>) -> Result<Response<MountResponse>, Status> {
        let request = request.into_inner();
        tracing::debug!(?request, "asked");
        let provider = self.0.clone();
        let MountRequest { attributes, secrets, target_path, permission, .. } = request;
        let asked = Asked { attributes, secrets, target: target_path, permission };
        let done = whole(async move { provider.mount(asked).await }).await;
        let mounted = done.map_err(|it| status("Mount", "", &it))?;
        let file = |it: crate::provider::File| File {
            path: it.path,
            mode: i32::try_from(it.mode).unwrap_or(0o400),
            contents: it.contents.to_vec(),
        };
        let version = |(id, version)| ObjectVersion { id, version };
        Ok(Response::new(MountResponse {
            object_version: mounted.versions.into_iter().map(version).collect(),
            error: None,
            files: mounted.files.into_iter().map(file).collect(),
        }))
    }
}
