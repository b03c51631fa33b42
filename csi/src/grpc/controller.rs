//! A controller that makes nothing: csi-sanity has no other way to come by volumes. It is in no build that is shipped.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use tonic::{Request, Response, Status};

use crate::proto::csi::{
    ControllerGetCapabilitiesRequest, ControllerGetCapabilitiesResponse, ControllerServiceCapability,
    CreateVolumeRequest, CreateVolumeResponse, DeleteVolumeRequest, DeleteVolumeResponse, PluginCapability,
    ValidateVolumeCapabilitiesRequest, ValidateVolumeCapabilitiesResponse, Volume,
    controller_server::Controller, controller_service_capability, plugin_capability,
    validate_volume_capabilities_response::Confirmed,
};

/// Volumes by their names: an id is `sanity-` and the name.
#[derive(Default)]
pub(crate) struct Names(Mutex<HashMap<String, i64>>);

pub(crate) fn service() -> PluginCapability {
    let service =
        plugin_capability::Service { r#type: plugin_capability::service::Type::ControllerService.into() };
    PluginCapability { r#type: Some(plugin_capability::Type::Service(service)) }
}

fn id(name: &str) -> String {
    format!("sanity-{name}")
}

#[tonic::async_trait]
impl Controller for Names {
    async fn create_volume(
        &self,
        request: Request<CreateVolumeRequest>,
    ) -> Result<Response<CreateVolumeResponse>, Status> {
        let CreateVolumeRequest { name, capacity_range, volume_capabilities, parameters } =
            request.into_inner();
        if name.is_empty() || volume_capabilities.is_empty() {
            return Err(Status::invalid_argument("a volume has a name and capabilities"));
        }
        let capacity_bytes = capacity_range.map_or(0, |it| it.required_bytes);
        let mut names = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if *names.entry(id(&name)).or_insert(capacity_bytes) != capacity_bytes {
            return Err(Status::already_exists("a volume of that name has another capacity"));
        }
        let volume = Volume { capacity_bytes, volume_id: id(&name), volume_context: parameters };
        Ok(Response::new(CreateVolumeResponse { volume: Some(volume) }))
    }

    async fn delete_volume(
        &self,
        request: Request<DeleteVolumeRequest>,
    ) -> Result<Response<DeleteVolumeResponse>, Status> {
        let id = request.into_inner().volume_id;
        if id.is_empty() {
            return Err(Status::invalid_argument("a volume has an id"));
        }
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
        Ok(Response::new(DeleteVolumeResponse {}))
    }

    async fn validate_volume_capabilities(
        &self,
        request: Request<ValidateVolumeCapabilitiesRequest>,
    ) -> Result<Response<ValidateVolumeCapabilitiesResponse>, Status> {
        let asked = request.into_inner();
        if asked.volume_id.is_empty() || asked.volume_capabilities.is_empty() {
            return Err(Status::invalid_argument("a volume has an id and capabilities"));
        }
        if !self.0.lock().unwrap_or_else(PoisonError::into_inner).contains_key(&asked.volume_id) {
            return Err(Status::not_found("there is no such volume"));
        }
        let confirmed = Confirmed {
            volume_context: asked.volume_context,
            volume_capabilities: asked.volume_capabilities,
        };
        Ok(Response::new(ValidateVolumeCapabilitiesResponse { confirmed: Some(confirmed) }))
    }

    async fn controller_get_capabilities(
        &self,
        _: Request<ControllerGetCapabilitiesRequest>,
    ) -> Result<Response<ControllerGetCapabilitiesResponse>, Status> {
        use controller_service_capability::{Rpc, Type, rpc};
        let can = Rpc { r#type: rpc::Type::CreateDeleteVolume.into() };
        let capabilities = vec![ControllerServiceCapability { r#type: Some(Type::Rpc(can)) }];
        Ok(Response::new(ControllerGetCapabilitiesResponse { capabilities }))
    }
}
