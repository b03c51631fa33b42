//! Files that one program reads together: what the fix of one of them has to know of the others.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "a test")]

use strongroom_fix::{Family, File, Options, Plan, Sibling, plan};

/// What the scanner finds in one file, fixed among the others of its folder.
fn fixed(name: &str, files: &[(&str, &str)], is_all: bool) -> (String, Plan) {
    let of = |it: &str| files.iter().find(|(name, _)| *name == it).unwrap().1;
    let text = of(name);
    let family = Family::of(name, text);
    let others = files.iter().filter(|(it, _)| *it != name && family.is_read_with(it));
    let siblings = others.map(|(name, text)| Sibling {
        name: (*name).to_owned(),
        text: (*text).to_owned(),
        is_fixed: is_all,
    });
    let options = Options { siblings: siblings.collect(), ..Options::default() };
    let found = strongroom_scan::scan(name, text);
    let plan = plan(&File { name, text, folder: "shop" }, &found, &options);
    (plan.apply(text).unwrap(), plan)
}

fn places(plan: &Plan) -> Vec<String> {
    let place = |it: &strongroom_fix::Entry| {
        format!("{}#{}={}", it.reference.path, it.reference.field, it.value.expose())
    };
    plan.entries.iter().map(place).collect()
}

#[track_caller]
fn check(name: &str, files: &[(&str, &str)], expected: &[&str], never: &[&str]) -> Plan {
    let (text, plan) = fixed(name, files, true);
    let told = format!("{text}\n{}", plan.notes.join("\n"));
    expected.iter().for_each(|it| assert!(told.contains(it), "{it} is not in:\n{told}"));
    never.iter().for_each(|it| assert!(!told.contains(it), "{it} is in:\n{told}"));
    plan
}

const PING: &str = "services:\n  mysql:\n    image: mysql:8\n    environment:\n      MYSQL_ROOT_PASSWORD: R00t-Pw-mysql\n    healthcheck:\n      test: [\"CMD-SHELL\", \"mysqladmin ping -uroot -p$$MYSQL_ROOT_PASSWORD\"]\n";

#[test]
fn a_variable_that_a_command_in_the_container_uses_stays_a_variable() {
    let variable = ["MYSQL_ROOT_PASSWORD: ${MYSQL_ROOT_PASSWORD:?use-secret-run}\n"];
    check("compose.yml", &[("compose.yml", PING)], &variable, &["_FILE"]);
    let braces = PING.replace("$$MYSQL_ROOT_PASSWORD", "$${MYSQL_ROOT_PASSWORD}");
    check("compose.yml", &[("compose.yml", &braces)], &variable, &["_FILE"]);
    let other = PING.replace("$$MYSQL_ROOT_PASSWORD", "$$MYSQL_ROOT_PASSWORD_OLD");
    check("compose.yml", &[("compose.yml", &other)], &["MYSQL_ROOT_PASSWORD_FILE"], &[":?"]);
}

#[test]
fn a_variable_that_a_file_of_variables_sets_too_is_no_file() {
    let text = "x-all: &all\n  env_file: all.env\nservices:\n  db:\n    image: postgres:16\n    env_file:\n      - ./db.env\n    environment:\n      POSTGRES_PASSWORD: quayside-Base-11\n  web:\n    image: web:1\n    env_file: web.env\n";
    let check = |text: &str, env_files: &[(&str, &str)], is_file: bool, why: &str| {
        let env_files = env_files.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
        let options = Options { env_files: env_files.collect(), ..Options::default() };
        let found = strongroom_scan::scan("compose.yaml", text);
        let plan = plan(&File { name: "compose.yaml", text, folder: "shop" }, &found, &options);
        let (fixed, told) = (plan.apply(text).unwrap(), plan.notes.join("\n"));
        assert_eq!(fixed.contains("POSTGRES_PASSWORD_FILE: "), is_file, "{fixed}");
        assert_eq!(fixed.contains("POSTGRES_PASSWORD: ${POSTGRES_PASSWORD:?"), !is_file, "{fixed}");
        assert!(told.contains(why) && told.contains("does not become") != is_file, "{told}");
    };
    let sets =
        "POSTGRES_PASSWORD of db does not become POSTGRES_PASSWORD_FILE: its env_file ./db.env sets it too";
    let (password, other) = ("POSTGRES_PASSWORD=old\n", "POSTGRES_USER=app\n");
    check(text, &[("./db.env", password)], false, sets);
    check(text, &[("./db.env", "POSTGRES_PASSWORD_FILE=/run/secrets/x\n")], false, sets);
    check(text, &[("./db.env", other), ("web.env", password), ("all.env", password)], true, "");
    check(text, &[("web.env", other)], false, "./db.env cannot be read here, and may set it too");
    let inherits = text.replace("  db:\n", "  db:\n    <<: *all\n");
    check(
        &inherits,
        &[("./db.env", other), ("web.env", other), ("all.env", password)],
        false,
        "env_file all.env sets it too",
    );
    let computed = text.replace("./db.env", "${ENV:-db.env}");
    check(&computed, &[("./db.env", other)], false, "env_file ${ENV:-db.env} cannot be read");
}

const BASE: &str = "services:\n  db:\n    image: postgres:16\n    environment:\n      POSTGRES_PASSWORD: quayside-Base-11\n  web:\n    image: web:1\n    environment:\n      DATABASE_URL: postgres://app:quayside-Over-22@db/app\n";
const OVER: &str = "services:\n  db:\n    environment:\n      POSTGRES_PASSWORD: quayside-Over-22\n";
const PAIR: [(&str, &str); 2] = [("docker-compose.yml", BASE), ("docker-compose.override.yml", OVER)];

#[test]
fn a_base_and_its_override_are_planned_together() {
    let start = "start it with `secret run --env --map secret/compose/shop/docker-compose#POSTGRES_PASSWORD=POSTGRES_PASSWORD --map secret/compose/shop/docker-compose#POSTGRES_PASSWORD_2=POSTGRES_PASSWORD_2 -- docker compose up`";
    let base = check(
        "docker-compose.yml",
        &PAIR,
        &["POSTGRES_PASSWORD: ${POSTGRES_PASSWORD:?", "app:${POSTGRES_PASSWORD_2:?", start],
        &["_FILE"],
    );
    let over = check(
        "docker-compose.override.yml",
        &PAIR,
        &["POSTGRES_PASSWORD: ${POSTGRES_PASSWORD_2:?", start],
        &["_FILE"],
    );
    assert_eq!(base.notes, over.notes);
    assert_eq!(base.access, over.access);
    assert_eq!(places(&over), ["compose/shop/docker-compose#POSTGRES_PASSWORD_2=quayside-Over-22"]);
    // The values of a file that is not fixed are in no store.
    let (text, plan) = fixed(
        "docker-compose.yml",
        &[PAIR[0], ("docker-compose.override.yml", &OVER.replace("Over", "Else"))],
        false,
    );
    assert!(!text.contains("_FILE"), "{text}");
    assert!(!plan.notes[0].contains("POSTGRES_PASSWORD_2="), "{:?}", plan.notes);
}

#[test]
fn what_an_earlier_fix_left_in_the_base_is_asked_for_too() {
    let (base, _) = fixed("docker-compose.yml", &PAIR, false);
    let files = [("docker-compose.yml", base.as_str()), PAIR[1]];
    let check = |over: &str, expected: &[&str]| {
        check(
            "docker-compose.override.yml",
            &[files[0], ("docker-compose.override.yml", over)],
            expected,
            &["_FILE"],
        )
    };
    check(
        &OVER.replace("Over", "Third"),
        &[
            "POSTGRES_PASSWORD: ${POSTGRES_PASSWORD_3:?",
            "each with a `--map`: POSTGRES_PASSWORD, POSTGRES_PASSWORD_2",
        ],
    );
}

#[test]
fn files_that_are_laid_over_a_base_by_name_have_names_of_their_own() {
    let (dev, prod) = (OVER.replace("Over", "Dev"), OVER.replace("Over", "Prod"));
    let files = [
        ("docker-compose.yml", BASE),
        ("docker-compose.dev.yml", dev.as_str()),
        ("docker-compose.prod.yml", prod.as_str()),
        (
            "docker-compose.tools.yml",
            "services:\n  tool:\n    image: postgres\n    environment:\n      POSTGRES_PASSWORD: quayside-Tool-33\n",
        ),
        (
            "stack.yml",
            "services:\n  db:\n    image: postgres\n    environment:\n      POSTGRES_PASSWORD: quayside-Tool-33\n",
        ),
    ];
    check(
        "docker-compose.prod.yml",
        &files,
        &[
            "POSTGRES_PASSWORD: ${POSTGRES_PASSWORD_2:?",
            "--map secret/compose/shop/docker-compose.prod#POSTGRES_PASSWORD=POSTGRES_PASSWORD_2 -- docker compose -f docker-compose.yml -f docker-compose.prod.yml up`",
        ],
        &["docker-compose.dev", "_FILE"],
    );
    check(
        "docker-compose.yml",
        &files,
        &["POSTGRES_PASSWORD: ${POSTGRES_PASSWORD:?", "-- docker compose up`"],
        &["prod", "_FILE"],
    );
    // Neither has a service of theirs, or is laid over them.
    for name in ["docker-compose.tools.yml", "stack.yml"] {
        let before = format!("before `docker compose -f {name} up`");
        check(
            name,
            &files,
            &["POSTGRES_PASSWORD_FILE: /run/secrets/postgres_password\n", before.as_str()],
            &[],
        );
    }
}

const RESOURCE: &str = "resource \"aws_db_instance\" \"x\" {\n  password = \"quayside-Lantern-77\"\n}\n";

#[test]
fn a_vault_of_ones_own_is_not_asked_for_what_it_has_not() {
    let theirs =
        |more: &str| format!("provider \"vault\" {{\n  address = \"https://corp-vault:8200\"\n{more}}}\n");
    let login = theirs("  auth_login {\n    path = \"auth/jwt/login\"\n  }\n");
    let alias = "provider \"vault\" {\n  alias            = \"strongroom\"\n  skip_child_token = true\n}\n";
    let asks = "\" {\n  provider = vault.strongroom\n\n  mount = \"secret\"\n";
    // It may stand in any file of the folder.
    let plan = check(
        "main.tf",
        &[("main.tf", RESOURCE), ("providers.tf", &login)],
        &[asks, "`VAULT_TOKEN=$(secret print token) terraform apply`"],
        &["SKIP_CHILD"],
    );
    assert_eq!((plan.beside[0].name.as_str(), plan.beside[0].text.as_str()), ("strongroom.tf", alias));
    let both = format!("{RESOURCE}{login}");
    assert_eq!(check("main.tf", &[("main.tf", &both)], &[asks], &[]).beside.len(), 1);
    // Without a login of its own, VAULT_TOKEN is its token.
    let plan = check(
        "main.tf",
        &[("main.tf", RESOURCE), ("providers.tf", &theirs(""))],
        &[asks, "`TF_VAR_strongroom_token=$(secret print token) terraform apply`"],
        &[],
    );
    assert!(
        plan.beside[0].text.contains("token            = var.strongroom_token\n"),
        "{}",
        plan.beside[0].text
    );
    let there = check(
        "main.tf",
        &[("main.tf", RESOURCE), ("providers.tf", &login), ("other.tf", alias)],
        &[asks],
        &[],
    );
    assert!(there.beside.is_empty());
    // One that takes VAULT_ADDR asks the same server, and so does one for another alias.
    for same in ["provider \"vault\" {\n}\n".to_owned(), theirs("  alias = \"corp\"\n")] {
        let plan = check(
            "main.tf",
            &[("main.tf", RESOURCE), ("providers.tf", &same)],
            &["TERRAFORM_VAULT_SKIP_CHILD_TOKEN=true"],
            &["vault.strongroom"],
        );
        assert!(plan.beside.is_empty());
    }
}

#[test]
fn what_an_old_terraform_cannot_read_is_not_written() {
    let provider = "provider \"aws\" {\n  secret_key = \"C0tEHcbpNSqwdQYlM0NGJOy7pK6M+tzEaFMEi2S8\"\n}\n";
    let versions = |it: &str| format!("terraform {{\n  required_version = \"{it}\"\n}}\n");
    let (old, new) = (versions("~> 1.6.0"), versions(">= 1.6"));
    check(
        "main.tf",
        &[("main.tf", provider), ("versions.tf", &old)],
        &["secret_key = data.vault", "required_version leaves only"],
        &["ephemeral \"", "ephemeral.vault"],
    );
    check(
        "main.tf",
        &[("main.tf", provider), ("versions.tf", &new)],
        &["secret_key = ephemeral.vault", "need Terraform 1.10"],
        &["required_version"],
    );
}

#[test]
fn outputs_of_what_comes_from_a_data_source_are_sensitive() {
    let main = "locals {\n  db_password = \"quayside-Lantern-77\"\n  url = \"postgres://app:${local.db_password}@db/app\"\n}\n\noutput \"pw\" { value = local.db_password }\n\noutput \"url\" {\n  value       = local.url\n  description = \"x\"\n}\n\noutput \"known\" {\n  value     = local.url\n  sensitive = true\n}\n\noutput \"other\" {\n  value = local.db_password_age\n}\n";
    let outputs = "output \"there\" {\n  value = local.url\n}\n\noutput \"free\" {\n  value = var.x\n}\n";
    check(
        "main.tf",
        &[("main.tf", main), ("outputs.tf", outputs)],
        &[
            "output \"pw\" {\n  value     = local.db_password\n  sensitive = true\n}\n",
            "  value       = local.url\n  sensitive = true\n  description",
            "  value     = local.url\n  sensitive = true\n}",
            "  value = local.db_password_age\n}",
            "give `sensitive = true` to the outputs there (outputs.tf)",
        ],
        &["free"],
    );
    let direct = "output \"password\" {\n  value = \"quayside-Lantern-77\"\n}\n";
    check("main.tf", &[("main.tf", direct)], &["[\"value\"]\n  sensitive = true\n}"], &[]);
}

#[test]
fn a_file_of_values_is_named_before_the_rendered_one() {
    let values = "db_password = \"quayside-Lantern-77\"\nregion = \"eu\"\n";
    check(
        "prod.tfvars",
        &[("prod.tfvars", values)],
        &["`terraform apply -var-file=prod.tfvars -var-file=/run/secrets/prod.json`"],
        &[],
    );
    for name in ["terraform.tfvars", "prod.auto.tfvars"] {
        check(
            name,
            &[(name, values)],
            &["`terraform apply -var-file=/run/secrets/"],
            &["-var-file=prod.auto", "-var-file=terraform"],
        );
    }
}

#[test]
fn of_a_job_that_terraform_registers_it_is_said_that_the_value_is_plain_there() {
    let job = "resource \"nomad_job\" \"a\" {\n  jobspec = <<-EOT\n    job \"a\" {\n      task \"a\" {\n        env {\n          DB_PASSWORD = \"quayside-Lantern-77\"\n        }\n      }\n    }\n  EOT\n}\n";
    check("main.tf", &[("main.tf", job)], &["`jobspec = file(...)`"], &["quayside"]);
    check("main.tf", &[("main.tf", RESOURCE)], &[], &["jobspec"]);
}

#[test]
fn one_password_in_two_ways_of_writing_is_told_of() {
    let compose = "services:\n  web:\n    image: web\n    environment:\n      PGPASSWORD: \"quay@side/Lantern-77\"\n      DATABASE_URL: \"postgres://app:quay%40side%2FLantern-77@db/app\"\n";
    let pair =
        "#PGPASSWORD and secret/compose/shop/compose#DATABASE_URL_PASSWORD are one password, the second";
    check("compose.yaml", &[("compose.yaml", compose)], &[pair], &[]);
    check("compose.yaml", &[("compose.yaml", &compose.replace("%40", "%41"))], &[], &["one password"]);
    let pod = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: web\nspec:\n  containers:\n    - name: web\n      image: web\n      env:\n        - name: PGPASSWORD\n          value: \"quay@side/Lantern-77\"\n        - name: DATABASE_URL\n          value: \"postgres://app:quay%40side%2FLantern-77@db/app\"\n";
    check("pod.yaml", &[("pod.yaml", pod)], &["are one password, the second"], &[]);
    // A template writes it itself.
    let env =
        "PGPASSWORD=quay@side/Lantern-77\nDATABASE_URL=postgres://app:quay%40side%2FLantern-77@db/app\n";
    check(".env", &[(".env", env)], &["urlquery"], &["one password"]);
}

#[test]
fn a_default_of_compose_stays_and_the_way_is_one_of_compose() {
    let text = "services:\n  web:\n    image: web\n    environment:\n      API_TOKEN: ${API_TOKEN:-glrt-TQzO9Cqy6lI861KTq3co}\n";
    let (fixed, plan) = fixed("compose.yaml", &[("compose.yaml", text)], true);
    assert_eq!((fixed.as_str(), plan.left.len()), (text, 1));
    let left = &plan.left[0];
    assert!(left.reason.starts_with("the default of API_TOKEN"), "{}", left.reason);
    assert!(
        left.nearest.contains("`${API_TOKEN:?use-secret-run}`") && left.nearest.contains("=API_TOKEN --"),
        "{}",
        left.nearest
    );
}

#[test]
fn a_program_is_told_a_way_of_programs() {
    let text = "<?php\nreturn [\n    'password' => 'quayside-Lantern-77',\n    'redis' => ['password' => env('REDIS_PASSWORD', 'quayside-Harbour-31')],\n];\n";
    let (fixed, plan) = fixed("config/database.php", &[("config/database.php", text)], true);
    assert_eq!((fixed.as_str(), plan.left.len()), (text, 2));
    for left in &plan.left {
        assert!(left.nearest.starts_with("let the program read it from its environment"), "{left:?}");
    }
}

#[test]
fn what_is_added_stands_behind_what_was_there() {
    let text = "services:\n  db:\n    image: postgres\n    environment:\n      POSTGRES_PASSWORD: quayside-Lantern-77\n    command: |\n      run\n      # with care\n\n  # the web\n  web:\n    image: web\n";
    let end = "      # with care\n    secrets:\n      - postgres_password\n\n  # the web\n";
    check("compose.yaml", &[("compose.yaml", text)], &[end], &[]);
    let cut = "services:\n  db:\n    image: postgres\n    environment:\n      POSTGRES_PASSWORD: quayside-Lantern-77";
    check(
        "compose.yaml",
        &[("compose.yaml", cut)],
        &["/postgres_password\n    secrets:\n      - postgres_password\n\nsecrets:\n  postgres_password:\n"],
        &[],
    );
    let pod = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: web\nspec:\n  containers:\n    - name: web\n      image: web\n      env:\n        - name: DB_PASSWORD\n          value: quayside-Lantern-77\n      volumeMounts:\n      - name: data\n        mountPath: /data\n      ports: []\n  volumes:\n    - name: data\n      emptyDir: {}\n  restartPolicy: Never\n";
    check(
        "pod.yaml",
        &[("pod.yaml", pod)],
        &[
            "        mountPath: /data\n      - name: strongroom\n        mountPath: /run/secrets/strongroom\n        readOnly: true\n      ports: []\n",
            "      emptyDir: {}\n    - name: strongroom\n      csi:\n",
            "-strongroom\n  restartPolicy: Never\n",
        ],
        &[],
    );
}
