//! `policy explain`, `policy who-can`: a decision told in sentences.

use std::fmt::Write as _;

use serde::Deserialize;
use serde_json::{Value, json};
use strongroom_sdk::Method;

use crate::{
    context::Context,
    failure::Failure,
    output::{Format, line},
};

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  secret policy explain secret/data/db/password             may my token read it, and why?
  secret policy explain secret/data/db write -policies=web,default
  secret policy explain secret/data/db read -accessor=5zPTZGg8uNVSXGbW1lyJKOcu
  secret policy explain secret/data/db -field=allowed       true or false")]
pub(crate) struct Explain {
    /// The API path, without /v1/
    path: String,
    /// read, list, write, delete, patch, scan
    #[arg(default_value = "read")]
    operation: String,
    /// These policies, instead of your token's
    #[arg(long, value_delimiter = ',', value_name = "NAME,...")]
    policies: Vec<String>,
    /// The token with this accessor, instead of yours
    #[arg(long, conflicts_with = "policies")]
    accessor: Option<String>,
}

pub(super) async fn explain(cx: &Context, args: Explain) -> Result<(), Failure> {
    let mut body = json!({ "path": args.path.trim_start_matches('/'), "operation": args.operation });
    let (whose, value) = match (&args.accessor, args.policies.as_slice()) {
        (Some(accessor), _) => ("accessor", json!(accessor)),
        (None, []) => {
            let token = cx.client.token().ok_or_else(|| {
                Failure::new("whose rules? there is no token").hint("log in, or name -policies=A,B")
            })?;
            ("token", json!(token.expose()))
        }
        (None, names) => ("policies", json!(names)),
    };
    if let Some(body) = body.as_object_mut() {
        body.insert(whose.to_owned(), value);
    }
    let answer = cx.client.call(Method::Put, "sys/policies/explain").json(&body).send().await?;
    let decision: Decision = answer.data()?;
    match (cx.output.format, &cx.output.field) {
        (Format::Table | Format::Raw, None) => line(&sentences(&decision)),
        _ => cx.output.data(&answer.data::<Value>()?),
    }
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  secret policy who-can secret/data/db/password
  secret policy who-can secret/data/db/password write")]
pub(crate) struct WhoCan {
    /// The API path, without /v1/
    path: String,
    /// read, list, write, delete, patch, scan
    #[arg(default_value = "read")]
    operation: String,
}

pub(super) async fn who_can(cx: &Context, args: WhoCan) -> Result<(), Failure> {
    #[derive(Deserialize)]
    struct Able {
        policies: Vec<String>,
    }
    let body = json!({ "path": args.path.trim_start_matches('/'), "operation": args.operation });
    let answer = cx.client.call(Method::Put, "sys/policies/who-can").json(&body).send().await?;
    cx.output.names(&answer.data::<Able>()?.policies)
}

#[derive(Deserialize)]
struct Decision {
    path: String,
    operation: String,
    allowed: bool,
    reason: String,
    decided_by: Option<Rule>,
    passed_over: Vec<PassedOver>,
}

#[derive(Deserialize)]
struct Rule {
    path: String,
    capabilities: Vec<String>,
    stanzas: Vec<Stanza>,
}

#[derive(Deserialize)]
struct Stanza {
    policy: String,
    line: u32,
}

#[derive(Deserialize)]
struct PassedOver {
    #[serde(flatten)]
    rule: Rule,
    reason: String,
}

/// What was decided, by which rule, and why not by another.
fn sentences(it: &Decision) -> String {
    let verdict = if it.allowed { "Allowed" } else { "Refused" };
    let mut out = format!("{verdict}: {} {}.", it.operation, it.path.escape_debug());
    match &it.decided_by {
        Some(rule) => {
            let _ = write!(out, "\nThe rule that decides is {}.", told(rule));
            let _ = write!(out, "\n{}.", upper(&it.reason));
        }
        None => {
            let _ = write!(out, "\n{}.", upper(&it.reason));
        }
    }
    if !it.passed_over.is_empty() {
        out.push_str("\n\nThese rules match too and were passed over:");
    }
    for passed in &it.passed_over {
        let _ = write!(out, "\n  {},\n    {}.", told(&passed.rule), passed.reason);
    }
    out
}

/// `"secret/*" [read, list], line 3 of policy web`.
fn told(rule: &Rule) -> String {
    let places: Vec<String> =
        rule.stanzas.iter().map(|it| format!("line {} of policy {}", it.line, it.policy)).collect();
    format!("{:?} [{}], {}", rule.path, rule.capabilities.join(", "), places.join(" and "))
}

fn upper(sentence: &str) -> String {
    let mut chars = sentence.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(decision: Value, expected: &str) {
        assert_eq!(sentences(&serde_json::from_value(decision).unwrap()), expected);
    }

    #[test]
    fn a_decision_is_told_in_sentences() {
        check(
            json!({
                "path": "team/secret", "operation": "read", "allowed": false, "reason": "the rule denies",
                "decided_by": {
                    "path": "team/secret", "capabilities": ["deny"],
                    "stanzas": [{ "policy": "team", "line": 2 }, { "policy": "all", "line": 7 }],
                },
                "passed_over": [{
                    "path": "team/*", "capabilities": ["read", "list"],
                    "stanzas": [{ "policy": "team", "line": 1 }],
                    "reason": "because it has a wildcard and the other names the path",
                }],
            }),
            "Refused: read team/secret.
The rule that decides is \"team/secret\" [deny], line 2 of policy team and line 7 of policy all.
The rule denies.

These rules match too and were passed over:
  \"team/*\" [read, list], line 1 of policy team,
    because it has a wildcard and the other names the path.",
        );
        check(
            json!({
                "path": "x", "operation": "list", "allowed": true,
                "reason": "the policy root allows everything", "decided_by": null, "passed_over": [],
            }),
            "Allowed: list x.\nThe policy root allows everything.",
        );
        // A path cannot steer the terminal.
        check(
            json!({
                "path": "x\u{1b}[2J", "operation": "read", "allowed": false, "reason": "no rule matches",
                "decided_by": null, "passed_over": [],
            }),
            "Refused: read x\\u{1b}[2J.\nNo rule matches.",
        );
    }
}
