//! Decoded text that still knows where each of its bytes stood in the file.

use std::{borrow::Cow, ops::Range};

use smallvec::SmallVec;
use strongroom_hcl::Span;

/// What the text of a value means, and where it was written.
///
/// A password may stand in a URL in a JSON string in a heredoc. Each reader decodes what it was given with a
/// [`Decoder`], and the result still leads back to the file. Some ranges are *holes*: references, template
/// actions and interpolations, whose value only the workload will know.
#[derive(Clone, Debug)]
pub struct Text<'a> {
    text: Cow<'a, str>,
    origin: Origin,
    /// In order, without overlap; of this text.
    holes: Vec<Range<usize>>,
    layers: Layers,
}

/// Few texts are written in more ways at once; those take memory of their own.
type Layers = SmallVec<[Layer; 8]>;

#[derive(Clone, Debug)]
enum Origin {
    /// The text stands in the file as it is, from this byte on.
    Straight(usize),
    /// In order of `at`, without gaps in the decoded text.
    Mapped(Vec<Run>),
}

/// Bytes `at..` of the decoded text up to the next run stand for `len` bytes of the file, `from` on.
#[derive(Clone, Copy, Debug)]
struct Run {
    at: usize,
    from: usize,
    len: usize,
    /// The same bytes, rather than an escape for them.
    verbatim: bool,
}

/// A way of writing that was undone, and that a fixer must do again. The outermost comes first.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Hash)]
pub enum Layer {
    /// As it stands: a word in YAML, `.env`, INI or a shell.
    Bare,
    Base64,
    /// `$$` for `$`.
    Compose,
    /// `"..."` of a `.env` file.
    EnvDouble,
    HclHeredoc,
    HclQuoted,
    Ini,
    Json,
    /// `%40`.
    Percent,
    Properties,
    ShellDouble,
    ShellSingle,
    /// `'...'` with the quote doubled.
    Sql,
    /// Text of a template, whose actions are holes.
    Template,
    Toml,
    Xml,
    /// `|` or `>`.
    YamlBlock,
    YamlDouble,
    YamlSingle,
}

impl<'a> Text<'a> {
    /// A file's whole text, without the byte-order mark.
    #[must_use]
    pub fn whole(text: &'a str) -> Self {
        let body = text.strip_prefix('\u{feff}').unwrap_or(text);
        Self::straight(body, text.len() - body.len())
    }

    /// Text that stands as it is in the file, from the byte `from` on.
    #[must_use]
    pub fn straight(text: &'a str, from: usize) -> Self {
        Self {
            text: Cow::Borrowed(text),
            origin: Origin::Straight(from),
            holes: Vec::new(),
            layers: Layers::new(),
        }
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.text.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Where all of it stands in the file.
    #[must_use]
    pub fn span(&self) -> Span {
        self.span_of(0..self.len())
    }

    /// Where a part of it stands in the file.
    #[must_use]
    pub fn span_of(&self, part: Range<usize>) -> Span {
        match &self.origin {
            Origin::Straight(from) => Span { start: from + part.start, end: from + part.end },
            Origin::Mapped(runs) => {
                let start = run_at(runs, part.start).map_or(0, |it| it.source(part.start));
                let end = match part.end.checked_sub(1) {
                    Some(last) if last >= part.start => {
                        run_at(runs, last).map_or(start, |it| it.source_behind(last))
                    }
                    _ => start,
                };
                Span { start, end: end.max(start) }
            }
        }
    }

    /// A part of it; empty if the range is not one of this text.
    #[must_use]
    pub fn slice(&self, part: Range<usize>) -> Self {
        let text = match &self.text {
            Cow::Borrowed(text) => Cow::Borrowed(text.get(part.clone()).unwrap_or("")),
            Cow::Owned(text) => Cow::Owned(text.get(part.clone()).unwrap_or("").to_owned()),
        };
        let part = if text.is_empty() { part.start..part.start } else { part };
        let origin = match &self.origin {
            Origin::Straight(from) => Origin::Straight(from + part.start),
            Origin::Mapped(runs) => Origin::Mapped(cut(runs, &part)),
        };
        let holes = cut_holes(&self.holes, &part);
        Self { text, origin, holes, layers: Layers::from_slice(&self.layers) }
    }

    /// Without white space at both ends.
    #[must_use]
    pub fn trim(&self) -> Self {
        let start = self.len() - self.text.trim_start().len();
        let end = self.text.trim_end().len();
        self.slice(start.min(end)..end)
    }

    /// The ranges of its lines, without their ends (`\n`, `\r\n`).
    pub fn lines(&self) -> impl Iterator<Item = Range<usize>> + '_ {
        let mut at = 0;
        self.text.split('\n').map(move |line| {
            let start = at;
            at += line.len() + 1;
            start..start + line.strip_suffix('\r').unwrap_or(line).len()
        })
    }

    /// Where a reference or a template action stands.
    #[must_use]
    pub fn holes(&self) -> &[Range<usize>] {
        &self.holes
    }

    #[must_use]
    pub fn is_hole_at(&self, at: usize) -> bool {
        self.hole_at(at).is_some()
    }

    #[must_use]
    pub fn hole_at(&self, at: usize) -> Option<Range<usize>> {
        let next = self.holes.partition_point(|it| it.end <= at);
        self.holes.get(next).filter(|it| it.start <= at).cloned()
    }

    /// Whether any of it is left when the holes are taken out.
    #[must_use]
    pub fn has_literal(&self) -> bool {
        if self.holes.is_empty() {
            return self.text.chars().any(|it| !it.is_whitespace());
        }
        self.literals().any(|it| !self.text.get(it).unwrap_or("").trim().is_empty())
    }

    /// What stands between the holes.
    pub fn literals(&self) -> impl Iterator<Item = Range<usize>> + '_ {
        let ends = self.holes.iter().map(|it| it.start).chain([self.len()]);
        let starts = [0].into_iter().chain(self.holes.iter().map(|it| it.end));
        starts.zip(ends).map(|(start, end)| start..end).filter(|it| it.start < it.end)
    }

    /// The same text with these ranges as holes too; they may overlap those it has.
    #[must_use]
    pub fn with_holes(mut self, more: impl IntoIterator<Item = Range<usize>>) -> Self {
        self.holes.extend(more.into_iter().filter(|it| it.start < it.end));
        self.holes.sort_by_key(|it| (it.start, it.end));
        let mut merged: Vec<Range<usize>> = Vec::with_capacity(self.holes.len());
        for hole in self.holes.drain(..) {
            match merged.last_mut() {
                Some(last) if hole.start <= last.end => last.end = last.end.max(hole.end),
                _ => merged.push(hole),
            }
        }
        self.holes = merged;
        self
    }

    /// The same text without its holes: what stands in a template's action, read for itself.
    #[must_use]
    pub fn without_holes(mut self) -> Self {
        self.holes.clear();
        self
    }

    /// The same text, written in one way more.
    #[must_use]
    pub fn within(mut self, layer: Layer) -> Self {
        self.layers.push(layer);
        self
    }

    /// The ways of writing that were undone, the outermost first.
    #[must_use]
    pub fn layers(&self) -> &[Layer] {
        &self.layers
    }
}

impl Run {
    fn source(&self, at: usize) -> usize {
        if self.verbatim { self.from + (at - self.at) } else { self.from }
    }

    fn source_behind(&self, last: usize) -> usize {
        if self.verbatim { self.from + (last - self.at) + 1 } else { self.from + self.len }
    }
}

fn run_at(runs: &[Run], at: usize) -> Option<&Run> {
    let next = runs.partition_point(|it| it.at <= at);
    runs.get(next.saturating_sub(1))
}

/// The runs of a part, counted from its start.
fn cut(runs: &[Run], part: &Range<usize>) -> Vec<Run> {
    let first = runs.partition_point(|it| it.at <= part.start).saturating_sub(1);
    let covered =
        runs.get(first..).unwrap_or(&[]).iter().take_while(|it| it.at < part.end || it.at <= part.start);
    covered
        .map(|run| {
            let before = part.start.saturating_sub(run.at);
            let skipped = if run.verbatim { before.min(run.len) } else { 0 };
            Run {
                at: run.at.saturating_sub(part.start),
                from: run.from + skipped,
                len: run.len - skipped,
                ..*run
            }
        })
        .collect()
}

fn cut_holes(holes: &[Range<usize>], part: &Range<usize>) -> Vec<Range<usize>> {
    let first = holes.partition_point(|it| it.end <= part.start);
    let covered = holes.get(first..).unwrap_or(&[]).iter().take_while(|it| it.start < part.end);
    covered
        .map(|it| it.start.max(part.start) - part.start..it.end.min(part.end) - part.start)
        .filter(|it| it.start < it.end)
        .collect()
}

/// Builds a text out of another one, piece by piece, and keeps the way back.
#[derive(Debug)]
pub struct Decoder<'t, 'a> {
    parent: &'t Text<'a>,
    text: String,
    runs: Vec<Run>,
    holes: Vec<Range<usize>>,
    layer: Layer,
}

impl<'t, 'a> Decoder<'t, 'a> {
    #[must_use]
    pub fn new(parent: &'t Text<'a>, layer: Layer) -> Self {
        Self { parent, text: String::new(), runs: Vec::new(), holes: Vec::new(), layer }
    }

    /// The parent's bytes as they stand, with their holes.
    pub fn keep(&mut self, part: Range<usize>) {
        let Some(kept) = self.parent.text.get(part.clone()).filter(|it| !it.is_empty()) else { return };
        let at = self.text.len();
        match &self.parent.origin {
            Origin::Straight(from) => {
                self.run(Run { at, from: from + part.start, len: kept.len(), verbatim: true })
            }
            Origin::Mapped(runs) => {
                let within = cut(runs, &part);
                let ends = within.iter().skip(1).map(|it| it.at).chain([kept.len()]);
                for (run, end) in within.iter().zip(ends) {
                    let len = if run.verbatim { end - run.at } else { run.len };
                    self.run(Run { at: at + run.at, len, ..*run });
                }
            }
        }
        self.holes
            .extend(cut_holes(&self.parent.holes, &part).into_iter().map(|it| it.start + at..it.end + at));
        self.text.push_str(kept);
    }

    /// What the parent's bytes stand for: an escape.
    pub fn put(&mut self, decoded: &str, part: Range<usize>) {
        if decoded.is_empty() {
            return;
        }
        let span = self.parent.span_of(part);
        self.runs.push(Run {
            at: self.text.len(),
            from: span.start,
            len: span.end - span.start,
            verbatim: false,
        });
        self.text.push_str(decoded);
    }

    /// A reference: the parent's bytes as they stand, and a hole.
    pub fn hole(&mut self, part: Range<usize>) {
        let start = self.text.len();
        self.keep(part);
        if self.text.len() > start {
            self.holes.push(start..self.text.len());
        }
    }

    #[must_use]
    pub fn finish(self) -> Text<'a> {
        let Self { parent, text, mut runs, holes, layer } = self;
        let mut layers = Layers::from_slice(&parent.layers);
        layers.push(layer);
        // Where nothing was decoded, the text of the file itself serves.
        let straight = match (runs.as_slice(), &parent.text, &parent.origin) {
            ([run], Cow::Borrowed(text), Origin::Straight(from)) if run.verbatim => run
                .from
                .checked_sub(*from)
                .and_then(|start| text.get(start..start + run.len))
                .map(|text| (Cow::Borrowed(text), Origin::Straight(run.from))),
            _ => None,
        };
        let (text, origin) = straight.unwrap_or_else(|| {
            if runs.is_empty() {
                // An empty text still has a place.
                runs.push(Run { at: 0, from: parent.span().start, len: 0, verbatim: true });
            }
            (Cow::Owned(text), Origin::Mapped(runs))
        });
        Text { text, origin, holes: Vec::new(), layers }.with_holes(holes)
    }

    fn run(&mut self, run: Run) {
        match self.runs.last_mut() {
            Some(last) if last.verbatim && run.verbatim && last.from + last.len == run.from => {
                last.len += run.len
            }
            _ => self.runs.push(run),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `\x` stands for `x`, and `$x` is a hole.
    fn decoded<'a>(parent: &Text<'a>) -> Text<'a> {
        let mut out = Decoder::new(parent, Layer::Json);
        let text = parent.as_str();
        let mut at = 0;
        while let Some(c) = text[at..].chars().next() {
            let end = at + c.len_utf8();
            let next = end + text[end..].chars().next().map_or(0, char::len_utf8);
            match c {
                '\\' => out.put(&text[end..next], at..next),
                '$' => out.hole(at..next),
                _ => out.keep(at..end),
            }
            at = if matches!(c, '\\' | '$') { next } else { end };
        }
        out.finish()
    }

    /// What stood in the file for a part of a text that was decoded twice.
    #[track_caller]
    fn check(file: &str, part: &str, expected: &str) {
        let once = decoded(&Text::whole(file));
        let text = decoded(&once);
        let start = text.as_str().find(part).unwrap();
        let range = start..start + part.len();
        let span = text.span_of(range.clone());
        assert_eq!(span.of(file), expected);
        let slice = text.slice(range);
        assert_eq!((slice.as_str(), slice.span()), (part, span));
        assert_eq!(slice.trim().span().of(file), expected.trim());
        assert_eq!(decoded(&slice).span(), span, "decoding a part leads back to the same place");
    }

    #[test]
    fn every_part_leads_back_to_the_file() {
        check("plain", "lai", "lai");
        check("\u{feff}plain", "plain", "plain");
        check(r"a\bc", "b", r"\b");
        check(r"a\bc", "ab", r"a\b");
        check(r"a\\\bc", "bc", r"\\\bc");
        check(r"a\\\bc", "c", "c");
        check(r"ü\\\é-x y", "é-x", r"\\\é-x");
    }

    #[test]
    fn holes_stay_where_they_were() {
        let whole = Text::whole(r"ab$cd\e$fg");
        let text = decoded(&whole);
        assert_eq!(text.as_str(), "ab$cde$fg");
        assert_eq!(text.holes(), [2..4, 6..8]);
        assert_eq!(text.literals().map(|it| &text.as_str()[it]).collect::<Vec<_>>(), ["ab", "de", "g"]);
        assert_eq!(text.slice(3..7).holes(), [0..1, 3..4]);
        assert!(text.is_hole_at(2) && !text.is_hole_at(4));
        assert!(!decoded(&Text::whole("$a $b")).has_literal());
        assert_eq!(text.with_holes([0..1, 3..5, 8..8]).holes(), [0..1, 2..5, 6..8]);
    }

    #[test]
    fn lines_end_without_their_ends() {
        let text = Text::whole("a\r\nbc\n\nd");
        assert_eq!(text.lines().collect::<Vec<_>>(), [0..1, 3..5, 6..6, 7..8]);
    }

    #[test]
    fn what_was_not_escaped_is_the_file_s_own_text() {
        let whole = Text::whole("xplainx");
        let mut out = Decoder::new(&whole, Layer::Json);
        out.keep(1..3);
        out.keep(3..6);
        let text = out.finish();
        assert!(matches!(text.text, Cow::Borrowed("plain")));
        assert_eq!((text.span(), text.layers()), (Span { start: 1, end: 6 }, [Layer::Json].as_slice()));
        assert_eq!(Decoder::new(&whole, Layer::Json).finish().span(), Span { start: 0, end: 0 });
    }
}
