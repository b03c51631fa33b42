//! A request's whole life, each step once and in this order.

use std::{
    panic::AssertUnwindSafe,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use futures_util::FutureExt as _;
use strongroom_policies::Grant;

use crate::{
    admission::{self, Admission, Admitted},
    audit::{self, Audited, SealedEvent, Trail},
    clock::Timestamp,
    core::{Core, Unsealed},
    error::{Error, Result},
    leases,
    mounts::Mounted,
    request::{Operation, PresentedToken, Request},
    response::Response,
    route::{Access, Endpoint, Handler, Params, Route, Stage, Writes},
    tokens::Caller,
    tx::{ATTEMPTS, Tx},
    wrapping,
};

/// What a handler knows of the request that it answers.
pub struct Cx<'a> {
    pub core: &'a Core,
    /// The token has been taken out of it.
    pub request: &'a Request,
    /// None while sealed: only the seal's own handlers meet that.
    pub open: Option<&'a Arc<Unsealed>>,
    /// None while sealed.
    pub mounted: Option<&'a Arc<Mounted>>,
    /// Relative to the mount.
    pub path: &'a str,
    pub params: Params<'a>,
    pub caller: &'a Caller,
    /// The token as presented, for the few endpoints that act on it: it opens the cubbyhole.
    pub presented: Option<&'a PresentedToken>,
    pub grant: Option<Grant>,
    /// Nobody is known to ask: no token, or none that is valid. On a path that takes none a caller may be
    /// anonymous and no stranger.
    pub(crate) stranger: bool,
    pub now: Timestamp,
    /// The handler found nothing where it writes: the audit log calls it a creation.
    pub(crate) creates: AtomicBool,
}

impl Core {
    /// Answers one request. There is no other way in.
    pub async fn dispatch(&self, mut request: Request) -> Audited {
        let presented = request.token.take();
        let Some(open) = self.unsealed() else {
            return Audited::exempt(self.before_unsealing(&request, presented.as_ref()).await);
        };
        let now = self.time().now();
        let answer = match self.answer(&open, request, presented.as_ref(), now).await {
            Ok(answer) => answer,
            // Not even a record could be made: there is nothing to say but that.
            Err(error) => Audited::exempt(Err(error)),
        };
        drop(open);
        self.reopen_if_due().await;
        answer
    }

    async fn answer(
        &self,
        open: &Arc<Unsealed>,
        mut request: Request,
        presented: Option<&PresentedToken>,
        now: Timestamp,
    ) -> Result<Audited> {
        // Whoever is to mend a refused table must be heard: but of what it holds nothing is served.
        let (table, refused) = open.mounts.current_or_system(&open.store).await?;
        // Whatever looks at the path from here on sees the same one.
        if let Some(spelling) = table.spelling(&request.path, request.operation) {
            request.path = spelling;
        }
        let request = &request;
        let found = table.find(&request.path);
        let endpoint = found
            .as_ref()
            .and_then(|it| it.route.as_ref())
            .and_then(|(route, _)| route.endpoints.iter().find(|it| it.operation == request.operation));
        let access = match (endpoint, found.as_ref().and_then(|it| it.route.as_ref())) {
            (Some(endpoint), _) => endpoint.access,
            // What anybody may ask in one way, anybody may ask in vain in another.
            (None, Some((route, _))) if route.is_unauth() => Access::Unauth,
            (None, _) => Access::Auth,
        };

        let mut admission = caught(admission::admit(open, request, presented, access, now)).await;

        let mounted = found.as_ref().map(|it| it.mounted.clone());
        let record = audit::Record::new(request, presented, mounted.as_deref(), &mut admission, now);
        let mut trail = if audit::is_exempt(request) {
            None
        } else {
            Some(open.audit.trail(&open.tokens, record).await?)
        };
        take_use(open, request, presented, &mut admission, now, trail.as_mut()).await?;

        let outcome = match (admission.into_result(), found) {
            (Err(refusal), _) => Err(refusal),
            (Ok(_), None) => Err(refused.unwrap_or_else(|| no_handler(request))),
            (Ok(admitted), Some(found)) => {
                self.run(open, request, presented, found, endpoint, &admitted, now, trail.as_mut()).await
            }
        };

        match trail {
            Some(trail) => trail.response(outcome, self.time().now()).await,
            None => Ok(Audited::exempt(outcome)),
        }
    }

    /// Routes to the handler and runs it.
    #[allow(clippy::too_many_arguments, reason = "all that is known of the request, passed on once")]
    async fn run(
        &self,
        open: &Arc<Unsealed>,
        request: &Request,
        presented: Option<&PresentedToken>,
        found: crate::mounts::Found<'_>,
        endpoint: Option<&'static Endpoint>,
        admitted: &Admitted,
        now: Timestamp,
        trail: Option<&mut Trail<'_>>,
    ) -> Result<Response> {
        if request.operation == Operation::Help {
            return crate::system::help::of(&found);
        }
        let Some((route, params)) = found.route else { return Err(Error::UnsupportedPath) };
        let Some(endpoint) = endpoint else {
            // What is listed is a folder: to a path without one, listing is another path.
            let is_other = request.operation == Operation::List && !route.has_folders();
            return Err(if is_other { Error::UnsupportedPath } else { Error::UnsupportedOperation });
        };
        if endpoint.access != Access::Unauth
            && endpoint.operation == Operation::Write
            && endpoint.writes == Writes::Action
        {
            admitted.grant()?.for_action().map_err(|_| Error::Denied)?;
        }
        let cx = Cx {
            core: self,
            request,
            open: Some(open),
            mounted: Some(&found.mounted),
            path: found.path,
            params,
            caller: &admitted.caller,
            presented,
            grant: admitted.grant,
            stranger: admitted.stranger,
            now,
            creates: AtomicBool::new(false),
        };
        wrapping::check(&cx, endpoint)?;
        let asked = Asked { cx: &cx, route, endpoint };
        if !endpoint.login {
            return handle(open, asked, trail).await;
        }
        self.attempts().admit(request, now)?;
        let outcome = handle(open, asked, trail).await;
        self.attempts().ended(&request.peer, &outcome, now);
        outcome
    }

    /// What is asked while sealed is recorded once there are keys to do it with.
    async fn before_unsealing(
        &self,
        request: &Request,
        presented: Option<&PresentedToken>,
    ) -> Result<Response> {
        let now = self.time().now();
        let outcome = self.while_sealed(request, presented).await;
        self.reopen_if_due().await;
        if !audit::is_exempt(request) && !matches!(outcome, Err(Error::Sealed)) {
            self.remember(SealedEvent::new(request, outcome.as_ref().err(), now));
        }
        if let Some(open) = self.unsealed() {
            open.audit.after_unsealing(self.remembered()).await;
        }
        outcome
    }

    /// What can be answered without the keys: the seal's own paths.
    async fn while_sealed(&self, request: &Request, presented: Option<&PresentedToken>) -> Result<Response> {
        let Some(path) = request.path.as_str().strip_prefix("sys/") else { return Err(Error::Sealed) };
        let Some((route, params)) = crate::route::find(crate::system::ROUTES, path) else {
            return Err(Error::Sealed);
        };
        let endpoint = route.endpoints.iter().find(|it| it.operation == request.operation);
        let begins = match endpoint {
            Some(endpoint) if endpoint.before_init => !self.is_initialized().await?,
            _ => false,
        };
        let answers = |it: &&'static Endpoint| begins || it.access == Access::Unauth;
        let Some(endpoint @ Endpoint { handler: Handler::Outside(handler), .. }) = endpoint.filter(answers)
        else {
            let known = route.endpoints.iter().any(|it| matches!(it.handler, Handler::Outside(_)));
            return Err(if known && endpoint.is_none() {
                Error::UnsupportedOperation
            } else {
                Error::Sealed
            });
        };
        let cx = Cx {
            core: self,
            request,
            open: None,
            mounted: None,
            path,
            params,
            caller: &Caller::Anonymous,
            presented,
            grant: None,
            stranger: true,
            now: self.time().now(),
            creates: AtomicBool::new(false),
        };
        wrapping::check(&cx, endpoint)?;
        guarded(handler(&cx)).await
    }
}

impl Cx<'_> {
    /// The open store; [`Error::Sealed`] where a handler of the seal needs it and it is not.
    pub fn open(&self) -> Result<&Arc<Unsealed>> {
        self.open.ok_or(Error::Sealed)
    }

    /// The mount that the request lies in.
    pub fn mount(&self) -> Result<&crate::mounts::Mount> {
        self.mounted.map(|it| &it.mount).ok_or(Error::Sealed)
    }

    /// What the policies grant on the request's path.
    pub fn grant(&self) -> Result<Grant> {
        self.grant.ok_or(Error::Denied)
    }

    /// Refuses a write that would create where only updating is granted, or the other way round. To be asked
    /// within the transaction, with what the transaction saw.
    pub fn may_write(&self, exists: bool) -> Result<()> {
        self.creates.store(!exists, Ordering::Relaxed);
        self.grant()?.for_existing(exists).map_err(|_| Error::Denied)
    }

    /// The request's fields as a typed value.
    pub fn fields<T: serde::de::DeserializeOwned>(&self) -> Result<T> {
        Ok(self.request.body.decode()?)
    }

    /// A parameter of the route's pattern.
    pub fn param(&self, name: &str) -> &str {
        self.params.get(name)
    }
}

/// A request that has been routed.
#[derive(Clone, Copy)]
struct Asked<'a> {
    cx: &'a Cx<'a>,
    route: &'a Route,
    endpoint: &'a Endpoint,
}

/// Runs the handler, as its kind is run.
async fn handle(open: &Unsealed, asked: Asked<'_>, trail: Option<&mut Trail<'_>>) -> Result<Response> {
    let Asked { cx, route, endpoint } = asked;
    match endpoint.handler {
        Handler::Outside(handler) => {
            if let Some(trail) = trail {
                trail.request().await?;
            }
            let mut tx = Tx::new(open.store.clone());
            let response = warn_of_fields(guarded(handler(cx)).await?, route, endpoint, cx);
            let response = wrapping::wrap(cx, &mut tx, response).await?;
            if tx.commit().await? { Ok(response) } else { Err(Error::Busy) }
        }
        Handler::InTx(handler) => in_tx(open, asked, &handler, trail).await,
        Handler::Prepared(prepare) => {
            let prepared = guarded(prepare(cx)).await?;
            in_tx(open, asked, &*prepared, trail).await
        }
    }
}

/// Runs `work` in a transaction and commits what it staged, leases and wrapped answer included: again if somebody
/// else was faster. The request is on record before anything is changed. What a lease has to have done outside
/// is done when its intent is committed.
async fn in_tx(
    open: &Unsealed,
    asked: Asked<'_>,
    work: &dyn Stage,
    mut trail: Option<&mut Trail<'_>>,
) -> Result<Response> {
    let cx = asked.cx;
    let mut turn = None;
    for _ in 0..ATTEMPTS {
        let mut tx = Tx::new(open.store.clone());
        let outcome = guarded(work.stage(cx, &mut tx)).await;
        if let Some(trail) = &mut trail {
            trail.record.creates = cx.creates.load(Ordering::Relaxed);
            if outcome.as_ref().is_ok_and(|it| it.auth.is_some()) {
                trail.proved();
            }
        }
        let mut effect = None;
        let mut outcome = match outcome {
            Ok(response) => {
                let response = within_page(response, cx)?;
                let mut response = warn_of_fields(response, asked.route, asked.endpoint, cx);
                effect = leases::register(cx, &mut tx, &mut response).await?;
                Ok(wrapping::wrap(cx, &mut tx, response).await?)
            }
            Err(refusal) if tx.stands() => Err(refusal),
            Err(refusal) => return Err(refusal),
        };
        if let Some(trail) = trail.as_mut().filter(|_| !tx.is_read_only()) {
            match trail.request().await {
                // A guess too many to be recorded by itself is one of a number that is; it counts all the same.
                Err(limited @ Error::RateLimited { .. }) if outcome.is_err() => outcome = Err(limited),
                recorded => recorded?,
            }
        }
        let contended = tx.contended();
        if tx.commit().await? {
            drop(turn);
            return leases::effect::perform(cx, effect, outcome?).await;
        }
        if let (None, Some(key)) = (&turn, contended) {
            turn = open.store.turns.take(&key).await;
        }
    }
    Err(Error::Busy)
}

/// Takes one use off a token that is good for so many requests only: before the handler, and once the request
/// is on record. Whoever comes too late is refused, and that is on record as well.
async fn take_use(
    open: &Unsealed,
    request: &Request,
    presented: Option<&PresentedToken>,
    admission: &mut Admission,
    now: Timestamp,
    mut trail: Option<&mut Trail<'_>>,
) -> Result<()> {
    let Some(known) = admission.counted() else { return Ok(()) };
    if let Some(trail) = &mut trail {
        trail.request().await?;
    }
    let taken = open.tokens.consume(&open.store, known, now).await;
    if let (Some(trail), Ok(known)) = (trail, &taken) {
        trail.asked_by(Caller::Token(known.clone()));
    }
    admission.took_use(taken.map_err(|refusal| wrapping::explain(request, presented, refusal)));
    Ok(())
}

/// A defect in admission is a refusal, so that it is on record as every other one.
async fn caught(admission: impl Future<Output = Admission>) -> Admission {
    // Pinned first, so that it is not moved from wrapper to wrapper: that costs more than the wrappers.
    let admission = AssertUnwindSafe(pin!(admission)).catch_unwind().await;
    admission.unwrap_or_else(|_| Admission::of(Error::Internal("admission panicked")))
}

/// A defect in one request ends that request: no lock is held across a handler, and what it staged is dropped.
async fn guarded<T>(handler: impl Future<Output = Result<T>>) -> Result<T> {
    AssertUnwindSafe(pin!(handler)).catch_unwind().await.unwrap_or(Err(Error::Internal("a handler panicked")))
}

fn no_handler(request: &Request) -> Error {
    let path = match request.operation {
        Operation::List | Operation::Scan => request.path.as_folder(),
        _ => request.path.to_string(),
    };
    Error::not_found(format!("no handler for route \"{path}\". route entry not found."))
}

/// A listing has no more keys than the policies allow to be asked for at once, also where no number is asked for.
fn within_page(response: Response, cx: &Cx<'_>) -> Result<Response> {
    let lists = matches!(cx.request.operation, Operation::List | Operation::Scan);
    match cx.grant.and_then(|it| it.page_size()).filter(|_| lists) {
        Some(most) => response.cut(usize::try_from(most.get()).unwrap_or(usize::MAX)),
        None => Ok(response),
    }
}

/// Fields that nobody reads are reported, not refused.
fn warn_of_fields(mut response: Response, route: &Route, endpoint: &Endpoint, cx: &Cx<'_>) -> Response {
    let crate::route::Fields::Known(known) = endpoint.fields else { return response };
    if response.data.is_none() && response.auth.is_none() || response.raw.is_some() {
        return response;
    }
    let mut unknown: Vec<&str> = Vec::new();
    let mut replaced: Vec<&str> = Vec::new();
    for name in cx.request.body.names() {
        if route.has_param(name) {
            replaced.push(name);
        } else if !known.iter().any(|it| it.name == name) {
            unknown.push(name);
        }
    }
    unknown.sort_unstable();
    if !unknown.is_empty() {
        let names = unknown.join(" ");
        response.warnings.push(format!("Endpoint ignored these unrecognized parameters: [{names}]"));
    }
    if !replaced.is_empty() {
        let names = replaced.join(" ");
        response.warnings.push(format!(
            "Endpoint replaced the value of these parameters with the values captured from the endpoint's path: [{names}]"
        ));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    // Rules 30 and 100
    #[tokio::test]
    async fn a_defect_in_admission_is_a_refusal() {
        let admission = caught(async { panic!("planted") }).await;
        assert!(matches!(admission.refusal(), Some(Error::Internal(_))) && admission.stranger);
    }
}
