//! `sys/rotate`, `sys/rotate/config`, `sys/key-status`: the term that seals.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use strongroom_api::params::{Bool, Integer, Seconds};

use crate::{
    dispatch::Cx,
    error::{Error, Result},
    response::Response,
    route::{Kind, Route, action, field, in_tx, outside, read},
    seal::rotate::{self, LEAST_INTERVAL, LEAST_OPERATIONS, MOST_OPERATIONS, Rotation},
    tx::Tx,
};

pub(crate) const ROUTES: &[Route] = &[
    Route {
        pattern: "rotate/config",
        summary: "When a new term is made by itself.",
        endpoints: &[
            read(in_tx!(read_config)),
            action(in_tx!(write_config)).sudo().fields(&[
                field("enabled", Kind::Bool),
                field("max_operations", Kind::Integer),
                field("interval", Kind::Duration),
            ]),
        ],
    },
    Route {
        pattern: "rotate",
        summary: "Makes a new term: what is written from now on is sealed under it.",
        endpoints: &[action(outside!(make)).sudo()],
    },
    Route {
        pattern: "rotate/keyring",
        summary: "Makes a new term: what is written from now on is sealed under it.",
        endpoints: &[action(outside!(make)).sudo()],
    },
    Route {
        pattern: "key-status",
        summary: "The term that seals, since when, and how much it has sealed.",
        endpoints: &[read(in_tx!(status))],
    },
];

async fn make(cx: &Cx<'_>) -> Result<Response> {
    cx.core.rotate().await?;
    Ok(Response::empty())
}

#[derive(Serialize)]
struct Status {
    encryptions: u64,
    install_time: String,
    term: u32,
}

async fn status(cx: &Cx<'_>, _: &mut Tx) -> Result<Response> {
    let status = cx.core.term_status(cx.open()?);
    Response::repeated(&Status {
        encryptions: status.encryptions,
        install_time: status.installed.rfc3339(),
        term: status.term,
    })
}

#[derive(Serialize)]
struct ConfigBody {
    enabled: bool,
    interval: Interval,
    max_operations: i64,
}

/// Zero is a number, all else text: as OpenBao has it.
#[derive(Serialize)]
#[serde(untagged)]
enum Interval {
    Never(u8),
    Every(String),
}

async fn read_config(_: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    let place = rotate::place(tx.store());
    let config = tx.get::<Rotation>(&place).await?.unwrap_or_default();
    let interval = match config.interval {
        Duration::ZERO => Interval::Never(0),
        interval => Interval::Every(go_duration(interval)),
    };
    Response::data(&ConfigBody { enabled: config.enabled, interval, max_operations: config.max_operations })
}

/// Whole seconds as Go prints them: `48h0m0s`.
fn go_duration(duration: Duration) -> String {
    let seconds = duration.as_secs();
    format!("{}h{}m{}s", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

#[derive(Deserialize)]
struct ConfigFields {
    enabled: Option<Bool>,
    max_operations: Option<Integer>,
    interval: Option<Seconds>,
}

async fn write_config(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    let fields: ConfigFields = cx.fields()?;
    let place = rotate::place(tx.store());
    let mut config = tx.get::<Rotation>(&place).await?.unwrap_or_default();
    if let Some(most) = fields.max_operations {
        if !(LEAST_OPERATIONS..=MOST_OPERATIONS).contains(&most.0) {
            return Err(Error::invalid(format!(
                "max_operations must be in the range [{LEAST_OPERATIONS},{MOST_OPERATIONS}]"
            )));
        }
        config.max_operations = most.0;
    }
    if let Some(interval) = fields.interval {
        if !interval.0.is_zero() && interval.0 < LEAST_INTERVAL {
            let least = go_duration(LEAST_INTERVAL);
            return Err(Error::invalid(format!("interval must be greater or equal to {least}")));
        }
        config.interval = interval.0;
    }
    config.enabled = fields.enabled.map_or(config.enabled, |it| it.0);
    tx.put(&place, &config)?;
    Ok(Response::empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_print_as_go_prints_them() {
        assert_eq!(go_duration(Duration::from_secs(172_800)), "48h0m0s");
        assert_eq!(go_duration(Duration::from_secs(90_061)), "25h1m1s");
    }
}
