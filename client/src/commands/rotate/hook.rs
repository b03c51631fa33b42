//! The program that sets the new value at its origin.
//!
//! It finds everything on its standard input, as one JSON object: other users of the machine read command lines,
//! and every process of the same user reads environments.

use std::{
    ffi::OsString,
    io,
    os::{fd::AsFd as _, unix::process::ExitStatusExt as _},
    process::Stdio,
};

use serde::Serialize;
use strongroom_sdk::SecretString;
use tokio::{io::AsyncWriteExt as _, process::Command};
use zeroize::Zeroizing;

use super::target::Values;
use crate::env;

/// What a hook is told.
#[derive(Serialize)]
pub(super) struct Told<'a> {
    /// With its mount: `secret/apps/shop/db`.
    pub(super) path: &'a str,
    pub(super) field: &'a str,
    pub(super) old: &'a SecretString,
    pub(super) new: &'a SecretString,
    /// All fields as they are stored, for whatever else it needs: the user, the host.
    pub(super) secret: &'a Values,
    /// It may have been run with this value before.
    pub(super) resumed: bool,
}

pub(super) enum Failed {
    /// So that it has changed nothing.
    NotStarted(io::Error),
    /// Why; what it has changed nobody knows.
    Ended(String),
}

/// Runs it to its end. What it prints goes to standard error: standard output is for our data.
pub(super) async fn run(command: &[OsString], told: &Told<'_>) -> Result<(), Failed> {
    let Some((program, arguments)) = command.split_first() else { return Ok(()) };
    let input = serde_json::to_vec(told).map(Zeroizing::new);
    let input = input.map_err(|_| Failed::NotStarted(io::ErrorKind::InvalidData.into()))?;
    let mut hook = Command::new(program);
    // Rule 117
    for name in env::credentials() {
        hook.env_remove(name);
    }
    strongroom_process::close_files_on_exec().map_err(Failed::NotStarted)?;
    let errors = io::stderr().as_fd().try_clone_to_owned().map_err(Failed::NotStarted)?;
    hook.args(arguments).stdin(Stdio::piped()).stdout(errors);
    let mut child = hook.spawn().map_err(Failed::NotStarted)?;
    let mut pipe = child.stdin.take();
    let tell = async {
        if let Some(mut pipe) = pipe.take() {
            // Whoever does not read it needs none of it.
            let _ = pipe.write_all(&input).await;
        }
        std::future::pending::<()>().await;
    };
    let ended = tokio::select! {
        ended = child.wait() => ended,
        () = tell => Err(io::ErrorKind::Other.into()),
    };
    match ended {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(Failed::Ended(match (status.code(), status.signal()) {
            (Some(code), _) => format!("it ended with exit status {code}"),
            (None, Some(signal)) => format!("signal {signal} ended it"),
            (None, None) => format!("it ended with {status}"),
        })),
        Err(error) => Err(Failed::Ended(format!("it cannot be waited for: {error}"))),
    }
}
