//! Where programs of this machine ask the agent instead of the server.

use std::path::PathBuf;

use strongroom_hcl::{BlockView, BodyView, ReadError, Reader};

use super::{auth::text_or_number, keys, mode};

#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Listener {
    pub address: Address,
    /// Requests must carry `X-Vault-Request: true`, which a browser that was led astray does not send.
    pub require_header: bool,
    /// Only the agent's own figures.
    pub metrics_only: bool,
    /// `POST /agent/v1/quit` ends the agent.
    pub quit: bool,
}

#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Address {
    Tcp {
        address: String,
        /// Certificate and key.
        tls: Option<(PathBuf, PathBuf)>,
    },
    Unix {
        path: PathBuf,
        mode: u32,
        owner: Option<String>,
        group: Option<String>,
    },
}

/// Answers that are kept, and whose token asks.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Cache {
    pub is_on: bool,
    pub use_token: UseToken,
    pub persist: Option<Persist>,
}

/// Where the last good answers are kept, encrypted.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Persist {
    pub directory: PathBuf,
    /// The node's key; without it, one that is made in memory.
    pub key_file: Option<PathBuf>,
}

/// Whether requests through the listener are made with the agent's token.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum UseToken {
    #[default]
    No,
    /// If the request has none.
    IfNone,
    /// Also if it has one.
    Force,
}

const SOCKET_MODE: u32 = 0o600;

pub(super) fn read(reader: &mut Reader<'_>, block: &BlockView<'_>) -> Result<Listener, ReadError> {
    let body = block.body;
    let needs = |what: &str| format!("a listener needs `{what}`");
    let address = reader.text(body, "address")?.filter(|it| !it.is_empty());
    let address = address.ok_or_else(|| reader.refuse(block.key, needs("address")))?;
    let plain = reader.bool(body, "tls_disable")?.unwrap_or(false);
    let address = match block.label(0) {
        "tcp" => {
            reader.check_keys(body, &keys::LISTENER_TCP, "listener \"tcp\"")?;
            let file = |name| Ok::<_, ReadError>(reader.text(body, name)?.filter(|it| !it.is_empty()));
            let tls = match (plain, file("tls_cert_file")?, file("tls_key_file")?) {
                (true, ..) => None,
                (false, Some(cert), Some(key)) => Some((cert.into(), key.into())),
                _ => {
                    return Err(
                        reader.refuse(block.key, needs("tls_cert_file` and `tls_key_file`, or `tls_disable"))
                    );
                }
            };
            Address::Tcp { address, tls }
        }
        "unix" => {
            reader.check_keys(body, &keys::LISTENER_UNIX, "listener \"unix\"")?;
            Address::Unix {
                path: address.into(),
                mode: mode(reader, body, "socket_mode")?.unwrap_or(SOCKET_MODE),
                owner: text_or_number(reader, body, "socket_user")?,
                group: text_or_number(reader, body, "socket_group")?,
            }
        }
        _ => return Err(reader.refuse(block.key, "unknown listener; use tcp or unix")),
    };
    let role = reader.parsed(body, "role", "default or metrics_only", |it| match it {
        "default" | "" => Some(false),
        "metrics_only" => Some(true),
        _ => None,
    })?;
    let mut quit = false;
    if let Some(api) = reader.block(body, "agent_api")? {
        reader.check_keys(api.body, &keys::AGENT_API, "agent_api")?;
        quit = reader.bool(api.body, "enable_quit")?.unwrap_or(false);
    }
    Ok(Listener {
        address,
        require_header: reader.bool(body, "require_request_header")?.unwrap_or(false),
        metrics_only: role.unwrap_or(false),
        quit,
    })
}

pub(super) fn read_cache(reader: &mut Reader<'_>, body: BodyView<'_>) -> Result<Cache, ReadError> {
    reader.check_keys(body, &keys::CACHE, "cache")?;
    let mut cache =
        Cache { is_on: true, use_token: use_token(reader, body)?.unwrap_or_default(), persist: None };
    let labelled = body.blocks("persist", 1).ok().and_then(|mut it| it.pop());
    let plain = reader.block(body, "persist").ok().flatten().filter(|it| it.body.attr("path").is_some());
    if let Some(block) = plain.or(labelled) {
        reader.check_keys(block.body, &keys::PERSIST, "persist")?;
        let file = |name| Ok::<_, ReadError>(reader.text(block.body, name)?.filter(|it| !it.is_empty()));
        let directory = file("path")?.ok_or_else(|| reader.refuse(block.key, "`persist` needs a `path`"))?;
        let key_file = file("key_file")?.map(PathBuf::from);
        cache.persist = Some(Persist { directory: directory.into(), key_file });
    }
    Ok(cache)
}

/// `use_auto_auth_token`, if it stands here.
pub(super) fn use_token(reader: &Reader<'_>, body: BodyView<'_>) -> Result<Option<UseToken>, ReadError> {
    reader.parsed(body, "use_auto_auth_token", "true, false or \"force\"", |it| match it {
        "force" => Some(UseToken::Force),
        "true" | "1" => Some(UseToken::IfNone),
        "false" | "0" => Some(UseToken::No),
        _ => None,
    })
}
