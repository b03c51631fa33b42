//! Which files each commit changed, as git lists them.

use std::io::{BufRead, BufReader};

use super::{
    Commit, Error, Range,
    command::{Repository, Running},
};

/// What git lists, one after the other: a commit and then its changes.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum Entry {
    Commit(Commit),
    Change {
        path: String,
        new: String,
        /// The same file in the commits before; more than one where a commit merges.
        old: Vec<String>,
    },
}

/// Between what commits changed, oldest first.
const LOG: [&str; 5] =
    ["log", "--reverse", "--topo-order", "--format=tformat:%H %aI %an", "--diff-merges=combined"];
const STAGED: [&str; 2] = ["diff", "--cached"];
/// Names of versions alone: no file is compared, and no program of the repository's asked.
const RAW: [&str; 9] = [
    "--raw",
    "-z",
    "--no-abbrev",
    "--find-renames",
    "--no-color",
    "--no-ext-diff",
    "--no-textconv",
    "--no-relative",
    "--ignore-submodules=all",
];

pub(super) fn read(repository: &Repository, range: &Range, take: impl FnMut(Entry)) -> Result<(), Error> {
    let mut args: Vec<&str> = if *range == Range::Staged { STAGED.to_vec() } else { LOG.to_vec() };
    args.extend(RAW);
    match range {
        Range::Staged => {}
        Range::All => args.extend(["--no-show-signature", "--no-notes", "--all"]),
        Range::Commits(range) if range.starts_with('-') => return Err(Error::Range),
        Range::Commits(range) => {
            args.extend(["--no-show-signature", "--no-notes", "--end-of-options", range.as_str()]);
        }
    }
    args.push("--");
    if !repository.prefix.is_empty() {
        args.push(".");
    }
    let mut running = Running::start(&mut repository.git(&args))?;
    let out = running.child.stdout.take().ok_or(Error::Garbled)?;
    let parsed = parse(BufReader::new(out), take);
    // Why it stopped says more than that its answer was cut off.
    running.end()?;
    parsed
}

/// Commits as `ID DATE AUTHOR`, changes as `:MODES IDS STATUS` and a path, two where it was renamed; each
/// ended by a NUL. A merge has a colon for each commit before it.
fn parse(mut from: impl BufRead, mut take: impl FnMut(Entry)) -> Result<(), Error> {
    while let Some(word) = next(&mut from)? {
        let word = word.trim_start_matches('\n');
        let parents = word.len() - word.trim_start_matches(':').len();
        if parents == 0 {
            if !word.is_empty() {
                take(Entry::Commit(commit(word).ok_or(Error::Garbled)?));
            }
            continue;
        }
        let fields: Vec<&str> = word.trim_start_matches(':').split(' ').collect();
        let (Some(modes), Some(ids), [.., status]) =
            (fields.get(..=parents), fields.get(parents + 1..2 * parents + 2), fields.as_slice())
        else {
            return Err(Error::Garbled);
        };
        let mut path = next(&mut from)?.ok_or(Error::Garbled)?;
        if parents == 1 && status.starts_with(['R', 'C']) {
            path = next(&mut from)?.ok_or(Error::Garbled)?;
        }
        let is_file = |mode: &&str| mode.starts_with("100");
        let (Some((new, old)), Some((mode, modes))) = (ids.split_last(), modes.split_last()) else {
            return Err(Error::Garbled);
        };
        // Links, other repositories, and what was removed.
        if !is_file(mode) {
            continue;
        }
        let old = old.iter().zip(modes).filter(|(_, mode)| is_file(mode)).map(|(id, _)| (*id).to_owned());
        take(Entry::Change { path, new: (*new).to_owned(), old: old.collect() });
    }
    Ok(())
}

fn next(from: &mut impl BufRead) -> Result<Option<String>, Error> {
    let mut word = Vec::new();
    from.read_until(0, &mut word).map_err(|_| Error::Garbled)?;
    Ok((word.pop().is_some()).then(|| String::from_utf8_lossy(&word).into_owned()))
}

fn commit(word: &str) -> Option<Commit> {
    let mut parts = word.splitn(3, ' ').map(str::to_owned);
    Some(Commit { id: parts.next()?, date: parts.next()?, author: parts.next()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(listed: &str, expected: &[(&str, &str, &[&str])]) {
        let mut entries = Vec::new();
        parse(listed.replace('|', "\0").as_bytes(), |it| entries.push(it)).unwrap();
        let told: Vec<_> = entries
            .iter()
            .map(|it| match it {
                Entry::Commit(it) => (it.id.as_str(), it.author.as_str(), vec![]),
                Entry::Change { path, new, old } => {
                    (path.as_str(), new.as_str(), old.iter().map(String::as_str).collect())
                }
            })
            .collect();
        let expected: Vec<_> = expected.iter().map(|(a, b, c)| (*a, *b, c.to_vec())).collect();
        assert_eq!(told, expected);
    }

    #[test]
    fn every_form_of_a_change_is_read() {
        check(
            "c1 2026-01-01T00:00:00Z Ann B|:000000 100644 00 aa A|x|",
            &[("c1", "Ann B", &[]), ("x", "aa", &[])],
        );
        check(
            "c1 d a||\n:100644 100755 aa bb M|:x|c2 d b|",
            &[("c1", "a", &[]), (":x", "bb", &["aa"]), ("c2", "b", &[])],
        );
        check(":100644 100644 aa bb R100|x|y|:100644 000000 bb 00 D|y|", &[("y", "bb", &["aa"])]);
        check(
            ":120000 100644 aa bb T|x|:000000 160000 00 cc A|s|:000000 120000 00 dd A|l|",
            &[("x", "bb", &[])],
        );
        check("::100644 100644 100644 aa bb cc MM|x|", &[("x", "cc", &["aa", "bb"])]);
    }

    #[test]
    fn what_is_cut_off_is_no_answer() {
        for listed in [":100644 100644 aa|x|", ":100644 100644 aa bb M|", "c1|"] {
            assert!(parse(listed.replace('|', "\0").as_bytes(), |_| ()).is_err(), "{listed}");
        }
    }
}
