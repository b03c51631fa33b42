//! Sockets below port 1024 are bound first: afterwards the process has no right to.

use std::net::{SocketAddr, TcpListener, ToSocketAddrs as _};

use crate::error::ServerError;

/// The first port that anybody may bind.
const UNPRIVILEGED: u16 = 1024;

/// Sockets that were bound before there was a runtime. Each is taken once, by the listener at its address.
#[derive(Debug, Default)]
pub struct EarlySockets(Vec<(SocketAddr, TcpListener)>);

impl EarlySockets {
    /// Binds those of the `addresses` that need a right which is then given up.
    ///
    /// # Errors
    ///
    /// [`ServerError::Bind`], as for every other socket.
    pub fn bind<'a>(addresses: impl IntoIterator<Item = &'a str>) -> Result<Self, ServerError> {
        let mut sockets = Vec::new();
        for address in addresses {
            // What cannot be resolved now is told of when it is listened on.
            let Some(resolved) = address.to_socket_addrs().ok().and_then(|mut it| it.next()) else {
                continue;
            };
            if !is_privileged(resolved) {
                continue;
            }
            let failed = |source| ServerError::Bind { address: address.to_owned(), source };
            let socket = TcpListener::bind(resolved).map_err(failed)?;
            socket.set_nonblocking(true).map_err(failed)?;
            sockets.push((resolved, socket));
        }
        Ok(Self(sockets))
    }

    pub(crate) fn take(&mut self, address: SocketAddr) -> Option<TcpListener> {
        let at = self.0.iter().position(|(bound, _)| *bound == address)?;
        Some(self.0.swap_remove(at).1)
    }
}

fn is_privileged(address: SocketAddr) -> bool {
    (1..UNPRIVILEGED).contains(&address.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_low_ports_are_bound_early() {
        let privileged = |text: &str| is_privileged(text.parse().unwrap());
        assert!(privileged("127.0.0.1:443") && privileged("[::1]:1") && privileged("127.0.0.1:1023"));
        assert!(!privileged("127.0.0.1:0") && !privileged("127.0.0.1:1024") && !privileged("[::1]:8200"));
    }
}
