//! One file after the other into a draft, and the draft into a configuration.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use strongroom_api::params::parse_duration;
use strongroom_core::Answers;
use strongroom_hcl::{BlockView, BodyView, ReadError, Reader};

use super::{
    AuditDevice, Config, ConfigError, Log, Seal, Storage, Telemetry, keys,
    listener::{self, Listener},
};

/// 768 h, as Vault.
const DEFAULT_TTL: Duration = Duration::from_secs(768 * 3600);

pub(crate) const CLUSTER: &str = "strongroom";

#[derive(Default)]
pub(super) struct Draft {
    storage: Option<Storage>,
    listeners: Vec<Listener>,
    seal: Option<Seal>,
    audit: Vec<AuditDevice>,
    answers: Answers,
    audit_by_api: bool,
    api_addr: Option<String>,
    cluster_addr: Option<String>,
    cluster_name: Option<String>,
    default_lease_ttl: Option<Duration>,
    max_lease_ttl: Option<Duration>,
    disable_mlock: bool,
    ui: bool,
    log: Log,
    telemetry: Telemetry,
    warnings: Vec<String>,
}

pub(super) type Result<T> = std::result::Result<T, ReadError>;

pub(super) fn duration(reader: &Reader<'_>, body: BodyView<'_>, name: &str) -> Result<Option<Duration>> {
    reader.parsed(body, name, "a duration", parse_duration)
}

impl Draft {
    pub(super) fn read(&mut self, path: &Path, text: &str) -> Result<()> {
        let mut source = Reader::new(path, text);
        let parsed = source.parse()?;
        let body = parsed.view();
        source.check_keys(body, &keys::TOP, "the configuration")?;
        self.read_scalars(&source, body)?;
        for kind in ["storage", "backend"] {
            for block in source.blocks(body, kind, 1)? {
                self.storage = Some(storage(&mut source, &block)?);
            }
        }
        for block in source.blocks(body, "listener", 1)? {
            self.listeners.push(listener::read(&mut source, &block)?);
        }
        for block in source.blocks(body, "seal", 1)? {
            self.seal = Some(seal(&mut source, &block)?);
        }
        for block in source.blocks(body, "audit", 2)? {
            self.audit.push(audit(&mut source, &block)?);
        }
        for block in source.blocks(body, "telemetry", 0)? {
            source.check_keys(block.body, &keys::TELEMETRY, "telemetry")?;
            self.telemetry = Telemetry {
                disable_hostname: source.bool(block.body, "disable_hostname")?.unwrap_or(false),
                prometheus_retention: duration(&source, block.body, "prometheus_retention_time")?,
            };
        }
        self.warnings.append(&mut source.warnings);
        Ok(())
    }

    fn read_scalars(&mut self, source: &Reader<'_>, body: BodyView<'_>) -> Result<()> {
        let replace = |old: &mut Option<String>, new: Option<String>| {
            if new.is_some() {
                *old = new;
            }
        };
        replace(&mut self.api_addr, source.text(body, "api_addr")?);
        replace(&mut self.cluster_addr, source.text(body, "cluster_addr")?);
        replace(&mut self.cluster_name, source.text(body, "cluster_name")?);
        self.default_lease_ttl = duration(source, body, "default_lease_ttl")?.or(self.default_lease_ttl);
        self.max_lease_ttl = duration(source, body, "max_lease_ttl")?.or(self.max_lease_ttl);
        self.disable_mlock = source.bool(body, "disable_mlock")?.unwrap_or(self.disable_mlock);
        self.ui = source.bool(body, "ui")?.unwrap_or(self.ui);
        let by_api = source.bool(body, "unsafe_allow_api_audit_creation")?;
        self.audit_by_api = by_api.unwrap_or(self.audit_by_api);
        if let Some(attr) = body.single("answers").map_err(|it| source.at(it))? {
            self.answers = match attr.as_str().map_err(|it| source.at(it))? {
                "openbao" => Answers::OpenBao,
                "vault" => Answers::Vault,
                _ => return Err(source.at(attr.mismatch("openbao or vault"))),
            };
        }
        if let Some(attr) = body.single("log_level").map_err(|it| source.at(it))? {
            let level = attr.as_str().map_err(|it| source.at(it))?;
            self.log.level = Log::level_of(level)
                .ok_or_else(|| source.at(attr.mismatch("trace, debug, info, warn or error")))?;
        }
        if let Some(attr) = body.single("log_format").map_err(|it| source.at(it))? {
            self.log.json = match attr.as_str().map_err(|it| source.at(it))? {
                "json" => true,
                "standard" | "" => false,
                _ => return Err(source.at(attr.mismatch("standard or json"))),
            };
        }
        Ok(())
    }

    pub(super) fn finish(self) -> std::result::Result<Config, ConfigError> {
        if self.listeners.is_empty() {
            return Err(ConfigError::Missing("listener"));
        }
        if self.storage.is_none() {
            return Err(ConfigError::Missing("storage"));
        }
        Ok(self.finish_for_dev())
    }

    pub(super) fn finish_for_dev(self) -> Config {
        Config {
            storage: self.storage.unwrap_or(Storage::Memory),
            listeners: self.listeners,
            seal: self.seal.unwrap_or(Seal::Shamir),
            answers: self.answers,
            audit: self.audit,
            audit_by_api: self.audit_by_api,
            api_addr: self.api_addr,
            cluster_addr: self.cluster_addr,
            cluster_name: self.cluster_name.filter(|it| !it.is_empty()).unwrap_or_else(|| CLUSTER.to_owned()),
            default_lease_ttl: self.default_lease_ttl.filter(|it| !it.is_zero()).unwrap_or(DEFAULT_TTL),
            max_lease_ttl: self.max_lease_ttl.filter(|it| !it.is_zero()).unwrap_or(DEFAULT_TTL),
            disable_mlock: self.disable_mlock,
            ui: self.ui,
            log: self.log,
            telemetry: self.telemetry,
            warnings: self.warnings,
        }
    }
}

impl Log {
    /// A level in the spellings of Vault.
    pub fn level_of(text: &str) -> Option<&'static str> {
        match text.to_ascii_lowercase().as_str() {
            "trace" => Some("trace"),
            "debug" => Some("debug"),
            "info" | "notice" | "" => Some("info"),
            "warn" | "warning" => Some("warn"),
            "error" | "err" => Some("error"),
            _ => None,
        }
    }
}

fn storage(source: &mut Reader<'_>, block: &BlockView<'_>) -> Result<Storage> {
    let kind = block.label(0);
    let path = |source: &Reader<'_>| -> Result<PathBuf> {
        let path = source.text(block.body, "path")?.filter(|it| !it.is_empty());
        path.map(PathBuf::from)
            .ok_or_else(|| source.refuse(block.key, format!("storage \"{kind}\" needs a `path`")))
    };
    match kind {
        "inmem" => {
            source.check_keys(block.body, &keys::MEMORY, "storage \"inmem\"")?;
            Ok(Storage::Memory)
        }
        "sqlite" => {
            source.check_keys(block.body, &keys::SQLITE, "storage \"sqlite\"")?;
            Ok(Storage::Sqlite(path(source)?))
        }
        "file" | "raft" => {
            source.check_keys(block.body, &keys::FILE_OR_RAFT, &format!("storage \"{kind}\""))?;
            source
                .warnings
                .push(format!("storage \"{kind}\" is taken as storage \"sqlite\" at the same path"));
            Ok(Storage::Sqlite(path(source)?))
        }
        other if keys::OTHER_STORAGES.contains(&other) => Err(source.refuse(
            block.key,
            format!("storage \"{other}\" needs another product; use storage \"sqlite\" {{ path = \"DIR\" }}"),
        )),
        _ => Err(source.refuse(block.key, "unknown storage; use storage \"sqlite\" or \"inmem\"")),
    }
}

fn seal(source: &mut Reader<'_>, block: &BlockView<'_>) -> Result<Seal> {
    let needs = |what: &str| format!("seal \"{}\" needs a `{what}`", block.label(0));
    match block.label(0) {
        "shamir" => {
            source.check_keys(block.body, &keys::SEAL_PLAIN, "seal \"shamir\"")?;
            Ok(Seal::Shamir)
        }
        "passphrase" => {
            source.check_keys(block.body, &keys::SEAL_PLAIN, "seal \"passphrase\"")?;
            Ok(Seal::Passphrase)
        }
        "keyfile" => {
            source.check_keys(block.body, &keys::SEAL_KEY_FILE, "seal \"keyfile\"")?;
            let path = source.text(block.body, "path")?.filter(|it| !it.is_empty());
            path.map(|it| Seal::KeyFile(it.into())).ok_or_else(|| source.refuse(block.key, needs("path")))
        }
        "credential" => {
            source.check_keys(block.body, &keys::SEAL_CREDENTIAL, "seal \"credential\"")?;
            let name = source.text(block.body, "name")?;
            // The name becomes a part of a path.
            let name = name.filter(|it| !it.is_empty() && !it.contains('/') && it != "." && it != "..");
            name.map(Seal::Credential).ok_or_else(|| source.refuse(block.key, needs("name")))
        }
        other if keys::OTHER_SEALS.contains(&other) => Err(source.refuse(
            block.key,
            format!("seal \"{other}\" needs a key service; use shamir, passphrase, keyfile or credential"),
        )),
        _ => Err(source.refuse(block.key, "unknown seal; use shamir, passphrase, keyfile or credential")),
    }
}

fn audit(source: &mut Reader<'_>, block: &BlockView<'_>) -> Result<AuditDevice> {
    source.check_keys(block.body, &keys::AUDIT, "audit")?;
    let mut options = Vec::new();
    for found in source.blocks(block.body, "options", 0)? {
        for (key, value) in found.body.attrs() {
            let text = value.as_text().map_err(|it| source.at(it))?;
            options.push((key.name.to_owned(), text.to_owned()));
        }
    }
    let name = source.text(block.body, "path")?.unwrap_or_else(|| block.label(1).to_owned());
    Ok(AuditDevice {
        kind: block.label(0).to_owned(),
        name: name.trim_matches('/').to_owned(),
        description: source.text(block.body, "description")?.unwrap_or_default(),
        local: source.bool(block.body, "local")?.unwrap_or(false),
        options,
    })
}
