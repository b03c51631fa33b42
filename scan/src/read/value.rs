//! The last step of every reader: a value's references become holes, and their defaults values.

use super::{
    actions,
    references::{self, Dollars, MAX_DEFAULTS},
};
use crate::{At, Finder, Obstacle, Text};

/// Brings a value, if anything in it is written in clear.
pub(super) fn bring<'a>(finder: &mut Finder<'a>, at: &At<'_>, value: Text<'a>, dollars: Dollars) {
    bring_within(finder, at, value, dollars, MAX_DEFAULTS);
}

/// The value with its references as holes, once the defaults in it are brought.
pub(super) fn opened<'a>(
    finder: &mut Finder<'a>,
    at: &At<'_>,
    value: Text<'a>,
    dollars: Dollars,
) -> Text<'a> {
    open(finder, at, value, dollars, MAX_DEFAULTS)
}

fn bring_within<'a>(finder: &mut Finder<'a>, at: &At<'_>, value: Text<'a>, dollars: Dollars, left: usize) {
    let value = open(finder, at, value, dollars, left);
    if value.has_literal() {
        finder.value(at, value);
    }
}

fn open<'a>(
    finder: &mut Finder<'a>,
    at: &At<'_>,
    value: Text<'a>,
    dollars: Dollars,
    left: usize,
) -> Text<'a> {
    for action in value.holes().to_vec() {
        for literal in actions::literals(value.as_str(), action) {
            let name = literal.name.and_then(|it| value.as_str().get(it)).unwrap_or(&at.key).to_owned();
            let at = At { obstacle: at.obstacle.or(Some(Obstacle::Expression)), ..at.key(name) };
            finder.value(&at, value.slice(literal.value).without_holes());
        }
    }
    if memchr::memchr(b'$', value.as_str().as_bytes()).is_none() {
        return value;
    }
    let (value, defaults) = match dollars {
        Dollars::Compose => references::compose(&value),
        _ => {
            let found = references::references(value.as_str(), dollars);
            let defaults = found.defaults.iter().map(|it| value.slice(it.clone())).collect();
            (value.with_holes(found.holes), defaults)
        }
    };
    if left > 0 {
        let at = At { obstacle: at.obstacle.or(Some(Obstacle::Expression)), ..at.clone() };
        for default in defaults {
            bring_within(finder, &at, default, dollars, left - 1);
        }
    }
    value
}
