//! From what is wanted to files.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use futures_util::{FutureExt as _, StreamExt as _, stream};
use strongroom_inject::FileName;
use strongroom_sdk::Method;

use crate::{
    Error,
    identity::Identity,
    objects::{Ask, Object, Path, Verb},
    reply::{Bytes, Reply},
    session::{Entered, Leases, Session},
};

/// Requests of one volume that are under way at once.
const AT_ONCE: usize = 8;
/// Of one file.
const LARGEST: usize = 1 << 20;

/// How secrets are asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Manner<'a> {
    /// The mount of what is typed without one.
    pub(crate) mount: &'a str,
    /// Secrets are held for so long, so that the server knows who has them.
    pub(crate) hold: Option<Duration>,
    /// Bytes of all files together.
    pub(crate) most: usize,
}

pub(crate) struct Fetched {
    pub(crate) files: Vec<File>,
    pub(crate) leases: Leases,
}

pub(crate) struct File {
    pub(crate) name: FileName,
    pub(crate) bytes: Bytes,
    pub(crate) mode: Option<u32>,
    /// Which object it is of.
    pub(crate) object: usize,
}

/// Reads all that is wanted. Refused, it logs in once more.
pub(crate) async fn fetch(
    session: &Session,
    identity: &Identity,
    objects: &[Object],
    manner: Manner<'_>,
) -> Result<Fetched, Error> {
    let entered = session.enter(identity).await?;
    match read(session, &entered, objects, manner).await {
        Err(Error::Read { source, .. }) if source.is_denied() && session.was_refused(entered.turn).await => {
            let entered = session.enter(identity).await?;
            read(session, &entered, objects, manner).await
        }
        done => done,
    }
}

async fn read(
    session: &Session,
    entered: &Entered,
    objects: &[Object],
    manner: Manner<'_>,
) -> Result<Fetched, Error> {
    let mut wanted: BTreeMap<&Ask, usize> = BTreeMap::new();
    for (object, number) in objects.iter().zip(1..) {
        wanted.entry(&object.ask).or_insert(number);
    }
    let mut asking = Vec::new();
    for (ask, number) in wanted {
        let answer = async move { (ask, number, ask_for(session, entered, ask, manner).await) };
        asking.push(answer.boxed());
    }
    let mut answers: BTreeMap<&Ask, Arc<Reply>> = BTreeMap::new();
    let mut leases = Leases::new();
    let mut asking = stream::iter(asking).buffer_unordered(AT_ONCE);
    while let Some(answered) = asking.next().await {
        let (ask, number, answer) = answered;
        let (reply, turn) = answer.map_err(|error| match error {
            Error::Server(source) => Error::Read { number, source },
            error => error,
        })?;
        if !reply.lease.lease_id.is_empty() {
            leases.insert(reply.lease.lease_id.clone(), turn);
        }
        answers.insert(ask, reply);
    }
    let files = files(objects, &answers, manner.most)?;
    Ok(Fetched { files, leases })
}

fn files(objects: &[Object], answers: &BTreeMap<&Ask, Arc<Reply>>, most: usize) -> Result<Vec<File>, Error> {
    let (mut files, mut names, mut size) = (Vec::new(), BTreeSet::new(), 0_usize);
    for (object, number) in objects.iter().zip(1..) {
        let wrong = |why| Error::Object { number, why };
        let reply = answers.get(&object.ask).ok_or(wrong("it has no answer"))?;
        for (name, bytes) in reply.pick(&object.pick, object.encoding).map_err(|it| wrong(it.0))? {
            // Rule 121: a key of a secret becomes a name here too.
            let name = FileName::parse(&name).map_err(|source| Error::Name { number, source })?;
            if !names.insert(name.clone()) {
                return Err(wrong("its file is another object's too"));
            }
            size = size.saturating_add(bytes.len());
            if bytes.len() > LARGEST || size > most {
                return Err(Error::Large("the secrets"));
            }
            files.push(File { name, bytes, mode: object.mode, object: number });
        }
    }
    Ok(files)
}

/// The answer, and the turn of the login that its lease hangs on.
async fn ask_for(
    session: &Session,
    entered: &Entered,
    ask: &Ask,
    manner: Manner<'_>,
) -> Result<(Arc<Reply>, u64), Error> {
    if let Some(kept) = session.kept(ask).await {
        return Ok(kept);
    }
    let (path, can_be_held) = place(entered, ask, manner).await?;
    let method = match ask.method {
        Verb::Get => Method::Get,
        Verb::Post => Method::Post,
        Verb::Put => Method::Put,
    };
    let mut call = entered.bearer.call(method, path);
    for (name, value) in &ask.query {
        call = call.query(name, value);
    }
    if !ask.body.is_empty() {
        call = call.raw(ask.body.clone().into_bytes());
    }
    let hold = manner.hold.filter(|_| can_be_held);
    if let Some(ttl) = hold {
        call = call.lease(ttl);
    }
    let answer = call.send().await?;
    if answer.status == 404 {
        // Deleted: there is something to say of it, but no value.
        return Err(strongroom_sdk::Error::Api { status: 404, errors: Vec::new() }.into());
    }
    let reply = Reply::new(answer.bytes(), hold.is_some());
    let reply = Arc::new(reply.ok_or(strongroom_sdk::Error::Malformed("no JSON"))?);
    // Of what is made for who asks there is one for all its readers, and not a new one at every refresh.
    if !reply.is_held && !reply.lease.lease_id.is_empty() {
        session.keep(ask, reply.clone(), entered).await;
    }
    Ok((reply, entered.turn))
}

/// The API's path, and whether there are secrets that can be held.
async fn place(entered: &Entered, ask: &Ask, manner: Manner<'_>) -> Result<(String, bool), Error> {
    let is_plain = ask.method == Verb::Get && ask.body.is_empty();
    let mounts = match (&ask.path, manner.hold) {
        (Path::Api(path), None) => return Ok((path.clone(), false)),
        _ => entered.mounts().await?,
    };
    let path = match &ask.path {
        Path::Api(path) => path.clone(),
        Path::Typed(typed) => mounts.locate(typed, manner.mount),
    };
    let can_be_held = is_plain && mounts.is_kv(&path);
    Ok((path, can_be_held))
}
