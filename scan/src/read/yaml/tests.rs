use proptest::prelude::*;

use crate::{
    Obstacle,
    Place::{self, Argument, Attribute, Env},
    brought::{brought, texts, values},
};

#[track_caller]
fn check(text: &str, expected: &[(&str, Place, Option<Obstacle>, &str)]) {
    values("a.yaml", text, expected);
    // The same with the other line ends, but for what they are in a text.
    if !expected.iter().any(|it| it.3.contains('\n')) {
        values("a.yaml", &text.replace('\n', "\r\n"), expected);
    }
}

/// Keys and texts alone.
#[track_caller]
fn plain(text: &str, expected: &[(&str, &str)]) {
    let expected: Vec<_> = expected.iter().map(|it| (it.0, Attribute, None, it.1)).collect();
    check(text, &expected);
}

#[test]
fn maps_and_lists_in_block_and_flow() {
    plain(
        "a: b\nc:\n  d: e\n  f:\n    - g\n    - h\ni: j",
        &[("a", "b"), ("c.d", "e"), ("c.f", "g"), ("c.f", "h"), ("i", "j")],
    );
    plain("a:\n- b: c\n  d: e\n- f\ng: h\n", &[("b", "c"), ("d", "e"), ("a", "f"), ("g", "h")]);
    plain(
        "a: { b: c, d: [e, 'f'], \"g\": \"h\", i: {j: k} }\nl: m",
        &[("a.b", "c"), ("a.d", "e"), ("a.d", "f"), ("a.g", "h"), ("a.i.j", "k"), ("l", "m")],
    );
    plain("a: [\n  b,\n  {c: d}\n]\ne: f\n", &[("a", "b"), ("c", "d"), ("e", "f")]);
    plain("- - a\n  - b: c\n-\n  d: e\n", &[("", "a"), ("b", "c"), ("d", "e")]);
    plain("a.b/c: d\n'e: f': g\nhttp://h: i\n", &[("a.b/c", "d"), ("e: f", "g"), ("http://h", "i")]);
}

#[test]
fn scalars_are_decoded() {
    plain(
        "a: b c # d\ne: 'f''s # g'\nh: \"i\\tj\\u00e9\\\"\"\nk: l#m\n",
        &[("a", "b c"), ("e", "f's # g"), ("h", "i\tjé\""), ("k", "l#m")],
    );
    plain("a: b\n  c\n\n  d\ne: \"f\n  g \\\n  h\"\n", &[("a", "b c\nd"), ("e", "f g h")]);
    plain("a: \"b\\qc\"\nd: 'e\nf: g", &[("a", "b\\qc"), ("d", "'e"), ("f", "g")]);
}

#[test]
fn blocks_are_literal_or_folded() {
    plain(
        "a: |-\n  b\nc: >\n  d\n  e\nf: |+\n  g\n\nh: i\n",
        &[("a", "b"), ("c", "d e\n"), ("f", "g\n\n"), ("h", "i")],
    );
    plain("a: |2-\n    b\nc: >-\n  d\n\n  e\n   f\ng: h", &[("a", "  b"), ("c", "d\ne\n f"), ("g", "h")]);
}

#[test]
fn a_part_of_a_scalar_loses_what_yaml_adds_and_no_more() {
    let check = |file: &str, expected: &str| {
        let (start, end) = (file.find("k1ln").unwrap(), file.find("0tter").unwrap() + 5);
        let part = strongroom_hcl::Span { start, end };
        assert_eq!(super::written_in_yaml(file, part).as_deref(), Some(expected), "{file}");
    };
    check(r#"a: "{\"p\":\"k1ln\\\"0tter\"}""#, r#"k1ln\"0tter"#);
    check("\u{feff}a: b\n---\nc: 'x k1ln''s-0tter y'", "k1ln's-0tter");
    check("a: \"k1ln \\\n  -0tter\"\n", "k1ln -0tter");
    check("a: {b: [k1ln%40\\-0tter]}\n", "k1ln%40\\-0tter");
    check("a:\n  - |-\n    cat -\n      k1ln\n        \\\n      0tter\n", "k1ln\n    \\\n  0tter");
    check("a: | # x\r\n  k1ln\r\n\r\n   0tter\r\n", "k1ln\n\n 0tter");
    check("a: |\n  psql |\n    k1ln\n  0tter\n", "k1ln\n0tter");
    check("a: &x >+\n  k1ln\n  and\n\n  an\n    x\n  0tter\n", "k1ln and\nan\n  x\n0tter");
    let none = strongroom_hcl::Span { start: 0, end: 6 };
    assert_eq!(super::written_in_yaml("a: b\nc: d\n", none), None);
}

#[test]
fn references_bring_nothing() {
    plain(
        "a: &x b\nc: *x\nd: &y\n  e: f\ng:\n  <<: *y\nh: !Ref i\nj: !vault |\n  k\nl: m\n",
        &[("a", "b"), ("d.e", "f"), ("l", "m")],
    );
    check(
        "a: ${B}\nc: d${E:-f}\n",
        &[("c", Attribute, Some(Obstacle::Expression), "f"), ("c", Attribute, None, "d${E:-f}")],
    );
    check(
        "a: <%= ENV.fetch(\"B\", 'c') %>\nd: <%= e # f: g %>\n",
        &[("a", Attribute, Some(Obstacle::Expression), "c")],
    );
    plain("a: '{{ b }}'\nc: ${{ secrets.d }}\ne: f\n", &[("e", "f")]);
}

#[test]
fn other_tools_templates_are_read_as_far_as_they_go() {
    let unparsed = Some(Obstacle::Unparsed);
    check(
        "a:\n{{- if .b }}\n  c: d\n{{- end }}\n  e: {{ .f | default \"g\" }}\n",
        &[("a.c", Attribute, unparsed, "d"), ("a.e", Attribute, unparsed, "g")],
    );
    check("{% for x in y %}\na: b\n{% endfor %}", &[("a", Attribute, unparsed, "b")]);
    check("a: |\n  b\n{{ c }}\n  d: e\n", &[("a", Attribute, None, "b\n{{ c }}\nd: e\n")]);
}

#[test]
fn what_a_fix_has_put_in_leaves_a_document_whole() {
    let ours = "{{ with secret \"secret/data/a\" }}{{ .Data.data.b | toJSON }}{{ end }}";
    plain(&format!("a: {ours}\nb: [{ours}, c]\n"), &[("b", "c")]);
    plain("a: [[ with secret `d` ]][[ .Data.data.b ]][[ end ]]\nb: '{{ c }}'\ne: f\n", &[("e", "f")]);
    check(
        &format!("a: {ours}\n{{{{- if .c }}}}\nd: e\n{{{{- end }}}}\n"),
        &[("d", Attribute, Some(Obstacle::Unparsed), "e")],
    );
}

#[test]
fn pairs_have_the_name_that_they_give() {
    check(
        "env:\n  - name: A\n    value: b\n  - {value: c, name: D}\n  - name: E\n    valueFrom: {key: f}\nset:\n  - name: g.h\n    value: i\n",
        &[
            ("A", Env, None, "b"),
            ("D", Env, None, "c"),
            ("name", Attribute, None, "E"),
            ("valueFrom.key", Attribute, None, "f"),
            ("g.h", Attribute, None, "i"),
        ],
    );
    check(
        "variables:\n  A: b\n  C: {value: d, description: e}\n",
        &[("A", Env, None, "b"), ("C", Env, None, "d"), ("description", Env, None, "e")],
    );
}

#[test]
fn selectors_of_secrets_are_references() {
    plain(
        "a: {name: b, key: c}\nd:\n  secretKeyRef:\n    name: e\n    key: f\n    optional: true\ng: {name: h, i: j}\n",
        &[("g.name", "h"), ("g.i", "j")],
    );
}

#[test]
fn what_is_sealed_is_passed_over() {
    plain("password:\n  secure: a\nb: {secure: c, d: e}\n", &[("b.secure", "c"), ("b.d", "e")]);
    plain(
        "apiVersion: a\nkind: SealedSecret\nspec:\n  encryptedData:\n    password: b\n",
        &[("apiVersion", "a"), ("kind", "SealedSecret")],
    );
}

#[test]
fn compose_has_its_own_meanings() {
    let build = Some(Obstacle::BuildArgument);
    let default = Some(Obstacle::Expression);
    check(
        "services:\n  a:\n    build:\n      args: {B: c}\n    environment:\n      - D=e=f\n      - G\n      - \"H=${I:-j}\"\n      - K=l$$m\n    labels: [n.o=p]\n    deploy:\n      labels:\n        q: r\n",
        &[
            ("B", Attribute, build, "c"),
            ("D", Env, None, "e=f"),
            ("H", Env, default, "j"),
            ("K", Env, None, "l$m"),
            ("n.o", Attribute, None, "p"),
            ("q", Attribute, None, "r"),
        ],
    );
    let file = "services:\n  a:\n    image: b\n    command: c --d e\n  f:\n    entrypoint: [g, '-h', i]\n    healthcheck:\n      test: [\"CMD-SHELL\", \"j k\"]\n";
    texts("a.yaml", file, "script", &["c --d e", "j k"]);
    texts("a.yaml", file, "words", &["g", "-h", "i"]);
}

#[test]
fn kubernetes_has_its_own_meanings() {
    let file = "apiVersion: v1\ndata:\n  a: YiBj\n  d: '%'\n  e.properties: Zj1n\nstringData:\n  h.ini: |\n    [i]\n    j = k\nkind: Secret\n";
    plain(
        file,
        &[("apiVersion", "v1"), ("a", "b c"), ("d", "%"), ("f", "g"), ("i.j", "k"), ("kind", "Secret")],
    );
    assert_eq!(brought("a.yaml", file).get(1).map(|it| it.span.of(file)), Some("YiBj"));
    let file = "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n    - name: a\n      args: [c]\n      command: [b]\n";
    texts("a.yaml", file, "words", &["b", "c"]);
    plain(
        "apiVersion: v1\nkind: ConfigMap\ndata:\n  A: YiBj\n  n.conf: |\n    d e;\n",
        &[("apiVersion", "v1"), ("kind", "ConfigMap"), ("A", "YiBj"), ("d", "e")],
    );
}

#[test]
fn paths_are_those_of_the_file() {
    let file = "a:\n  - b: c\n    d: |\n      [e]\n      f = g\nh: [i]\n";
    let paths: Vec<_> = brought("a.yaml", file).into_iter().map(|it| (it.key, it.path)).collect();
    let expected = [("b", "a.0.b"), ("e.f", "a.0.d"), ("h", "h.0")];
    assert_eq!(paths, expected.map(|it| (it.0.to_owned(), it.1.to_owned())));
}

#[test]
fn comments_scripts_and_documents_are_told_apart() {
    let file = "# a\nb: c # d\ne:\n  # f: g\n  script:\n    - h i\n  run: |\n    j\n    k\nl:\n  - m\n #n\n---\n# o\np: q\n...\n";
    texts("a.yaml", file, "comment", &[" a", " d", " f: g", "n", " o"]);
    texts("a.yaml", file, "script", &["h i", "j\nk\n"]);
    plain(file, &[("b", "c"), ("l", "m"), ("p", "q")]);
}

#[test]
fn size_and_depth_end_in_time() {
    let deep = (0..10_000).map(|it| format!("{}a:\n", " ".repeat(it % 200))).collect::<String>();
    for file in [
        "[".repeat(100_000),
        "{a: ".repeat(100_000),
        "- ".repeat(100_000),
        "a: 'b\n".repeat(20_000),
        "a: \"\\\n".repeat(20_000),
        "a: {{ b\n".repeat(20_000),
        "a: [b\n".repeat(20_000),
        format!("a: |\n{}", "  b\n".repeat(100_000)),
        format!("a: {}", "b: ".repeat(100_000)),
        deep,
    ] {
        brought("a.yaml", &file);
    }
    check(&format!("{}b: c{}\n", "{a: ".repeat(100), "}".repeat(100)), &[("a.a.b", Attribute, None, "c")]);
    assert_eq!(brought("a.yaml", "args: [a]").first().map(|it| it.place), Some(Argument));
}

proptest! {
    #[test]
    fn any_text_is_read(file in "\u{feff}?([-a:?&*!|>%@`\"'#,{}\\[\\]{}$<%=éb0 \\\\]|: |- |\n|\r\n|  |\\{\\{|\\}\\}|%>|\\$\\{|a: |---\n|data:|env:|kind: Secret\n|apiVersion: v1\n){0,60}") {
        brought("a.yaml", &file);
    }
}
