//! Finds plaintext credentials in configuration files, by their structure and not by their text alone.
//!
//! A *reader* for each syntax ([`read`]) walks a [`Text`] and tells the [`Finder`] of the values, the words
//! of commands, the documents within values, and the comments that it meets. The finder opens what is
//! embedded in them ([`embedded`]), and asks the judge ([`judge`]) about each leaf. What the judge calls a
//! credential becomes a [`Finding`], which knows the exact bytes of the file that it stands in.

mod allow;
mod baseline;
#[cfg(test)]
mod brought;
mod embedded;
#[cfg(test)]
mod fake;
mod finder;
mod finding;
mod format;
mod git;
mod judge;
mod needles;
mod position;
mod read;
mod report;
mod text;
mod walk;

pub use baseline::{Baseline, Error as BaselineError, Place as KnownPlace, Remains};
pub use finder::{At, Finder};
pub use finding::{Finding, Kind, Obstacle, Place, Severity, Value};
pub use format::Format;
pub use git::{Commit, Error as GitError, History, Range, history};
pub use position::Position;
pub use read::written_in_yaml;
pub use report::{HEAD, Hit, Json, Wanted, plain, sarif, table};
pub use text::{Decoder, Layer, Text};
pub use walk::{Cause, File, Listing, Source, Sweep, Tally, Trouble, list, sweep};

/// Finds the credentials of a text that is known to have this format: [`scan_as`], or a test's own.
pub type Find = fn(&str, &str, Format) -> Vec<Finding>;

/// The credentials in one file, in the order they stand, without those that its comments allow.
///
/// `name` is the file's path, which tells its syntax; `text` is all of it, byte-order mark included.
#[must_use]
pub fn scan(name: &str, text: &str) -> Vec<Finding> {
    let whole = Text::whole(text);
    allow::without_allowed(text, scan_as(name, text, Format::of(name, whole.as_str())))
}

/// All credentials of a text whose format is known: a piece of a file, say.
#[must_use]
pub fn scan_as(name: &str, text: &str, format: Format) -> Vec<Finding> {
    let whole = Text::whole(text);
    let mut finder = Finder::new(text);
    finder.document(&At::file(name), whole, format);
    finder.finish()
}
