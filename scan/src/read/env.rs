//! `.env` files and systemd's `EnvironmentFile`: `KEY=value` a line, and what the many loaders allow besides.

use super::{
    actions,
    lines::{Lines, MAX_CONTINUED},
    references::Dollars,
    value,
};
use crate::{At, Decoder, Finder, Layer, Place, Text, embedded, judge::reference};

pub(super) fn document<'a>(finder: &mut Finder<'a>, at: &At<'_>, text: Text<'a>) {
    let text = actions::marked(text);
    let mut lines = Lines::new(&text);
    while let Some(line) = lines.next_line() {
        if matches!(lines.byte(line.start, line.end), Some(b'#' | b';')) {
            lines.tell_comment(finder, &at.key(""), line, b"#;");
            continue;
        }
        let Some(start) = lines.behind_actions(line.clone()) else { continue };
        let line = start..line.end;
        if lines.pem(finder, at, &line) {
            continue;
        }
        match name(lines.str(line.clone())) {
            Some((name, behind)) => {
                let at = At { place: Place::Env, ..at.key(name) };
                assigned(finder, &at, &mut lines, line.start + behind, line.end);
            }
            None => embedded::script(finder, at, text.slice(line)),
        }
    }
}

/// The variable of an assignment, and where its `=` ends.
fn name(line: &str) -> Option<(&str, usize)> {
    let rest =
        line.strip_prefix("export ").or_else(|| line.strip_prefix("set ")).unwrap_or(line).trim_start();
    let is_name = |it: u8| it.is_ascii_alphanumeric() || b"_.-/[]".contains(&it);
    let len = rest.bytes().take_while(|it| is_name(*it)).count();
    let (name, behind) = rest.split_at_checked(len)?;
    let value = behind.trim_start_matches([' ', '\t']).strip_prefix('=')?;
    (!name.is_empty()).then_some((name, line.len() - value.len()))
}

fn assigned<'a>(finder: &mut Finder<'a>, at: &At<'_>, lines: &mut Lines<'_, 'a>, from: usize, end: usize) {
    let start = from + lines.spaces(from, end);
    if let Some(quote @ (b'"' | b'\'' | b'`')) = lines.byte(start, end)
        && let Some(close) = lines.close(start, lines.bytes.len(), quote, quote == b'"')
        && let Some(rest) = rest(lines, close + 1)
    {
        if let Some(comment) = rest {
            let end = lines.bytes.len().min(comment + 1 + line_len(lines, comment + 1));
            let comment = lines.trimmed(comment..end);
            lines.tell_comment(finder, &at.key(""), comment, b"#");
        }
        lines.skip_to(close);
        let inner = start + 1..close;
        return match quote {
            b'"' => value::bring(finder, at, unescaped(lines.text, inner), Dollars::Named),
            // What the command is given may be a credential.
            b'`' if reference::runs(lines.str(inner.clone())) => {
                embedded::script(finder, at, lines.text.slice(inner));
            }
            _ => {
                let text = lines.text.slice(inner).within(Layer::ShellSingle);
                if text.has_literal() {
                    finder.value(at, text);
                }
            }
        };
    }
    let comment = lines.comment(start.saturating_sub(1).max(from)..end, b"#");
    let stop = comment.unwrap_or(end);
    if let Some(comment) = comment {
        lines.tell_comment(finder, &at.key(""), comment..end, b"#");
    } else if lines.str(start..stop).ends_with('\\') {
        return continued(finder, at, lines, start);
    }
    let bare = lines.trimmed(start..stop);
    value::bring(finder, at, lines.text.slice(bare).within(Layer::Bare), Dollars::Named);
}

fn line_len(lines: &Lines<'_, '_>, from: usize) -> usize {
    let rest = lines.bytes.get(from..).unwrap_or(&[]);
    memchr::memchr(b'\n', rest).unwrap_or(rest.len())
}

/// Whether a line has nothing behind a closing quote, or a comment, and where.
fn rest(lines: &Lines<'_, '_>, from: usize) -> Option<Option<usize>> {
    let end = from + line_len(lines, from);
    let at = lines.trimmed(from..end);
    if at.is_empty() {
        return Some(None);
    }
    (lines.byte(at.start, at.end) == Some(b'#') && at.start > from).then_some(Some(at.start))
}

/// A value that goes on behind a backslash at the line's end.
fn continued<'a>(finder: &mut Finder<'a>, at: &At<'_>, lines: &mut Lines<'_, 'a>, start: usize) {
    let mut out = Decoder::new(lines.text, Layer::Bare);
    let mut from = start;
    for _ in 0..MAX_CONTINUED {
        let end = lines.trimmed(from..from + line_len(lines, from)).end.max(from);
        let is_more = lines.str(from..end).ends_with('\\');
        out.keep(from..end - usize::from(is_more));
        if !is_more || lines.is_done() {
            break;
        }
        let line = lines.raw_line();
        from = line.start + lines.spaces(line.start, line.end);
        if from > end {
            out.put(" ", end - 1..from);
        }
    }
    value::bring(finder, at, out.finish(), Dollars::Named);
}

/// What stands within double quotes.
fn unescaped<'a>(text: &Text<'a>, inner: std::ops::Range<usize>) -> Text<'a> {
    let bytes = text.as_str().as_bytes();
    if memchr::memchr2(b'\\', b'\r', bytes.get(inner.clone()).unwrap_or(&[])).is_none() {
        return text.slice(inner).within(Layer::EnvDouble);
    }
    let mut out = Decoder::new(text, Layer::EnvDouble);
    let (mut at, mut kept) = (inner.start, inner.start);
    while at < inner.end {
        if let Some(hole) = text.hole_at(at) {
            at = hole.end;
            continue;
        }
        let decoded = match (bytes.get(at), bytes.get(at + 1)) {
            (Some(b'\r'), Some(b'\n')) => Some((2, "\n")),
            (Some(b'\\'), Some(b'n')) => Some((2, "\n")),
            (Some(b'\\'), Some(b'r')) => Some((2, "\r")),
            (Some(b'\\'), Some(b't')) => Some((2, "\t")),
            (Some(b'\\'), Some(b'"')) => Some((2, "\"")),
            (Some(b'\\'), Some(b'\\')) => Some((2, "\\")),
            (Some(b'\\'), Some(b'$')) => Some((2, "$")),
            (Some(b'\\'), Some(b'`')) => Some((2, "`")),
            (Some(b'\\'), Some(b'\n')) => Some((2, "")),
            (Some(b'\\'), Some(b'\r')) => Some((3, "")),
            _ => None,
        };
        match decoded {
            Some((len, decoded)) => {
                let end = (at + len).min(inner.end);
                out.keep(kept..at);
                out.put(decoded, at..end);
                (at, kept) = (end, end);
            }
            None => at += 1,
        }
    }
    out.keep(kept..inner.end);
    out.finish()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::{
        Obstacle,
        Place::Env,
        brought::{brought, texts, values},
    };

    #[track_caller]
    fn check(file: &str, expected: &[(&str, &str)]) {
        let expected: Vec<_> = expected.iter().map(|it| (it.0, Env, None, it.1)).collect();
        values(".env", file, &expected);
        values(".env", &file.replace('\n', "\r\n"), &expected);
    }

    #[test]
    fn assignments_in_every_way_of_writing() {
        check(
            "A=b\nexport C=d\n E = f # g\nH=i#j\nK=\nl.m-n=o=p\n",
            &[("A", "b"), ("C", "d"), ("E", "f"), ("H", "i#j"), ("l.m-n", "o=p")],
        );
        check(
            "A=\"b c\" # d\nE='f $G \\n'\nH=\"i\\\"j\\n\\\\k\"\n",
            &[("A", "b c"), ("E", "f $G \\n"), ("H", "i\"j\n\\k")],
        );
        check("A=\"b\nc\"\nD=e", &[("A", "b\nc"), ("D", "e")]);
        check(
            "A=it's\nB='open\nC=\"x\"y\nD=\"z\n",
            &[("A", "it's"), ("B", "'open"), ("C", "\"x\"y"), ("D", "\"z")],
        );
        check("A=\"b \\\n  c\"\nD=e \\\n  f\nG=h\n", &[("A", "b   c"), ("D", "e  f"), ("G", "h")]);
    }

    #[test]
    fn references_are_holes() {
        let default = Some(Obstacle::Expression);
        values(
            ".env",
            "A=$BB\nC=\"d ${E:-f}\"\nG='${H}'\nI={{ .J }}\n",
            &[("C", Env, default, "f"), ("C", Env, None, "d ${E:-f}"), ("G", Env, None, "${H}")],
        );
        check("{{ with a }}\nB=c\n{{ d }}E=f\n{{ end }}\n", &[("B", "c"), ("E", "f")]);
    }

    #[test]
    fn a_command_in_backticks_is_no_value() {
        let file = "A=`openssl rand -hex 32`\nB=`Kiln-Otter-127`\nC=`cat /run/x` # d\n";
        check(file, &[("B", "Kiln-Otter-127")]);
        texts(".env", file, "script", &["openssl rand -hex 32", "cat /run/x"]);
    }

    #[test]
    fn comments_and_other_lines_are_told_apart() {
        let file = "# a\n; b\n#C=d\nE=f # g\nsource h\nI=\"j\" # k\n";
        texts(".env", file, "comment", &[" a", " b", "C=d", " g", " k"]);
        texts(".env", file, "script", &["source h"]);
    }

    proptest! {
        #[test]
        fn any_text_is_read(file in "\u{feff}?([A-Cé=\"'`#\\\\$ {}]|\n|\r\n|export |-----BEGIN |-----END |\\{\\{|\\}\\}|\\$\\{){0,60}") {
            brought(".env", &file);
        }
    }
}
