//! The one thing that is read of a file of callgrind's: which function has taken how many instructions, and who
//! has called it.
//!
//! `callgrind_annotate` would tell it too, but takes a function that was entered before its region began for the
//! one that did all the work.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, HashMap},
};

use super::Failure;

/// What a region has taken.
#[derive(Default)]
pub(crate) struct Profile {
    functions: BTreeMap<String, Function>,
}

#[derive(Default)]
pub(crate) struct Function {
    /// Instructions in its own code, and in what was inlined into it.
    pub(crate) own: u64,
    /// With what it calls.
    pub(crate) with_called: u64,
    /// How often it was called.
    pub(crate) calls: u64,
    /// What it took for each of those that called it.
    callers: BTreeMap<String, u64>,
}

impl Profile {
    /// Reads a file with the one event `Ir` and positions that are lines.
    pub(crate) fn parse(text: &str) -> Result<Self, Failure> {
        let mut names: HashMap<&str, &str> = HashMap::new();
        let mut functions: BTreeMap<String, Function> = BTreeMap::new();
        let (mut function, mut called, mut calls) = ("", "", None);
        for line in text.lines() {
            if let Some(name) = line.strip_prefix("fn=") {
                function = resolve(&mut names, name);
            } else if let Some(name) = line.strip_prefix("cfn=") {
                called = resolve(&mut names, name);
            } else if let Some(count) = line.strip_prefix("calls=") {
                calls = Some(count.split(' ').next().unwrap_or_default().parse::<u64>()?);
            } else if line.starts_with(|it: char| it.is_ascii_digit() || "+-*".contains(it)) {
                let count = line.split_once(' ').ok_or("a line without a count")?.1.trim().parse::<u64>()?;
                let is_call = calls.take();
                let cost = functions.entry(function.to_owned()).or_default();
                match is_call {
                    None => {
                        cost.own += count;
                        cost.with_called += count;
                    }
                    Some(_) if called == function => {}
                    Some(calls) => {
                        cost.with_called += count;
                        let called = functions.entry(called.to_owned()).or_default();
                        called.calls += calls;
                        *called.callers.entry(function.to_owned()).or_default() += count;
                    }
                }
            }
        }
        Ok(Self { functions })
    }

    /// Instructions of the functions that `counts` takes.
    pub(crate) fn total(&self, counts: impl Fn(&str) -> bool) -> u64 {
        self.functions.iter().filter(|(name, _)| counts(name)).map(|(_, it)| it.own).sum()
    }

    /// The functions that take most.
    pub(crate) fn top(&self, by: impl Fn(&Function) -> u64, most: usize) -> Vec<(&str, &Function)> {
        let named = self.functions.iter().map(|(name, it)| (name.as_str(), it));
        let mut found: Vec<_> = named.filter(|(name, _)| !is_frame(name)).collect();
        found.sort_by_key(|(_, it)| Reverse(by(it)));
        found.truncate(most);
        found
    }
}

impl Function {
    /// Those for whom it took most.
    pub(crate) fn callers(&self, most: usize) -> Vec<(&str, u64)> {
        let mut callers: Vec<(&str, u64)> =
            self.callers.iter().map(|(name, it)| (name.as_str(), *it)).collect();
        callers.sort_by_key(|it| Reverse(it.1));
        callers.truncate(most);
        callers
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
    const FRAMES: [&str; 12] = [
        "(below main)",
        "0x",
        "__libc_start",
        "clone",
        "core::ops::function::FnOnce::call_once",
        "instructions::",
        "main",
        "start_thread",
        "std::rt::",
        "std::sys::",
        "std::thread::local::LocalKey",
        "tokio::runtime::",
    ];
    FRAMES.iter().any(|it| name.starts_with(it)) || name.contains("std::sys::thread")
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
        assert_eq!(profile.total(|_| true), 26);
        assert_eq!(profile.total(|name| name == "inner"), 20);
        let by_own: Vec<_> = profile.top(|it| it.own, 9).iter().map(|(name, it)| (*name, it.own)).collect();
        assert_eq!(by_own, [("inner", 20), ("outer", 6)]);
        let (name, most) = profile.top(|it| it.with_called, 1)[0];
        assert_eq!((name, most.with_called), ("outer", 26));
    }

    #[test]
    fn who_calls_is_known_and_recursion_counts_once() {
        let profile = Profile::parse(FILE).unwrap();
        let inner = profile.top(|it| it.own, 1)[0].1;
        assert_eq!((inner.calls, inner.callers(9)), (2, vec![("outer", 20)]));
    }

    #[test]
    fn an_empty_file_has_counted_nothing() {
        assert_eq!(Profile::parse("totals: 0\n").unwrap().total(|_| true), 0);
    }
}
