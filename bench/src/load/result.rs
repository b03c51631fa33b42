//! The line in which our own programs and wrk's script tell what they measured:
//! `RESULT requests microseconds wrong lost p50 p99 p99.9`, perhaps `REFUSED` with how many of the requests were
//! answered with 503, and perhaps `FIRST` with the first answer that was no success.

use super::Figures;
use crate::Failure;

/// Of a hundred requests so many may be told to try again: a client would, and the figure says so.
const REFUSED: f64 = 1.0;

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
    let refused = text.lines().find_map(|it| it.strip_prefix("REFUSED "));
    let refused: f64 = refused.map_or(Ok(0.0), str::parse)?;
    let share = refused * 100.0 / requests;
    if share > REFUSED {
        return Err(format!("{who}: {refused} of {requests} requests were refused").into());
    }
    Ok(Figures {
        per_second: (requests - refused) * 1e6 / duration,
        p50: Some(p50),
        p99: Some(p99),
        p999: Some(p999),
        refused: (share > 0.0).then_some(share),
        asked: None,
    })
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
    fn a_few_refusals_are_told_and_many_fail() {
        let text = |refused: u32| format!("RESULT 5000 1000000 0 0 1 1 1\nREFUSED {refused}\n");
        let few = parse(&text(25), "x").unwrap();
        assert_eq!((few.per_second, few.refused), (4975.0, Some(0.5)));
        assert_eq!(parse(&text(0), "x").unwrap().refused, None);
        assert!(parse(&text(51), "x").is_err());
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
