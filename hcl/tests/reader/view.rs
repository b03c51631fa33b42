//! The same meaning from every way of writing it.

use strongroom_hcl::{Mismatch, parse_any};

/// The blocks of kind `k`, as labels and keys.
#[track_caller]
fn check_blocks(text: &str, labels: usize, expected: &str) {
    assert_eq!(blocks(text, labels).unwrap_or_else(|error| error), expected, "{text}");
}

fn blocks(text: &str, labels: usize) -> Result<String, String> {
    let body = parse_any(text).expect("well-formed");
    let blocks = body.view().blocks("k", labels).map_err(|it| it.locate(text).to_string())?;
    let blocks = blocks.iter().map(|block| {
        assert_eq!(block.labels.len(), labels);
        let keys = block.body.keys().map(|key| key.name).collect::<Vec<_>>();
        format!("{}({})", block.labels.join("/"), keys.join(","))
    });
    Ok(blocks.collect::<Vec<_>>().join(" "))
}

#[test]
fn one_label_in_every_spelling() {
    for text in [
        "k \"x\" { a = 1 b = 2 }",
        "k x { a = 1 b = 2 }",
        "\"k\" \"x\" { \"a\" = 1 \"b\" = 2 }",
        "k { x { a = 1 b = 2 } }",
        "k { \"x\" = { a = 1, b = 2 } }",
        "k = { x = { a = 1, b = 2 } }",
        "k = { \"x\" { a = 1, b = 2 } }",
        "k = [{ x = [{ a = 1, b = 2 }] }]",
        r#"{"k": {"x": {"a": 1, "b": 2}}}"#,
        r#"{"k": [{"x": {"a": 1, "b": 2}}]}"#,
        r#"{"k": {"x": [{"a": 1, "b": 2}]}}"#,
        r#"{"k": [{"x": [{"a": 1, "b": 2}]}]}"#,
    ] {
        check_blocks(text, 1, "x(a,b)");
    }
}

#[test]
fn several_blocks_in_every_spelling() {
    for text in [
        "k x { a = 1 }\nk y {}\nk x { b = 1 }",
        "k { x { a = 1 } y {} }\nk x { b = 1 }",
        r#"{"k": [{"x": {"a": 1}}, {"y": {}}, {"x": {"b": 1}}]}"#,
        r#"{"k": {"x": {"a": 1}, "y": {}, "x": {"b": 1}}}"#,
        r#"{"k": {"x": {"a": 1}}, "j": 1, "k": {"y": [{}], "x": {"b": 1}}}"#,
    ] {
        check_blocks(text, 1, "x(a) y() x(b)");
    }
    check_blocks(r#"{"k": {"x": [{"a": 1}, {"b": 1}]}}"#, 1, "x(a) x(b)");
}

#[test]
fn none_and_two_labels() {
    for text in ["k { a = 1 }", "k = { a = 1 }", r#"{"k": {"a": 1}}"#, r#"{"k": [{"a": 1}]}"#] {
        check_blocks(text, 0, "(a)");
    }
    for text in [
        "k x y { a = 1 }",
        "k x { y { a = 1 } }",
        "k { x y { a = 1 } }",
        "k { x { y { a = 1 } } }",
        "k = { x = { y = { a = 1 } } }",
        r#"{"k": [{"x": [{"y": {"a": 1}}]}]}"#,
    ] {
        check_blocks(text, 2, "x/y(a)");
    }
}

#[test]
fn nothing_is_no_block() {
    for text in ["", "j = 1", r#"{"k": {}}"#, r#"{"k": []}"#, r#"{"k": null}"#, r#"{"k": {"x": null}}"#] {
        check_blocks(text, 1, "");
    }
}

#[test]
fn other_shapes_are_errors_where_they_stand() {
    check_blocks("k = \"x\"", 1, "1:5: expected a block or an object");
    check_blocks("k = [\n\"x\"]", 1, "2:1: expected an object");
    check_blocks("k {}", 1, "1:1: expected a label");
    check_blocks("k { a = 1 }", 1, "1:1: expected a label");
    check_blocks("k x { a = 1 }", 2, "1:3: expected a label");
    check_blocks("k x {}", 0, "1:3: expected `{`");
    check_blocks("k x y z {}", 2, "1:7: expected `{`");
    check_blocks("k { x y {} }", 1, "1:7: expected `{`");
    check_blocks("k { x {}\n y = 1 }", 1, "1:1: expected a label");
    check_blocks("k = f(x)", 1, "1:5: expected a block or an object");
}

#[test]
fn blocks_tell_where_they_stand() {
    let text = "k \"x\" { a = 1 }";
    let body = parse_any(text).expect("HCL");
    let block = &body.view().blocks("k", 1).expect("blocks")[0];
    assert_eq!((block.label(0), block.label(1)), ("x", ""));
    assert_eq!((block.key.of(text), block.span.of(text)), ("\"x\"", text));
    assert_eq!(block.body.span().of(text), " a = 1 ");
    let json = r#"{"k": {"x": {"a": 1}}}"#;
    let body = parse_any(json).expect("JSON");
    let block = &body.view().blocks("k", 1).expect("blocks")[0];
    assert_eq!((block.key.of(json), block.span.of(json)), ("\"x\"", r#""x": {"a": 1}"#));
}

/// What `get` makes of the attribute `a`.
#[track_caller]
fn check<T: PartialEq + std::fmt::Debug>(
    value: &str,
    get: impl Fn(strongroom_hcl::AttrView<'_>) -> Result<T, Mismatch>,
    expected: Result<T, &str>,
) {
    let text = format!("a = {value}");
    let body = parse_any(&text).expect("HCL");
    let attr = body.view().attr("a").expect("a");
    let got = get(attr).map_err(|it| it.locate(&text).to_string());
    assert_eq!(got, expected.map_err(str::to_owned), "{value}");
}

#[test]
fn booleans() {
    for yes in ["true", "\"true\"", "1", "\"1\"", "\"True\"", "\"t\""] {
        check(yes, |it| it.as_bool(), Ok(true));
    }
    for no in ["false", "\"false\"", "0", "\"0\"", "\"FALSE\""] {
        check(no, |it| it.as_bool(), Ok(false));
    }
    for bad in ["\"yes\"", "\"\"", "2", "null", "[true]", "yes"] {
        check(bad, |it| it.as_bool(), Err("1:5: expected true or false"));
    }
}

#[test]
fn whole_numbers() {
    for (written, number) in
        [("0", 0), ("42", 42), ("\"42\"", 42), ("0x1F", 31), ("18446744073709551615", u64::MAX)]
    {
        check(written, |it| it.as_u64(), Ok(number));
    }
    for bad in [
        "-1",
        "\"-1\"",
        "\"+1\"",
        "1.5",
        "1e3",
        "010",
        "\"\"",
        "\"0xg\"",
        "\"0x\"",
        "18446744073709551616",
        "true",
        "x",
    ] {
        check(bad, |it| it.as_u64(), Err("1:5: expected a whole number"));
    }
}

#[test]
fn strings_and_lists() {
    let owned = |it: &str| it.to_owned();
    check("\"x\"", |it| it.as_str().map(owned), Ok("x".to_owned()));
    check("<<E\nx\nE", |it| it.as_str().map(owned), Ok("x\n".to_owned()));
    check("\"${x}\"", |it| it.as_str().map(owned), Err("1:5: expected a string without interpolation"));
    check("1", |it| it.as_str().map(owned), Err("1:5: expected a string"));
    for (written, text) in [("1", "1"), ("true", "true"), ("\"x\"", "x"), ("false", "false")] {
        check(written, |it| it.as_text().map(owned), Ok(text.to_owned()));
    }
    let list = |it: strongroom_hcl::AttrView<'_>| it.as_string_list().map(|list| list.join(" "));
    check("[]", list, Ok(String::new()));
    check("[\"a\", \"b\",]", list, Ok("a b".to_owned()));
    check("\"a\"", list, Err("1:5: expected a list of strings"));
    check("[\"a\", 1]", list, Err("1:11: expected a string"));
    check("[1, [2]]", |it| it.as_list().map(Iterator::count), Ok(2));
    check("{ b = 1 }", |it| it.as_list().map(Iterator::count), Err("1:5: expected a list"));
    check("{ b = 1 }", |it| it.as_object()?.u64("b"), Ok(Some(1)));
    check("[]", |it| it.as_object()?.u64("b"), Err("1:5: expected an object"));
}

#[test]
fn optional_attributes_stand_once() {
    let text = "a = \"x\"\nb = \"1\"\nc = [\"y\"]\nd = 1\nd = 2\ne {}";
    let body = parse_any(text).expect("HCL");
    let view = body.view();
    assert_eq!(view.str("a"), Ok(Some("x")));
    assert_eq!(view.bool("b"), Ok(Some(true)));
    assert_eq!(view.u64("b"), Ok(Some(1)));
    assert_eq!(view.string_list("c"), Ok(Some(vec!["y"])));
    assert_eq!(view.str("z"), Ok(None));
    let error = |mismatch: Mismatch| mismatch.locate(text).to_string();
    assert_eq!(view.u64("d").map_err(error), Err("5:1: expected this key only once".to_owned()));
    assert_eq!(view.u64("e").map_err(error), Err("6:1: expected `=` and a value".to_owned()));
    assert_eq!(view.attrs().count(), 5);
}

#[test]
fn unknown_keys_and_duplicates_are_seen() {
    let text = "a = 1 \"b\" = 2 c {} c x {} a = 3 d = { (e) = 1 } d = 4";
    let body = parse_any(text).expect("HCL");
    let view = body.view();
    assert_eq!(view.unknown_key(&["a", "b", "c", "d"]), None);
    assert_eq!(view.unknown_key(&["a", "b"]).map(|key| key.name), Some("c"));
    let duplicates = view.duplicates();
    assert_eq!(
        duplicates.iter().map(|key| (key.name, key.span.start)).collect::<Vec<_>>(),
        [("a", 26), ("d", 48)]
    );
    let inner = view.attr("d").expect("d").as_object().expect("an object");
    assert_eq!(inner.unknown_key(&["e"]).map(|key| key.name), Some(""));
}
