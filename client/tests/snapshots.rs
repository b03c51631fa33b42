//! Backups with the real binary: taken under load, put back elsewhere and here, killed in the middle.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test"
)]

mod stored;

use std::{
    collections::BTreeMap,
    fs,
    io::Write as _,
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::Path,
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    time::{Duration, Instant},
};

use serde_json::Value;
use stored::{Server, run, text};

fn inspect(file: &Path) -> Value {
    let ran = run(&["snapshot", "inspect", "-format=json", text(file)], &[], "");
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    serde_json::from_slice(&ran.stdout).unwrap()
}

/// All secrets with their values, all policies, and what the token may do.
fn everything(server: &Server, token: &str) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    for name in server.ok(&["ls"], token).lines() {
        let value = server.ok(&["read", "-format=json", &format!("secret/data/{name}")], token);
        let value: Value = serde_json::from_str(&value).unwrap();
        assert!(value["data"]["data"].is_object(), "{value}");
        all.insert(format!("secret {name}"), value["data"].to_string());
    }
    for name in server.ok(&["policy", "list"], token).lines().filter(|it| *it != "root") {
        all.insert(format!("policy {name}"), server.ok(&["policy", "read", name], token));
    }
    all
}

// Rule 15: taken while others write, it is one moment of the store; it comes back on another machine with the old
// shares, and every secret, policy and token with it.
#[test]
fn a_snapshot_under_load_comes_back_whole_on_another_machine() {
    let temp = tempfile::tempdir().unwrap();
    let [here, there] = ["here", "there"].map(|it| temp.path().join(it));
    [&here, &there].into_iter().for_each(|it| fs::create_dir(it).unwrap());
    let server = Server::start(&here, "");
    let (share, root) = server.init();
    let policy = temp.path().join("team.hcl");
    fs::write(&policy, "path \"secret/data/pair-a\" { capabilities = [\"read\"] }").unwrap();
    server.ok(&["policy", "write", "team", text(&policy)], &root);
    let token = server.ok(&["token", "create", "-policy=team", "-field=token"], &root);
    for at in 0..5 {
        server.ok(&["put", &format!("before-{at}"), &format!("value={at}")], &root);
    }
    let file = temp.path().join("a.snap");
    let (stop, rounds) = (AtomicBool::new(false), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        // b is written behind a: whoever sees b's number sees at least that of a.
        scope.spawn(|| {
            while !stop.load(Ordering::SeqCst) {
                let number = format!("n={}", rounds.fetch_add(1, Ordering::SeqCst));
                server.ok(&["put", "pair-a", &number], &root);
                server.ok(&["put", "pair-b", &number], &root);
            }
        });
        let begun = Instant::now();
        while rounds.load(Ordering::SeqCst) < 3 {
            assert!(begun.elapsed() < Duration::from_secs(60), "nothing is written");
            std::thread::sleep(Duration::from_millis(5));
        }
        let saved = server.ok(&["snapshot", "save", text(&file)], &root);
        let after = rounds.load(Ordering::SeqCst);
        while rounds.load(Ordering::SeqCst) < after + 2 {
            assert!(begun.elapsed() < Duration::from_secs(60), "nothing is written any more");
            std::thread::sleep(Duration::from_millis(5));
        }
        stop.store(true, Ordering::SeqCst);
        let meta = inspect(&file);
        assert!(saved.contains(meta["store"].as_str().unwrap()), "{saved}");
        assert!(saved.contains(&fs::metadata(&file).unwrap().len().to_string()), "{saved}");
    });
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let refused = server.fails(&["snapshot", "save", text(&file)], &root);
    assert!(refused.contains("is there already"), "{refused}");
    assert_eq!(fs::read_dir(temp.path()).unwrap().count(), 4, "something was left behind");
    let now = everything(&server, &root);
    drop(server);

    // An empty server takes it from this machine, without a token.
    let server = Server::start(&there, "");
    let restored = server.ok(&["snapshot", "restore", text(&file)], "");
    assert!(restored.starts_with("restored "), "{restored}");
    assert!(server.is_sealed());
    server.unseal(&share);
    let then = everything(&server, &root);
    let number = |all: &BTreeMap<String, String>, name: &str| -> u64 {
        let value: Value = serde_json::from_str(&all[&format!("secret {name}")]).unwrap();
        value["data"]["n"].as_str().unwrap().parse().unwrap()
    };
    let (a, b) = (number(&then, "pair-a"), number(&then, "pair-b"));
    assert!(a == b || a == b + 1, "half of something: {a} {b}");
    assert!(a < number(&now, "pair-a"), "it is not of then");
    let others = |all: &BTreeMap<String, String>| -> BTreeMap<String, String> {
        all.clone().into_iter().filter(|(name, _)| !name.contains("pair")).collect()
    };
    assert_eq!(others(&then), others(&now));
    assert_eq!(server.ok(&["get", "pair-a#n"], &token), a.to_string());
    assert!(server.fails(&["get", "before-1"], &token).contains("permission denied"));
    let checked = server.ok(&["write", "-f", "-format=json", "sys/integrity/check"], &root);
    assert_eq!(serde_json::from_str::<Value>(&checked).unwrap()["data"]["clean"], true, "{checked}");
}

// Rule 15: an older state of the same store brings back what was then, revoked tokens too; another store's does
// not come in by mistake.
#[test]
fn an_older_snapshot_comes_back_and_a_foreign_one_only_by_force() {
    let temp = tempfile::tempdir().unwrap();
    let [one, two] = ["one", "two"].map(|it| temp.path().join(it));
    [&one, &two].into_iter().for_each(|it| fs::create_dir(it).unwrap());
    let (first, second) = (Server::start(&one, ""), Server::start(&two, ""));
    let ((share, root), (other_share, other_root)) = (first.init(), second.init());
    first.ok(&["put", "a", "value=then"], &root);
    second.ok(&["put", "b", "value=there"], &other_root);
    let token = first.ok(&["token", "create", "-policy=root", "-field=token"], &root);
    let [mine, foreign] = ["mine", "foreign"].map(|it| temp.path().join(it));
    // Vault's spelling is as good.
    first.ok(&["operator", "raft", "snapshot", "save", text(&mine)], &root);
    second.ok(&["snapshot", "save", text(&foreign)], &other_root);
    first.ok(&["put", "a", "value=now"], &root);
    first.ok(&["token", "revoke", &token], &root);
    let denied = first.fails(&["get", "a"], &token);
    assert!(denied.contains("permission denied"), "{denied}");

    let refused = first.fails(&["snapshot", "restore", text(&foreign)], &root);
    assert!(refused.contains("another store") && refused.contains("snapshot-force"), "{refused}");
    assert_eq!(first.ok(&["get", "a"], &root), "now");

    first.ok(&["operator", "raft", "snapshot", "restore", text(&mine)], &root);
    assert!(first.is_sealed());
    first.unseal(&share);
    assert_eq!(first.ok(&["get", "a"], &root), "then");
    assert_eq!(first.ok(&["get", "a"], &token), "then", "the revoked token is back: docs/backup.md says so");
    // The log of this server goes on, whole, and tells of the restore.
    let log = fs::read_to_string(one.join("data/audit/audit.log")).unwrap();
    assert_eq!(log.matches("\"previous_sequence\"").count(), 1);

    first.ok(&["snapshot", "restore", "-force", text(&foreign)], &root);
    assert!(first.is_sealed());
    first.unseal(&other_share);
    assert_eq!(first.ok(&["get", "b"], &other_root), "there");
    // And so it is after a restart.
    drop(first);
    let first = Server::start(&one, "");
    first.unseal(&other_share);
    assert_eq!(first.ok(&["get", "b"], &other_root), "there");
}

// Whatever the moment, the store is the old or the restored one, whole.
#[test]
fn a_server_killed_while_it_restores_has_one_of_the_two_stores() {
    let temp = tempfile::tempdir().unwrap();
    let key = temp.path().join("unseal.key");
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o400).open(&key).unwrap();
    file.write_all(&[7; 32]).unwrap();
    let seal = format!("seal \"keyfile\" {{ path = \"{}\" }}", key.display());
    let mut server = Server::start(temp.path(), &seal);
    let made = server.ok(&["init", "-format=json"], "");
    let made: Value = serde_json::from_str(&made).unwrap();
    let root = made["root_token"].as_str().unwrap().to_owned();
    let large = format!("value={}", "x".repeat(100_000));
    for at in 0..40 {
        server.ok(&["put", &format!("s{at}"), &large], &root);
    }
    server.ok(&["put", "which", "value=old"], &root);
    let snapshot = temp.path().join("old.snap");
    server.ok(&["snapshot", "save", text(&snapshot)], &root);
    server.ok(&["put", "which", "value=new"], &root);
    server.ok(&["rm", "s0"], &root);
    let newer = temp.path().join("new.snap");
    server.ok(&["snapshot", "save", text(&newer)], &root);

    // What a whole one takes on this machine.
    let begun = Instant::now();
    server.ok(&["snapshot", "restore", text(&snapshot)], &root);
    let whole = begun.elapsed();
    server.ok(&["snapshot", "restore", text(&newer)], &root);

    let (mut old, mut new) = (0, 0);
    for round in 0..16_u32 {
        let address = server.address.clone();
        let (file, token) = (snapshot.clone(), root.clone());
        let restoring = std::thread::spawn(move || {
            run(
                &["snapshot", "restore", text(&file)],
                &[("STRONGROOM_ADDR", &address), ("VAULT_TOKEN", &token)],
                "",
            )
        });
        // Not a wait for something: the moments at which it is killed are spread over the whole restore, from before its
        // beginning to well behind its end.
        std::thread::sleep(whole * round / 8);
        server.process.kill().unwrap();
        server.process.wait().unwrap();
        let _ = restoring.join().unwrap();
        server = Server::start(temp.path(), &seal);
        assert!(!server.is_sealed(), "round {round}");
        let which = server.ok(&["get", "which"], &root);
        let first = server.run(&["get", "s0"], &root, "").status.success();
        assert_eq!(first, which == "old", "round {round}: half of a store");
        let checked = server.ok(&["write", "-f", "-format=json", "sys/integrity/check"], &root);
        let checked: Value = serde_json::from_str(&checked).unwrap();
        assert_eq!(checked["data"]["clean"], true, "round {round}: {checked}");
        *(if which == "old" { &mut old } else { &mut new }) += 1;
        if which == "old" {
            // The unattended server has the next one at once.
            server.ok(&["snapshot", "restore", text(&newer)], &root);
            assert_eq!(server.ok(&["get", "which"], &root), "new");
        }
    }
    assert!(old > 0 && new > 0, "all kills came at the same side: {old} old, {new} new");
    let names: Vec<_> =
        fs::read_dir(server.dir.join("data")).unwrap().map(|it| it.unwrap().file_name()).collect();
    assert!(!names.iter().any(|it| it.to_string_lossy().contains("scratch")), "{names:?}");
}

// Rule 97: a hostile file is one line, on both sides.
#[test]
fn a_file_that_is_no_snapshot_is_refused_with_one_line() {
    let temp = tempfile::tempdir().unwrap();
    let server = Server::start(temp.path(), "");
    let (_, root) = server.init();
    let good = temp.path().join("good");
    server.ok(&["snapshot", "save", text(&good)], &root);
    let bytes = fs::read(&good).unwrap();
    let mut flipped = bytes.clone();
    flipped[bytes.len() / 2] ^= 1;
    for (name, contents) in [
        ("empty", Vec::new()),
        ("text", b"hello".to_vec()),
        ("cut", bytes[..bytes.len() / 2].to_vec()),
        ("flip", flipped),
    ] {
        let bad = temp.path().join(name);
        fs::write(&bad, &contents).unwrap();
        let refused = server.fails(&["snapshot", "restore", text(&bad)], &root);
        assert_eq!(refused.lines().count(), 1, "{name}: {refused}");
        let refused = run(&["snapshot", "inspect", text(&bad)], &[], "");
        assert_eq!(String::from_utf8(refused.stderr).unwrap().lines().count(), 1, "{name}");
    }
    assert!(!server.is_sealed());
    let denied = server.fails(&["snapshot", "save", text(&temp.path().join("no"))], "wrong");
    assert!(denied.contains("permission denied"), "{denied}");
    assert!(!temp.path().join("no").exists());
    assert_eq!(fs::read_dir(temp.path()).unwrap().count(), 7, "something was left behind");
}
