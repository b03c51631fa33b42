//! The open loop: requests leave at a rate, whether answers come or not, and a request's time counts from
//! when it should have left.

use std::fs;

use serde_json::Value;

use super::Figures;
use crate::{
    Failure,
    server::{Server, bound},
    setup,
};

/// Reads of 100 bytes, spread over the keys, at `rate` a second.
pub fn measure(server: &Server, rate: f64, connections: u32, seconds: u64) -> Result<Figures, Failure> {
    let urls = tempfile::NamedTempFile::new()?;
    let list: Vec<String> =
        (0..setup::KEYS).map(|key| format!("{}/v1/secret/data/bench/{key}", server.url)).collect();
    fs::write(urls.path(), list.join("\n"))?;
    let output = bound("oha")
        .args(["--no-tui", "--output-format", "json", "--latency-correction", "--urls-from-file"])
        .args(["-z", &format!("{seconds}s"), "-c", &connections.to_string()])
        .args(["-q", &format!("{rate:.0}"), "-H", &format!("X-Vault-Token: {}", server.tokens.reader)])
        .arg(urls.path())
        .output()
        .map_err(|error| format!("oha: {error}"))?;
    let path = format!("{}/v1/secret/data/bench/0", server.url);
    let size = setup::get_text(&path, &server.tokens.reader)?.len();
    let mut figures = parse(&String::from_utf8_lossy(&output.stdout), size)?;
    figures.asked = Some(rate);
    Ok(figures)
}

/// oha looks at no body: all answers must be 200, and of the size of one that was looked at.
fn parse(text: &str, size: usize) -> Result<Figures, Failure> {
    let value: Value = serde_json::from_str(text).map_err(|_| "oha printed no JSON")?;
    let number = |pointer: &str| value.pointer(pointer).and_then(Value::as_f64);
    let codes = value.pointer("/statusCodeDistribution").and_then(Value::as_object);
    if codes.is_none_or(|it| it.is_empty() || it.keys().any(|code| code != "200")) {
        return Err(format!("oha: not all answers are 200: {codes:?}").into());
    }
    // Requests that were under way when the time was over are no errors.
    let errors = value.pointer("/errorDistribution").and_then(Value::as_object);
    if let Some(error) = errors.and_then(|it| it.keys().find(|it| !it.contains("deadline"))) {
        return Err(format!("oha: {error}").into());
    }
    let found = number("/summary/sizePerRequest").unwrap_or_default();
    #[allow(clippy::cast_precision_loss, reason = "a size of some hundred bytes")]
    let wanted = size as f64;
    // Time stamps drop zeros at their end.
    if (found - wanted).abs() > 16.0 {
        return Err(format!("oha: answers have {found} bytes and not {wanted}").into());
    }
    let time = |name: &str| number(&format!("/latencyPercentiles/{name}")).map(|it| it * 1e6);
    Ok(Figures {
        per_second: number("/summary/requestsPerSec").ok_or("oha tells no rate")?,
        p50: time("p50"),
        p99: time("p99"),
        p999: time("p99.9"),
        ..Figures::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(codes: &str, errors: &str, size: u32) -> String {
        format!(
            r#"{{"summary": {{"requestsPerSec": 1999.5, "sizePerRequest": {size}}},
                "latencyPercentiles": {{"p50": 0.00025, "p99": 0.001, "p99.9": 0.002}},
                "statusCodeDistribution": {codes}, "errorDistribution": {errors}}}"#
        )
    }

    #[test]
    fn seconds_become_microseconds() {
        let figures = parse(&text(r#"{"200": 5}"#, r#"{"aborted due to deadline": 3}"#, 300), 304).unwrap();
        assert_eq!(figures.per_second, 1999.5);
        assert_eq!((figures.p50, figures.p99, figures.p999), (Some(250.0), Some(1000.0), Some(2000.0)));
    }

    #[test]
    fn what_is_no_right_answer_fails() {
        for (codes, errors, size) in [
            ("{}", "{}", 300),
            (r#"{"200": 5, "403": 1}"#, "{}", 300),
            (r#"{"200": 5}"#, r#"{"connection refused": 1}"#, 300),
            (r#"{"200": 5}"#, "{}", 30),
        ] {
            assert!(parse(&text(codes, errors, size), 300).is_err(), "{codes} {errors} {size}");
        }
        assert!(parse("oha: not found", 300).is_err());
    }
}
