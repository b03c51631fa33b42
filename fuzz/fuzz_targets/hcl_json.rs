//! JSON: no input panics, and every tree's spans are exact.
#![no_main]

#[allow(dead_code, reason = "each target reads one of the two languages")]
#[path = "../../hcl/tests/reader/spans.rs"]
mod spans;

use libfuzzer_sys::fuzz_target;
use strongroom_hcl::parse_json;

fuzz_target!(|text: &str| {
    match parse_json(text) {
        Ok(body) => {
            spans::check_spans(text, &body, spans::Syntax::Json);
            for key in body.view().keys() {
                let _either = body.view().blocks(key.name, 1);
            }
        }
        Err(error) => assert!(error.offset <= text.len() && error.line >= 1 && error.column >= 1),
    }
});
