//! A template as a tree. It holds no value, only what its author wrote.

use std::collections::BTreeMap;

use crate::number::Number;

/// A file of templates: the main one has the empty name.
pub(crate) struct Tree {
    pub(crate) templates: BTreeMap<String, Vec<Node>>,
}

pub(crate) struct Node {
    pub(crate) at: usize,
    pub(crate) kind: NodeKind,
}

pub(crate) enum NodeKind {
    Action(Pipe),
    Break,
    Continue,
    If(Branch),
    Range(Branch),
    Template { name: String, argument: Option<Pipe> },
    Text(String),
    With(Branch),
}

/// `if`, `range` and `with`: `{{else if}}` is an `if` within `otherwise`.
pub(crate) struct Branch {
    pub(crate) pipe: Pipe,
    pub(crate) body: Vec<Node>,
    pub(crate) otherwise: Option<Vec<Node>>,
}

pub(crate) struct Pipe {
    pub(crate) at: usize,
    /// `=` rather than `:=`.
    pub(crate) assigns: bool,
    pub(crate) variables: Vec<String>,
    pub(crate) commands: Vec<Command>,
}

/// The first operand is what is asked, the others are its arguments.
pub(crate) struct Command {
    pub(crate) first: Operand,
    pub(crate) arguments: Vec<Operand>,
}

pub(crate) struct Operand {
    pub(crate) at: usize,
    pub(crate) kind: OperandKind,
}

pub(crate) enum OperandKind {
    Bool(bool),
    Chain(Box<Operand>, Vec<String>),
    Dot,
    Field(Vec<String>),
    Function(String),
    Nil,
    Number(Number),
    Pipe(Box<Pipe>),
    Text(Vec<u8>),
    Variable(String, Vec<String>),
}
