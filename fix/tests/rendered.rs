//! What is rendered or evaluated before it is read: Rails' files, applications' own configuration.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test"
)]

mod found;

use found::{Found, check, findings, found, in_env};
use strongroom_fix::{File, Options, plan};
use strongroom_scan::Layer;

#[test]
fn a_template_in_other_marks_is_not_fixed_again() {
    let of = [
        (
            "a.yaml",
            "a: '{{ b }}'\nc:\n  - { user: d, password: \"Xk29dkfLq81mZpq0\" }\n  - db_password: 'Xk39dkfLq81mZpq0'\n  - token: Xk49dkfLq81mZpq0aaaa\n",
        ),
        (
            "a.toml",
            "a = \"{{ b }}\"\npassword = \"Xk29dkfLq81mZpq0\"\n[c]\nd = { user = \"e\", password = \"Xk39dkfLq81mZpq0\" }\n",
        ),
        ("a.toml", "a = \"{{ b }}\"\n[[c]]\npassword = \"Xk29dkfLq81mZpq0\"\n"),
        ("a.json", "{ \"a\": \"{{ b }}\", \"password\": \"Xk29dkfLq81mZpq0\" }\n"),
        ("a.xml", "<a b=\"{{ b }}\">\n  <password>Xk29dkfLq81mZpq0</password>\n</a>\n"),
        ("a.env", "A={{b}}\nDB_PASSWORD=\"Xk29dkfLq81mZpq0\"\n"),
        ("a.ini", "a = {{ b }}\n[c]\npassword = \"Xk29dkfLq81mZpq0\"\n"),
    ];
    for (name, text) in of {
        let found = strongroom_scan::scan(name, text);
        assert!(!found.is_empty(), "{name}: {text}");
        let fixed = plan(&File { name, text, folder: "" }, &found, &Options::default()).apply(text).unwrap();
        let again: Vec<String> =
            strongroom_scan::scan(name, &fixed).iter().map(|it| it.span.of(&fixed).to_owned()).collect();
        assert!(again.is_empty(), "{again:?} in {fixed}");
    }
}

#[test]
fn a_file_that_was_fixed_once_is_completed() {
    let of = [
        ("app.yaml", "a:\n  password: Xk29dkfLq81mZpq0\n", "b:\n  password: Half-Otter-604\n"),
        ("app.yaml", "a: '{{ b }}'\npassword: Xk29dkfLq81mZpq0\n", "b:\n  password: Half-Otter-604\n"),
        ("app.yaml", "password: Xk29dkfLq81mZpq0\n---\nc: d\n", "password: Half-Otter-604\n"),
        (
            "values.yaml",
            "a:\n  - password: Xk29dkfLq81mZpq0\n",
            "  - password: \"Half-Otter-604\"\n  - {password: Half-Otter-605}\n",
        ),
        (
            "s.yaml",
            "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData:\n  PASSWORD: Xk29dkfLq81mZpq0\n",
            "  DB_PASSWORD: Half-Otter-604\n",
        ),
    ];
    for (name, text, more) in of {
        let fix = |text: &str| {
            let found = strongroom_scan::scan(name, text);
            let plan = plan(&File { name, text, folder: "" }, &found, &Options::default());
            assert!(!found.is_empty() && plan.left.is_empty(), "{name}: {:?}", plan.left);
            plan.apply(text).unwrap()
        };
        let again = fix(&format!("{}{more}", fix(text)));
        assert!(!again.contains("Otter"), "{again}");
    }
}

/// What a manifest calls itself becomes a name of a file, a policy and a role.
#[test]
fn rails_reads_what_the_injector_wrote() {
    check(
        "config/database.yml",
        "production:\n  password: \"s3cr-a\" # old\n  url: 'postgres://u:s3cr-b@h/d'\n  cache: <%= ENV[\"X\"] %>\n",
        &[found("s3cr-a", "production.password"), found("s3cr-b", "production.url")],
        "production:\n  password: <%= File.read(File.join(ENV.fetch(\"SECRETS_DIR\", \"/run/secrets\"), \"database/production_password\")).to_json %> # old\n  url: 'postgres://u:<%= File.read(File.join(ENV.fetch(\"SECRETS_DIR\", \"/run/secrets\"), \"database/production_url\")) %>@h/d'\n  cache: <%= ENV[\"X\"] %>\n",
        "rails/database#production_password=s3cr-a\nrails/database#production_url=s3cr-b\n",
    );
}

/// Rails reads all of them, from one folder.
#[test]
fn two_files_of_rails_with_one_key_read_two_files() {
    let read = |name: &str, value: &str| {
        let text = format!("production:\n  password: \"{value}\"\n");
        let found = findings(&text, &[found(value, "production.password")]);
        let plan = plan(&File { name, text: &text, folder: "shop" }, &found, &Options::default());
        let fixed = plan.apply(&text).unwrap();
        let file = fixed.split('"').nth(5).unwrap().to_owned();
        let map = format!("secret/rails/{0}={0}", file.strip_suffix("/production_password").unwrap());
        assert!(plan.notes[0].contains(&format!("`secret run --map {map} -- ")), "{:?}", plan.notes);
        file
    };
    assert_eq!(read("config/database.yml", "s3cr-a"), "shop/database/production_password");
    assert_eq!(read("config/cable.yml", "s3cr-b"), "shop/cable/production_password");
}

#[test]
fn what_rails_reads_may_have_lines() {
    let read = "File.read(File.join(ENV.fetch(\"SECRETS_DIR\", \"/run/secrets\"), \"secrets/apple_p8\"))";
    check(
        "config/secrets.yml",
        "apple:\n  p8: |\n    s3cr-a\n    s3cr-b\n  id: <%= 1 %>\n",
        &[Found {
            layers: &[Layer::YamlBlock],
            value: Some("s3cr-a\ns3cr-b"),
            ..found("s3cr-a\n    s3cr-b", "apple.p8")
        }],
        &format!("apple:\n  p8: |\n    <%= {read}.gsub(\"\\n\", \"\\n    \") %>\n  id: <%= 1 %>\n"),
        "rails/secrets#apple_p8=s3cr-a\ns3cr-b\n",
    );
}

#[test]
fn what_rails_runs_reads_them_too() {
    let read = |it: &str| {
        format!("File.read(File.join(ENV.fetch(\"SECRETS_DIR\", \"/run/secrets\"), \"production/{it}\"))")
    };
    check(
        "config/environments/production.rb",
        "Rails.application.configure do\n  config.smtp = { user: \"u\", password: 's3cr-a' } # old\n  config.url = \"redis://:s3cr-b@h/1\"\nend\n",
        &[found("s3cr-a", "smtp.password"), found("s3cr-b", "config.url")],
        &format!(
            "Rails.application.configure do\n  config.smtp = {{ user: \"u\", password: {} }} # old\n  config.url = \"redis://:#{{{}}}@h/1\"\nend\n",
            read("smtp_password"),
            read("config_url"),
        ),
        "rails/production#config_url=s3cr-b\nrails/production#smtp_password=s3cr-a\n",
    );
    for line in [
        "a = 'redis://:s3cr-a@h'",
        "a = \"s3cr-a\" \"b\"",
        "a = \"x\\\"s3cr-a\"",
        "a = \"#{b}s3cr-a\"",
        "a = %w[s3cr-a]",
    ] {
        let text = format!("Rails.application.x\n{line}\n");
        let plan = plan(
            &File { name: "config/initializers/a.rb", text: &text, folder: "" },
            &findings(&text, &[found("s3cr-a", "a")]),
            &Options::default(),
        );
        assert!(plan.edits.is_empty() && plan.left.len() == 1, "{line}");
    }
}

#[test]
fn values_for_the_variables_of_a_job_are_rendered() {
    check(
        "prod.vars.hcl",
        "a = \"s3cr-a\"\nb = { c = \"x:s3cr-b\" }\n",
        &[found("s3cr-a", "a"), found("s3cr-b", "b.c")],
        "a = \"{{ with secret `secret/data/config/prod.vars` }}{{ .Data.data.a }}{{ end }}\"\nb = { c = \"x:{{ with secret `secret/data/config/prod.vars` }}{{ .Data.data.b_c }}{{ end }}\" }\n",
        "config/prod.vars#a=s3cr-a\nconfig/prod.vars#b_c=s3cr-b\n",
    );
}

#[test]
fn a_configuration_becomes_a_template_with_marks_that_it_has_not() {
    check(
        ".env",
        "# production\nA=s3cr-a\n#B=s3cr-b\n",
        &[in_env("s3cr-a", "A"), Found { commented: true, ..in_env("s3cr-b", "B") }],
        "# production\nA={{ with secret \"secret/data/env/env\" }}{{ .Data.data.A }}{{ end }}\n#B=<moved to secret/env/env/comments#B>\n",
        "env/env#A=s3cr-a\nenv/env/comments#B=s3cr-b\n",
    );
    check(
        "prometheus.yml",
        "a: \"{{ $labels.x }}\"\npassword: s3cr-a\n",
        &[found("s3cr-a", "password")],
        "a: \"{{ $labels.x }}\"\npassword: [[ with secret \"secret/data/config/prometheus\" ]][[ .Data.data.password | toJSON ]][[ end ]]\n",
        "config/prometheus#password=s3cr-a\n",
    );
}

#[test]
fn lines_that_only_look_like_yaml_get_no_quotes() {
    let check = |name: &str, written: &str| {
        check(
            name,
            "host: a\npassword: s3cr-a\n",
            &[found("s3cr-a", "password")],
            &format!(
                "host: a\npassword: {{{{ with secret \"secret/data/config/a\" }}}}{{{{ .Data.data.password{written} }}}}{{{{ end }}}}\n"
            ),
            "config/a#password=s3cr-a\n",
        );
    };
    check("a.yaml", " | toJSON");
    check("a.conf", "");
}

#[test]
fn an_action_within_json_leaves_it_whole() {
    check(
        "rclone.conf",
        "[d]\ntoken = {\"access_token\":\"s3cr-a\",\"expiry\":\"x\"}\n",
        &[Found { layers: &[Layer::Json], ..found("s3cr-a", "access_token") }],
        "[d]\ntoken = {\"access_token\":\"{{ with secret `secret/data/config/rclone` }}{{ .Data.data.access_token }}{{ end }}\",\"expiry\":\"x\"}\n",
        "config/rclone#access_token=s3cr-a\n",
    );
    // What is added later gets the marks that are there.
    check(
        "app.json",
        "{ \"a\": \"{{ with secret `secret/data/config/app` }}{{ .Data.data.a }}{{ end }}\", \"b\": \"s3cr-b\" }\n",
        &[Found { layers: &[Layer::Json], ..found("s3cr-b", "b") }],
        "{ \"a\": \"{{ with secret `secret/data/config/app` }}{{ .Data.data.a }}{{ end }}\", \"b\": \"{{ with secret `secret/data/config/app` }}{{ .Data.data.b }}{{ end }}\" }\n",
        "config/app#b=s3cr-b\n",
    );
    check(
        "list.json",
        "{ \"apiVersion\": \"v1\", \"kind\": \"Secret\", \"stringData\": { \"a\": \"s3cr-a\" } }\n",
        &[Found { layers: &[Layer::Json], ..found("s3cr-a", "a") }],
        "{ \"apiVersion\": \"v1\", \"kind\": \"Secret\", \"stringData\": { \"a\": \"{{ with secret `secret/data/kubernetes/list` }}{{ .Data.data.a }}{{ end }}\" } }\n",
        "kubernetes/list#a=s3cr-a\n",
    );
}

/// Nothing can put another password into it, so that `secret rotate` must not be tried on it under a password's name.
#[test]
fn a_document_in_base64_has_its_own_name_and_is_told() {
    let login = data_encoding::BASE64
        .encode(br#"{"auths":{"r.acme.io":{"username":"bot","password":"Xk29dkfLq81mZpq0"}}}"#);
    let secret = format!(
        "apiVersion: v1\nkind: Secret\nmetadata:\n  name: reg\n  namespace: shop\ntype: kubernetes.io/dockerconfigjson\ndata:\n  .dockerconfigjson: {login}\n"
    );
    let found = strongroom_scan::scan("reg.yaml", &secret);
    let plan_of = |text: &str, found: &[strongroom_scan::Finding]| {
        plan(&File { name: "reg.yaml", text, folder: "" }, found, &Options::default())
    };
    let document = plan_of(&secret, &found);
    let [entry] = document.entries.as_slice() else { panic!("one document") };
    assert_eq!(entry.reference.path, "kubernetes/shop/secret/reg");
    assert_eq!((entry.reference.field.as_str(), entry.value.expose()), ("dockerconfigjson", login.as_str()));
    let note = "secret/kubernetes/shop/secret/reg#dockerconfigjson is all of dockerconfigjson in base64";
    assert!(document.notes.iter().any(|it| it.starts_with(note)), "{:?}", document.notes);
    // A password alone is written again in base64.
    let alone = secret.replace(&login, &data_encoding::BASE64.encode(b"Xk29dkfLq81mZpq0"));
    let alone = alone.replace(".dockerconfigjson: ", "DB_PASSWORD: ");
    let plan = plan_of(&alone, &strongroom_scan::scan("reg.yaml", &alone));
    assert_eq!(plan.entries.first().unwrap().value.expose(), "Xk29dkfLq81mZpq0");
    assert!(!plan.notes.iter().any(|it| it.contains("in base64")), "{:?}", plan.notes);
}
