//! May this request pass?

use std::num::NonZeroU32;
use std::time::Duration;

use crate::capability::{Capability, Operation};
use crate::compile::{Acl, CompiledRule};
use crate::constraints::{Parameters, Unmet};
use crate::name::PolicyName;

/// What a request asks for.
#[derive(Clone, Copy)]
pub struct Query<'a> {
    /// The canonical path, behind `/v1/`.
    pub path: &'a str,
    pub operation: Operation,
    pub parameters: &'a dyn Parameters,
    /// How long the answer is to stay wrapped, if it is to be wrapped.
    pub wrap_ttl: Option<Duration>,
}

/// The answer to a [`Query`].
#[derive(Clone, Copy, Debug)]
pub struct Decision<'a> {
    outcome: Result<Grant, Refusal>,
    source: Source<'a>,
}

#[derive(Clone, Copy, Debug)]
enum Source<'a> {
    Nothing,
    Root(&'a PolicyName),
    Rule(&'a CompiledRule),
}

/// Why a request may not pass. For logs and `explain`; a client only learns `permission denied`.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Refusal {
    #[error("no rule matches")]
    NoRule,
    #[error("the rule denies")]
    Denied,
    #[error("the rule does not give the capability")]
    Capability,
    #[error("a demand of the rule is not met: {0}")]
    Unmet(#[from] Unmet),
}

/// What an allowed request may do beyond its operation. Only a decision makes one.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Grant {
    create: bool,
    update: bool,
    sudo: bool,
    root: bool,
    page_size: Option<NonZeroU32>,
}

/// A write that would create where only updating is allowed, or the other way round.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("permission denied")]
pub struct NotGranted;

impl Acl {
    /// Decides on a request. Nothing is allocated, and the cost depends on the path alone.
    pub fn decide(&self, query: &Query<'_>) -> Decision<'_> {
        if let Some(root) = &self.root {
            return Decision { outcome: Ok(Grant::ROOT), source: Source::Root(root) };
        }
        match self.find(query.operation, query.path) {
            None => Decision { outcome: Err(Refusal::NoRule), source: Source::Nothing },
            Some(rule) => Decision { outcome: rule.judge(query), source: Source::Rule(rule) },
        }
    }
}

impl CompiledRule {
    pub(crate) fn judge(&self, query: &Query<'_>) -> Result<Grant, Refusal> {
        let has = |capability| self.capabilities.contains(capability);
        if has(Capability::Deny) {
            return Err(Refusal::Denied);
        }
        if !query.operation.capabilities().iter().any(|it| has(*it)) {
            return Err(Refusal::Capability);
        }
        self.constraints.check(query.operation, query.parameters, query.wrap_ttl)?;
        Ok(Grant {
            create: has(Capability::Create),
            update: has(Capability::Update),
            sudo: has(Capability::Sudo),
            root: false,
            page_size: self.constraints.page,
        })
    }
}

impl<'a> Decision<'a> {
    pub fn is_allowed(&self) -> bool {
        self.outcome.is_ok()
    }

    /// What was granted, or why nothing was.
    pub fn grant(&self) -> Result<Grant, Refusal> {
        self.outcome
    }

    /// The rule that decided; `None` for root, and where no rule matches.
    pub fn rule(&self) -> Option<&'a CompiledRule> {
        match self.source {
            Source::Rule(rule) => Some(rule),
            Source::Nothing | Source::Root(_) => None,
        }
    }

    /// The policies that gave `capability` (the audit log's `granting_policies`); none if the request is
    /// refused. For a write ask with the capability that it turned out to need.
    pub fn granting_policies(&self, capability: Capability) -> impl Iterator<Item = &'a PolicyName> {
        let (root, rule) = match self.source {
            _ if self.outcome.is_err() => (None, None),
            Source::Nothing => (None, None),
            Source::Root(name) => (Some(name), None),
            Source::Rule(rule) => (None, Some(rule)),
        };
        root.into_iter().chain(rule.into_iter().flat_map(move |it| it.granting(capability)))
    }
}

impl Grant {
    const ROOT: Self = Self { create: true, update: true, sudo: true, root: true, page_size: None };

    /// Whether a write may go on, now that it is known whether the object exists. To be asked inside of
    /// the transaction that writes.
    pub fn for_existing(&self, exists: bool) -> Result<(), NotGranted> {
        let granted = if exists { self.update } else { self.create };
        if granted { Ok(()) } else { Err(NotGranted) }
    }

    /// Whether a write to an endpoint without stored objects may go on: it needs `update`.
    pub fn for_action(&self) -> Result<(), NotGranted> {
        self.for_existing(true)
    }

    pub fn may_create(&self) -> bool {
        self.create
    }

    pub fn may_update(&self) -> bool {
        self.update
    }

    /// Whether paths that need `sudo` are open.
    pub fn has_sudo(&self) -> bool {
        self.sudo
    }

    pub fn is_root(&self) -> bool {
        self.root
    }

    /// The largest page that a listing may answer with; to be applied where the request asks for no
    /// limit, for `0` or for `max`.
    pub fn page_size(&self) -> Option<NonZeroU32> {
        self.page_size
    }
}
