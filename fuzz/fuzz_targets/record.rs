//! What lies inside of envelopes: no bytes panic, and what is read is written so that it reads back the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use strongroom_core::testing::decoding;

fuzz_target!(|bytes: &[u8]| {
    let _taken = decoding::record(bytes);
});
