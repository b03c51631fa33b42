//! What a client presents in the handshake, and revocation lists as operators write them.
#![no_main]

use libfuzzer_sys::fuzz_target;
use strongroom_core::testing::decoding;

fuzz_target!(|bytes: &[u8]| {
    let _taken = decoding::certificate(bytes) | decoding::revocation_list(bytes);
});
