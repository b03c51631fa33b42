//! Where tests that mount run.

use crate::room::inside;

/// Runs a test in a mount namespace and a runtime of its own.
#[track_caller]
pub fn in_a_room(test: &str, body: impl AsyncFnOnce()) {
    if inside(test) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        runtime.unwrap().block_on(body());
    }
}
