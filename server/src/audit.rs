//! From the configuration's `audit` stanzas to devices. Audit is on by default.

use std::{
    fs::{DirBuilder, OpenOptions},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
};

use rustix::fs::OFlags;
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

/// Refuses to start where a log cannot be written: every request would be refused for that, one by one. What is
/// missing is made, as the device would make it.
pub(crate) fn check(devices: &[DeviceConfig]) -> Result<(), ServerError> {
    for path in devices.iter().filter_map(DeviceConfig::file_path) {
        let failed = |source| ServerError::AuditFile { path: path.to_owned(), source };
        if let Some(folder) = path.parent().filter(|it| !it.as_os_str().is_empty()) {
            DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(failed)?;
        }
        // Opening a pipe must not wait for its other end.
        let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
        let flags = i32::try_from(flags.bits()).unwrap_or(0);
        OpenOptions::new()
            .append(true)
            .create(true)
            .mode(0o600)
            .custom_flags(flags)
            .open(path)
            .map_err(failed)?;
    }
    Ok(())
}

fn device(stanza: &AuditDevice) -> Result<DeviceConfig, ServerError> {
    let options = stanza.options.iter().cloned().collect();
    let path = format!("{}/", stanza.name.trim_matches('/'));
    DeviceConfig::parse(&stanza.kind, &path, &stanza.description, &options)
        .map_err(|why| ServerError::Audit { name: stanza.name.clone(), why: why.to_string() })
}
