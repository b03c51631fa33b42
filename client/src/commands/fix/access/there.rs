//! A policy that is there already: which of the wanted rules it has, and which it denies.

use std::{collections::BTreeSet, time::SystemTime};

use serde_json::Value;
use strongroom_policies::{
    Acl, Capability, CompiledRule, NoParameters, Nobody, Operation, PolicyName, Query, parse,
};
use strongroom_scan::plain;

use super::{Grant, Rule};
use crate::failure::Failure;

/// What the server has under a policy's name.
#[derive(Default)]
pub(super) struct There {
    pub(super) text: String,
    /// `None` for a text that another server understands, and this program does not.
    acl: Option<Acl>,
}

impl There {
    pub(super) fn of(found: Option<&Value>) -> Self {
        let text = found.and_then(|it| it.get("policy")).and_then(Value::as_str).unwrap_or_default();
        Self { text: text.to_owned(), acl: compiled(text) }
    }

    /// Rules are written behind those that are there, and nothing can stand behind JSON.
    pub(super) fn is_json(&self) -> bool {
        self.text.trim_start().starts_with('{')
    }

    /// The rules' text, without what is granted already.
    pub(super) fn missing(&self, grant: &Grant) -> String {
        let missing = grant.rules.iter().map(|it| (it, self.lacking(it)));
        missing.filter(|(_, lacking)| !lacking.is_empty()).map(|(it, lacking)| it.text(&lacking)).collect()
    }

    /// The path that the policy denies, and the pattern that says so.
    pub(super) fn denied<'a>(&self, grant: &'a Grant) -> Option<(&'a str, String)> {
        grant.rules.iter().find_map(|rule| {
            let mut deciding = rule.capabilities.iter().filter_map(|it| self.deciding(&rule.path, it));
            let denying = deciding.find(|it| it.capabilities().contains(Capability::Deny))?;
            Some((rule.path.as_str(), denying.path()))
        })
    }

    /// Refuses a policy to which rules could be added without effect, or against what its author wanted.
    pub(super) fn may_be_completed(&self, grant: &Grant) -> Result<(), Failure> {
        let name = &grant.policy;
        if let Some((path, by)) = self.denied(grant) {
            let by = plain(&by);
            return Err(Failure::new(format!(
                "the policy {name} is there and denies {path} (its rule for \"{by}\")"
            ))
            .hint(format!(
                "take that rule out (`secret policy read {name}` shows it), or name another place with -prefix; then run \
                 it again"
            )));
        }
        let why = match &self.acl {
            None if !self.text.trim().is_empty() => "cannot be understood",
            Some(_) if self.is_json() && !self.missing(grant).is_empty() => {
                "in JSON, to which no rules are added"
            }
            _ => return Ok(()),
        };
        Err(Failure::new(format!("the policy {name} is there and {why}"))
            .hint("fix without -apply, and add the rules that are printed"))
    }

    /// The capabilities that a rule is to give and that are not granted. An exact rule comes before a pattern: put beside
    /// one that grants what was read before, it would take rights away from others.
    fn lacking(&self, rule: &Rule) -> BTreeSet<&'static str> {
        let is_granted = |capability: &&&'static str| {
            self.deciding(&rule.path, capability).is_some_and(|it| {
                Capability::parse(capability).is_some_and(|wanted| it.capabilities().contains(wanted))
                    && (rule.is_kept || it.path() == rule.path)
            })
        };
        rule.capabilities.iter().filter(|it| !is_granted(it)).copied().collect()
    }

    fn deciding(&self, path: &str, capability: &str) -> Option<&CompiledRule> {
        let operation = if capability == "list" { Operation::List } else { Operation::Read };
        let query = Query { path, operation, parameters: &NoParameters, wrap_ttl: None };
        self.acl.as_ref()?.decide(&query).rule()
    }
}

fn compiled(text: &str) -> Option<Acl> {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let now = i64::try_from(now.as_nanos()).unwrap_or(i64::MAX);
    let policy = parse(PolicyName::new("there").ok()?, text).ok()?;
    Acl::compile(&[&policy], &Nobody, now).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const WANTED: &str = "path \"kv/data/a\" {\n  capabilities = [\"read\"]\n}\n";

    fn there(text: &str) -> There {
        There::of(Some(&json!({ "policy": text })))
    }

    fn grant(is_kept: bool) -> Grant {
        let mut grant = Grant { policy: "p".to_owned(), rules: Vec::new(), roles: Default::default() };
        grant.allow("kv/data/a", "read", is_kept);
        grant
    }

    #[test]
    fn a_rule_is_there_if_it_grants_what_is_wanted() {
        for text in [
            WANTED,
            "path \"kv/data/a\"{capabilities=[\"update\",\"read\"]}",
            "path \"kv/data/a\" { policy = \"write\" }",
            "{\"path\": {\"kv/data/a\": {\"capabilities\": [\"read\"]}}}",
            "path \"kv/data/a\" { capabilities = [\"list\"] }\npath \"kv/data/a\" { capabilities = [\"read\"] }",
        ] {
            assert_eq!(there(text).missing(&grant(false)), "", "{text}");
        }
        for text in [
            "",
            "path \"kv/data/a\" { capabilities = [\"update\"] }",
            "# path \"kv/data/a\" { capabilities = [\"read\"] }",
            "path \"kv/data/b\" { comment = \"path \\\"kv/data/a\\\" \" }",
            "path \"kv/data/a\" { capabilities = [\"read\"] expiration = \"2001-01-01T00:00:00Z\" }",
            "path \"kv/*\" { capabilities = [\"read\"] }",
            "no policy",
        ] {
            assert_eq!(there(text).missing(&grant(false)), WANTED, "{text}");
        }
    }

    #[test]
    fn a_pattern_is_enough_for_what_was_read_before_if_it_grants_that() {
        for pattern in ["kv/*", "kv/+/a"] {
            let text = |it: &str| format!("path \"{pattern}\" {{ capabilities = [\"{it}\"] }}");
            assert_eq!(there(&text("read")).missing(&grant(true)), "", "{pattern}");
            assert_eq!(there(&text("update")).missing(&grant(true)), WANTED, "{pattern}");
        }
    }

    #[test]
    fn a_policy_that_denies_is_not_completed() {
        for path in ["kv/data/a", "kv/*"] {
            let text = format!("path \"{path}\" {{ capabilities = [\"deny\"] }}");
            let failure = there(&text).may_be_completed(&grant(false)).unwrap_err();
            let expected = format!("the policy p is there and denies kv/data/a (its rule for \"{path}\")");
            assert_eq!(failure.message(), expected);
        }
        let other =
            "path \"kv/*\" { capabilities = [\"deny\"] }\npath \"kv/data/a\" { capabilities = [\"update\"] }";
        for text in ["", "# nothing", other] {
            there(text).may_be_completed(&grant(false)).unwrap();
        }
        assert!(there("no policy").may_be_completed(&grant(false)).is_err());
        let json = |path: &str| format!("{{\"path\": {{\"{path}\": {{\"capabilities\": [\"read\"]}}}}}}");
        assert!(there(&json("kv/data/b")).may_be_completed(&grant(false)).is_err());
        there(&json("kv/data/a")).may_be_completed(&grant(false)).unwrap();
    }
}
