//! What whoever has no token can have recorded, and no more.

use super::*;

// Rules 100 and 111: whatever a stranger asks, be it refused or answered.
#[tokio::test]
async fn a_strangers_flood_is_recorded_in_part_and_counted_as_a_whole() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("audit.log");
    let test = with(vec![DeviceConfig::file("file", &path)]).await;
    test.write("sys/auth/userpass", json!({ "type": "userpass" })).await.unwrap();
    let ask = |operation, path| {
        let peer = Peer::Address(([198, 51, 100, 1], 1).into());
        test.ask(Ask { token: "", peer, body: json!({ "password": "x" }), ..Ask::new(operation, path) })
    };
    let size = || std::fs::metadata(&path).unwrap().len();
    for _ in 0..5_000 {
        ask(Operation::Write, "auth/userpass/login/x").await.unwrap_err();
    }
    let records = |kind: &str| file_lines(&path).iter().filter(|it| it["type"] == kind).count();
    // Two lines each, and those that made the mount.
    assert_eq!((records("request"), records("response")), (101, 101));
    // An answer that anybody gets is no way round: this one has a record before its handler runs.
    let (mut answered, before, begun) = (0_u32, size(), std::time::Instant::now());
    for _ in 0..5_000 {
        answered += u32::from(ask(Operation::Read, "sys/init").await.is_ok());
    }
    let most = 1_048_576.0 + 204_800.0 * begun.elapsed().as_secs_f64();
    assert!(answered > 0 && answered < 5_000, "{answered}");
    assert!(((size() - before) as f64) < most * 1.2, "{answered}");
    // Others are heard, and what was cut is told.
    assert!(test.read("sys/audit").await.is_ok());
    let told = || -> u64 {
        let lines = file_lines(&path).into_iter().filter(|it| it["type"] == "suppressed");
        lines.map(|it| it["count"].as_u64().unwrap()).sum()
    };
    let deadline = std::time::Instant::now() + Duration::from_secs(30);
    let cut = 4_900 + 5_000 - u64::from(answered);
    while told() < cut && std::time::Instant::now() < deadline {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(told(), cut);
}

// Rules 100 and 103
#[tokio::test]
async fn a_line_is_no_longer_for_what_is_sent_in_names() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("audit.log");
    let test = with(vec![DeviceConfig::file("file", &path)]).await;
    let fields = |count: usize, len: usize| -> Value {
        let stem = "n".repeat(len);
        (0..count).map(|it| (format!("{stem}{it}"), json!(1))).collect::<serde_json::Map<_, _>>().into()
    };
    let added = async |token: &str, body: Value| {
        let before = std::fs::metadata(&path).map_or(0, |it| it.len());
        let _ = test.as_token(token, Operation::Write, "cubbyhole/x", body).await;
        std::fs::metadata(&path).unwrap().len() - before
    };
    let little = added("", json!({ "name": "v" })).await;
    let much = added("", fields(1_000, 1_000)).await;
    assert!(little < 4_096 && much < 4_096, "{little} {much}");
    let token = test.token_with("path \"cubbyhole/*\" { capabilities = [\"create\"] }").await;
    assert!(added(&token, fields(20, 1_000)).await > 40_000);
    assert!(added(&token, fields(400, 1_000)).await < 4_096);
    let lines = file_lines(&path);
    let long = lines.last().unwrap();
    assert!(long["request"]["data_hmac"].as_str().unwrap().starts_with("hmac-sha256:"));
    assert!(long["request"]["data_bytes"].as_u64().unwrap() > 400_000);
    assert!(long["request"].get("data").is_none());
}
