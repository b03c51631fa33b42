//! The one thing that is read of a file of callgrind's: which function has taken how many instructions.
//!
//! `callgrind_annotate` would tell it too, but takes a function that was entered before its region began for the
//! one that did all the work.

use std::collections::HashMap;

use super::Failure;

/// What a region has taken.
#[derive(Default)]
pub(crate) struct Profile {
    pub(crate) total: u64,
    pub(crate) functions: HashMap<String, Cost>,
}

#[derive(Clone, Copy, Default)]
pub(crate) struct Cost {
    /// In the function's own code, and what was inlined into it.
    pub(crate) own: u64,
    /// With what it calls.
    pub(crate) with_called: u64,
}

impl Profile {
    /// Reads a file with the one event `Ir`, in the positions `line`.
    pub(crate) fn parse(text: &str) -> Result<Self, Failure> {
        let mut names: HashMap<&str, &str> = HashMap::new();
        let mut costs: HashMap<&str, Cost> = HashMap::new();
        let (mut function, mut called, mut is_call) = ("", "", false);
        for line in text.lines() {
            if let Some(name) = line.strip_prefix("fn=") {
                function = resolve(&mut names, name);
            } else if let Some(name) = line.strip_prefix("cfn=") {
                called = resolve(&mut names, name);
            } else if line.starts_with("calls=") {
                is_call = true;
            } else if line.starts_with(|it: char| it.is_ascii_digit() || "+-*".contains(it)) {
                let count = line.split_once(' ').ok_or("a line without a count")?.1.trim().parse::<u64>()?;
                let cost = costs.entry(function).or_default();
                if !std::mem::take(&mut is_call) {
                    cost.own += count;
                    cost.with_called += count;
                } else if called != function {
                    cost.with_called += count;
                }
            }
        }
        let total = costs.values().map(|it| it.own).sum();
        if total == 0 {
            return Err("callgrind has counted nothing".into());
        }
        Ok(Self { total, functions: costs.into_iter().map(|(name, cost)| (name.to_owned(), cost)).collect() })
    }

    /// The functions that take most, and how much of all it is.
    pub(crate) fn top(&self, by: impl Fn(&Cost) -> u64, most: usize) -> Vec<(&str, u64)> {
        let costs = self.functions.iter().map(|(name, cost)| (name.as_str(), by(cost)));
        let mut costs: Vec<(&str, u64)> = costs.filter(|(name, _)| !is_frame(name)).collect();
        costs.sort_unstable_by_key(|(name, cost)| (std::cmp::Reverse(*cost), *name));
        costs.truncate(most);
        costs
    }
}

/// `(12) name` is said once, `(12)` from then on.
fn resolve<'a>(names: &mut HashMap<&'a str, &'a str>, text: &'a str) -> &'a str {
    match text.split_once(' ') {
        Some((number, name)) => {
            names.insert(number, name);
            name
        }
        None => names.get(text).copied().unwrap_or(text),
    }
}

/// What is only there to call everything else.
fn is_frame(name: &str) -> bool {
    const FRAMES: [&str; 7] = [
        "(below main)",
        "0x",
        "__libc_start",
        "instructions::main",
        "main",
        "std::rt::",
        "std::sys::backtrace::",
    ];
    FRAMES.iter().any(|it| name.starts_with(it))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "positions: line\nevents: Ir\nsummary: 30\n\nfn=(1) outer\n3 5\n+1 1\ncfn=(2) inner\n\
                        calls=2 9\n* 20\n\nfn=(2)\n9 20\ncfn=(2)\ncalls=1 9\n* 7\n\nfn=(3) main\ncfn=(1)\n\
                        calls=0 0\n0 26\n\ntotals: 26\n";

    #[test]
    fn what_is_called_is_not_a_functions_own() {
        let profile = Profile::parse(FILE).unwrap();
        assert_eq!(profile.total, 26);
        assert_eq!(profile.top(|it| it.own, 9), [("inner", 20), ("outer", 6)]);
        assert_eq!(profile.top(|it| it.with_called, 1), [("outer", 26)]);
    }

    #[test]
    fn an_empty_file_is_no_profile() {
        assert!(Profile::parse("totals: 0\n").is_err());
    }
}
