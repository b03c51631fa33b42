//! Snapshots: what they hold, who may have them, and that nothing else than a whole one comes back.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

use std::{
    io::{Read as _, Write as _},
    sync::Arc,
};

use flate2::{Compression, read::GzDecoder, write::GzEncoder};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use strongroom_core::{
    Core, Error, Settings,
    audit::DeviceConfig,
    clock::SystemClock,
    crypto::SecretBytes,
    integrity::fsck,
    request::{Operation, Peer},
    seal::Kind,
    snapshot::inspect,
    storage::{Memory, Sqlite, SqliteOptions, Storage},
    testing::{Ask, ROOT, TestCore, data, is_denied},
};

const PATH: &str = "sys/storage/raft/snapshot";
const FORCE: &str = "sys/storage/raft/snapshot-force";
const NAMES: [&str; 4] = [META, "state.bin", "SHA256SUMS", "SHA256SUMS.sealed"];
const META: &str = "meta.json";

fn here() -> Peer {
    Peer::Address(([127, 0, 0, 1], 40_000).into())
}

fn elsewhere() -> Peer {
    Peer::Address(([192, 0, 2, 7], 40_000).into())
}

/// A store with some of everything.
async fn furnished() -> TestCore {
    let test = TestCore::new().await;
    furnish(&test).await;
    test
}

async fn furnish(test: &TestCore) {
    for (name, size) in [("a", 10), ("b/c", 5_000), ("b/d", 200_000)] {
        let body = json!({"data": {"password": "x".repeat(size)}});
        test.write(&format!("secret/data/{name}"), body).await.unwrap();
    }
    test.write("sys/policies/acl/team", json!({"policy": "path \"x\" { capabilities = [\"read\"] }"}))
        .await
        .unwrap();
    test.write("auth/token/create", json!({"policies": ["team"]})).await.unwrap();
}

async fn secret(test: &TestCore, name: &str) -> Option<Value> {
    let answer = test.read(&format!("secret/data/{name}")).await.ok()?;
    Some(data(&answer)["data"].clone())
}

/// A server that has no store.
fn empty(settings: Settings) -> Arc<Core> {
    Arc::new(Core::new(Arc::new(Memory::new()), Arc::new(SystemClock::default()), settings))
}

/// The same test over another core, with the shares of this one.
fn with_core(test: &TestCore, core: Arc<Core>) -> TestCore {
    let shares = test.shares.iter().map(|it| SecretBytes::copy_of(it.expose())).collect();
    TestCore { core, clock: test.clock.clone(), shares }
}

/// Name and contents.
type Part = (String, Vec<u8>);
type Parts = Vec<Part>;

/// The parts of a snapshot, in their order.
fn unpack(snapshot: &[u8]) -> Parts {
    let mut archive = tar::Archive::new(GzDecoder::new(snapshot));
    let mut parts = Vec::new();
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        let name = entry.path().unwrap().to_str().unwrap().to_owned();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        parts.push((name, bytes));
    }
    parts
}

fn pack(parts: &[Part]) -> Vec<u8> {
    let mut out = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    for (name, bytes) in parts {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o600);
        out.append_data(&mut header, name, bytes.as_slice()).unwrap();
    }
    out.into_inner().unwrap().finish().unwrap()
}

/// Puts in right hashes: what an attacker without keys can do.
fn rehash(parts: &mut [Part]) {
    let line = |(name, bytes): &Part| {
        format!("{}  {name}\n", data_encoding::HEXLOWER.encode(&Sha256::digest(bytes)))
    };
    parts[2].1 = format!("{}{}", line(&parts[0]), line(&parts[1])).into_bytes();
}

fn edit_meta(parts: &mut [Part], edit: impl FnOnce(&mut Value)) {
    let mut meta: Value = serde_json::from_slice(&parts[0].1).unwrap();
    edit(&mut meta);
    parts[0].1 = serde_json::to_vec(&meta).unwrap();
}

/// The rows of `state.bin` with their bytes: (key, whole row).
fn rows(state: &[u8]) -> Vec<Vec<u8>> {
    let mut rest = &state[22..];
    let mut rows = Vec::new();
    while !rest.is_empty() {
        let length = |at: usize| u32::from_be_bytes(rest[at..at + 4].try_into().unwrap()) as usize;
        let name = length(33);
        let size = 41 + name + length(37 + name);
        rows.push(rest[..size].to_vec());
        rest = &rest[size..];
    }
    rows
}

fn set_rows(parts: &mut [Part], rows: &[Vec<u8>]) {
    parts[1].1 = [b"strongroom snapshot 1\n".as_slice(), &rows.concat()].concat();
    let (count, size) = (rows.len(), parts[1].1.len());
    edit_meta(parts, |meta| {
        meta["rows"] = count.into();
        meta["size"] = size.into();
    });
}

#[track_caller]
fn message(answer: &Result<strongroom_core::response::Response, Error>) -> String {
    let text = answer.as_ref().err().map(ToString::to_string).unwrap_or_default();
    assert!(!text.contains('\n'), "{text}");
    text
}

// Rule 15
#[tokio::test]
async fn a_snapshot_is_what_vaults_clients_expect_and_verifies_itself() {
    let test = furnished().await;
    let anchor = test.core.anchor().unwrap();
    let snapshot = test.snapshot().await.unwrap();
    let parts = unpack(&snapshot);
    assert_eq!(parts.iter().map(|it| it.0.as_str()).collect::<Vec<_>>(), NAMES);
    let mut rehashed = parts.clone();
    rehash(&mut rehashed);
    assert_eq!(parts[2], rehashed[2], "sha256sum -c");
    let meta = inspect(snapshot.as_slice()).unwrap();
    assert_eq!((meta.rows as usize, meta.size as usize), (rows(&parts[1].1).len(), parts[1].1.len()));
    assert_eq!((meta.sequence, meta.seal.as_str(), meta.threshold), (anchor.sequence, "shamir", 1));
    assert_eq!(meta.digest, data_encoding::HEXLOWER.encode(&anchor.digest));
    // The storage's own rows, to the byte and all of them.
    let mut view = test.core.storage().snapshot().await.unwrap();
    let stored = view.next(100_000).await.unwrap();
    let as_sent = |it: &strongroom_core::storage::Row| {
        let part = |it: &[u8]| [&(it.len() as u32).to_be_bytes(), it].concat();
        [it.key.0.as_slice(), &part(&it.name), &part(&it.value)].concat()
    };
    assert_eq!(rows(&parts[1].1), stored.iter().map(as_sent).collect::<Vec<_>>());
}

// Rule 15
#[tokio::test]
async fn what_is_restored_is_the_store_of_then_and_its_digest_verifies() {
    let test = furnished().await;
    let snapshot = test.snapshot().await.unwrap();
    let then = test.core.anchor().unwrap();
    test.write("secret/data/a", json!({"data": {"password": "later"}})).await.unwrap();
    test.write("secret/data/new", json!({"data": {"password": "later"}})).await.unwrap();
    let done = data(&test.restore(PATH, snapshot).await.unwrap());
    assert_eq!((&done["sequence"], &done["previous_sequence"].is_u64()), (&json!(then.sequence), &true));
    assert!(test.core.is_sealed(), "a restored store waits for its keys");
    assert!(matches!(test.read("secret/data/a").await, Err(Error::Sealed)));
    test.unseal().await;
    assert_eq!(test.core.anchor().unwrap(), then);
    assert_eq!(secret(&test, "a").await, Some(json!({"password": "x".repeat(10)})));
    assert_eq!(secret(&test, "b/d").await, Some(json!({"password": "x".repeat(200_000)})));
    assert_eq!(secret(&test, "new").await, None);
    assert!(fsck(&test.core).await.unwrap().is_clean());
    // It goes on from there.
    test.write("secret/data/a", json!({"data": {"password": "after"}})).await.unwrap();
    assert_eq!(secret(&test, "a").await, Some(json!({"password": "after"})));
    assert!(fsck(&test.core).await.unwrap().is_clean());
}

// Rule 15: bound to the store.
#[tokio::test]
async fn a_snapshot_of_another_store_is_taken_by_force_only_and_opens_with_its_own_keys() {
    let (here, there) = (furnished().await, TestCore::new().await);
    there.write("secret/data/there", json!({"data": {"a": "b"}})).await.unwrap();
    let foreign = there.snapshot().await.unwrap();
    let before = here.core.anchor().unwrap();
    let refused = here.restore(PATH, foreign.clone()).await;
    assert!(message(&refused).contains("another store"), "{refused:?}");
    assert_eq!(here.core.anchor().unwrap(), before);
    here.restore(FORCE, foreign).await.unwrap();
    let own = data_encoding::BASE64.encode(here.shares[0].expose());
    assert!(here.core.unseal(&SecretBytes::from(own)).await.is_err(), "the old share opens the new store");
    let restored = with_core(&there, here.core.clone());
    restored.unseal().await;
    assert_eq!(secret(&restored, "there").await, Some(json!({"a": "b"})));
    assert_eq!(secret(&restored, "a").await, None);
    assert!(fsck(&restored.core).await.unwrap().is_clean());
}

// Rules 9 and 15: after a rekey an old snapshot needs the old shares, so it is not taken by mistake.
#[tokio::test]
async fn a_snapshot_from_before_a_rekey_needs_force_and_the_older_share() {
    let test = furnished().await;
    let snapshot = test.snapshot().await.unwrap();
    let begun =
        test.write("sys/rekey/init", json!({"secret_shares": 1, "secret_threshold": 1})).await.unwrap();
    let nonce = data(&begun)["nonce"].clone();
    let nonce = if nonce.is_null() { raw(&begun)["nonce"].clone() } else { nonce };
    let share = data_encoding::BASE64.encode(test.shares[0].expose());
    test.write("sys/rekey/update", json!({"nonce": nonce, "key": share})).await.unwrap();
    let refused = test.restore(PATH, snapshot.clone()).await;
    assert!(message(&refused).contains("rekey"), "{refused:?}");
    test.restore(FORCE, snapshot).await.unwrap();
    test.unseal().await;
    assert_eq!(secret(&test, "a").await, Some(json!({"password": "x".repeat(10)})));
}

fn raw(response: &strongroom_core::response::Response) -> Value {
    response.raw.as_ref().and_then(|it| serde_json::from_slice(it.body.expose()).ok()).unwrap_or_default()
}

/// Restores a changed snapshot in every way there is: each is refused with one line, and nothing has happened.
async fn check(test: &TestCore, what: &str, snapshot: Vec<u8>, says: &str) {
    let before = test.core.anchor().unwrap();
    for path in [PATH, FORCE] {
        let refused = test.restore(path, snapshot.clone()).await;
        let text = message(&refused);
        assert!(matches!(refused, Err(Error::Invalid(_))), "{what}: {refused:?}");
        assert!(text.contains(says), "{what}: {text}");
        assert!(!test.core.is_sealed(), "{what} sealed the store");
        assert_eq!(test.core.anchor().unwrap(), before, "{what}");
    }
}

// Rules 97 and 109: a hostile file gives one line, and changes nothing.
#[tokio::test]
async fn each_part_is_checked_before_anything_is_replaced() {
    let test = furnished().await;
    let snapshot = test.snapshot().await.unwrap();
    let parts = unpack(&snapshot);
    let changed = |edit: &dyn Fn(&mut Parts)| {
        let mut parts = parts.clone();
        edit(&mut parts);
        pack(&parts)
    };
    // The container.
    check(&test, "nothing", Vec::new(), "not a snapshot").await;
    check(&test, "text", b"hello".to_vec(), "not a snapshot").await;
    check(&test, "an empty gzip", pack(&[]), "cut short").await;
    for cut in [20, 600, snapshot.len() / 2, snapshot.len() - 9, snapshot.len() - 1] {
        check(&test, "a cut", snapshot[..cut].to_vec(), "").await;
    }
    check(&test, "a tail", [snapshot.as_slice(), b"x"].concat(), "follows its end").await;
    check(&test, "twice", [snapshot.as_slice(), &snapshot].concat(), "follows its end").await;
    for part in 0..4 {
        let name = NAMES[part];
        check(&test, name, changed(&|it| drop(it.remove(part))), "").await;
        check(&test, name, changed(&|it| it[part].0 = "../x".replace("..", "__")), "it must hold").await;
        check(&test, name, changed(&|it| it[part].1 = Vec::new()), "").await;
        check(&test, name, changed(&|it| it.insert(part, it[part].clone())), "").await;
        for at in [0, parts[part].1.len() / 2, parts[part].1.len() - 1] {
            check(&test, name, changed(&|it| it[part].1[at] ^= 1), "").await;
        }
    }
    check(&test, "a part more", changed(&|it| it.push(("more".to_owned(), vec![1]))), "follows its end")
        .await;
    check(&test, "a large part", changed(&|it| it[3].1 = vec![b'a'; 100_000]), "must hold").await;
    // meta.json, with right hashes.
    let meta = |edit: &dyn Fn(&mut Value)| {
        changed(&|it| {
            edit_meta(it, edit);
            rehash(it);
        })
    };
    check(&test, "a newer format", meta(&|it| it["format"] = 2.into()), "newer version (format 2)").await;
    for (field, value) in [
        ("store", json!("no id")),
        ("created", json!("now\nor never")),
        ("version", json!("\u{1b}[31m")),
        ("digest", json!("00")),
        ("seal", json!("none")),
        ("rows", json!(-1)),
    ] {
        check(&test, field, meta(&|it| it[field] = value.clone()), "meta.json does not read").await;
    }
    check(&test, "size", meta(&|it| it["size"] = 1.into()), "state.bin").await;
    check(&test, "fewer rows", meta(&|it| it["rows"] = 1.into()), "more rows than it says").await;
    check(&test, "more rows", meta(&|it| it["rows"] = 1_000_000.into()), "cut short").await;
    check(&test, "threshold", meta(&|it| it["threshold"] = 9.into()), "of another store").await;
    check(&test, "another sequence", meta(&|it| it["sequence"] = 1.into()), "was changed").await;
}

// Rules 7 and 15: an attacker who mends the hashes is still found out.
#[tokio::test]
async fn rows_that_were_changed_and_hashed_anew_are_refused() {
    let test = furnished().await;
    let parts = unpack(&test.snapshot().await.unwrap());
    let good = rows(&parts[1].1);
    let changed = |edit: &dyn Fn(&mut Vec<Vec<u8>>)| {
        let (mut parts, mut rows) = (parts.clone(), good.clone());
        edit(&mut rows);
        set_rows(&mut parts, &rows);
        rehash(&mut parts);
        pack(&parts)
    };
    // Nobody has changed anything: it is taken.
    let copy = changed(&|_| {});
    assert_eq!(unpack(&copy)[1], parts[1]);
    let last = good.len() - 1;
    check(&test, "a row less", changed(&|it| drop(it.remove(last))), "was changed").await;
    check(&test, "a flipped value", changed(&|it| *it[last].last_mut().unwrap() ^= 1), "was changed").await;
    check(&test, "order", changed(&|it| it.swap(4, 5)), "row 6: its key is not behind").await;
    check(&test, "twice", changed(&|it| it.insert(5, it[5].clone())), "row 7: its key is not behind").await;
    check(&test, "an unknown class", changed(&|it| it[last][0] = 0xee), "its class is unknown").await;
    check(&test, "a strange core row", changed(&|it| it[2][32] = 9), "none of the core's rows").await;
    let clear = |mut row: Vec<u8>| {
        let name = u32::from_be_bytes(row[33..37].try_into().unwrap()) as usize;
        row.truncate(37 + name);
        row.extend([&5_u32.to_be_bytes(), b"hello".as_slice()].concat());
        row
    };
    check(&test, "a clear value", changed(&|it| it[last] = clear(it[last].clone())), "not encrypted").await;
    for core in 0..3 {
        check(&test, "a core row less", changed(&|it| drop(it.remove(core))), "is missing").await;
    }
    let huge = |row: &mut Vec<u8>| row[33..37].copy_from_slice(&u32::MAX.to_be_bytes());
    check(&test, "a huge name", changed(&|it| huge(&mut it[last])), "longer than a row").await;
}

/// An archive of a few bytes that unpacks to a lot, and headers that ask a reader to gather without end.
#[tokio::test]
async fn bombs_are_found_before_they_are_unpacked() {
    let test = furnished().await;
    let zeroes = vec![0_u8; 64 << 20];
    let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
    gzip.write_all(&zeroes).unwrap();
    check(&test, "zeroes", gzip.finish().unwrap(), "cut short").await;
    for kind in [tar::EntryType::GNULongName, tar::EntryType::XHeader, tar::EntryType::Symlink] {
        let mut out = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::best()));
        let mut header = tar::Header::new_gnu();
        header.set_path(META).unwrap();
        header.set_entry_type(kind);
        header.set_size(zeroes.len() as u64);
        header.set_cksum();
        out.append(&header, zeroes.as_slice()).unwrap();
        let bomb = out.into_inner().unwrap().finish().unwrap();
        check(&test, "a header", bomb, "must hold meta.json").await;
    }
}

// Rule 15: sudo only.
#[tokio::test]
async fn only_sudo_takes_and_restores_snapshots() {
    let test = furnished().await;
    let snapshot = test.snapshot().await.unwrap();
    let all = r#"path "*" { capabilities = ["create", "read", "update", "delete", "list"] }"#;
    let sudo = r#"path "sys/storage/raft/*" { capabilities = ["read", "update", "sudo"] }"#;
    let (without, with) = (test.token_with(all).await, test.token_with(sudo).await);
    for token in ["", "hvs.none", without.as_str()] {
        assert!(is_denied(&test.as_token(token, Operation::Read, PATH, Value::Null).await));
        for path in [PATH, FORCE] {
            assert!(is_denied(&test.upload(path, token, here(), snapshot.clone()).await));
        }
    }
    assert!(!test.core.is_sealed());
    assert!(test.as_token(&with, Operation::Read, PATH, Value::Null).await.unwrap().stream.is_some());
    let newer = test.snapshot().await.unwrap();
    test.upload(PATH, &with, here(), newer).await.unwrap();
    assert!(test.core.is_sealed());
    assert!(matches!(test.restore(PATH, snapshot).await, Err(Error::Sealed)), "a sealed store takes none");
}

// Rule 92
#[tokio::test]
async fn a_snapshot_is_never_wrapped_nor_a_body_of_fields() {
    let test = TestCore::new().await;
    let ttl = std::time::Duration::from_secs(60);
    let wrapped = test.ask(Ask { wrap_ttl: Some(ttl), ..Ask::new(Operation::Read, PATH) }).await;
    assert!(message(&wrapped).contains("cannot be wrapped"));
    let fields = test.write(PATH, json!({"a": "b"})).await;
    assert!(message(&fields).contains("must be a snapshot"));
}

// Rule 16: whoever makes the store owns it.
#[tokio::test]
async fn an_empty_server_becomes_the_store_under_the_conditions_of_init() {
    let test = furnished().await;
    let snapshot = test.snapshot().await.unwrap();
    let with_secret = || {
        let core = empty(Settings::default());
        core.require_bootstrap_secret(SecretBytes::copy_of(b"bootstrap"));
        core
    };
    for (peer, token, core, allowed) in [
        (elsewhere(), "", empty(Settings::default()), false),
        (elsewhere(), ROOT, empty(Settings::default()), false),
        (elsewhere(), "wrong", with_secret(), false),
        (elsewhere(), "bootstrap", with_secret(), true),
        (here(), "", empty(Settings::default()), true),
        (Peer::Local { uid: 0, gid: 0 }, "", empty(Settings::default()), true),
    ] {
        let fresh = with_core(&test, core);
        let answer = fresh.upload(FORCE, token, peer.clone(), snapshot.clone()).await;
        assert_eq!(answer.is_ok(), allowed, "{peer:?} {token}: {answer:?}");
        assert_eq!(fresh.core.is_initialized().await.unwrap(), allowed);
        if !allowed {
            assert!(is_denied(&answer));
            continue;
        }
        assert_eq!(data(&answer.unwrap())["previous_sequence"], Value::Null);
        assert!(fresh.core.is_sealed());
        let again = fresh.upload(FORCE, token, peer, snapshot.clone()).await;
        assert!(matches!(again, Err(Error::Sealed)), "{again:?}");
        fresh.unseal().await;
        assert_eq!(secret(&fresh, "a").await, Some(json!({"password": "x".repeat(10)})));
        assert!(fsck(&fresh.core).await.unwrap().is_clean());
    }
    // What is no snapshot leaves it empty, and init still works.
    let fresh = with_core(&test, empty(Settings::default()));
    assert!(fresh.upload(PATH, "", here(), b"no".to_vec()).await.is_err());
    assert!(!fresh.core.is_initialized().await.unwrap());
}

/// A store that unseals itself does so after it was restored, and only if its key fits.
#[tokio::test]
async fn an_unattended_seal_that_fits_unseals_by_itself() {
    let key = |byte: u8| SecretBytes::new(vec![byte; 32]);
    let settings = || Settings { seal: Kind::KeyFile, ..Settings::default() };
    let core = empty(settings());
    core.provide_unattended_key(&key(7)).unwrap();
    let test = with_core(&TestCore::new().await, core);
    let init = json!({"recovery_shares": 1, "recovery_threshold": 1});
    let made =
        test.ask(Ask { body: init, token: "", ..Ask::new(Operation::Write, "sys/init") }).await.unwrap();
    let token = raw(&made)["root_token"].as_str().unwrap().to_owned();
    let answer = test.as_token(&token, Operation::Read, PATH, Value::Null).await.unwrap();
    let snapshot = answer.stream.unwrap().map(Result::unwrap).collect::<Vec<_>>().concat();
    for (byte, sealed) in [(7, false), (8, true)] {
        let fresh = with_core(&test, empty(settings()));
        fresh.core.find_unattended_key_with(Arc::new(move || Some(key(byte))));
        fresh.upload(PATH, "", here(), snapshot.clone()).await.unwrap();
        assert_eq!(fresh.core.is_sealed(), sealed);
    }
    // Also when the store was open before: the answer is on record by then.
    test.core.find_unattended_key_with(Arc::new(move || Some(key(7))));
    test.upload(PATH, &token, here(), snapshot).await.unwrap();
    assert!(!test.core.is_sealed());
}

// Rules 15 and 8: a restore is on record before it happens, the chain goes on, and shows that the store was put
// back.
#[tokio::test]
async fn the_audit_log_records_a_restore_and_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let log = dir.path().join("audit.log");
    let audit = vec![DeviceConfig::file("file/", &log)];
    let settings = Settings { audit, ..Settings::default() };
    let test = TestCore::over(Arc::new(Memory::new()), settings).await;
    furnish(&test).await;
    let snapshot = test.snapshot().await.unwrap();
    for _ in 0..5 {
        test.write("secret/data/a", json!({"data": {"password": "later"}})).await.unwrap();
    }
    let key = test.core.unsealed().unwrap().audit.public_key();
    // Nothing can be restored that cannot be recorded.
    let refused = test.restore(PATH, b"no".to_vec()).await;
    assert!(refused.is_err());
    test.restore(PATH, snapshot).await.unwrap();
    test.unseal().await;
    test.read("secret/data/a").await.unwrap();
    test.core.seal_now();
    let text = std::fs::read_to_string(&log).unwrap();
    let lines: Vec<Value> = text.lines().map(|it| serde_json::from_str(it).unwrap()).collect();
    let of = |path: &str, kind: &str| -> Vec<&Value> {
        lines.iter().filter(|it| it["request"]["path"] == path && it["type"] == kind).collect()
    };
    let restores = of(PATH, "response");
    let done = restores.iter().find(|it| it["response"]["data"]["sequence"].is_u64()).unwrap();
    assert!(
        done["response"]["data"]["previous_sequence"].as_u64()
            > done["response"]["data"]["sequence"].as_u64()
    );
    assert_eq!(of(PATH, "request").len(), restores.len());
    assert_eq!(
        of("secret/data/a", "response").iter().filter(|it| it["request"]["operation"] == "read").count(),
        1
    );
    let report = strongroom_core::audit::verify::verify(&[log], &key, None);
    let report = report.unwrap();
    assert_eq!(report.put_back.len(), 1, "{report:?}");
}

// Rule 15: ciphertext only; the scan is shown to find what is there.
#[tokio::test]
async fn no_name_and_no_value_is_in_the_file() {
    let canaries = ["canaryvalue", "canaryname", "canarypolicy", "canarymount", "canaryuser", "canarymeta"];
    let finds = |bytes: &[u8]| -> Vec<&str> {
        let holds = |it: &&str| bytes.windows(it.len()).any(|window| window == it.as_bytes());
        canaries.into_iter().filter(holds).collect()
    };
    let plain = canaries.join(" in a plain file, ");
    assert_eq!(finds(plain.as_bytes()), canaries, "the scan finds nothing");
    let dir = tempfile::tempdir().unwrap();
    let storage = Sqlite::open(&dir.path().join("data"), SqliteOptions::default()).unwrap();
    let test = TestCore::over(Arc::new(storage), Settings::default()).await;
    test.write("sys/mounts/canarymount", json!({"type": "kv-v2"})).await.unwrap();
    test.write("canarymount/data/canaryname", json!({"data": {"canaryname": "canaryvalue"}})).await.unwrap();
    let custom = json!({"custom_metadata": {"canarymeta": "canarymeta"}});
    test.write("canarymount/metadata/canaryname", custom).await.unwrap();
    test.write(
        "sys/policies/acl/canarypolicy",
        json!({"policy": "path \"canaryname\" { capabilities = [\"read\"] }"}),
    )
    .await
    .unwrap();
    test.write("sys/auth/userpass", json!({"type": "userpass"})).await.unwrap();
    test.write("auth/userpass/users/canaryuser", json!({"password": "canaryvalue123"})).await.unwrap();
    let snapshot = test.snapshot().await.unwrap();
    assert_eq!(finds(&snapshot), [""; 0]);
    for (name, bytes) in unpack(&snapshot) {
        assert_eq!(finds(&bytes), [""; 0], "{name}");
    }
}

/// Rows of a store on disk come back on disk, long ones too, and the file is whole.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_on_disk_is_restored_while_nobody_else_can_see_half_of_it() {
    let dir = tempfile::tempdir().unwrap();
    let open = || Arc::new(Sqlite::open(&dir.path().join("data"), SqliteOptions::default()).unwrap());
    let storage = open();
    let test = TestCore::over(storage.clone(), Settings::default()).await;
    furnish(&test).await;
    let snapshot = test.snapshot().await.unwrap();
    for name in 0..200 {
        test.write(&format!("secret/data/more/{name}"), json!({"data": {"x": "y".repeat(3000)}}))
            .await
            .unwrap();
    }
    test.restore(PATH, snapshot.clone()).await.unwrap();
    assert_eq!(std::fs::read_dir(dir.path().join("data")).unwrap().count(), 4, "something was left behind");
    test.unseal().await;
    assert_eq!(secret(&test, "b/d").await, Some(json!({"password": "x".repeat(200_000)})));
    assert!(fsck(&test.core).await.unwrap().is_clean());
    test.core.seal_now();
    storage.close().await.unwrap();
    drop((test, storage));
    let conn = rusqlite::Connection::open(dir.path().join("data/strongroom.db")).unwrap();
    let verdict: String = conn.query_row("PRAGMA integrity_check", [], |it| it.get(0)).unwrap();
    assert_eq!(verdict, "ok");
    let count: i64 = conn.query_row("SELECT count(*) FROM rows", [], |it| it.get(0)).unwrap();
    assert_eq!(count.unsigned_abs(), inspect(snapshot.as_slice()).unwrap().rows);
}
