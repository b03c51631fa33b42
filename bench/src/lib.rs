//! The same work on Strongroom and on its peers, side by side in one run.
//!
//! Every figure is a median over rounds in which the servers take turns, so that a noisy machine disturbs all
//! of them alike, and what counts is the ratio. File audit is on for both secrets managers, storage is
//! durable, and each answer is checked: a wrong one fails the run.

pub mod facts;
pub mod load;
pub mod options;
pub mod peers;
pub mod report;
pub mod run;
pub mod scale;
pub mod server;
pub mod setup;
pub mod workloads;

pub use options::Options;

/// What goes wrong ends the run with one line.
pub type Failure = Box<dyn std::error::Error>;

/// The one place that prints.
#[allow(clippy::print_stdout, reason = "a program whose output is its purpose")]
pub fn say(line: &str) {
    println!("{line}");
}
