//! Text that is not printed by accident and is wiped when dropped.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

/// A token, a password.
#[derive(Clone, Default)]
pub struct SecretString(Zeroizing<String>);

impl SecretString {
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    pub fn expose(&self) -> &str {
        &self.0
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether another one holds the same, in time that depends on the lengths alone.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        self.expose().as_bytes().ct_eq(other.expose().as_bytes()).into()
    }

    /// The text of a file that holds one and no more: what agents and orchestrators leave.
    pub(crate) fn from_file(path: &std::path::Path) -> Result<Self, crate::Error> {
        let text = std::fs::read_to_string(path).map(Zeroizing::new);
        let text = text.map_err(|error| crate::config::unreadable(&path.to_string_lossy(), &error))?;
        match text.trim() {
            "" => Err(crate::Error::Config(format!("{} is empty", path.display()))),
            text => Ok(Self::new(text)),
        }
    }
}

impl fmt::Debug for SecretString {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretString(…)")
    }
}

impl<'de> Deserialize<'de> for SecretString {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        String::deserialize(reader).map(Self::new)
    }
}

/// So that an application's own type with a password in it can be written as a secret.
impl Serialize for SecretString {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.serialize_str(self.expose())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Rule 24
    #[test]
    fn a_secret_does_not_print_itself() {
        let secret = SecretString::new("hunter2");
        assert_eq!(format!("{secret:?}"), "SecretString(…)");
        assert_eq!(secret.expose(), "hunter2");
        assert!(
            secret.is_same(&SecretString::new("hunter2")) && !secret.is_same(&SecretString::new("hunter3"))
        );
        assert!(SecretString::new("").is_empty());
    }
}
