//! Authorities and the certificate that they sign, as they are when: nothing here knows where they are kept.
//!
//! A new authority is made long before the old one ends, and signs nothing until whoever verifies has had time to
//! learn of it. The old one stays in the bundle until it ends.

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyPair, KeyUsagePurpose,
};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::{Material, pem::PrivatePem};
use crate::Error;

const DAY: i64 = 24 * 60 * 60;
/// An authority's life, and when there should be another.
const AUTHORITY: i64 = 365 * DAY;
const NEXT_AUTHORITY: i64 = AUTHORITY / 3;
/// A certificate's, likewise.
const SERVER: i64 = 30 * DAY;
const NEXT_SERVER: i64 = SERVER / 3;
/// How long an authority is known before it signs.
const KNOWN: i64 = DAY;
/// Clocks differ.
const SKEW: i64 = 60 * 60;

/// What replicas share. Times are seconds since 1970.
#[derive(Debug, Default, Deserialize, Serialize)]
pub(super) struct State {
    authorities: Vec<Authority>,
    server: Option<Server>,
}

#[derive(Debug, Deserialize, Serialize)]
struct Authority {
    name: String,
    certificate: String,
    key: PrivatePem,
    since: i64,
    until: i64,
}

#[derive(Debug, Deserialize, Serialize)]
struct Server {
    certificate: String,
    key: PrivatePem,
    /// The authority's name.
    by: String,
    names: Vec<String>,
    since: i64,
    until: i64,
}

impl State {
    /// What verifies the server's certificate, now and after the next exchange.
    pub(super) fn bundle(&self) -> String {
        self.authorities.iter().map(|it| it.certificate.as_str()).collect()
    }

    /// Removes what has ended and adds what is due. Whether something changed.
    pub(super) fn renew_authorities(&mut self, now: i64) -> Result<bool, Error> {
        let before = self.authorities.len();
        self.authorities.retain(|it| it.until > now);
        let ended = self.authorities.len() < before;
        let is_due = self.authorities.iter().all(|it| it.until - now < NEXT_AUTHORITY);
        if is_due {
            self.authorities.push(authority(now)?);
        }
        Ok(ended || is_due)
    }

    /// The same for the certificate; to be called once the bundle is where verifiers find it.
    pub(super) fn renew_server(&mut self, names: &[String], now: i64) -> Result<bool, Error> {
        let signer = self.authorities.iter().rev().find(|it| it.since + KNOWN <= now);
        let Some(signer) = signer.or_else(|| self.authorities.first()) else {
            return Err(Error::Certificate);
        };
        let is_good = self.server.as_ref().is_some_and(|it| {
            it.names == names
                && it.until - now >= NEXT_SERVER.min((it.until - it.since) / 3)
                && self.authorities.iter().any(|authority| authority.name == it.by)
        });
        if is_good {
            return Ok(false);
        }
        self.server = Some(server(signer, names, now)?);
        Ok(true)
    }

    pub(super) fn material(&self) -> Option<Material> {
        let server = self.server.as_ref()?;
        Material::parse(server.certificate.as_bytes(), server.key.expose().as_bytes())
    }
}

fn authority(now: i64) -> Result<Authority, Error> {
    let until = now + AUTHORITY;
    let name = format!("strongroom webhook authority {now}");
    let key = KeyPair::generate().map_err(failed)?;
    let certificate = authority_params(&name, now, until)?.self_signed(&key).map_err(failed)?;
    Ok(Authority {
        name,
        certificate: certificate.pem(),
        key: PrivatePem::new(key.serialize_pem()),
        since: now,
        until,
    })
}

fn authority_params(name: &str, since: i64, until: i64) -> Result<CertificateParams, Error> {
    let mut params = CertificateParams::default();
    params.distinguished_name = named(name);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    (params.not_before, params.not_after) = (moment(since - SKEW)?, moment(until)?);
    Ok(params)
}

fn server(by: &Authority, names: &[String], now: i64) -> Result<Server, Error> {
    let until = (now + SERVER).min(by.until);
    let signing = KeyPair::from_pem(by.key.expose()).map_err(failed)?;
    let issuer = Issuer::new(authority_params(&by.name, by.since, by.until)?, signing);
    let mut params = CertificateParams::new(names).map_err(failed)?;
    params.distinguished_name = named("strongroom webhook");
    params.use_authority_key_identifier_extension = true;
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    (params.not_before, params.not_after) = (moment(now - SKEW)?, moment(until)?);
    let key = KeyPair::generate().map_err(failed)?;
    let certificate = params.signed_by(&key, &issuer).map_err(failed)?.pem();
    let key = PrivatePem::new(key.serialize_pem());
    Ok(Server { certificate, key, by: by.name.clone(), names: names.to_vec(), since: now, until })
}

fn named(name: &str) -> DistinguishedName {
    let mut named = DistinguishedName::new();
    named.push(DnType::CommonName, name);
    named
}

fn moment(seconds: i64) -> Result<OffsetDateTime, Error> {
    OffsetDateTime::from_unix_timestamp(seconds).map_err(|_| Error::Certificate)
}

fn failed(_: rcgen::Error) -> Error {
    Error::Certificate
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use rustls::{
        RootCertStore,
        client::{WebPkiServerVerifier, danger::ServerCertVerifier as _},
        pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject as _},
    };

    use super::*;

    const NAME: &str = "strongroom-webhook.strongroom.svc";
    const START: i64 = 1_800_000_000;

    fn names() -> Vec<String> {
        vec![NAME.to_owned()]
    }

    fn renew(state: &mut State, now: i64) -> (bool, bool) {
        let authorities = state.renew_authorities(now).unwrap();
        (authorities, state.renew_server(&names(), now).unwrap())
    }

    /// As an API server that has this bundle sees it.
    fn verifies(bundle: &str, state: &State, now: i64) -> bool {
        let mut roots = RootCertStore::empty();
        for it in CertificateDer::pem_slice_iter(bundle.as_bytes()) {
            roots.add(it.unwrap()).unwrap();
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let verifier =
            WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build().unwrap();
        let chain = &state.material().unwrap().0.cert;
        let time = UnixTime::since_unix_epoch(std::time::Duration::from_secs(now.try_into().unwrap()));
        verifier.verify_server_cert(&chain[0], &[], &ServerName::try_from(NAME).unwrap(), &[], time).is_ok()
    }

    #[test]
    fn three_years_pass_and_an_old_bundle_is_good_for_a_day() {
        let mut state = State::default();
        assert_eq!(renew(&mut state, START), (true, true));
        assert_eq!(renew(&mut state, START), (false, false));
        // Every six hours; who verifies has the bundle of a day ago.
        let (mut bundles, mut authorities, mut servers) = (vec![state.bundle()], 0, 0);
        for step in 1..4 * 365 * 3 {
            let now = START + step * DAY / 4;
            let (authority, server) = renew(&mut state, now);
            authorities += i32::from(authority);
            servers += i32::from(server);
            bundles.push(state.bundle());
            let old = &bundles[bundles.len().saturating_sub(4)];
            assert!(verifies(old, &state, now), "day {}", step / 4);
        }
        assert!((50..=60).contains(&servers), "{servers} certificates");
        assert!((7..=9).contains(&authorities), "{authorities} changes of authorities");
        assert!(!verifies(&bundles[0], &state, START + 3 * 365 * DAY), "the first authority is long gone");
    }

    #[test]
    fn a_long_sleep_a_new_name_and_an_unknown_state_make_new_ones() {
        let mut state = State::default();
        renew(&mut state, START);
        let late = START + 5 * 365 * DAY;
        assert_eq!(renew(&mut state, late), (true, true));
        assert!(verifies(&state.bundle(), &state, late));
        assert!(state.renew_server(&["another.svc".to_owned()], late).unwrap());
        assert!(!verifies(&state.bundle(), &state, late), "the old name is not served any more");
        state.authorities.clear();
        assert_eq!(renew(&mut state, late), (true, true));
    }

    // Rule 24
    #[test]
    fn keys_are_not_printed() {
        let mut state = State::default();
        renew(&mut state, START);
        let (printed, kept) = (format!("{state:?}"), serde_json::to_string(&state).unwrap());
        assert!(kept.contains("PRIVATE KEY") && !printed.contains("PRIVATE KEY"));
    }
}
