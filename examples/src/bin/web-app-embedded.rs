//! The same web application with the store in its own process:
//!
//!     DATA_DIR=./web-app-data KEY_FILE=./web-app.key AUDIT_FILE=./web-app-audit.log web-app-embedded
//!
//! and then `curl http://127.0.0.1:8080/health`. The application replaces its own password, every
//! `ROTATE_EVERY`. See examples/README.md.

use std::{error::Error, time::Duration};

use serde::{Deserialize, Serialize};
use strongroom_examples::{
    SECRET,
    app::{Database, serve},
    env::{Embedded, Listening},
};
use strongroom_sdk::{
    Client, Method, SecretString,
    embedded::{Auditing, Builder, Store, Unlock},
};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let (settings, listening) = (Embedded::from_env()?, Listening::from_env()?);
    // What unlocks the store and where its use is recorded have no default: both are chosen here.
    let unlock = Unlock::KeyFile(settings.key_file);
    let audit = Auditing::File(settings.audit_file);
    let store = Store::open(Builder::directory(settings.data_dir, unlock, audit)).await?;
    let client = store.root();
    if client.kv("secret").get(SECRET).await.is_err_and(|it| it.is_not_found()) {
        rotate(&client).await?;
    }
    let watch = client.kv("secret").watch(SECRET).every(listening.poll_every).start().await?;
    tokio::select! {
        served = serve(Database::new(watch), &listening.address) => served?,
        rotated = rotate_every(&client, settings.rotate_every) => rotated?,
    }
    Ok(store.close().await?)
}

async fn rotate_every(client: &Client, every: Duration) -> Result<(), strongroom_sdk::Error> {
    loop {
        tokio::time::sleep(every).await;
        // A real application would tell its database first.
        rotate(client).await?;
    }
}

async fn rotate(client: &Client) -> Result<(), strongroom_sdk::Error> {
    #[derive(Deserialize)]
    struct Random {
        random_bytes: SecretString,
    }
    #[derive(Serialize)]
    struct New {
        user: &'static str,
        password: SecretString,
    }
    let random = client.call(Method::Post, "sys/tools/random/24").send().await?.data::<Random>()?;
    let new = New { user: "app", password: random.random_bytes };
    client.kv("secret").put(SECRET, &new).await.map(|_| ())
}
