//! Reads a document by its lines and their indentation.
//!
//! Not strictly: files are templates as often as not, and what one line has wrong must not hide the next.
//! Every byte is looked at a bounded number of times.

use std::ops::Range;

use memchr::{memchr, memchr_iter};

use super::tree::{Id, MAX_DEPTH, Scalar, Shape, Style, Tree};
use crate::{Text, read::actions::Foreign};

/// A longer one is none, as YAML has it.
const MAX_KEY: usize = 1024;

/// Tags whose value stands elsewhere.
const REFERENCES: &[&[u8]] = &[
    b"!Ref",
    b"!GetAtt",
    b"!ImportValue",
    b"!env",
    b"!env_var",
    b"!include",
    b"!reference",
    b"!secret",
    b"!vault",
];

pub(super) struct Parser<'t, 'a> {
    pub(super) text: &'t Text<'a>,
    pub(super) bytes: &'t [u8],
    pub(super) tree: Tree,
    /// Without their marks.
    pub(super) comments: Vec<Range<usize>>,
    /// Actions stand where YAML has no place for them.
    pub(super) foreign: Foreign,
    /// The collections that the next line may go on with, from the outermost on.
    open: Vec<Open>,
    /// Where the next line begins.
    pub(super) next: usize,
}

#[derive(Clone, Copy)]
struct Open {
    column: usize,
    node: Id,
    is_list: bool,
}

/// A node that waits for its value, and the column that the value must be right of.
#[derive(Clone, Copy)]
pub(super) struct Slot {
    pub(super) node: Id,
    pub(super) column: Option<usize>,
}

impl<'t, 'a> Parser<'t, 'a> {
    pub(super) fn new(text: &'t Text<'a>, from: usize) -> Self {
        Self {
            text,
            bytes: text.as_str().as_bytes(),
            tree: Tree::new(),
            comments: Vec::new(),
            foreign: Foreign::default(),
            open: Vec::new(),
            next: from,
        }
    }

    /// Reads up to the end of the document, or as far as the tree goes.
    pub(super) fn document(&mut self) {
        while self.next < self.bytes.len() && !self.tree.is_full() {
            let line = self.line(self.next);
            let marker = self.bytes.get(line.start..(line.start + 4).min(line.end)).unwrap_or(&[]);
            if matches!(marker, b"---" | b"--- " | b"...") {
                if !self.is_at_start() || marker == b"..." {
                    // The line is read again as the first of the next document.
                    if marker == b"..." {
                        self.next = self.behind(line.end);
                    }
                    return;
                }
                self.next = self.behind(line.end);
                if marker == b"--- " {
                    self.content(line.start + 4, line.end, 4);
                }
                continue;
            }
            self.next = self.behind(line.end);
            let indent = self.spaces(line.start, line.end);
            if self.bytes.get(line.start) != Some(&b'%') {
                self.content(line.start + indent, line.end, indent);
            }
        }
    }

    /// Whether the document has only a head so far.
    fn is_at_start(&self) -> bool {
        self.tree.shape(Tree::ROOT) == Shape::Empty
    }

    /// The line that begins here, without its end.
    pub(super) fn line(&self, start: usize) -> Range<usize> {
        let rest = self.bytes.get(start..).unwrap_or(&[]);
        let mut end = start + memchr(b'\n', rest).unwrap_or(rest.len());
        if end > start && self.bytes.get(end - 1) == Some(&b'\r') {
            end -= 1;
        }
        start..end
    }

    /// Behind a line's end.
    pub(super) fn behind(&self, end: usize) -> usize {
        match self.bytes.get(end..end + 2) {
            Some(b"\r\n") => end + 2,
            _ => end + 1,
        }
    }

    pub(super) fn spaces(&self, from: usize, end: usize) -> usize {
        let rest = self.bytes.get(from..end).unwrap_or(&[]);
        rest.iter().take_while(|it| matches!(it, b' ' | b'\t')).count()
    }

    /// Where the hole that stands here ends.
    pub(super) fn hole(&self, at: usize) -> Option<usize> {
        if self.text.holes().is_empty() { None } else { self.text.hole_at(at).map(|it| it.end) }
    }

    pub(super) fn byte(&self, at: usize, end: usize) -> Option<u8> {
        if at < end { self.bytes.get(at).copied() } else { None }
    }

    fn is_space_or_end(&self, at: usize, end: usize) -> bool {
        matches!(self.byte(at, end), None | Some(b' ' | b'\t' | b'\r'))
    }

    /// A line's text from its first character on.
    fn content(&mut self, start: usize, end: usize, column: usize) {
        let Some((mut at, mut column)) = self.behind_actions(start, end, column) else { return };
        let mut slot = Slot { node: Tree::ROOT, column: None };
        for _ in 0..MAX_DEPTH {
            match self.byte(at, end) {
                None => return,
                Some(b'#') => return self.comment(at, end),
                Some(b'-') if self.is_space_or_end(at + 1, end) => {
                    let list = self.collection(column, true);
                    slot = Slot { node: self.tree.add(list, None), column: Some(column) };
                }
                Some(b'?') if self.is_space_or_end(at + 1, end) => {}
                _ => break,
            }
            let spaces = self.spaces(at + 1, end);
            at += 1 + spaces;
            column += 1 + spaces;
        }
        let (key_at, is_reference) = self.properties(at, end);
        if let Some((key, behind)) = self.key(key_at, end) {
            let map = self.collection(column, false);
            slot = Slot { node: self.tree.add(map, Some(key)), column: Some(column) };
            return self.value(slot, behind, end);
        }
        if slot.node == Tree::ROOT {
            slot = self.stray(column);
        }
        if is_reference {
            return self.tree.set(slot.node, Shape::Reference);
        }
        self.value(slot, at, end);
    }

    /// Actions that stand alone, or before the line's own text, are passed over.
    fn behind_actions(&mut self, start: usize, end: usize, column: usize) -> Option<(usize, usize)> {
        let mut at = start;
        while let Some(hole) = self.hole(at) {
            self.see_action(at);
            if hole >= end {
                // What stands behind it is read as a line of its own.
                self.next = if hole > end { self.next.max(hole) } else { self.next };
                return None;
            }
            let behind = hole + self.spaces(hole, end);
            if behind >= end {
                return None;
            }
            // `{{ $name }}: value` is a key.
            if matches!(self.bytes.get(hole), Some(b':' | b'_' | b'-' | b'.'))
                || self.bytes.get(hole).is_some_and(u8::is_ascii_alphanumeric)
                    && self.key(hole, end).is_none()
            {
                break;
            }
            at = behind;
        }
        Some((at, column))
    }

    pub(super) fn see_action(&mut self, at: usize) {
        let end = self.hole(at).unwrap_or(at);
        self.foreign.see(self.text.as_str().get(at..end).unwrap_or(""));
    }

    /// The collection that a line at this column belongs to: one that is open, or a new one.
    fn collection(&mut self, column: usize, is_list: bool) -> Id {
        while let Some(top) = self.open.last() {
            let is_right = top.column > column || top.column == column && top.is_list && !is_list;
            if !is_right {
                break;
            }
            self.open.pop();
        }
        let shape = if is_list { Shape::List } else { Shape::Map };
        let top = self.open.last().copied();
        match top {
            Some(top) if top.column == column && top.is_list == is_list => return top.node,
            Some(top) if self.open.len() >= MAX_DEPTH => return top.node,
            _ => {}
        }
        let node = self.place(top, shape);
        self.open.push(Open { column, node, is_list });
        node
    }

    /// The node that a new collection becomes.
    fn place(&mut self, top: Option<Open>, shape: Shape) -> Id {
        let before = match top {
            Some(top) => self.tree.last(top.node),
            None => Some(Tree::ROOT),
        };
        let node = match before {
            // Waits for it, or was left at another column.
            Some(before) if self.tree.shape(before) == Shape::Empty || self.tree.shape(before) == shape => {
                before
            }
            Some(before) => {
                let key = self.tree.key(before);
                self.tree.add(top.map_or(Tree::ROOT, |it| it.node), key)
            }
            None => self.tree.add(top.map_or(Tree::ROOT, |it| it.node), None),
        };
        self.tree.set(node, shape);
        node
    }

    /// Where a scalar goes that has a line for itself.
    fn stray(&mut self, column: usize) -> Slot {
        while self.open.last().is_some_and(|it| it.column >= column && column > 0) {
            self.open.pop();
        }
        let Some(top) = self.open.last().copied() else {
            let is_free = self.tree.shape(Tree::ROOT) == Shape::Empty;
            let node = if is_free { Tree::ROOT } else { self.tree.add(Tree::ROOT, None) };
            return Slot { node, column: None };
        };
        let last = self.tree.last(top.node);
        let waits = last.filter(|it| self.tree.shape(*it) == Shape::Empty && top.column < column);
        let node = waits.unwrap_or_else(|| self.tree.add(top.node, None));
        Slot { node, column: Some(top.column) }
    }

    /// Behind anchors and tags, and whether a tag takes the value from elsewhere.
    pub(super) fn properties(&self, start: usize, end: usize) -> (usize, bool) {
        let mut at = start;
        let mut is_reference = false;
        while let Some(b'&' | b'!') = self.byte(at, end) {
            let rest = self.bytes.get(at..end).unwrap_or(&[]);
            let len = rest.iter().take_while(|it| !it.is_ascii_whitespace()).count();
            let word = rest.get(..len).unwrap_or(&[]);
            is_reference |= REFERENCES.contains(&word);
            at += len + self.spaces(at + len, end);
        }
        (at, is_reference)
    }

    /// A key, and where its colon ends.
    pub(super) fn key(&self, at: usize, end: usize) -> Option<(Scalar, usize)> {
        let first = self.byte(at, end)?;
        if let b'"' | b'\'' = first {
            let close = self.close_on_line(at, end, first)?;
            let colon = close + 1 + self.spaces(close + 1, end);
            let style = if first == b'"' { Style::Double } else { Style::Single };
            let is_key = self.byte(colon, end) == Some(b':') && self.is_space_or_end(colon + 1, end);
            return is_key.then_some((Scalar { start: at + 1, end: close, style }, colon + 1));
        }
        if matches!(first, b'{' | b'[' | b'|' | b'>' | b'#' | b'`') && self.hole(at).is_none() {
            return None;
        }
        let line = self.bytes.get(at..end.min(at + MAX_KEY))?;
        for colon in memchr_iter(b':', line).map(|it| at + it) {
            if self.is_space_or_end(colon + 1, end) && self.hole(colon).is_none() {
                let key = at..colon - self.spaces_before(at, colon);
                let is_comment = self.comment_in(key.clone()).is_some();
                return (!is_comment && !key.is_empty())
                    .then_some((Scalar { start: key.start, end: key.end, style: Style::Plain }, colon + 1));
            }
        }
        None
    }

    pub(super) fn spaces_before(&self, from: usize, at: usize) -> usize {
        let rest = self.bytes.get(from..at).unwrap_or(&[]);
        rest.iter().rev().take_while(|it| matches!(it, b' ' | b'\t')).count()
    }

    /// The closing quote, if it stands on the same line.
    fn close_on_line(&self, open: usize, end: usize, quote: u8) -> Option<usize> {
        let mut at = open + 1;
        while at < end.min(open + MAX_KEY) {
            if let Some(hole) = self.hole(at) {
                at = hole;
                continue;
            }
            match self.bytes.get(at) {
                Some(b'\\') if quote == b'"' => at += 2,
                Some(b'\'') if quote == b'\'' && self.bytes.get(at + 1) == Some(&b'\'') => at += 2,
                Some(it) if *it == quote => return Some(at),
                _ => at += 1,
            }
        }
        None
    }

    /// Where a comment begins within a line.
    pub(super) fn comment_in(&self, line: Range<usize>) -> Option<usize> {
        let rest = self.bytes.get(line.clone())?;
        memchr_iter(b'#', rest).map(|it| line.start + it).find(|at| {
            let is_apart = *at == line.start || matches!(self.bytes.get(at - 1), Some(b' ' | b'\t'));
            is_apart && self.hole(*at).is_none()
        })
    }

    pub(super) fn comment(&mut self, at: usize, end: usize) {
        let marks = self.bytes.get(at..end).unwrap_or(&[]).iter().take_while(|it| **it == b'#').count();
        if at + marks < end {
            self.comments.push(at + marks..end);
        }
    }
}
