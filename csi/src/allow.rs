//! What a tenant may say of servers: nothing, unless the node's operator has said the same before.

/// The attributes that say which server is asked and how it is trusted, by their stock names.
pub(crate) const GUARDED: [&str; 9] = [
    "vaultAddress",
    "vaultNamespace",
    "vaultCACertPath",
    "vaultCADirectory",
    "vaultTLSServerName",
    "vaultTLSClientCertPath",
    "vaultTLSClientKeyPath",
    "vaultSkipTLSVerify",
    "audience",
];

/// Attributes with their values, exactly: `vaultAddress=https://vault.team-a:8200`.
#[derive(Clone, Debug, Default)]
pub struct Allowed(Vec<(&'static str, String)>);

#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum BadAllowance {
    #[error("write ATTRIBUTE=VALUE")]
    Form,
    #[error("no attribute of that name needs to be allowed: one of {}", GUARDED.join(", "))]
    Unknown,
}

impl Allowed {
    /// Adds `ATTRIBUTE=VALUE`.
    pub fn add(&mut self, text: &str) -> Result<(), BadAllowance> {
        let (key, value) = text.split_once('=').ok_or(BadAllowance::Form)?;
        let key = GUARDED.into_iter().find(|it| *it == key).ok_or(BadAllowance::Unknown)?;
        self.0.push((key, value.to_owned()));
        Ok(())
    }

    // Rule 123
    pub(crate) fn has(&self, key: &str, value: &str) -> bool {
        self.0.iter().any(|(known, allowed)| *known == key && allowed == value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Rule 123
    #[test]
    fn only_what_was_said_word_for_word_is_allowed() {
        let mut allowed = Allowed::default();
        allowed.add("vaultAddress=https://a:8200").unwrap();
        assert!(allowed.has("vaultAddress", "https://a:8200"));
        for (key, value) in [
            ("vaultAddress", "https://a:8200/"),
            ("vaultAddress", "https://a:8200.evil"),
            ("vaultAddress", ""),
            ("vaultNamespace", "https://a:8200"),
        ] {
            assert!(!allowed.has(key, value), "{key}={value}");
        }
        assert_eq!(allowed.add("vaultAddress"), Err(BadAllowance::Form));
        assert_eq!(allowed.add("objects=x"), Err(BadAllowance::Unknown));
    }
}
