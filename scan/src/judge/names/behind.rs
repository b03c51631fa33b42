//! What the words behind a telling one say of it.

use super::{FAR, Naming, Telling, is_before_its_owner};
use crate::{
    Kind,
    judge::{
        vocabulary::{Role, role},
        words::Words,
    },
};

/// The words behind the telling one take its meaning away, or make it doubtful.
pub(super) fn behind(words: &Words, at: usize, telling: Telling) -> Naming {
    let mut unknown = 0;
    // Behind a password in another language stands what it opens.
    let has_owner_behind = is_before_its_owner(words, at);
    let is_qualified =
        has_owner_behind || role(words.word(at)) == Some(Role::Motdepasse) || words.word(at) == "clave";
    for (behind, word) in words.iter().enumerate().skip(at + 1 + usize::from(has_owner_behind)) {
        let names_the_secret = match (telling.kind, word) {
            (Kind::WebhookUrl, "url" | "urls" | "uri" | "link" | "endpoint") => true,
            (Kind::AccessKeyId, "id") | (Kind::Token, "id") => {
                // Vault's development server takes the token itself under this name.
                let is_root_token = words.word(at) == "token" && words.word(at.saturating_sub(1)) == "root";
                behind == at + 1 && (matches!(words.word(at), "key" | "secret") || is_root_token)
            }
            _ => false,
        };
        match role(word) {
            _ if names_the_secret => {}
            Some(Role::Noise) => {}
            _ if telling.kind == Kind::Password && behind + 1 == words.len() && tells_apart(word) => {}
            Some(Role::Harmless | Role::Hash | Role::Encrypt) => return Naming::Harmless,
            _ => unknown += 1,
        }
    }
    match unknown {
        0 => Naming::Telling(telling),
        1 | 2 if is_qualified => Naming::Telling(telling),
        1..=FAR => Naming::Telling(Telling { strong: false, ..telling }),
        _ => Naming::Unknown,
    }
}

/// `password_a`, `password_bak`: one password of several.
fn tells_apart(word: &str) -> bool {
    matches!(word.as_bytes(), [b'a'..=b'z']) || matches!(word, "bak" | "alt" | "orig" | "original" | "spare")
}
