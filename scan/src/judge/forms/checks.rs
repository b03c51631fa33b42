//! Check digits: GitHub's and npm's tokens end with six of them.

use crate::judge::forms::{Found, Is, Set};
use crate::{Kind, Severity};

const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// `ghp_`, `gho_`, ...: thirty random characters and a checksum. Without the right one it may be a token of
/// another server, or one that somebody altered; a token that is right opens every repository of its owner.
pub(super) fn github(text: &str, start: usize) -> Option<Found> {
    checked(text, start, Kind::Token)
}

pub(super) fn npm(text: &str, start: usize) -> Option<Found> {
    checked(text, start, Kind::Token)
}

/// 32 digits, and which of several workspaces' tokens it is.
pub(super) fn databricks(text: &str, start: usize) -> Option<Found> {
    let from = start + 4;
    if Set::Hex.run(text, from, 33) != 32 || Set::Word.run_before(text, start, 0) > 0 {
        return None;
    }
    let is_numbered = matches!(text.as_bytes().get(from + 32..from + 34), Some([b'-', b'0'..=b'9']));
    let end = from + 32 + if is_numbered { 2 } else { 0 };
    Some(Found { range: start..end, is: Is::Secret(Kind::Token, Severity::High) })
}

fn checked(text: &str, start: usize, kind: Kind) -> Option<Found> {
    let from = start + 4;
    let len = Set::Base62.run(text, from, 255);
    if !(36..=255).contains(&len) || Set::Word.run_before(text, start, 0) > 0 {
        return None;
    }
    let severity = if is_right(text.get(from..from + len)?) { Severity::Critical } else { Severity::High };
    Some(Found { range: start..from + len, is: Is::Secret(kind, severity) })
}

fn is_right(body: &str) -> bool {
    body.len() == 36
        && body
            .split_at_checked(30)
            .is_some_and(|(random, digits)| digits.as_bytes() == base62(crc32(random.as_bytes())))
}

fn base62(mut number: u32) -> [u8; 6] {
    let mut digits = [b'0'; 6];
    for digit in digits.iter_mut().rev() {
        *digit = DIGITS.get((number % 62) as usize).copied().unwrap_or(b'0');
        number /= 62;
    }
    digits
}

/// CRC-32 of ISO-HDLC, bit by bit: it is asked for thirty bytes.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(
            crc ^ u32::from(*byte),
            |crc, _| if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 },
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_the_common_one() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
        assert_eq!(&base62(0), b"000000");
        assert_eq!(&base62(61), b"00000z");
        assert_eq!(&base62(u32::MAX), b"4gfFC3");
    }

    #[test]
    fn a_token_that_is_right_opens_more() {
        // The example of the article that introduced them.
        let right = concat!("gh", "p_", "zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ", "0mLq17");
        let wrong = concat!("gh", "p_", "zQWBuTSOoRi4A9spHcVY5ncnsDkxkK", "0mLq17");
        let severity = |text| github(text, 0).map(|it| it.is);
        assert_eq!(severity(right), Some(Is::Secret(Kind::Token, Severity::Critical)));
        assert_eq!(severity(wrong), Some(Is::Secret(Kind::Token, Severity::High)));
        assert_eq!(severity("ghp_short"), None);
    }
}
