//! The examples for Nomad: each is read, is what it says, and holds no credential.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]

use std::path::{Path, PathBuf};

use strongroom_hcl::{BodyView, Expr, ExprKind, Item, TemplatePart, parse};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn texts(folder: &str) -> Vec<(String, String)> {
    let folder = root().join(folder);
    let mut found: Vec<_> = std::fs::read_dir(folder).unwrap().map(|it| it.unwrap().path()).collect();
    found.sort();
    found
        .into_iter()
        .map(|it| {
            (it.file_name().unwrap().to_str().unwrap().to_owned(), std::fs::read_to_string(it).unwrap())
        })
        .collect()
}

/// Where a literal value stands under the name of a credential, or looks like one.
fn credentials(text: &str) -> Vec<String> {
    let body = parse(text).unwrap();
    let mut found = Vec::new();
    walk(&body.items, &mut found);
    found
}

fn walk(items: &[Item], found: &mut Vec<String>) {
    for item in items {
        match item {
            Item::Attribute(it) => look(&it.key.name, &it.value, found),
            Item::Block(it) => walk(&it.body.items, found),
        }
    }
}

fn look(name: &str, value: &Expr, found: &mut Vec<String>) {
    match &value.kind {
        ExprKind::Object(entries) => {
            for entry in entries {
                look(entry.name.as_deref().unwrap_or_default(), &entry.value, found);
            }
        }
        ExprKind::String(value) => {
            let name = name.to_ascii_uppercase();
            let is_of_a_credential = ["PASSWORD", "SECRET", "TOKEN", "KEY", "CREDENTIAL", "DSN"]
                .iter()
                .any(|it| name.contains(it))
                && !["_FILE", "_PATH", "_ROLE", "_DIR"].iter().any(|it| name.ends_with(it));
            if is_of_a_credential || looks_like_one(value) {
                found.push(name);
            }
        }
        ExprKind::Template(parts) => {
            let is_one =
                |it: &TemplatePart| matches!(it, TemplatePart::Literal(text, _) if looks_like_one(text));
            if parts.iter().any(is_one) {
                found.push(name.to_ascii_uppercase());
            }
        }
        _ => {}
    }
}

/// A token, a key, or an address with a password in it.
fn looks_like_one(value: &str) -> bool {
    let has_password = |rest: &str| {
        let authority = rest.split('/').next().unwrap_or_default();
        authority.split_once('@').is_some_and(|(user, _)| user.contains(':'))
    };
    ["hvs.", "-----BEGIN", "AKIA", "sk_live_"].iter().any(|it| value.contains(it))
        || value.split("://").skip(1).any(has_password)
}

#[test]
fn no_example_holds_a_credential() {
    // The rule finds what is there: this is the job that `secret import` is shown with.
    let before = credentials(&std::fs::read_to_string(root().join("examples/rails-app.nomad.hcl")).unwrap());
    for name in ["DB_PASSWORD", "DATABASE_URL", "SECRET_KEY_BASE", "RAILS_MASTER_KEY", "STRIPE_SECRET_KEY"] {
        assert!(before.iter().any(|it| it == name), "{name}: {before:?}");
    }
    let all = [texts("deploy/nomad/agent"), texts("deploy/nomad/jobs")].concat();
    assert!(all.len() >= 7, "{}", all.len());
    for (name, text) in all {
        assert_eq!(credentials(&text), Vec::<String>::new(), "{name}");
    }
}

/// The tasks of a job, and what each gets its secrets by.
fn tasks<'a>(job: BodyView<'a>) -> Vec<(&'a str, Vec<&'static str>)> {
    let mut found = Vec::new();
    for group in job.blocks("group", 1).unwrap() {
        for task in group.body.blocks("task", 1).unwrap() {
            let by = |kind: &'static str, labels| {
                (!task.body.blocks(kind, labels).unwrap().is_empty()).then_some(kind)
            };
            let all = [by("vault", 0), by("secret", 1), by("template", 0)];
            found.push((task.label(0), all.into_iter().flatten().collect()));
        }
    }
    found
}

#[test]
fn a_job_gets_its_secrets_as_its_name_says() {
    let jobs = texts("deploy/nomad/jobs");
    let mut seen = Vec::new();
    for (name, text) in &jobs {
        let body = parse(text).unwrap();
        let job = body.view().blocks("job", 1).unwrap().pop().unwrap();
        assert_eq!(format!("{}.nomad.hcl", job.label(0)), *name);
        seen.extend(
            tasks(job.body)
                .into_iter()
                .map(|(task, by)| (name.trim_end_matches(".nomad.hcl").to_owned(), task.to_owned(), by)),
        );
    }
    let expected = [
        ("import", "import", vec!["secret"]),
        ("report", "report", vec!["vault", "secret"]),
        ("shop", "puma", vec!["vault", "template"]),
        // It cannot ask itself.
        ("strongroom", "server", vec!["template"]),
    ];
    let expected: Vec<_> =
        expected.into_iter().map(|(job, task, by)| (job.to_owned(), task.to_owned(), by)).collect();
    assert_eq!(seen, expected);
    let readme = std::fs::read_to_string(root().join("deploy/nomad/README.md")).unwrap();
    for (name, _) in jobs.iter().chain(&texts("deploy/nomad/agent")) {
        assert!(readme.contains(name), "README.md does not tell of {name}");
    }
}
