//! Networks that a token or a role is bound to.

use std::{
    fmt,
    net::{IpAddr, Ipv6Addr},
    str::FromStr,
};

/// The network that stands for a peer where peers are counted: an IPv4 address, or the /64 that one IPv6 host has
/// to itself.
pub fn network_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into(),
        address => address,
    }
}

/// An address and the length of its network's prefix: `10.0.0.0/8`, `::1/128`, or an address alone. An IPv4
/// network in IPv6's clothes (`::ffff:10.0.0.0/104`) is the IPv4 network.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Cidr {
    address: IpAddr,
    prefix: u8,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("not a network in CIDR notation")]
pub struct BadCidr;

impl Cidr {
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(network), IpAddr::V4(address)) => {
                let mask = u32::MAX.checked_shl(32_u32.saturating_sub(u32::from(self.prefix))).unwrap_or(0);
                network.to_bits() & mask == address.to_bits() & mask
            }
            (IpAddr::V6(network), IpAddr::V6(address)) => {
                let mask = u128::MAX.checked_shl(128_u32.saturating_sub(u32::from(self.prefix))).unwrap_or(0);
                network.to_bits() & mask == address.to_bits() & mask
            }
            _ => false,
        }
    }
}

impl Cidr {
    /// Whether all addresses of `other` are in this network.
    pub fn covers(&self, other: &Self) -> bool {
        self.address.is_ipv4() == other.address.is_ipv4()
            && self.prefix <= other.prefix
            && self.contains(other.address)
    }
}

impl FromStr for Cidr {
    type Err = BadCidr;

    fn from_str(text: &str) -> Result<Self, BadCidr> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix.parse::<u8>().map_err(|_| BadCidr)?)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| BadCidr)?;
        let widest = if address.is_ipv4() { 32 } else { 128 };
        let prefix = prefix.unwrap_or(widest);
        if prefix > widest {
            return Err(BadCidr);
        }
        let (address, prefix) = match (address, address.to_canonical()) {
            // Of a wider one IPv4 would be a part only.
            (IpAddr::V6(_), IpAddr::V4(inner)) => (inner.into(), prefix.checked_sub(96).ok_or(BadCidr)?),
            _ => (address, prefix),
        };
        Ok(Self { address, prefix })
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(network: &str, address: &str, expected: bool) {
        let network: Cidr = network.parse().unwrap();
        assert_eq!(network.contains(address.parse().unwrap()), expected);
    }

    #[test]
    fn a_network_covers_what_is_not_wider() {
        let covers = |a: &str, b: &str| a.parse::<Cidr>().unwrap().covers(&b.parse().unwrap());
        assert!(covers("10.0.0.0/8", "10.1.0.0/16"));
        assert!(covers("10.0.0.0/8", "10.0.0.0/8"));
        assert!(!covers("10.1.0.0/16", "10.0.0.0/8"));
        assert!(!covers("10.0.0.0/8", "11.0.0.0/16"));
        assert!(!covers("0.0.0.0/0", "::/0"));
        assert!(covers("::ffff:10.0.0.0/104", "10.1.0.0/16") && covers("10.0.0.0/8", "::ffff:10.1.0.0/112"));
    }

    // Rule 44
    #[test]
    fn an_address_is_in_its_network_only() {
        check("10.0.0.0/8", "10.1.2.3", true);
        check("10.0.0.0/8", "11.0.0.1", false);
        check("127.0.0.1", "127.0.0.1", true);
        check("127.0.0.1", "127.0.0.2", false);
        check("0.0.0.0/0", "8.8.8.8", true);
        check("0.0.0.0/0", "::1", false);
        check("10.0.0.0/8", "::ffff:10.1.2.3", true);
        check("fd00::/8", "fd12::1", true);
        check("fd00::/8", "fe80::1", false);
        check("::ffff:10.0.0.0/104", "10.1.2.3", true);
        check("::ffff:10.0.0.0/104", "::ffff:10.1.2.3", true);
        check("::ffff:10.0.0.0/104", "11.0.0.1", false);
        check("::ffff:0.0.0.0/96", "8.8.8.8", true);
        check("::ffff:10.0.0.1", "10.0.0.1", true);
        check("::ffff:10.0.0.1", "10.0.0.2", false);
        for bad in ["", "10.0.0.0/33", "10.0.0/8", "::/129", "host", "10.0.0.0/-1", "::ffff:10.0.0.0/95"] {
            assert!(bad.parse::<Cidr>().is_err(), "{bad}");
        }
    }
}
