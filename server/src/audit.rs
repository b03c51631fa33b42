//! From the configuration's `audit` stanzas to devices. Audit is on by default.

use strongroom_core::audit::DeviceConfig;

use crate::{
    config::{AuditDevice, Config, Storage},
    error::ServerError,
};

/// The device that is there if none is configured.
const DEFAULT: &str = "file/";

/// The devices of a configuration: its own, or the default one, beside the store.
pub(crate) fn devices(config: &Config) -> Result<Vec<DeviceConfig>, ServerError> {
    if !config.audit.is_empty() {
        return config.audit.iter().map(device).collect();
    }
    Ok(vec![match &config.storage {
        Storage::Sqlite(dir) => DeviceConfig::file(DEFAULT, dir.join("audit").join("audit.log")),
        // What forgets its secrets when it ends need not keep its log longer.
        Storage::Memory => DeviceConfig::memory("memory/"),
    }])
}

fn device(stanza: &AuditDevice) -> Result<DeviceConfig, ServerError> {
    let options = stanza.options.iter().cloned().collect();
    let path = format!("{}/", stanza.name.trim_matches('/'));
    DeviceConfig::parse(&stanza.kind, &path, &stanza.description, &options)
        .map_err(|why| ServerError::Audit { name: stanza.name.clone(), why: why.to_string() })
}
