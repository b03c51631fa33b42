//! Where the server is, how it is trusted, and who asks.

use std::{fmt, path::PathBuf, time::Duration};

use crate::{
    Error, SecretString,
    env::{self, Environment, names},
};

/// Everything about a connection. [`Config::from_env`] reads it as Vault's own clients do.
#[derive(Clone, Debug)]
pub struct Config {
    /// `https://host:port`, `http://host:port`, or `unix:///path/to/socket`.
    pub address: String,
    pub token: Option<SecretString>,
    pub namespace: Option<String>,
    pub tls: Tls,
    /// For one attempt, from the first byte sent to the last byte read.
    pub timeout: Duration,
    /// Attempts after the first, on 412, 429 and 5xx except 501, and where no connection came about.
    pub max_retries: u32,
    /// For a whole call, with all its attempts and the pauses between them.
    pub deadline: Duration,
    /// Bytes that an answer may have.
    pub max_answer: usize,
}

/// How the server proves who it is, and how we do.
#[derive(Clone, Default)]
pub struct Tls {
    /// PEM of the authorities that are trusted, and no others. Empty: the machine's.
    pub ca_pem: Vec<Vec<u8>>,
    /// PEM of our certificate's chain and of its key.
    pub client: Option<(Vec<u8>, Vec<u8>)>,
    /// The name that the server's certificate must be for, if it is not the address's.
    pub server_name: Option<String>,
    /// Trusts whoever answers. For a laptop; never the default.
    pub skip_verify: bool,
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls")
            .field("authorities", &self.ca_pem.len())
            .field("client", &self.client.is_some())
            .field("server_name", &self.server_name)
            .field("skip_verify", &self.skip_verify)
            .finish()
    }
}

const DEFAULT_ADDRESS: &str = "https://127.0.0.1:8200";

impl Default for Config {
    fn default() -> Self {
        Self {
            address: DEFAULT_ADDRESS.to_owned(),
            token: None,
            namespace: None,
            tls: Tls::default(),
            timeout: Duration::from_secs(60),
            max_retries: 2,
            deadline: Duration::from_secs(180),
            max_answer: 64 << 20,
        }
    }
}

impl Config {
    /// From `STRONGROOM_*`, `BAO_*` and `VAULT_*`, and from `~/.vault-token` for the token.
    pub fn from_env(environment: &dyn Environment) -> Result<Self, Error> {
        let mut config = Self::default();
        let find = |name| env::find(environment, name);
        if let Some(address) = find(names::ADDR) {
            config.address = address;
        }
        config.namespace = find(names::NAMESPACE);
        config.token = find(names::TOKEN).map(SecretString::new);
        if config.token.is_none() {
            config.token = token_file(environment)
                .and_then(|it| std::fs::read_to_string(it).ok())
                .map(|it| SecretString::new(it.trim()))
                .filter(|it| !it.is_empty());
        }
        if let Some(timeout) = find(names::CLIENT_TIMEOUT) {
            config.timeout = strongroom_api::params::parse_duration(&timeout)
                .ok_or_else(|| Error::Config("CLIENT_TIMEOUT is not a duration".to_owned()))?;
        }
        if let Some(retries) = find(names::MAX_RETRIES) {
            config.max_retries =
                retries.parse().map_err(|_| Error::Config("MAX_RETRIES is not a number".to_owned()))?;
        }
        config.tls = Tls::from_env(environment)?;
        Ok(config)
    }
}

impl Tls {
    fn from_env(environment: &dyn Environment) -> Result<Self, Error> {
        let find = |name| env::find(environment, name);
        let mut tls = Self {
            server_name: find(names::TLS_SERVER_NAME),
            skip_verify: env::find_bool(environment, names::SKIP_VERIFY),
            ..Self::default()
        };
        // In Vault's order: bytes, file, directory.
        if let Some(pem) = find(names::CACERT_BYTES) {
            tls.ca_pem.push(pem.into_bytes());
        } else if let Some(file) = find(names::CACERT) {
            tls.ca_pem.push(read(&file)?);
        } else if let Some(dir) = find(names::CAPATH) {
            let entries = std::fs::read_dir(&dir).map_err(|error| unreadable(&dir, &error))?;
            for entry in entries.flatten().filter(|it| it.path().is_file()) {
                tls.ca_pem.push(read(&entry.path().to_string_lossy())?);
            }
        }
        if let (Some(cert), Some(key)) = (find(names::CLIENT_CERT), find(names::CLIENT_KEY)) {
            tls.client = Some((read(&cert)?, read(&key)?));
        }
        Ok(tls)
    }
}

/// Where `login` leaves the token: the same file as Vault's.
pub fn token_file(environment: &dyn Environment) -> Option<PathBuf> {
    environment.get("HOME").filter(|it| !it.is_empty()).map(|it| PathBuf::from(it).join(".vault-token"))
}

fn read(path: &str) -> Result<Vec<u8>, Error> {
    std::fs::read(path).map_err(|error| unreadable(path, &error))
}

pub(crate) fn unreadable(path: &str, error: &std::io::Error) -> Error {
    Error::Config(format!("cannot read {path}: {error}"))
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    struct Said(HashMap<&'static str, &'static str>);

    impl Environment for Said {
        fn get(&self, name: &str) -> Option<String> {
            self.0.get(name).map(|it| (*it).to_owned())
        }
    }

    fn config(said: &[(&'static str, &'static str)]) -> Result<Config, Error> {
        Config::from_env(&Said(said.iter().copied().collect()))
    }

    #[test]
    fn our_own_names_come_before_baos_and_vaults() {
        let said = [("VAULT_ADDR", "http://v"), ("BAO_ADDR", "http://b"), ("BAO_TOKEN", "t")];
        let config = config(&said).unwrap();
        assert_eq!(config.address, "http://b");
        assert_eq!(config.token.unwrap().expose(), "t");
    }

    #[test]
    fn nothing_said_means_tls_on_this_machine() {
        let config = config(&[]).unwrap();
        assert_eq!(config.address, DEFAULT_ADDRESS);
        assert!(!config.tls.skip_verify);
        assert_eq!(config.max_retries, 2);
    }

    // Rule 24
    #[test]
    fn a_configuration_does_not_print_its_token_or_key() {
        let mut config = config(&[("VAULT_TOKEN", "hunter2")]).unwrap();
        config.tls.client = Some((b"cert".to_vec(), b"hunter2".to_vec()));
        let shown = format!("{config:?}");
        assert!(!shown.contains("hunter2"), "{shown}");
        // As a list of bytes it would be told as well.
        assert!(!shown.contains("104, 117, 110"), "{shown}");
    }

    #[test]
    fn what_cannot_be_used_is_said() {
        let error = config(&[("VAULT_CACERT", "/nonexistent/ca.pem")]).unwrap_err();
        assert!(error.to_string().starts_with("cannot read /nonexistent/ca.pem"));
        assert!(config(&[("VAULT_MAX_RETRIES", "many")]).is_err());
        assert_eq!(config(&[("VAULT_CLIENT_TIMEOUT", "90s")]).unwrap().timeout, Duration::from_secs(90));
    }
}
