//! Collections in brackets, over any number of lines.

use super::{
    block::{Parser, Slot},
    tree::{Id, MAX_DEPTH, Scalar, Shape, Style},
};

/// A collection that is open.
struct Level {
    node: Id,
    /// What a colon makes a key, or a value is given to.
    entry: Option<Id>,
}

impl Parser<'_, '_> {
    /// Reads the collection that begins here. Answers where it ends, or where it must have ended.
    pub(super) fn flow(&mut self, slot: Slot, start: usize) -> usize {
        let mut levels: Vec<Level> = Vec::new();
        // Levels that lie too deep for the tree.
        let mut deeper = 0_usize;
        let mut at = start;
        while let Some(byte) = self.bytes.get(at).copied().filter(|_| !self.tree.is_full()) {
            if self.hole(at).is_some() {
                at = self.flow_plain(&mut levels, at);
                continue;
            }
            match byte {
                b' ' | b'\t' | b'\r' => at += 1,
                b'\n' if self.has_ended(at + 1, slot.column) => return at,
                b'\n' => at += 1,
                b'#' if matches!(self.bytes.get(at.wrapping_sub(1)), Some(b' ' | b'\t' | b'\n')) => {
                    let line = self.line(at);
                    self.comment(at, line.end);
                    at = line.end;
                }
                b'{' | b'[' if levels.len() >= MAX_DEPTH => {
                    deeper += 1;
                    at += 1;
                }
                b'{' | b'[' => {
                    let node = match levels.last_mut() {
                        None => slot.node,
                        Some(level) => self.target(level),
                    };
                    self.tree.set(node, if byte == b'{' { Shape::Map } else { Shape::List });
                    levels.push(Level { node, entry: None });
                    at += 1;
                }
                b'}' | b']' if deeper > 0 => {
                    deeper -= 1;
                    at += 1;
                }
                b'}' | b']' => {
                    levels.pop();
                    at += 1;
                    if levels.is_empty() {
                        return at;
                    }
                }
                b',' => {
                    if let Some(level) = levels.last_mut() {
                        level.entry = None;
                    }
                    at += 1;
                }
                b':' => {
                    if let Some(entry) = levels.last().and_then(|it| it.entry) {
                        self.tree.scalar_to_key(entry);
                    }
                    at += 1;
                }
                b'"' | b'\'' => match self.close(at, byte, slot.column) {
                    Some(close) => {
                        let style = if byte == b'"' { Style::Double } else { Style::Single };
                        self.give(&mut levels, Scalar { start: at + 1, end: close, style });
                        at = close + 1;
                    }
                    None => at = self.flow_plain(&mut levels, at),
                },
                b'*' | b'&' | b'!' => {
                    let rest = self.bytes.get(at..).unwrap_or(&[]);
                    let is_end = |it: &u8| it.is_ascii_whitespace() || b",[]{}".contains(it);
                    at += rest.iter().take_while(|it| !is_end(it)).count().max(1);
                    if byte == b'*'
                        && let Some(level) = levels.last_mut()
                    {
                        let node = self.target(level);
                        self.tree.set(node, Shape::Reference);
                    }
                }
                _ => at = self.flow_plain(&mut levels, at),
            }
        }
        at
    }

    /// Whether a line is one of the block around rather than of this collection, which was not closed.
    fn has_ended(&self, start: usize, column: Option<usize>) -> bool {
        let line = self.line(start);
        let indent = self.spaces(line.start, line.end);
        let first = self.bytes.get(line.start + indent..line.end).and_then(|it| it.first());
        column.is_some_and(|it| indent <= it)
            && first.is_some_and(|it| it.is_ascii_alphanumeric() || matches!(it, b'-' | b'_'))
    }

    /// The node that the next value becomes.
    fn target(&mut self, level: &mut Level) -> Id {
        let waiting = level.entry.filter(|it| self.tree.shape(*it) == Shape::Empty);
        let node = waiting.unwrap_or_else(|| self.tree.add(level.node, None));
        level.entry = Some(node);
        node
    }

    fn give(&mut self, levels: &mut [Level], scalar: Scalar) {
        if let Some(level) = levels.last_mut() {
            let node = self.target(level);
            self.tree.set(node, Shape::Scalar(scalar));
        }
    }

    /// A word without quotes, and where it ends.
    fn flow_plain(&mut self, levels: &mut [Level], start: usize) -> usize {
        let mut at = start;
        while let Some(byte) = self.bytes.get(at) {
            if let Some(hole) = self.hole(at) {
                at = hole;
                continue;
            }
            let behind = self.bytes.get(at + 1);
            let is_end = match byte {
                b',' | b'[' | b']' | b'{' | b'}' | b'\n' => at > start || *byte == b'\n',
                b':' => behind.is_none_or(|it| it.is_ascii_whitespace() || b",[]{}".contains(it)),
                b'#' => at > start && matches!(self.bytes.get(at - 1), Some(b' ' | b'\t')),
                _ => false,
            };
            if is_end {
                break;
            }
            at += 1;
        }
        // Nothing but a mark that has no meaning here.
        let at = at.max(start + 1);
        let word = self.bytes.get(start..at).unwrap_or(&[]);
        let spaces = word.iter().rev().take_while(|it| matches!(it, b' ' | b'\t' | b'\r')).count();
        self.give(levels, Scalar { start, end: at - spaces, style: Style::Plain });
        at
    }
}
