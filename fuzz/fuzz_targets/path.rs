//! Paths: a canonical one has the canonical form and is its own reading; a redirect leads to no further one.
#![no_main]

use libfuzzer_sys::fuzz_target;
use strongroom_core::{
    ids::NamespaceId,
    request::{Parsed, RequestPath},
};

fuzz_target!(|raw: &str| {
    match RequestPath::parse(NamespaceId::ROOT, raw) {
        Parsed::Canonical(path) => {
            let text = path.as_str();
            let body = text.strip_suffix('/').unwrap_or(text);
            assert!(!text.chars().any(char::is_control));
            assert!(body.is_empty() || body.split('/').all(|it| !matches!(it, "" | "." | "..")), "{text:?}");
            assert_eq!(RequestPath::new(NamespaceId::ROOT, text).as_ref(), Ok(&path));
            if !text.contains('%') && text != "/" {
                assert_eq!(RequestPath::parse(NamespaceId::ROOT, text), Parsed::Canonical(path.clone()));
            }
            assert!(path.as_folder().is_empty() || path.as_folder().ends_with('/'));
        }
        Parsed::Redirect(cleaned) => {
            let again = RequestPath::parse(NamespaceId::ROOT, &cleaned);
            assert!(!matches!(again, Parsed::Redirect(_)), "{raw:?} -> {cleaned:?}");
        }
        Parsed::Reject(_) => {}
    }
});
