//! `secret fix -undo`: what goes back, what does not, and what is said of it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test"
)]

mod fixture;
mod running;
mod shared;

use std::{
    fs,
    os::unix::fs::{PermissionsExt as _, chown},
    path::Path,
    process::Command,
};

use fixture::{JOB, SECRET, fixture};
use running::{Public, as_nobody, directory};

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

// Those that cannot be replaced are named before the question, and the others are undone.
#[test]
fn an_undo_goes_on_past_a_file_that_cannot_be_written() {
    let (fixture, program) = (fixture(), Public::new());
    let folders = ["a", "b", "c"].map(|_| directory(0o777));
    let files = folders.each_ref().map(|it| it.path().join("x.env"));
    let text = |at: usize| format!("DB_PASSWORD={SECRET}-{at}\n");
    let run = |options: &[&str]| {
        let mut command = Command::new(program.binary());
        command.arg("fix").args(options).args(&files).env_clear();
        command.env("STRONGROOM_ADDR", &fixture.server.address).env("VAULT_TOKEN", "root");
        let ran = as_nobody(&mut command).stdin(std::process::Stdio::null()).output().unwrap();
        (ran.status.code().unwrap(), String::from_utf8(ran.stderr).unwrap())
    };
    let mode = |of: &Path, mode: u32| fs::set_permissions(of, fs::Permissions::from_mode(mode)).unwrap();
    for (at, file) in files.iter().enumerate() {
        fs::write(file, text(at)).unwrap();
        if running::is_root() {
            chown(file, Some(running::NOBODY), Some(running::NOBODY)).unwrap();
        }
    }
    let (code, err) = run(&["-yes"]);
    assert_eq!(code, 0, "{err}");
    let fixed = fs::read_to_string(&files[1]).unwrap();
    mode(folders[1].path(), 0o555);
    let (code, err) = run(&["-undo", "-yes"]);
    let named = format!("secret: {} cannot be replaced: its folder is not writable", files[1].display());
    assert!(code == 1 && err.contains(&named), "{code} {err}");
    for (at, file) in files.iter().enumerate() {
        let expected = if at == 1 { fixed.clone() } else { text(at) };
        assert_eq!(fs::read_to_string(file).unwrap(), expected, "{at}");
    }
    mode(folders[1].path(), 0o777);
    let (code, err) = run(&["-undo", "-yes"]);
    assert!(code == 1 && err.matches("no original of").count() == 2, "{code} {err}");
    assert_eq!(fs::read_to_string(&files[1]).unwrap(), text(1));
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
    let class = Path::new(&pod).with_file_name("web-pod-strongroom.yaml");
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
    let class = Path::new(&pod).with_file_name("web-pod-strongroom.yaml");
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

// What is found out only while it is undone stops no other file either.
#[test]
fn an_undo_goes_on_past_a_file_that_the_store_refuses() {
    let fixture = fixture();
    let pod = fixture.server.file("pod.yaml", MANIFEST);
    let job = fixture.job.display().to_string();
    fixture.server.ok(&["fix", "-yes", &job, &pod]);
    let fixed = fs::read_to_string(&pod).unwrap();
    let rules = "path \"secret/*\" { capabilities = [\"read\"] }";
    fixture.server.ok_with(&["policy", "write", "reader", "-"], rules);
    let reader = fixture.server.ok(&["token", "create", "-policy=reader", "-field=token"]);
    let (code, err) = fixture.server.fails(&["fix", "-undo", "-yes", &job, &pod], reader.trim());
    assert!(code == 1 && err.contains("pod.yaml is not undone: "), "{code} {err}");
    assert!(err.contains("`secret policy stock fixer`"), "{err}");
    assert_eq!(fixture.text(), JOB);
    assert_eq!(fs::read_to_string(&pod).unwrap(), fixed);
}
