//! The physical limit of a write: SQLite alone, committing the rows that Strongroom commits. It is a program
//! of its own, which this starts for each round.

use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::{
    Failure,
    load::{Figures, result},
    server::bound,
};

pub struct BareSqlite {
    program: PathBuf,
    /// On the same file system as the servers' data.
    home: TempDir,
}

impl BareSqlite {
    pub(super) fn new(program: &Path) -> Result<Self, Failure> {
        let home = tempfile::Builder::new().prefix("strongroom-bench-").tempdir()?;
        Ok(Self { program: program.to_owned(), home })
    }

    /// One round: `overwrite` or `insert`, in a store of so many keys.
    pub fn measure(&self, what: &str, keys: u64, writers: u32, seconds: u64) -> Result<Figures, Failure> {
        let output = bound(&self.program)
            .arg(self.home.path().join("bare.db"))
            .args([what, &keys.to_string(), &writers.to_string(), &seconds.to_string()])
            .output()
            .map_err(|error| format!("{}: {error}", self.program.display()))?;
        if !output.status.success() {
            return Err(format!("bare SQLite: {}", String::from_utf8_lossy(&output.stderr)).into());
        }
        result::parse(&String::from_utf8_lossy(&output.stdout), "bare SQLite")
    }
}
