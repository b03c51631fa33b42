//! Where lines go: devices that fail, hang, fill up, and are made over the API.

use futures_util::FutureExt as _;
use strongroom_core::storage::{Sqlite, SqliteOptions};

use super::*;

// Rule 93
#[tokio::test]
async fn nothing_is_answered_if_no_device_takes_the_record() {
    let full = SinkConfig::Unchecked { path: "/dev/full".into() };
    let test = with(vec![DeviceConfig::new("full", full)]).await;
    assert!(matches!(test.read("sys/audit").await, Err(Error::Audit)));
    // What is exempt is answered.
    assert_eq!(test.read("sys/health").await.unwrap().status, Some(200));
    // A change is not made.
    assert!(matches!(test.write("sys/seal", Value::Null).await, Err(Error::Audit)));
    assert!(!test.core.is_sealed());
}

#[tokio::test]
async fn one_device_that_takes_it_is_enough() {
    let full = SinkConfig::Unchecked { path: "/dev/full".into() };
    let test = with(vec![DeviceConfig::new("full", full), DeviceConfig::memory("ring")]).await;
    assert!(test.read("sys/audit").await.is_ok());
    assert_eq!(records(&test).await.len(), 2);
}

// Rule 94
#[tokio::test]
async fn a_device_that_hangs_fails_and_the_rest_stays_responsive() {
    let dir = tempfile::tempdir().unwrap();
    let pipe = dir.path().join("pipe");
    let mode = rustix::fs::Mode::from_raw_mode(0o600);
    rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, mode, 0).unwrap();
    let hanging = |deadline| DeviceConfig {
        deadline,
        // Nobody reads it: opening it waits for ever.
        ..DeviceConfig::new("pipe", SinkConfig::Unchecked { path: pipe.clone() })
    };

    let deadline = Duration::from_secs(1);
    let test = with(vec![hanging(deadline)]).await;
    assert!(matches!(test.read("sys/audit").await, Err(Error::Audit)));
    let begun = std::time::Instant::now();
    assert!(matches!(test.read("sys/audit").await, Err(Error::Audit)));
    assert!(begun.elapsed() < deadline.mul_f32(0.8), "it is known to hang");

    let test = with(vec![hanging(Duration::from_secs(30)), DeviceConfig::memory("ring")]).await;
    let begun = std::time::Instant::now();
    assert!(test.read("sys/audit").await.is_ok());
    assert!(begun.elapsed() < Duration::from_secs(5));
    // Lets the threads end.
    let _reader = std::fs::File::open(&pipe).unwrap();
}

#[tokio::test]
async fn a_file_is_a_chain_of_lines() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("audit/audit.log");
    let checkpoint_after = Duration::from_secs(3_600);
    let test = with(vec![DeviceConfig { checkpoint_after, ..DeviceConfig::file("file", &path) }]).await;
    for _ in 0..3 {
        test.read("sys/audit").await.unwrap();
    }
    let lines = file_lines(&path);
    assert_eq!(lines[0]["type"], "start");
    assert_eq!(lines[0]["previous"], "0".repeat(64));
    assert_eq!(lines.len(), 7);
    for (at, line) in lines.iter().enumerate() {
        assert_eq!(line["seq"], at + 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_at_once_lose_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("audit.log");
    let test = Arc::new(with(vec![DeviceConfig::file("file", &path)]).await);
    let tasks = (0..16).map(|_| {
        let test = test.clone();
        tokio::spawn(async move {
            for _ in 0..25 {
                test.read("sys/audit").await.unwrap();
            }
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.unwrap();
    }
    let mut seen: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for line in file_lines(&path) {
        if let Some(id) = line["request"]["id"].as_str() {
            seen.entry(id.to_owned()).or_default().push(line["type"].as_str().unwrap().to_owned());
        }
    }
    assert_eq!(seen.len(), 400);
    assert!(seen.values().all(|it| it[..] == ["request", "response"]));
}

/// A store that makes requests wait for their commits: company for whoever comes meanwhile.
async fn with_waits(dir: &Path, deadline: Duration) -> TestCore {
    let storage = Sqlite::open(&dir.join("data"), SqliteOptions::default()).unwrap();
    // Signing would wake the device's thread as well.
    let checkpoint_after = Duration::from_secs(3_600);
    let device =
        DeviceConfig { checkpoint_after, deadline, ..DeviceConfig::file("file", dir.join("audit.log")) };
    let test =
        TestCore::over(Arc::new(storage), Settings { audit: vec![device], ..Settings::default() }).await;
    // From now on the file is open.
    test.read("sys/mounts").await.unwrap();
    test
}

// Rule 93
#[tokio::test]
async fn who_goes_away_while_lines_are_gathered_is_on_record() {
    let dir = tempfile::tempdir().unwrap();
    let test = with_waits(dir.path(), Duration::from_secs(60)).await;
    let mut writes = Box::pin(test.write("secret/data/a", json!({ "data": { "a": "b" } })));
    assert!((&mut writes).now_or_never().is_none());
    let mut reads = Box::pin(test.read("sys/audit"));
    assert!((&mut reads).now_or_never().is_none(), "it does not wait for others");
    drop(reads);
    let lines = || file_lines(&dir.path().join("audit.log"));
    let deadline = std::time::Instant::now() + Duration::from_secs(30);
    while lines().iter().filter(|it| it["request"]["path"] == "sys/audit").count() < 2 {
        assert!(std::time::Instant::now() < deadline, "its lines are not written");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    writes.await.unwrap();
}

// Rule 94
#[tokio::test]
async fn a_request_that_is_held_up_does_not_take_the_device_with_it() {
    let dir = tempfile::tempdir().unwrap();
    let test = with_waits(dir.path(), Duration::from_millis(100)).await;
    // The device's thread may be about to look, and write what is there.
    for attempt in 0.. {
        assert!(attempt < 50, "no request was held up");
        let mut writes = Box::pin(test.write("secret/data/a", json!({ "data": { "a": "b" } })));
        assert!((&mut writes).now_or_never().is_none());
        let mut reads = Box::pin(test.read("sys/audit"));
        assert!((&mut reads).now_or_never().is_none(), "it does not wait for others");
        // As a process that was stopped, or a machine that has too much to do.
        std::thread::sleep(Duration::from_millis(300));
        if matches!(reads.await, Err(Error::Audit)) {
            break;
        }
    }
    let deadline = std::time::Instant::now() + Duration::from_secs(30);
    while test.read("sys/audit").await.is_err() {
        assert!(std::time::Instant::now() < deadline, "the device takes no lines any more");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

async fn by_api(folders: Vec<std::path::PathBuf>) -> TestCore {
    let settings = Settings {
        audit: vec![DeviceConfig::memory("ring")],
        audit_by_api: true,
        audit_folders: folders,
        ..Settings::default()
    };
    TestCore::over(Arc::new(Memory::new()), settings).await
}

// Rule 95
#[tokio::test]
async fn devices_are_made_over_the_api_only_where_the_configuration_lets_them() {
    let dir = tempfile::tempdir().unwrap();
    let file = |it: &Path| json!({ "type": "file", "options": { "file_path": it } });
    let allowed = dir.path().join("allowed");
    std::fs::create_dir(&allowed).unwrap();
    std::os::unix::fs::symlink(dir.path(), allowed.join("out")).unwrap();

    let closed = in_memory().await;
    assert!(closed.write("sys/audit/a", file(Path::new("/dev/null"))).await.is_err());

    let test = by_api(vec![allowed.clone()]).await;
    let escapes = [
        dir.path().join("audit.log"),
        allowed.join("../audit.log"),
        allowed.join("out/audit.log"),
        "relative/audit.log".into(),
        "stdout".into(),
        "/dev/stderr".into(),
    ];
    for path in &escapes {
        assert!(test.write("sys/audit/a", file(path)).await.is_err(), "{}", path.display());
    }
    let path = allowed.join("deep/audit.log");
    test.write("sys/audit/a", file(&path)).await.unwrap();
    test.write("sys/audit/b", file(Path::new("/dev/null"))).await.unwrap();
    assert!(test.write("sys/audit/a", file(&path)).await.is_err(), "it is taken");
    let listed = data(&test.read("sys/audit").await.unwrap());
    assert_eq!(listed["a/"]["type"], "file");
    assert_eq!(listed["a/"]["options"]["file_path"], path.to_str().unwrap());
    // One acceptance is enough for an answer: of two devices, the other may still be writing.
    for _ in 0..500 {
        if file_lines(&path).len() >= 3 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(file_lines(&path).len() >= 3);

    // They are there again after a restart, with the same MAC key.
    let hash = json!({ "input": "x" });
    let before = data(&test.write("sys/audit-hash/a", hash.clone()).await.unwrap());
    test.write("sys/seal", Value::Null).await.unwrap();
    test.unseal().await;
    assert_eq!(data(&test.write("sys/audit-hash/a", hash.clone()).await.unwrap()), before);
    // Rule 98: and each device has its own.
    assert_ne!(data(&test.write("sys/audit-hash/b", hash.clone()).await.unwrap()), before);

    test.delete("sys/audit/a").await.unwrap();
    assert!(data(&test.read("sys/audit").await.unwrap()).get("a/").is_none());
    test.write("sys/audit/a", file(&path)).await.unwrap();
    assert_ne!(data(&test.write("sys/audit-hash/a", hash).await.unwrap()), before);
    assert!(test.delete("sys/audit/ring").await.is_err(), "it stands in the configuration file");
}

// Rule 93
#[tokio::test]
async fn a_disk_that_has_room_again_is_written_to_again() {
    let dir = tempfile::tempdir().unwrap();
    let target = dir.path().join("target");
    std::os::unix::fs::symlink("/dev/full", &target).unwrap();
    let device = DeviceConfig::new("file", SinkConfig::Unchecked { path: target.clone() });
    let test = with(vec![device]).await;
    assert!(matches!(test.write("secret/data/app", json!({ "data": {} })).await, Err(Error::Audit)));
    // The disk has room again: a new file stands where the full one was.
    std::fs::remove_file(&target).unwrap();
    std::fs::write(&target, "").unwrap();
    test.write("secret/data/app", json!({ "data": { "a": 1 } })).await.unwrap();
    let lines = file_lines(&target);
    let created = lines.iter().find(|it| it["request"]["path"] == "secret/data/app").unwrap();
    assert_eq!(created["request"]["operation"], "create", "nothing was done without a record");
}

// Rule 93
#[tokio::test]
async fn an_answer_that_could_not_be_recorded_is_told_of_later() {
    use std::{io::Read as _, os::unix::fs::OpenOptionsExt as _};
    let dir = tempfile::tempdir().unwrap();
    let pipe = dir.path().join("pipe");
    let mode = rustix::fs::Mode::from_raw_mode(0o600);
    rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, mode, 0).unwrap();
    let nonblock = i32::try_from(rustix::fs::OFlags::NONBLOCK.bits()).unwrap();
    let mut reader = std::fs::OpenOptions::new().read(true).custom_flags(nonblock).open(&pipe).unwrap();

    let sink = SinkConfig::Unchecked { path: pipe.clone() };
    let device = DeviceConfig { deadline: Duration::from_millis(300), ..DeviceConfig::new("pipe", sink) };
    let test = with(vec![device]).await;
    // A pipe holds 64 KiB: the request's line, but not the response's, which says the same again.
    let fields: serde_json::Map<String, Value> = (0..450).map(|it| (format!("f{it}"), json!("x"))).collect();
    let asked = test.write("secret/data/app", json!({ "data": fields })).await;
    assert!(matches!(asked, Err(Error::Audit)));

    let mut text = String::new();
    for _ in 0..500 {
        let mut bytes = [0; 65_536];
        match reader.read(&mut bytes) {
            Ok(count) => text.push_str(std::str::from_utf8(&bytes[..count]).unwrap()),
            Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::WouldBlock),
        }
        if text.contains("response_unrecorded") {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let lines: Vec<Value> = text.lines().filter_map(|it| serde_json::from_str(it).ok()).collect();
    let request = lines.iter().find(|it| it["type"] == "request").unwrap();
    let late = lines.iter().find(|it| it["type"] == "response_unrecorded").unwrap();
    assert_eq!(late["request"]["id"], request["request"]["id"]);
}
