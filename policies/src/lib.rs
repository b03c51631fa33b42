//! The policy language: parse, compile, decide, explain.
//!
//! The life of a policy: its text is read into a [`Policy`] ([`parse`]); all policies of a caller are
//! compiled, together with who the caller is, into an [`Acl`]; each request is then a [`Query`] to which
//! [`Acl::decide`] answers. Everything here is a pure function: no clock, no I/O, no global state.
//!
//! What a policy means is written down a second time, plainly and slowly, in [`reference`]; tests hold
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
pub use constraints::{Constraints, NoParameters, Parameters, Unmet};
pub use decide::{Decision, Grant, NotGranted, Query, Refusal};
pub use explain::{Explanation, RuleView, Verdict, WhyPassedOver};
pub use name::{NameError, PolicyName};
pub use parse::{ParseError, ParseErrorKind, parse};
pub use pattern::{AliasField, GroupField, Nobody, Pattern, PatternError, Subject, Variable};
pub use policy::{Policy, Rule};
pub use show::{can, who_can};
pub use stock::stock;
