//! Grows a store, and says how start, memory and latency follow.
//!
//! `bench-scale [--smoke] [--max N] [--only secrets,leases,tokens,policies,mounts,whole,storm,token-storm]
//! [--seconds N] [--rounds N] [--connections N] [--rate N] [--starts N] [--storm N] [--secret PATH] [--out DIR]`

use std::process::ExitCode;

use strongroom_bench::{
    say,
    scale::{Options, run},
};

fn main() -> ExitCode {
    match Options::parse(std::env::args().skip(1)).and_then(|options| run(&options)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            say(&format!("bench-scale: {failure}"));
            ExitCode::FAILURE
        }
    }
}
