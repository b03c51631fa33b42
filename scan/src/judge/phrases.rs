//! Words in a row: a sentence, an instruction, or what somebody chose for a secret.

use super::strength;

/// What tells somebody what to do, or a sentence. Other words in a row are a passphrase.
pub(super) fn is_prose(text: &str) -> bool {
    let words = text.split_whitespace().count();
    let first = text.split(|c: char| !c.is_alphanumeric()).find(|it| !it.is_empty()).unwrap_or("");
    let is_instruction = BEGINNINGS.iter().any(|it| it.eq_ignore_ascii_case(first));
    let is_plain = text.chars().all(|c| {
        c.is_alphabetic() || matches!(c, ' ' | '.' | ',' | '\'' | '-' | '_' | ':' | '(' | ')' | '\n')
    });
    words >= 2
        && is_plain
        && (is_instruction || (words >= 3 && text.trim_end().ends_with(['.', ':'])) || words >= 12)
}

/// How instructions begin.
const BEGINNINGS: [&str; 44] = [
    "add",
    "ask",
    "change",
    "choose",
    "comes",
    "configure",
    "define",
    "enter",
    "fill",
    "found",
    "from",
    "generate",
    "get",
    "given",
    "if",
    "insert",
    "is",
    "kept",
    "look",
    "must",
    "optional",
    "paste",
    "pick",
    "please",
    "provide",
    "put",
    "replace",
    "required",
    "same",
    "see",
    "set",
    "should",
    "stored",
    "taken",
    "type",
    "use",
    "used",
    "will",
    "when",
    "bitte",
    "siehe",
    "hier",
    "voir",
    "mettre",
];

/// A key as somebody made it up: a few words, and among them what no sentence has.
pub(super) fn is_passphrase(text: &str) -> bool {
    let words = || text.split(' ');
    let is_odd = |it: &str| it.bytes().any(|b| b.is_ascii_digit() || b.is_ascii_uppercase());
    (2..=6).contains(&words().count())
        && words().all(|it| !it.is_empty() && it.bytes().all(|b| b.is_ascii_alphanumeric()))
        && text.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
        && words().any(is_odd)
        && !is_prose(text)
}

/// In a comment: a few words with something in them that prose has not.
pub(super) fn is_typed(text: &str) -> bool {
    text.split_whitespace().count() <= 4
        && text.bytes().any(|it| it.is_ascii_digit() || b"#$%&*+=@^_|~!".contains(&it))
        && !text.ends_with(['.', '!', ':'])
}

/// A dozen words or more, or the numbers that they stand for.
pub(super) fn is_phrase(text: &str) -> bool {
    let words = text.split_whitespace().count();
    let is_plain = text.bytes().all(|it| it.is_ascii_lowercase() || it == b' ');
    (words >= 12 && is_plain) || strength::is_random(text)
}
