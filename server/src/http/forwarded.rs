//! For whom a proxy asks, and what certificate it has seen of them.

use std::net::{IpAddr, SocketAddr};

use http::HeaderMap;
use strongroom_core::request::Peer;

use super::{Client, refusal::Refusal};
use crate::config::Forwarded;

/// Who asks: whoever is at the other end of the connection, unless that is a configured proxy.
///
/// A proxy's own certificate is nobody else's: behind one only what it vouches for counts. Rule 76: what somebody
/// else says in that header is refused, also where nothing is asked that goes by it.
pub(super) fn client(
    settings: Option<&Forwarded>,
    client: Client,
    headers: &HeaderMap,
) -> Result<Client, Refusal> {
    let vouched = settings.and_then(|it| it.certificate.as_ref());
    let certificates = match vouched {
        None => client.certificates,
        Some(vouched) if settings.is_some_and(|it| it.trusts(&client.peer)) => vouched.of(headers)?,
        Some(vouched) if vouched.is_in(headers) => return Err(Refusal::BadForwarded),
        Some(_) => client.certificates,
    };
    Ok(Client { peer: peer(settings, client.peer, headers)?, certificates })
}

// Rule 107
/// The peer of a request: the socket's, unless a configured proxy names another. The header counts from the
/// right, where each proxy writes what it saw; what stands further left anybody may have written.
fn peer(settings: Option<&Forwarded>, peer: Peer, headers: &HeaderMap) -> Result<Peer, Refusal> {
    let (Some(settings), Peer::Address(socket)) = (settings, &peer) else { return Ok(peer) };
    let present = headers.contains_key("x-forwarded-for");
    if !settings.trusts(&peer) {
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
    use crate::http::VouchedCertificate;

    fn settings(hop_skips: usize) -> Forwarded {
        Forwarded {
            authorized: vec!["10.0.0.0/8".parse().unwrap()],
            hop_skips,
            reject_not_present: true,
            reject_not_authorized: false,
            certificate: None,
        }
    }

    #[track_caller]
    fn check(settings: Option<Forwarded>, socket: &str, header: &str, expected: Option<&str>) {
        let mut headers = HeaderMap::new();
        if !header.is_empty() {
            headers.insert("x-forwarded-for", header.parse().unwrap());
        }
        let peer = Peer::Address(SocketAddr::new(socket.parse().unwrap(), 9));
        let found = super::peer(settings.as_ref(), peer, &headers).ok();
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

    /// What comes of a request whose connection has the certificate `own`, with that header.
    #[track_caller]
    fn check_certificate(is_configured: bool, socket: &str, header: &str, expected: Option<&[u8]>) {
        let header_name = http::HeaderName::from_static("client-cert");
        let certificate = VouchedCertificate { header: header_name.clone(), decoders: Vec::new() };
        let certificate = is_configured.then_some(certificate);
        let settings = Forwarded { certificate, reject_not_present: false, ..settings(0) };
        let mut headers = HeaderMap::new();
        if !header.is_empty() {
            headers.insert(header_name, header.parse().unwrap());
        }
        let peer = Peer::Address(SocketAddr::new(socket.parse().unwrap(), 9));
        let own = Client { peer, certificates: Some([b"own".to_vec()].into()) };
        let found = client(Some(&settings), own, &headers).ok();
        let found = found.map(|it| it.certificates.map(|it| it[0].clone()).unwrap_or_default());
        assert_eq!(found.as_deref(), expected, "{socket} {header}");
    }

    // Rule 76
    #[test]
    fn only_a_configured_proxy_vouches_for_a_certificate_and_never_with_its_own() {
        let (proxy, other) = ("10.0.0.1", "9.9.9.9");
        check_certificate(false, proxy, "AQID", Some(b"own"));
        check_certificate(false, other, "AQID", Some(b"own"));
        check_certificate(true, proxy, "AQID", Some(&[1, 2, 3]));
        check_certificate(true, proxy, "", Some(b""));
        check_certificate(true, proxy, "no base64", None);
        check_certificate(true, other, "AQID", None);
        check_certificate(true, other, "", Some(b"own"));
    }
}
