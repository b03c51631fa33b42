//! A fixed job after a rotation: the next value is written right for what reads it, and not only the one that stood there.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]
#![allow(dead_code, unused_imports, reason = "the interpreter serves more than this")]

mod interpret;

use interpret::{Got, Store, interpret};
use strongroom_fix::{File, Options, plan};

const NAME: &str = "j.nomad.hcl";
const OLD: &str = "Xk1dkfLq81mZpq1";

/// What the task's program gets, where OLD has become `next`: its environment, and the file at `destination`.
fn rotated(destination: &str, text: &str, next: &str) -> String {
    after_rotation(destination, "", text, next).files[destination].trim_end().to_owned()
}

fn after_rotation(destination: &str, settings: &str, text: &str, next: &str) -> Got {
    let job = format!(
        "job \"j\" {{\n  group \"g\" {{\n    task \"t\" {{\n      driver = \"docker\"\n      template {{\n        destination = \"{destination}\"\n{settings}        data        = <<EOT\n{text}\nEOT\n      }}\n    }}\n  }}\n}}\n"
    );
    got(&job, next)
}

fn got(job: &str, next: &str) -> Got {
    let found = strongroom_scan::scan(NAME, job);
    let plan = plan(&File { name: NAME, text: job, folder: "" }, &found, &Options::default());
    let mut store = Store::new();
    for it in &plan.entries {
        let path = store.entry(it.reference.data_path("secret")).or_default();
        path.insert(it.reference.field.clone(), it.value.expose().replace(OLD, next));
    }
    let fixed = plan.apply(job).unwrap();
    assert!(!fixed.contains(OLD), "{fixed}");
    let mut tasks = interpret(NAME, &fixed, &store).unwrap_or_else(|it| panic!("{it}\n{fixed}"));
    tasks.remove("g/t").unwrap()
}

#[track_caller]
fn check(destination: &str, text: &str, next: &str, expected: &str) {
    assert_eq!(rotated(destination, text, OLD), text, "as it was");
    assert_eq!(rotated(destination, text, next), expected);
}

#[test]
fn a_sign_that_html_escapes_is_written_as_it_is_where_nothing_reads_the_escape() {
    let users = format!("drucker  Cleartext-Password := \"{OLD}\"");
    check("secrets/users", &users, "a&b<c>\"d", "drucker  Cleartext-Password := \"a&b<c>\\\"d\"");
    // JSON takes the escape for the sign.
    let json = format!("{{\"password\": \"{OLD}\"}}");
    check("local/a.json", &json, "a&b", "{\"password\": \"a\\u0026b\"}");
}

#[test]
fn a_part_of_a_variable_may_have_every_sign() {
    let text = format!(
        "APP_KEY=base64:{OLD}\nexport OPTS=\"-Dssl.keyStorePassword={OLD} -Xmx1g\"\nDATABASE_URL=postgres://u:{OLD}@db/app?x=1"
    );
    for next in [OLD, "a#b'c\"d\\e f<&"] {
        let env = after_rotation("secrets/a.env", "        env         = true\n", &text, next).env;
        assert_eq!(env["APP_KEY"], format!("base64:{next}"));
        assert_eq!(env["OPTS"], format!("-Dssl.keyStorePassword={next} -Xmx1g"));
        assert!(next != OLD || env["DATABASE_URL"] == format!("postgres://u:{OLD}@db/app?x=1"));
    }
}

/// What the variable X of a task's `env` is, where OLD has become `next`.
fn variable(value: &str, next: &str) -> String {
    let job = format!(
        "job \"j\" {{\n  group \"g\" {{\n    task \"t\" {{\n      driver = \"docker\"\n      env {{\n        X = {value}\n      }}\n    }}\n  }}\n}}\n"
    );
    got(&job, next).env.remove("X").unwrap()
}

#[test]
fn a_string_of_json_in_a_variable_may_have_every_sign() {
    let quoted = strongroom_hcl::quote(&format!(
        "{{\"db\": {{\"password\": \"{OLD}\", \"port\": 1}}, \"key\": \"k\"}}"
    ));
    let heredoc = format!("<<EOT\n{{\"db\": {{\"password\": \"{OLD}\"}}}}\nEOT");
    for (written, next) in [(&quoted, OLD), (&quoted, "a\"b\\c<&>\nd"), (&heredoc, "a\"b")] {
        let json: serde_json::Value = serde_json::from_str(&variable(written, next)).unwrap();
        assert_eq!(json["db"]["password"], next);
    }
    // The bytes are what they were, escapes and all.
    let escaped = format!("{{\"password\": \"{OLD}\\\"\\\\<\"}}");
    assert_eq!(variable(&strongroom_hcl::quote(&escaped), OLD), escaped);
}

// Rule 118: a password is no statement, no element and no command, whatever is in it.
#[test]
fn the_next_value_stays_what_it_is_in_sql_xml_and_a_shell() {
    let sql = format!("ALTER ROLE app PASSWORD '{OLD}';");
    check(
        "local/init.sql",
        &sql,
        "x'; DROP ROLE app; --",
        "ALTER ROLE app PASSWORD 'x''; DROP ROLE app; --';",
    );
    let xml = format!("<users>\n  <user><name>app</name><password>{OLD}</password></user>\n</users>");
    check("local/users.xml", &xml, "a</b>&c", &xml.replace(OLD, "a&lt;/b&gt;&amp;c"));
    let script = |word: &str| format!("#!/bin/sh\nexport DB_PASSWORD={word}\n./run");
    check("local/run.sh", &script(&format!("'{OLD}'")), "a'b", &script(r"'a'\''b'"));
    check("local/run.sh", &script(&format!("\"{OLD}\"")), "a$(b)\"", &script(r#""a\$(b)\"""#));
}

#[test]
fn a_backslash_in_powershell_is_one() {
    let script = format!("Invoke-RestMethod -Headers @{{ \"X-Auth-Token\" = \"{OLD}\" }}");
    let expected = script.replace(OLD, r"CORP\svc&1");
    check("local/a.ps1", &script, r"CORP\svc&1", &expected);
}

#[test]
fn a_property_of_a_jdbc_address_is_no_part_of_a_url() {
    for address in [
        "db.url=jdbc:sqlserver://h:1433;databaseName=r;user=r;password=",
        "db.url=jdbc:db2://h:50000/DB:user=r;password=",
    ] {
        let line = |password: &str| format!("{address}{password};encrypt=true");
        check("local/app.properties", &line(OLD), "a@b%c", &line("a@b%c"));
        check("local/app.properties", &line(&format!("{OLD}%40x")), "q", &line("q%40x"));
    }
    let url = "db.url=jdbc:postgresql://h/d?user=r&password=";
    check("local/app.properties", &format!("{url}{OLD}"), "a@b", &format!("{url}a%40b"));
}
