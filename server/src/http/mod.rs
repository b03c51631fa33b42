//! One request: HTTP in, the core's answer, HTTP out.

mod answer;
mod body;
mod budget;
mod carried;
mod forwarded;
mod origin;
mod payload;
mod read;
mod refusal;
mod vouched;

use std::{
    panic::AssertUnwindSafe,
    pin::pin,
    sync::Arc,
    time::{Duration, Instant},
};

use ::http::{Request, Response};
use futures_util::FutureExt as _;
use hyper::body::Incoming;
use strongroom_core::{
    Core,
    audit::Audited,
    ids::RequestId,
    request::{Opened, Operation, Peer, Request as Ask},
    route,
};

use crate::config::Forwarded;

use self::{budget::Reserved, carried::Carried, read::Read, refusal::Refusal};
pub use self::{
    budget::{Budget, Shares},
    origin::Hosts,
    payload::Payload,
    vouched::{Decoder, VouchedCertificate},
};

/// What goes back to the client.
pub type Answer = Response<Payload>;

/// Who is at the other end of a connection.
#[derive(Clone, Debug)]
pub struct Client {
    pub peer: Peer,
    /// What it proved with in the TLS handshake, the leaf first, as DER.
    pub certificates: Option<Arc<[Vec<u8>]>>,
}

/// What bounds a request, whoever sends it.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Bytes of a body; more are answered with 413. From whoever has no token no more than
    /// [`Limits::STRANGERS_BODY`] are taken, with one that is not valid, or while sealed, no more than
    /// [`Limits::CLAIMANTS_BODY`].
    pub max_body: usize,
    /// A connection whose request line and headers have not come by then is closed.
    pub head_deadline: Duration,
    /// A body that has not come by then is given up.
    pub body_deadline: Duration,
    /// A request that is not answered by then is given up.
    pub request_deadline: Duration,
    /// A connection on which nothing happens is closed.
    pub idle_deadline: Duration,
}

impl Limits {
    /// No setting goes beyond this.
    pub const MAX_BODY: usize = 32 << 20;
    /// What anybody may send: a login, a share.
    pub const STRANGERS_BODY: usize = 64 << 10;
    /// What whoever brings a token may send before it is looked at.
    pub const CLAIMANTS_BODY: usize = 1 << 20;
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_body: Self::MAX_BODY,
            head_deadline: Duration::from_secs(10),
            body_deadline: Duration::from_secs(30),
            request_deadline: Duration::from_secs(90),
            idle_deadline: Duration::from_secs(300),
        }
    }
}

/// What is larger than memory takes longer: a snapshot of a large store, or one that comes over a slow line.
/// Nothing may stand still in it for longer than [`Limits::body_deadline`].
const STREAMED_DEADLINE: Duration = Duration::from_secs(6 * 3600);

/// What every request of one listener needs.
pub struct App {
    pub core: Arc<Core>,
    pub limits: Limits,
    /// What all listeners' bodies share.
    pub budget: Arc<Budget>,
    /// What asks for no token here.
    pub opened: Opened,
    /// Proxies that are believed.
    pub forwarded: Option<Forwarded>,
    /// What pages in a browser may call us.
    pub hosts: Hosts,
}

impl App {
    /// Answers one request. A defect on the way ends this request and no other.
    pub async fn answer(&self, client: Client, request: Request<Incoming>) -> Answer {
        let head = request.method() == ::http::Method::HEAD;
        // Pinned first: these futures are large, and are not to be moved from wrapper to wrapper.
        let answer = AssertUnwindSafe(pin!(self.route(client, request))).catch_unwind().await;
        let mut answer = answer.unwrap_or_else(|_| refusal::panicked());
        if head {
            *answer.body_mut() = Payload::default();
        }
        answer
    }

    async fn route(&self, client: Client, request: Request<Incoming>) -> Answer {
        let client = match forwarded::client(self.forwarded.as_ref(), client, request.headers()) {
            Ok(client) => client,
            Err(refusal) => return refusal.into_answer(),
        };
        if let Err(refusal) = self.hosts.check(request.uri(), request.headers()) {
            return refusal.into_answer();
        }
        let mut reserved = self.budget.body(&client.peer);
        let read = read::read(&self.core, &self.limits, self.opened, &mut reserved, client, request).await;
        let request = match read {
            Ok(Read::Ask(request)) => request,
            Ok(Read::Redirect(target)) => return answer::redirect(&target),
            Err(refusal) => return refusal.into_answer(),
        };
        let id = request.id;
        // These answer whoever asks about the server itself, in a form of their own.
        let bare_refusals = read::is_about_the_seal(request.path.as_str());
        let seen = tracing::enabled!(tracing::Level::DEBUG).then(|| Seen::new(&request));
        let deadline = match route::is_streamed(request.operation, request.path.as_str()) {
            true => STREAMED_DEADLINE,
            false => self.limits.request_deadline,
        };
        let dispatched = pin!(self.dispatch(request, reserved));
        let Ok(audited) = tokio::time::timeout(deadline, dispatched).await else {
            return Refusal::Timeout.into_answer();
        };
        let answer = match audited.into_result() {
            Ok(response) => answer::success(id, response),
            Err(error) => refusal::core(id, &error, bare_refusals),
        };
        if let Some(seen) = seen {
            seen.log(&answer);
        }
        answer
    }
}

impl App {
    /// Hands a request to the core. What may change something is carried to its end: a client that hangs up must
    /// not leave a change without the record of its answer.
    async fn dispatch(&self, request: Ask, reserved: Reserved) -> Audited {
        let reads = matches!(
            request.operation,
            Operation::Help | Operation::List | Operation::Read | Operation::Scan
        );
        if reads && request.wrap_ttl.is_none() && request.lease_ttl.is_none() {
            return self.core.dispatch(request).await;
        }
        let core = self.core.clone();
        Carried::new(async move {
            let answer = core.dispatch(request).await;
            drop(reserved);
            answer
        })
        .await
    }
}

/// What the log says of a request. Of the path only its first segments: behind them some endpoints take tokens
/// and accessors, and names are for the audit log.
struct Seen {
    id: RequestId,
    operation: Operation,
    mount: String,
    began: Instant,
}

impl Seen {
    fn new(request: &Ask) -> Self {
        let path = request.path.as_str();
        let segments = if path.starts_with("auth/") || path.starts_with("sys/") { 2 } else { 1 };
        let mount = path.split('/').take(segments).collect::<Vec<_>>().join("/");
        Self { id: request.id, operation: request.operation, mount, began: Instant::now() }
    }

    fn log(self, answer: &Answer) {
        let micros = u64::try_from(self.began.elapsed().as_micros()).unwrap_or(u64::MAX);
        let (operation, mount, status) = (self.operation, self.mount, answer.status().as_u16());
        tracing::debug!(request = %self.id, ?operation, mount, status, micros, "request");
    }
}
