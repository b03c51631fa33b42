//! `sys/remount`: moving a mount to another path. Its records do not move: they are filed under its id.

use serde::{Deserialize, Serialize};
use strongroom_api::params::Text;
use uuid::Uuid;

use crate::{
    barrier::{Class, Filed, Place, Record, Root, filed},
    clock::Timestamp,
    crypto::random,
    dispatch::Cx,
    error::{Error, Result},
    mounts::{self, MountClass, MountPath},
    request::RequestPath,
    response::Response,
    route::{Kind, Route, action, field, in_tx, read},
    store::Store,
    tokens::prefixes::{self, Force},
    tx::Tx,
};

const ROOT: Root = Root::internal(17);
/// Moves that are remembered.
const REMEMBERED: usize = 32;

pub(crate) const ROUTES: &[Route] = &[
    Route {
        pattern: "remount",
        summary: "Moves a secrets engine or an auth method to another path.",
        endpoints: &[action(in_tx!(remount))
            .sudo()
            .fields(&[field("from", Kind::Text), field("to", Kind::Text)])],
    },
    Route {
        pattern: "remount/status/{migration_id}",
        summary: "What became of a move.",
        endpoints: &[read(in_tx!(status))],
    },
];

/// The last moves, the newest last.
#[derive(Debug, Default, minicbor::CborLen, minicbor::Decode, minicbor::Encode)]
struct Moves {
    #[n(0)]
    moves: Vec<Move>,
}

#[derive(Clone, Debug, minicbor::CborLen, minicbor::Decode, minicbor::Encode)]
struct Move {
    #[n(0)]
    id: String,
    #[n(1)]
    from: String,
    #[n(2)]
    to: String,
    #[cbor(n(3), with = "crate::codec::timestamp")]
    at: Timestamp,
}

impl Record for Moves {}

pub(crate) const KINDS: &[Filed] = &[filed::<Moves>(Class::System)];

#[derive(Deserialize)]
struct Fields {
    from: Option<Text>,
    to: Option<Text>,
}

#[derive(Serialize)]
struct Queued<'a> {
    migration_id: &'a str,
}

#[derive(Serialize)]
struct Status<'a> {
    migration_id: &'a str,
    migration_info: Info<'a>,
}

#[derive(Serialize)]
struct Info<'a> {
    source_mount: &'a str,
    target_mount: &'a str,
    status: &'static str,
}

async fn remount(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    let fields: Fields = cx.fields()?;
    let text = |it: Option<Text>| it.map(|it| it.0).filter(|it| !it.is_empty());
    let (Some(from), Some(to)) = (text(fields.from), text(fields.to)) else {
        return Err(Error::invalid("both 'from' and 'to' path must be specified as a string"));
    };
    let namespace = cx.request.path.namespace();
    for (path, end) in [(&from, "from"), (&to, "destination")] {
        RequestPath::new(namespace, path)
            .map_err(|bad| Error::invalid(format!("invalid {end} mount: {bad}")))?;
    }
    let (from, to) = (MountPath::existing_full(&from), MountPath::existing_full(&to));
    if from.is_reserved() || is_token(&from) {
        return Err(Error::invalid(format!("cannot remount \"{}\"", from.full())));
    }
    match (from.class, to.class) {
        (_, MountClass::Auth) if is_token(&to) => {
            return Err(Error::invalid(format!("cannot remount to destination \"{}\"", to.full())));
        }
        (MountClass::Secret, MountClass::Auth) => {
            return Err(Error::invalid(format!("cannot remount to destination {}", to.full())));
        }
        (MountClass::Auth, MountClass::Secret) if !to.is_reserved() => {
            let to = to.full();
            return Err(Error::invalid(format!("cannot remount auth mount to non-auth mount \"{to}\"")));
        }
        _ if to.is_reserved() => {
            return Err(Error::invalid(format!("cannot remount to destination {}", to.full())));
        }
        _ => {}
    }
    let (full_from, full_to) = (from.full(), to.full());
    let table = cx.open()?.mounts.checked(tx).await?;
    let Some(mounted) = table.at(&full_from) else {
        return Err(Error::invalid(format!("no matching mount at \"{full_from}\"")));
    };
    if let Some(other) = table.conflict(&full_to) {
        let other = other.mount.full_path();
        return Err(Error::invalid(format!("path already in use at \"{other}\"")));
    }
    to.check()?;

    // What it handed out belongs to the old path, as in Vault. Holdings go with it: they are of its secrets.
    if from.class == MountClass::Secret {
        prefixes::file(tx, &mounted.mount, &full_from, None, Force::No).await?;
    }
    let mut mount = mounted.mount.clone();
    to.as_str().clone_into(&mut mount.path);
    mounts::put(tx, &mount).await?;
    let id = new_id()?;
    let place = place(tx.store());
    let mut known = tx.get::<Moves>(&place).await?.unwrap_or_default();
    let surplus = (known.moves.len() + 1).saturating_sub(REMEMBERED);
    known.moves.drain(..surplus);
    known.moves.push(Move { id: id.clone(), from: full_from, to: full_to, at: cx.now });
    tx.put(&place, &known)?;
    // Clients ask for the outcome: here it is there at once.
    let response = Response::repeated(&Queued { migration_id: &id })?;
    Ok(response.warn("The mount has been moved. Its policies still name the old path."))
}

async fn status(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    let place = place(tx.store());
    let known = tx.get::<Moves>(&place).await?.unwrap_or_default();
    let id = cx.param("migration_id");
    let found = known.moves.iter().find(|it| it.id == id).ok_or(Error::NotFound)?;
    let info = Info { source_mount: &found.from, target_mount: &found.to, status: "success" };
    Response::data(&Status { migration_id: &found.id, migration_info: info })
}

fn is_token(path: &MountPath) -> bool {
    path.class == MountClass::Auth && path.as_str() == "token/"
}

fn new_id() -> Result<String> {
    let id: Uuid = random::uuid()?;
    Ok(id.to_string())
}

fn place(store: &Store) -> Place {
    store.place(Class::System, ROOT, "moves")
}
