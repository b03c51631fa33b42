//! Where lines begin and end, how they are indented, and how an entry goes without a trace.

use strongroom_hcl::Span;

/// `\r\n` where the file has it.
pub(super) fn line_end(text: &str) -> &'static str {
    if text.contains("\r\n") { "\r\n" } else { "\n" }
}

pub(super) fn line_start(text: &str, at: usize) -> usize {
    text.get(..at).and_then(|it| it.rfind('\n')).map_or_else(|| bom(text), |it| it + 1)
}

/// Behind the line's end.
pub(super) fn next_line(text: &str, at: usize) -> usize {
    text.get(at..).and_then(|it| it.find('\n')).map_or(text.len(), |it| at + it + 1)
}

fn bom(text: &str) -> usize {
    if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 }
}

/// The space that the line at `at` begins with.
pub(super) fn indentation(text: &str, at: usize) -> &str {
    let line = text.get(line_start(text, at)..).unwrap_or("");
    let length = line.len() - line.trim_start_matches([' ', '\t']).len();
    line.get(..length).unwrap_or("")
}

/// What stands on the line before `at`.
pub(super) fn before(text: &str, at: usize) -> &str {
    text.get(line_start(text, at)..at).unwrap_or("")
}

/// What stands on the line from `at` on, without its end.
pub(super) fn behind(text: &str, at: usize) -> &str {
    text.get(at..next_line(text, at)).unwrap_or("").trim_end_matches(['\r', '\n'])
}

/// Whether the span has its lines for itself.
pub(super) fn is_alone(text: &str, span: Span) -> bool {
    before(text, span.start).trim().is_empty() && behind(text, span.end).trim().is_empty()
}

pub(super) fn lines_of(text: &str, span: Span) -> Span {
    Span { start: line_start(text, span.start), end: next_line(text, span.end) }
}

/// Entries that go together.
#[derive(Clone, Copy, Debug)]
pub(super) struct Run {
    pub(super) first: usize,
    pub(super) last: usize,
    /// None where they cannot go without touching a line that must stay, or a comment: they are to be emptied.
    pub(super) removed: Option<Span>,
}

/// What is to be taken out so that the entries marked in `gone` are; `entries` are all of one block, in order.
pub(super) fn removals(text: &str, body: Span, entries: &[Span], gone: &[bool], is_json: bool) -> Vec<Run> {
    let is_gone = |at: usize| gone.get(at).copied().unwrap_or(false);
    let same_line = |one: usize, other: usize| match (entries.get(one), entries.get(other)) {
        (Some(one), Some(other)) => text.get(one.end..other.start).is_some_and(|it| !it.contains('\n')),
        _ => false,
    };
    let mut runs = Vec::new();
    let mut first = 0;
    while first < entries.len() {
        if !is_gone(first) {
            first += 1;
            continue;
        }
        let mut last = first;
        while is_gone(last + 1) && same_line(last, last + 1) {
            last += 1;
        }
        let previous = first.checked_sub(1).filter(|it| same_line(*it, first)).and_then(|it| entries.get(it));
        let next = Some(last + 1).filter(|it| same_line(last, *it)).and_then(|it| entries.get(it));
        let group = entries.get(first..=last).unwrap_or(&[]);
        let span =
            Span { start: group.first().map_or(0, |it| it.start), end: group.last().map_or(0, |it| it.end) };
        // In JSON the last member has no comma, and the one before it would have to lose its own.
        let orphans = is_json && last + 1 == entries.len() && (0..first).any(|it| !is_gone(it));
        let removed = match (previous, next) {
            (_, Some(next)) => Some(Span { start: span.start, end: next.start }),
            (Some(previous), None) => Some(Span { start: previous.end, end: span.end }),
            (None, None) => alone(text, body, span).filter(|_| !orphans),
        };
        let removed = removed.filter(|it| is_nothing_else(text, *it, group));
        runs.push(Run { first, last, removed });
        first = last + 1;
    }
    runs
}

/// The entry with its line, or what can go of the line.
fn alone(text: &str, body: Span, span: Span) -> Option<Span> {
    let rest = behind(text, span.end);
    let tail = rest.trim_start();
    let comma = tail.strip_prefix(',');
    let tail = comma.unwrap_or(tail).trim_start();
    let begins_line = before(text, span.start).trim().is_empty();
    if begins_line && (tail.is_empty() || is_mark(tail)) {
        return Some(lines_of(text, span));
    }
    if begins_line && (tail.starts_with('#') || tail.starts_with("//") || tail.starts_with("/*")) {
        // The comment stays, in the entry's place.
        return Some(Span { start: span.start, end: span.end + (rest.len() - tail.len()) });
    }
    // `{ KEY = "value" }`: with the space before it.
    let start = text.get(body.start..span.start)?.trim_end().len() + body.start;
    let end = span.end + if comma.is_some() { rest.find(',')? + 1 } else { 0 };
    Some(Span { start, end })
}

/// Whether a comment only tells another scanner to pass over the value: it goes with that.
fn is_mark(comment: &str) -> bool {
    let words = comment.trim().trim_start_matches(['#', '/']).trim();
    ["pragma: allowlist secret", "pragma: whitelist secret", "gitleaks:allow", "trufflehog:ignore", "nosec"]
        .contains(&words)
}

/// Whether nothing but the entries themselves, commas, space and marks for scanners would go.
fn is_nothing_else(text: &str, removed: Span, entries: &[Span]) -> bool {
    let starts = std::iter::once(removed.start).chain(entries.iter().map(|it| it.end));
    let ends = entries.iter().map(|it| it.start).chain([removed.end]);
    starts.zip(ends).all(|(start, end)| {
        let between = text.get(start..end.max(start)).unwrap_or("");
        let is_nothing = |it: &str| it.chars().all(|c| c.is_whitespace() || c == ',');
        is_nothing(between) || is_mark(between.trim_start_matches([',', ' ', '\t']))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes out the entries `GONE = n` of a block.
    #[track_caller]
    fn check(text: &str, expected: &str) {
        let body = strongroom_hcl::parse(text).unwrap();
        let block = body.view().blocks("env", 0).unwrap().remove(0);
        let attrs: Vec<_> = block.body.attrs().collect();
        let spans: Vec<Span> =
            attrs.iter().map(|(key, it)| Span { start: key.span.start, end: it.value.span.end }).collect();
        let gone: Vec<bool> = attrs.iter().map(|(key, _)| key.name.starts_with("GONE")).collect();
        let mut edits = strongroom_hcl::Edits::new(text);
        let inner = block.body.span();
        for run in removals(text, inner, &spans, &gone, false) {
            edits.replace(run.removed.unwrap(), "").unwrap();
        }
        assert_eq!(edits.apply(), expected);
    }

    #[test]
    fn entries_go_with_their_lines() {
        check("env {\n  A = 1\n  GONE = 2\n  B = 3\n}\n", "env {\n  A = 1\n  B = 3\n}\n");
        check("env {\r\n  GONE = 2\r\n  B = 3\r\n}\r\n", "env {\r\n  B = 3\r\n}\r\n");
        check("env {\n  GONE = 2,\n  B = 3\n}\n", "env {\n  B = 3\n}\n");
        check("env {\n  GONE = 2 # why\n}\n", "env {\n  # why\n}\n");
        check("env {\n  GONE = 2 # pragma: allowlist secret\n  B = 3\n}\n", "env {\n  B = 3\n}\n");
        check("env {\n  GONE = 2, // gitleaks:allow\n  B = 3\n}\n", "env {\n  B = 3\n}\n");
    }

    #[test]
    fn entries_go_from_within_a_line() {
        check("env { GONE = 1 }\n", "env { }\n");
        check("env = { A = 1, GONE = 2 }\n", "env = { A = 1 }\n");
        check("env = { GONE = 2, A = 1 }\n", "env = { A = 1 }\n");
        check("env = { A = 1, GONE = 2, GONE3 = 3 }\n", "env = { A = 1 }\n");
        check("env = { A = 1, GONE = 2, B = 3, GONE4 = 4 }\n", "env = { A = 1, B = 3 }\n");
        check("env = { GONE1 = 1, GONE2 = 2 }\n", "env = { }\n");
    }
}
