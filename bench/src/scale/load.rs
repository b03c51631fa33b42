//! Load on a store: closed loop (`wrk`), open loop (`oha`), and one request after the other.

use std::{fs, path::Path, process::Command, time::Instant};

use serde_json::Value;

use super::{Failure, store::Store};

/// Reads over a store: in `path` each `#` is a digit by chance.
pub(crate) struct Reads<'a> {
    pub(crate) path: &'a str,
    /// What each answer contains.
    pub(crate) marker: &'a str,
    /// One of them for each request.
    pub(crate) tokens: &'a [String],
    /// Read with a lease of so long.
    pub(crate) lease: Option<&'a str>,
}

/// What a load has found. Microseconds.
#[derive(Clone, Copy, Debug, Default, serde::Serialize)]
pub(crate) struct Latency {
    pub(crate) per_second: f64,
    pub(crate) p50: f64,
    pub(crate) p99: f64,
    pub(crate) p999: f64,
}

impl Latency {
    /// Each figure's median over some rounds.
    pub(crate) fn median(rounds: &[Self]) -> Self {
        let of = |figure: fn(&Self) -> f64| {
            let mut all: Vec<f64> = rounds.iter().map(figure).collect();
            all.sort_by(f64::total_cmp);
            all.get(all.len() / 2).copied().unwrap_or_default()
        };
        Self {
            per_second: of(|it| it.per_second),
            p50: of(|it| it.p50),
            p99: of(|it| it.p99),
            p999: of(|it| it.p999),
        }
    }
}

/// As many requests as the connections bring about.
pub(crate) fn closed(
    store: &Store,
    reads: &Reads<'_>,
    connections: usize,
    seconds: u64,
) -> Result<Latency, Failure> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("wrk/scale.lua");
    let tokens = store.home().join("tokens.txt");
    fs::write(&tokens, reads.tokens.join("\n") + "\n")?;
    let mut command = Command::new("wrk");
    command.args(["-t1", &format!("-c{connections}"), &format!("-d{seconds}s"), "-s"]).arg(script);
    command.args([&store.url(), "--", "GET", &format!("/v1/{}", reads.path), reads.marker]).arg(&tokens);
    command.args(reads.lease);
    let output = command.output().map_err(|error| format!("wrk: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text.lines().find_map(|it| it.strip_prefix("RESULT "));
    let line = line.ok_or_else(|| format!("wrk printed no result for {}", reads.path))?;
    let numbers: Vec<f64> = line.split(' ').filter_map(|it| it.parse().ok()).collect();
    let [requests, duration, bad, lost, p50, p99, p999] = numbers[..] else {
        return Err("wrk's result has another form".into());
    };
    if bad > 0.0 || lost > 0.0 || requests < 1.0 {
        let first = text.lines().find(|it| it.starts_with("FIRST")).unwrap_or_default();
        return Err(format!("{}: {bad} wrong answers, {lost} lost; {first}", reads.path).into());
    }
    Ok(Latency { per_second: requests * 1e6 / duration, p50, p99, p999 })
}

/// So many requests a second, whatever becomes of them; a late one counts from when it was due.
pub(crate) fn open(store: &Store, reads: &Reads<'_>, rate: u64, seconds: u64) -> Result<Latency, Failure> {
    let pattern: String =
        reads.path.chars().map(|it| if it == '#' { "[0-9]".into() } else { it.to_string() }).collect();
    let token = reads.tokens.first().ok_or("no token to read with")?;
    let mut command = Command::new("oha");
    command.args(["--no-tui", "--output-format", "json", "--latency-correction", "-w", "-c32"]);
    command.args([
        "-q",
        &rate.to_string(),
        "-z",
        &format!("{seconds}s"),
        "-H",
        &format!("X-Vault-Token: {token}"),
    ]);
    if let Some(lease) = reads.lease {
        command.args(["-H", &format!("X-Strongroom-Lease: {lease}")]);
    }
    command.args(["--rand-regex-url", &format!("{}/v1/{pattern}", store.url())]);
    let output = command.output().map_err(|error| format!("oha: {error}"))?;
    let result: Value = serde_json::from_slice(&output.stdout)?;
    let statuses = result.get("statusCodeDistribution").and_then(Value::as_object);
    let only_good = statuses.is_some_and(|it| it.len() == 1 && it.contains_key("200"));
    if !only_good
        || result.get("errorDistribution").and_then(Value::as_object).is_some_and(|it| !it.is_empty())
    {
        return Err(
            format!("{}: oha met {statuses:?}, {:?}", reads.path, result.get("errorDistribution")).into()
        );
    }
    let number =
        |at: &str| result.pointer(at).and_then(Value::as_f64).ok_or_else(|| format!("oha gave no {at}"));
    Ok(Latency {
        per_second: number("/summary/requestsPerSec")?,
        p50: number("/latencyPercentiles/p50")? * 1e6,
        p99: number("/latencyPercentiles/p99")? * 1e6,
        p999: number("/latencyPercentiles/p99.9")? * 1e6,
    })
}

/// Lists a folder some times, one after the other; the median and the worst but one in a hundred.
pub(crate) fn list(store: &Store, path: &str, token: &str, times: usize) -> Result<Latency, Failure> {
    let agent = ureq::Agent::new_with_defaults();
    let url = format!("{}/v1/{path}?list=true", store.url());
    let mut all = Vec::with_capacity(times);
    let whole = Instant::now();
    for _ in 0..times {
        let begin = Instant::now();
        let mut answer = agent.get(&url).header("X-Vault-Token", token).call()?;
        let answer: Value = serde_json::from_str(&answer.body_mut().read_to_string()?)?;
        all.push(begin.elapsed().as_secs_f64() * 1e6);
        if answer.pointer("/data/keys/0").is_none() {
            return Err(format!("{path}: a list without keys").into());
        }
    }
    let per_second = all.len() as f64 / whole.elapsed().as_secs_f64();
    all.sort_by(f64::total_cmp);
    let at = |share: f64| all.get((all.len() as f64 * share) as usize).copied().unwrap_or_default();
    Ok(Latency { per_second, p50: at(0.5), p99: at(0.99), p999: at(0.999) })
}
