//! Native syntax: no input panics, and every tree's spans are exact. A seed corpus is
//! `tests/corpus`.
#![no_main]

#[allow(dead_code, reason = "each target reads one of the two languages")]
#[path = "../../hcl/tests/reader/spans.rs"]
mod spans;

use libfuzzer_sys::fuzz_target;
use strongroom_hcl::{parse, parse_bytes, utf8};

fuzz_target!(|bytes: &[u8]| {
    match parse_bytes(bytes) {
        Ok(body) => {
            let text = utf8(bytes).expect("it was parsed");
            spans::check_spans(text, &body, spans::Syntax::Native);
            assert_eq!(parse(text).as_ref(), Ok(&body));
            for key in body.view().keys() {
                // Whatever the shape, asking for blocks answers or refuses.
                let _either = body.view().blocks(key.name, 1);
            }
        }
        Err(error) => assert!(error.offset <= bytes.len() && error.line >= 1 && error.column >= 1),
    }
});
