//! Tampering with audit files, and who notices.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use strongroom_core::{
    Settings,
    audit::{
        DeviceConfig, Head, Rotation,
        show::{Filter, Outcome, show},
        verify::{Failure, Reason, Report, verify},
    },
    clock::Timestamp,
    request::Operation,
    storage::{Memory, Storage},
    testing::{Ask, TestCore},
};

struct Log {
    test: TestCore,
    path: PathBuf,
    key: Vec<u8>,
    _dir: tempfile::TempDir,
}

impl Log {
    async fn new() -> Self {
        Self::with(Rotation::default()).await
    }

    async fn with(rotation: Rotation) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("audit.log");
        let device = DeviceConfig {
            rotation,
            // However slow the machine is, lines come out the same.
            checkpoint_after: Duration::from_secs(3_600),
            ..DeviceConfig::file("file", &path)
        };
        let settings = Settings { audit: vec![device], ..Settings::default() };
        let storage: Arc<dyn Storage> = Arc::new(Memory::new());
        let test = TestCore::over(storage, settings).await;
        let key = test.core.unsealed().unwrap().audit.public_key();
        Self { test, path, key, _dir: dir }
    }

    async fn ask(&self, times: usize) {
        for _ in 0..times {
            self.test.read("sys/audit").await.unwrap();
        }
    }

    /// Seals, which signs and closes; answers how far the store knows the chain.
    async fn seal(&self) {
        self.test.write("sys/seal", serde_json::Value::Null).await.unwrap();
    }

    /// The head as the device has it.
    async fn head(&self) -> Head {
        self.test.core.unsealed().unwrap().audit.devices().await.unwrap()[0].head
    }

    fn lines(&self) -> Vec<String> {
        std::fs::read_to_string(&self.path).unwrap().lines().map(str::to_owned).collect()
    }

    fn rewrite(&self, lines: &[String]) {
        std::fs::write(&self.path, lines.iter().map(|it| format!("{it}\n")).collect::<String>()).unwrap();
    }

    fn verify(&self, head: Option<Head>) -> Result<Report, (u64, Reason)> {
        verify(std::slice::from_ref(&self.path), &self.key, head).map_err(finding)
    }
}

fn finding(failure: Failure) -> (u64, Reason) {
    match failure {
        Failure::Found(found) => (found.line, found.reason),
        Failure::Read { source, .. } => panic!("{source}"),
    }
}

/// A log with a start, 20 records and a checkpoint.
async fn sealed_log() -> Log {
    let log = Log::new().await;
    log.ask(9).await;
    log.seal().await;
    assert_eq!(log.lines().len(), 22);
    log
}

#[tokio::test]
async fn an_untouched_log_is_whole() {
    let log = sealed_log().await;
    let report = log.verify(None).unwrap();
    assert_eq!((report.lines, report.first, report.last.seq), (22, 1, 22));
    assert_eq!((report.checkpoints, report.anchored, report.unanchored), (1, 21, 1));
}

// Rule 99
#[tokio::test]
async fn the_first_line_that_was_changed_removed_moved_or_put_in_is_named() {
    let log = sealed_log().await;
    let lines = log.lines();
    for at in 1..21 {
        let number = u64::try_from(at).unwrap() + 1;
        let mut changed = lines.clone();
        changed[at] = changed[at].replace("\"sys/", "\"xys/");
        log.rewrite(&changed);
        assert_eq!(log.verify(None).unwrap_err(), (number, Reason::Changed));

        let mut removed = lines.clone();
        removed.remove(at);
        log.rewrite(&removed);
        assert_eq!(log.verify(None).unwrap_err(), (number, Reason::Missing { from: number, to: number }));

        let mut moved = lines.clone();
        moved.swap(at, at - 1);
        log.rewrite(&moved);
        assert!(log.verify(None).unwrap_err().0 >= number - 1);

        let mut twice = lines.clone();
        twice.insert(at, lines[at].clone());
        log.rewrite(&twice);
        let expected = Reason::OutOfOrder { expected: number + 1, found: number };
        assert_eq!(log.verify(None).unwrap_err(), (number + 1, expected));

        let mut put_in = lines.clone();
        put_in.insert(at, "{\"time\":\"x\",\"type\":\"request\"}".to_owned());
        log.rewrite(&put_in);
        assert_eq!(log.verify(None).unwrap_err(), (number, Reason::NotALine));
    }
    log.rewrite(&lines[1..]);
    assert_eq!(log.verify(None).unwrap_err(), (1, Reason::NoBeginning));
    log.rewrite(&[]);
    assert_eq!(log.verify(None).unwrap_err().1, Reason::Empty);
}

// Rule 99
#[tokio::test]
async fn an_end_that_was_cut_off_is_noticed_by_whoever_knows_the_head() {
    let log = Log::new().await;
    log.ask(9).await;
    let head = log.head().await;
    log.seal().await;
    let lines = log.lines();
    assert!(log.verify(Some(head)).is_ok());
    log.rewrite(&lines[..10]);
    let expected = Reason::Truncated { last: 10, expected: head.seq };
    assert_eq!(log.verify(Some(head)).unwrap_err(), (11, expected));
    // Within a line, everybody notices.
    let text = std::fs::read_to_string(&log.path).unwrap();
    std::fs::write(&log.path, &text[..text.len() - 20]).unwrap();
    assert_eq!(log.verify(None).unwrap_err(), (10, Reason::Torn));
    // Another log than the one that the store knows.
    let other = Head { chain: [1; 32], ..head };
    log.rewrite(&lines);
    assert_eq!(log.verify(Some(other)).unwrap_err(), (head.seq, Reason::NotInStore));
}

/// Computes the chain anew from `from` on, as somebody can who knows the format but not the key.
fn rechain(lines: &mut [String], from: usize) {
    let parse = |line: &str| {
        let (body, tail) = line.rsplit_once(",\"seq\":").unwrap();
        let (seq, chain) = tail.split_once(",\"chain\":\"").unwrap();
        (format!("{body}}}"), seq.parse::<u64>().unwrap(), chain.trim_end_matches("\"}").to_owned())
    };
    for at in from..lines.len() {
        let (_, _, previous) = parse(&lines[at - 1]);
        let (body, seq, _) = parse(&lines[at]);
        let hash = |it: &[u8]| ring::digest::digest(&ring::digest::SHA256, it).as_ref().to_vec();
        let mut input = data_encoding::HEXLOWER.decode(previous.as_bytes()).unwrap();
        input.extend(seq.to_be_bytes());
        input.extend(hash(body.as_bytes()));
        let chain = data_encoding::HEXLOWER.encode(&hash(&input));
        lines[at] = format!("{},\"seq\":{seq},\"chain\":\"{chain}\"}}", &body[..body.len() - 1]);
    }
}

// Rule 99
#[tokio::test]
async fn a_chain_that_was_computed_anew_does_not_have_the_signature() {
    let log = sealed_log().await;
    let mut lines = log.lines();
    rechain(&mut lines, 1);
    assert_eq!(lines, log.lines(), "the documented format is the format");
    lines[5] = lines[5].replace("\"sys/", "\"xys/");
    rechain(&mut lines, 5);
    log.rewrite(&lines);
    assert_eq!(log.verify(None).unwrap_err(), (22, Reason::BadSignature { since: 1 }));
    // Nor does a log of another server's verify.
    let other = sealed_log().await;
    assert!(verify(std::slice::from_ref(&other.path), &log.key, None).is_err());
}

#[tokio::test]
async fn a_torn_line_is_closed_and_the_chain_goes_on() {
    let log = sealed_log().await;
    let mut text = std::fs::read(&log.path).unwrap();
    text.extend_from_slice(b"{\"time\":\"2026");
    std::fs::write(&log.path, text).unwrap();
    log.test.unseal().await;
    log.ask(1).await;
    log.seal().await;
    let report = log.verify(None).unwrap();
    assert_eq!((report.recovered, report.first), (1, 1));
    // A line that somebody tore afterwards is not taken for one.
    let mut lines = log.lines();
    lines[22] = "{\"time\":\"2027".to_owned();
    log.rewrite(&lines);
    assert_eq!(log.verify(None).unwrap_err(), (23, Reason::NotALine));
}

// Rule 99
#[tokio::test]
async fn a_log_that_was_cut_while_the_server_was_down_shows_the_gap() {
    let log = Log::new().await;
    log.ask(9).await;
    log.seal().await;
    let lines = log.lines();
    log.rewrite(&lines[..7]);
    log.test.unseal().await;
    log.ask(1).await;
    let (line, reason) = log.verify(None).unwrap_err();
    assert_eq!(line, 8);
    assert!(matches!(reason, Reason::Missing { from: 8, .. }), "{reason}");
}

#[tokio::test]
async fn rotated_files_are_one_chain() {
    let log = Log::with(Rotation { size: 10_000, ..Rotation::default() }).await;
    log.ask(40).await;
    log.seal().await;
    let folder = log.path.parent().unwrap();
    let files: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|it| it.unwrap().path()).collect();
    assert!(files.len() > 3, "{files:?}");
    let report = verify(&files, &log.key, None).unwrap();
    assert_eq!(report.first, 1);
    assert!(report.lines > 80);
    // Each file stands alone too, and says where it begins.
    for file in &files {
        verify(std::slice::from_ref(file), &log.key, None).unwrap();
    }
    // One that is gone is missed.
    let mut sorted = files.clone();
    sorted.sort();
    sorted.remove(2);
    assert!(matches!(finding(verify(&sorted, &log.key, None).unwrap_err()).1, Reason::Missing { .. }));
}

#[tokio::test]
async fn only_so_many_old_files_are_kept() {
    let log = Log::with(Rotation { size: 4_000, keep: 2, ..Rotation::default() }).await;
    log.ask(40).await;
    log.seal().await;
    assert_eq!(std::fs::read_dir(log.path.parent().unwrap()).unwrap().count(), 3);
}

#[tokio::test]
async fn a_file_that_others_rotate_is_opened_anew() {
    let log = Log::new().await;
    log.ask(2).await;
    let aside = log.path.with_extension("1");
    std::fs::rename(&log.path, &aside).unwrap();
    log.test.core.unsealed().unwrap().audit.reopen();
    while !log.path.exists() {
        tokio::task::yield_now().await;
    }
    log.ask(2).await;
    log.seal().await;
    let report = verify(&[log.path.clone(), aside], &log.key, None).unwrap();
    assert_eq!(report.first, 1);
}

#[tokio::test]
async fn the_head_is_kept_in_the_store() {
    let log = Log::new().await;
    log.ask(3).await;
    log.seal().await;
    std::fs::remove_file(&log.path).unwrap();
    log.test.unseal().await;
    log.ask(1).await;
    let first: serde_json::Value = serde_json::from_str(&log.lines()[0]).unwrap();
    assert!(first["seq"].as_u64().unwrap() > 7, "the chain goes on where the store knows it: {first}");
}

#[tokio::test]
async fn lines_are_found_by_what_they_say() {
    let log = Log::new().await;
    log.ask(3).await;
    let denied = Ask { token: "hvs.nobody", ..Ask::new(Operation::Delete, "sys/audit/x") };
    log.test.ask(denied).await.unwrap_err();
    let files = std::slice::from_ref(&log.path);
    let count = |filter: Filter| show(files, &filter, 2).unwrap().len();
    let text = |it: &str| Some(it.to_owned());
    assert_eq!(count(Filter { path: text("sys/audit"), ..Filter::default() }), 6);
    assert_eq!(count(Filter { path: text("sys/*"), ..Filter::default() }), 8);
    assert_eq!(count(Filter { path: text("*/x"), ..Filter::default() }), 2);
    assert_eq!(count(Filter { operation: text("delete"), ..Filter::default() }), 2);
    assert_eq!(count(Filter { display_name: text("token"), ..Filter::default() }), 6);
    assert_eq!(count(Filter { entity_id: text("root"), ..Filter::default() }), 0);
    assert_eq!(count(Filter { outcome: Some(Outcome::Denied), ..Filter::default() }), 1);
    assert_eq!(count(Filter { outcome: Some(Outcome::Failed), ..Filter::default() }), 1);
    assert_eq!(count(Filter { path: text("*audit*"), ..Filter::default() }), 8);
    assert_eq!(count(Filter { path: text("*"), ..Filter::default() }), 8);
    assert_eq!(count(Filter { outcome: Some(Outcome::Succeeded), ..Filter::default() }), 3);
    let start = Timestamp(1_700_000_000_000_000_000);
    assert!(count(Filter { since: Some(start), ..Filter::default() }) >= 9);
    assert_eq!(count(Filter { until: Some(start), ..Filter::default() }), 0);
    assert!(read(&log.path).contains("\"type\":\"start\""));
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap()
}
