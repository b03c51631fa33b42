//! The audit log: nothing is done without a record of the request, and nothing is said without one of the
//! answer.
//!
//! The life of a record: the pipeline opens a [`Trail`] when it knows who asks; [`line`] formats it for each
//! device, with secrets hashed by [`redact`]; the device's thread ([`device`]) puts the line into its
//! [`chain`] and writes it; then the request goes on. [`broker`] holds the devices, [`keeper`] looks after
//! them. [`verify`] and [`show`] read files, and need no store.
//!
//! The format is written down in docs/audit.md, so that others can check it.

mod broker;
mod chain;
mod clear;
mod config;
mod device;
mod file;
mod flood;
mod keeper;
mod line;
mod record;
mod redact;
pub mod show;
mod sink;
mod stored;
mod text;
mod trail;
pub mod verify;

pub use crate::system::settings::AuditedHeaders;
pub use broker::{Broker, Counters, DeviceStatus};
pub use chain::Head;
pub use config::{BadDevice, DeviceConfig, Rotation, SinkConfig, Sync};

pub(crate) use broker::{SealedEvent, probe, stored_device};
pub(crate) use config::with_slash;
pub(crate) use record::Record;
pub(crate) use stored::{KINDS, StoredDevice, device_place, put, remove, touch};
pub(crate) use trail::Trail;

use crate::{
    error::Result,
    request::{Operation, Request},
    response::Response,
};

/// An answer that may leave: it was recorded, or is one of the few that are exempt. Only this module makes
/// one, and the HTTP layer takes nothing else.
#[derive(Debug)]
pub struct Audited(Result<Response>);

impl Audited {
    /// For `sys/health`, `sys/seal-status` and `sys/leader`, which carry no secret and must answer when audit
    /// is blocked; and for what is answered while sealed, when there is no key to record it with.
    pub(crate) fn exempt(outcome: Result<Response>) -> Self {
        Self(outcome)
    }

    pub fn into_result(self) -> Result<Response> {
        self.0
    }
}

/// A value as a device writes it that hashes names too: for the fuzz target.
#[cfg(any(test, feature = "testing"))]
pub(crate) fn redacted(key: &crate::crypto::Key, json: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    redact::Redactor::new(key, true, true).value(&mut out, json, "", &[]);
    out
}

/// Whether a request is answered without a record.
pub(crate) fn is_exempt(request: &Request) -> bool {
    request.operation == Operation::Read
        && matches!(request.path.as_str(), "sys/health" | "sys/leader" | "sys/seal-status")
}
