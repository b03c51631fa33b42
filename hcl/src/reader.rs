//! A configuration file being read: says where something is wrong, and what has no effect.

use std::path::{Path, PathBuf};

use crate::{AttrView, BlockView, Body, BodyView, Error, ErrorKind, Mismatch, Span, parse_any};

/// Keys of one place: those that have an effect, and those that are only known.
#[derive(Clone, Copy, Debug)]
pub struct Known {
    pub used: &'static [&'static str],
    pub unused: &'static [&'static str],
}

/// Why a file cannot be taken: where, and what was expected there. Never what stands there.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ReadError {
    #[error("{path}:{at}", path = path.display())]
    Hcl { path: PathBuf, at: Error },
    #[error("{path}:{line}:{column}: {message}", path = path.display())]
    Refused { path: PathBuf, line: usize, column: usize, message: String },
}

/// One file's text. The getters answer `None` for what is not there.
#[derive(Debug)]
pub struct Reader<'a> {
    path: &'a Path,
    text: &'a str,
    /// A line for each key that has no effect.
    pub warnings: Vec<String>,
}

type Result<T> = std::result::Result<T, ReadError>;

impl<'a> Reader<'a> {
    #[must_use]
    pub fn new(path: &'a Path, text: &'a str) -> Self {
        Self { path, text, warnings: Vec::new() }
    }

    /// The text as HCL or JSON, whichever it is.
    pub fn parse(&self) -> Result<Body> {
        parse_any(self.text).map_err(|at| ReadError::Hcl { path: self.path.to_owned(), at })
    }

    #[must_use]
    pub fn refuse(&self, span: Span, message: impl Into<String>) -> ReadError {
        let at = Error::at(self.text, span.start, ErrorKind::Expected(""));
        ReadError::Refused {
            path: self.path.to_owned(),
            line: at.line,
            column: at.column,
            message: message.into(),
        }
    }

    #[must_use]
    pub fn at(&self, mismatch: Mismatch) -> ReadError {
        ReadError::Hcl { path: self.path.to_owned(), at: mismatch.locate(self.text) }
    }

    /// Refuses unknown keys and second ones, reports unused ones.
    pub fn check_keys(&mut self, body: BodyView<'_>, known: &Known, within: &str) -> Result<()> {
        for key in body.keys() {
            if known.used.contains(&key.name) {
                continue;
            }
            if !known.unused.contains(&key.name) {
                return Err(self.refuse(key.span, format!("unknown key{} in {within}", quoted(key.name))));
            }
            self.warn(key.span, &format!("`{}` in {within} has no effect", key.name));
        }
        match body.duplicates().first() {
            Some(key) => Err(self.refuse(key.span, format!("`{}` stands twice in {within}", key.name))),
            None => Ok(()),
        }
    }

    pub fn warn(&mut self, span: Span, message: &str) {
        let line = Error::at(self.text, span.start, ErrorKind::Expected("")).line;
        self.warnings.push(format!("{}:{line}: {message}", self.path.display()));
    }

    pub fn text(&self, body: BodyView<'_>, name: &str) -> Result<Option<String>> {
        Ok(body.str(name).map_err(|it| self.at(it))?.map(str::to_owned))
    }

    pub fn bool(&self, body: BodyView<'_>, name: &str) -> Result<Option<bool>> {
        body.bool(name).map_err(|it| self.at(it))
    }

    pub fn number(&self, body: BodyView<'_>, name: &str) -> Result<Option<u64>> {
        body.u64(name).map_err(|it| self.at(it))
    }

    /// What `parse` makes of a text, or of a number or boolean as it was written.
    pub fn parsed<T>(
        &self,
        body: BodyView<'_>,
        name: &str,
        expected: &'static str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>> {
        let Some(attr) = body.single(name).map_err(|it| self.at(it))? else { return Ok(None) };
        let text = attr.as_text().map_err(|it| self.at(it))?;
        parse(text).map(Some).ok_or_else(|| self.at(attr.mismatch(expected)))
    }

    /// A list of strings, or one string with commas.
    pub fn list(&self, body: BodyView<'_>, name: &str) -> Result<Vec<(Span, String)>> {
        let Some(attr) = body.single(name).map_err(|it| self.at(it))? else { return Ok(Vec::new()) };
        let items: Vec<AttrView<'_>> = match attr.as_list() {
            Ok(items) => items.collect(),
            Err(_) => vec![attr],
        };
        let mut out = Vec::new();
        for item in items {
            let text = item.as_str().map_err(|it| self.at(it))?;
            let parts = text.split(',').map(str::trim).filter(|it| !it.is_empty());
            out.extend(parts.map(|part| (item.span(), part.to_owned())));
        }
        Ok(out)
    }

    /// The blocks of a kind with so many labels.
    pub fn blocks<'b>(&self, body: BodyView<'b>, kind: &str, labels: usize) -> Result<Vec<BlockView<'b>>> {
        body.blocks(kind, labels).map_err(|it| self.at(it))
    }

    /// The one block of a kind, if it stands here.
    pub fn block<'b>(&self, body: BodyView<'b>, kind: &str) -> Result<Option<BlockView<'b>>> {
        let mut blocks = self.blocks(body, kind, 0)?;
        match blocks.get(1) {
            Some(second) => Err(self.refuse(second.key, format!("`{kind}` stands here twice"))),
            None => Ok(blocks.pop()),
        }
    }
}

/// A key's name for a message, if it can be shown on a line.
fn quoted(name: &str) -> String {
    let shows =
        name.len() <= 64 && name.bytes().all(|it| it.is_ascii_alphanumeric() || matches!(it, b'_' | b'-'));
    if shows { format!(" `{name}`") } else { String::new() }
}
