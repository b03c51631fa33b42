//! What an expression works on.

use strongroom_hcl::{Item, Role, operands, parse, parse_commented};

/// Each operand as it is written, behind the functions around it, with its role.
#[track_caller]
fn check(expression: &str, expected: &[(&str, Role)]) {
    let text = format!("\u{feff}a = {expression}\nb = 1");
    let body = parse(&text).unwrap();
    let Item::Attribute(attribute) = &body.items[0] else { panic!("an attribute") };
    let found = operands(&text, attribute.value.span);
    let found: Vec<_> = found
        .iter()
        .map(|it| {
            let calls: String = it.calls.iter().map(|call| format!("{} ", call.of(&text))).collect();
            (format!("{calls}{}", it.value.span.of(&text)), it.role)
        })
        .collect();
    let expected: Vec<_> = expected.iter().map(|(source, role)| ((*source).to_owned(), *role)).collect();
    assert_eq!(found, expected);
}

#[test]
fn operands_know_their_role() {
    use Role::{Argument, Compared, Index, Outcome};
    check("\"x\"", &[("\"x\"", Outcome)]);
    check("b.c", &[]);
    check("b[\"c\"].d", &[("\"c\"", Index)]);
    check("[b(\"c\")]", &[("[b(\"c\")]", Outcome)]);
    check(
        "b ? \"c\" : d == \"e\" ? \"f\" : \"g\"",
        &[("\"c\"", Outcome), ("\"e\"", Compared), ("\"f\"", Outcome), ("\"g\"", Outcome)],
    );
    check("\"b\" != c && !(d(\"e\") < 1)", &[("\"b\"", Compared), ("d \"e\"", Compared), ("1", Compared)]);
    check("(\"b\")", &[("\"b\"", Outcome)]);
    check("{ b = 1 }[\"c\"]", &[("{ b = 1 }", Outcome), ("\"c\"", Index)]);
    check("b(c, \"d\", { e = f(\"g\") })", &[("b \"d\"", Argument(1)), ("b { e = f(\"g\") }", Argument(2))]);
    check("b(c([\"d\"])...)", &[("b c [\"d\"]", Argument(0))]);
    check(
        "[for b in [\"c\"] : \"d-${b}\" if b != \"e\"]",
        &[("[\"c\"]", Outcome), ("\"d-${b}\"", Outcome), ("\"e\"", Compared)],
    );
    check("b(<<E\nc\nE\n)", &[("b <<E\nc\nE", Argument(0))]);
}

#[test]
fn comments_are_told_once_and_whole() {
    let text = "# a\nb = 1 // c\n/* d\n e */ f { g = [1, # h\n 2] }\ni = \"# no\"\nj = <<E\n# no\nE\n#";
    let (_, comments) = parse_commented(text).unwrap();
    let comments: Vec<_> = comments.iter().map(|it| it.of(text)).collect();
    assert_eq!(comments, ["# a", "// c", "/* d\n e */", "# h", "#"]);
}
