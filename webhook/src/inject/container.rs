//! One container with an agent.

use data_encoding::BASE64;
use serde_json::{Map, Value, json};

use super::volumes;
use crate::{
    Settings,
    config::{self, Phase},
    decide::Refusal,
    json::Json as _,
    wish::{CONFIGS, Wish},
};

const VARIABLE: &str = "STRONGROOM_AGENT_CONFIG";

pub(super) fn agent(
    wish: &Wish,
    settings: &Settings,
    phase: Phase,
    name: &str,
    asked: Option<&json_patch::Patch>,
) -> Result<Value, Refusal> {
    // The address and whom to trust come before whatever a file says.
    let mut env = vec![variable("STRONGROOM_ADDR", &wish.trust.address)];
    if let Some(pem) = settings.authorities.as_ref().filter(|_| wish.trust.ca_cert.is_none()) {
        env.push(variable("STRONGROOM_CACERT_BYTES", pem));
    }
    let from = match (&wish.agent.config_map, phase) {
        (Some(_), Phase::Init) => format!("{CONFIGS}/config-init.hcl"),
        (Some(_), Phase::Sidecar) => format!("{CONFIGS}/config.hcl"),
        (None, _) => {
            let text = config::text(wish, phase)?;
            env.push(variable(VARIABLE, &BASE64.encode(text.as_bytes())));
            format!("env:{VARIABLE}")
        }
    };
    let container = json!({
        "name": name,
        "image": wish.agent.image,
        "args": ["agent", format!("-config={from}")],
        "env": env,
        "resources": resources(wish),
        "securityContext": confined(wish.agent.user),
        "volumeMounts": volumes::of_agent(wish)?,
    });
    match asked {
        None => Ok(container),
        Some(patch) => changed(container, patch, phase),
    }
}

fn variable(name: &str, value: &str) -> Value {
    json!({ "name": name, "value": value })
}

fn resources(wish: &Wish) -> Value {
    let list = |of: &[(&'static str, String)]| -> Map<String, Value> {
        of.iter().map(|(kind, it)| ((*kind).to_owned(), it.as_str().into())).collect()
    };
    let mut resources = Map::new();
    for (name, of) in [("limits", &wish.agent.resources.limits), ("requests", &wish.agent.resources.requests)]
    {
        if !of.is_empty() {
            resources.insert(name.to_owned(), list(of).into());
        }
    }
    resources.into()
}

/// As the strictest of the pod security standards wants it.
fn confined(user: Option<(i64, i64)>) -> Value {
    let mut context = json!({
        "allowPrivilegeEscalation": false,
        "capabilities": { "drop": ["ALL"] },
        "readOnlyRootFilesystem": true,
        "runAsNonRoot": user.is_none_or(|(user, _)| user != 0),
        "seccompProfile": { "type": "RuntimeDefault" },
    });
    if let Some((user, group)) = user {
        context.put("runAsUser", user);
        context.put("runAsGroup", group);
    }
    context
}

// Rule 123
/// The pod's own patch of the container. What says who the agent is, what it runs and whom it asks stays as it is.
fn changed(container: Value, patch: &json_patch::Patch, phase: Phase) -> Result<Value, Refusal> {
    let name = match phase {
        Phase::Init => "agent-init-json-patch",
        Phase::Sidecar => "agent-json-patch",
    };
    let mut after = container.clone();
    let applied = json_patch::patch(&mut after, patch);
    applied.map_err(|_| Refusal::annotation(name, "cannot be applied to the agent's container"))?;
    let kept = ["name", "image", "command", "args", "securityContext", "restartPolicy", "envFrom"];
    let mounts = |of: &Value| of.at("volumeMounts").as_array().cloned().unwrap_or_default();
    let keeps_mounts = mounts(&container).iter().all(|it| mounts(&after).contains(it));
    match kept.iter().all(|it| container.get(it) == after.get(it))
        && keeps_mounts
        && keeps_env(&container, &after)
    {
        true => Ok(after),
        false => Err(Refusal::annotation(
            name,
            "changes what the agent runs, as whom, or whom it asks; other annotations say that",
        )),
    }
}

/// Ours are there, once, and there is no other that a client of the server listens to.
fn keeps_env(before: &Value, after: &Value) -> bool {
    let list = |of: &Value| of.at("env").as_array().cloned().unwrap_or_default();
    let (before, after) = (list(before), list(after));
    let concerns_us = |it: &Value| {
        let name = it.at("name").as_str().unwrap_or_default();
        ["STRONGROOM_", "BAO_", "VAULT_"].iter().any(|prefix| name.starts_with(prefix))
    };
    after.iter().filter(|it| concerns_us(it)).eq(before.iter())
}
