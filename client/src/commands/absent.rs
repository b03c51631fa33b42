//! What a build says that leaves parts out, where the others have a command.

use std::ffi::OsString;

#[cfg(not(all(feature = "scan", feature = "server")))]
use crate::context::Context;
use crate::{context::Global, failure::Failure};

/// Whatever is typed behind it.
#[derive(Debug, clap::Args)]
pub(crate) struct Absent {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, hide = true)]
    _given: Vec<OsString>,
}

/// The same, for a command that has others below it.
#[cfg(not(feature = "server"))]
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Group {
    #[command(external_subcommand)]
    #[allow(dead_code, reason = "clap fills it, and nobody asks what was typed")]
    Any(Vec<OsString>),
}

#[cfg(not(feature = "server"))]
impl Group {
    #[allow(clippy::unused_self, reason = "called as its namesake in a whole build is")]
    pub(crate) fn run(self, _: &Global) -> Result<u8, Failure> {
        Err(absent())
    }
}

pub(crate) fn run(_: &Global, _: Absent) -> Result<u8, Failure> {
    Err(absent())
}

#[cfg(not(all(feature = "scan", feature = "server")))]
pub(crate) async fn ask(_: &Context, _: Absent) -> Result<(), Failure> {
    Err(absent())
}

fn absent() -> Failure {
    Failure::new("this build is for clients and agents: it has no server, no tools for a store's files or for yours, and nothing that runs for a cluster")
        .hint("the whole program has them: it is built without --no-default-features")
}
