//! What kubelet tells a pod of its cluster, read here alone.

#![allow(clippy::disallowed_methods, reason = "the one place")]

/// Host and port of the API server.
pub(crate) fn api_server() -> Option<(String, u16)> {
    let host = std::env::var("KUBERNETES_SERVICE_HOST").ok()?;
    let port = std::env::var("KUBERNETES_SERVICE_PORT").ok()?.parse().ok()?;
    Some((host, port))
}
