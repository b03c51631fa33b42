//! Values, with as much of Go's types as a template can see.
//!
//! A number of a secret is a `json.Number` (a kind of string) and a number of `parseJSON` a float; a list of strings
//! and a list of anything are two types. What a function takes, what `eq` compares and what `printf "%T"` says hang on
//! that. There is no `Debug`: values are secrets.

use std::cell::RefCell;
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::rc::Rc;

use crate::error::{ErrorKind, Outcome};
use crate::interpreter::Interpreter;
use crate::limits::VALUE_DEPTH;
use crate::scratch::Scratch;
use crate::secret::{Certificate, Secret, SecretAuth, WrapInfo};
use crate::text::Text;

#[derive(Clone)]
pub enum Value {
    Nil(Nil),
    Bool(bool),
    Int(i64, Int),
    Uint(u64, Uint),
    Float(f64),
    Text(Text),
    /// As it stands in the JSON.
    Number(Text),
    List(Rc<List>),
    Map(Rc<Map>),
    /// What `loop` gives: to be ranged over.
    Loop(i64, i64),
    Secret(Rc<Secret>),
    Auth(Rc<SecretAuth>),
    WrapInfo(Rc<WrapInfo>),
    Certificate(Rc<Certificate>),
    Scratch(Rc<Scratch>),
    /// Seconds since 1970 in UTC, and nanoseconds.
    Time(i64, u32),
}

/// The kinds of nothing.
#[derive(Clone, Copy, Eq, PartialEq)]
pub enum Nil {
    /// No value at all: what a pipeline makes of the others but pointers.
    Absent,
    /// Where anything may stand, nothing stands.
    Any,
    /// A pointer to a struct of this name.
    Pointer(&'static str),
}

#[derive(Clone, Copy, Eq, PartialEq)]
pub enum Int {
    Int,
    Int64,
}

#[derive(Clone, Copy, Eq, PartialEq)]
pub enum Uint {
    Uint8,
    Uint64,
}

/// What the elements of a list or map may be.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Element {
    Any,
    Int,
    List,
    Map,
    Text,
}

/// What the keys of a map may be.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Keys {
    /// YAML's maps.
    Any,
    Text,
}

pub struct List {
    pub(crate) element: Element,
    pub(crate) items: Vec<Value>,
    pub(crate) is_nil: bool,
}

pub struct Map {
    pub(crate) keys: Keys,
    pub(crate) element: Element,
    pub(crate) entries: RefCell<BTreeMap<Key, Value>>,
    pub(crate) is_nil: bool,
}

#[derive(Clone)]
pub(crate) enum Key {
    Nil,
    Int(i64),
    Float(f64),
    Text(Text),
    Bool(bool),
}

impl Key {
    fn rank(&self) -> u8 {
        match self {
            Self::Nil => 0,
            Self::Int(_) => 1,
            Self::Float(_) => 2,
            Self::Text(_) => 3,
            Self::Bool(_) => 4,
        }
    }

    pub(crate) fn value(&self) -> Value {
        match self {
            Self::Nil => Value::Nil(Nil::Any),
            Self::Int(it) => Value::Int(*it, Int::Int),
            Self::Float(it) => Value::Float(*it),
            Self::Text(it) => Value::Text(it.clone()),
            Self::Bool(it) => Value::Bool(*it),
        }
    }
}

impl Eq for Key {}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Ord for Key {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Int(a), Self::Int(b)) => a.cmp(b),
            (Self::Float(a), Self::Float(b)) => a.total_cmp(b),
            (Self::Text(a), Self::Text(b)) => a.cmp(b),
            (Self::Bool(a), Self::Bool(b)) => a.cmp(b),
            (a, b) => a.rank().cmp(&b.rank()),
        }
    }
}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Go's `reflect.Kind`, as far as it shows.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    Absent,
    Bool,
    Channel,
    Float,
    Int,
    List,
    Map,
    Pointer,
    Struct,
    Text,
    Uint,
}

impl Value {
    pub(crate) const ABSENT: Self = Self::Nil(Nil::Absent);

    pub(crate) fn text(text: &str) -> Self {
        Self::Text(text.into())
    }

    pub(crate) fn bytes(bytes: &[u8]) -> Self {
        Self::Text(Text::new(bytes))
    }

    pub(crate) fn int(it: i64) -> Self {
        Self::Int(it, Int::Int)
    }

    pub(crate) fn int64(it: i64) -> Self {
        Self::Int(it, Int::Int64)
    }

    pub(crate) fn list(element: Element, items: Vec<Self>) -> Self {
        Self::List(Rc::new(List { element, items, is_nil: false }))
    }

    pub(crate) fn anys(items: Vec<Self>) -> Self {
        Self::list(Element::Any, items)
    }

    pub(crate) fn texts(items: impl IntoIterator<Item = Text>) -> Self {
        Self::list(Element::Text, items.into_iter().map(Self::Text).collect())
    }

    pub(crate) fn nil_list(element: Element) -> Self {
        Self::List(Rc::new(List { element, items: Vec::new(), is_nil: true }))
    }

    pub(crate) fn map(entries: BTreeMap<Key, Self>) -> Self {
        Self::map_of(Keys::Text, Element::Any, entries)
    }

    pub(crate) fn map_of(keys: Keys, element: Element, entries: BTreeMap<Key, Self>) -> Self {
        Self::Map(Rc::new(Map { keys, element, entries: RefCell::new(entries), is_nil: false }))
    }

    pub(crate) fn nil_map() -> Self {
        Self::Map(Rc::new(Map {
            keys: Keys::Text,
            element: Element::Any,
            entries: RefCell::default(),
            is_nil: true,
        }))
    }

    /// Whether it is nothing, of whatever kind.
    pub(crate) fn is_nil(&self) -> bool {
        match self {
            Self::Nil(_) => true,
            Self::List(it) => it.is_nil,
            Self::Map(it) => it.is_nil,
            _ => false,
        }
    }

    /// Whether it is nothing without a type.
    pub(crate) fn is_absent(&self) -> bool {
        matches!(self, Self::Nil(Nil::Absent | Nil::Any))
    }

    /// What a pipeline hands on: nothing within an interface is no value at all.
    pub(crate) fn unwrapped(self) -> Self {
        if self.is_absent() { Self::ABSENT } else { self }
    }

    pub(crate) fn kind(&self) -> Kind {
        match self {
            Self::Nil(Nil::Pointer(_)) => Kind::Pointer,
            Self::Nil(_) => Kind::Absent,
            Self::Bool(_) => Kind::Bool,
            Self::Int(..) => Kind::Int,
            Self::Uint(..) => Kind::Uint,
            Self::Float(_) => Kind::Float,
            Self::Text(_) | Self::Number(_) => Kind::Text,
            Self::List(_) => Kind::List,
            Self::Map(_) => Kind::Map,
            Self::Loop(..) => Kind::Channel,
            Self::Secret(_) | Self::Auth(_) | Self::WrapInfo(_) | Self::Certificate(_) | Self::Scratch(_) => {
                Kind::Pointer
            }
            Self::Time(..) => Kind::Struct,
        }
    }

    /// What `%T` says.
    pub(crate) fn type_name(&self) -> &'static str {
        match self {
            Self::Nil(Nil::Pointer(name)) => name,
            Self::Nil(_) => "<nil>",
            Self::Bool(_) => "bool",
            Self::Int(_, Int::Int) => "int",
            Self::Int(_, Int::Int64) => "int64",
            Self::Uint(_, Uint::Uint8) => "uint8",
            Self::Uint(_, Uint::Uint64) => "uint64",
            Self::Float(_) => "float64",
            Self::Text(_) => "string",
            Self::Number(_) => "json.Number",
            Self::List(it) => match it.element {
                Element::Any => "[]interface {}",
                Element::Int => "[]int",
                Element::List => "[][]interface {}",
                Element::Map => "[]map[string]interface {}",
                Element::Text => "[]string",
            },
            Self::Map(it) => match (it.keys, it.element) {
                (Keys::Any, _) => "map[interface {}]interface {}",
                (Keys::Text, Element::Text) => "map[string]string",
                (Keys::Text, Element::List) => "map[string][]interface {}",
                (Keys::Text, Element::Map) => "map[string]map[string]interface {}",
                (Keys::Text, _) => "map[string]interface {}",
            },
            Self::Loop(..) => "<-chan int64",
            Self::Secret(_) => "*dependency.Secret",
            Self::Auth(_) => "*dependency.SecretAuth",
            Self::WrapInfo(_) => "*dependency.SecretWrapInfo",
            Self::Certificate(_) => "dependency.PemEncoded",
            Self::Scratch(_) => "*template.Scratch",
            Self::Time(..) => "time.Time",
        }
    }

    /// What `if` takes for true.
    pub(crate) fn truth(&self) -> bool {
        match self {
            Self::Nil(_) => false,
            Self::Bool(it) => *it,
            Self::Int(it, _) => *it != 0,
            Self::Uint(it, _) => *it != 0,
            Self::Float(it) => *it != 0.0,
            Self::Text(it) | Self::Number(it) => !it.is_empty(),
            Self::List(it) => !it.items.is_empty(),
            Self::Map(it) => !it.entries.borrow().is_empty(),
            _ => true,
        }
    }

    pub(crate) fn as_text(&self) -> Option<&Text> {
        match self {
            Self::Text(it) | Self::Number(it) => Some(it),
            _ => None,
        }
    }
}

impl Map {
    pub(crate) fn entry(&self, key: &Key) -> Option<Value> {
        self.entries.borrow().get(key).cloned()
    }

    pub(crate) fn texts(&self, key: &str) -> Option<Value> {
        self.entry(&Key::Text(key.into()))
    }

    /// What a missing key reads as: the zero of the elements' type.
    pub(crate) fn zero(&self) -> Value {
        match self.element {
            Element::Any => Value::Nil(Nil::Any),
            Element::Int => Value::int(0),
            Element::List => Value::nil_list(Element::Any),
            Element::Map => Value::nil_map(),
            Element::Text => Value::text(""),
        }
    }
}

/// Puts an entry into a map that others may see too.
///
/// Errors: [`ErrorKind::Cycle`] where the map would hold itself, and what assigning to a nil map is.
pub(crate) fn insert(run: &mut Interpreter<'_, '_>, map: &Rc<Map>, key: Key, value: Value) -> Outcome<()> {
    if holds(run, &value, map, VALUE_DEPTH)? {
        return Err(ErrorKind::Cycle);
    }
    map.entries.borrow_mut().insert(key, value);
    Ok(())
}

/// Values may be shared, so that a walk visits many more than there are: each visit is a step.
fn holds(run: &mut Interpreter<'_, '_>, value: &Value, map: &Rc<Map>, depth: u32) -> Outcome<bool> {
    run.step()?;
    let deeper = depth.checked_sub(1).ok_or(ErrorKind::TooDeep { limit: VALUE_DEPTH })?;
    match value {
        Value::Map(it) if Rc::ptr_eq(it, map) => return Ok(true),
        Value::Map(it) => {
            for it in it.entries.borrow().values() {
                if holds(run, it, map, deeper)? {
                    return Ok(true);
                }
            }
        }
        Value::List(it) => {
            for it in &it.items {
                if holds(run, it, map, deeper)? {
                    return Ok(true);
                }
            }
        }
        _ => {}
    }
    Ok(false)
}

/// Deep values are taken apart in a loop: a template may nest them deeper than the stack is.
impl Drop for List {
    fn drop(&mut self) {
        dismantle(std::mem::take(&mut self.items));
    }
}

impl Drop for Map {
    fn drop(&mut self) {
        dismantle(std::mem::take(self.entries.get_mut()).into_values().collect());
    }
}

fn dismantle(mut left: Vec<Value>) {
    while let Some(value) = left.pop() {
        match value {
            Value::List(it) => {
                if let Some(mut it) = Rc::into_inner(it) {
                    left.append(&mut it.items);
                }
            }
            Value::Map(it) => {
                if let Some(mut it) = Rc::into_inner(it) {
                    left.extend(std::mem::take(it.entries.get_mut()).into_values());
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deep_values_drop_without_the_stack() {
        let mut value = Value::anys(vec![]);
        for _ in 0..200_000 {
            value = Value::anys(vec![value]);
        }
        drop(value);
    }
}
