//! One password in two ways of writing: as it is, and as it stands in a URL.
//!
//! Where a template puts a value in, `urlquery` writes it for a URL, and the store has it once. Compose and Kubernetes put
//! in what is stored and no other, so there it is stored in both ways, and whoever rotates the one must rotate the other.
//!
//! A document in base64 with a password in it, as the login of a registry is in a Kubernetes Secret, is stored as it stands:
//! no function of a template writes it again around another password.

use strongroom_scan::{Finding, Layer};

use crate::{Entry, Options, Plan, Reference};

/// Whether what is stored for a finding is the document in base64 that it stands in.
pub(crate) fn is_document(finding: &Finding, stored: &str) -> bool {
    finding.layers.contains(&Layer::Base64) && finding.value.expose() != stored
}

/// The attribute that holds the document, as its name: `dockerconfigjson`.
pub(crate) fn document(finding: &Finding) -> &str {
    let name = ["data.", "stringData."].into_iter().find_map(|it| finding.path.strip_prefix(it));
    let name = name.or_else(|| finding.path.rsplit('.').next()).unwrap_or("");
    if name.is_empty() { &finding.key } else { name }
}

/// A line for each document of a plan.
pub(crate) fn documents(plan: &Plan, findings: &[Finding], text: &str, options: &Options) -> Vec<String> {
    let stored = |it: &&Finding| {
        let raw = it.span.of(text);
        plan.entries.iter().find(|entry| entry.value.expose() == raw && is_document(it, raw))
    };
    let mut told: Vec<String> = findings
        .iter()
        .filter_map(|it| Some((it, stored(&it)?)))
        .map(|(it, entry)| {
            format!(
                "{} is all of {} in base64: a new {} goes into a new document, not by `secret rotate`",
                full(&entry.reference, options),
                document(it).trim_start_matches('.'),
                it.key
            )
        })
        .collect();
    told.dedup();
    told
}

fn full(reference: &Reference, options: &Options) -> String {
    format!("{}/{}#{}", options.mount, reference.path, reference.field)
}

/// A line for each pair of a plan.
pub(crate) fn notes(plan: &Plan, options: &Options) -> Vec<String> {
    let of = |encoded: &Entry| {
        let value = decoded(encoded.value.expose())?;
        let plain = plan.entries.iter().find(|it| it.value.expose() == value)?;
        Some(format!(
            "{} and {} are one password, the second as a URL needs it (percent-encoded): what reads them cannot encode, so \
             rotate both together",
            full(&plain.reference, options),
            full(&encoded.reference, options)
        ))
    };
    plan.entries.iter().filter_map(of).collect()
}

/// Without the escapes of a URL; `None` if there are none.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut parts = text.split('%');
    bytes.extend(parts.next()?.bytes());
    for part in parts {
        let (code, rest) = part.split_at_checked(2)?;
        bytes.push(u8::from_str_radix(code, 16).ok()?);
        bytes.extend(rest.bytes());
    }
    String::from_utf8(bytes).ok().filter(|it| it != text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_of_a_url_are_undone() {
        let check =
            |text: &str, expected: Option<&str>| assert_eq!(decoded(text).as_deref(), expected, "{text}");
        check("p%40ss%2FPw", Some("p@ss/Pw"));
        check("%C3%bc", Some("ü"));
        check("plain", None);
        check("100%", None);
        check("%zz", None);
        check("%ff", None);
        check("%é", None);
    }
}
