//! What is rewritten to ask for its values, on small files: what the file becomes, and what goes into the store.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "a test")]

mod found;

use found::{Found, check, findings, found, in_env};
use strongroom_fix::{File, Options, plan};
use strongroom_scan::{Layer, Obstacle, Place};

#[test]
fn a_file_that_is_laid_over_another_is_composes_too() {
    check(
        "live.yaml",
        "x-key: &key s3cr-a\nservices:\n  web:\n    environment:\n      KEY: *key\n",
        &[found("s3cr-a", "x-key")],
        "x-key: &key ${X_KEY:?use-secret-run}\nservices:\n  web:\n    environment:\n      KEY: *key\n",
        "compose/live#x_key=s3cr-a\n",
    );
    check(
        "app.yaml",
        "first: &key s3cr-a\nsecond: *key\n",
        &[found("s3cr-a", "first")],
        "first: &key {{ with secret \"secret/data/config/app\" }}{{ .Data.data.first | toJSON }}{{ end }}\nsecond: *key\n",
        "config/app#first=s3cr-a\n",
    );
}

/// The service would take `{{ with secret ... }}` for the value at the next push.
#[test]
fn a_pipeline_of_ci_stays_as_it_is_and_its_own_secrets_are_named() {
    for (name, text, way) in [
        (
            ".github/workflows/ci.yml",
            "on: push\njobs:\n  a:\n    env:\n      DB_PASSWORD: Xk29dkfLq81mZpq0\n",
            "${{ secrets.NAME }}",
        ),
        (
            "ci.yml",
            "on: push\njobs:\n  a:\n    env:\n      DB_PASSWORD: Xk29dkfLq81mZpq0\n",
            "${{ secrets.NAME }}",
        ),
        (".gitlab-ci.yml", "variables:\n  DB_PASSWORD: Xk29dkfLq81mZpq0\n", "masked variable"),
        (
            ".circleci/config.yml",
            "jobs:\n  a:\n    environment:\n      DB_PASSWORD: Xk29dkfLq81mZpq0\n",
            "context",
        ),
        ("azure-pipelines.yml", "variables:\n  DB_PASSWORD: Xk29dkfLq81mZpq0\n", "$(NAME)"),
        ("bitbucket-pipelines.yml", "a:\n  DB_PASSWORD: Xk29dkfLq81mZpq0\n", "secured variable"),
        ("Jenkinsfile", "environment {\n  DB_PASSWORD = 'Xk29dkfLq81mZpq0'\n}\n", "credentials('NAME')"),
        (".drone.yml", "a:\n  DB_PASSWORD: Xk29dkfLq81mZpq0\n", "secrets of that service"),
    ] {
        let found = strongroom_scan::scan(name, text);
        assert!(!found.is_empty(), "{name}");
        let plan = plan(&File { name, text, folder: "" }, &found, &Options::default());
        assert!(
            plan.edits.is_empty() && plan.entries.is_empty() && plan.notes.is_empty(),
            "{name}: {plan:?}"
        );
        assert_eq!(plan.left.len(), found.len(), "{name}");
        for it in &plan.left {
            assert!(it.reason.contains("CI service") && it.nearest.contains(way), "{name}: {it:?}");
        }
    }
}

#[test]
fn what_a_user_of_its_own_or_another_script_reads_stays_a_variable() {
    for service in [
        "image: mongo:7",
        "image: postgres:16\n    user: \"999:999\"",
        "image: ghcr.io/somebody/postgres:16",
        "image: bitnami/postgres",
    ] {
        let name = if service.contains("mongo") { "MONGO_INITDB_ROOT_PASSWORD" } else { "POSTGRES_PASSWORD" };
        let text = |value: &str| {
            format!("services:\n  db:\n    {service}\n    environment:\n      {name}: {value}\n")
        };
        check(
            "compose.yaml",
            &text("s3cr-a"),
            &[in_env("s3cr-a", name)],
            &text(&format!("${{{name}:?use-secret-run}}")),
            &format!("compose/compose#{name}=s3cr-a\n"),
        );
    }
}

#[test]
fn an_official_image_is_known_from_wherever_it_is_pulled() {
    for image in [
        "postgres",
        "library/postgres:16",
        "docker.io/library/postgres@sha256:00",
        "localhost:5000/postgres:16",
        "public.ecr.aws/docker/library/postgres",
    ] {
        let text = format!(
            "services:\n  db:\n    image: {image}\n    environment:\n      POSTGRES_PASSWORD: s3cr-a\n"
        );
        let made = plan(
            &File { name: "compose.yaml", text: &text, folder: "" },
            &findings(&text, &[in_env("s3cr-a", "POSTGRES_PASSWORD")]),
            &Options::default(),
        );
        assert!(made.apply(&text).unwrap().contains("POSTGRES_PASSWORD_FILE:"), "{image}");
    }
}

#[test]
fn a_part_of_a_plain_scalar_gets_no_quotes_of_its_own() {
    check(
        "app.yaml",
        "login: ops:s3cr-a\npassword: s3cr-b\n",
        &[found("s3cr-a", "login"), found("s3cr-b", "password")],
        "login: ops:{{ with secret \"secret/data/config/app\" }}{{ .Data.data.login }}{{ end }}\npassword: {{ with secret \"secret/data/config/app\" }}{{ .Data.data.password | toJSON }}{{ end }}\n",
        "config/app#login=s3cr-a\nconfig/app#password=s3cr-b\n",
    );
}

#[test]
fn terraform_asks_the_vault_provider() {
    check(
        "infra/main.tf",
        r#"provider "aws" {
  secret_key = "s3cr-a"
}

resource "x" "y" {
  password = "s3cr-b" # of the database
  url      = "postgres://u:s3cr%40c@h/d"
}

terraform {
  backend "s3" { secret_key = "s3cr-d" }
}
"#,
        &[
            found("s3cr-a", "secret_key"),
            found("s3cr-b", "password"),
            Found {
                layers: &[Layer::HclQuoted, Layer::Percent],
                value: Some("s3cr@c"),
                ..found("s3cr%40c", "url")
            },
            Found { obstacle: Some(Obstacle::Backend), ..found("s3cr-d", "secret_key") },
        ],
        r#"provider "aws" {
  secret_key = ephemeral.vault_kv_secret_v2.strongroom_terraform_main.data["secret_key"]
}

resource "x" "y" {
  password = data.vault_kv_secret_v2.strongroom_terraform_main.data["password"] # of the database
  url      = "postgres://u:${urlencode(data.vault_kv_secret_v2.strongroom_terraform_main.data["url"])}@h/d"
}

terraform {
  backend "s3" { secret_key = "s3cr-d" }
}

ephemeral "vault_kv_secret_v2" "strongroom_terraform_main" {
  mount = "secret"
  name  = "terraform/main"
}

data "vault_kv_secret_v2" "strongroom_terraform_main" {
  mount = "secret"
  name  = "terraform/main"
}
"#,
        "terraform/main#password=s3cr-b\nterraform/main#secret_key=s3cr-a\nterraform/main#url=s3cr@c\n",
    );
}

#[test]
fn variables_of_terraform_come_from_a_rendered_file() {
    check(
        "infra/main.tf",
        "variable \"a\" {\n  type    = string\n  default = \"s3cr-a\"\n}\n\nvariable \"m\" {\n  default = {\n    ci = \"s3cr-b\"\n    eu = 1\n  }\n}\n",
        &[found("s3cr-a", "a"), found("s3cr-b", "m.ci")],
        "variable \"a\" {\n  type    = string\n}\n\nvariable \"m\" {\n  default = {\n    ci = null\n    eu = 1\n  }\n}\n",
        "terraform/main#a=s3cr-a\nterraform/main#m_ci=s3cr-b\n",
    );
    check(
        "prod.auto.tfvars",
        "a = \"s3cr-a\"\nb = [\"x\", \"s3cr-b\"]\n",
        &[found("s3cr-a", "a"), found("s3cr-b", "b[1]")],
        "# a: from the store, see the file of variables\nb = [\"x\", null]\n",
        "terraform/prod#a=s3cr-a\nterraform/prod#b_1=s3cr-b\n",
    );
}

#[test]
fn packer_has_a_function_of_its_own() {
    check(
        "a.pkr.hcl",
        "variable \"p\" {\n  default = \"s3cr-a\"\n}\n\nsource \"qemu\" \"x\" {\n  boot_command = [\"user=u passwd=s3cr-b <enter>\"]\n}\n",
        &[found("s3cr-a", "p"), found("s3cr-b", "passwd")],
        "variable \"p\" {\n  default = vault(\"/secret/data/packer/a\", \"p\")\n}\n\nsource \"qemu\" \"x\" {\n  boot_command = [\"user=u passwd=${local.strongroom_passwd} <enter>\"]\n}\n\nlocal \"strongroom_passwd\" {\n  expression = vault(\"/secret/data/packer/a\", \"passwd\")\n  sensitive  = true\n}\n",
        "packer/a#p=s3cr-a\npacker/a#passwd=s3cr-b\n",
    );
}

#[test]
fn compose_gives_a_file_where_the_image_reads_one() {
    check(
        "docker-compose.yml",
        "services:\r\n  db:\r\n    image: postgres:16\r\n    environment:\r\n      POSTGRES_PASSWORD: \"s3cr-a\"\r\n  web:\r\n    build: .\r\n    environment:\r\n      - DATABASE_URL=postgres://u:s3cr-a@db/x\r\n      - \"TOKEN=s3cr$$b\"\r\n",
        &[
            in_env("s3cr-a", "POSTGRES_PASSWORD"),
            in_env("s3cr-a", "DATABASE_URL"),
            Found {
                layers: &[Layer::YamlDouble, Layer::Compose],
                value: Some("s3cr$b"),
                ..in_env("s3cr$$b", "TOKEN")
            },
        ],
        "services:\r\n  db:\r\n    image: postgres:16\r\n    environment:\r\n      POSTGRES_PASSWORD_FILE: /run/secrets/postgres_password\r\n    secrets:\r\n      - postgres_password\r\n  web:\r\n    build: .\r\n    environment:\r\n      - DATABASE_URL=postgres://u:${POSTGRES_PASSWORD:?use-secret-run}@db/x\r\n      - \"TOKEN=${TOKEN:?use-secret-run}\"\r\n\r\nsecrets:\r\n  postgres_password:\r\n    file: /run/strongroom/compose.docker-compose/postgres_password\r\n",
        "compose/docker-compose#POSTGRES_PASSWORD=s3cr-a\ncompose/docker-compose#TOKEN=s3cr$b\n",
    );
}

/// Braces of a variable would be a map there.
#[test]
fn a_word_in_brackets_gets_quotes() {
    check(
        "docker-compose.yml",
        "services:\n  web:\n    build: .\n    command: [x, -p, s3cr-a, x://s3cr-b:s3cr-c@h]\n    environment: {A: s3cr-d, B: \"s3cr-e\"}\n",
        &[
            found("s3cr-a", "-p"),
            found("s3cr-b", "b"),
            found("s3cr-c", "c"),
            in_env("s3cr-d", "A"),
            in_env("s3cr-e", "B"),
        ],
        "services:\n  web:\n    build: .\n    command: [x, -p, \"${P:?use-secret-run}\", \"x://${B:?use-secret-run}:${C:?use-secret-run}@h\"]\n    environment: {A: \"${A:?use-secret-run}\", B: \"${B_2:?use-secret-run}\"}\n",
        "compose/docker-compose#A=s3cr-d\ncompose/docker-compose#B_2=s3cr-e\ncompose/docker-compose#b=s3cr-b\ncompose/docker-compose#c=s3cr-c\ncompose/docker-compose#p=s3cr-a\n",
    );
}

const DEPLOYMENT: &str = "apiVersion: apps/v1
kind: Deployment
metadata:
  name: shop
spec:
  template:
    spec:
      containers:
        - name: web
          image: web:1
          args: [\"--password=s3cr-a\"]
          env:
            - name: B
              value: \"s3cr-b\"
            - {name: C, value: s3cr-c}
        - name: other
          image: x
";

const DEPLOYMENT_FIXED: &str = "apiVersion: apps/v1
kind: Deployment
metadata:
  name: shop
spec:
  template:
    spec:
      containers:
        - name: web
          image: web:1
          args: [\"--password=$(PASSWORD)\"]
          env:
            - name: PASSWORD
              valueFrom:
                secretKeyRef:
                  name: shop-deployment-strongroom
                  key: password
            - name: B
              valueFrom:
                secretKeyRef:
                  name: shop-deployment-strongroom
                  key: B
            - {name: C, valueFrom: { secretKeyRef: { name: shop-deployment-strongroom, key: C } }}
          volumeMounts:
            - name: strongroom
              mountPath: /run/secrets/strongroom
              readOnly: true
        - name: other
          image: x
      volumes:
        - name: strongroom
          csi:
            driver: secrets-store.csi.k8s.io
            readOnly: true
            volumeAttributes:
              secretProviderClass: shop-deployment-strongroom
";

#[test]
fn a_pod_gets_its_values_from_a_class() {
    let all = [
        Found { place: Place::Argument, ..found("s3cr-a", "--password") },
        in_env("s3cr-b", "B"),
        in_env("s3cr-c", "C"),
    ];
    check(
        "deployment.yaml",
        DEPLOYMENT,
        &all,
        DEPLOYMENT_FIXED,
        "kubernetes/default/deployment/shop#B=s3cr-b\nkubernetes/default/deployment/shop#C=s3cr-c\nkubernetes/default/deployment/shop#password=s3cr-a\n",
    );
    let plan = plan(
        &File { name: "deployment.yaml", text: DEPLOYMENT, folder: "" },
        &findings(DEPLOYMENT, &all),
        &Options::default(),
    );
    let class = plan.beside.first().unwrap();
    assert_eq!(class.name, "shop-deployment-strongroom.yaml");
    assert!(class.text.contains(
        "      - objectName: B\n        secretPath: secret/data/kubernetes/default/deployment/shop\n        secretKey: B\n"
    ));
    let role = plan.access.first().unwrap().role.as_ref().unwrap();
    assert_eq!(
        (role.method, role.bound[0].1.as_str(), role.bound[1].1.as_str()),
        ("kubernetes", "default", "default")
    );
}

/// With what the scanner itself finds, in files that have the usual marks already.
#[test]
fn a_name_that_leads_elsewhere_is_made_a_plain_one() {
    for (name, expected) in
        [("../../shop", "..-..-shop"), ("/etc/cron.d/shop", "-etc-cron.d-shop"), ("..", "unnamed")]
    {
        let text = DEPLOYMENT.replace("name: shop", &format!("name: {name}"));
        let made = plan(
            &File { name: "$(id)/a b;c.yaml", text: &text, folder: "" },
            &findings(&text, &[in_env("s3cr-b", "B")]),
            &Options::default(),
        );
        assert_eq!(made.beside.first().unwrap().name, format!("{expected}-deployment-strongroom.yaml"));
        let role = format!("kubernetes.default.deployment.{expected}");
        let access = made.access.first().unwrap();
        assert_eq!(
            (access.policy.as_str(), access.role.as_ref().unwrap().name.as_str()),
            (role.as_str(), role.as_str())
        );
    }
    let text = "password: s3cr-a\n";
    let of = File { name: "deploy/$(id).yaml", text, folder: "" };
    let made = plan(&of, &findings(text, &[found("s3cr-a", "password")]), &Options::default());
    assert_eq!(made.access.first().unwrap().policy, "config.--id-");
    assert!(made.notes.first().unwrap().contains("'deploy/$(id).yaml:/run/secrets/$(id).yaml'"));
}

/// `-undo` finds an original by what its file became.
#[test]
fn comments_with_different_values_do_not_become_the_same() {
    let fixed = |text: &str, options: &Options| {
        let made = plan(
            &File { name: "run.sh", text, folder: "" },
            &findings(text, &[Found { commented: true, ..found(&text[3..9], "B") }]),
            options,
        );
        (made.apply(text).unwrap(), made.entries)
    };
    let (first, entries) = fixed("#B=s3cr-a\n", &Options::default());
    let there =
        entries.iter().map(|it| ((it.reference.path.clone(), it.reference.field.clone()), it.value.clone()));
    let (second, _) = fixed("#B=s3cr-b\n", &Options { taken: there.collect(), ..Options::default() });
    assert_ne!(first, second);
}

#[test]
fn an_object_with_a_value_of_its_own_becomes_a_template() {
    check(
        "secret.yaml",
        "apiVersion: v1\nkind: Secret\nmetadata: { name: x }\ndata:\n  password: czNjci1h\nstringData:\n  other: s3cr-b\n",
        &[
            Found { layers: &[Layer::Base64], value: Some("s3cr-a"), ..found("czNjci1h", "password") },
            found("s3cr-b", "other"),
        ],
        "apiVersion: v1\nkind: Secret\nmetadata: { name: x }\ndata:\n  password: {{ with secret \"secret/data/kubernetes/default/secret/x\" }}{{ .Data.data.password | base64Encode }}{{ end }}\nstringData:\n  other: {{ with secret \"secret/data/kubernetes/default/secret/x\" }}{{ .Data.data.other | toJSON }}{{ end }}\n",
        "kubernetes/default/secret/x#other=s3cr-b\nkubernetes/default/secret/x#password=s3cr-a\n",
    );
}

#[test]
fn a_template_of_packer_in_json_stays_one() {
    let user = |it: &str| format!("{{{{user `strongroom_{it}`}}}}");
    let vault = |it: &str| format!("{{{{vault `/secret/data/packer/a` `{it}`}}}}");
    check(
        "a.pkr.json",
        "{\n  \"builders\": [{ \"token\": \"s3cr-a\", \"x\": \"{{user `b`}}\", \"variables\": {} }]\n}\n",
        &[Found { layers: &[Layer::Json], ..found("s3cr-a", "token") }],
        &format!(
            "{{\n  \"variables\": {{\n    \"strongroom_token\": \"{}\"\n  }},\n  \"builders\": [{{ \"token\": \"{}\", \"x\": \"{{{{user `b`}}}}\", \"variables\": {{}} }}]\n}}\n",
            vault("token"),
            user("token"),
        ),
        "packer/a#token=s3cr-a\n",
    );
    check(
        "a.pkr.json",
        "{ \"builders\": [\"u:s3cr-a@h\"], \"variables\": { \"c\": \"d\" } }",
        &[Found { layers: &[Layer::Json], ..found("s3cr-a", "url") }],
        &format!(
            "{{ \"builders\": [\"u:{}@h\"], \"variables\": {{\n    \"strongroom_url\": \"{}\", \"c\": \"d\" }} }}",
            user("url"),
            vault("url"),
        ),
        "packer/a#url=s3cr-a\n",
    );
}

#[test]
fn a_part_of_a_variable_does_not_take_its_name() {
    let text = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: p\nspec:\n  containers:\n    - name: c\n      image: x\n      env:\n        - name: DSN\n          value: app:s3cr-a@tcp\n";
    let findings = findings(text, &[in_env("s3cr-a", "DSN")]);
    let plan = plan(&File { name: "pod.yaml", text, folder: "" }, &findings, &Options::default());
    let fixed = plan.apply(text).expect("the edits fit");
    assert!(fixed.contains("- name: DSN_SECRET\n          valueFrom:"), "{fixed}");
    assert!(fixed.contains("- name: DSN\n          value: app:$(DSN_SECRET)@tcp\n"), "{fixed}");
}

fn with_beside(name: &str, text: &str) -> Options {
    Options { beside: [(name.to_owned(), Some(text.to_owned()))].into(), ..Options::default() }
}

#[test]
fn a_class_that_is_there_is_completed_and_its_names_are_not_free() {
    let found = |text: &str| findings(text, &[in_env("s3cr-b", "B")]);
    let of = |name: &str, options: &Options| {
        plan(&File { name, text: DEPLOYMENT, folder: "" }, &found(DEPLOYMENT), options)
    };
    let first = of("one.yaml", &Options::default()).beside.remove(0);
    assert_eq!(first.before, None);
    // The same manifest again needs nothing more; another one asks for another value of that name.
    let again = of("one.yaml", &with_beside(&first.name, &first.text));
    assert_eq!(again.beside[0].text, first.text);
    let elsewhere = Options { prefix: Some("team".to_owned()), ..with_beside(&first.name, &first.text) };
    let other = of("two.yaml", &elsewhere);
    assert_eq!(other.beside[0].before.as_deref(), Some(first.text.as_str()));
    assert!(
        other.beside[0]
            .text
            .contains("- objectName: B_2\n        secretPath: secret/data/team/default/deployment/shop\n")
    );
    assert!(other.apply(DEPLOYMENT).unwrap().contains("key: B_2\n"));
    for theirs in [Some("kind: ConfigMap\n".to_owned()), None] {
        let options = Options { beside: [(first.name.clone(), theirs)].into(), ..Options::default() };
        let left = of("two.yaml", &options);
        assert!(left.edits.is_empty() && left.entries.is_empty() && left.beside.is_empty());
        let left = &left.left[0];
        assert!(
            left.reason.starts_with("shop-deployment-strongroom.yaml stands beside it")
                && !left.nearest.is_empty()
        );
    }
}

#[test]
fn variables_that_are_there_are_completed() {
    let of = |name: &str, text: &str, found: Found<'_>, options: &Options| {
        plan(&File { name, text, folder: "" }, &findings(text, &[found]), options)
    };
    let declared = "variable \"a\" {\n  default = \"s3cr-a\"\n}\n";
    let first = of("infra/shop.tf", declared, found("s3cr-a", "a"), &Options::default()).beside.remove(0);
    let beside = with_beside(&first.name, &first.text);
    let second = of("infra/shop.tfvars", "b = \"s3cr-b\"\n", found("s3cr-b", "b"), &beside).beside.remove(0);
    assert_eq!(second.name, first.name);
    assert_eq!(second.text.lines().count(), 4);
    assert!(second.text.starts_with(first.text.trim_end_matches("\n}\n")));
    let theirs = with_beside(&first.name, "[]\n");
    let left = of("infra/shop.tf", declared, found("s3cr-a", "a"), &theirs);
    assert!(left.edits.is_empty() && left.left.len() == 1);
}

#[test]
fn rewrites_that_would_meet_are_not_made() {
    // A reader that takes a broken document apart may tell of a value and of a part of it.
    let text = "a: s3cr-abc\nb: s3cr-d\n";
    let findings = findings(text, &[found("s3cr-abc", "a"), found("cr-abc", "a"), found("s3cr-d", "b")]);
    let plan = plan(&File { name: "app.yaml", text, folder: "" }, &findings, &Options::default());
    assert_eq!((plan.edits.len(), plan.entries.len(), plan.left.len()), (0, 0, 3));
}

#[test]
fn what_stays_outside_of_jobs_is_told_nothing_of_tasks() {
    for (name, text) in [
        (".env", "DB_PASSWORD=${OTHER:-Kiln-Otter-75}\n"),
        ("app.yaml", "db:\n  password: ${OTHER:-Kiln-Otter-75}\n"),
        ("config/database.yml", "a:\n  password: <%= ENV.fetch(\"X\", \"Kiln-Otter-75\") %>\n"),
        ("main.tf", "resource \"x\" \"y\" {\n  password = var.a ? \"Kiln-Otter-75\" : \"\"\n}\n"),
    ] {
        let found = strongroom_scan::scan(name, text);
        let made = plan(&File { name, text, folder: "" }, &found, &Options::default());
        let [left] = made.left.as_slice() else { panic!("{name}: {:?}", made.left) };
        assert!(!left.nearest.contains("task"), "{name}: {}", left.nearest);
    }
}
