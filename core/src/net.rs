//! Networks that a token or a role is bound to.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
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

/// Whether another server at this address may be asked at all. Not what is on the link alone, nor where clouds hand
/// out credentials to whoever asks from within a machine, in whatever clothes; nor what is no one host.
pub fn may_be_asked(address: IpAddr) -> bool {
    /// Where clouds answer besides 169.254.169.254: Alibaba, Oracle.
    const CLOUDS_V4: [Ipv4Addr; 2] = [Ipv4Addr::new(100, 100, 100, 200), Ipv4Addr::new(192, 0, 0, 192)];
    /// Amazon, Google.
    const CLOUDS_V6: [Ipv6Addr; 2] = [
        Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254),
        Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254),
    ];
    match address.to_canonical() {
        IpAddr::V4(it) => {
            let is_no_host = it.is_unspecified() || it.is_multicast() || it.is_broadcast();
            !(it.is_link_local() || is_no_host || CLOUDS_V4.contains(&it))
        }
        IpAddr::V6(it) => {
            let is_no_host = it.is_unspecified() || it.is_multicast();
            let within = embedded(it).is_none_or(|it| may_be_asked(it.into()));
            !(it.is_unicast_link_local() || is_no_host || CLOUDS_V6.contains(&it)) && within
        }
    }
}

/// The IPv4 address that an IPv6 address leads to: NAT64 (RFC 6052), 6to4 (RFC 3056), or IPv4-compatible.
fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let from = |high: u16, low: u16| Some(Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low)));
    match address.segments() {
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => from(high, low),
        [0x2002, high, low, ..] => from(high, low),
        [0, 0, 0, 0, 0, 0, high, low] if high != 0 => from(high, low),
        _ => None,
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

    // Rule 80
    #[test]
    fn what_is_on_the_link_alone_or_hands_out_credentials_is_never_asked() {
        for never in [
            "169.254.169.254",
            "169.254.0.1",
            "::ffff:169.254.169.254",
            "::169.254.169.254",
            "fe80::1",
            "febf::1",
            "64:ff9b::a9fe:a9fe",
            "2002:a9fe:a9fe::1",
            "fd00:ec2::254",
            "fd20:ce::254",
            "100.100.100.200",
            "192.0.0.192",
            "0.0.0.0",
            "::",
            "::ffff:0.0.0.0",
            "255.255.255.255",
            "224.0.0.1",
            "ff02::1",
        ] {
            assert!(!may_be_asked(never.parse().unwrap()), "{never}");
        }
        for fine in [
            "127.0.0.1",
            "::1",
            "10.0.0.1",
            "192.168.1.1",
            "8.8.8.8",
            "fd00::1",
            "2001:db8::1",
            "::ffff:10.0.0.1",
            "64:ff9b::808:808",
            "169.253.0.1",
            "169.255.0.1",
            "fec0::1",
        ] {
            assert!(may_be_asked(fine.parse().unwrap()), "{fine}");
        }
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
