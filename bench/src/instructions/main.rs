//! How many instructions a request takes: counted by callgrind, so that no noise of a machine is in it.
//!
//! `instructions [CASE...]` counts each case, or those that are named, and compares with the budget; after
//! `--bless` what was counted is the budget. `instructions --profile CASE` shows where one spends them.

mod budget;
mod callgrind;
mod cases;
mod measure;
mod region;
mod wire;
mod work;
mod world;

use std::{
    path::Path,
    process::ExitCode,
    sync::atomic::{AtomicUsize, Ordering},
};

use self::{budget::Budget, cases::Case, measure::Counted, world::Base};

/// What goes wrong ends the run with one line.
pub(crate) type Failure = Box<dyn std::error::Error + Send + Sync>;

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
        ["--inner", name, dir, share] => inner(find(name)?, Path::new(dir), share),
        ["--profile", name] => {
            let case = find(name)?;
            say(&measure::profile(case, &base()?)?);
            Ok(())
        }
        ["--bless", names @ ..] => bless(&chosen(names)?),
        names => compare(&chosen(names)?),
    }
}

/// All of them if none is named.
fn chosen(names: &[&str]) -> Result<Vec<&'static Case>, Failure> {
    match names {
        [] => Ok(cases::ALL.iter().collect()),
        names => names.iter().map(|it| find(it)).collect(),
    }
}

fn find(name: &str) -> Result<&'static Case, Failure> {
    let found = cases::ALL.iter().find(|it| it.name == name);
    found.ok_or_else(|| {
        let names: Vec<&str> = cases::ALL.iter().map(|it| it.name).collect();
        format!("no case {name}; there are {}", names.join(", ")).into()
    })
}

fn compare(cases: &[&'static Case]) -> Result<(), Failure> {
    let budget = Budget::read(Path::new(budget::FILE))?;
    let mut wrong = budget.gaps();
    say("case                      own  ciphers  to budget  regions differ");
    for (case, counted) in each(cases, |case, base| within(&budget, case, base))? {
        let over =
            budget.over(case.name, &counted).map_or_else(|| "none".to_owned(), |it| format!("{it:+.1} %"));
        let Counted { own, ciphers, bend } = counted;
        say(&format!("{:<18} {own:>10} {ciphers:>8} {over:>10} {bend:>+8.1} %  {}", case.name, case.what));
        wrong.extend(budget.check(case.name, &counted));
    }
    if !budget.is_for_this_processor() {
        say("the budget was counted on another processor: what ciphers take was not compared");
    }
    match wrong.as_slice() {
        [] => Ok(()),
        wrong => Err(wrong.join("\ninstructions: ").into()),
    }
}

fn bless(cases: &[&'static Case]) -> Result<(), Failure> {
    let file = Path::new(budget::FILE);
    let mut budget = if file.exists() { Budget::read(file)? } else { Budget::empty() };
    for (case, counted) in each(cases, measure::count_well)? {
        budget.set(case.name, &counted);
    }
    budget.write(file)
}

/// A case is over its budget if it is so three times, each in a store of its own: where the rows of one have come to
/// lie is chance too, and makes each of its writes dearer by two or three per cent in one store of ten.
fn within(budget: &Budget, case: &Case, base: &Base) -> Result<Counted, Failure> {
    let mut least = measure::count(case, base)?;
    for _ in 0..2 {
        if budget.check(case.name, &least).is_empty() {
            break;
        }
        let again = measure::count(case, &self::base()?)?;
        if again.all() < least.all() {
            least = again;
        }
    }
    Ok(least)
}

/// As many at a time as there are processors: what is counted does not depend on who else runs.
fn each(
    cases: &[&'static Case],
    count: impl Fn(&Case, &Base) -> Result<Counted, Failure> + Sync,
) -> Result<Vec<(&'static Case, Counted)>, Failure> {
    let base = base()?;
    let next = AtomicUsize::new(0);
    let work = || {
        let mut counted = Vec::new();
        while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
            counted.push((*case, count(case, &base)?));
        }
        Ok::<_, Failure>(counted)
    };
    let mut counted = Vec::new();
    std::thread::scope(|scope| {
        let workers = std::thread::available_parallelism().map_or(1, usize::from);
        let workers: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        for worker in workers {
            counted.extend(worker.join().map_err(|_| "a thread has panicked")??);
        }
        Ok::<_, Failure>(())
    })?;
    counted.sort_by_key(|(case, _)| cases.iter().position(|it| it.name == case.name));
    Ok(counted)
}

fn base() -> Result<Base, Failure> {
    runtime()?.block_on(Base::new())
}

/// What callgrind looks at: everything in one thread but for those that the store has of its own.
fn inner(case: &Case, dir: &Path, share: &str) -> Result<(), Failure> {
    runtime()?.block_on(async {
        let mut ready = case.work.prepare(dir, share).await?;
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

fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    Ok(tokio::runtime::Builder::new_current_thread().enable_time().build()?)
}

/// The one place that prints.
#[allow(clippy::print_stdout, reason = "a program whose output is its purpose")]
pub(crate) fn say(line: &str) {
    println!("{line}");
}
