//! What a container or a service gets is what it had: with what the scanner finds itself, in every way to write it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "a test")]

use strongroom_fix::{File, Options, Plan, plan};
use strongroom_scan::scan;

fn fixed(name: &str, text: &str) -> (Plan, String) {
    let made = plan(&File { name, text, folder: "" }, &scan(name, text), &Options::default());
    let fixed = made.apply(text).expect("the edits fit");
    (made, fixed)
}

/// What goes into the store, and what stands in the file then.
#[track_caller]
fn check(name: &str, text: &str, stored: &[&str], written: &str) {
    let (plan, fixed) = fixed(name, text);
    let values: Vec<&str> = plan.entries.iter().map(|it| it.value.expose()).collect();
    assert_eq!(values, stored, "{text}");
    assert!(fixed.contains(written), "{fixed}");
}

/// A pod with these lines in its container.
fn pod(lines: &str) -> String {
    let lines: String = lines.lines().map(|it| format!("      {it}\n")).collect();
    format!("apiVersion: v1\nkind: Pod\nmetadata:\n  name: p\nspec:\n  containers:\n    - name: c\n{lines}")
}

fn service(lines: &str) -> String {
    let lines: String = lines.lines().map(|it| format!("    {it}\n")).collect();
    format!("services:\n  web:\n    image: web:1\n{lines}")
}

/// In a pod and in a service alike.
#[track_caller]
fn check_both(pod_lines: &str, service_lines: &str, stored: &str) {
    check("pod.yaml", &pod(pod_lines), &[stored], "$(");
    check("compose.yaml", &service(service_lines), &[stored], "${");
}

#[test]
fn of_a_part_the_files_own_escapes_are_undone_and_the_inner_ones_stay() {
    let login = |value: &str| {
        (format!("env:\n  - name: LOGIN\n    value: {value}\n"), format!("environment:\n  LOGIN: {value}\n"))
    };
    for (value, stored) in [
        (r#"'{"password":"it''s-Otter-02"}'"#, "it's-Otter-02"),
        (r#""{\"password\":\"Two\\\"Otter-06\"}""#, r#"Two\"Otter-06"#),
        (r#"'{"password":"Two\"Otter-06"}'"#, r#"Two\"Otter-06"#),
        ("postgres://u:Kiln%40Otter-31@h/d", "Kiln%40Otter-31"),
        (r#""postgres://u:Kiln\x2dOtter%40-31@h/d""#, "Kiln-Otter%40-31"),
    ] {
        let (pod, service) = login(value);
        check_both(&pod, &service, stored);
    }
    for (line, stored) in [
        (r#"command: ["sh", "-c", "PGPASSWORD='Esc\\Otter-01' psql"]"#, r"Esc\Otter-01"),
        (r#"command: ["sh", "-c", 'PGPASSWORD="Esc\\Otter-01" psql']"#, r"Esc\\Otter-01"),
    ] {
        check_both(line, line, stored);
    }
}

#[test]
fn the_line_end_of_a_block_stays_one() {
    check(
        "pod.yaml",
        &pod("env:\n  - name: DB_PASSWORD\n    value: |\n      Kiln-Otter-31\n  - name: B\n    value: x\n"),
        &["Kiln-Otter-31"],
        "value: |\n            $(DB_PASSWORD_SECRET)\n        - name: B\n",
    );
    check(
        "compose.yaml",
        &service("environment:\n  DB_PASSWORD: |\n    Kiln-Otter-31\n  B: x\n"),
        &["Kiln-Otter-31"],
        "DB_PASSWORD: |\n        ${DB_PASSWORD:?use-secret-run}\n      B: x\n",
    );
}

/// And undoes nothing in what it takes from a Secret.
#[test]
fn kubelet_makes_one_dollar_of_two_where_it_fills_in() {
    for (lines, stored) in [
        ("env:\n  - name: DB_PASSWORD\n    value: Kiln$$Otter-73\n", "Kiln$Otter-73"),
        ("env:\n  - name: DB_PASSWORD\n    value: \"Kiln$$$Otter-73\"\n", "Kiln$$Otter-73"),
        ("env:\n  - name: DB_PASSWORD\n    value: Kiln$Otter-73\n", "Kiln$Otter-73"),
        ("env:\n  - name: DB_PASSWORD\n    value: Kiln$(a-b$$c)$$Otter-73\n", "Kiln$(a-b$$c)$Otter-73"),
        ("env:\n  - name: DSN\n    value: postgres://u:Kiln$$Otter%4073@h/d\n", "Kiln$Otter%4073"),
        ("args: [\"--password=Kiln$$(Otter)-71\"]\n", "Kiln$(Otter)-71"),
        ("command: [serve, \"--token\", \"tok$$en-Otter-772\"]\n", "tok$en-Otter-772"),
        ("command: [sh, -c, \"PGPASSWORD='Kiln$$Otter-106' psql\"]\n", "Kiln$Otter-106"),
    ] {
        check("pod.yaml", &pod(lines), &[stored], "strongroom");
    }
    let map = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: x\ndata:\n  DB_PASSWORD: Kiln$$Otter-73\n";
    check("map.yaml", map, &["Kiln$$Otter-73"], "DB_PASSWORD: {{");
}

#[test]
fn compose_makes_one_dollar_of_two_in_a_health_check_too() {
    for test in [
        r#"["CMD-SHELL", "PGPASSWORD='Kiln$$Otter-106' psql"]"#,
        r#"["CMD", "psql", "--password=Kiln$$Otter-106"]"#,
        r#""PGPASSWORD='Kiln$$Otter-106' psql""#,
    ] {
        let service = service(&format!("healthcheck:\n  test: {test}\n"));
        check("compose.yaml", &service, &["Kiln$Otter-106"], "${P");
    }
}

/// All of it is left, for that reason, and nothing is stored.
#[track_caller]
fn left(name: &str, text: &str, reason: &str) {
    let (plan, fixed) = fixed(name, text);
    assert!(
        plan.entries.is_empty() && plan.beside.is_empty() && plan.access.is_empty() && fixed == text,
        "{fixed}"
    );
    assert!(!plan.left.is_empty(), "{text}");
    for it in &plan.left {
        assert!(it.reason.contains(reason), "{}", it.reason);
    }
}

#[test]
fn what_an_alias_takes_into_another_container_is_left() {
    let env = "env:\n  - name: DB_PASSWORD\n    value:";
    let other = |lines: &str| {
        let lines: String = lines.lines().map(|it| format!("      {it}\n")).collect();
        format!("    - name: d\n{lines}")
    };
    for (one, two) in [
        (format!("{env} &pw Kiln-Otter-31\n"), format!("{env} *pw\n")),
        (format!("{env} &pw 'postgres://u:Kiln-Otter-31@h/d'\n"), format!("{env} *pw\n")),
        (format!("{env} &pw |\n      Kiln-Otter-31\n"), format!("{env} *pw\n")),
        ("env: &all\n  - name: DB_PASSWORD\n    value: Kiln-Otter-31\n".to_owned(), "env: *all\n".to_owned()),
        ("env: &all\n- name: DB_PASSWORD\n  value: Kiln-Otter-31\n".to_owned(), "env: *all\n".to_owned()),
        ("args: [&a \"--password=Kiln-Otter-31\"]\n".to_owned(), "args: [*a]\n".to_owned()),
        ("args: &a\n  - --password=Kiln-Otter-31\n".to_owned(), "args: *a\n".to_owned()),
        (
            "env:\n  - &db {name: DB_PASSWORD, value: Kiln-Otter-31}\n".to_owned(),
            "env:\n  - *db\n".to_owned(),
        ),
        (
            "env:\n  - &db\n    name: DB_PASSWORD\n    value: Kiln-Otter-31\n".to_owned(),
            "env:\n  - *db\n".to_owned(),
        ),
    ] {
        left("pod.yaml", &(pod(&one) + &other(&two)), "an alias (`*name`)");
    }
    let whole = pod(&format!("{env} Kiln-Otter-31\n")).replace("- name: c\n", "- &c\n      name: c\n");
    left("pod.yaml", &format!("{whole}{}", other("<<: *c\n")), "an alias (`*name`)");
    check("pod.yaml", &whole, &["Kiln-Otter-31"], "secretKeyRef:");
}

#[test]
fn an_anchor_without_an_alias_is_no_hindrance() {
    let list = "env: &common\n  - name: DB_PASSWORD\n    value: Kiln-Otter-31\n";
    check("pod.yaml", &pod(list), &["Kiln-Otter-31"], "secretKeyRef:");
    let value = "env:\n  - name: DB_PASSWORD\n    value: &pw Kiln-Otter-31\n";
    check("pod.yaml", &pod(value), &["Kiln-Otter-31"], "value: &pw $(DB_PASSWORD_SECRET)\n");
}

#[test]
fn objects_in_one_list_are_left() {
    let item = |name: &str| {
        format!(
            "- apiVersion: v1\n  kind: Pod\n  metadata:\n    name: {name}\n    namespace: live\n  spec:\n    containers:\n      - name: c\n        args: [\"--password=Kiln-Otter-32\"]\n        env:\n          - name: DB_PASSWORD\n            value: Kiln-Otter-31\n"
        )
    };
    for kind in ["List", "PodList"] {
        let text = format!("apiVersion: v1\nkind: {kind}\nitems:\n{}{}", item("a"), item("b"));
        left("list.yaml", &text, "a list of objects");
        let secret =
            "apiVersion: v1\nkind: Secret\nmetadata:\n  name: s\nstringData:\n  password: Kiln-Otter-33\n";
        check("all.yaml", &format!("{text}---\n{secret}"), &["Kiln-Otter-33"], "default/secret/s");
    }
}

#[test]
fn a_reason_names_what_is_in_the_way() {
    let env = "env:\n  - name: DB_PASSWORD\n    value: Kiln-Otter-31\n";
    let check = |lines: &str, reason: &str| left("pod.yaml", &pod(lines), reason);
    check(&format!("volumeMounts: []\n{env}"), "`volumeMounts` is written on one line");
    check("env: []\nargs: [\"--password=Kiln-Otter-31\"]\n", "`env` is written on one line");
    check("env: *common\nargs: [\"--password=Kiln-Otter-31\"]\n", "is an alias");
    let probe = "exec:\n      command: [psql, \"--password=Kiln-Otter-31\"]\n";
    check(&format!("livenessProbe:\n  {probe}"), "a probe");
    check(
        &format!("lifecycle:\n  preStop:\n    {probe}").replace("      command", "        command"),
        "a hook",
    );
    left("pod.yaml", &(pod(env) + "  volumes: []\n"), "the pod's `volumes` is written on one line");
    let flow = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: p\nspec:\n  containers: [{name: c, env: [{name: DB_PASSWORD, value: Kiln-Otter-31}]}]\n";
    left("pod.yaml", flow, "the pod is written on one line");
}

#[test]
fn what_kustomize_reads_is_no_template() {
    let text = "secretGenerator:\n  - name: db\n    literals:\n      - DB_PASSWORD=Kiln-Otter-31\n";
    let with_kind = format!("apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n{text}");
    for name in ["kustomization.yaml", "base/kustomization.yml"] {
        left(name, text, "kustomize reads this file");
        left(name, &with_kind, "kustomize reads this file");
    }
}

#[test]
fn of_json_it_is_said_that_its_other_syntax_is_rewritten() {
    let service =
        r#"{"services": {"web": {"image": "web:1", "environment": {"DB_PASSWORD": "Kiln-Otter-31"}}}}"#;
    left("docker-compose.json", service, "Compose files in JSON");
    left(
        "main.tf.json",
        r#"{"resource": {"x": {"y": {"password": "Kiln-Otter-31"}}}}"#,
        "Terraform's files in JSON",
    );
    left("a/x.auto.tfvars.json", r#"{"db_password": "Kiln-Otter-31"}"#, "Terraform's files in JSON");
}
