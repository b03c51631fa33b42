//! Expressions of HCL in the place of literals.

use strongroom_hcl::{ExprKind, Item};
use strongroom_scan::{Finding, Layer};

use crate::{Edit, located::Located};

/// What goes into the store for a value in a string of HCL: the value itself, unless it stands in a way of writing
/// that the language cannot do again; then as it is written there.
pub(crate) fn stored(text: &str, finding: &Finding) -> String {
    let value = finding.value.expose();
    let written = written(text, finding);
    if written == value || is_urlencoded(text, finding) { value.to_owned() } else { written }
}

/// The expression instead of the literal, or of the part of it that the secret is.
pub(crate) fn referred(text: &str, finding: &Finding, located: &Located<'_>, expression: &str) -> Edit {
    let literal = located.literal().map(|it| it.span).unwrap_or_default();
    let secret = finding.span.of(text);
    let around = literal.of(text);
    let inner = around.strip_prefix('"').and_then(|it| it.strip_suffix('"')).unwrap_or(around);
    if inner == secret {
        return Edit { span: literal, text: expression.to_owned() };
    }
    let inserted = match is_urlencoded(text, finding) {
        true => format!("${{urlencode({expression})}}"),
        false => format!("${{{expression}}}"),
    };
    Edit { span: finding.span, text: inserted }
}

/// Percent escapes that `urlencode` makes again.
fn is_urlencoded(text: &str, finding: &Finding) -> bool {
    let value = finding.value.expose();
    let written = written(text, finding);
    finding.layers.contains(&Layer::Percent) && written != value && urlencoded(value) == written
}

/// The source without HCL's own escapes.
fn written(text: &str, finding: &Finding) -> String {
    let source = finding.span.of(text);
    if finding.layers.first() != Some(&Layer::HclQuoted) {
        return source.replace("$${", "${").replace("%%{", "%{");
    }
    let read = strongroom_hcl::parse(&format!("x = \"{source}\"\n"));
    let string = read.ok().and_then(|body| match body.items.into_iter().next() {
        Some(Item::Attribute(it)) => Some(it.value.kind),
        _ => None,
    });
    match string {
        Some(ExprKind::String(text)) => text,
        _ => source.to_owned(),
    }
}

/// As `urlencode` of Terraform and Packer does it.
fn urlencoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => out.push(char::from(byte)),
            b' ' => out.push('+'),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

/// A name that HCL takes.
pub(crate) fn identifier(path: &str) -> String {
    let name: String = path.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    format!("strongroom_{}", name.trim_matches('_'))
}
