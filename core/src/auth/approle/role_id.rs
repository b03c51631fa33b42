//! `role/{name}/role-id`, and the index from role ids to roles.

use serde::{Deserialize, Serialize};
use strongroom_api::params::Text;

use super::role::{self, Role};
use crate::{
    auth::{login_key, name::Name},
    barrier::{Class, Filed, Place, Record, filed},
    dispatch::Cx,
    error::{Error, Result},
    mounts::Mount,
    response::Response,
    route::{Kind, Route, action, field, in_tx, read},
    store::Store,
    tx::Tx,
};

pub(super) const FOLDER: &str = "role-id/";

pub(super) const ROUTES: &[Route] = &[Route {
    pattern: "role/{role_name}/role-id",
    summary: "What logins name the role by.",
    endpoints: &[read(in_tx!(show)), action(in_tx!(write)).fields(&[field("role_id", Kind::Text)])],
}];

/// Which role a role id belongs to.
#[derive(Debug, minicbor::CborLen, minicbor::Decode, minicbor::Encode)]
struct Owner {
    #[n(0)]
    name: String,
}

impl Record for Owner {}

pub(super) const KINDS: &[Filed] = &[filed::<Owner>(Class::Config)];

/// A role id as it is stored and looked for: clients that read it from a file send the line's end too. None if
/// nothing is left.
pub(super) fn canonical(text: &str) -> Option<String> {
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

/// Filed under a hash: it may be any text.
pub(super) fn place(store: &Store, mount: &Mount, role_id: &str) -> Result<Place> {
    let digest = login_key(store)?.short(&[b"role-id", mount.id.0.as_bytes(), role_id.as_bytes()]);
    let name = format!("{FOLDER}{}", data_encoding::HEXLOWER.encode(&digest));
    Ok(store.place(Class::Config, mount.root(), &name))
}

/// The role that a role id belongs to.
pub(super) async fn find(tx: &mut Tx, mount: &Mount, role_id: &str) -> Result<Option<Role>> {
    let place = place(tx.store(), mount, role_id)?;
    let Some(owner) = tx.get::<Owner>(&place).await? else { return Ok(None) };
    let role = role::load(tx, mount, &Name::new(&owner.name)?).await?;
    Ok(role.filter(|it| it.role_id == role_id))
}

/// Stages the index row of a role whose role id was `old`.
pub(super) async fn assign(tx: &mut Tx, mount: &Mount, role: &Role, old: Option<&str>) -> Result<()> {
    if old == Some(role.role_id.as_str()) {
        return Ok(());
    }
    let place_of = |tx: &Tx, id: &str| place(tx.store(), mount, id);
    let new = place_of(tx, &role.role_id)?;
    if tx.get::<Owner>(&new).await?.is_some() {
        return Err(Error::invalid("role_id already in use"));
    }
    tx.put(&new, &Owner { name: role.name.clone() })?;
    if let Some(old) = old {
        let old = place_of(tx, old)?;
        tx.delete(&old);
    }
    Ok(())
}

#[derive(Serialize)]
struct Shown<'a> {
    role_id: &'a str,
}

async fn show(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    let role = role::named(cx, tx).await?.ok_or(Error::NotFound)?;
    Response::data(&Shown { role_id: &role.role_id })
}

#[derive(Deserialize)]
struct Fields {
    role_id: Option<Text>,
}

async fn write(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    let mut role = role::named(cx, tx).await?.ok_or(Error::UnsupportedPath)?;
    let given = cx.fields::<Fields>()?.role_id.and_then(|it| canonical(&it.0));
    let given = given.ok_or_else(|| Error::invalid("missing role_id"))?;
    let old = std::mem::replace(&mut role.role_id, given);
    role::put(cx, tx, &role)?;
    assign(tx, cx.mount()?, &role, Some(&old)).await?;
    Ok(Response::empty())
}
