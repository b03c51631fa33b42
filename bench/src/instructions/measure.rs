//! Runs this program under callgrind, and reads what that has counted.

use std::process::Command;

use super::{
    Failure,
    callgrind::{Cost, Profile},
    cases::Case,
    region,
};

/// What one turn of a case takes.
pub(crate) struct Counted {
    pub(crate) each: u64,
    /// By how many per cent a turn of the second region differs from one of the first. Far from zero means that
    /// the case was not in its steady state.
    pub(crate) bend: f64,
}

/// What a region begins and ends with is in both of them, and so not in their difference.
pub(crate) fn count(case: &Case) -> Result<Counted, Failure> {
    let run = Run::new(case)?;
    let (first, second) = (run.region(1)?.total, run.region(2)?.total);
    let each = second.saturating_sub(first).checked_div(case.times).unwrap_or(0);
    let before = first.checked_div(case.times).unwrap_or(0);
    #[allow(clippy::cast_precision_loss, reason = "a share of some thousands")]
    let bend = (each as f64 / before as f64 - 1.0) * 100.0;
    Ok(Counted { each, bend })
}

/// The functions that take most of a case: by themselves, and with what they call.
pub(crate) fn profile(case: &Case) -> Result<String, Failure> {
    let profile = Run::new(case)?.region(2)?;
    let times = case.times * 2;
    let each = profile.total.checked_div(times).unwrap_or(0);
    let own = table(&profile, |it| it.own, 15, times);
    let with_called = table(&profile, |it| it.with_called, 50, times);
    Ok(format!(
        "{}, {}: {each} instructions each time\n\nIn their own code:\n{own}\nWith what they call:\n{with_called}",
        case.name, case.what
    ))
}

fn table(profile: &Profile, by: impl Fn(&Cost) -> u64, most: usize, times: u64) -> String {
    let line = |(name, cost): (&str, u64)| {
        #[allow(clippy::cast_precision_loss, reason = "a share")]
        let share = cost as f64 / profile.total as f64 * 100.0;
        format!("{:>9} {share:>5.1} %  {name}\n", cost.checked_div(times).unwrap_or(0))
    };
    profile.top(by, most).into_iter().map(line).collect()
}

/// One run under callgrind, and the files that it has left.
struct Run {
    dir: tempfile::TempDir,
}

impl Run {
    fn new(case: &Case) -> Result<Self, Failure> {
        let dir = tempfile::tempdir()?;
        let out = format!("--callgrind-out-file={}", dir.path().join("out").display());
        let mut valgrind = Command::new("valgrind");
        valgrind.args(["--tool=callgrind", "--quiet", "--fair-sched=yes", &out]).args(region::MARKS);
        let ran = valgrind.arg(std::env::current_exe()?).args(["--inner", case.name]).output();
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
