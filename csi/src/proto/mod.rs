//! The messages, as `proto/` has them. `tests/generated.rs` holds them to it.

#[allow(clippy::all, clippy::pedantic, missing_docs, unreachable_pub, unused_qualifications)]
#[rustfmt::skip]
#[path = "csi.v1.rs"]
pub mod csi;
#[allow(clippy::all, clippy::pedantic, missing_docs, unreachable_pub, unused_qualifications)]
#[rustfmt::skip]
#[path = "v1alpha1.rs"]
pub mod provider;
#[allow(clippy::all, clippy::pedantic, missing_docs, unreachable_pub, unused_qualifications)]
#[rustfmt::skip]
#[path = "pluginregistration.rs"]
pub mod registration;
