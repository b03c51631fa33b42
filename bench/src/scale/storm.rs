//! Everything expires in the same minute while reads go on.

use std::{
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use serde::Serialize;

use super::{
    Failure, Options,
    axis::{self, Axis, BASE},
    chart::Curve,
    load::{self, Latency, Reads},
    store::Store,
};

/// What expires.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    /// Leased reads, a thousand for each token.
    Leases,
    /// Tokens.
    Tokens,
}

/// What a storm has come to.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Outcome {
    pub(crate) kind: &'static str,
    pub(crate) number: u64,
    /// Reads a second, whatever happens.
    pub(crate) rate: u64,
    pub(crate) before: Vec<Window>,
    /// From the end of the minute until all is gone.
    pub(crate) during: Vec<Window>,
    pub(crate) after: Vec<Window>,
    /// Seconds from the end of the last of them, and from the minute's end that begins the sweep, until all rows
    /// were gone.
    pub(crate) from_expiry: f64,
    pub(crate) from_sweep: f64,
}

/// Reads of some seconds.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Window {
    /// When it began, in seconds from the end of the minute.
    pub(crate) at: f64,
    #[serde(flatten)]
    pub(crate) latency: Latency,
}

/// Rows as the file has them: what is dead no answer shows.
const EXPIRY: u8 = 0x05;
const LEASE: u8 = 0x06;
/// Windows before and after.
const QUIET: usize = 3;
/// After which a sweep that does not end is given up.
const GIVEN_UP: f64 = 900.0;

pub(crate) fn run(kind: Kind, number: u64, options: &Options) -> Result<Outcome, Failure> {
    let store = Store::create(&options.secret)?;
    let filled = axis::prepare(&store, Axis::Leases)?;
    let reads = Reads {
        path: &Axis::Leases.path(BASE),
        marker: "benchmark-value",
        tokens: std::slice::from_ref(&filled.reader),
        lease: None,
    };
    // In the middle of a minute, so late that filling it and the quiet before the storm come first.
    #[allow(clippy::cast_precision_loss, reason = "seconds")]
    let ready = now() + number as f64 / 3_000.0 + ((QUIET as u64 + 1) * (options.window + 1) + 5) as f64;
    let minute = (ready / 60.0).ceil() * 60.0;
    let end = if minute - ready > 30.0 { minute - 30.0 } else { minute + 30.0 };
    make(kind, &store, number, end)?;
    let left = |store: &Store| match kind {
        Kind::Leases => store.has_more_than(LEASE, 0),
        // The reader's own, and the root token has none.
        Kind::Tokens => store.has_more_than(EXPIRY, 1),
    };
    if !left(&store)? {
        return Err("nothing was there to expire".into());
    }
    let swept = (end / 60.0).ceil() * 60.0;
    let window = || {
        let at = now() - swept;
        load::open(&store, &reads, options.rate, options.window).map(|latency| Window { at, latency })
    };
    // To be warm.
    window()?;
    let mut before = Vec::new();
    while before.len() < QUIET {
        before.push(window()?);
    }
    if now() > end {
        return Err("the storm broke out while its quiet was measured".into());
    }
    // Not idle until then: what a server that has been idle needs to be warm again is no part of the storm.
    while swept - now() > 2.0 {
        load::open(&store, &reads, options.rate, 1)?;
    }
    std::thread::sleep(Duration::from_secs_f64((swept - now() - 0.5).max(0.0)));

    let mut during = Vec::new();
    let gone = std::thread::scope(|scope| {
        let watch = scope.spawn(|| {
            while left(&store).unwrap_or(true) && now() - end < GIVEN_UP {
                std::thread::sleep(Duration::from_millis(200));
            }
            now()
        });
        while !watch.is_finished() {
            during.push(window()?);
        }
        watch.join().map_err(|_| Failure::from("the watch ended badly"))
    })?;
    if left(&store)? {
        return Err(format!("{number} {} were not swept in {GIVEN_UP} s", kind.name()).into());
    }
    let mut after = Vec::new();
    while after.len() < QUIET {
        after.push(window()?);
    }
    Ok(Outcome {
        kind: kind.name(),
        number,
        rate: options.rate,
        before,
        during,
        after,
        from_expiry: gone - end,
        from_sweep: gone - swept,
    })
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Leases => "leases",
            Self::Tokens => "tokens",
        }
    }
}

/// Makes what expires at `end`, each with as much time as is left until then.
fn make(kind: Kind, store: &Store, number: u64, end: f64) -> Result<(), Failure> {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "seconds until then")]
    let left = move || (end - now()).max(1.0) as u64;
    match kind {
        Kind::Leases => {
            let holders = axis::tokens(store, 0..(number / BASE).max(1), |_| "reader".to_owned())?;
            let holders: Vec<Arc<str>> = holders.iter().map(|it| it.as_str().into()).collect();
            axis::leases_for(store, holders, 0..number, |it| (it % BASE, it / BASE), left)
        }
        Kind::Tokens => {
            let of = move |_| ("reader".to_owned(), format!("{}s", left()));
            axis::tokens_for(store, 0..number, of).map(|_| ())
        }
    }
}

/// Seconds since 1970.
fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64()
}

impl Outcome {
    /// Medians: of the windows before, during, after; and the worst one during. Microseconds at 99 %.
    pub(crate) fn p99(&self) -> [f64; 4] {
        let worst = self.during.iter().map(|it| it.latency.p99).fold(0.0, f64::max);
        [median(&self.before), median(&self.during), median(&self.after), worst]
    }

    /// What is drawn: the reads before, during and after, at the 99th and at the 50th of a hundred.
    pub(crate) fn curves(&self) -> Vec<Curve> {
        let all = || self.before.iter().chain(&self.during).chain(&self.after);
        let curve = |name: &str, of: fn(&Latency) -> f64| Curve {
            name: name.to_owned(),
            points: all().map(|it| (it.at, of(&it.latency))).collect(),
        };
        vec![curve("p99", |it| it.p99), curve("p50", |it| it.p50)]
    }
}

fn median(windows: &[Window]) -> f64 {
    let mut all: Vec<f64> = windows.iter().map(|it| it.latency.p99).collect();
    all.sort_by(f64::total_cmp);
    all.get(all.len() / 2).copied().unwrap_or_default()
}
