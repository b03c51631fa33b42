//! `secret fix` on Nomad jobs, against a server of the same binary: which job may read what.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test"
)]

mod shared;

use std::fs;

use serde_json::Value;
use shared::Server;

/// A value that nobody takes for a word.
fn secret(seed: usize) -> String {
    format!("Xk{seed}9dkfLq81mZpq{seed}")
}

/// A job with these lines in it, and these in its task.
fn job(name: &str, head: &str, task: &str) -> String {
    format!(
        "job \"{name}\" {{\n{head}  group \"g\" {{\n    task \"t\" {{\n      driver = \"docker\"\n\n{task}    }}\n  }}\n}}\n"
    )
}

fn env(seed: usize) -> String {
    format!("      env {{\n        DB_PASSWORD = \"{}\"\n      }}\n", secret(seed))
}

/// A server where tasks can log in.
fn server() -> Server {
    let server = Server::start();
    server.ok(&["auth", "enable", "-path=jwt-nomad", "jwt"]);
    server
}

/// Exit status, and all that was said.
fn fix(server: &Server, options: &[&str], file: &str) -> (i32, String) {
    let ran = server.run(&[&["fix"], options, &[file]].concat(), "root", "");
    let text = [ran.stdout, ran.stderr].concat();
    (ran.status.code().unwrap(), String::from_utf8(text).unwrap())
}

fn role(server: &Server, name: &str) -> Value {
    let read = server.ok(&["read", "-format=json", &format!("auth/jwt-nomad/role/{name}")]);
    let role: Value = serde_json::from_str(&read).unwrap();
    role.get("data").cloned().unwrap_or(role)
}

// Rule 118: jobs whose names are alike get neither each other's policy nor each other's role.
#[test]
fn jobs_of_two_namespaces_never_share_a_policy_or_a_role() {
    let server = server();
    let one = server.file("a.nomad.hcl", &job("z-orders", "", &env(1)));
    let other = server.file("b.nomad.hcl", &job("orders", "  namespace = \"z\"\n", &env(2)));
    for file in [&one, &other] {
        let (code, told) = fix(&server, &["-yes", "-apply"], file);
        assert_eq!(code, 0, "{told}");
    }
    for (name, path, id, file) in
        [("z-orders", "z-orders/g/t", "z-orders", one), ("z__orders", "z__orders/g/t", "orders", other)]
    {
        let policy = server.ok(&["policy", "read", name]);
        assert_eq!(policy.matches("path \"").count(), 1, "{policy}");
        assert!(policy.contains(&format!("path \"secret/data/{path}\"")), "{policy}");
        assert_eq!(role(&server, name)["bound_claims"]["nomad_job_id"], id);
        assert!(fs::read_to_string(file).unwrap().contains(&format!("role         = \"{name}\"")));
    }
}

#[test]
fn a_role_of_another_job_stops_the_run_before_anything_is_changed() {
    let server = server();
    let vault = "      vault {\n        role = \"shared\"\n      }\n\n";
    let text = job("orders", "", &format!("{vault}{}", env(1)));
    let file = server.file("a.nomad.hcl", &text);
    let fields = serde_json::json!({
        "role_type": "jwt", "user_claim": "/nomad_job_id", "user_claim_json_pointer": true,
        "bound_audiences": "vault.io", "bound_claims": { "nomad_job_id": "billing" },
    });
    server.ok_with(&["write", "auth/jwt-nomad/role/shared", "-"], &fields.to_string());
    let (code, told) = fix(&server, &["-yes", "-apply"], &file);
    assert_eq!(code, 2, "{told}");
    for it in [
        "nothing was changed",
        "nomad_job_id = billing",
        "nomad_job_id = orders",
        "add the job to bound_claims",
    ] {
        assert!(told.contains(it), "{it} is not in {told}");
    }
    assert_eq!(fs::read_to_string(&file).unwrap(), text);
    assert!(!server.ok(&["policy", "list"]).contains("shared"));
}

#[test]
fn a_new_policy_allows_what_the_jobs_templates_read_before() {
    let server = server();
    let task = |policy: &str| {
        format!(
            "      vault {{\n        role = \"{policy}\"\n      }}\n\n      template {{\n        destination = \"local/a.conf\"\n        data = <<EOT\n{{{{ with secret \"secret/data/{policy}/db\" }}}}{{{{ .Data.data.user }}}}{{{{ end }}}}\n{{{{ with secret \"kv/data/shipping/db\" }}}}{{{{ .Data.data.user }}}}{{{{ end }}}}\nEOT\n      }}\n\n{}",
            env(1)
        )
    };
    let file = server.file("a.nomad.hcl", &job("orders", "", &task("o")));
    let (code, told) = fix(&server, &["-yes", "-apply"], &file);
    assert_eq!(code, 0, "{told}");
    let policy = server.ok(&["policy", "read", "o"]);
    for path in ["orders/g/t", "o/db"] {
        assert!(
            policy.contains(&format!("path \"secret/data/{path}\" {{\n  capabilities = [\"read\"]")),
            "{policy}"
        );
    }
    assert!(policy.contains("path \"kv/data/shipping/db\" {\n  capabilities = [\"read\"]"), "{policy}");
    assert_eq!(policy.matches("path \"").count(), 3, "{policy}");
    // A policy that allows it with a pattern is not told again: the exact rule would be all that holds there.
    let rules = server.file("p.hcl", "path \"secret/data/p/*\" { capabilities = [\"read\", \"update\"] }");
    server.ok(&["policy", "write", "p", &rules]);
    let file = server.file("b.nomad.hcl", &job("payments", "", &task("p")));
    let (code, told) = fix(&server, &["-yes", "-apply"], &file);
    assert_eq!(code, 0, "{told}");
    let policy = server.ok(&["policy", "read", "p"]);
    assert!(!policy.contains("p/db") && policy.contains("kv/data/shipping/db"), "{policy}");
}

#[test]
fn a_job_whose_name_is_computed_is_left_unless_a_prefix_stands_for_it() {
    let server = server();
    let text = job("vars-${var.region}", "", &env(1)) + "\nvariable \"region\" {\n  default = \"eu\"\n}\n";
    let file = server.file("a.nomad.hcl", &text);
    let (code, told) = fix(&server, &["-yes", "-apply"], &file);
    assert_eq!(code, 1, "{told}");
    assert!(told.contains("is an expression") && told.contains("-prefix"), "{told}");
    assert_eq!(fs::read_to_string(&file).unwrap(), text);
    assert!(!server.ok(&["policy", "list"]).contains("vars"));
    let (code, told) = fix(&server, &["-yes", "-apply", "-prefix=default/vars"], &file);
    assert_eq!(code, 0, "{told}");
    assert!(told.contains("no role is made") && told.contains("nomad.default.vars"), "{told}");
    let policy = server.ok(&["policy", "read", "nomad.default.vars"]);
    assert!(policy.contains("path \"secret/data/default/vars/g/t\""), "{policy}");
    let fixed = fs::read_to_string(&file).unwrap();
    assert!(
        fixed.contains("role         = \"nomad.default.vars\"") && !fixed.contains(&secret(1)),
        "{fixed}"
    );
}

#[test]
fn a_password_without_effect_goes_and_undo_brings_it_back() {
    let server = server();
    let file = server.file("a.nomad.hcl", &job("orders", "", &env(1)));
    assert_eq!(fix(&server, &["-yes", "-apply"], &file).0, 0);
    let fixed = fs::read_to_string(&file).unwrap();
    let back = fixed.replace("driver = \"docker\"\n", &format!("driver = \"docker\"\n\n{}", env(2)));
    fs::write(&file, &back).unwrap();
    let (code, told) = fix(&server, &["-yes", "-apply"], &file);
    assert_eq!(code, 0, "{told}");
    assert!(told.contains("DB_PASSWORD in env had no effect"), "{told}");
    assert!(!fs::read_to_string(&file).unwrap().contains(&secret(2)));
    let kept = server.ok(&["kv", "get", "-format=json", "secret/orders/g/t"]);
    assert!(kept.contains(&secret(1)) && !kept.contains(&secret(2)) && !kept.contains("DB_PASSWORD_2"));
    assert_eq!(fix(&server, &["-yes", "-undo"], &file).0, 0);
    assert_eq!(fs::read_to_string(&file).unwrap(), back);
}

/// A role as `secret fix` writes it, but for its claims and what it gives.
fn role_with(server: &Server, name: &str, claims: &Value) {
    let fields = serde_json::json!({
        "role_type": "jwt", "user_claim": "/nomad_job_id", "user_claim_json_pointer": true, "token_ttl": 600,
        "bound_audiences": "theirs", "bound_claims": claims, "token_policies": ["theirs"],
    });
    server.ok_with(&["write", &format!("auth/jwt-nomad/role/{name}"), "-"], &fields.to_string());
}

#[test]
fn a_role_of_the_job_itself_gets_the_policy_and_keeps_all_else() {
    let server = server();
    role_with(
        &server,
        "orders",
        &serde_json::json!({ "nomad_job_id": "orders", "nomad_namespace": "default" }),
    );
    let before = role(&server, "orders");
    let file = server.file("a.nomad.hcl", &job("orders", "", &env(1)));
    // What is printed does the same.
    let (_, told) = fix(&server, &["-dry-run"], &file);
    let command = "secret write auth/jwt-nomad/role/orders - <<'EOF'\n";
    let (_, pasted) = told.split_once(command).unwrap();
    server.ok_with(&["write", "auth/jwt-nomad/role/orders", "-"], pasted.split_once("EOF").unwrap().0);
    let expected = |mut it: Value| {
        it["token_policies"] = serde_json::json!(["theirs", "orders"]);
        it
    };
    assert_eq!(role(&server, "orders"), expected(before.clone()));

    role_with(
        &server,
        "orders",
        &serde_json::json!({ "nomad_job_id": "orders", "nomad_namespace": "default" }),
    );
    let (code, told) = fix(&server, &["-yes", "-apply"], &file);
    assert!(code == 0 && told.contains("role/orders: policy added"), "{told}");
    assert_eq!(role(&server, "orders"), expected(before));
}

// Rule 118: who logs in with the same role gets nothing by a fix of another's file.
#[test]
fn a_role_that_lets_in_others_too_is_not_given_the_policy() {
    let server = server();
    let text = job("orders", "", &env(1));
    let file = server.file("a.nomad.hcl", &text);
    for claims in [
        serde_json::json!({ "nomad_job_id": ["orders", "billing"], "nomad_namespace": "default" }),
        serde_json::json!({ "nomad_namespace": "default" }),
        Value::Null,
    ] {
        role_with(&server, "orders", &claims);
        let (code, told) = fix(&server, &["-yes", "-apply"], &file);
        assert_eq!(code, 2, "{told}");
        for it in ["nothing was changed", "does not give the policy orders", "bind it to this workload alone"]
        {
            assert!(told.contains(it), "{it} is not in {told}");
        }
        assert_eq!(fs::read_to_string(&file).unwrap(), text);
        assert_eq!(role(&server, "orders")["token_policies"], serde_json::json!(["theirs"]));
        assert!(!server.ok(&["policy", "list"]).contains("orders"));
    }
}

#[test]
fn jobs_of_two_files_that_name_one_role_log_in_to_it_both() {
    let server = server();
    let vault = "      vault {\n        role = \"team\"\n      }\n\n";
    let one = server.file("a.nomad.hcl", &job("orders", "", &format!("{vault}{}", env(1))));
    let other = server.file("b.nomad.hcl", &job("billing", "", &format!("{vault}{}", env(2))));
    let (code, told) = fix(&server, &["-yes", "-apply", &one], &other);
    assert_eq!(code, 0, "{told}");
    assert_eq!(
        role(&server, "team")["bound_claims"]["nomad_job_id"],
        serde_json::json!(["orders", "billing"])
    );
    let policy = server.ok(&["policy", "read", "team"]);
    assert!(
        policy.contains("secret/data/orders/g/t") && policy.contains("secret/data/billing/g/t"),
        "{policy}"
    );
}
