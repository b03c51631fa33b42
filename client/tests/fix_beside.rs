//! `secret fix` where several files need one file beside them: it is completed, and undone in whatever order.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test"
)]

mod shared;

use std::{collections::BTreeMap, fs, path::PathBuf};

use serde_json::Value;
use shared::Server;

struct Folder {
    server: Server,
    path: PathBuf,
}

/// What one run answered.
struct Ran {
    code: i32,
    out: String,
    err: String,
}

fn folder(files: &[(&str, &str)]) -> Folder {
    let server = Server::start();
    let path = server.home.path().join("tree");
    fs::create_dir(&path).unwrap();
    files.iter().for_each(|(name, text)| fs::write(path.join(name), text).unwrap());
    Folder { server, path }
}

impl Folder {
    fn fix(&self, options: &[&str], names: &[&str]) -> Ran {
        let paths: Vec<String> = names.iter().map(|it| self.path.join(it).display().to_string()).collect();
        let mut args = vec!["fix", "-yes"];
        args.extend(options);
        args.extend(paths.iter().map(String::as_str));
        let ran = self.server.run(&args, "root", "");
        let text = |it: &[u8]| String::from_utf8(it.to_vec()).unwrap();
        let (out, err) = (text(&ran.stdout), text(&ran.stderr));
        assert!(
            !out.contains("quayside") && !err.contains("quayside"),
            "a secret was printed:\n{out}\n{err}"
        );
        Ran { code: ran.status.code().unwrap(), out, err }
    }

    #[track_caller]
    fn ok(&self, options: &[&str], names: &[&str]) -> Ran {
        let ran = self.fix(options, names);
        assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
        ran
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.path.join(name)).unwrap()
    }

    fn all(&self) -> BTreeMap<String, String> {
        let entries = fs::read_dir(&self.path).unwrap().map(|it| it.unwrap());
        entries
            .map(|it| (it.file_name().into_string().unwrap(), fs::read_to_string(it.path()).unwrap()))
            .collect()
    }
}

fn manifest(namespace: &str, variable: &str, secret: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\n  namespace: {namespace}\nspec:\n  template:\n    spec:\n      containers:\n        \
         - name: web\n          image: shop:1\n          env:\n            - name: {variable}\n              value: {secret}\n"
    )
}

const CLASS: &str = "web-deployment-strongroom.yaml";
const LIVE: &str = "live.web-deployment-strongroom.yaml";
const VARIABLES: &str = "shop.variables.json.tpl";

/// Two of one object, and one of a namesake.
fn manifests() -> Folder {
    folder(&[
        ("app.yaml", &manifest("default", "DB_PASSWORD", "quayside-Lantern-77")),
        ("patch.yaml", &manifest("default", "SMTP_PASSWORD", "quayside-Harbour-31")),
        ("live.yaml", &manifest("live", "DB_PASSWORD", "quayside-Pier-90")),
    ])
}

#[test]
fn a_second_manifest_completes_the_class_of_the_first() {
    let folder = manifests();
    let before = folder.all();
    folder.ok(&[], &["app.yaml"]);
    let first = folder.text(CLASS);
    // A person's comment, and the line ends of another system.
    let edited = first.replace("  provider:", "  # ours\n  provider:").replace('\n', "\r\n");
    fs::write(folder.path.join(CLASS), &edited).unwrap();
    let ran = folder.ok(&[], &["patch.yaml"]);
    assert!(ran.out.contains("+      - objectName: SMTP_PASSWORD"), "{}", ran.out);
    let second = folder.text(CLASS);
    assert!(second.contains("  # ours\r\n") && !second.replace("\r\n", "").contains('\n'), "{second}");
    for name in ["DB_PASSWORD", "SMTP_PASSWORD"] {
        for line in [
            format!(
                "      - objectName: {name}\r\n        secretPath: secret/data/kubernetes/default/deployment/web\r\n        secretKey: {name}\r\n"
            ),
            format!("        - objectName: {name}\r\n          key: {name}\r\n"),
        ] {
            assert_eq!(second.matches(&line).count(), 1, "{second}");
        }
    }
    assert!(folder.text("patch.yaml").contains("key: SMTP_PASSWORD\n"));
    let stored = folder.server.ok(&["get", "kubernetes/default/deployment/web#SMTP_PASSWORD"]);
    assert_eq!(stored, "quayside-Harbour-31");
    // The namespace has a class of its own.
    folder.ok(&[], &["live.yaml"]);
    assert_eq!(folder.text(CLASS), second);
    assert!(folder.text(LIVE).contains("namespace: live\n"));
    for name in ["app.yaml", "patch.yaml", "live.yaml"] {
        folder.ok(&[], &[name]);
    }
    assert_eq!(folder.text(CLASS), second, "a second time changes nothing");

    folder.ok(&["-undo"], &["live.yaml"]);
    assert!(!folder.all().contains_key(LIVE));
    folder.ok(&["-undo"], &["patch.yaml"]);
    assert_eq!(folder.text(CLASS), edited);
    // What a person changed since the fix is a person's.
    let ran = folder.ok(&["-undo"], &["app.yaml"]);
    assert!(ran.err.contains("web-deployment-strongroom.yaml stays: it was changed since"), "{}", ran.err);
    fs::remove_file(folder.path.join(CLASS)).unwrap();
    assert_eq!(folder.all(), before);
}

#[test]
fn a_whole_folder_is_fixed_at_once_and_undone_in_any_order() {
    // Copies of one object have one class.
    let copy = manifest("default", "DB_PASSWORD", "quayside-Lantern-77");
    let folder = folder(&[("app.yaml", &copy), ("copy.yaml", &copy), ("third.yaml", &copy)]);
    let before = folder.all();
    folder.ok(&[], &[""]);
    let fixed = folder.all();
    assert_eq!(fixed.len(), 4);
    assert_eq!(fixed[CLASS].matches("- objectName: DB_PASSWORD\n").count(), 2, "{}", fixed[CLASS]);
    folder.ok(&["-undo"], &[""]);
    assert_eq!(folder.all(), before);

    for order in [["app.yaml", "copy.yaml", "third.yaml"], ["copy.yaml", "third.yaml", "app.yaml"]] {
        folder.ok(&[], &[""]);
        assert_eq!(folder.all(), fixed);
        // It is needed until the last of them is undone.
        for name in &order[..2] {
            folder.ok(&["-undo"], &[name]);
            assert!(folder.all().contains_key(CLASS), "{name}");
        }
        // An undone one is fixed again in between.
        folder.ok(&[], &[order[0]]);
        assert_eq!(folder.text(order[0]), fixed[order[0]]);
        folder.ok(&["-undo"], &[order[2]]);
        assert!(folder.text(CLASS).contains("secretPath"), "{} is still fixed", order[0]);
        folder.ok(&["-undo"], &[order[0]]);
        assert_eq!(folder.all(), before, "{order:?}");
    }
}

/// `staging.yaml` and `production.yaml` of one folder: the same object with other values.
#[test]
fn namesakes_of_one_folder_have_classes_of_their_own() {
    let folder = folder(&[
        ("Staging_1.yaml", &manifest("default", "DB_PASSWORD", "quayside-Lantern-77")),
        ("production.yaml", &manifest("default", "DB_PASSWORD", "quayside-Harbour-31")),
    ]);
    let before = folder.all();
    folder.ok(&[], &[""]);
    let fixed = folder.all();
    let mut roles = Vec::new();
    for name in ["staging-1", "production"] {
        let class = &fixed[&format!("{name}-web-deployment-strongroom.yaml")];
        roles.push(class.lines().find(|it| it.contains("roleName: ")).unwrap());
    }
    assert_ne!(roles[0], roles[1]);
    folder.ok(&[], &[""]);
    assert_eq!(folder.all(), fixed, "a second time changes nothing");
    folder.ok(&["-undo"], &[""]);
    assert_eq!(folder.all(), before);
}

#[test]
fn what_an_other_fix_needs_is_left_and_told() {
    let folder = manifests();
    folder.ok(&[], &["app.yaml"]);
    folder.ok(&[], &["patch.yaml"]);
    let ran = folder.ok(&["-undo"], &["app.yaml"]);
    assert!(ran.err.contains("stays: the fix of") && ran.err.contains("patch.yaml needs it"), "{}", ran.err);
    // A copy of the tree is undone without harm to the tree itself.
    let copy = folder.server.home.path().join("copy");
    fs::create_dir(&copy).unwrap();
    for (name, text) in folder.all() {
        fs::write(copy.join(name), text).unwrap();
    }
    let path = copy.join("patch.yaml").display().to_string();
    let ran = folder.server.run(&["fix", "-undo", "-yes", &path], "root", "");
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    assert!(!copy.join(CLASS).exists());
    folder.ok(&[], &["app.yaml"]);
    folder.ok(&["-undo"], &["app.yaml"]);
    assert!(folder.text(CLASS).contains("SMTP_PASSWORD"), "patch.yaml is fixed here");
    folder.ok(&["-undo"], &["patch.yaml"]);
    assert!(!folder.all().contains_key(CLASS));
}

#[test]
fn a_second_file_completes_the_variables_of_the_first() {
    let declared = "variable \"db_password\" {\n  default = \"quayside-Lantern-77\"\n}\n\nvariable \"api_token\" {\n  default = \"quayside-Pier-90\"\n}\n";
    let folder = folder(&[
        ("shop.tf", declared),
        ("shop.tfvars", "db_password = \"quayside-Harbour-31\"\nsmtp_password = \"quayside-Mole-12\"\n"),
    ]);
    let before = folder.all();
    folder.ok(&[], &["shop.tf"]);
    let first = folder.text(VARIABLES);
    let edited = first.replacen("{\n", "{\n  {{/* ours */}}\n", 1);
    fs::write(folder.path.join(VARIABLES), &edited).unwrap();
    let ran = folder.ok(&[], &["shop.tfvars"]);
    assert!(ran.out.contains("+  \"smtp_password\""), "{}", ran.out);
    let second = folder.text(VARIABLES);
    let out = tempfile::tempdir_in("/dev/shm").unwrap();
    let (source, token) =
        (folder.path.join(VARIABLES).display().to_string(), folder.server.file("token", "root"));
    let template = format!("{source}:{}", out.path().join("shop.json").display());
    let args = ["agent", &format!("-token-file={token}"), "-exit-after-auth", "-template", &template];
    let ran = folder.server.run(&args, "root", "");
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let values: Value = serde_json::from_slice(&fs::read(out.path().join("shop.json")).unwrap()).unwrap();
    // What `.tfvars` gives comes before a default.
    let expected = serde_json::json!({
        "api_token": "quayside-Pier-90", "db_password": "quayside-Harbour-31", "smtp_password": "quayside-Mole-12",
    });
    assert_eq!(values, expected, "{second}");
    folder.ok(&["-undo"], &["shop.tfvars"]);
    assert_eq!(folder.text(VARIABLES), edited);
    fs::write(folder.path.join(VARIABLES), &first).unwrap();
    folder.ok(&["-undo"], &["shop.tf"]);
    assert_eq!(folder.all(), before);

    // The other way round a default changes nothing.
    folder.ok(&[], &["shop.tfvars"]);
    let ran = folder.ok(&[], &["shop.tf"]);
    assert!(ran.err.contains("gives the variable db_password another value"), "{}", ran.err);
    folder.ok(&["-undo"], &["shop.tfvars"]);
    folder.ok(&["-undo"], &["shop.tf"]);
    assert_eq!(folder.all(), before);
}

/// The command as it is printed, with a file of the token and a place in memory for what it names.
fn pasted(folder: &Folder, told: &str, out: &std::path::Path) -> String {
    let line = told.lines().find(|it| it.contains("it is a template from now on: `")).unwrap();
    let command = line.split('`').nth(1).unwrap();
    let token = folder.server.file("token", "root");
    command.replace("TOKEN", &token).replace("/run/secrets", &out.display().to_string()).replacen(
        "secret agent",
        &format!("{} agent -exit-after-auth", shared::BINARY),
        1,
    )
}

#[test]
fn the_printed_command_renders_a_template_with_other_marks() {
    let text = "global:\n  smtp_auth_password: quayside-Lantern-77\nreceivers:\n  - name: ops\n    title: '{{ .CommonLabels.alertname }}'\n";
    let folder = folder(&[("alertmanager.yml", text)]);
    let ran = folder.ok(&[], &["alertmanager.yml"]);
    assert!(
        folder.text("alertmanager.yml").contains("[[ with secret"),
        "{}",
        folder.text("alertmanager.yml")
    );
    let out = tempfile::tempdir_in("/dev/shm").unwrap();
    let command = pasted(&folder, &format!("{}{}", ran.out, ran.err), out.path());
    let ran = std::process::Command::new("sh")
        .args(["-c", &command])
        .current_dir(folder.server.home.path())
        .env_clear()
        .envs([
            ("HOME", folder.server.home.path().to_str().unwrap()),
            ("STRONGROOM_ADDR", &folder.server.address),
        ])
        .output()
        .unwrap();
    assert!(ran.status.success(), "{command}\n{}", String::from_utf8_lossy(&ran.stderr));
    let rendered = fs::read_to_string(out.path().join("alertmanager.yml")).unwrap();
    assert_eq!(rendered.replace('"', ""), text);
}

#[test]
fn a_file_of_somebody_elses_is_told_of_and_the_rest_goes_on() {
    let folder = manifests();
    let theirs = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: web\n";
    fs::write(folder.path.join(CLASS), theirs).unwrap();
    fs::write(folder.path.join("shop.env"), "DB_PASSWORD=quayside-Mole-12\n").unwrap();
    let ran = folder.fix(&[], &["app.yaml", "shop.env"]);
    assert_eq!(ran.code, 1, "{}", ran.err);
    assert!(
        ran.out.contains("left: ")
            && ran.out.contains(
                "web-deployment-strongroom.yaml stands beside it, and it holds no SecretProviderClass"
            )
            && ran.out.contains("move it away"),
        "{}",
        ran.out
    );
    assert_eq!(folder.text(CLASS), theirs);
    assert!(folder.text("app.yaml").contains("quayside") && !folder.text("shop.env").contains("quayside"));
    assert!(
        !folder
            .server
            .run(&["get", "kubernetes/default/deployment/web#DB_PASSWORD"], "root", "")
            .status
            .success()
    );
}

#[test]
fn what_compose_merges_is_planned_together_and_started_with_one_command() {
    let base = "services:\n  db:\n    image: postgres:16\n    environment:\n      POSTGRES_PASSWORD: quayside-Base-11\n";
    let over = "services:\n  db:\n    environment:\n      POSTGRES_PASSWORD: quayside-Over-22\n";
    let files = [("compose.yaml", base), ("compose.override.yaml", over)];
    let start = "--map secret/compose/tree/compose#POSTGRES_PASSWORD=POSTGRES_PASSWORD --map secret/compose/tree/compose#POSTGRES_PASSWORD_2=POSTGRES_PASSWORD_2 -- docker compose up";
    let both = folder(&files);
    let ran = both.ok(&[], &["."]);
    assert_eq!(ran.err.matches(start).count(), 1, "{}", ran.err);
    assert_eq!(ran.err.matches("docker compose up").count(), 1, "{}", ran.err);
    assert_eq!(ran.out.matches("secret policy write compose.tree.compose ").count(), 1, "{}", ran.out);
    assert!(both.text("compose.yaml").contains("POSTGRES_PASSWORD: ${POSTGRES_PASSWORD:?"));
    assert!(both.text("compose.override.yaml").contains("POSTGRES_PASSWORD: ${POSTGRES_PASSWORD_2:?"));
    // Its neighbour is read though it is not named.
    let one = folder(&files);
    let ran = one.ok(&[], &["compose.yaml"]);
    assert!(!one.text("compose.yaml").contains("_FILE") && one.text("compose.override.yaml") == over);
    assert!(!ran.err.contains("POSTGRES_PASSWORD_2"), "{}", ran.err);
}

#[test]
fn a_file_of_variables_on_the_disk_keeps_a_variable_from_becoming_a_file() {
    let text = "services:\n  db:\n    image: postgres:16\n    env_file: db.env\n    environment:\n      POSTGRES_PASSWORD: quayside-Base-11\n";
    let folder = folder(&[("compose.yaml", text), ("db.env", "POSTGRES_PASSWORD=\n")]);
    let told = folder.ok(&[], &["compose.yaml"]).err;
    assert!(told.contains("its env_file db.env sets it too"), "{told}");
    assert!(!folder.text("compose.yaml").contains("_FILE"), "{}", folder.text("compose.yaml"));
    fs::write(folder.path.join("compose.yaml"), text).unwrap();
    fs::write(folder.path.join("db.env"), "POSTGRES_USER=app\n").unwrap();
    folder.ok(&[], &["compose.yaml"]);
    assert!(folder.text("compose.yaml").contains("POSTGRES_PASSWORD_FILE: /run/secrets/"));
}

#[test]
fn files_of_one_folder_share_a_provider_and_the_last_undo_takes_it_away() {
    let resource = |name: &str, secret: &str| {
        format!("resource \"aws_db_instance\" \"{name}\" {{\n  password = \"{secret}\"\n}}\n")
    };
    let provider = "provider \"vault\" {\n  address = \"https://corp-vault:8200\"\n  auth_login_jwt {\n    role = \"ci\"\n  }\n}\n";
    let folder = folder(&[
        ("a.tf", &resource("a", "quayside-Lantern-77")),
        ("b.tf", &resource("b", "quayside-Harbour-31")),
        ("providers.tf", provider),
    ]);
    let before = folder.all();
    let ran = folder.ok(&[], &["."]);
    assert_eq!(ran.err.matches("which reads VAULT_ADDR and VAULT_TOKEN").count(), 1, "{}", ran.err);
    for name in ["a.tf", "b.tf"] {
        assert!(folder.text(name).contains("  provider = vault.strongroom\n"), "{}", folder.text(name));
    }
    assert_eq!(folder.text("strongroom.tf").matches("alias").count(), 1);
    folder.ok(&["-undo"], &["a.tf"]);
    assert!(folder.all().contains_key("strongroom.tf"));
    folder.ok(&["-undo"], &["b.tf"]);
    assert_eq!(folder.all(), before);
}
