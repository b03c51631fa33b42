//! A web application that takes its database password from a Strongroom server:
//!
//!     secret server -dev -dev-root-token-id=root &
//!     export STRONGROOM_ADDR=http://127.0.0.1:8200
//!     STRONGROOM_TOKEN=root setup ./web-app-login
//!     ROLE_ID_FILE=web-app-login/role-id SECRET_ID_FILE=web-app-login/secret-id web-app
//!
//! and then `curl http://127.0.0.1:8080/health`. See examples/README.md.

use std::{error::Error, fs};

use strongroom_examples::{
    SECRET,
    app::{Database, serve},
    env::{Listening, Login},
};
use strongroom_sdk::{AppRole, Client};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let (login, listening) = (Login::from_env()?, Listening::from_env()?);
    let role_id = fs::read_to_string(&login.role_id_file)?;
    let role = AppRole::new(role_id.trim()).secret_id_file(login.secret_id_file);
    // Renewed in the background, and logged in again when the token ends.
    let session = Client::from_env()?.login(role).await?;
    // Asked for now and then; kept while the server is away.
    let watch = session.kv("secret").watch(SECRET).every(listening.poll_every).start().await?;
    serve(Database::new(watch), &listening.address).await
}
