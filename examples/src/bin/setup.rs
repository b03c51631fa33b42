//! Prepares a server for the example `web-app`, as an operator:
//!
//!     STRONGROOM_ADDR=http://127.0.0.1:8200 STRONGROOM_TOKEN=root setup DIR
//!
//! leaves `DIR/role-id` and `DIR/secret-id`.

use std::{error::Error, path::Path};

use strongroom_examples::setup;
use strongroom_sdk::Client;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let dir = std::env::args_os().nth(1).ok_or("usage: setup DIR")?;
    let ids = setup::prepare(&Client::from_env()?).await?;
    Ok(ids.write_to(Path::new(&dir))?)
}
