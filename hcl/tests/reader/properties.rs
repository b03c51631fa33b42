//! What holds for any text.

use proptest::prelude::*;
use strongroom_hcl::{ExprKind, Item, parse, parse_bytes, parse_json, quote, quote_json};

use crate::spans::{Syntax, check_spans};

/// Texts of HCL's own tokens, which get far more often past the first byte than arbitrary ones.
fn tokens() -> impl Strategy<Value = String> {
    let token = prop::sample::select(vec![
        "a", "b-c", "é", "path", "for", "in", "if", "null", "true", "0", "12", "-1", "0x1F", "1e3", "1.",
        "\"", "\"x\"", "\"${", "${", "%{", "}", "{", "[", "]", "(", ")", "=", "==", "=>", ":", "::", ",",
        ".", "...", "*", "?", "!", "+", "<<E\n", "<<-E\n", "E\n", "\nE\n", "\n", "\r\n", " ", " ", "  ",
        "\t", "#", "//", "/*", "*/", "\\", "\\n", "\\u00e9", "\\xff", "$${", "$", "%", "\u{feff}", "\u{a0}",
        "\0", "a = ", "a = {", "b {",
    ]);
    prop::collection::vec(token, 0..40).prop_map(|tokens| tokens.concat())
}

fn json_tokens() -> impl Strategy<Value = String> {
    let token = prop::sample::select(vec![
        "{", "}", "[", "]", ",", ":", "\"a\"", "\"", "\\", "\\u00e9", "\\ud83d", "\\udd11", "1", "-", ".5",
        "e", "null", "true", " ", "\n", "\"k\":", "{\"k\":", "é",
    ]);
    prop::collection::vec(token, 0..30).prop_map(|tokens| format!("{{{}", tokens.concat()))
}

fn check(text: &str) {
    if let Ok(body) = parse(text) {
        check_spans(text, &body, Syntax::Native);
    }
    if let Ok(body) = parse_json(text) {
        check_spans(text, &body, Syntax::Json);
    }
}

fn only_value(body: &strongroom_hcl::Body) -> &ExprKind {
    let [Item::Attribute(attribute)] = body.items.as_slice() else { panic!("one attribute") };
    &attribute.value.kind
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_read_or_refused(bytes: Vec<u8>) {
        if let Err(error) = parse_bytes(&bytes) {
            prop_assert!(error.offset <= bytes.len() && error.line >= 1 && error.column >= 1);
        }
    }

    #[test]
    fn any_text_is_read_or_refused(text: String) {
        check(&text);
        check(&format!("a = {text}"));
        check(&format!("a = \"{text}\""));
        check(&format!("a = <<-E\n{text}\nE"));
    }

    #[test]
    fn any_tokens_are_read_or_refused(text in tokens()) {
        check(&text);
        check(&format!("a = {text}"));
        check(&format!("a {{ b = <<-E\n{text}\nE\n}}"));
    }

    #[test]
    fn any_json_tokens_are_read_or_refused(text in json_tokens()) {
        check(&text);
    }

    #[test]
    fn nesting_is_read_or_too_deep(depth in 1_usize..100, list: bool) {
        let (open, close) = if list { ("[", "]") } else { ("{ a = ", "}") };
        let text = format!("x = {}1{}", open.repeat(depth), close.repeat(depth));
        match parse(&text) {
            Ok(_) => prop_assert!(depth <= 32),
            Err(error) => prop_assert!(depth > 32 && error.kind == strongroom_hcl::ErrorKind::TooDeep),
        }
    }

    #[test]
    fn quoted_strings_read_as_they_were(text: String, dollars in "[$%{}a\\\\\"]{0,12}") {
        for text in [text, dollars] {
            let body = parse(&format!("a = {}", quote(&text))).expect("a string");
            prop_assert_eq!(only_value(&body), &ExprKind::String(text.clone()));
            let body = parse_json(&format!("{{\"a\": {}}}", quote_json(&text))).expect("a string");
            prop_assert_eq!(only_value(&body), &ExprKind::String(text));
        }
    }
}
