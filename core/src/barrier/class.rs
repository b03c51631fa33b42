//! What a row is: the first byte of its key.

/// The kinds of rows. Each has a subkey of its own and a part of the digest.
///
/// The numbers are the format (docs/storage-format.md): never reuse one.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[repr(u8)]
pub enum Class {
    /// The store's header, seal configuration, keyring and head. Sealed by other means than records are,
    /// and no part of the digest.
    Core = 0x00,
    Mount = 0x01,
    Policy = 0x02,
    /// Token entries, by selector.
    Token = 0x03,
    /// Parent to child, and path to token: what a revocation walks.
    TokenIndex = 0x04,
    /// What ends when: ordinals of time.
    Expiry = 0x05,
    Lease = 0x06,
    /// Roles, users and settings of secrets engines and auth methods.
    Config = 0x07,
    /// A KV secret: settings, version table, current version.
    Kv = 0x08,
    /// Versions of KV secrets that were displaced: ordinals of time.
    KvVersion = 0x09,
    /// Pieces of KV values too large for one record.
    KvChunk = 0x0a,
    Cubbyhole = 0x0b,
    Holding = 0x0c,
    Identity = 0x0d,
    /// Single-use ids and what a login counts: AppRole secret-ids, lockouts.
    Login = 0x0e,
    Audit = 0x0f,
    /// Work to be finished: purges, failed revocations.
    Queue = 0x10,
    /// Settings of the system itself.
    System = 0x11,
}

impl Class {
    pub const ALL: [Self; 18] = [
        Self::Core,
        Self::Mount,
        Self::Policy,
        Self::Token,
        Self::TokenIndex,
        Self::Expiry,
        Self::Lease,
        Self::Config,
        Self::Kv,
        Self::KvVersion,
        Self::KvChunk,
        Self::Cubbyhole,
        Self::Holding,
        Self::Identity,
        Self::Login,
        Self::Audit,
        Self::Queue,
        Self::System,
    ];

    pub const fn id(self) -> u8 {
        self as u8
    }

    /// As reports and operators call it: `token`, `kvversion`.
    pub fn name(self) -> String {
        format!("{self:?}").to_lowercase()
    }

    pub fn from_id(id: u8) -> Option<Self> {
        Self::ALL.get(usize::from(id)).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_class_is_found_by_its_id() {
        for class in Class::ALL {
            assert_eq!(Class::from_id(class.id()), Some(class));
        }
        assert_eq!(Class::from_id(18), None);
    }
}
