//! The conformance suite of the storage trait, on PostgreSQL.
//!
//! A proof that the trait can be kept there, not a backend: one commit at a time, no cache, no feed of changes.
//!
//! ```text
//! storage-proof-postgres "host=/run/postgresql user=... dbname=..."
//! ```

mod adapter;

use std::{error::Error, sync::Arc};

use strongroom_core::storage::conformance;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<(), Box<dyn Error>> {
    let config = std::env::args().nth(1).ok_or("usage: storage-proof-postgres CONNECTION")?;
    conformance::run(Arc::new(adapter::Postgres::open(&config).await?)).await;
    println!("ok  PostgreSQL keeps every promise of the storage trait");
    Ok(())
}
