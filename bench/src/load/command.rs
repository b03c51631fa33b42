//! A command from its start to its end, again and again.

use std::{
    process::Command,
    time::{Duration, Instant},
};

use super::Figures;
use crate::Failure;

/// What is run, and a word that its output must contain.
pub struct Run {
    pub command: Command,
    pub marker: String,
}

/// At least three times, and for as long as a round is.
pub fn measure(run: &mut Run, seconds: u64) -> Result<Figures, Failure> {
    let begin = Instant::now();
    let mut times = Vec::new();
    while times.len() < 3 || begin.elapsed() < Duration::from_secs(seconds) {
        let start = Instant::now();
        let output = run.command.output()?;
        times.push(start.elapsed());
        let text = String::from_utf8_lossy(&output.stdout);
        if !output.status.success() || !text.contains(&run.marker) {
            let error = String::from_utf8_lossy(&output.stderr);
            return Err(format!("{:?}: {}; {error}", run.command.get_program(), output.status).into());
        }
    }
    times.sort_unstable();
    let at = |share: usize| {
        let time = times.get(((times.len() - 1) * share).div_ceil(1000)).copied().unwrap_or_default();
        time.as_secs_f64() * 1e6
    };
    let median = at(500);
    Ok(Figures {
        per_second: 1e6 / median.max(1.0),
        p50: Some(median),
        p99: Some(at(990)),
        p999: Some(at(999)),
        ..Figures::default()
    })
}
