//! What a line of unknown text is: a shell's, a program's, a comment, a sentence.

use std::sync::LazyLock;

use memchr::memmem;

use super::{programs, script::boundary};
use crate::{
    At,
    needles::{beginning, begins_with},
};

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Dialect {
    Shell,
    Program,
}

/// By the file's name, and else by how its lines begin.
pub(super) fn dialect(at: &At<'_>, text: &str) -> Dialect {
    let extension = at.key.rsplit_once('.').map_or("", |(_, it)| it);
    match extension {
        "sh" | "bash" | "zsh" | "ksh" | "ps1" | "bat" | "cmd" | "md" | "txt" | "conf" | "sql" => {
            return Dialect::Shell;
        }
        "py" | "rb" | "php" | "js" | "ts" | "jsx" | "tsx" | "java" | "kt" | "go" | "rs" | "c" | "cc"
        | "cpp" | "h" | "cs" | "pl" | "pm" | "lua" | "groovy" | "scala" | "swift" | "ex" | "exs" | "erl"
        | "vue" | "gradle" => return Dialect::Program,
        _ => {}
    }
    let head = text.get(..boundary(text, 8 * 1024)).unwrap_or("");
    if let Some(first) = head.strip_prefix("#!") {
        let first = first.lines().next().unwrap_or("");
        let is_other = ["python", "ruby", "perl", "node", "php", "lua"].iter().any(|it| first.contains(it));
        return if is_other { Dialect::Program } else { Dialect::Shell };
    }
    let begins = [
        "import ",
        "from ",
        "def ",
        "class ",
        "function ",
        "<?php",
        "package ",
        "use ",
        "const ",
        "let ",
        "var ",
        "public ",
        "private ",
        "#include",
        "require ",
        "require(",
        "module ",
        "namespace ",
        "fn ",
        "func ",
        "static ",
    ];
    let count = head.lines().filter(|it| begins_with(it.trim_start(), &begins)).take(2).count();
    if count > 0 && (count > 1 || head.contains("<?php")) { Dialect::Program } else { Dialect::Shell }
}

/// How long the mark is that makes a line a comment.
pub(super) fn comment_mark(line: &str) -> Option<usize> {
    const MARKS: [&str; 10] = ["#", "//", "-- ", ";", "/*", "* ", "<!--", "REM ", "rem ", "::"];
    let mark = beginning(line, &MARKS)?;
    (!begins_with(line, &["#!", "#include", "#define"])).then_some(mark.len())
}

/// A sentence for people: many plain words, and nothing that a machine would read.
pub(super) fn is_prose(line: &str) -> bool {
    static ECHO: LazyLock<memmem::Finder<'static>> = LazyLock::new(|| memmem::Finder::new("echo "));
    if matches!(line.as_bytes().last(), Some(b';' | b'{' | b'}' | b'\\' | b')' | b'|'))
        || has_operator(line)
        || has_literal(line)
        || ECHO.find(line.as_bytes()).is_some()
    {
        return false;
    }
    let first = line.split_whitespace().next().unwrap_or("");
    if programs::is_known(programs::base(first)) {
        return false;
    }
    if line.is_ascii() {
        is_sentence(line.split_ascii_whitespace())
    } else {
        is_sentence(line.split_whitespace())
    }
}

fn is_sentence<'l>(all: impl Iterator<Item = &'l str>) -> bool {
    let mut words = 0_usize;
    let mut plain = 0_usize;
    for word in all {
        words += 1;
        plain += usize::from(is_plain(word));
        if word.len() > 1 && word.as_bytes().first() == Some(&b'-') {
            return false;
        }
    }
    words >= 7 && plain * 10 >= words * 7
}

/// ` = `, ` > `, ` | ` and `=> `
fn has_operator(line: &str) -> bool {
    let bytes = line.as_bytes();
    memchr::memchr3_iter(b'=', b'>', b'|', bytes).any(|at| {
        let before = at.checked_sub(1).and_then(|it| bytes.get(it));
        let is_arrow = bytes.get(at) == Some(&b'>') && before == Some(&b'=');
        bytes.get(at + 1) == Some(&b' ') && (is_arrow || before == Some(&b' '))
    })
}

/// A string that a program writes (`="`, `("`, `( "`, `: '`), or braces with space in them.
fn has_literal(line: &str) -> bool {
    let bytes = line.as_bytes();
    let before = |at: usize| bytes.get(..at).unwrap_or(&[]);
    let is_literal = |at: usize| match (before(at), bytes.get(at)) {
        (.., Some(b'{')) => bytes.get(at + 1) == Some(&b' '),
        ([.., b'=' | b'('] | [.., b'(', b' '], _) => true,
        ([.., b':', b' '], quote) => quote == Some(&b'\''),
        _ => false,
    };
    memchr::memchr3_iter(b'"', b'\'', b'{', bytes).any(is_literal)
        || memchr::memchr_iter(b'}', bytes).any(|at| before(at).ends_with(b" "))
}

/// Letters, with the signs of a sentence around them.
fn is_plain(word: &str) -> bool {
    if word.len() == 1 || word.bytes().all(|it| it.is_ascii_alphabetic()) {
        return true;
    }
    let is_sign = |c| matches!(c, ',' | '.' | ';' | ':' | '!' | '?' | '(' | ')' | '"' | '\'' | '`' | '*');
    let trimmed = word.trim_matches(is_sign);
    trimmed.len() > 1 && trimmed.chars().all(|c| c.is_alphabetic() || c == '\'' || c == '-')
}
