//! Leased reads against a model: whatever is done in whatever order, what is over stays over, and what lives has
//! the time that it was promised.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

use std::{collections::BTreeMap, time::Duration};

use proptest::prelude::*;
use serde_json::{Value, json};
use strongroom_core::{
    request::Operation,
    testing::{Ask, TestCore, data},
};

const SECRETS: [&str; 3] = ["a", "a/b", "c"];
const HOLDERS: usize = 2;
/// Minutes that a token lives.
const TOKEN: u64 = 120;

#[derive(Clone, Debug)]
enum Step {
    Read { holder: usize, secret: usize, minutes: u64 },
    Put { secret: usize },
    Renew { holder: usize, secret: usize, minutes: u64 },
    Revoke { holder: usize, secret: usize },
    RevokePrefix { secret: usize },
    RevokeToken { holder: usize },
    Pass { minutes: u64 },
    Sweep,
}

fn step() -> impl Strategy<Value = Step> {
    let (holder, secret) = (0..HOLDERS, 0..SECRETS.len());
    let of = (holder.clone(), secret.clone());
    prop_oneof![
        6 => (of.clone(), 1_u64..90).prop_map(|((holder, secret), minutes)| Step::Read { holder, secret, minutes }),
        2 => secret.clone().prop_map(|secret| Step::Put { secret }),
        2 => (of.clone(), 1_u64..90).prop_map(|((holder, secret), minutes)| Step::Renew { holder, secret, minutes }),
        1 => of.prop_map(|(holder, secret)| Step::Revoke { holder, secret }),
        1 => secret.prop_map(|secret| Step::RevokePrefix { secret }),
        1 => holder.prop_map(|holder| Step::RevokeToken { holder }),
        4 => (1_u64..40).prop_map(|minutes| Step::Pass { minutes }),
        2 => Just(Step::Sweep),
    ]
}

struct Holding {
    id: String,
    /// In minutes since the beginning.
    expires: u64,
    version: u64,
}

struct Model {
    test: TestCore,
    now: u64,
    versions: [u64; SECRETS.len()],
    tokens: Vec<(String, u64)>,
    holdings: BTreeMap<(usize, usize), Holding>,
    over: Vec<String>,
}

impl Model {
    async fn new() -> Self {
        let test = TestCore::new().await;
        let policy = "path \"secret/*\" { capabilities = [\"read\"] }";
        test.write("sys/policies/acl/reader", json!({ "policy": policy })).await.unwrap();
        let mut this = Self {
            test,
            now: 0,
            versions: [0; SECRETS.len()],
            tokens: Vec::new(),
            holdings: BTreeMap::new(),
            over: Vec::new(),
        };
        for secret in 0..SECRETS.len() {
            this.put(secret).await;
        }
        for _ in 0..HOLDERS {
            let token = this.token().await;
            this.tokens.push(token);
        }
        this
    }

    async fn token(&self) -> (String, u64) {
        let body = json!({ "policies": ["reader"], "ttl": format!("{TOKEN}m") });
        let made = self.test.write("auth/token/create", body).await.unwrap().auth.unwrap();
        (made.client_token.expose_str().unwrap().to_owned(), self.now + TOKEN)
    }

    async fn put(&mut self, secret: usize) {
        let path = format!("secret/data/{}", SECRETS[secret]);
        self.test.write(&path, json!({ "data": {} })).await.unwrap();
        self.versions[secret] += 1;
    }

    fn is_live(&self, holder: usize) -> bool {
        self.now < self.tokens[holder].1
    }

    fn end(&mut self, over: impl Fn(usize, usize, &Holding) -> bool) {
        let gone: Vec<_> =
            self.holdings.iter().filter(|((h, s), it)| over(*h, *s, it)).map(|(at, _)| *at).collect();
        self.over.extend(gone.into_iter().filter_map(|at| self.holdings.remove(&at)).map(|it| it.id));
    }

    async fn take(&mut self, step: Step) {
        match step {
            Step::Read { holder, secret, minutes } => self.read(holder, secret, minutes).await,
            Step::Put { secret } => self.put(secret).await,
            Step::Renew { holder, secret, minutes } => {
                let until = (self.now + minutes).min(self.tokens[holder].1);
                let Some(known) = self.holdings.get_mut(&(holder, secret)) else { return };
                let body = json!({ "lease_id": known.id, "increment": format!("{minutes}m") });
                let renewed = self.test.write("sys/leases/renew", body).await.unwrap().lease.unwrap();
                assert_eq!(renewed.duration.as_secs(), (until - self.now) * 60);
                known.expires = until;
            }
            Step::Revoke { holder, secret } => {
                let Some(known) = self.holdings.get(&(holder, secret)) else { return };
                let body = json!({ "lease_id": known.id });
                self.test.write("sys/leases/revoke", body).await.unwrap();
                self.end(|h, s, _| (h, s) == (holder, secret));
            }
            Step::RevokePrefix { secret } => {
                let path = format!("sys/leases/revoke-prefix/secret/data/{}", SECRETS[secret]);
                self.test.write(&path, Value::Null).await.unwrap();
                let below =
                    |at: usize| at == secret || SECRETS[at].starts_with(&format!("{}/", SECRETS[secret]));
                self.end(|_, s, _| below(s));
            }
            Step::RevokeToken { holder } => {
                let body = json!({ "token": self.tokens[holder].0 });
                // It may have ended by itself.
                let _ = self.test.write("auth/token/revoke", body).await;
                self.end(|h, _, _| h == holder);
                self.tokens[holder] = self.token().await;
            }
            Step::Pass { minutes } => {
                self.test.clock.advance(Duration::from_secs(minutes * 60));
                self.now += minutes;
                let now = self.now;
                self.end(|_, _, it| it.expires <= now);
            }
            Step::Sweep => {
                self.test.core.run_due(self.test.core.now()).await.unwrap();
            }
        }
    }

    async fn read(&mut self, holder: usize, secret: usize, minutes: u64) {
        let path = format!("secret/data/{}", SECRETS[secret]);
        let (token, token_ends) = self.tokens[holder].clone();
        let lease_ttl = Some(Duration::from_secs(minutes * 60));
        let answer =
            self.test.ask(Ask { token: &token, lease_ttl, ..Ask::new(Operation::Read, &path) }).await;
        if !self.is_live(holder) {
            assert!(answer.is_err(), "a dead token has read");
            return;
        }
        let lease = answer.unwrap().lease.unwrap();
        let until = (self.now + minutes).min(token_ends);
        let (now, version) = (self.now, self.versions[secret]);
        match self.holdings.get_mut(&(holder, secret)) {
            Some(known) => {
                assert_eq!(lease.id, known.id);
                let is_short = until > known.expires && (known.expires - now) * 2 < until - now;
                if known.version != version || is_short {
                    known.expires = known.expires.max(until);
                }
                known.version = version;
                assert_eq!(lease.duration.as_secs(), (known.expires - now) * 60);
            }
            None => {
                assert!(!self.over.contains(&lease.id), "an id came back");
                assert_eq!(lease.duration.as_secs(), (until - now) * 60);
                self.holdings.insert((holder, secret), Holding { id: lease.id, expires: until, version });
            }
        }
    }

    /// Everything that is over is over, and everything that lives is shown as it is.
    async fn check(&self) {
        for id in &self.over {
            for verb in ["lookup", "renew"] {
                let outcome = self.test.write(&format!("sys/leases/{verb}"), json!({ "lease_id": id })).await;
                assert!(outcome.is_err(), "{verb} of {id}");
            }
        }
        let seen = data(&self.test.read("sys/leases/holdings").await.unwrap());
        let mut seen: Vec<Value> = seen["holdings"].as_array().unwrap().clone();
        seen.sort_by_key(|it| it["lease_id"].to_string());
        let mut expected: Vec<Value> = Vec::new();
        for ((_, secret), it) in &self.holdings {
            expected.push(json!([
                it.id,
                it.version,
                self.versions[*secret],
                it.version != self.versions[*secret],
                (it.expires - self.now) * 60
            ]));
        }
        expected.sort_by_key(|it| it[0].to_string());
        let shown = |it: &Value| {
            json!([it["lease_id"], it["version"], it["current_version"], it["stale"], it["ttl"]])
        };
        assert_eq!(seen.iter().map(shown).collect::<Vec<_>>(), expected);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    // Rules 88, 90: revoked or expired, then used, fails; always.
    #[test]
    fn leased_reads_are_what_the_model_says(steps in prop::collection::vec(step(), 1..60)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut model = Model::new().await;
            for step in steps {
                model.take(step).await;
                model.check().await;
            }
        });
    }
}
