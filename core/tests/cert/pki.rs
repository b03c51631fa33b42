//! Authorities, certificates and revocation lists, made for one test.

use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CertifiedIssuer, DnType,
    ExtendedKeyUsagePurpose, IsCa, KeyIdMethod, KeyPair, KeyUsagePurpose, RevokedCertParams, SerialNumber,
};
use time::OffsetDateTime;

/// A test's clock, when it begins.
pub const NOW: i64 = 1_700_000_000;
pub const DAY: i64 = 24 * 3600;

pub type Authority = CertifiedIssuer<'static, KeyPair>;

pub fn at(seconds: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(seconds).unwrap()
}

fn params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    if !name.is_empty() {
        params.distinguished_name.push(DnType::CommonName, name);
    }
    params.use_authority_key_identifier_extension = true;
    (params.not_before, params.not_after) = (at(NOW - DAY), at(NOW + 30 * DAY));
    params
}

fn of_authority(name: &str) -> CertificateParams {
    let mut params = params(name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

/// One that signs itself.
pub fn root_of(name: &str, key: KeyPair, change: impl FnOnce(&mut CertificateParams)) -> Authority {
    let mut params = of_authority(name);
    change(&mut params);
    CertifiedIssuer::self_signed(params, key).unwrap()
}

pub fn root_with(name: &str, change: impl FnOnce(&mut CertificateParams)) -> Authority {
    root_of(name, KeyPair::generate().unwrap(), change)
}

pub fn root(name: &str) -> Authority {
    root_with(name, |_| {})
}

/// An authority below another.
pub fn below(parent: &Authority, name: &str, change: impl FnOnce(&mut CertificateParams)) -> Authority {
    let mut params = of_authority(name);
    change(&mut params);
    CertifiedIssuer::signed_by(params, KeyPair::generate().unwrap(), parent).unwrap()
}

/// A client's certificate.
pub fn leaf_with(
    parent: &Authority,
    name: &str,
    key: &KeyPair,
    change: impl FnOnce(&mut CertificateParams),
) -> rcgen::Certificate {
    let mut params = params(name);
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    change(&mut params);
    params.signed_by(key, parent).unwrap()
}

pub fn leaf(
    parent: &Authority,
    name: &str,
    change: impl FnOnce(&mut CertificateParams),
) -> rcgen::Certificate {
    leaf_with(parent, name, &KeyPair::generate().unwrap(), change)
}

/// A list with these serial numbers, that runs out at `until`.
pub fn crl(authority: &Authority, serials: &[u64], until: i64) -> rcgen::CertificateRevocationList {
    let revoked = |it: &u64| RevokedCertParams {
        serial_number: SerialNumber::from(*it),
        revocation_time: at(NOW - DAY),
        reason_code: None,
        invalidity_date: None,
    };
    let params = CertificateRevocationListParams {
        this_update: at(NOW - DAY),
        next_update: at(until),
        crl_number: SerialNumber::from(1),
        issuing_distribution_point: None,
        revoked_certs: serials.iter().map(revoked).collect(),
        key_identifier_method: KeyIdMethod::Sha256,
    };
    params.signed_by(authority).unwrap()
}
