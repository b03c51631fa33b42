//! Many writers at once.

use super::*;

// Rule 138: check-and-set under concurrency
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_writers_exactly_one_wins_each_version() {
    let test = Arc::new(core().await);
    let mut writers = Vec::new();
    for writer in 0..8 {
        let test = test.clone();
        writers.push(tokio::spawn(async move {
            let mut won = Vec::new();
            for version in 0..40_u64 {
                let body = json!({ "data": { "writer": writer }, "options": { "cas": version } });
                loop {
                    match test.write("secret/data/a", body.clone()).await {
                        Ok(answer) => {
                            won.push((data(&answer)["version"].as_u64().unwrap(), writer));
                            break;
                        }
                        Err(Error::Invalid(_)) => {
                            let current = test.read("secret/metadata/a").await.unwrap();
                            if data(&current)["current_version"].as_u64().unwrap() > version {
                                break;
                            }
                        }
                        Err(Error::Busy) => {}
                        Err(error) => panic!("{error}"),
                    }
                    tokio::task::yield_now().await;
                }
            }
            won
        }));
    }
    let mut won = Vec::new();
    for writer in writers {
        won.extend(writer.await.unwrap());
    }
    won.sort_unstable();
    let versions: Vec<u64> = won.iter().map(|it| it.0).collect();
    assert_eq!(versions, (1..=40).collect::<Vec<_>>());
    for (version, writer) in won.iter().rev().take(10) {
        let version = i64::try_from(*version).unwrap();
        assert_eq!(value(&test, "a", version).await, json!({ "writer": writer }));
    }
}

// Rule 53: without check-and-set every write is a version of its own
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn concurrent_writes_lose_nothing() {
    let test = Arc::new(core().await);
    test.write("secret/metadata/a", json!({ "max_versions": 1000 })).await.unwrap();
    let mut writers = Vec::new();
    for writer in 0..4_u64 {
        let test = test.clone();
        writers.push(tokio::spawn(async move {
            for x in 0..50 {
                put(&test, "a", json!({ "x": writer * 50 + x })).await;
            }
        }));
    }
    for writer in writers {
        writer.await.unwrap();
    }
    let mut seen = Vec::new();
    for version in 1..=200 {
        seen.push(value(&test, "a", version).await["x"].as_u64().unwrap());
    }
    seen.sort_unstable();
    assert_eq!(seen, (0..200).collect::<Vec<_>>());
}
