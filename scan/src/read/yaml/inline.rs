//! The value behind a key or a dash: over one line, or over those that belong to it.

use super::{
    block::{Parser, Slot},
    tree::{Chomping, Scalar, Shape, Style},
};

impl Parser<'_, '_> {
    /// The value that begins on this line.
    pub(super) fn value(&mut self, slot: Slot, from: usize, end: usize) {
        let start = from + self.spaces(from, end);
        let (at, is_reference) = self.properties(start, end);
        if is_reference {
            self.tree.set(slot.node, Shape::Reference);
            // A block behind the tag is passed over, as it is not the value.
            if let Some(b'|' | b'>') = self.byte(at, end) {
                self.block(slot, at, end);
                self.tree.set(slot.node, Shape::Reference);
            }
            return;
        }
        if self.hole(at).is_some() {
            self.see_action(at);
            return self.plain(slot, at, end);
        }
        match self.byte(at, end) {
            None => {}
            Some(b'#') if at > from || at == start => self.comment(at, end),
            Some(b'*') if self.bytes.get(at + 1).is_some_and(|it| !it.is_ascii_whitespace()) => {
                self.tree.set(slot.node, Shape::Reference);
            }
            Some(b'|' | b'>') if self.block(slot, at, end) => {}
            Some(b'{' | b'[') => {
                let behind = self.flow(slot, at);
                self.rest(behind);
            }
            Some(quote @ (b'"' | b'\'')) => match self.close(at, quote, slot.column) {
                Some(close) if self.is_end(close + 1) => {
                    let style = if quote == b'"' { Style::Double } else { Style::Single };
                    self.tree.set(slot.node, Shape::Scalar(Scalar { start: at + 1, end: close, style }));
                    self.rest(close + 1);
                }
                _ => self.plain(slot, at, end),
            },
            Some(_) => self.plain(slot, at, end),
        }
    }

    /// Whether nothing but a comment stands on the rest of a line.
    fn is_end(&self, at: usize) -> bool {
        let line = self.line(at);
        let text = at + self.spaces(at, line.end);
        text >= line.end || self.bytes.get(text) == Some(&b'#') && text > at || self.hole(text).is_some()
    }

    /// Behind a value that may have taken lines: its comment, and where the next line begins.
    fn rest(&mut self, at: usize) {
        let line = self.line(at);
        if let Some(comment) = self.comment_in(at..line.end) {
            self.comment(comment, line.end);
        }
        self.next = self.next.max(self.behind(line.end));
    }

    /// The closing quote of a scalar, over lines that are indented enough.
    pub(super) fn close(&self, open: usize, quote: u8, column: Option<usize>) -> Option<usize> {
        let mut at = open + 1;
        loop {
            if let Some(hole) = self.hole(at) {
                at = hole;
                continue;
            }
            match self.bytes.get(at)? {
                b'\\' if quote == b'"' && self.bytes.get(at + 1) != Some(&b'\n') => at += 2,
                b'\'' if quote == b'\'' && self.bytes.get(at + 1) == Some(&b'\'') => at += 2,
                b'\n' => {
                    let line = self.line(at + 1);
                    let indent = self.spaces(line.start, line.end);
                    let is_blank = line.start + indent == line.end;
                    let is_quote = self.bytes.get(line.start + indent) == Some(&quote);
                    if !is_blank && !is_quote && column.is_some_and(|it| indent <= it) {
                        return None;
                    }
                    at = line.start + indent;
                }
                it if *it == quote => return Some(at),
                _ => at += 1,
            }
        }
    }

    /// Up to a comment or the line's end, and over lines that go on with it.
    fn plain(&mut self, slot: Slot, at: usize, end: usize) {
        let comment = self.comment_in(at..end);
        let mut stop = comment.unwrap_or(end);
        stop -= self.spaces_before(at, stop);
        // An action may go over lines.
        if let Some(hole) = stop.checked_sub(1).and_then(|it| self.hole(it)).filter(|it| *it > end) {
            stop = hole;
            self.next = self.next.max(self.behind(self.line(hole).end));
        }
        if let Some(comment) = comment {
            self.comment(comment, end);
        } else {
            stop = self.continued(stop, slot.column);
        }
        self.tree.set(slot.node, Shape::Scalar(Scalar { start: at, end: stop, style: Style::Plain }));
    }

    fn continued(&mut self, from: usize, column: Option<usize>) -> usize {
        let mut stop = from;
        let mut next = self.next;
        while next < self.bytes.len() {
            let line = self.line(next);
            let at = line.start + self.spaces(line.start, line.end);
            if at < line.end {
                let is_right = column.is_none_or(|it| at - line.start > it);
                let is_more = is_right
                    && !matches!(self.bytes.get(at), Some(b'#' | b'-' | b'.' | b'|'))
                    && self.hole(at).is_none()
                    && self.key(at, line.end).is_none()
                    && self.comment_in(at..line.end).is_none();
                if !is_more {
                    break;
                }
                stop = line.end - self.spaces_before(at, line.end);
                self.next = self.behind(line.end);
            }
            next = self.behind(line.end);
        }
        stop
    }

    /// `|` or `>`, and the lines below that are indented.
    fn block(&mut self, slot: Slot, at: usize, end: usize) -> bool {
        let mut indent = None;
        let mut chomping = Chomping::Clip;
        let mut behind = at + 1;
        while let Some(it) = self.byte(behind, end) {
            match it {
                b'-' => chomping = Chomping::Strip,
                b'+' => chomping = Chomping::Keep,
                b'1'..=b'9' => indent = Some(slot.column.map_or(0, |it| it) + usize::from(it - b'0')),
                _ => break,
            }
            behind += 1;
        }
        let rest = behind + self.spaces(behind, end);
        match self.byte(rest, end) {
            None => {}
            Some(b'#') if rest > behind => self.comment(rest, end),
            _ => return false,
        }
        let start = self.next;
        let mut stop = start;
        let mut next = start;
        while next < self.bytes.len() {
            let line = self.line(next);
            let own = self.spaces(line.start, line.end);
            let is_blank = line.start + own >= line.end;
            if !is_blank && !self.is_action_alone(line.start + own, line.end) {
                let least = *indent.get_or_insert(own);
                if own < least || slot.column.is_some_and(|it| own <= it) {
                    break;
                }
            }
            next = self.behind(line.end);
            stop = if next > self.bytes.len() { line.end } else { next };
        }
        self.next = next;
        let is_folded = self.bytes.get(at) == Some(&b'>');
        let style = Style::Block { indent: indent.unwrap_or(0), is_folded, chomping };
        self.tree.set(slot.node, Shape::Scalar(Scalar { start, end: stop.max(start), style }));
        true
    }

    /// A line of a block that only a template's renderer will see.
    fn is_action_alone(&self, at: usize, end: usize) -> bool {
        let mut at = at;
        while let Some(hole) = self.hole(at) {
            at = hole + self.spaces(hole, end);
            if at >= end {
                return true;
            }
        }
        false
    }
}
