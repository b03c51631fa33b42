//! Runs this program under callgrind, and reads what that has counted.

use std::process::Command;

use super::{
    Failure,
    callgrind::{Function, Profile},
    cases::Case,
    region,
    world::Base,
};

/// Long copies in plain instructions: of `rep movsb` each byte would be counted as one.
const COPIES: &str =
    "glibc.cpu.x86_rep_movsb_threshold=1073741824:glibc.cpu.x86_rep_stosb_threshold=1073741824";

/// What one turn of a case takes.
pub(crate) struct Counted {
    /// Of everything but ciphers.
    pub(crate) own: u64,
    /// In the code of hashes, MACs and ciphers, which is chosen for the processor when it runs.
    pub(crate) ciphers: u64,
    /// By how many per cent a turn of the second region differs from one of the first. Far from zero means that
    /// the case was not in its steady state.
    pub(crate) bend: f64,
}

impl Counted {
    pub(crate) fn all(&self) -> u64 {
        self.own + self.ciphers
    }
}

pub(crate) fn count(case: &Case, base: &Base) -> Result<Counted, Failure> {
    let run = Run::new(case, base)?;
    let regions = [(run.region(1)?, case.times), (run.region(2)?, case.times * 2)];
    let all = |counts: fn(&str) -> bool| {
        let sum: u64 = regions.iter().map(|(it, _)| it.total(counts)).sum();
        sum.checked_div(case.times * 3).unwrap_or(0)
    };
    let [first, second] = regions.each_ref().map(|(it, times)| share(it.total(|_| true), *times));
    let (own, ciphers) = (all(|it| !is_cipher(it)), all(is_cipher));
    Ok(Counted { own, ciphers, bend: (second / first - 1.0) * 100.0 })
}

/// The one in the middle, by all that it has taken, of three stores.
pub(crate) fn count_well(case: &Case, base: &Base) -> Result<Counted, Failure> {
    let mut counted = [count(case, base)?, count(case, &super::base()?)?, count(case, &super::base()?)?];
    counted.sort_by_key(Counted::all);
    let [_, middle, _] = counted;
    Ok(middle)
}

/// The functions that take most of a case: by themselves, and with what they call.
pub(crate) fn profile(case: &Case, base: &Base) -> Result<String, Failure> {
    let profile = Run::new(case, base)?.region(2)?;
    let times = case.times * 2;
    let total = profile.total(|_| true);
    let line = |name: &str, cost: u64, calls: String| {
        let share = share(cost, total) * 100.0;
        format!("{:>9} {share:>5.1} % {calls:>9}  {name}\n", cost.checked_div(times).unwrap_or(0))
    };
    let table = |by: fn(&Function) -> u64, most| -> String {
        let top = profile.top(by, most);
        let calls = |it: &Function| format!("{:.1}x", share(it.calls, times));
        top.iter().map(|(name, it)| line(name, by(it), calls(it))).collect()
    };
    let callers: String = profile
        .top(|it| it.own, 8)
        .iter()
        .flat_map(|(name, it)| {
            let callers = it.callers(4).into_iter().map(|(name, cost)| line(name, cost, "for".to_owned()));
            std::iter::once(format!("  {name}\n")).chain(callers.collect::<Vec<_>>())
        })
        .collect();
    Ok(format!(
        "{}, {}: {} instructions each time\n\nIn their own code, and how often they are called:\n{}\n\
         Whom the first of them work for:\n{callers}\nWith what they call:\n{}",
        case.name,
        case.what,
        total.checked_div(times).unwrap_or(0),
        table(|it| it.own, 15),
        table(|it| it.with_called, 60),
    ))
}

/// Of ring, and of what implements the envelope.
fn is_cipher(function: &str) -> bool {
    const CIPHERS: [&str; 4] = ["chacha20::", "poly1305::", "ring_core_", "sha2::"];
    let name = function.trim_start_matches('<');
    CIPHERS.iter().any(|it| name.starts_with(it))
}

#[allow(clippy::cast_precision_loss, reason = "a share of some millions")]
fn share(part: u64, whole: u64) -> f64 {
    part as f64 / whole as f64
}

/// One run under callgrind, and the files that it has left.
struct Run {
    dir: tempfile::TempDir,
}

impl Run {
    fn new(case: &Case, base: &Base) -> Result<Self, Failure> {
        let dir = tempfile::tempdir()?;
        let out = format!("--callgrind-out-file={}", dir.path().join("out").display());
        let mut valgrind = Command::new("valgrind");
        valgrind.args(["--tool=callgrind", "--quiet", "--fair-sched=yes", &out]).args(region::MARKS);
        valgrind.arg(std::env::current_exe()?).args(["--inner", case.name]).args(base.args());
        let ran = valgrind.env("GLIBC_TUNABLES", COPIES).output();
        let ran = ran.map_err(|error| format!("valgrind: {error}"))?;
        if !ran.status.success() {
            let told = String::from_utf8_lossy(&ran.stdout);
            let complaint = String::from_utf8_lossy(&ran.stderr);
            return Err(format!("{}: {} {}", case.name, told.trim(), complaint.trim()).into());
        }
        Ok(Self { dir })
    }

    /// What was counted in a region, of all threads: the first is 1.
    fn region(&self, number: u32) -> Result<Profile, Failure> {
        let file = std::fs::read(self.dir.path().join(format!("out.{number}")));
        let file = file.map_err(|_| "callgrind has not seen the region: is the program stripped?")?;
        Profile::parse(&String::from_utf8_lossy(&file))
    }
}
