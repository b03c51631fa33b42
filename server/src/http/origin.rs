//! Requests that a browser sends for a page.
//!
//! A page from elsewhere can have its own name resolved to our address (DNS rebinding); to the browser we are
//! then that page's own server, and answers are its to read. What it cannot change is the `Host` that is sent. So a
//! request with an `Origin` must name a host that is ours: an address, this machine, or what `api_addr` says.
//! Other clients send no `Origin` and may call us what they like.

use std::net::IpAddr;

use http::{HeaderMap, Uri, header, uri::Authority};

use super::refusal::Refusal;

/// Names that this server goes by, in lower case and without a port.
#[derive(Clone, Debug, Default)]
pub struct Hosts(Vec<String>);

impl Hosts {
    /// The host of each URL; one without a scheme counts as well.
    pub fn of_urls<'a>(urls: impl IntoIterator<Item = &'a str>) -> Self {
        let host = |url: &str| {
            let uri: Uri = url.parse().ok()?;
            uri.host().map(str::to_ascii_lowercase)
        };
        Self(urls.into_iter().filter_map(host).collect())
    }

    // Rule 108
    /// Refuses what a browser sends to a host that is not ours.
    pub(super) fn check(&self, uri: &Uri, headers: &HeaderMap) -> Result<(), Refusal> {
        if !headers.contains_key(header::ORIGIN) {
            return Ok(());
        }
        // HTTP/2 says it in the target, HTTP/1.1 in the one header.
        let mut named = headers.get_all(header::HOST).iter();
        let authority = match (uri.authority(), named.next(), named.next()) {
            (Some(authority), None, _) => Some(authority.clone()),
            (None, Some(host), None) => host.to_str().ok().and_then(|it| it.parse::<Authority>().ok()),
            _ => None,
        };
        match authority {
            Some(authority) if self.holds(authority.host()) => Ok(()),
            _ => Err(Refusal::ForeignHost),
        }
    }

    fn holds(&self, host: &str) -> bool {
        let host = host.to_ascii_lowercase();
        let is_address = host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok();
        is_address || host == "localhost" || host.ends_with(".localhost") || self.0.contains(&host)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(uri: &str, host: &[&str], origin: bool, expected: bool) {
        let mut headers = HeaderMap::new();
        for host in host {
            headers.append(header::HOST, host.parse().unwrap());
        }
        if origin {
            headers.insert(header::ORIGIN, "https://elsewhere.example".parse().unwrap());
        }
        let hosts = Hosts::of_urls(["https://Vault.example:8200", "secrets.internal:8200"]);
        assert_eq!(hosts.check(&uri.parse().unwrap(), &headers).is_ok(), expected, "{uri} {host:?}");
    }

    // Rule 108
    #[test]
    fn a_page_reaches_only_hosts_that_are_ours() {
        for ours in ["127.0.0.1:8200", "[::1]:8200", "10.1.2.3", "localhost", "LOCALHOST:8200", "a.localhost"]
        {
            check("/v1/a", &[ours], true, true);
        }
        check("/v1/a", &["vault.example"], true, true);
        check("/v1/a", &["VAULT.example:8200"], true, true);
        check("/v1/a", &["secrets.internal:8200"], true, true);
        for foreign in
            ["rebound.example", "vault.example.evil", "x127.0.0.1", "localhost.evil:8200", "", "a b"]
        {
            check("/v1/a", &[foreign], true, false);
            check("/v1/a", &[foreign], false, true);
        }
        check("/v1/a", &[], true, false);
        check("/v1/a", &["localhost", "rebound.example"], true, false);
    }

    // Rule 108
    #[test]
    fn the_target_of_http_2_names_the_host() {
        check("https://localhost/v1/a", &[], true, true);
        check("https://rebound.example/v1/a", &[], true, false);
        // Two answers to one question.
        check("https://localhost/v1/a", &["rebound.example"], true, false);
    }
}
