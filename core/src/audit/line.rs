//! The text of a line: the fields of Vault's JSON audit format, in Vault's order.
//!
//! What is here is a line's *body*, one JSON object. The device's thread puts it in the chain.

use std::{collections::BTreeMap, sync::Arc};

use quick_cache::{Weighter, sync::Cache};

use super::{
    clear,
    device::Node,
    record::{Record, reason},
    redact::Redactor,
    text,
};
use crate::{
    clock::Timestamp,
    crypto::mac,
    error::{Error, Result},
    mounts::Mount,
    request::{Operation, Peer, PresentedToken},
    response::{Auth, Response, WrapInfo},
    system::settings::AuditedHeaders,
    tokens::{Accessor, Selector, Token, TokenKind, Tokens},
};

/// Tokens whose MACs are remembered, per device.
const REMEMBERED: usize = 8_192;

/// Bytes of answers' MACs that are remembered, per device, and the longest answer whose are.
const REMEMBERED_ANSWERS: u64 = 4 << 20;
const LONGEST_REMEMBERED: usize = 4 << 10;

/// The longest text that a line's `data` may be. Beyond it a MAC of the whole and its length stand there: a line
/// must not be longer for what is sent in names, nor for being sent by nobody.
const MAX_DATA: usize = 256 << 10;
const MAX_STRANGERS_DATA: usize = 4 << 10;

/// As clients of Vault's know what serves a mount.
const RUNNING_VERSION: &str = concat!("v", env!("CARGO_PKG_VERSION"), "+builtin.strongroom");

/// Makes the lines of one device.
pub(super) struct Writer {
    pub(super) redactor: Redactor,
    tokens: Cache<[u8; 16], Arc<TokenText>>,
    node: Arc<Node>,
    /// Answers as lines hold them: MACs in place of all text. By a keyed hash of the answer.
    answers: Cache<u128, Arc<[u8]>, Weight>,
}

#[derive(Clone)]
struct Weight;

impl Weighter<u128, Arc<[u8]>> for Weight {
    fn weight(&self, _: &u128, text: &Arc<[u8]>) -> u64 {
        // The entry itself and the cache's bookkeeping.
        text.len() as u64 + 96
    }
}

/// What both lines of a request share: `"auth":{…}` and `"request":{…}`.
pub(super) struct Shared {
    text: Vec<u8>,
    request_at: usize,
}

impl Shared {
    pub(super) fn len(&self) -> usize {
        self.text.len()
    }
}

/// What every line about a token says again.
struct TokenText {
    /// MACs, as JSON strings.
    token: Vec<u8>,
    accessor: Vec<u8>,
    client_id: String,
    issued: String,
}

impl Writer {
    pub(super) fn new(redactor: Redactor, node: Arc<Node>) -> Self {
        let answers = Cache::with_weighter(REMEMBERED_ANSWERS as usize / 512, REMEMBERED_ANSWERS, Weight);
        Self { redactor, tokens: Cache::new(REMEMBERED), node, answers }
    }

    /// Formats what is known of the request.
    pub(super) fn shared(&self, record: &Record<'_>, tokens: &Tokens, headers: &AuditedHeaders) -> Shared {
        let known = record.caller.token().map(|it| self.token_text(it, record.presented, tokens));
        let mut text = Vec::with_capacity(1_536);
        text.push(b',');
        self.auth(&mut text, record, known.as_deref());
        let request_at = text.len();
        self.request(&mut text, record, known.as_deref(), headers);
        Shared { text, request_at }
    }

    /// The body of the request's line.
    pub(super) fn request_line(&self, record: &Record<'_>, shared: &Shared) -> Vec<u8> {
        let mut out = open("request", record.received, shared.text.len() + 192);
        out.extend_from_slice(&shared.text);
        if let Some(reason) = record.refusal {
            text::text(&mut out, "error", reason);
        }
        out.push(b'}');
        out
    }

    /// The body of the response's line.
    pub(super) fn response_line(
        &self,
        record: &Record<'_>,
        shared: &Shared,
        outcome: &Result<Response>,
        now: Timestamp,
    ) -> Vec<u8> {
        let mut out = open("response", now, shared.text.len() * 2 + 192);
        match outcome.as_ref().ok().and_then(|it| it.auth.as_ref()) {
            // A login: who asked is who it made.
            Some(auth) if record.is_anonymous() => {
                text::object(&mut out, "auth", |out| self.response_auth(out, auth));
                out.extend_from_slice(shared.text.get(shared.request_at..).unwrap_or_default());
            }
            _ => out.extend_from_slice(&shared.text),
        }
        text::object(&mut out, "response", |out| match outcome {
            Ok(response) => self.response(out, record, response),
            Err(error) => {
                mount(out, record.mount, "mount_running_plugin_version");
                if !matches!(error, Error::NotFound) {
                    let message = error.to_string();
                    text::object(out, "data", |out| self.redactor.field(out, "error", message.as_bytes()));
                }
            }
        });
        match outcome {
            Err(Error::NotFound) | Ok(_) => {}
            Err(error) => text::text(&mut out, "error", reason(error)),
        }
        out.push(b'}');
        out
    }

    fn auth(&self, out: &mut Vec<u8>, record: &Record<'_>, known: Option<&TokenText>) {
        text::object(out, "auth", |out| {
            let Some((token, known)) = record.caller.token().zip(known) else {
                if !record.is_anonymous() {
                    // The application that opened the store in its own process.
                    text::text(out, "display_name", "embedder");
                }
                if record.refusal.is_none() {
                    text::object(out, "policy_results", |out| text::flag(out, "allowed", true));
                }
                text::text(out, "token_type", "default");
                return;
            };
            raw(out, "client_token", &known.token);
            raw(out, "accessor", &known.accessor);
            text::some_text(out, "display_name", &token.display_name);
            let identity = record.caller.identity_policies();
            if identity.is_empty() {
                texts(out, "policies", &token.policies);
            } else {
                let more = identity.iter().filter(|it| !token.policies.contains(it));
                let all: Vec<String> = token.policies.iter().chain(more).cloned().collect();
                texts(out, "policies", &all);
                texts(out, "identity_policies", identity);
            }
            texts(out, "token_policies", &token.policies);
            text::object(out, "policy_results", |out| {
                text::flag(out, "allowed", record.refusal.is_none());
                if !record.granting.is_empty() {
                    text::array(out, "granting_policies", &record.granting, |out, name| {
                        out.push(b'{');
                        text::text(out, "name", name.as_str());
                        text::text(out, "namespace_id", token.namespace.name());
                        text::text(out, "type", "acl");
                        out.push(b'}');
                    });
                }
            });
            self.metadata(out, token.metadata.as_ref());
            // In the request's line with this one, in the response's without.
            if token.uses_left != 0 {
                text::number(out, "remaining_uses", token.uses_left.max(0));
            }
            text::some_text(out, "entity_id", &token.entity);
            text::text(out, "token_type", token.kind.name());
            if !token.creation_ttl.is_zero() {
                text::number(out, "token_ttl", token.creation_ttl.as_secs());
            }
            text::text(out, "token_issue_time", &known.issued);
        });
    }

    fn request(
        &self,
        out: &mut Vec<u8>,
        record: &Record<'_>,
        known: Option<&TokenText>,
        headers: &AuditedHeaders,
    ) {
        let request = record.request;
        text::object(out, "request", |out| {
            text::text(out, "id", request.id.0.hyphenated().encode_lower(&mut uuid::Uuid::encode_buffer()));
            if let Some(known) = known {
                text::text(out, "client_id", &known.client_id);
            }
            text::text(out, "operation", record.operation());
            mount(out, record.mount, "mount_running_version");
            match (known, record.presented) {
                (Some(known), _) => {
                    raw(out, "client_token", &known.token);
                    raw(out, "client_token_accessor", &known.accessor);
                }
                (None, Some(presented)) => self.redactor.field(out, "client_token", presented.expose()),
                (None, None) => {}
            }
            text::object(out, "namespace", |out| text::text(out, "id", request.path.namespace().name()));
            self.request_path(out, request.path.as_str());
            if !request.body.is_empty() {
                let listed = record.mount.map(|it| (it, &it.config.audit_non_hmac_request_keys));
                let clear = listed.map(|(mount, listed)| clear::passing(mount, listed)).unwrap_or_default();
                self.data(out, record, request.body.text(), |out, most| {
                    out.push(b'{');
                    for (name, value) in request.body.iter() {
                        if out.len() > most {
                            return;
                        }
                        self.redactor.name(out, name);
                        self.redactor.value(out, value.as_bytes(), name, &clear);
                    }
                    out.push(b'}');
                });
            }
            peer(out, &request.peer);
            if let Some(ttl) = request.wrap_ttl {
                text::number(out, "wrap_ttl", ttl.as_secs());
            }
            self.headers(out, &request.headers, headers);
        });
    }

    /// Appends `"data"`, which `write` writes; or a MAC of `whole` and its length, if that is too long. `write` may
    /// stop when `out` is longer than it is told.
    fn data(
        &self,
        out: &mut Vec<u8>,
        record: &Record<'_>,
        whole: &[u8],
        write: impl FnOnce(&mut Vec<u8>, usize),
    ) {
        let start = out.len();
        text::key(out, "data");
        let most = out.len() + if record.stranger { MAX_STRANGERS_DATA } else { MAX_DATA };
        write(out, most);
        if out.len() > most {
            out.truncate(start);
            self.redactor.field(out, "data_hmac", whole);
            text::number(out, "data_bytes", whole.len());
        }
    }

    /// A path is clear, but for what stands in it that is a credential or leads to one.
    fn request_path(&self, out: &mut Vec<u8>, path: &str) {
        if self.redactor.hash_names || !path.split('/').any(is_token) && !path.contains("-accessor/") {
            return self.redactor.path(out, "path", path);
        }
        let mut after_accessor = false;
        let segments = path.split('/').map(|segment| {
            let secret = !segment.is_empty() && (after_accessor || is_token(segment));
            after_accessor = segment.ends_with("-accessor");
            if secret { self.redactor.hash(segment.as_bytes()) } else { segment.to_owned() }
        });
        let path = segments.collect::<Vec<_>>().join("/");
        text::text(out, "path", &path);
    }

    /// Those that were asked for, by name, each with a list of its values.
    fn headers(&self, out: &mut Vec<u8>, headers: &[(Box<str>, Box<str>)], asked: &AuditedHeaders) {
        let mut by_name: BTreeMap<&str, (bool, Vec<&str>)> = BTreeMap::new();
        for (name, value) in headers {
            if let Some(hashed) = asked.hmac.get(&**name) {
                by_name.entry(name).or_insert((*hashed, Vec::new())).1.push(value);
            }
        }
        if by_name.is_empty() {
            return;
        }
        text::object(out, "headers", |out| {
            for (name, (hashed, values)) in by_name {
                if out.last() != Some(&b'{') {
                    out.push(b',');
                }
                text::string(out, name);
                out.extend_from_slice(b":[");
                for (at, value) in values.into_iter().enumerate() {
                    if at > 0 {
                        out.push(b',');
                    }
                    match hashed {
                        true => self.redactor.mac(out, value.as_bytes()),
                        false => text::string(out, value),
                    }
                }
                out.push(b']');
            }
        });
    }

    fn response(&self, out: &mut Vec<u8>, record: &Record<'_>, response: &Response) {
        let mounted = record.mount;
        if let Some(auth) = &response.auth {
            text::object(out, "auth", |out| self.response_auth(out, auth));
        }
        if let Some(lease) = response.lease.as_ref().filter(|it| !it.id.is_empty()) {
            text::object(out, "secret", |out| self.redactor.path(out, "lease_id", &lease.id));
        }
        mount(out, mounted, "mount_running_plugin_version");
        if let Some(raw) = &response.raw {
            text::object(out, "data", |out| {
                self.redactor.field(out, "http_content_type", raw.content_type.as_bytes());
                self.redactor.field(out, "http_raw_body", raw.body.expose());
                text::number(out, "http_status_code", response.status.unwrap_or(200));
            });
        } else if let Some(stream) = &response.stream {
            text::object(out, "data", |out| {
                self.redactor.field(out, "http_content_type", stream.content_type.as_bytes());
                text::number(out, "http_status_code", response.status.unwrap_or(200));
            });
        } else if let Some(data) = &response.data {
            let listed = mounted.map(|it| (it, &it.config.audit_non_hmac_response_keys));
            let clear = listed.map(|(mount, listed)| clear::passing(mount, listed)).unwrap_or_default();
            let reads = record.request.operation == Operation::Read && clear.is_empty();
            self.data(out, record, data.expose(), |out, _| match reads {
                true => self.answer(out, data.expose()),
                false => self.redactor.value(out, data.expose(), "", &clear),
            });
        }
        if let Some(info) = &response.wrap_info {
            text::object(out, "wrap_info", |out| self.wrap_info(out, info));
        }
        if !response.warnings.is_empty() {
            text::array(out, "warnings", &response.warnings, |out, it| self.redactor.mac(out, it.as_bytes()));
        }
    }

    /// Appends what was read, redacted. What is read is read again: its MACs cost more than all else that a line does.
    fn answer(&self, out: &mut Vec<u8>, data: &[u8]) {
        if data.len() > LONGEST_REMEMBERED {
            return self.redactor.value(out, data, "", &[]);
        }
        let hash = self.node.hash.hash(&[data]);
        if let Some(known) = self.answers.get(&hash) {
            return out.extend_from_slice(&known);
        }
        let start = out.len();
        self.redactor.value(out, data, "", &[]);
        self.answers.insert(hash, out.get(start..).unwrap_or_default().into());
    }

    fn response_auth(&self, out: &mut Vec<u8>, auth: &Auth) {
        self.redactor.field(out, "client_token", auth.client_token.expose());
        self.redactor.accessor(out, "accessor", &auth.accessor);
        text::some_text(out, "display_name", &auth.display_name);
        texts(out, "policies", &auth.policies);
        texts(out, "token_policies", &auth.token_policies);
        if !auth.identity_policies.is_empty() {
            texts(out, "identity_policies", &auth.identity_policies);
        }
        self.metadata(out, auth.metadata.as_ref());
        if auth.num_uses != 0 {
            text::number(out, "num_uses", auth.num_uses);
        }
        text::some_text(out, "entity_id", &auth.entity_id);
        text::text(out, "token_type", auth.token_type);
        text::number(out, "token_ttl", auth.lease_duration);
    }

    fn wrap_info(&self, out: &mut Vec<u8>, info: &WrapInfo) {
        text::number(out, "ttl", info.ttl.as_secs());
        self.redactor.field(out, "token", info.token.expose());
        self.redactor.accessor(out, "accessor", &info.accessor);
        text::text(out, "creation_time", &info.creation_time.rfc3339());
        self.redactor.path(out, "creation_path", &info.creation_path);
        if let Some(accessor) = &info.wrapped_accessor {
            self.redactor.accessor(out, "wrapped_accessor", accessor);
        }
    }

    /// Metadata is made to be read: pipelines fill fields from it.
    fn metadata(&self, out: &mut Vec<u8>, metadata: Option<&BTreeMap<String, String>>) {
        let Some(metadata) = metadata.filter(|it| !it.is_empty()) else { return };
        text::object(out, "metadata", |out| {
            for (name, value) in metadata {
                self.redactor.name(out, name);
                text::string(out, value);
            }
        });
    }

    fn token_text(
        &self,
        token: &Token,
        presented: Option<&PresentedToken>,
        tokens: &Tokens,
    ) -> Arc<TokenText> {
        // A batch token has no record of its own, so that its selector names no one token.
        let kept = token.kind == TokenKind::Service;
        if kept && let Some(known) = self.tokens.get(&token.selector) {
            return known;
        }
        let accessor: Accessor = tokens.accessor(Selector(token.selector));
        let mut text = TokenText {
            token: Vec::with_capacity(80),
            accessor: Vec::with_capacity(80),
            client_id: client_id(token),
            issued: Timestamp(token.created.unix_seconds().saturating_mul(1_000_000_000)).rfc3339(),
        };
        self.redactor.mac(&mut text.token, presented.map_or(&[][..], PresentedToken::expose));
        match self.redactor.hash_accessors {
            true => self.redactor.mac(&mut text.accessor, accessor.as_bytes()),
            false => text::string(&mut text.accessor, &accessor),
        }
        let text = Arc::new(text);
        if kept {
            self.tokens.insert(token.selector, text.clone());
        }
        text
    }
}

/// The entity, or what tokens with the same policies share.
fn client_id(token: &Token) -> String {
    if !token.entity.is_empty() {
        return token.entity.clone();
    }
    let policies = token.policies.join("\u{1f}");
    data_encoding::BASE64.encode(&mac::sha256(&[
        policies.as_bytes(),
        b"\x1e",
        token.namespace.name().as_bytes(),
    ]))
}

/// `{"time":…,"type":…`.
pub(super) fn open(kind: &str, now: Timestamp, capacity: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(capacity);
    out.push(b'{');
    text::text(&mut out, "time", &now.rfc3339());
    text::text(&mut out, "type", kind);
    out
}

pub(super) fn peer(out: &mut Vec<u8>, peer: &Peer) {
    match peer {
        Peer::Address(address) => {
            text::text(out, "remote_address", &address.ip().to_canonical().to_string());
            text::number(out, "remote_port", address.port());
        }
        Peer::Local { uid, gid } => {
            text::number(out, "remote_uid", *uid);
            text::number(out, "remote_gid", *gid);
        }
        Peer::Embedded => {}
    }
}

fn mount(out: &mut Vec<u8>, mount: Option<&Mount>, version: &str) {
    let Some(mount) = mount else { return };
    text::text(out, "mount_point", &mount.full_path());
    text::text(out, "mount_type", &mount.kind);
    text::text(out, "mount_accessor", &mount.accessor);
    text::text(out, version, RUNNING_VERSION);
    text::text(out, "mount_class", mount.class.name());
}

fn texts(out: &mut Vec<u8>, name: &str, values: &[String]) {
    text::array(out, name, values, |out, it| text::string(out, it));
}

fn raw(out: &mut Vec<u8>, name: &str, json: &[u8]) {
    text::key(out, name);
    out.extend_from_slice(json);
}

/// Whether a part of a path has the form of a token of ours or of Vault's.
fn is_token(segment: &str) -> bool {
    let known = ["hvs.", "hvb.", "hvr.", "s.", "b.", "r."];
    segment.len() >= 20 && known.iter().any(|it| segment.starts_with(it))
}
