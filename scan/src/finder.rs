//! Where readers bring what they meet.

use std::borrow::Cow;

use crate::{Finding, Format, Obstacle, Place, Text, Value, embedded, judge, read};

/// Documents within documents: a job in a Terraform file has a template with a YAML document with JSON in it.
const MAX_DEPTH: usize = 12;

/// What is known of a value's place before it is looked at.
#[derive(Clone, Debug)]
pub struct At<'x> {
    /// The nearest name.
    pub key: Cow<'x, str>,
    /// Blocks and attributes of the file's own syntax.
    pub path: Cow<'x, str>,
    pub place: Place,
    pub obstacle: Option<Obstacle>,
    pub commented: bool,
    /// The file shows how another one is to be filled in (`.env.example`).
    pub example: bool,
}

impl<'x> At<'x> {
    /// The top of a file.
    #[must_use]
    pub fn file(name: &'x str) -> Self {
        Self {
            key: name.into(),
            path: "".into(),
            place: Place::Attribute,
            obstacle: Format::is_template(name).then_some(Obstacle::Unparsed),
            commented: false,
            example: Format::is_example(name),
        }
    }

    /// The same place, under another name.
    #[must_use]
    pub fn key<'y>(&self, key: impl Into<Cow<'y, str>>) -> At<'y>
    where
        'x: 'y,
    {
        At {
            key: key.into(),
            path: self.path.clone(),
            place: self.place,
            obstacle: self.obstacle,
            commented: self.commented,
            example: self.example,
        }
    }
}

/// Takes what the readers meet, opens what is embedded, and keeps what the judge calls a credential.
#[derive(Debug)]
pub struct Finder<'a> {
    source: &'a str,
    findings: Vec<Finding>,
    depth: usize,
    /// What was brought, when a reader is tested alone: it then goes no further.
    #[cfg(test)]
    pub(crate) brought: Option<Vec<crate::brought::Brought>>,
}

impl<'a> Finder<'a> {
    #[must_use]
    pub fn new(source: &'a str) -> Self {
        Self {
            source,
            findings: Vec::new(),
            depth: 0,
            #[cfg(test)]
            brought: None,
        }
    }

    /// The whole file, byte-order mark included.
    #[must_use]
    pub fn source(&self) -> &'a str {
        self.source
    }

    /// A value that a name was given: decoded, references as holes.
    pub fn value(&mut self, at: &At<'_>, value: Text<'a>) {
        #[cfg(test)]
        if self.bring("value", at, std::slice::from_ref(&value)) {
            return;
        }
        self.deeper(|this| embedded::value(this, at, value));
    }

    /// The words of one command, each decoded: a flag may stand before its value.
    pub fn words(&mut self, at: &At<'_>, words: Vec<Text<'a>>) {
        #[cfg(test)]
        if self.bring("words", at, &words) {
            return;
        }
        self.deeper(|this| embedded::words(this, at, words));
    }

    /// A whole document, at the top or within another.
    pub fn document(&mut self, at: &At<'_>, text: Text<'a>, format: Format) {
        self.deeper(|this| read::document(this, at, text, format));
    }

    /// A comment, without its mark.
    pub fn comment(&mut self, at: &At<'_>, text: Text<'a>) {
        let at = At { commented: true, ..at.clone() };
        #[cfg(test)]
        if self.bring("comment", &at, std::slice::from_ref(&text)) {
            return;
        }
        self.deeper(|this| embedded::comment(this, &at, text));
    }

    /// A leaf: nothing is embedded in it. Whether it is a credential is the judge's to say.
    pub fn leaf(&mut self, at: &At<'_>, value: &Text<'a>) {
        if let Some(verdict) = judge::judge(at, value) {
            let part = verdict.part.clone();
            self.found(at, &value.slice(part), &verdict);
        }
    }

    /// A credential, whatever its text looks like. The line end that a block or a heredoc gives it belongs to these.
    pub(crate) fn found(&mut self, at: &At<'_>, secret: &Text<'a>, verdict: &judge::Verdict) {
        let secret = secret.slice(0..secret.as_str().trim_end_matches(['\n', '\r']).len());
        self.findings.push(Finding {
            span: secret.span(),
            key: at.key.clone().into_owned(),
            path: at.path.clone().into_owned(),
            kind: verdict.kind,
            severity: verdict.severity,
            place: at.place,
            value: Value::new(secret.as_str()),
            layers: secret.layers().to_vec(),
            weak: verdict.weak,
            commented: at.commented,
            obstacle: at.obstacle,
        });
    }

    /// The place of a text that is not what it was taken for: a file stays as it is then. What stands within another
    /// document is replaced byte by byte, and need not be whole.
    pub(crate) fn unparsed<'x>(&self, at: &At<'x>) -> At<'x> {
        let obstacle = at.obstacle.or((self.depth <= 1 && at.path.is_empty()).then_some(Obstacle::Unparsed));
        At { obstacle, ..at.clone() }
    }

    /// How many were found so far: whether something was in what was opened.
    pub(crate) fn count(&self) -> usize {
        self.findings.len()
    }

    /// In the order they stand; where two overlap, the first that was found stays.
    #[must_use]
    pub fn finish(self) -> Vec<Finding> {
        let mut kept: Vec<Finding> = Vec::with_capacity(self.findings.len());
        let mut findings: Vec<_> = self.findings.into_iter().enumerate().collect();
        findings.sort_by_key(|(order, it)| (it.span.start, *order));
        for (_, finding) in findings {
            if kept.last().is_none_or(|it| it.span.end <= finding.span.start) {
                kept.push(finding);
            }
        }
        kept
    }

    fn deeper(&mut self, inner: impl FnOnce(&mut Self)) {
        if self.depth < MAX_DEPTH {
            self.depth += 1;
            inner(self);
            self.depth -= 1;
        }
    }
}
