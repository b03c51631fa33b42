//! Every labelled job of Nomad, fixed against a real server: with a token that has the policy which the fix wrote and no
//! other, each task gets what it got, and `secret agent` renders its templates as they are held to be rendered.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test"
)]

#[path = "../../fix/tests/interpret/mod.rs"]
#[allow(dead_code, reason = "the fixer's own tests use all of it")]
mod interpret;
mod shared;

use std::{collections::BTreeMap, fs};

use interpret::{Got, Rendered, Store, interpret, yaml};
use serde_json::Value;
use shared::Server;

const CORPUS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/corpus");
/// What a cluster answers and the store does not: the agent has none of it.
const OF_CLUSTERS: [&str; 6] = ["service ", "services ", "key ", "keyOrDefault ", "nomadVar", "nomadService"];

/// What a fix says of the one file that it was given.
fn fix(server: &Server, job: &str) -> Value {
    let ran = server.run(&["fix", "-yes", "-apply", "-format=json", job], "root", "");
    assert!(ran.status.code().unwrap() < 2, "{job}: {}", String::from_utf8_lossy(&ran.stderr));
    let told: Value = serde_json::from_slice(&ran.stdout).unwrap();
    told["files"].get(0).cloned().unwrap_or(Value::Null)
}

/// The values as the job's own policy lets them be read.
fn store(server: &Server, told: &Value, token: &str) -> Store {
    let mut store = Store::new();
    for it in told["stored"].as_array().unwrap() {
        let (path, field) = (it["path"].as_str().unwrap(), it["field"].as_str().unwrap());
        let ran = server.run(&["kv", "get", "-mount=secret", &format!("-field={field}"), path], token, "");
        if path.ends_with("/comments") {
            assert!(!ran.status.success(), "{path}: what stood in a comment is for no workload");
            continue;
        }
        assert!(ran.status.success(), "{path}: {}", String::from_utf8_lossy(&ran.stderr));
        let whole = server.run(&["kv", "get", "-mount=secret", "-format=json", path], token, "");
        let whole: Value = serde_json::from_slice(&whole.stdout).unwrap();
        let value = whole["data"]["data"][field].as_str().unwrap().to_owned();
        store.entry(format!("secret/data/{path}")).or_default().insert(field.to_owned(), value);
    }
    store
}

/// What the agent makes of a template, in memory, with that token.
fn rendered(server: &Server, token: &str, template: &Rendered) -> String {
    let memory = tempfile::tempdir_in("/dev/shm").unwrap();
    let out = memory.path().join("out");
    let (source, key) = (server.file("source.tpl", &template.source), server.file("token", token));
    let (left, right) = (&template.delimiters.0, &template.delimiters.1);
    let mut stanza = format!("source = \"{source}\"\n  destination = \"{}\"\n", out.display());
    for (name, mark) in [("left_delimiter", left), ("right_delimiter", right)] {
        if !mark.is_empty() {
            stanza.push_str(&format!("  {name} = {}\n", strongroom_hcl::quote(mark)));
        }
    }
    let config = server.file(
        "agent.hcl",
        &format!(
            "exit_after_auth = true\nauto_auth {{ method \"token_file\" {{ config = {{ token_file_path = \"{key}\" }} }} }}\n\
             template_config {{ allow = [\"env\"] }}\ntemplate {{\n  {stanza}}}\n"
        ),
    );
    let mut variables = vec![("STRONGROOM_ADDR", server.address.as_str())];
    variables.extend(template.env.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    let ran = server.run_with(&["agent", &format!("-config={config}")], &variables, "");
    assert!(ran.status.success(), "{}\n{}", String::from_utf8_lossy(&ran.stderr), template.source);
    fs::read_to_string(out).unwrap()
}

#[track_caller]
fn check_same(name: &str, old: &BTreeMap<String, Got>, new: &BTreeMap<String, Got>) {
    assert_eq!(old.keys().collect::<Vec<_>>(), new.keys().collect::<Vec<_>>(), "{name}");
    for (task, old) in old {
        let new = &new[task];
        let mut env = new.env.clone();
        env.retain(|name, _| !name.starts_with("STRONGROOM_"));
        assert_eq!(env, old.env, "{name}: {task}");
        assert_eq!((&new.config, &new.artifacts), (&old.config, &old.artifacts), "{name}: {task}");
        let meaning = |file: &str, it: &Got| {
            let is_yaml = file.ends_with(".yml") || file.ends_with(".yaml");
            let written = it.files.get(file)?.clone();
            Some(if is_yaml { yaml(&written).unwrap_or(written) } else { written })
        };
        for file in old.files.keys().chain(new.files.keys()) {
            assert_eq!(meaning(file, new), meaning(file, old), "{name}: {task}: {file}");
        }
    }
}

#[test]
fn each_task_gets_what_it_got_with_the_policy_that_the_fix_wrote() {
    let server = Server::start();
    server.ok(&["auth", "enable", "-path=jwt-nomad", "jwt"]);
    let labels: Value =
        serde_json::from_str(&fs::read_to_string(format!("{CORPUS}/labels.json")).unwrap()).unwrap();
    let (mut jobs, mut templates, mut elsewhere) = (0, 0, 0);
    for label in labels["files"].as_array().unwrap() {
        let name = label["file"].as_str().unwrap();
        let is_fixable = label["findings"].as_array().unwrap().iter().any(|it| it["fixable"] == true);
        // A template of Levant is no job before it is rendered.
        if label["family"] != "nomad" || !is_fixable || name.ends_with(".tpl") {
            continue;
        }
        jobs += 1;
        let before = fs::read_to_string(format!("{CORPUS}/{name}")).unwrap();
        let job = server.file(name.rsplit('/').next().unwrap(), &before);
        let told = fix(&server, &job);
        let after = fs::read_to_string(&job).unwrap();
        assert_ne!(after, before, "{name}");
        // The policy has the job's name, or that of the job's own `vault` block.
        let policies = server.ok(&["policy", "list", "-format=json"]);
        let policies: Vec<String> = serde_json::from_str(&policies).unwrap();
        let own: Vec<String> = policies
            .into_iter()
            .filter(|it| !["default", "root"].contains(&it.as_str()))
            .map(|it| format!("-policy={it}"))
            .collect();
        if own.is_empty() {
            // Only comments gave something away: no workload reads anything.
            jobs -= 1;
            continue;
        }
        let mut args = vec!["token", "create", "-field=token"];
        args.extend(own.iter().map(String::as_str));
        let token = server.ok(&args);
        let store = store(&server, &told, token.trim());
        let old = interpret(name, &before, &Store::new()).unwrap_or_else(|it| panic!("{name}: {it}"));
        let new = interpret(name, &after, &store).unwrap_or_else(|it| panic!("{name}: {it}\n{after}"));
        check_same(name, &old, &new);
        for template in new.values().flat_map(|it| &it.templates) {
            let is_of_cluster = OF_CLUSTERS.iter().any(|it| template.source.contains(it));
            // A half-fixed job asks for secrets that this store never had.
            let asked = template.source.split("secret \"").skip(1).filter_map(|it| it.split('"').next());
            if is_of_cluster || asked.into_iter().any(|it| !store.contains_key(it)) {
                elsewhere += 1;
                continue;
            }
            templates += 1;
            assert_eq!(rendered(&server, token.trim(), template), template.written, "{name}");
        }
        for policy in &own {
            server.ok(&["policy", "delete", policy.trim_start_matches("-policy=")]);
        }
    }
    assert!(
        jobs >= 35 && templates >= 40 && elsewhere <= 12,
        "{jobs} jobs, {templates} templates, {elsewhere} elsewhere"
    );
}
