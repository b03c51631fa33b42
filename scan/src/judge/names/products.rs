//! Names that mean something in one product, and something else or nothing everywhere else.

use super::{Naming, strong};
use crate::{
    Kind,
    judge::{
        vocabulary::{Role, role},
        words::Words,
    },
};

/// Names whose words mean something else everywhere but in one product.
pub(super) fn of_product(words: &Words, last: &str) -> Option<Naming> {
    let has = |word: &str| words.iter().any(|it| it == word);
    match last {
        // It signs the tokens of calls.
        "certificate" if has("agora") => Some(strong(Kind::SigningSecret)),
        "claim" if has("plex") => Some(strong(Kind::Token)),
        "team" if has("honeycomb") => Some(strong(Kind::ApiKey)),
        "api" if words.word(words.len().saturating_sub(2)) == "art" => Some(strong(Kind::ApiKey)),
        // `MINIO_NOTIFY_WEBHOOK_AUTH_TOKEN_LOGS`: which of several stands behind.
        _ if words.word(0) == "minio"
            && words.len() > 3
            && matches!(role(last), None | Some(Role::Harmless)) =>
        {
            let before = words.word(words.len() - 2);
            matches!(before, "token" | "password" | "secret").then(|| match role(before) {
                Some(Role::Token) => strong(Kind::Token),
                _ => strong(Kind::Password),
            })
        }
        _ => None,
    }
}

/// `BUNDLE_GEMS__EXAMPLE__COM`: Bundler's login at a host that has gems.
pub(super) fn is_of_bundler(name: &str, words: &Words) -> bool {
    let last = words.word(words.len().saturating_sub(1));
    words.word(0) == "bundle"
        && !matches!(words.word(1), "mirror" | "local" | "build")
        && name.contains("__")
        && matches!(
            last,
            "com"
                | "org"
                | "net"
                | "io"
                | "dev"
                | "co"
                | "eu"
                | "de"
                | "fr"
                | "uk"
                | "internal"
                | "local"
                | "lan"
        )
}
