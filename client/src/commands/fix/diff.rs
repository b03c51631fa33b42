//! What changes, as a unified diff in which no secret stands.

use std::{
    borrow::Cow,
    fs,
    io::{self, IsTerminal as _},
    path::Path,
};

use similar::TextDiff;
use strongroom_scan::{Finding, Format, plain};
use zeroize::Zeroizing;

use crate::{env, failure::Failure, output::line};

/// Stands where a secret stood: its length tells nothing.
const MASK: &str = "••••••••";
const CONTEXT: usize = 3;
/// Shorter values are parts of words.
const LONG: usize = 6;

/// Shows how a file changes; nothing if it does not.
pub(super) fn show(name: &str, text: &str, findings: &[Finding], fixed: &str) -> Result<(), Failure> {
    let (before, after) = both(name, text, findings, fixed);
    unified(name, name, &before, &after)
}

/// Shows a file beside that comes to be, or is completed.
pub(super) fn show_beside(name: &str, before: Option<&str>, text: &str) -> Result<(), Failure> {
    match before {
        // Somebody may have put a secret into it.
        Some(before) => show(name, before, &[], text),
        None => unified("/dev/null", name, "", text),
    }
}

/// The path of a file beside the one that was typed, as that was typed. Of a link it lies where the link leads.
pub(super) fn as_typed(name: &str, beside: &Path) -> String {
    let typed = Path::new(name).with_file_name(beside.file_name().unwrap_or_default());
    let folder = typed.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let is_there = fs::canonicalize(folder).is_ok_and(|it| beside.parent() == Some(&it));
    let path = if is_there { &typed } else { beside };
    path.to_string_lossy().into_owned()
}

/// The file before and after, with no secret in either.
fn both(name: &str, text: &str, findings: &[Finding], fixed: &str) -> (Zeroizing<String>, Zeroizing<String>) {
    // What comments allow is no finding, and a secret all the same.
    let all = |text: &str| strongroom_scan::scan_as(name, text, Format::of(name, text));
    let (found, left) = (all(text), all(fixed));
    // A value may stand once more where nothing tells what it is, as the program gets it or as it is written.
    let before = findings.iter().chain(&found).flat_map(|it| values(it, text));
    let mut values: Vec<&str> = before.chain(left.iter().flat_map(|it| values(it, fixed))).collect();
    // One may be a part of another, whose rest would be shown.
    values.sort_by_key(|it| std::cmp::Reverse(it.len()));
    (masked(text, &found, &values), masked(fixed, &left, &values))
}

fn unified(old: &str, new: &str, before: &str, after: &str) -> Result<(), Failure> {
    if before == after {
        return Ok(());
    }
    let (old, new) = (plain(old), plain(new));
    let diff = TextDiff::from_lines(before, after);
    let shown = diff.unified_diff().context_radius(CONTEXT).header(&old, &new).to_string();
    // Escapes of the file's own would be the terminal's: what a line changes must be seen.
    let seen = |it: &str| it.split('\t').map(plain).collect::<Vec<_>>().join("\t");
    let is_coloured = io::stdout().is_terminal() && !env::is_colourless();
    shown.lines().map(|it| seen(it.trim_end_matches('\r'))).try_for_each(|it| match is_coloured {
        true => line(&coloured(&it)),
        false => line(&it),
    })
}

fn coloured(line: &str) -> Cow<'_, str> {
    let code = match line.get(..1) {
        _ if line.starts_with("+++ ") || line.starts_with("--- ") => "1",
        Some("+") => "32",
        Some("-") => "31",
        Some("@") => "36",
        _ => return Cow::Borrowed(line),
    };
    Cow::Owned(format!("\u{1b}[{code}m{line}\u{1b}[0m"))
}

/// What is looked for in the rest of the text. A well-known default is a word like any other.
fn values<'a>(finding: &'a Finding, text: &'a str) -> impl Iterator<Item = &'a str> {
    let both = [finding.value.expose(), finding.span.of(text)];
    both.into_iter().filter(|it| !finding.weak && it.len() >= LONG)
}

/// The text with every finding taken out, and its value wherever else it stands. A secret of several lines leaves as
/// many, so that the others stay in step.
fn masked(text: &str, findings: &[Finding], values: &[&str]) -> Zeroizing<String> {
    let mut masked = Zeroizing::new(String::with_capacity(text.len()));
    let mut copied = 0;
    for finding in findings {
        masked.push_str(text.get(copied..finding.span.start).unwrap_or_default());
        let lines = finding.span.of(text).matches('\n').count();
        masked.push_str(MASK);
        for _ in 0..lines {
            masked.push('\n');
            masked.push_str(MASK);
        }
        copied = finding.span.end.max(copied);
    }
    masked.push_str(text.get(copied..).unwrap_or_default());
    for value in values {
        if masked.contains(value) {
            masked = Zeroizing::new(masked.replace(value, MASK));
        }
    }
    masked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_file_is_named_as_the_one_beside_it() {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path().canonicalize().unwrap();
        fs::create_dir_all(dir.join("real")).unwrap();
        std::os::unix::fs::symlink("real", dir.join("link")).unwrap();
        let check = |name: &str, beside: &str, expected: &str| {
            let name = format!("{}/{name}", dir.display());
            assert_eq!(as_typed(&name, &dir.join(beside)), format!("{}/{expected}", dir.display()));
        };
        check("real/../a.yaml", "b.yaml", "real/../b.yaml");
        check("link/a.yaml", "real/b.yaml", "link/b.yaml");
        check("a.yaml", "real/b.yaml", "real/b.yaml");
        assert_eq!(as_typed("a.rs", &Path::new(".").canonicalize().unwrap().join("b.rs")), "b.rs");
    }

    #[test]
    fn what_comes_and_what_goes_has_a_colour() {
        for (line, code) in
            [("--- a", "1"), ("+++ a", "1"), ("@@ -1 +1 @@", "36"), ("-a", "31"), ("+é", "32")]
        {
            assert_eq!(coloured(line), format!("\u{1b}[{code}m{line}\u{1b}[0m"));
        }
        for line in [" a", "", "é"] {
            assert_eq!(coloured(line), line);
        }
    }

    // Rule 118
    #[test]
    fn no_value_is_shown_wherever_it_stands() {
        let text = "db:\n  password: Xk29dkfLq81mZpq0\n  old_password: Qq7dkfLq81mZpzz9 # strongroom:allow known\n  \
                    note: it is Xk29dkfLq81mZpq0\n";
        let findings = strongroom_scan::scan("a.yaml", text);
        assert_eq!(findings.len(), 1);
        let fixed = text.replacen("Xk29dkfLq81mZpq0", "{{ .X }}", 1);
        let (before, after) = both("a.yaml", text, &findings, &fixed);
        for shown in [before.as_str(), after.as_str()] {
            assert!(
                !shown.contains("Xk29") && !shown.contains("Qq7") && shown.contains("note: it is"),
                "{shown}"
            );
        }
        assert!(after.contains("password: {{ .X }}"), "{}", after.as_str());
    }

    // Rule 118
    #[test]
    fn a_value_is_not_shown_as_it_is_written_either() {
        let text = "URL=postgres://u:Kiln%24Otter-11@h/d\nNOTE=see Kiln%24Otter-11 or Kiln$Otter-11\n";
        let findings = strongroom_scan::scan("a.env", text);
        assert_eq!(findings.len(), 1);
        let fixed = text.replacen("Kiln%24Otter-11", "{{ .X }}", 1);
        let (before, after) = both("a.env", text, &findings, &fixed);
        for shown in [before.as_str(), after.as_str()] {
            assert!(!shown.contains("Otter") && shown.contains("NOTE=see "), "{shown}");
        }
    }

    // Rule 118
    #[test]
    fn a_value_that_begins_another_leaves_nothing_of_that() {
        let text = "DB_PASSWORD=Xk29dkfL\nAPI_TOKEN=Xk29dkfLq81mZpq0\nNOTE=Xk29dkfLq81mZpq0\n";
        let findings = strongroom_scan::scan("a.env", text);
        assert_eq!(findings.len(), 2);
        let (before, _) = both("a.env", text, &findings, text);
        assert!(!before.contains("q81mZpq0"), "{}", before.as_str());
    }
}
