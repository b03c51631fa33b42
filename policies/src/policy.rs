//! A policy as it was written, before any caller's identity is filled in.

use crate::capability::Capabilities;
use crate::constraints::Constraints;
use crate::name::PolicyName;
use crate::pattern::Pattern;

/// A named list of rules. Made by [`crate::parse`], or [`Policy::root`].
#[derive(Clone, Debug)]
pub struct Policy {
    pub(crate) name: PolicyName,
    pub(crate) rules: Vec<Rule>,
}

/// One `path` stanza.
#[derive(Clone, Debug)]
pub struct Rule {
    pub(crate) pattern: Pattern,
    pub(crate) capabilities: Capabilities,
    pub(crate) constraints: Constraints,
    /// From this moment on (Unix nanoseconds) the rule is as good as deleted.
    pub(crate) expires: Option<i64>,
    /// Where the stanza begins, counted from 1.
    pub(crate) line: u32,
}

impl Policy {
    pub fn name(&self) -> &PolicyName {
        &self.name
    }

    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// Whether the policy means different paths to different callers.
    pub fn is_templated(&self) -> bool {
        self.rules.iter().any(|it| it.pattern.is_templated())
    }
}

impl Rule {
    pub fn pattern(&self) -> &Pattern {
        &self.pattern
    }

    pub fn capabilities(&self) -> Capabilities {
        self.capabilities
    }

    pub fn line(&self) -> u32 {
        self.line
    }
}
