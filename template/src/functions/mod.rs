//! The functions of the language: Go's own, consul-template's, and Sprig's with `sprig_` before their names.
//!
//! A function declares what it takes, in Go's types, and gets nothing else. `functions.toml` lists all of them with
//! the test of each; a test holds the list to this table.

mod builtin;
mod collections;
mod compare;
mod convert;
mod encode;
mod given;
mod math;
mod outside;
mod sprig;
mod texts;

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::error::{ErrorKind, Outcome};
use crate::interpreter::{self, Interpreter};
use crate::number::Number;
use crate::value::{Element, Int, Keys, Nil, Value};

pub(crate) use encode::base64;

pub(crate) type Call = fn(&mut Interpreter<'_, '_>, &str, &[Value]) -> Outcome<Value>;

pub(crate) struct Function {
    pub(crate) name: &'static str,
    pub(crate) parameters: &'static [Parameter],
    /// Of what type the arguments behind the parameters are.
    pub(crate) variadic: Option<Parameter>,
    pub(crate) run: Run,
}

pub(crate) enum Run {
    Call(Call),
    /// It exists elsewhere and not here, for this reason.
    Gone(&'static str),
    /// `and` and `or`.
    ShortCircuit {
        stops_at: bool,
    },
}

/// A type of Go that a function takes.
#[derive(Clone, Copy, Eq, PartialEq)]
pub(crate) enum Parameter {
    Any,
    Bool,
    Float,
    Int,
    /// `[]interface{}`
    List,
    /// `map[string]interface{}`
    Map,
    /// A value with whatever type it has: Go's own functions take these.
    Reflect,
    Text,
    /// `[]string`
    Texts,
}

pub(crate) fn find(name: &str) -> Option<&'static Function> {
    static BY_NAME: LazyLock<HashMap<&'static str, &'static Function>> =
        LazyLock::new(|| tables().flatten().map(|it| (it.name, it)).collect());
    BY_NAME.get(name).copied()
}

/// Name of each function, and why it is not here where it is not.
pub(crate) fn names() -> impl Iterator<Item = (&'static str, Option<&'static str>)> {
    tables().flatten().map(|it| match it.run {
        Run::Gone(why) => (it.name, Some(why)),
        _ => (it.name, None),
    })
}

fn tables() -> impl Iterator<Item = &'static [Function]> {
    [
        builtin::ALL,
        collections::ALL,
        compare::ALL,
        convert::ALL,
        encode::ALL,
        math::ALL,
        outside::ALL,
        texts::ALL,
    ]
    .into_iter()
    .chain(sprig::tables())
}

/// A function of exactly these parameters.
const fn takes(name: &'static str, parameters: &'static [Parameter], call: Call) -> Function {
    Function { name, parameters, variadic: None, run: Run::Call(call) }
}

/// A function of these parameters and any number more.
const fn takes_more(
    name: &'static str,
    parameters: &'static [Parameter],
    more: Parameter,
    call: Call,
) -> Function {
    Function { name, parameters, variadic: Some(more), run: Run::Call(call) }
}

const fn gone(name: &'static str, why: &'static str) -> Function {
    Function { name, parameters: &[], variadic: Some(Parameter::Any), run: Run::Gone(why) }
}

impl Parameter {
    fn name(self) -> &'static str {
        match self {
            Self::Any | Self::Reflect => "a value",
            Self::Bool => "bool",
            Self::Float => "float64",
            Self::Int => "int",
            Self::List => "[]interface {}",
            Self::Map => "map[string]interface {}",
            Self::Text => "string",
            Self::Texts => "[]string",
        }
    }

    fn wrong(self, function: &str, position: usize, found: &'static str) -> ErrorKind {
        ErrorKind::ArgumentType { function: function.to_owned(), position, expected: self.name(), found }
    }

    /// A value as this type, or what Go says to it.
    pub(crate) fn accept(self, value: Value, function: &str, position: usize) -> Outcome<Value> {
        match (self, &value) {
            (Self::Any | Self::Reflect, _)
            | (Self::Bool, Value::Bool(_))
            | (Self::Float, Value::Float(_))
            | (Self::Int, Value::Int(_, Int::Int))
            | (Self::Text, Value::Text(_)) => Ok(value),
            (Self::List, Value::List(it)) if it.element == Element::Any => Ok(value),
            (Self::Texts, Value::List(it)) if it.element == Element::Text => Ok(value),
            (Self::Map, Value::Map(it)) if it.keys == Keys::Text && it.element == Element::Any => Ok(value),
            (_, Value::Nil(Nil::Absent)) => self.nil(function, position),
            _ => Err(self.wrong(function, position, value.type_name())),
        }
    }

    /// `nil`, or nothing that came through a pipe.
    pub(crate) fn nil(self, function: &str, position: usize) -> Outcome<Value> {
        match self {
            Self::Any | Self::Reflect => Ok(Value::ABSENT),
            Self::List => Ok(Value::nil_list(Element::Any)),
            Self::Texts => Ok(Value::nil_list(Element::Text)),
            Self::Map => Ok(Value::nil_map()),
            Self::Bool | Self::Float | Self::Int | Self::Text => Err(self.wrong(function, position, "nil")),
        }
    }

    /// A number of the template as this type.
    pub(crate) fn constant(self, it: Number, function: &str, position: usize) -> Outcome<Value> {
        match (self, it) {
            (Self::Any | Self::Reflect, _) => interpreter::constant(it),
            (Self::Int, Number { int: Some(int), .. }) => Ok(Value::int(int)),
            (Self::Float, Number { float: Some(float), .. }) => Ok(Value::Float(float)),
            _ => Err(self.wrong(function, position, "a number")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_functions_share_a_name() {
        let mut all: Vec<_> = names().map(|it| it.0).collect();
        let count = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), count);
    }
}
