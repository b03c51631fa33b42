//! A lossless reader and editor of HCL 1, HCL 2 and JSON.
//!
//! One reader for every HCL text that Strongroom meets: policies and server configuration (HCL 1 in
//! the wild, some of it written decades of habits ago), agent configuration, and Nomad, Terraform and
//! Packer files (HCL 2). It keeps where everything stood in the text, so that an edit changes the bytes
//! it means to change and no others.
//!
//! The tree is a *superset* of the three languages. What only one of them allows (commas between
//! attributes, quoted keys, several attributes on a line, a byte-order mark, expressions) is read in
//! all: refusing would help nobody, and each consumer checks the shape that it needs. Where the
//! languages differ about a meaning, HCL 2 decides: `$${` is an escape, and `<<-` takes away the
//! indentation that the lines share.
//!
//! ```
//! use strongroom_hcl::{Edits, parse_any, quote};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let text = r#"
//! listener "tcp" {
//!   address     = "127.0.0.1:8200"
//!   tls_disable = "true" # behind a proxy
//! }
//! "#;
//! let body = parse_any(text)?;
//! let mut edits = Edits::new(text);
//! // The same for `listener = { tcp = { ... } }` and `{"listener": {"tcp": { ... }}}`.
//! for listener in body.view().blocks("listener", 1).map_err(|it| it.locate(text))? {
//!     assert_eq!(listener.label(0), "tcp");
//!     assert_eq!(listener.body.bool("tls_disable")?, Some(true));
//!     if let Some(address) = listener.body.attr("address") {
//!         edits.replace(address.span(), &quote("127.0.0.1:8300"))?;
//!     }
//! }
//! assert_eq!(edits.apply(), text.replace("8200", "8300"));
//! # Ok(())
//! # }
//! ```

mod ast;
mod cursor;
mod edit;
mod error;
mod expression;
mod files;
mod json;
mod native;
mod operand;
mod piece;
mod reader;
mod template;
mod view;

pub use ast::{Attribute, Block, Body, Expr, ExprKind, Item, Key, Label, ObjectEntry, Span, TemplatePart};
pub use edit::{EditError, Edits, quote, quote_json};
pub use error::{Error, ErrorKind};
pub use files::configuration_files;
pub use json::{parse_any, parse_json};
pub use native::{parse, parse_bytes, parse_commented, utf8};
pub use operand::{Operand, Role, operands};
pub use piece::{Piece, pieces};
pub use reader::{Known, ReadError, Reader};
pub use view::{AttrView, BlockView, BodyView, KeyView, Mismatch};
