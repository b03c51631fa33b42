//! Copies of moved values that stay in the file, where nothing tells the scanner what they are: in a comment, or under a
//! name of something else.

use std::collections::BTreeSet;

use strongroom_fix::Plan;
use strongroom_scan::{Finding, Format, Position, plain};

/// Shorter values are parts of words.
const LONG: usize = 8;
/// What joins the words of a name.
const JOINTS: &str = "-_. ";

/// Lines on which a moved value stands once more.
#[derive(Default)]
pub(super) struct Copies {
    before: BTreeSet<usize>,
    /// The same lines of the rewritten file.
    after: BTreeSet<usize>,
}

impl Copies {
    pub(super) fn of(name: &str, text: &str, findings: &[Finding], plan: &Plan, fixed: &str) -> Self {
        let is_moved = |at: usize| plan.left.iter().all(|it| it.finding != at);
        let moved =
            findings.iter().enumerate().filter(|(at, it)| is_moved(*at) && !it.weak).map(|(_, it)| it);
        // What comments allow is no finding, and is there on purpose.
        let known = strongroom_scan::scan_as(name, text, Format::of(name, text));
        let spans = known.iter().map(|it| it.span).chain(plan.edits.iter().map(|it| it.span));
        let spans: Vec<_> = spans.collect();
        let mut copies = Self::default();
        for (at, len) in moved.flat_map(|it| places(it, text)) {
            if spans.iter().all(|it| at + len <= it.start || it.end <= at) {
                copies.before.insert(Position::of(text, at).line);
                copies.after.insert(Position::of(fixed, moved_to(plan, at)).line);
            }
        }
        copies
    }

    pub(super) fn count(&self) -> usize {
        self.before.len()
    }

    /// What to do about them, without a value.
    pub(super) fn note(&self, name: &str, is_done: bool) -> Option<String> {
        let (what, lines) = if is_done {
            ("a value that was moved still stands", &self.after)
        } else {
            ("a value that is to be moved would still stand", &self.before)
        };
        let lines: Vec<String> = lines.iter().map(usize::to_string).collect();
        let told = || format!("{what} at {}:{}: take it out by hand", plain(name), lines.join(", "));
        (!lines.is_empty()).then(told)
    }
}

/// Where a value stands as a word of its own, as the program gets it or as it is written; and how long it is there.
fn places<'a>(finding: &'a Finding, text: &'a str) -> impl Iterator<Item = (usize, usize)> + 'a {
    let forms = [finding.value.expose(), finding.span.of(text)];
    let forms = forms.into_iter().filter(|it| it.chars().count() >= LONG && !is_name(it));
    forms.flat_map(|form| text.match_indices(form)).filter_map(|(at, form)| {
        let before = text.get(..at)?.chars().next_back();
        let after = text.get(at + form.len()..)?.chars().next();
        let is_word = [before, after].into_iter().flatten().all(|it| !it.is_alphanumeric());
        is_word.then_some((at, form.len()))
    })
}

/// Passwords that are words alone are called as the program or its user often enough: where such a word stands, nothing
/// tells that it is the password.
fn is_name(value: &str) -> bool {
    value.chars().all(|it| it.is_alphabetic() || JOINTS.contains(it))
}

/// Where a place outside of all edits lies behind them.
fn moved_to(plan: &Plan, at: usize) -> usize {
    let before = plan.edits.iter().filter(|it| it.span.end <= at);
    before.fold(at, |at, it| (at + it.text.len()).saturating_sub(it.span.end - it.span.start))
}
