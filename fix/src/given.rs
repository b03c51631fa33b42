//! What a program is given of a secret that stands in a file of YAML.
//!
//! Kubernetes and Compose put a value in as it is stored and encode nothing. Where the secret is a part of a text (a
//! password in JSON, in a shell's quotes, in a URL), what is stored must be what JSON, the shell or the URL had there:
//! YAML's own way of writing undone, and those within it kept.

use std::str::Chars;

use strongroom_hcl::Span;
use strongroom_scan::{Finding, Layer};

use crate::layout::{indentation, line_around};

/// Where a reference goes: line ends behind a block stay where they are, or the next key would come into its last line.
pub(crate) fn place(text: &str, finding: &Finding) -> Span {
    let Span { start, .. } = finding.span;
    Span { start, end: start + finding.span.of(text).trim_end_matches(['\n', '\r']).len() }
}

/// The secret's text there with the file's own layer undone, and the inner ones as they stand.
pub(crate) fn given(text: &str, finding: &Finding) -> String {
    let place = place(text, finding);
    let raw = place.of(text);
    match finding.layers.as_slice() {
        [] | [_] if place == finding.span => finding.value.expose().to_owned(),
        [] | [_] => finding.value.expose().trim_end_matches('\n').to_owned(),
        [layer @ (Layer::Bare | Layer::YamlDouble | Layer::YamlSingle), ..] => flowed(raw, *layer),
        [Layer::YamlBlock, ..] => block(text, place),
        _ => raw.to_owned(),
    }
}

/// A word, or what stands in quotes: escapes undone, lines folded.
fn flowed(raw: &str, layer: Layer) -> String {
    let mut out = String::with_capacity(raw.len());
    // White space that was escaped is not taken from a line's end.
    let mut solid = 0;
    let mut rest = raw.chars();
    while let Some(c) = rest.next() {
        match (layer, c) {
            (_, '\n') => {
                let end = out.trim_end_matches([' ', '\t', '\r']).len().max(solid);
                out.truncate(end);
                let behind = rest.as_str().trim_start_matches([' ', '\t', '\r', '\n']);
                let skipped = rest.as_str().len() - behind.len();
                let more = rest.as_str().get(..skipped).map_or(0, |it| it.matches('\n').count());
                out.push_str(&if more == 0 { " ".to_owned() } else { "\n".repeat(more) });
                rest = behind.chars();
            }
            (Layer::YamlSingle, '\'') => {
                out.push(c);
                rest = rest.as_str().strip_prefix('\'').unwrap_or(rest.as_str()).chars();
            }
            (Layer::YamlDouble, '\\') => {
                escape(&mut rest, &mut out);
                solid = out.len();
            }
            _ => out.push(c),
        }
    }
    out
}

/// What follows a backslash in double quotes.
fn escape(rest: &mut Chars<'_>, out: &mut String) {
    let Some(c) = rest.next() else { return out.push('\\') };
    let digits = match c {
        'x' => 2,
        'u' => 4,
        'U' => 8,
        _ => 0,
    };
    let plain = match c {
        'n' => '\n',
        't' | '\t' => '\t',
        'r' => '\r',
        '0' => '\0',
        'a' => '\u{7}',
        'b' => '\u{8}',
        'e' => '\u{1b}',
        'f' => '\u{c}',
        'v' => '\u{b}',
        'N' => '\u{85}',
        '_' => '\u{a0}',
        'L' => '\u{2028}',
        'P' => '\u{2029}',
        '"' | '\\' | '/' | ' ' | '\'' => c,
        // A line end that is taken out, with the white space of the next line.
        '\n' | '\r' => {
            let behind = rest.as_str().strip_prefix('\n').filter(|_| c == '\r').unwrap_or(rest.as_str());
            *rest = behind.trim_start_matches([' ', '\t']).chars();
            return;
        }
        _ => {
            let code = rest.as_str().get(..digits).and_then(|it| u32::from_str_radix(it, 16).ok());
            match code.and_then(char::from_u32) {
                Some(it) => {
                    *rest = rest.as_str().get(digits..).unwrap_or("").chars();
                    it
                }
                // No escape that YAML knows: it stands for itself.
                None => {
                    out.push('\\');
                    c
                }
            }
        }
    };
    out.push(plain);
}

/// Lines below `|` or `>`.
fn block(text: &str, span: Span) -> String {
    let raw = span.of(text);
    if !raw.contains('\n') {
        return raw.to_owned();
    }
    let (indent, is_folded) = header(text, span.start);
    let body = |line: &str| {
        let spaces = line.bytes().take(indent).take_while(|it| *it == b' ').count();
        line.trim_end_matches('\r').get(spaces..).unwrap_or("").to_owned()
    };
    let is_deeper = |line: &str| line.starts_with([' ', '\t']);
    let mut lines = raw.split('\n');
    let mut out = lines.next().unwrap_or("").trim_end_matches('\r').to_owned();
    let first = line_around(text, span.start).of(text);
    let mut was_deeper = is_deeper(&body(first));
    let mut ends = 0;
    for line in lines.map(body) {
        ends += 1;
        if line.is_empty() {
            continue;
        }
        let is_joined = is_folded && !was_deeper && !is_deeper(&line);
        match (is_joined, ends) {
            (true, 1) => out.push(' '),
            (true, _) => out.push_str(&"\n".repeat(ends - 1)),
            (false, _) => out.push_str(&"\n".repeat(ends)),
        }
        (was_deeper, ends) = (is_deeper(&line), 0);
        out.push_str(&line);
    }
    out + &"\n".repeat(ends)
}

/// How far the block is indented that a byte is in, and whether its lines are folded.
fn header(text: &str, at: usize) -> (usize, bool) {
    let own = line_around(text, at);
    let mut least = indentation(own.of(text)).len();
    for line in text.get(..own.start).unwrap_or("").lines().rev().filter(|it| !it.trim().is_empty()) {
        let depth = indentation(line).len();
        if depth < least
            && let Some(is_folded) = opens_block(line)
        {
            return (least, is_folded);
        }
        least = least.min(depth);
    }
    (least, false)
}

/// Whether a line ends with the sign of a block, `key: |-` or `- >`, and whether that one is folded.
fn opens_block(line: &str) -> Option<bool> {
    let line = line.split(" #").next()?.trim();
    let (before, sign) = line.rsplit_once([' ', '\t']).unwrap_or(("", line));
    let is_folded = sign.starts_with('>');
    let rest = sign.strip_prefix(['|', '>'])?;
    let last = before.split_whitespace().next_back().unwrap_or("-");
    let is_value =
        last.ends_with(':') || last.starts_with(['&', '!']) || before.starts_with('-') && last == "-";
    let is_sign = rest.chars().all(|it| it.is_ascii_digit() || matches!(it, '+' | '-'));
    (is_sign && (is_value || before.is_empty())).then_some(is_folded)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// YAML's part is what the scanner reads too, where there is no other one.
    #[track_caller]
    fn check(file: &str, expected: &str) {
        let found = strongroom_scan::scan("app.yaml", file);
        let [finding] = found.as_slice() else { panic!("one finding, not {found:?}") };
        assert_eq!(finding.value.expose().trim_end_matches('\n'), expected, "the scanner: {file}");
        let layers = [&finding.layers[..], &[Layer::Json]].concat();
        assert_eq!(given(file, &Finding { layers, ..finding.clone() }), expected, "{file}");
    }

    #[test]
    fn quotes_and_lines_are_undone_as_the_scanner_does_it() {
        check("password: Kiln-Otter-31\n", "Kiln-Otter-31");
        check("password: 'it''s-Otter-02'\n", "it's-Otter-02");
        check(r#"password: "a\"b\\c\/d\x41\u00e9-Otter-77\q""#, r#"a"b\c/dAé-Otter-77\q"#);
        check("password: \"Kiln-Otter \\\n  -31\"\n", "Kiln-Otter -31");
        check("password: 'Kiln-Otter\n  -31'\n", "Kiln-Otter -31");
        check("password: \"Kiln-Otter\\t \n\n  -31\"\n", "Kiln-Otter\t\n-31");
        check("password: |\n    Kiln-Otter-31\n", "Kiln-Otter-31");
    }

    #[track_caller]
    fn check_block(file: &str, expected: &str) {
        let (start, end) = (file.find("k1ln").unwrap(), file.find("0tter").unwrap() + 5);
        assert_eq!(block(file, Span { start, end }), expected, "{file}");
    }

    #[test]
    fn lines_of_a_block_lose_its_indentation_and_no_more() {
        check_block("a:\n  - |-\n    cat -\n      k1ln\n        \\\n      0tter\n", "k1ln\n    \\\n  0tter");
        check_block("a: | # x\r\n  k1ln\r\n\r\n   0tter\r\n", "k1ln\n\n 0tter");
        check_block("a: |\n  psql |\n    k1ln\n  0tter\n", "k1ln\n0tter");
        check_block("a: &x >+\n  k1ln\n  and\n\n  an\n    x\n  0tter\n", "k1ln and\nan\n  x\n0tter");
    }
}
