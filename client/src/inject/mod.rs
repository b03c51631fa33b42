//! Which secrets become files, and who asks for them. The files themselves are `strongroom_inject`'s.

mod credentials;
mod fetch;
mod wanted;

pub(crate) use fetch::{Picked, Source};
pub(crate) use wanted::Wanted;

use std::path::Path;

use strongroom_inject::{Error, Target};

use crate::output::note;

/// What could not be removed of an earlier injection.
pub(crate) fn leftover(error: &Error) {
    note(&format!("warning: files of an earlier injection are still there: {error}"));
}

/// What a directory that somebody else has made lets others do with the secrets in it.
pub(crate) fn warn_of(target: &Target, path: &Path) -> Result<(), Error> {
    let path = path.display();
    if target.is_open_to_all() {
        note(&format!("warning: everybody may write to {path}, and replace what is there"));
    }
    if target.may_be_swapped()? {
        note(&format!("warning: the machine has swap, and may write {path} to it: mount it with noswap"));
    }
    Ok(())
}
