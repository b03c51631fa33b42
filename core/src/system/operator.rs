//! Who may take part in what operators do together.

use crate::{admission, dispatch::Cx, error::Result, request::Peer, route::Access};

/// Refuses whoever has no token with `sudo` on the path, is not at the local socket, and is not let in by the
/// setting that lets in everybody. The routes themselves ask for no token, so that the socket works when there
/// is none left.
pub(super) async fn authorise(cx: &Cx<'_>) -> Result<()> {
    let open = cx.open()?;
    if cx.presented.is_none() {
        if matches!(cx.request.peer, Peer::Local { .. } | Peer::Embedded) {
            return Ok(());
        }
        if cx.core.settings().unauthed_operator_endpoints {
            return cx.core.admit_attempt(cx.request.path.as_str(), &cx.request.peer);
        }
    }
    let admission = admission::admit(open, cx.request, cx.presented, Access::Sudo, cx.now).await;
    admission.into_result().map(|_| ())
}
