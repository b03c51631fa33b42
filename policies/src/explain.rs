//! Which rule decided on a path, and why not another.

use std::fmt;

use crate::capability::{Capabilities, Operation};
use crate::compile::{Acl, CompiledRule, Origin, Precedence};
use crate::constraints::Unmet;
use crate::decide::{Query, Refusal};

/// The whole story of a decision on a path. Demands on fields and wrapping are not part of it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Explanation {
    pub path: String,
    pub operation: Operation,
    pub verdict: Verdict,
    /// The rule that decided, if any matched.
    pub decisive: Option<RuleView>,
    /// The other rules that match, the next best first.
    pub passed_over: Vec<(RuleView, WhyPassedOver)>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Verdict {
    Allowed,
    /// The policy `root` allows everything.
    AllowedToRoot,
    /// The rule says `deny`.
    Denied,
    /// The rule does not give what the operation needs.
    NotGranted,
    /// The rule gives it, but demands something of the request that is not met.
    Unmet(Unmet),
    NoRule,
}

/// A rule in plain data.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RuleView {
    /// The path after templating.
    pub path: String,
    pub capabilities: Capabilities,
    /// The stanzas that the rule was made of.
    pub origins: Vec<Origin>,
}

/// Where a rule lost against the one that decided.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum WhyPassedOver {
    /// The other one has no wildcard.
    Wildcard,
    /// Its first wildcard comes earlier.
    EarlierWildcard,
    /// It ends in `*`, the other one does not.
    EndsInGlob,
    /// It has more `+`.
    MorePluses,
    /// It is shorter.
    Shorter,
    /// All else is equal, and its text sorts first.
    SortsFirst,
    /// It matches only the other spelling of a folder: without the slash instead of with it.
    OtherSpelling,
}

impl Acl {
    /// Explains what [`Acl::decide`] answers for a request without fields.
    pub fn explain(&self, path: &str, operation: Operation) -> Explanation {
        let mut explanation = Explanation {
            path: path.to_owned(),
            operation,
            verdict: Verdict::NoRule,
            decisive: None,
            passed_over: Vec::new(),
        };
        if self.is_root() {
            explanation.verdict = Verdict::AllowedToRoot;
            return explanation;
        }
        let Some(winner) = self.find(operation, path) else { return explanation };
        explanation.verdict = verdict(winner, operation);
        explanation.decisive = Some(RuleView::of(winner));
        explanation.passed_over = self
            .rules
            .iter()
            .rev()
            .filter(|rule| !std::ptr::eq(*rule, winner) && matches_either(rule, operation, path))
            .map(|rule| (RuleView::of(rule), WhyPassedOver::of(&rule.precedence, &winner.precedence)))
            .collect();
        explanation
    }

    /// Explains a decision that `query` asks for; fields and wrapping included in the verdict.
    pub fn explain_query(&self, query: &Query<'_>) -> Explanation {
        let mut explanation = self.explain(query.path, query.operation);
        if let Err(Refusal::Unmet(unmet)) = self.decide(query).grant() {
            explanation.verdict = Verdict::Unmet(unmet);
        }
        explanation
    }
}

impl RuleView {
    fn of(rule: &CompiledRule) -> Self {
        Self { path: rule.path(), capabilities: rule.capabilities, origins: rule.origins.clone() }
    }
}

impl WhyPassedOver {
    fn of(loser: &Precedence, winner: &Precedence) -> Self {
        if loser > winner {
            Self::OtherSpelling
        } else if winner.exact {
            if loser.exact { Self::OtherSpelling } else { Self::Wildcard }
        } else if loser.first_wildcard != winner.first_wildcard {
            Self::EarlierWildcard
        } else if loser.closed != winner.closed {
            Self::EndsInGlob
        } else if loser.pluses != winner.pluses {
            Self::MorePluses
        } else if loser.length != winner.length {
            Self::Shorter
        } else {
            Self::SortsFirst
        }
    }
}

fn verdict(rule: &CompiledRule, operation: Operation) -> Verdict {
    if operation.capabilities().iter().any(|it| rule.capabilities.contains(*it)) {
        Verdict::Allowed
    } else if rule.capabilities.contains(crate::Capability::Deny) {
        Verdict::Denied
    } else {
        Verdict::NotGranted
    }
}

fn matches_either(rule: &CompiledRule, operation: Operation, path: &str) -> bool {
    let path = path.trim_start_matches('/');
    if !operation.is_listing() {
        return matches(rule, path);
    }
    let bare = path.strip_suffix('/').unwrap_or(path);
    matches(rule, bare) || matches(rule, &format!("{bare}/"))
}

fn matches(rule: &CompiledRule, path: &str) -> bool {
    let mut segments = path.split('/');
    let mut parts = rule.glob.parts().peekable();
    while let Some(part) = parts.next() {
        let Some(segment) = segments.next() else { return false };
        if rule.glob.is_open() && parts.peek().is_none() {
            return segment.starts_with(part);
        }
        if part != segment && (part != "+" || segment.is_empty()) {
            return false;
        }
    }
    segments.next().is_none()
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let answer = match self.verdict {
            Verdict::Allowed | Verdict::AllowedToRoot => "allowed",
            Verdict::Denied | Verdict::NotGranted | Verdict::NoRule | Verdict::Unmet(_) => "refused",
        };
        // Escaped: a path must not be able to steer the terminal.
        let path = self.path.escape_debug();
        write!(f, "{} {path}: {answer}, {}", self.operation.as_str(), self.verdict)?;
        if let Some(rule) = &self.decisive {
            write!(f, "\n  decided by  {rule}")?;
        }
        for (rule, why) in &self.passed_over {
            write!(f, "\n  passed over {rule}\n              {why}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Allowed => "the rule grants it",
            Self::AllowedToRoot => "the policy root allows everything",
            Self::Denied => "the rule denies",
            Self::NotGranted => "the rule does not grant it",
            Self::NoRule => "no rule matches",
            Self::Unmet(unmet) => return unmet.fmt(f),
        })
    }
}

impl fmt::Display for RuleView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} [{}]", self.path, self.capabilities)?;
        for (index, origin) in self.origins.iter().enumerate() {
            let before = if index == 0 { " from " } else { " and " };
            write!(f, "{before}{}:{}", origin.policy, origin.line)?;
        }
        Ok(())
    }
}

impl fmt::Display for WhyPassedOver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Wildcard => "because it has a wildcard and the other names the path",
            Self::EarlierWildcard => "because its first wildcard comes earlier",
            Self::EndsInGlob => "because it ends in `*`",
            Self::MorePluses => "because it has more `+`",
            Self::Shorter => "because it is shorter",
            Self::SortsFirst => "because its text sorts first, all else being equal",
            Self::OtherSpelling => "because it matches the other spelling of the folder (slash or none)",
        })
    }
}
