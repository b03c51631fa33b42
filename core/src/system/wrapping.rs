//! `sys/wrapping/`: wrapping what the client sends, and opening what was wrapped.

use serde::Deserialize;
use strongroom_api::params::Text;

use crate::{
    crypto::SecretBytes,
    dispatch::Cx,
    error::{Error, Result},
    response::{Raw, Response},
    route::{Field, Kind, Route, action, field, in_tx, read},
    secrets::{self, cubbyhole},
    tokens::Token,
    tx::Tx,
    wrapping::{self, Facts, Kept, invalid, is_wrapping},
};

const TOKEN: &[Field] = &[field("token", Kind::Secret)];

pub(super) const ROUTES: &[Route] = &[
    Route {
        pattern: "wrapping/wrap",
        summary: "Wraps the request's own fields.",
        endpoints: &[action(in_tx!(wrap)).any_fields()],
    },
    Route {
        pattern: "wrapping/unwrap",
        summary: "Takes out what was wrapped, once.",
        endpoints: &[action(in_tx!(unwrap)).fields(TOKEN)],
    },
    Route {
        pattern: "wrapping/rewrap",
        summary: "Wraps what was wrapped again, under a new token.",
        endpoints: &[action(in_tx!(rewrap)).fields(TOKEN)],
    },
    Route {
        pattern: "wrapping/lookup",
        summary: "When and where a wrapping token was made. Does not use it up.",
        // Whoever holds the token may ask.
        endpoints: &[
            action(in_tx!(lookup)).fields(TOKEN).unauth(),
            read(in_tx!(lookup)).fields(TOKEN).unauth(),
        ],
    },
];

#[derive(Deserialize)]
struct ByToken {
    token: Option<Text>,
}

async fn wrap(cx: &Cx<'_>, _: &mut Tx) -> Result<Response> {
    if cx.request.wrap_ttl.is_none_or(|it| it.is_zero()) {
        return Err(Error::invalid("endpoint requires response wrapping to be used"));
    }
    // The pipeline wraps it, as it does every answer.
    Ok(Response { data: Some(secrets::object(&cx.request.body)?), ..Response::default() })
}

async fn unwrap(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    let (_, body) = take(cx, tx).await?;
    let raw = Raw { content_type: "application/json", body };
    Ok(Response { status: Some(200), raw: Some(raw), ..Response::default() })
}

async fn rewrap(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    let (token, text) = take(cx, tx).await?;
    let kept =
        Kept { text: &text, ttl: token.creation_ttl, creation_path: &token.path, wrapped_accessor: None };
    wrapping::keep(cx, tx, kept).await
}

async fn lookup(cx: &Cx<'_>, _: &mut Tx) -> Result<Response> {
    let fields: ByToken = cx.fields()?;
    let named = fields.token.map(|it| SecretBytes::from(it.0)).filter(|it| !it.is_empty());
    let text = named.as_ref().map(SecretBytes::expose).or_else(|| cx.presented.map(|it| it.expose()));
    let Some(text) = text else {
        return Err(Error::denied("error validating wrapping token: token is empty"));
    };
    let open = cx.open()?;
    let token = open.tokens.find(open, text, cx.now).await?.filter(|it| is_wrapping(it));
    Response::data(&Facts::of(&*token.ok_or_else(invalid)?))
}

/// Takes an answer out and ends its token, in one transaction: whoever else tries finds it changed.
async fn take(cx: &Cx<'_>, tx: &mut Tx) -> Result<(Token, SecretBytes)> {
    let open = cx.open()?;
    let fields: ByToken = cx.fields()?;
    let named = fields.token.map(|it| SecretBytes::from(it.0)).filter(|it| !it.is_empty());
    let presented = cx.presented.map(|it| it.expose());
    let other = named.as_ref().map(SecretBytes::expose).filter(|it| Some(*it) != presented);
    let (text, found) = match other {
        Some(text) => (text, open.tokens.find(open, text, cx.now).await?),
        // Admission has taken its only use: nobody else can come as far as this with it.
        None => (presented.ok_or_else(invalid)?, cx.caller.token().map(|it| std::sync::Arc::new(it.clone()))),
    };
    let selector = found.filter(|it| is_wrapping(it)).and_then(|it| it.selector()).ok_or_else(invalid)?;
    let place = open.tokens.place(tx.store(), selector);
    let token = tx.get::<Token>(&place).await?.ok_or_else(invalid)?;
    let is_live = match other {
        Some(_) => token.is_live(cx.now),
        None => token.is_live_but_for_uses(cx.now),
    };
    if !is_live {
        return Err(invalid());
    }
    let answer = cubbyhole::take_answer(tx, &token, text).await?.ok_or_else(invalid)?;
    open.tokens.revoke(tx, token.clone(), cx.now)?;
    Ok((token, answer))
}
