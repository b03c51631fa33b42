//! A login that is kept alive.
//!
//! The life of a session: logged in; renewed in the background when a good half of the token's life has
//! passed; logged in again when the token can be renewed no further, or when the server no longer knows it
//! (it was revoked, the store was restored). It ends when the last client of it is dropped, or with
//! [`Session::logout`].
//!
//! ```text
//!   login ---> logged in ---> renewed, renewed, ... ---> logged in again ---> ...
//!                  |   ^                                      |
//!                  v   | it succeeded                         v
//!                failing: tried again, ever more slowly, to once a minute
//! ```

use std::{ops::Deref, sync::Arc, time::Duration};

use tokio::{
    sync::{mpsc, oneshot, watch},
    time::Instant,
};

use crate::{
    Auth, Client, Error, SecretString,
    client::TokenCell,
    login::{Credentials, Login},
    retry,
    task::Task,
};

/// A client that is logged in, and stays it. Its clones, and the clients in its watches and leases, keep the
/// session alive.
#[derive(Clone)]
pub struct Session {
    client: Client,
    state: watch::Receiver<State>,
    task: Arc<Task>,
}

/// How a session fares.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum State {
    LoggedIn,
    /// Renewing or logging in failed; the token may still be good. It is tried again, unless
    /// [`State::Ended`] follows.
    Failing(Error),
    /// The token has ended and there is nothing to log in with again.
    Ended,
}

/// Part of a token's life after which it is renewed, before it is spread.
const RENEW_AT: f64 = 0.6;
/// After a login a refused call is not taken as a sign that the token has ended for so long.
const TRUSTED: Duration = Duration::from_secs(5);
/// Refused calls that wait for an answer; the others are simply refused.
const MAX_RINGS: usize = 64;

impl Client {
    /// Logs in, and keeps the login alive until what is answered is dropped. This client's own token stays as
    /// it is.
    pub async fn login(&self, with: impl Into<Login>) -> Result<Session, Error> {
        let mut credentials = Credentials::new(with.into());
        let token = TokenCell::default();
        let bare = self.sharing(token.clone(), None);
        let auth = credentials.log_in(&bare).await?;
        let (state, seen) = watch::channel(State::LoggedIn);
        let (rings, heard) = mpsc::channel(MAX_RINGS);
        let mut keeper = Keeper {
            client: bare,
            token: token.clone(),
            credentials,
            term: Term::default(),
            failures: 0,
            next: None,
            verified: Instant::now(),
            state,
        };
        keeper.adopt(&auth);
        let task = Arc::new(Task::spawn(keeper.run(heard)));
        let bell = Bell { rings, _task: task.clone() };
        Ok(Session { client: self.sharing(token, Some(bell)), state: seen, task })
    }

    /// Logs in once. Nothing renews the token; this client's own stays as it is.
    pub async fn login_once(&self, with: impl Into<Login>) -> Result<Auth, Error> {
        Credentials::new(with.into()).log_in(&self.with_token(None)).await
    }
}

impl Session {
    /// The client, to be cloned and kept: the session lives as long as any of them.
    pub fn client(&self) -> &Client {
        &self.client
    }

    pub fn state(&self) -> State {
        self.state.borrow().clone()
    }

    /// Waits until the state is another one.
    pub async fn changed(&mut self) -> State {
        if self.state.changed().await.is_err() {
            return State::Ended;
        }
        self.state.borrow_and_update().clone()
    }

    /// Ends the session and its token, for all its clients.
    pub async fn logout(self) -> Result<(), Error> {
        self.task.abort();
        let revoked = self.client.tokens().revoke_self().await;
        self.client.set_token(None);
        revoked
    }
}

impl Deref for Session {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

/// How a call tells the session that its token was refused.
#[derive(Clone)]
pub(crate) struct Bell {
    rings: mpsc::Sender<Ring>,
    _task: Arc<Task>,
}

struct Ring {
    /// That was refused.
    token: Option<SecretString>,
    answer: oneshot::Sender<bool>,
}

impl Bell {
    /// Whether there is another token now, so that the call is worth repeating.
    pub(crate) async fn ring(&self, token: Option<SecretString>) -> bool {
        let (answer, answered) = oneshot::channel();
        match self.rings.try_send(Ring { token, answer }) {
            Ok(()) => answered.await.unwrap_or(false),
            Err(_) => false,
        }
    }
}

/// The one task that renews and logs in.
struct Keeper {
    /// With the session's token and without its bell: what is refused to it is refused.
    client: Client,
    token: TokenCell,
    credentials: Credentials,
    term: Term,
    failures: u32,
    /// When something is to be done.
    next: Option<Instant>,
    /// When the server last said that it knows the token.
    verified: Instant,
    state: watch::Sender<State>,
}

/// How long the token lives.
#[derive(Clone, Copy, Debug, Default)]
struct Term {
    /// What it was given at login; zero: it does not end.
    whole: Duration,
    /// `None`: it does not end.
    ends: Option<Instant>,
    renewable: bool,
}

impl Keeper {
    async fn run(mut self, mut rings: mpsc::Receiver<Ring>) {
        loop {
            tokio::select! {
                ring = rings.recv() => match ring {
                    Some(ring) => self.heed(ring).await,
                    None => return,
                },
                () = at(self.next) => self.refresh().await,
            }
        }
    }

    /// Renews, or logs in again if that would not help.
    async fn refresh(&mut self) {
        let outcome = match self.term.renewable {
            true => self.renew().await,
            false => self.log_in().await,
        };
        if let Err(error) = outcome {
            self.failed(error);
        }
    }

    async fn renew(&mut self) -> Result<(), Error> {
        match self.client.tokens().renew_self(None).await {
            Ok(auth) => {
                let left = retry::granted(auth.lease_duration);
                self.term.ends = Some(Instant::now() + left);
                // What is granted shrinks when the token comes to its greatest age.
                self.term.renewable = auth.renewable && left * 2 > self.term.whole;
                self.succeeded(left);
                Ok(())
            }
            Err(error) if error.is_temporary() => Err(error),
            Err(error) if !self.credentials.can_log_in_again() => {
                self.term.renewable = false;
                Err(error)
            }
            Err(_) => self.log_in().await,
        }
    }

    async fn log_in(&mut self) -> Result<(), Error> {
        if !self.credentials.can_log_in_again() {
            // Used to its end, which nothing can put off.
            if self.term.ends.is_some_and(|it| it <= Instant::now()) {
                self.next = None;
                self.state.send_replace(State::Ended);
            } else {
                self.next = self.term.ends;
            }
            return Ok(());
        }
        let auth = self.credentials.log_in(&self.client).await?;
        self.adopt(&auth);
        Ok(())
    }

    fn adopt(&mut self, auth: &Auth) {
        let whole = retry::granted(auth.lease_duration);
        self.token.set(Some(auth.client_token.clone()));
        let ends = (!whole.is_zero()).then(|| Instant::now() + whole);
        self.term = Term { whole, ends, renewable: auth.renewable };
        self.succeeded(whole);
    }

    fn succeeded(&mut self, left: Duration) {
        let now = Instant::now();
        (self.failures, self.verified) = (0, now);
        let pause = retry::spread(left.mul_f64(RENEW_AT), retry::jitter());
        self.next = self.term.ends.map(|_| now + pause);
        self.state.send_replace(State::LoggedIn);
    }

    fn failed(&mut self, error: Error) {
        self.failures = self.failures.saturating_add(1);
        self.next = Some(Instant::now() + retry::long_pause(self.failures, retry::jitter()));
        self.state.send_replace(State::Failing(error));
    }

    /// A call was refused: the token may not, or it is none any more.
    async fn heed(&mut self, ring: Ring) {
        let is_current = match (self.token.get(), ring.token) {
            (Some(current), Some(refused)) => current.is_same(&refused),
            (current, refused) => current.is_none() && refused.is_none(),
        };
        let is_new = !is_current || self.has_ended().await && self.log_in_now().await;
        // Nobody waits any more: then nobody needs to be told.
        let _ = ring.answer.send(is_new);
    }

    /// Whether the server no longer knows the token. What it has just said is believed for a while, so that an
    /// application that asks for what it may not does not ask twice each time.
    async fn has_ended(&mut self) -> bool {
        if !self.credentials.can_log_in_again() || self.verified.elapsed() < TRUSTED {
            return false;
        }
        match self.client.tokens().lookup_self().await {
            Err(error) => error.is_denied(),
            Ok(_) => {
                self.verified = Instant::now();
                false
            }
        }
    }

    async fn log_in_now(&mut self) -> bool {
        match self.log_in().await {
            Ok(()) => true,
            Err(error) => {
                self.failed(error);
                false
            }
        }
    }
}

async fn at(next: Option<Instant>) {
    match next {
        Some(next) => tokio::time::sleep_until(next).await,
        None => std::future::pending().await,
    }
}
