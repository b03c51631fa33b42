//! Requests of others, passed on as they are: for proxies.

use bytes::Bytes;
use http::{Request, Response};
use zeroize::Zeroizing;

use crate::{Client, Error, transport::Transport};

impl Client {
    /// Sends a request with its own method, path, headers and body to the server of this client, once and with no token
    /// of ours, and answers what came, whatever its status. The target's scheme and authority do not matter.
    pub async fn forward(&self, request: Request<Bytes>) -> Result<Response<Zeroizing<Vec<u8>>>, Error> {
        match self.transport() {
            Transport::Http(http) => http.forward(request).await.map_err(|failed| failed.error),
            #[cfg(feature = "embedded")]
            Transport::Embedded(_) => {
                Err(Error::Config("a store in this process has no server to pass requests on to".to_owned()))
            }
        }
    }
}
