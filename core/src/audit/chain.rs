//! The chain: each line is bound to all before it.
//!
//! A line is its body with two fields more at its end, `seq` and `chain`:
//!
//! ```text
//! chain(n) = SHA-256( chain(n-1) ‖ seq(n) as u64, big-endian ‖ SHA-256(body(n)) )
//! ```
//!
//! Sequence numbers begin at 1 after a chain of 32 zero bytes and go on through rotations and restarts.

use data_encoding::HEXLOWER;

use crate::crypto::mac::sha256;

/// Where a chain has got to: the last line's number and hash.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Head {
    pub seq: u64,
    pub chain: [u8; 32],
}

/// Between a body and its sequence number.
pub(super) const SEQ: &[u8] = b",\"seq\":";
/// Between the sequence number and the hash.
pub(super) const CHAIN: &[u8] = b",\"chain\":\"";

impl Head {
    /// The head after a line whose body has this hash.
    #[must_use]
    pub fn next(self, body: &[u8; 32]) -> Self {
        let seq = self.seq.saturating_add(1);
        Self { seq, chain: sha256(&[&self.chain, &seq.to_be_bytes(), body]) }
    }

    /// Appends the line for `body`, which is a JSON object, and moves on.
    pub(super) fn append(&mut self, out: &mut Vec<u8>, body: &[u8], hash: &[u8; 32]) {
        *self = self.next(hash);
        out.extend_from_slice(body.strip_suffix(b"}").unwrap_or(body));
        out.extend_from_slice(SEQ);
        out.extend_from_slice(itoa::Buffer::new().format(self.seq).as_bytes());
        out.extend_from_slice(CHAIN);
        let mut hex = [0; 64];
        HEXLOWER.encode_mut(&self.chain, &mut hex);
        out.extend_from_slice(&hex);
        out.extend_from_slice(b"\"}\n");
    }

    /// `chain` as lines write it.
    pub fn hex(&self) -> String {
        HEXLOWER.encode(&self.chain)
    }
}

/// A line taken apart again.
#[derive(Debug)]
pub(super) struct Link<'a> {
    /// The body without its closing brace.
    open_body: &'a [u8],
    pub(super) head: Head,
}

impl<'a> Link<'a> {
    /// Takes `line` apart, which has no newline. `None` if it does not end as every line does.
    pub(super) fn parse(line: &'a [u8]) -> Option<Self> {
        // `,"chain":"` and 64 digits and `"}`.
        let tail = line.len().checked_sub(CHAIN.len() + 64 + 2)?;
        let (front, back) = line.split_at_checked(tail)?;
        let hex = back.strip_prefix(CHAIN)?.strip_suffix(b"\"}")?;
        let mut chain = [0; 32];
        HEXLOWER.decode_mut(hex, &mut chain).ok()?;
        let digits = front.iter().rev().take_while(|it| it.is_ascii_digit()).count();
        let (front, number) = front.split_at_checked(front.len().checked_sub(digits)?)?;
        let open_body = front.strip_suffix(SEQ)?;
        // As we write it, so that one line has one form.
        let canonical = number.first().is_some_and(|it| *it != b'0');
        let seq = std::str::from_utf8(number).ok()?.parse().ok().filter(|_| canonical)?;
        Some(Self { open_body, head: Head { seq, chain } })
    }

    pub(super) fn body_hash(&self) -> [u8; 32] {
        sha256(&[self.open_body, b"}"])
    }

    /// The body as JSON.
    pub(super) fn body(&self) -> Vec<u8> {
        [self.open_body, b"}"].concat()
    }
}

/// What a checkpoint signs: everything up to and including `head`.
///
/// `"strongroom/1/audit checkpoint" ‖ { len(part) as u32, big-endian ‖ part }*` over store id, device path,
/// time of the checkpoint, sequence number (u64, big-endian), chain.
pub(super) fn signed(store: &str, device: &str, time: &str, head: Head) -> Vec<u8> {
    let mut out = b"strongroom/1/audit checkpoint".to_vec();
    for part in [store.as_bytes(), device.as_bytes(), time.as_bytes(), &head.seq.to_be_bytes(), &head.chain] {
        out.extend(u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
        out.extend_from_slice(part);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_comes_apart_as_it_was_put_together() {
        let mut head = Head::default();
        let mut out = Vec::new();
        let body = br#"{"a":"x"}"#;
        head.append(&mut out, body, &sha256(&[body]));
        let line = out.strip_suffix(b"\n").unwrap();
        let link = Link::parse(line).unwrap();
        assert_eq!(link.head, head);
        assert_eq!(link.body(), body);
        assert_eq!(Head::default().next(&link.body_hash()), head);
        assert!(serde_json::from_slice::<serde_json::Value>(line).is_ok());
    }

    #[test]
    fn the_chain_is_what_the_documentation_says() {
        let body = sha256(&[b"{}"]);
        let expected = sha256(&[&[[0; 32].as_slice(), &[0, 0, 0, 0, 0, 0, 0, 1], &body].concat()]);
        assert_eq!(Head::default().next(&body), Head { seq: 1, chain: expected });
    }

    #[test]
    fn a_line_has_one_form() {
        let good = format!(r#"{{"a":1,"seq":12,"chain":"{}"}}"#, "ab".repeat(32));
        assert!(Link::parse(good.as_bytes()).is_some());
        for bad in [
            good.replace("12", "012"),
            good.replace("12", ""),
            good.replace("12", "+12"),
            good.replace("ab", "AB"),
            good.replace("\"}", "\"} "),
            good.replace("\"seq\"", "\"sea\""),
        ] {
            assert!(Link::parse(bad.as_bytes()).is_none(), "{bad}");
        }
    }
}
