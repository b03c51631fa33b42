//! What a client proved to have: its certificate, and what may lead from there to an authority.

use std::collections::BTreeMap;

use super::{
    certs::{Entry, Trusted},
    config::Config,
    crls::Crls,
};
use crate::{
    crypto::{
        mac,
        x509::{self, Certificate},
    },
    error::{Error, Result},
    request::Request,
};

/// Certificates that are taken besides the leaf; a chain is seldom longer than three. Ways through them are tried, and
/// their number grows faster than theirs.
const MAX_OTHERS: usize = 6;

pub(super) struct Presented<'a> {
    der: &'a [u8],
    leaf: Certificate,
    others: &'a [Vec<u8>],
    seconds: i64,
    /// What stands behind the leaf, for each authority that was asked for.
    chains: BTreeMap<Vec<u8>, Option<Vec<Certificate>>>,
}

impl<'a> Presented<'a> {
    /// None if the certificate is not one that a login could go by.
    pub(super) fn of(request: &'a Request, seconds: i64) -> Result<Option<Self>> {
        let all = request.certificates.as_deref().and_then(<[_]>::split_first);
        let (der, others) = all.ok_or_else(|| Error::invalid("no client certificate found"))?;
        let leaf = Certificate::read(der).ok().filter(|it| is_plain(&it.common_name));
        let others = others.get(..MAX_OTHERS).unwrap_or(others);
        Ok(leaf.map(|leaf| Self { der, leaf, others, seconds, chains: BTreeMap::new() }))
    }

    pub(super) fn leaf(&self) -> &Certificate {
        &self.leaf
    }

    /// What tells it from every other certificate.
    pub(super) fn fingerprint(&self) -> String {
        data_encoding::HEXLOWER.encode(&mac::sha256(&[self.der]))
    }

    /// Whether an entry trusts it, now.
    pub(super) fn fits(&mut self, entry: &Entry, crls: &Crls, config: &Config) -> bool {
        let seconds = self.seconds;
        let is_alive = |it: &Certificate| crls.admit(it, config, seconds);
        let is_trusted = match entry.trusted() {
            // Rule 73: the whole certificate, not its serial number or key.
            Trusted::Pinned(pinned) => pinned == self.der && self.leaf.is_valid_at(seconds),
            Trusted::Authorities(authorities) => authorities.iter().any(|it| match ***it == *self.der {
                // An authority's own: whoever has its key could sign a leaf.
                true => self.leaf.may_be_a_client() && self.leaf.is_valid_at(seconds),
                false => self.chain_to(it).is_some_and(|behind| behind.iter().all(is_alive)),
            }),
        };
        is_trusted && is_alive(&self.leaf) && entry.constraints.admit(&self.leaf)
    }

    fn chain_to(&mut self, authority: &[u8]) -> Option<&[Certificate]> {
        if !self.chains.contains_key(authority) {
            let chain = x509::chain(self.der, self.others, authority, self.seconds).ok();
            self.chains.insert(authority.to_vec(), chain);
        }
        self.chains.get(authority)?.as_deref()
    }
}

/// Rule 61: what becomes an alias has no characters that nobody sees, and no space around it.
fn is_plain(name: &str) -> bool {
    let unseen = |it: char| {
        it.is_control()
            || matches!(it, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
    };
    name.len() <= 256 && name.trim() == name && !name.contains(unseen)
}

#[cfg(test)]
mod tests {
    use super::*;

    // Rule 61
    #[test]
    fn a_name_that_looks_like_another_is_none() {
        for good in ["", "web.example", "Ann Other", "größe"] {
            assert!(is_plain(good), "{good}");
        }
        for bad in [" web", "web ", "w\u{200b}eb", "web\u{202e}", "we\tb", "web\0", "\u{feff}web"] {
            assert!(!is_plain(bad), "{bad:?}");
        }
        assert!(!is_plain(&"a".repeat(257)));
    }
}
