//! Every environment variable that the examples read, but for those of the client itself.

use std::{error::Error, path::PathBuf, time::Duration};

use strongroom_sdk::env::{Environment as _, Process};

pub struct Listening {
    pub address: String,
    /// How often a new version is looked for.
    pub poll_every: Duration,
}

pub struct Login {
    pub role_id_file: PathBuf,
    pub secret_id_file: PathBuf,
}

pub struct Embedded {
    pub data_dir: PathBuf,
    pub key_file: PathBuf,
    pub audit_file: PathBuf,
    pub rotate_every: Duration,
}

type Outcome<T> = Result<T, Box<dyn Error>>;

impl Listening {
    pub fn from_env() -> Outcome<Self> {
        let address = Process.get("LISTEN").unwrap_or_else(|| "127.0.0.1:8080".to_owned());
        Ok(Self { address, poll_every: seconds("POLL_EVERY", 5)? })
    }
}

impl Login {
    pub fn from_env() -> Outcome<Self> {
        Ok(Self { role_id_file: path("ROLE_ID_FILE")?, secret_id_file: path("SECRET_ID_FILE")? })
    }
}

impl Embedded {
    pub fn from_env() -> Outcome<Self> {
        Ok(Self {
            data_dir: path("DATA_DIR")?,
            key_file: path("KEY_FILE")?,
            audit_file: path("AUDIT_FILE")?,
            rotate_every: seconds("ROTATE_EVERY", 24 * 3600)?,
        })
    }
}

fn path(name: &str) -> Outcome<PathBuf> {
    let value = Process.get(name).filter(|it| !it.is_empty());
    Ok(value.ok_or_else(|| format!("{name} is not set"))?.into())
}

fn seconds(name: &str, usual: u64) -> Outcome<Duration> {
    let Some(value) = Process.get(name) else { return Ok(Duration::from_secs(usual)) };
    let number = value.trim_end_matches('s').parse();
    Ok(Duration::from_secs(number.map_err(|_| format!("{name} is no number of seconds"))?))
}
