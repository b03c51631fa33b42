//! The file that holds the agent's process id, for whoever signals it.

use std::path::{Path, PathBuf};

use strongroom_inject::{Access, Medium, Missing, Single};

use crate::Error;

const MODE: u32 = 0o600;

/// Removed when dropped.
pub(crate) struct PidFile(PathBuf);

impl PidFile {
    pub(crate) fn write(path: &Path) -> Result<Self, Error> {
        let failed = |source| Error::File { path: path.to_owned(), source };
        let access = Access::with_mode(None, None, MODE).map_err(failed)?;
        let place = Single::open(path, Medium::Any, Missing::Refuse).map_err(failed)?;
        place.replace(std::process::id().to_string().as_bytes(), &access).map_err(failed)?;
        Ok(Self(path.to_owned()))
    }
}

impl Drop for PidFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}
