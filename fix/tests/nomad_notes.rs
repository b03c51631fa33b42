//! What a person is told about a fixed Nomad job.
#![allow(clippy::unwrap_used, reason = "a test")]

use strongroom_fix::{File, Options, Plan, plan};
use strongroom_scan::scan;

fn job(vault: &str) -> String {
    format!(
        "job \"j\" {{\n  namespace = \"n\"\n  group \"g\" {{\n    task \"t\" {{\n      driver = \"docker\"\n{vault}      env {{\n        DB_PASSWORD = \"Xk1dkfLq81mZpq1\"\n      }}\n    }}\n  }}\n}}\n"
    )
}

fn planned(name: &str, text: &str, prefix: Option<&str>) -> Plan {
    let options = Options { prefix: prefix.map(str::to_owned), ..Options::default() };
    plan(&File { name, text, folder: "" }, &scan(name, text), &options)
}

#[track_caller]
fn check(text: &str, prefix: Option<&str>, expected: &str) {
    let notes = planned("j.nomad.hcl", text, prefix).notes;
    assert!(notes.iter().any(|it| it.contains(expected)), "{notes:?}");
}

#[test]
fn a_job_starts_as_before() {
    check(&job(""), None, "`nomad job run j.nomad.hcl`");
    let api = "{\"Job\": {\"ID\": \"j\", \"TaskGroups\": [{\"Name\": \"g\", \"Tasks\": [{\"Name\": \"t\", \"Env\": {\"DB_PASSWORD\": \"Xk1dkfLq81mZpq1\"}}]}]}}\n";
    let notes = planned("a b.json", api, None).notes;
    assert_eq!(notes, ["it starts as before: `nomad job run -json 'a b.json'`"]);
    // Nothing is changed, so nothing is to be done.
    assert!(planned("j.nomad.hcl", "job \"j\" {}\n", None).notes.is_empty());
}

#[test]
fn where_the_clusters_role_may_read_is_told() {
    let vault = "      vault {}\n";
    check(
        &job(vault),
        None,
        "with -prefix=n/j the values go where the role of `secret setup nomad` may read",
    );
    check(&job(vault), Some("n/j"), "the policy is not needed");
    check(&job(vault), Some("elsewhere"), "with -prefix=n/j");
    let plan = planned("j.nomad.hcl", &job(""), None);
    assert!(!plan.notes.iter().any(|it| it.contains("-prefix")), "{:?}", plan.notes);
}
