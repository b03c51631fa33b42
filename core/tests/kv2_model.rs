//! KV version 2 against a plain model of it: whatever is done in whatever order, both say the same.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Value, json};
use strongroom_core::{
    Error,
    request::Operation,
    testing::{Ask, TestCore, data},
};

const PATHS: [&str; 5] = ["a", "a/b", "a/b/c", "d/e", "f"];
const KEPT: usize = 10;

#[derive(Clone, Debug)]
enum Step {
    Put { path: usize, size: usize, cas: Option<u64> },
    Patch { path: usize, field: u8, remove: bool },
    DeleteLatest { path: usize },
    Delete { path: usize, versions: Vec<u64> },
    Undelete { path: usize, versions: Vec<u64> },
    Destroy { path: usize, versions: Vec<u64> },
    DeleteAll { path: usize },
}

fn step() -> impl Strategy<Value = Step> {
    let path = 0..PATHS.len();
    let versions = || prop::collection::vec(1..14_u64, 1..4);
    // Around the sizes where data moves out of the head and out of one chunk.
    let size = prop_oneof![8 => 0..50_usize, 1 => 32_700..32_800_usize, 1 => 65_000..132_000_usize];
    prop_oneof![
        6 => (path.clone(), size, prop::option::weighted(0.3, 0..6_u64))
            .prop_map(|(path, size, cas)| Step::Put { path, size, cas }),
        3 => (path.clone(), 0..4_u8, any::<bool>())
            .prop_map(|(path, field, remove)| Step::Patch { path, field, remove }),
        1 => path.clone().prop_map(|path| Step::DeleteLatest { path }),
        1 => (path.clone(), versions()).prop_map(|(path, versions)| Step::Delete { path, versions }),
        2 => (path.clone(), versions()).prop_map(|(path, versions)| Step::Undelete { path, versions }),
        1 => (path.clone(), versions()).prop_map(|(path, versions)| Step::Destroy { path, versions }),
        1 => path.prop_map(|path| Step::DeleteAll { path }),
    ]
}

#[derive(Clone, Debug)]
struct Version {
    data: Value,
    deleted: bool,
    destroyed: bool,
}

#[derive(Clone, Debug, Default)]
struct Secret {
    current: u64,
    versions: BTreeMap<u64, Version>,
}

impl Secret {
    fn add(&mut self, data: Value) {
        self.current += 1;
        self.versions.insert(self.current, Version { data, deleted: false, destroyed: false });
        while self.versions.len() > KEPT {
            self.versions.pop_first();
        }
    }

    fn latest(&mut self) -> Option<&mut Version> {
        self.versions.get_mut(&self.current)
    }
}

#[derive(Default)]
struct Model(BTreeMap<&'static str, Secret>);

impl Model {
    /// The status that is answered.
    fn apply(&mut self, step: &Step, at: usize) -> u16 {
        match step {
            Step::Put { path, size, cas } => {
                let current = self.0.get(PATHS[*path]).map_or(0, |it| it.current);
                if cas.is_some_and(|it| it != current) {
                    return 400;
                }
                self.0.entry(PATHS[*path]).or_default().add(value(*size, at));
                200
            }
            Step::Patch { path, field, remove } => {
                let Some(secret) = self.0.get_mut(PATHS[*path]) else { return 404 };
                let Some(latest) = secret.latest().filter(|it| !it.deleted && !it.destroyed) else {
                    return 404;
                };
                let mut data = latest.data.clone();
                match remove {
                    true => drop(data.as_object_mut().unwrap().remove(&format!("f{field}"))),
                    false => data[format!("f{field}")] = json!(at),
                }
                secret.add(data);
                200
            }
            Step::DeleteLatest { path } => {
                if let Some(latest) = self.0.get_mut(PATHS[*path]).and_then(Secret::latest) {
                    latest.deleted |= !latest.destroyed;
                }
                204
            }
            Step::Delete { path, versions } => self.each(path, versions, |it| it.deleted |= !it.destroyed),
            Step::Undelete { path, versions } => self.each(path, versions, |it| it.deleted &= it.destroyed),
            Step::Destroy { path, versions } => self.each(path, versions, |it| it.destroyed = true),
            Step::DeleteAll { path } => {
                self.0.remove(PATHS[*path]);
                204
            }
        }
    }

    fn each(&mut self, path: &usize, versions: &[u64], change: impl Fn(&mut Version)) -> u16 {
        if let Some(secret) = self.0.get_mut(PATHS[*path]) {
            secret.versions.iter_mut().filter(|(it, _)| versions.contains(it)).for_each(|(_, it)| change(it));
        }
        204
    }

    fn list(&self, folder: &str) -> Vec<String> {
        let mut names: Vec<String> = self
            .0
            .keys()
            .filter_map(|path| path.strip_prefix(folder))
            .map(|rest| rest.split_once('/').map_or(rest.to_owned(), |(first, _)| format!("{first}/")))
            .collect();
        names.sort();
        names.dedup();
        names
    }
}

fn value(size: usize, at: usize) -> Value {
    json!({ "at": at, "fill": "x".repeat(size) })
}

async fn real(test: &TestCore, step: &Step, at: usize) -> u16 {
    let (operation, path, body) = match step {
        Step::Put { path, size, cas } => {
            let options = cas.map(|cas| json!({ "cas": cas }));
            let body = json!({ "data": value(*size, at), "options": options });
            (Operation::Write, format!("data/{}", PATHS[*path]), body)
        }
        Step::Patch { path, field, remove } => {
            let new = if *remove { Value::Null } else { json!(at) };
            let body = json!({ "data": { format!("f{field}"): new } });
            (Operation::Patch, format!("data/{}", PATHS[*path]), body)
        }
        Step::DeleteLatest { path } => (Operation::Delete, format!("data/{}", PATHS[*path]), Value::Null),
        Step::Delete { path, versions } => {
            (Operation::Write, format!("delete/{}", PATHS[*path]), json!({ "versions": versions }))
        }
        Step::Undelete { path, versions } => {
            (Operation::Write, format!("undelete/{}", PATHS[*path]), json!({ "versions": versions }))
        }
        Step::Destroy { path, versions } => {
            (Operation::Write, format!("destroy/{}", PATHS[*path]), json!({ "versions": versions }))
        }
        Step::DeleteAll { path } => (Operation::Delete, format!("metadata/{}", PATHS[*path]), Value::Null),
    };
    match test.ask(Ask { body, ..Ask::new(operation, &format!("secret/{path}")) }).await {
        Ok(answer) if answer.is_empty() => 204,
        Ok(answer) => answer.status.unwrap_or(200),
        Err(Error::Invalid(_)) => 400,
        Err(error) => panic!("{step:?}: {error}"),
    }
}

async fn check(test: &TestCore, model: &Model) {
    for path in PATHS {
        let secret = model.0.get(path).cloned().unwrap_or_default();
        for version in 0..=secret.current + 1 {
            let named = if version == 0 { secret.current } else { version };
            let body = json!({ "version": version });
            let asked =
                test.ask(Ask { body, ..Ask::new(Operation::Read, &format!("secret/data/{path}")) }).await;
            match (asked, secret.versions.get(&named)) {
                (Ok(answer), Some(expected)) => {
                    let live = !expected.deleted && !expected.destroyed;
                    assert_eq!(answer.status, (!live).then_some(404), "{path} {version}");
                    let shown = data(&answer);
                    let data = if live { expected.data.clone() } else { Value::Null };
                    assert_eq!(shown["data"], data, "{path} {version}");
                    assert_eq!(shown["metadata"]["version"], named);
                    assert_eq!(shown["metadata"]["destroyed"], expected.destroyed);
                }
                (Err(Error::NotFound), None) => {}
                (asked, expected) => panic!("{path} {version}: {asked:?}, not {expected:?}"),
            }
        }
        let shown = test.read(&format!("secret/metadata/{path}")).await.map(|it| data(&it));
        match shown {
            Ok(shown) => {
                assert_eq!(shown["current_version"], secret.current);
                let versions: Vec<_> = secret.versions.keys().map(u64::to_string).collect();
                let mut shown: Vec<_> = shown["versions"].as_object().unwrap().keys().cloned().collect();
                shown.sort_by_key(|it| it.parse::<u64>().unwrap());
                assert_eq!(shown, versions);
            }
            Err(_) => assert!(!model.0.contains_key(path)),
        }
    }
    for folder in ["", "a/", "a/b/", "d/"] {
        let listed: Vec<String> = match test.list(&format!("secret/metadata/{folder}")).await {
            Ok(answer) => serde_json::from_value(data(&answer)["keys"].clone()).unwrap(),
            Err(_) => Vec::new(),
        };
        assert_eq!(listed, model.list(folder), "{folder}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]
    #[test]
    fn any_sequence_of_requests_answers_as_the_model_does(steps in prop::collection::vec(step(), 1..60)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let test = TestCore::new().await;
            let mut model = Model::default();
            for (at, step) in steps.iter().enumerate() {
                let expected = model.apply(step, at);
                assert_eq!(real(&test, step, at).await, expected, "{step:?}");
            }
            check(&test, &model).await;
        });
    }
}
