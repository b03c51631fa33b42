//! Credentials for units of systemd: `LoadCredential=db:/run/strongroom/creds.sock`.
//!
//! systemd connects before it drops privileges, sends nothing and reads to the end (systemd.exec(5), "Credentials").
//! Which unit asks for which credential says the abstract address that systemd has bound its own side to. There is no
//! way to say that something failed: an early end is an empty credential, and the unit starts with it. So what cannot
//! be answered is answered with more than systemd takes, and the unit fails.

mod peer;

use std::{future::Future, sync::Arc, time::Duration};

use strongroom_sdk::SecretString;
use tokio::{
    io::AsyncWriteExt as _,
    net::{UnixListener, UnixStream},
    sync::Semaphore,
};

pub use peer::Wanted;

use crate::Error;

/// What systemd takes for one credential, and for all of a unit.
const LARGEST: usize = 1 << 20;
/// Connections that are answered at the same time; the others wait.
const AT_ONCE: usize = 64;
/// For the secret, and for whoever reads slowly. Shorter than a unit's usual time to start.
const PATIENCE: Duration = Duration::from_secs(60);

/// Where credentials come from.
pub trait Lookup: Send + Sync + 'static {
    fn find(&self, wanted: &Wanted) -> impl Future<Output = Result<SecretString, Error>> + Send;
}

/// Answers whoever connects, for as long as it is polled. Only processes of `owner` are units' starters: anyone may
/// bind a name that looks like a unit's.
pub async fn serve<L: Lookup>(listener: UnixListener, owner: u32, lookup: Arc<L>, report: fn(&str)) {
    let room = Arc::new(Semaphore::new(AT_ONCE));
    loop {
        let Ok(permit) = room.clone().acquire_owned().await else { return };
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                // Out of descriptors, most likely: others have to end first.
                report(&format!("a unit could not connect: {error}"));
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let lookup = lookup.clone();
        tokio::spawn(async move {
            let _permit = permit;
            let answered = tokio::time::timeout(PATIENCE, answer(stream, owner, &*lookup, report)).await;
            if answered.is_err() {
                report("a credential was not taken in time");
            }
        });
    }
}

async fn answer<L: Lookup>(mut stream: UnixStream, owner: u32, lookup: &L, report: fn(&str)) {
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
    report(&refused);
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
