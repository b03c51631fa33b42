//! The web application: it knows that its credentials change, and not where they come from.

use std::{
    error::Error,
    io::{self, Write as _},
    sync::Arc,
};

use axum::{Router, extract::State, http::StatusCode, http::header, response::IntoResponse, routing::get};
use serde::{Deserialize, Serialize};
use strongroom_sdk::{
    SecretString,
    watch::{Freshness, Watch},
};
use tokio::net::TcpListener;

/// What the secret holds.
#[derive(Deserialize)]
pub struct Credentials {
    pub user: String,
    pub password: SecretString,
}

/// How to reach the database, always with the newest credentials.
#[derive(Clone)]
pub struct Database(Watch);

/// What a monitor is told. No value is in it.
#[derive(Serialize)]
struct Health {
    status: &'static str,
    password_version: u64,
    /// RFC 3339.
    password_since: String,
    /// Seconds since the store last confirmed it.
    confirmed: u64,
}

impl Database {
    pub fn new(watch: Watch) -> Self {
        Self(watch)
    }

    /// For the next connection: what a pool would ask each time it opens one.
    pub fn connection(&self) -> Result<SecretString, strongroom_sdk::Error> {
        let Credentials { user, password } = self.0.current().decode()?;
        Ok(SecretString::new(format!("host=localhost user={user} password={}", password.expose())))
    }

    fn health(&self) -> Health {
        let secret = self.0.current();
        let status = match (self.connection(), self.0.freshness()) {
            (Err(_), _) => "the secret has another shape than expected",
            (Ok(_), Freshness::Fresh) => "ok",
            // It goes on with what it has: whoever is on call should know.
            (Ok(_), Freshness::Gone) => "the secret was deleted",
            (Ok(_), _) => "the store does not answer",
        };
        Health {
            status,
            password_version: secret.metadata.version,
            password_since: secret.metadata.created_time.clone(),
            confirmed: self.0.age().as_secs(),
        }
    }
}

/// Serves until the process ends, and prints where.
pub async fn serve(database: Database, address: &str) -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind(address).await?;
    writeln!(io::stdout(), "listening on http://{}", listener.local_addr()?)?;
    let app = Router::new().route("/health", get(health)).with_state(Arc::new(database));
    Ok(axum::serve(listener, app).await?)
}

async fn health(State(database): State<Arc<Database>>) -> impl IntoResponse {
    let health = database.health();
    let status = if health.status == "ok" { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let body = serde_json::to_string(&health).unwrap_or_default();
    (status, [(header::CONTENT_TYPE, "application/json")], body)
}
