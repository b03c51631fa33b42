//! JSON into the same tree.

use strongroom_hcl::{ExprKind, Item, parse_any, parse_json};

use crate::spans::{Syntax, check_spans};

/// The value of the one name.
#[track_caller]
fn check(value: &str, expected: &ExprKind) {
    let text = format!(" {{\"k\" : {value} }}\n");
    let body = parse_json(&text).unwrap_or_else(|error| panic!("{error}"));
    check_spans(&text, &body, Syntax::Json);
    let [Item::Attribute(attribute)] = body.items.as_slice() else { panic!("one attribute") };
    assert_eq!(attribute.key.name, "k");
    assert_eq!(attribute.value.span.of(&text), value);
    assert_eq!(&attribute.value.kind, expected);
}

#[test]
fn scalars() {
    check("null", &ExprKind::Null);
    check("true", &ExprKind::Bool(true));
    check("false", &ExprKind::Bool(false));
    for number in ["0", "-0", "10", "-1.5", "0.25", "1e3", "1E-3", "0e1"] {
        check(number, &ExprKind::Number(number.to_owned()));
    }
}

#[test]
fn strings() {
    let string = |text: &str| ExprKind::String(text.to_owned());
    check(r#""""#, &string(""));
    check(r#""\"\\\/\b\f\n\r\t""#, &string("\"\\/\u{8}\u{c}\n\r\t"));
    check(r#""caf\u00E9 \ud83d\udd11 é 🔑""#, &string("café 🔑 é 🔑"));
    check(r#""${a} %{b} $${c}""#, &string("${a} %{b} $${c}"));
    check("\"\u{7f}\u{2028}\"", &string("\u{7f}\u{2028}"));
}

#[test]
fn duplicates_and_order_are_kept() {
    let text = "\u{feff}{\"b\": 1, \"a\": {\"x\": [], \"x\": {}}, \"b\": 2}";
    let body = parse_any(text).expect("JSON");
    check_spans(text, &body, Syntax::Json);
    let names = body.view().keys().map(|key| key.name).collect::<Vec<_>>();
    assert_eq!(names, ["b", "a", "b"]);
    let inner = body.view().attr("a").expect("a").as_object().expect("an object");
    assert_eq!(inner.keys().count(), 2);
    assert_eq!(body.span.of(text), "\"b\": 1, \"a\": {\"x\": [], \"x\": {}}, \"b\": 2");
}

#[test]
fn either_language_is_told_by_its_first_byte() {
    assert_eq!(parse_any("\u{feff} \r\n{\"a\": 1}").expect("JSON").items.len(), 1);
    assert_eq!(parse_any("a = 1").expect("HCL").items.len(), 1);
    assert_eq!(parse_any("").expect("HCL").items.len(), 0);
    assert!(parse_any("{ a = 1 }").is_err());
}
