//! Options of `secret fix` that say how much is fixed, and how much is shown.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]

mod fixture;
mod shared;

use std::fs;

use fixture::{JOB, SECRET, fixture};

#[test]
fn a_dry_run_changes_nothing_whatever_else_is_asked_for() {
    let fixture = fixture();
    let (code, out, err) = fixture.fix(&["-dry-run", "-yes", "-apply"], "root");
    assert!(code == 0 && err.contains("Nothing was done"), "{err}");
    assert!(out.contains("secret policy write shop") && out.contains("to be stored: "), "{out}");
    assert_eq!(fixture.text(), JOB);
    assert!(!fixture.server.run(&["get", "shop/web/puma"], "root", "").status.success());
    assert!(!fixture.server.run(&["policy", "read", "shop"], "root", "").status.success());
}

#[test]
fn a_summary_is_one_line_a_file() {
    let fixture = fixture();
    let meta = "group \"web\" {\n    meta { api_token = \"9f86d081884c7d659a2feaa0c55ad015\" }\n";
    fs::write(&fixture.job, JOB.replace("group \"web\" {", meta)).unwrap();
    let (code, out, err) = fixture.fix(&["-dry-run", "-summary"], "root");
    assert_eq!(code, 1, "{err}");
    assert_eq!(out, format!("{}: 1 to move, 1 to stay\n", fixture.job.display()));
    assert_eq!(err.trim(), "1 credential would be moved, 1 left. Nothing was done.");
    let (code, out, _) = fixture.fix(&["-yes", "-summary"], "root");
    assert!(code == 1 && out.lines().count() == 1 && !fixture.text().contains(SECRET), "{out}");
}

// The same words as `secret scan` has for it.
#[test]
fn what_the_options_leave_out_stays_where_it_is() {
    let fixture = fixture();
    let database = format!(
        "# password: {SECRET}\ntest:\n  adapter: postgresql\n  password: test\nproduction:\n  password: {SECRET}\n"
    );
    let file = fixture.server.file("database.yml", &database);
    let fix = |options: &[&str]| {
        let ran = fixture.server.run(&[&["fix", "-yes"], options, &[file.as_str()]].concat(), "root", "");
        let text = fs::read_to_string(&file).unwrap();
        (ran.status.code(), text, String::from_utf8(ran.stdout).unwrap())
    };
    let (code, text, out) = fix(&["-ignore=weak,commented"]);
    assert_eq!(code, Some(0), "{out}");
    assert!(!out.contains(SECRET), "what is left out is masked as well: {out}");
    assert!(
        text.contains("  password: test\n") && text.starts_with(&format!("# password: {SECRET}\n")),
        "{text}"
    );
    assert_eq!(text.matches(SECRET).count(), 1, "{text}");
    let (code, text, out) = fix(&["-severity=critical"]);
    assert!(code == Some(0) && text.contains("  password: test\n"), "{out}");
    fs::write(&file, &database).unwrap();
    let (_, text, _) = fix(&[]);
    assert!(!text.contains("  password: test\n") && !text.contains(SECRET), "{text}");
}

#[test]
fn of_a_file_that_does_not_parse_the_place_is_told() {
    let fixture = fixture();
    fs::write(&fixture.job, JOB.replace("# of the database", "DB_USER = = 1")).unwrap();
    let (code, out, err) = fixture.fix(&["-yes"], "root");
    assert!(code == 1 && out.contains("or does not parse (line 7, column "), "{out}{err}");
}

// What another tool has to render first is no YAML before, and the reader is shown where.
#[test]
fn of_yaml_that_is_a_template_the_first_action_is_told() {
    let fixture = fixture();
    let text = format!(
        "kind: Pod\napiVersion: v1\nmetadata:\n  name: \"web {{{{ .x }}}}\"\nspec:\n  containers:\n    - name: web\n      \
         {{{{- if .Values.x }}}}\n      env:\n        - name: DB_PASSWORD\n          value: {SECRET}\n      {{{{- end }}}}\n"
    );
    for name in ["pod.yaml", "pod.yaml.j2"] {
        let file = fixture.server.file(name, &text);
        let ran = fixture.server.run(&["fix", "-yes", &file], "root", "");
        let out = String::from_utf8(ran.stdout).unwrap();
        let told = "or does not parse (line 8, column 7: an action of a template)";
        assert!(ran.status.code() == Some(1) && out.contains(told), "{out}");
    }
}
