//! Plays the API server: each folder of `reviews/` holds a question (`review.json`), perhaps what the operator has set
//! (`settings.json`), and the answer (`answer.json`) with its patch and the agents' configurations decoded.
//!
//! STRONGROOM_BLESS=1 writes the answers that are given now.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test"
)]

mod room;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use room::{Webhook, decoded, json, reviews, settings};
use serde_json::{Value, json};
use strongroom_agent::config::Config;

const INJECTED: [&str; 2] = ["vault-agent-init", "vault-agent"];

// Rules 97, 114, 122, 123
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_question_has_its_answer_and_every_patched_pod_is_whole() {
    let mut webhooks: BTreeMap<String, Webhook> = BTreeMap::new();
    let (mut patched, mut refused, mut wrong) = (0, 0, Vec::new());
    for (name, folder) in reviews() {
        let changes = folder.join("settings.json");
        let changes = if changes.exists() { json(&changes) } else { json!({}) };
        let key = changes.to_string();
        if !webhooks.contains_key(&key) {
            webhooks.insert(key.clone(), Webhook::start(settings(&changes)).await);
        }
        let webhook = &webhooks[&key];
        let question = std::fs::read(folder.join("review.json")).unwrap();
        let answer = webhook.ask(&question).await;
        let review: Value = serde_json::from_slice(&question).unwrap();
        about_this_question(&name, &review, &answer);
        let patch = answer["response"]["patch"].as_str().map(decoded);
        refused += u32::from(answer["response"]["allowed"] == false);
        if let Some(patch) = &patch {
            patched += 1;
            let before = &review["request"]["object"];
            let after = applied(&name, before, patch);
            is_whole(&name, &after);
            nothing_is_lost(&name, before, &after);
            agents_find_what_they_need(&name, &after);
            again(&name, webhook, &review, after).await;
        }
        let shown = readable(&answer, patch);
        let file = folder.join("answer.json");
        if std::env::var_os("STRONGROOM_BLESS").is_some() {
            std::fs::write(&file, serde_json::to_string_pretty(&shown).unwrap() + "\n").unwrap();
        } else if shown != json(&file) {
            wrong.push(format!("{name}: {}", serde_json::to_string_pretty(&shown).unwrap()));
        }
    }
    assert!(wrong.is_empty(), "other answers than before:\n{}", wrong.join("\n"));
    assert!(patched >= 60 && refused >= 60, "{patched} patched, {refused} refused");
}

/// The answer is of the question's version and names it; what is refused has a reason and nothing else.
fn about_this_question(name: &str, review: &Value, answer: &Value) {
    assert_eq!(answer["apiVersion"], review["apiVersion"], "{name}");
    assert_eq!(answer["kind"], "AdmissionReview", "{name}");
    let response = &answer["response"];
    assert_eq!(response["uid"], review["request"]["uid"], "{name}");
    assert_eq!(response["patch"].is_null(), response["patchType"].is_null(), "{name}");
    if response["allowed"] == false {
        let message = response["status"]["message"].as_str().expect(name);
        assert!(message.starts_with("strongroom: ") && response["patch"].is_null(), "{name}");
        // Rule 97: names of annotations are said, and no control characters; values are not.
        assert!(!message.chars().any(char::is_control), "{name}: {message:?}");
        for value in review["request"]["object"]["metadata"]["annotations"].as_object().into_iter().flatten()
        {
            let value = value.1.as_str().unwrap_or_default();
            assert!(value.len() < 12 || !message.contains(value), "{name}: {message}");
        }
    }
}

fn applied(name: &str, before: &Value, patch: &Value) -> Value {
    let (mut after, patch) =
        (before.clone(), serde_json::from_value::<json_patch::Patch>(patch.clone()).unwrap());
    json_patch::patch(&mut after, &patch).unwrap_or_else(|error| panic!("{name}: {error}"));
    after
}

fn containers(pod: &Value) -> impl Iterator<Item = &Value> {
    let list = |name: &str| pod["spec"][name].as_array().into_iter().flatten();
    list("initContainers").chain(list("containers"))
}

/// What an API server checks: names are there once, each mount has its volume and a path of its own.
fn is_whole(name: &str, pod: &Value) {
    let volumes: Vec<&str> =
        pod["spec"]["volumes"].as_array().unwrap().iter().map(|it| it["name"].as_str().unwrap()).collect();
    let unique: BTreeSet<&str> = volumes.iter().copied().collect();
    assert_eq!(unique.len(), volumes.len(), "{name}: volumes {volumes:?}");
    let names: Vec<&str> = containers(pod).map(|it| it["name"].as_str().unwrap()).collect();
    assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len(), "{name}: containers {names:?}");
    for container in containers(pod) {
        let mut paths = BTreeSet::new();
        for mount in container["volumeMounts"].as_array().into_iter().flatten() {
            let path = mount["mountPath"].as_str().unwrap();
            assert!(unique.contains(mount["name"].as_str().unwrap()), "{name}: a mount without a volume");
            assert!(path.starts_with('/') && !path.contains(".."), "{name}: {path}");
            assert!(paths.insert(path.trim_end_matches('/')), "{name}: two mounts at {path}");
        }
    }
}

/// The pod's own things are all there, in their order, and only have gained.
fn nothing_is_lost(name: &str, before: &Value, after: &Value) {
    for list in ["initContainers", "containers", "volumes"] {
        let own = before["spec"][list].as_array().cloned().unwrap_or_default();
        let names: Vec<&Value> = own.iter().map(|it| &it["name"]).collect();
        let mine = |it: &&Value| names.contains(&&it["name"]);
        let kept: Vec<Value> = after["spec"][list]
            .as_array()
            .into_iter()
            .flatten()
            .filter(mine)
            .cloned()
            .map(without_folders)
            .collect();
        let own: Vec<Value> = own.into_iter().map(without_folders).collect();
        assert_eq!(kept, own, "{name}: {list}");
    }
    for (key, value) in before["metadata"]["annotations"].as_object().unwrap() {
        assert_eq!(&after["metadata"]["annotations"][key], value, "{name}: {key}");
    }
}

fn without_folders(mut container: Value) -> Value {
    let mounts = container["volumeMounts"].as_array().cloned().unwrap_or_default();
    let is_folder = |it: &Value| it["name"].as_str().is_some_and(|it| it.starts_with("vault-secrets"));
    if let Some(object) = container.as_object_mut() {
        object.remove("volumeMounts");
        object.insert("own".into(), mounts.into_iter().filter(|it| !is_folder(it)).collect());
    }
    container
}

/// Each agent reads its configuration, writes where it may, and every application that sees the files only reads them.
fn agents_find_what_they_need(name: &str, pod: &Value) {
    let in_memory: Vec<&str> = pod["spec"]["volumes"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|it| it["emptyDir"]["medium"] == "Memory")
        .map(|it| it["name"].as_str().unwrap())
        .collect();
    let mut agents = 0;
    for container in containers(pod) {
        let mounts = container["volumeMounts"].as_array().cloned().unwrap_or_default();
        let folders = mounts.iter().filter(|it| in_memory.contains(&it["name"].as_str().unwrap()));
        if !INJECTED.contains(&container["name"].as_str().unwrap()) {
            assert!(folders.clone().all(|it| it["readOnly"] == true), "{name}: an application may write");
            continue;
        }
        agents += 1;
        assert!(folders.clone().count() > 0 && folders.clone().all(|it| it["readOnly"].is_null()), "{name}");
        let context = &container["securityContext"];
        assert_eq!(context["readOnlyRootFilesystem"], true, "{name}");
        assert_eq!(context["allowPrivilegeEscalation"], false, "{name}");
        assert_eq!(context["capabilities"], json!({ "drop": ["ALL"] }), "{name}");
        assert_eq!(context["seccompProfile"]["type"], "RuntimeDefault", "{name}");
        assert_eq!(context["runAsNonRoot"] == true, context["runAsUser"] != 0, "{name}");
        assert!(container.get("command").is_none(), "{name}: no shell is needed");
        let Some(config) = config(container) else { continue };
        let paths: Vec<&str> = mounts.iter().map(|it| it["mountPath"].as_str().unwrap()).collect();
        let lies_in = |file: &str, paths: &[&str]| {
            paths.iter().any(|it| file.starts_with(&format!("{}/", it.trim_end_matches('/'))))
        };
        let written: Vec<&str> = folders.map(|it| it["mountPath"].as_str().unwrap()).collect();
        for template in config["template"].as_array().into_iter().flatten() {
            assert!(lies_in(template["destination"].as_str().unwrap(), &written), "{name}: {template}");
            let source = template["source"].as_str();
            assert!(source.is_none_or(|it| lies_in(it, &paths)), "{name}: {template}");
        }
        let method = &config["auto_auth"]["method"][0];
        for key in ["token_path", "path", "role_id_file_path"] {
            let file = method["config"][key].as_str();
            assert!(file.is_none_or(|it| lies_in(it, &paths)), "{name}: {method}");
        }
        let is_init = container["name"] == INJECTED[0];
        assert_eq!(config["exit_after_auth"], is_init, "{name}");
        reads(name, &config);
    }
    assert!((1..=2).contains(&agents), "{name}: {agents} agents");
}

/// What `-config=env:NAME` leads to; none if it is a file.
fn config(container: &Value) -> Option<Value> {
    let variable = container["args"][1].as_str()?.strip_prefix("-config=env:")?;
    let env = container["env"].as_array()?.iter().find(|it| it["name"] == variable)?;
    Some(decoded(env["value"].as_str()?))
}

/// The agent takes it, and has nothing to say about it.
fn reads(name: &str, config: &Value) {
    let text = config.to_string();
    let read =
        Config::load(&[], &[(Path::new("config"), &text)]).unwrap_or_else(|error| panic!("{name}: {error}"));
    assert!(read.warnings.is_empty(), "{name}: {:?}", read.warnings);
}

/// Asked again, as API servers do when another webhook has changed something, it changes nothing.
async fn again(name: &str, webhook: &Webhook, review: &Value, after: Value) {
    let mut review = review.clone();
    review["request"]["object"] = after;
    let answer = webhook.ask(review.to_string().as_bytes()).await;
    assert_eq!(answer["response"]["allowed"], true, "{name}");
    assert!(answer["response"]["patch"].is_null(), "{name}: {answer}");
}

/// For people who read changes of answers: base64 taken off.
fn readable(answer: &Value, patch: Option<Value>) -> Value {
    let mut response = answer["response"].clone();
    if let Some(mut patch) = patch {
        for operation in patch.as_array_mut().unwrap() {
            let agent = &mut operation["value"];
            let Some(config) = config(agent) else { continue };
            for env in agent["env"].as_array_mut().unwrap() {
                if env["name"] == "STRONGROOM_AGENT_CONFIG" {
                    env["value"] = config.clone();
                }
            }
        }
        response["patch"] = patch;
    }
    json!({ "apiVersion": answer["apiVersion"], "response": response })
}
