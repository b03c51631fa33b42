//! The agent's life: from its configuration to the signal that ends it.

use std::{
    process::ExitStatus,
    sync::Arc,
    time::{Duration, Instant},
};

use rustix::process::Signal;
use strongroom_inject::Medium;
use tokio::signal::unix::{Signal as Listen, SignalKind, signal};

use crate::{
    Error,
    child::Child,
    command::Commands,
    config::{Config, Restart},
    connect::{connect, for_itself},
    docker,
    fetch::{Fetch, Settings},
    identity::Identity,
    keep::Kept,
    listen::{self, Shared},
    log::Log,
    metrics::{Metrics, Templates},
    notify::notify,
    pid::PidFile,
    render::{Pass, Renderer, State},
    systemd,
};

/// What is said on the command line and not in the file.
#[derive(Debug, Default)]
pub struct Options {
    /// Templates may become files on a disk.
    pub allow_disk: bool,
    /// The socket for units' credentials, if systemd has opened it.
    pub activated: Option<std::os::unix::net::UnixListener>,
}

/// Values that are confirmed and the same are written anew after this: their age is part of what is kept.
const KEEP_EVERY: Duration = Duration::from_secs(60);
/// Changes that come together are kept together.
const KEEP_AFTER: Duration = Duration::from_secs(1);

/// Runs until it is told to end, or all is done. Answers the exit status: that of the program, if `exec` has one.
///
/// # Errors
///
/// What keeps it from starting, and what the configuration says ends it.
pub async fn run(config: Config, options: Options, log: &Log) -> Result<u8, Error> {
    for warning in &config.warnings {
        log.warn(warning);
    }
    let _pid = config.pid_file.as_deref().map(PidFile::write).transpose()?;
    let method = config.auto_auth.as_ref().map(|it| &it.method);
    let client = connect(&config.server, method).map_err(Error::Server)?;
    let own = for_itself(&config.server, method).map_err(Error::Server)?;
    let identity = Identity::start(own, config.auto_auth.clone(), log.clone());
    let kept = config.cache.persist.as_ref().map(Kept::open).transpose()?;
    let settings = Settings {
        interval: config.template_config.static_interval,
        renew_at: config.template_config.renew_at,
        paths: config.paths.clone(),
    };
    let left = kept.as_ref().map(|it| it.load(log)).unwrap_or_default();
    let fetch = Fetch::new(identity.standing(), settings, left, log.clone());
    let medium = if options.allow_disk { Medium::Any } else { Medium::Memory };
    let renderer = Renderer::new(&config, fetch.clone(), medium, log.clone())?;
    let child = config.exec.clone().map(Child::new).transpose().map_err(Error::Child)?;
    let metrics = Arc::new(Metrics::new(fetch.clone()));
    let shared = Arc::new(Shared::new(client, identity.standing(), metrics.clone(), &config.cache));
    let _listening = listen::start(&config.listeners, &shared, log).await?;
    let _systemd = config
        .systemd
        .clone()
        .map(|it| systemd::start(it, options.activated, fetch.clone(), log))
        .transpose()?;
    let _docker = config.docker.clone().map(|it| docker::start(it, fetch.clone(), log)).transpose()?;
    let mut agent = Agent {
        is_ready: false,
        revoke: config.revoke_on_exit,
        config,
        identity,
        fetch,
        renderer,
        commands: Commands::default(),
        child,
        kept,
        keep_at: None,
        metrics,
        shared,
        log: log.clone(),
    };
    let outcome = agent.live().await;
    agent.end().await;
    outcome
}

struct Agent {
    config: Config,
    identity: Identity,
    fetch: Fetch,
    renderer: Renderer,
    commands: Commands,
    child: Option<Child>,
    kept: Option<Kept>,
    /// When what is known is to be kept.
    keep_at: Option<Instant>,
    metrics: Arc<Metrics>,
    shared: Arc<Shared>,
    /// Everything was there once.
    is_ready: bool,
    revoke: bool,
    log: Log,
}

/// What ends the agent.
enum End {
    Told,
    Done,
    Child(ExitStatus),
}

impl Agent {
    async fn live(&mut self) -> Result<u8, Error> {
        let mut signals = Signals::take()?;
        let mut standing = self.identity.standing();
        self.pass().await?;
        loop {
            if let Some(end) = self.is_over()? {
                return Ok(self.status(end));
            }
            let due = earliest(self.renderer.due(), self.keep_at);
            tokio::select! {
                changed = self.fetch.changed() => {
                    self.renderer.mark(&changed);
                    self.keep_soon();
                    self.pass().await?;
                }
                () = at(due) => {
                    self.keep();
                    self.pass().await?;
                }
                outcome = self.commands.ended() => {
                    if let Err(why) = outcome {
                        self.log.error(&why);
                        if self.config.exit_after_auth || self.config.template_config.exit_on_retry_failure {
                            return Err(Error::Command(why));
                        }
                    }
                }
                Ok(()) = standing.changed() => {
                    self.metrics.set_logged_in(standing.borrow_and_update().session.is_some());
                }
                heard = signals.heard() => match heard {
                    Heard::End => return Ok(self.status(End::Told)),
                    Heard::Reload => {
                        self.log.info("reading the templates anew");
                        self.renderer.reload();
                        self.pass().await?;
                    }
                    Heard::Other(signal) => self.pass_on(signal),
                },
                () = self.shared.quit.notified() => {
                    self.log.info("told to end by the API");
                    return Ok(self.status(End::Told));
                }
                ended = ended(&mut self.child) => {
                    let status = ended.map_err(|error| Error::Child(error.to_string()))?;
                    return Ok(self.status(End::Child(status)));
                }
            }
        }
    }

    /// Renders what is due, and does what follows from it.
    async fn pass(&mut self) -> Result<(), Error> {
        let Pass { commands, variables_changed, changed } = self.renderer.pass()?;
        self.commands.request(commands);
        let templates = Templates {
            rendered: self.renderer.count(State::Rendered),
            waiting: self.renderer.count(State::Waiting),
            failed: self.renderer.count(State::Failed),
        };
        self.metrics.set_templates(templates, self.renderer.renders, self.renderer.failures);
        if changed || self.keep_at.is_none() {
            self.keep_soon();
        }
        if let Some(child) = &mut self.child {
            let restarts = self.config.exec.as_ref().is_some_and(|it| it.restart == Restart::Always);
            if (!child.is_running() || variables_changed && restarts)
                && let Some(variables) = self.renderer.variables()
            {
                self.log.info(if child.is_running() {
                    "starting the program anew"
                } else {
                    "starting the program"
                });
                child.start(&variables).await.map_err(|error| Error::Child(error.to_string()))?;
            }
        }
        Ok(())
    }

    /// Whether there is nothing more to do.
    fn is_over(&mut self) -> Result<Option<End>, Error> {
        let standing = self.identity.standing();
        let (is_written, failed) = {
            let standing = standing.borrow();
            (standing.is_written, standing.failed.clone())
        };
        if let Some(why) = failed {
            return Err(Error::Identity(why));
        }
        let is_done = is_written && self.renderer.is_done();
        if is_done && !std::mem::replace(&mut self.is_ready, true) {
            self.log.info("everything is in its place");
            if let Err(error) = notify("READY=1") {
                self.log.warn(&format!("the service manager was not told: {error}"));
            }
        }
        Ok((is_done && self.config.exit_after_auth && self.commands.is_idle()).then_some(End::Done))
    }

    fn status(&self, end: End) -> u8 {
        match end {
            End::Told => {
                self.log.info("told to end");
                0
            }
            End::Done => 0,
            End::Child(status) => {
                use std::os::unix::process::ExitStatusExt as _;
                self.log.info(&format!("the program has ended: {status}"));
                let code = status.code().or_else(|| status.signal().map(|it| 128 + it)).unwrap_or(1);
                u8::try_from(code).unwrap_or(1)
            }
        }
    }

    fn pass_on(&self, signal: Signal) {
        if let Some(child) = &self.child {
            child.send(signal);
        }
    }

    fn keep_soon(&mut self) {
        if self.kept.is_some() {
            let soon = Instant::now() + KEEP_AFTER;
            self.keep_at = Some(self.keep_at.map_or(soon, |it| it.min(soon)));
        }
    }

    /// Keeps what is known, if that is due.
    fn keep(&mut self) {
        if self.keep_at.is_none_or(|it| it > Instant::now()) {
            return;
        }
        self.keep_at = Some(Instant::now() + KEEP_EVERY);
        self.keep_now();
    }

    fn keep_now(&self) {
        let values = self.fetch.values();
        if let (Some(kept), false) = (&self.kept, values.is_empty())
            && let Err(error) = kept.save(&values)
        {
            self.log.error(&format!("the values were not kept: {error}"));
        }
    }

    async fn end(mut self) {
        // Nobody listens any more who would mind.
        let _ = notify("STOPPING=1");
        if let Some(child) = &mut self.child {
            child.stop().await;
        }
        self.keep_now();
        self.identity.end(self.revoke, &self.log).await;
    }
}

fn earliest(one: Option<Instant>, other: Option<Instant>) -> Option<Instant> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

async fn at(due: Option<Instant>) {
    match due {
        Some(due) => tokio::time::sleep_until(due.into()).await,
        None => std::future::pending().await,
    }
}

async fn ended(child: &mut Option<Child>) -> std::io::Result<ExitStatus> {
    match child {
        Some(child) => child.ended().await,
        None => std::future::pending().await,
    }
}

enum Heard {
    End,
    Reload,
    /// For the child.
    Other(Signal),
}

struct Signals {
    terminate: Listen,
    interrupt: Listen,
    hang_up: Listen,
    first: Listen,
    second: Listen,
}

impl Signals {
    fn take() -> Result<Self, Error> {
        let take = |kind| signal(kind).map_err(Error::io("signals"));
        Ok(Self {
            terminate: take(SignalKind::terminate())?,
            interrupt: take(SignalKind::interrupt())?,
            hang_up: take(SignalKind::hangup())?,
            first: take(SignalKind::user_defined1())?,
            second: take(SignalKind::user_defined2())?,
        })
    }

    async fn heard(&mut self) -> Heard {
        tokio::select! {
            _ = self.terminate.recv() => Heard::End,
            _ = self.interrupt.recv() => Heard::End,
            _ = self.hang_up.recv() => Heard::Reload,
            _ = self.first.recv() => Heard::Other(Signal::USR1),
            _ = self.second.recv() => Heard::Other(Signal::USR2),
        }
    }
}
