//! Lease ids: the path that was asked, and a name.
//!
//! ```text
//! auth/userpass/login/ann/h…     a token: 65 characters (tokens/leases.rs)
//! secret/data/db/…               a holding: 64 hexadecimal digits, handle(16) ‖ serial(16)
//! database/creds/app/…           a lease: 40 hexadecimal digits, all of them random
//! ```
//!
//! A holding's handle is the token's selector under a keyed permutation, mixed with the secret's place: it
//! finds the row, and shows neither the token's accessor nor which holdings are one token's. The serial is 128
//! random bits that the row holds too. Knowing an id grants nothing.

use data_encoding::HEXLOWER;

use super::Leases;
use crate::{
    crypto::{CryptoError, random},
    ids::MountId,
    tokens::Selector,
};

const SERIAL: usize = 16;
const TAIL: usize = 20;

/// What an id names, by its shape.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum Id<'a> {
    Holding { path: &'a str, handle: [u8; 16], serial: [u8; SERIAL] },
    Lease { path: &'a str, tail: &'a str },
}

impl<'a> Id<'a> {
    pub(crate) fn parse(id: &'a str) -> Option<Self> {
        let (path, name) = id.rsplit_once('/')?;
        let bytes = HEXLOWER.decode(name.as_bytes()).ok()?;
        match bytes.len() {
            TAIL => Some(Self::Lease { path, tail: name }),
            _ => {
                let (handle, serial) = bytes.split_first_chunk::<16>()?;
                Some(Self::Holding { path, handle: *handle, serial: serial.try_into().ok()? })
            }
        }
    }
}

/// The name of a holding.
pub(crate) fn holding(handle: [u8; 16], serial: [u8; SERIAL]) -> String {
    let mut out = String::with_capacity(2 * (16 + SERIAL));
    HEXLOWER.encode_append(&handle, &mut out);
    HEXLOWER.encode_append(&serial, &mut out);
    out
}

/// The name of a new lease.
pub(crate) fn tail() -> Result<String, CryptoError> {
    Ok(HEXLOWER.encode(&random::bytes::<TAIL>()?))
}

impl Leases {
    /// What stands for a token in the ids of its holdings of one secret.
    pub(crate) fn handle(&self, mount: MountId, path: &str, selector: Selector) -> [u8; 16] {
        self.handles.permute(Selector(self.mix(mount, path, selector.0)))
    }

    /// The token whose handle this is.
    pub(crate) fn holder(&self, mount: MountId, path: &str, handle: [u8; 16]) -> Selector {
        Selector(self.mix(mount, path, self.handles.invert(handle).0))
    }

    fn mix(&self, mount: MountId, path: &str, mut bytes: [u8; 16]) -> [u8; 16] {
        let mask = self.mac.short(&[b"holding", mount.0.as_bytes(), path.as_bytes()]);
        bytes.iter_mut().zip(mask).for_each(|(byte, mask)| *byte ^= mask);
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{crypto::Key, crypto::mac::MacKey, tokens::Permutation};

    fn leases() -> Leases {
        let key = Key::from_slice(&[5; 32]).unwrap();
        Leases { mac: MacKey::new(&key), handles: Permutation::new(&key) }
    }

    #[test]
    fn ids_are_told_by_their_shape() {
        let tail = tail().unwrap();
        assert_eq!(
            Id::parse(&format!("db/creds/x/{tail}")),
            Some(Id::Lease { path: "db/creds/x", tail: &tail })
        );
        let name = holding([1; 16], [2; 16]);
        assert_eq!(
            Id::parse(&format!("secret/data/x/{name}")),
            Some(Id::Holding { path: "secret/data/x", handle: [1; 16], serial: [2; 16] })
        );
        for bad in ["", "x", "x/", "x/zz", &format!("x/{name}00"), &name] {
            assert_eq!(Id::parse(bad), None, "{bad}");
        }
    }

    // Rule 88: 160 and 128 random bits, and nothing of the token.
    #[test]
    fn ids_are_random_and_lead_back_only_with_the_key_and_the_place() {
        assert_ne!(tail().unwrap(), tail().unwrap());
        let (leases, mount) = (leases(), MountId::internal(77));
        let selector = Selector([9; 16]);
        let handle = leases.handle(mount, "data/a", selector);
        assert_ne!(handle, selector.0);
        assert_ne!(handle, leases.handle(mount, "data/b", selector));
        assert_eq!(leases.holder(mount, "data/a", handle), selector);
        assert_ne!(leases.holder(mount, "data/b", handle), selector);
        assert_ne!(leases.holder(MountId::internal(78), "data/a", handle), selector);
    }
}
