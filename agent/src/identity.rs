//! Who the agent is: its login, kept alive, and the sinks that its token goes to.

use std::time::Duration;

use strongroom_sdk::{Client, LoginMethod, SecretString, Session, session::State};
use tokio::{sync::watch, task::JoinHandle, time::sleep};
use zeroize::Zeroizing;

use crate::{
    Error,
    config::{AutoAuth as Settings, Sink},
    log::Log,
    login::AutoAuth,
    sink,
};

/// Between two attempts to write the sinks.
const RETRY: Duration = Duration::from_secs(5);

/// Where the login stands.
#[derive(Default)]
pub(crate) struct Standing {
    /// With what the server is asked.
    pub(crate) session: Option<Session>,
    /// All sinks hold the newest token.
    pub(crate) is_written: bool,
    /// The agent was told to end if it cannot log in.
    pub(crate) failed: Option<String>,
}

/// The login of this agent, in a task of its own.
pub(crate) struct Identity {
    standing: watch::Receiver<Standing>,
    task: JoinHandle<()>,
}

impl Identity {
    /// Logs in, now and whenever that has ended. Without settings it never is.
    pub(crate) fn start(client: Client, settings: Option<Settings>, log: Log) -> Self {
        let (tell, standing) = watch::channel(Standing::default());
        let task = tokio::spawn(async move {
            match settings {
                Some(settings) if settings.method.wrap_ttl.is_some() => {
                    wrapped(&client, &settings, &log, &tell).await;
                }
                Some(settings) => keep(&client, &settings, &log, &tell).await,
                None => std::future::pending().await,
            }
        });
        Self { standing, task }
    }

    pub(crate) fn standing(&self) -> watch::Receiver<Standing> {
        self.standing.clone()
    }

    /// Ends it; the token is revoked if that is wanted.
    pub(crate) async fn end(self, revoke: bool, log: &Log) {
        self.task.abort();
        let session = self.standing.borrow().session.clone();
        if let (true, Some(session)) = (revoke, session)
            && let Err(error) = session.logout().await
        {
            log.warn(&format!("the token was not revoked: {error}"));
        }
    }
}

async fn keep(client: &Client, settings: &Settings, log: &Log, tell: &watch::Sender<Standing>) {
    loop {
        let session = match log_in(client, settings, log).await {
            Ok(session) => session,
            Err(error) => {
                tell.send_modify(|it| it.failed = Some(error.to_string()));
                return;
            }
        };
        log.info("logged in");
        tell.send_modify(|it| it.session = Some(session.clone()));
        keep_sinks(session, &settings.sinks, log, tell).await;
        log.warn("the login has ended, and begins anew");
        tell.send_modify(|it| it.session = None);
    }
}

/// Logs in, and if it cannot, tries again ever more slowly; or gives up at once if it is told to.
async fn log_in(client: &Client, settings: &Settings, log: &Log) -> Result<Session, Error> {
    let method: std::sync::Arc<dyn LoginMethod> =
        std::sync::Arc::new(AutoAuth::new(settings.method.clone(), log.clone()));
    let mut pause = settings.method.min_backoff;
    loop {
        match client.login(method.clone()).await {
            Ok(session) => return Ok(session),
            Err(error) if settings.method.exit_on_err => return Err(Error::Login(error)),
            Err(error) => {
                log.warn(&format!("cannot log in, and will try again in {pause:?}: {error}"));
                sleep(pause).await;
                pause = (pause * 2).min(settings.method.max_backoff);
            }
        }
    }
}

/// Logs in once for somebody else: the answer goes to the sinks as it is wrapped, and nobody here can open it.
async fn wrapped(client: &Client, settings: &Settings, log: &Log, tell: &watch::Sender<Standing>) {
    let method = AutoAuth::new(settings.method.clone(), log.clone());
    let mut pause = settings.method.min_backoff;
    loop {
        let answer = match method.log_in_wrapped(client).await {
            Ok(answer) => {
                write_all(&settings.sinks, |_| {
                    let answer = answer.clone();
                    async move { Ok(answer) }
                })
                .await
            }
            Err(error) => Err(Error::Login(error)),
        };
        match answer {
            Ok(()) => break,
            Err(error) if settings.method.exit_on_err => {
                tell.send_modify(|it| it.failed = Some(error.to_string()));
                return;
            }
            Err(error) => {
                log.warn(&format!("no wrapped login, and will try again in {pause:?}: {error}"));
                sleep(pause).await;
                pause = (pause * 2).min(settings.method.max_backoff);
            }
        }
    }
    tell.send_modify(|it| it.is_written = true);
    std::future::pending().await
}

/// Writes the token to all sinks, and again whenever it is another one. Ends when the session has.
async fn keep_sinks(mut session: Session, sinks: &[Sink], log: &Log, tell: &watch::Sender<Standing>) {
    let mut written: Option<SecretString> = None;
    let mut is_failing = false;
    loop {
        let token = session.token();
        let is_new = match (&token, &written) {
            (Some(token), Some(written)) => !token.is_same(written),
            (Some(_), None) => true,
            (None, _) => false,
        };
        if is_new && let Some(token) = token {
            let client = session.client().clone();
            match write_all(sinks, |sink| sink::content(&client, sink, &token)).await {
                Ok(()) => {
                    written = Some(token);
                    tell.send_modify(|it| it.is_written = true);
                }
                Err(error) => {
                    log.error(&format!("the token was not written: {error}"));
                    sleep(RETRY).await;
                    continue;
                }
            }
        }
        match session.changed().await {
            State::Ended => return,
            State::Failing(error) => {
                // Each attempt that fails would be one line more.
                if !std::mem::replace(&mut is_failing, true) {
                    log.warn(&format!("the login cannot be kept: {error}"));
                }
            }
            _ => {
                if std::mem::take(&mut is_failing) {
                    log.info("the login is kept again");
                }
            }
        }
    }
}

/// To each of them, also if one fails; the first failure is the answer.
async fn write_all<'s, W>(sinks: &'s [Sink], content: impl Fn(&'s Sink) -> W) -> Result<(), Error>
where
    W: Future<Output = Result<Zeroizing<Vec<u8>>, Error>>,
{
    let mut outcome = Ok(());
    for sink in sinks {
        let written = match content(sink).await {
            Ok(content) => sink::write(sink, &content),
            Err(error) => Err(error),
        };
        outcome = outcome.and(written);
    }
    outcome
}
