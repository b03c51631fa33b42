//! Addresses that may be asked at all.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

const MAX_LEN: usize = 2048;

/// Where something is asked: `https://host[:port]/path`, or `http://` on this machine (rule 80). No user, no
/// fragment, nothing but printable ASCII.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Url {
    tls: bool,
    /// In lower case; of IPv6 without the brackets.
    host: String,
    port: u16,
    /// Path and query, from the slash on.
    target: String,
}

/// Why an address is refused, without a part of it.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum BadUrl {
    #[error("an address begins with https://, or with http:// on this machine")]
    Scheme,
    #[error("http:// is for this machine alone: others are asked over https://")]
    Plain,
    #[error("an address is a host, perhaps a port and a path, and nothing else")]
    Form,
}

impl Url {
    pub fn parse(text: &str) -> Result<Self, BadUrl> {
        if text.len() > MAX_LEN || !text.bytes().all(|it| it.is_ascii_graphic()) {
            return Err(BadUrl::Form);
        }
        let (tls, rest) = match (text.strip_prefix("https://"), text.strip_prefix("http://")) {
            (Some(rest), _) => (true, rest),
            (_, Some(rest)) => (false, rest),
            _ => return Err(BadUrl::Scheme),
        };
        if rest.contains(['#', '\\', '"', '<', '>', '^', '`', '{', '|', '}']) {
            return Err(BadUrl::Form);
        }
        let (authority, target) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        let (host, port) = host_and_port(authority).ok_or(BadUrl::Form)?;
        let target = match target.starts_with('/') {
            true => target.to_owned(),
            false => format!("/{target}"),
        };
        if target.split('?').next().is_some_and(|path| path.split('/').any(|it| matches!(it, "." | ".."))) {
            return Err(BadUrl::Form);
        }
        let this = Self { tls, host, port: port.unwrap_or(if tls { 443 } else { 80 }), target };
        match this.tls || this.is_local() {
            true => Ok(this),
            false => Err(BadUrl::Plain),
        }
    }

    pub fn tls(&self) -> bool {
        self.tls
    }

    pub fn host(&self) -> &str {
        &self.host
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// Path and query.
    pub fn target(&self) -> &str {
        &self.target
    }

    /// As the `Host` header says it.
    pub fn authority(&self) -> String {
        let host = match self.host.contains(':') {
            true => format!("[{}]", self.host),
            false => self.host.clone(),
        };
        match (self.tls, self.port) {
            (true, 443) | (false, 80) => host,
            (_, port) => format!("{host}:{port}"),
        }
    }

    /// Whether the host is this machine by its name or number.
    pub fn is_local(&self) -> bool {
        match self.host.parse::<IpAddr>() {
            Ok(address) => address.to_canonical().is_loopback(),
            Err(_) => self.host == "localhost",
        }
    }

    /// The same server, at `path` below this address. `path` begins with a slash.
    pub fn below(&self, path: &str) -> Self {
        let base = self.target.split('?').next().unwrap_or_default().trim_end_matches('/');
        Self { target: format!("{base}{path}"), ..self.clone() }
    }

    /// Whether both are one server: as safe, on one port.
    pub fn is_same_server(&self, other: &Self) -> bool {
        (self.tls, &self.host, self.port) == (other.tls, &other.host, other.port)
    }
}

fn host_and_port(authority: &str) -> Option<(String, Option<u16>)> {
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => {
            let (host, port) = rest.split_once(']')?;
            host.parse::<Ipv6Addr>().ok()?;
            (host, if port.is_empty() { None } else { Some(port.strip_prefix(':')?) })
        }
        None => match authority.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (authority, None),
        },
    };
    let digits = |it: &str| !it.is_empty() && it.bytes().all(|it| it.is_ascii_digit());
    let port = match port {
        Some(port) if digits(port) => Some(port.parse::<u16>().ok().filter(|it| *it != 0)?),
        Some(_) => return None,
        None => None,
    };
    (authority.starts_with('[') || is_name(host)).then(|| (host.to_ascii_lowercase(), port))
}

/// A host's name, or an IPv4 address in its one spelling: what resolvers would take for one besides (`127.1`,
/// `0x7f000001`) is neither.
fn is_name(host: &str) -> bool {
    let label = |it: &str| {
        let plain = |it: u8| it.is_ascii_alphanumeric() || matches!(it, b'-' | b'_');
        (1..=63).contains(&it.len()) && it.bytes().all(plain) && !it.starts_with('-') && !it.ends_with('-')
    };
    let host = host.strip_suffix('.').unwrap_or(host);
    let last_is_a_word =
        host.rsplit('.').next().is_some_and(|it| !it.starts_with(|it: char| it.is_ascii_digit()));
    host.len() <= 253 && host.split('.').all(label) && (last_is_a_word || host.parse::<Ipv4Addr>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    // Rule 80
    #[test]
    fn only_this_machine_is_asked_without_tls() {
        #[track_caller]
        fn check(text: &str, expected: Result<(&str, &str), BadUrl>) {
            let url = Url::parse(text);
            let found = url.as_ref().map(|it| (it.authority(), it.target().to_owned()));
            assert_eq!(
                found.map_err(|it| *it),
                expected.map(|(a, b)| (a.to_owned(), b.to_owned())),
                "{text}"
            );
        }
        check("https://issuer.example/keys?a=1", Ok(("issuer.example", "/keys?a=1")));
        check("https://Issuer.Example:8443", Ok(("issuer.example:8443", "/")));
        check("https://[2001:db8::1]:443/x", Ok(("[2001:db8::1]", "/x")));
        check("https://issuer.example?a", Ok(("issuer.example", "/?a")));
        check("http://localhost:4646/k", Ok(("localhost:4646", "/k")));
        check("http://127.0.0.9/", Ok(("127.0.0.9", "/")));
        check("http://[::1]:1/", Ok(("[::1]:1", "/")));
        for plain in
            ["http://issuer.example/", "http://10.0.0.1/", "http://localhost.example/", "http://[::2]/"]
        {
            check(plain, Err(BadUrl::Plain));
        }
        for scheme in ["file:///etc/passwd", "ftp://a/", "HTTPS://a/", "unix:/run/x", "", "//a/", "a"] {
            check(scheme, Err(BadUrl::Scheme));
        }
        for form in [
            "https://",
            "https:///k",
            "https://a@b/",
            "https://a:b@c/",
            "https://a#b",
            "https://a:0/",
            "https://a:99999/",
            "https://a:+1/",
            "https://a b/",
            "https://a/\r\nX: y",
            "https://é/",
            "https://127.1/",
            "https://0x7f000001/",
            "https://2130706433/",
            "https://[::1/",
            "https://[::1]1/",
            "https://[fe80::1%25eth0]/",
            "https://-a/",
            "https://a..b/",
            "https://a/../b",
            "https://a/./b",
        ] {
            check(form, Err(BadUrl::Form));
        }
    }

    #[test]
    fn what_lies_below_is_the_same_server() {
        let url = Url::parse("https://a:1/b/?q").unwrap();
        assert_eq!(url.below("/c").target(), "/b/c");
        assert!(url.is_same_server(&url.below("/c")));
        for other in ["https://a:2/b", "https://b:1/b", "https://a/b"] {
            assert!(!url.is_same_server(&Url::parse(other).unwrap()), "{other}");
        }
    }
}
