//! The audit log's redaction: wherever a secret stands in whatever a client sends, it is not in the line, and the line
//! is JSON.
#![no_main]

use libfuzzer_sys::fuzz_target;
use strongroom_core::testing::decoding;

/// Stands in for the letter `S` of the input.
const CANARY: &[u8] = b"c4n4ry0fAuditL0gs";

fuzz_target!(|bytes: &[u8]| {
    let mut json = Vec::with_capacity(bytes.len() * 2);
    for byte in bytes {
        match byte {
            b'S' => json.extend_from_slice(CANARY),
            other => json.push(*other),
        }
    }
    let line = decoding::redacted(&json);
    assert!(memchr::memmem::find(&line, CANARY).is_none(), "{}", String::from_utf8_lossy(&line));
    serde_json::from_slice::<&serde_json::value::RawValue>(&line).expect("a redacted value is JSON");
});
