//! A service account, as a review or a verified token says.

use serde::Deserialize;

use crate::auth::jws::Claims;

/// Somebody's account in the cluster.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Account {
    pub(super) namespace: String,
    pub(super) name: String,
    pub(super) uid: String,
    /// Of a token of the old kind, which never expires: the secret that it lies in.
    pub(super) secret: String,
}

impl Account {
    /// What a TokenReview says: none if the token is not taken, or not for this audience.
    pub(super) fn of_review(answer: &[u8], audience: &str) -> Result<Option<Self>, ()> {
        #[derive(Deserialize)]
        struct Review {
            status: Status,
        }
        #[derive(Deserialize)]
        struct Status {
            #[serde(default)]
            authenticated: bool,
            #[serde(default)]
            error: String,
            #[serde(default)]
            audiences: Vec<String>,
            #[serde(default)]
            user: User,
        }
        #[derive(Default, Deserialize)]
        struct User {
            #[serde(default)]
            username: String,
            #[serde(default)]
            uid: String,
        }
        let Review { status } = serde_json::from_slice(answer).map_err(|_| ())?;
        if !status.authenticated || !status.error.is_empty() {
            return Ok(None);
        }
        // A server that knows nothing of audiences names none: it has not looked at this one.
        if !audience.is_empty() && !status.audiences.iter().any(|it| it == audience) {
            return Ok(None);
        }
        Ok(Self::called(&status.user.username, &status.user.uid, ""))
    }

    /// What a token says whose signature was verified.
    pub(super) fn of_claims(claims: &Claims) -> Option<Self> {
        let text = |pointer: &str| claims.find(pointer)?.as_str();
        let subject = claims.text("sub").ok()??;
        let (namespace, name, uid) = match text("/kubernetes.io/serviceaccount/uid") {
            Some(uid) => {
                (text("/kubernetes.io/namespace")?, text("/kubernetes.io/serviceaccount/name")?, uid)
            }
            None => (
                text("/kubernetes.io~1serviceaccount~1namespace")?,
                text("/kubernetes.io~1serviceaccount~1service-account.name")?,
                text("/kubernetes.io~1serviceaccount~1service-account.uid")?,
            ),
        };
        let secret = text("/kubernetes.io~1serviceaccount~1secret.name").unwrap_or_default();
        let account = Self::called(subject, uid, secret)?;
        (account.namespace == namespace && account.name == name).then_some(account)
    }

    /// `system:serviceaccount:NAMESPACE:NAME`.
    fn called(username: &str, uid: &str, secret: &str) -> Option<Self> {
        let (namespace, name) = username.strip_prefix("system:serviceaccount:")?.split_once(':')?;
        let is_plain = |it: u8| it.is_ascii_lowercase() || it.is_ascii_digit() || it == b'-';
        let is_uid = |it: u8| it.is_ascii_alphanumeric() || it == b'-';
        let fits = (1..=63).contains(&namespace.len())
            && namespace.bytes().all(is_plain)
            && (1..=253).contains(&name.len())
            && name.bytes().all(|it| is_plain(it) || it == b'.')
            && (1..=128).contains(&uid.len())
            && uid.bytes().all(is_uid);
        fits.then(|| Self {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            uid: uid.to_owned(),
            secret: secret.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn account() -> Account {
        let [namespace, name, uid] = ["prod", "app.v1", "u-1"].map(str::to_owned);
        Account { namespace, name, uid, secret: String::new() }
    }

    // Rule 81
    #[test]
    fn a_review_says_whose_token_it_is_and_for_whom() {
        #[track_caller]
        fn check(status: Value, audience: &str, is_taken: bool) {
            let answer = json!({ "kind": "TokenReview", "status": status }).to_string();
            let expected = is_taken.then(account);
            assert_eq!(Account::of_review(answer.as_bytes(), audience), Ok(expected), "{status} {audience}");
        }
        let user =
            |name: &str| json!({ "username": name, "uid": "u-1", "groups": ["system:serviceaccounts"] });
        let good = user("system:serviceaccount:prod:app.v1");
        check(json!({ "authenticated": true, "user": good }), "", true);
        check(json!({ "authenticated": true, "user": good, "audiences": ["a", "vault"] }), "vault", true);
        check(json!({ "authenticated": true, "user": good, "audiences": ["a"] }), "vault", false);
        check(json!({ "authenticated": true, "user": good }), "vault", false);
        check(json!({ "authenticated": false, "user": good }), "", false);
        check(json!({ "user": good }), "", false);
        check(json!({ "authenticated": true, "user": good, "error": "expired" }), "", false);
        check(json!({ "authenticated": true }), "", false);
        for name in [
            "admin",
            "system:node:a",
            "system:serviceaccount:prod",
            "system:serviceaccount:prod:a:b",
            "system:serviceaccount::app",
            "system:serviceaccount:prod:",
            "system:serviceaccount:../x:app",
            "system:serviceaccount:a/b:app",
            "system:serviceaccount:Prod:app",
            "x:system:serviceaccount:prod:app",
        ] {
            check(json!({ "authenticated": true, "user": user(name) }), "", false);
        }
        for odd in ["", "[]", "{}", "{\"status\":1}", "{\"status\":{\"authenticated\":\"true\"}}"] {
            assert_eq!(Account::of_review(odd.as_bytes(), ""), Err(()), "{odd}");
        }
    }

    // Rule 81
    #[test]
    fn a_verified_token_says_the_same_in_two_places() {
        #[track_caller]
        fn check(claims: Value, expected: Option<Account>) {
            assert_eq!(Account::of_claims(&Claims::of(claims.clone())), expected, "{claims}");
        }
        let bound = json!({ "namespace": "prod", "serviceaccount": { "name": "app.v1", "uid": "u-1" } });
        let sub = "system:serviceaccount:prod:app.v1";
        check(json!({ "sub": sub, "kubernetes.io": bound }), Some(account()));
        check(json!({ "sub": "system:serviceaccount:dev:app.v1", "kubernetes.io": bound }), None);
        check(json!({ "sub": "user", "kubernetes.io": bound }), None);
        check(json!({ "kubernetes.io": bound }), None);
        check(json!({ "sub": sub }), None);
        let old = json!({
            "sub": sub, "kubernetes.io/serviceaccount/namespace": "prod",
            "kubernetes.io/serviceaccount/service-account.name": "app.v1",
            "kubernetes.io/serviceaccount/service-account.uid": "u-1",
            "kubernetes.io/serviceaccount/secret.name": "app-token",
        });
        check(old, Some(Account { secret: "app-token".to_owned(), ..account() }));
    }
}
