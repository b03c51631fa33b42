//! The words of a shell: quotes, references, redirections and pipes of one line.

use std::ops::Range;

use crate::{Decoder, Layer, Text};

/// A line of a script that its quotes may carry over several lines of the text.
#[derive(Debug, Default)]
pub(super) struct Line<'a> {
    pub(super) commands: Vec<Command<'a>>,
    /// What stands behind `#`.
    pub(super) comment: Option<Range<usize>>,
    /// The scripts in `$(...)` and backticks.
    pub(super) substitutions: Vec<Range<usize>>,
    /// Behind the line, its end included.
    pub(super) end: usize,
    /// All its quotes are closed.
    pub(super) is_whole: bool,
}

#[derive(Debug, Default)]
pub(super) struct Command<'a> {
    pub(super) words: Vec<Text<'a>>,
    /// The file that its output goes to.
    pub(super) output: Option<Text<'a>>,
    pub(super) here: Option<Here<'a>>,
    /// Its output is the next command's input.
    pub(super) is_piped: bool,
}

/// What is given as standard input in the script itself.
#[derive(Debug)]
pub(super) enum Here<'a> {
    /// `<<END`, and whether references in it count.
    Document { end: String, is_quoted: bool },
    /// `<<<`
    Word(Text<'a>),
}

impl Command<'_> {
    fn is_empty(&self) -> bool {
        self.words.is_empty() && self.output.is_none() && self.here.is_none()
    }
}

/// Reads the line that begins at `from`; nothing behind `limit` belongs to it.
pub(super) fn line<'a>(text: &Text<'a>, from: usize, limit: usize) -> Line<'a> {
    let mut lexer = Lexer { text, at: from, limit: limit.min(text.len()), line: Line::default() };
    lexer.line.is_whole = true;
    lexer.run();
    lexer.line.end = lexer.at;
    lexer.line
}

struct Lexer<'t, 'a> {
    text: &'t Text<'a>,
    at: usize,
    limit: usize,
    line: Line<'a>,
}

/// A piece of a word.
enum Piece {
    Keep(Range<usize>),
    /// What is behind a backslash, and both.
    Escape(Range<usize>, Range<usize>),
    Hole(Range<usize>),
}

impl<'a> Lexer<'_, 'a> {
    fn peek(&self, by: usize) -> u8 {
        let at = self.at + by;
        if at < self.limit { self.text.as_str().as_bytes().get(at).copied().unwrap_or(0) } else { 0 }
    }

    fn run(&mut self) {
        let mut command = Command::default();
        while self.at < self.limit {
            match self.peek(0) {
                _ if self.text.is_hole_at(self.at) => self.word(&mut command),
                b'\n' => {
                    self.at += 1;
                    break;
                }
                b'\\' if matches!((self.peek(1), self.peek(2)), (b'\n', _) | (b'\r', b'\n')) => {
                    self.at += if self.peek(1) == b'\n' { 2 } else { 3 };
                }
                b' ' | b'\t' | b'\r' => self.at += 1,
                b'#' => {
                    let end = self.line_end(self.at);
                    self.line.comment = Some(self.at + 1..end);
                    self.at = end;
                }
                b'|' => {
                    let is_or = self.peek(1) == b'|';
                    self.at += if is_or || self.peek(1) == b'&' { 2 } else { 1 };
                    command.is_piped = !is_or;
                    self.finish(&mut command);
                }
                b'&' if self.peek(1) == b'>' => {
                    self.at += 1;
                }
                b';' | b'&' | b'(' | b')' => {
                    self.at += 1;
                    self.finish(&mut command);
                }
                b'<' => self.input(&mut command),
                b'>' => self.output(&mut command),
                b'{' | b'}' if matches!(self.peek(1), b' ' | b'\n' | b'\r' | b'\t' | b';' | 0) => {
                    self.at += 1;
                    self.finish(&mut command);
                }
                _ => self.word(&mut command),
            }
        }
        self.finish(&mut command);
    }

    fn finish(&mut self, command: &mut Command<'a>) {
        if !command.is_empty() {
            self.line.commands.push(std::mem::take(command));
        }
        *command = Command::default();
    }

    /// Where this line of the text ends.
    fn line_end(&self, from: usize) -> usize {
        let bytes = self.text.as_str().as_bytes().get(from..self.limit).unwrap_or(&[]);
        memchr::memchr(b'\n', bytes).map_or(self.limit, |it| from + it)
    }

    fn input(&mut self, command: &mut Command<'a>) {
        if self.peek(1) != b'<' {
            // A file, or `<(...)`.
            self.at += 1;
            self.blanks();
            if self.peek(0) != b'(' {
                self.single_word();
            }
            return;
        }
        if self.peek(2) == b'<' {
            self.at += 3;
            self.blanks();
            command.here = self.single_word().map(Here::Word);
            return;
        }
        self.at += if self.peek(2) == b'-' { 3 } else { 2 };
        self.blanks();
        let is_quoted = matches!(self.peek(0), b'\'' | b'"' | b'\\');
        if let Some(end) = self.single_word().filter(|it| !it.is_empty()) {
            command.here = Some(Here::Document { end: end.as_str().to_owned(), is_quoted });
        }
    }

    fn output(&mut self, command: &mut Command<'a>) {
        while matches!(self.peek(0), b'>' | b'|' | b'&') {
            self.at += 1;
        }
        self.blanks();
        if self.peek(0) == b'(' {
            return;
        }
        if let Some(target) = self.single_word() {
            command.output = Some(target);
        }
    }

    fn blanks(&mut self) {
        while matches!(self.peek(0), b' ' | b'\t') {
            self.at += 1;
        }
    }

    fn word(&mut self, command: &mut Command<'a>) {
        let start = self.at;
        if let Some(word) = self.single_word() {
            // `2>` and the like.
            let is_number =
                matches!(self.peek(0), b'>' | b'<') && word.as_str().bytes().all(|it| it.is_ascii_digit());
            if !is_number {
                command.words.push(word);
            }
        }
        if self.at == start {
            self.at += 1;
        }
    }

    /// A word up to white space or an operator.
    fn single_word(&mut self) -> Option<Text<'a>> {
        let start = self.at;
        let mut pieces = Vec::new();
        let mut layer = Layer::Bare;
        while self.at < self.limit {
            if let Some(hole) = self.text.hole_at(self.at) {
                let end = hole.end.min(self.limit);
                pieces.push(Piece::Hole(self.at..end));
                self.at = end;
                continue;
            }
            match self.peek(0) {
                b' ' | b'\t' | b'\n' | b'\r' | b';' | b'|' | b'&' | b'(' | b')' | b'<' | b'>' => break,
                b'\'' => {
                    layer = Layer::ShellSingle;
                    self.single(&mut pieces);
                }
                b'"' => {
                    layer = Layer::ShellDouble;
                    self.double(&mut pieces);
                }
                b'\\' if matches!((self.peek(1), self.peek(2)), (b'\n', _) | (b'\r', b'\n')) => {
                    self.at += if self.peek(1) == b'\n' { 2 } else { 3 };
                }
                b'\\' => self.escape(&mut pieces),
                b'$' if self.peek(1) == b'\'' => {
                    self.at += 1;
                    layer = Layer::ShellSingle;
                    self.single(&mut pieces);
                }
                b'$' | b'`' => self.reference(&mut pieces),
                b'{' if self.peek(1) == b'{' => self.template(&mut pieces),
                _ => {
                    let from = self.at;
                    while self.at < self.limit
                        && !b" \t\n\r;|&()<>'\"\\$`{".contains(&self.peek(0))
                        && !self.text.is_hole_at(self.at)
                    {
                        self.at += 1;
                    }
                    // A brace that begins no template.
                    if self.at == from {
                        self.at += 1;
                    }
                    pieces.push(Piece::Keep(from..self.at));
                }
            }
        }
        // A comma behind a string belongs to what holds them both, which is no shell.
        let bytes = self.text.as_str().as_bytes();
        if layer != Layer::Bare
            && let Some(Piece::Keep(last)) = pieces.last()
            && bytes.get(last.clone()) == Some(b",")
            && last.start.checked_sub(1).and_then(|it| bytes.get(it)).is_some_and(|it| b"'\"".contains(it))
        {
            pieces.pop();
        }
        (self.at > start).then(|| self.build(&pieces, start, layer))
    }

    fn build(&self, pieces: &[Piece], start: usize, layer: Layer) -> Text<'a> {
        if pieces.is_empty() {
            return self.text.slice(start..start).within(layer);
        }
        let mut out = Decoder::new(self.text, layer);
        for piece in pieces {
            match piece {
                Piece::Keep(part) => out.keep(part.clone()),
                Piece::Escape(decoded, part) => {
                    out.put(self.text.as_str().get(decoded.clone()).unwrap_or(""), part.clone());
                }
                Piece::Hole(part) => out.hole(part.clone()),
            }
        }
        out.finish()
    }

    fn single(&mut self, pieces: &mut Vec<Piece>) {
        let from = self.at + 1;
        let bytes = self.text.as_str().as_bytes().get(from..self.limit).unwrap_or(&[]);
        let before = self
            .at
            .checked_sub(1)
            .and_then(|it| self.text.as_str().as_bytes().get(it))
            .copied()
            .unwrap_or(b' ');
        let is_apostrophe = before.is_ascii_alphabetic() && bytes.first().is_some_and(u8::is_ascii_lowercase);
        match memchr::memchr(b'\'', bytes) {
            // A sentence's, and not the beginning of a string of several lines.
            Some(length) if is_apostrophe && bytes.get(..length).is_some_and(|it| it.contains(&b'\n')) => {
                pieces.push(Piece::Keep(self.at..from));
                self.at = from;
            }
            Some(length) => {
                pieces.push(Piece::Keep(from..from + length));
                self.at = from + length + 1;
            }
            None => self.open(from, pieces),
        }
    }

    /// A quote that never closes: the line of the text is what is left of it.
    fn open(&mut self, from: usize, pieces: &mut Vec<Piece>) {
        self.line.is_whole = false;
        let end = self.line_end(from.min(self.limit));
        pieces.push(Piece::Keep(from.min(end)..end));
        self.at = end;
        self.limit = end;
    }

    fn double(&mut self, pieces: &mut Vec<Piece>) {
        let opened = self.at + 1;
        let before = pieces.len();
        self.at = opened;
        while self.at < self.limit {
            if let Some(hole) = self.text.hole_at(self.at) {
                let end = hole.end.min(self.limit);
                pieces.push(Piece::Hole(self.at..end));
                self.at = end;
                continue;
            }
            match self.peek(0) {
                b'"' => {
                    self.at += 1;
                    return;
                }
                b'\\' if matches!(self.peek(1), b'"' | b'\\' | b'$' | b'`') => self.escape(pieces),
                b'\\' if self.peek(1) == b'\n' => self.at += 2,
                b'$' | b'`' => self.reference(pieces),
                _ => {
                    let from = self.at;
                    self.at += 1;
                    while self.at < self.limit
                        && !b"\"\\$`".contains(&self.peek(0))
                        && !self.text.is_hole_at(self.at)
                    {
                        self.at += 1;
                    }
                    pieces.push(Piece::Keep(from..self.at));
                }
            }
        }
        pieces.truncate(before);
        self.open(opened, pieces);
    }

    fn escape(&mut self, pieces: &mut Vec<Piece>) {
        let next = self.at + 1;
        let length = self
            .text
            .as_str()
            .get(next..self.limit)
            .and_then(|it| it.chars().next())
            .map_or(0, char::len_utf8);
        if length > 0 {
            pieces.push(Piece::Escape(next..next + length, self.at..next + length));
        }
        self.at = (next + length).min(self.limit);
    }

    /// `$NAME`, `${NAME}`, `$(...)`, backticks: a hole.
    fn reference(&mut self, pieces: &mut Vec<Piece>) {
        let start = self.at;
        let bytes = self.text.as_str().as_bytes().get(..self.limit).unwrap_or(&[]);
        let (length, inner) = match (self.peek(0), self.peek(1)) {
            (b'`', _) => {
                let rest = bytes.get(start + 1..).unwrap_or(&[]);
                let end = memchr::memchr(b'`', rest).unwrap_or(rest.len());
                (end + 2, Some(start + 1..start + 1 + end))
            }
            (b'$', b'(') => {
                let end = closing(bytes, start + 1, b'(', b')');
                // What never closes is no script.
                (end + 1 - start, (end < bytes.len()).then_some(start + 2..end))
            }
            (b'$', b'{') => (closing(bytes, start + 1, b'{', b'}') + 1 - start, None),
            (b'$', b'0'..=b'9' | b'@' | b'*' | b'#' | b'?' | b'!' | b'-') => (2, None),
            (b'$', first) if first.is_ascii_alphabetic() || first == b'_' => {
                let name = bytes.get(start + 1..).unwrap_or(&[]);
                (1 + name.iter().take_while(|it| it.is_ascii_alphanumeric() || **it == b'_').count(), None)
            }
            _ => {
                pieces.push(Piece::Keep(start..start + 1));
                self.at += 1;
                return;
            }
        };
        self.at = (start + length).min(self.limit);
        pieces.push(Piece::Hole(start..self.at));
        self.line.substitutions.extend(inner.filter(|it| it.start < it.end && it.end <= self.limit));
    }

    /// `{{ ... }}` of another tool.
    fn template(&mut self, pieces: &mut Vec<Piece>) {
        let rest = self.text.as_str().get(self.at..self.limit).unwrap_or("");
        let near = rest.as_bytes().get(..512.min(rest.len())).unwrap_or(&[]);
        match memchr::memmem::find(near, b"}}") {
            Some(end) if memchr::memchr(b'\n', near.get(..end).unwrap_or(&[])).is_none() => {
                pieces.push(Piece::Hole(self.at..self.at + end + 2));
                self.at += end + 2;
            }
            _ => {
                pieces.push(Piece::Keep(self.at..self.at + 2));
                self.at += 2;
            }
        }
    }
}

/// The bracket that closes the one at `open`; the last byte where none does.
fn closing(bytes: &[u8], open: usize, opening: u8, ending: u8) -> usize {
    let mut depth = 0_usize;
    for (at, byte) in bytes.iter().enumerate().skip(open) {
        if *byte == opening {
            depth += 1;
        } else if *byte == ending {
            depth = depth.saturating_sub(1);
            if depth == 0 {
                return at;
            }
        }
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each command's words, and its marks.
    #[track_caller]
    fn check(script: &str, expected: &[&[&str]]) -> Line<'static> {
        let text: &'static str = Box::leak(script.to_owned().into_boxed_str());
        let line = line(&Text::whole(text), 0, text.len());
        let found: Vec<Vec<&str>> =
            line.commands.iter().map(|it| it.words.iter().map(Text::as_str).collect()).collect();
        assert_eq!(found, expected, "{script}");
        line
    }

    #[test]
    fn words_are_unquoted() {
        check(r#"a 'b c' "d \"e\"" f\ g"#, &[&["a", "b c", "d \"e\"", "f g"]]);
        check("X=1 run -p\"a b\"'c' x", &[&["X=1", "run", "-pa bc", "x"]]);
        check("a \\\n  b", &[&["a", "b"]]);
        check("a {b} ''", &[&["a", "{b}", ""]]);
    }

    #[test]
    fn commands_are_parted() {
        let line = check("a | b && c; d || e", &[&["a"], &["b"], &["c"], &["d"], &["e"]]);
        assert_eq!(
            line.commands.iter().map(|it| it.is_piped).collect::<Vec<_>>(),
            [true, false, false, false, false]
        );
        let line = check("a >f 2>&1 <<'EOF' # why", &[&["a"]]);
        assert!(
            matches!(&line.commands[0].here, Some(Here::Document { end, is_quoted: true }) if end == "EOF")
        );
        let line = check("a <<< \"x y\"\nb", &[&["a"]]);
        assert!(matches!(&line.commands[0].here, Some(Here::Word(it)) if it.as_str() == "x y"));
    }

    #[test]
    fn references_are_holes() {
        let line = check("a \"$X-${Y:-z}\" $(cat f) `b`", &[&["a", "$X-${Y:-z}", "$(cat f)", "`b`"]]);
        assert_eq!(line.commands[0].words[1].holes(), [0..2, 3..10]);
        assert_eq!(line.substitutions.len(), 2);
        assert!(!check("a {{ x }} b", &[&["a", "{{ x }}", "b"]]).commands[0].words[1].has_literal());
    }

    #[test]
    fn an_open_quote_ends_with_its_line() {
        let line = check("it's fine\nnext x", &[&["its fine"]]);
        assert!(!line.is_whole);
        assert_eq!(line.end, 9);
        check("echo it's fine\nX='y'", &[&["echo", "it's", "fine"]]);
    }
}
