//! What cannot be a live value: masks, instructions, and words for nothing.

use std::sync::LazyLock;

use data_encoding::BASE64;

use super::{
    documented::{is_documented, is_of_manual},
    reference::is_name_byte,
};
use crate::needles::Needles;

/// Words that ask somebody for something.
const INSTRUCTIONS: [&str; 13] = [
    "your",
    "yours",
    "here",
    "replace",
    "replaceme",
    "insert",
    "paste",
    "placeholder",
    "redacted",
    "todo",
    "fixme",
    "tbd",
    "fillme",
];

/// These alone say that something was taken away; among other words they are words.
const TAKEN: [&str; 6] = ["masked", "hidden", "removed", "censored", "elided", "omitted"];

/// Words that stand for no value at all.
const NOTHING: [&str; 26] = [
    "null",
    "nil",
    "none",
    "undefined",
    "unset",
    "empty",
    "void",
    "n/a",
    "na",
    "true",
    "false",
    "yes",
    "no",
    "on",
    "off",
    "enabled",
    "disabled",
    "required",
    "optional",
    "auto",
    "~",
    "-",
    "read",
    "write",
    "inherit",
    "redact",
];

/// What can be no value: empty, a mask, a word for nothing, an instruction.
pub(super) fn is_placeholder(text: &str) -> bool {
    let text = text.trim();
    text.is_empty()
        || is_verb(text)
        || is_nothing(text)
        || is_framed(text)
        || is_masked(text)
        || is_documented(text)
        || is_of_manual(text)
        || is_elsewhere(text)
        || is_instruction(text)
        || is_meta(text)
        || is_heredoc(text)
}

/// `<<EOF`: what follows is the value.
fn is_heredoc(text: &str) -> bool {
    text.strip_prefix("<<").is_some_and(|it| {
        let word = it.trim_start_matches(['-', '~']);
        !word.is_empty() && word.bytes().all(|it| it.is_ascii_uppercase() || it == b'_')
    })
}

/// A boolean, `null`, or a word for a setting.
pub(super) fn is_nothing(text: &str) -> bool {
    // What may stand there, and not what does.
    if text.contains('|') {
        return text.split('|').all(|it| is_nothing(it.trim()));
    }
    // `true,OtherFeature=false`
    if let Some((first, rest)) = text.split_once(',') {
        return rest.contains('=') && is_nothing(first);
    }
    let text = text.trim_end_matches(['.', ',']);
    text.len() <= 9 && NOTHING.iter().any(|it| it.eq_ignore_ascii_case(text))
}

/// A mask as the body of a token: a row of `x`, dots, the word `example`.
pub(super) fn is_masked(text: &str) -> bool {
    if text.contains("...") || text.contains('…') {
        return true;
    }
    if text.chars().all(|c| matches!(c, '•' | '●' | '∙' | '·' | '∗' | '▪' | '■' | '█' | '*'))
        || has_masked_parts(text)
        || has_masked_end(text)
        || is_drawn_by_hand(text)
    {
        return true;
    }
    let bytes = text.as_bytes();
    // A row of one sign.
    let rest =
        bytes.iter().filter(|it| !it.is_ascii_whitespace() && !matches!(it, b'-' | b'_' | b'/' | b'.'));
    let mut seen = [0_u8; 3];
    let mut distinct = 0;
    let mut count = 0;
    for byte in rest {
        count += 1;
        if distinct < seen.len() && !seen.get(..distinct).unwrap_or(&[]).contains(byte) {
            if let Some(slot) = seen.get_mut(distinct) {
                *slot = *byte;
            }
            distinct += 1;
        }
    }
    let is_row = match (distinct, count) {
        (0, _) => true,
        (1, _) => seen
            .first()
            .is_some_and(|it| matches!(it, b'x' | b'X' | b'*' | b'?' | b'#' | b'0' | b'.' | b'_' | b'-')),
        (2, 16..) => true,
        _ => false,
    };
    is_row || has_row_of_x(bytes) || (count >= 12 && GLUED.next(text, 0).is_some())
}

/// Words that make a mask of whatever they are written onto.
static GLUED: LazyLock<Needles> =
    LazyLock::new(|| Needles::of_any_case(["placeholder", "redacted", "your_", "your-"]));

/// `SG.xxxx.yyyy`: rows between dots, behind a mark.
fn has_masked_parts(text: &str) -> bool {
    let is_row = |it: &str| {
        let first = it.bytes().next().unwrap_or(b' ');
        it.len() >= 3
            && it.bytes().all(|b| b == first)
            && matches!(first.to_ascii_lowercase(), b'x' | b'y' | b'z' | b'*' | b'#' | b'0')
    };
    let (mut rows, mut others) = (0, 0);
    for part in text.split(['.', '-', '_', '/', ':']) {
        if is_row(part) {
            rows += 1;
        } else if !part.is_empty() {
            others += part.len();
        }
    }
    rows >= 2 && others <= 8
}

/// `glpat-xxxx`, `sk-*`: a vendor's mark, and nothing of the token.
fn has_masked_end(text: &str) -> bool {
    text.rsplit_once(['-', '_']).is_some_and(|(mark, rest)| {
        let is_masked = |sign: char, least: usize| rest.len() >= least && rest.chars().all(|it| it == sign);
        mark.len() <= 8
            && mark.bytes().all(|it| it.is_ascii_lowercase() || matches!(it, b'_' | b'-'))
            && (is_masked('x', 3) || is_masked('*', 1))
    })
}

/// A UUID of rows: `aaaabbbb-cccc-dddd-eeee-000011112222`.
fn is_drawn_by_hand(text: &str) -> bool {
    let signs: Vec<u8> = text.bytes().filter(|it| *it != b'-').collect();
    text.len() == 36
        && signs.len() == 32
        && signs.chunks(4).all(|row| row.iter().all(|it| Some(it) == row.first()))
}

/// `xxxx` within a longer token.
fn has_row_of_x(bytes: &[u8]) -> bool {
    let (mut crosses, mut stars) = (0, 0);
    bytes.iter().any(|it| {
        crosses = if matches!(it, b'x' | b'X') { crosses + 1 } else { 0 };
        stars = if *it == b'*' { stars + 1 } else { 0 };
        crosses == 5 || stars == 5
    })
}

/// `<password>`, `[the token]`, `«token»`.
fn is_framed(text: &str) -> bool {
    let framed = |open: char, close: char| text.strip_prefix(open).and_then(|it| it.strip_suffix(close));
    framed('<', '>').is_some_and(|it| !it.contains(['<', '>']))
        || framed('«', '»').is_some()
        || framed('‹', '›').is_some()
        || framed('[', ']')
            .is_some_and(|it| it.bytes().all(|b| b.is_ascii_alphabetic() || matches!(b, b' ' | b'_' | b'-')))
        || framed('{', '}')
            .is_some_and(|it| !it.is_empty() && it.bytes().all(|b| is_name_byte(b) || b == b'/'))
        || framed('{', '}').is_some_and(is_sealed)
}

/// `{COQLCE6DU6GtcS5P=}`: what Maven's settings have, encrypted with a key that lies elsewhere.
fn is_sealed(text: &str) -> bool {
    text.len() >= 16 && text.len().is_multiple_of(4) && BASE64.decode(text.as_bytes()).is_ok()
}

/// `%s` of a format.
pub(super) fn is_verb(text: &str) -> bool {
    text.strip_prefix('%')
        .is_some_and(|it| it.len() <= 2 && it.ends_with(['s', 'd', 'v', 'q', 'w', 'r', 'n', 'm']))
}

/// `PASSWORD` for the password.
fn is_meta(text: &str) -> bool {
    matches!(
        text,
        "PASSWORD"
            | "PASSWD"
            | "PASS"
            | "PWD"
            | "SECRET"
            | "TOKEN"
            | "KEY"
            | "API_KEY"
            | "APIKEY"
            | "CREDENTIALS"
            | "USER:PASSWORD"
            | "USERNAME:PASSWORD"
            | "USER:PASS"
    )
}

/// `your-jwt-secret-here`, `replace me`, `change-this-to-a-long-string`.
fn is_instruction(text: &str) -> bool {
    if is_told_in_words(text) {
        return true;
    }
    let mut words = 0;
    let (mut before_last, mut last) = ("", "");
    for word in text.split(|c: char| !c.is_alphanumeric()).filter(|it| !it.is_empty()) {
        words += 1;
        if words > 12 {
            return false;
        }
        let is_change = [(before_last, "change"), (last, "this"), (word, "to")]
            .iter()
            .all(|(it, expected)| it.eq_ignore_ascii_case(expected));
        if is_change || INSTRUCTIONS.iter().any(|it| it.eq_ignore_ascii_case(word)) || is_yours(word) {
            return true;
        }
        (before_last, last) = (last, word);
    }
    words == 1
        && TAKEN.iter().any(|it| text.trim_matches(|c: char| !c.is_alphanumeric()).eq_ignore_ascii_case(it))
}

/// `wpisz-tutaj-haslo`, `remplacer-par-la-cle`: the first of several words says what to do.
fn is_told_in_words(text: &str) -> bool {
    let mut words = text.split(['-', '_', ' ']);
    let first = words.next().unwrap_or("");
    TOLD.iter().any(|it| it.eq_ignore_ascii_case(first))
        && words.clone().count() > 1
        && words.all(|it| !it.is_empty() && it.chars().all(char::is_alphabetic))
}

/// Verbs of other languages for writing and replacing, as they ask for it.
const TOLD: [&str; 26] = [
    "wpisz",
    "podaj",
    "ustaw",
    "uzupelnij",
    "uzupełnij",
    "remplacer",
    "remplacez",
    "mettre",
    "mettez",
    "saisir",
    "saisissez",
    "entrez",
    "escribe",
    "escriba",
    "introduce",
    "cambia",
    "cambiar",
    "poner",
    "trocar",
    "alterar",
    "inserisci",
    "eintragen",
    "ersetzen",
    "ändern",
    "aendern",
    "invullen",
];

/// `DEFINED_IN_VAULT`, `set-in-ci`: where the value comes from.
fn is_elsewhere(text: &str) -> bool {
    let mut words = text.split(['_', '-', ' ']);
    let (Some(verb), Some(place)) = (words.next(), words.next()) else { return false };
    let is_constant = text.bytes().all(|it| it.is_ascii_uppercase() || it.is_ascii_digit() || it == b'_');
    // In small letters these begin a phrase as well.
    let is_verb = COMES.iter().any(|it| it.eq_ignore_ascii_case(verb))
        || (is_constant && matches!(verb, "SET" | "KEPT" | "GIVEN" | "TAKEN" | "SEE" | "COMES"));
    is_verb
        && words.next().is_some()
        && ["in", "by", "from", "via", "at", "through"].iter().any(|it| it.eq_ignore_ascii_case(place))
        && text.bytes().all(|it| it.is_ascii_alphanumeric() || matches!(it, b'_' | b'-' | b' '))
}

/// What is done to a value elsewhere.
const COMES: [&str; 12] = [
    "defined",
    "stored",
    "provided",
    "injected",
    "loaded",
    "configured",
    "managed",
    "overridden",
    "filled",
    "generated",
    "fetched",
    "supplied",
];

/// `yourpassword`, `YourApiKey`, `ChooseYourOwnPassword`.
fn is_yours(word: &str) -> bool {
    if word.len() < 4 {
        return false;
    }
    if word.contains('Y')
        && word.match_indices("Your").any(|(at, it)| {
            !word.get(at + it.len()..).unwrap_or("").starts_with(|c: char| c.is_ascii_lowercase())
        })
    {
        return true;
    }
    let rest = word.get(4..).filter(|_| word.get(..4).is_some_and(|it| it.eq_ignore_ascii_case("your")));
    rest.is_some_and(|rest| super::names::telling(rest).is_some() || super::names::telling(word).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(texts: &[&str], rule: fn(&str) -> bool, expected: bool) {
        for text in texts {
            assert_eq!(rule(text), expected, "{text}");
        }
    }

    #[test]
    fn masks_instructions_and_words_for_nothing_are_placeholders() {
        let placeholders = [
            "",
            "  ",
            "<your-smtp-password>",
            "****************",
            "xxxxxxxxxxxxxxxx",
            "XXXX-XXXX-XXXX",
            "TODO",
            "null",
            "None",
            "yes",
            "put the licence key here",
            "[get the token from the store]",
            "your-jwt-secret-here",
            "run-rails-secret-and-paste",
            "replace me",
            "REPLACE_WITH_TOKEN",
            "yourpassword",
            "YourApiKey",
            "ChooseYourOwnPasswordHere1234",
            "[REDACTED]",
            "%s",
            "change-this-to-a-long-random-string",
            "SG.xxxx.yyyy",
            "••••••••",
            "hidden",
            "[masked]",
            "write",
            "sk_test_...",
            "PASSWORD",
            "{password}",
            "00000000-0000-0000-0000-000000000000",
            "<password>",
            "<<EOF",
            "<<-END_OF_FILE",
            "true.",
            "glpat-xxxx",
            "gal-*",
            "aaaabbbb-cccc-dddd-eeee-000011112222",
            "DEFINED_IN_VAULT",
            "SET_IN_LOCAL_ENV",
            "injected-by-terraform",
        ];
        check(&placeholders, is_placeholder, true);
        let literals = [
            "changeme",
            "CHANGE_ME_IN_PRODUCTION",
            "password",
            "hunter2",
            "hidden valley 42",
            "masked-Ball-7",
            "Sorrel*Anvil-83",
            "forêt noire 1789",
            "0123456789",
            "yours3lf-Only",
            "thereafter",
            "<3 cats & dogs",
            "a{b}c",
            "xxl-T-shirt",
            "P4x.x-y",
            "<<both ways",
            "max-extra-*7",
            "set-in-stone-7",
            "stored-lemon-7",
            "DEFINED_ANEW",
        ];
        check(&literals, is_placeholder, false);
    }
}
