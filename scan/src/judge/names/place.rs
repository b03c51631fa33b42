//! A name where it stands: what is around it may say what it does not say itself.

use std::sync::LazyLock;

use memchr::memmem;

use super::{Naming, Telling, Wants, naming, strong, wanting};
use crate::judge::{
    vocabulary::{Role, role},
    words::Words,
};
use crate::{At, Kind, Place, Severity};

/// The key's meaning, and where it has none, that of what it stands in.
pub(in crate::judge) fn at(at: &At<'_>) -> Naming {
    if let Some(naming) = of_place(at) {
        return naming;
    }
    // A setting of this name often says which secret to take; a variable holds one.
    if at.place == Place::Env && at.key == "SECRET" {
        return strong(Kind::SigningSecret);
    }
    let own = naming(&at.key);
    let is_bare_key = at.key.eq_ignore_ascii_case("key");
    if !matches!(own, Naming::Empty | Naming::Unknown) && !is_bare_key {
        return own;
    }
    let key = at.key.as_ref();
    let path = at.path.strip_suffix(key).unwrap_or(&at.path).trim_end_matches('.');
    let parent = path.rsplit('.').next().unwrap_or("");
    if is_bare_key {
        return match naming(&format!("{parent}.key")) {
            Naming::Unknown | Naming::Empty => own,
            combined => combined,
        };
    }
    match naming(parent) {
        Naming::Telling(it) if own == Naming::Empty => Naming::Telling(it),
        Naming::Telling(it) if is_container(parent) => Naming::Telling(Telling { strong: false, ..it }),
        _ if own == Naming::Empty => of_resource(path).unwrap_or(own),
        _ => own,
    }
}

/// What the place says, whatever the name.
fn of_place(at: &At<'_>) -> Option<Naming> {
    if is_sealed(&at.path) || is_sealed(&at.key) {
        return Some(Naming::Harmless);
    }
    // What an ExternalSecret takes a value from, or puts it into.
    let names_entry = at.key.ends_with("secretKey") || at.key.ends_with("secretKeys");
    if names_entry
        && (at.path.starts_with("spec.data")
            || at.path.starts_with("spec.parameters")
            || at.path.contains(".match."))
    {
        return Some(Naming::Harmless);
    }
    let ((above, last), (own_above, own)) = (ends_of(&at.path), ends_of(&at.key));
    let names_nothing = |name: &str| matches!(naming(name), Naming::Unknown | Naming::Empty);
    if (is_list_of_logins(own_above) && names_nothing(own))
        || (is_list_of_logins(above) && names_nothing(last))
        || (is_list_of_logins(last) && names_nothing(&at.key) && !is_list_of_logins(&at.key))
        || is_of_a_host(&at.key, &at.path)
    {
        return Some(strong(Kind::Password));
    }
    // By its id QEMU finds what another argument holds.
    if at.key == "password-secret" || is_list_of_names(above) || is_list_of_names(own_above) {
        return Some(Naming::Harmless);
    }
    // `alarm_control_panel: [{ code: "5812" }]` of Home Assistant.
    let is_code = at.key.rsplit('.').next() == Some("code");
    if is_code && (at.path.contains("alarm") || at.key.contains("alarm")) {
        return Some(wanting(Kind::Password, Severity::Medium, Wants::Digits));
    }
    is_of_livekit(&at.key).then(|| strong(Kind::SigningSecret))
}

/// What Kubernetes' sealed secrets hold is ciphertext.
fn is_sealed(name: &str) -> bool {
    static WORD: LazyLock<memmem::Finder<'static>> = LazyLock::new(|| memmem::Finder::new("encryptedData"));
    // Few names have its capital letter.
    name.len() >= 13
        && memchr::memchr(b'D', name.as_bytes()).is_some()
        && WORD.find(name.as_bytes()).is_some()
}

/// Of a resource of Terraform the type tells, where its name says nothing.
fn of_resource(path: &str) -> Option<Naming> {
    let (kind, name) = path.strip_prefix("resource.")?.split_once('.')?;
    let naming = naming(kind);
    (!name.contains('.') && matches!(naming, Naming::Telling(_))).then_some(naming)
}

/// The last part of a path, and the one before it.
fn ends_of(path: &str) -> (&str, &str) {
    let Some((before, last)) = path.rsplit_once('.') else { return ("", path) };
    (before.rsplit_once('.').map_or(before, |it| it.1), last)
}

/// `basic_auth_users = { ops = "x" }`: passwords under the names of who has them.
fn is_list_of_logins(name: &str) -> bool {
    let lists =
        ["basic_auth_users", "basicAuthUsers", "basicauth_users", "basic-auth-users", "RegisteredUsers"];
    // Of every value this is asked.
    name.len() > 14 && (lists.contains(&name) || name.ends_with("REGISTERED_USERS"))
}

/// `{"redis://10.0.0.1:6379": "x"}` of Redis' exporter, `{"github-oauth": {"github.com": "x"}}` of Composer: what
/// opens a host under its name.
fn is_of_a_host(key: &str, path: &str) -> bool {
    key.starts_with("redis://")
        || key.starts_with("rediss://")
        || ["github-oauth.", "gitlab-oauth.", "gitlab-token."].iter().any(|it| path.starts_with(it))
}

/// What is called so, and not what it holds: `cookie_names: { bearer_token: SessionCookie }`.
fn is_list_of_names(name: &str) -> bool {
    matches!(
        name,
        "cookie_names"
            | "cookieNames"
            | "header_names"
            | "headerNames"
            | "field_names"
            | "fieldNames"
            | "column_names"
            | "columnNames"
            | "claim_names"
            | "claimNames"
            | "attribute_names"
            | "attributeNames"
    )
}

/// `keys: { APIwLHiMGsxk8cT: x }` of LiveKit: its secret stands under the id that belongs to it.
fn is_of_livekit(key: &str) -> bool {
    let id = key.strip_prefix("keys.").unwrap_or(key);
    id.len() == 15
        && id.strip_prefix("API").is_some_and(|it| {
            it.bytes().all(|b| b.is_ascii_alphanumeric())
                && it.bytes().any(|b| b.is_ascii_lowercase())
                && it.bytes().any(|b| b.is_ascii_uppercase())
        })
}

/// A block that holds nothing but secrets: `tokens`, `api_keys`.
pub(crate) fn is_container(name: &str) -> bool {
    // Of every comment and leaf this is asked, and few are named so.
    if !name.ends_with(['s', 'S']) {
        return false;
    }
    let words = Words::of(name);
    let last = words.word(words.len().saturating_sub(1));
    last.ends_with('s')
        && matches!(
            role(last),
            Some(
                Role::Password | Role::Motdepasse | Role::Secret | Role::Token | Role::Key | Role::Credential
            )
        )
}
