//! `sys/internal/ui`: what a caller may know of the mounts. Command lines and libraries ask here where a path
//! lies before they read it.

use std::{collections::BTreeMap, sync::Arc};

use serde::Serialize;
use strongroom_policies::Acl;

use super::mounts::MountView;
use crate::{
    admission,
    dispatch::Cx,
    error::{Error, Result},
    mounts::{Mount, MountClass},
    response::Response,
    route::{Route, in_tx, read},
    tx::Tx,
};

pub(crate) const ROUTES: &[Route] = &[
    Route {
        pattern: "internal/ui/mounts",
        summary: "The mounts that the caller may see.",
        endpoints: &[read(in_tx!(visible)).unauth()],
    },
    Route {
        pattern: "internal/ui/mounts/{path...}",
        summary: "The mount that a path lies in.",
        // It checks the token itself: any capability below the mount will do, not one on this path.
        endpoints: &[read(in_tx!(owner)).unauth()],
    },
    Route {
        pattern: "internal/ui/resultant-acl",
        summary: "What the caller's policies come to.",
        endpoints: &[read(in_tx!(resultant))],
    },
];

/// The policies of whoever asks on a path that takes no token: none if there is no token. A wrong token is
/// refused.
pub(super) async fn visitor(cx: &Cx<'_>) -> Result<Option<Arc<Acl>>> {
    let open = cx.open()?;
    let Some(presented) = cx.presented else {
        let embedder = matches!(cx.request.peer, crate::request::Peer::Embedded);
        return Ok(embedder.then(|| open.policies.root()));
    };
    let known = open.tokens.authenticate(open, presented, cx.now).await?;
    known.may_be_used_from(&cx.request.peer)?;
    Ok(Some(super::capabilities::acl(cx, &known.token).await?))
}

#[derive(Default, Serialize)]
struct Visible<'a> {
    auth: BTreeMap<&'a str, Shown<'a>>,
    secret: BTreeMap<&'a str, Shown<'a>>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Shown<'a> {
    Whole(Box<MountView<'a>>),
    /// To those who are not signed in: enough to offer the mount.
    Public {
        description: &'a str,
        options: Option<&'a BTreeMap<String, String>>,
        #[serde(rename = "type")]
        kind: &'a str,
    },
}

async fn visible(cx: &Cx<'_>, _: &mut Tx) -> Result<Response> {
    let open = cx.open()?;
    let acl = visitor(cx).await?;
    let table = open.mounts.current(&open.store).await?;
    let mut out = Visible::default();
    for class in [MountClass::Auth, MountClass::Secret] {
        for mount in table.all(class) {
            if let Some(shown) = shown(acl.as_deref(), mount) {
                let list = if class == MountClass::Auth { &mut out.auth } else { &mut out.secret };
                list.insert(&mount.path, shown);
            }
        }
    }
    Response::data(&out)
}

/// Rule 60: a mount is shown to those who may touch something in it, and to all if it was set so.
fn shown<'a>(acl: Option<&Acl>, mount: &'a Mount) -> Option<Shown<'a>> {
    if acl.is_some_and(|it| it.any_under(&mount.full_path())) {
        return Some(Shown::Whole(Box::new(MountView::of(mount))));
    }
    (mount.config.listing_visibility == "unauth").then_some(Shown::Public {
        description: &mount.description,
        options: (!mount.options.is_empty()).then_some(&mount.options),
        kind: &mount.kind,
    })
}

#[derive(Serialize)]
struct Owner<'a> {
    #[serde(flatten)]
    mount: MountView<'a>,
    path: &'a str,
}

async fn owner(cx: &Cx<'_>, _: &mut Tx) -> Result<Response> {
    let open = cx.open()?;
    let acl = visitor(cx).await?.ok_or(Error::Denied)?;
    let path = format!("{}/", cx.param("path").trim_end_matches('/'));
    let table = open.mounts.current(&open.store).await?;
    let found = table.owner(&path).filter(|(it, _)| acl.any_under(&it.mount.full_path()));
    // Rule 60: the same words for a mount that is not there and for one that is not for the caller.
    let Some((mounted, _)) = found else {
        return Err(Error::denied(format!(
            "preflight capability check returned 403, please ensure client's policies grant access to path \"{path}\""
        )));
    };
    Response::data(&Owner { mount: MountView::of(&mounted.mount), path: &mounted.mount.path })
}

#[derive(Serialize)]
struct Resultant {
    root: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    exact_paths: Option<BTreeMap<String, Granted>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    glob_paths: Option<BTreeMap<String, Granted>>,
}

#[derive(Serialize)]
struct Granted {
    capabilities: Vec<&'static str>,
}

async fn resultant(cx: &Cx<'_>, _tx: &mut Tx) -> Result<Response> {
    let acl = admission::acl(cx.open()?, cx.caller, cx.now).await?;
    if acl.is_root() {
        return Response::data(&Resultant { root: true, exact_paths: None, glob_paths: None });
    }
    let (mut exact, mut glob) = (BTreeMap::new(), BTreeMap::new());
    for rule in acl.rules() {
        let path = rule.path();
        let granted = Granted { capabilities: rule.capabilities().iter().map(|it| it.as_str()).collect() };
        match path.strip_suffix('*') {
            Some(prefix) => glob.insert(prefix.to_owned(), granted),
            None if path.split('/').any(|it| it == "+") => glob.insert(path, granted),
            None => exact.insert(path, granted),
        };
    }
    Response::data(&Resultant { root: false, exact_paths: Some(exact), glob_paths: Some(glob) })
}
