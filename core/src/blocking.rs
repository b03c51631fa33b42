//! Work that takes a thread for a while.

use crate::error::{Error, Result};

/// Runs `work` where it holds up nobody else. An embedding application may drive us without Tokio's threads:
/// then it is its own thread that waits.
pub(crate) async fn run<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    match tokio::runtime::Handle::try_current() {
        Ok(runtime) => {
            runtime.spawn_blocking(work).await.map_err(|_| Error::Internal("a thread was interrupted"))
        }
        Err(_) => Ok(work()),
    }
}
