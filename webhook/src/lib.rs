//! Pods that ask for secrets by annotations get an agent: an init container that brings them, and a sidecar that keeps
//! them fresh.
//!
//! The API server shows each new pod to [`decide()`], which answers a patch, or why the pod cannot be as it is. Nothing
//! of it reads a secret, asks a server or depends on anything but the pod and [`Settings`]; [`run()`] is the HTTPS
//! server around it, with a certificate that it makes for itself.
//!
//! Source of the annotations: developer.hashicorp.com/vault/docs/platform/k8s/injector/annotations.

pub mod annotations;
mod certificate;
mod config;
mod decide;
mod env;
mod error;
mod inject;
mod json;
mod kubernetes;
mod metrics;
mod patch;
mod pod;
mod review;
mod run;
mod serve;
mod settings;
mod wish;

pub use certificate::{Material, shared::Shared};
pub use decide::{Decided, Outcome, Refusal, decide};
pub use error::Error;
pub use kubernetes::Kubernetes;
pub use review::Malformed;
pub use run::{Certificate, Options, run};
pub use settings::{Allowed, Settings, Sidecars};
pub use wish::Phases;
