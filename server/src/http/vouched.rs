//! A client's certificate, as the proxy that spoke TLS with it passes it on in a header.

use std::sync::Arc;

use data_encoding::BASE64;
use http::{HeaderMap, HeaderName};
use percent_encoding::percent_decode;
use rustls::pki_types::{CertificateDer, pem::PemObject as _};

use super::refusal::Refusal;

/// Which header it comes in, and how it is written there.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct VouchedCertificate {
    pub header: HeaderName,
    /// In the order in which they are undone; what is text in the end is DER in Base64.
    pub decoders: Vec<Decoder>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Decoder {
    Base64,
    Pem,
    /// `:Base64:`
    Rfc9440,
    Url,
}

impl Decoder {
    /// By the names that Vault and OpenBao have for them; `DER` is Vault's for what takes PEM and gives DER.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        Some(match name.to_ascii_uppercase().as_str() {
            "BASE64" => Self::Base64,
            "DER" | "PEM" => Self::Pem,
            "RFC9440" => Self::Rfc9440,
            "URL" => Self::Url,
            _ => return None,
        })
    }
}

impl VouchedCertificate {
    pub(super) fn is_in(&self, headers: &HeaderMap) -> bool {
        headers.contains_key(&self.header)
    }

    /// What the header holds; none if there is none. Two of them are refused, as one may be the client's own.
    pub(super) fn of(&self, headers: &HeaderMap) -> Result<Option<Arc<[Vec<u8>]>>, Refusal> {
        let mut values = headers.get_all(&self.header).iter();
        let (Some(value), second) = (values.next(), values.next()) else { return Ok(None) };
        if second.is_some() {
            return Err(Refusal::BadForwarded);
        }
        match value.as_bytes() {
            // What proxies send for a client without one.
            b"" => Ok(None),
            text => {
                let der = self.decode(text).ok_or(Refusal::BadForwarded)?;
                Ok(Some(Arc::from([der])))
            }
        }
    }

    fn decode(&self, text: &[u8]) -> Option<Vec<u8>> {
        let mut bytes = text.to_vec();
        let mut is_der = false;
        for decoder in &self.decoders {
            if is_der {
                return None;
            }
            bytes = match decoder {
                Decoder::Url => percent_decode(&bytes).collect(),
                Decoder::Pem => CertificateDer::from_pem_slice(&bytes).ok()?.to_vec(),
                Decoder::Base64 => BASE64.decode(bytes.trim_ascii()).ok()?,
                Decoder::Rfc9440 => {
                    let inner = bytes.trim_ascii().strip_prefix(b":")?.strip_suffix(b":")?;
                    BASE64.decode(inner).ok()?
                }
            };
            is_der = *decoder != Decoder::Url;
        }
        if is_der { Some(bytes) } else { BASE64.decode(bytes.trim_ascii()).ok() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vouched(decoders: &str) -> VouchedCertificate {
        let decoders = decoders.split(',').filter(|it| !it.is_empty());
        let decoders = decoders.map(|it| Decoder::parse(it).unwrap()).collect();
        VouchedCertificate { header: HeaderName::from_static("client-cert"), decoders }
    }

    #[track_caller]
    fn check(decoders: &str, value: &str, expected: Option<&[u8]>) {
        let mut headers = HeaderMap::new();
        headers.insert("client-cert", value.parse().unwrap());
        let found = vouched(decoders).of(&headers).ok();
        let found = found.map(|it| it.map(|it| it[0].clone()).unwrap_or_default());
        assert_eq!(found.as_deref(), expected, "{decoders} {value}");
    }

    #[test]
    fn each_proxy_has_its_spelling() {
        // DER of three bytes will do: whether it is a certificate, the auth method finds out.
        let pem = "-----BEGIN%20CERTIFICATE-----%0AAQID%0A-----END%20CERTIFICATE-----%0A";
        check("", "AQID", Some(&[1, 2, 3]));
        check("BASE64", "AQID", Some(&[1, 2, 3]));
        check("RFC9440", ":AQID:", Some(&[1, 2, 3]));
        check("URL,PEM", pem, Some(&[1, 2, 3]));
        check("url,der", pem, Some(&[1, 2, 3]));
        check("URL", "AQ%49D", Some(&[1, 2, 3]));
        check("", "", Some(&[]));
        check("RFC9440", "AQID", None);
        check("PEM", "AQID", None);
        check("BASE64", "no base64", None);
        check("BASE64,BASE64", "AQID", None);
    }
}
