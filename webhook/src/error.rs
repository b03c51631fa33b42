//! Why the webhook cannot start or go on. What is wrong with one pod is a [`crate::decide::Refusal`].

use std::{io, path::PathBuf};

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{path}: {source}", path = path.display())]
    File { path: PathBuf, source: io::Error },
    #[error("{path}: no certificate or key that can be used", path = .0.display())]
    Unusable(PathBuf),
    #[error("cannot listen: {0}")]
    Listen(io::Error),
    #[error("TLS: {0}")]
    Tls(#[from] rustls::Error),
    #[error("a certificate cannot be made")]
    Certificate,
    #[error("this is no pod: {0} is not set")]
    NoCluster(&'static str),
    #[error("Kubernetes: {0}")]
    Kubernetes(#[from] Kube),
    #[error("setting {0}")]
    Setting(String),
}

/// What the API server, or the way to it, has to say. Bodies are not quoted: they may hold a Secret.
#[derive(Debug, thiserror::Error)]
pub enum Kube {
    #[error("cannot be reached: {0}")]
    Unreachable(String),
    #[error("answered {status} to {what}")]
    Status { status: u16, what: &'static str },
    #[error("answered something else than {0}")]
    Malformed(&'static str),
    /// Somebody else was first, and again.
    #[error("{0} was changed by others each time")]
    Contested(&'static str),
}
