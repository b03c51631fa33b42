//! What a client asks, in the one form that the pipeline takes.

mod body;
mod path;

use std::{
    fmt,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

pub(crate) use body::check_bounds;
pub use body::{BadBody, Body, Chunks};
pub use path::{BadPath, Parsed, RequestPath};

use crate::{crypto::SecretBytes, ids::RequestId};

/// What is to be done; from the HTTP method and `list=true`, and from nothing else.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Operation {
    Delete,
    /// What a path is and takes (`?help=1`).
    Help,
    List,
    Patch,
    Read,
    /// A listing with its entries' data.
    Scan,
    /// POST and PUT. Whether that creates or updates is decided within the transaction.
    Write,
}

/// Everything about one request.
#[derive(Debug)]
pub struct Request {
    pub id: RequestId,
    pub operation: Operation,
    pub path: RequestPath,
    pub token: Option<PresentedToken>,
    pub body: Body,
    pub peer: Peer,
    /// The answer is to be wrapped for so long.
    pub wrap_ttl: Option<Duration>,
    /// A KV read is to be leased for so long (`X-Strongroom-Lease`).
    pub lease_ttl: Option<Duration>,
    /// What the client proved with in the TLS handshake, the leaf first, as DER; it says nothing of who signed
    /// it. None without TLS, or without a certificate.
    pub certificates: Option<Arc<[Vec<u8>]>>,
    /// Headers that the audit settings ask for, lower-cased.
    pub headers: Vec<(Box<str>, Box<str>)>,
    /// PATCH: the body is a JSON merge patch by its content type.
    pub merge_patch: bool,
    /// What the listener that it came over opens to whoever has shares.
    pub opened: Opened,
}

/// Operators' procedures that ask for no token over a listener: the shares are proof enough there, as in Vault.
/// Elsewhere they ask for a token with `sudo`, or for the local socket.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Opened {
    /// `sys/rekey/*`, `sys/rekey-recovery-key/*`.
    pub rekey: bool,
    /// `sys/generate-root/*`.
    pub generate_root: bool,
}

/// Who is at the other end, as the listener knows it: not as the request claims.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Peer {
    /// A socket's address, or what a trusted proxy vouched for.
    Address(SocketAddr),
    /// The Unix socket: the peer's ids when it connected.
    Local { uid: u32, gid: u32 },
    /// A caller in this process.
    Embedded,
}

impl Peer {
    /// What stands for it where peers are counted; none for whoever has an account on this machine.
    pub fn network(&self) -> Option<IpAddr> {
        match self {
            Self::Address(address) => Some(crate::net::network_of(address.ip())),
            Self::Local { .. } | Self::Embedded => None,
        }
    }

    /// On this machine: over loopback, the Unix socket or in the process.
    pub fn is_local(&self) -> bool {
        match self {
            Self::Address(address) => address.ip().to_canonical().is_loopback(),
            Self::Local { .. } | Self::Embedded => true,
        }
    }
}

/// A token as a client sent it. Stripped from the request before an engine sees it.
pub struct PresentedToken(SecretBytes);

impl PresentedToken {
    pub fn new(text: SecretBytes) -> Self {
        Self(text)
    }

    pub fn expose(&self) -> &[u8] {
        self.0.expose()
    }
}

impl fmt::Debug for PresentedToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PresentedToken(…)")
    }
}
