//! A lossless reader and editor of HCL 1, HCL 2 and JSON.
//!
//! One reader for every HCL text that Strongroom meets: policies and server configuration (HCL 1 in
//! the wild, some of it written decades of habits ago), agent configuration, and Nomad, Terraform and
//! Packer files (HCL 2). It keeps where everything stood in the text, so that an edit changes the bytes
//! it means to change and no others.
//!
//! The tree is a *superset* of the three languages. What only one of them allows (commas between
//! attributes, quoted keys, several attributes on a line, a byte-order mark, expressions) is read in
//! all: refusing would help nobody, and each consumer checks the shape that it needs.

mod ast;
mod error;

pub use ast::{Attribute, Block, Body, Expr, ExprKind, Item, Key, Label, ObjectEntry, Span, TemplatePart};
pub use error::{Error, ErrorKind};
