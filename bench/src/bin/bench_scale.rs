//! Grows a store, and says how start, memory and latency follow.
//!
//! `bench-scale [--smoke] [--max N] [--only secrets,leases,tokens,policies,mounts,whole,storm,token-storm]
//! [--seconds N] [--rounds N] [--connections N] [--rate N] [--starts N] [--storm N] [--secret PATH] [--out DIR]`

#[path = "../scale/mod.rs"]
mod scale;

use std::process::ExitCode;

fn main() -> ExitCode {
    match scale::Options::parse(std::env::args().skip(1)).and_then(|options| scale::run(&options)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            scale::say(&format!("bench-scale: {failure}"));
            ExitCode::FAILURE
        }
    }
}
