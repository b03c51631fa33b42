//! Who may do what: authentication and authorisation, once for each request, on the canonical path.

use std::{sync::Arc, time::Duration};

use strongroom_policies::{Acl, Grant, Parameters, PolicyName, Query};

use crate::{
    clock::Timestamp,
    core::Unsealed,
    dispatch::Cx,
    error::{Error, Result},
    policy::Bearer,
    request::{Body, Operation, Peer, PresentedToken, Request},
    route::Access,
    tokens::{Caller, Known},
};

/// A request that may go on to the router: only [`admit`] makes one.
pub(crate) struct Admitted {
    pub(crate) caller: Caller,
    /// None for a path that asks for no token.
    pub(crate) grant: Option<Grant>,
    /// See [`Admission::stranger`].
    pub(crate) stranger: bool,
}

impl Admitted {
    pub(crate) fn grant(&self) -> Result<Grant> {
        self.grant.ok_or(Error::Denied)
    }
}

/// What was decided, with what the audit log says of it.
pub(crate) struct Admission {
    outcome: Result<Admitted>,
    /// Whoever asked, also if it was refused.
    pub(crate) caller: Caller,
    /// Nobody is known to ask: there is no token, or none that is valid. Whoever asks with one on a path that
    /// takes none is no caller, but no stranger either.
    pub(crate) stranger: bool,
    /// The policies that granted it.
    pub(crate) granting: Vec<PolicyName>,
}

impl Admission {
    /// A stranger's request that is refused.
    pub(crate) fn of(refusal: Error) -> Self {
        Self { outcome: Err(refusal), caller: Caller::Anonymous, stranger: true, granting: Vec::new() }
    }

    pub(crate) fn refusal(&self) -> Option<&Error> {
        self.outcome.as_ref().err()
    }

    pub(crate) fn into_result(self) -> Result<Admitted> {
        self.outcome
    }

    /// The caller's token, if it is good for so many requests only: this one, whatever becomes of it, is one.
    pub(crate) fn counted(&self) -> Option<&Known> {
        match &self.caller {
            Caller::Token(known) if known.is_counted() => Some(known),
            _ => None,
        }
    }

    /// The use that [`Admission::counted`] speaks of was taken; or others had taken the last one.
    pub(crate) fn took_use(&mut self, taken: Result<Known>) {
        match taken {
            Ok(known) => {
                self.caller = Caller::Token(known);
                if let Ok(admitted) = &mut self.outcome {
                    admitted.caller = self.caller.clone();
                }
            }
            Err(refusal) => self.outcome = Err(refusal),
        }
    }
}

/// Decides whether `request` may be routed. Nothing is changed.
pub(crate) async fn admit(
    open: &Arc<Unsealed>,
    request: &Request,
    presented: Option<&PresentedToken>,
    access: Access,
    now: Timestamp,
) -> Admission {
    if access == Access::Unauth {
        let stranger = authenticate(open, request, presented, now).await.is_err();
        let admitted = Admitted { caller: Caller::Anonymous, grant: None, stranger };
        return Admission { outcome: Ok(admitted), stranger, ..Admission::of(Error::Denied) };
    }
    let caller = match authenticate(open, request, presented, now).await {
        Ok(caller) => caller,
        Err(refusal) => {
            let refusal = crate::wrapping::explain(request, presented, refusal);
            return Admission::of(refusal);
        }
    };
    match authorise(open, request, &caller, access, now).await {
        Ok((grant, granting)) => {
            let admitted = Admitted { caller: caller.clone(), grant: Some(grant), stranger: false };
            Admission { outcome: Ok(admitted), caller, stranger: false, granting }
        }
        // Nobody may do that, and this says nothing of what the caller may.
        Err(_) if writes_a_folder(request) => {
            let refusal = Error::invalid("cannot write to a path ending in '/'");
            Admission { caller, stranger: false, ..Admission::of(refusal) }
        }
        Err(refusal) => Admission { caller, stranger: false, ..Admission::of(refusal) },
    }
}

fn writes_a_folder(request: &Request) -> bool {
    matches!(request.operation, Operation::Write | Operation::Patch) && request.path.as_str().ends_with('/')
}

/// Decides anew about a request that was let in long ago, by what is so now.
pub(crate) async fn admit_again(
    open: &Arc<Unsealed>,
    cx: &Cx<'_>,
    access: Access,
    now: Timestamp,
) -> Result<()> {
    if let Caller::Token(known) = cx.caller
        && !open.tokens.stands(open, known, now).await?
    {
        return Err(Error::Denied);
    }
    let (grant, _) = authorise(open, cx.request, cx.caller, access, now).await?;
    grant.for_action().map_err(|_| Error::Denied)
}

async fn authenticate(
    open: &Arc<Unsealed>,
    request: &Request,
    presented: Option<&PresentedToken>,
    now: Timestamp,
) -> Result<Caller> {
    match (presented, &request.peer) {
        (Some(presented), _) => {
            let known = open.tokens.authenticate(open, presented, now).await?;
            known.may_be_used_from(&request.peer)?;
            Ok(Caller::Token(known))
        }
        // The application that opened the store in its own process holds the root handle.
        (None, Peer::Embedded) => Ok(Caller::Embedder),
        (None, _) => Err(Error::Denied),
    }
}

async fn authorise(
    open: &Arc<Unsealed>,
    request: &Request,
    caller: &Caller,
    access: Access,
    now: Timestamp,
) -> Result<(Grant, Vec<PolicyName>)> {
    let acl = acl(open, caller, now).await?;
    let operation = match request.operation {
        Operation::Delete => strongroom_policies::Operation::Delete,
        Operation::List => strongroom_policies::Operation::List,
        Operation::Patch => strongroom_policies::Operation::Patch,
        // What a path takes is told to whoever may read it.
        Operation::Help | Operation::Read => strongroom_policies::Operation::Read,
        Operation::Scan => strongroom_policies::Operation::Scan,
        Operation::Write => strongroom_policies::Operation::Write,
    };
    let query = Query {
        path: request.path.as_str(),
        operation,
        parameters: &request.body,
        wrap_ttl: request.wrap_ttl.filter(|it| *it > Duration::ZERO),
    };
    let decision = acl.decide(&query);
    let grant = decision.grant().map_err(|_| Error::Denied)?;
    if access == Access::Sudo && !grant.has_sudo() && !grant.is_root() {
        return Err(Error::Denied);
    }
    let capability = operation.capabilities().iter().copied();
    let mut granting: Vec<PolicyName> =
        capability.flat_map(|it| decision.granting_policies(it)).cloned().collect();
    granting.dedup();
    Ok((grant, granting))
}

/// The compiled policies of a caller, from live state.
pub(crate) async fn acl(open: &Arc<Unsealed>, caller: &Caller, now: Timestamp) -> Result<Arc<Acl>> {
    match caller {
        Caller::Token(known) => {
            let bearer = Bearer::of(&known.token, known.identity.as_deref());
            open.policies.acl(&open.store, bearer, now).await
        }
        Caller::Embedder => Ok(open.policies.root()),
        Caller::Anonymous => Err(Error::Denied),
    }
}

impl Parameters for Body {
    fn is_empty(&self) -> bool {
        Self::is_empty(self)
    }

    fn all(&self, visit: &mut dyn FnMut(&str, &str) -> bool) -> bool {
        self.iter().all(|(name, value)| visit(name, value))
    }
}
