//! Volumes of the pod, and where its containers see them.

use serde_json::{Value, json};

use crate::{
    decide::Refusal,
    json::Json as _,
    patch::add,
    pod::{Container, List, Pod},
    wish::{CONFIGS, CUSTOM, FOLDER, TLS, TOKEN, Token, Wish},
};

const TOKENS: &str = "strongroom-token";
const CONFIG: &str = "vault-config";
const EXTRA: &str = "extra-secrets";
const CERTIFICATES: &str = "vault-tls-secrets";
/// Files are small; who fills the volume fills the agent's memory.
const SIZE: &str = "16Mi";
/// Seconds; the least that Kubernetes gives. Kubelet brings a new one in time.
const LIFETIME: u64 = 600;

/// The volume of one folder of secrets.
fn folder(at: usize) -> String {
    if at == 0 { "vault-secrets".to_owned() } else { format!("vault-secrets-{at}") }
}

pub(super) fn add_volumes(wish: &Wish, pod: Pod<'_>, patch: &mut Vec<Value>) -> Result<(), Refusal> {
    let pointer = "/spec/volumes";
    if !pod.has_list(pointer) {
        patch.push(add(pointer, json!([])));
    }
    for volume in volumes(wish) {
        let name = volume.at("name").as_str().unwrap_or_default();
        if pod.volume(name).is_some() {
            return Err(Refusal::Clash(format!("it has a volume {name} already")));
        }
        patch.push(add(format!("{pointer}/-"), volume));
    }
    Ok(())
}

fn volumes(wish: &Wish) -> Vec<Value> {
    let in_memory =
        |(at, _)| json!({ "name": folder(at), "emptyDir": { "medium": "Memory", "sizeLimit": SIZE } });
    let mut volumes: Vec<Value> = wish.folders.iter().enumerate().map(in_memory).collect();
    if wish.login.token == Token::Projected {
        let source = json!({ "audience": wish.audience, "expirationSeconds": LIFETIME, "path": TOKEN });
        let projected = json!({ "sources": [{ "serviceAccountToken": source }] });
        volumes.push(json!({ "name": TOKENS, "projected": projected }));
    }
    let secret = |name: &str, of: &str| json!({ "name": name, "secret": { "secretName": of } });
    volumes.extend(
        wish.agent.config_map.iter().map(|it| json!({ "name": CONFIG, "configMap": { "name": it } })),
    );
    volumes.extend(wish.agent.extra_secret.iter().map(|it| secret(EXTRA, it)));
    volumes.extend(wish.trust.secret.iter().map(|it| secret(CERTIFICATES, it)));
    volumes
}

/// The mounts of an agent's container.
pub(super) fn of_agent(wish: &Wish) -> Result<Vec<Value>, Refusal> {
    let folders = wish.folders.iter().enumerate();
    let mut mounts: Vec<Value> =
        folders.map(|(at, path)| json!({ "name": folder(at), "mountPath": path })).collect();
    let mut read = |name: &str, path: &str| {
        mounts.push(json!({ "name": name, "mountPath": path, "readOnly": true }));
    };
    match &wish.login.token {
        Token::None => {}
        Token::Projected => read(TOKENS, FOLDER),
        Token::Volume { name, at } => read(name, at),
    }
    for (name, path, is_asked) in [
        (CONFIG, CONFIGS, wish.agent.config_map.is_some()),
        (EXTRA, CUSTOM, wish.agent.extra_secret.is_some()),
        (CERTIFICATES, TLS, wish.trust.secret.is_some()),
    ] {
        if is_asked {
            read(name, path);
        }
    }
    for copied in &wish.agent.copied {
        if mounts.iter().any(|it| it.at("mountPath") == copied.at("mountPath")) {
            let why = "brings a mount where the agent has one of its own";
            return Err(Refusal::annotation("agent-copy-volume-mounts", why));
        }
        mounts.push(copied.clone());
    }
    Ok(mounts)
}

/// The application's containers see the folders, and cannot write there.
pub(super) fn mount_folders(wish: &Wish, pod: Pod<'_>, patch: &mut Vec<Value>) -> Result<(), Refusal> {
    for list in [List::Init, List::Main] {
        for (index, container) in pod.containers(list).enumerate() {
            if !sees(wish, list, container) {
                continue;
            }
            let pointer = format!("{}/{index}/volumeMounts", list.pointer());
            if !container.has_mounts() {
                patch.push(add(pointer.clone(), json!([])));
            }
            for (at, path) in wish.folders.iter().enumerate() {
                if container.mounts_at(path) {
                    return Err(Refusal::Clash(
                        "a container mounts something else where its secrets are to be".to_owned(),
                    ));
                }
                let mount = json!({ "name": folder(at), "mountPath": path, "readOnly": true });
                patch.push(add(format!("{pointer}/-"), mount));
            }
        }
    }
    Ok(())
}

/// Of init containers those that find something there: they come later, or go on.
fn sees(wish: &Wish, list: List, container: Container<'_>) -> bool {
    match (&wish.containers, list) {
        (Some(names), _) => names.iter().any(|it| it == container.name()),
        (None, List::Main) => true,
        (None, List::Init) => wish.is_first || container.is_native_sidecar(),
    }
}
