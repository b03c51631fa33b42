//! Dockerfiles: variables, build arguments, and what is run.

use super::{
    actions,
    lines::{Lines, MAX_CONTINUED},
    references::Dollars,
    value,
    words::words,
};
use crate::{At, Decoder, Finder, Format, Layer, Obstacle, Place, Text};

pub(super) fn document<'a>(finder: &mut Finder<'a>, at: &At<'_>, text: Text<'a>) {
    let text = actions::marked(text);
    let mut lines = Lines::new(&text);
    while let Some(line) = lines.next_line() {
        if lines.byte(line.start, line.end) == Some(b'#') {
            lines.tell_comment(finder, &at.key(""), line, b"#");
            continue;
        }
        let instruction = logical(finder, at, &mut lines, line);
        let len = instruction.as_str().find(char::is_whitespace).unwrap_or(instruction.len());
        let word = instruction.as_str().get(..len).unwrap_or("").to_ascii_uppercase();
        let rest = instruction.slice(len..instruction.len()).trim();
        match word.as_str() {
            "ENV" => variables(finder, &At { place: Place::Env, ..at.clone() }, &rest),
            "ARG" => {
                let obstacle = at.obstacle.or(Some(Obstacle::BuildArgument));
                variables(finder, &At { place: Place::Default, obstacle, ..at.clone() }, &rest);
            }
            "LABEL" => variables(finder, at, &rest),
            "RUN" | "CMD" | "ENTRYPOINT" | "HEALTHCHECK" => {
                let at = At { place: Place::Argument, ..at.key(word) };
                if rest.as_str().starts_with('[') {
                    finder.document(&at, rest, Format::Json);
                } else {
                    finder.document(&at, rest, Format::Shell);
                }
            }
            _ => {}
        }
    }
}

/// An instruction over all the lines that it goes on for; comments between them are brought.
fn logical<'a>(
    finder: &mut Finder<'a>,
    at: &At<'_>,
    lines: &mut Lines<'_, 'a>,
    first: std::ops::Range<usize>,
) -> Text<'a> {
    if !lines.str(first.clone()).ends_with('\\') {
        return lines.text.slice(first);
    }
    let mut out = Decoder::new(lines.text, Layer::Bare);
    let mut line = first;
    for _ in 0..MAX_CONTINUED {
        let is_comment = lines.byte(line.start, line.end) == Some(b'#');
        let is_more = lines.str(line.clone()).ends_with('\\');
        if is_comment {
            lines.tell_comment(finder, &at.key(""), line, b"#");
        } else {
            out.keep(line.start..line.end - usize::from(is_more));
            if !is_more {
                break;
            }
            out.put(" ", line.end - 1..line.end);
        }
        match lines.next_line() {
            Some(next) => line = next,
            None => break,
        }
    }
    out.finish()
}

/// `A=b C="d e"`, or the older `A b c`.
fn variables<'a>(finder: &mut Finder<'a>, at: &At<'_>, rest: &Text<'a>) {
    let words = words(rest, 0..rest.len(), None);
    let is_older = words.first().is_some_and(|it| !it.as_str().contains('='));
    if is_older {
        let Some((name, value)) = rest.as_str().split_once(char::is_whitespace) else { return };
        let value = rest.slice(rest.len() - value.len()..rest.len()).trim().within(Layer::Bare);
        return value::bring(finder, &at.key(name.to_owned()), value, Dollars::Named);
    }
    for word in words {
        if let Some((name, value)) = word.as_str().split_once('=') {
            let value = word.slice(word.len() - value.len()..word.len());
            value::bring(finder, &at.key(name.to_owned()), value, Dollars::Named);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        Obstacle,
        Place::{Default, Env},
        brought::{brought, texts, values},
    };

    #[test]
    fn instructions_have_their_own_meanings() {
        let file =
            "# a\nFROM b\nENV C=d E=\"f g\" \\\n  # h\n  I=j\nENV K l m\nARG N=o\nRUN p \\\n  q\nCMD r\n";
        values(
            "Dockerfile",
            file,
            &[
                ("C", Env, None, "d"),
                ("E", Env, None, "f g"),
                ("I", Env, None, "j"),
                ("K", Env, None, "l m"),
                ("N", Default, Some(Obstacle::BuildArgument), "o"),
            ],
        );
        texts("Dockerfile", file, "comment", &[" a", " h"]);
        texts("Dockerfile", file, "script", &["p  q", "r"]);
        for file in ["ENV", "ENV \\", "RUN \\\n\\\n", "é", "ENV =é"] {
            brought("Dockerfile", file);
        }
    }
}
