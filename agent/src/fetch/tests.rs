//! What is known of something, as answers and failures come.

use super::*;
use crate::config::Config;

fn ask() -> Ask {
    Ask::Read { path: "secret/db".to_owned() }
}

fn body(text: &str) -> Body {
    Arc::new(Zeroizing::new(format!(r#"{{"data":{{"x":"{text}"}}}}"#).into_bytes()))
}

fn refused(status: u16) -> Error {
    Error::Api { status, errors: Vec::new() }
}

/// Nobody is logged in, so that no task asks anything.
fn fetch(rule: &str, left: BTreeMap<Ask, (Body, Confirmed)>) -> Fetch {
    let text = format!(
        "auto_auth {{ method \"token_file\" {{ config = {{ token_file_path = \"t\" }} }} }}\n\
         listener \"tcp\" {{ address = \"127.0.0.1:0\" tls_disable = true }}\npath \"secret/*\" {{ {rule} }}"
    );
    let config = Config::load(&[], &[(std::path::Path::new("a.hcl"), &text)]).unwrap();
    let settings = Settings { interval: Duration::from_secs(300), renew_at: 0.9, paths: config.paths };
    let (_, standing) = watch::channel(Standing::default());
    Fetch::new(standing, settings, left, Log::quiet())
}

#[track_caller]
fn check(fetch: &Fetch, expected: &str) {
    let known = match fetch.get(&ask()) {
        Known::Body(body) | Known::Left(body) => String::from_utf8(body.to_vec()).unwrap(),
        Known::Nothing => "nothing".to_owned(),
        Known::Gone => "gone".to_owned(),
    };
    assert!(known.contains(expected), "{known}");
}

#[tokio::test]
async fn what_was_read_last_stays_whatever_the_server_says() {
    let fetch = fetch("", BTreeMap::new());
    check(&fetch, "nothing");
    fetch.failed(&ask(), refused(503));
    check(&fetch, "nothing");
    assert!(fetch.changed().await.contains(&ask()));
    fetch.succeeded(&ask(), Some(body("one")), None);
    for status in [503, 500, 403, 404, 429] {
        fetch.failed(&ask(), refused(status));
        check(&fetch, "one");
    }
    assert_eq!(fetch.health()[0].failures, 5);
    fetch.succeeded(&ask(), Some(body("two")), None);
    check(&fetch, "two");
    assert_eq!(fetch.health()[0].failures, 0);
}

#[tokio::test]
async fn what_was_revoked_goes_where_the_path_says_so() {
    let fetch = fetch("on_revoke = \"remove\"", BTreeMap::new());
    check(&fetch, "nothing");
    fetch.succeeded(&ask(), Some(body("one")), None);
    fetch.failed(&ask(), refused(503));
    check(&fetch, "one");
    fetch.changed().await;
    fetch.failed(&ask(), refused(403));
    check(&fetch, "gone");
    assert!(fetch.changed().await.contains(&ask()));
    assert!(fetch.values().is_empty());
    fetch.succeeded(&ask(), Some(body("again")), None);
    check(&fetch, "again");
    // A lease that is over is as good as revoked, also if nobody can say so.
    fetch.succeeded(&ask(), None, Some(Instant::now()));
    fetch.failed(&ask(), refused(503));
    check(&fetch, "gone");
}

#[tokio::test]
async fn what_an_earlier_agent_left_is_used_unless_it_is_too_old() {
    let left = |age| BTreeMap::from([(ask(), (body("left"), Confirmed::ago(Duration::from_secs(age))))]);
    check(&fetch("max_stale = \"1h\"", left(3500)), "left");
    check(&fetch("max_stale = \"1h\"", left(3700)), "nothing");
    check(&fetch("", left(1_000_000)), "left");
    let fetch = fetch("max_stale = \"1h\"", left(3590));
    check(&fetch, "left");
    assert!(matches!(fetch.get(&ask()), Known::Left(_)));
    let health = fetch.health();
    assert!(!health[0].is_stale && health[0].age.is_some_and(|it| it.as_secs() >= 3590));
    // Whoever asks once gets it too.
    assert!(fetch.once(&ask()).await.is_ok());
    assert_eq!(fetch.values().len(), 1);
    // The same, but from the server: that is news.
    fetch.succeeded(&ask(), Some(body("left")), None);
    assert!(fetch.changed().await.contains(&ask()));
    assert!(matches!(fetch.get(&ask()), Known::Body(_)));
}

#[tokio::test]
async fn what_nobody_wants_is_not_followed() {
    let fetch = fetch("", BTreeMap::new());
    check(&fetch, "nothing");
    fetch.keep(&BTreeSet::new());
    assert!(fetch.health().is_empty());
}
