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
        let mut origins = headers.get_all(header::ORIGIN).iter();
        let Some(origin) = origins.next() else { return Ok(()) };
        // `null`, which pages without a place of their own send, has no host.
        let origin: Option<Uri> = origin.to_str().ok().and_then(|it| it.parse().ok());
        let page = origin.as_ref().and_then(Uri::authority).filter(|_| origins.next().is_none());
        // HTTP/2 says it in the target, HTTP/1.1 in the one header.
        let mut named = headers.get_all(header::HOST).iter();
        let authority = match (uri.authority(), named.next(), named.next()) {
            (Some(authority), None, _) => Some(authority.clone()),
            (None, Some(host), None) => host.to_str().ok().and_then(|it| it.parse::<Authority>().ok()),
            _ => None,
        };
        match (authority, page) {
            (Some(authority), Some(page))
                if self.holds(authority.host()) && (authority == *page || self.names(page.host())) =>
            {
                Ok(())
            }
            _ => Err(Refusal::ForeignHost),
        }
    }

    fn holds(&self, host: &str) -> bool {
        let host = host.to_ascii_lowercase();
        let is_address = host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok();
        is_address || host == "localhost" || host.ends_with(".localhost") || self.names(&host)
    }

    /// Whether `api_addr` says so.
    fn names(&self, host: &str) -> bool {
        self.0.contains(&host.to_ascii_lowercase())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(uri: &str, host: &[&str], origin: &[&str], expected: bool) {
        let mut headers = HeaderMap::new();
        for host in host {
            headers.append(header::HOST, host.parse().unwrap());
        }
        for origin in origin {
            headers.append(header::ORIGIN, origin.parse().unwrap());
        }
        let hosts = Hosts::of_urls(["https://Vault.example:8200", "secrets.internal:8200"]);
        assert_eq!(
            hosts.check(&uri.parse().unwrap(), &headers).is_ok(),
            expected,
            "{uri} {host:?} {origin:?}"
        );
    }

    // Rule 108
    #[test]
    fn a_page_reaches_only_hosts_that_are_ours() {
        for ours in ["127.0.0.1:8200", "[::1]:8200", "10.1.2.3", "localhost", "LOCALHOST:8200", "a.localhost"]
        {
            check("/v1/a", &[ours], &[&format!("http://{ours}")], true);
        }
        check("/v1/a", &["vault.example"], &["https://vault.example"], true);
        check("/v1/a", &["VAULT.example:8200"], &["https://vault.example:8200"], true);
        check("/v1/a", &["secrets.internal:8200"], &["https://secrets.internal"], true);
        for foreign in ["rebound.example", "vault.example.evil", "x127.0.0.1", "localhost.evil:8200"] {
            check("/v1/a", &[foreign], &[&format!("http://{foreign}")], false);
            check("/v1/a", &[foreign], &[], true);
        }
        check("/v1/a", &[], &["http://localhost"], false);
        check("/v1/a", &["localhost", "rebound.example"], &["http://localhost"], false);
    }

    // Rules 16 and 108: what a page may send without being asked (a form, `no-cors`) makes no store and unseals none.
    #[test]
    fn a_page_from_elsewhere_is_refused_whatever_host_it_names() {
        for elsewhere in
            ["https://elsewhere.example", "http://10.1.2.3", "http://localhost:3000", "null", "", "x y"]
        {
            check("/v1/sys/init", &["127.0.0.1:8200"], &[elsewhere], false);
            check("/v1/sys/init", &["localhost:8200"], &[elsewhere], false);
        }
        check("/v1/sys/init", &["127.0.0.1"], &["http://127.0.0.1", "https://elsewhere.example"], false);
    }

    // Rule 108
    #[test]
    fn the_target_of_http_2_names_the_host() {
        check("https://localhost/v1/a", &[], &["https://localhost"], true);
        check("https://rebound.example/v1/a", &[], &["https://rebound.example"], false);
        // Two answers to one question.
        check("https://localhost/v1/a", &["rebound.example"], &["https://localhost"], false);
    }
}
