//! `login`, and what a renewal asks for.

use std::collections::BTreeMap;

use serde::Deserialize;
use strongroom_api::params::Text;

use super::{
    certs::{self, Entry},
    config::{self, Config},
    crls::Crls,
    presented::Presented,
};
use crate::{
    auth::name::Name,
    barrier::Class,
    dispatch::Cx,
    error::{Error, Result},
    mounts::Mount,
    response::Response,
    route::{Kind, Route, action, field, in_tx},
    store::PAGE,
    tokens::{
        Token,
        login::{LoginGrant, login, unchanged},
        params::TokenParams,
    },
    tx::Tx,
};

pub(super) const ROUTES: &[Route] = &[Route {
    pattern: "login",
    summary: "Gives a token for the certificate of the connection.",
    endpoints: &[action(in_tx!(log_in)).login().fields(&[field("name", Kind::Text)])],
}];

/// What the token's metadata holds besides what Vault has there: a renewal goes by it.
const FINGERPRINT: &str = "fingerprint";

#[derive(Deserialize)]
struct Fields {
    name: Option<Text>,
}

/// One answer for a certificate that nobody trusts or that is revoked, an entry that does not exist or asks for
/// more, and a login from elsewhere (rule 66).
fn refusal() -> Error {
    Error::invalid("failed to match all constraints for this login certificate")
}

async fn log_in(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    let mount = cx.mount()?;
    let name = cx.fields::<Fields>()?.name.map(|it| it.0).filter(|it| !it.is_empty());
    let presented = Presented::of(cx.request, cx.now.unix_seconds())?;
    let Some(mut presented) = presented else { return Err(refusal()) };
    // Rule 75
    let judge = Judge { config: config::load(tx, mount).await?, crls: Crls::load(tx.store(), mount).await? };
    let found = match name {
        Some(name) => named(cx, tx, mount, &judge, &mut presented, &name).await?,
        None => first(cx, tx, mount, &judge, &mut presented).await?,
    };
    let entry = found.ok_or_else(refusal)?;
    let leaf = presented.leaf();
    let mut metadata = metadata(&entry, &presented);
    let alias_metadata = if judge.config.alias_metadata { metadata.clone() } else { BTreeMap::new() };
    metadata.insert(FINGERPRINT.to_owned(), presented.fingerprint());
    let grant = LoginGrant {
        params: &entry.params,
        // Rules 62 and 74: the name in a certificate that is pinned, or that has a chain. Without one there is no
        // entity to speak of.
        alias: &leaf.common_name,
        alias_metadata,
        groups: None,
        display_name: &entry.display_name,
        metadata,
        policies: &[],
    };
    login(cx, tx, grant).await
}

/// By what certificates are judged, besides the entries.
struct Judge {
    config: Config,
    crls: Crls,
}

impl Judge {
    fn admits(&self, cx: &Cx<'_>, entry: &Entry, presented: &mut Presented<'_>) -> bool {
        presented.fits(entry, &self.crls, &self.config) && entry.params.may_login_from(&cx.request.peer)
    }
}

/// The entry that the client names, if it trusts the certificate.
async fn named(
    cx: &Cx<'_>,
    tx: &mut Tx,
    mount: &Mount,
    judge: &Judge,
    presented: &mut Presented<'_>,
    name: &str,
) -> Result<Option<Entry>> {
    let found = match Name::new(name) {
        Ok(name) => certs::load(tx, mount, &name).await?,
        Err(_) => None,
    };
    let Some(entry) = found else {
        // The same work, on an entry that is there: names are not to be told apart by the time that they take.
        let dir = tx.store().dir(mount.root(), certs::FOLDER);
        let other = tx.store().records::<Entry>(Class::Config, dir, None, 1).await?;
        for (_, other) in other {
            judge.admits(cx, &other.value, presented);
        }
        return Ok(None);
    };
    Ok(judge.admits(cx, &entry, presented).then_some(entry))
}

/// The first entry, by name, that trusts the certificate.
async fn first(
    cx: &Cx<'_>,
    tx: &mut Tx,
    mount: &Mount,
    judge: &Judge,
    presented: &mut Presented<'_>,
) -> Result<Option<Entry>> {
    let dir = tx.store().dir(mount.root(), certs::FOLDER);
    let mut fitting: Option<String> = None;
    let mut after = None;
    loop {
        let rows = tx.store().records::<Entry>(Class::Config, dir, after, PAGE).await?;
        after = rows.last().map(|(place, _)| place.key);
        let more = rows.len() == PAGE;
        for (_, row) in rows {
            let name = &row.value.name;
            if fitting.as_ref().is_none_or(|it| name < it) && judge.admits(cx, &row.value, presented) {
                fitting = Some(name.clone());
            }
        }
        if !more {
            break;
        }
    }
    let Some(name) = fitting else { return Ok(None) };
    // Once more, as the transaction sees it: it may have been changed since.
    let entry = certs::load(tx, mount, &Name::new(&name)?).await?;
    Ok(entry.filter(|it| judge.admits(cx, it, presented)))
}

fn metadata(entry: &Entry, presented: &Presented<'_>) -> BTreeMap<String, String> {
    let leaf = presented.leaf();
    let own = [
        ("authority_key_id", with_colons(&leaf.authority_key_id)),
        ("cert_name", entry.name.clone()),
        ("common_name", leaf.common_name.clone()),
        ("serial_number", leaf.serial_number()),
        ("subject_key_id", with_colons(&leaf.subject_key_id)),
    ];
    let own = own.into_iter().map(|(name, value)| (name.to_owned(), value));
    own.chain(entry.constraints.metadata(leaf)).collect()
}

/// `8d:b4:b8`
fn with_colons(bytes: &[u8]) -> String {
    let each = bytes.iter().map(|it| data_encoding::HEXLOWER.encode(&[*it]));
    each.collect::<Vec<_>>().join(":")
}

/// The entry that a token was given by, as it is now.
async fn entry_of(mount: &Mount, tx: &mut Tx, token: &Token) -> Result<Entry> {
    let name = token.metadata.as_ref().and_then(|it| it.get("cert_name"));
    let name = Name::new(name.map(String::as_str).unwrap_or_default())?;
    certs::load(tx, mount, &name).await?.ok_or(Error::NotFound)
}

/// Rule 74: a token is renewed for whoever has the certificate that it was given for, as long as that is trusted.
pub(super) async fn proves_again(cx: &Cx<'_>, mount: &Mount, tx: &mut Tx, token: &Token) -> Result<()> {
    let config = config::load(tx, mount).await?;
    let entry = entry_of(mount, tx, token).await?;
    if config.disable_binding {
        return Ok(());
    }
    let presented = Presented::of(cx.request, cx.now.unix_seconds())?;
    let known = token.metadata.as_ref().and_then(|it| it.get(FINGERPRINT));
    let Some(mut presented) = presented.filter(|it| Some(&it.fingerprint()) == known) else {
        return Err(Error::invalid(
            "failed to renew entry: client identity during renewal not matching client identity used during login",
        ));
    };
    let crls = Crls::load(tx.store(), mount).await?;
    match presented.fits(&entry, &crls, &config) {
        true => Ok(()),
        false => Err(refusal()),
    }
}

/// What a renewal goes by: the entry as it is now, if its tokens still have the same policies.
pub(super) async fn at_renewal(mount: &Mount, tx: &mut Tx, token: &Token) -> Result<Option<TokenParams>> {
    let entry = entry_of(mount, tx, token).await?;
    unchanged(token, &entry.params, &[])?;
    Ok(Some(entry.params))
}
