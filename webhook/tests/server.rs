//! The webhook as a server: what it takes, how much of it, and what it says of itself.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test"
)]

mod room;

use room::{Authority, Webhook, connect, json, reviews, settings, until, write};
use serde_json::json;

fn review(name: &str) -> Vec<u8> {
    let (_, folder) = reviews().into_iter().find(|(it, _)| it == name).unwrap();
    std::fs::read(folder.join("review.json")).unwrap()
}

// Rules 103, 104, 105
#[tokio::test]
async fn what_is_no_question_is_refused_with_a_status() {
    let webhook = Webhook::start(settings(&json!({}))).await;
    let plain = review("plain");
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let old =
        String::from_utf8(plain.clone()).unwrap().replace("admission.k8s.io/v1\"", "admission.k8s.io/v2\"");
    for (kind, body, status) in [
        ("application/json", plain.as_slice(), 200),
        ("application/json; charset=utf-8", &plain, 200),
        ("text/plain", &plain, 400),
        ("", &plain, 400),
        ("application/jsonx", &plain, 400),
        ("application/json", b"", 400),
        ("application/json", b"{}", 400),
        ("application/json", b"null", 400),
        ("application/json", deep.as_bytes(), 400),
        ("application/json", old.as_bytes(), 400),
        ("application/json", br#"{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview"}"#, 400),
        (
            "application/json",
            br#"{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":7}}"#,
            400,
        ),
    ] {
        let answer = webhook.post(body, kind).await;
        assert_eq!(answer.status, status, "{kind} {}", answer.text());
        assert!(answer.text().len() < 100 || status == 200, "an answer quotes: {}", answer.text());
    }
    let long = webhook.raw("POST /mutate HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 9999999\r\n", b"{").await;
    assert_eq!(long.status, 413);
    let head = format!("GET /metrics HTTP/1.1\r\nhost: x\r\nx: {}\r\n", "a".repeat(20_000));
    assert_eq!(webhook.raw(&head, b"").await.status, 431);
    for (request, status) in [
        ("GET /mutate", 405),
        ("POST /metrics", 405),
        ("GET /", 404),
        ("GET /health/live", 204),
        ("GET /health/ready", 204),
    ] {
        assert_eq!(
            webhook.raw(&format!("{request} HTTP/1.1\r\nhost: x\r\n"), b"").await.status,
            status,
            "{request}"
        );
    }
}

#[tokio::test]
async fn what_it_did_is_counted_and_a_dry_run_is_not() {
    let webhook = Webhook::start(settings(&json!({}))).await;
    let figures = async || webhook.get("/metrics").await.text();
    for name in ["plain", "plain", "pre-populate-only", "pre-populate-false", "service-refused", "not-asked"]
    {
        webhook.ask(&review(name)).await;
    }
    let before = figures().await;
    for line in [
        "vault_agent_injector_request_queue_length 0",
        "vault_agent_injector_request_processing_duration_ms_count 6",
        "vault_agent_injector_injections_by_namespace_total{namespace=\"shop\",injection_type=\"init_and_sidecar\"} 2",
        "vault_agent_injector_injections_by_namespace_total{namespace=\"shop\",injection_type=\"init_only\"} 1",
        "vault_agent_injector_injections_by_namespace_total{namespace=\"shop\",injection_type=\"sidecar_only\"} 1",
        "vault_agent_injector_failed_injections_by_namespace_total{namespace=\"shop\"} 1",
    ] {
        assert!(before.lines().any(|it| it == line), "{line}\n{before}");
    }
    // The same answer, and no trace of it among the pods.
    let mut wet: serde_json::Value = serde_json::from_slice(&review("plain")).unwrap();
    let real = webhook.ask(wet.to_string().as_bytes()).await;
    wet["request"]["dryRun"] = true.into();
    let counted = figures().await;
    assert_eq!(webhook.ask(wet.to_string().as_bytes()).await, real);
    let pods = |text: &str| {
        text.lines().filter(|it| it.contains("by_namespace")).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(pods(&figures().await), pods(&counted));
    assert_ne!(pods(&counted), pods(&before));
}

// Rule 110
#[tokio::test]
async fn files_that_change_are_the_next_certificate() {
    let webhook = Webhook::start(settings(&json!({}))).await;
    let (old, new) = (webhook.authority.pem(), Authority::new());
    let trusts = async |pem: &str| {
        let stream = connect(webhook.address, "localhost", pem).await;
        stream.is_ok()
    };
    assert!(trusts(&old).await && !trusts(&new.pem()).await);
    // Half of an exchange is no certificate.
    let (cert, key) = new.sign();
    std::fs::write(webhook.files.path().join("tls.crt"), &cert).unwrap();
    assert!(trusts(&old).await);
    write(&webhook.files, &(cert, key));
    until("the new certificate", async || trusts(&new.pem()).await).await;
    assert!(!trusts(&old).await);
}

#[test]
fn there_is_a_question_of_each_version() {
    let versions =
        reviews().into_iter().map(|(_, it)| json(&it.join("review.json"))["apiVersion"].to_string());
    assert_eq!(versions.collect::<std::collections::BTreeSet<_>>().len(), 2);
}
