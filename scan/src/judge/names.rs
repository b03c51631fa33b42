//! What a name says of the value that it was given.
//!
//! The last telling word counts, and what stands behind it: `token_secret` is a secret, `token_ttl` is none.

mod behind;
mod place;
mod products;
#[cfg(test)]
mod tests;

use std::{cell::RefCell, hash::BuildHasher as _};

use foldhash::fast::FixedState;

use super::{
    vocabulary::{Owner, Role, owner, role},
    words::Words,
};
use crate::{Kind, Severity};
use behind::behind;
pub(super) use place::at;
pub(crate) use place::is_container;
use products::{is_of_bundler, of_product};

/// Behind a telling word, as many words of no known meaning make a name of something else.
const FAR: usize = 3;

/// What a name promises.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Telling {
    pub(crate) kind: Kind,
    pub(crate) severity: Severity,
    /// Any literal is a secret under this name; otherwise it must look like one.
    pub(crate) strong: bool,
    pub(super) wants: Wants,
}

/// What a value must be under this name.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Wants {
    Any,
    Digits,
    Hash,
    /// An address with a secret in it.
    Url,
    Words,
}

/// All that a name can say.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Naming {
    Telling(Telling),
    /// What is about a secret, and none: `password_file`, `token_ttl`.
    Harmless,
    /// The half that everyone may have: `public_key`, `NEXT_PUBLIC_MAPS_KEY`.
    Public,
    /// `value`, `default`, `0`: ask what it stands in.
    Empty,
    Unknown,
}

/// Whether a name is about nothing that is known.
pub(crate) fn says_nothing(name: &str) -> bool {
    matches!(naming(name), Naming::Unknown | Naming::Empty)
}

/// Whether a name asks what it stands in: `value`, `default`.
pub(crate) fn is_blank(name: &str) -> bool {
    naming(name) == Naming::Empty
}

/// Whether values under this name are secrets, and of which kind.
pub(crate) fn telling(name: &str) -> Option<Telling> {
    match naming(name) {
        Naming::Telling(telling) => Some(telling),
        _ => None,
    }
}

/// The name's meaning.
pub(super) fn naming(name: &str) -> Naming {
    known(name).naming
}

/// What is known of a name, of which much is asked and few are new: the same stand in every entry of a list, and in
/// every file of a project.
fn known(name: &str) -> Known {
    if name.len() > LONGEST_KEPT {
        return Known::of(name);
    }
    NAMES.with_borrow_mut(|names| {
        if names.is_empty() {
            names.resize_with(KEPT, Default::default);
        }
        let place = usize::try_from(FixedState::default().hash_one(name) % KEPT as u64).unwrap_or_default();
        let Some((kept, known)) = names.get_mut(place) else { return Known::of(name) };
        if kept != name {
            *known = Known::of(name);
            kept.clear();
            kept.push_str(name);
        }
        *known
    })
}

/// A name of another one's place takes it.
const KEPT: usize = 1024;
const LONGEST_KEPT: usize = 64;

thread_local! {
    static NAMES: RefCell<Vec<(String, Known)>> = const { RefCell::new(Vec::new()) };
}

#[derive(Clone, Copy)]
struct Known {
    naming: Naming,
    is_key_file: bool,
}

impl Default for Known {
    /// Of the empty name.
    fn default() -> Self {
        Self { naming: Naming::Empty, is_key_file: false }
    }
}

impl Known {
    fn of(name: &str) -> Self {
        let words = Words::of(name);
        Self { naming: of_words(name, &words), is_key_file: ends_in_key_file(&words) }
    }
}

fn of_words(name: &str, words: &Words) -> Naming {
    // `fs.azure.account.key.ACCOUNT.dfs.core.windows.net` of Hadoop.
    if words.len() > 6 && name.ends_with(".core.windows.net") && name.contains("account.key.") {
        return strong(Kind::SecretAccessKey);
    }
    let last = words.word(words.len().saturating_sub(1));
    if let Some(naming) = of_product(words, last) {
        return naming;
    }
    if words.iter().any(|it| it == "existing") {
        return Naming::Harmless;
    }
    let mut found: Option<(usize, Telling)> = None;
    let mut last = Naming::Empty;
    for (at, word) in words.iter().enumerate() {
        // What is about a password has a hash of its own: `auth_provider_hash` is a file's.
        let hashed = found.as_ref().map(|it| &it.1).filter(|_| last != Naming::Harmless);
        match role(word).map(|role| meaning(words, at, role, hashed)) {
            // Below `verify_keys` every key is public.
            Some(Naming::Telling(it)) if last == Naming::Public && !it.strong => {}
            Some(Naming::Telling(telling)) => {
                found = Some((at, telling));
                last = Naming::Telling(telling);
            }
            Some(Naming::Empty) => {}
            Some(Naming::Harmless) if role(word) == Some(Role::Harmless) => {
                last = if last == Naming::Public { last } else { Naming::Harmless };
            }
            Some(harmless @ (Naming::Harmless | Naming::Public)) => {
                found = None;
                last = harmless;
            }
            Some(Naming::Unknown) | None if last == Naming::Public => {}
            Some(Naming::Unknown) | None => last = Naming::Unknown,
        }
    }
    let Some((at, telling)) = found else {
        return if is_of_bundler(name, words) { weak(Kind::Password) } else { last };
    };
    let own = name.rsplit_once('.').map(|it| Words::of(it.1));
    let own = own.as_ref().unwrap_or(words);
    let is_call = is_function(own.word(0)) && own.len() > 1;
    // An annotation of Kubernetes names a secret and holds none: `ingress.example.net/auth-secret`.
    let is_annotation = name.contains('/') && telling.kind == Kind::SigningSecret;
    match behind(words, at, telling) {
        Naming::Telling(it) if is_call || is_annotation => Naming::Telling(Telling { strong: false, ..it }),
        naming => naming,
    }
}

/// `keyfile`, `cluster.key_file`: mostly a path, but a template may write the file itself.
pub(crate) fn is_key_file(name: &str) -> bool {
    known(name).is_key_file
}

fn ends_in_key_file(words: &Words) -> bool {
    let end = words.len();
    matches!(
        (words.word(end.saturating_sub(2)), words.word(end.saturating_sub(1))),
        ("key", "file") | (_, "keyfile")
    )
}

/// `get_token` gives one to a program; as the name of a value it says little.
fn is_function(word: &str) -> bool {
    matches!(
        word,
        "get"
            | "ask"
            | "fetch"
            | "log"
            | "print"
            | "show"
            | "check"
            | "validate"
            | "verify"
            | "parse"
            | "find"
            | "lookup"
            | "is"
            | "has"
            | "update"
    )
}

/// What a word means where it stands.
fn meaning(words: &Words, at: usize, role: Role, found: Option<&Telling>) -> Naming {
    let before = |by: usize| at.checked_sub(by).map_or("", |it| words.word(it));
    let behind = words.word(at + 1);
    match role {
        Role::Password if at == 1 && behind.is_empty() && is_gateway(before(1)) => weak(Kind::Password),
        Role::Password | Role::Motdepasse if is_hashed(before(1)) => {
            wanting(Kind::PasswordHash, Severity::Medium, Wants::Hash)
        }
        Role::Password | Role::Motdepasse => strong(Kind::Password),
        // What opens a door or quiets an alarm; other codes are numbers of something.
        Role::Pin if words.word(at) == "code" && !opens_by_digits(before(1)) => Naming::Unknown,
        Role::Pin => wanting(Kind::Password, Severity::Medium, Wants::Digits),
        Role::Secret => secret(words, at),
        Role::Token => match (before(2), before(1)) {
            (_, "public" | "publishable" | "publickey") | ("public", "key") => Naming::Public,
            ("initial", "cluster") => Naming::Harmless,
            _ if is_for_browsers(words, at) => Naming::Public,
            _ if words.word(at).ends_with('s') || matches!(words.word(at), "pat" | "jwt") => {
                weak(Kind::Token)
            }
            _ => strong(Kind::Token),
        },
        Role::Key => key(words, at),
        Role::Credential => match (words.word(at), before(1)) {
            ("auth", "master" | "primary") => strong(Kind::Password),
            ("credential" | "credentials" | "creds", "ldap" | "ldaps" | "bind" | "smtp" | "imap") => {
                strong(Kind::Password)
            }
            // In Spanish a key as well, but hardly of a database.
            ("clave", "bd" | "db" | "base" | "correo" | "smtp" | "usuario" | "admin" | "root" | "acceso") => {
                strong(Kind::Password)
            }
            ("clave", _)
                if matches!(
                    behind,
                    "bd" | "db" | "base" | "correo" | "smtp" | "usuario" | "admin" | "root"
                ) =>
            {
                strong(Kind::Password)
            }
            // What SNMP's first versions have for a password.
            ("community", _) if behind == "string" => strong(Kind::Password),
            ("community", _) if words.iter().take(at).any(|it| it == "snmp") => strong(Kind::Password),
            ("license" | "licence", _) => weak(Kind::ApiKey),
            ("signature" | "sig", _) => weak(Kind::Token),
            ("keytab", _) => weak(Kind::PrivateKey),
            _ => weak(Kind::Password),
        },
        Role::Pepper
            if matches!(
                before(1),
                "signing" | "encryption" | "password" | "session" | "cookie" | "derivation"
            ) =>
        {
            strong(Kind::SigningSecret)
        }
        Role::Pepper if words.word(at) == "pepper" && words.iter().take(at).any(|it| it == "password") => {
            strong(Kind::SigningSecret)
        }
        Role::Pepper => weak(Kind::SigningSecret),
        // Who has the cookie of Erlang's nodes runs what they like on them.
        Role::Cookie if matches!(before(1), "erlang" | "release" | "magic") => strong(Kind::Token),
        Role::Cookie => weak(Kind::Token),
        // What a browser was told to expect of a certificate.
        Role::Hash if before(1) == "pin" => Naming::Public,
        Role::Hash if words.word(at) == "htpasswd" || found.is_some_and(|it| it.kind == Kind::Password) => {
            wanting(Kind::PasswordHash, Severity::Medium, Wants::Hash)
        }
        Role::Hash => Naming::Harmless,
        Role::Webhook => wanting(Kind::WebhookUrl, Severity::High, Wants::Url),
        Role::Mnemonic => wanting(Kind::PrivateKey, Severity::Critical, Wants::Words),
        Role::Phrase if before(1) == "secret" => strong(Kind::Password),
        Role::Phrase if matches!(before(1), "seed" | "recovery" | "backup") => {
            wanting(Kind::PrivateKey, Severity::Critical, Wants::Words)
        }
        Role::Phrase => Naming::Unknown,
        Role::Encrypt if words.len() == 1 => weak(Kind::EncryptionKey),
        Role::Encrypt => Naming::Unknown,
        Role::Noise => Naming::Empty,
        Role::Harmless if words.word(at) == "id" && before(1) == "access" => weak(Kind::AccessKeyId),
        Role::Harmless => Naming::Harmless,
    }
}

fn secret(words: &Words, at: usize) -> Naming {
    let before = at.checked_sub(1).map_or("", |it| words.word(it));
    let stands_alone = words.len() == 1;
    match (before, words.word(at + 1)) {
        (_, "id") => weak(Kind::Token),
        (
            "pull" | "kube" | "kubernetes" | "k8s" | "tls" | "cert" | "certs" | "certificate"
            | "certificates" | "checksum" | "from" | "hashed" | "encrypted" | "sealed",
            _,
        ) => Naming::Harmless,
        ("client" | "app" | "application" | "consumer" | "oauth" | "oauth2" | "oidc", _) => {
            strong(Kind::ClientSecret)
        }
        ("key" | "access", _) => strong(Kind::SecretAccessKey),
        _ if in_cloud(words, at) => strong(Kind::SecretAccessKey),
        // The name of a secret as often as a secret.
        _ if stands_alone || words.word(at).ends_with('s') => weak(Kind::SigningSecret),
        _ => strong(Kind::SigningSecret),
    }
}

fn key(words: &Words, at: usize) -> Naming {
    let before = |by: usize| at.checked_sub(by).map_or("", |it| words.word(it));
    let is_id = matches!(words.word(at + 1), "id" | "ids");
    let whose = if is_before_its_owner(words, at) { words.word(at + 1) } else { before(1) };
    match owner(whose) {
        Some(Owner::Access) if before(2) == "secret" => strong(Kind::SecretAccessKey),
        // `access_key_id` is one word more than a name's end, and the only id that is reported.
        Some(Owner::Access) => weak(Kind::AccessKeyId),
        _ if is_id => Naming::Harmless,
        // What Rails and GitLab derive their keys from.
        _ if words.word(at + 1) == "base" && words.word(at) == "key" => match owner(whose) {
            Some(Owner::Secret) => strong(Kind::SigningSecret),
            _ => strong(Kind::EncryptionKey),
        },
        _ if is_for_browsers(words, at) => Naming::Public,
        Some(Owner::Api) => strong(Kind::ApiKey),
        Some(Owner::Secret) if in_cloud(words, at) => strong(Kind::SecretAccessKey),
        Some(Owner::Secret) if moves_money(words, at) => strong(Kind::ApiKey),
        Some(Owner::Secret | Owner::Signing) => strong(Kind::SigningSecret),
        Some(Owner::Encryption | Owner::Master) => strong(Kind::EncryptionKey),
        Some(Owner::Password) => strong(Kind::Password),
        // Never a word: what is none of base64 is its name.
        Some(Owner::Private) => weak(Kind::PrivateKey),
        Some(Owner::Storage) => weak(Kind::SecretAccessKey),
        // The primary key of an encryption is none of a table.
        Some(Owner::Public) if !is_half(before(1)) && in_encryption(words, at) => strong(Kind::EncryptionKey),
        Some(Owner::Public) if is_half(before(1)) => Naming::Public,
        Some(Owner::Public) => Naming::Harmless,
        None if in_encryption(words, at) => strong(Kind::EncryptionKey),
        Some(Owner::Unclear) | None => match before(1) {
            // The id of an application of Pusher's.
            "app" if before(2) == "pusher" => Naming::Public,
            // And that of one of OVH's, which has a secret beside it.
            "application" if before(2) == "ovh" => Naming::Public,
            "app" => strong(Kind::ApiKey),
            "shared" if before(2) == "pre" => strong(Kind::Password),
            // Fluentd's nodes, and Azure's workspaces, know one another by it.
            "shared" => strong(Kind::SigningSecret),
            // What HAProxy names the servers with.
            "cookie" if before(2) == "dynamic" => strong(Kind::SigningSecret),
            "session" | "cookie" | "csrf" | "xsrf" | "token" | "webhook" => weak(Kind::SigningSecret),
            "ssh" | "rsa" | "ecdsa" | "ed25519" | "dsa" | "deploy" | "tls" | "ssl" | "wireguard" | "wg" => {
                weak(Kind::PrivateKey)
            }
            "root" | "recovery" | "vault" | "barrier" | "serf" => weak(Kind::EncryptionKey),
            _ => weak(Kind::ApiKey),
        },
    }
}

/// `cle_api_meteo`: in Romance languages it stands behind the key whose it is.
fn is_before_its_owner(words: &Words, at: usize) -> bool {
    let is_romance = matches!(
        words.word(at),
        "cle"
            | "clé"
            | "clef"
            | "cles"
            | "clés"
            | "clefs"
            | "klucz"
            | "chave"
            | "chaves"
            | "llave"
            | "chiave"
            | "chiavi"
    );
    is_romance && matches!(owner(words.word(at + 1)), Some(Owner::Api | Owner::Encryption | Owner::Private))
}

/// `alarm_code`, `door_code`: what is typed in there.
fn opens_by_digits(word: &str) -> bool {
    matches!(word, "alarm" | "disarm" | "panel" | "door" | "gate" | "lock" | "unlock" | "keypad" | "safe")
}

/// `proxy_pass` passes requests on.
fn is_gateway(word: &str) -> bool {
    matches!(word, "proxy" | "fastcgi" | "uwsgi" | "scgi" | "grpc" | "memcached")
}

fn is_hashed(word: &str) -> bool {
    matches!(word, "hashed" | "crypted" | "encrypted")
}

/// Of a key, the half that may be known.
fn is_half(word: &str) -> bool {
    matches!(
        word,
        "public"
            | "pub"
            | "publishable"
            | "anon"
            | "site"
            | "verify"
            | "verification"
            | "verifying"
            | "known"
            | "trusted"
            | "authorized"
            | "authorised"
            | "kms"
            | "cmk"
    )
}

/// What a build gives to every browser: `NEXT_PUBLIC_...`.
fn is_for_browsers(words: &Words, at: usize) -> bool {
    words.iter().take(at).any(|it| it == "public")
}

fn in_encryption(words: &Words, at: usize) -> bool {
    words.iter().take(at).any(|it| owner(it) == Some(Owner::Encryption))
}

fn in_cloud(words: &Words, at: usize) -> bool {
    words.iter().take(at).any(|it| owner(it) == Some(Owner::Storage))
}

fn moves_money(words: &Words, at: usize) -> bool {
    words.iter().take(at).any(|it| {
        matches!(
            it,
            "stripe"
                | "paypal"
                | "adyen"
                | "braintree"
                | "square"
                | "razorpay"
                | "paystack"
                | "mollie"
                | "plaid"
                | "klarna"
        )
    })
}

fn strong(kind: Kind) -> Naming {
    Naming::Telling(Telling { kind, severity: severity(kind), strong: true, wants: Wants::Any })
}

fn weak(kind: Kind) -> Naming {
    Naming::Telling(Telling { kind, severity: severity(kind), strong: false, wants: Wants::Any })
}

fn wanting(kind: Kind, severity: Severity, wants: Wants) -> Naming {
    Naming::Telling(Telling { kind, severity, strong: true, wants })
}

/// How much a credential of this kind opens, where nothing else is known.
pub(super) fn severity(kind: Kind) -> Severity {
    match kind {
        Kind::EncryptionKey | Kind::PrivateKey | Kind::SecretAccessKey => Severity::Critical,
        Kind::AccessKeyId | Kind::PasswordHash => Severity::Medium,
        _ => Severity::High,
    }
}
