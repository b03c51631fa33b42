//! From policies to what requests are checked against: a trie over the segments of paths.
//!
//! A walk goes down the trie segment by segment with a *set of live nodes*, because a segment may match
//! both a literal edge and a `+` edge. How a node was reached differs only in where a `+` was taken, so
//! there are never more live nodes than different sets of `+` positions among the rules. That number is
//! bounded, and so is the cost of a decision: it depends on the path, not on how many rules there are.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap, HashSet};

use crate::capability::{Capabilities, Capability, Operation};
use crate::constraints::Constraints;
use crate::name::PolicyName;
use crate::pattern::{Glob, Subject};
use crate::policy::Policy;

/// How many different sets of `+` positions the rules of one caller may have.
pub const MAX_SHAPES: usize = 64;

/// All rules that hold for one caller at one time.
#[derive(Debug)]
pub struct Acl {
    pub(crate) root: Option<PolicyName>,
    /// In ascending precedence: a rule's index is its rank.
    pub(crate) rules: Vec<CompiledRule>,
    nodes: Vec<Node>,
    valid_until: Option<i64>,
}

/// A set of policies that cannot be compiled.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum CompileError {
    #[error("the policies use `+` in more than {MAX_SHAPES} different ways")]
    TooManyShapes,
}

/// All stanzas for one path, of all policies, made one.
#[derive(Debug)]
pub struct CompiledRule {
    pub(crate) glob: Glob,
    pub(crate) precedence: Precedence,
    pub(crate) capabilities: Capabilities,
    pub(crate) constraints: Constraints,
    pub(crate) origins: Vec<Origin>,
}

/// A stanza that a rule was made of.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Origin {
    pub policy: PolicyName,
    /// The line of the policy's text on which the stanza begins, counted from 1.
    pub line: u32,
    pub capabilities: Capabilities,
}

/// Of two rules that match a path the greater one counts.
///
/// The order of the fields is the order of precedence that Vault documents. No two rules are equal.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Precedence {
    /// No wildcard at all goes over everything.
    pub(crate) exact: bool,
    /// The later the first wildcard (a byte position), the more specific.
    pub(crate) first_wildcard: usize,
    /// A path that ends in `*` yields to one that does not.
    pub(crate) closed: bool,
    /// Fewer `+` go over more.
    pub(crate) pluses: Reverse<usize>,
    pub(crate) length: usize,
    pub(crate) text: Box<str>,
}

#[derive(Debug, Default)]
struct Node {
    literal: BTreeMap<Box<str>, usize>,
    plus: Option<usize>,
    /// The rule whose path ends here.
    end: Option<usize>,
    /// Rules that end in `*` within or at the start of the next segment, sorted by what stands before
    /// the `*` in that segment.
    open: Vec<OpenEnd>,
}

#[derive(Debug)]
struct OpenEnd {
    start: Box<str>,
    rule: usize,
    /// The longest other entry that this one begins with.
    shorter: Option<usize>,
}

impl Acl {
    /// Compiles the policies of one caller.
    ///
    /// Rules whose template `subject` cannot fill and rules that have expired at `now` (Unix
    /// nanoseconds) are left out. If the policy `root` is among the policies, everything is allowed.
    pub fn compile(policies: &[&Policy], subject: &dyn Subject, now: i64) -> Result<Self, CompileError> {
        let mut merged: Vec<CompiledRule> = Vec::new();
        let mut known: HashMap<(Box<str>, bool), usize> = HashMap::new();
        let mut valid_until = None;
        for policy in policies {
            for rule in &policy.rules {
                if let Some(expires) = rule.expires {
                    if expires <= now {
                        continue;
                    }
                    valid_until = Some(valid_until.map_or(expires, |it: i64| it.min(expires)));
                }
                let Some(glob) = rule.pattern.resolve(subject) else { continue };
                let origin =
                    Origin { policy: policy.name.clone(), line: rule.line, capabilities: rule.capabilities };
                let key = (Box::from(glob.text()), glob.is_open());
                if let Some(same) = known.get(&key).and_then(|at| merged.get_mut(*at)) {
                    same.capabilities = same.capabilities.union(rule.capabilities);
                    same.constraints.merge(&rule.constraints);
                    same.origins.push(origin);
                } else {
                    known.insert(key, merged.len());
                    merged.push(CompiledRule {
                        precedence: Precedence::of(&glob),
                        glob,
                        capabilities: rule.capabilities,
                        constraints: rule.constraints.clone(),
                        origins: vec![origin],
                    });
                }
            }
        }
        let shapes: HashSet<u128> = merged.iter().map(|it| it.glob.shape()).collect();
        if shapes.len() > MAX_SHAPES {
            return Err(CompileError::TooManyShapes);
        }
        merged.sort_by(|one, other| one.precedence.cmp(&other.precedence));
        let nodes = build(&merged);
        let root = policies.iter().map(|it| &it.name).find(|it| it.is_root()).cloned();
        Ok(Self { root, rules: merged, nodes, valid_until })
    }

    /// When the first rule expires (Unix nanoseconds): from then on the set must be compiled anew.
    pub fn valid_until(&self) -> Option<i64> {
        self.valid_until
    }

    /// All rules, the least specific first (for `sys/internal/ui/resultant-acl`). None for root.
    pub fn rules(&self) -> &[CompiledRule] {
        if self.is_root() { &[] } else { &self.rules }
    }

    /// Whether the policy `root` is in the set.
    pub fn is_root(&self) -> bool {
        self.root.is_some()
    }

    /// The rule that decides on `path`, or `None` where none matches.
    ///
    /// A listing of `p` is one of `p/`. An exact rule goes over wildcards in both spellings, and within
    /// each kind the spelling with the slash goes first.
    pub(crate) fn find(&self, operation: Operation, path: &str) -> Option<&CompiledRule> {
        let path = path.trim_start_matches('/');
        if !operation.is_listing() {
            return self.walk(path.split('/'));
        }
        let bare = path.strip_suffix('/').unwrap_or(path);
        self.either(self.walk(bare.split('/').chain([""])), bare)
    }

    /// The rule whose capabilities are shown for `path`: as for a listing, but no slash is added.
    pub(crate) fn find_shown(&self, path: &str) -> Option<&CompiledRule> {
        let path = path.trim_start_matches('/');
        let found = self.walk(path.split('/'));
        match path.strip_suffix('/') {
            Some(bare) => self.either(found, bare),
            None => found,
        }
    }

    fn either<'a>(&'a self, with_slash: Option<&'a CompiledRule>, bare: &str) -> Option<&'a CompiledRule> {
        if with_slash.is_some_and(|it| it.glob.is_exact()) {
            return with_slash;
        }
        let without = self.walk(bare.split('/'));
        if without.is_some_and(|it| it.glob.is_exact()) { without } else { with_slash.or(without) }
    }

    fn walk<'p>(&self, segments: impl Iterator<Item = &'p str>) -> Option<&CompiledRule> {
        let mut best: Option<usize> = None;
        let (mut here, mut there) = (LiveNodes::default(), LiveNodes::default());
        let (mut live, mut next) = (&mut here, &mut there);
        live.push(0)?;
        for segment in segments {
            next.length = 0;
            for node in live.iter().filter_map(|it| self.nodes.get(it)) {
                best = best.max(node.longest_open(segment));
                if let Some(child) = node.literal.get(segment) {
                    next.push(*child)?;
                }
                // Rule 48: a `+` is one segment that is not empty.
                if let Some(child) = node.plus.filter(|_| !segment.is_empty()) {
                    next.push(child)?;
                }
            }
            std::mem::swap(&mut live, &mut next);
            if live.length == 0 {
                break;
            }
        }
        for node in live.iter().filter_map(|it| self.nodes.get(it)) {
            best = best.max(node.end);
        }
        self.rules.get(best?)
    }
}

impl CompiledRule {
    /// The path as it is after templating.
    pub fn path(&self) -> String {
        self.glob.to_string()
    }

    pub fn capabilities(&self) -> Capabilities {
        self.capabilities
    }

    pub fn origins(&self) -> &[Origin] {
        &self.origins
    }

    /// The policies that contribute `capability`.
    pub fn granting(&self, capability: Capability) -> impl Iterator<Item = &PolicyName> {
        self.origins.iter().filter(move |it| it.capabilities.contains(capability)).map(|it| &it.policy)
    }
}

impl Precedence {
    fn of(glob: &Glob) -> Self {
        let text = glob.text();
        let first_wildcard = if glob.is_wild() { text.find('+').unwrap_or(text.len()) } else { text.len() };
        Self {
            exact: glob.is_exact(),
            first_wildcard,
            closed: !glob.is_open(),
            pluses: Reverse(glob.parts().filter(|it| *it == "+").count()),
            length: text.len(),
            text: text.into(),
        }
    }
}

impl Node {
    /// The rule with the longest open end that `segment` begins with.
    ///
    /// In sorted order everything between that entry and `segment` begins with it too. So it is found by
    /// stepping from the last entry not above `segment` to ever shorter ones. Of two that match here the
    /// longer one always has the greater precedence, because the paths before them are the same.
    fn longest_open(&self, segment: &str) -> Option<usize> {
        let mut at = self.open.partition_point(|it| &*it.start <= segment).checked_sub(1);
        while let Some(end) = at.and_then(|it| self.open.get(it)) {
            if segment.starts_with(&*end.start) {
                return Some(end.rule);
            }
            at = end.shorter;
        }
        None
    }

    fn link_open_ends(&mut self) {
        self.open.sort_by(|one, other| one.start.cmp(&other.start));
        let mut enclosing: Vec<(Box<str>, usize)> = Vec::new();
        for (at, end) in self.open.iter_mut().enumerate() {
            while enclosing.last().is_some_and(|(start, _)| !end.start.starts_with(&**start)) {
                enclosing.pop();
            }
            end.shorter = enclosing.last().map(|(_, it)| *it);
            enclosing.push((end.start.clone(), at));
        }
    }
}

/// The nodes that a walk has reached with the segments so far. On the stack: a decision allocates nothing.
struct LiveNodes {
    nodes: [usize; MAX_SHAPES],
    length: usize,
}

impl Default for LiveNodes {
    fn default() -> Self {
        Self { nodes: [0; MAX_SHAPES], length: 0 }
    }
}

impl LiveNodes {
    /// `None` when full. Compilation has made sure that this does not happen; if it did, the walk would
    /// end without a rule, which denies.
    fn push(&mut self, node: usize) -> Option<()> {
        *self.nodes.get_mut(self.length)? = node;
        self.length += 1;
        Some(())
    }

    fn iter(&self) -> impl Iterator<Item = usize> {
        self.nodes.iter().copied().take(self.length)
    }
}

fn build(rules: &[CompiledRule]) -> Vec<Node> {
    let mut nodes = vec![Node::default()];
    for (rank, rule) in rules.iter().enumerate() {
        let mut at = 0;
        let mut parts = rule.glob.parts().peekable();
        while let Some(part) = parts.next() {
            if rule.glob.is_open() && parts.peek().is_none() {
                if let Some(node) = nodes.get_mut(at) {
                    node.open.push(OpenEnd { start: part.into(), rule: rank, shorter: None });
                }
                break;
            }
            let fresh = nodes.len();
            let Some(node) = nodes.get_mut(at) else { break };
            at = if part == "+" {
                *node.plus.get_or_insert(fresh)
            } else {
                *node.literal.entry(part.into()).or_insert(fresh)
            };
            if at == fresh {
                nodes.push(Node::default());
            }
            if parts.peek().is_none()
                && let Some(node) = nodes.get_mut(at)
            {
                node.end = Some(rank);
            }
        }
    }
    for node in &mut nodes {
        node.link_open_ends();
    }
    nodes
}
