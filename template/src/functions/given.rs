//! The arguments of a call, whose types [`super::Parameter`] has seen to.

use crate::error::{Outcome, refuse};
use crate::text::Text;
use crate::value::{Key, Value};

const ABSENT: &Value = &Value::ABSENT;

pub(super) fn at(given: &[Value], index: usize) -> &Value {
    given.get(index).unwrap_or(ABSENT)
}

pub(super) fn bytes(given: &[Value], index: usize) -> &[u8] {
    given.get(index).and_then(Value::as_text).map(Text::bytes).unwrap_or_default()
}

pub(super) fn text(given: &[Value], index: usize) -> Text {
    given.get(index).and_then(Value::as_text).cloned().unwrap_or_else(|| "".into())
}

pub(super) fn int(given: &[Value], index: usize) -> i64 {
    match given.get(index) {
        Some(Value::Int(it, _)) => *it,
        _ => 0,
    }
}

/// A count of something to be made.
pub(super) fn count(given: &[Value], index: usize, function: &str) -> Outcome<usize> {
    usize::try_from(int(given, index)).or_else(|_| refuse(function, "a negative number"))
}

pub(super) fn truth(given: &[Value], index: usize) -> bool {
    matches!(given.get(index), Some(Value::Bool(true)))
}

pub(super) fn items(given: &[Value], index: usize) -> &[Value] {
    match given.get(index) {
        Some(Value::List(it)) => &it.items,
        _ => &[],
    }
}

/// The entries of a map, in the order of their keys.
pub(super) fn entries(given: &[Value], index: usize) -> Vec<(Key, Value)> {
    match given.get(index) {
        Some(Value::Map(it)) => {
            it.entries.borrow().iter().map(|(key, value)| (key.clone(), value.clone())).collect()
        }
        _ => Vec::new(),
    }
}

/// The arguments behind the first few.
pub(super) fn from(given: &[Value], index: usize) -> &[Value] {
    given.get(index..).unwrap_or_default()
}
