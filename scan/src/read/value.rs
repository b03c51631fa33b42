//! The last step of every reader: a value's references become holes, and their defaults values.

use super::{
    actions,
    references::{self, Dollars, MAX_DEFAULTS},
};
use crate::{At, Finder, Obstacle, Text, judge::names};

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
        for literal in actions::literals(value.as_str(), action.clone()) {
            let whole = value.as_str();
            let name = literal.name.and_then(|it| whole.get(it)).unwrap_or(&at.key);
            let name = field_of(whole.get(action.clone()).unwrap_or(""), name).to_owned();
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

/// The field that an action reads, where the name that it is given to says nothing: `admin: {{ .Values.adminPassword |
/// default "x" }}`.
fn field_of<'t>(action: &'t str, name: &'t str) -> &'t str {
    if names::telling(name).is_some() || !names::says_nothing(name) {
        return name;
    }
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.');
    let mut fields = action.split(|c: char| !is_part(c)).filter_map(|it| it.rsplit_once('.')).map(|it| it.1);
    fields.find(|it| names::telling(it).is_some_and(|it| it.strong)).unwrap_or(name)
}
