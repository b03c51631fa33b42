//! What is recorded of a request.

use strongroom_policies::PolicyName;

use crate::{
    admission::Admission,
    clock::Timestamp,
    error::Error,
    mounts::{Mount, Mounted},
    request::{Operation, PresentedToken, Request},
    tokens::Caller,
};

/// Everything that both lines say of a request, before any device has formatted it.
pub(crate) struct Record<'a> {
    pub(super) request: &'a Request,
    pub(super) presented: Option<&'a PresentedToken>,
    pub(super) mount: Option<&'a Mount>,
    pub(super) caller: Caller,
    /// Nobody is known to ask: see [`Admission::stranger`].
    pub(super) stranger: bool,
    pub(super) granting: Vec<PolicyName>,
    /// Why it was not let through.
    pub(super) refusal: Option<&'static str>,
    pub(super) received: Timestamp,
    /// A write that made something new. Known once the handler has looked.
    pub(crate) creates: bool,
}

impl<'a> Record<'a> {
    pub(crate) fn new(
        request: &'a Request,
        presented: Option<&'a PresentedToken>,
        mounted: Option<&'a Mounted>,
        admission: &mut Admission,
        received: Timestamp,
    ) -> Self {
        Self {
            request,
            presented,
            mount: mounted.map(|it| &it.mount),
            caller: admission.caller.clone(),
            stranger: admission.stranger,
            granting: std::mem::take(&mut admission.granting),
            refusal: admission.refusal().map(reason),
            received,
            creates: false,
        }
    }

    /// As Vault's lines call what is done.
    pub(super) fn operation(&self) -> &'static str {
        match self.request.operation {
            Operation::Delete => "delete",
            Operation::Help => "help",
            Operation::List => "list",
            Operation::Patch => "patch",
            Operation::Read => "read",
            Operation::Scan => "scan",
            Operation::Write if self.creates => "create",
            Operation::Write => "update",
        }
    }

    /// Nobody who could be named asked it.
    pub(super) fn is_anonymous(&self) -> bool {
        matches!(self.caller, Caller::Anonymous)
    }
}

/// What the clear part of a line says of a failure: the kind of it, by its type. The message, which may name
/// what the client sent, is hashed beside it.
pub(super) fn reason(error: &Error) -> &'static str {
    match error {
        Error::Audit | Error::Barrier(_) | Error::Storage(_) | Error::Internal(_) => "internal error",
        Error::Busy => "too many concurrent changes",
        Error::Denied | Error::DeniedBecause(_) => "permission denied",
        Error::Invalid(_) | Error::InvalidAll(_) => "invalid request",
        Error::LeaseQuota { .. } => "lease count quota exceeded",
        Error::NotInitialized => "not initialized",
        Error::NotFound | Error::NotFoundBecause(_) => "not found",
        Error::RateLimited { .. } => "rate limit quota exceeded",
        Error::Sealed => "sealed",
        Error::TooLarge => "request body too large",
        Error::Unavailable(_) => "another server is not available",
        Error::UnsupportedMediaType(_) => "unsupported media type",
        Error::UnsupportedOperation => "unsupported operation",
        Error::UnsupportedPath => "unsupported path",
    }
}
