//! What speaks gRPC: messages to calls, errors to statuses. It decides nothing.

#[cfg(feature = "sanity")]
pub(crate) mod controller;
pub(crate) mod identity;
pub(crate) mod node;
pub(crate) mod provider;
pub(crate) mod registration;

use std::future::Future;

use tonic::{Code, Status};

use crate::{Error, error::Kind, socket::Socket};

/// Of one request: attributes, a token and what kubelet adds.
pub(crate) const LARGEST: usize = 1 << 20;
/// Calls of one connection that are under way at once.
const AT_ONCE: usize = 64;

/// A server that takes no more than it can do.
pub(crate) fn server() -> tonic::transport::Server {
    tonic::transport::Server::builder().concurrency_limit_per_connection(AT_ONCE).max_concurrent_streams(256)
}

/// Serves until `end` comes.
pub(crate) async fn serve(
    router: tonic::transport::server::Router,
    socket: Socket,
    end: impl Future<Output = ()>,
) -> Result<(), Error> {
    let served = router.serve_with_incoming_shutdown(socket.incoming(), end).await;
    served.map_err(|error| Error::io("serve")(std::io::Error::other(error)))
}

/// Carries a call out to its end, also if whoever made it has gone: a half of it would be worse than all.
async fn whole<T: Send + 'static>(
    call: impl Future<Output = Result<T, Error>> + Send + 'static,
) -> Result<T, Error> {
    tokio::spawn(call).await.unwrap_or(Err(Error::Timeout))
}

/// As gRPC says it; each refusal is a line in the log.
fn status(call: &'static str, volume: &str, error: &Error) -> Status {
    let code = match error.kind() {
        Kind::Invalid => Code::InvalidArgument,
        Kind::NotFound => Code::NotFound,
        Kind::Unauthenticated => Code::Unauthenticated,
        Kind::Denied => Code::PermissionDenied,
        Kind::Precondition => Code::FailedPrecondition,
        Kind::TooLarge => Code::ResourceExhausted,
        Kind::Unavailable => Code::Unavailable,
        Kind::Internal => Code::Internal,
    };
    let is_shown = volume.len() <= 256 && !volume.chars().any(char::is_control);
    tracing::warn!(call, volume = if is_shown { volume } else { "" }, ?code, %error, "refused");
    Status::new(code, error.to_string())
}
