//! The settings of a mount: how a client writes them, and how they are checked.

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize};
use strongroom_api::params::{Bool, Integer, List, Seconds, Text, parse_duration};

use super::{Config, Mount, MountClass, UserLockout};
use crate::{
    error::{Error, Result},
    settings::Settings,
};

/// What `tune`, and `config` when a mount is made, may hold. What is left out stays as it is.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Tuning {
    pub default_lease_ttl: Option<Text>,
    pub max_lease_ttl: Option<Text>,
    pub force_no_cache: Option<Bool>,
    pub listing_visibility: Option<Text>,
    pub audit_non_hmac_request_keys: Option<List>,
    pub audit_non_hmac_response_keys: Option<List>,
    pub passthrough_request_headers: Option<List>,
    pub allowed_response_headers: Option<List>,
    pub token_type: Option<Text>,
    pub user_lockout_config: Option<LockoutTuning>,
    pub plugin_version: Option<Text>,
}

#[derive(Clone, Debug, Default, Deserialize)]
pub struct LockoutTuning {
    pub lockout_threshold: Option<Integer>,
    pub lockout_duration: Option<Seconds>,
    pub lockout_counter_reset_duration: Option<Seconds>,
    pub lockout_disable: Option<Bool>,
}

impl Tuning {
    /// Changes the mount's settings; all or none.
    pub fn apply(&self, mount: &mut Mount) -> Result<()> {
        let mut config = mount.config.clone();
        if let Some(ttl) = &self.default_lease_ttl {
            config.default_lease_ttl = lease_ttl(ttl)?;
        }
        if let Some(ttl) = &self.max_lease_ttl {
            config.max_lease_ttl = lease_ttl(ttl)?;
        }
        let (default, max) = (config.default_lease_ttl, config.max_lease_ttl);
        if !max.is_zero() && default > max {
            return Err(Error::invalid(format!(
                "backend max lease TTL of {} would be less than backend default lease TTL of {}",
                max.as_secs(),
                default.as_secs()
            )));
        }
        if let Some(visibility) = &self.listing_visibility {
            match visibility.0.as_str() {
                "" | "hidden" | "unauth" => config.listing_visibility.clone_from(&visibility.0),
                other => {
                    let message = format!("invalid listing_visibility {}", crate::error::word(other));
                    return Err(Error::invalid(message));
                }
            }
        }
        let mut list = |from: &Option<List>, to: fn(&mut Config) -> &mut Vec<String>| {
            if let Some(items) = from {
                to(&mut config).clone_from(&items.0);
            }
        };
        list(&self.audit_non_hmac_request_keys, |it| &mut it.audit_non_hmac_request_keys);
        list(&self.audit_non_hmac_response_keys, |it| &mut it.audit_non_hmac_response_keys);
        list(&self.passthrough_request_headers, |it| &mut it.passthrough_request_headers);
        list(&self.allowed_response_headers, |it| &mut it.allowed_response_headers);
        if let Some(wanted) = &self.token_type {
            config.token_type = token_type(&wanted.0, mount)?;
        }
        if let Some(wanted) = &self.user_lockout_config {
            config.user_lockout = Some(wanted.over(config.user_lockout.take(), mount)?);
        }
        if self.plugin_version.as_ref().is_some_and(|it| !it.0.is_empty()) {
            return Err(Error::invalid("there is one version of each engine: the one that is built in"));
        }
        mount.config = config;
        Ok(())
    }

    /// As [`Tuning::apply`] for a mount that is being made.
    pub fn begin(&self, mount: &mut Mount, settings: &Settings) -> Result<()> {
        let ttl = |text: &Option<Text>, what| {
            let parsed = text.as_ref().map(lease_ttl).transpose();
            parsed
                .map(Option::unwrap_or_default)
                .map_err(|_| Error::invalid(format!("unable to parse {what} TTL: time: invalid duration")))
        };
        let default = ttl(&self.default_lease_ttl, "default")?;
        let max = ttl(&self.max_lease_ttl, "max")?;
        if !max.is_zero() && default > max {
            return Err(Error::invalid("given default lease TTL greater than given max lease TTL"));
        }
        if max.is_zero() && default > settings.max_lease_ttl {
            let seconds = settings.max_lease_ttl.as_secs();
            let message = format!("given default lease TTL greater than system max lease TTL of {seconds}");
            return Err(Error::invalid(message));
        }
        // Some tools send a token type for a secrets engine too; it has no meaning there.
        let token_type = self.token_type.clone().filter(|_| mount.class == MountClass::Auth);
        Self { token_type, ..self.clone() }.apply(mount)?;
        mount.config.force_no_cache = self.force_no_cache.unwrap_or_default().0;
        Ok(())
    }
}

impl LockoutTuning {
    fn over(&self, old: Option<UserLockout>, mount: &Mount) -> Result<UserLockout> {
        if mount.class != MountClass::Auth || !matches!(mount.kind.as_str(), "approle" | "ldap" | "userpass")
        {
            let message =
                format!("tuning of user lockout configuration for auth type \"{}\" not allowed", mount.kind);
            return Err(Error::invalid(message));
        }
        let old = old.unwrap_or(UserLockout {
            threshold: 0,
            duration: Duration::ZERO,
            counter_reset: Duration::ZERO,
            disable: false,
        });
        let threshold = self.lockout_threshold.map(|it| u64::try_from(it.0)).transpose();
        Ok(UserLockout {
            threshold: threshold
                .map_err(|_| Error::invalid("lockout_threshold cannot be negative"))?
                .unwrap_or(old.threshold),
            duration: self.lockout_duration.map_or(old.duration, |it| it.0),
            counter_reset: self.lockout_counter_reset_duration.map_or(old.counter_reset, |it| it.0),
            disable: self.lockout_disable.map_or(old.disable, |it| it.0),
        })
    }
}

/// Seconds or text with units; `system`, nothing and zero mean the system's.
fn lease_ttl(text: &Text) -> Result<Duration> {
    match text.0.as_str() {
        "system" => Ok(Duration::ZERO),
        text => parse_duration(text).ok_or_else(|| Error::invalid("time: invalid duration")),
    }
}

fn token_type(wanted: &str, mount: &Mount) -> Result<String> {
    if mount.class != MountClass::Auth {
        return Err(Error::invalid("'token_type' can only be modified on auth mounts"));
    }
    if mount.kind == "token" {
        return Err(Error::invalid("'token_type' cannot be set for 'token' or 'ns_token' auth mounts"));
    }
    match wanted {
        "" => Ok("default-service".to_owned()),
        "batch" | "default-batch" | "default-service" | "service" => Ok(wanted.to_owned()),
        _ => Err(Error::invalid("invalid value for 'token_type'")),
    }
}

/// The settings as `sys/mounts` and `sys/auth` show them. What is empty is left out.
#[derive(Debug, Serialize)]
pub struct ConfigView {
    default_lease_ttl: u64,
    force_no_cache: bool,
    max_lease_ttl: u64,
    #[serde(skip_serializing_if = "String::is_empty")]
    token_type: String,
    #[serde(flatten)]
    lists: Lists,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_lockout_config: Option<LockoutView>,
}

#[derive(Debug, Serialize)]
struct Lists {
    #[serde(skip_serializing_if = "String::is_empty")]
    listing_visibility: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    audit_non_hmac_request_keys: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    audit_non_hmac_response_keys: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    passthrough_request_headers: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    allowed_response_headers: Vec<String>,
}

#[derive(Debug, Serialize)]
struct LockoutView {
    user_lockout_counter_reset_duration: u64,
    user_lockout_disable: bool,
    user_lockout_duration: u64,
    user_lockout_threshold: u64,
}

/// What `tune` answers: with the TTLs that hold, the system's where the mount has none.
#[derive(Debug, Serialize)]
pub struct TuneView {
    default_lease_ttl: u64,
    max_lease_ttl: u64,
    force_no_cache: bool,
    description: String,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    external_entropy_access: bool,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    options: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "String::is_empty")]
    token_type: String,
    #[serde(flatten)]
    lists: Lists,
    #[serde(flatten)]
    lockout: Option<LockoutView>,
}

impl ConfigView {
    pub fn of(mount: &Mount) -> Self {
        Self {
            default_lease_ttl: mount.config.default_lease_ttl.as_secs(),
            force_no_cache: mount.config.force_no_cache,
            max_lease_ttl: mount.config.max_lease_ttl.as_secs(),
            token_type: shown_token_type(mount),
            lists: Lists::of(&mount.config),
            user_lockout_config: LockoutView::of(&mount.config),
        }
    }
}

impl TuneView {
    pub fn of(mount: &Mount, settings: &Settings) -> Self {
        let or = |own: Duration, system: Duration| if own.is_zero() { system } else { own }.as_secs();
        Self {
            default_lease_ttl: or(mount.config.default_lease_ttl, settings.default_lease_ttl),
            max_lease_ttl: or(mount.config.max_lease_ttl, settings.max_lease_ttl),
            force_no_cache: mount.config.force_no_cache,
            description: mount.description.clone(),
            external_entropy_access: mount.external_entropy_access,
            options: mount.options.clone(),
            token_type: shown_token_type(mount),
            lists: Lists::of(&mount.config),
            lockout: LockoutView::of(&mount.config),
        }
    }
}

impl Lists {
    fn of(config: &Config) -> Self {
        Self {
            listing_visibility: config.listing_visibility.clone(),
            audit_non_hmac_request_keys: config.audit_non_hmac_request_keys.clone(),
            audit_non_hmac_response_keys: config.audit_non_hmac_response_keys.clone(),
            passthrough_request_headers: config.passthrough_request_headers.clone(),
            allowed_response_headers: config.allowed_response_headers.clone(),
        }
    }
}

impl LockoutView {
    fn of(config: &Config) -> Option<Self> {
        config.user_lockout.as_ref().map(|it| Self {
            user_lockout_counter_reset_duration: it.counter_reset.as_secs(),
            user_lockout_disable: it.disable,
            user_lockout_duration: it.duration.as_secs(),
            user_lockout_threshold: it.threshold,
        })
    }
}

fn shown_token_type(mount: &Mount) -> String {
    match mount.class {
        MountClass::Auth if mount.config.token_type.is_empty() => "default-service".to_owned(),
        _ => mount.config.token_type.clone(),
    }
}
