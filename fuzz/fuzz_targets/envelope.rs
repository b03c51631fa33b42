//! Envelopes: no bytes open that were not sealed, and what was sealed opens in its place alone.
#![no_main]

use libfuzzer_sys::fuzz_target;
use strongroom_core::testing::decoding;

fuzz_target!(|bytes: &[u8]| {
    let _taken = decoding::envelope(bytes);
});
