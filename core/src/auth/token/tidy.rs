//! `auth/token/tidy`.

use crate::{
    dispatch::Cx,
    error::Result,
    response::Response,
    route::{Route, action, in_tx},
    tx::Tx,
};

pub(super) const ROUTES: &[Route] = &[Route {
    pattern: "tidy",
    summary: "Removes what is left of dead tokens.",
    endpoints: &[action(in_tx!(tidy))],
}];

/// There is nothing to start: what has ended is dead when it is read, and purged in the background without
/// being told to. Clients expect the answer of a server that needs it.
async fn tidy(_: &Cx<'_>, _: &mut Tx) -> Result<Response> {
    Ok(Response::empty()
        .with_status(202)
        .warn("Dead tokens are removed in the background; there is nothing to start."))
}
