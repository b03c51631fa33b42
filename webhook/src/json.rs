//! JSON of any shape: what is not there is nothing.

use serde_json::Value;

static NOTHING: Value = Value::Null;

pub(crate) trait Json {
    /// A member of an object.
    fn at(&self, key: &str) -> &Value;

    /// Sets a member, if this is an object.
    fn put(&mut self, key: &str, value: impl Into<Value>);
}

impl Json for Value {
    fn at(&self, key: &str) -> &Value {
        self.get(key).unwrap_or(&NOTHING)
    }

    fn put(&mut self, key: &str, value: impl Into<Value>) {
        if let Some(object) = self.as_object_mut() {
            object.insert(key.to_owned(), value.into());
        }
    }
}
