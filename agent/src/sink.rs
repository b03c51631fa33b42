//! Files that hold the agent's token, for programs that ask the server themselves.

use serde::{Deserialize, Serialize};
use strongroom_inject::{Access, Medium, Missing, Single};
use strongroom_sdk::{Client, Method, SecretString};
use zeroize::Zeroizing;

use crate::{Error, config::Sink};

/// What goes to a sink: the token, or what it was wrapped in.
pub(crate) async fn content(
    client: &Client,
    sink: &Sink,
    token: &SecretString,
) -> Result<Zeroizing<Vec<u8>>, Error> {
    match sink.wrap_ttl {
        None => Ok(Zeroizing::new(token.expose().as_bytes().to_vec())),
        Some(ttl) => {
            let call = client.call(Method::Post, "sys/wrapping/wrap").wrap(ttl).json(&Wrapped { token });
            wrapped(call.send().await.map_err(Error::Server)?.bytes())
        }
    }
}

// Rule 118
pub(crate) fn write(sink: &Sink, content: &[u8]) -> Result<(), Error> {
    let failed = |source| Error::File { path: sink.path.clone(), source };
    let access =
        Access::with_mode(sink.owner.as_deref(), sink.group.as_deref(), sink.mode).map_err(failed)?;
    // A token's place is an orchestrator's choice, which may be a volume on a disk.
    let place = Single::open(&sink.path, Medium::Any, Missing::Create).map_err(failed)?;
    place.replace(content, &access).map_err(failed)
}

#[derive(Serialize)]
struct Wrapped<'a> {
    token: &'a SecretString,
}

/// The part of an answer that says where it waits.
pub(crate) fn wrapped(answer: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
    /// In the order in which Vault's agent writes it.
    #[derive(Deserialize, Serialize)]
    struct WrapInfo {
        token: SecretString,
        #[serde(default)]
        accessor: String,
        ttl: u64,
        creation_time: String,
        creation_path: String,
        #[serde(default)]
        wrapped_accessor: String,
    }
    #[derive(Deserialize)]
    struct Answer {
        wrap_info: Option<WrapInfo>,
    }
    let malformed = || Error::Server(strongroom_sdk::Error::Malformed("no wrapped answer"));
    let answer: Answer = serde_json::from_slice(answer).map_err(|_| malformed())?;
    let text = serde_json::to_vec(&answer.wrap_info.ok_or_else(malformed)?);
    Ok(Zeroizing::new(text.map_err(|_| malformed())?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrapped_token_is_written_with_all_that_the_server_says_of_it() {
        let answer = br#"{"request_id":"r","wrap_info":{"token":"hvs.w","accessor":"a","ttl":60,"creation_time":"t","creation_path":"p"},"auth":null}"#;
        let written = br#"{"token":"hvs.w","accessor":"a","ttl":60,"creation_time":"t","creation_path":"p","wrapped_accessor":""}"#;
        assert_eq!(wrapped(answer).unwrap().as_slice(), written);
        assert!(wrapped(b"{\"wrap_info\":null}").is_err());
        assert!(wrapped(b"[]").is_err());
    }
}
