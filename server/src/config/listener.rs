//! A `listener` stanza.

use std::{net::IpAddr, path::PathBuf, str::FromStr as _, time::Duration};

use strongroom_core::{
    net::Cidr,
    request::{Opened, Peer},
};
use strongroom_hcl::{BlockView, Reader};

use super::{
    keys,
    parse::{self, Result},
};
use crate::http::{Decoder, Limits, VouchedCertificate};

#[derive(Clone, Debug)]
pub struct Listener {
    pub address: Address,
    pub limits: Limits,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub forwarded: Option<Forwarded>,
    /// What asks for no token here: the endpoints that the stanza says are not disabled.
    pub opened: Opened,
}

#[derive(Clone, Debug)]
pub enum Address {
    /// `HOST:PORT`, resolved when it is bound. Without TLS only where the file says so.
    Tcp {
        address: String,
        tls: Option<Tls>,
    },
    Unix {
        path: PathBuf,
        mode: u32,
    },
}

#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Tls {
    pub cert_file: PathBuf,
    pub key_file: PathBuf,
    pub min: MinTls,
    pub client_ca_file: Option<PathBuf>,
    /// A client without a certificate of that authority is refused.
    pub require_client_cert: bool,
    /// Clients are not even asked for one.
    pub no_client_certs: bool,
}

#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum MinTls {
    #[default]
    Tls12,
    Tls13,
}

/// Who may say for whom they ask, and how many proxies stand between.
#[derive(Clone, Debug)]
pub struct Forwarded {
    pub authorized: Vec<Cidr>,
    /// Entries at the right of the header that are proxies' own.
    pub hop_skips: usize,
    /// A request of an authorised proxy that does not name its client is refused.
    pub reject_not_present: bool,
    /// A request that carries the header and does not come from such a proxy is refused.
    pub reject_not_authorized: bool,
    /// They also pass on what certificate their client has.
    pub certificate: Option<VouchedCertificate>,
}

impl Forwarded {
    pub(crate) fn trusts(&self, peer: &Peer) -> bool {
        let Peer::Address(address) = peer else { return false };
        self.authorized.iter().any(|it| it.contains(address.ip()))
    }
}

pub(super) fn read(source: &mut Reader<'_>, block: &BlockView<'_>) -> Result<Listener> {
    match block.label(0) {
        "tcp" => tcp(source, block),
        "unix" => unix(source, block),
        _ => Err(source.refuse(block.key, "unknown listener; use \"tcp\" or \"unix\"")),
    }
}

fn tcp(source: &mut Reader<'_>, block: &BlockView<'_>) -> Result<Listener> {
    let body = block.body;
    source.check_keys(body, &keys::TCP, "listener \"tcp\"")?;
    let address = source.text(body, "address")?.unwrap_or_else(|| "127.0.0.1:8200".to_owned());
    let tls = match source.bool(body, "tls_disable")?.unwrap_or(false) {
        true => None,
        false => Some(tls(source, block)?),
    };
    Ok(Listener {
        address: Address::Tcp { address: with_port(address), tls },
        limits: limits(source, block)?,
        forwarded: forwarded(source, block)?,
        opened: opened(source, block)?,
    })
}

/// Vault's default port for an address without one.
fn with_port(address: String) -> String {
    if let Ok(ip) = address.trim_matches(['[', ']']).parse::<IpAddr>() {
        return std::net::SocketAddr::new(ip, 8200).to_string();
    }
    match address.contains(':') {
        true => address,
        false => format!("{address}:8200"),
    }
}

fn tls(source: &Reader<'_>, block: &BlockView<'_>) -> Result<Tls> {
    let body = block.body;
    let file = |name: &str| -> Result<Option<PathBuf>> {
        Ok(source.text(body, name)?.filter(|it| !it.is_empty()).map(PathBuf::from))
    };
    let needs = |name: &str| {
        source.refuse(block.key, format!("listener \"tcp\" needs `{name}`, or `tls_disable = true`"))
    };
    let min = match body.single("tls_min_version").map_err(|it| source.at(it))? {
        None => MinTls::default(),
        Some(attr) => match attr.as_str().map_err(|it| source.at(it))? {
            "tls12" => MinTls::Tls12,
            "tls13" => MinTls::Tls13,
            // Older ones are not spoken: what they allow is narrowed, not refused.
            "tls10" | "tls11" => MinTls::Tls12,
            _ => return Err(source.at(attr.mismatch("tls12 or tls13"))),
        },
    };
    let require = source.bool(body, "tls_require_and_verify_client_cert")?.unwrap_or(false);
    let no_client_certs = source.bool(body, "tls_disable_client_certs")?.unwrap_or(false);
    let client_ca_file = file("tls_client_ca_file")?;
    if require && (client_ca_file.is_none() || no_client_certs) {
        return Err(source.refuse(
            block.key,
            "`tls_require_and_verify_client_cert` needs `tls_client_ca_file`, and no `tls_disable_client_certs`",
        ));
    }
    Ok(Tls {
        cert_file: file("tls_cert_file")?.ok_or_else(|| needs("tls_cert_file"))?,
        key_file: file("tls_key_file")?.ok_or_else(|| needs("tls_key_file"))?,
        min,
        client_ca_file,
        require_client_cert: require,
        no_client_certs,
    })
}

fn unix(source: &mut Reader<'_>, block: &BlockView<'_>) -> Result<Listener> {
    let body = block.body;
    source.check_keys(body, &keys::UNIX, "listener \"unix\"")?;
    let path = source.text(body, "address")?.filter(|it| !it.is_empty());
    let path = path.ok_or_else(|| source.refuse(block.key, "listener \"unix\" needs an `address`"))?;
    let mode = match body.single("socket_mode").map_err(|it| source.at(it))? {
        None => 0o600,
        Some(attr) => {
            let text = attr.as_text().map_err(|it| source.at(it))?;
            let mode = u32::from_str_radix(text, 8).ok().filter(|it| *it <= 0o777);
            mode.ok_or_else(|| source.at(attr.mismatch("an octal mode")))?
        }
    };
    let limits = limits(source, block)?;
    let address = Address::Unix { path: path.into(), mode };
    Ok(Listener { address, limits, forwarded: None, opened: Opened::default() })
}

fn opened(source: &Reader<'_>, block: &BlockView<'_>) -> Result<Opened> {
    let is_open = |key: &str| Ok(source.bool(block.body, key)? == Some(false));
    Ok(Opened {
        rekey: is_open("disable_unauthed_rekey_endpoints")?,
        generate_root: is_open("disable_unauthed_generate_root_endpoints")?,
    })
}

fn limits(source: &Reader<'_>, block: &BlockView<'_>) -> Result<Limits> {
    let usual = Limits::default();
    let size = source.number(block.body, "max_request_size")?.filter(|it| *it > 0);
    let size = size.map_or(usual.max_body, |it| usize::try_from(it).unwrap_or(usize::MAX));
    let deadline = |name: &str, usual: Duration| -> Result<Duration> {
        Ok(parse::duration(source, block.body, name)?.filter(|it| !it.is_zero()).unwrap_or(usual))
    };
    Ok(Limits {
        max_body: size.min(Limits::MAX_BODY),
        head_deadline: deadline("http_read_header_timeout", usual.head_deadline)?,
        body_deadline: deadline("http_read_timeout", usual.body_deadline)?,
        request_deadline: deadline("max_request_duration", usual.request_deadline)?,
        idle_deadline: deadline("http_idle_timeout", usual.idle_deadline)?,
    })
}

fn forwarded(source: &Reader<'_>, block: &BlockView<'_>) -> Result<Option<Forwarded>> {
    let body = block.body;
    let mut authorized = Vec::new();
    for (span, text) in source.list(body, "x_forwarded_for_authorized_addrs")? {
        authorized.push(Cidr::from_str(&text).map_err(|bad| source.refuse(span, bad.to_string()))?);
    }
    let hop_skips = source.number(body, "x_forwarded_for_hop_skips")?.unwrap_or(0);
    let reject_not_present = source.bool(body, "x_forwarded_for_reject_not_present")?.unwrap_or(true);
    let reject_not_authorized = source.bool(body, "x_forwarded_for_reject_not_authorized")?.unwrap_or(true);
    let certificate = certificate(source, block)?;
    if authorized.is_empty() {
        return match certificate {
            Some(_) => Err(source.refuse(
                block.key,
                "`x_forwarded_for_client_cert_header` needs `x_forwarded_for_authorized_addrs`",
            )),
            None => Ok(None),
        };
    }
    // Rule 76: an address is no proof of a proxy, unless it can be no other machine's.
    let proves = source.bool(body, "tls_require_and_verify_client_cert")?.unwrap_or(false);
    if certificate.is_some() && !proves && !authorized.iter().all(is_loopback) {
        return Err(source.refuse(
            block.key,
            "`x_forwarded_for_client_cert_header` needs `tls_require_and_verify_client_cert`, or \
             `x_forwarded_for_authorized_addrs` on this machine alone",
        ));
    }
    Ok(Some(Forwarded {
        authorized,
        hop_skips: usize::try_from(hop_skips).unwrap_or(usize::MAX),
        reject_not_present,
        reject_not_authorized,
        certificate,
    }))
}

/// The header in which proxies pass on their client's certificate, and how they write it. OpenBao has another name
/// for the second key.
fn certificate(source: &Reader<'_>, block: &BlockView<'_>) -> Result<Option<VouchedCertificate>> {
    let body = block.body;
    let header = source.parsed(body, "x_forwarded_for_client_cert_header", "the name of a header", |it| {
        if it.is_empty() { Some(None) } else { http::HeaderName::from_str(it).ok().map(Some) }
    })?;
    let mut decoders = Vec::new();
    for key in ["x_forwarded_for_client_cert_header_decoders", "x_forwarded_for_client_cert_decoders"] {
        for (span, text) in source.list(body, key)? {
            let decoder = Decoder::parse(text.trim());
            decoders
                .push(decoder.ok_or_else(|| {
                    source.refuse(span, "unknown decoder; use BASE64, PEM, RFC9440 or URL")
                })?);
        }
    }
    Ok(header.flatten().map(|header| VouchedCertificate { header, decoders }))
}

fn is_loopback(network: &Cidr) -> bool {
    ["127.0.0.0/8", "::1"].iter().any(|it| it.parse().is_ok_and(|it: Cidr| it.covers(network)))
}
