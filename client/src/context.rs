//! What every command has: a client, an output, and the way from a typed path to a mount.

use std::collections::BTreeMap;

use serde::Deserialize;
use strongroom_sdk::{
    Call, Client, Config, Error, Method,
    env::{self, Environment},
};

use crate::{
    failure::Failure,
    output::{Format, Output},
};

/// The default mount, which exists after every init.
const DEFAULT_MOUNT: &str = "secret";

pub(crate) struct Context {
    pub(crate) client: Client,
    pub(crate) output: Output,
    default_mount: String,
    /// `-mount` was typed: paths are below it, whatever they look like.
    is_mount_typed: bool,
    wrap_ttl: Option<std::time::Duration>,
}

/// Options that every command takes.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct Global {
    /// The server: https://host:port or unix:///path [env: STRONGROOM_ADDR, BAO_ADDR, VAULT_ADDR]
    #[arg(long, global = true, value_name = "URL", help_heading = "Connection")]
    pub(crate) address: Option<String>,
    /// File with the CA certificate that the server's must come from
    #[arg(long, global = true, value_name = "FILE", help_heading = "Connection")]
    pub(crate) ca_cert: Option<String>,
    /// Directory of CA certificates that the server's must come from
    #[arg(long, global = true, value_name = "DIR", help_heading = "Connection")]
    pub(crate) ca_path: Option<String>,
    /// File with the client's certificate
    #[arg(long, global = true, value_name = "FILE", help_heading = "Connection", requires = "client_key")]
    pub(crate) client_cert: Option<String>,
    /// File with the client's key
    #[arg(long, global = true, value_name = "FILE", help_heading = "Connection")]
    pub(crate) client_key: Option<String>,
    /// The name that the server's certificate must be for
    #[arg(long, global = true, value_name = "NAME", help_heading = "Connection")]
    pub(crate) tls_server_name: Option<String>,
    /// Trust whoever answers: for a laptop
    #[arg(long, global = true, help_heading = "Connection")]
    pub(crate) tls_skip_verify: bool,
    /// The namespace
    #[arg(long, global = true, value_name = "NAME", help_heading = "Connection")]
    pub(crate) namespace: Option<String>,
    /// How to print [env: STRONGROOM_FORMAT, BAO_FORMAT, VAULT_FORMAT]
    #[arg(long, global = true, value_parser = Format::NAMES, help_heading = "Output")]
    pub(crate) format: Option<String>,
    /// Print this field's value alone
    #[arg(long, global = true, value_name = "NAME", help_heading = "Output")]
    pub(crate) field: Option<String>,
    /// Have the answer wrapped for so long (60s, 5m)
    #[arg(long, global = true, value_name = "TTL", help_heading = "Output")]
    pub(crate) wrap_ttl: Option<String>,
    /// The mount that paths are below if they name none [default: secret]
    #[arg(long, global = true, value_name = "MOUNT", help_heading = "Connection")]
    pub(crate) mount: Option<String>,
}

impl Context {
    pub(crate) fn new(global: &Global, environment: &dyn Environment) -> Result<Self, Failure> {
        let mut config = Config::from_env(environment)?;
        if let Some(address) = &global.address {
            config.address = address.clone();
        }
        if let Some(file) = &global.ca_cert {
            config.tls.ca_pem = vec![read(file)?];
        } else if let Some(dir) = &global.ca_path {
            config.tls.ca_pem = read_all(dir)?;
        }
        if let (Some(cert), Some(key)) = (&global.client_cert, &global.client_key) {
            config.tls.client = Some((read(cert)?, read(key)?));
        }
        if global.tls_server_name.is_some() {
            config.tls.server_name.clone_from(&global.tls_server_name);
        }
        config.tls.skip_verify |= global.tls_skip_verify;
        if global.namespace.is_some() {
            config.namespace.clone_from(&global.namespace);
        }
        let wrap_ttl = global.wrap_ttl.as_deref().map(|text| {
            strongroom_api::params::parse_duration(text)
                .ok_or_else(|| Failure::new("-wrap-ttl is not a duration").hint("write it as 60s or 5m"))
        });
        let mount = global.mount.clone().or_else(|| env::find(environment, env::names::MOUNT));
        Ok(Self {
            client: Client::new(config)?,
            output: Output::read(global, environment)?,
            default_mount: mount
                .map_or_else(|| DEFAULT_MOUNT.to_owned(), |it| it.trim_matches('/').to_owned()),
            is_mount_typed: global.mount.is_some(),
            wrap_ttl: wrap_ttl.transpose()?,
        })
    }

    /// Without what people type: a client, and where paths lie that name no mount.
    pub(crate) fn of(client: Client, mount: &str) -> Self {
        Self {
            client,
            output: Output::default(),
            default_mount: mount.to_owned(),
            is_mount_typed: false,
            wrap_ttl: None,
        }
    }

    /// Where paths lie that name no mount.
    #[cfg(feature = "scan")]
    pub(crate) fn default_mount(&self) -> &str {
        &self.default_mount
    }

    /// What the default mount is if it is not KV version 2; `None` too where no mount may be seen.
    #[cfg(feature = "scan")]
    pub(crate) async fn unfit_mount(&self) -> Result<Option<&'static str>, Failure> {
        let mounts = self.mounts().await?;
        let is_seen = !mounts.is_empty();
        Ok(match mounts.get(&format!("{}/", self.default_mount)) {
            None => is_seen.then_some("no mount"),
            // A cubbyhole is one of each token's own.
            Some(it) if !matches!(it.kind.as_str(), "generic" | "kv") => Some("no KV mount"),
            Some(it) if it.version() != 2 => Some("a KV version 1 mount"),
            Some(_) => None,
        })
    }

    /// A call whose answer is wrapped if `-wrap-ttl` says so.
    pub(crate) fn wrapped(&self, method: Method, path: impl Into<String>) -> Call<'_> {
        let call = self.client.call(method, path);
        match self.wrap_ttl {
            Some(ttl) => call.wrap(ttl),
            None => call,
        }
    }

    /// Finds the mount of a typed path: if its first segments name one it stands as typed, else it lies below
    /// the default mount.
    pub(crate) async fn locate(&self, typed: &str) -> Result<Located, Failure> {
        let typed = typed.trim_start_matches('/');
        let mounts = self.mounts().await?;
        let version_of = |path: &str| mounts.get(path).map(Mount::version);
        let full = format!("{}/", typed.trim_end_matches('/'));
        if !typed.is_empty()
            && !self.is_mount_typed
            && let Some((path, mount)) = mounts.iter().find(|(path, _)| full.starts_with(path.as_str()))
        {
            let rest = typed.strip_prefix(path.trim_end_matches('/')).unwrap_or_default();
            let rest = rest.trim_start_matches('/').to_owned();
            let (version, is_kv) = (mount.version(), mount.is_kv());
            return Ok(Located { version, is_kv, mount: path.clone(), path: rest });
        }
        // Who may not see the mount still means it by its name.
        let typed = match typed.split_once('/') {
            Some((first, rest)) if first == self.default_mount && !self.is_mount_typed => rest,
            _ => typed,
        };
        let mount = format!("{}/", self.default_mount);
        let is_kv = mounts.get(&mount).is_none_or(Mount::is_kv);
        let version = version_of(&mount).unwrap_or(2);
        Ok(Located { version, is_kv, mount, path: typed.to_owned() })
    }

    /// The secrets engines that the token may have to do with, by path. All at once: asking for the mount of a path
    /// that has none would be refused, and stand in the audit log as a denial.
    async fn mounts(&self) -> Result<BTreeMap<String, Mount>, Failure> {
        let asked = self.client.call(Method::Get, "sys/internal/ui/mounts").send().await;
        match asked {
            Ok(answer) => Ok(answer.data::<Mounts>()?.secret),
            // What may not be seen: the read itself will tell.
            Err(Error::Api { status: 403 | 404, .. }) => Ok(BTreeMap::new()),
            Err(error) => Err(error.into()),
        }
    }
}

/// A path within a mount.
#[derive(Clone, Debug)]
pub(crate) struct Located {
    /// With a trailing slash.
    pub(crate) mount: String,
    pub(crate) path: String,
    /// Of the KV engine: 1 or 2.
    pub(crate) version: u8,
    /// What lies there is a secret that somebody wrote; also if the mount may not be seen.
    pub(crate) is_kv: bool,
}

impl Located {
    /// The API path of `kind` (`data`, `metadata`, ...) for version 2, the plain one for version 1.
    pub(crate) fn api(&self, kind: &str) -> String {
        match self.version {
            1 => format!("{}{}", self.mount, self.path),
            _ => format!("{}{kind}/{}", self.mount, self.path),
        }
    }
}

#[derive(Deserialize)]
struct Mounts {
    secret: BTreeMap<String, Mount>,
}

#[derive(Deserialize)]
struct Mount {
    #[serde(rename = "type", default)]
    kind: String,
    options: Option<BTreeMap<String, String>>,
}

impl Mount {
    fn version(&self) -> u8 {
        let version = self.options.as_ref().and_then(|it| it.get("version"));
        if version.is_some_and(|it| it == "2") { 2 } else { 1 }
    }

    fn is_kv(&self) -> bool {
        matches!(self.kind.as_str(), "cubbyhole" | "generic" | "kv")
    }
}

/// The files of a directory.
fn read_all(dir: &str) -> Result<Vec<Vec<u8>>, Failure> {
    let entries =
        std::fs::read_dir(dir).map_err(|error| Failure::new(format!("cannot read {dir}: {error}")))?;
    let files = entries.flatten().map(|it| it.path()).filter(|it| it.is_file());
    files.map(|it| read(&it.to_string_lossy())).collect()
}

fn read(path: &str) -> Result<Vec<u8>, Failure> {
    std::fs::read(path).map_err(|error| Failure::new(format!("cannot read {path}: {error}")))
}
