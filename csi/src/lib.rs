//! Secrets as volumes of Kubernetes.
//!
//! Two programs, which share all but their ends:
//!
//! - the *node driver* ([`node`]) is a CSI driver of its own: kubelet asks it for a volume, and it mounts a tmpfs with
//!   the pod's secrets and keeps it fresh;
//! - the *provider* ([`provider`]) serves the Secrets Store CSI driver, which writes the files itself.
//!
//! ```text
//! socket -> grpc -> attributes -> identity -> session -> fetch -> files -> volumes (node)
//!                                                                   `----> answer  (provider)
//! ```
//!
//! What speaks gRPC lies in `grpc/` and decides nothing; the rest knows no gRPC. A pod is who its service-account token
//! says it is: whatever else a request holds is a hint, and is refused if it does not fit.

mod allow;
mod attributes;
mod error;
mod fetch;
mod grpc;
mod health;
mod identity;
mod keyed;
pub mod node;
mod objects;
pub mod proto;
pub mod provider;
mod redact;
mod reply;
mod server;
mod session;
mod sessions;
mod simple;
mod socket;
mod volumes;
mod yaml;

pub use allow::{Allowed, BadAllowance};
pub use error::Error;
pub use server::Trust;
