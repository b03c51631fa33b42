//! Reads all that is wanted, patiently.

use std::time::{Duration, Instant};

use serde_json::{Map, Value};
use strongroom_sdk::{Client, Error, Method, SecretString};

use super::{
    credentials::{Credentials, Login},
    wanted::Wanted,
};
use crate::{
    context::{Context, Global},
    failure::{Failure, SERVER},
};

/// Between two attempts: from here, doubling, to here.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// What is read of one secret: each field that is wanted.
pub(crate) type Picked = Vec<(String, SecretString)>;

/// What to ask for, as whom, and how long to wait for a server that is not there yet.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Source {
    #[command(flatten)]
    credentials: Credentials,
    /// How long to wait for a server that is starting or sealed
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = duration)]
    timeout: Duration,
    /// Hold what is read as a lease: the server knows who uses it
    #[arg(long, value_name = "TIME", value_parser = duration)]
    lease: Option<Duration>,
}

/// A moment after which an unwilling server is an error.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    until: Instant,
}

impl Source {
    /// The client for it: how often something is tried is decided here and not in the client.
    pub(crate) fn context(&self, global: &Global) -> Result<Context, Failure> {
        let mut cx = Context::new(global, &strongroom_sdk::env::Process)?;
        let mut config = cx.client.config().clone();
        config.max_retries = 0;
        config.timeout = config.timeout.min(self.timeout.max(FIRST_PAUSE));
        cx.client = Client::new(config)?;
        Ok(cx)
    }

    /// Reads everything before the first is used: all, or an error.
    pub(crate) async fn read(&self, cx: &Context, wanted: &[Wanted]) -> Result<Vec<Picked>, Failure> {
        let patience = Patience { until: Instant::now() + self.timeout };
        let login = self.credentials.apply(&cx.client, patience).await?;
        let mut read = Vec::with_capacity(wanted.len());
        let mut outcome = Ok(());
        for wanted in wanted {
            match self.one(cx, wanted, patience).await {
                Ok(picked) => read.push(picked),
                Err(failure) => {
                    outcome = Err(failure);
                    break;
                }
            }
        }
        // A lease ends with its token; without one the token has done its work. It expires if this fails.
        if login == Login::Own && (self.lease.is_none() || outcome.is_err()) {
            let _ = cx.client.call(Method::Put, "auth/token/revoke-self").send().await;
        }
        cx.client.set_token(None);
        outcome.map(|()| read)
    }

    async fn one(&self, cx: &Context, wanted: &Wanted, patience: Patience) -> Result<Picked, Failure> {
        let (data, version) = patience
            .of(async || {
                let at = cx.locate(&wanted.path).await?;
                let call = cx.client.call(Method::Get, at.api("data"));
                let call = match self.lease {
                    Some(ttl) => call.lease(ttl),
                    None => call,
                };
                match call.send().await {
                    Ok(answer) => Ok((answer.data::<Value>()?, at.version)),
                    Err(Error::Api { status: 404, .. }) => Err(nothing_at(wanted)),
                    Err(Error::Api { status: 403, .. }) => Err(refused(wanted, &at.api("data"))),
                    Err(error) => Err(error.into()),
                }
            })
            .await?;
        wanted.pick(&fields(data, version).ok_or_else(|| nothing_at(wanted))?)
    }
}

impl Patience {
    /// Tries until it succeeds, fails for good, or has taken too long; then the last failure is the answer.
    pub(super) async fn of<T>(self, attempt: impl AsyncFn() -> Result<T, Failure>) -> Result<T, Failure> {
        let mut pause = FIRST_PAUSE;
        loop {
            match attempt().await {
                Err(failure) if failure.is_transient && Instant::now() + pause < self.until => {
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
                outcome => return outcome,
            }
        }
    }
}

/// None if the version was deleted: version 2 answers its metadata alone.
fn fields(data: Value, version: u8) -> Option<Map<String, Value>> {
    match (data, version) {
        (Value::Object(fields), 1) => Some(fields),
        (Value::Object(mut data), _) => match data.remove("data") {
            Some(Value::Object(fields)) => Some(fields),
            _ => None,
        },
        _ => None,
    }
}

fn nothing_at(wanted: &Wanted) -> Failure {
    Failure::new(format!("no secret at {}", wanted.path)).code(SERVER)
}

fn refused(wanted: &Wanted, path: &str) -> Failure {
    Failure::new(format!("{}: permission denied", wanted.path))
        .code(SERVER)
        .hint(format!("an operator sees why with `secret policy explain {path}`"))
}

fn duration(text: &str) -> Result<Duration, &'static str> {
    strongroom_api::params::parse_duration(text).ok_or("not a duration; write it as 30s, 5m or 1h")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_deleted_version_has_no_fields() {
        let two = json!({ "data": { "a": "1" }, "metadata": {} });
        assert_eq!(fields(two, 2).map(|it| it.len()), Some(1));
        assert!(fields(json!({ "data": null, "metadata": { "deletion_time": "x" } }), 2).is_none());
        // Version 1 has no envelope of its own: `data` is a field like any other.
        assert_eq!(fields(json!({ "data": "x" }), 1).map(|it| it.len()), Some(1));
    }
}
