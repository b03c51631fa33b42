//! Calls over a Unix socket.

use std::path::Path;

use hyper_util::rt::TokioIo;
use prost::Message;
use tokio::net::UnixStream;
use tonic::{
    Code, Request, Status,
    client::Grpc,
    transport::{Channel, Endpoint, Uri},
};
use tonic_prost::ProstCodec;

#[derive(Clone)]
pub struct Socket(Grpc<Channel>);

impl Socket {
    pub async fn connect(path: &Path) -> Self {
        let path = path.to_owned();
        let connector = tower::service_fn(move |_: Uri| {
            let path = path.clone();
            async move { UnixStream::connect(path).await.map(TokioIo::new) }
        });
        let endpoint = Endpoint::from_static("http://localhost");
        Self(Grpc::new(endpoint.connect_with_connector(connector).await.unwrap()))
    }

    /// `/package.Service/Method`.
    pub async fn call<A, B>(&self, method: &'static str, message: A) -> Result<B, Status>
    where
        A: Message + Send + Sync + 'static,
        B: Message + Default + Send + Sync + 'static,
    {
        let mut grpc = self.0.clone();
        grpc.ready().await.map_err(|error| Status::unavailable(error.to_string()))?;
        let codec: ProstCodec<A, B> = ProstCodec::default();
        let path = tonic::codegen::http::uri::PathAndQuery::from_static(method);
        grpc.unary(Request::new(message), path, codec).await.map(tonic::Response::into_inner)
    }
}

#[track_caller]
pub fn refused<T>(answer: Result<T, Status>, code: Code, words: &str) {
    let status = answer.err().expect("it is refused");
    assert!(status.code() == code && status.message().contains(words), "{status:?}");
}
