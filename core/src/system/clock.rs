//! `sys/clock`: what the machine's clock says, and whether it is believed.

use serde::Serialize;

use crate::{
    dispatch::Cx,
    error::Result,
    response::Response,
    route::{Route, action, in_tx, outside, read},
    tx::Tx,
};

pub(crate) const ROUTES: &[Route] = &[
    Route {
        pattern: "clock",
        summary: "The time, and whether the clock has jumped forwards.",
        endpoints: &[read(in_tx!(status)).sudo()],
    },
    Route {
        pattern: "clock/confirm",
        summary: "Says that the clock is right although it has jumped: sweeping goes on.",
        endpoints: &[action(outside!(confirm)).sudo()],
    },
];

#[derive(Serialize)]
struct Status {
    now: String,
    /// Seconds that the clock is ahead of what has passed; zero if it is believed.
    jump: u64,
    sweeping: bool,
}

async fn status(cx: &Cx<'_>, _: &mut Tx) -> Result<Response> {
    let jump = cx.core.time().jump();
    Response::data(&Status {
        now: cx.now.rfc3339(),
        jump: jump.map_or(0, |it| it.as_secs()),
        sweeping: jump.is_none(),
    })
}

async fn confirm(cx: &Cx<'_>) -> Result<Response> {
    if let Some(jump) = cx.core.time().jump() {
        tracing::warn!(seconds = jump.as_secs(), "an operator confirmed that the clock is right");
    }
    cx.core.time().confirm();
    Ok(Response::empty())
}
