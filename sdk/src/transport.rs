//! The seam between the typed calls and what carries them: a server's connections, or a store in this process.

#[cfg(feature = "http")]
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use crate::{Answer, Error, Method, SecretString};

/// One request, as every transport takes it.
#[derive(Clone)]
pub(crate) struct Ask {
    pub(crate) method: Method,
    /// Without `/v1/`, and not percent-encoded.
    pub(crate) path: String,
    pub(crate) query: Vec<(String, String)>,
    /// JSON, or empty. Wiped when the last holder goes.
    pub(crate) body: Bytes,
    pub(crate) token: Option<SecretString>,
    /// Nobody asks, also where the client is somebody without a token.
    pub(crate) anonymous: bool,
    pub(crate) wrap_ttl: Option<Duration>,
    pub(crate) lease_ttl: Option<Duration>,
}

/// What came back, whatever its status.
pub(crate) struct Reply {
    pub(crate) answer: Answer,
    /// When the server wants to be asked again.
    pub(crate) retry_after: Option<Duration>,
}

/// Nothing came back.
pub(crate) struct Failed {
    pub(crate) error: Error,
    /// No byte of the request has left: whatever it was, it has not been done.
    pub(crate) unsent: bool,
}

#[derive(Clone)]
pub(crate) enum Transport {
    #[cfg(feature = "embedded")]
    Embedded(crate::embedded::Embedded),
    #[cfg(feature = "http")]
    Http(Arc<crate::http::Http>),
}

impl Transport {
    /// The same, for whoever speaks by a token: without one it is nobody.
    pub(crate) fn for_bearers(&self) -> Self {
        match self {
            #[cfg(feature = "embedded")]
            Self::Embedded(store) => Self::Embedded(store.for_bearers()),
            #[cfg(feature = "http")]
            Self::Http(http) => Self::Http(http.clone()),
        }
    }

    pub(crate) async fn exchange(&self, ask: &Ask) -> Result<Reply, Failed> {
        match self {
            #[cfg(feature = "embedded")]
            Self::Embedded(store) => store.exchange(ask).await,
            #[cfg(feature = "http")]
            Self::Http(http) => http.exchange(ask).await,
        }
    }
}

impl Failed {
    /// A request that cannot be sent at all, so that trying again is in vain.
    pub(crate) fn unusable(why: &str) -> Self {
        Self { error: Error::Config(why.to_owned()), unsent: false }
    }
}
