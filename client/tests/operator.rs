//! Who holds the keys: the whole of an operator's work, with keys on standard input only.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test"
)]

mod shared;

use serde_json::Value;
use shared::Server;

fn json(out: &[u8]) -> Value {
    serde_json::from_slice(out).unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(out)))
}

fn keys(made: &Value, name: &str) -> Vec<String> {
    made[name].as_array().unwrap().iter().map(|it| it.as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_store_is_made_rekeyed_and_given_a_new_root_token() {
    let server = Server::empty();
    let run = |args: &[&str], token: &str, input: &str| {
        let ran = server.run(args, token, input);
        assert!(ran.status.success(), "{args:?}: {}", String::from_utf8_lossy(&ran.stderr));
        ran.stdout
    };
    assert_eq!(server.run(&["operator", "init", "-status"], "", "").status.code(), Some(2));
    let made = json(&run(&["operator", "init", "-n", "3", "-t", "2", "-format=json"], "", ""));
    let (old, token) = (keys(&made, "unseal_keys_b64"), made["root_token"].as_str().unwrap());
    assert_eq!((old.len(), &made["unseal_threshold"]), (3, &Value::from(2)));
    run(&["operator", "init", "-status"], "", "");
    let state = json(&run(&["operator", "unseal", "-format=json"], "", &old[0]));
    assert_eq!((&state["sealed"], &state["progress"]), (&Value::Bool(true), &Value::from(1)));
    run(&["operator", "unseal", "-reset"], "", "");
    // Several at once, one on each line.
    let state = json(&run(&["operator", "unseal", "-format=json", "-"], "", &old[..2].join("\n")));
    assert_eq!(state["sealed"], Value::Bool(false));

    run(&["operator", "rekey", "-init", "-key-shares=1", "-key-threshold=1"], token, "");
    let state = json(&run(&["operator", "rekey", "-status", "-format=json"], token, ""));
    assert_eq!(state["started"], Value::Bool(true));
    run(&["operator", "rekey", "-cancel"], token, "");
    assert_eq!(
        server.run(&["operator", "rekey"], token, &old[0]).status.code(),
        Some(1),
        "nothing is under way"
    );
    run(&["operator", "rekey", "-init", "-verify", "-n", "1", "-t", "1"], token, "");
    let made = json(&run(&["operator", "rekey", "-format=json"], token, &old[1..].join("\n")));
    let new = keys(&made, "keys_base64");
    assert_eq!((new.len(), &made["verification_required"]), (1, &Value::Bool(true)));
    run(&["operator", "rekey", "-verify"], token, &new[0]);

    let begun = json(&run(&["operator", "generate-root", "-init", "-format=json"], token, ""));
    let otp = begun["otp"].as_str().unwrap();
    let done = json(&run(&["operator", "generate-root", "-format=json"], token, &new[0]));
    assert_eq!(done["complete"], Value::Bool(true));
    let decode = format!("-decode={}", done["encoded_token"].as_str().unwrap());
    let second = String::from_utf8(run(&["operator", "generate-root", &decode], token, otp)).unwrap();
    assert_eq!(run(&["token", "lookup", "-field=policies"], &second, ""), b"[root]");
    let made = String::from_utf8(run(&["operator", "generate-root", "-generate-otp"], token, "")).unwrap();
    assert_eq!(made.len(), otp.len());

    let term = |out: Vec<u8>| json(&out)["term"].as_u64().unwrap();
    let before = term(run(&["operator", "key-status", "-format=json"], token, ""));
    assert_eq!(term(run(&["operator", "rotate", "-format=json"], token, "")), before + 1);
    run(&["operator", "seal"], token, "");
    assert_eq!(server.run(&["status"], "", "").status.code(), Some(2));
    assert_eq!(
        server.run(&["operator", "unseal"], "", &old[0]).status.code(),
        Some(2),
        "an old share is void"
    );
    run(&["operator", "unseal"], "", &new[0]);
}

// Rule 22: shares come from a terminal or standard input. One that is typed is refused, and not repeated.
#[test]
fn a_share_on_the_command_line_is_refused() {
    let server = Server::start();
    for command in [
        &["unseal"][..],
        &["operator", "unseal"],
        &["operator", "rekey"],
        &["operator", "rekey", "-verify", "-nonce=n"],
        &["operator", "generate-root"],
        &["operator", "generate-root", "-nonce=n"],
    ] {
        let (code, text) = server.fails(&[command, &["hunter2hunter2"]].concat(), "root");
        assert_eq!(code, 1, "{command:?}");
        assert!(text.starts_with("secret: keys are not taken from the command line"), "{command:?}: {text}");
        assert!(text.contains("\nhint: ") && !text.contains("hunter2"), "{command:?}: {text}");
    }
    // Nor from the environment: with no key on standard input there is none.
    let variables = [("VAULT_UNSEAL_KEY", "k"), ("STRONGROOM_ADDR", server.address.as_str())];
    let ran = server.run_with(&["unseal"], &variables, "");
    assert!(String::from_utf8(ran.stderr).unwrap().starts_with("secret: no key on standard input"));
}
