//! `secret server` without a configuration, and perhaps with somebody at the terminal.

use std::io::{self, IsTerminal as _, Write as _};

use strongroom_core::crypto::SecretBytes;
use strongroom_process::read_hidden_line;
use strongroom_server::{
    Server, ServerError,
    attended::{self, Wants},
};
use subtle::ConstantTimeEq as _;

const ATTEMPTS: usize = 3;

/// Starts in `./strongroom/`. On a terminal the passphrase is asked for; elsewhere the server waits for
/// `sys/init` and `sys/unseal`.
pub(super) async fn start() -> Result<Server, ServerError> {
    let is_attended = io::stdin().is_terminal() && io::stderr().is_terminal();
    let server = strongroom_server::start_here(is_attended).await?;
    if !is_attended {
        return Ok(server);
    }
    match attended::wants(server.core()).await? {
        Wants::Nothing => {}
        Wants::NewPassphrase => {
            let token = attended::init(server.core(), &new_passphrase()?).await?;
            let mut out = io::stdout().lock();
            out.write_all(b"Root Token: ")?;
            out.write_all(token.expose())?;
            out.write_all(b"\n")?;
            out.flush()?;
        }
        Wants::Passphrase => unseal(&server).await?,
    }
    Ok(server)
}

async fn unseal(server: &Server) -> Result<(), ServerError> {
    let mut attempt = 1;
    loop {
        match attended::unseal(server.core(), &ask("Passphrase: ")?).await {
            Err(error) if attempt < ATTEMPTS => super::say(&error.to_string()),
            outcome => return outcome,
        }
        attempt += 1;
    }
}

fn new_passphrase() -> io::Result<SecretBytes> {
    loop {
        let first = ask("A passphrase for the new store: ")?;
        if bool::from(first.expose().ct_eq(ask("The same again: ")?.expose())) {
            return Ok(first);
        }
        super::say("They are not the same.");
    }
}

fn ask(prompt: &str) -> io::Result<SecretBytes> {
    let mut out = io::stderr().lock();
    write!(out, "{prompt}")?;
    out.flush()?;
    let line = read_hidden_line();
    writeln!(out)?;
    Ok(SecretBytes::new(line?))
}
