#![allow(clippy::unwrap_used, reason = "a test")]

use std::{sync::Arc, time::Duration};

use serde_json::json;

use super::*;
use crate::{
    core::Unsealed,
    ids::{NamespaceId, RequestId},
    mounts::{MountClass, Mounted},
    request::{Body, Operation, Peer, Request, RequestPath},
    response::Auth,
    route::Params,
    testing::TestCore,
    tokens::{Caller, params::TokenFields},
};

/// What one login is tested with: the token method's mount stands for any.
struct Login {
    test: TestCore,
    open: Arc<Unsealed>,
    mounted: Arc<Mounted>,
    request: Request,
}

impl Login {
    async fn new() -> Self {
        let test = TestCore::new().await;
        let open = test.core.unsealed().unwrap();
        let table = open.mounts.current(&open.store).await.unwrap();
        let request = Request {
            id: RequestId::generate().unwrap(),
            operation: Operation::Write,
            path: RequestPath::new(NamespaceId::ROOT, "auth/token/login/ann").unwrap(),
            token: None,
            body: Body::default(),
            peer: Peer::Address(([10, 0, 0, 9], 1).into()),
            wrap_ttl: None,
            lease_ttl: None,
            certificates: None,
            headers: Vec::new(),
            merge_patch: false,
            opened: Default::default(),
        };
        Self { mounted: table.at("auth/token/").unwrap().clone(), test, open, request }
    }

    /// Logs in, and commits if `commit` says that nothing failed afterwards.
    async fn run(&self, params: &TokenParams, extra: &[String], commit: bool) -> Result<Auth> {
        let cx = Cx {
            core: &self.test.core,
            request: &self.request,
            open: Some(&self.open),
            mounted: Some(&self.mounted),
            path: "login/ann",
            params: Params::default(),
            caller: &Caller::Anonymous,
            presented: None,
            grant: None,
            stranger: true,
            now: self.test.core.now(),
            creates: Default::default(),
        };
        let mut tx = Tx::new(self.open.store.clone());
        let grant = LoginGrant {
            params,
            alias: "ann",
            alias_metadata: BTreeMap::new(),
            groups: None,
            display_name: "ann",
            metadata: BTreeMap::from([("username".to_owned(), "ann".to_owned())]),
            policies: extra,
        };
        let response = login(&cx, &mut tx, grant).await?;
        if commit {
            tx.commit().await?;
        }
        Ok(response.auth.unwrap())
    }

    async fn shown(&self, auth: &Auth) -> Result<serde_json::Value> {
        let body = json!({ "token": auth.client_token.expose_str() });
        Ok(crate::testing::data(&self.test.write("auth/token/lookup", body).await?))
    }
}

fn params(fields: serde_json::Value) -> Result<TokenParams> {
    let fields: TokenFields = Body::of(&fields).unwrap().decode().unwrap();
    let mut params = TokenParams::default();
    params.update(fields)?;
    Ok(params)
}

#[test]
fn a_mount_that_says_which_kind_wins() {
    use TokenType::{Batch, Default, DefaultBatch, DefaultService, Service};
    let check = |mount: &str, role, expected| assert_eq!(kind(role, mount), expected, "{mount} {role:?}");
    check("", Default, TokenKind::Service);
    check("default-service", Batch, TokenKind::Batch);
    check("default-batch", Default, TokenKind::Batch);
    check("default-batch", Service, TokenKind::Service);
    check("service", Batch, TokenKind::Service);
    check("batch", DefaultService, TokenKind::Batch);
    check("", DefaultBatch, TokenKind::Batch);
}

#[test]
fn display_names_begin_with_the_mount() {
    assert_eq!(display_name("userpass/", "ann"), "userpass-ann");
    assert_eq!(display_name("team/ci/", ""), "team-ci");
}

#[tokio::test]
async fn a_login_makes_an_orphan_with_the_roles_limits() {
    let login = Login::new().await;
    let params = params(json!({
        "token_policies": "Zeta, alpha", "token_ttl": "1h", "token_max_ttl": "2h", "token_num_uses": 5,
        "token_bound_cidrs": ["10.0.0.0/8"],
    }));
    let auth = login.run(&params.unwrap(), &["extra".to_owned()], true).await.unwrap();
    assert_eq!(auth.policies, ["alpha", "default", "extra", "zeta"]);
    assert_eq!((auth.lease_duration, auth.orphan, auth.num_uses, auth.renewable), (3600, true, 5, true));
    let shown = login.shown(&auth).await.unwrap();
    let expected = [
        ("display_name", json!("token-ann")),
        ("path", json!("auth/token/login/ann")),
        ("meta", json!({ "username": "ann" })),
        ("bound_cidrs", json!(["10.0.0.0/8"])),
        ("orphan", json!(true)),
    ];
    for (name, value) in expected {
        assert_eq!(shown.get(name), Some(&value), "{name}");
    }
    let body = json!({ "token": auth.client_token.expose_str(), "increment": "5h" });
    login.test.clock.advance(Duration::from_secs(60));
    let renewed = login.test.write("auth/token/renew", body).await.unwrap().auth.unwrap();
    assert_eq!(renewed.lease_duration, 7200 - 60, "a renewal stays within token_max_ttl");
}

// Rule 43
#[tokio::test]
async fn a_login_that_fails_leaves_no_token() {
    let login = Login::new().await;
    let auth = login.run(&TokenParams::default(), &[], false).await.unwrap();
    assert!(login.shown(&auth).await.is_err());
    let dir = login.open.store.dir(super::super::ROOT, "");
    let stored = login.open.store.names(crate::barrier::Class::Token, dir).await.unwrap();
    assert_eq!(stored.len(), 1, "the root token alone");
}

// Rule 38
#[tokio::test]
async fn neither_a_role_nor_a_login_carries_root() {
    for names in [json!("root"), json!("a,Root"), json!(["ROOT"]), json!("response-wrapping")] {
        assert!(params(json!({ "token_policies": names })).is_err());
    }
    let login = Login::new().await;
    let smuggled = TokenParams { policies: vec!["root".to_owned()], ..TokenParams::default() };
    assert!(login.run(&smuggled, &[], true).await.is_err());
    assert!(login.run(&TokenParams::default(), &["Root".to_owned()], true).await.is_err());
}

#[test]
fn parameters_read_back_as_they_were_written() {
    let written = json!({
        "token_bound_cidrs": ["10.0.0.0/8", "1.2.3.4"], "token_explicit_max_ttl": 1, "token_max_ttl": 7200,
        "token_no_default_policy": true, "token_num_uses": 3, "token_period": 60, "token_policies": ["z", "a"],
        "token_strictly_bind_ip": true, "token_ttl": 3600, "token_type": "service",
    });
    let params = params(written.clone()).unwrap();
    assert_eq!(serde_json::to_value(params.shown()).unwrap(), written);
    let empty = json!({
        "token_bound_cidrs": [], "token_explicit_max_ttl": 0, "token_max_ttl": 0,
        "token_no_default_policy": false, "token_num_uses": 0, "token_period": 0, "token_policies": [],
        "token_strictly_bind_ip": false, "token_ttl": 0, "token_type": "default",
    });
    assert_eq!(serde_json::to_value(TokenParams::default().shown()).unwrap(), empty);
}

#[test]
fn parameters_that_make_no_sense_are_refused() {
    for bad in [
        json!({ "token_ttl": "2h", "token_max_ttl": "1h" }),
        json!({ "token_num_uses": -1 }),
        json!({ "token_type": "paper" }),
        json!({ "token_type": "batch", "token_period": "1h" }),
        json!({ "token_type": "default-batch", "token_num_uses": 1 }),
        json!({ "token_bound_cidrs": "here" }),
        json!({ "token_policies": ["ro\u{200b}ot"] }),
    ] {
        assert!(params(bad.clone()).is_err(), "{bad}");
    }
}

#[tokio::test]
async fn a_token_can_be_bound_to_the_address_that_logged_in() {
    let login = Login::new().await;
    let params =
        params(json!({ "token_strictly_bind_ip": true, "token_bound_cidrs": "10.0.0.0/8" })).unwrap();
    assert!(params.may_login_from(&login.request.peer));
    assert!(!params.may_login_from(&Peer::Local { uid: 0, gid: 0 }));
    let auth = login.run(&params, &[], true).await.unwrap();
    let shown = login.shown(&auth).await.unwrap();
    assert_eq!(shown.get("bound_cidrs"), Some(&json!(["10.0.0.9"])));
}

#[tokio::test]
async fn a_changed_role_ends_renewal() {
    let login = Login::new().await;
    let before = params(json!({ "token_policies": "a" })).unwrap();
    let auth = login.run(&before, &[], true).await.unwrap();
    let text = auth.client_token.expose();
    let token = login.open.tokens.find(&login.open, text, login.test.core.now()).await.unwrap().unwrap();
    assert!(unchanged(&token, &before, &[]).is_ok());
    assert!(unchanged(&token, &params(json!({ "token_policies": "b" })).unwrap(), &[]).is_err());
    assert_eq!(login.mounted.mount.class, MountClass::Auth);
}
