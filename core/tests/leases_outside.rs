//! Leases of things outside of the store, through an engine that is made for tests: issued, renewed, revoked,
//! and how all of that goes on after a failure or a crash.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

use std::{sync::Arc, task::Poll, time::Duration};

use serde_json::{Value, json};
use strongroom_core::{
    Core, Error, Result, Settings,
    crypto::SecretBytes,
    leases::testing::{Call, KIND, Mood, World, world},
    request::Operation,
    response::Response,
    secrets::testing::mount,
    storage::{Memory, Storage},
    testing::{Ask, ROOT, TestCore, data, is_denied},
};

const HOUR: Duration = Duration::from_secs(3600);
const MINUTE: Duration = Duration::from_secs(60);

/// A core with the engine at `db/`, and what lies outside of it.
struct Site {
    test: TestCore,
    world: Arc<World>,
    storage: Arc<Memory>,
}

impl Site {
    async fn new() -> Self {
        Self::with(Settings::default()).await
    }

    async fn with(settings: Settings) -> Self {
        let storage = Arc::new(Memory::new());
        let shared: Arc<dyn Storage> = storage.clone();
        let test = TestCore::over(shared, settings).await;
        let mounted = mount(&test.core, "db/", KIND, &[]).await;
        Self { world: world(mounted.id), test, storage }
    }

    async fn ask(&self, token: &str, path: &str, body: Value) -> Result<Response> {
        self.test.ask(Ask { token, body, ..Ask::new(Operation::Read, path) }).await
    }

    /// The id of a new lease, and the user that it stands for.
    async fn issue(&self, token: &str, body: Value) -> (String, String) {
        let lease = self.ask(token, "db/creds/app", body).await.unwrap().lease.unwrap();
        let user = lease.id.rsplit('/').next().unwrap().to_owned();
        (lease.id, user)
    }

    async fn lease(&self, verb: &str, id: &str, body: Value) -> Result<Response> {
        let mut body = body;
        body["lease_id"] = json!(id);
        self.test.write(&format!("sys/leases/{verb}"), body).await
    }

    async fn is_alive(&self, id: &str) -> bool {
        self.lease("lookup", id, json!({})).await.is_ok()
    }

    fn exists(&self, user: &str) -> bool {
        self.world.users().contains(user)
    }

    async fn sweep(&self) {
        self.test.core.run_due(self.test.core.now()).await.unwrap();
    }

    /// Lets time pass in small steps, and has done what is due meanwhile.
    async fn pass(&self, time: Duration) {
        let end = self.test.core.now().plus(time);
        while self.test.core.now() < end {
            self.test.clock.advance(20 * Duration::from_secs(1));
            self.sweep().await;
        }
    }

    async fn count(&self) -> u64 {
        let open = self.test.core.unsealed().unwrap();
        let table = open.mounts.current(&open.store).await.unwrap();
        open.leases.count(&open.store, table.at("db/").unwrap().mount.root()).await.unwrap()
    }

    async fn irrevocable(&self) -> Value {
        let body = json!({ "type": "irrevocable" });
        let ask = Ask { body, ..Ask::new(Operation::Read, "sys/leases") };
        data(&self.test.ask(ask).await.unwrap())
    }
}

async fn token(test: &TestCore, ttl: &str) -> String {
    let policy = r#"path "db/*" { capabilities = ["read"] }"#;
    test.write("sys/policies/acl/db", json!({ "policy": policy })).await.unwrap();
    let made = test.write("auth/token/create", json!({ "policies": ["db"], "ttl": ttl })).await.unwrap();
    made.auth.unwrap().client_token.expose_str().unwrap().to_owned()
}

#[track_caller]
fn refused(outcome: Result<Response>, message: &str) {
    match outcome {
        Err(Error::Invalid(text)) => assert_eq!(text, message),
        other => panic!("expected a refusal, got {other:?}"),
    }
}

// Rule 88
#[tokio::test]
async fn a_lease_is_issued_shown_renewed_and_revoked() {
    let site = Site::new().await;
    let answer = site.ask(ROOT, "db/creds/app", json!({ "ttl": "1h", "max_ttl": "2h" })).await.unwrap();
    assert_eq!(data(&answer)["username"], "u");
    let lease = answer.lease.unwrap();
    assert_eq!((lease.duration, lease.renewable), (HOUR, true));
    let (id, user) = (lease.id.clone(), lease.id.rsplit('/').next().unwrap());
    assert!(id.starts_with("db/creds/app/") && user.len() == 40, "{id}");
    assert!(site.exists(user));
    let shown = data(&site.lease("lookup", &id, json!({})).await.unwrap());
    assert_eq!(
        (&shown["ttl"], &shown["path"], &shown["last_renewal"]),
        (&json!(3600), &json!("db/creds/app"), &Value::Null)
    );
    let keys = data(&site.test.list("sys/leases/lookup/db/creds/app").await.unwrap());
    assert_eq!(keys["keys"], json!([user]));
    assert!(
        data(&site.test.list("sys/leases/lookup").await.unwrap())["keys"]
            .as_array()
            .unwrap()
            .contains(&json!("db/"))
    );

    site.test.clock.advance(30 * MINUTE);
    let renewed = site.lease("renew", &id, json!({})).await.unwrap();
    assert_eq!(renewed.lease.unwrap().duration, HOUR);
    assert_eq!(site.world.asked(Call::Extend, user), 1);
    // Rule 40: not past its maximum, whatever is asked, and with a word about it.
    let renewed = site.lease("renew", &id, json!({ "increment": "10h" })).await.unwrap();
    assert_eq!(renewed.lease.unwrap().duration, 90 * MINUTE);
    assert_eq!(renewed.warnings.len(), 1);

    assert!(site.lease("revoke", &id, json!({ "sync": true })).await.unwrap().is_empty());
    assert!(!site.exists(user));
    refused(site.lease("lookup", &id, json!({})).await, "invalid lease");
    refused(site.lease("renew", &id, json!({})).await, "lease not found");
    assert!(site.lease("revoke", &id, json!({})).await.unwrap().is_empty());
    assert!(matches!(site.test.list("sys/leases/lookup/db").await, Err(Error::NotFound)));
    assert_eq!(site.count().await, 0);
}

#[tokio::test]
async fn a_revoked_lease_is_dead_at_once_and_undone_in_the_background() {
    let site = Site::new().await;
    let (id, user) = site.issue(ROOT, json!({})).await;
    assert_eq!(site.lease("revoke", &id, json!({})).await.unwrap().status, Some(202));
    assert!(!site.is_alive(&id).await);
    assert!(site.exists(&user), "no request waits for the world outside");
    site.sweep().await;
    assert!(!site.exists(&user));
    assert_eq!(site.world.asked(Call::Revoke, &user), 1);
}

#[tokio::test]
async fn what_is_not_renewable_is_not_renewed() {
    let site = Site::new().await;
    let lease = site.ask(ROOT, "db/cert/web", json!({ "renewable": false })).await.unwrap().lease.unwrap();
    assert!(!lease.renewable);
    assert!(site.world.users().is_empty(), "nothing is done outside for it");
    refused(site.lease("renew", &lease.id, json!({})).await, "lease is not renewable");
    assert!(site.is_alive(&lease.id).await);
}

// Rule 90: dead when it is over, before any sweeper, and after a restart.
#[tokio::test]
async fn an_expired_lease_is_dead_and_then_undone() {
    let site = Site::new().await;
    let (id, user) = site.issue(ROOT, json!({ "ttl": "10m" })).await;
    site.pass(9 * MINUTE).await;
    assert!(site.is_alive(&id).await && site.exists(&user));
    site.test.clock.advance(MINUTE);
    assert!(!site.is_alive(&id).await);
    site.test.write("sys/seal", Value::Null).await.unwrap();
    site.test.unseal().await;
    assert!(!site.is_alive(&id).await);
    site.pass(2 * MINUTE).await;
    assert!(!site.exists(&user));
    assert_eq!(site.count().await, 0);
}

#[tokio::test]
async fn a_renewed_lease_outlives_its_first_end() {
    let site = Site::new().await;
    let (id, user) = site.issue(ROOT, json!({ "ttl": "10m" })).await;
    site.pass(8 * MINUTE).await;
    site.lease("renew", &id, json!({ "increment": "1h" })).await.unwrap();
    site.pass(20 * MINUTE).await;
    assert!(site.is_alive(&id).await && site.exists(&user));
    // A shorter time holds as well, outside too.
    site.lease("renew", &id, json!({ "increment": "5m" })).await.unwrap();
    site.pass(7 * MINUTE).await;
    assert!(!site.is_alive(&id).await && !site.exists(&user));
}

// Rule 41: with the token all that it took out ends: dead at once, undone by and by.
#[tokio::test]
async fn leases_end_with_the_token_that_took_them_out() {
    let site = Site::new().await;
    let parent = token(&site.test, "10h").await;
    let child = token(&site.test, "30m").await;
    let mut leases = Vec::new();
    for _ in 0..20 {
        leases.push(site.issue(&parent, json!({ "ttl": "5h" })).await);
    }
    let (short, short_user) = site.issue(&child, json!({ "ttl": "5h" })).await;
    site.pass(31 * MINUTE).await;
    assert!(!site.is_alive(&short).await && !site.exists(&short_user), "its token has expired");
    site.test.write("auth/token/revoke", json!({ "token": parent })).await.unwrap();
    for (id, user) in &leases {
        assert!(!site.is_alive(id).await);
        assert!(site.exists(user));
    }
    site.pass(MINUTE).await;
    assert!(site.world.users().is_empty());
    assert_eq!(site.count().await, 0);
}

#[tokio::test]
async fn the_lease_of_a_batch_token_ends_when_that_does() {
    let site = Site::new().await;
    token(&site.test, "1h").await;
    let body = json!({ "policies": ["db"], "type": "batch", "ttl": "10m" });
    let made = site.test.write("auth/token/create", body).await.unwrap().auth.unwrap();
    let batch = made.client_token.expose_str().unwrap().to_owned();
    let lease = site.ask(&batch, "db/creds/app", json!({ "ttl": "1h" })).await.unwrap().lease.unwrap();
    assert!(lease.duration <= 10 * MINUTE && !lease.renewable, "{lease:?}");
}

// Rule 91: failed revocations are tried again, ever more seldom, and shown when that goes on.
#[tokio::test]
async fn a_failed_revocation_is_tried_again_until_it_succeeds() {
    let site = Site::new().await;
    let (id, user) = site.issue(ROOT, json!({})).await;
    let (other, other_user) = site.issue(ROOT, json!({})).await;
    site.world.take(Call::Revoke, Mood::Fails);
    let failed = site.lease("revoke", &id, json!({ "sync": true })).await;
    refused(failed, "failed to revoke entry, it will be tried again: the world is down");
    assert!(!site.is_alive(&id).await, "dead all the same");
    assert_eq!(site.irrevocable().await["lease_count"], 0);
    site.pass(2 * HOUR).await;
    let tried = site.world.asked(Call::Revoke, &user);
    assert!((7..=9).contains(&tried), "{tried} attempts in two hours");
    let listed = site.irrevocable().await;
    assert_eq!(
        listed,
        json!({ "lease_count": 1, "leases": [{ "lease_id": id, "error": "the world is down" }] })
    );
    let ask = Ask { body: json!({ "type": "irrevocable" }), ..Ask::new(Operation::Read, "sys/leases/count") };
    let counted = data(&site.test.ask(ask).await.unwrap());
    assert_eq!(counted["lease_count"], 1);
    assert_eq!(counted["counts"].as_object().unwrap().len(), 1);
    assert!(counted["counts"].as_object().unwrap().keys().all(|it| it.starts_with("lease-test_")));
    // It counts until it is gone, and stands in nobody's way.
    assert_eq!(site.count().await, 2);
    assert!(site.is_alive(&other).await && site.exists(&other_user));
    site.world.take(Call::Revoke, Mood::Works);
    site.pass(HOUR + 2 * MINUTE).await;
    assert!(!site.exists(&user));
    assert_eq!(site.irrevocable().await, json!({ "lease_count": 0, "leases": [] }));
    assert_eq!(site.count().await, 1);
}

#[tokio::test]
async fn the_list_of_irrevocable_leases_asks_as_vault_does() {
    let site = Site::new().await;
    for path in ["sys/leases", "sys/leases/count"] {
        assert!(matches!(site.test.read(path).await, Err(Error::NotFound)), "{path}");
    }
    for limit in ["0", "-1", "x"] {
        let body = json!({ "type": "irrevocable", "limit": limit });
        let outcome = site.test.ask(Ask { body, ..Ask::new(Operation::Read, "sys/leases") }).await;
        refused(outcome, "limit must be 'none' or a positive integer");
    }
    let body = json!({ "type": "irrevocable", "limit": "none" });
    site.test.ask(Ask { body, ..Ask::new(Operation::Read, "sys/leases") }).await.unwrap();
    let tidied = site.test.write("sys/leases/tidy", Value::Null).await.unwrap();
    assert_eq!(tidied.status, Some(202));
}

#[tokio::test]
async fn by_force_a_lease_is_forgotten_though_nobody_can_undo_it() {
    let site = Site::new().await;
    let (id, user) = site.issue(ROOT, json!({})).await;
    site.world.take(Call::Revoke, Mood::Fails);
    let sync = json!({ "sync": true });
    let outcome = site.test.write("sys/leases/revoke-prefix/db/creds", sync).await;
    refused(outcome, "failed to revoke 1 leases, they will be tried again");
    assert!(site.test.write("sys/leases/revoke-force/db/creds", Value::Null).await.unwrap().is_empty());
    assert!(!site.is_alive(&id).await);
    assert_eq!(site.count().await, 0);
    assert!(site.exists(&user), "that is what force means");
}

#[tokio::test]
async fn a_prefix_revokes_what_it_covers_and_nothing_else() {
    let site = Site::new().await;
    let mut below = Vec::new();
    for _ in 0..30 {
        below.push(site.issue(ROOT, json!({})).await);
    }
    let beside = site.ask(ROOT, "db/creds/application", json!({})).await.unwrap().lease.unwrap().id;
    let answer = site.test.write("sys/leases/revoke-prefix/db/creds/app", Value::Null).await.unwrap();
    assert_eq!(answer.status, Some(202));
    for (id, _) in &below {
        assert!(!site.is_alive(id).await);
    }
    assert!(site.is_alive(&beside).await);
    let (after, _) = site.issue(ROOT, json!({})).await;
    assert!(site.is_alive(&after).await, "made after it");
    let sync = json!({ "sync": true });
    site.pass(5 * MINUTE).await;
    assert_eq!(site.world.users().len(), 2);
    assert!(site.is_alive(&after).await);
    site.test.write("sys/leases/revoke-prefix/db", sync).await.unwrap();
    assert!(site.world.users().is_empty(), "who waits finds it done");
}

#[tokio::test]
async fn what_cannot_be_made_leaves_nothing_behind() {
    let site = Site::new().await;
    for mood in [Mood::Fails, Mood::Panics] {
        site.world.take(Call::Issue, mood);
        assert!(site.ask(ROOT, "db/creds/app", json!({})).await.is_err(), "{mood:?}");
        assert!(matches!(site.test.list("sys/leases/lookup/db").await, Err(Error::NotFound)));
        site.pass(MINUTE).await;
        assert_eq!(site.count().await, 0, "{mood:?}");
    }
    // A renewal that fails outside leaves the lease as it was.
    site.world.take(Call::Issue, Mood::Works);
    let (id, _) = site.issue(ROOT, json!({ "ttl": "10m" })).await;
    site.world.take(Call::Extend, Mood::Fails);
    refused(site.lease("renew", &id, json!({ "increment": "1h" })).await, "the world is down");
    assert_eq!(data(&site.lease("lookup", &id, json!({})).await.unwrap())["ttl"], 600);
}

/// Another process over the same store.
async fn restarted(site: &Site) -> TestCore {
    let storage: Arc<dyn Storage> = site.storage.clone();
    let core = Arc::new(Core::new(storage, site.test.clock.clone(), Settings::default()));
    let shares = site.test.shares.iter().map(|it| SecretBytes::copy_of(it.expose())).collect();
    let test = TestCore { core, clock: site.test.clock.clone(), shares };
    test.unseal().await;
    test
}

/// Does a piece of it and is killed in the middle.
async fn killed<T>(work: impl Future<Output = T>) {
    let mut work = Box::pin(work);
    // It gets stuck where the world outside does not answer: nothing there depends on time.
    for _ in 0..1_000 {
        let pending = std::future::poll_fn(|cx| Poll::Ready(work.as_mut().poll(cx).is_pending())).await;
        assert!(pending, "it was not killed in the middle");
        tokio::task::yield_now().await;
    }
}

// Rule 91: what a crash left half done is done by whoever starts next.
#[tokio::test]
async fn a_half_done_revocation_is_finished_after_a_crash() {
    let site = Site::new().await;
    let (id, user) = site.issue(ROOT, json!({})).await;
    site.world.take(Call::Revoke, Mood::DoneWithoutAnswer);
    killed(site.lease("revoke", &id, json!({ "sync": true }))).await;
    assert!(!site.exists(&user), "undone outside, and nobody has written that down");

    site.world.take(Call::Revoke, Mood::Works);
    let test = restarted(&site).await;
    refused(test.write("sys/leases/lookup", json!({ "lease_id": id })).await, "invalid lease");
    test.core.run_due(test.core.now()).await.unwrap();
    assert_eq!(site.world.asked(Call::Revoke, &user), 2, "asked again, which does no harm");
    let site = Site { test, ..site };
    assert_eq!(site.count().await, 0);
}

#[tokio::test]
async fn a_half_made_lease_is_undone_after_a_crash() {
    let site = Site::new().await;
    site.world.take(Call::Issue, Mood::DoneWithoutAnswer);
    killed(site.ask(ROOT, "db/creds/app", json!({}))).await;
    let user = site.world.users().into_iter().next().unwrap();
    assert_eq!(site.count().await, 1, "the intent is on record");

    let test = restarted(&site).await;
    let site = Site { test, ..site };
    assert!(!site.is_alive(&format!("db/creds/app/{user}")).await, "nobody was told of it");
    site.pass(7 * MINUTE).await;
    assert!(!site.exists(&user));
    assert_eq!(site.count().await, 0);
}

// Rule 91: what a mount gave ends with it, and only then are its own records purged.
#[tokio::test]
async fn disabling_a_mount_revokes_its_leases_first() {
    let site = Site::new().await;
    let (id, user) = site.issue(ROOT, json!({})).await;
    site.world.take(Call::Revoke, Mood::Fails);
    site.test.delete("sys/mounts/db").await.unwrap();
    assert!(!site.is_alive(&id).await);
    site.pass(10 * MINUTE).await;
    let open = site.test.core.unsealed().unwrap();
    assert!(site.exists(&user));
    assert_eq!(strongroom_core::purge::pending(&open.store).await.unwrap(), 1, "it waits for its leases");
    site.world.take(Call::Revoke, Mood::Works);
    site.pass(20 * MINUTE).await;
    assert!(!site.exists(&user));
    assert_eq!(strongroom_core::purge::pending(&open.store).await.unwrap(), 0);
}

#[tokio::test]
async fn moving_a_mount_revokes_what_it_gave_at_its_old_path() {
    let site = Site::new().await;
    let (id, user) = site.issue(ROOT, json!({})).await;
    site.test.write("sys/remount", json!({ "from": "db", "to": "moved" })).await.unwrap();
    assert!(!site.is_alive(&id).await);
    site.pass(MINUTE).await;
    assert!(!site.exists(&user));
}

// Rule 89
#[tokio::test]
async fn over_quota_nothing_is_made_outside() {
    let site = Site::with(Settings { max_leases: 2, ..Settings::default() }).await;
    let (id, _) = site.issue(ROOT, json!({})).await;
    site.issue(ROOT, json!({})).await;
    let refused = site.ask(ROOT, "db/creds/app", json!({})).await;
    assert!(matches!(&refused, Err(Error::LeaseQuota { .. })), "{refused:?}");
    assert_eq!(refused.unwrap_err().to_string(), "request path \"db/creds/app\": lease count quota exceeded");
    assert_eq!(site.world.users().len(), 2);
    site.lease("revoke", &id, json!({ "sync": true })).await.unwrap();
    site.issue(ROOT, json!({})).await;
}

// Rules 45, 88: an id of somebody else's is nothing.
#[tokio::test]
async fn a_lease_is_its_holders() {
    let site = Site::new().await;
    let (one, two) = (token(&site.test, "1h").await, token(&site.test, "1h").await);
    let (id, _) = site.issue(&one, json!({})).await;
    let ask = async |token: &str, verb: &str| {
        let path = format!("sys/leases/{verb}");
        site.test.as_token(token, Operation::Write, &path, json!({ "lease_id": id })).await
    };
    for verb in ["lookup", "renew"] {
        assert!(ask(&one, verb).await.is_ok(), "{verb}");
        assert!(is_denied(&ask(&two, verb).await), "{verb}");
    }
    assert!(is_denied(&ask(&two, "revoke").await));
}

// An answer that is wrapped carries its lease with it.
#[tokio::test]
async fn a_wrapped_answer_has_its_lease_inside() {
    let site = Site::new().await;
    let ask = Ask { wrap_ttl: Some(MINUTE), ..Ask::new(Operation::Read, "db/creds/app") };
    let wrapped = site.test.ask(ask).await.unwrap();
    assert!(wrapped.lease.is_none());
    let text = wrapped.wrap_info.unwrap().token;
    let token = text.expose_str().unwrap();
    let opened =
        site.test.as_token(token, Operation::Write, "sys/wrapping/unwrap", Value::Null).await.unwrap();
    let envelope: Value = serde_json::from_slice(opened.raw.unwrap().body.expose()).unwrap();
    assert!(site.is_alive(envelope["lease_id"].as_str().unwrap()).await);
}

// Rule 91: whoever makes a lease while a prefix or a mount goes has either been faster, and loses it, or is
// made to see it gone.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_lease_slips_through_a_revocation() {
    let site = Arc::new(Site::new().await);
    for round in 0..20 {
        let makers: Vec<_> = (0..8)
            .map(|_| {
                let site = site.clone();
                tokio::spawn(async move { site.ask(ROOT, "db/creds/app", json!({})).await })
            })
            .collect();
        let revoker = {
            let site = site.clone();
            tokio::spawn(async move {
                let mut last = String::new();
                for _ in 0..4 {
                    site.test.write("sys/leases/revoke-prefix/db", json!({ "sync": true })).await.unwrap();
                    let made = site.ask(ROOT, "db/creds/app", json!({})).await.unwrap();
                    last = made.lease.unwrap().id;
                }
                site.test.write("sys/leases/revoke-prefix/db", json!({ "sync": true })).await.unwrap();
                last
            })
        };
        let last = revoker.await.unwrap();
        assert!(!site.is_alive(&last).await, "{round}: revoked, then used");
        for maker in makers {
            // One that was revoked while it was made is not handed out.
            assert!(matches!(maker.await.unwrap(), Ok(_) | Err(Error::Busy)));
        }
        site.test.write("sys/leases/revoke-prefix/db", json!({ "sync": true })).await.unwrap();
        assert!(site.world.users().is_empty(), "{round}: {:?}", site.world.users());
        assert_eq!(site.count().await, 0, "{round}");
    }
}
