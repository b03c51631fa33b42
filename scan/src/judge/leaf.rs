//! A value under a telling name: which part of it is the secret, if any.

mod named;

use std::{borrow::Cow, ops::Range};

use data_encoding::{BASE64, BASE64_NOPAD};

use super::{
    Verdict,
    names::{Telling, Wants},
    phrases::{is_passphrase, is_phrase, is_prose, is_typed},
    placeholder, reference, shapes, strength, weak,
};
use crate::{At, Kind, Layer, Place, Severity, Text};

/// Longer values are documents, and no secrets without a form.
const LONGEST: usize = 8192;

/// What stands before a credential in a header, and is none of it.
const SCHEMES: [&str; 10] =
    ["Bearer", "Basic", "Token", "Digest", "ApiKey", "GenieKey", "SSWS", "Bot", "Splunk", "Key"];

/// Product keys that Microsoft publishes for everybody, to install Windows by a server of its own or for a trial.
const GENERIC: [&str; 20] = [
    "W269N-WFGWX-YVC9B-4J6C9-T83GX",
    "MH37W-N47XK-V7XM9-C7227-GCQG9",
    "NPPR9-FWDCX-D2C8J-H872K-2YT43",
    "NW6C2-QMPVW-D7KKK-3GKT6-VCFB2",
    "VK7JG-NPHTM-C97JM-9MPGW-3V66T",
    "XGVPP-NMH47-7TTHJ-W3FW7-8HV2C",
    "TVRH6-WHNXV-R9WG3-9XRFY-MY832",
    "D764K-2NDRG-47T6Q-P8G8W-YP6DF",
    "VDYBN-27WPP-V4HQT-9VMD4-VMK7H",
    "WX4NM-KYWYW-QJJR4-XV3QB-6VM33",
    "N69G4-B89J2-4G8F4-WWYCC-J464C",
    "WMDGN-G9PQG-XVVXX-R3X43-63DFG",
    "WC2BQ-8NRM3-FDDYY-2BFGV-KHKQY",
    "CB7KF-BWN84-R7R2Y-793K2-8XDDG",
    "D2N9P-3P6X9-2R39C-7RTCD-MDVJX",
    "W3GGN-FT8W3-Y4M27-J84CP-Q3VJ9",
    "XC9B7-NBPP2-83J2H-RHMBY-92BT4",
    "48HP8-DN98B-MYWDG-T2DCC-8W83P",
    "33PXH-7Y6KF-2VJC9-XBBR8-HVTHH",
    "B69WH-PRNHK-BXVK3-P9XF7-XD84W",
];

/// How Laravel, Spring and Dovecot mark what follows.
const MARKS: [&str; 7] =
    ["base64:", "$plaintext$", "{noop}", "{plain}", "{PLAIN}", "{CLEARTEXT}", "{cleartext}"];

pub(super) fn judge(at: &At<'_>, value: &Text<'_>, telling: Telling) -> Option<Verdict> {
    let text = value.as_str();
    if text.len() > LONGEST {
        return None;
    }
    let part = if value.holes().is_empty() {
        whole(&at.key, text, &telling)?
    } else if reference::leads_elsewhere(text) {
        return None;
    } else {
        beside_holes(value, &telling)?
    };
    let secret = text.get(part.clone())?;
    let case = Case {
        name: &at.key,
        commented: at.commented,
        telling,
        secret,
        is_of_a_pair: text.get(..part.start).is_some_and(|it| it.ends_with(':')),
        is_written_out: is_written_out(value, secret),
    };
    match telling.wants {
        Wants::Any => case.judge(part),
        Wants::Digits => is_pin(secret).then(|| case.verdict(part)),
        Wants::Hash => is_hash(secret).then(|| case.verdict(part)),
        Wants::Words => is_phrase(secret).then(|| case.verdict(part)),
        Wants::Url => {
            secret_of_url(secret).map(|it| case.verdict(part.start + it.start..part.start + it.end))
        }
    }
}

/// The text of a key file: nothing but base64, in lines or not.
pub(super) fn key_file(at: &At<'_>, value: &Text<'_>) -> Option<Verdict> {
    let text = value.as_str();
    let is_base64 =
        |it: u8| it.is_ascii_alphanumeric() || matches!(it, b'+' | b'/' | b'=') || it.is_ascii_whitespace();
    if text.len() < 64 || text.len() > LONGEST || !value.holes().is_empty() || !text.bytes().all(is_base64) {
        return None;
    }
    let key: String = text.split_whitespace().collect();
    let telling =
        Telling { kind: Kind::EncryptionKey, severity: Severity::Critical, strong: true, wants: Wants::Any };
    let case = Case {
        name: &at.key,
        commented: at.commented,
        telling,
        secret: text,
        is_of_a_pair: false,
        is_written_out: false,
    };
    let start = text.len() - text.trim_start().len();
    (strength::is_random(&key) && !key.starts_with('/'))
        .then(|| case.verdict(start..start + text.trim().len()))
}

/// A value whose name says nothing: only what chance alone can have drawn.
pub(super) fn unnamed(at: &At<'_>, value: &Text<'_>) -> Option<Verdict> {
    let text = value.as_str();
    // Of other places the name may be unknown, rather than without meaning.
    let has_name =
        matches!(at.place, Place::Env | Place::Local | Place::Default | Place::Header | Place::Auth);
    if !has_name || !(strength::SHORTEST_KEY..=LONGEST).contains(&text.len()) {
        return None;
    }
    let telling = Telling { kind: Kind::Token, severity: Severity::High, strong: false, wants: Wants::Any };
    let part = if value.holes().is_empty() { 0..text.len() } else { beside_holes(value, &telling)? };
    let secret = text.get(part.clone())?;
    let is_drawn = strength::is_key(secret)
        || (at.place == Place::Env && secret.len() == 32 && strength::is_hex(secret));
    let case = Case {
        name: &at.key,
        commented: at.commented,
        telling,
        secret,
        is_of_a_pair: false,
        is_written_out: false,
    };
    if is_drawn { case.judge(part) } else { None }
}

/// Without the scheme of a header, a mark of how it is stored, its own name, and the user of a pair.
fn whole(name: &str, text: &str, telling: &Telling) -> Option<Range<usize>> {
    let trimmed = text.trim_start();
    let (scheme, rest) = trimmed.split_once(' ').unwrap_or(("", trimmed));
    if SCHEMES.iter().any(|it| it.eq_ignore_ascii_case(scheme))
        && !rest.trim().is_empty()
        && !rest.trim().contains(' ')
    {
        let start = text.len() - rest.trim_start().len();
        return Some(start..start + rest.trim().len());
    }
    // How oauth2-proxy names what it signs with.
    let signed = ["sha1:", "sha256:", "sha512:"].iter().find_map(|it| trimmed.strip_prefix(it));
    if let Some(rest) = signed.filter(|it| telling.kind == Kind::SigningSecret && !it.is_empty()) {
        return Some(text.len() - rest.len()..text.len());
    }
    if let Some(rest) = MARKS.iter().find_map(|it| trimmed.strip_prefix(it)).filter(|it| !it.is_empty()) {
        return Some(text.len() - rest.len()..text.len());
    }
    let named = match telling.kind {
        Kind::Password if telling.strong => None,
        Kind::Password => pair(text).or_else(|| login(name, text)),
        _ if telling.wants != Wants::Any => None,
        _ => named(text),
    };
    Some(named.unwrap_or(0..text.len()))
}

/// `name:<key>` of MinIO, `user@realm!name=<uuid>` of Proxmox.
fn named(text: &str) -> Option<Range<usize>> {
    let behind = |rest: &str| text.len() - rest.len()..text.len();
    if let Some((name, rest)) = text.rsplit_once('=')
        && name.contains('!')
        && strength::is_uuid(rest)
    {
        return Some(behind(rest));
    }
    let (name, rest) = text.split_once(':')?;
    (is_user(name)
        && !strength::is_uuid(name)
        && name.bytes().any(|it| it.is_ascii_lowercase())
        && !rest.contains(':')
        && strength::is_random(rest))
    .then(|| behind(rest))
}

/// The password of `user:password`, under a name that says no more than that there is a login.
fn pair(text: &str) -> Option<Range<usize>> {
    let (user, password) = text.split_once(':')?;
    let is_pair = is_user(user.trim_start()) && is_password(password) && !reference::is_reference(text);
    is_pair.then(|| user.len() + 1..text.len())
}

/// `FTP_LOGIN=shop:parcels`: the name leaves no doubt that there are two.
fn login(name: &str, text: &str) -> Option<Range<usize>> {
    let (user, password) = text.split_once(':')?;
    let ends = ["_LOGIN", "_login", "Login"].iter().any(|it| name.ends_with(it));
    (ends && is_user(user) && user != password && password.len() >= 6 && !reference::is_reference(text))
        .then(|| user.len() + 1..text.len())
}

/// `user:password`, of which nobody puts into base64 what is none.
fn is_login(text: &str) -> bool {
    text.split_once(':').is_some_and(|(user, password)| {
        is_user(user) && password.len() >= 4 && !placeholder::is_placeholder(password)
    })
}

/// More than a port or a word.
fn is_password(text: &str) -> bool {
    let has_letter = text.bytes().any(|it| it.is_ascii_alphabetic());
    let is_word = text.bytes().all(|it| it.is_ascii_lowercase());
    // `<moved to ...` is what a fix leaves behind.
    has_letter
        && !text.starts_with('/')
        && text != "<moved"
        && ((text.len() >= 5 && !is_word) || weak::is_known(text))
}

fn is_user(text: &str) -> bool {
    !text.is_empty()
        && text.bytes().all(|it| it.is_ascii_alphanumeric() || matches!(it, b'.' | b'_' | b'-' | b'@'))
}

/// The longest piece between holes, if it looks like a secret by itself: `${X}-suffix` has none.
fn beside_holes(value: &Text<'_>, telling: &Telling) -> Option<Range<usize>> {
    let text = value.as_str();
    let pieces = value.literals().filter_map(|it| {
        let piece = text.get(it.clone())?;
        let joint = |c: char| matches!(c, '-' | '_' | '.' | ':' | '/' | '@' | ' ' | '\n');
        let start = it.start + (piece.len() - piece.trim_start_matches(joint).len());
        let end = it.start + piece.trim_end_matches(joint).len();
        // `id:${SECRET}`: the half that has no need to be hidden.
        let names_next = piece.ends_with(':') && value.holes().iter().any(|hole| hole.start == it.end);
        // What stands between two values of a document is its syntax.
        (!names_next && start < end && !piece.contains(['"', '{', '}'])).then_some(start..end)
    });
    let longest = pieces.max_by_key(|it| it.len())?;
    let piece = text.get(longest.clone())?;
    if is_otherwise(value, &longest) && telling.strong {
        return Some(longest);
    }
    let looks_secret = strength::is_random(piece) || (telling.strong && strength::is_mixed(piece));
    looks_secret.then_some(longest)
}

/// `{{ else }}literal{{ end }}`: the whole value, where there is no other.
fn is_otherwise(value: &Text<'_>, piece: &Range<usize>) -> bool {
    let bare =
        |action: Option<&str>| action.unwrap_or("").trim_matches(|c: char| !c.is_alphanumeric()).to_owned();
    let text = value.as_str();
    let before = text.get(..piece.start).and_then(|it| it.rsplit("{{").next());
    let behind =
        text.get(piece.end..).and_then(|it| it.strip_prefix("{{")).and_then(|it| it.split("}}").next());
    bare(before) == "else" && bare(behind) == "end"
}

struct Case<'c> {
    name: &'c str,
    commented: bool,
    telling: Telling,
    secret: &'c str,
    /// Behind a user's name.
    is_of_a_pair: bool,
    /// Every sign stands for itself.
    is_written_out: bool,
}

impl Case<'_> {
    fn judge(&self, part: Range<usize>) -> Option<Verdict> {
        let secret = self.meaning();
        let is_bare = is_punctuation(&secret);
        // Documents in base64 are opened before; what was not found in them is not there.
        let is_document = match secret {
            Cow::Owned(_) => {
                (secret.starts_with(['{', '[', '<', '-']) || secret.trim().contains('\n'))
                    && !named::is_of_a_tunnel(&secret)
            }
            Cow::Borrowed(it) => it.starts_with(['{', '[']) && it.ends_with(['}', ']']) && it.contains("\":"),
        };
        if is_bare
            || is_document
            || self.is_name_itself(&secret)
            || self.is_name_of_a_key(&secret)
            || named::is_command(&secret)
            || self.is_sample(&secret)
            || self.is_symbol(&secret)
            || self.is_file_of_credentials(&secret)
            || self.is_list_of_fields(&secret)
            || named::is_sealed(&secret)
            || named::is_method(&secret)
        {
            return None;
        }
        // Nobody's mask, and many a device's first password.
        let is_zeros = self.telling.kind == Kind::Password
            && (4..=6).contains(&secret.len())
            && secret.bytes().all(|it| it == b'0');
        if placeholder::is_placeholder(&secret) && !is_zeros
            || (!self.is_written_out && reference::is_reference(&secret))
            || self.is_something_else(&secret)
            || self.is_fingerprint(&secret)
            || self.is_of_users(&secret)
            || (secret.len() == 29 && GENERIC.contains(&secret.as_ref()))
        {
            return None;
        }
        let stands = if self.telling.strong { self.may_be(&secret) } else { self.must_be(&secret) };
        stands.then(|| self.verdict(part))
    }

    /// What base64 of a text stands for; anything else as it is, without quotes that a reader could not know for such.
    fn meaning(&self) -> Cow<'_, str> {
        let text = self.secret.trim();
        let quoted = |quote: char| text.strip_prefix(quote).and_then(|it| it.strip_suffix(quote));
        let text = quoted('"').or_else(|| quoted('\'')).unwrap_or(text);
        decoded(text).map_or(Cow::Borrowed(text), Cow::Owned)
    }

    fn is_something_else(&self, secret: &str) -> bool {
        if self.telling.strong && self.telling.kind == Kind::Password {
            shapes::is_no_password(secret)
        } else {
            shapes::is_something_else(secret)
        }
    }

    /// Under a strong name: all but what cannot be one.
    fn may_be(&self, secret: &str) -> bool {
        if self.commented && secret.contains(' ') && !is_typed(secret) {
            return false;
        }
        // Authelia's `id_token: [groups, email]`.
        if self.telling.kind == Kind::Token
            && self.name.ends_with(']')
            && secret.bytes().all(|it| it.is_ascii_lowercase() || it == b'_')
        {
            return false;
        }
        let digits = secret.strip_prefix('-').unwrap_or(secret);
        let is_number = digits.bytes().all(|it| it.is_ascii_digit());
        let is_spoken =
            matches!(self.telling.kind, Kind::Password | Kind::SigningSecret | Kind::ClientSecret);
        match (is_number, is_spoken) {
            (true, true) => secret.len() >= 4 || weak::is_known(secret),
            (true, false) => secret.len() >= 8,
            (false, true) => !is_prose(secret) && !self.is_key_of_a_secret(secret),
            (false, false) if secret.contains(char::is_whitespace) => {
                is_passphrase(secret) || strength::is_spaced(secret)
            }
            (false, false) => secret.chars().count() >= 2 && !self.is_name_of_a_secret(secret),
        }
    }

    /// `_auth` of npm, `auth` of Docker: base64 of a login.
    fn is_auth(&self) -> bool {
        matches!(self.name.rsplit('.').next(), Some("auth" | "_auth"))
    }

    /// Under a doubtful one: only what looks like it.
    fn must_be(&self, secret: &str) -> bool {
        // `$backend:3100$request_uri` of nginx.
        if secret.strip_prefix('$').is_some_and(|it| it.starts_with(|c: char| c.is_ascii_alphabetic())) {
            return false;
        }
        let by_kind = match self.telling.kind {
            Kind::Password if self.is_of_a_pair || pair(secret).is_some() => true,
            Kind::Password if secret != self.secret && self.is_auth() && is_login(secret) => true,
            Kind::Password | Kind::SigningSecret | Kind::Token | Kind::ClientSecret => {
                let is_word = secret.len() < 12 && secret.bytes().all(|it| it.is_ascii_alphanumeric());
                strength::is_mixed(secret) && !is_word
            }
            Kind::ApiKey => strength::is_serial(secret),
            Kind::AccessKeyId => strength::is_access_key(secret),
            _ => false,
        } || secret.to_ascii_lowercase().starts_with("changeme");
        // `secret` alone names one as a rule, but no name has spaces.
        let is_phrase = self.telling.kind == Kind::SigningSecret
            && self.name.rsplit('.').next().is_some_and(|it| it.eq_ignore_ascii_case("secret"))
            && (secret.contains(' ') && !is_prose(secret)
                || secret.ends_with("123") && weak::is_known(secret));
        let is_drawn = strength::is_random(secret)
            || strength::is_noise(secret)
            || strength::is_spaced(secret)
            || strength::is_bytes(secret)
            || strength::is_packed(secret);
        by_kind || is_phrase || is_drawn
    }

    fn verdict(&self, part: Range<usize>) -> Verdict {
        let is_weak = weak::is_weak(self.secret, self.name)
            || decoded(self.secret).is_some_and(|it| weak::is_known(it.trim()));
        let (kind, severity) = match self.telling.kind {
            // An access key of this length is the secret one.
            Kind::AccessKeyId if self.secret.len() >= 32 => (Kind::SecretAccessKey, Severity::Critical),
            Kind::Password if is_database_hash(self.secret) => (Kind::PasswordHash, Severity::Medium),
            kind => (kind, self.telling.severity),
        };
        Verdict { part, kind, severity, weak: is_weak }
    }
}

/// Text of its own within base64; of keys and random bytes there is none.
fn decoded(text: &str) -> Option<String> {
    if text.len() < 8 || text.len() % 4 == 1 {
        return None;
    }
    let bytes = BASE64.decode(text.as_bytes()).or_else(|_| BASE64_NOPAD.decode(text.as_bytes())).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    let is_written = |c: char| !c.is_control() || matches!(c, '\n' | '\r' | '\t');
    // Of eight letters drawn by chance one in four hundred decodes to signs that can be typed.
    let is_word = |c: char| c.is_alphanumeric() || " -_.:@/\n".contains(c);
    (text.chars().all(is_written) && (text.len() > 6 || text.chars().all(is_word))).then_some(text)
}

/// Signs alone, and fewer than anybody would choose.
fn is_punctuation(text: &str) -> bool {
    let signs = || text.bytes().filter(|it| !it.is_ascii_whitespace());
    let kinds = || signs().fold(0_u128, |seen, it| seen | 1_u128.checked_shl(u32::from(it)).unwrap_or(0));
    signs().all(|it| it.is_ascii_punctuation()) && kinds().count_ones() < 5
}

/// HCL's `$${` and `%%{` stand for these signs, so that what looks like a reference is none. In capitals it is one
/// for somebody else.
fn is_written_out(value: &Text<'_>, secret: &str) -> bool {
    matches!(value.layers(), [Layer::HclQuoted] | [Layer::Json, Layer::HclQuoted])
        && value.holes().is_empty()
        && (secret.starts_with("${") || secret.starts_with("%{"))
        && secret.bytes().any(|it| it.is_ascii_lowercase())
        && !secret.contains(['.', '('])
}

/// Four to twelve digits.
fn is_pin(text: &str) -> bool {
    (4..=12).contains(&text.len()) && text.bytes().all(|it| it.is_ascii_digit())
}

/// Hexadecimal of a digest's length, or base64 of one.
fn is_hash(text: &str) -> bool {
    let text = text.trim();
    (matches!(text.len(), 32 | 40 | 56 | 64 | 96 | 128) && strength::is_hex(text))
        || (text.len() >= 24 && strength::is_random(text) && !strength::is_uuid(text))
}

/// What PostgreSQL and MySQL keep instead of a password.
fn is_database_hash(text: &str) -> bool {
    let is_hex = |rest: &str, len: usize| rest.len() == len && strength::is_hex(rest);
    text.strip_prefix("md5").is_some_and(|it| is_hex(it, 32))
        || text.strip_prefix('*').is_some_and(|it| is_hex(it, 40))
}

/// The part of an address behind the host, if anything in it looks drawn by chance.
fn secret_of_url(text: &str) -> Option<Range<usize>> {
    let (scheme, rest) = text.split_once("://")?;
    let host = rest.find('/')?;
    let start = scheme.len() + 3 + host + 1;
    let path = text.get(start..)?;
    let is_secret = path.split(['/', '?', '&', '=']).any(strength::is_random);
    (is_secret && !placeholder::is_placeholder(path)).then_some(start..text.len())
}
