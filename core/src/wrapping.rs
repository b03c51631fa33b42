//! Response wrapping: an answer is kept, and a token that opens it once is handed out instead.
//!
//! The answer lies in the wrapping token's own cubbyhole, sealed under a key that is derived from the token
//! as its holder presents it: without the token nobody can open it, the server included. The token has one
//! use, and the policy that it has allows nothing but taking the answer out.

use serde::Serialize;
use serde_json::value::RawValue;

use crate::{
    audit,
    crypto::SecretBytes,
    dispatch::Cx,
    error::{Error, Result},
    ids::NamespaceId,
    request::{PresentedToken, Request},
    response::{Auth, Response, WrapInfo},
    route::{Access, Endpoint, Handler},
    secrets::cubbyhole,
    tokens::{Token, TokenKind, issue::NewToken, ttl::Lifetime},
    tx::Tx,
};

/// The policy of wrapping tokens, which no other token can be given.
pub const POLICY: &str = "response-wrapping";

/// What [`POLICY`] says. It is not stored: nobody can change it.
pub(crate) const POLICY_TEXT: &str = r#"
path "cubbyhole/response" {
    capabilities = ["create", "read"]
}

path "sys/wrapping/unwrap" {
    capabilities = ["update"]
}
"#;

/// An answer that waits for whoever holds its token.
pub(crate) struct Kept<'a> {
    pub text: &'a SecretBytes,
    pub ttl: std::time::Duration,
    /// As the server knows it: a client cannot say it.
    pub creation_path: &'a str,
    pub wrapped_accessor: Option<String>,
}

/// How long the answer is to be kept, if it is to be wrapped. The state of the server is told as it is to whoever
/// asks.
fn wanted(request: &Request) -> Option<std::time::Duration> {
    request.wrap_ttl.filter(|it| !it.is_zero() && !audit::is_exempt(request))
}

/// Refuses what would be done and then could not be answered: an answer that is to be wrapped is wrapped, or there
/// is none (rule 92). A stranger has nothing kept for it but the token that it logs in for; and what operators do
/// without a token is no answer of an engine's, and works without a store.
pub(crate) fn check(cx: &Cx<'_>, endpoint: &Endpoint) -> Result<()> {
    let is_outside = matches!(endpoint.handler, Handler::Outside(_));
    let bare = endpoint.access == Access::Unauth && !endpoint.login && (cx.stranger || is_outside);
    if (bare || endpoint.streamed) && wanted(cx.request).is_some() { Err(unwrappable()) } else { Ok(()) }
}

fn unwrappable() -> Error {
    Error::invalid("this answer cannot be wrapped")
}

/// Replaces the answer by a wrapping token, if the request asks for that: in the transaction that the answer
/// comes from, so that there is not one without the other.
pub(crate) async fn wrap(cx: &Cx<'_>, tx: &mut Tx, response: Response) -> Result<Response> {
    let Some(ttl) = wanted(cx.request) else { return Ok(response) };
    if response.is_empty() || response.wrap_info.is_some() {
        return Ok(response);
    }
    if response.stream.is_some() || cx.stranger && response.auth.is_none() {
        return Err(unwrappable());
    }
    let wrapped_accessor =
        response.auth.as_ref().map(|it| it.accessor.clone()).filter(|accessor| !accessor.is_empty());
    let text = match response.raw {
        Some(raw) if raw.content_type == "application/json" => raw.body,
        // Rule 92: rather no answer than a bare one.
        Some(_) => return Err(unwrappable()),
        None => envelope(cx, &response)?,
    };
    let creation_path = cx.request.path.as_str();
    keep(cx, tx, Kept { text: &text, ttl, creation_path, wrapped_accessor }).await
}

/// Stages an answer and the token that opens it.
pub(crate) async fn keep(cx: &Cx<'_>, tx: &mut Tx, kept: Kept<'_>) -> Result<Response> {
    // What nobody opens must end, as all tokens must.
    let ttl = kept.ttl.min(cx.core.settings().max_lease_ttl);
    let new = NewToken {
        namespace: NamespaceId::ROOT,
        kind: TokenKind::Service,
        parent: None,
        policies: vec![POLICY.to_owned()],
        path: kept.creation_path.to_owned(),
        mount: None,
        display_name: "token".to_owned(),
        metadata: None,
        lifetime: Lifetime::For(ttl),
        max_ttl: std::time::Duration::ZERO,
        explicit_max_ttl: ttl,
        period: std::time::Duration::ZERO,
        renewable: false,
        num_uses: 1,
        role: String::new(),
        entity: String::new(),
        login: None,
        bound_cidrs: Vec::new(),
        id: None,
    };
    // What is wrapped was there before its wrapping.
    let now = cx.now.plus(std::time::Duration::from_nanos(1));
    let issued = cx.open()?.tokens.issue(tx, new, now).await?;
    cubbyhole::keep_answer(tx, &issued.token, issued.id.expose(), kept.text).await?;
    let info = WrapInfo {
        token: issued.id,
        accessor: issued.accessor,
        ttl,
        creation_time: now,
        creation_path: kept.creation_path.to_owned(),
        wrapped_accessor: kept.wrapped_accessor,
    };
    Ok(Response { wrap_info: Some(info), ..Response::default() })
}

pub(crate) fn is_wrapping(token: &Token) -> bool {
    token.policies.len() == 1 && token.policies.iter().all(|it| it == POLICY)
}

/// The one answer for a wrapping token that does not open anything, for whatever reason.
pub(crate) fn invalid() -> Error {
    Error::invalid("wrapping token is not valid or does not exist")
}

/// Says of a refused request that it was an unwrapping that failed, if it was one: the holder, and whoever
/// reads the audit log, must see that somebody else may have been faster.
pub(crate) fn explain(request: &Request, presented: Option<&PresentedToken>, refusal: Error) -> Error {
    let opens = matches!(request.path.as_str(), "sys/wrapping/unwrap" | "sys/wrapping/rewrap");
    let names_another = request.body.names().any(|it| it == "token");
    if !opens || names_another || !matches!(refusal, Error::Denied) {
        return refusal;
    }
    match presented {
        Some(_) => invalid(),
        None => Error::denied("error validating wrapping token: token is empty"),
    }
}

/// When a wrapping token was made, for whoever holds it.
#[derive(Debug, Serialize)]
pub(crate) struct Facts<'a> {
    pub creation_path: &'a str,
    pub creation_time: String,
    /// Seconds.
    pub creation_ttl: u64,
}

impl<'a> Facts<'a> {
    pub(crate) fn of(token: &'a Token) -> Self {
        Self {
            creation_path: &token.path,
            creation_time: token.created.rfc3339(),
            creation_ttl: token.creation_ttl.as_secs(),
        }
    }
}

#[derive(Serialize)]
struct Envelope<'a> {
    request_id: String,
    lease_id: &'a str,
    renewable: bool,
    lease_duration: u64,
    data: Option<&'a RawValue>,
    wrap_info: Option<()>,
    warnings: Option<&'a [String]>,
    auth: Option<&'a Auth>,
}

/// The answer as the client would have seen it.
fn envelope(cx: &Cx<'_>, response: &Response) -> Result<SecretBytes> {
    let broken = || Error::Internal("an answer could not be serialised");
    let data = response.data.as_ref().map(SecretBytes::expose);
    let lease = response.lease.as_ref();
    let envelope = Envelope {
        request_id: cx.request.id.to_string(),
        lease_id: lease.map_or("", |it| &it.id),
        renewable: lease.is_some_and(|it| it.renewable),
        lease_duration: lease.map_or(0, |it| it.duration.as_secs()),
        data: data.map(serde_json::from_slice).transpose().map_err(|_| broken())?,
        wrap_info: None,
        warnings: (!response.warnings.is_empty()).then_some(&response.warnings),
        auth: response.auth.as_ref(),
    };
    // Room for all of it: growing would leave copies behind.
    let warnings: usize = response.warnings.iter().map(|it| it.len() + 16).sum();
    let mut out = Vec::with_capacity(data.map_or(0, <[u8]>::len) + warnings + 4096);
    serde_json::to_writer(&mut out, &envelope).map_err(|_| broken())?;
    Ok(SecretBytes::new(out))
}
