//! Requests that the server itself makes of its core: through the one door, as every client's.

use strongroom_core::{
    Core, Error,
    crypto::SecretBytes,
    ids::{NamespaceId, RequestId},
    request::{Body, Opened, Operation, Peer, PresentedToken, Request, RequestPath},
    response::Response,
};

pub(crate) async fn ask(
    core: &Core,
    token: Option<&SecretBytes>,
    operation: Operation,
    path: &str,
    body: Body,
) -> Result<Response, Error> {
    let request = Request {
        id: RequestId::generate()?,
        operation,
        path: RequestPath::new(NamespaceId::ROOT, path)?,
        token: token.map(|it| PresentedToken::new(SecretBytes::copy_of(it.expose()))),
        body,
        peer: Peer::Embedded,
        wrap_ttl: None,
        lease_ttl: None,
        certificates: None,
        headers: Vec::new(),
        merge_patch: false,
        opened: Opened::default(),
    };
    core.dispatch(request).await.into_result()
}
