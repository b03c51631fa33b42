//! `auth/token/renew`, `renew-self`, `renew-accessor`.

use serde::Deserialize;
use strongroom_api::params::{Seconds, Text};

use super::lookup::{ByAccessor, own};
use crate::{
    crypto::SecretBytes,
    dispatch::Cx,
    error::{Error, Result},
    mounts::Mounted,
    response::Response,
    route::{Kind, Route, action, field, in_tx},
    tokens::{
        Selector, Token,
        params::TokenParams,
        ttl::{self, Limits, Wanted},
    },
    tx::Tx,
};

pub(super) const ROUTES: &[Route] = &[
    Route {
        pattern: "renew",
        summary: "Gives a token more time.",
        endpoints: &[
            action(in_tx!(renew)).fields(&[field("increment", Kind::Duration), field("token", Kind::Secret)])
        ],
    },
    Route {
        pattern: "renew-self",
        summary: "Gives the token that asks more time.",
        endpoints: &[action(in_tx!(renew_self))
            .fields(&[field("increment", Kind::Duration), field("token", Kind::Secret)])],
    },
    Route {
        pattern: "renew-accessor",
        summary: "Gives the token with an accessor more time.",
        endpoints: &[action(in_tx!(renew_accessor))
            .fields(&[field("accessor", Kind::Text), field("increment", Kind::Duration)])],
    },
];

#[derive(Deserialize)]
struct Increment {
    increment: Option<Seconds>,
}

#[derive(Deserialize)]
struct Named {
    token: Option<Text>,
}

async fn renew(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    let text = cx.fields::<Named>()?.token.map(|it| it.0).unwrap_or_default();
    if text.is_empty() {
        return Err(Error::invalid("missing token ID"));
    }
    let open = cx.open()?;
    let found = open.tokens.find(open, text.as_bytes(), cx.now).await?;
    let token = found.ok_or_else(|| Error::invalid("token not found"))?;
    extend(cx, tx, &token, SecretBytes::from(text)).await
}

async fn renew_self(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    let (token, text) = own(cx)?;
    extend(cx, tx, token, SecretBytes::copy_of(text.as_bytes())).await
}

async fn renew_accessor(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    let accessor = cx.fields::<ByAccessor>()?.text()?;
    let open = cx.open()?;
    let found = open.tokens.find_by_accessor(open, &accessor, cx.now).await?;
    let token = found.ok_or_else(|| Error::invalid("invalid accessor"))?;
    // Whoever has an accessor is not told the token.
    extend(cx, tx, &token, SecretBytes::default()).await
}

async fn extend(cx: &Cx<'_>, tx: &mut Tx, token: &Token, id: SecretBytes) -> Result<Response> {
    let increment = cx.fields::<Increment>()?.increment.map_or_else(Default::default, |it| it.0);
    let selector = token.selector().ok_or_else(|| Error::invalid("batch tokens cannot be renewed"))?;
    let open = cx.open()?;
    let place = open.tokens.place(tx.store(), selector);
    let found = tx.get::<Token>(&place).await?.filter(|it| it.is_live_but_for_uses(cx.now));
    let mut token = found.ok_or_else(|| Error::invalid("token not found"))?;
    if !token.renewable || token.expires.is_none() {
        return Err(Error::invalid("lease is not renewable"));
    }
    let mut wanted = Wanted {
        ttl: if increment.is_zero() { token.granted_ttl } else { increment },
        period: token.period,
        max_ttl: token.max_ttl,
        explicit_max_ttl: token.explicit_max_ttl,
    };
    // The limits of whoever made it, as they are now and not as they were then.
    let mounts = open.mounts.current(&open.store).await?;
    let (owner, _) = mounts.owner(&token.path).ok_or_else(|| Error::invalid("lease is not renewable"))?;
    let by_owner = match by_owner(cx, owner, tx, &token).await {
        Err(Error::NotFound) => return Ok(Response::empty()),
        outcome => outcome?,
    };
    if let Some(now) = by_owner {
        wanted.period = now.period;
        wanted.max_ttl = now.max_ttl;
        // Rule 40: an end that a token was made with stays; one that its role has been given since is added.
        wanted.explicit_max_ttl = [token.explicit_max_ttl, now.explicit_max_ttl]
            .into_iter()
            .filter(|it| !it.is_zero())
            .min()
            .unwrap_or_default();
    }
    let limits = Limits::of(&owner.mount.config, cx.core.settings());
    let given = ttl::give(limits, wanted, token.created, cx.now)?;
    token.granted_ttl = given.ttl;
    token.expires = Some(cx.now.plus(given.ttl));
    token.renewed = Some(cx.now);
    tx.put(&place, &token)?;
    let accessor = open.tokens.accessor(Selector(token.selector));
    let identity = open.tokens.identity(open, &token).await?.map(|it| it.sorted()).unwrap_or_default();
    let mut auth = crate::tokens::issue::auth(&token, id, accessor, given.ttl, identity);
    auth.orphan = open.tokens.is_orphan(&open.store, &token).await?;
    let mut response = Response::auth(auth);
    response.warnings.extend(given.warning);
    Ok(response)
}

/// What whoever made a token says to its renewal.
async fn by_owner(cx: &Cx<'_>, owner: &Mounted, tx: &mut Tx, token: &Token) -> Result<Option<TokenParams>> {
    owner.engine.may_renew(cx, &owner.mount, tx, token).await?;
    owner.engine.renew(&owner.mount, tx, token).await
}
