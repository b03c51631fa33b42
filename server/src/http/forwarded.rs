//! For whom a proxy asks.

use std::net::{IpAddr, SocketAddr};

use http::HeaderMap;
use strongroom_core::request::Peer;

use super::refusal::Refusal;
use crate::config::Forwarded;

// Rule 107
/// The peer of a request: the socket's, unless a configured proxy names another. The header counts from the
/// right, where each proxy writes what it saw; what stands further left anybody may have written.
pub(super) fn client(settings: Option<&Forwarded>, peer: Peer, headers: &HeaderMap) -> Result<Peer, Refusal> {
    let (Some(settings), Peer::Address(socket)) = (settings, &peer) else { return Ok(peer) };
    let present = headers.contains_key("x-forwarded-for");
    if !settings.authorized.iter().any(|it| it.contains(socket.ip())) {
        let refused = present && settings.reject_not_authorized;
        return if refused { Err(Refusal::BadForwarded) } else { Ok(peer) };
    }
    if !present {
        return if settings.reject_not_present { Err(Refusal::BadForwarded) } else { Ok(peer) };
    }
    let values = headers.get_all("x-forwarded-for").iter();
    let mut all: Vec<&str> = Vec::new();
    for value in values {
        all.extend(value.to_str().map_err(|_| Refusal::BadForwarded)?.split(','));
    }
    let named = all.len().checked_sub(settings.hop_skips.saturating_add(1)).and_then(|at| all.get(at));
    let address: IpAddr = named.and_then(|it| it.trim().parse().ok()).ok_or(Refusal::BadForwarded)?;
    Ok(Peer::Address(SocketAddr::new(address, socket.port())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(hop_skips: usize) -> Forwarded {
        Forwarded {
            authorized: vec!["10.0.0.0/8".parse().unwrap()],
            hop_skips,
            reject_not_present: true,
            reject_not_authorized: false,
        }
    }

    #[track_caller]
    fn check(settings: Option<Forwarded>, socket: &str, header: &str, expected: Option<&str>) {
        let mut headers = HeaderMap::new();
        if !header.is_empty() {
            headers.insert("x-forwarded-for", header.parse().unwrap());
        }
        let peer = Peer::Address(SocketAddr::new(socket.parse().unwrap(), 9));
        let found = client(settings.as_ref(), peer, &headers).ok();
        let expected = expected.map(|it| Peer::Address(SocketAddr::new(it.parse().unwrap(), 9)));
        assert_eq!(found, expected);
    }

    // Rule 107
    #[test]
    fn only_a_configured_proxy_names_the_client_and_only_at_the_right() {
        check(None, "10.0.0.1", "1.1.1.1", Some("10.0.0.1"));
        check(Some(settings(0)), "10.0.0.1", "6.6.6.6, 1.1.1.1", Some("1.1.1.1"));
        check(Some(settings(1)), "10.0.0.1", "6.6.6.6, 1.1.1.1, 10.0.0.2", Some("1.1.1.1"));
        check(Some(settings(2)), "10.0.0.1", "1.1.1.1", None);
        check(Some(settings(0)), "10.0.0.1", "", None);
        check(Some(settings(0)), "10.0.0.1", "host", None);
        check(Some(settings(0)), "9.9.9.9", "1.1.1.1", Some("9.9.9.9"));
    }
}
