//! What a pod asked for, as the operations that make it so.

mod container;
mod volumes;

use serde_json::{Value, json};

use crate::{
    Settings, Sidecars,
    annotations::OURS,
    config::Phase,
    decide::Refusal,
    json::Json as _,
    patch::{add, escaped},
    pod::{INJECTED, List, Pod, status},
    wish::{Phases, Wish},
};

/// The stock injector's names: whoever looks for an agent's log knows them.
const INIT: &str = "vault-agent-init";
const SIDECAR: &str = "vault-agent";

/// The operations, in an order in which each finds what it needs.
pub(crate) fn patch(wish: &Wish, pod: Pod<'_>, settings: &Settings) -> Result<Vec<Value>, Refusal> {
    if let Some(name) = [INIT, SIDECAR].into_iter().find(|it| pod.container(it).is_some()) {
        return Err(Refusal::Clash(format!("it has a container {name} already")));
    }
    let mut patch = Vec::new();
    volumes::add_volumes(wish, pod, &mut patch)?;
    volumes::mount_folders(wish, pod, &mut patch)?;
    add_agents(wish, pod, settings, &mut patch)?;
    if wish.shares_processes {
        patch.push(add("/spec/shareProcessNamespace", true));
    }
    mark(wish, &mut patch);
    Ok(patch)
}

fn add_agents(wish: &Wish, pod: Pod<'_>, settings: &Settings, patch: &mut Vec<Value>) -> Result<(), Refusal> {
    let mut first = Vec::new();
    if wish.phases != Phases::Sidecar {
        first.push(container::agent(wish, settings, Phase::Init, INIT, wish.agent.init_patch.as_ref())?);
    }
    if wish.phases != Phases::Init {
        let mut agent = container::agent(wish, settings, Phase::Sidecar, SIDECAR, wish.agent.patch.as_ref())?;
        match wish.sidecars {
            Sidecars::Native => {
                agent.put("restartPolicy", "Always");
                first.push(agent);
            }
            Sidecars::Classic => patch.push(add(format!("{}/-", List::Main.pointer()), agent)),
        }
    }
    if first.is_empty() {
        return Ok(());
    }
    let pointer = List::Init.pointer();
    if !pod.has_list(pointer) {
        patch.push(add(pointer, json!([])));
    }
    match wish.is_first {
        true => {
            patch.extend(first.into_iter().enumerate().map(|(at, it)| add(format!("{pointer}/{at}"), it)))
        }
        false => patch.extend(first.into_iter().map(|it| add(format!("{pointer}/-"), it))),
    }
    Ok(())
}

/// Whoever looks at the pod sees that it has its agent, in each spelling in which it asked.
fn mark(wish: &Wish, patch: &mut Vec<Value>) {
    let pointer = "/metadata/annotations";
    let others = wish.prefixes.iter().copied().filter(|it| *it != OURS);
    for prefix in std::iter::once(OURS).chain(others) {
        patch.push(add(format!("{pointer}/{}", escaped(&status(prefix))), INJECTED));
    }
}
