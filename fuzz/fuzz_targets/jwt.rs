//! Signed tokens as strangers send them, and key sets as issuers publish them: what is verified is spelled in one way.
#![no_main]

use libfuzzer_sys::fuzz_target;
use strongroom_core::testing::decoding;

fuzz_target!(|bytes: &[u8]| {
    let _taken = decoding::jwt(bytes);
});
