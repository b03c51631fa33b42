//! Values that YAML writes as blocks (`|`, `>`): the line end behind one is the block's own, and what follows stays a line.
#![allow(clippy::unwrap_used, reason = "a test")]

use strongroom_fix::{File, Options, plan};

/// What is stored by its field, and the fixed file; a second run finds nothing.
#[track_caller]
fn check(name: &str, text: &str, stored: &[(&str, &str)], expected: &str) {
    for end in ["\n", "\r\n"] {
        let (text, expected) = (text.replace('\n', end), expected.replace('\n', end));
        let found = strongroom_scan::scan(name, &text);
        let plan = plan(&File { name, text: &text, folder: "" }, &found, &Options::default());
        let entries = plan.entries.iter().map(|it| (it.reference.field.as_str(), it.value.expose()));
        assert_eq!(entries.collect::<Vec<_>>(), stored, "{name}");
        let fixed = plan.apply(&text).unwrap();
        assert!(fixed == expected, "{fixed}");
        assert!(strongroom_scan::scan(name, &fixed).is_empty(), "{fixed}");
    }
}

#[test]
fn the_keys_behind_a_block_stay() {
    let read = |field: &str, pipe: &str| {
        format!(
            "{{{{ with secret \"secret/data/config/app\" }}}}{{{{ .Data.data.{field}{pipe} }}}}{{{{ end }}}}"
        )
    };
    check(
        "app.yaml",
        "db:\n  password: |\n    Line-One-Otter-12\n  client_secret: Folded-Otter-88\n  api_key: >\n    Late-Otter-99\n\nlast: 1\n",
        &[
            ("db_api_key", "Late-Otter-99"),
            ("db_client_secret", "Folded-Otter-88"),
            ("db_password", "Line-One-Otter-12"),
        ],
        &format!(
            "db:\n  password: |\n    {}\n  client_secret: {}\n  api_key: >\n    {}\n\nlast: 1\n",
            read("db_password", ""),
            read("db_client_secret", " | toJSON"),
            read("db_api_key", ""),
        ),
    );
}

#[test]
fn the_services_behind_a_block_stay() {
    check(
        "compose.yaml",
        "services:\n  db:\n    image: x\n    environment:\n      A_PASSWORD: |\n        Kiln-Otter-16\n      B: c\nconfigs:\n  c:\n    content: |\n      password=Kiln-Otter-19\nsecrets:\n  a:\n    file: ./a\n",
        &[("A_PASSWORD", "Kiln-Otter-16"), ("password", "Kiln-Otter-19")],
        "services:\n  db:\n    image: x\n    environment:\n      A_PASSWORD: |\n        ${A_PASSWORD:?use-secret-run}\n      B: c\nconfigs:\n  c:\n    content: |\n      password=${PASSWORD:?use-secret-run}\nsecrets:\n  a:\n    file: ./a\n",
    );
}

#[test]
fn the_variables_behind_a_block_stay() {
    let pod = |own: &str, value: &str, rest: &str| {
        format!(
            "apiVersion: v1\nkind: Pod\nmetadata:\n  name: p\n  namespace: s\nspec:\n  containers:\n    - name: c\n      env:\n{own}        - name: DB_PASSWORD\n          value: |\n            {value}\n        - name: LOG_LEVEL\n          value: debug\n{rest}"
        )
    };
    check(
        "pod.yaml",
        &pod("", "Kiln-Otter-75", ""),
        &[("DB_PASSWORD", "Kiln-Otter-75")],
        &pod(
            "        - name: DB_PASSWORD_SECRET\n          valueFrom:\n            secretKeyRef:\n              name: p-pod-strongroom\n              key: DB_PASSWORD\n",
            "$(DB_PASSWORD_SECRET)",
            "      volumeMounts:\n        - name: strongroom\n          mountPath: /run/secrets/strongroom\n          readOnly: true\n  volumes:\n    - name: strongroom\n      csi:\n        driver: secrets-store.csi.k8s.io\n        readOnly: true\n        volumeAttributes:\n          secretProviderClass: p-pod-strongroom\n",
        ),
    );
}
