//! `secret fix -undo`: what goes back, what does not, and what is said of it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test"
)]

mod fixture;
mod shared;

use std::fs;

use fixture::{JOB, SECRET, fixture};

// The store has versions: a file that goes back to the one before a rotation has a password that nothing takes.
#[test]
fn an_undo_says_which_values_are_newer_in_the_store() {
    let fixture = fixture();
    fixture.fix(&["-yes"], "root");
    let fixed = fixture.text();
    let (code, _, err) = fixture.fix(&["-undo", "-yes"], "root");
    assert!(code == 0 && !err.contains("newer"), "{err}");
    fs::write(&fixture.job, &fixed).unwrap();
    fixture.server.ok(&["rotate", "shop/web/puma#DB_PASSWORD"]);
    let (code, _, err) = fixture.fix(&["-undo"], "root");
    let warning = "warning: secret/shop/web/puma#DB_PASSWORD has a newer value (version 2): ";
    assert!(code == 2 && err.starts_with(warning) && err.contains("nobody to ask"), "{err}");
    assert_eq!(fixture.text(), fixed);
    let (code, _, err) = fixture.fix(&["-undo", "-yes"], "root");
    assert!(code == 0 && err.contains(warning), "{err}");
    assert_eq!(fixture.text(), JOB);
}

#[test]
fn an_undo_of_several_files_puts_back_all_that_it_can() {
    let fixture = fixture();
    let names = ["a.env", "b.env", "c.env"];
    let text = |name: &str| format!("DB_PASSWORD={SECRET}-{name}\n");
    let files = names.map(|it| fixture.server.file(it, &text(it)));
    let fix = |options: &[&str]| {
        let files: Vec<&str> = files.iter().map(String::as_str).collect();
        let ran = fixture.server.run(&[&["fix"], options, &files].concat(), "root", "");
        (ran.status.code().unwrap(), String::from_utf8(ran.stderr).unwrap())
    };
    assert_eq!(fix(&["-yes"]).0, 0);
    let edited = format!("{}# edited\n", fs::read_to_string(&files[0]).unwrap());
    fs::write(&files[0], &edited).unwrap();
    let (code, err) = fix(&["-undo", "-yes"]);
    assert!(
        code == 1 && err.contains("no original of ") && err.contains("a.env as it is now\nhint: "),
        "{err}"
    );
    assert_eq!(fs::read_to_string(&files[0]).unwrap(), edited);
    for (file, name) in files.iter().zip(names).skip(1) {
        assert_eq!(fs::read_to_string(file).unwrap(), text(name));
    }
    // None of them: that is a failure.
    let (code, err) = fix(&["-undo", "-yes"]);
    assert!(code == 2 && err.matches("no original of ").count() == 3, "{err}");
}

const MANIFEST: &str = "apiVersion: v1
kind: Pod
metadata:
  name: web
  namespace: default
spec:
  containers:
    - name: web
      image: shop:1
      env:
        - name: DB_PASSWORD
          value: quayside-Lantern-77
";

// The store is told first, and the file comes last: it is what its original is found by.
#[test]
fn an_undo_that_breaks_off_leaves_the_file_and_is_run_again() {
    let fixture = fixture();
    let pod = fixture.server.file("pod.yaml", MANIFEST);
    let class = std::path::Path::new(&pod).with_file_name("web-pod-strongroom.yaml");
    fixture.server.ok(&["fix", "-yes", &pod]);
    let fixed = fs::read_to_string(&pod).unwrap();
    assert!(class.exists());
    let rules = "path \"secret/*\" { capabilities = [\"read\"] }";
    fixture.server.ok_with(&["policy", "write", "reader", "-"], rules);
    let reader = fixture.server.ok(&["token", "create", "-policy=reader", "-field=token"]);
    let (code, err) = fixture.server.fails(&["fix", "-undo", "-yes", &pod], reader.trim());
    assert!(
        code == 2 && err.contains("pod.yaml is not undone: ") && err.contains("permission denied"),
        "{err}"
    );
    assert!(err.contains("`secret policy stock fixer`"), "{err}");
    assert_eq!(fs::read_to_string(&pod).unwrap(), fixed, "the file that is named is unchanged");
    assert!(class.exists());
    fixture.server.ok(&["fix", "-undo", "-yes", &pod]);
    assert_eq!(fs::read_to_string(&pod).unwrap(), MANIFEST);
    assert!(!class.exists());
}

// As if a run had been killed between the two.
#[test]
fn an_undo_that_has_put_back_the_file_beside_goes_on_with_the_file() {
    let fixture = fixture();
    let pod = fixture.server.file("pod.yaml", MANIFEST);
    let class = std::path::Path::new(&pod).with_file_name("web-pod-strongroom.yaml");
    let more = fixture.server.file("more.yaml", &MANIFEST.replace("DB_PASSWORD", "API_TOKEN"));
    fixture.server.ok(&["fix", "-yes", &more]);
    let first = fs::read_to_string(&class).unwrap();
    fixture.server.ok(&["fix", "-yes", &pod]);
    assert_ne!(fs::read_to_string(&class).unwrap(), first);
    fs::write(&class, &first).unwrap();
    let ran = fixture.server.run(&["fix", "-undo", "-yes", &pod], "root", "");
    let err = String::from_utf8(ran.stderr).unwrap();
    assert!(ran.status.success() && !err.contains("stays"), "{err}");
    assert_eq!(fs::read_to_string(&pod).unwrap(), MANIFEST);
    fixture.server.ok(&["fix", "-undo", "-yes", &more]);
    assert!(!class.exists());
}
