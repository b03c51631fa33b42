//! Variables that a Nomad task has twice, and jobs to which a plaintext credential comes back after a fix.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]
#![allow(dead_code, unused_imports, reason = "the interpreter serves more than this")]

mod interpret;

use std::collections::BTreeMap;

use interpret::{Store, interpret};
use strongroom_fix::{File, Options, Plan, Style, plan};
use strongroom_scan::scan;

const NAME: &str = "j.nomad.hcl";
const OLD: &str = "Xk1dkfLq81mZpq1";
const NEW: &str = "Yk2dkfLq82mZpq2";

fn job(task: &str) -> String {
    format!(
        "job \"j\" {{\n  group \"g\" {{\n    task \"t\" {{\n      driver = \"docker\"\n\n{task}    }}\n  }}\n}}\n"
    )
}

fn env(name: &str, value: &str) -> String {
    format!("      env {{\n        {name} = \"{value}\"\n      }}\n")
}

fn template(destination: &str, data: &str) -> String {
    format!(
        "      template {{\n        destination = \"{destination}\"\n        env = true\n        data = <<EOT\n{data}EOT\n      }}\n"
    )
}

fn fixed_with(options: &Options, text: &str) -> (Plan, String) {
    let plan = plan(&File { name: NAME, text, folder: "" }, &scan(NAME, text), options);
    let fixed = plan.apply(text).unwrap();
    (plan, fixed)
}

fn fixed(text: &str) -> (Plan, String) {
    fixed_with(&Options::default(), text)
}

fn put(store: &mut Store, plan: &Plan) {
    for it in &plan.entries {
        let path = store.entry(it.reference.data_path("secret")).or_default();
        path.insert(it.reference.field.clone(), it.value.expose().to_owned());
    }
}

/// What the task's program gets.
fn got(text: &str, store: &Store) -> BTreeMap<String, String> {
    let tasks = interpret(NAME, text, store).unwrap_or_else(|it| panic!("{it}\n{text}"));
    tasks["g/t"].env.clone()
}

/// Fixes the job, and looks whether the task gets what it got.
#[track_caller]
fn check_same(text: &str, store: &Store) -> (Plan, String) {
    let (plan, fixed) = fixed(text);
    let mut after = store.clone();
    put(&mut after, &plan);
    assert_eq!(got(&fixed, &after), got(text, store), "{fixed}");
    (plan, fixed)
}

#[track_caller]
fn check_dead(text: &str, store: &Store) {
    let (plan, fixed) = check_same(text, store);
    assert!(plan.entries.is_empty() && plan.left.is_empty() && !fixed.contains(OLD), "{fixed}");
    assert!(
        plan.notes.iter().any(|it| it.contains("had no effect") && it.contains("-undo")),
        "{:?}",
        plan.notes
    );
    let again = self::fixed(&fixed).0;
    assert!(again.edits.is_empty(), "{fixed}");
}

// Rule 118: what a merge brings back does not come into use again.
#[test]
fn a_password_that_comes_back_behind_a_fix_has_no_effect_and_goes() {
    let mut store = Store::new();
    let (first, text) = fixed(&job(&env("DB_PASSWORD", NEW)));
    put(&mut store, &first);
    let back =
        text.replace("driver = \"docker\"\n", &format!("driver = \"docker\"\n\n{}", env("DB_PASSWORD", OLD)));
    assert_eq!(got(&back, &store)["DB_PASSWORD"], NEW);
    check_dead(&back, &store);
    // Where another template sets it, whatever that is called.
    let line = |data: &str| job(&(env("DB_PASSWORD", OLD) + &template("local/a.env", data)));
    check_dead(&line("DB_PASSWORD=x\n"), &Store::new());
    let with = line(
        "{{ with secret \"secret/data/j/g/t\" }}\nDB_PASSWORD={{ .Data.data.DB_PASSWORD }}\n{{ end }}\n",
    );
    check_dead(&with.replace("driver =", "vault {}\n      driver ="), &store);
    let style = Options { style: Style::Secret, ..Options::default() };
    let (plan, text) = fixed_with(&style, &back);
    assert!(plan.entries.is_empty() && !text.contains(OLD) && !text.contains("secret \"t\""), "{text}");
}

#[test]
fn what_a_template_may_set_keeps_its_place_before_or_behind() {
    let sometimes = "{{ if eq (env \"X\") \"1\" }}\nDB_PASSWORD=x\n{{ end }}\n";
    let always = sometimes.replace("{{ if eq (env \"X\") \"1\" }}", "{{ if true }}");
    for data in [sometimes, &always] {
        let text = job(&(env("DB_PASSWORD", OLD) + &template("local/a.env", data)));
        let (plan, _) = check_same(&text, &Store::new());
        assert_eq!(plan.entries.len(), 1);
        // In our own template, the line goes before.
        let own = job(&(env("DB_PASSWORD", OLD) + &template("${NOMAD_SECRETS_DIR}/strongroom.env", data)));
        let (plan, fixed) = check_same(&own, &Store::new());
        assert_eq!((plan.entries.len(), fixed.matches("template {").count()), (1, 1), "{fixed}");
        // Between the other template and ours there is no place for it.
        let behind = job(&(env("DB_PASSWORD", OLD)
            + &template("local/a.env", data)
            + &template("${NOMAD_SECRETS_DIR}/strongroom.env", "B=1\n")));
        let (plan, fixed) = check_same(&behind, &Store::new());
        assert!(plan.left.len() == 1 && fixed == behind, "{fixed}");
    }
}

#[test]
fn a_comment_stays_with_the_template_that_ours_comes_before() {
    let sometimes = template("local/a.env", "{{ if eq (env \"X\") \"1\" }}\nDB_PASSWORD=x\n{{ end }}\n");
    let text = job(&format!(
        "{}# What the job may read.\n      // All of it.\n{sometimes}",
        env("DB_PASSWORD", OLD)
    ));
    let (_, fixed) = check_same(&text, &Store::new());
    let begin = "\n      driver = \"docker\"\n\n      vault {\n";
    let end = "EOH\n      }\n\n# What the job may read.\n      // All of it.\n      template {\n";
    assert!(fixed.contains(begin) && fixed.contains(end), "{fixed}");
}

#[test]
fn what_a_variable_holds_is_not_put_behind_a_template_that_sets_it() {
    let text = format!("variable \"db_password\" {{\n  default = \"{NEW}\"\n}}\n\n")
        + &job(&("      env {\n        DB_PASSWORD = var.db_password\n      }\n".to_owned()
            + &template("${NOMAD_SECRETS_DIR}/strongroom.env", "DB_PASSWORD=x\n")));
    let (plan, fixed) = check_same(&text, &Store::new());
    assert!(plan.entries.len() == 1 && !fixed.contains(NEW), "{fixed}");
}

#[test]
fn lines_of_one_path_stand_in_one_block() {
    let (first, text) = fixed(&job(&env("DB_PASSWORD", NEW)));
    let mut store = Store::new();
    put(&mut store, &first);
    let more =
        text.replace("driver = \"docker\"\n", &format!("driver = \"docker\"\n\n{}", env("API_TOKEN", OLD)));
    let (plan, fixed) = check_same(&more, &store);
    assert_eq!((plan.entries.len(), fixed.matches("with secret").count()), (1, 1), "{fixed}");
    // A block that somebody has changed is theirs.
    let theirs = more.replace("{{- end }}", "{{ if true }}B=1{{ end }}\n{{- end }}");
    let (_, fixed) = check_same(&theirs, &store);
    assert_eq!(fixed.matches("with secret").count(), 2, "{fixed}");
}

#[test]
fn what_a_template_asks_of_env_stays_in_env() {
    let template = template("local/a.env", "B={{ env \"DB_PASSWORD\" }}\n");
    let text = job(&(env("DB_PASSWORD", OLD) + &template));
    let (plan, fixed) = check_same(&text, &Store::new());
    assert!(fixed == text && plan.left.len() == 1 && plan.left[0].reason.contains("with `env`"), "{fixed}");
    let variable = format!("variable \"db_password\" {{\n  default = \"{NEW}\"\n}}\n\n");
    let text = variable
        + &job(&("      env {\n        DB_PASSWORD = var.db_password\n      }\n".to_owned() + &template));
    let (plan, fixed) = check_same(&text, &Store::new());
    assert!(fixed == text && plan.left.len() == 1, "{fixed}");
}
