//! Values that manuals print for somebody to choose another: those with `example` for a word.

use std::{ops::Range, sync::LazyLock};

use super::names;
use crate::needles::Needles;

/// `example` in the body of a token, which nobody draws by chance.
pub(super) fn has_example(text: &str) -> bool {
    text.len() >= 12 && EXAMPLE.next(text, 0).is_some()
}

/// `example` as a word of its own, as manuals write it into what somebody is to choose: `example_password`,
/// `MyExampleKey`, `examplepassword`, `wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY`. A person's own password may well
/// have it in its midst.
pub(super) fn is_documented(text: &str) -> bool {
    has_example(text) && EXAMPLE.all(text).any(|it| is_word_of(text, it.start..it.end))
}

/// Keys that manuals of vendors print, whole: somebody who has them in a file has copied the manual.
pub(super) fn is_of_manual(text: &str) -> bool {
    const PRINTED: [&str; 6] = [
        concat!("sk_test_", "4eC39HqLyjWDarjtT1zdp7dc"),
        concat!("sk_test_", "BQokikJOvBiI2HlWgH4olfQ2"),
        concat!("ghp_", "16C7e42F292c6912E7710c838347Ae178B4a"),
        // Telegram's.
        "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw",
        // Consul's and Nomad's.
        "cg8StVXbQJ0gPvMd9o7yrg==",
        "pUqJrVyVRj5jsiYEkM/tFQYfWyJIv4s3XkvDwy7Cu5s=",
    ];
    PRINTED.contains(&text)
}

static EXAMPLE: LazyLock<Needles> = LazyLock::new(|| Needles::of_any_case(["example"]));

fn is_word_of(text: &str, word: Range<usize>) -> bool {
    let (before, behind) = (text.get(..word.start).unwrap_or(""), text.get(word.end..).unwrap_or(""));
    let written = text.get(word).unwrap_or("");
    let is_capital = written.starts_with('E');
    let begins = before.ends_with(|c: char| c.is_lowercase() && is_capital || !c.is_alphabetic());
    let ends = behind.starts_with(|c: char| c.is_uppercase() && written.ends_with('e') || !c.is_alphabetic());
    if (before.is_empty() || begins) && (behind.is_empty() || ends) {
        return true;
    }
    // A provider's keys, of which manuals print one.
    let is_drawn =
        text.len() >= 16 && text.bytes().all(|it| it.is_ascii_alphanumeric() || b"+/=".contains(&it));
    if written == "EXAMPLE" && is_drawn && text.bytes().any(|it| it.is_ascii_digit()) {
        return true;
    }
    let names = |it: &str| names::telling(it.trim_matches(|c: char| !c.is_alphabetic())).is_some();
    (before.is_empty() && names(behind))
        || (behind.trim_end_matches(|c: char| !c.is_alphabetic()).is_empty() && names(before))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_manual_prints_is_known_whole() {
        let key = concat!("sk_test_", "4eC39HqLyjWDarjtT1zdp7dc");
        let env = |key: &str| crate::scan("app.env", &format!("STRIPE_SECRET_KEY={key}\n")).len();
        assert_eq!(env(key), 0);
        assert_eq!(env(&key.replace("39", "38")), 1);
        assert_eq!(crate::scan("c.hcl", "encrypt = \"cg8StVXbQJ0gPvMd9o7yrg==\"\n").len(), 0);
        assert_eq!(crate::scan("c.hcl", "encrypt = \"dg8StVXbQJ0gPvMd9o7yrg==\"\n").len(), 1);
    }

    #[test]
    fn an_example_says_so_in_a_word_of_its_own() {
        for text in [
            "my-example-pass-77Q",
            "example_password",
            "example-password-1",
            "ThisIsAnExampleKey12",
            "examplepassword",
            "supersecretexample1",
            "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            "AKIAIOSFODNN7EXAMPLE",
        ] {
            assert!(is_documented(text), "{text}");
        }
        for text in ["kundeexample42X!", "xexamplesque-Otter", "KUNDEEXAMPLE42X!", "Otter-7-examples"] {
            assert!(!is_documented(text), "{text}");
        }
    }
}
