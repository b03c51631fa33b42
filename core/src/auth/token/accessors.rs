//! `auth/token/accessors`.

use crate::{
    dispatch::Cx,
    error::Result,
    response::Response,
    route::{Route, in_tx, list},
    tx::Tx,
};

pub(super) const ROUTES: &[Route] = &[Route {
    pattern: "accessors",
    summary: "The accessors of all tokens.",
    endpoints: &[list(in_tx!(accessors)).sudo()],
}];

async fn accessors(cx: &Cx<'_>, _: &mut Tx) -> Result<Response> {
    let open = cx.open()?;
    Response::keys(&open.tokens.accessors(open, cx.now).await?)
}
