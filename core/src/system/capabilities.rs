//! `sys/capabilities`, `-self`, `-accessor`: what a token may do at a path.

use std::collections::BTreeMap;

use serde::Deserialize;
use strongroom_api::params::{List, Text};
use strongroom_policies::Acl;

use crate::{
    admission,
    dispatch::Cx,
    error::{Error, Result},
    policy::Bearer,
    response::Response,
    route::{Kind, Route, action, field, in_tx},
    tokens::{Token, stands},
    tx::Tx,
};

pub(crate) const ROUTES: &[Route] = &[
    Route {
        pattern: "capabilities",
        summary: "What a token may do at some paths.",
        endpoints: &[action(in_tx!(of_token)).fields(&[
            field("token", Kind::Secret),
            field("path", Kind::List),
            field("paths", Kind::List),
        ])],
    },
    Route {
        pattern: "capabilities-self",
        summary: "What the caller's token may do at some paths.",
        endpoints: &[action(in_tx!(of_self)).fields(&[
            field("token", Kind::Secret),
            field("path", Kind::List),
            field("paths", Kind::List),
        ])],
    },
    Route {
        pattern: "capabilities-accessor",
        summary: "What the token with an accessor may do at some paths.",
        endpoints: &[action(in_tx!(of_accessor)).fields(&[
            field("accessor", Kind::Text),
            field("path", Kind::List),
            field("paths", Kind::List),
        ])],
    },
];

#[derive(Deserialize)]
struct Fields {
    token: Option<Text>,
    accessor: Option<Text>,
    path: Option<Paths>,
    paths: Option<Paths>,
}

/// Paths as they are written: an empty one is a mistake, not nothing.
#[derive(Deserialize)]
#[serde(untagged)]
enum Paths {
    Many(Vec<String>),
    Text(List),
}

impl Paths {
    fn into_vec(self) -> Vec<String> {
        match self {
            Self::Many(paths) => paths,
            Self::Text(paths) => paths.0,
        }
    }
}

async fn of_self(cx: &Cx<'_>, _tx: &mut Tx) -> Result<Response> {
    let fields: Fields = cx.fields()?;
    let acl = admission::acl(cx.open()?, cx.caller, cx.now).await?;
    answer(&acl, fields)
}

async fn of_token(cx: &Cx<'_>, _tx: &mut Tx) -> Result<Response> {
    let fields: Fields = cx.fields()?;
    let text = fields.token.as_ref().map(|it| it.0.as_str()).filter(|it| !it.is_empty());
    let text = text.ok_or_else(|| Error::invalid("no token found"))?;
    let open = cx.open()?;
    let token = open.tokens.find(open, text.as_bytes(), cx.now).await?;
    let acl = acl(cx, &*token.ok_or_else(|| Error::invalid("invalid token"))?).await?;
    answer(&acl, fields)
}

async fn of_accessor(cx: &Cx<'_>, _tx: &mut Tx) -> Result<Response> {
    let fields: Fields = cx.fields()?;
    let accessor = fields.accessor.as_ref().map(|it| it.0.as_str()).filter(|it| !it.is_empty());
    let accessor = accessor.ok_or_else(|| Error::invalid("missing accessor"))?;
    let open = cx.open()?;
    let token = open.tokens.find_by_accessor(open, accessor, cx.now).await?;
    let acl = acl(cx, &*token.ok_or_else(|| Error::invalid("invalid accessor"))?).await?;
    answer(&acl, fields)
}

/// What a token's policies allow.
pub(super) async fn acl(cx: &Cx<'_>, token: &Token) -> Result<std::sync::Arc<Acl>> {
    let open = cx.open()?;
    let identity = open.tokens.identity(open, token).await?;
    if !stands(token, identity.as_deref()) {
        return Err(Error::invalid("invalid token"));
    }
    open.policies.acl(&open.store, Bearer::of(token, identity.as_deref()), cx.now).await
}

fn answer(acl: &Acl, fields: Fields) -> Result<Response> {
    let paths = fields.paths.map(Paths::into_vec).filter(|it| !it.is_empty());
    let paths = paths.or(fields.path.map(Paths::into_vec)).unwrap_or_default();
    if paths.is_empty() {
        return Err(Error::invalid("paths must be supplied"));
    }
    if paths.iter().any(String::is_empty) {
        return Err(Error::invalid("missing path"));
    }
    let mut all: BTreeMap<&str, Vec<&str>> =
        paths.iter().map(|path| (path.as_str(), acl.capabilities(path))).collect();
    // Where one path was asked for, also under the name that does not depend on it.
    if let [path] = paths.as_slice() {
        all.insert("capabilities", acl.capabilities(path));
    }
    Response::repeated(&all)
}
