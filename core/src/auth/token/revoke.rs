//! `auth/token/revoke`, `revoke-self`, `revoke-accessor`, `revoke-orphan`.

use super::lookup::{ByAccessor, ByToken, own};
use crate::{
    dispatch::Cx,
    error::{Error, Result},
    response::Response,
    route::{Kind, Route, action, field, in_tx},
    tokens::{Selector, Token},
    tx::Tx,
};

pub(super) const ROUTES: &[Route] = &[
    Route {
        pattern: "revoke",
        summary: "Ends a token and everything below it.",
        endpoints: &[action(in_tx!(revoke)).fields(&[field("token", Kind::Secret)])],
    },
    Route {
        pattern: "revoke-self",
        summary: "Ends the token that asks, and everything below it.",
        endpoints: &[action(in_tx!(revoke_self)).fields(&[field("token", Kind::Secret)])],
    },
    Route {
        pattern: "revoke-accessor",
        summary: "Ends the token with an accessor, and everything below it.",
        endpoints: &[action(in_tx!(revoke_accessor)).fields(&[field("accessor", Kind::Text)])],
    },
    Route {
        pattern: "revoke-orphan",
        summary: "Ends a token; its children live on as orphans.",
        endpoints: &[action(in_tx!(revoke_orphan)).fields(&[field("token", Kind::Secret)])],
    },
];

async fn revoke(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    if let Some(token) = named(cx, tx).await? {
        cx.open()?.tokens.revoke(tx, token, cx.now)?;
    }
    Ok(Response::empty())
}

async fn revoke_self(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    let (token, _) = own(cx)?;
    let selector = token.selector().ok_or_else(batch)?;
    if let Some(token) = stored(cx, tx, selector).await? {
        cx.open()?.tokens.revoke(tx, token, cx.now)?;
    }
    Ok(Response::empty())
}

async fn revoke_accessor(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    let accessor = cx.fields::<ByAccessor>()?.text()?;
    let open = cx.open()?;
    let found = open.tokens.find_by_accessor(open, &accessor, cx.now).await?;
    let token = match found.and_then(|it| it.selector()) {
        Some(selector) => stored(cx, tx, selector).await?,
        None => None,
    };
    let Some(token) = token else {
        return Ok(Response::empty().warn("No token found with this accessor"));
    };
    open.tokens.revoke(tx, token, cx.now)?;
    Ok(Response::empty())
}

async fn revoke_orphan(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    let grant = cx.grant()?;
    let token = named(cx, tx).await;
    if token.as_ref().err().is_none_or(|it| !is_missing(it)) && !grant.is_root() && !grant.has_sudo() {
        return Err(Error::invalid("root or sudo privileges required to revoke and orphan"));
    }
    let token = token?.ok_or_else(|| Error::invalid("token to revoke not found"))?;
    cx.open()?.tokens.release(tx, token, cx.now)?;
    Ok(Response::empty())
}

const MISSING: &str = "missing token ID";

fn is_missing(error: &Error) -> bool {
    matches!(error, Error::Invalid(text) if text == MISSING)
}

fn batch() -> Error {
    Error::invalid("batch tokens cannot be revoked")
}

/// The live token that the request names, as the transaction sees it.
async fn named(cx: &Cx<'_>, tx: &mut Tx) -> Result<Option<Token>> {
    let fields: ByToken = cx.fields()?;
    let text = fields.token.map(|it| it.0).unwrap_or_default();
    if text.is_empty() {
        return Err(Error::invalid(MISSING));
    }
    let open = cx.open()?;
    match open.tokens.find(open, text.as_bytes(), cx.now).await? {
        Some(token) => stored(cx, tx, token.selector().ok_or_else(batch)?).await,
        None => Ok(None),
    }
}

async fn stored(cx: &Cx<'_>, tx: &mut Tx, selector: Selector) -> Result<Option<Token>> {
    let place = cx.open()?.tokens.place(tx.store(), selector);
    tx.get::<Token>(&place).await
}
