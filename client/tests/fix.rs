//! `secret fix`, against a server of the same binary: what becomes of the files and of the store, whatever happens.
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
use serde_json::Value;
use shared::Server;

// Rule 118: the file is rewritten when the store has every value, no value is printed, none is left in the file.
#[test]
fn a_job_is_fixed_once_and_can_be_undone() {
    let fixture = fixture();
    assert_eq!(fixture.scan(), 1);
    let (code, out, err) = fixture.fix(&["-yes"], "root");
    assert_eq!(code, 0, "{out}{err}");
    let fixed = fixture.text();
    assert!(
        !fixed.contains(SECRET) && fixed.contains("# of the database") && fixed.contains("with secret"),
        "{fixed}"
    );
    assert!(err.ends_with("`secret rotate` makes new ones.\n"), "{err}");
    assert!(err.contains("1 credential moved into the store.\n"), "{err}");
    assert!(out.contains("-        DB_PASSWORD = \"••••••••\""), "{out}");
    assert_eq!(fixture.server.ok(&["get", "shop/web/puma#DB_PASSWORD"]), SECRET);
    assert_eq!(fixture.scan(), 0);
    let beside = fs::read_dir(fixture.job.parent().unwrap())
        .unwrap()
        .filter(|it| it.as_ref().unwrap().file_name().to_string_lossy().contains("job.nomad.hcl"));
    assert_eq!(beside.count(), 1, "no copy is left beside the file");

    let (code, _, err) = fixture.fix(&["-yes"], "root");
    assert_eq!((code, fixture.text()), (0, fixed.clone()), "{err}");
    assert!(err.contains("Nothing to do"), "{err}");

    let (code, ..) = fixture.fix(&["-undo", "-yes"], "root");
    assert_eq!((code, fixture.text().as_str()), (0, JOB));
    // What was edited since is not what the store has an original of.
    fs::write(&fixture.job, format!("{fixed}# edited\n")).unwrap();
    let (code, _, err) = fixture.fix(&["-undo", "-yes"], "root");
    assert_eq!(code, 2);
    assert!(err.contains("no original"), "{err}");
}

// Rule 118
#[test]
fn without_the_store_or_a_yes_nothing_changes() {
    let fixture = fixture();
    let (code, out, err) = fixture.fix(&["-dry-run"], "root");
    assert_eq!(code, 0, "{err}");
    assert!(out.contains("+      vault {") && err.contains("Nothing was done"), "{out}{err}");
    let (code, _, err) = fixture.fix(&[], "root");
    assert_eq!(code, 2);
    assert!(err.contains("nobody to ask"), "{err}");
    // Whoever may read and not write.
    let rules = fixture.server.file("reader.hcl", "path \"secret/*\" { capabilities = [\"read\"] }");
    fixture.server.ok(&["policy", "write", "reader", &rules]);
    let reader = fixture.server.ok(&["token", "create", "-policy=reader", "-field=token"]);
    let (code, _, err) = fixture.fix(&["-yes"], &reader);
    assert_eq!(code, 2);
    let unchanged = format!(
        "secret: {} is left as it was; not all of its values are stored: secret/shop/web/puma: permission denied",
        fixture.job.display()
    );
    assert!(err.starts_with(&unchanged) && err.contains("\nhint: "), "{err}");
    // The values may be written, and the original may not be kept.
    let rules =
        "path \"secret/data/shop/*\" { capabilities = [\"create\", \"read\", \"update\", \"patch\"] }";
    let rules = fixture.server.file("writer.hcl", rules);
    fixture.server.ok(&["policy", "write", "writer", &rules]);
    let writer = fixture.server.ok(&["token", "create", "-policy=writer", "-field=token"]);
    assert_eq!(fixture.fix(&["-yes"], &writer).0, 2);
    assert_eq!(fixture.text(), JOB);
}

#[test]
fn without_a_server_a_dry_run_still_shows_and_a_fix_fails() {
    let mut fixture = fixture();
    fixture.server.stop();
    let (code, out, err) = fixture.fix(&["-dry-run"], "root");
    assert_eq!(code, 0, "{err}");
    assert!(out.contains("shop/web/puma#DB_PASSWORD") && err.contains("no server"), "{out}{err}");
    assert_eq!(fixture.fix(&["-yes"], "root").0, 2);
    assert_eq!(fixture.text(), JOB);
}

// Rule 118: what another has at a job's path stays, and neither reads what the other has.
#[test]
fn what_the_store_has_is_kept() {
    let fixture = fixture();
    fixture.server.ok(&["auth", "enable", "-path=jwt-nomad", "jwt"]);
    fixture.server.ok(&["put", "shop/web/puma", "DB_PASSWORD=another", "USER=rails"]);
    let (code, out, err) = fixture.fix(&["-yes", "-apply"], "root");
    assert_eq!(code, 0, "{out}{err}");
    let get = |place: &str| fixture.server.ok(&["get", place]);
    assert_eq!([get("shop/web/puma#DB_PASSWORD"), get("shop/web/puma#USER")], ["another", "rails"]);
    // The folder's name is told apart, and so are policy and role.
    let home = fixture.job.parent().unwrap().file_name().unwrap().to_string_lossy().into_owned();
    let home = home.trim_start_matches('.');
    assert_eq!(get(&format!("{home}/shop/web/puma#DB_PASSWORD")), SECRET);
    let policy = fixture.server.ok(&["policy", "read", &format!("{home}.shop")]);
    assert!(policy.contains(&format!("\"secret/data/{home}/shop/web/puma\"")), "{policy}");
    assert!(!policy.contains("\"secret/data/shop"), "{policy}");
    fixture.server.ok(&["read", &format!("auth/jwt-nomad/role/{home}.shop")]);

    // A path that the file's own references name is its own: what comes to it stands beside what is there.
    fixture.server.ok(&["put", "shop/web/puma", "DB_PASSWORD=another", "USER=rails"]);
    let template = "template {
        data        = \"USER={{ with secret `secret/data/shop/web/puma` }}{{ .Data.data.USER }}{{ end }}\"
        destination = \"secrets/user.env\"
        env         = true
      }
      env {";
    fs::write(&fixture.job, JOB.replace("env {", template)).unwrap();
    let (code, out, err) = fixture.fix(&["-yes"], "root");
    assert_eq!(code, 0, "{out}{err}");
    assert_eq!(get("shop/web/puma#DB_PASSWORD_2"), SECRET);
    assert!(fixture.text().contains("DB_PASSWORD={{ .Data.data.DB_PASSWORD_2"), "{}", fixture.text());
}

#[test]
fn two_files_of_one_run_are_told_apart() {
    let fixture = fixture();
    let home = fixture.job.parent().unwrap();
    let files = [("staging", SECRET), ("production", "harbour-Beacon-31")].map(|(folder, secret)| {
        let file = home.join("app").join(folder).join("web.nomad.hcl");
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, JOB.replace(SECRET, secret)).unwrap();
        file.display().to_string()
    });
    fs::create_dir(home.join("app/.git")).unwrap();
    let dry = fixture.server.ok(&["fix", "-dry-run", &files[0], &files[1]]);
    fixture.server.ok(&["fix", "-yes", &files[0], &files[1]]);
    let get = |folder: &str| fixture.server.ok(&["get", &format!("app/{folder}/shop/web/puma#DB_PASSWORD")]);
    assert_eq!([get("staging"), get("production")], [SECRET, "harbour-Beacon-31"]);
    assert!(dry.contains("secret policy write app.production.shop"), "{dry}");
}

#[test]
fn what_cannot_be_fixed_is_left_and_explained() {
    let fixture = fixture();
    let job = JOB.replace(
        "group \"web\" {",
        "group \"web\" {\n    meta { api_token = \"9f86d081884c7d659a2feaa0c55ad015\" }\n",
    );
    fs::write(&fixture.job, &job).unwrap();
    let (code, out, err) = fixture.fix(&["-yes", "-format=json"], "root");
    assert_eq!(code, 1, "{err}");
    let told: Value = serde_json::from_str(&out).unwrap();
    let left = &told["files"][0]["left"][0];
    assert_eq!((left["key"].as_str(), left["line"].as_u64()), (Some("api_token"), Some(3)), "{out}");
    assert!(
        left["reason"].as_str().unwrap().contains("meta") && !left["nearest"].as_str().unwrap().is_empty()
    );
    assert_eq!(told["files"][0]["stored"][0]["path"], "shop/web/puma");
    let access = &told["access"][0];
    assert_eq!(access["policy"], "shop", "{out}");
    assert_eq!(access["rules"], "path \"secret/data/shop/web/puma\" {\n  capabilities = [\"read\"]\n}\n");
    assert_eq!(access["roles"][0]["path"], "auth/jwt-nomad/role/shop");
    assert_eq!(access["roles"][0]["fields"]["bound_claims"]["nomad_job_id"], "shop");
    assert!(!fixture.text().contains(SECRET) && fixture.text().contains("9f86d081"));
}

#[test]
fn the_policy_and_the_role_are_written_and_what_others_wrote_stays() {
    let fixture = fixture();
    fixture.server.ok(&["auth", "enable", "-path=jwt-nomad", "jwt"]);
    let rules = fixture
        .server
        .file("shop.hcl", "# theirs\npath \"secret/data/theirs\" { capabilities = [\"read\"] }");
    fixture.server.ok(&["policy", "write", "shop", &rules]);
    let (code, out, err) = fixture.fix(&["-yes", "-apply"], "root");
    assert_eq!(code, 0, "{out}{err}");
    let policy = fixture.server.ok(&["policy", "read", "shop"]);
    assert!(policy.contains("# theirs") && policy.contains("path \"secret/data/shop/web/puma\""), "{policy}");
    let role: Value =
        serde_json::from_str(&fixture.server.ok(&["read", "-format=json", "auth/jwt-nomad/role/shop"]))
            .unwrap();
    let data = role.get("data").unwrap_or(&role);
    assert_eq!(data["bound_claims"]["nomad_job_id"], "shop");
    assert_eq!(data["token_policies"], serde_json::json!(["shop"]));
}

#[test]
fn a_long_file_is_fixed_and_undone() {
    let fixture = fixture();
    // As JSON it is twice as long, and more than one secret of the store takes.
    let padding = format!("# {}\n", "\"".repeat(1000)).repeat(1500);
    let file = fixture.server.file("app.env", &format!("DB_PASSWORD={SECRET}\n{padding}"));
    let ran = fixture.server.run(&["fix", "-yes", &file], "root", "");
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let fixed = fs::read_to_string(&file).unwrap();
    assert!(!fixed.contains(SECRET) && fixed.len() > 1 << 20);
    fixture.server.ok(&["fix", "-undo", "-yes", &file]);
    assert_eq!(fs::read_to_string(&file).unwrap(), format!("DB_PASSWORD={SECRET}\n{padding}"));
    // A piece that is another one is noticed.
    fixture.server.ok(&["fix", "-yes", &file]);
    let folder = |of: &str| {
        let listed = fixture.server.ok(&["kv", "list", "-mount=secret", "-format=json", of]);
        format!("{of}/{}", listed.split('"').find(|it| it.ends_with('/')).unwrap().trim_end_matches('/'))
    };
    let pieces = folder(&folder("strongroom-fix"));
    fixture.server.ok(&["put", &format!("{pieces}/1"), "text=other"]);
    let (code, err) = fixture.server.fails(&["fix", "-undo", "-yes", &file], "root");
    assert!(code == 2 && err.contains("is not whole") && err.contains("app.env"), "{err}");
    assert_eq!(fs::read_to_string(&file).unwrap(), fixed);

    let longer = fixture.server.file("longer.env", &format!("DB_PASSWORD={SECRET}\n{}", padding.repeat(3)));
    let (code, err) = fixture.server.fails(&["fix", "-yes", &longer], "root");
    assert!(code == 1 && err.contains("longer.env:1: the file is longer than 4 MiB"), "{err}");
    assert!(fs::read_to_string(&longer).unwrap().contains(SECRET));
}

#[test]
fn a_value_from_before_a_rotation_is_kept_and_told_of() {
    let fixture = fixture();
    let path = "shop/web/puma#DB_PASSWORD";
    fixture.fix(&["-yes"], "root");
    fixture.server.ok(&["put", "shop/web/puma", "DB_PASSWORD=rotated"]);
    fs::write(&fixture.job, JOB).unwrap();
    let (code, _, err) = fixture.fix(&["-dry-run"], "root");
    assert_eq!(code, 0);
    assert!(err.contains(path) && err.contains("newer value") && err.contains("version 1"), "{err}");
    let folder = fixture.job.parent().unwrap().file_name().unwrap().to_str().unwrap();
    let own = format!("{}/{path}", folder.trim_start_matches('.'));
    assert!(err.contains(&format!("kept as secret/{own}")), "{err}");
    // One that the store never had.
    fs::write(&fixture.job, JOB.replace(SECRET, "quayside-Harbour-31")).unwrap();
    let (_, _, err) = fixture.fix(&["-dry-run"], "root");
    assert!(err.contains(&format!("has another value: this file's is kept as secret/{own}")), "{err}");
    fixture.fix(&["-yes"], "root");
    assert_eq!(fixture.server.ok(&["get", path]), "rotated");
    assert_eq!(fixture.server.ok(&["get", &own]), "quayside-Harbour-31");
    // The value that the store has is nothing to tell.
    fs::write(&fixture.job, JOB.replace(SECRET, "rotated-Pier-90")).unwrap();
    fixture.server.ok(&["put", "shop/web/puma", "DB_PASSWORD=rotated-Pier-90"]);
    let (_, _, err) = fixture.fix(&["-dry-run"], "root");
    assert!(!err.contains("another value") && !err.contains("newer"), "{err}");
}

#[test]
fn a_failure_names_the_file_the_path_and_what_was_done_and_a_second_run_goes_on() {
    let fixture = fixture();
    fixture.server.ok(&["auth", "enable", "-path=jwt-nomad", "jwt"]);
    let may = |name: &str, rules: &str| {
        let common = "path \"sys/auth\" { capabilities = [\"read\"] }\npath \"secret/data/shop/*\" { capabilities = [\"create\", \"read\", \"update\", \"patch\"] }\n";
        let rules = fixture.server.file(name, &format!("{common}{rules}"));
        fixture.server.ok(&["policy", "write", name, &rules]);
        fixture.server.ok(&["token", "create", &format!("-policy={name}"), "-field=token"]).trim().to_owned()
    };
    let fails = |token: &str, expected: &[&str]| {
        let (code, _, err) = fixture.fix(&["-yes", "-apply"], token);
        assert_eq!(code, 2, "{err}");
        assert!(err.contains("job.nomad.hcl is left as it was"), "{err}");
        expected.iter().for_each(|it| assert!(err.contains(it), "{it} in {err}"));
        assert_eq!(fixture.text(), JOB);
    };
    let reader = fixture.server.file(
        "reader.hcl",
        "path \"sys/auth\" { capabilities = [\"read\"] }\npath \"secret/*\" { capabilities = [\"read\"] }",
    );
    fixture.server.ok(&["policy", "write", "reader", &reader]);
    let reader = fixture.server.ok(&["token", "create", "-policy=reader", "-field=token"]);
    fails(reader.trim(), &["not all of its values are stored: secret/shop/web/puma: "]);
    let policies = "path \"sys/policies/acl/*\" { capabilities = [\"create\", \"read\", \"update\"] }\n";
    fails(&may("values", ""), &["its values are stored", "the policy shop: "]);
    assert_eq!(fixture.server.ok(&["get", "shop/web/puma#DB_PASSWORD"]), SECRET);
    fails(&may("policies", policies), &["policy shop: made", "auth/jwt-nomad/role/shop: "]);
    let roles = format!(
        "{policies}path \"auth/jwt-nomad/role/*\" {{ capabilities = [\"create\", \"read\", \"update\"] }}\n"
    );
    fails(&may("roles", &roles), &["what is to read them is written: secret/strongroom-fix/"]);
    let all = format!(
        "{roles}path \"secret/data/strongroom-fix/*\" {{ capabilities = [\"create\", \"read\", \"update\"] }}\n"
    );
    let (code, _, err) = fixture.fix(&["-yes", "-apply"], &may("all", &all));
    assert_eq!(code, 0, "{err}");
    assert!(err.contains("policy shop: unchanged") && err.contains("role/shop: unchanged"), "{err}");
    assert!(!fixture.text().contains(SECRET));
    assert!(!fixture.server.run(&["get", "shop/web/puma#DB_PASSWORD_2"], "root", "").status.success());
}

#[test]
fn a_mount_that_is_no_kv_2_and_a_prefix_that_is_no_path_are_refused() {
    let fixture = fixture();
    fixture.server.ok(&["secrets", "enable", "-path=old", "-version=1", "kv"]);
    for (mount, expected) in
        [("old", "old/ is a KV version 1 mount"), ("cubbyhole", "cubbyhole/ is no KV mount")]
    {
        let (code, _, err) = fixture.fix(&["-yes", &format!("-mount={mount}")], "root");
        assert_eq!(code, 2, "{err}");
        assert!(err.contains(expected) && err.contains("version 2"), "{err}");
    }
    assert!(
        fixture.server.fails(&["list", "old/"], "root").1.contains("No value found"),
        "nothing was written"
    );
    for prefix in ["-prefix=+/shop", "-prefix=sh*p", "-prefix={{x}}/y"] {
        let (code, _, err) = fixture.fix(&["-yes", prefix], "root");
        assert!(code == 2 && err.contains("--prefix: names of letters"), "{err}");
    }
    assert_eq!(fixture.text(), JOB);
}

#[test]
fn what_is_typed_wrongly_is_said_with_the_next_step_and_changes_nothing() {
    let fixture = fixture();
    fixture.server.ok(&["mount", "enable", "-path=old", "-version=1", "kv"]);
    for (options, why) in [
        (&["-prefix=../x"][..], "--prefix: names of letters, digits"),
        (&["-prefix="], "--prefix: names of letters, digits"),
        (&["-no-such-option"], "there is no option --no-such-option"),
        (&["-undo", "-dry-run"], "does not go with"),
        (&["-severity=loud"], "--severity"),
        (
            &["-"],
            "standard input is no file that could be rewritten: nothing was changed\nhint: name the file; `secret scan -`",
        ),
        (
            &["-yes", "-mount=none"],
            "none/ is no mount; a fix needs KV version 2\nhint: -mount names another; `secret secrets enable",
        ),
        (&["-yes", "-mount=old"], "old/ is a KV version 1 mount; a fix needs KV version 2"),
        (
            &["-yes", "gone"],
            "gone cannot be read: No such file or directory (os error 2); nothing was changed\nhint: ",
        ),
        (
            &["-yes", "/dev/null"],
            "/dev/null is neither a file nor a directory, and is not opened; nothing was changed",
        ),
        (&[], "there is nobody to ask, so nothing was changed\nhint: -yes goes on"),
    ] {
        let (code, out, err) = fixture.fix(options, "root");
        assert!(code == 2 && err.contains(why), "{options:?}: {code} {out}{err}");
        assert_eq!(fixture.text(), JOB);
    }
    let ran = fixture.server.run(&["fix", "-yes"], "root", "");
    let err = String::from_utf8(ran.stderr).unwrap();
    assert_eq!(ran.status.code(), Some(2));
    assert!(
        err.starts_with("secret: which files?") && err.contains("\nhint: `secret fix -dry-run .`"),
        "{err}"
    );
}

#[test]
fn what_comes_next_is_told_for_each_file_and_an_ignored_one_is_named() {
    let server = Server::start();
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str, text: String| fs::write(dir.path().join(name), text).unwrap();
    write(".gitignore", ".env\n".to_owned());
    write(".env", format!("DB_PASSWORD={SECRET}\n"));
    write("web.env", format!("SMTP_PASSWORD={SECRET}\nPORT=1\n"));
    let fix = |options: &[&str]| {
        let path = dir.path().display().to_string();
        let ran = server.run(&[&["fix"], options, &[path.as_str()]].concat(), "root", "");
        (ran.status.code().unwrap(), String::from_utf8(ran.stderr).unwrap())
    };
    let (code, err) = fix(&["-undo", "-yes"]);
    assert!(code == 0 && err.contains("Nothing to do: the store has the original of no file here."), "{err}");
    let (code, err) = fix(&["-yes"]);
    assert_eq!(code, 0, "{err}");
    assert!(err.starts_with("1 ignored file that often holds secrets was not read: "), "{err}");
    let project = dir.path().file_name().unwrap().to_str().unwrap().trim_start_matches('.');
    let token = format!(
        "
  TOKEN is a file with a token that may read that: `(umask 077; secret token create -policy=env.{project}.web "
    );
    assert!(
        err.contains(
            "web.env:
  it is a template from now on: "
        ) && err.contains(&token),
        "{err}"
    );
}
