//! One YAML document as it was written: what lies within what, and where.

use std::ops::Range;

/// Deeper ones are laid into the deepest: no document that people write goes there.
pub(super) const MAX_DEPTH: usize = 64;

/// More of them are a dump of data: the rest is read as text.
const MAX_NODES: usize = 500_000;

const NONE: u32 = u32::MAX;

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Style {
    Plain,
    Single,
    Double,
    /// Lines that begin at this column.
    Block {
        indent: usize,
        is_folded: bool,
        chomping: Chomping,
    },
}

/// What becomes of the line ends behind a block.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Chomping {
    Clip,
    Keep,
    Strip,
}

/// A scalar as it stands, without its quotes or header.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Scalar {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) style: Style,
}

impl Scalar {
    pub(super) fn range(&self) -> Range<usize> {
        self.start..self.end
    }
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Shape {
    Empty,
    /// An alias, or a tag that takes the value from elsewhere (`!Ref`, `!vault`).
    Reference,
    Scalar(Scalar),
    Map,
    List,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Node {
    pub(super) key: Option<Scalar>,
    pub(super) shape: Shape,
    first: u32,
    last: u32,
    next: u32,
}

impl Node {
    fn new(key: Option<Scalar>) -> Self {
        Self { key, shape: Shape::Empty, first: NONE, last: NONE, next: NONE }
    }
}

/// An index into the tree.
pub(super) type Id = u32;

#[derive(Debug)]
pub(super) struct Tree {
    nodes: Vec<Node>,
}

impl Tree {
    pub(super) const ROOT: Id = 0;

    pub(super) fn new() -> Self {
        Self { nodes: vec![Node::new(None)] }
    }

    pub(super) fn is_full(&self) -> bool {
        self.nodes.len() >= MAX_NODES
    }

    pub(super) fn node(&self, id: Id) -> Option<&Node> {
        self.nodes.get(usize::try_from(id).ok()?)
    }

    fn node_mut(&mut self, id: Id) -> Option<&mut Node> {
        self.nodes.get_mut(usize::try_from(id).ok()?)
    }

    pub(super) fn shape(&self, id: Id) -> Shape {
        self.node(id).map_or(Shape::Empty, |it| it.shape)
    }

    pub(super) fn key(&self, id: Id) -> Option<Scalar> {
        self.node(id).and_then(|it| it.key)
    }

    pub(super) fn set(&mut self, id: Id, shape: Shape) {
        if let Some(node) = self.node_mut(id) {
            node.shape = shape;
        }
    }

    /// The scalar that it is becomes its key, and its value is still to come.
    pub(super) fn scalar_to_key(&mut self, id: Id) {
        if let Some(node) = self.node_mut(id)
            && let Shape::Scalar(scalar) = node.shape
        {
            (node.key, node.shape) = (Some(scalar), Shape::Empty);
        }
    }

    /// A new last child.
    pub(super) fn add(&mut self, parent: Id, key: Option<Scalar>) -> Id {
        let id = Id::try_from(self.nodes.len()).unwrap_or(NONE);
        self.nodes.push(Node::new(key));
        let last = self.node(parent).map_or(NONE, |it| it.last);
        if let Some(before) = self.node_mut(last) {
            before.next = id;
        }
        if let Some(parent) = self.node_mut(parent) {
            parent.last = id;
            if parent.first == NONE {
                parent.first = id;
            }
        }
        id
    }

    pub(super) fn last(&self, parent: Id) -> Option<Id> {
        self.node(parent).map(|it| it.last).filter(|it| *it != NONE)
    }

    pub(super) fn children(&self, parent: Id) -> impl Iterator<Item = Id> + '_ {
        let mut next = self.node(parent).map_or(NONE, |it| it.first);
        std::iter::from_fn(move || {
            let id = next;
            next = self.node(id)?.next;
            Some(id)
        })
    }
}
