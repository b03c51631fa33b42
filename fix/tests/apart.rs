//! Files of one run and one store: no workload comes to read what another of its name has.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test")]

use std::collections::{BTreeMap, BTreeSet};

use strongroom_fix::{Apart, File, Options, Plan, Together, plan};
use strongroom_scan::{Finding, Value, scan};

/// A value that nobody takes for a word.
fn secret(seed: usize) -> String {
    format!("Xk{seed}9dkfLq81mZpq{seed}")
}

fn job(values: &[(&str, &str)]) -> String {
    let env: String = values.iter().map(|(name, value)| format!("        {name} = \"{value}\"\n")).collect();
    format!(
        "job \"web\" {{\n  group \"g\" {{\n    task \"t\" {{\n      driver = \"docker\"\n      env {{\n{env}      }}\n    }}\n  }}\n}}\n"
    )
}

type Store = BTreeMap<(String, String), Value>;

/// Plans of the files (path below the project, text) as `secret fix` makes them; what they store is in the store then.
fn fixed(files: &[(&str, &str)], prefix: Option<&str>, store: &mut Store) -> Vec<Plan> {
    let options = Options { prefix: prefix.map(str::to_owned), ..Options::default() };
    let folders: Vec<String> =
        files.iter().map(|(path, _)| format!("shop/{path}").rsplit_once('/').unwrap().0.to_owned()).collect();
    let found: Vec<Vec<Finding>> = files.iter().map(|(name, text)| scan(name, text)).collect();
    let all = || {
        let files = files.iter().zip(&folders).zip(&found);
        files.map(|(((name, text), folder), found)| (File { name, text, folder }, found.as_slice()))
    };
    let mut together = Together::new(all(), &options);
    while together.part(store) {}
    let apart = together.apart();
    let mut plans = Vec::new();
    for ((file, found), apart) in all().zip(apart) {
        let plan = plan(&file, found, &Options { apart, taken: store.clone(), ..options.clone() });
        for it in &plan.entries {
            let name = (it.reference.path.clone(), it.reference.field.clone());
            let before = store.insert(name, it.value.clone());
            assert!(before.is_none_or(|before| before == it.value), "a value was overwritten");
        }
        plans.push(plan);
    }
    plans
}

/// What is read, and the policies.
fn told(plans: &[Plan]) -> Vec<String> {
    let access = plans.iter().flat_map(|it| &it.access);
    access.map(|it| format!("{}: {}", it.policy, it.reads.join(" "))).collect()
}

/// The access of each file's workloads in one run.
#[track_caller]
fn check(files: &[(&str, &str)], prefix: Option<&str>, expected: &[&str]) {
    let plans = fixed(files, prefix, &mut Store::new());
    assert_eq!(told(&plans), expected);
    // In any order, and a second time.
    let mut backwards = files.to_vec();
    backwards.reverse();
    let sorted = |plans: &[Plan]| told(plans).into_iter().collect::<BTreeSet<_>>();
    assert_eq!(sorted(&fixed(&backwards, prefix, &mut Store::new())), sorted(&plans));
    for ((name, text), plan) in files.iter().zip(&plans) {
        assert_eq!(scan(name, &plan.apply(text).unwrap()).len(), 0, "{name}");
    }
}

// Rule 118: two files that call a workload the same share neither path nor policy nor role, unless they are the same.
#[test]
fn jobs_of_one_name_are_told_apart_where_they_clash() {
    let (a, b) = (secret(1), secret(2));
    let (one, other) = (job(&[("DB_PASSWORD", &a)]), job(&[("DB_PASSWORD", &b)]));
    let both = [("staging/web.nomad.hcl", one.as_str()), ("production/web.nomad.hcl", &other)];
    check(
        &both,
        None,
        &["shop.staging.web: shop/staging/web/g/t", "shop.production.web: shop/production/web/g/t"],
    );
    check(&both[..1], None, &["web: web/g/t"]);
    let same = [("staging/web.nomad.hcl", one.as_str()), ("production/web.nomad.hcl", &one)];
    check(&same, None, &["web: web/g/t"; 2]);
    // Other names, and not to be shared all the same.
    let third = job(&[("API_TOKEN", &b)]);
    let both = [("staging/web.nomad.hcl", one.as_str()), ("web.nomad.hcl", &third)];
    check(&both, None, &["shop.staging.web: shop/staging/web/g/t", "shop.web: shop/web/g/t"]);
    let both = [("web-a.nomad.hcl", one.as_str()), ("web-b.nomad.hcl", &other)];
    check(&both, None, &["shop.web-a.web: shop/web-a/web/g/t", "shop.web-b.web: shop/web-b/web/g/t"]);
    let both = [("a/web.nomad.hcl", one.as_str()), ("b/web.nomad.hcl", &other)];
    check(&both, Some("p"), &["shop.a.web: p/shop/a/g/t", "shop.b.web: p/shop/b/g/t"]);
}

// Rule 118
#[test]
fn what_the_store_has_of_another_is_not_shared() {
    let (a, b) = (secret(1), secret(2));
    let (one, other) = (job(&[("DB_PASSWORD", &a)]), job(&[("DB_PASSWORD", &b)]));
    let mut store = Store::new();
    let run = |path: &str, text: &str, store: &mut Store| {
        let plans = fixed(&[(path, text)], None, store);
        (told(&plans), plans[0].apply(text).unwrap(), plans[0].notes.clone())
    };
    assert_eq!(run("staging/web.nomad.hcl", &one, &mut store).0, ["web: web/g/t"]);
    let (access, fixed, _) = run("production/web.nomad.hcl", &other, &mut store);
    assert_eq!(access, ["shop.production.web: shop/production/web/g/t"]);
    // The same again gives the same; and what comes later goes where the file's own references are.
    assert_eq!(run("production/web.nomad.hcl", &other, &mut store).0, access);
    assert_eq!(run("staging/web.nomad.hcl", &one, &mut store).0, ["web: web/g/t"]);
    let more = fixed.replace(
        "driver = \"docker\"",
        &format!("driver = \"docker\"\n      env {{\n        API_TOKEN = \"{}\"\n      }}", secret(3)),
    );
    let (later, _, notes) = run("production/web.nomad.hcl", &more, &mut store);
    assert_eq!(later[0].split(": ").nth(1), Some("shop/production/web/g/t"));
    assert!(!notes.iter().any(|it| it.contains("other fields")), "{notes:?}");
    // A path that has other names alone may be this job's; that it is not alone there is said.
    let third = job(&[("API_TOKEN", &secret(4))]);
    let (access, _, notes) = run("third/web.nomad.hcl", &third, &mut store);
    assert_eq!(access, ["web: web/g/t"]);
    assert!(notes.iter().any(|it| it.contains("secret/web/g/t has other fields")), "{notes:?}");
}

#[test]
fn files_are_known_by_their_folders() {
    let (a, b) = (format!("DB_PASSWORD={}\n", secret(1)), format!("DB_PASSWORD={}\n", secret(2)));
    check(
        &[("app1/.env", &a), ("app2/.env", &b), ("app2/.env.production", &a)],
        None,
        &[
            "env.shop.app1.env: env/shop/app1/env",
            "env.shop.app2.env: env/shop/app2/env",
            "env.shop.app2.env.production: env/shop/app2/env.production",
        ],
    );
    check(&[(".env", &a)], Some("p"), &["env.shop.env: p/env"]);
    check(
        &[("app1/.env", &a), ("app2/.env", &b)],
        Some("p"),
        &["env.shop.app1.env: p/shop/app1/env", "env.shop.app2.env: p/shop/app2/env"],
    );
}

fn deployment(name: &str, namespace: &str, values: &[(&str, &str)]) -> String {
    let env: String = values
        .iter()
        .map(|(name, value)| format!("            - name: {name}\n              value: {value}\n"))
        .collect();
    format!(
        "---\napiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: {name}\n  namespace: {namespace}\nspec:\n  template:\n    spec:\n      containers:\n        - name: c\n          image: x\n          env:\n{env}"
    )
}

// Rule 118: a pod may read its own values and those that it shares, each of these by itself.
#[test]
fn pods_of_one_manifest_read_their_own() {
    let (a, b, c) = (secret(1), secret(2), secret(3));
    let text = deployment("web", "shop", &[("A_PASSWORD", &a), ("B_PASSWORD", &b)])
        + &deployment("worker", "shop", &[("A_PASSWORD", &a), ("B_PASSWORD", &c)])
        + &deployment("web", "other", &[("B_PASSWORD", &c)]);
    let plans = fixed(&[("all.yaml", &text)], None, &mut Store::new());
    assert_eq!(
        told(&plans),
        [
            "kubernetes.shop.deployment.web: kubernetes/shop/deployment/shared/A_PASSWORD kubernetes/shop/deployment/web",
            "kubernetes.shop.deployment.worker: kubernetes/shared/B_PASSWORD kubernetes/shop/deployment/shared/A_PASSWORD",
            "kubernetes.other.deployment.web: kubernetes/shared/B_PASSWORD",
        ]
    );
    let roles: BTreeSet<&str> =
        plans[0].access.iter().map(|it| it.role.as_ref().unwrap().name.as_str()).collect();
    let files: BTreeSet<&str> = plans[0].beside.iter().map(|it| it.name.as_str()).collect();
    assert_eq!((roles.len(), files.len()), (3, 3));
    assert!(
        plans[0].notes.iter().any(|it| it
            .contains("deployment/web, deployment/worker logs in as the service account default of shop")),
        "{:?}",
        plans[0].notes
    );
    let (one, other) =
        (deployment("web", "shop", &[("A_PASSWORD", &a)]), deployment("web", "shop", &[("A_PASSWORD", &b)]));
    check(
        &[("staging/web.yaml", &one), ("production/web.yaml", &other)],
        None,
        &[
            "kubernetes.shop.staging.shop.deployment.web: kubernetes/shop/staging/shop/deployment/web",
            "kubernetes.shop.production.shop.deployment.web: kubernetes/shop/production/shop/deployment/web",
        ],
    );
}

// Rule 118: whoever applies a manifest elsewhere than it says would open the store to the wrong namespace.
#[test]
fn a_namespace_that_was_assumed_is_told() {
    let placed = deployment("web", "shop", &[("A_PASSWORD", &secret(1))]);
    for (text, expected) in [
        (placed.replace("  namespace: shop\n", ""), true),
        (placed.replace("namespace: shop", "namespace: \"\""), true),
        (placed.replace("namespace: shop", "namespace: default"), false),
        (placed, false),
    ] {
        let plans = fixed(&[("web.yaml", &text)], None, &mut Store::new());
        let notes = &plans[0].notes;
        let is_told = notes.iter().any(|it| it.starts_with("deployment/web without metadata.namespace"));
        assert_eq!(is_told, expected, "{notes:?}");
    }
}

/// Two of one name in one class.
#[test]
fn keys_of_a_class_are_distinct() {
    let (a, b) = (secret(1), secret(2));
    let text = deployment("web", "shop", &[("A_PASSWORD", &a), ("a.password", &b)])
        + &deployment("job", "shop", &[("A_PASSWORD", &a)]).replace("Deployment", "StatefulSet");
    let plans = fixed(&[("all.yaml", &text)], None, &mut Store::new());
    let class = &plans[0].beside[0].text;
    assert!(class.contains("key: A_PASSWORD\n") && class.contains("key: a_password_2\n"), "{class}");
    assert!(
        class.contains(
            "secretPath: secret/data/kubernetes/shop/shared/A_PASSWORD\n        secretKey: A_PASSWORD\n"
        ),
        "{class}"
    );
}

#[test]
fn jobs_of_one_file_share_a_value_and_no_more() {
    let (a, b) = (secret(1), secret(2));
    let text = job(&[("A_PASSWORD", &a), ("B_PASSWORD", &b)])
        + &job(&[("A_PASSWORD", &a)]).replace("\"web\"", "\"api\"");
    check(&[("jobs.nomad.hcl", &text)], None, &["web: shared/A_PASSWORD web/g/t", "api: shared/A_PASSWORD"]);
    check(
        &[("jobs.nomad.hcl", &text)],
        Some("p"),
        &["web: p/shared/A_PASSWORD p/web/g/t", "api: p/shared/A_PASSWORD"],
    );
}

// Rule 118: no name of a job, put together with its namespace or made fit for a path, is another's.
#[test]
fn jobs_of_two_namespaces_and_odd_names_are_told_apart() {
    let (a, b) = (secret(1), secret(2));
    let named = |name: &str, namespace: &str, value: &str| {
        let head = format!("job \"{name}\" {{\n  namespace = \"{namespace}\"");
        job(&[("DB_PASSWORD", value)]).replace("job \"web\" {", &head)
    };
    let check_pair = |one: (&str, &str), other: (&str, &str), expected: [&str; 2]| {
        let (one, other) = (named(one.0, one.1, &a), named(other.0, other.1, &b));
        check(&[("a.nomad.hcl", &one), ("b.nomad.hcl", &other)], None, &expected);
        check(&[("both.nomad.hcl", &format!("{one}{other}"))], None, &expected);
    };
    check_pair(
        ("z-orders", "default"),
        ("orders", "z"),
        ["z-orders: z-orders/g/t", "z__orders: z__orders/g/t"],
    );
    check_pair(
        ("z/orders", "default"),
        ("z-orders", "default"),
        ["z-orders___f8nmusj4clp76: z-orders___f8nmusj4clp76/g/t", "z-orders: z-orders/g/t"],
    );
    // The store reads capitals in the names of policies as small letters.
    check_pair(("Web", "default"), ("web", "default"), ["web___atim4: Web/g/t", "web: web/g/t"]);
}

#[test]
fn what_compose_merges_stays_in_one_place() {
    let service = |seed| {
        format!("services:\n  web:\n    image: w\n    environment:\n      DB_PASSWORD: {}\n", secret(seed))
    };
    let texts = [service(1), service(2), service(3)];
    let found: Vec<Vec<Finding>> = texts.iter().map(|it| scan("compose.yaml", it)).collect();
    let places =
        [("compose.yaml", "shop/a"), ("compose.yaml", "shop/b"), ("compose.override.yaml", "shop/b")];
    let files = places.iter().zip(&texts).zip(&found);
    let files = files.map(|(((name, folder), text), found)| (File { name, text, folder }, found.as_slice()));
    let options = Options { prefix: Some("team".to_owned()), ..Options::default() };
    let mut together = Together::new(files, &options);
    while together.part(&Store::new()) {}
    assert_eq!(together.apart(), [Apart::Folder; 3]);
}
