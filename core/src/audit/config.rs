//! What a device is told: from the configuration file, or from the API.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::Duration,
};

/// One audit device.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct DeviceConfig {
    /// Its path as `sys/audit` lists it: `file/`.
    pub path: String,
    pub description: String,
    /// The options as they were given, for listings.
    pub options: BTreeMap<String, String>,
    pub sink: SinkConfig,
    /// Accessors are hashed (`hmac_accessor`, on unless it is switched off).
    pub hash_accessors: bool,
    /// Paths and the names of fields are hashed too (`hash_names`).
    pub hash_names: bool,
    /// When lines must be on the medium (`audit_sync`).
    pub sync: Sync,
    /// A device that takes longer than this has failed (`deadline`).
    pub deadline: Duration,
    /// Lines wait no longer than this for a checkpoint that vouches for them.
    pub checkpoint_after: Duration,
    pub rotation: Rotation,
}

/// Where lines go.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum SinkConfig {
    /// A regular file that is appended to.
    File {
        path: PathBuf,
        mode: u32,
    },
    /// A ring of so many lines, in memory.
    Memory {
        lines: usize,
    },
    /// Nowhere: `/dev/null`. Every request is formatted and accepted.
    Null,
    Stdout,
    /// A file of any kind, opened as it is: what fails, blocks and fills up in tests.
    #[cfg(any(test, feature = "testing"))]
    Unchecked {
        path: PathBuf,
    },
}

/// When what was written is forced to the medium. `write(2)` has returned in either case.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Sync {
    /// Before a record counts as accepted.
    Always,
    /// Each second.
    #[default]
    Interval,
}

/// When a file is put aside and a new one begun. Zero: never.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Rotation {
    /// Bytes.
    pub size: u64,
    pub age: Duration,
    /// Old files that are kept; zero: all of them.
    pub keep: usize,
}

/// Why a device cannot be. The texts name options, never their values.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum BadDevice {
    #[error("audit device path is missing or malformed")]
    Path,
    #[error("unknown backend type")]
    Kind,
    #[error("file_path is required")]
    NoFilePath,
    #[error("the option \"{0}\" is not supported, because it would put secrets into the log")]
    Refused(&'static str),
    #[error("the option \"{option}\" is not {expected}")]
    Option { option: &'static str, expected: &'static str },
    #[error("unknown option \"{0}\"")]
    Unknown(String),
}

const DEFAULT_DEADLINE: Duration = Duration::from_secs(5);
const CHECKPOINT_AFTER: Duration = Duration::from_secs(1);
/// Read and write for the owner, read for a group: nothing that executes, nothing for all.
const ALLOWED_MODE: u32 = 0o660;

impl DeviceConfig {
    /// The file that it writes, if it is one.
    pub fn file_path(&self) -> Option<&Path> {
        match &self.sink {
            SinkConfig::File { path, .. } => Some(path),
            _ => None,
        }
    }

    /// A device with its options left at their defaults.
    pub fn new(path: &str, sink: SinkConfig) -> Self {
        Self {
            path: with_slash(path),
            description: String::new(),
            options: BTreeMap::new(),
            sink,
            hash_accessors: true,
            hash_names: false,
            sync: Sync::default(),
            deadline: DEFAULT_DEADLINE,
            checkpoint_after: CHECKPOINT_AFTER,
            rotation: Rotation::default(),
        }
    }

    /// The ring that `-dev` begins with.
    pub fn memory(path: &str) -> Self {
        Self::new(path, SinkConfig::Memory { lines: 16_384 })
    }

    /// A file at `file`, 0600.
    pub fn file(path: &str, file: impl Into<PathBuf>) -> Self {
        let file = file.into();
        let options = [("file_path".to_owned(), file.to_string_lossy().into_owned())].into();
        Self { options, ..Self::new(path, SinkConfig::File { path: file, mode: 0o600 }) }
    }

    /// A device of Vault's type `kind` (`file`) and options, as a stanza of the configuration file or a
    /// request gives them. Unknown options are refused: one that is misspelt would be one that is not heeded.
    pub fn parse(
        kind: &str,
        path: &str,
        description: &str,
        options: &BTreeMap<String, String>,
    ) -> Result<Self, BadDevice> {
        let bad_path =
            path.trim_matches('/').is_empty() || path.contains("//") || path.chars().any(char::is_control);
        if bad_path {
            return Err(BadDevice::Path);
        }
        if kind != "file" {
            return Err(BadDevice::Kind);
        }
        let mut device = Self {
            description: description.to_owned(),
            options: options.clone(),
            ..Self::new(path, SinkConfig::Null)
        };
        let mut file = None;
        let mut mode = 0o600;
        for (name, value) in options {
            let value = value.trim();
            match name.as_str() {
                "file_path" | "path" => file = Some(value),
                "mode" => mode = parse_mode(value)?,
                "format" if value == "json" => {}
                "format" => return Err(BadDevice::Option { option: "format", expected: "json" }),
                "hmac_accessor" => device.hash_accessors = boolean("hmac_accessor", value)?,
                "hash_names" => device.hash_names = boolean("hash_names", value)?,
                "log_raw" if !boolean("log_raw", value)? => {}
                "log_raw" => return Err(BadDevice::Refused("log_raw")),
                "prefix" if value.is_empty() => {}
                "prefix" => return Err(BadDevice::Refused("prefix")),
                "audit_sync" => device.sync = parse_sync(value)?,
                "deadline" => device.deadline = duration("deadline", value)?.max(Duration::from_millis(10)),
                "rotate_bytes" => device.rotation.size = number("rotate_bytes", value)?,
                "rotate_duration" => device.rotation.age = duration("rotate_duration", value)?,
                "rotate_max_files" => {
                    device.rotation.keep =
                        usize::try_from(number("rotate_max_files", value)?).unwrap_or(usize::MAX);
                }
                other => return Err(BadDevice::Unknown(other.to_owned())),
            }
        }
        device.sink = match file.filter(|it| !it.is_empty()) {
            None => return Err(BadDevice::NoFilePath),
            Some("stdout") => SinkConfig::Stdout,
            Some("discard" | "/dev/null") => SinkConfig::Null,
            Some(path) => SinkConfig::File { path: path.into(), mode },
        };
        Ok(device)
    }

    /// As `sys/audit` lists it.
    pub fn kind(&self) -> &'static str {
        match self.sink {
            SinkConfig::Memory { .. } => "memory",
            _ => "file",
        }
    }

    /// Whether its chain goes on after a restart.
    pub(super) fn is_kept(&self) -> bool {
        matches!(self.sink, SinkConfig::File { .. })
    }
}

/// `file` and `file/` are one path.
pub(crate) fn with_slash(path: &str) -> String {
    format!("{}/", path.trim_matches('/'))
}

/// Octal; `0000` leaves the mode of an existing file, which for us means the default.
fn parse_mode(value: &str) -> Result<u32, BadDevice> {
    let bad = BadDevice::Option {
        option: "mode",
        expected: "an octal file mode without execution and without access for all",
    };
    match u32::from_str_radix(value, 8) {
        Ok(0) => Ok(0o600),
        Ok(mode) if mode & !ALLOWED_MODE == 0 => Ok(mode | 0o600),
        _ => Err(bad),
    }
}

fn parse_sync(value: &str) -> Result<Sync, BadDevice> {
    match value {
        "always" => Ok(Sync::Always),
        "interval" => Ok(Sync::Interval),
        _ => Err(BadDevice::Option { option: "audit_sync", expected: "always or interval" }),
    }
}

fn boolean(option: &'static str, value: &str) -> Result<bool, BadDevice> {
    match value.to_ascii_lowercase().as_str() {
        "1" | "t" | "true" => Ok(true),
        "0" | "f" | "false" => Ok(false),
        _ => Err(BadDevice::Option { option, expected: "a boolean" }),
    }
}

fn number(option: &'static str, value: &str) -> Result<u64, BadDevice> {
    value.parse().map_err(|_| BadDevice::Option { option, expected: "a number" })
}

/// Seconds, or a number with `ms`, `s`, `m` or `h`.
fn duration(option: &'static str, value: &str) -> Result<Duration, BadDevice> {
    let digits = value.trim_end_matches(|it: char| it.is_ascii_alphabetic());
    let unit = value.get(digits.len()..).unwrap_or_default();
    let amount = number(option, digits).map_err(|_| BadDevice::Option { option, expected: "a duration" })?;
    Ok(match unit {
        "ms" => Duration::from_millis(amount),
        "" | "s" => Duration::from_secs(amount),
        "m" => Duration::from_secs(amount.saturating_mul(60)),
        "h" => Duration::from_secs(amount.saturating_mul(3_600)),
        _ => return Err(BadDevice::Option { option, expected: "a duration" }),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(options: &[(&str, &str)]) -> Result<DeviceConfig, BadDevice> {
        let options = options.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        DeviceConfig::parse("file", "file", "d", &options)
    }

    #[test]
    fn a_file_is_private_unless_a_group_is_let_in() {
        let device = parse(&[("file_path", "/x/audit.log")]).unwrap();
        assert_eq!(device.sink, SinkConfig::File { path: "/x/audit.log".into(), mode: 0o600 });
        let device = parse(&[("file_path", "/x/audit.log"), ("mode", "0640")]).unwrap();
        assert_eq!(device.sink, SinkConfig::File { path: "/x/audit.log".into(), mode: 0o640 });
        assert_eq!(parse(&[("file_path", "stdout")]).unwrap().sink, SinkConfig::Stdout);
        assert_eq!(parse(&[("file_path", "/dev/null")]).unwrap().sink, SinkConfig::Null);
    }

    // Rule 95
    #[test]
    fn nothing_executable_no_prefix_and_no_other_kind() {
        for mode in ["0700", "0755", "777", "0644", "4600", "x"] {
            assert!(parse(&[("file_path", "/x"), ("mode", mode)]).is_err(), "{mode}");
        }
        assert_eq!(
            parse(&[("file_path", "/x"), ("prefix", "#!/bin/sh\n")]),
            Err(BadDevice::Refused("prefix"))
        );
        for kind in ["socket", "syslog", "http", "carrier-pigeon"] {
            let refused = DeviceConfig::parse(kind, "x", "", &BTreeMap::new());
            assert_eq!(refused, Err(BadDevice::Kind), "{kind}");
        }
    }

    // Rule 96
    #[test]
    fn there_is_no_raw_log() {
        assert_eq!(parse(&[("file_path", "/x"), ("log_raw", "true")]), Err(BadDevice::Refused("log_raw")));
        assert!(parse(&[("file_path", "/x"), ("log_raw", "false")]).is_ok());
        assert!(parse(&[("file_path", "/x"), ("log_rwa", "false")]).is_err());
    }

    #[test]
    fn durations_have_units() {
        for (text, expected) in [("5", 5_000), ("250ms", 250), ("2m", 120_000), ("24h", 86_400_000)] {
            assert_eq!(duration("deadline", text), Ok(Duration::from_millis(expected)));
        }
        for bad in ["", "h", "5d", "-1", "1.5s"] {
            assert!(duration("deadline", bad).is_err(), "{bad}");
        }
    }
}
