//! The least policy and the role of each workload: shown, or written with `-apply`.

mod paste;
mod role;
mod there;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use strongroom_fix::{Access, Role};
use strongroom_sdk::Method;

pub(super) use self::paste::show;
use self::{
    role::{BOUND, listed},
    there::There,
};
use super::{Fix, Work};
use crate::{commands::wish::Wish, context::Context, failure::Failure, output::note};

/// How long a token lives that nobody renews, in seconds.
const PERIOD: u64 = 1800;

const NO_LOGIN: &str = "`secret setup nomad` or `secret setup kubernetes` makes it; on a laptop without a cluster `secret \
                        auth enable -path=jwt-nomad jwt` does. -jwt-path and -kubernetes-path name another";

/// What one workload is given.
pub(super) struct Grant {
    policy: String,
    rules: Vec<Rule>,
    /// Paths, and what is written there. Two workloads may name one policy.
    roles: BTreeMap<String, Value>,
}

struct Rule {
    path: String,
    capabilities: BTreeSet<&'static str>,
    /// The workload reads that already, so a policy that is there may allow it with a pattern.
    is_kept: bool,
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
        if let Some((path, fields)) = access.role.as_ref().map(|role| written(role, access, args)) {
            grant.log_in(path, fields);
        }
        access.reads.iter().for_each(|it| grant.allow(&format!("{mount}/data/{it}"), "read", false));
    }
    for it in works.iter().flat_map(|it| &it.plan.kept) {
        if let Some(grant) = grants.get_mut(it.policy.as_str()) {
            grant.allow(&it.path, it.capability, true);
        }
    }
    grants.into_values().collect()
}

impl Grant {
    fn allow(&mut self, path: &str, capability: &'static str, is_kept: bool) {
        let capabilities = BTreeSet::from([capability]);
        match self.rules.iter_mut().find(|it| it.path == path) {
            Some(rule) => rule.capabilities.extend(capabilities),
            None => self.rules.push(Rule { path: path.to_owned(), capabilities, is_kept }),
        }
    }

    /// Jobs that name one role log in to it both.
    fn log_in(&mut self, path: String, fields: Value) {
        let bound = |it: &Value| it.get(BOUND).and_then(Value::as_object).cloned().unwrap_or_default();
        let Some(there) = self.roles.get_mut(&path) else {
            self.roles.insert(path, fields);
            return;
        };
        let mut both = bound(there);
        for (claim, value) in bound(&fields) {
            let mut values = both.get(&claim).map(listed).unwrap_or_default();
            values.extend(listed(&value).into_iter().filter(|it| !values.contains(it)).collect::<Vec<_>>());
            both.insert(claim, if values.len() == 1 { json!(values.first()) } else { json!(values) });
        }
        if let Some(there) = there.get_mut(BOUND) {
            *there = Value::Object(both);
        }
    }
}

impl Rule {
    fn text(&self, capabilities: &BTreeSet<&'static str>) -> String {
        let quoted: Vec<String> = capabilities.iter().map(|it| strongroom_hcl::quote(it)).collect();
        let path = strongroom_hcl::quote(&self.path);
        format!("path {path} {{\n  capabilities = [{}]\n}}\n", quoted.join(", "))
    }
}

/// For programs: the policy's text, and what is written at the role's path.
pub(super) fn as_json(grants: &[Grant]) -> Vec<Value> {
    let of = |it: &Grant| {
        let role = |(path, fields)| json!({ "path": path, "fields": fields });
        let roles: Vec<Value> = it.roles.iter().map(role).collect();
        json!({ "policy": it.policy, "rules": There::default().missing(it), "roles": roles })
    };
    grants.iter().map(of).collect()
}

/// Whether the logins are there that the roles are for, can have them, no role is another job's or would give more to
/// others, and no policy denies what it is to allow: asked before anything is stored.
pub(super) async fn check(cx: &Context, grants: &[Grant]) -> Result<(), Failure> {
    let methods = cx.client.call(Method::Get, "sys/auth").send().await.and_then(|it| it.data::<Value>());
    let methods = methods.map_err(|it| Failure::from(it).within("sys/auth"))?;
    for path in grants.iter().flat_map(|it| it.roles.keys()) {
        let mount = path.trim_start_matches("auth/").split("/role/").next().unwrap_or_default();
        if methods.get(format!("{mount}/")).is_none() {
            let why = format!("there is no login at auth/{mount}: nothing was changed");
            return Err(Failure::new(why).hint(NO_LOGIN));
        }
        role::refuse_name(path)?;
    }
    for grant in grants {
        roles_let_in(cx, grant).await.map_err(|it| it.within("nothing was changed"))?;
        // Whoever may not look is told when the policy is written.
        if let Ok(there) = Wish::policy(&grant.policy, "").found(&cx.client).await {
            let checked = There::of(there.as_ref()).may_be_completed(grant);
            checked.map_err(|it| it.within("nothing was changed"))?;
        }
    }
    Ok(())
}

async fn roles_let_in(cx: &Context, grant: &Grant) -> Result<(), Failure> {
    for (path, fields) in &grant.roles {
        // Whoever may not look is told when the role is written.
        if let Ok(Some(there)) = Wish::new(path, fields.clone()).found(&cx.client).await {
            role::lets_in(path, &there, fields)?;
            role::may_be_completed(path, &there, fields)?;
        }
    }
    Ok(())
}

/// Writes what is missing of what one file needs. A policy that is there keeps its rules and gets the new ones; a role that
/// is there keeps all that it has, and gives the policy as well.
pub(super) async fn apply(cx: &Context, grants: &[Grant], work: &Work) -> Result<(), Failure> {
    let is_its_own = |grant: &&Grant| work.plan.access.iter().any(|it| it.policy == grant.policy);
    for grant in grants.iter().filter(is_its_own) {
        // Where a role keeps the workload out, those whom it lets in are not given more.
        roles_let_in(cx, grant).await?;
        let policy = write_policy(cx, grant).await;
        policy.map_err(|it| it.within(&format!("the policy {}", grant.policy)))?;
        for (path, fields) in &grant.roles {
            write_role(cx, path, fields).await.map_err(|it| it.within(path))?;
        }
    }
    Ok(())
}

async fn write_policy(cx: &Context, grant: &Grant) -> Result<(), Failure> {
    let there = There::of(Wish::policy(&grant.policy, "").found(&cx.client).await?.as_ref());
    there.may_be_completed(grant)?;
    let (missing, there) = (there.missing(grant), there.text);
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
    let Some(there) = wish.found(&cx.client).await? else {
        let made = wish.fulfil(&cx.client).await;
        made.map_err(|it| it.or_hint("`secret setup nomad` (or kubernetes) makes the login first"))?;
        note(&format!("{path}: made"));
        return Ok(());
    };
    if let Some(policies) = role::completed(&there, fields) {
        // What a role is not told stays as it is.
        let gains = Wish::new(path, json!({ "token_policies": policies }));
        gains.fulfil(&cx.client).await?;
        note(&format!("{path}: policy added"));
    } else if wish.differs(&there) {
        note(&format!(
            "{path}: is there and left alone; it lets the workload in, and differs in other fields"
        ));
    } else {
        note(&format!("{path}: unchanged"));
    }
    Ok(())
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
