//! One store with a lot of everything.

use std::{sync::Arc, time::Instant};

use super::{
    Failure, Options,
    axis::{self, Axis},
    measure::{Row, measure},
    report, say,
    store::Store,
};

/// Tokens that hold the leases.
const HOLDERS: u64 = 1_000;

/// Grows one store by one kind of thing after the other, and measures it after each step.
pub(crate) fn run(options: &Options) -> Result<Vec<(String, Row)>, Failure> {
    let max = options.max.min(1_000_000);
    let mut store = Store::create(&options.secret)?;
    let filled = axis::prepare(&store, Axis::Secrets)?;
    let mut rows = Vec::new();
    for (name, number) in [
        ("secrets", max),
        ("leases", max),
        ("tokens", max / 10),
        ("policies", max / 100),
        ("mounts", max / 100),
    ] {
        let begin = Instant::now();
        match name {
            "secrets" => axis::secrets(&store, 0..number)?,
            "leases" => {
                let holders = axis::tokens(&store, 0..HOLDERS, |_| "reader".to_owned())?;
                let holders: Vec<Arc<str>> = holders.iter().map(|it| it.as_str().into()).collect();
                // Each secret is held by one of them.
                axis::leases(&store, holders, 0..number, |it| (it, it % HOLDERS))?;
            }
            "tokens" => _ = axis::tokens(&store, 0..number, |_| "reader".to_owned())?,
            "policies" => axis::policies(&store, 0..number)?,
            _ => axis::mounts(&store, 0..number)?,
        }
        #[allow(clippy::cast_precision_loss, reason = "a rate")]
        let rate = number as f64 / begin.elapsed().as_secs_f64();
        let mut row = measure(&mut store, Axis::Secrets, &filled, max, rate, options)?;
        row.size = number;
        let name = format!("+{name}");
        say(&report::line(&name, &row));
        rows.push((name, row));
    }
    Ok(rows)
}
