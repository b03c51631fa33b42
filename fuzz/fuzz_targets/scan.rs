//! The scanner: whatever a file is called and holds, its findings lie in it, in order, apart, and on the bounds
//! of characters. The first line is the name, the rest the file.
#![no_main]

use libfuzzer_sys::fuzz_target;
use strongroom_scan::scan;

fuzz_target!(|input: &str| {
    let (name, text) = input.split_once('\n').unwrap_or(("", input));
    let mut last = 0;
    for finding in scan(name, text) {
        assert!(finding.span.start >= last, "{:?} begins before {last}", finding.span);
        assert!(finding.span.start < finding.span.end, "{:?} is empty", finding.span);
        assert!(text.get(finding.span.start..finding.span.end).is_some(), "{:?} is no span", finding.span);
        last = finding.span.end;
    }
});
