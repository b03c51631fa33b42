//! From HTTP to the core's request: the one place where headers, target and body mean something.

use std::{borrow::Cow, time::Duration};

use http::{HeaderMap, Method, Request, header};
use hyper::body::Incoming;
use percent_encoding::percent_decode_str;
use strongroom_api::params::parse_duration;
use strongroom_core::{
    Core,
    audit::AuditedHeaders,
    crypto::SecretBytes,
    ids::{NamespaceId, RequestId},
    request::{BadPath, Body, Opened, Operation, Parsed, PresentedToken, Request as Ask, RequestPath},
    route,
};

use super::{Client, Limits, body, budget::Reserved, refusal::Refusal};

/// What a request turned out to be.
#[allow(clippy::large_enum_variant, reason = "most are requests, and a box would cost each of them")]
pub(super) enum Read {
    Ask(Ask),
    /// The path can be cleaned: the client shall ask again, there.
    Redirect(String),
}

/// Reads a whole request. The order is that of the costs: target, method and headers before the body.
pub(super) async fn read(
    core: &Core,
    limits: &Limits,
    opened: Opened,
    reserved: &mut Reserved,
    client: Client,
    request: Request<Incoming>,
) -> Result<Read, Refusal> {
    let (parts, incoming) = request.into_parts();
    let query = parts.uri.query().unwrap_or_default();
    let namespace = namespace(&parts.headers);
    let path = match path(parts.uri.path(), query)? {
        Path::Canonical(path) => path,
        Path::Redirect(target) => return Ok(Read::Redirect(target)),
    };
    let operation = operation(&parts.method, &path, query)?;
    let path = match operation {
        // Rule 49: one path for both ways to write it.
        Operation::List | Operation::Scan if !path.is_folder() => {
            RequestPath::new(path.namespace(), &path.as_folder()).map_err(Refusal::BadPath)?
        }
        _ => path,
    };
    if !namespace {
        return Err(Refusal::UnknownNamespace);
    }
    let token = token(&parts.headers)?;
    let wrap_ttl = duration(&parts.headers, "x-vault-wrap-ttl", "X-Vault-Wrap-TTL")?;
    let lease_ttl = lease(&parts.headers)?;
    let merge_patch = operation == Operation::Patch;
    if merge_patch {
        merge_patch_type(&parts.headers)?;
    }
    let fields = match operation {
        // Admitted first, read afterwards: nobody without a token sends a large one anywhere but to its refusal.
        Operation::Write if route::is_streamed(operation, path.as_str()) => {
            Body::streamed(body::stream(limits, &parts.headers, incoming)?)
        }
        Operation::Patch | Operation::Write => {
            let sender = body::Sender { core, token: token.as_ref() };
            let text = body::collect(limits, &sender, &parts.headers, incoming, reserved).await?;
            fields(&parts.headers, text)?
        }
        Operation::Delete | Operation::List | Operation::Read | Operation::Scan if !query.is_empty() => {
            // They are the operation of a GET, and nothing to another method.
            let is_operation = |name: &str| parts.method == Method::GET && matches!(name, "list" | "scan");
            let named = pairs(query.as_bytes()).filter(|(name, _)| !is_operation(name));
            Body::pairs(named)?
        }
        _ => Body::default(),
    };
    // If the settings cannot be had, the pipeline will say so, where it must.
    let audited = core.audited_headers().await.unwrap_or_default();
    let headers = audited.map(|it| headers(&parts.headers, &it)).unwrap_or_default();
    Ok(Read::Ask(Ask {
        id: RequestId::generate().map_err(|_| Refusal::Internal)?,
        operation,
        path,
        token,
        body: fields,
        peer: client.peer,
        wrap_ttl,
        lease_ttl,
        certificates: client.certificates,
        headers,
        merge_patch,
        opened,
    }))
}

/// The endpoints that answer what is no operation of theirs without a message.
pub(super) fn is_about_the_seal(path: &str) -> bool {
    matches!(
        path,
        "sys/health"
            | "sys/init"
            | "sys/leader"
            | "sys/seal"
            | "sys/seal-status"
            | "sys/step-down"
            | "sys/unseal"
    )
}

enum Path {
    Canonical(RequestPath),
    Redirect(String),
}

fn path(raw: &str, query: &str) -> Result<Path, Refusal> {
    // Of a path that begins with two slashes the first segment is empty, and nothing lies below that.
    let Some(whole) = raw.strip_prefix('/').filter(|it| !it.starts_with('/')) else {
        return Err(Refusal::NoSuchPage);
    };
    let clean = |whole: &str| match RequestPath::parse(NamespaceId::ROOT, whole) {
        Parsed::Redirect(clean) => Some(match query {
            "" => format!("/{clean}"),
            query => format!("/{clean}?{query}"),
        }),
        Parsed::Canonical(_) | Parsed::Reject(_) => None,
    };
    let Some(path) = whole.strip_prefix("v1/") else {
        return clean(whole).map(Path::Redirect).ok_or(Refusal::NoSuchPage);
    };
    match RequestPath::parse(NamespaceId::ROOT, path) {
        Parsed::Canonical(path) => Ok(Path::Canonical(path)),
        // Cleaned as a whole: a path may climb out of `/v1/`.
        Parsed::Redirect(path) => Ok(Path::Redirect(clean(whole).unwrap_or_else(|| format!("/v1/{path}")))),
        Parsed::Reject(BadPath::DotSegment | BadPath::ParentReference) => Err(Refusal::RelativePath),
        Parsed::Reject(bad) => Err(Refusal::BadPath(bad)),
    }
}

// Rule 50: nothing but the method, `list=true` and `help=1` say what is to be done.
fn operation(method: &Method, path: &RequestPath, query: &str) -> Result<Operation, Refusal> {
    let about_the_seal = is_about_the_seal(path.as_str());
    Ok(match *method {
        Method::DELETE => Operation::Delete,
        Method::GET if query.is_empty() => Operation::Read,
        Method::GET => {
            if flag(query, "help")? {
                Operation::Help
            } else if flag(query, "list")? {
                Operation::List
            } else if flag(query, "scan")? {
                Operation::Scan
            } else {
                Operation::Read
            }
        }
        Method::HEAD if path.as_str() == "sys/health" => Operation::Read,
        Method::HEAD => return Err(Refusal::UnsupportedOperation),
        Method::OPTIONS if !about_the_seal => return Err(Refusal::NoCors),
        Method::PATCH => Operation::Patch,
        Method::POST | Method::PUT => Operation::Write,
        _ => match method.as_str() {
            "LIST" => Operation::List,
            "SCAN" => Operation::Scan,
            _ => return Err(Refusal::UnknownMethod),
        },
    })
}

/// A parameter of the query that is a boolean: absent and empty mean no.
fn flag(query: &str, name: &str) -> Result<bool, Refusal> {
    match pairs(query.as_bytes()).find(|(known, _)| known == name) {
        None => Ok(false),
        Some((_, value)) => match &*value {
            "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
            "" | "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
            _ => Err(Refusal::BadFlag),
        },
    }
}

/// Whether the request is for the root namespace, the only one there is.
fn namespace(headers: &HeaderMap) -> bool {
    headers
        .get_all("x-vault-namespace")
        .iter()
        .all(|it| matches!(it.as_bytes(), b"" | b"/" | b"root" | b"root/"))
}

// Rule 35: the one function that reads a token.
fn token(headers: &HeaderMap) -> Result<Option<PresentedToken>, Refusal> {
    let own = single(headers.get_all("x-vault-token").iter().map(http::HeaderValue::as_bytes))?;
    let bearer = headers.get_all(header::AUTHORIZATION).iter().map(http::HeaderValue::as_bytes);
    let bearer = single(bearer)?.and_then(|it| it.strip_prefix(b"Bearer "));
    let token = own.filter(|it| !it.is_empty()).or(bearer).filter(|it| !it.is_empty());
    Ok(token.map(|it| PresentedToken::new(SecretBytes::copy_of(it))))
}

fn single<'a>(mut values: impl Iterator<Item = &'a [u8]>) -> Result<Option<&'a [u8]>, Refusal> {
    let first = values.next();
    match values.all(|it| Some(it) == first) {
        true => Ok(first),
        false => Err(Refusal::TwoTokens),
    }
}

fn duration(headers: &HeaderMap, name: &str, shown: &'static str) -> Result<Option<Duration>, Refusal> {
    let Some(value) = headers.get(name).filter(|it| !it.is_empty()) else { return Ok(None) };
    let parsed = value.to_str().ok().and_then(parse_duration).ok_or(Refusal::BadDuration(shown))?;
    Ok(Some(parsed).filter(|it| !it.is_zero()))
}

/// How long a read is to be leased. Whoever sends the header gets a lease or no answer: what is no duration,
/// nothing and no time at all are refused, and so are two of them.
fn lease(headers: &HeaderMap) -> Result<Option<Duration>, Refusal> {
    let mut values = headers.get_all("x-strongroom-lease").iter();
    let Some(value) = values.next() else { return Ok(None) };
    let parsed = value.to_str().ok().and_then(parse_duration).filter(|it| it.as_secs() > 0);
    match (parsed, values.next()) {
        (Some(ttl), None) => Ok(Some(ttl)),
        _ => Err(Refusal::BadDuration("X-Strongroom-Lease")),
    }
}

/// The headers that the audit log takes in. What is no text is left out.
fn headers(headers: &HeaderMap, audited: &AuditedHeaders) -> Vec<(Box<str>, Box<str>)> {
    let each = audited.hmac.keys().flat_map(|name| {
        let values = headers.get_all(name).iter().filter_map(|it| it.to_str().ok());
        values.map(move |value| (name.as_str().into(), value.into()))
    });
    each.collect()
}

/// A content type without its parameters.
fn content_type(headers: &HeaderMap) -> &str {
    let value = headers.get(header::CONTENT_TYPE).and_then(|it| it.to_str().ok()).unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim()
}

fn merge_patch_type(headers: &HeaderMap) -> Result<(), Refusal> {
    match content_type(headers) {
        "" => Err(Refusal::NoContentType),
        it if it.eq_ignore_ascii_case("application/merge-patch+json") => Ok(()),
        other => {
            let is_type = |it: &u8| it.is_ascii_alphanumeric() || b"/+.-".contains(it);
            let given = Some(other).filter(|it| it.len() <= 100 && it.as_bytes().iter().all(is_type));
            Err(Refusal::NoMergePatch(given.unwrap_or("another").to_owned()))
        }
    }
}

fn fields(headers: &HeaderMap, text: SecretBytes) -> Result<Body, Refusal> {
    let looks_like_json = || matches!(text.expose().trim_ascii_start().first(), Some(b'{' | b'['));
    if content_type(headers).eq_ignore_ascii_case("application/x-www-form-urlencoded") && !looks_like_json() {
        return Ok(Body::pairs(pairs(text.expose()))?);
    }
    Ok(Body::json(text)?)
}

/// The pairs of a query or a form, decoded once. What is no UTF-8 is not taken.
fn pairs(text: &[u8]) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
    let text = std::str::from_utf8(text).unwrap_or_default();
    text.split('&').filter(|it| !it.is_empty()).map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decode(name), decode(value))
    })
}

fn decode(text: &str) -> Cow<'_, str> {
    if !text.contains(['+', '%']) {
        return Cow::Borrowed(text);
    }
    let spaced = text.replace('+', " ");
    Cow::Owned(percent_decode_str(&spaced).decode_utf8_lossy().into_owned())
}
