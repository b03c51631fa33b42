//! `pluginregistration.Registration`: kubelet finds the driver.

use tokio::sync::mpsc;
use tonic::{Request, Response, Status};

use crate::proto::registration::{
    InfoRequest, PluginInfo, RegistrationStatus, RegistrationStatusResponse,
    registration_server::Registration,
};

pub(crate) struct Registrar {
    pub(crate) driver: String,
    /// The driver's socket, as kubelet calls it.
    pub(crate) endpoint: String,
    /// Told when kubelet does not want it.
    pub(crate) refused: mpsc::Sender<()>,
}

#[tonic::async_trait]
impl Registration for Registrar {
    async fn get_info(&self, _: Request<InfoRequest>) -> Result<Response<PluginInfo>, Status> {
        Ok(Response::new(PluginInfo {
            r#type: "CSIPlugin".to_owned(),
            name: self.driver.clone(),
            endpoint: self.endpoint.clone(),
            supported_versions: vec!["1.0.0".to_owned()],
        }))
    }

    async fn notify_registration_status(
        &self,
        request: Request<RegistrationStatus>,
    ) -> Result<Response<RegistrationStatusResponse>, Status> {
        let RegistrationStatus { plugin_registered, error } = request.into_inner();
        match plugin_registered {
            true => tracing::info!("kubelet has registered the driver"),
            false => {
                tracing::error!(error = ?error.get(..256).unwrap_or(&error), "kubelet has not registered the driver");
                // Whoever restarts us lets kubelet try again.
                let _ = self.refused.try_send(());
            }
        }
        Ok(Response::new(RegistrationStatusResponse {}))
    }
}
