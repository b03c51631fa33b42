//! Credentials for units of systemd: `LoadCredential=db:/run/strongroom/creds.sock`.
//!
//! systemd connects before it drops privileges, sends nothing and reads to the end (systemd.exec(5), "Credentials").
//! Which unit asks for which credential says the abstract address that systemd has bound its own side to. There is no
//! way to say that something failed: an early end is an empty credential, and the unit starts with it. So what cannot
//! be answered is answered with more than systemd takes, and the unit fails.

mod peer;

use std::{future::Future, sync::Arc, time::Duration};

use strongroom_inject::Access;
use strongroom_sdk::SecretString;
use tokio::{
    io::AsyncWriteExt as _,
    net::{UnixListener, UnixStream},
    sync::Semaphore,
    task::JoinSet,
};

pub(crate) use peer::Wanted;

use crate::{
    Error,
    config::Systemd,
    fetch::Fetch,
    listen::bind,
    log::Log,
    value::{Place, Values as _},
};

/// What systemd takes for one credential, and for all of a unit.
const LARGEST: usize = 1 << 20;
/// Connections that are answered at the same time; the others wait.
const AT_ONCE: usize = 64;
/// For the secret, and for whoever reads slowly. Shorter than a unit's usual time to start.
const PATIENCE: Duration = Duration::from_secs(60);

/// Answers units for as long as what it answers lives.
pub(crate) fn start(
    settings: Systemd,
    activated: Option<std::os::unix::net::UnixListener>,
    fetch: Fetch,
    log: &Log,
) -> Result<Answering, Error> {
    let owner = match &settings.user {
        Some(user) => Access::ids(Some(user), None).map_err(Error::file("systemd"))?.0.unwrap_or(0),
        None => rustix::process::geteuid().as_raw(),
    };
    let (listener, file) = match &settings.socket {
        Some(path) => {
            let (listener, file) = bind::unix(path, None, None, settings.mode)?;
            (listener, Some(file))
        }
        None => (taken(activated)?, None),
    };
    let lookup = Arc::new(Credentials { settings, fetch });
    let mut task = JoinSet::new();
    task.spawn(serve(listener, owner, lookup, log.clone()));
    Ok(Answering { _task: task, _file: file })
}

/// Dropped, it ends.
pub(crate) struct Answering {
    _task: JoinSet<()>,
    _file: Option<bind::SocketFile>,
}

/// The socket of a unit of type socket, by which the first unit that asks starts the agent.
fn taken(activated: Option<std::os::unix::net::UnixListener>) -> Result<UnixListener, Error> {
    let failed = |why: String| Error::Listener { address: "systemd".to_owned(), why };
    let listener = activated
        .ok_or_else(|| failed("no `socket` is named, and systemd has handed none over".to_owned()))?;
    let ready = listener.set_nonblocking(true).and_then(|()| UnixListener::from_std(listener));
    ready.map_err(|error| failed(error.to_string()))
}

/// Credentials as the configuration lays them out.
struct Credentials {
    settings: Systemd,
    fetch: Fetch,
}

impl Lookup for Credentials {
    async fn find(&self, wanted: &Wanted) -> Result<SecretString, Error> {
        let listed = self.settings.credentials.get(&(wanted.unit.clone(), wanted.credential.clone()));
        let place = match (listed, &self.settings.folder) {
            (Some(place), _) => place.clone(),
            (None, Some(folder)) => {
                Place { path: format!("{folder}/{}", wanted.unit), field: Some(wanted.credential.clone()) }
            }
            (None, None) => return Err(Error::Field(wanted.unit.clone())),
        };
        self.fetch.value(&place).await
    }
}

/// Where credentials come from.
trait Lookup: Send + Sync + 'static {
    fn find(&self, wanted: &Wanted) -> impl Future<Output = Result<SecretString, Error>> + Send;
}

/// Answers whoever connects, for as long as it is polled. Only processes of `owner` are units' starters: anyone may
/// bind a name that looks like a unit's.
async fn serve<L: Lookup>(listener: UnixListener, owner: u32, lookup: Arc<L>, log: Log) {
    let room = Arc::new(Semaphore::new(AT_ONCE));
    loop {
        let Ok(permit) = room.clone().acquire_owned().await else { return };
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                // Out of descriptors, most likely: others have to end first.
                log.warn(&format!("a unit could not connect: {error}"));
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let (lookup, log) = (lookup.clone(), log.clone());
        tokio::spawn(async move {
            let _permit = permit;
            let answered = tokio::time::timeout(PATIENCE, answer(stream, owner, &*lookup, &log)).await;
            if answered.is_err() {
                log.warn("a credential was not taken in time");
            }
        });
    }
}

async fn answer<L: Lookup>(mut stream: UnixStream, owner: u32, lookup: &L, log: &Log) {
    let refused = match find(&stream, owner, lookup).await {
        Ok(secret) if secret.expose().len() > LARGEST => {
            "the secret is larger than a credential may be".to_owned()
        }
        Ok(secret) => {
            // If systemd has gone the unit has failed already, and says so itself.
            let _ = stream.write_all(secret.expose().as_bytes()).await;
            let _ = stream.shutdown().await;
            return;
        }
        Err(why) => why,
    };
    log.warn(&refused);
    let too_much = vec![0; 64 << 10];
    // It stops reading, and closes.
    while stream.write_all(&too_much).await.is_ok() {}
}

async fn find<L: Lookup>(stream: &UnixStream, owner: u32, lookup: &L) -> Result<SecretString, String> {
    let peer = stream.peer_cred().map_err(|error| format!("a caller is not known: {error}"))?;
    if peer.uid() != 0 && peer.uid() != owner {
        return Err(format!("user {} asked for a credential: only the one who starts units may", peer.uid()));
    }
    let address = stream.peer_addr().map_err(|error| format!("a caller has no address: {error}"))?;
    let wanted = Wanted::of(&address.into()).ok_or("a caller is no unit that is being started")?;
    let found = lookup.find(&wanted).await;
    found.map_err(|error| format!("credential {} of {}: {error}", wanted.credential, wanted.unit))
}

#[cfg(test)]
mod tests;
