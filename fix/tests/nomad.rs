//! Jobs of Nomad, before and after.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test"
)]

mod interpret;
mod jobs;
mod labels;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use interpret::{Store, interpret};
use jobs::{api, check_same, fixed, job, marked, planned, store};
use labels::{Labelled, corpus, family};
use strongroom_fix::{Access, File, Options, Plan, Role, Style, plan};
use strongroom_scan::Finding;

/// The corpus's own scorer finds nothing to say about the rewritten files.
#[track_caller]
fn check_score(out: &str, findings: impl Fn(&Labelled) -> Vec<Finding>) {
    let out = Path::new(env!("CARGO_TARGET_TMPDIR")).join(out);
    fs::create_dir_all(out.join("nomad")).unwrap();
    for file in family("nomad") {
        let plan = plan(
            &File { name: &file.name, text: &file.text, folder: "" },
            &findings(&file),
            &Options::default(),
        );
        fs::write(out.join(&file.name), plan.apply(&file.text).unwrap()).unwrap();
    }
    let score = Command::new("python3")
        .arg(corpus().join("score.py"))
        .args(["--only", "nomad/", "--verbose", "--fixed"])
        .arg(&out)
        .output()
        .unwrap();
    assert!(score.status.success(), "{}", String::from_utf8_lossy(&score.stdout));
}

#[test]
fn the_corpus_is_rewritten() {
    check_score("labelled", |file| file.findings.clone());
    check_score("scanned", |file| strongroom_scan::scan(&file.name, &file.text));
}

#[test]
fn what_stays_has_a_reason_and_a_way() {
    for file in family("nomad") {
        let plan = planned(&file);
        let mut left: Vec<usize> = plan.left.iter().map(|it| it.finding).collect();
        left.sort_unstable();
        let expected: Vec<usize> = (0..file.fixable.len()).filter(|it| !file.fixable[*it]).collect();
        assert_eq!(left, expected, "{}", file.name);
        assert!(plan.left.iter().all(|it| !it.reason.is_empty() && !it.nearest.is_empty()));
    }
}

/// What the plan puts into the store, by path.
#[test]
fn each_task_gets_what_it_got() {
    for file in family("nomad") {
        if file.name.ends_with(".tpl")
            || file.name.contains("csi-volume")
            || file.name.contains("agent-server")
        {
            continue;
        }
        let (plan, text) = fixed(&file);
        check_same(&file.name, &file.text, &plan, &text);
    }
}

/// Fixes a job, and looks for texts that it must have then. The task gets what it got.
#[track_caller]
fn check(name: &str, text: &str, expected: &[&str]) {
    check_with(&Options::default(), name, text, expected);
}

#[track_caller]
fn check_with(options: &Options, name: &str, text: &str, expected: &[&str]) {
    let file = marked(name, text);
    let plan = plan(&File { name, text: &file.text, folder: "" }, &file.findings, options);
    assert!(plan.left.is_empty(), "{:?}", plan.left);
    let fixed = plan.apply(&file.text).unwrap();
    check_same(name, &file.text, &plan, &fixed);
    for it in expected {
        assert!(fixed.contains(it), "{it} is not in\n{fixed}");
    }
    for it in &file.findings {
        let secret = it.span.of(&file.text);
        assert!(secret.len() < 6 || !fixed.contains(secret), "{secret} is still in\n{fixed}");
    }
}

/// The finding stays, for this reason.
#[track_caller]
fn check_left(text: &str, reason: &str) {
    let file = marked("j.nomad.hcl", text);
    let (plan, fixed) = fixed(&file);
    assert_eq!(fixed, file.text);
    assert!(plan.entries.is_empty() && plan.access.is_empty(), "{:?}", plan.entries);
    assert!(
        plan.left.len() == file.findings.len() && plan.left[0].reason.contains(reason),
        "{:?}",
        plan.left
    );
}

#[test]
fn variables_of_all_shapes() {
    let env = |lines: &str| job(&format!("      env {{\n{lines}      }}\n"));
    let check = |lines: &str, expected: &str| check("j.nomad.hcl", &env(lines), &[expected]);
    check("        A = \"«geheim-1»\"\n        B = 1\n", "A={{ .Data.data.A | toJSON }}\n");
    check("        A = \"u:«p#ss \\\"1»@h\"\n", "A={{ print \"u:\" .Data.data.A \"@h\" | toJSON }}\n");
    check(
        "        A = \"x://u:«p-7»@h/#x\"\n",
        "print \"x://u:\" (.Data.data.A | urlquery | replaceAll \"+\" \"%20\") \"@h/#x\"",
    );
    check("        A = \"PWD={«geheim-1»};\"\n", "print \"PWD={\" .Data.data.A \"};\"");
    check(
        "        A = \"x://{«geheim-1»}\"\n",
        "print \"x://{\" (.Data.data.A | urlquery | replaceAll \"+\" \"%20\") \"}\"",
    );
    check("        A = \"a{{b:«geheim-1»\"\n", "print \"a{{b:\" .Data.data.A | toJSON");
    check("        A = \"${meta.x} «geheim-1»\"\n", "print (env \"meta.x\") \" \" .Data.data.A");
    check("        A = \"${OTHER}:«geheim-1»\"\n", "A = \"${OTHER}:${STRONGROOM_A}\"");
    check("        A = <<EOT\nuser: x\npass: «geheim-1»\nEOT\n", "pass: ${STRONGROOM_A}\nEOT\n");
    let whole = "A={{ .Data.data.A | toJSON }}\n";
    check("        A = <<EOT\n«one\ntwo-three\n»EOT\n        B = 1\n", whole);
    check("        A = <<-EOT\n          «one\n            two-three\n»        EOT\n", whole);
    check("        A = «geheim7»\n        B = 2\n", "A={{ .Data.data.A | toJSON }}\n");
    check("        a.b = \"«geheim-1»\"\n", "a.b={{ .Data.data.a_b | toJSON }}\n");
    check("        A = \"«geheim-1»\" # why\n", "        # why\n");
    check("        A = \"«geheim-1»\" /* why */\n", "        /* why */\n");
}

#[test]
fn blocks_on_one_line() {
    let check = |task: &str, expected: &str| check("j.nomad.hcl", &job(task), &[expected]);
    check("      env { A = \"«geheim-1»\" }\n", "    task \"t\" {\n\n      vault {\n");
    check("      env = { A = \"«geheim-1»\", B = \"b\" }\n", "      env = { B = \"b\" }\n");
    check("      env = { A = \"a\", B = \"«geheim-1»\" }\n", "      env = { A = \"a\" }\n");
    check("      env { A = \"«geheim-1»\" }\n      meta { a = 1 }\n", "      }\n\n      meta { a = 1 }\n");
}

#[test]
fn a_task_on_one_line() {
    let text = "job \"j\" {\n  task \"t\" { env { A = \"«geheim-1»\" } }\n}\n";
    check("j.nomad.hcl", text, &["A={{ .Data.data.A | toJSON }}\n"]);
}

#[test]
fn words_of_the_driver() {
    let config = |line: &str| job(&format!("      config {{\n        args = [{line}]\n      }}\n"));
    let check = |line: &str, expected: &str| check("j.nomad.hcl", &config(line), &[expected]);
    check("\"-p\", \"«geheim-1»\"", "\"${STRONGROOM_ARGS}\"]");
    check(
        "\"--url=x://u:«geheim-1»@h\"",
        "STRONGROOM_ARGS={{ .Data.data.args | urlquery | replaceAll \"+\" \"%20\" | toJSON }}\n",
    );
    check("<<EOT\nrun -p «geheim-1»\nEOT\n", "run -p ${STRONGROOM_ARGS}\nEOT\n");
    check("\"«geheim-1»\", \"«geheim-2»\", \"«geheim-1»\"", "STRONGROOM_ARGS_2={{ .Data.data.args_2 |");
}

#[test]
fn text_of_templates() {
    let template = |head: &str, data: &str| {
        job(&format!("      template {{\n{head}        data = <<EOT\n{data}EOT\n      }}\n"))
    };
    let with =
        |inner: &str| format!("{{{{ with secret \"secret/data/j/g/t\" }}}}{{{{ {inner} }}}}{{{{ end }}}}");
    let plain = "        destination = \"local/a.conf\"\n";
    let yaml = "        destination = \"local/a.yml\"\n";
    let env = "        destination = \"a.env\"\n        env = true\n";
    let brackets =
        "        destination = \"a\"\n        left_delimiter = \"[[\"\n        right_delimiter = \"]]\"\n";
    let check_job = check;
    let check = |head: &str, data: &str, expected: &str| {
        check_job("j.nomad.hcl", &template(head, data), &[expected]);
    };
    check(plain, "a «geheim-1» b\n", &format!("a {} b\n", with(".Data.data.data")));
    check(plain, "PWD={«geheim-1»}\n", &format!("PWD={{{{ \"{{\" }}}}{}}}\n", with(".Data.data.data")));
    check(plain, "a $«geheim-1»\n", "a $${{ with secret");
    check(plain, "-----BEGIN KEY-----\n«abc\ndefghi»\n-----END\n", &with(".Data.data.data"));
    check(yaml, "a: «geheim-1»\n", &format!("a: {}\n", with(".Data.data.data | toJSON")));
    check(yaml, "a: «12345678»\n", &format!("a: {}\n", with(".Data.data.data")));
    check(yaml, "a: \"«geheim-1»\"\n", &format!("a: {}\n", with(".Data.data.data | toJSON")));
    check(
        yaml,
        "a: x://u:«geheim-1»@h\n",
        &format!("a: x://u:{}@h\n", with(".Data.data.data | urlquery | replaceAll \"+\" \"%20\"")),
    );
    check(env, "A=«geheim-1»\n", &format!("A={}\n", with(".Data.data.data | toJSON")));
    check(
        env,
        "export A='«ge\"heim»' # why\n",
        &format!("export A={} # why\n", with(".Data.data.data | toJSON")),
    );
    let inner = with(".Data.data.data | toJSON | trimPrefix \"\\\"\" | trimSuffix \"\\\"\"");
    check(env, "A=\"x «geheim-1»\"\n", &format!("A=\"x {inner}\"\n"));
    check(env, "A=x «geheim-1»\n", &format!("A=x {}\n", with(".Data.data.data | toJSON")));
    let json = "        destination = \"local/a.json\"\n";
    check(json, "{\"a\": \"«geheim-1»\"}\n", &format!("{{\"a\": {}}}\n", with(".Data.data.data | toJSON")));
    check(brackets, "a {{ b }} [«geheim-1»]\n", "a {{ b }} [[ \"[\" ]][[ with secret");
    let quoted = "      template {\n        destination = \"a\"\n        data = \"x \\\"«geheim-1»\\\" y\\n\"\n      }\n";
    check_job("j.nomad.hcl", &job(quoted), &["data = \"x \\\"{{ with secret \\\"secret/data/j/g/t\\\" }}"]);
}

#[test]
fn values_behind_names() {
    let text = |roots: &str, env: &str| format!("{roots}{}", job(&format!("      env {{\n{env}      }}\n")));
    let variable = "variable \"p\" {\n  default = \"«geheim-1»\"\n}\n";
    let locals =
        "locals {\n  u = \"me\"\n  p = { a = [\"«geheim-1»\"] }\n  q = \"${local.u}:${local.p.a[0]}\"\n}\n";
    let check_one = |roots: &str, env: &str, expected: &str| {
        check("j.nomad.hcl", &text(roots, env), &[expected]);
    };
    check_one(variable, "        A = var.p\n", "A={{ .Data.data.p | toJSON }}\n");
    check_one(
        variable,
        "        A = \"x://u:${var.p}@h\"\n",
        "A=x://u:{{ .Data.data.p | urlquery | replaceAll \"+\" \"%20\" }}@h\n",
    );
    check_one(
        variable,
        "        A = format(\"%s!\", var.p)\n",
        "A={{ print .Data.data.p \"!\" | toJSON }}\n",
    );
    check_one(locals, "        A = local.q\n", "A=${local.u}:{{ .Data.data.a }}\n");
    check_one(locals, "        A = join(\",\", local.p.a)\n", "A={{ .Data.data.a | toJSON }}\n");
    check_one("variable \"p\" {\n  default = \"«geheim-1»\"\n}\n", "", "default = \"\"");
    let left = |roots: &str, env: &str| check_left(&text(roots, env), "not every use");
    left(variable, "        A = upper(var.p)\n");
    left(variable, "        A = var.p == \"x\" ? \"y\" : \"z\"\n");
    left(variable, "        A-B = var.p\n");
    left("variable \"p\" {\n  default = «12345678»\n}\n", "        A = var.p\n");
    left(&format!("{variable}locals {{\n  h = md5(var.p)\n}}\n"), "        A = local.h\n        B = var.p\n");
    let in_service =
        "      service {\n        name = var.p\n      }\n      env {\n        A = var.p\n      }\n";
    check_left(&format!("{variable}{}", job(in_service)), "not every use");
    let in_config = "      config {\n        args = [\"-p\", var.p, \"u:${var.p}\"]\n      }\n      env {\n        A = var.p\n      }\n";
    let expected = ["  default = \"$${STRONGROOM_P}\"\n", "STRONGROOM_P={{ .Data"];
    check("j.nomad.hcl", &format!("{}{}", variable, job(in_config)), &expected);
}

#[test]
fn variables_within_templates() {
    let variable = "variable \"p\" {\n  default = \"«geheim-1»\"\n}\n";
    let text = |head: &str, data: &str| {
        let template = format!("      template {{\n{head}        data = <<EOT\n{data}EOT\n      }}\n");
        format!("{variable}{}", job(&template))
    };
    let plain = "        destination = \"local/a.conf\"\n";
    let env = "        destination = \"a.env\"\n        env = true\n";
    let with =
        |inner: &str| format!("{{{{ with secret \"secret/data/j/g/t\" }}}}{{{{ {inner} }}}}{{{{ end }}}}");
    let check = |head: &str, data: &str, expected: &str| check("j.nomad.hcl", &text(head, data), &[expected]);
    check(plain, "password=${var.p} x\n", &format!("password={} x\n", with(".Data.data.p")));
    check(plain, "a {${ var.p }}\n", &with(".Data.data.p"));
    check(env, "A=${var.p}\nB=x://u:${var.p}@h\n", &format!("A={}\n", with(".Data.data.p | toJSON")));
    check(env, "B=x://u:${var.p}@h\n", "urlquery");
    for data in ["{{ if eq \"${var.p}\" \"x\" }}y{{ end }}\n", "${upper(var.p)}\n"] {
        check_left(&text(plain, data), "(see the use in line 10)");
    }
}

#[test]
fn what_cannot_be_moved_stays() {
    let env = |line: &str| job(&format!("      env {{\n{line}      }}\n"));
    check_left(&env("        A-B = \"«geheim-1»\"\n"), "no variable of this name");
    // The other lines would move.
    check_left(
        &env("        A = <<-EOT\n          x«one\n        two-three\n»        EOT\n"),
        "not every use",
    );
    check_left(&env("        A = upper(\"«geheim-1»\")\n"), "not every use");
    check_left(&job("      config {\n        args = [\"$«geheim-1»\"]\n      }\n"), "not every use");
    check_left(&job("      service {\n        name = \"«geheim-1»\"\n      }\n"), "nothing puts");
    // What Nomad makes of an action is not the secret.
    for data in ["«a{{ env \\\"X\\\" }}b»", "{«{ 1 }}b»", "«a{»{ 1 }}", "[[ 1 ]]«{{ 1 }}»", "{{ 1«2 }}»"]
    {
        let template =
            format!("      template {{\n        destination = \"a\"\n        data = \"{data}\"\n      }}\n");
        check_left(&job(&template), "not every use");
    }
    check_left("job \"j\" {\n  meta {\n    a = \"«geheim-1»\"\n  }\n}\n", "nothing puts");
}

#[test]
fn jobs_in_json() {
    let check_one = |task: &str, expected: &str| check("j.json", &api(task), &[expected]);
    check_one(
        "            \"Env\": {\n              \"B\": \"b\",\n              \"A\": \"«geheim-1»\"\n            }\n",
        "              \"B\": \"b\",\n              \"A\": \"\"\n",
    );
    check_one(
        "            \"Env\": {\n              \"A\": \"«geheim-1»\",\n              \"B\": \"b\"\n            }\n",
        "\"Env\": {\n              \"B\": \"b\"\n",
    );
    check_one(
        "            \"Templates\": null,\n            \"Vault\": null,\n            \"Env\": {\"A\": \"«geheim-1»\"}\n",
        "            \"Templates\": [\n              {\n                \"DestPath\"",
    );
    let hcl = |task: &str| {
        format!("{{\"job\": {{\"j\": {{\"group\": {{\"g\": {{\"task\": {{\"t\": {{{task}}}}}}}}}}}}}}}\n")
    };
    check(
        "j.nomad.json",
        &hcl("\"env\": {\"A\": \"«geheim-1»\", \"B\": \"b\"}"),
        &["\"vault\": { \"role\": \"j\", \"disable_file\": true, \"env\": false }, "],
    );
    check(
        "j.nomad.json",
        &hcl("\"template\": {\"destination\": \"a\", \"data\": \"b\"}, \"env\": {\"A\": \"«geheim-1»\"}"),
        &["\"template\": [{ \"destination\""],
    );
}

#[test]
fn line_ends_stay() {
    let text = job("      env {\n        A = \"«geheim-1»\"\n        B = 1\n      }\n").replace('\n', "\r\n");
    let file = marked("j.nomad.hcl", &text);
    let (plan, fixed) = fixed(&file);
    check_same("j", &file.text, &plan, &fixed);
    assert_eq!(fixed.matches('\n').count(), fixed.matches("\r\n").count());
}

#[test]
fn secret_blocks_serve_artifacts_too() {
    let options = Options { style: Style::Secret, ..Options::default() };
    let artifact = job(
        "      artifact {\n        source = \"https://u:«geheim-1»@h/x\"\n      }\n\n      env {\n        A = \"«geheim-2»\"\n      }\n\n      config {\n        args = [\"-p\", \"«geheim-2»\"]\n      }\n",
    );
    let block = "      secret \"t\" {\n        provider = \"strongroom\"\n        path     = \"secret/data/j/g/t\"\n      }\n";
    let expected = [block, "u:${secret.t.source}@h", "A = \"${secret.t.A}\"", "\"-p\", \"${secret.t.A}\""];
    check_with(&options, "j.nomad.hcl", &artifact, &expected);
    let template =
        job("      template {\n        destination = \"a\"\n        data = \"«geheim-1»\"\n      }\n");
    check_with(&options, "j.nomad.hcl", &template, &["data = \"{{ with secret"]);
    let dashed = job("      env {\n        A-B = \"«geheim-1»\"\n      }\n");
    check_with(&options, "j.nomad.hcl", &dashed, &["A-B = \"${secret.t.A_B}\""]);
    let known = format!("{block}      env {{\n        B = \"«geheim-1»\"\n      }}\n");
    let file = marked("j.nomad.hcl", &job(&known));
    let plan = plan(&File { name: "j", text: &file.text, folder: "" }, &file.findings, &options);
    let fixed = plan.apply(&file.text).unwrap();
    assert_eq!(fixed.matches("secret \"t\"").count(), 1, "{fixed}");
}

#[test]
fn the_api_has_a_list_of_secrets() {
    let options = Options { style: Style::Secret, ..Options::default() };
    let task = |more: &str| {
        format!(
            r#"{{"Job": {{"ID": "j", "TaskGroups": [{{"Name": "g", "Tasks": [{{
              "Name": "t",{more}
              "Env": {{"A": "«geheim-1»"}}
            }}]}}]}}}}"#
        )
    };
    let check = |more: &str, expected: &[&str]| {
        let file = marked("j.json", &task(more));
        let plan = plan(&File { name: "j.json", text: &file.text, folder: "" }, &file.findings, &options);
        let fixed = plan.apply(&file.text).unwrap();
        let read: serde_json::Value = serde_json::from_str(&fixed).unwrap();
        let secrets = &read["Job"]["TaskGroups"][0]["Tasks"][0]["Secrets"];
        let names: Vec<&str> =
            secrets.as_array().unwrap().iter().map(|it| it["Name"].as_str().unwrap()).collect();
        assert_eq!(names, expected, "{fixed}");
        assert_eq!(secrets[0]["Provider"], "strongroom");
        assert_eq!(secrets[0]["Path"], "secret/data/j/g/t");
        assert_eq!(fixed.matches("Secrets").count(), 1, "{fixed}");
    };
    check("", &["t"]);
    check(r#""Secrets": null,"#, &["t"]);
    check(r#""Secrets": [{"Name": "x", "Provider": "vault", "Path": "y"}],"#, &["t", "x"]);
    let ours = r#""Secrets": [{"Name": "t", "Provider": "strongroom", "Path": "secret/data/j/g/t"}],"#;
    check(ours, &["t"]);
}

#[test]
fn a_job_of_hcl_1_gets_what_hcl_1_knows() {
    let text = job("      env {\n        \"A\" = \"«geheim-1»\"\n      }\n");
    let file = marked("j.nomad", &text);
    for style in [Style::Template, Style::Secret] {
        let options = Options { style, ..Options::default() };
        let plan = plan(&File { name: "j.nomad", text: &file.text, folder: "" }, &file.findings, &options);
        let fixed = plan.apply(&file.text).unwrap();
        let vault = "vault {\n        policies     = [\"j\"]\n        disable_file = true\n        env          = false\n      }";
        assert!(fixed.contains(vault), "{fixed}");
        assert!(!fixed.contains("role") && !fixed.contains("secret \"t\" {"), "{fixed}");
        assert_eq!(
            plan.access.iter().map(|it| (it.policy.as_str(), &it.role)).collect::<Vec<_>>(),
            [("j", &None)]
        );
        assert!(plan.notes.iter().any(|it| it.contains("nomad job run -hcl1 j.nomad")), "{:?}", plan.notes);
        let findings = strongroom_scan::scan("j.nomad", &fixed);
        let again =
            strongroom_fix::plan(&File { name: "j.nomad", text: &fixed, folder: "" }, &findings, &options);
        assert!(again.edits.is_empty());
    }
}

#[test]
fn what_was_begun_is_completed() {
    let file = marked(
        "j.nomad.hcl",
        &job("      env {\n        A = \"«geheim-1»\"\n        B = \"geheim-2\"\n      }\n"),
    );
    let (first, text) = fixed(&file);
    let more = marked("j.nomad.hcl", &text.replace("\"geheim-2\"", "\"«geheim-2»\""));
    let (second, text) = fixed(&more);
    assert_eq!(text.matches("template {").count(), 1, "{text}");
    assert_eq!(text.matches("vault {").count(), 1, "{text}");
    let all =
        Plan { entries: [first.entries, second.entries].concat(), access: first.access, ..Plan::default() };
    check_same("j", &file.text, &all, &text);
}

#[test]
fn a_wrong_value_in_the_store_is_seen() {
    let file = marked("j.nomad.hcl", &job("      env {\n        A = \"«geheim-1»\"\n      }\n"));
    let (plan, text) = fixed(&file);
    let mut wrong = store(&plan);
    for fields in wrong.values_mut() {
        fields.values_mut().for_each(|it| it.push('!'));
    }
    let before = interpret("j", &file.text, &Store::new()).unwrap();
    let after = interpret("j", &text, &wrong).unwrap();
    assert_ne!(before["g/t"].env["A"], after["g/t"].env["A"]);
}

#[test]
fn the_policy_and_the_role_are_the_least() {
    let task = |vault: &str| {
        format!("      vault {{\n{vault}      }}\n      env {{\n        A = \"«geheim-1»\"\n      }}\n")
    };
    let access = |task: &str| fixed(&marked("j.nomad.hcl", &job(task))).0.access;
    let none = access("      env {\n        A = \"«geheim-1»\"\n      }\n");
    let bound = |namespace: &str| {
        vec![
            ("nomad_namespace".to_owned(), namespace.to_owned()),
            ("nomad_job_id".to_owned(), "j".to_owned()),
        ]
    };
    let role = |name: &str| Some(Role { name: name.to_owned(), method: "jwt", bound: bound("default") });
    let expected = |policy: &str, role| {
        vec![Access { policy: policy.to_owned(), reads: vec!["j/g/t".to_owned()], role }]
    };
    assert_eq!(none, expected("j", role("j")));
    assert_eq!(access(&task("        role = \"r\"\n")), expected("r", role("r")));
    assert_eq!(access(&task("        policies = [\"p\", \"q\"]\n")), expected("p", None));
    assert_eq!(access(&task("")), expected("j", None));
    // What every token has is not given more, and a name that is more than a name is not taken.
    assert_eq!(access(&task("        policies = [\"default\", \"q\"]\n")), expected("q", None));
    assert_eq!(access(&task("        policies = [\"default\"]\n")), expected("j", None));
    assert_eq!(access(&task("        role = \"default\"\n")), expected("j", role("default")));
    assert_eq!(access(&task("        role = \"../sys/x\"\n")), expected("j", None));
    assert_eq!(
        access(&task("        policies = [\"p\\nEOF\\nid\", \"team/p\"]\n")),
        expected("team/p", None)
    );
}

/// With what the scanner itself finds.
#[test]
fn a_second_run_changes_nothing() {
    for file in family("nomad") {
        let findings = strongroom_scan::scan(&file.name, &file.text);
        let plan_of = |text: &str, findings: &[Finding]| {
            plan(&File { name: &file.name, text, folder: "" }, findings, &Options::default())
        };
        let first = plan_of(&file.text, &findings);
        let text = first.apply(&file.text).unwrap_or_else(|it| panic!("{}: {it}", file.name));
        let again = strongroom_scan::scan(&file.name, &text);
        let second = plan_of(&text, &again);
        let found: Vec<&str> = again.iter().map(|it| it.span.of(&text)).collect();
        assert!(second.edits.is_empty() && second.entries.is_empty(), "{}: {found:?}\n{text}", file.name);
        assert_eq!(second.left.len(), first.left.len(), "{}: {found:?}", file.name);
        if !(file.name.ends_with(".tpl") || file.name.contains("34-") || file.name.contains("35-")) {
            check_same(&file.name, &file.text, &first, &text);
        }
    }
}

/// The rewrite that is shipped with the corpus as an example.
#[test]
fn the_golden_rewrite_means_the_same() {
    let files = family("nomad");
    let file = files.iter().find(|it| it.name.ends_with("01-rails-app.nomad.hcl")).unwrap();
    let (plan, text) = fixed(file);
    let golden = fs::read_to_string(corpus().join("golden").join(&file.name)).unwrap();
    let fields: BTreeMap<String, String> = store(&plan).into_values().flatten().collect();
    let ours = interpret(&file.name, &text, &store(&plan)).unwrap();
    let theirs = [("secret/data/rails-app/app".to_owned(), fields)].into();
    let theirs = interpret(&file.name, &golden, &theirs).unwrap();
    for (task, got) in &ours {
        assert_eq!((&got.env, &got.config), (&theirs[task].env, &theirs[task].config), "{task}");
    }
}

// Rule 118: no value is printed, whatever part of a plan is shown.
#[test]
fn a_plan_shows_no_value() {
    for file in family("nomad") {
        let shown = format!("{:?}", planned(&file));
        let strong = file.findings.iter().filter(|it| !it.weak).map(|it| it.value.expose());
        for value in strong.filter(|it| it.len() >= 8) {
            assert!(!shown.contains(value), "{}", file.name);
        }
    }
}
