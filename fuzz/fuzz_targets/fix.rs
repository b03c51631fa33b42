//! The fixer: whatever a file holds, its plan's edits fit, the result of a file of HCL that parsed parses, what was moved
//! stands in it no more often than it was left, and the same input gives the same plan. The first line is the name, the
//! rest the file.
#![no_main]

use libfuzzer_sys::fuzz_target;
use strongroom_fix::{File, Options, plan};
use strongroom_scan::{Format, scan};

fuzz_target!(|input: &str| {
    let (name, text) = input.split_once('\n').unwrap_or(("", input));
    let (file, findings) = (File { name, text, folder: "" }, scan(name, text));
    let made = plan(&file, &findings, &Options::default());
    let fixed = made.apply(text).expect("the edits fit");
    assert_eq!(plan(&file, &findings, &Options::default()).apply(text).as_deref(), Ok(fixed.as_str()));
    assert!(made.left.iter().all(|it| it.finding < findings.len() && !it.reason.is_empty()));
    if Format::of(name, text) == Format::Hcl && strongroom_hcl::parse(text).is_ok() {
        assert!(strongroom_hcl::parse(&fixed).is_ok(), "it does not parse any more");
    }
});
