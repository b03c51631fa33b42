//! Looks at what was left: the store's files, and the audit log.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde::Deserialize;
use strongroom_core::audit::{
    Head,
    show::{self, Filter},
    verify,
};

use crate::failure::Failure;

/// What is looked for: long enough that it stands nowhere by chance.
const SHORTEST: usize = 6;

/// Words that must not be found.
#[derive(Debug, Default)]
pub(super) struct Words(Vec<Vec<u8>>);

impl Words {
    pub(super) fn add(&mut self, word: &str) {
        if word.len() >= SHORTEST && !self.0.iter().any(|it| it == word.as_bytes()) {
            self.0.push(word.as_bytes().to_vec());
        }
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// How many of them stand in the files of `dir`, and how many bytes were looked through.
    pub(super) fn found_in(&self, dir: &Path) -> Result<(usize, usize), Failure> {
        let mut contents = Vec::new();
        for file in files(dir)? {
            contents.push(fs::read(&file).map_err(|error| failed(&file, &error))?);
        }
        let stands = |word: &Vec<u8>| contents.iter().any(|it| contains(it, word));
        Ok((self.0.iter().filter(|it| stands(it)).count(), contents.iter().map(Vec::len).sum()))
    }

    /// Whether the search finds every word where it does stand: each is planted in the middle of a copy of the
    /// largest file of `dir`.
    pub(super) fn would_be_found(&self, dir: &Path, copy: &Path) -> Result<bool, Failure> {
        let mut largest = Vec::new();
        for file in files(dir)? {
            let content = fs::read(&file).map_err(|error| failed(&file, &error))?;
            if content.len() > largest.len() {
                largest = content;
            }
        }
        fs::create_dir(copy).map_err(|error| failed(copy, &error))?;
        let (planted, mut finds) = (copy.join("planted"), true);
        for word in &self.0 {
            let middle = largest.len() / 2;
            let (before, behind) = largest.split_at(middle);
            let content = [before, word, behind].concat();
            fs::write(&planted, content).map_err(|error| failed(&planted, &error))?;
            finds &= Self(vec![word.clone()]).found_in(copy)?.0 == 1;
        }
        fs::remove_dir_all(copy).map_err(|error| failed(copy, &error))?;
        Ok(finds)
    }
}

fn files(dir: &Path) -> Result<Vec<PathBuf>, Failure> {
    let entries = fs::read_dir(dir).map_err(|error| failed(dir, &error))?;
    let paths: Result<Vec<PathBuf>, _> = entries.map(|it| it.map(|it| it.path())).collect();
    let mut paths = paths.map_err(|error| failed(dir, &error))?;
    paths.retain(|it| it.is_file());
    Ok(paths)
}

fn contains(content: &[u8], word: &[u8]) -> bool {
    // Most positions are settled by the first byte.
    let Some(first) = word.first() else { return true };
    let mut rest = content;
    while let Some(at) = rest.iter().position(|it| it == first) {
        let tail = rest.get(at..).unwrap_or_default();
        if tail.starts_with(word) {
            return true;
        }
        rest = tail.get(1..).unwrap_or_default();
    }
    false
}

/// The answers that the audit log has for a path, one line each: when, who, what, and what came of it.
pub(super) fn audit_lines(file: &Path, path: &str) -> Result<Vec<String>, Failure> {
    #[derive(Deserialize)]
    struct Line {
        time: String,
        #[serde(rename = "type")]
        kind: String,
        auth: Option<Auth>,
        request: Request,
        error: Option<String>,
    }
    #[derive(Deserialize)]
    struct Auth {
        display_name: Option<String>,
    }
    #[derive(Deserialize)]
    struct Request {
        operation: String,
        path: String,
    }
    let filter = Filter { path: Some(path.to_owned()), ..Filter::default() };
    let hits = show::show(&[file.to_owned()], &filter, 1).map_err(|error| failed(file, &error))?;
    let mut lines = Vec::new();
    for hit in hits {
        let line: Line = serde_json::from_slice(&hit.line)
            .map_err(|_| Failure::new("the audit log has a line that is none"))?;
        if line.kind != "response" {
            continue;
        }
        let time = line.time.get(11..19).unwrap_or_default();
        let who = line.auth.and_then(|it| it.display_name).unwrap_or_default();
        let outcome = line.error.unwrap_or_else(|| "ok".to_owned());
        let Request { operation, path } = line.request;
        lines.push(format!("{time}  {who:<8}  {operation:<6}  {path:<36}  {outcome}"));
    }
    Ok(lines)
}

/// Verifies the audit log, and that the verification notices one changed character. Answers its lines.
pub(super) fn verified(file: &Path, public_key: &[u8], head: Head) -> Result<u64, Failure> {
    let report = verify::verify(&[file.to_owned()], public_key, Some(head))
        .map_err(|error| Failure::new(format!("the audit log is not whole: {error}")))?;
    let mut changed = fs::read(file).map_err(|error| failed(file, &error))?;
    let middle = changed.len() / 2;
    let digit = changed.iter_mut().skip(middle).find(|it| it.is_ascii_lowercase());
    let digit = digit.ok_or_else(|| Failure::new("the audit log is empty"))?;
    *digit = if *digit == b'a' { b'b' } else { b'a' };
    match verify::verify_reader(file, changed.as_slice(), public_key, Some(head)) {
        Err(verify::Failure::Found(_)) => Ok(report.lines),
        _ => Err(Failure::new("a changed line of the audit log was not noticed")),
    }
}

fn failed(path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_found_wherever_it_stands() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("a"), b"\0\0ccccanary\xff").unwrap();
        let found = |word: &str| {
            let mut words = Words::default();
            words.add(word);
            words.found_in(dir.path()).unwrap().0
        };
        assert_eq!((found("canary"), found("canaries")), (1, 0));
        let mut words = Words::default();
        words.add("canary-2");
        words.add("short");
        assert_eq!(words.len(), 1, "what is short stands there by chance");
        assert!(words.would_be_found(dir.path(), &dir.path().join("copy")).unwrap());
        assert_eq!(words.found_in(dir.path()).unwrap().0, 0);
    }
}
