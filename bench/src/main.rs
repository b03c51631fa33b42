//! `bench`: what the library of this crate measures, from the command line.

use std::process::ExitCode;

use strongroom_bench::{
    Failure,
    options::{Command, USAGE, parse},
    report, run, say,
};

fn main() -> ExitCode {
    match parse(std::env::args().skip(1)).and_then(obey) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            say(&format!("bench: {failure}"));
            ExitCode::FAILURE
        }
    }
}

fn obey(command: Command) -> Result<(), Failure> {
    match command {
        Command::Help => {
            say(USAGE);
            Ok(())
        }
        Command::Redraw { file, out } => report::redraw(&file, &out),
        Command::Run(options) => run::all(&options),
    }
}
