//! Tokens of a known form, wherever they stand: in one pass over any text.
//!
//! Each form begins with a prefix that its vendor documents. What is public by design (a publishable key, a
//! certificate, a documented example) has a form too, and clears the text that it stands in.

mod checks;
mod hashes;
mod headers;
mod jwt;
mod keys;
mod vendors;

use std::{iter, ops::Range, sync::LazyLock};

use super::{documented, placeholder};
use crate::{Kind, Severity, needles::Needles};

/// A form's rule: what begins with `prefix`.
pub(super) struct Form {
    pub(super) prefix: &'static str,
    pub(super) body: Body,
    pub(super) is: Is,
}

/// What follows the prefix.
pub(super) enum Body {
    /// So many bytes of a set, and none more of it.
    Run(Set, usize, usize),
    /// Whatever this finds around the prefix, which begins at the byte given.
    Around(fn(&str, usize) -> Option<Found>),
    /// The same, and where nothing is, from where to look on.
    Past(fn(&str, usize) -> Result<Found, usize>),
}

#[derive(Clone, Copy)]
pub(super) enum Set {
    Hex,
    /// `A-Z0-9`.
    Upper,
    Base62,
    /// And `_-`.
    Word,
    /// And `.`.
    Dotted,
    /// `A-Za-z0-9+/=_-`.
    Base64,
}

/// What a form is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Is {
    Secret(Kind, Severity),
    /// Public by design, a documented example, or a mask.
    Public,
}

#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Found {
    pub(crate) range: Range<usize>,
    pub(crate) is: Is,
}

/// Prefixes and table in one order.
struct Forms {
    table: Vec<&'static Form>,
    prefixes: Needles,
}

/// No form is shorter: `Basic YTpi`.
const SHORTEST: usize = 10;

static FORMS: LazyLock<Forms> = LazyLock::new(|| {
    let table: Vec<&Form> = vendors::FORMS
        .iter()
        .chain(&hashes::FORMS)
        .chain(&keys::FORMS)
        .chain(&jwt::FORMS)
        .chain(&headers::FORMS)
        .collect();
    let prefixes = Needles::exact(table.iter().map(|it| it.prefix));
    Forms { table, prefixes }
});

/// The secrets of a known form in a text, in order and without overlap.
pub(crate) fn find(text: &str) -> impl Iterator<Item = (Range<usize>, Kind, Severity)> + '_ {
    all(text).filter_map(|found| match found.is {
        Is::Secret(kind, severity) => Some((found.range, kind, severity)),
        Is::Public => None,
    })
}

/// All that has a known form, public or not.
pub(crate) fn all(text: &str) -> impl Iterator<Item = Found> + '_ {
    let mut at = 0;
    iter::from_fn(move || {
        while at + SHORTEST <= text.len() {
            let prefix = FORMS.prefixes.next(text, at)?;
            let form = FORMS.table.get(prefix.word)?;
            match form.found(text, prefix.start) {
                Ok(found) => {
                    at = prefix.end.max(found.range.end);
                    return Some(found);
                }
                Err(behind) => at = prefix.end.max(behind),
            }
        }
        None
    })
}

impl Form {
    /// What stands there, or where to look on: a run that is too long is passed by as a whole.
    fn found(&self, text: &str, start: usize) -> Result<Found, usize> {
        let found = match self.body {
            Body::Around(rule) => rule(text, start).ok_or(start)?,
            Body::Past(rule) => rule(text, start)?,
            Body::Run(set, least, most) => {
                let from = start + self.prefix.len();
                let len = set.run(text, from, most);
                let before = text.as_bytes().get(..start).and_then(<[u8]>::last);
                let is_glued = before.is_some_and(|it| is_wordy(*it))
                    && self.prefix.bytes().next().is_some_and(is_wordy);
                if len > most {
                    return Err(from + len);
                }
                if len < least || is_glued {
                    return Err(start);
                }
                Found { range: start..from + len, is: self.is }
            }
        };
        let range = found.range.clone();
        let body = text.get(range.start.max(start)..range.end).unwrap_or("");
        let is_printed = documented::is_of_manual(body);
        let body = body.strip_prefix(self.prefix).unwrap_or(body);
        Ok(if is_printed || placeholder::is_masked(body) || documented::has_example(body) {
            Found { range, is: Is::Public }
        } else {
            found
        })
    }
}

impl Set {
    pub(super) fn has(self, byte: u8) -> bool {
        match self {
            Self::Hex => byte.is_ascii_hexdigit(),
            Self::Upper => byte.is_ascii_uppercase() || byte.is_ascii_digit(),
            Self::Base62 => byte.is_ascii_alphanumeric(),
            Self::Word => byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'),
            Self::Dotted => byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'),
            Self::Base64 => byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=' | b'_' | b'-'),
        }
    }

    /// How many bytes of the set stand there, counted to one more than `most`. A dot that ends a sentence is none
    /// of them.
    pub(super) fn run(self, text: &str, from: usize, most: usize) -> usize {
        let rest = text.as_bytes().get(from..).unwrap_or(&[]);
        let run = rest.iter().take(most + 1).take_while(|it| self.has(**it)).count();
        run - rest.get(..run).unwrap_or(&[]).iter().rev().take_while(|it| **it == b'.').count()
    }

    /// How many stand before, counted to one more than `most`.
    pub(super) fn run_before(self, text: &str, until: usize, most: usize) -> usize {
        let before = text.as_bytes().get(..until).unwrap_or(&[]);
        before.iter().rev().take(most + 1).take_while(|it| self.has(**it)).count()
    }
}

fn is_wordy(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_prefix_is_there_once() {
        let mut prefixes: Vec<_> = FORMS.table.iter().map(|it| it.prefix).collect();
        prefixes.sort_unstable();
        let twice: Vec<_> = prefixes.windows(2).filter(|it| it[0] == it[1]).collect();
        assert!(twice.is_empty(), "{twice:?}");
        assert!(prefixes.iter().all(|it| it.len() >= 2));
    }

    #[test]
    fn a_prefix_that_repeats_without_end_costs_no_more_than_its_length() {
        for form in &FORMS.table {
            let text = form.prefix.repeat(50_000 / form.prefix.len());
            assert!(all(&text).count() <= text.len() / form.prefix.len());
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in r"(-----BEGIN |PRIVATE KEY-----|ghp_|eyJ|AKIA|\$2y\$|:AA|8Q~|[a-zA-Z0-9._/ü-]{0,40}|\PC|\n){0,12}") {
            for found in all(&text) {
                prop_assert!(text.get(found.range.clone()).is_some_and(|it| !it.is_empty()), "{found:?}");
            }
        }
    }
}
