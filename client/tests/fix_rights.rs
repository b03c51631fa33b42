//! What `secret fix` says of policies and roles, and the rights that it needs itself.
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

use std::{fs, os::unix::fs::PermissionsExt as _};

use fixture::{Fixture, JOB, SECRET, fixture};
use running::{Public, as_nobody, directory};

// Rule 118: what is printed is pasted, and takes no rule from anybody.
#[test]
fn what_is_printed_keeps_the_policy_and_the_role_that_are_there() {
    let fixture = fixture();
    let (_, out, _) = fixture.fix(&["-dry-run"], "root");
    assert!(out.contains("What shop may read, and nothing else"), "{out}");
    let theirs = "# theirs\npath \"secret/data/theirs\" { capabilities = [\"read\"] }";
    fixture.server.ok_with(&["policy", "write", "shop", "-"], theirs);
    fixture.server.ok(&["auth", "enable", "-path=jwt-nomad", "jwt"]);
    let role = ["role_type=jwt", "bound_audiences=theirs", "user_claim=sub", "token_policies=theirs"];
    fixture.server.ok(&[&["write", "auth/jwt-nomad/role/shop"], &role[..]].concat());
    // Who may see neither is told what is to be there.
    let rules = "path \"secret/*\" { capabilities = [\"create\", \"read\", \"update\"] }";
    fixture.server.ok_with(&["policy", "write", "blind", "-"], rules);
    let blind = fixture.server.ok(&["token", "create", "-policy=blind", "-field=token"]);
    let (_, out, _) = fixture.fix(&["-dry-run"], blind.trim());
    assert!(
        out.contains("and nothing else") && out.contains("secret write auth/jwt-nomad/role/shop"),
        "{out}"
    );

    let (code, out, err) = fixture.fix(&["-yes"], "root");
    assert_eq!(code, 0, "{err}");
    assert!(
        !out.contains("secret write")
            && out.contains("# auth/jwt-nomad/role/shop: is there, and differs in ")
    );
    let (_, pasted) = out.split_once("secret policy write shop - <<'EOF'\n").unwrap();
    fixture.server.ok_with(&["policy", "write", "shop", "-"], pasted.split_once("EOF").unwrap().0);
    let policy = fixture.server.ok(&["policy", "read", "shop"]);
    assert!(policy.contains(theirs) && policy.contains("path \"secret/data/shop/web/puma\""), "{policy}");
    fs::write(&fixture.job, JOB).unwrap();
    let (_, out, _) = fixture.fix(&["-dry-run"], "root");
    assert!(out.contains("# The policy shop is there, and has these rules."), "{out}");
}

/// A token with the shipped policy, but for rules of these paths; without `default`.
fn fixer(fixture: &Fixture, but: &[&str]) -> String {
    let text = fixture.server.ok(&["policy", "stock", "fixer"]);
    let rules = text.split_inclusive("\n}\n").filter(|rule| !but.iter().any(|it| rule.contains(it)));
    fixture.server.ok_with(&["policy", "write", "fixer", "-"], &rules.collect::<String>());
    let made = ["token", "create", "-policy=fixer", "-no-default-policy", "-field=token"];
    fixture.server.ok(&made).trim().to_owned()
}

#[test]
fn the_shipped_policy_is_enough_for_a_fix_and_its_undo() {
    let fixture = fixture();
    fixture.server.ok(&["auth", "enable", "-path=jwt-nomad", "jwt"]);
    let token = fixer(&fixture, &[]);
    // A secret that was deleted has a version that a write must name, and one that is there is completed.
    fixture.server.ok(&["put", "shop/web/puma", "USER=rails"]);
    fixture.server.ok(&["rm", "shop/web/puma"]);
    for _ in 0..2 {
        let (code, _, err) = fixture.fix(&["-yes", "-apply"], &token);
        assert_eq!(code, 0, "{err}");
        let (code, _, err) = fixture.fix(&["-undo", "-yes"], &token);
        assert_eq!((code, fixture.text().as_str()), (0, JOB), "{err}");
        fixture.server.ok(&["kv", "metadata", "delete", "-mount=secret", "shop/web/puma"]);
        fixture.server.ok(&["put", "shop/web/puma", "USER=rails"]);
    }
    assert!(fixture.server.ok(&["policy", "read", "shop"]).contains("secret/data/shop/web/puma"));
    fixture.server.ok(&["read", "auth/jwt-nomad/role/shop"]);
    // The last part is for -apply.
    let token = fixer(&fixture, &["sys/auth", "sys/policies", "auth/"]);
    let (code, _, err) = fixture.fix(&["-yes"], &token);
    assert_eq!(code, 0, "{err}");
}

#[test]
fn what_was_denied_is_named_with_the_policy_that_allows_it() {
    let fixture = fixture();
    fixture.server.ok(&["auth", "enable", "-path=jwt-nomad", "jwt"]);
    for (path, named) in [
        ("\"sys/auth\"", "secret: sys/auth: permission denied"),
        ("\"secret/data/*\"", ": secret/shop/web/puma: permission denied"),
        ("\"sys/policies", ": the policy shop: permission denied"),
        ("auth/jwt-nomad", ": auth/jwt-nomad/role/shop: permission denied"),
    ] {
        let token = fixer(&fixture, &[path]);
        let (code, _, err) = fixture.fix(&["-yes", "-apply"], &token);
        assert_eq!((code, fixture.text().as_str()), (2, JOB), "{path}");
        let named = named.trim_start_matches(": ");
        assert!(
            err.contains(named) && err.contains("\nhint: `secret policy stock fixer` prints"),
            "{path}: {err}"
        );
    }
}

#[test]
fn a_login_or_a_role_that_cannot_be_is_told_with_what_helps() {
    let fixture = fixture();
    let (_, _, err) = fixture.fix(&["-yes", "-apply"], "root");
    assert!(
        err.contains("no login at auth/jwt-nomad") && err.contains("auth enable -path=jwt-nomad jwt"),
        "{err}"
    );
    fixture.server.ok(&["auth", "enable", "-path=jwt-nomad", "jwt"]);
    // A job that asks for such a role itself.
    let job = JOB.replace("      env {", "      vault {\n        role = \"-shop\"\n      }\n\n      env {");
    fs::write(&fixture.job, job).unwrap();
    let (code, _, err) = fixture.fix(&["-yes", "-apply"], "root");
    assert!(
        code == 2
            && err.contains("name another")
            && err.contains("role/-shop cannot be: nothing was changed")
            && !err.contains("setup nomad"),
        "{err}"
    );
}

// Nothing is stored for a file that cannot be replaced afterwards.
#[test]
fn a_file_that_cannot_be_replaced_is_found_out_before_anything_is_stored() {
    let (fixture, program) = (fixture(), Public::new());
    let (folder, sticky) = (directory(0o755), directory(0o1777));
    let fix = |path: &std::path::Path, option: &str| {
        let mut command = std::process::Command::new(program.binary());
        command.args(["fix", option]).arg(path).env_clear();
        command.env("STRONGROOM_ADDR", &fixture.server.address).env("VAULT_TOKEN", "root");
        let ran = as_nobody(&mut command).stdin(std::process::Stdio::null()).output().unwrap();
        (ran.status.code(), String::from_utf8(ran.stderr).unwrap())
    };
    let job = folder.path().join("job.nomad.hcl");
    fs::write(&job, JOB).unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o555)).unwrap();
    let why = "job.nomad.hcl cannot be replaced: its folder is not writable (Permission denied (os error 13))\nhint: ";
    let (code, err) = fix(&job, "-yes");
    assert!(code == Some(2) && err.contains("nothing was changed: ") && err.contains(why), "{err}");
    let (code, err) = fix(&job, "-dry-run");
    assert!(code == Some(0) && err.contains(why) && err.contains("would be moved"), "{err}");
    if running::is_root() {
        let job = sticky.path().join("job.nomad.hcl");
        fs::write(&job, JOB).unwrap();
        let (code, err) = fix(&job, "-yes");
        assert!(code == Some(2) && err.contains("it is sticky"), "{err}");
    }
    assert!(!fixture.server.run(&["get", "shop/web/puma"], "root", "").status.success());
    fs::set_permissions(&job, fs::Permissions::from_mode(0o000)).unwrap();
    for option in ["-yes", "-dry-run"] {
        let (code, err) = fix(&job, option);
        assert!(code == Some(2) && err.contains("\nhint: all that is named must be readable"), "{err}");
    }
    assert!(fs::read_to_string(&fixture.job).unwrap().contains(SECRET));
}

// Under its other name the file would stay as it is, with all that stands in it.
#[test]
fn a_file_of_two_names_is_found_out_before_anything_is_stored() {
    let fixture = fixture();
    let text = format!("API_TOKEN={SECRET}\n");
    let linked = fixture.server.file("linked.env", &text);
    fs::hard_link(&linked, fixture.server.home.path().join("other-name")).unwrap();
    let job = fixture.job.display().to_string();
    for (option, code) in [("-dry-run", 0), ("-yes", 2)] {
        let ran = fixture.server.run(&["fix", option, &job, &linked], "root", "");
        let err = String::from_utf8(ran.stderr).unwrap();
        assert_eq!(ran.status.code(), Some(code), "{err}");
        assert!(
            err.contains("nothing was changed: ") && err.contains("linked.env has 2 names (hard links)"),
            "{err}"
        );
        assert_eq!(fixture.text(), JOB, "{option}");
        assert_eq!(fs::read_to_string(&linked).unwrap(), text, "{option}");
    }
    assert!(!fixture.server.run(&["get", "shop/web/puma"], "root", "").status.success());
}

// A rule for the path need not be one that lets the job read it.
#[test]
fn a_policy_that_does_not_let_the_job_read_gets_the_rule() {
    let fixture = fixture();
    fixture.server.ok(&["auth", "enable", "-path=jwt-nomad", "jwt"]);
    let theirs = "path \"secret/data/shop/web/puma\" { capabilities = [\"update\"] }\n\
                  # path \"secret/data/shop/web/puma\" { capabilities = [\"read\"] }\n";
    fixture.server.ok_with(&["policy", "write", "shop", "-"], theirs);
    let (code, _, err) = fixture.fix(&["-yes", "-apply"], "root");
    assert!(code == 0 && err.contains("policy shop: rules added"), "{err}");
    let token = fixture.server.ok(&["token", "create", "-policy=shop", "-field=token"]);
    let read = fixture.server.run(&["get", "shop/web/puma#DB_PASSWORD"], token.trim(), "");
    assert_eq!(String::from_utf8(read.stdout).unwrap(), SECRET);
    fs::write(&fixture.job, JOB).unwrap();
    let (_, _, err) = fixture.fix(&["-yes", "-apply"], "root");
    assert!(err.contains("policy shop: unchanged"), "{err}");
}

#[test]
fn a_policy_that_denies_the_path_ends_the_fix_before_anything_is_changed() {
    let fixture = fixture();
    fixture.server.ok(&["auth", "enable", "-path=jwt-nomad", "jwt"]);
    let theirs = "path \"secret/data/shop/*\" { capabilities = [\"deny\"] }\n";
    fixture.server.ok_with(&["policy", "write", "shop", "-"], theirs);
    let told =
        "the policy shop is there and denies secret/data/shop/web/puma (its rule for \"secret/data/shop/*\")";
    let (code, _, err) = fixture.fix(&["-yes", "-apply"], "root");
    assert!(code == 2 && err.contains(&format!("nothing was changed: {told}")), "{err}");
    assert!(err.contains("\nhint: take that rule out"), "{err}");
    assert_eq!(fixture.text(), JOB);
    assert_eq!(fixture.server.ok(&["policy", "read", "shop"]).trim(), theirs.trim());
    assert!(!fixture.server.run(&["get", "shop/web/puma"], "root", "").status.success());
    let (_, out, _) = fixture.fix(&["-dry-run"], "root");
    assert!(out.contains(&told[1..]) && !out.contains("secret policy write shop"), "{out}");
}
