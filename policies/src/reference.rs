//! What policies mean, written to be read: no trie, no ranks, no care for speed.
//!
//! Rule 48 in short. All stanzas for one path, in any policy, are one rule; a `deny` among them is all
//! that remains. Of the rules that match a path the most specific one decides, alone. If none matches,
//! the request is refused. The fast evaluator is tested against this one, which shares no code with it
//! beyond reading patterns, uniting capabilities and checking the fields of a request.

use std::cmp::Ordering;

use crate::capability::{Capabilities, Capability, Operation};
use crate::constraints::Constraints;
use crate::decide::Query;
use crate::pattern::Subject;
use crate::policy::Policy;

/// A path pattern after templating, with what all stanzas for it say together.
#[derive(Clone, Debug)]
struct Stanza {
    pattern: String,
    capabilities: Capabilities,
    constraints: Constraints,
}

/// Whether a request may pass.
pub fn allows(policies: &[&Policy], subject: &dyn Subject, now: i64, query: &Query<'_>) -> bool {
    if policies.iter().any(|it| it.name().is_root()) {
        return true;
    }
    let stanzas = collect(policies, subject, now);
    let path = query.path.trim_start_matches('/');
    let decisive = if matches!(query.operation, Operation::List | Operation::Scan) {
        let folder = format!("{}/", path.strip_suffix('/').unwrap_or(path));
        best_for_folder(&stanzas, &folder)
    } else {
        best(&stanzas, path)
    };
    let Some(stanza) = decisive else { return false };
    let holds = |capability| stanza.capabilities.contains(capability);
    let granted = match query.operation {
        Operation::Delete => holds(Capability::Delete),
        Operation::List => holds(Capability::List),
        Operation::Patch => holds(Capability::Patch),
        Operation::Read => holds(Capability::Read),
        Operation::Scan => holds(Capability::Scan),
        Operation::Write => holds(Capability::Create) || holds(Capability::Update),
    };
    let met = stanza.constraints.check(query.operation, query.parameters, query.wrap_ttl).is_ok();
    granted && !holds(Capability::Deny) && met
}

/// The capabilities shown for a path; none where no rule matches.
pub fn capabilities(policies: &[&Policy], subject: &dyn Subject, now: i64, path: &str) -> Capabilities {
    let stanzas = collect(policies, subject, now);
    let path = path.trim_start_matches('/');
    let found = if path.ends_with('/') { best_for_folder(&stanzas, path) } else { best(&stanzas, path) };
    found.map_or(Capabilities::NONE, |it| it.capabilities)
}

fn collect(policies: &[&Policy], subject: &dyn Subject, now: i64) -> Vec<Stanza> {
    let mut stanzas: Vec<Stanza> = Vec::new();
    for rule in policies.iter().flat_map(|it| it.rules()) {
        if rule.expires.is_some_and(|it| it <= now) {
            continue;
        }
        let Some(pattern) = rule.pattern().resolve(subject).map(|it| it.to_string()) else { continue };
        match stanzas.iter_mut().find(|it| it.pattern == pattern) {
            Some(same) => {
                same.capabilities = same.capabilities.union(rule.capabilities());
                same.constraints.merge(&rule.constraints);
            }
            None => stanzas.push(Stanza {
                pattern,
                capabilities: rule.capabilities(),
                constraints: rule.constraints.clone(),
            }),
        }
    }
    stanzas
}

/// A folder is looked up with its slash and without: first for a rule that names it exactly, then for
/// one that matches it.
fn best_for_folder<'a>(stanzas: &'a [Stanza], folder: &str) -> Option<&'a Stanza> {
    let bare = folder.strip_suffix('/').unwrap_or(folder);
    let exact = |path| stanzas.iter().find(|it| !is_wildcard(&it.pattern) && it.pattern == path);
    exact(folder).or_else(|| exact(bare)).or_else(|| best(stanzas, folder)).or_else(|| best(stanzas, bare))
}

fn best<'a>(stanzas: &'a [Stanza], path: &str) -> Option<&'a Stanza> {
    stanzas
        .iter()
        .filter(|it| matches(&it.pattern, path))
        .max_by(|one, other| more_specific(&one.pattern, &other.pattern))
}

/// Segment by segment, the first against the first.
fn matches(pattern: &str, path: &str) -> bool {
    match (pattern.split_once('/'), path.split_once('/')) {
        (Some((part, parts)), Some((segment, segments))) => {
            matches_segment(part, segment) && matches(parts, segments)
        }
        (Some(_), None) => false,
        (None, rest) => match (pattern.strip_suffix('*'), rest) {
            (Some(start), _) => path.starts_with(start),
            (None, Some(_)) => false,
            (None, None) => matches_segment(pattern, path),
        },
    }
}

fn matches_segment(part: &str, segment: &str) -> bool {
    if part == "+" { !segment.is_empty() } else { part == segment }
}

fn is_wildcard(pattern: &str) -> bool {
    pattern.ends_with('*') || has_plus(pattern)
}

/// A segment begins with `+` (and so counts as a wildcard path even if that `+` is only a letter), unless
/// it is the very first one and goes on.
fn has_plus(pattern: &str) -> bool {
    let body = pattern.strip_suffix('*').unwrap_or(pattern);
    body == "+" || body.starts_with("+/") || body.contains("/+")
}

/// The documented order, question by question.
fn more_specific(one: &str, other: &str) -> Ordering {
    if is_wildcard(one) != is_wildcard(other) {
        return if is_wildcard(one) { Ordering::Less } else { Ordering::Greater };
    }
    let first_wildcard = |it: &str| match (has_plus(it), it.find('+'), it.ends_with('*')) {
        (true, Some(plus), _) => plus,
        (_, _, true) => it.len() - 1,
        _ => it.len(),
    };
    let pluses = |it: &str| it.split('/').filter(|part| *part == "+").count();
    let text = |it: &str| it.strip_suffix('*').unwrap_or(it).to_owned();
    first_wildcard(one)
        .cmp(&first_wildcard(other))
        .then_with(|| other.ends_with('*').cmp(&one.ends_with('*')))
        .then_with(|| pluses(other).cmp(&pluses(one)))
        .then_with(|| text(one).len().cmp(&text(other).len()))
        .then_with(|| text(one).cmp(&text(other)))
}
