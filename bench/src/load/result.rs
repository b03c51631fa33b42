//! The line in which our own programs and wrk's script tell what they measured:
//! `RESULT requests microseconds wrong lost p50 p99 p99.9`, and perhaps `FIRST` with the first wrong answer.

use super::Figures;
use crate::Failure;

/// A wrong or lost answer is a failure.
pub fn parse(text: &str, who: &str) -> Result<Figures, Failure> {
    let line = text.lines().find_map(|it| it.strip_prefix("RESULT "));
    let line = line.ok_or_else(|| format!("{who}: no result"))?;
    let numbers: Vec<f64> = line.split(' ').filter_map(|it| it.parse().ok()).collect();
    let [requests, duration, wrong, lost, p50, p99, p999] = numbers[..] else {
        return Err(format!("{who}: the result has another form").into());
    };
    if wrong > 0.0 || lost > 0.0 || requests < 1.0 || duration < 1.0 {
        let first = text.lines().find(|it| it.starts_with("FIRST")).unwrap_or_default();
        return Err(format!("{who}: {requests} answers, {wrong} wrong, {lost} lost; {first}").into());
    }
    let per_second = requests * 1e6 / duration;
    Ok(Figures { per_second, p50: Some(p50), p99: Some(p99), p999: Some(p999), asked: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_result_is_a_rate_and_percentiles() {
        let figures = parse("noise\nRESULT 5000 2000000 0 0 100 900 1500\n", "x").unwrap();
        assert_eq!(figures.per_second, 2500.0);
        assert_eq!((figures.p50, figures.p99, figures.p999), (Some(100.0), Some(900.0), Some(1500.0)));
    }

    #[test]
    fn wrong_and_lost_answers_and_silence_fail() {
        for text in [
            "",
            "RESULT 1 2 3",
            "RESULT 5000 2000000 1 0 1 1 1\nFIRST 403 denied",
            "RESULT 5000 2000000 0 1 1 1 1",
            "RESULT 0 2000000 0 0 0 0 0",
        ] {
            assert!(parse(text, "x").is_err(), "{text}");
        }
        let wrong = parse("RESULT 5000 2000000 1 0 1 1 1\nFIRST 403 denied", "x").unwrap_err();
        assert!(wrong.to_string().contains("403 denied"));
    }
}
