//! Which certificates of clients a handshake lets through where no authority is configured.

use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, SignatureScheme,
    client::danger::HandshakeSignatureValid,
    crypto::{WebPkiSupportedAlgorithms, ring, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, UnixTime},
    server::danger::{ClientCertVerified, ClientCertVerifier},
};

/// What a connection keeps of whoever may be a stranger: more than any chain that is meant to be one.
const MAX_CERTIFICATES: usize = 8;
const MAX_LEN: usize = 16 << 10;

/// Asks for a certificate and takes any whose key the client has, or none. Alone it opens nothing: whom to
/// believe is for the auth method to say.
#[derive(Debug)]
pub(super) struct AnyClient(WebPkiSupportedAlgorithms);

impl Default for AnyClient {
    fn default() -> Self {
        Self(ring::default_provider().signature_verification_algorithms)
    }
}

impl ClientCertVerifier for AnyClient {
    /// No hints: what a browser or an agent has to offer is its own choice.
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn verify_client_cert(
        &self,
        leaf: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        // Rule 104
        let len = others.iter().fold(leaf.len(), |sum, it| sum.saturating_add(it.len()));
        if others.len() >= MAX_CERTIFICATES || len > MAX_LEN {
            return Err(Error::InvalidCertificate(CertificateError::ApplicationVerificationFailure));
        }
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signed, &self.0)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signed, &self.0)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Rule 104
    #[test]
    fn a_chain_is_as_long_as_chains_are() {
        let verify = |leaf: usize, others: &[usize]| {
            let of = |len: &usize| CertificateDer::from(vec![0; *len]);
            let others: Vec<_> = others.iter().map(of).collect();
            AnyClient::default().verify_client_cert(&of(&leaf), &others, UnixTime::now()).is_ok()
        };
        assert!(verify(2_000, &[]));
        assert!(verify(2_000, &[1_000; 7]));
        assert!(!verify(2_000, &[1_000; 8]));
        assert!(verify(MAX_LEN, &[]));
        assert!(!verify(MAX_LEN, &[1]));
    }
}
