//! Docker's swarm asks for secrets: `docker secret create --driver strongroom --label strongroom.path=secret/db NAME`.
//!
//! A plugin is a socket in /run/docker/plugins that speaks HTTP (docs.docker.com/engine/extend/plugin_api); the
//! secrets provider's one call is `SecretProvider.GetSecret`. The daemon is root, and the socket is root's alone.

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    Router,
    body::Bytes,
    extract::{DefaultBodyLimit, State},
    http::{HeaderName, StatusCode, header::CONTENT_TYPE},
    routing::post,
};
use serde::{Deserialize, Serialize};
use strongroom_sdk::SecretString;
use tokio::{net::UnixListener, task::JoinSet};
use zeroize::Zeroizing;

use crate::{
    Error,
    config::Docker,
    fetch::Fetch,
    listen::bind,
    log::Log,
    value::{Place, Values},
};

const SOCKET_MODE: u32 = 0o600;
const MEDIA_TYPE: &str = "application/vnd.docker.plugins.v1.2+json";
/// A request names a secret, a service and a task, with their labels.
const LARGEST: usize = 1 << 20;
/// What Docker takes for a secret.
const LARGEST_SECRET: usize = 500 * 1000;

/// Where the value lies; without it, it is the secret's name.
const PATH: &str = "strongroom.path";
const FIELD: &str = "strongroom.field";
/// `false`: each task asks anew.
const REUSE: &str = "strongroom.reuse";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Request {
    secret_name: String,
    #[serde(default)]
    secret_labels: Option<BTreeMap<String, String>>,
}

#[derive(Default, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Response {
    /// Base64.
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<SecretString>,
    #[serde(skip_serializing_if = "String::is_empty")]
    err: String,
    do_not_reuse: bool,
}

/// Answers the daemon for as long as what it answers lives.
pub(crate) fn start(settings: Docker, fetch: Fetch, log: &Log) -> Result<Answering, Error> {
    let (listener, file) = bind::unix(&settings.socket, None, None, SOCKET_MODE)?;
    log.info(&format!("answering Docker on {}", settings.socket.display()));
    let mut task = JoinSet::new();
    task.spawn(async move { drop(serve(listener, settings.folder, Arc::new(fetch)).await) });
    Ok(Answering { _task: task, _file: file })
}

/// Dropped, it ends.
pub(crate) struct Answering {
    _task: JoinSet<()>,
    _file: bind::SocketFile,
}

async fn serve<V: Values>(listener: UnixListener, folder: String, values: Arc<V>) -> std::io::Result<()> {
    let app = Router::new()
        .route("/Plugin.Activate", post(async || answer(br#"{"Implements":["secretprovider"]}"#.to_vec())))
        .route("/SecretProvider.GetSecret", post(get::<V>))
        .layer(DefaultBodyLimit::max(LARGEST))
        .with_state(Arc::new(Driver { folder, values }));
    axum::serve(listener, app).await
}

struct Driver<V> {
    folder: String,
    values: Arc<V>,
}

type Answered = (StatusCode, [(HeaderName, &'static str); 1], Bytes);

async fn get<V: Values>(State(driver): State<Arc<Driver<V>>>, body: Bytes) -> Answered {
    let response = match serde_json::from_slice::<Request>(&body) {
        Ok(request) => driver.find(&request).await,
        Err(_) => Response { err: "the request is not one for a secret".to_owned(), ..Response::default() },
    };
    let mut text = Zeroizing::new(Vec::with_capacity(1 << 16));
    match serde_json::to_writer(&mut *text, &response) {
        Ok(()) => answer(text),
        Err(_) => (StatusCode::INTERNAL_SERVER_ERROR, [(CONTENT_TYPE, MEDIA_TYPE)], Bytes::new()),
    }
}

fn answer(body: impl AsRef<[u8]> + Send + 'static) -> Answered {
    (StatusCode::OK, [(CONTENT_TYPE, MEDIA_TYPE)], Bytes::from_owner(body))
}

impl<V: Values> Driver<V> {
    async fn find(&self, request: &Request) -> Response {
        let labels = request.secret_labels.clone().unwrap_or_default();
        let failed = |err: String| Response { err, do_not_reuse: true, ..Response::default() };
        let path =
            labels.get(PATH).cloned().unwrap_or_else(|| format!("{}/{}", self.folder, request.secret_name));
        let mut place: Place = match path.parse() {
            Ok(place) => place,
            Err(why) => return failed(format!("the label {PATH}: {why}")),
        };
        place.field = labels.get(FIELD).cloned().or(place.field);
        match self.values.value(&place).await {
            Ok(value) if value.expose().len() > LARGEST_SECRET => {
                failed("the secret is larger than Docker takes".into())
            }
            Ok(value) => Response {
                value: Some(SecretString::new(data_encoding::BASE64.encode(value.expose().as_bytes()))),
                do_not_reuse: labels.get(REUSE).is_some_and(|it| it == "false"),
                ..Response::default()
            },
            Err(error) => failed(format!("{}: {error}", place.path)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Store;

    impl Values for Store {
        async fn value(&self, place: &Place) -> Result<SecretString, Error> {
            match (place.path.as_str(), place.field.as_deref()) {
                ("secret/swarm/db", None) | ("secret/apps/db", Some("password")) => {
                    Ok(SecretString::new("rosebud"))
                }
                ("secret/large", None) => Ok(SecretString::new("x".repeat(LARGEST_SECRET + 1))),
                _ => Err(Error::Field(place.path.clone())),
            }
        }
    }

    fn labels(all: &[(&str, &str)]) -> Option<BTreeMap<String, String>> {
        Some(all.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }

    async fn ask(name: &str, secret_labels: Option<BTreeMap<String, String>>) -> serde_json::Value {
        let driver = Driver { folder: "secret/swarm".to_owned(), values: Arc::new(Store) };
        let found = driver.find(&Request { secret_name: name.to_owned(), secret_labels }).await;
        serde_json::to_value(&found).unwrap()
    }

    #[tokio::test]
    async fn a_label_says_where_a_secret_lies_or_its_name_does() {
        let found = serde_json::json!({ "Value": "cm9zZWJ1ZA==", "DoNotReuse": false });
        assert_eq!(ask("db", None).await, found);
        assert_eq!(ask("any", labels(&[(PATH, "secret/apps/db#password")])).await, found);
        assert_eq!(ask("any", labels(&[(PATH, "secret/apps/db"), (FIELD, "password")])).await, found);
        let anew = ask("db", labels(&[(REUSE, "false")])).await;
        assert_eq!(anew["DoNotReuse"], true);
    }

    #[tokio::test]
    async fn what_cannot_be_had_is_said_and_not_kept() {
        for (name, labelled) in
            [("none", None), ("any", labels(&[(PATH, "#x")])), ("any", labels(&[(PATH, "secret/large")]))]
        {
            let found = ask(name, labelled).await;
            assert!(found["Err"].as_str().is_some_and(|it| !it.is_empty()), "{found}");
            assert_eq!(found["DoNotReuse"], true);
            assert!(found.get("Value").is_none());
        }
    }
}
