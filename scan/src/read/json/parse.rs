//! JSON as it is found: with comments and trailing commas, several documents in one, and template actions in
//! any place.

use std::borrow::Cow;

use strongroom_hcl::Span;

use crate::read::settings::{Entry, HOLE, Node, Writing};

/// Real documents stay below two dozen.
const MAX_DEPTH: usize = 128;

/// Values of one document after another, and the comments between.
pub(super) struct Parsed<'t> {
    pub(super) values: Vec<Node<'t>>,
    pub(super) comments: Vec<Span>,
}

/// Reads all of the text; `None` if it is not JSON.
///
/// Holes are masked with [`HOLE`]. Where a value should be they are one, elsewhere nothing.
pub(super) fn parse(text: &str) -> Option<Parsed<'_>> {
    let mut parser = Parser { text, at: 0, depth: 0, comments: Vec::new() };
    let mut values = Vec::new();
    while parser.next()?.is_some() {
        values.push(parser.value()?);
    }
    Some(Parsed { values, comments: parser.comments })
}

struct Parser<'t> {
    text: &'t str,
    at: usize,
    depth: usize,
    comments: Vec<Span>,
}

impl<'t> Parser<'t> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// Skips space, commas, comments and holes; what stands behind them, if anything does.
    fn next(&mut self) -> Option<Option<u8>> {
        loop {
            match self.peek() {
                Some(b' ' | b'\t' | b'\r' | b'\n' | b',' | HOLE) => self.at += 1,
                Some(b'/') => self.comment()?,
                other => return Some(other),
            }
        }
    }

    fn comment(&mut self) -> Option<()> {
        let start = self.at;
        let rest = self.text.get(self.at..)?;
        self.at += match rest.as_bytes().get(1)? {
            b'/' => memchr::memchr(b'\n', rest.as_bytes()).unwrap_or(rest.len()),
            b'*' => rest.get(2..)?.find("*/")? + 4,
            _ => return None,
        };
        self.comments.push(Span { start, end: self.at });
        Some(())
    }

    fn value(&mut self) -> Option<Node<'t>> {
        let start = self.at;
        match self.peek()? {
            b'{' => self.nested(Self::object),
            b'[' => self.nested(Self::array),
            b'"' => {
                self.string()?;
                Some(Node::Text(Span { start, end: self.at }, Writing::Json))
            }
            _ => self.word(),
        }
    }

    fn nested(&mut self, read: impl FnOnce(&mut Self) -> Option<Node<'t>>) -> Option<Node<'t>> {
        if self.depth == MAX_DEPTH {
            return None;
        }
        self.depth += 1;
        self.at += 1;
        let node = read(self);
        self.depth -= 1;
        node
    }

    fn object(&mut self) -> Option<Node<'t>> {
        let mut entries: Vec<Entry<'t>> = Vec::new();
        loop {
            if self.next()?? == b'}' {
                self.at += 1;
                return Some(Node::Map(entries));
            }
            let start = self.at;
            let node = self.value()?;
            let end = self.at;
            self.space();
            if self.peek() == Some(b':') {
                self.at += 1;
                let name = self.name(start, end)?;
                let value = self.entry_value()?;
                entries.push(Entry { name, label: false, value });
            } else if let Some(last) = entries.last() {
                // The other branch of a template's condition.
                let name = last.name.clone();
                entries.push(Entry { name, label: false, value: node });
            } else {
                return None;
            }
        }
    }

    /// A value behind its name, which may be a hole.
    fn entry_value(&mut self) -> Option<Node<'t>> {
        loop {
            self.space();
            match self.peek()? {
                b'/' => self.comment()?,
                HOLE => {
                    while self.peek() == Some(HOLE) {
                        self.at += 1;
                    }
                    return Some(Node::Null);
                }
                _ => return self.value(),
            }
        }
    }

    fn array(&mut self) -> Option<Node<'t>> {
        let mut items = Vec::new();
        loop {
            if self.next()?? == b']' {
                self.at += 1;
                return Some(Node::List(items));
            }
            match self.value()? {
                // Of these a list may have millions, and none of them tells anything.
                Node::Number(_) | Node::Bool(_) | Node::Null => {}
                item => items.push(item),
            }
        }
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    /// Takes a string, which ends on its line.
    fn string(&mut self) -> Option<()> {
        self.at += 1;
        loop {
            let rest = self.text.as_bytes().get(self.at..)?;
            let next = memchr::memchr3(b'"', b'\\', b'\n', rest)?;
            self.at += next + 1;
            match rest.get(next)? {
                b'"' => return Some(()),
                b'\\' => self.at += self.text.get(self.at..)?.chars().next()?.len_utf8(),
                _ => return None,
            }
        }
    }

    /// A number, a word, or a bare name.
    fn word(&mut self) -> Option<Node<'t>> {
        let start = self.at;
        let rest = self.text.get(start..)?;
        let len = rest
            .find(|c: char| !c.is_alphanumeric() && !matches!(c, '_' | '-' | '+' | '.' | '$'))
            .unwrap_or(rest.len());
        let word = rest.get(..len).filter(|it| !it.is_empty())?;
        self.at += len;
        match word {
            "true" => Some(Node::Bool(true)),
            "false" => Some(Node::Bool(false)),
            "null" => Some(Node::Null),
            _ if word.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '.')) => {
                Some(Node::Number(Span { start, end: self.at }))
            }
            // A bare name is only read in front of its colon.
            _ => {
                self.space();
                (self.peek() == Some(b':')).then_some(Node::Null)
            }
        }
    }

    /// The name that stands here, without its quotes.
    fn name(&self, start: usize, end: usize) -> Option<Cow<'t, str>> {
        let written = self.text.get(start..end)?;
        let Some(quoted) = written.strip_prefix('"').and_then(|it| it.strip_suffix('"')) else {
            return Some(Cow::Borrowed(written.trim_end()));
        };
        if !quoted.contains('\\') {
            return Some(Cow::Borrowed(quoted));
        }
        let mut name = String::with_capacity(quoted.len());
        let mut rest = quoted;
        while let Some((before, _)) = rest.split_once('\\') {
            name.push_str(before);
            let escape = rest.get(before.len()..)?;
            let (meant, len) = crate::read::settings::json_escape(escape);
            name.extend(meant);
            rest = escape.get(len..)?;
        }
        name.push_str(rest);
        Some(Cow::Owned(name))
    }
}
