//! Tokens and accessors as somebody presents them: what is taken is written so that it reads back the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use strongroom_core::testing::decoding;

fuzz_target!(|bytes: &[u8]| {
    let _taken = decoding::token(bytes);
});
