//! What is told of a finding: where it stands and what it is, and nothing of its value.

mod json;
mod mask;
mod position;
mod sarif;
mod table;

use std::{
    borrow::Cow,
    collections::HashSet,
    hash::{BuildHasher as _, RandomState},
    sync::{Arc, LazyLock},
};

pub use json::Json;
use mask::Conceal;
pub(crate) use position::Cursor;
pub use sarif::sarif;
pub use table::{HEAD, plain, table};

use crate::{Finding, Kind, Obstacle, Severity, allow::Allows, git::Commit, walk::File};

/// A finding without its value.
#[derive(Clone, Debug)]
pub struct Hit {
    pub file: Arc<File>,
    /// Counted from 1, columns in code points, the end exclusive.
    pub line: usize,
    pub column: usize,
    pub end_line: usize,
    pub end_column: usize,
    pub key: String,
    pub path: String,
    pub kind: Kind,
    pub severity: Severity,
    pub weak: bool,
    pub commented: bool,
    pub obstacle: Option<Obstacle>,
    /// Enough to know a token by, and nothing of what a person made up.
    pub masked: Cow<'static, str>,
    /// Who brought it, where history is read.
    pub commit: Option<Arc<Commit>>,
    /// The same for the same value under the same name, within this process: it is keyed, and never shown.
    pub(crate) identity: u64,
}

static KEY: LazyLock<RandomState> = LazyLock::new(RandomState::new);

fn identity(it: &Finding) -> u64 {
    KEY.hash_one((&it.path, &it.key, it.kind, it.value.expose()))
}

/// Of one file: a list of more is read by nobody, and memory is bounded by it.
const MOST: usize = 10_000;

/// What was seen in one file.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) hits: Vec<Hit>,
    /// How many findings a comment allows.
    pub(crate) allowed: usize,
    /// Lines of comments that allow nothing.
    pub(crate) idle: Vec<usize>,
    pub(crate) binary: bool,
    pub(crate) in_pieces: bool,
    /// There are more findings than are kept.
    pub(crate) cut: bool,
}

impl Seen {
    pub(crate) fn of(file: &Arc<File>, text: &str, findings: &[Finding]) -> Self {
        let mut allows = Allows::of(text);
        let conceal = Conceal::new(findings);
        let mut cursor = Cursor::new(text);
        let mut seen = Self::default();
        for finding in findings {
            let (line, column) = cursor.to(finding.span.start);
            let (end_line, end_column) = cursor.to(finding.span.end);
            if allows.allow(finding.kind, line, end_line) {
                seen.allowed += 1;
                continue;
            }
            if seen.hits.len() == MOST {
                seen.cut = true;
                break;
            }
            seen.hits.push(Hit {
                file: file.clone(),
                line,
                column,
                end_line,
                end_column,
                key: conceal.within(&finding.key, finding.value.expose()),
                path: conceal.within(&finding.path, finding.value.expose()),
                kind: finding.kind,
                severity: finding.severity,
                weak: finding.weak,
                commented: finding.commented,
                obstacle: finding.obstacle,
                masked: mask::mask(finding.kind, finding.weak, finding.value.expose()),
                commit: None,
                identity: identity(finding),
            });
        }
        seen.idle = allows.idle();
        seen
    }

    /// Adds what was seen in a later piece of the same file.
    pub(crate) fn add(&mut self, piece: Self, lines: usize, columns: usize) {
        let column = |line: usize, column: usize| if line == 1 { column + columns } else { column };
        // What goes on into this piece was told whole by the one before.
        let told = self.hits.last().map_or((0, 0), |it| (it.end_line, it.end_column));
        let moved = piece.hits.into_iter().map(|it| Hit {
            column: column(it.line, it.column),
            end_column: column(it.end_line, it.end_column),
            line: it.line + lines,
            end_line: it.end_line + lines,
            ..it
        });
        self.hits.extend(moved.filter(|it| (it.line, it.column) >= told));
        self.cut |= piece.cut || self.hits.len() > MOST;
        self.hits.truncate(MOST);
        self.allowed += piece.allowed;
        self.idle.extend(piece.idle.into_iter().map(|it| it + lines));
    }
}

/// Tells findings of one name in one place apart: the first, the second.
#[derive(Debug, Default)]
pub(crate) struct Ordinals<'a>(std::collections::HashMap<(&'a str, &'a str, &'a str, Kind), usize>);

impl<'a> Ordinals<'a> {
    pub(crate) fn next(&mut self, hit: &'a Hit) -> usize {
        let count = self.0.entry((&hit.file.name, &hit.path, &hit.key, hit.kind)).or_default();
        *count += 1;
        *count
    }
}

/// Which findings are told.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// This and what is more severe.
    pub severity: Option<Severity>,
    /// None: all of them.
    pub kinds: HashSet<Kind>,
    pub not_weak: bool,
    pub not_commented: bool,
}

impl Wanted {
    #[must_use]
    pub fn wants(&self, it: &Hit) -> bool {
        self.is_wanted(it.severity, it.kind, it.weak, it.commented)
    }

    #[must_use]
    pub fn wants_finding(&self, it: &Finding) -> bool {
        self.is_wanted(it.severity, it.kind, it.weak, it.commented)
    }

    fn is_wanted(&self, severity: Severity, kind: Kind, weak: bool, commented: bool) -> bool {
        self.severity.is_none_or(|it| severity >= it)
            && (self.kinds.is_empty() || self.kinds.contains(&kind))
            && !(self.not_weak && weak)
            && !(self.not_commented && commented)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake;

    #[track_caller]
    fn check(wanted: Wanted, expected: &[&str]) {
        let told: Vec<_> = hits().into_iter().filter(|it| wanted.wants(it)).map(|it| it.key).collect();
        assert_eq!(told, expected);
    }

    fn hits() -> Vec<Hit> {
        let hit = |key: &str, severity, kind, weak, commented| Hit {
            severity,
            kind,
            weak,
            commented,
            ..fake::hit(key)
        };
        vec![
            hit("a", Severity::Low, Kind::Password, true, false),
            hit("b", Severity::High, Kind::Token, false, true),
            hit("c", Severity::Critical, Kind::PrivateKey, false, false),
        ]
    }

    #[test]
    fn of_one_file_no_more_is_kept_than_somebody_reads() {
        let text = "SECRET-1\n".repeat(MOST + 1);
        let seen = Seen::of(&Arc::default(), &text, &fake::findings(&text));
        assert_eq!((seen.hits.len(), seen.cut), (MOST, true));
        let mut both = Seen::default();
        for lines in [0, MOST + 1] {
            both.add(Seen::of(&Arc::default(), &text, &fake::findings(&text)), lines, 0);
        }
        assert_eq!((both.hits.len(), both.cut), (MOST, true));
    }

    #[test]
    fn what_is_not_wanted_is_left_out() {
        check(Wanted::default(), &["a", "b", "c"]);
        check(Wanted { severity: Some(Severity::High), ..Wanted::default() }, &["b", "c"]);
        check(Wanted { kinds: [Kind::Token, Kind::Password].into(), ..Wanted::default() }, &["a", "b"]);
        check(Wanted { not_weak: true, ..Wanted::default() }, &["b", "c"]);
        check(Wanted { not_commented: true, ..Wanted::default() }, &["a", "c"]);
    }
}
