//! X.509 certificates and revocation lists (RFC 5280): read with `x509-parser`, which verifies nothing; chains are
//! verified with `rustls-webpki` over *ring*, as TLS verifies those of servers.

use rustls_pki_types::{CertificateDer, CertificateRevocationListDer, UnixTime, pem::PemObject as _};
use webpki::{EndEntityCert, KeyUsage, VerifiedPath, anchor_from_trusted_cert};
use x509_parser::{
    certificate::X509Certificate,
    extensions::{GeneralName, ParsedExtension},
    prelude::FromDer as _,
    revocation_list::CertificateRevocationList,
};

use super::CryptoError;

/// What a certificate says. Nothing of it is proved by its being read.
#[derive(Clone, Debug)]
pub(crate) struct Certificate {
    /// Empty if the subject has none.
    pub(crate) common_name: String,
    pub(crate) organizational_units: Vec<String>,
    pub(crate) dns_names: Vec<String>,
    pub(crate) emails: Vec<String>,
    pub(crate) uris: Vec<String>,
    /// Big-endian, without zeros in front.
    pub(crate) serial: Vec<u8>,
    /// In DER.
    pub(crate) issuer: Vec<u8>,
    /// Empty if it does not say.
    pub(crate) subject_key_id: Vec<u8>,
    /// Empty if it does not say.
    pub(crate) authority_key_id: Vec<u8>,
    /// Unix seconds, both included.
    not_before: i64,
    not_after: i64,
    is_ca: bool,
    /// How many authorities may stand between this one and a leaf; none: any number.
    path_len: Option<u32>,
    /// What its key may be used for, as far as it says.
    may_sign_certificates: bool,
    may_sign: bool,
    may_be_a_client: bool,
    /// By object identifier, with the DER of the value.
    extensions: Vec<(String, Vec<u8>)>,
}

impl Certificate {
    /// Fails where a name is missing that we would go by: two common names, an extension that stands twice, text
    /// that is none.
    pub(crate) fn read(der: &[u8]) -> Result<Self, CryptoError> {
        let (rest, read) = X509Certificate::from_der(der).map_err(|_| CryptoError)?;
        if !rest.is_empty() {
            return Err(CryptoError);
        }
        let mut common_names = read.subject().iter_common_name();
        let common_name = match (common_names.next(), common_names.next()) {
            (None, _) => String::new(),
            (Some(one), None) => one.as_str().map_err(|_| CryptoError)?.to_owned(),
            // Nobody knows which of them somebody else would read.
            (Some(_), Some(_)) => return Err(CryptoError),
        };
        let units = read.subject().iter_organizational_unit().filter_map(|it| it.as_str().ok());
        let usage = read.key_usage().map_err(|_| CryptoError)?;
        let extended = read.extended_key_usage().map_err(|_| CryptoError)?;
        let constraints = read.basic_constraints().map_err(|_| CryptoError)?;
        let mut this = Self {
            common_name,
            organizational_units: units.map(str::to_owned).collect(),
            dns_names: Vec::new(),
            emails: Vec::new(),
            uris: Vec::new(),
            serial: read.serial.to_bytes_be(),
            issuer: read.issuer().as_raw().to_vec(),
            subject_key_id: Vec::new(),
            authority_key_id: Vec::new(),
            not_before: read.validity().not_before.timestamp(),
            not_after: read.validity().not_after.timestamp(),
            is_ca: constraints.as_ref().is_some_and(|it| it.value.ca),
            path_len: constraints.and_then(|it| it.value.path_len_constraint),
            may_sign_certificates: usage.as_ref().is_none_or(|it| it.value.key_cert_sign()),
            may_sign: usage.is_none_or(|it| it.value.digital_signature()),
            may_be_a_client: extended.is_none_or(|it| it.value.client_auth || it.value.any),
            extensions: Vec::new(),
        };
        this.take_alternative_names(&read)?;
        this.take_extensions(&read)?;
        Ok(this)
    }

    fn take_alternative_names(&mut self, read: &X509Certificate<'_>) -> Result<(), CryptoError> {
        let names = read.subject_alternative_name().map_err(|_| CryptoError)?;
        for name in names.iter().flat_map(|it| &it.value.general_names) {
            match name {
                GeneralName::DNSName(it) => self.dns_names.push((*it).to_owned()),
                GeneralName::RFC822Name(it) => self.emails.push((*it).to_owned()),
                GeneralName::URI(it) => self.uris.push((*it).to_owned()),
                GeneralName::Invalid(..) => return Err(CryptoError),
                _ => {}
            }
        }
        Ok(())
    }

    fn take_extensions(&mut self, read: &X509Certificate<'_>) -> Result<(), CryptoError> {
        for extension in read.extensions() {
            let oid = extension.oid.to_id_string();
            if self.extension(&oid).is_some() {
                return Err(CryptoError);
            }
            match extension.parsed_extension() {
                ParsedExtension::SubjectKeyIdentifier(it) => self.subject_key_id = it.0.to_vec(),
                ParsedExtension::AuthorityKeyIdentifier(it) => {
                    self.authority_key_id =
                        it.key_identifier.as_ref().map_or_else(Vec::new, |it| it.0.to_vec());
                }
                _ => {}
            }
            self.extensions.push((oid, extension.value.to_vec()));
        }
        Ok(())
    }

    /// In decimal digits, as Go writes it.
    pub(crate) fn serial_number(&self) -> String {
        decimal(&self.serial)
    }

    pub(crate) fn is_valid_at(&self, seconds: i64) -> bool {
        (self.not_before..=self.not_after).contains(&seconds)
    }

    pub(crate) fn is_ca(&self) -> bool {
        self.is_ca
    }

    /// Whether it is an authority's, and for signing certificates.
    pub(crate) fn may_issue(&self) -> bool {
        self.is_ca && self.may_sign_certificates
    }

    pub(crate) fn may_be_a_client(&self) -> bool {
        self.may_be_a_client
    }

    /// The DER of an extension's value.
    pub(crate) fn extension(&self, oid: &str) -> Option<&[u8]> {
        self.extensions.iter().find(|(known, _)| known == oid).map(|(_, value)| value.as_slice())
    }
}

/// Finds a chain from a client's certificate to one authority at a time in Unix seconds, over what the client sent
/// besides. Answers what stands behind the leaf, the authority last.
///
/// Beyond what `webpki` checks (signatures, times, names that the authorities are constrained to, critical
/// extensions, length of the path between the intermediates, the purpose `clientAuth`) the trusted certificate is
/// held to what it says of itself, and every key to its usage.
pub(crate) fn chain(
    leaf: &[u8],
    others: &[Vec<u8>],
    authority: &[u8],
    seconds: i64,
) -> Result<Vec<Certificate>, CryptoError> {
    let root = Certificate::read(authority)?;
    // Rule 73
    if !root.may_issue() || !root.is_valid_at(seconds) || !Certificate::read(leaf)?.may_sign {
        return Err(CryptoError);
    }
    let leaf = CertificateDer::from(leaf);
    let leaf = EndEntityCert::try_from(&leaf).map_err(|_| CryptoError)?;
    let authority = CertificateDer::from(authority);
    let anchors = [anchor_from_trusted_cert(&authority).map_err(|_| CryptoError)?];
    let others: Vec<CertificateDer<'_>> =
        others.iter().map(|it| CertificateDer::from(it.as_slice())).collect();
    let since_epoch = std::time::Duration::from_secs(u64::try_from(seconds).map_err(|_| CryptoError)?);
    let check = |path: &VerifiedPath<'_>| match between(path).is_ok_and(|it| holds(&it, &root)) {
        true => Ok(()),
        false => Err(webpki::Error::PathLenConstraintViolated),
    };
    let path = leaf.verify_for_usage(
        webpki::ALL_VERIFICATION_ALGS,
        &anchors,
        &others,
        UnixTime::since_unix_epoch(since_epoch),
        KeyUsage::client_auth(),
        None,
        Some(&check),
    );
    let path = path.map_err(|why| {
        tracing::debug!(?why, "a client's certificate has no chain to an authority");
        CryptoError
    })?;
    let mut chain = between(&path)?;
    chain.push(root);
    Ok(chain)
}

fn between(path: &VerifiedPath<'_>) -> Result<Vec<Certificate>, CryptoError> {
    path.intermediate_certificates().map(|it| Certificate::read(&it.der())).collect()
}

/// Whether the authorities of a path may be where they stand.
fn holds(between: &[Certificate], root: &Certificate) -> bool {
    let is_short = root.path_len.is_none_or(|most| u32::try_from(between.len()).is_ok_and(|it| it <= most));
    is_short && between.iter().all(Certificate::may_issue)
}

/// All certificates of a PEM text, as DER. What else is in it is passed over.
pub(crate) fn certificates(pem: &str) -> Result<Vec<Vec<u8>>, CryptoError> {
    let all = CertificateDer::pem_slice_iter(pem.as_bytes()).map(|it| it.map(|it| it.to_vec()));
    all.collect::<Result<_, _>>().map_err(|_| CryptoError)
}

/// What a revocation list says.
#[derive(Clone, Debug)]
pub(crate) struct RevocationList {
    /// In DER.
    pub(crate) issuer: Vec<u8>,
    /// Unix seconds; none if it does not say.
    pub(crate) next_update: Option<i64>,
    /// Big-endian, without zeros in front; sorted.
    pub(crate) serials: Vec<Vec<u8>>,
}

/// `issuingDistributionPoint`: says of which certificates the list speaks, and may stay unread where all that are
/// on a list are refused.
const ISSUING_POINT: &str = "2.5.29.28";
/// `certificateIssuer` of an entry: the list speaks for another authority.
const CERTIFICATE_ISSUER: &str = "2.5.29.29";

impl RevocationList {
    /// From PEM, or from DER. A list that cannot be understood alone (changes to another list, entries of other
    /// authorities, anything critical that is unknown) is refused.
    pub(crate) fn read(text: &[u8]) -> Result<Self, CryptoError> {
        let from_pem = CertificateRevocationListDer::from_pem_slice(text).ok();
        let der = from_pem.as_ref().map_or(text, |it| it.as_ref());
        let (rest, read) = CertificateRevocationList::from_der(der).map_err(|_| CryptoError)?;
        let is_plain = |it: &x509_parser::extensions::X509Extension<'_>| {
            !it.critical || it.oid.to_id_string() == ISSUING_POINT
        };
        if !rest.is_empty() || !read.extensions().iter().all(is_plain) {
            return Err(CryptoError);
        }
        let mut serials = Vec::new();
        for entry in read.iter_revoked_certificates() {
            if entry.extensions().iter().any(|it| it.critical || it.oid.to_id_string() == CERTIFICATE_ISSUER)
            {
                return Err(CryptoError);
            }
            serials.push(entry.serial().to_bytes_be());
        }
        serials.sort_unstable();
        serials.dedup();
        Ok(Self {
            issuer: read.issuer().as_raw().to_vec(),
            next_update: read.next_update().map(|it| it.timestamp()),
            serials,
        })
    }
}

/// The text of an ASN.1 string; none for any other value.
pub(crate) fn text(der: &[u8]) -> Option<String> {
    let (tag, rest) = der.split_first()?;
    let (length, value) = rest.split_first()?;
    // UTF8String, NumericString, PrintableString, IA5String, GeneralString; of a length that fits into one byte, or two.
    if !matches!(tag, 12 | 18 | 19 | 22 | 27) {
        return None;
    }
    let value = match length {
        0..=0x7f if value.len() == usize::from(*length) => value,
        0x81 => {
            let (length, value) = value.split_first()?;
            (*length >= 0x80 && value.len() == usize::from(*length)).then_some(value)?
        }
        0x82 => {
            let (length, value) = value.split_first_chunk::<2>()?;
            let length = u16::from_be_bytes(*length);
            (length >= 0x100 && value.len() == usize::from(length)).then_some(value)?
        }
        _ => return None,
    };
    std::str::from_utf8(value).ok().map(str::to_owned)
}

/// A number of big-endian bytes in decimal digits.
pub(crate) fn decimal(bytes: &[u8]) -> String {
    // Least significant first.
    let mut digits = vec![0_u8];
    for byte in bytes {
        let mut carry = u16::from(*byte);
        for digit in &mut digits {
            carry += u16::from(*digit) << 8;
            *digit = u8::try_from(carry % 10).unwrap_or_default();
            carry /= 10;
        }
        while carry > 0 {
            digits.push(u8::try_from(carry % 10).unwrap_or_default());
            carry /= 10;
        }
    }
    digits.iter().rev().map(|it| char::from(b'0' + it)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_in_decimal() {
        for (bytes, expected) in [
            (&[][..], "0"),
            (&[0], "0"),
            (&[255], "255"),
            (&[1, 0], "256"),
            (&[0xff; 8], "18446744073709551615"),
            (&[1, 0, 0, 0, 0, 0, 0, 0, 0], "18446744073709551616"),
        ] {
            assert_eq!(decimal(bytes), expected);
        }
    }

    #[test]
    fn strings_are_read_and_nothing_else_is() {
        let long = |length: &[u8], size: usize| [&[12][..], length, &vec![b'a'; size]].concat();
        assert_eq!(text(&[12, 2, b'h', b'i']).as_deref(), Some("hi"));
        assert_eq!(text(&[22, 0]).as_deref(), Some(""));
        assert_eq!(text(&long(&[0x81, 200], 200)).map(|it| it.len()), Some(200));
        assert_eq!(text(&long(&[0x82, 1, 44], 300)).map(|it| it.len()), Some(300));
        for bad in [&[][..], &[12], &[12, 3, b'h'], &[12, 1, b'h', b'i'], &[4, 1, b'h'], &[12, 1, 0xff]] {
            assert_eq!(text(bad), None, "{bad:?}");
        }
        // Lengths that fit into less.
        assert_eq!(text(&long(&[0x81, 5], 5)), None);
        assert_eq!(text(&long(&[0x82, 0, 200], 200)), None);
    }

    #[test]
    fn what_is_no_certificate_is_none() {
        for bad in [&b""[..], b"\x30", b"\x30\x00", b"junk"] {
            assert!(Certificate::read(bad).is_err());
            assert!(RevocationList::read(bad).is_err());
        }
        assert_eq!(certificates("no PEM").unwrap(), Vec::<Vec<u8>>::new());
        assert!(certificates("-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n").is_err());
    }
}
