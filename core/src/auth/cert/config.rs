//! `config`: settings of the whole method.

use serde::{Deserialize, Serialize};
use strongroom_api::params::{Bool, Integer};

use crate::{
    barrier::{Class, Filed, Place, Record, filed},
    dispatch::Cx,
    error::{Error, Result},
    mounts::Mount,
    response::Response,
    route::{Kind, Route, action, field, in_tx, read},
    store::Store,
    tx::Tx,
};

pub(super) const ROUTES: &[Route] = &[Route {
    pattern: "config",
    summary: "Settings of the method.",
    endpoints: &[
        read(in_tx!(show)),
        action(in_tx!(write)).fields(&[
            field("allow_expired_crls", Kind::Bool),
            field("disable_binding", Kind::Bool),
            field("enable_identity_alias_metadata", Kind::Bool),
            field("ocsp_cache_size", Kind::Integer),
        ]),
    ],
}];

#[derive(Clone, Debug, Default, Serialize, minicbor::CborLen, minicbor::Decode, minicbor::Encode)]
pub(super) struct Config {
    /// A token is renewed for whoever has it, whatever certificate comes with it.
    #[n(0)]
    pub(super) disable_binding: bool,
    #[serde(rename = "enable_identity_alias_metadata")]
    #[n(1)]
    pub(super) alias_metadata: bool,
    /// Kept for whoever reads it back: no OCSP is spoken.
    #[n(2)]
    ocsp_cache_size: i64,
    /// An authority whose revocation list is out of date is believed all the same. Ours.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[n(3)]
    pub(super) allow_expired_crls: bool,
}

impl Record for Config {}

pub(super) const KINDS: &[Filed] = &[filed::<Config>(Class::Config)];

fn place(store: &Store, mount: &Mount) -> Place {
    store.place(Class::Config, mount.root(), "config")
}

pub(super) async fn load(tx: &mut Tx, mount: &Mount) -> Result<Config> {
    let place = place(tx.store(), mount);
    Ok(tx.get(&place).await?.unwrap_or_default())
}

async fn show(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    Response::data(&load(tx, cx.mount()?).await?)
}

#[derive(Deserialize)]
struct Fields {
    allow_expired_crls: Option<Bool>,
    disable_binding: Option<Bool>,
    enable_identity_alias_metadata: Option<Bool>,
    ocsp_cache_size: Option<Integer>,
}

async fn write(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    let mount = cx.mount()?;
    let (fields, mut config): (Fields, _) = (cx.fields()?, load(tx, mount).await?);
    let change = |setting: &mut bool, given: Option<Bool>| *setting = given.map_or(*setting, |it| it.0);
    change(&mut config.allow_expired_crls, fields.allow_expired_crls);
    change(&mut config.disable_binding, fields.disable_binding);
    change(&mut config.alias_metadata, fields.enable_identity_alias_metadata);
    if let Some(Integer(size)) = fields.ocsp_cache_size {
        if size < 0 {
            return Err(Error::invalid("ocsp_cache_size cannot be negative"));
        }
        config.ocsp_cache_size = size;
    }
    let place = place(tx.store(), mount);
    tx.put(&place, &config)?;
    Ok(Response::empty())
}
