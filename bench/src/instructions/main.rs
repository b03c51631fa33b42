//! How many instructions a request takes: counted by callgrind, so that no noise of a machine is in it.
//!
//! `instructions [CASE...]` counts each case, or those that are named; `instructions --profile CASE` shows
//! where one spends them.

mod callgrind;
mod cases;
mod measure;
mod region;
mod wire;
mod work;
mod world;

use std::process::ExitCode;

use self::{cases::Case, measure::Counted};

/// What goes wrong ends the run with one line.
pub(crate) type Failure = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match run(&args.iter().map(String::as_str).collect::<Vec<_>>()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            say(&format!("instructions: {failure}"));
            ExitCode::FAILURE
        }
    }
}

fn run(args: &[&str]) -> Result<(), Failure> {
    match args {
        ["--inner", name] => inner(find(name)?),
        ["--profile", name] => {
            say(&measure::profile(find(name)?)?);
            Ok(())
        }
        [] => count(&cases::ALL.iter().collect::<Vec<_>>()),
        names => count(&names.iter().map(|it| find(it)).collect::<Result<Vec<_>, _>>()?),
    }
}

fn find(name: &str) -> Result<&'static Case, Failure> {
    let found = cases::ALL.iter().find(|it| it.name == name);
    found.ok_or_else(|| {
        let names: Vec<&str> = cases::ALL.iter().map(|it| it.name).collect();
        format!("no case {name}; there are {}", names.join(", ")).into()
    })
}

fn count(cases: &[&'static Case]) -> Result<(), Failure> {
    for case in cases {
        let Counted { each, bend } = measure::count(case)?;
        say(&format!("{:<18} {each:>10}  {bend:>5.2} %  {}", case.name, case.what));
    }
    Ok(())
}

/// What callgrind looks at: everything in one thread but for those that the store has of its own.
fn inner(case: &Case) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    runtime.block_on(async {
        let mut ready = case.work.prepare().await?;
        let mut turns = 0..;
        let mut round = async |times: u64| -> Result<(), Failure> {
            for turn in turns.by_ref().take(usize::try_from(times)?) {
                ready.once(turn).await?;
            }
            Ok(())
        };
        round(case.warm).await?;
        for times in [case.times, case.times * 2] {
            region::begin();
            round(times).await?;
            region::end();
        }
        Ok(())
    })
}

/// The one place that prints.
#[allow(clippy::print_stdout, reason = "a program whose output is its purpose")]
pub(crate) fn say(line: &str) {
    println!("{line}");
}
