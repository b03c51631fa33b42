//! `bench`: what the library of this crate says, from the command line.

use std::process::ExitCode;

use strongroom_bench::{Options, run, say};

fn main() -> ExitCode {
    match Options::parse(std::env::args().skip(1)).and_then(|options| run(&options)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            say(&format!("bench: {failure}"));
            ExitCode::FAILURE
        }
    }
}
