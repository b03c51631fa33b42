//! What a rule grants, and what a request asks for.

/// One right on a path.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[repr(u16)]
pub enum Capability {
    Create = 1,
    Delete = 1 << 1,
    Deny = 1 << 2,
    List = 1 << 3,
    Patch = 1 << 4,
    Read = 1 << 5,
    Scan = 1 << 6,
    Sudo = 1 << 7,
    Update = 1 << 8,
}

/// In the order in which they are shown.
const ALL: [Capability; 9] = [
    Capability::Create,
    Capability::Delete,
    Capability::Deny,
    Capability::List,
    Capability::Patch,
    Capability::Read,
    Capability::Scan,
    Capability::Sudo,
    Capability::Update,
];

impl Capability {
    /// As policies spell it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Delete => "delete",
            Self::Deny => "deny",
            Self::List => "list",
            Self::Patch => "patch",
            Self::Read => "read",
            Self::Scan => "scan",
            Self::Sudo => "sudo",
            Self::Update => "update",
        }
    }

    /// The capability of exactly this spelling; case counts.
    pub fn parse(word: &str) -> Option<Self> {
        ALL.into_iter().find(|it| it.as_str() == word)
    }
}

/// A set of capabilities. `deny` stands alone: adding it removes all else, and nothing joins it.
#[derive(Clone, Copy, Default, Eq, Hash, PartialEq)]
pub struct Capabilities(u16);

impl Capabilities {
    pub const NONE: Self = Self(0);

    pub fn insert(&mut self, capability: Capability) {
        *self = self.union(Self(capability as u16));
    }

    /// Both sets together; `deny` in either leaves only `deny`.
    #[must_use]
    pub fn union(self, other: Self) -> Self {
        let both = Self(self.0 | other.0);
        if both.contains(Capability::Deny) { Self(Capability::Deny as u16) } else { both }
    }

    pub fn contains(self, capability: Capability) -> bool {
        self.0 & capability as u16 != 0
    }

    /// Something is granted: the set is neither empty nor `deny`.
    pub fn grants_any(self) -> bool {
        self.0 != 0 && !self.contains(Capability::Deny)
    }

    /// In alphabetical order.
    pub fn iter(self) -> impl Iterator<Item = Capability> {
        ALL.into_iter().filter(move |it| self.contains(*it))
    }
}

impl FromIterator<Capability> for Capabilities {
    fn from_iter<T: IntoIterator<Item = Capability>>(iter: T) -> Self {
        let mut set = Self::NONE;
        for capability in iter {
            set.insert(capability);
        }
        set
    }
}

impl std::fmt::Debug for Capabilities {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

impl std::fmt::Display for Capabilities {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.0 == 0 {
            return f.write_str("none");
        }
        for (index, capability) in self.iter().enumerate() {
            if index > 0 {
                f.write_str(", ")?;
            }
            f.write_str(capability.as_str())?;
        }
        Ok(())
    }
}

/// What a request does to its path, as its HTTP method says.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Operation {
    Delete,
    List,
    Patch,
    Read,
    Scan,
    /// POST and PUT. Whether this creates or updates is only known inside of the write's transaction, so
    /// a decision carries both rights (see [`crate::Grant`]).
    Write,
}

impl Operation {
    /// Any one of these capabilities lets the operation pass.
    pub fn capabilities(self) -> &'static [Capability] {
        match self {
            Self::Delete => &[Capability::Delete],
            Self::List => &[Capability::List],
            Self::Patch => &[Capability::Patch],
            Self::Read => &[Capability::Read],
            Self::Scan => &[Capability::Scan],
            Self::Write => &[Capability::Create, Capability::Update],
        }
    }

    /// LIST and SCAN look at a folder: `p` and `p/` are one path to them.
    pub fn is_listing(self) -> bool {
        matches!(self, Self::List | Self::Scan)
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Delete => "delete",
            Self::List => "list",
            Self::Patch => "patch",
            Self::Read => "read",
            Self::Scan => "scan",
            Self::Write => "write",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Rule 48.
    #[test]
    fn deny_stands_alone() {
        let set: Capabilities = [Capability::Read, Capability::Deny, Capability::List].into_iter().collect();
        assert_eq!(set.to_string(), "deny");
        assert!(!set.grants_any());
    }

    #[test]
    fn spelling_round_trips_and_case_counts() {
        for capability in ALL {
            assert_eq!(Capability::parse(capability.as_str()), Some(capability));
        }
        assert_eq!(Capability::parse("READ"), None);
        assert_eq!(Capability::parse("root"), None);
    }

    #[test]
    fn sets_are_shown_in_alphabetical_order() {
        let names: Vec<_> = ALL.map(Capability::as_str).into();
        assert!(names.is_sorted());
    }
}
