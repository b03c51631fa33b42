//! `sys/policies/acl`, and `sys/policy`, which is the same with other field names.

use serde::{Deserialize, Serialize};
use strongroom_api::params::Text;
use strongroom_policies::PolicyName;

use crate::{
    dispatch::Cx,
    error::{Error, Result},
    ids::NamespaceId,
    policy::{self, StoredPolicy},
    response::Response,
    route::{Kind, Route, action, delete, field, in_tx, list, read},
    tx::Tx,
};

pub(crate) const ROUTES: &[Route] = &[
    Route {
        pattern: "policies/acl",
        summary: "The names of all policies.",
        endpoints: &[list(in_tx!(names))],
    },
    Route {
        pattern: "policies/acl/{name...}",
        summary: "One policy: its text in HCL or JSON, plain or in base64.",
        endpoints: &[
            read(in_tx!(show)),
            action(in_tx!(write)).fields(&[field("policy", Kind::Text)]),
            delete(in_tx!(remove)),
            list(in_tx!(nothing)),
        ],
    },
    Route {
        pattern: "policy",
        summary: "The names of all policies, in the older form.",
        endpoints: &[read(in_tx!(names_old)), list(in_tx!(names_old))],
    },
    Route {
        pattern: "policy/{name...}",
        summary: "One policy, in the older form.",
        endpoints: &[
            read(in_tx!(show_old)),
            action(in_tx!(write_old)).fields(&[field("policy", Kind::Text), field("rules", Kind::Text)]),
            delete(in_tx!(remove)),
        ],
    },
];

/// All names: the stored ones and `root`, which has no text.
pub(super) async fn all(tx: &Tx) -> Result<Vec<String>> {
    let mut names = policy::names(tx).await?;
    names.push("root".to_owned());
    names.sort_unstable();
    Ok(names)
}

async fn names(_cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    Response::keys(&all(tx).await?)
}

#[derive(Serialize)]
struct OldNames {
    keys: Vec<String>,
    policies: Vec<String>,
}

async fn names_old(_cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    let keys = all(tx).await?;
    Response::repeated(&OldNames { policies: keys.clone(), keys })
}

/// Names are not folders: there is nothing below one.
async fn nothing(_cx: &Cx<'_>, _tx: &mut Tx) -> Result<Response> {
    Err(Error::NotFound)
}

#[derive(Serialize)]
struct View {
    name: String,
    policy: String,
}

#[derive(Serialize)]
struct OldView {
    name: String,
    rules: String,
}

async fn show(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    let (name, policy) = text(cx, tx).await?;
    Response::data(&View { name, policy })
}

async fn show_old(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    let (name, rules) = text(cx, tx).await?;
    Response::repeated(&OldView { name, rules })
}

async fn text(cx: &Cx<'_>, tx: &mut Tx) -> Result<(String, String)> {
    let name = name(cx)?;
    if name.is_root() {
        return Ok((name.to_string(), String::new()));
    }
    let place = policy::place(tx.store(), &name);
    let stored = tx.cached::<StoredPolicy>(&place).await?.ok_or(Error::NotFound)?;
    Ok((name.to_string(), stored.text.clone()))
}

#[derive(Deserialize)]
struct Fields {
    policy: Option<Text>,
    rules: Option<Text>,
}

async fn write(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    let fields: Fields = cx.fields()?;
    keep(cx, tx, fields.policy).await?;
    Ok(Response::empty())
}

async fn write_old(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    let fields: Fields = cx.fields()?;
    if fields.policy.is_none() && fields.rules.is_some() {
        keep(cx, tx, fields.rules).await?;
        return Ok(Response::empty().warn("'rules' is deprecated, please use 'policy' instead"));
    }
    keep(cx, tx, fields.policy).await?;
    Ok(Response::empty())
}

async fn keep(cx: &Cx<'_>, tx: &mut Tx, text: Option<Text>) -> Result<()> {
    let name = name(cx)?;
    let text = text.map(|it| it.0).filter(|it| !it.is_empty());
    let text = text.ok_or_else(|| Error::invalid("'policy' parameter not supplied or empty"))?;
    if name.is_reserved() {
        return Err(Error::invalid(format!("cannot update \"{name}\" policy")));
    }
    let text = decoded(text);
    strongroom_policies::parse(name.clone(), &text)
        .map_err(|error| Error::invalid(format!("failed to parse policy: {error}")))?;
    let stored =
        StoredPolicy { namespace: NamespaceId::ROOT, name: name.to_string(), text, modified: cx.now };
    policy::put(tx, &name, &stored).await
}

async fn remove(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    let name = name(cx)?;
    if name.is_reserved() {
        return Err(Error::invalid(format!("cannot delete \"{name}\" policy")));
    }
    if name.is_default() {
        return Err(Error::invalid("cannot delete default policy"));
    }
    policy::remove(tx, &name).await?;
    Ok(Response::empty())
}

fn name(cx: &Cx<'_>) -> Result<PolicyName> {
    PolicyName::new(cx.param("name")).map_err(|error| Error::invalid(error.to_string()))
}

/// The text behind base64, which is how some clients send it. No policy is valid base64 by accident: its
/// braces and blanks are not in the alphabet.
fn decoded(text: String) -> String {
    let bytes = data_encoding::BASE64.decode(text.as_bytes()).ok();
    bytes.and_then(|it| String::from_utf8(it).ok()).unwrap_or(text)
}
