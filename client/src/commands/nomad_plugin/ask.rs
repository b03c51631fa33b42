//! Reads one secret for one job, and leaves nothing behind at the server.

use std::{collections::BTreeMap, time::Duration};

use strongroom_sdk::{
    AppRole, Auth, Client, Error, Fields, Jwt, Kind, Method, SecretString, token::NewToken,
};
use tokio::{
    signal::unix::{SignalKind, signal},
    time::timeout,
};

use super::{
    job::Job,
    settings::{NodeLogin, Settings},
    wanted::Wanted,
};
use crate::{context::Context, failure::Failure};

/// For the end of our own token. Two seconds after SIGTERM Nomad kills.
const FAREWELL: Duration = Duration::from_secs(1);
/// A job's token is used for one read.
const JOB_TOKEN: Duration = Duration::from_secs(60);

/// The secret's fields, or the one that was asked for.
pub(super) fn fetch(
    settings: &Settings,
    job: &Job,
    wanted: &Wanted,
) -> Result<BTreeMap<String, SecretString>, Failure> {
    let client = Client::new(settings.connection.clone())?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::new(format!("cannot start: {error}")))?;
    runtime.block_on(async {
        let mut ended = signal(SignalKind::terminate())
            .map_err(|error| Failure::new(format!("cannot wait for signals: {error}")))?;
        let found = tokio::select! {
            found = timeout(settings.timeout, read(&client, settings, job, wanted)) => {
                let seconds = settings.timeout.as_secs();
                found.unwrap_or_else(|_| Err(Failure::new(format!("no secret within {seconds} s"))))
            }
            _ = ended.recv() => Err(Failure::new("Nomad ended the plugin")),
        };
        // The token was made for this alone, and a job's token ends with it. That it could not be ended is no
        // reason to fail: it ends by itself.
        if client.token().is_some() && !matches!(settings.login, NodeLogin::Token(_)) {
            let _ = timeout(FAREWELL, client.tokens().revoke_self()).await;
        }
        found
    })
}

async fn read(
    client: &Client,
    settings: &Settings,
    job: &Job,
    wanted: &Wanted,
) -> Result<BTreeMap<String, SecretString>, Failure> {
    client.set_token(Some(log_in(client, &settings.login).await?));
    let cx = Context::of(client.clone(), &settings.mount);
    let mut at = cx.locate(&wanted.path).await?;
    if at.version == 2 {
        // As clients of Vault write it.
        at.path = at.path.strip_prefix("data/").unwrap_or(&at.path).to_owned();
    }
    if !settings.allows(job, &format!("{}{}", at.mount, at.path)) {
        return Err(Failure::new(
            "this job may not read that secret: the node's settings allow its own path",
        ));
    }
    if !at.is_kv {
        return Err(Failure::new(
            "only secrets of a KV engine are fetched so: use a template for the others",
        ));
    }
    let asking = match &settings.token_role {
        None => client.clone(),
        Some(role) => {
            let token = token_for(client, role, settings.policy_of(job), job).await?;
            client.with_token(Some(token))
        }
    };
    let found = match (at.version, wanted.version) {
        (1, None) => asking.kv1(&at.mount).get(&at.path).await,
        (1, Some(_)) => return Err(Failure::new("this secret has no versions")),
        (_, None) => asking.kv(&at.mount).get(&at.path).await.map(|it| it.fields),
        (_, Some(version)) => asking.kv(&at.mount).get_version(&at.path, version).await.map(|it| it.fields),
    };
    picked(found.map_err(told)?, wanted.field.as_deref())
}

async fn log_in(client: &Client, with: &NodeLogin) -> Result<SecretString, Failure> {
    let failed = |error: Error| Failure::new(format!("the node cannot log in: {error}"));
    let auth: Auth = match with {
        NodeLogin::AppRole { mount, role_id, secret_id } => {
            let login = AppRole::new(role_id.expose()).mount(mount);
            let login = match secret_id {
                Some(secret_id) => login.secret_id(secret_id.clone()),
                None => login,
            };
            client.login_once(login).await.map_err(failed)?
        }
        NodeLogin::Certificate { mount, role } => {
            let call = client.call(Method::Post, format!("auth/{mount}/login")).anonymous();
            let body =
                if role.is_empty() { serde_json::json!({}) } else { serde_json::json!({ "name": role }) };
            call.json(&body).send().await.and_then(|it| it.auth()).map_err(failed)?
        }
        NodeLogin::Jwt { mount, role, jwt } => {
            client.login_once(Jwt::new(role, jwt.clone()).mount(mount)).await.map_err(failed)?
        }
        NodeLogin::Token(token) => return Ok(token.clone()),
    };
    Ok(auth.client_token)
}

/// A token that may what the job may, and that says in the audit log for whom it was made.
async fn token_for(client: &Client, role: &str, policy: String, job: &Job) -> Result<SecretString, Failure> {
    let meta = [("nomad_namespace", &job.namespace), ("nomad_job_id", &job.id)];
    let new = NewToken {
        policies: vec![policy],
        meta: meta.map(|(name, value)| (name.to_owned(), value.clone())).into(),
        ttl: Some(JOB_TOKEN),
        renewable: Some(false),
        ..NewToken::default()
    };
    let call = client.call(Method::Post, format!("auth/token/create/{role}")).json(&new);
    let made = call.send().await.and_then(|it| it.auth());
    made.map(|it| it.client_token)
        .map_err(|error| Failure::new(format!("the node gets no token for the job: {error}")))
}

/// Nomad takes texts and nothing else: what is something else is its JSON.
fn picked(fields: Fields, only: Option<&str>) -> Result<BTreeMap<String, SecretString>, Failure> {
    let names = match only {
        Some(name) => vec![name.to_owned()],
        None => fields.names(),
    };
    let taken = names.into_iter().map(|name| fields.get(&name).map(|value| (name, value)));
    taken.collect::<Option<_>>().ok_or_else(|| Failure::new("the secret has no such field"))
}

/// In words that say nothing of what is there.
fn told(error: Error) -> Failure {
    match error.kind() {
        Kind::NotFound => Failure::new("there is no such secret, or that version was deleted"),
        _ => Failure::new(error.to_string()),
    }
}
