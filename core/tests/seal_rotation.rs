//! Terms: rotation, re-encryption, retirement, and the background's clock.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test")]

use std::time::Duration;

use serde_json::{Value, json};
use strongroom_core::{
    background::NextDue,
    integrity::fsck,
    testing::{TestCore, data},
};

const HOUR: Duration = Duration::from_secs(3600);

async fn terms(test: &TestCore) -> Vec<u32> {
    let report = fsck(&test.core).await.unwrap();
    assert!(report.is_clean(), "{:?}", report.faults);
    report.terms.into_keys().collect()
}

async fn run(test: &TestCore, after: Duration) -> NextDue {
    test.clock.advance(after);
    test.core.run_due(test.core.now()).await.unwrap()
}

async fn status(test: &TestCore) -> Value {
    data(&test.read("sys/key-status").await.unwrap())
}

// Rule 9
#[tokio::test]
async fn a_rotation_reaches_every_row_and_retires_the_old_term() {
    let test = TestCore::new().await;
    let before = status(&test).await;
    assert_eq!(before["term"], 1);
    assert!(before["encryptions"].as_u64().unwrap() > 0);

    assert!(test.write("sys/rotate", Value::Null).await.unwrap().is_empty());
    let after = status(&test).await;
    assert_eq!(after["term"], 2);
    assert!(after["encryptions"].as_u64().unwrap() <= 1);
    assert_eq!(terms(&test).await, [1]);

    run(&test, HOUR / 60).await;
    assert_eq!(terms(&test).await, [2]);
    // What was sealed just before may be committed yet.
    run(&test, HOUR / 60).await;
    test.core.seal_now();
    test.unseal().await;
    assert!(status(&test).await["encryptions"].as_u64().unwrap() > 0);

    run(&test, 2 * HOUR).await;
    run(&test, HOUR / 60).await;
    test.core.seal_now();
    test.unseal().await;
    assert_eq!(terms(&test).await, [2]);
    assert_eq!(status(&test).await["term"], 2);
}

// Rule 9
#[tokio::test]
async fn a_term_ends_by_age_if_the_settings_say_so() {
    let test = TestCore::new().await;
    run(&test, 48 * HOUR).await;
    assert_eq!(status(&test).await["term"], 1);
    let read = data(&test.read("sys/rotate/config").await.unwrap());
    assert_eq!(read, json!({"enabled": true, "interval": 0, "max_operations": 3_865_470_566_i64}));
    for (body, expected) in [
        (json!({"interval": "1m"}), "interval must be greater or equal to 24h0m0s"),
        (json!({"max_operations": 10}), "max_operations must be in the range [1000000,3865470566]"),
        (
            json!({"max_operations": 99_999_999_999_i64}),
            "max_operations must be in the range [1000000,3865470566]",
        ),
    ] {
        assert_eq!(test.write("sys/rotate/config", body).await.unwrap_err().to_string(), expected);
    }
    test.write("sys/rotate/config", json!({"interval": "48h", "max_operations": 2_000_000_000}))
        .await
        .unwrap();
    let read = data(&test.read("sys/rotate/config").await.unwrap());
    assert_eq!(read, json!({"enabled": true, "interval": "48h0m0s", "max_operations": 2_000_000_000}));
    run(&test, HOUR).await;
    assert_eq!(status(&test).await["term"], 2);
    run(&test, HOUR).await;
    assert_eq!(status(&test).await["term"], 2);
    test.write("sys/rotate/config", json!({"enabled": false})).await.unwrap();
    run(&test, 49 * HOUR).await;
    assert_eq!(status(&test).await["term"], 2);
}

// Rule 90: what a jump would end stays until an operator has confirmed the clock.
#[tokio::test]
async fn a_jump_of_the_clock_pauses_what_it_would_set_off() {
    let test = TestCore::new().await;
    test.write("sys/rotate/config", json!({"interval": "48h"})).await.unwrap();
    let later = test.core.now().plus(100 * HOUR);
    test.clock.step_to(later);
    test.core.run_due(later).await.unwrap();
    assert_eq!(status(&test).await["term"], 1);
    let clock = data(&test.read("sys/clock").await.unwrap());
    assert_eq!((&clock["sweeping"], &clock["jump"]), (&json!(false), &json!(360_000)));
    test.write("sys/clock/confirm", Value::Null).await.unwrap();
    assert_eq!(data(&test.read("sys/clock").await.unwrap())["sweeping"], true);
    run(&test, HOUR / 60).await;
    assert_eq!(status(&test).await["term"], 2);
}

#[tokio::test]
async fn while_sealed_there_is_nothing_to_do_and_the_next_run_is_told() {
    let test = TestCore::new().await;
    let now = test.core.now();
    let NextDue(next) = test.core.run_due(now).await.unwrap();
    assert!(next > now && next <= now.plus(HOUR));
    test.core.seal_now();
    let NextDue(next) = test.core.run_due(now).await.unwrap();
    assert!(next > now);
}

#[tokio::test]
async fn the_background_task_runs_and_stops() {
    let test = TestCore::new().await;
    test.core.rotate().await.unwrap();
    let background = test.core.spawn_background();
    while terms(&test).await != [2] {
        tokio::task::yield_now().await;
    }
    background.stop().await;
}
