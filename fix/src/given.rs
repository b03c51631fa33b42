//! What a program is given of a secret that stands in a file of YAML.
//!
//! Kubernetes and Compose put a value in as it is stored and encode nothing. Where the secret is a part of a text (a
//! password in JSON, in a shell's quotes, in a URL), what is stored must be what JSON, the shell or the URL had there:
//! YAML's own way of writing undone, and those within it kept.

use strongroom_scan::{Finding, written_in_yaml};

/// The secret's text there with the file's own layer undone, and the inner ones as they stand.
pub(crate) fn given(text: &str, finding: &Finding) -> String {
    match finding.layers.as_slice() {
        [] | [_] => finding.value.expose().to_owned(),
        _ => written_in_yaml(text, finding.span).unwrap_or_else(|| finding.span.of(text).to_owned()),
    }
}
