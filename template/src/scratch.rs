//! `scratch`: what a template sets down and takes up again in one rendering.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use crate::error::{Outcome, refuse};
use crate::interpreter::Interpreter;
use crate::text::Text;
use crate::value::{self, Key, Map, Nil, Value};

#[derive(Default)]
pub struct Scratch {
    values: RefCell<BTreeMap<Text, Value>>,
}

impl Scratch {
    pub(crate) fn has(&self, key: &Text) -> bool {
        self.values.borrow().contains_key(key)
    }

    pub(crate) fn at(&self, key: &Text) -> Value {
        self.values.borrow().get(key).cloned().unwrap_or(Value::Nil(Nil::Any))
    }

    pub(crate) fn set(&self, key: Text, value: Value) {
        self.values.borrow_mut().insert(key, value);
    }

    pub(crate) fn set_once(&self, key: Text, value: Value) {
        self.values.borrow_mut().entry(key).or_insert(value);
    }

    /// Sets an entry of the map at `key`, which is made where it is not yet.
    pub(crate) fn map_set(
        &self,
        run: &mut Interpreter<'_, '_>,
        key: Text,
        entry: Text,
        value: Value,
        replace: bool,
    ) -> Outcome<()> {
        let map = match self.values.borrow_mut().entry(key).or_insert_with(|| Value::map(BTreeMap::new())) {
            Value::Map(map) if is_plain(map) => map.clone(),
            _ => return refuse("scratch.MapSet", "what stands there is not a map"),
        };
        let entry = Key::Text(entry);
        if replace || map.entry(&entry).is_none() {
            value::insert(run, &map, entry, value)?;
        }
        Ok(())
    }

    /// The values of the map at `key`, in the order of their keys; nothing where there is no map.
    pub(crate) fn map_values(&self, key: &Text) -> Value {
        match self.values.borrow().get(key) {
            Some(Value::Map(map)) if is_plain(map) => {
                Value::anys(map.entries.borrow().values().cloned().collect())
            }
            _ => Value::nil_list(value::Element::Any),
        }
    }
}

fn is_plain(map: &Rc<Map>) -> bool {
    map.keys == value::Keys::Text && map.element == value::Element::Any && !map.is_nil
}
