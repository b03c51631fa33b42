//! One password in two ways of writing: as it is, and as it stands in a URL.
//!
//! Where a template puts a value in, `urlquery` writes it for a URL, and the store has it once. Compose and Kubernetes put
//! in what is stored and no other, so there it is stored in both ways, and whoever rotates the one must rotate the other.

use crate::{Entry, Options, Plan};

/// A line for each pair of a plan.
pub(crate) fn notes(plan: &Plan, options: &Options) -> Vec<String> {
    let full = |it: &Entry| format!("{}/{}#{}", options.mount, it.reference.path, it.reference.field);
    let of = |encoded: &Entry| {
        let value = decoded(encoded.value.expose())?;
        let plain = plan.entries.iter().find(|it| it.value.expose() == value)?;
        Some(format!(
            "{} and {} are one password, the second as a URL needs it (percent-encoded): what reads them cannot encode, so \
             rotate both together",
            full(plain),
            full(encoded)
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
