//! The policies that come with Strongroom.

/// Names and texts, in alphabetical order. `default` is attached to every token that does not ask to go
/// without; the others are there to be copied and cut to size.
pub fn stock() -> &'static [(&'static str, &'static str)] {
    &[
        ("application", include_str!("../stock/application.hcl")),
        ("auditor", include_str!("../stock/auditor.hcl")),
        ("default", include_str!("../stock/default.hcl")),
        ("fixer", include_str!("../stock/fixer.hcl")),
        ("injector", include_str!("../stock/injector.hcl")),
        ("operator", include_str!("../stock/operator.hcl")),
    ]
}
