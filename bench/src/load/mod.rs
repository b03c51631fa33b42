//! The load: kept generators, and how their figures are read.

pub mod command;
pub mod handshake;
pub mod oha;
pub mod request;
pub mod result;
pub mod wrk;

use serde::{Deserialize, Serialize};

/// One round's figures. Times in microseconds.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Figures {
    pub per_second: f64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p50: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p99: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p999: Option<f64>,
    /// Of a hundred requests so many were refused with 503, "try again"; the rate is without them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<f64>,
    /// The rate that an open loop was to keep.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<f64>,
}
