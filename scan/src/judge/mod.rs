//! Whether a value is a credential, and which.
//!
//! Three things are asked, in this order: has the text a form that a vendor documents ([`forms`]); what does
//! its name say ([`names`]); and is the text something else than a secret ([`placeholder`], [`reference`],
//! [`shapes`]). Where the name is not enough, the text must look like a secret as well ([`strength`]).

#[cfg(test)]
mod corpus;
mod documented;
pub(crate) mod forms;
#[cfg(test)]
mod holdout;
mod leaf;
pub(crate) mod names;
mod path;
mod pattern;
mod phrases;
mod placeholder;
pub(crate) mod reference;
mod shapes;
mod strength;
#[cfg(test)]
mod tests;
mod vocabulary;
mod weak;
mod words;

use std::ops::Range;

use forms::Is;
use names::{Naming, Telling};

use crate::{At, Kind, Place, Severity, Text};

/// What the judge says of a value that it calls a credential.
#[derive(Clone, Debug)]
pub(crate) struct Verdict {
    /// The part of the value that is the secret.
    pub(crate) part: Range<usize>,
    pub(crate) kind: Kind,
    pub(crate) severity: Severity,
    /// A default that everyone knows.
    pub(crate) weak: bool,
}

/// `None` for what is not a credential: a reference, a path, a placeholder, a word.
pub(crate) fn judge(at: &At<'_>, value: &Text<'_>) -> Option<Verdict> {
    if !value.has_literal() {
        return None;
    }
    let verdict = match names::at(at) {
        // `mongo.key` as a file of several lines.
        Naming::Telling(telling) => match leaf::key_file(at, value).filter(|_| at.key.ends_with(".key")) {
            None => return judge_as(at, value, telling),
            key => key,
        },
        naming => match (known_form(value), naming) {
            // A key for browsers has the form of any other.
            (Known::Secret(it), Naming::Public) if it.kind != Kind::PrivateKey => None,
            (Known::Secret(verdict), _) => Some(verdict),
            (Known::None, Naming::Harmless | Naming::Unknown) if names::is_key_file(&at.key) => {
                leaf::key_file(at, value)
            }
            (Known::None, Naming::Empty | Naming::Unknown) => leaf::unnamed(at, value),
            _ => None,
        },
    };
    placed(at, value, verdict?)
}

/// The same, where the place tells more than its name: `-p` of `mysql` is a password.
pub(crate) fn judge_as(at: &At<'_>, value: &Text<'_>, telling: Telling) -> Option<Verdict> {
    let verdict = match known_form(value) {
        Known::Secret(verdict) => verdict,
        Known::Public => return None,
        Known::None => leaf::judge(at, value, telling)?,
    };
    placed(at, value, verdict)
}

/// The tokens of a known form in a text of any length, without those that are public by their name.
pub(crate) fn known(at: &At<'_>, text: &Text<'_>) -> Vec<Verdict> {
    let mut found = forms::find(text.as_str()).peekable();
    if found.peek().is_none() {
        return Vec::new();
    }
    let is_public = names::at(at) == Naming::Public;
    found
        .filter(|(part, kind, _)| (!is_public || *kind == Kind::PrivateKey) && !has_hole(text, part))
        .filter_map(|(part, kind, severity)| placed(at, text, Verdict { part, kind, severity, weak: false }))
        .collect()
}

fn has_hole(text: &Text<'_>, part: &Range<usize>) -> bool {
    !text.slice(part.clone()).holes().is_empty()
}

enum Known {
    Secret(Verdict),
    Public,
    None,
}

/// The first token of a known form that is no hole. Something public clears what it is most of.
fn known_form(value: &Text<'_>) -> Known {
    let mut public = 0;
    for found in forms::all(value.as_str()) {
        match found.is {
            Is::Secret(kind, severity) if !has_hole(value, &found.range) => {
                return Known::Secret(Verdict { part: found.range, kind, severity, weak: false });
            }
            Is::Secret(..) => {}
            // The first line of a certificate in base64 of several lines.
            Is::Public if is_base64_from(value.as_str(), found.range.start) => return Known::Public,
            Is::Public => public += found.range.len(),
        }
    }
    let is_most = public > 0 && public * 2 > value.as_str().trim().len();
    if is_most { Known::Public } else { Known::None }
}

/// Nothing but base64 and breaks of its lines, from here to the end.
fn is_base64_from(text: &str, start: usize) -> bool {
    let is_part =
        |it: u8| it.is_ascii_alphanumeric() || it.is_ascii_whitespace() || matches!(it, b'+' | b'/' | b'=');
    text.get(..start).is_some_and(|it| it.trim().is_empty()) && text.bytes().skip(start).all(is_part)
}

/// What the place changes. In a file that shows how to fill in another one, only what nobody would write as an
/// example stays.
fn placed(at: &At<'_>, value: &Text<'_>, mut verdict: Verdict) -> Option<Verdict> {
    let secret = value.as_str().get(verdict.part.clone())?;
    let is_example = verdict.weak || !(strength::is_random(secret) || strength::is_mixed(secret));
    // A schema shows by this name what may stand there.
    let shows = matches!(at.key.rsplit('.').next(), Some("example" | "examples"));
    if (at.example || shows) && is_example && verdict.kind != Kind::PrivateKey {
        return None;
    }
    if at.place == Place::Auth && matches!(verdict.kind, Kind::Password | Kind::Token) {
        verdict.kind = Kind::RegistryAuth;
    }
    if verdict.weak {
        verdict.severity = Severity::Low;
    } else if at.commented {
        verdict.severity = verdict.severity.min(Severity::Medium);
    }
    Some(verdict)
}
