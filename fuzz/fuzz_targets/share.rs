//! Unseal shares as they are typed.
#![no_main]

use libfuzzer_sys::fuzz_target;
use strongroom_core::testing::decoding;

fuzz_target!(|bytes: &[u8]| {
    let _taken = decoding::share(bytes);
});
