//! What a job's own templates ask the store for already.
//!
//! A policy that is made for the job must go on to allow that, and no more: exactly the paths that stand there. A path that
//! is worked out when the template is rendered cannot be in a policy, and a person must hear of it.

use std::collections::BTreeSet;

use super::job::{Syntax, Task, Template};
use super::literal::{Literal, Piece};

/// What the templates of a task ask for.
#[derive(Debug, Default, Eq, PartialEq)]
pub(super) struct Reads {
    /// Paths as a policy names them, and what must be allowed there.
    pub(super) paths: BTreeSet<(String, &'static str)>,
    /// There is more, which nobody can tell from the file.
    pub(super) has_more: bool,
}

/// Functions that ask the store; each takes a path first.
const FUNCTIONS: [&str; 3] = ["pkiCert", "secret", "secrets"];
/// Engines that make credentials have these behind their mount, where one of KV version 2 has `data`.
const NO_KV: [&str; 8] =
    ["cert", "creds", "data", "issue", "metadata", "sign", "static-cred", "static-creds"];
/// Stands for what HCL puts in.
const HOLE: char = '\u{0}';

impl Reads {
    pub(super) fn of(syntax: Syntax, task: &Task<'_>, text: &str, mount: &str) -> Self {
        let mut reads = Self::default();
        for it in &task.templates {
            match shown(syntax, it, text) {
                Some(data) => reads.read(&data, it, mount),
                // In an expression, a path may be anything.
                None => reads.has_more |= it.data.is_none_or(|it| may_ask(it.span.of(text))),
            }
        }
        reads
    }

    fn read(&mut self, data: &str, template: &Template<'_>, mount: &str) {
        let delimiters = &template.delimiters;
        for behind in data.split(delimiters.left.as_str()).skip(1) {
            let action = behind.split(delimiters.right.as_str()).next().unwrap_or("");
            if action.trim_start_matches('-').trim_start().starts_with("/*") {
                continue;
            }
            let words = words(action);
            for (at, word) in words.iter().enumerate() {
                if let Word::Name(name) = word
                    && FUNCTIONS.contains(&name.as_str())
                {
                    self.call(name, words.get(at + 1..).unwrap_or(&[]), mount);
                }
            }
        }
    }

    fn call(&mut self, function: &str, arguments: &[Word], mount: &str) {
        match (function, arguments) {
            // With more arguments it writes.
            (_, [Word::Text(_), Word::Text(_) | Word::Name(_) | Word::Open, ..]) | ("pkiCert", _) => {
                self.has_more = true;
            }
            (_, [Word::Text(path), ..]) if is_literal(path) => {
                let path = path.split('?').next().unwrap_or("").trim_matches('/');
                let (folder, capability) =
                    if function == "secrets" { ("metadata", "list") } else { ("data", "read") };
                self.paths.extend(spellings(path, folder, mount).map(|it| (it, capability)));
            }
            _ => self.has_more = true,
        }
    }
}

/// Whether the text that an expression makes may ask the store: it names a function that does, or takes text from elsewhere.
fn may_ask(expression: &str) -> bool {
    const ELSEWHERE: [&str; 3] = ["var.", "local.", "file("];
    FUNCTIONS.iter().chain(&ELSEWHERE).any(|it| expression.contains(it))
}

/// Nomad puts the folder into paths of KV version 2 by itself. Of the mount that values go to it is known to be one.
fn spellings(path: &str, folder: &str, mount: &str) -> impl Iterator<Item = String> {
    let put_in = |mount: &str, rest: &str| {
        let has_it = ["data", "metadata"].iter().any(|it| rest == *it || rest.starts_with(&format!("{it}/")));
        if has_it { format!("{mount}/{rest}") } else { format!("{mount}/{folder}/{rest}") }
    };
    let own = path.strip_prefix(mount).and_then(|it| it.strip_prefix('/'));
    let (as_written, other) = match (own, path.split_once('/')) {
        (Some(rest), _) => (put_in(mount, rest), None),
        (None, Some((mount, rest))) => {
            let is_kv = !rest.split('/').next().is_some_and(|it| NO_KV.contains(&it));
            (path.to_owned(), is_kv.then(|| put_in(mount, rest)))
        }
        (None, None) => (path.to_owned(), None),
    };
    [Some(as_written), other].into_iter().flatten()
}

/// The template's text; None where it stands elsewhere, or HCL decides about parts of it.
pub(super) fn shown(syntax: Syntax, template: &Template<'_>, text: &str) -> Option<String> {
    let literal = Literal::of(syntax, template.data?, text)?;
    let pieces = literal.pieces(literal.content, text)?;
    Some(pieces.into_iter().fold(String::new(), |shown, piece| match piece {
        Piece::Hole(_) => format!("{shown}{HOLE}"),
        Piece::Text(text) => shown + &text,
    }))
}

/// Whether it means itself in a policy, too.
fn is_literal(path: &str) -> bool {
    !path.is_empty()
        && !path.contains([HOLE, '*', '+', '{', '"', '\\'])
        && !path.chars().any(char::is_control)
}

#[derive(Debug, Eq, PartialEq)]
enum Word {
    Text(String),
    /// A function, a variable, a field, a number.
    Name(String),
    Open,
    Other,
}

/// An action's words.
fn words(action: &str) -> Vec<Word> {
    let mut words = Vec::new();
    let mut rest = action.trim_start();
    while let Some(first) = rest.chars().next() {
        let behind = rest.get(first.len_utf8()..).unwrap_or("");
        let (word, length) = match first {
            '"' | '`' => {
                let length = quoted_length(behind, first);
                (Word::Text(behind.get(..length).unwrap_or("").to_owned()), 1 + length + 1)
            }
            '(' => (Word::Open, 1),
            c if c.is_alphanumeric() || "_.$".contains(c) => {
                let ends = |c: char| !(c.is_alphanumeric() || "_.$".contains(c));
                let length = rest.find(ends).unwrap_or(rest.len());
                (Word::Name(rest.get(..length).unwrap_or("").to_owned()), length)
            }
            c => (Word::Other, c.len_utf8()),
        };
        words.push(word);
        rest = rest.get(length..).unwrap_or("").trim_start();
    }
    words
}

fn quoted_length(behind: &str, quote: char) -> usize {
    let mut is_escaped = false;
    for (at, c) in behind.char_indices() {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' if quote == '"' => is_escaped = true,
            c if c == quote => return at,
            _ => {}
        }
    }
    behind.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expression_asks_if_it_can() {
        for (expression, expected) in [
            ("jsonencode({ a = \"b\" })", false),
            ("jsonencode({ a = \"{{ with secret `a/b` }}\" })", true),
            ("local.config", true),
            ("file(\"a.tpl\")", true),
        ] {
            assert_eq!(may_ask(expression), expected, "{expression}");
        }
    }

    #[track_caller]
    fn check(data: &str, paths: &[(&str, &'static str)], has_more: bool) {
        let mut reads = Reads::default();
        let template = Template {
            span: strongroom_hcl::Span::default(),
            data: None,
            is_env: false,
            destination: "",
            delimiters: crate::render::Delimiters::default(),
        };
        reads.read(data, &template, "secret");
        let expected = paths.iter().map(|(path, capability)| ((*path).to_owned(), *capability)).collect();
        assert_eq!(reads, Reads { paths: expected, has_more }, "{data}");
    }

    #[test]
    fn paths_that_stand_there_are_found() {
        check(
            "{{ with secret \"secret/data/o/db\" }}{{ .Data.data.x }}{{ end }}",
            &[("secret/data/o/db", "read")],
            false,
        );
        check("{{- (secret `secret/o/db?version=2`).Data.data.x -}}", &[("secret/data/o/db", "read")], false);
        check("{{ $x := secret \"kv/data/a\" }}", &[("kv/data/a", "read")], false);
        check("{{ with secret \"kv/a/b\" }}", &[("kv/a/b", "read"), ("kv/data/a/b", "read")], false);
        check("{{ with secret \"database/creds/app\" }}", &[("database/creds/app", "read")], false);
        check("{{ range secrets \"secret/metadata/o/\" }}", &[("secret/metadata/o", "list")], false);
        check("{{/* secret \"kv/data/a\" */}} secret \"kv/data/b\" {{ env \"secret\" }}", &[], false);
    }

    #[test]
    fn what_does_not_stand_there_is_told() {
        check("{{ with secret (printf \"kv/data/%s\" .) }}", &[], true);
        check("{{ \"kv/data/a\" | secret }}", &[], true);
        check("{{ with secret \"kv/data/\u{0}/a\" }}", &[], true);
        check("{{ with secret \"kv/data/*\" }}", &[], true);
        check("{{ with secret \"pki/issue/web\" \"common_name=web\" }}", &[], true);
        check("{{ with secret $path }}", &[], true);
    }
}
