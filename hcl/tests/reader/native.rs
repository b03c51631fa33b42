//! What native syntax takes, shown as an outline of the tree.

use strongroom_hcl::{Body, Expr, ExprKind, Item, Key, TemplatePart, parse};

use crate::spans::{Syntax, check_spans};

/// One line: attributes as `key=value`, blocks as `kind label{...}`, strings in Rust's quotes, what is
/// opaque as `<source>`.
#[track_caller]
fn check(text: &str, expected: &str) {
    let body = parse(text).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(outline(text, &body), expected);
    check_spans(text, &body, Syntax::Native);
}

/// The value of `x = ...`.
#[track_caller]
fn check_value(text: &str, expected: &str) {
    check(&format!("x = {text}"), &format!("x={expected}"));
    check(&format!("x = {text}\ny = 1\n"), &format!("x={expected} y=1"));
}

fn outline(text: &str, body: &Body) -> String {
    let key = |key: &Key| if key.quoted { format!("{:?}", key.name) } else { key.name.clone() };
    let items = body.items.iter().map(|item| match item {
        Item::Attribute(attribute) => format!("{}={}", key(&attribute.key), value(text, &attribute.value)),
        Item::Block(block) => {
            let labels: String = block.labels.iter().map(|label| format!(" {}", key(label))).collect();
            format!("{}{labels}{{{}}}", key(&block.kind), outline(text, &block.body))
        }
    });
    items.collect::<Vec<_>>().join(" ")
}

fn value(text: &str, expr: &Expr) -> String {
    match &expr.kind {
        ExprKind::Null => "null".to_owned(),
        ExprKind::Bool(value) => value.to_string(),
        ExprKind::Number(written) => written.clone(),
        ExprKind::String(value) => format!("{value:?}"),
        ExprKind::Template(parts) => {
            let parts = parts.iter().map(|part| match part {
                TemplatePart::Literal(value, _) => format!("{value:?}"),
                TemplatePart::Interpolation(span) => format!("<{}>", span.of(text)),
            });
            parts.collect::<Vec<_>>().join("+")
        }
        ExprKind::List(items) => {
            let items = items.iter().map(|item| value(text, item));
            format!("[{}]", items.collect::<Vec<_>>().join(" "))
        }
        ExprKind::Object(entries) => {
            let entries = entries.iter().map(|entry| {
                let name = entry.name.clone().unwrap_or_else(|| format!("({})", value(text, &entry.key)));
                format!("{name}:{}", value(text, &entry.value))
            });
            format!("{{{}}}", entries.collect::<Vec<_>>().join(" "))
        }
        ExprKind::Opaque => format!("<{}>", expr.span.of(text)),
    }
}

#[test]
fn nothing() {
    check("", "");
    check("\u{feff}", "");
    check("\u{feff}# only a comment", "");
    check(" \r\n\t// one\n/* two\n lines */ /**/", "");
}

#[test]
fn attributes_and_what_parts_them() {
    check("a = 1", "a=1");
    check("a=1\nb=2", "a=1 b=2");
    check("a = 1, b = 2,\nc = 3,", "a=1 b=2 c=3");
    check("cpu=500 memory=256 network { }", "cpu=500 memory=256 network{}");
    check("\u{feff}a = 1\r\nb = 2\r\n", "a=1 b=2");
    check("a /* x */ = /* y */ 1 # z\nb = 2 // w", "a=1 b=2");
    check("a =\n  1", "a=1");
    check("a\n= 1", "a=1");
}

#[test]
fn keys() {
    check("\"a b\" = 1", "\"a b\"=1");
    check("\"a\\\"b\" = 1", "\"a\\\"b\"=1");
    check("a-b_9 = 1", "a-b_9=1");
    check("spring.datasource.password = 1", "spring.datasource.password=1");
    check("größe = 1", "größe=1");
    check("\"${x}\" = 1", "\"${x}\"=1");
    check("true = 1 for = 2 null { }", "true=1 for=2 null{}");
}

#[test]
fn blocks() {
    check("path \"secret/*\" { capabilities = [\"read\"] }", "path \"secret/*\"{capabilities=[\"read\"]}");
    check("listener tcp {}", "listener tcp{}");
    check("\"listener\" \"tcp\" { \"address\" = \"a:1\" }", "\"listener\" \"tcp\"{\"address\"=\"a:1\"}");
    check("audit \"file\" \"name\" {}", "audit \"file\" \"name\"{}");
    check("a {} b {} c { d { e {} } }", "a{} b{} c{d{e{}}}");
    check("a\n{\n}\n", "a{}");
    check("kind = { a = 1 }", "kind={a:1}");
}

#[test]
fn scalars() {
    for number in ["0", "10", "-5", "1.5", "1e3", "1E-3", "2.5e+10", "0x1F", "0600"] {
        check_value(number, number);
    }
    check_value("true", "true");
    check_value("false", "false");
    check_value("null", "null");
}

#[test]
fn escapes() {
    check_value(r#""""#, r#""""#);
    check_value(r#""a\n\t\r\"\\b""#, r#""a\n\t\r\"\\b""#);
    check_value(r#""caf\u00e9 \U0001F511""#, r#""café 🔑""#);
    // HCL 1's, where bytes may make up a character together.
    check_value(r#""\x41\101\a\v\f\b""#, r#""AA\u{7}\u{b}\u{c}\u{8}""#);
    check_value(r#""\xc3\xa9\303\251""#, r#""éé""#);
    check_value(r#""$${a} %%{b} $a %d $$ %% $$$${c}""#, r#""${a} %{b} $a %d $$ %% $$${c}""#);
}

#[test]
fn templates() {
    check_value(r#""a${b}c""#, r#""a"+<${b}>+"c""#);
    check_value(r#""${a}${b}""#, "<${a}>+<${b}>");
    check_value(r#""${x == "a" ? "}" : "{"}""#, r#"<${x == "a" ? "}" : "{"}>"#);
    check_value(r#""${f("${g("\"")}")}!""#, r#"<${f("${g("\"")}")}>+"!""#);
    check_value(r#""${merge({a = {}}, {})}""#, "<${merge({a = {}}, {})}>");
    check_value(r#""%{ if a }b%{ endif }""#, r#"<%{ if a }>+"b"+<%{ endif }>"#);
    check_value("\"${f(\n  a, # it's \"}\n  b /* } */\n)}\"", "<${f(\n  a, # it's \"}\n  b /* } */\n)}>");
}

#[test]
fn heredocs() {
    check_value("<<EOT\nEOT", r#""""#);
    check_value("<<EOT\n a\\n\"b\"\nEOT", r#"" a\\n\"b\"\n""#);
    check_value("<<EOT\na\n  EOT", r#""a\n""#);
    check_value("<<EOT\na\nEOTX\nX EOT\nEOT", r#""a\nEOTX\nX EOT\n""#);
    check_value("<<EOT\r\na\r\nEOT\r", r#""a\r\n""#);
    check_value("<<EOT\n$${a} %%{b} ${c} d\nEOT", r#""${a} %{b} "+<${c}>+" d\n""#);
    // A shell script, as HCL 1 takes it.
    check_value("<<EOT\n${a#*\"}\n${b//x/y}${\nEOT", "\"${a#*\\\"}\\n\"+<${b//x/y}>+\"${\\n\"");
    check("a = [<<A\n1\nA\n, <<B\n2\nB\n]", r#"a=["1\n" "2\n"]"#);
}

#[test]
fn indented_heredocs() {
    check_value("<<-EOT\n    a\n      b\n\n    c\n  EOT", r#""a\n  b\n\nc\n""#);
    check_value("<<-EOT\n\t\ta\n\tb\n\tEOT", r#""\ta\nb\n""#);
    check_value("<<-EOT\n  a\nb\nEOT", r#""  a\nb\n""#);
    check_value("<<-EOT\n  a ${b}\n    ${c} d\n  EOT", r#""a "+<${b}>+"\n  "+<${c}>+" d\n""#);
    check_value("<<-EOT\n  a\n${b}\n  EOT", r#""  a\n"+<${b}>+"\n""#);
    check_value("<<-EOT\n  ${f(\n1)}\n  EOT", "\"\"+<${f(\n1)}>+\"\\n\"");
    check_value("<<-EOT\n  \n    a\n  EOT", r#""  \na\n""#);
    check_value("<<-EOT\n  EOT", r#""""#);
}

#[test]
fn lists_and_objects() {
    check_value("[]", "[]");
    check_value("[1, \"a\", [true],]", "[1 \"a\" [true]]");
    check_value("[ # one\n 1, // two\n 2 /* three */\n]", "[1 2]");
    check_value("{}", "{}");
    check_value("{ a = 1, \"b\" : 2\n c = 3 d: 4 }", "{a:1 b:2 c:3 d:4}");
    check_value(
        "{ 1 = 2, true = 3, (a) = 4, a.b = 5, \"${c}\" = 6 }",
        "{1:2 true:3 (<(a)>):4 a.b:5 (<${c}>):6}",
    );
    check_value("{ f(x) = 1 }", "{(<f(x)>):1}");
    check_value("[{ a = 1 }, { a = 2 }]", "[{a:1} {a:2}]");
    // HCL 1's blocks within objects.
    check_value("{ a { b = 1 } }", "{a:{b:1}}");
    check_value("{ a \"x\" y { b = 1 } }", "{a:{x:{y:{b:1}}}}");
}

#[test]
fn opaque_expressions() {
    for source in [
        "var.a",
        "a",
        "a.b[0].c",
        "a.0",
        "a[*].b",
        "a.*.b",
        "a[b[c]]",
        "f()",
        "f(a, b...)",
        "f(\n  a,\n  # comment ) \n  b,\n)",
        "provider::ns::f(1)",
        "merge(local.a, { b = 1 })[\"c\"]",
        "1 + 2 * -3",
        "!a && b || c != d",
        "a >= 1",
        "-a",
        "- 5",
        "a ? b : c",
        "a ? b ? 1 : 2 : c ? 3 : 4",
        "(1)",
        "(\n1 +\n2\n)",
        "(a)[0]",
        "[for i in range(3) : \"k-${i}\"]",
        "[for k, v in a ? b : c : v if k != 1]",
        "{for k, v in a : k => v...}",
        "{ for k, v in a :\n k => { b = v } if v\n}",
        "[1, 2][0]",
        "{ a = 1 }.a",
        "\"a\" == \"b\"",
        "data.x.y.data[\"token\"]",
    ] {
        check_value(source, &format!("<{source}>"));
    }
    check_value("[for, a]", "[<for> <a>]");
    check_value("{ for = 1 }", "{for:1}");
    check_value("[a\n? b\n: c]", "[<a\n? b\n: c>]");
}

#[test]
fn depth_of_32_is_read() {
    check_value(
        &format!("{}1{}", "[".repeat(32), "]".repeat(32)),
        &format!("{}1{}", "[".repeat(32), "]".repeat(32)),
    );
}
