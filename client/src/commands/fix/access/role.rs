//! A role that is there already: whether it lets the workload in, and gives it what it is to read.

use serde_json::{Value, json};
use strongroom_scan::plain;

use crate::failure::Failure;

/// The claims that a role of `jwt` asks for.
pub(super) const BOUND: &str = "bound_claims";

/// What a role of `kubernetes` asks for.
const ACCOUNTS: [&str; 2] = ["bound_service_account_names", "bound_service_account_namespaces"];

const NO_ROLE: &str = "a role's name is of letters, digits, `_`, `-` and `.`, with none of the last two at its ends: name \
                       another in the job's vault block, or fix without -apply and make a role of another name";

/// Refuses a role that the server would not have.
pub(super) fn refuse_name(path: &str) -> Result<(), Failure> {
    match is_name(path.rsplit('/').next().unwrap_or_default()) {
        true => Ok(()),
        false => Err(Failure::new(format!("{path} cannot be: nothing was changed")).hint(NO_ROLE)),
    }
}

/// What the server takes for the name of a role.
fn is_name(name: &str) -> bool {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    name.starts_with(is_word)
        && name.ends_with(is_word)
        && name.chars().all(|c| is_word(c) || "-.".contains(c))
}

/// A value, or each of several.
pub(super) fn listed(value: &Value) -> Vec<Value> {
    value.as_array().cloned().unwrap_or_else(|| vec![value.clone()])
}

/// Refuses a role that keeps the workload out: the rewritten file would name a login that fails.
pub(super) fn lets_in(path: &str, there: &Value, wanted: &Value) -> Result<(), Failure> {
    let claims = |it: &Value| it.get(BOUND).and_then(Value::as_object).cloned().unwrap_or_default();
    let is_glob = there.get("bound_claims_type").and_then(Value::as_str) == Some("glob");
    let wanted = claims(wanted);
    for (claim, allowed) in claims(there) {
        let (Some(wanted), allowed) = (wanted.get(&claim), listed(&allowed)) else { continue };
        let admits = |value: &Value| allowed.iter().any(|it| it == value || is_glob && matches(it, value));
        if let Some(value) = listed(wanted).iter().find(|it| !admits(it)) {
            let shown = |it: &Value| it.as_str().map_or_else(|| it.to_string(), plain);
            let allowed: Vec<String> = allowed.iter().map(shown).collect();
            return Err(Failure::new(format!(
                "{path} is there for {claim} = {}, and a job with {claim} = {} could not log in with it",
                allowed.join(", "),
                shown(value)
            ))
            .hint(format!(
                "name a role of its own in the job's vault block (`vault {{ role = \"NAME\" }}`), or let this one have it: \
                 add the job to {BOUND}, or `secret delete {path}` if nothing uses it; then run it again"
            )));
        }
    }
    Ok(())
}

/// The policies that the role is to give: those that it gives, and what it lacks. `None` if it lacks none.
pub(super) fn completed(there: &Value, wanted: &Value) -> Option<Value> {
    let lacking = lacking(there, wanted);
    let given = policies(there).into_iter().chain(lacking.iter().map(|it| json!(it)));
    (!lacking.is_empty()).then(|| given.collect())
}

/// Refuses a role that lacks the policy and lets others in as well: what it is given, all of them get.
pub(super) fn may_be_completed(path: &str, there: &Value, wanted: &Value) -> Result<(), Failure> {
    let lacking = lacking(there, wanted).join(", ");
    if lacking.is_empty() || is_theirs_alone(there, wanted) {
        return Ok(());
    }
    Err(Failure::new(format!(
        "{path} is there and does not give the policy {lacking}, and it lets in others than this workload, who would get it too"
    ))
    .hint(format!(
        "bind it to this workload alone, or add {lacking} to its token_policies if all that it lets in may have it; or name a \
         role of its own in the job's vault block (`vault {{ role = \"NAME\" }}`); then run it again"
    )))
}

/// Whether the role lets in nobody whom the wanted one would keep out.
pub(super) fn is_theirs_alone(there: &Value, wanted: &Value) -> bool {
    let bound = |role: &Value| {
        let claims = role.get(BOUND).and_then(Value::as_object).cloned().unwrap_or_default();
        let accounts = ACCOUNTS.iter().filter_map(|it| Some(((*it).to_owned(), role.get(it)?.clone())));
        claims.into_iter().chain(accounts).collect::<serde_json::Map<_, _>>()
    };
    let is_glob = there.get("bound_claims_type").and_then(Value::as_str) == Some("glob");
    let is_pattern = |it: &Value| is_glob && it.as_str().is_some_and(|it| it.contains('*'));
    let is_selected = there
        .get("bound_service_account_namespace_selector")
        .and_then(Value::as_str)
        .is_some_and(|it| !it.is_empty());
    let (there, wanted) = (bound(there), bound(wanted));
    let is_kept = |(name, wanted): (&String, &Value)| {
        let wanted = listed(wanted);
        there.get(name).is_some_and(|it| {
            let allowed = listed(it);
            !allowed.is_empty() && allowed.iter().all(|it| wanted.contains(it) && !is_pattern(it))
        })
    };
    !is_selected && !wanted.is_empty() && wanted.iter().all(is_kept)
}

/// The policies that it does not give.
fn lacking(there: &Value, wanted: &Value) -> Vec<String> {
    let given = policies(there);
    let is_lacking =
        |it: &&str| !given.iter().filter_map(Value::as_str).any(|given| given.eq_ignore_ascii_case(it));
    policies(wanted).iter().filter_map(Value::as_str).filter(is_lacking).map(str::to_owned).collect()
}

fn policies(role: &Value) -> Vec<Value> {
    role.get("token_policies").map(listed).unwrap_or_default()
}

/// `*` stands for any text.
fn matches(pattern: &Value, value: &Value) -> bool {
    let (Some(pattern), Some(value)) = (pattern.as_str(), value.as_str()) else { return false };
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|it| value.strip_prefix(it)) else { return false };
    let mut parts = parts.peekable();
    let mut is_open = false;
    while let Some(part) = parts.next() {
        is_open = true;
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        let Some(at) = rest.find(part) else { return false };
        rest = rest.get(at + part.len()..).unwrap_or("");
    }
    is_open || rest.is_empty()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_role_is_called_as_the_server_takes_it() {
        for name in ["a", "_", "a-b.c", "shop.staging.web", "a..b"] {
            assert!(is_name(name), "{name}");
        }
        for name in ["", "-a", "a-", ".a", "a b", "ä", "a*"] {
            assert!(!is_name(name), "{name}");
        }
    }

    #[track_caller]
    fn check(there: Value, wanted: Value, expected: bool) {
        let (there, wanted) = (json!({ BOUND: there }), json!({ BOUND: wanted }));
        assert_eq!(lets_in("x", &there, &wanted).is_ok(), expected);
    }

    #[test]
    fn a_role_of_another_job_lets_nobody_else_in() {
        check(json!({ "id": "a" }), json!({ "id": "a", "ns": "n" }), true);
        check(json!({ "id": "a" }), json!({ "id": "b" }), false);
        check(json!({ "id": ["a", "b"] }), json!({ "id": "b" }), true);
        check(json!({ "id": "a" }), json!({ "id": ["a", "b"] }), false);
        check(Value::Null, json!({ "id": "b" }), true);
        check(json!({ "other": "a" }), json!({ "id": "b" }), true);
        check(json!({ "id": "a*" }), json!({ "id": "a*" }), true);
        check(json!({ "id": "a*" }), json!({ "id": "ab" }), false);
    }

    #[test]
    fn patterns_are_understood() {
        let check = |pattern: &str, value: &str| matches(&json!(pattern), &json!(value));
        assert!(
            check("a*", "ab")
                && check("*", "x")
                && check("a*c", "abc")
                && check("*b*", "abc")
                && check("a", "a")
        );
        assert!(!check("a*", "ba") && !check("a*c", "ab") && !check("*b*", "ac") && !check("a", "ab"));
    }

    #[test]
    fn policies_that_a_role_does_not_give_are_named() {
        let role = |policies: &[&str]| json!({ "token_policies": policies });
        assert_eq!(lacking(&role(&["a", "b"]), &role(&["B"])), Vec::<String>::new());
        assert_eq!(lacking(&role(&["a"]), &role(&["a", "c"])), ["c"]);
        assert_eq!(completed(&role(&["a"]), &role(&["c"])), Some(json!(["a", "c"])));
        assert_eq!(completed(&json!({}), &role(&["c"])), Some(json!(["c"])));
        assert_eq!(completed(&role(&["a"]), &role(&["a"])), None);
    }

    #[test]
    fn a_role_gets_a_policy_only_if_nobody_else_gets_it_too() {
        let check = |there: Value, wanted: Value, expected: bool| {
            assert_eq!(is_theirs_alone(&there, &wanted), expected, "{there} {wanted}");
        };
        let job = json!({ BOUND: { "id": "a", "ns": "n" } });
        check(json!({ BOUND: { "id": ["a"], "ns": "n" } }), job.clone(), true);
        check(json!({ BOUND: { "id": "a", "ns": "n", "task": "t" } }), job.clone(), true);
        check(json!({ BOUND: { "id": "a" } }), job.clone(), false);
        check(json!({ BOUND: { "id": ["a", "b"], "ns": "n" } }), job.clone(), false);
        check(json!({ BOUND: { "id": [], "ns": "n" } }), job.clone(), false);
        check(json!({ BOUND: null }), job, false);
        let glob = json!({ BOUND: { "id": "a*" }, "bound_claims_type": "glob" });
        check(glob, json!({ BOUND: { "id": "a*" } }), false);
        let pod = |names: &[&str]| json!({ ACCOUNTS[0]: names, ACCOUNTS[1]: ["default"] });
        check(pod(&["web"]), pod(&["web"]), true);
        check(pod(&["web", "api"]), pod(&["web"]), false);
        check(pod(&["*"]), pod(&["web"]), false);
        let mut selected = pod(&["web"]);
        selected["bound_service_account_namespace_selector"] = json!("{}");
        check(selected, pod(&["web"]), false);
    }
}
