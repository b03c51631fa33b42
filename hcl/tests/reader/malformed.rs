//! What is not HCL or JSON, and where the error stands.

use strongroom_hcl::{Error, parse, parse_any, parse_bytes, parse_json, utf8};

#[track_caller]
fn check(text: &str, expected: &str) {
    assert_eq!(parse(text).expect_err("malformed").to_string(), expected);
}

#[track_caller]
fn check_json(text: &str, expected: &str) {
    assert_eq!(parse_json(text).expect_err("malformed").to_string(), expected);
}

#[test]
fn items() {
    check("}", "1:1: expected a name");
    check("a = 1\n}", "2:1: expected a name");
    check("= 1", "1:1: expected a name");
    check("a = 1,, b = 2", "1:7: expected a name");
    check(", a = 1", "1:1: expected a name");
    check("9a = 1", "1:1: expected a name");
    check("a. = 1", "1:3: expected a name");
    check("a", "1:2: expected `=`, `{` or a label");
    check("a\nb = 1", "1:2: expected `=`, `{` or a label");
    check("a: 1", "1:2: expected `=`, `{` or a label");
    check("a == 1", "1:3: expected `=`, `{` or a label");
    check("a 1 {}", "1:3: expected `=`, `{` or a label");
    check("a \"b\" = 1", "1:7: expected `{` or a label");
    check("a \"b\"\n\"c\" {}", "1:6: expected `{` or a label");
    check("path \"a\" {", "1:11: expected `}`");
    check("a {\n  b {\n  }\n", "4:1: expected `}`");
    check("a = 1 \u{a0}", "1:7: expected a name");
    check("a = 1 \0", "1:7: expected a name");
}

#[test]
fn values() {
    check("a =", "1:4: expected a value");
    check("a = = 1", "1:5: expected a value");
    check("a = ,", "1:5: expected a value");
    check("a = 'b'", "1:5: expected a value");
    check("a = 1 +", "1:8: expected a value");
    check("a = 1 +\n2", "1:8: expected a value");
    check("a = !", "1:6: expected a value");
    check("a = 12ab", "1:5: expected a number");
    check("a = 1.", "1:5: expected a number");
    check("a = 1e", "1:5: expected a number");
    check("a = 0x", "1:5: expected a number");
    check("a = 440e52b2", "1:5: expected a number");
    check("a = b.", "1:7: expected an attribute's name");
    check("a = b::", "1:8: expected a function's name");
    check("a = b ? c", "1:10: expected `:`");
    check("a = (1", "1:7: expected `)`");
    check("a = f(1 2)", "1:9: expected `,` or `)`");
    check("a = b[1", "1:8: expected `]`");
}

#[test]
fn collections() {
    check("a = [1 2]", "1:8: expected `,` or `]`");
    check("a = [1", "1:7: expected `,` or `]`");
    check("a = [,]", "1:6: expected a value");
    check("a = {", "1:6: expected `}`");
    check("a = { b = 1", "1:12: expected `}`");
    check("a = { b }", "1:9: expected `=` or `:`");
    check("a = { (b) 1 }", "1:11: expected `=` or `:`");
    check("a = { b = 1,, }", "1:13: expected a value");
    check("a = [for i, 1 in b : c]", "1:13: expected a name");
    check("a = [for i of b : c]", "1:12: expected `in`");
    check("a = [for i in b]", "1:16: expected `:`");
    check("a = [for i in b : c", "1:20: expected `]`");
    check("a = {for i in b : c}", "1:20: expected `=>`");
    check("a = {for i in b : c => d", "1:25: expected `}`");
}

#[test]
fn strings() {
    check("a = \"b", "1:5: string is not closed");
    check("a = 1\nb = \"c\nd\"", "2:5: string is not closed");
    check("a = \"${b\"", "1:5: string is not closed");
    check("a = \"${b(\"c)}\"", "1:5: string is not closed");
    check("a = \"\\q\"", "1:6: invalid escape");
    check("a = \"é\\u12g4\"", "1:7: invalid escape");
    check("a = \"\\u+123\"", "1:6: invalid escape");
    check("a = \"\\ud83d\\ude00\"", "1:6: invalid escape");
    check("a = \"\\U00110000\"", "1:6: invalid escape");
    check("a = \"\\x4\"", "1:6: invalid escape");
    check("a = \"\\777\"", "1:6: invalid escape");
    check("a = \"b\\xff\"", "1:6: invalid escape");
    check("a = \"\\", "1:6: invalid escape");
    check("a = <<EOT\nb\n", "1:5: heredoc is not closed");
    check("a = <<EOT b\nEOT", "1:11: expected a newline behind the heredoc's name");
    check("a = << EOT\nEOT", "1:7: expected a heredoc's name");
    check("a = 1 /* b", "1:7: comment is not closed");
}

/// A byte-order mark is no column, and a carriage return is none of the next line's.
#[test]
fn positions() {
    check("\u{feff}é = ?", "1:5: expected a value");
    check("\u{feff}a = 1\r\nb = ?", "2:5: expected a value");
    check("🔑🔑 = 1", "1:1: expected a name");
    check("a = \"🔑🔑\" ?", "1:11: expected a value");
    let error = parse("\u{feff}é = ?").expect_err("malformed");
    assert_eq!((error.offset, error.line, error.column), (8, 1, 5));
}

#[test]
fn bytes_that_are_no_text() {
    let error = parse_bytes(b"a = 1\nb = \"\xff\"").expect_err("malformed");
    assert_eq!((error.offset, error.to_string().as_str()), (11, "2:6: not valid UTF-8"));
    assert_eq!(utf8(b"abc"), Ok("abc"));
    assert!(parse_bytes(b"a = 1").is_ok());
}

#[test]
fn json() {
    check_json("", "1:1: expected `{`");
    check_json("[]", "1:1: expected `{`");
    check_json("{", "1:2: expected a string or `}`");
    check_json("{a: 1}", "1:2: expected a string or `}`");
    check_json("{\"a\" 1}", "1:6: expected `:`");
    check_json("{\"a\": }", "1:7: expected a value");
    check_json("{\"a\": 1,}", "1:9: expected a string");
    check_json("{\"a\": 1 \"b\": 2}", "1:9: expected `,` or `}`");
    check_json("{\"a\": [1,]}", "1:10: expected a value");
    check_json("{\"a\": [1 2]}", "1:10: expected `,` or `]`");
    check_json("{} {}", "1:4: expected the end of the text");
    check_json("{} // a", "1:4: expected the end of the text");
    check_json("{\n\"a\": 01}", "2:6: expected a number");
    check_json("{\"a\": -}", "1:7: expected a number");
    check_json("{\"a\": +1}", "1:7: expected a value");
    check_json("{\"a\": .5}", "1:7: expected a value");
    check_json("{\"a\": 1.}", "1:7: expected a number");
    check_json("{\"a\": 0x1}", "1:8: expected `,` or `}`");
    check_json("{\"a\": nul}", "1:7: expected a value");
    check_json("{\"a\": True}", "1:7: expected a value");
    check_json("{\"a\": 'b'}", "1:7: expected a value");
    check_json("{\"a\": \"b", "1:7: string is not closed");
    check_json("{\"a\": \"b\n\"}", "1:7: string is not closed");
    check_json("{\"a\": \"\t\"}", "1:8: expected an escape for a control character");
    check_json("{\"a\": \"\\x41\"}", "1:8: invalid escape");
    check_json("{\"a\": \"\\ud83d\"}", "1:8: invalid escape");
    check_json("{\"a\": \"\\ud83d\\u0041\"}", "1:8: invalid escape");
    check_json("{\"a\": \"\\ude00\"}", "1:8: invalid escape");
    check_json("{\"a\": \"\\", "1:8: invalid escape");
}

#[test]
fn deep_nesting_is_refused() {
    #[track_caller]
    fn too_deep(result: Result<strongroom_hcl::Body, Error>) {
        let error = result.expect_err("too deep").to_string();
        assert!(error.ends_with(": nested too deeply"), "{error}");
    }
    const MANY: usize = 200_000;
    for opening in ["[", "{a=", "(", "f(", "a[", "!(", "\"${\"${", "{a \"b\" ", "[for a in "] {
        too_deep(parse(&format!("x = {}", opening.repeat(MANY))));
    }
    too_deep(parse(&"a {".repeat(MANY)));
    too_deep(parse(&"a \"b\" {\n".repeat(MANY)));
    too_deep(parse(&format!("x = <<A\n{}\nA", "${\"".repeat(MANY))));
    too_deep(parse_json(&format!("{{\"a\":{}", "[".repeat(MANY))));
    too_deep(parse_json(&"{\"a\":".repeat(MANY)));
    assert_eq!(
        parse(&format!("x = {}", "[".repeat(33))).expect_err("deep").to_string(),
        "1:37: nested too deeply"
    );
}

/// Long rather than deep: none of these may take more stack or time than their length.
#[test]
fn long_chains_are_read() {
    const MANY: usize = 20_000;
    assert!(parse(&format!("x = {}1", "!".repeat(MANY))).is_ok());
    assert!(parse(&format!("x = 1{}", " + 1".repeat(MANY))).is_ok());
    assert!(parse(&format!("x = a{}", "[0]".repeat(MANY))).is_ok());
    assert!(parse(&format!("x = {}1{}", "a ? ".repeat(MANY), " : b".repeat(MANY))).is_ok());
    assert!(parse(&format!("x = <<A\n{}\nA", "${".repeat(MANY))).is_ok());
    assert!(parse(&format!("a {} {{}}", "b ".repeat(MANY))).is_ok());
}

#[test]
fn large_texts_are_refused() {
    let large = " ".repeat(32 * 1024 * 1024 + 1);
    assert_eq!(parse(&large).expect_err("large").to_string(), "1:1: text too large");
    assert_eq!(parse_any(&large).expect_err("large").to_string(), "1:1: text too large");
    assert!(parse(&large[1..]).is_ok());
}

// Rule 97: errors never contain input.
#[test]
fn errors_do_not_quote_the_text() {
    const SECRET: &str = "hunter2hunter2";
    for text in [
        format!("a = {SECRET} {SECRET}"),
        format!("a = \"{SECRET}"),
        format!("a = \"{SECRET}\\q\""),
        format!("a = <<{SECRET}\n"),
        format!("{SECRET} \"{SECRET}\" = 1"),
        format!("a = 1{SECRET}"),
        format!("{{\"{SECRET}\": {SECRET}}}"),
    ] {
        let error = parse_any(&text).expect_err("malformed");
        assert!(!format!("{error} {error:?}").contains(SECRET));
    }
}
