//! The policy language: parse, compile, decide, explain.
//!
//! The life of a policy: its text is read into a [`Policy`] ([`parse`]); all policies of a caller are
//! compiled, together with who the caller is, into an [`Acl`]; each request is then a [`Query`] to which
//! [`Acl::decide`] answers. Everything here is a pure function: no clock, no I/O, no global state.
//!
//! ```
//! use strongroom_policies::{Acl, NoParameters, Nobody, Operation, PolicyName, Query, parse};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let policy = parse(PolicyName::new("readers")?, r#"path "kv/+/db" { capabilities = ["read"] }"#)?;
//! let acl = Acl::compile(&[&policy], &Nobody, 0)?;
//! let query =
//!     Query { path: "kv/shop/db", operation: Operation::Read, parameters: &NoParameters, wrap_ttl: None };
//! assert!(acl.decide(&query).is_allowed());
//! println!("{}", acl.explain("kv/shop", Operation::Read));
//! # Ok(())
//! # }
//! ```
//!
//! # Where this is stricter than OpenBao
//!
//! - `+` is one segment that is *not empty*: a rule on `a/+` does not match the folder `a/`.
//! - A repeated key in a stanza, an unknown template variable, a `pagination_limit` below 1 and negative
//!   durations are errors; so are the restrictions that are not enforced here (see [`parse`]).
//! - A value that a template puts into a path is one plain segment, or the rule matches nothing.
//! - A denied parameter value covers the other JSON type that spells it (`1` and `"1"`), and `"*"` in a
//!   denied list covers everything. An allowed number matches nothing, as in OpenBao.
//! - The rules of one caller use `+` in at most [`MAX_SHAPES`] different ways.
//!
//! Where it is laxer: Vault's capabilities `subscribe` and `recover` are read, and grant nothing.
//!
//! What a policy means is written down a second time, plainly and slowly, in [`mod@reference`]; tests hold
//! the two against each other and both against what OpenBao answers.

mod capability;
mod compile;
mod constraints;
mod decide;
mod explain;
mod moment;
mod name;
mod parse;
mod pattern;
mod policy;
pub mod reference;
mod show;
mod stock;
mod value;

pub use capability::{Capabilities, Capability, Operation};
pub use compile::{Acl, CompileError, CompiledRule, MAX_SHAPES, Origin};
pub use constraints::{NoParameters, Parameters, Unmet};
pub use decide::{Decision, Grant, NotGranted, Query, Refusal};
pub use explain::{Explanation, RuleView, Verdict, WhyPassedOver};
pub use name::{NameError, PolicyName};
pub use parse::{ParseError, ParseErrorKind, parse};
pub use pattern::{AliasField, GroupField, Nobody, Pattern, PatternError, Subject, Variable};
pub use policy::{Policy, Rule};
pub use show::{can, who_can};
pub use stock::stock;
