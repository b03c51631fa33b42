//! Who may take part in what operators do together.

use crate::{admission, dispatch::Cx, error::Result, request::Peer, route::Access};

/// Refuses whoever has no token with `sudo` on the path, is not at the local socket as the one who runs the server
/// or as root, and does not come over a listener that opens this procedure to everybody. The routes themselves ask
/// for no token, so that the socket works when there is none left.
pub(super) async fn authorise(cx: &Cx<'_>) -> Result<()> {
    let open = cx.open()?;
    if cx.presented.is_none() {
        if is_operator(&cx.request.peer) {
            return Ok(());
        }
        if is_opened(cx) {
            return cx.core.admit_attempt(cx.request.path.as_str(), &cx.request.peer);
        }
    }
    let admission = admission::admit(open, cx.request, cx.presented, Access::Sudo, cx.now).await;
    admission.into_result().map(|_| ())
}

/// Whoever may open the socket is a client; who could read the server's memory anyway is an operator.
fn is_operator(peer: &Peer) -> bool {
    match peer {
        Peer::Local { uid, .. } => *uid == 0 || *uid == rustix::process::geteuid().as_raw(),
        Peer::Embedded => true,
        Peer::Address(_) => false,
    }
}

fn is_opened(cx: &Cx<'_>) -> bool {
    let opened = cx.request.opened;
    match cx.path.split('/').next() {
        Some("generate-root") => opened.generate_root,
        Some("rekey" | "rekey-recovery-key") => opened.rekey,
        _ => false,
    }
}
