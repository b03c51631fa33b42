//! Jobs with marked secrets, and whether each task gets what it got.
#![allow(dead_code, reason = "each test takes what it needs")]

use std::collections::{BTreeMap, BTreeSet};

use strongroom_fix::{File, Options, Plan, plan};

use crate::{
    interpret::{Got, Store, interpret, yaml},
    labels::{self, Labelled},
};

pub(crate) fn planned(file: &Labelled) -> Plan {
    plan(&File { name: &file.name, text: &file.text, folder: "" }, &file.findings, &Options::default())
}

pub(crate) fn fixed(file: &Labelled) -> (Plan, String) {
    let plan = planned(file);
    let text = plan.apply(&file.text).unwrap_or_else(|it| panic!("{}: {it}", file.name));
    (plan, text)
}

pub(crate) fn store(plan: &Plan) -> Store {
    let mut store = Store::new();
    for entry in &plan.entries {
        let path = entry.reference.data_path("secret");
        let value = entry.value.expose().to_owned();
        let other = store.entry(path).or_default().insert(entry.reference.field.clone(), value);
        assert_eq!(other, None, "a field holds one value");
    }
    store
}

/// Whether each task gets what it got.
#[track_caller]
pub(crate) fn check_same(name: &str, before: &str, plan: &Plan, after: &str) {
    let old = interpret(name, before, &Store::new()).unwrap_or_else(|it| panic!("{name}: {it}"));
    let new = interpret(name, after, &store(plan)).unwrap_or_else(|it| panic!("{name}: {it}\n{after}"));
    let tasks = |it: &BTreeMap<String, Got>| it.keys().cloned().collect::<Vec<_>>();
    assert_eq!(tasks(&old), tasks(&new), "{name}");
    let mut allowed: BTreeSet<String> = BTreeSet::new();
    for path in plan.access.iter().flat_map(|it| &it.reads) {
        allowed.insert(format!("secret/data/{path}"));
    }
    let mut used: BTreeSet<String> = BTreeSet::new();
    for (task, old) in &old {
        let new = &new[task];
        let at = format!("{name}: {task}");
        let mut env = new.env.clone();
        env.retain(|name, _| !name.starts_with("STRONGROOM_"));
        assert_eq!(env, old.env, "{at}");
        assert_eq!(new.config, old.config, "{at}");
        assert_eq!(new.artifacts, old.artifacts, "{at}");
        let files = |it: &Got| it.files.keys().cloned().collect::<Vec<_>>();
        assert_eq!(files(old), files(new), "{at}");
        for (file, old) in &old.files {
            assert_eq!(meaning(file, &new.files[file]), meaning(file, old), "{at}: {file}");
        }
        used.extend(new.reads.iter().filter(|it| store(plan).contains_key(*it)).cloned());
    }
    if plan.access.iter().all(|it| it.role.is_some()) {
        assert_eq!(used, allowed, "{name}: what is read is what is allowed, and no more");
    }
    assert!(used.is_subset(&allowed), "{name}");
}

/// A file's bytes, or for YAML and JSON what it says.
pub(crate) fn meaning(file: &str, written: &str) -> String {
    let is_yaml = file.ends_with(".yml") || file.ends_with(".yaml");
    let json = || serde_json::from_str::<serde_json::Value>(written).ok().map(|it| it.to_string());
    let said = if is_yaml { yaml(written) } else { json().filter(|_| file.ends_with(".json")) };
    said.unwrap_or_else(|| written.to_owned())
}

/// A file with its secrets between `«` and `»`.
pub(crate) fn marked(name: &str, text: &str) -> Labelled {
    let mut plain = String::new();
    let mut spans = Vec::new();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('«') {
        let (secret, behind) = behind.split_once('»').unwrap();
        plain.push_str(before);
        spans.push((plain.len(), plain.len() + secret.len()));
        plain.push_str(secret);
        rest = behind;
    }
    plain.push_str(rest);
    let findings = labels::at(&plain, &spans);
    Labelled { name: name.to_owned(), text: plain, fixable: vec![true; findings.len()], findings }
}

/// A task with these lines in a job.
pub(crate) fn job(task: &str) -> String {
    format!("job \"j\" {{\n  group \"g\" {{\n    task \"t\" {{\n{task}    }}\n  }}\n}}\n")
}

/// A task with these lines, as the API takes it.
pub(crate) fn api(task: &str) -> String {
    format!(
        "{{\n  \"Job\": {{\n    \"ID\": \"j\",\n    \"Name\": \"j\",\n    \"TaskGroups\": [\n      {{\n        \"Name\": \"g\",\n        \"Tasks\": [\n          {{\n            \"Name\": \"t\",\n{task}          }}\n        ]\n      }}\n    ]\n  }}\n}}\n"
    )
}
