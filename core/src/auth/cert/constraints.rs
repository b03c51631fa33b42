//! What an entry asks of a leaf that one of its authorities issued.

use serde::{Deserialize, Serialize};
use strongroom_api::params::List;

use crate::{
    crypto::x509::{self, Certificate},
    error::{Error, Result},
};

/// Of all lists together: nobody means to write more, and a login goes through all of them.
const MAX_LEN: usize = 32 << 10;

/// Patterns, in which `*` stands for anything. A list that is empty asks for nothing; one that was never written is
/// shown as null. Within a list one has to fit, but of the extensions all.
#[derive(
    Clone, Debug, Default, Deserialize, Serialize, minicbor::CborLen, minicbor::Decode, minicbor::Encode,
)]
pub(super) struct Constraints {
    #[n(0)]
    allowed_common_names: Option<Vec<String>>,
    #[n(1)]
    allowed_dns_sans: Option<Vec<String>>,
    #[n(2)]
    allowed_email_sans: Option<Vec<String>>,
    /// Not asked for: what becomes metadata of the login.
    #[n(3)]
    allowed_metadata_extensions: Option<Vec<String>>,
    /// Of the common name, the DNS names and the addresses of mail.
    #[n(4)]
    allowed_names: Option<Vec<String>>,
    #[n(5)]
    allowed_organizational_units: Option<Vec<String>>,
    #[n(6)]
    allowed_uri_sans: Option<Vec<String>>,
    /// `OID:PATTERN` of a string, `hex:OID:PATTERN` of any value.
    #[n(7)]
    required_extensions: Option<Vec<String>>,
}

/// The same, as a request has them.
#[derive(Deserialize)]
pub(super) struct Fields {
    allowed_common_names: Option<List>,
    allowed_dns_sans: Option<List>,
    allowed_email_sans: Option<List>,
    allowed_metadata_extensions: Option<List>,
    allowed_names: Option<List>,
    allowed_organizational_units: Option<List>,
    allowed_uri_sans: Option<List>,
    required_extensions: Option<List>,
}

impl Constraints {
    /// Takes over what `fields` name; the rest stays.
    pub(super) fn update(&mut self, fields: Fields) -> Result<()> {
        for (list, given) in [
            (&mut self.allowed_common_names, fields.allowed_common_names),
            (&mut self.allowed_dns_sans, fields.allowed_dns_sans),
            (&mut self.allowed_email_sans, fields.allowed_email_sans),
            (&mut self.allowed_metadata_extensions, fields.allowed_metadata_extensions),
            (&mut self.allowed_names, fields.allowed_names),
            (&mut self.allowed_organizational_units, fields.allowed_organizational_units),
            (&mut self.allowed_uri_sans, fields.allowed_uri_sans),
            (&mut self.required_extensions, fields.required_extensions),
        ] {
            if let Some(List(given)) = given {
                *list = Some(given);
            }
        }
        if self.len() > MAX_LEN {
            return Err(Error::invalid("the lists of an entry are longer than 32 KiB"));
        }
        if !some(&self.required_extensions).iter().all(|it| Required::parse(it).is_some()) {
            return Err(Error::invalid(
                "required_extensions must be OID:PATTERN, or hex:OID:PATTERN for what is no string",
            ));
        }
        match some(&self.allowed_metadata_extensions).iter().all(|it| is_oid(it)) {
            true => Ok(()),
            false => Err(Error::invalid("allowed_metadata_extensions must be object identifiers")),
        }
    }

    fn len(&self) -> usize {
        let all = [
            &self.allowed_common_names,
            &self.allowed_dns_sans,
            &self.allowed_email_sans,
            &self.allowed_metadata_extensions,
            &self.allowed_names,
            &self.allowed_organizational_units,
            &self.allowed_uri_sans,
            &self.required_extensions,
        ];
        all.into_iter().flat_map(some).map(|it| it.len() + 1).sum()
    }

    pub(super) fn admit(&self, leaf: &Certificate) -> bool {
        let name = std::slice::from_ref(&leaf.common_name);
        any(&self.allowed_names, &[name, &leaf.dns_names, &leaf.emails])
            && any(&self.allowed_common_names, &[name])
            && any(&self.allowed_dns_sans, &[&leaf.dns_names])
            && any(&self.allowed_email_sans, &[&leaf.emails])
            && any(&self.allowed_uri_sans, &[&leaf.uris])
            && any(&self.allowed_organizational_units, &[&leaf.organizational_units])
            && some(&self.required_extensions)
                .iter()
                .all(|it| Required::parse(it).is_some_and(|it| it.is_in(leaf)))
    }

    /// The extensions that become metadata, by their identifier with dashes: templates of policies take no dots. What
    /// is no string is there, and empty.
    pub(super) fn metadata(&self, leaf: &Certificate) -> Vec<(String, String)> {
        let listed = some(&self.allowed_metadata_extensions).iter();
        let found = listed.filter_map(|oid| leaf.extension(oid).map(|value| (oid, value)));
        found.map(|(oid, value)| (oid.replace('.', "-"), x509::text(value).unwrap_or_default())).collect()
    }
}

fn some(list: &Option<Vec<String>>) -> &[String] {
    list.as_deref().unwrap_or_default()
}

fn any(patterns: &Option<Vec<String>>, names: &[&[String]]) -> bool {
    let patterns = some(patterns);
    patterns.is_empty()
        || patterns
            .iter()
            .any(|pattern| names.iter().flat_map(|it| it.iter()).any(|name| glob(pattern, name)))
}

/// `OID:PATTERN`, taken apart.
struct Required<'a> {
    is_hex: bool,
    oid: &'a str,
    pattern: &'a str,
}

impl<'a> Required<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let (is_hex, rest) = match text.strip_prefix("hex:") {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (oid, pattern) = rest.split_once(':')?;
        is_oid(oid).then_some(Self { is_hex, oid, pattern })
    }

    fn is_in(&self, leaf: &Certificate) -> bool {
        let Some(value) = leaf.extension(self.oid) else { return false };
        match self.is_hex {
            true => glob(&self.pattern.to_ascii_lowercase(), &data_encoding::HEXLOWER.encode(value)),
            false => x509::text(value).is_some_and(|it| glob(self.pattern, &it)),
        }
    }
}

fn is_oid(text: &str) -> bool {
    let mut arcs = text.split('.');
    text.contains('.') && arcs.all(|it| !it.is_empty() && it.bytes().all(|it| it.is_ascii_digit()))
}

/// Whether a pattern fits the whole of a text: `*` for any number of characters, everything else for itself.
fn glob(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let Some(last) = parts.next_back() else { return rest.is_empty() };
    for part in parts {
        match rest.split_once(part) {
            Some((_, behind)) => rest = behind,
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_anything_and_letters_for_themselves() {
        for (pattern, text, fits) in [
            ("web", "web", true),
            ("web", "Web", false),
            ("web", "web2", false),
            ("*", "", true),
            ("*", "anything at all", true),
            ("", "web", false),
            ("web*", "web.example", true),
            ("*.example", "a.b.example", true),
            ("*.example", "example", false),
            ("w*b.*e", "web.example", true),
            ("a*a", "a", false),
            ("a*ab*b", "aabb", true),
            ("a*ab*b", "abb", false),
            ("**", "x", true),
            ("spiffe://*/ns/*", "spiffe://x/ns/y", true),
        ] {
            assert_eq!(glob(pattern, text), fits, "{pattern} {text}");
        }
    }

    #[test]
    fn an_extension_is_named_by_numbers() {
        for good in ["1.2:x", "1.2.3.4:", "hex:2.5.29.17:30*", "1.2.3:a:b"] {
            assert!(Required::parse(good).is_some(), "{good}");
        }
        for bad in ["", "1.2", "1:x", "1..2:x", "a.b:x", "hex:1.2", ":x", "hex:x:1.2"] {
            assert!(Required::parse(bad).is_none(), "{bad}");
        }
    }
}
