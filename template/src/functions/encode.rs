//! base64 and digests.

use data_encoding::{BASE64, BASE64URL, Encoding};
use md5::{Digest, Md5};
use ring::{digest, hmac};
use zeroize::Zeroizing;

use super::Parameter::Text as Str;
use super::given::bytes;
use super::{Function, takes};
use crate::error::{Outcome, refuse};
use crate::text::{Sink, Text};
use crate::value::Value;

pub(super) const ALL: &[Function] = &[
    takes("base64Decode", &[Str], |_, name, given| decode(name, &BASE64, bytes(given, 0))),
    takes("base64Encode", &[Str], |_, _, given| encode(&BASE64, bytes(given, 0))),
    takes("base64URLDecode", &[Str], |_, name, given| decode(name, &BASE64URL, bytes(given, 0))),
    takes("base64URLEncode", &[Str], |_, _, given| encode(&BASE64URL, bytes(given, 0))),
    takes("hmacSHA256Hex", &[Str, Str], |_, _, given| {
        let key = hmac::Key::new(hmac::HMAC_SHA256, bytes(given, 1));
        Ok(hex(hmac::sign(&key, bytes(given, 0)).as_ref()))
    }),
    takes("md5sum", &[Str], |_, _, given| Ok(hex(&Md5::digest(bytes(given, 0))))),
    takes("sha256Hex", &[Str], |_, _, given| Ok(sum(&digest::SHA256, bytes(given, 0)))),
];

pub(super) fn sum(algorithm: &'static digest::Algorithm, bytes: &[u8]) -> Value {
    hex(digest::digest(algorithm, bytes).as_ref())
}

pub(super) fn hex(bytes: &[u8]) -> Value {
    Value::text(&data_encoding::HEXLOWER.encode(bytes))
}

pub(super) fn encode(encoding: &Encoding, bytes: &[u8]) -> Outcome<Value> {
    let mut sink = Sink::new();
    // Whole groups of base32 and base64 alike.
    for chunk in bytes.chunks(15 * 256) {
        sink.push(Zeroizing::new(encoding.encode(chunk)).as_bytes())?;
    }
    Ok(Value::Text(sink.text()))
}

fn decode(name: &str, encoding: &Encoding, bytes: &[u8]) -> Outcome<Value> {
    decoded(encoding, bytes)
        .map_or_else(|| refuse(name, "the argument is not in that encoding"), |it| Ok(Value::Text(it)))
}

/// Base64 in its usual alphabet, with padding.
pub(crate) fn base64(bytes: &[u8]) -> Option<Text> {
    decoded(&BASE64, bytes)
}

/// Line ends within are no error, as in Go; nor are bits that are left over.
pub(super) fn decoded(encoding: &Encoding, bytes: &[u8]) -> Option<Text> {
    let joined =
        Zeroizing::new(bytes.iter().copied().filter(|it| !matches!(it, b'\r' | b'\n')).collect::<Vec<u8>>());
    let mut lax = encoding.specification();
    lax.check_trailing_bits = false;
    let decoded = lax.encoding().ok()?.decode(&joined).ok().map(Zeroizing::new)?;
    Some(Text::new(&decoded))
}
