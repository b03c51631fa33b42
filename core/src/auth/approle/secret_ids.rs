//! `role/{name}/secret-id`, `custom-secret-id`, `secret-id-accessor`: making secret ids, and caring for them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use strongroom_api::params::{Integer, List, Seconds, Text};

use super::{
    role::{self, Role},
    secret_id::{Access, SecretId, Shelf},
};
use crate::{
    barrier::Class,
    crypto::random,
    dispatch::Cx,
    error::{Error, Result},
    net::Cidr,
    response::Response,
    route::{Kind, Route, action, delete, field, in_tx, list},
    store::PAGE,
    tokens::ttl::Limits,
    tx::Tx,
};

pub(super) const ROUTES: &[Route] = &[
    Route {
        pattern: "role/{role_name}/secret-id",
        summary: "The accessors of the role's secret ids, and a new one.",
        endpoints: &[
            list(in_tx!(accessors)),
            action(in_tx!(generate)).fields(&[
                field("cidr_list", Kind::List),
                field("metadata", Kind::Text),
                field("num_uses", Kind::Integer),
                field("token_bound_cidrs", Kind::List),
                field("ttl", Kind::Duration),
            ]),
        ],
    },
    Route {
        pattern: "role/{role_name}/custom-secret-id",
        summary: "Makes a secret id of a text of the caller's choice.",
        endpoints: &[action(in_tx!(custom)).fields(&[
            field("cidr_list", Kind::List),
            field("metadata", Kind::Text),
            field("num_uses", Kind::Integer),
            field("secret_id", Kind::Secret),
            field("token_bound_cidrs", Kind::List),
            field("ttl", Kind::Duration),
        ])],
    },
    Route {
        pattern: "role/{role_name}/secret-id/lookup",
        summary: "Shows a secret id's properties.",
        endpoints: &[action(in_tx!(lookup)).fields(&[field("secret_id", Kind::Secret)])],
    },
    Route {
        pattern: "role/{role_name}/secret-id/destroy",
        summary: "Ends a secret id.",
        endpoints: &[
            action(in_tx!(destroy)).fields(&[field("secret_id", Kind::Secret)]),
            delete(in_tx!(destroy)).fields(&[field("secret_id", Kind::Secret)]),
        ],
    },
    Route {
        pattern: "role/{role_name}/secret-id-accessor/lookup",
        summary: "Shows the properties of the secret id with an accessor.",
        endpoints: &[action(in_tx!(lookup_accessor)).fields(&[field("secret_id_accessor", Kind::Text)])],
    },
    Route {
        pattern: "role/{role_name}/secret-id-accessor/destroy",
        summary: "Ends the secret id with an accessor.",
        endpoints: &[
            action(in_tx!(destroy_accessor)).fields(&[field("secret_id_accessor", Kind::Text)]),
            delete(in_tx!(destroy_accessor)).fields(&[field("secret_id_accessor", Kind::Text)]),
        ],
    },
];

#[derive(Deserialize)]
struct Fields {
    cidr_list: Option<List>,
    metadata: Option<Text>,
    num_uses: Option<Integer>,
    secret_id: Option<Text>,
    token_bound_cidrs: Option<List>,
    ttl: Option<Seconds>,
}

#[derive(Serialize)]
struct Made<'a> {
    secret_id: &'a str,
    secret_id_accessor: &'a str,
    secret_id_num_uses: i64,
    secret_id_ttl: u64,
}

async fn generate(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    let fields = cx.fields()?;
    let role = of_path(cx, tx).await?;
    make(cx, tx, &role, fields, random::uuid()?.to_string()).await
}

async fn custom(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    let mut fields: Fields = cx.fields()?;
    let text = fields.secret_id.take().map(|it| it.0).unwrap_or_default();
    if text.trim().is_empty() {
        return Err(Error::invalid("missing secret_id"));
    }
    let role = of_path(cx, tx).await?;
    make(cx, tx, &role, fields, text).await
}

async fn of_path(cx: &Cx<'_>, tx: &mut Tx) -> Result<Role> {
    let role = role::named(cx, tx).await?;
    role.ok_or_else(|| Error::not_found(format!("role \"{}\" does not exist", cx.param("role_name"))))
}

async fn make(cx: &Cx<'_>, tx: &mut Tx, role: &Role, fields: Fields, text: String) -> Result<Response> {
    if !role.bind_secret_id {
        return Err(Error::invalid("bind_secret_id is not set on the role"));
    }
    let uses_left = num_uses(role, fields.num_uses)?;
    let networks = fields.cidr_list.map(|it| role::networks(it.0)).transpose()?.unwrap_or_default();
    within(role.networks(), &networks)?;
    let token_networks =
        fields.token_bound_cidrs.map(|it| role::networks(it.0)).transpose()?.unwrap_or_default();
    within(&role.params.bound_cidrs, &token_networks)?;
    let metadata = fields.metadata.map(|it| metadata(&it.0)).transpose()?.unwrap_or_default();
    let ttl = match fields.ttl {
        None => role.secret_id_ttl,
        Some(Seconds(ttl)) => {
            let limit = role.secret_id_ttl;
            if !limit.is_zero() && (ttl.is_zero() || ttl > limit) {
                return Err(Error::invalid("ttl cannot be longer than the role's secret_id_ttl"));
            }
            ttl
        }
    };
    let mount = cx.mount()?;
    let ttl = ttl.min(Limits::of(&mount.config, cx.core.settings()).max);
    let shelf = Shelf::of(mount, role);
    let secret = SecretId {
        accessor: random::uuid()?.to_string(),
        created: cx.now,
        updated: cx.now,
        expires: (!ttl.is_zero()).then(|| cx.now.plus(ttl)),
        ttl,
        uses_left,
        metadata,
        networks,
        token_networks,
        mac: shelf.mac(tx.store(), &text)?,
    };
    shelf.add(tx, &secret, cx.now).await?;
    Response::data(&Made {
        secret_id: &text,
        secret_id_accessor: &secret.accessor,
        secret_id_num_uses: secret.uses_left,
        secret_id_ttl: secret.ttl.as_secs(),
    })
}

fn num_uses(role: &Role, asked: Option<Integer>) -> Result<i64> {
    let limit = role.secret_id_num_uses;
    match asked {
        None => Ok(limit),
        Some(Integer(..0)) => Err(Error::invalid("num_uses cannot be negative")),
        Some(Integer(number)) if limit != 0 && (number == 0 || number > limit) => {
            Err(Error::invalid("num_uses cannot be higher than the role's secret_id_num_uses"))
        }
        Some(Integer(number)) => Ok(number),
    }
}

/// Refuses networks that are not within the role's.
pub(super) fn within(outer: &[String], inner: &[String]) -> Result<()> {
    let parsed = |list: &[String]| list.iter().map(|it| it.parse()).collect::<Result<Vec<Cidr>, _>>();
    let parsed = parsed(outer).and_then(|outer| Ok((outer, parsed(inner)?)));
    let (outer, inner) = parsed.map_err(|_| Error::invalid("failed to validate CIDR blocks"))?;
    let fits = |it: &Cidr| outer.iter().any(|outer| outer.covers(it));
    match outer.is_empty() || inner.iter().all(fits) {
        true => Ok(()),
        false => Err(Error::invalid(
            "failed to verify subset relationship between CIDR blocks on the role and CIDR blocks on the secret ID",
        )),
    }
}

/// A JSON object of texts, the same in Base64, or `name=value,name=value`.
fn metadata(text: &str) -> Result<BTreeMap<String, String>> {
    let bad =
        || Error::invalid("failed to parse metadata: failed to parse the input: invalid <key,value> format");
    if text.trim().is_empty() {
        return Ok(BTreeMap::new());
    }
    if let Ok(map) = serde_json::from_str(text) {
        return Ok(map);
    }
    if let Ok(bytes) = data_encoding::BASE64.decode(text.as_bytes())
        && let Ok(map) = serde_json::from_slice(&bytes)
    {
        return Ok(map);
    }
    text.split(',')
        .map(|pair| {
            let (name, value) = pair.split_once('=').ok_or_else(bad)?;
            match name.trim() {
                "" => Err(bad()),
                name => Ok((name.to_owned(), value.trim().to_owned())),
            }
        })
        .collect()
}

async fn accessors(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    let role = care_of(cx, tx).await?;
    let dir = Shelf::of(cx.mount()?, &role).accessors_dir(tx.store());
    let mut names = Vec::new();
    let mut after = None;
    loop {
        let rows = tx.store().records::<Access>(Class::Login, dir, after, PAGE).await?;
        after = rows.last().map(|(place, _)| place.key);
        let more = rows.len() == PAGE;
        let live = rows.into_iter().filter(|(_, it)| it.value.expires.is_none_or(|it| cx.now < it));
        names.extend(live.map(|(place, _)| String::from_utf8_lossy(&place.name).into_owned()));
        if !more {
            break;
        }
    }
    names.sort_unstable();
    Response::keys(&names)
}

#[derive(Deserialize)]
struct BySecret {
    secret_id: Option<Text>,
}

#[derive(Deserialize)]
struct ByAccessor {
    secret_id_accessor: Option<Text>,
}

fn secret_of(cx: &Cx<'_>) -> Result<String> {
    let given = cx.fields::<BySecret>()?.secret_id.map(|it| it.0).filter(|it| !it.is_empty());
    given.ok_or_else(|| Error::invalid("missing secret_id"))
}

fn accessor_of(cx: &Cx<'_>) -> Result<String> {
    let given = cx.fields::<ByAccessor>()?.secret_id_accessor.map(|it| it.0).filter(|it| !it.is_empty());
    given.ok_or_else(|| Error::invalid("missing secret_id_accessor"))
}

async fn care_of(cx: &Cx<'_>, tx: &mut Tx) -> Result<Role> {
    let role = role::named(cx, tx).await?;
    role.ok_or_else(|| Error::invalid(format!("role \"{}\" does not exist", cx.param("role_name"))))
}

#[derive(Serialize)]
struct Shown<'a> {
    cidr_list: &'a [String],
    creation_time: String,
    expiration_time: String,
    last_updated_time: String,
    metadata: &'a BTreeMap<String, String>,
    secret_id_accessor: &'a str,
    secret_id_num_uses: i64,
    secret_id_ttl: u64,
    token_bound_cidrs: &'a [String],
}

/// The time that clients read as "never".
const NEVER: &str = "0001-01-01T00:00:00Z";

fn show(secret: &SecretId) -> Result<Response> {
    Response::data(&Shown {
        cidr_list: &secret.networks,
        creation_time: secret.created.rfc3339(),
        expiration_time: secret.expires.map_or_else(|| NEVER.to_owned(), |it| it.rfc3339()),
        last_updated_time: secret.updated.rfc3339(),
        metadata: &secret.metadata,
        secret_id_accessor: &secret.accessor,
        secret_id_num_uses: secret.uses_left,
        secret_id_ttl: secret.ttl.as_secs(),
        token_bound_cidrs: &secret.token_networks,
    })
}

async fn lookup(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    let secret = secret_of(cx)?;
    let role = care_of(cx, tx).await?;
    match Shelf::of(cx.mount()?, &role).find(tx, &secret, cx.now).await? {
        Some(found) => show(&found),
        None => Ok(Response::empty()),
    }
}

async fn destroy(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    let secret = secret_of(cx)?;
    let role = care_of(cx, tx).await?;
    let shelf = Shelf::of(cx.mount()?, &role);
    if let Some(found) = shelf.find(tx, &secret, cx.now).await? {
        shelf.delete(tx, &found)?;
    }
    Ok(Response::empty())
}

#[derive(Serialize)]
struct NotFound {
    error: String,
}

async fn lookup_accessor(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    let accessor = accessor_of(cx)?;
    let role = care_of(cx, tx).await?;
    match Shelf::of(cx.mount()?, &role).find_by_accessor(tx, &accessor, cx.now).await? {
        Some(found) => show(&found),
        None => {
            let error = format!("failed to find accessor entry for secret_id_accessor: \"{accessor}\"");
            Ok(Response::data(&NotFound { error })?.with_status(404))
        }
    }
}

async fn destroy_accessor(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    let accessor = accessor_of(cx)?;
    let role = care_of(cx, tx).await?;
    let shelf = Shelf::of(cx.mount()?, &role);
    let found = shelf.find_by_accessor(tx, &accessor, cx.now).await?;
    let found =
        found.ok_or_else(|| Error::invalid("failed to find accessor entry for secret_id_accessor"))?;
    shelf.delete(tx, &found)?;
    Ok(Response::empty())
}
