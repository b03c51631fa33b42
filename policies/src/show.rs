//! What a set of rules shows of itself: capabilities of a path, whether a mount is visible, who can.

use crate::capability::Operation;
use crate::compile::{Acl, CompiledRule};
use crate::decide::Query;

/// A segment that no pattern names, so that only wildcards match it. Request paths hold no control
/// characters, and neither do the values of templates.
const ELSEWHERE: &str = "\u{1}";
const DEEPER: &str = "/\u{1}";

impl Acl {
    /// What `sys/capabilities` answers for a path: names in alphabetical order, `root` for a root token,
    /// `deny` where nothing is granted. Demands on fields and wrapping are not taken into account.
    pub fn capabilities(&self, path: &str) -> Vec<&'static str> {
        if self.is_root() {
            return vec!["root"];
        }
        match self.find_shown(path) {
            Some(rule) if rule.capabilities.grants_any() => {
                rule.capabilities.iter().map(|it| it.as_str()).collect()
            }
            _ => vec!["deny"],
        }
    }

    /// Whether anything at `prefix` or below it is granted: then a mount there may be shown.
    ///
    /// For each rule that reaches below the prefix paths are tried that this rule matches and, as far as
    /// possible, no more specific one. So a rule that is hidden everywhere by a `deny` shows nothing.
    pub fn any_under(&self, prefix: &str) -> bool {
        // Deeper than any rule that does not end in `*`, so that only those that do are in the way.
        let deepest = self.rules.iter().map(|it| it.glob.parts().count()).max().unwrap_or(0) + 1;
        let granted = |path: &str| self.find_shown(path).is_some_and(|it| it.capabilities.grants_any());
        self.is_root()
            || self.rules.iter().filter(|it| it.capabilities.grants_any()).any(|rule| {
                let Some(mut path) = witness(rule, prefix) else { return false };
                if granted(&path) {
                    return true;
                }
                rule.glob.is_open()
                    && (0..deepest).any(|depth| {
                        path.push_str(if depth == 0 { ELSEWHERE } else { DEEPER });
                        granted(&path)
                    })
            })
    }
}

/// Of several callers, those whose request would pass, in the order given.
pub fn who_can<'a, C>(
    callers: impl IntoIterator<Item = (C, &'a Acl)>,
    query: &Query<'_>,
) -> impl Iterator<Item = C> {
    callers.into_iter().filter(|(_, acl)| acl.decide(query).is_allowed()).map(|(caller, _)| caller)
}

/// Whether `operation` on `path` would pass without fields and without wrapping.
pub fn can(acl: &Acl, operation: Operation, path: &str) -> bool {
    acl.decide(&Query { path, operation, parameters: &crate::NoParameters, wrap_ttl: None }).is_allowed()
}

/// A path at or below `prefix` that the rule matches, if there is one: the shortest, where it ends in `*`.
fn witness(rule: &CompiledRule, prefix: &str) -> Option<String> {
    let prefix = prefix.trim_start_matches('/');
    let inside = prefix.strip_suffix('/').unwrap_or(prefix);
    let mut parts = rule.glob.parts().peekable();
    let mut path = Vec::new();
    for segment in inside.split('/').filter(|_| !inside.is_empty()) {
        let part = parts.next()?;
        if rule.glob.is_open() && parts.peek().is_none() {
            return segment.starts_with(part).then(|| format!("{inside}/"));
        }
        if part != "+" && part != segment {
            return None;
        }
        path.push(segment);
    }
    path.extend(parts.map(|it| if it == "+" { ELSEWHERE } else { it }));
    Some(path.join("/"))
}
