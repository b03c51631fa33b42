//! Comments that say that a finding is known and no fault.
//!
//! `strongroom:allow` behind a comment's mark holds for its line, and if it stands there alone for the next
//! line too; `strongroom:allow-file` in the first lines holds for the file. Kinds may stand behind it in
//! brackets, and a reason behind those: `# strongroom:allow(password) everybody's in the test database`.

use std::collections::BTreeMap;

use memchr::memmem;

use crate::{Finding, Kind, report::Cursor};

const WORD: &str = "strongroom:allow";
/// What allows a whole file stands where whoever opens it sees it.
const FIRST: usize = 20;
/// How much of a line is looked at, each way.
const NEAR: usize = 1 << 10;
/// What begins a comment in one language or another. A template's own comments are among them.
const MARKS: [&str; 14] =
    ["#", "//", "/*", "*", "<!--", ";", "--", "%", "{{/*", "{{- /*", "{#", "<%#", "\"", "REM"];

/// What no comment allows.
pub(crate) fn without_allowed(text: &str, mut findings: Vec<Finding>) -> Vec<Finding> {
    let mut allows = Allows::of(text);
    if !allows.all.is_empty() {
        let mut cursor = Cursor::new(text);
        findings.retain(|it| {
            let (line, _) = cursor.to(it.span.start);
            let (end_line, _) = cursor.to(it.span.end);
            !allows.allow(it.kind, line, end_line)
        });
    }
    findings
}

#[derive(Debug, Default)]
pub(crate) struct Allows {
    all: Vec<Allow>,
    /// By the lines that they hold for.
    lines: BTreeMap<usize, Vec<usize>>,
    whole: Vec<usize>,
}

#[derive(Debug)]
struct Allow {
    line: usize,
    /// None: all of them.
    kinds: Option<Vec<Kind>>,
    used: bool,
}

/// One as it is written.
struct Written {
    whole: bool,
    alone: bool,
    kinds: Option<Vec<Kind>>,
}

impl Allows {
    pub(crate) fn of(text: &str) -> Self {
        let mut allows = Self::default();
        let (mut line, mut counted) = (1, 0);
        // Those that stand alone, up to the line that they are for.
        let mut waiting: Vec<usize> = Vec::new();
        let mut waiting_for = 0;
        for at in memmem::find_iter(text.as_bytes(), WORD) {
            let passed = text.get(counted..at).unwrap_or_default();
            line += memchr::memchr_iter(b'\n', passed.as_bytes()).count();
            counted = at;
            let Some(written) = written(before(text, at), after(text, at + WORD.len())) else { continue };
            let number = allows.all.len();
            if written.whole {
                if line > FIRST {
                    continue;
                }
                allows.whole.push(number);
            } else {
                allows.lines.entry(line).or_default().push(number);
                if waiting_for != line {
                    allows.hold(&mut waiting, waiting_for);
                }
                if written.alone {
                    waiting.push(number);
                    waiting_for = line + 1;
                }
            }
            allows.all.push(Allow { line, kinds: written.kinds, used: false });
        }
        allows.hold(&mut waiting, waiting_for);
        allows
    }

    /// Whether a finding on these lines is allowed.
    pub(crate) fn allow(&mut self, kind: Kind, line: usize, end_line: usize) -> bool {
        let near = self.lines.range(line..=end_line.max(line)).flat_map(|(_, it)| it);
        let mut allowed = false;
        for number in self.whole.iter().chain(near) {
            if let Some(it) = self.all.get_mut(*number)
                && it.kinds.as_ref().is_none_or(|kinds| kinds.contains(&kind))
            {
                it.used = true;
                allowed = true;
            }
        }
        allowed
    }

    /// The lines of those that allowed nothing.
    pub(crate) fn idle(&self) -> Vec<usize> {
        self.all.iter().filter(|it| !it.used).map(|it| it.line).collect()
    }

    fn hold(&mut self, waiting: &mut Vec<usize>, line: usize) {
        if !waiting.is_empty() {
            self.lines.entry(line).or_default().append(waiting);
        }
    }
}

/// What stands before it on its line. Of a line of megabytes only the nearest is looked at.
fn before(text: &str, at: usize) -> &str {
    let from = boundary(text, at.saturating_sub(NEAR));
    let near = text.get(from..at).unwrap_or_default();
    near.rsplit('\n').next().unwrap_or_default()
}

fn after(text: &str, at: usize) -> &str {
    let to = boundary(text, at.saturating_add(NEAR).min(text.len()));
    let near = text.get(at..to).unwrap_or_default();
    near.lines().next().unwrap_or_default()
}

/// The place, or the beginning of the character that it is within.
fn boundary(text: &str, at: usize) -> usize {
    (at.saturating_sub(3)..=at).rev().find(|it| text.is_char_boundary(*it)).unwrap_or(at)
}

fn written(before: &str, after: &str) -> Option<Written> {
    let before = before.trim();
    let mark = MARKS.iter().filter(|it| before.ends_with(**it)).max_by_key(|it| it.len())?;
    // `##`, `///`, `;;`
    let alone = before.strip_suffix(mark)?.trim_end_matches(*mark).trim_end_matches('/').trim().is_empty();
    let (whole, after) = match after.strip_prefix("-file") {
        Some(after) => (true, after),
        None => (false, after),
    };
    if after.starts_with(|c: char| c.is_alphanumeric() || matches!(c, '-' | '_')) {
        return None;
    }
    let named = after.strip_prefix('(').and_then(|it| it.split_once(')')).map(|(named, _)| named);
    // A kind that nobody knows is no kind: it allows nothing, and is told as such.
    let kinds = named.map(|it| it.split(',').filter_map(|name| Kind::of(name.trim())).collect());
    Some(Written { whole, alone, kinds })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake;

    /// The lines on which a password is allowed, and the lines of what allows none.
    #[track_caller]
    fn check(text: &str, allowed: &[usize], idle: &[usize]) {
        let mut allows = Allows::of(text);
        let lines = 1..=text.lines().count();
        assert_eq!(
            lines.filter(|it| allows.allow(Kind::Password, *it, *it)).collect::<Vec<_>>(),
            allowed,
            "{text}"
        );
        assert_eq!(allows.idle(), idle, "{text}");
    }

    #[test]
    fn a_comment_allows_its_line_and_alone_the_next() {
        check("a\nb = 1 # strongroom:allow\nc", &[2], &[]);
        check("a\n  # strongroom:allow because\nc\nd", &[2, 3], &[]);
        check("# strongroom:allow\n# strongroom:allow(password)\nc\nd", &[1, 2, 3], &[]);
        check("# strongroom:allow\n\nc # strongroom:allow", &[1, 2, 3], &[]);
    }

    #[test]
    fn what_is_allowed_is_not_found() {
        let text = "SECRET-1 # strongroom:allow\n\nSECRET-2\n";
        let left = without_allowed(text, fake::findings(text));
        assert_eq!(left.iter().map(|it| it.value.expose()).collect::<Vec<_>>(), ["SECRET-2"]);
    }

    #[test]
    fn every_language_has_its_comments() {
        for comment in [
            "#", "##", "//", "///", "/*", "/**", " *", "<!--", ";", ";;", "--", "%", "{{/*", "{{- /*", "{#",
            "<%#", "\"", "REM",
        ] {
            check(&format!("{comment} strongroom:allow\nx\ny"), &[1, 2], &[]);
            check(&format!("x {comment}strongroom:allow\ny"), &[1], &[]);
        }
        check("strongroom:allow\nx: strongroom:allow\n", &[], &[]);
        check("# strongroom:allowed\n# strongroom:allow_all\n# strongroom:allow-lists", &[], &[]);
    }

    #[test]
    fn kinds_narrow_it() {
        check("x # strongroom:allow(password) why", &[1], &[]);
        check("x # strongroom:allow(token, password)", &[1], &[]);
        check("x # strongroom:allow(token)\ny # strongroom:allow(passwrod)", &[], &[1, 2]);
    }

    #[test]
    fn a_file_is_allowed_in_its_first_lines() {
        check("a\n# strongroom:allow-file(password) samples\nb", &[1, 2, 3], &[]);
        check(&format!("{}# strongroom:allow-file", "x\n".repeat(FIRST)), &[], &[]);
        check("# strongroom:allow-file(token)\nb", &[], &[1]);
    }

    #[test]
    fn a_finding_of_many_lines_is_allowed_on_any_of_them() {
        let mut allows = Allows::of("a\nb\nc # strongroom:allow\nd");
        assert!(allows.allow(Kind::PrivateKey, 1, 4) && !allows.allow(Kind::PrivateKey, 1, 2));
    }
}
