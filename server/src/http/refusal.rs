//! What is not done: refusals of this layer, and the core's errors as statuses, each in one `match`.

use std::borrow::Cow;

use bytes::Bytes;
use http::{HeaderValue, StatusCode, header};
use strongroom_core::{
    Error,
    ids::RequestId,
    request::{BadBody, BadPath},
};

use super::{Answer, answer};

/// Why a request did not get as far as the core.
#[derive(Debug)]
pub(super) enum Refusal {
    BadBody(BadBody),
    BadDuration(&'static str),
    BadFlag,
    BadForwarded,
    BadPath(BadPath),
    BrokenBody,
    Encoded,
    ForeignHost,
    Internal,
    NoContentType,
    NoCors,
    /// With the type that was given, if it looks like one.
    NoMergePatch(String),
    NoSuchPage,
    Overloaded,
    RelativePath,
    SlowBody,
    Timeout,
    TooLarge,
    TwoTokens,
    UnknownMethod,
    UnknownNamespace,
    UnsupportedOperation,
}

impl From<BadBody> for Refusal {
    fn from(bad: BadBody) -> Self {
        Self::BadBody(bad)
    }
}

impl Refusal {
    pub(super) fn into_answer(self) -> Answer {
        let (status, message): (_, Cow<'_, str>) = match self {
            Self::BadBody(bad) => (StatusCode::BAD_REQUEST, bad.to_string().into()),
            Self::BadDuration(name) => (
                StatusCode::BAD_REQUEST,
                format!("error parsing {name} header: time: invalid duration").into(),
            ),
            Self::BadFlag => return errors(StatusCode::BAD_REQUEST, &[]),
            Self::BadForwarded => (
                StatusCode::BAD_REQUEST,
                "X-Forwarded-For is missing, malformed or not taken from here".into(),
            ),
            Self::BadPath(bad) => (StatusCode::BAD_REQUEST, bad.to_string().into()),
            Self::BrokenBody => (StatusCode::BAD_REQUEST, "failed to read the request's body".into()),
            Self::Encoded => {
                (StatusCode::UNSUPPORTED_MEDIA_TYPE, "a Content-Encoding is not supported".into())
            }
            Self::ForeignHost => {
                (StatusCode::FORBIDDEN, "a page may not reach this server under that name".into())
            }
            Self::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "internal error".into()),
            Self::NoContentType => (StatusCode::BAD_REQUEST, "mime: no media type".into()),
            Self::NoCors => (StatusCode::BAD_REQUEST, "cannot handle internal-only request operation".into()),
            Self::NoMergePatch(given) => (
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                format!("PATCH requires Content-Type of application/merge-patch+json, provided {given}")
                    .into(),
            ),
            Self::NoSuchPage => return errors(StatusCode::NOT_FOUND, &[]),
            Self::Overloaded => {
                let mut answer =
                    errors(StatusCode::SERVICE_UNAVAILABLE, &["too many requests are being read"]);
                answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(1));
                answer.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
                return answer;
            }
            Self::RelativePath => (StatusCode::BAD_REQUEST, "relative paths not supported".into()),
            Self::SlowBody => (StatusCode::REQUEST_TIMEOUT, "the request's body did not come in time".into()),
            // Not 503: what was asked may still be under way, and is not to be asked for again at once.
            Self::Timeout => (StatusCode::GATEWAY_TIMEOUT, "context deadline exceeded".into()),
            Self::TooLarge => {
                let mut answer = errors(StatusCode::PAYLOAD_TOO_LARGE, &["http: request body too large"]);
                // As the servers that clients know: this one refusal comes from below the API.
                answer.headers_mut().remove(header::CACHE_CONTROL);
                answer.headers_mut().remove(header::STRICT_TRANSPORT_SECURITY);
                answer.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
                return answer;
            }
            Self::TwoTokens => (StatusCode::BAD_REQUEST, "the request has two different tokens".into()),
            Self::UnknownMethod => return errors(StatusCode::METHOD_NOT_ALLOWED, &[]),
            Self::UnknownNamespace => (StatusCode::NOT_FOUND, "namespace not found".into()),
            Self::UnsupportedOperation => (StatusCode::METHOD_NOT_ALLOWED, "unsupported operation".into()),
        };
        errors(status, &[&message])
    }
}

/// The only place where a core's error becomes a status. The cause of a 500 goes to the log alone.
pub(super) fn core(id: RequestId, error: &Error, bare: bool) -> Answer {
    let status = match error {
        Error::Audit | Error::Barrier(_) | Error::Internal(_) | Error::Storage(_) => {
            tracing::error!(request = %id, cause = %Cause(error), "a request failed");
            let message = format!("internal error, request id {id}");
            return errors(StatusCode::INTERNAL_SERVER_ERROR, &[&message]);
        }
        Error::InvalidAll(messages) => {
            let messages: Vec<&str> = messages.iter().map(AsRef::as_ref).collect();
            return errors(StatusCode::BAD_REQUEST, &messages);
        }
        Error::NotFound => return errors(StatusCode::NOT_FOUND, &[]),
        // What has ended is taken off the count within a minute.
        Error::LeaseQuota { .. } => return too_many(error, 60),
        Error::RateLimited { retry_after, .. } => return too_many(error, *retry_after),
        Error::UnsupportedOperation if bare => return errors(StatusCode::METHOD_NOT_ALLOWED, &[]),
        Error::Busy => {
            let mut answer = errors(StatusCode::SERVICE_UNAVAILABLE, &[&error.to_string()]);
            answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(1));
            return answer;
        }
        Error::Denied | Error::DeniedBecause(_) => StatusCode::FORBIDDEN,
        Error::Invalid(_) => StatusCode::BAD_REQUEST,
        Error::NotFoundBecause(_) | Error::UnsupportedPath => StatusCode::NOT_FOUND,
        Error::NotInitialized | Error::Sealed | Error::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
        Error::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Error::UnsupportedMediaType(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        Error::UnsupportedOperation => StatusCode::METHOD_NOT_ALLOWED,
    };
    errors(status, &[&error.to_string()])
}

fn too_many(error: &Error, retry_after: u64) -> Answer {
    let mut answer = errors(StatusCode::TOO_MANY_REQUESTS, &[&error.to_string()]);
    answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(retry_after));
    answer
}

// Rule 30
/// The answer to a request that met a defect: an id, and nothing else.
pub(super) fn panicked() -> Answer {
    match RequestId::generate() {
        Ok(id) => {
            tracing::error!(request = %id, "a request panicked");
            errors(StatusCode::INTERNAL_SERVER_ERROR, &[&format!("internal error, request id {id}")])
        }
        Err(_) => errors(StatusCode::INTERNAL_SERVER_ERROR, &["internal error"]),
    }
}

#[derive(serde::Serialize)]
struct Errors<'a> {
    errors: &'a [&'a str],
}

fn errors(status: StatusCode, messages: &[&str]) -> Answer {
    let body = serde_json::to_vec(&Errors { errors: messages }).unwrap_or_default();
    let mut out = Answer::new(Bytes::from(body).into());
    *out.status_mut() = status;
    answer::add_headers(out.headers_mut(), HeaderValue::from_static("application/json"));
    out
}

/// An error with what caused it, for the log.
struct Cause<'a>(&'a Error);

impl std::fmt::Display for Cause<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Error::Internal(what) = self.0 {
            return f.write_str(what);
        }
        self.0.fmt(f)?;
        let mut next = std::error::Error::source(self.0);
        while let Some(cause) = next {
            write!(f, ": {cause}")?;
            next = cause.source();
        }
        Ok(())
    }
}
