//! Which secrets become files, and who asks for them. The files themselves are `strongroom_inject`'s.

mod credentials;
mod fetch;
mod wanted;

pub(crate) use fetch::{Picked, Source};
pub(crate) use wanted::Wanted;

use crate::output::note;

/// What could not be removed of an earlier injection.
pub(crate) fn leftover(error: &strongroom_inject::Error) {
    note(&format!("warning: files of an earlier injection are still there: {error}"));
}
