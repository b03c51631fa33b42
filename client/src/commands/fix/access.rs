//! The least policy and the role of each workload: shown, or written with `-apply`.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use strongroom_fix::{Access, Role};
use strongroom_sdk::Method;

use super::{Fix, Work};
use crate::{
    commands::wish::{State, Wish},
    context::Context,
    failure::Failure,
    output::{Format, line, note},
};

/// How long a token lives that nobody renews, in seconds.
const PERIOD: u64 = 1800;

/// What one workload is given.
pub(super) struct Grant {
    policy: String,
    /// One rule a path.
    rules: Vec<(String, String)>,
    /// Paths, and what is written there. Two workloads may name one policy.
    roles: BTreeMap<String, Value>,
}

/// Those of all files, each policy and role once.
pub(super) fn grants(works: &[Work], mount: &str, args: &Fix) -> Vec<Grant> {
    let mut grants: BTreeMap<&str, Grant> = BTreeMap::new();
    for access in works.iter().flat_map(|it| &it.plan.access) {
        let grant = grants.entry(&access.policy).or_insert_with(|| Grant {
            policy: access.policy.clone(),
            rules: Vec::new(),
            roles: BTreeMap::new(),
        });
        grant.roles.extend(access.role.as_ref().map(|role| written(role, access, args)));
        for path in &access.reads {
            let rule = rule(&format!("{mount}/data/{path}"));
            if !grant.rules.contains(&rule) {
                grant.rules.push(rule);
            }
        }
    }
    grants.into_values().collect()
}

/// As commands to look at, and to paste.
pub(super) fn show(cx: &Context, grants: &[Grant]) -> Result<(), Failure> {
    if cx.output.format != Format::Table {
        return Ok(());
    }
    for grant in grants {
        line(&format!(
            "\n# What {0} may read, and nothing else (-apply writes it):\nsecret policy write {0} - <<'EOF'",
            grant.policy
        ))?;
        grant.rules.iter().try_for_each(|(_, text)| line(text.trim_end()))?;
        line("EOF")?;
        for (path, fields) in &grant.roles {
            line(&format!("secret write {path} - <<'EOF'\n{fields:#}\nEOF"))?;
        }
    }
    Ok(())
}

/// For programs: the policy's text, and what is written at the role's path.
pub(super) fn as_json(grants: &[Grant]) -> Vec<Value> {
    let of = |it: &Grant| {
        let rules: String = it.rules.iter().map(|(_, text)| text.as_str()).collect();
        let role = |(path, fields)| json!({ "path": path, "fields": fields });
        let roles: Vec<Value> = it.roles.iter().map(role).collect();
        json!({ "policy": it.policy, "rules": rules, "roles": roles })
    };
    grants.iter().map(of).collect()
}

/// Whether the logins are there that the roles are for: asked before anything is stored.
pub(super) async fn check(cx: &Context, grants: &[Grant]) -> Result<(), Failure> {
    let methods: Value = cx.client.call(Method::Get, "sys/auth").send().await?.data()?;
    for path in grants.iter().flat_map(|it| it.roles.keys()) {
        let mount = path.trim_start_matches("auth/").split("/role/").next().unwrap_or_default();
        if methods.get(format!("{mount}/")).is_none() {
            return Err(Failure::new(format!("there is no login at auth/{mount}: nothing was changed"))
                .hint("`secret setup nomad` or `secret setup kubernetes` makes it; -jwt-path and -kubernetes-path name another"));
        }
    }
    Ok(())
}

/// Writes what is missing. A policy that is there keeps its rules and gets the new ones; a role that is there is not
/// touched, because others may count on it.
pub(super) async fn apply(cx: &Context, grants: &[Grant]) -> Result<(), Failure> {
    for grant in grants {
        let policy = write_policy(cx, grant).await;
        policy.map_err(|it| it.within(&format!("the policy {}", grant.policy)))?;
        for (path, fields) in &grant.roles {
            write_role(cx, path, fields).await.map_err(|it| it.within(path))?;
        }
    }
    Ok(())
}

async fn write_policy(cx: &Context, grant: &Grant) -> Result<(), Failure> {
    let there = Wish::policy(&grant.policy, "").found(&cx.client).await?;
    let there = there.as_ref().and_then(|it| it.get("policy")).and_then(Value::as_str).unwrap_or_default();
    let missing: String = grant
        .rules
        .iter()
        .filter(|(head, _)| !there.contains(head.as_str()))
        .map(|(_, text)| text.as_str())
        .collect();
    if missing.is_empty() {
        note(&format!("policy {}: unchanged", grant.policy));
        return Ok(());
    }
    let gap = if there.is_empty() { "" } else { "\n" };
    Wish::policy(&grant.policy, &format!("{there}{gap}{missing}")).fulfil(&cx.client).await?;
    note(&format!("policy {}: {}", grant.policy, if there.is_empty() { "made" } else { "rules added" }));
    Ok(())
}

async fn write_role(cx: &Context, path: &str, fields: &Value) -> Result<(), Failure> {
    let wish = Wish::new(path, fields.clone());
    match wish.state(&cx.client).await? {
        State::Absent => {
            let made = wish.fulfil(&cx.client).await;
            made.map_err(|it| it.or_hint("`secret setup nomad` (or kubernetes) makes the login first"))?;
            note(&format!("{path}: made"));
        }
        State::Same => note(&format!("{path}: unchanged")),
        State::Other(fields) => {
            note(&format!("{path}: is there and left alone; it differs in {}", fields.join(", ")))
        }
    }
    Ok(())
}

fn rule(path: &str) -> (String, String) {
    let head = format!("path {} ", strongroom_hcl::quote(path));
    let text = format!("{head}{{\n  capabilities = [\"read\"]\n}}\n");
    (head, text)
}

/// The role's path and fields.
fn written(role: &Role, access: &Access, args: &Fix) -> (String, Value) {
    let bound: BTreeMap<&str, &str> =
        role.bound.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    match role.method {
        "kubernetes" => {
            let mut fields = json!({ "token_policies": [access.policy], "token_period": PERIOD });
            if let Some(object) = fields.as_object_mut() {
                object.extend(bound.iter().map(|(name, value)| ((*name).to_owned(), json!([value]))));
            }
            (format!("auth/{}/role/{}", args.kubernetes_path, role.name), fields)
        }
        _ => (
            format!("auth/{}/role/{}", args.jwt_path, role.name),
            json!({
                "role_type": "jwt",
                "bound_audiences": ["vault.io"],
                "bound_claims": bound,
                "user_claim": "/nomad_job_id",
                "user_claim_json_pointer": true,
                "token_type": "service",
                "token_period": PERIOD,
                "token_policies": [access.policy],
            }),
        ),
    }
}
