//! What each case may take: `bench/instructions.toml`.

use std::{collections::BTreeMap, path::Path};

use serde::Deserialize;

use super::{Failure, cases, measure::Counted};

/// Where it lies, seen from the root of the project.
pub(crate) const FILE: &str = "bench/instructions.toml";

/// Per cent that a case may be over its budget. In one store the same program differs from run to run by less than one,
/// for how long a thread waits for another; between two stores by up to three: keys and salts are random, and with
/// them where rows lie.
const TOLERANCE: f64 = 3.0;
/// Per cent below which a budget is no guard any more: whoever has saved so much shall lower it.
const SLACK: f64 = 10.0;
/// Per cent by which a turn may differ between the two regions.
const STEADY: f64 = 8.0;

const HEAD: &str = "\
# Instructions of one turn of each case: `./run instructions` compares, `./run instructions --bless` writes this file.
# A commit that raises a number says why. `ciphers` are those of hashing and encrypting, in the forms for the
# processor that callgrind imitates, which is not quite the machine's: it has no instructions for SHA-256.
";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Budget {
    /// What was counted on.
    processor: String,
    cases: BTreeMap<String, Cost>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
struct Cost {
    own: u64,
    ciphers: u64,
}

impl Budget {
    pub(crate) fn read(file: &Path) -> Result<Self, Failure> {
        let text = std::fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
        Self::parse(&text)
    }

    fn parse(text: &str) -> Result<Self, Failure> {
        Ok(toml::from_str(text)?)
    }

    /// Of nothing.
    pub(crate) fn empty() -> Self {
        Self { processor: processor(), cases: BTreeMap::new() }
    }

    /// Names that are here or among the cases, but not in both.
    pub(crate) fn gaps(&self) -> Vec<String> {
        let unknown = self.cases.keys().filter(|name| cases::ALL.iter().all(|it| it.name != **name));
        let unknown = unknown.map(|it| format!("{it} has a budget and is no case"));
        let missing = cases::ALL.iter().filter(|it| !self.cases.contains_key(it.name));
        unknown.chain(missing.map(|it| format!("{} has no budget", it.name))).collect()
    }

    /// What is wrong with a case; nothing if all is well.
    pub(crate) fn check(&self, name: &str, counted: &Counted) -> Vec<String> {
        let mut wrong = Vec::new();
        if counted.bend.abs() > STEADY {
            wrong.push(format!("{name} is not steady: its turns differ by {:.1} %", counted.bend));
        }
        let Some(budget) = self.cases.get(name) else { return wrong };
        let mut compare = |what: &str, counted: u64, budget: u64| {
            let over = per_cent_over(counted, budget);
            if over > TOLERANCE {
                wrong.push(format!("{name} is {over:.1} % over its budget of {budget} {what}"));
            } else if over < -SLACK {
                let by = -over;
                wrong.push(format!(
                    "{name} is {by:.1} % under its budget of {budget} {what}: lower it with --bless"
                ));
            }
        };
        compare("instructions of its own", counted.own, budget.own);
        if self.is_for_this_processor() {
            compare("instructions of ciphers", counted.ciphers, budget.ciphers);
        }
        wrong
    }

    /// By how much a case is over its budget, of everything.
    pub(crate) fn over(&self, name: &str, counted: &Counted) -> Option<f64> {
        let budget = self.cases.get(name)?;
        Some(per_cent_over(counted.own + counted.ciphers, budget.own + budget.ciphers))
    }

    pub(crate) fn is_for_this_processor(&self) -> bool {
        self.processor == processor()
    }

    pub(crate) fn set(&mut self, name: &str, counted: &Counted) {
        let Counted { own, ciphers, .. } = *counted;
        self.cases.insert(name.to_owned(), Cost { own, ciphers });
    }

    pub(crate) fn write(&self, file: &Path) -> Result<(), Failure> {
        Ok(std::fs::write(file, self.text())?)
    }

    /// In the order of the cases.
    fn text(&self) -> String {
        let listed = cases::ALL.iter().filter_map(|it| Some((it.name, self.cases.get(it.name)?)));
        let lines =
            listed.map(|(name, it)| format!("{name} = {{ own = {}, ciphers = {} }}\n", it.own, it.ciphers));
        format!("{HEAD}processor = \"{}\"\n\n[cases]\n{}", processor(), lines.collect::<String>())
    }
}

#[allow(clippy::cast_precision_loss, reason = "a share of some millions")]
fn per_cent_over(counted: u64, budget: u64) -> f64 {
    match (counted, budget) {
        (0, 0) => 0.0,
        _ => (counted as f64 - budget as f64) / budget as f64 * 100.0,
    }
}

/// What decides which forms of ciphers are taken. Valgrind shows a program no more than AVX2.
fn processor() -> String {
    #[cfg(target_arch = "x86_64")]
    let features = match std::arch::is_x86_feature_detected!("avx2") {
        true => " with AVX2",
        false => "",
    };
    #[cfg(not(target_arch = "x86_64"))]
    let features = "";
    format!("{}{features}", std::env::consts::ARCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(own: u64, ciphers: u64, bend: f64, expected: &[&str]) {
        let mut budget = Budget::empty();
        budget.set("read", &Counted { own: 1000, ciphers: 1000, bend: 0.0 });
        assert_eq!(budget.check("read", &Counted { own, ciphers, bend }), expected);
    }

    #[test]
    fn more_than_the_tolerance_over_or_far_under_is_told() {
        check(1000, 1000, 0.0, &[]);
        check(1030, 1030, 0.0, &[]);
        check(900, 900, -7.9, &[]);
        check(1031, 1000, 0.0, &["read is 3.1 % over its budget of 1000 instructions of its own"]);
        check(1000, 1200, 0.0, &["read is 20.0 % over its budget of 1000 instructions of ciphers"]);
        check(
            880,
            1000,
            0.0,
            &["read is 12.0 % under its budget of 1000 instructions of its own: lower it with --bless"],
        );
        check(1000, 1000, 9.0, &["read is not steady: its turns differ by 9.0 %"]);
    }

    #[test]
    fn ciphers_that_are_new_where_there_were_none_are_over() {
        assert!(per_cent_over(1, 0) > TOLERANCE);
        assert!(per_cent_over(0, 0).abs() < TOLERANCE);
    }

    #[test]
    fn the_projects_file_and_the_cases_name_the_same() {
        let budget = Budget::parse(include_str!("../../instructions.toml")).unwrap();
        assert_eq!(budget.gaps(), [""; 0]);
        let mut other = Budget::empty();
        other.cases.insert("no-such-case".to_owned(), Cost { own: 1, ciphers: 1 });
        assert_eq!(other.gaps().len(), cases::ALL.len() + 1);
    }

    #[test]
    fn what_is_written_reads_back() {
        let mut budget = Budget::empty();
        budget.set("read", &Counted { own: 7, ciphers: 8, bend: 0.0 });
        let read = Budget::parse(&budget.text()).unwrap();
        assert!(read.is_for_this_processor());
        assert_eq!(read.cases.get("read").map(|it| (it.own, it.ciphers)), Some((7, 8)));
        assert!(Budget::parse("processor = \"x\"\n[cases]\nread = { own = 1 }\n").is_err());
    }
}
