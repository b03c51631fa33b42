//! `crls`: revocation lists. They lie in the store and are read with each login, so that no login is served before
//! they are known, and a certificate is dead as soon as its list is written (rule 75).
//!
//! Whoever may write one is believed: its signature is not looked at, as there may be nobody to look it up with. What
//! it names is refused, whatever else is said; a list that has run out says nothing of what its authority has
//! revoked since, and its certificates are refused too, unless the settings allow it.

use std::collections::BTreeMap;

use minicbor::bytes::ByteVec;
use serde::{Deserialize, Serialize};
use strongroom_api::params::Text;

use super::config::Config;
use crate::{
    auth::name::Name,
    barrier::{Class, Filed, Place, Record, filed},
    crypto::x509::{self, Certificate, RevocationList},
    dispatch::Cx,
    error::{Error, Result},
    mounts::Mount,
    response::Response,
    route::{Kind, Route, delete, field, in_tx, list, read, store},
    store::{PAGE, Store},
    tx::Tx,
};

pub(super) const FOLDER: &str = "crl/";

pub(super) const ROUTES: &[Route] = &[
    Route {
        pattern: "crls",
        summary: "The names of all revocation lists.",
        endpoints: &[list(in_tx!(names))],
    },
    Route {
        pattern: "crls/{name}",
        summary: "A revocation list.",
        endpoints: &[
            read(in_tx!(show)),
            store(in_tx!(write)).fields(&[field("crl", Kind::Text), field("url", Kind::Text)]),
            delete(in_tx!(remove)),
        ],
    },
];

/// Certificates on one list: as many as fit into a record.
const MAX_SERIALS: usize = 32_768;

#[derive(Clone, Debug, minicbor::CborLen, minicbor::Decode, minicbor::Encode)]
struct Crl {
    /// In DER.
    #[n(0)]
    issuer: ByteVec,
    /// Unix seconds; none if it does not say.
    #[n(1)]
    next_update: Option<i64>,
    /// Sorted.
    #[n(2)]
    serials: Vec<ByteVec>,
}

impl Record for Crl {}

pub(super) const KINDS: &[Filed] = &[filed::<Crl>(Class::Config)];

/// All lists of a mount.
pub(super) struct Crls(Vec<Crl>);

impl Crls {
    pub(super) async fn load(store: &Store, mount: &Mount) -> Result<Self> {
        let dir = store.dir(mount.root(), FOLDER);
        let mut all = Vec::new();
        let mut after = None;
        loop {
            let rows = store.records::<Crl>(Class::Config, dir, after, PAGE).await?;
            after = rows.last().map(|(place, _)| place.key);
            let more = rows.len() == PAGE;
            all.extend(rows.into_iter().map(|(_, it)| it.value));
            if !more {
                return Ok(Self(all));
            }
        }
    }

    /// Whether a certificate may still be believed.
    pub(super) fn admit(&self, certificate: &Certificate, config: &Config, seconds: i64) -> bool {
        let of_issuer = || self.0.iter().filter(|it| **it.issuer == *certificate.issuer);
        if of_issuer().any(|it| it.serials.binary_search_by(|it| (***it).cmp(&certificate.serial)).is_ok()) {
            return false;
        }
        let is_current = |it: &Crl| it.next_update.is_none_or(|it| seconds < it);
        let is_known = of_issuer().next().is_none() || of_issuer().any(is_current);
        if !is_known && !config.allow_expired_crls {
            tracing::warn!(
                "a login by certificate was refused: the revocation list of its authority has run out"
            );
        }
        is_known || config.allow_expired_crls
    }
}

fn place(store: &Store, mount: &Mount, name: &Name) -> Place {
    store.place(Class::Config, mount.root(), &format!("{FOLDER}{name}"))
}

/// The list that the request's path names.
async fn named(cx: &Cx<'_>, tx: &mut Tx) -> Result<(Place, Option<Crl>)> {
    let place = place(tx.store(), cx.mount()?, &Name::new(cx.param("name"))?);
    let found = tx.get(&place).await?;
    Ok((place, found))
}

fn unknown(cx: &Cx<'_>) -> Error {
    Error::invalid(format!("no such CRL {}", cx.param("name")))
}

async fn names(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    let dir = tx.store().dir(cx.mount()?.root(), FOLDER);
    Response::keys(&tx.names(Class::Config, dir).await?)
}

#[derive(Deserialize)]
struct Fields {
    crl: Option<Text>,
    url: Option<Text>,
}

async fn write(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    let (place, old) = named(cx, tx).await?;
    cx.may_write(old.is_some())?;
    let fields: Fields = cx.fields()?;
    if fields.url.is_some_and(|it| !it.0.is_empty()) {
        return Err(Error::invalid("revocation lists are not fetched: give the list itself as `crl`"));
    }
    let text = fields.crl.map(|it| it.0).filter(|it| !it.is_empty());
    let text = text.ok_or_else(|| Error::invalid("one of 'crl' or 'url' must be provided"))?;
    // DER is no text: it comes in Base64.
    let der = data_encoding::BASE64.decode(text.trim().as_bytes());
    let read = RevocationList::read(der.as_deref().unwrap_or(text.as_bytes()))
        .map_err(|_| Error::invalid("failed to parse CRL"))?;
    if read.serials.len() > MAX_SERIALS {
        return Err(Error::invalid("a revocation list names at most 32768 certificates"));
    }
    let is_over = read.next_update.is_some_and(|it| it <= cx.now.unix_seconds());
    let crl = Crl {
        issuer: read.issuer.into(),
        next_update: read.next_update,
        serials: read.serials.into_iter().map(ByteVec::from).collect(),
    };
    tx.put(&place, &crl)?;
    let response = Response::empty();
    Ok(match is_over {
        true => response.warn("the revocation list has run out: its authority's certificates are refused"),
        false => response,
    })
}

#[derive(Serialize)]
struct Shown {
    serials: BTreeMap<String, Revoked>,
}

#[derive(Serialize)]
struct Revoked {}

async fn show(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    let crl = named(cx, tx).await?.1.ok_or_else(|| unknown(cx))?;
    let serials = crl.serials.iter().map(|it| (x509::decimal(it), Revoked {})).collect();
    Response::data(&Shown { serials })
}

async fn remove(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    let (place, found) = named(cx, tx).await?;
    found.ok_or_else(|| unknown(cx))?;
    tx.delete(&place);
    Ok(Response::empty())
}
