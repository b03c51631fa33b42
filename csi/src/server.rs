//! Which server is asked, and how it is trusted: what the node says, but for what it lets tenants say.

use std::{
    collections::HashMap,
    fs,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use strongroom_sdk::{Client, Config};

use crate::{Allowed, Error};

/// For one answer.
const LARGEST: usize = 4 << 20;

/// What the node's operator has said.
#[derive(Clone, Debug)]
pub struct Trust {
    pub server: Config,
    /// Where the auth method is mounted, unless a volume says otherwise.
    pub auth_mount: String,
    /// Whose tokens are presented.
    pub audience: String,
    /// The mount of what is asked for without one.
    pub mount: String,
    pub allowed: Allowed,
}

impl Trust {
    /// With the names that are usual: `kubernetes`, `vault`, `secret`.
    #[must_use]
    pub fn new(mut server: Config) -> Self {
        // The node has no business of its own with the server.
        server.token = None;
        server.max_answer = LARGEST;
        // Kubelet waits for two minutes and comes again: better soon without an answer.
        server.timeout = server.timeout.min(Duration::from_secs(10));
        server.max_retries = server.max_retries.min(1);
        server.deadline = server.deadline.min(Duration::from_secs(25));
        let (auth_mount, audience, mount) =
            ("kubernetes".to_owned(), "vault".to_owned(), "secret".to_owned());
        Self { server, auth_mount, audience, mount, allowed: Allowed::default() }
    }
}

/// What a volume says otherwise, and may.
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq)]
pub(crate) struct Overrides {
    pub(crate) address: Option<String>,
    pub(crate) namespace: Option<String>,
    pub(crate) ca_file: Option<String>,
    pub(crate) ca_directory: Option<String>,
    pub(crate) server_name: Option<String>,
    pub(crate) client_certificate: Option<String>,
    pub(crate) client_key: Option<String>,
    pub(crate) skips_verification: bool,
}

/// Clients without a token, which share their connections.
pub(crate) struct Servers {
    own: Config,
    /// As many as the allow-list can tell apart.
    clients: Mutex<HashMap<Overrides, Client>>,
}

impl Servers {
    pub(crate) fn new(trust: &Trust) -> Result<Self, Error> {
        let servers = Self { own: trust.server.clone(), clients: Mutex::default() };
        // What is wrong with the node's own configuration is told at once.
        servers.client(&Overrides::default())?;
        Ok(servers)
    }

    pub(crate) fn client(&self, said: &Overrides) -> Result<Client, Error> {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = clients.get(said) {
            return Ok(client.clone());
        }
        let client = Client::new(self.config(said)?)?;
        clients.insert(said.clone(), client.clone());
        Ok(client)
    }

    fn config(&self, said: &Overrides) -> Result<Config, Error> {
        let mut config = self.own.clone();
        if let Some(address) = &said.address {
            config.address.clone_from(address);
        }
        config.namespace = said.namespace.clone().or(config.namespace);
        if let Some(file) = &said.ca_file {
            config.tls.ca_pem = vec![read(file)?];
        } else if let Some(directory) = &said.ca_directory {
            let entries = fs::read_dir(directory).map_err(Error::io("read the directory of authorities"))?;
            let files = entries.flatten().map(|it| it.path()).filter(|it| it.is_file());
            config.tls.ca_pem = files.map(|it| read(&it.to_string_lossy())).collect::<Result<_, _>>()?;
        }
        config.tls.server_name = said.server_name.clone().or(config.tls.server_name);
        if let (Some(certificate), Some(key)) = (&said.client_certificate, &said.client_key) {
            config.tls.client = Some((read(certificate)?, read(key)?));
        }
        config.tls.skip_verify |= said.skips_verification;
        Ok(config)
    }
}

fn read(path: &str) -> Result<Vec<u8>, Error> {
    fs::read(path).map_err(Error::io("read a file that the node allows"))
}
