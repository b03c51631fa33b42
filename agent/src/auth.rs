//! The agent's own login, and the sinks that its token goes to.

use std::time::Duration;

use strongroom_sdk::{Client, LoginMethod, SecretString, Session};
use tokio::time::sleep;

use crate::{
    Error,
    config::{AutoAuth as Settings, Sink},
    login::AutoAuth,
    sink,
};

/// Logs in, and if it cannot, tries again ever more slowly; or gives up at once if it is told to.
pub(crate) async fn log_in(client: &Client, settings: &Settings, report: fn(&str)) -> Result<Session, Error> {
    let method: std::sync::Arc<dyn LoginMethod> = std::sync::Arc::new(AutoAuth::new(settings.method.clone()));
    let mut pause = settings.method.min_backoff;
    loop {
        match client.login(method.clone()).await {
            Ok(session) => return Ok(session),
            Err(error) if settings.method.exit_on_err => return Err(Error::Server(error)),
            Err(error) => {
                report(&format!("cannot log in, and will try again in {pause:?}: {error}"));
                sleep(pause).await;
                pause = (pause * 2).min(settings.method.max_backoff);
            }
        }
    }
}

/// Writes the token to all sinks, and again whenever it is another one. Ends when the session has.
pub(crate) async fn keep_sinks(mut session: Session, sinks: &[Sink], report: fn(&str)) {
    let mut written: Option<SecretString> = None;
    loop {
        let token = session.token();
        let is_new = match (&token, &written) {
            (Some(token), Some(written)) => token.expose() != written.expose(),
            (Some(_), None) => true,
            (None, _) => false,
        };
        if is_new && let Some(token) = token {
            match write_all(&session, sinks, &token).await {
                Ok(()) => written = Some(token),
                Err(error) => {
                    report(&format!("the token was not written: {error}"));
                    sleep(RETRY).await;
                    continue;
                }
            }
        }
        if let strongroom_sdk::session::State::Ended = session.changed().await {
            return;
        }
    }
}

const RETRY: Duration = Duration::from_secs(5);

/// To each of them, also if one fails; the first failure is the answer.
pub(crate) async fn write_all(client: &Client, sinks: &[Sink], token: &SecretString) -> Result<(), Error> {
    let mut outcome = Ok(());
    for sink in sinks {
        if let Err(error) = sink::write(client, sink, token).await
            && outcome.is_ok()
        {
            outcome = Err(error);
        }
    }
    outcome
}
