//! Against real repositories.

use std::{fs, process::Command};

use tempfile::TempDir;

use super::*;
use crate::fake;

/// A repository in an empty directory, with nobody's own settings.
struct Made(TempDir);

impl Made {
    fn new() -> Self {
        let made = Self(tempfile::tempdir().unwrap());
        made.git(&["init", "--quiet", "--initial-branch=main"]);
        made
    }

    fn git(&self, args: &[&str]) {
        let mut git = Command::new("git");
        git.arg("-C").arg(self.0.path()).args(["-c", "user.name=Ann B", "-c", "user.email=ann@example.com"]);
        git.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_SYSTEM", "/dev/null");
        let ran = git.args(args).output().unwrap();
        assert!(ran.status.success(), "{args:?}: {}", String::from_utf8_lossy(&ran.stderr));
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.0.path().join(name), text).unwrap();
        self.git(&["add", name]);
    }

    fn commit(&self, files: &[(&str, &str)]) {
        files.iter().for_each(|(name, text)| self.write(name, text));
        self.git(&["commit", "--quiet", "--message=x"]);
    }

    /// What was found: file, line and key.
    #[track_caller]
    fn check(&self, range: Range, expected: &[(&str, usize, &str)]) -> History {
        let history = history(self.0.path(), &range, fake::find).unwrap();
        let told: Vec<_> =
            history.sweep.hits.iter().map(|it| (it.file.name.as_str(), it.line, it.key.as_str())).collect();
        assert_eq!(told, expected);
        assert!(history.sweep.troubles.is_empty());
        history
    }
}

#[test]
fn each_finding_is_told_where_it_came() {
    let made = Made::new();
    made.commit(&[("f", "a=SECRET-1\n"), ("other", "nothing\n")]);
    made.commit(&[("f", "new line\na=SECRET-1\nb=SECRET-2\n")]);
    made.commit(&[("f", "a=SECRET-3\nb=SECRET-2\nb=SECRET-2\n")]);
    made.git(&["mv", "f", "g"]);
    made.commit(&[("h", "")]);
    made.commit(&[("g", "gone\n")]);
    let history = made.check(Range::All, &[("f", 1, "a"), ("f", 3, "b"), ("f", 1, "a"), ("f", 3, "b")]);
    assert_eq!(history.commits, 5);
    let commit = history.sweep.hits[0].commit.clone().unwrap();
    assert_eq!((commit.author.as_str(), commit.id.len()), ("Ann B", 40));
    made.check(Range::Commits("HEAD~3..HEAD~2".to_owned()), &[("f", 1, "a"), ("f", 3, "b")]);
    made.check(Range::Commits("HEAD~2..".to_owned()), &[]);
}

#[test]
fn branches_and_merges_are_read_once() {
    let made = Made::new();
    made.commit(&[("f", "1\n\n\n\n2\n")]);
    made.git(&["checkout", "--quiet", "-b", "side"]);
    made.commit(&[("f", "1\n\n\n\na=SECRET-1\n")]);
    made.git(&["checkout", "--quiet", "main"]);
    made.commit(&[("f", "b=SECRET-2\n\n\n\n2\n")]);
    made.git(&["merge", "--quiet", "--no-commit", "side"]);
    made.check(Range::Staged, &[("f", 5, "a")]);
    made.commit(&[("f", "b=SECRET-2\n\n\n\na=SECRET-1\nc=SECRET-3\n")]);
    // What the merge itself put in is its own.
    let history = made.check(Range::All, &[("f", 1, "b"), ("f", 5, "a"), ("f", 6, "c")]);
    assert_eq!(history.commits, 4);
}

#[test]
fn what_is_staged_is_what_the_commit_would_bring() {
    let made = Made::new();
    made.write("f", "a=SECRET-1\n");
    made.check(Range::Staged, &[("f", 1, "a")]);
    made.commit(&[]);
    made.check(Range::Staged, &[]);
    made.write("f", "x\na=SECRET-1\nb=SECRET-2\n");
    fs::write(made.0.path().join("f"), "c=SECRET-3\n").unwrap();
    made.check(Range::Staged, &[("f", 3, "b")]);
}

#[test]
fn a_folder_of_it_is_looked_at_alone() {
    let made = Made::new();
    fs::create_dir_all(made.0.path().join("in/side")).unwrap();
    made.commit(&[("f", "a=SECRET-1\n"), ("in/side/f", "b=SECRET-2\n")]);
    let history = history(&made.0.path().join("in"), &Range::All, fake::find).unwrap();
    assert_eq!(history.sweep.hits.iter().map(|it| it.file.name.as_str()).collect::<Vec<_>>(), ["in/side/f"]);
}

#[test]
fn a_hostile_repository_starts_nothing() {
    let made = Made::new();
    made.commit(&[("f", "a=SECRET-1\n"), (".gitattributes", "* diff=evil filter=evil\n")]);
    made.commit(&[("f", "a=SECRET-2\n")]);
    let proof = made.0.path().join("started");
    let script = made.0.path().join("evil.sh");
    fs::write(&script, format!("#!/bin/sh\necho \"$0 $*\" >> {}\ncat\n", proof.display())).unwrap();
    Command::new("chmod").arg("+x").arg(&script).status().unwrap();
    let evil = script.to_str().unwrap();
    for name in [
        "core.alternateRefsCommand",
        "core.askPass",
        "core.editor",
        "core.fsmonitor",
        "core.pager",
        "core.sshCommand",
        "credential.helper",
        "diff.evil.command",
        "diff.evil.textconv",
        "diff.external",
        "filter.evil.clean",
        "filter.evil.process",
        "filter.evil.smudge",
        "gpg.program",
        "pager.diff",
        "pager.log",
    ] {
        made.git(&["config", name, evil]);
    }
    made.git(&["config", "log.showSignature", "true"]);
    made.git(&["config", "core.hooksPath", made.0.path().to_str().unwrap()]);
    fs::copy(&script, made.0.path().join("post-index-change")).unwrap();
    made.check(Range::All, &[("f", 1, "a"), ("f", 1, "a")]);
    made.check(Range::Staged, &[]);
    assert!(!proof.exists(), "{}", fs::read_to_string(&proof).unwrap_or_default());
    // The trap works: whoever is less careful steps into it.
    Command::new("git").arg("-C").arg(made.0.path()).args(["diff", "HEAD~1"]).output().unwrap();
    assert!(proof.exists());
}

#[test]
fn what_is_no_repository_or_no_range_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    assert!(matches!(history(dir.path(), &Range::All, fake::find), Err(Error::Refused(_))));
    let made = Made::new();
    made.commit(&[("f", "")]);
    let range = |it: &str| history(made.0.path(), &Range::Commits(it.to_owned()), fake::find);
    assert!(matches!(range("no-such-branch"), Err(Error::Refused(_))));
    assert!(matches!(range("--output=/tmp/x"), Err(Error::Range)));
}
