//! What each setting is told to be.

use proptest::prelude::*;

use crate::{
    Obstacle, Place,
    brought::{brought, texts, values as check},
};

const EXPRESSION: Option<Obstacle> = Some(Obstacle::Expression);

/// A job with this in its task.
fn job(task: &str) -> String {
    format!("job \"j\" {{\n group \"g\" {{\n  task \"t\" {{\n{task}\n}} }} }}\n")
}

#[track_caller]
fn check_task(task: &str, expected: &[(&str, Place, Option<Obstacle>, &str)]) {
    check("j.nomad.hcl", &job(task), expected);
}

#[track_caller]
fn words(task: &str, expected: &[&str]) {
    texts("j.nomad.hcl", &job(task), "words", expected);
}

#[track_caller]
fn paths(name: &str, file: &str, expected: &[&str]) {
    let all = brought(name, file);
    assert_eq!(all.iter().map(|it| it.path.as_str()).collect::<Vec<_>>(), expected);
}

#[test]
fn the_environment_in_all_its_forms() {
    let one = [("A", Place::Env, None, "b"), ("C", Place::Env, None, "1")];
    check_task("env {\n A = \"b\"\n C = 1\n}", &one);
    check_task("env = { A = \"b\", \"C\" : 1 }", &one);
    check_task("env = merge(local.x, { A = \"b\", C = 1 })", &one);
    check_task("env { A = b, C = 1 }", &one);
    check_task(
        "env { name = \"a\" value = \"b\" }",
        &[("name", Place::Env, None, "a"), ("value", Place::Env, None, "b")],
    );
    check_task(
        "env { A = \"x${b}$${c}\\u00e9\" D = var.e F = true }",
        &[("A", Place::Env, None, "x${b}${c}\u{e9}")],
    );
}

#[test]
fn headers_and_logins() {
    check_task(
        "config { auth { username = \"u\" password = \"p\" } }",
        &[("username", Place::Auth, None, "u"), ("password", Place::Auth, None, "p")],
    );
    check_task(
        "artifact { headers { Authorization = \"a\" } }",
        &[("Authorization", Place::Header, Some(Obstacle::Artifact), "a")],
    );
    check(
        "config.json",
        r#"{"auths": {"r.example.net": {"auth": "YQ=="}}}"#,
        &[("auth", Place::Auth, None, "YQ==")],
    );
}

#[test]
fn what_cannot_be_rewritten() {
    let at = |obstacle| move |key, value| (key, Place::Attribute, Some(obstacle), value);
    let (meta, tag, registered) = (at(Obstacle::Meta), at(Obstacle::Tag), at(Obstacle::Registered));
    check_task("meta { a = \"b\" }", &[meta("a", "b")]);
    check_task("artifact { source = \"a\" }", &[at(Obstacle::Artifact)("source", "a")]);
    check_task(
        "service { name = \"n\" tags = [\"a\"] check { path = \"p\" } meta { b = \"c\" } }",
        &[
            ("name", Place::Attribute, None, "n"),
            tag("tags", "a"),
            registered("path", "p"),
            registered("b", "c"),
        ],
    );
    check_task(
        "service { connect { sidecar_service { proxy { config { a = \"b\" } } } } }",
        &[registered("a", "b")],
    );
    check_task(
        "service { connect { sidecar_task { env { A = \"b\" } } } }",
        &[("A", Place::Env, Some(Obstacle::Sidecar), "b")],
    );
    check_task("config { labels { a = \"b\" } }", &[("a", Place::Attribute, None, "b")]);
    check_task("constraint { attribute = \"a\" value = \"b\" }", &[]);
    check_task("resources { network { port \"ssh_pass\" { static = \"2222\" } } }", &[]);
    check_task("meta { network = \"b\" }", &[meta("network", "b")]);
    let volume = "type = \"csi\"\nplugin_id = \"p\"\nsecrets { a = \"b\" }";
    let of_volume = at(Obstacle::Volume);
    check("v.hcl", volume, &[of_volume("type", "csi"), of_volume("plugin_id", "p"), of_volume("a", "b")]);
    check(
        "v.json",
        r#"{"Volumes": [{"PluginID": "p", "Secrets": {"a": "b"}}]}"#,
        &[of_volume("PluginID", "p"), of_volume("a", "b")],
    );
    let agent = at(Obstacle::AgentConfiguration);
    check("a.hcl", "acl { tokens { agent = \"b\" } }", &[agent("agent", "b")]);
    check(
        "a.json",
        r#"{"datacenter": "d", "encrypt": "e"}"#,
        &[agent("datacenter", "d"), agent("encrypt", "e")],
    );
    check("a.json", r#"{"server": {"key": "e"}}"#, &[("key", Place::Attribute, None, "e")]);
    check(
        "m.tf",
        "terraform { backend \"s3\" { secret_key = \"k\" } }",
        &[at(Obstacle::Backend)("secret_key", "k")],
    );
}

#[test]
fn words_of_commands() {
    words("config { command = \"a\" args = [\"-p\", \"b c\", 4] }", &["a", "-p", "b c", "4"]);
    words("config { entrypoint = [\"sh\", \"-c\"] args = [\"x\"] command = \"y\" }", &["sh", "-c", "y", "x"]);
    words("config { args = [\n<<E\na b\nE\n] }", &["a b\n"]);
    words("config { args = [\"-p\", var.x, \"${y}\"] }", &["-p", "var.x", "${y}"]);
    words("config { jvm_options = [\"-Da=b\"] volumes = [\"a:b\"] }", &["-Da=b"]);
    words("config { args = concat([\"-a\"], local.b) }", &["-a"]);
    texts("j.nomad.hcl", &job("config { command = \"a -p b\" }"), "script", &["a -p b"]);
    let check = "service { check { command = \"c\" args = [\"-a\", \"b\"] } }";
    let all = brought("j.nomad.hcl", &job(check));
    assert!(all.iter().all(|it| it.obstacle == Some(Obstacle::Registered)));
    texts(
        "p.json",
        r#"{"mcpServers": {"a": {"command": "npx", "args": ["x"], "env": {"B": "c"}}}}"#,
        "words",
        &["npx", "x"],
    );
}

#[test]
fn templates_with_their_actions() {
    let data = |settings: &str, data: &str| format!("template {{\n{settings}\ndata = <<-E\n  {data}\nE\n}}");
    check_task(&data("env = true", "A={{ key \"b\" }}c"), &[("A", Place::Env, None, "{{ key \"b\" }}c")]);
    check_task(
        &data("destination = \"x.ini\"", "a = b"),
        &[("destination", Place::Attribute, None, "x.ini"), ("a", Place::Template, None, "b")],
    );
    let all =
        brought("j.nomad.hcl", &job(&data("left_delimiter = \"[[\"\nright_delimiter = \"]]\"", "[[ a ]]")));
    let script: Vec<_> = all.iter().filter(|it| it.how == "script").map(|it| it.text.as_str()).collect();
    assert_eq!(script, ["[[ a ]]\n"]);
    check_task(&data("", "a {{ or (env \"B\") \"c\" }}"), &[("template", Place::Template, EXPRESSION, "c")]);
    check(
        "j.json",
        r#"{"TaskGroups": [{"Tasks": [{"Templates": [{"EmbeddedTmpl": "A=b\n", "Envvars": true}]}]}]}"#,
        &[("A", Place::Env, None, "b")],
    );
}

#[test]
fn literals_in_expressions() {
    let a = |value| ("A", Place::Env, EXPRESSION, value);
    check_task("env { A = coalesce(var.b, \"c\") }", &[a("c")]);
    check_task("env { A = var.b == \"c\" ? \"d\" : \"e\" }", &[a("d"), a("e")]);
    check_task("env { A = file(\"c\") B = lookup(var.b, \"c\") C = local.d[\"e\"] }", &[]);
    check_task("env { A = format(\"u:%s@h\", var.b) }", &[a("u:%s@h")]);
    check_task(
        "env { A = \"b${c ? \"d\" : \"e\"}\" }",
        &[a("d"), a("e"), ("A", Place::Env, None, "b${c ? \"d\" : \"e\"}")],
    );
    check_task(
        "env { A = \"%{ if b }c%{ endif }\" }",
        &[("A", Place::Env, EXPRESSION, "%{ if b }c%{ endif }")],
    );
    check_task("env { A = jsonencode({ b = \"c\" }) }", &[("A.b", Place::Env, EXPRESSION, "c")]);
}

#[test]
fn variables_and_locals() {
    let default = |key, value| (key, Place::Default, None, value);
    check("v.tf", "variable \"a\" { description = \"d\" default = \"b\" }", &[default("a", "b")]);
    check(
        "v.tf",
        "variable \"a\" { default = { b = [\"c\", \"d\"] } }",
        &[default("a.b[0]", "c"), default("a.b[1]", "d")],
    );
    check("v.pkr.hcl", "packer {}\nvariables { a = \"b\" }", &[default("a", "b")]);
    let file = "locals {\n a = \"b\"\n c = { d = \"e\" }\n}\nresource \"x\" \"y\" {\n for_each = local.c\n}";
    check("l.tf", file, &[("a", Place::Local, None, "b"), ("c.d", Place::Local, EXPRESSION, "e")]);
    check(
        "x.auto.tfvars",
        "a = \"b\"\nc = { d = \"e\" }\nf = [\"g\"]",
        &[
            ("a", Place::Attribute, None, "b"),
            ("c.d", Place::Attribute, None, "e"),
            ("f[0]", Place::Attribute, None, "g"),
        ],
    );
}

#[test]
fn pairs_of_name_and_value() {
    let set = |key, value| (key, Place::Attribute, None, value);
    check(
        "h.tf",
        "resource \"h\" \"r\" { set { name = \"a.b\" value = \"c\" } }",
        &[set("name", "a.b"), set("a.b", "c")],
    );
    check(
        "e.json",
        r#"{"environment": [{"value": "b", "name": "A"}]}"#,
        &[("A", Place::Env, None, "b"), ("name", Place::Env, None, "A")],
    );
}

#[test]
fn lists_of_variables_and_lines_of_shell() {
    let file = "build {\n provisioner \"shell\" {\n  environment_vars = [\"A=b=c\", \"${d}\"]\n  inline = [\"e {{ .F }}\"]\n } }";
    check(
        "b.pkr.hcl",
        file,
        &[("A", Place::Env, None, "b=c"), ("environment_vars", Place::Env, None, "${d}")],
    );
    texts("b.pkr.hcl", file, "script", &["e {{ .F }}"]);
}

#[test]
fn documents_within_strings() {
    let job = "resource \"n\" \"j\" {\n jobspec = <<-E\n  job \"a\" {\n   task \"t\" {\n    count = ${var.c}\n    env {\n     A = \"b${var.d}$${e}\"\n    }\n   }\n  }\n E\n}";
    check("n.tf", job, &[("A", Place::Env, None, "b${var.d}${e}")]);
    paths("n.tf", job, &["resource.n.j.jobspec"]);
    check(
        "f.tf",
        "resource \"f\" \"x\" {\n content = <<E\na: b\nc: d\nE\n filename = \"x.yml\"\n}",
        &[
            ("a", Place::Attribute, None, "b"),
            ("c", Place::Attribute, None, "d"),
            ("filename", Place::Attribute, None, "x.yml"),
        ],
    );
    texts(
        "u.tf",
        "resource \"a\" \"b\" {\n user_data = <<E\n#!/bin/sh\nc\nE\n}",
        "script",
        &["#!/bin/sh\nc\n"],
    );
    check(
        "p.tf",
        "resource \"a\" \"b\" {\n key = <<E\n-----BEGIN X-----\nc\nE\n}",
        &[("key", Place::Attribute, None, "-----BEGIN X-----\nc")],
    );
}

#[test]
fn comments_without_their_marks() {
    let file = "# a\n## b\nc = 1 // d\n/*\n * e\n   f */\ng = \"# no\"\nh = <<E\n# no\nE\n";
    texts("x.hcl", file, "comment", &["a", "b", "d", "e", "f"]);
    texts("x.json", "{ // a\n \"b\": 1 /* c */ }", "comment", &["a", "c"]);
}

/// With a judge, since what a comment holds is not decided here.
#[test]
fn references_in_comments_are_none() {
    for reference in ["var.token", "nomad_acl_token.b.secret_id", "data.c[\"d\"].token"] {
        assert!(crate::scan("x.hcl", &format!("# token = {reference}\n")).is_empty(), "{reference}");
    }
    assert_eq!(crate::scan("x.hcl", "# token = \"9fbcaf886303f4bd2a9258c95\"\n").len(), 1);
}

#[test]
fn the_block_around_a_comment_tells_what_it_does_not() {
    let line = "# agent = \"08f5d95e-df8d-4957-a13f-63fd0525f814\"";
    for (file, count) in
        [("tokens {\n  LINE\n}\n", 1), ("tokens = {\n  LINE\n}\n", 1), ("ids {\n  LINE\n}\n", 0)]
    {
        assert_eq!(crate::scan("x.hcl", &file.replace("LINE", line)).len(), count, "{file}");
    }
}

#[test]
fn paths_are_those_of_the_file() {
    paths(
        "j.json",
        r#"{"job": {"env": {"group": {"g": {"meta": {"a": "b"}}}}}}"#,
        &["job.env.group.g.meta.a"],
    );
    paths(
        "j.json",
        r#"{"Job": {"TaskGroups": [{"Tasks": [{"Env": {"a": "b"}}]}]}}"#,
        &["Job.TaskGroups.0.Tasks.0.Env.a"],
    );
    paths("j.nomad", "job \"env\" { group \"g\" { meta { a = \"b\" } } }", &["job.env.group.g.meta.a"]);
}

#[test]
fn dynamic_blocks() {
    let file = "job \"j\" {\n dynamic \"group\" {\n  for_each = [\"a\"]\n  content {\n   task \"t\" { env { B = \"c\" } }\n  }\n }\n}";
    check(
        "j.nomad.hcl",
        file,
        &[("for_each", Place::Attribute, EXPRESSION, "a"), ("B", Place::Env, None, "c")],
    );
}

#[test]
fn what_hcl_escapes_in_json_is_no_interpolation() {
    let of = |name: &str, text: &str, expected: &str| {
        let file = format!("{{\"resource\": {{\"a\": {{\"b\": {{\"c\": \"{text}\"}}}}}}}}");
        check(name, &file, &[("c", Place::Attribute, None, expected)]);
    };
    of("x.tf.json", r#"d\"e-\u00e9$${x}"#, "d\"e-é${x}");
    of("x.tf.json", r#"a$${b}c${d}%%{e}"#, "a${b}c${d}%{e}");
    check("x.json", r#"{"c": "a$${b}c"}"#, &[("c", Place::Attribute, None, "a$${b}c")]);
}

#[test]
fn json_as_it_is_found() {
    let a = |value| ("a", Place::Attribute, None, value);
    check("x.json", "{\"a\": \"b\",}", &[a("b")]);
    check("x.json", "{\"a\": \"b\"}\n{\"a\": \"c\"}\n", &[a("b"), a("c")]);
    check(
        "x.json",
        r#"["a\/\u00e9\ud83d\udd11\q"]"#,
        &[("", Place::Attribute, None, "a/\u{e9}\u{1f511}\\q")],
    );
    check("x.json", "{a: 'b'}", &[]);
    check("x.json", "{a: 1, b: [1, 2], \"c\": null}", &[a("1")]);
    let template = "template {\n destination = \"x.json\"\n data = <<E\n{ \"a\": {{ b }}, {{ if c }}\"d\": \"e{{ f \"g\" }}\"{{ end }} }\nE\n}";
    check_task(
        template,
        &[("destination", Place::Attribute, None, "x.json"), ("d", Place::Template, None, "e{{ f \"g\" }}")],
    );
}

#[test]
fn cells_of_a_notebook_are_lines_of_text() {
    let file = r#"{"cells": [{"source": ["import a\n", "b = 'c'"]}, {"source": ["d\n"]}]}"#;
    texts("x.ipynb", file, "script", &["import a\n", "b = 'c'"]);
    check("x.ipynb", file, &[("source", Place::Attribute, None, "d\n")]);
}

#[test]
fn what_does_not_parse_is_read_as_text() {
    #[track_caller]
    fn unparsed(name: &str, file: &str) {
        let all = brought(name, file);
        assert!(!all.is_empty() && all.iter().all(|it| it.obstacle == Some(Obstacle::Unparsed)), "{all:?}");
    }
    unparsed("x.nomad", "job \"a\" {\n b = \"c\"");
    unparsed("x.nomad", "a = <<E\nb");
    unparsed("x.json", "{\"a\": \"b\"");
    unparsed("x.nomad.tpl", "job \"a\" {\n b = [[ c d ]]\n e = \"f\"\n}");
    // Once the other tool's actions are taken out, these do parse.
    for file in [
        "job \"[[ a ]]\" {\n[[ if b ]]\n b = [[ .c ]]\n[[ end ]]\n d = \"e\"\n}",
        "job \"{{ a }}\" {\n{% if b %}\n b = {{ c }}\n{% endif %}\n d = \"e\"\n}",
        "job \"${a}\" {\n%{ if b ~}\n b = ${c}\n%{ endif ~}\n d = \"e\"\n}",
    ] {
        check("x.nomad.tpl", file, &[("d", Place::Attribute, Some(Obstacle::Unparsed), "e")]);
    }
}

#[test]
fn hostile_documents_end() {
    const MANY: usize = 10_000;
    for (open, close) in [("a {", "}"), ("{\"a\":", "}"), ("[", "]"), ("a = [", "]"), ("a = \"${", "}\"")] {
        for name in ["x.hcl", "x.json"] {
            brought(name, &open.repeat(MANY));
            brought(name, &format!("{}{}", open.repeat(MANY), close.repeat(MANY)));
        }
    }
    for line in [
        "a = <<E\n",
        "a = \"",
        "/*",
        "a = \"${b ? \"c\" : d}\"\n",
        "for_each = local.a\n",
        "{{ \" }}\n",
        "\"a\" ",
    ] {
        for name in ["x.hcl", "x.json", "x.nomad.tpl"] {
            brought(name, &line.repeat(MANY / 5));
        }
    }
    brought("x.json", &format!("[{}", "[],".repeat(MANY)));
    brought("x.hcl", &" ".repeat(5 * 1024 * 1024));
}

/// The text of the one value, and the source between its quotes.
fn read_back(name: &str, file: &str) -> (String, String) {
    let all = brought(name, file);
    let [only] = all.as_slice() else { panic!("one value: {all:?}") };
    (only.text.clone(), only.span.of(file).to_owned())
}

/// Pieces of both languages, of templates and of what is hard in them.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "a", "\u{e9}", "env", "template", "data", "default", "variable", "job", " ", "\n", "\"", "\"b\"",
        "{", "}", "[", "]", "=", ":", ",", "${", "$${", "%{", "{{", "}}", "[[", "]]", "<<E\n", "<<-E\n",
        "\nE\n", "#", "/*", "*/", "//", "\\", "\\n", "\\u00e9", "\\ud83d", "f(", ")", "?", "==", "for x in",
        "1", "`", "\u{feff}", "\u{1a}", "\r\n",
    ]);
    prop::collection::vec(piece, 0..40).prop_map(|it| it.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    /// `brought` looks at every span.
    #[test]
    fn any_text_is_read(text in pieces(), other: String) {
        for name in ["x.hcl", "x.json", "x.nomad.tpl"] {
            brought(name, &text);
            brought(name, &format!("a = \"{text}"));
            brought(name, &format!("job \"a\" {{ template {{ data = <<E\n{text}\nE\n}} }}"));
            brought(name, &other);
        }
    }

    #[test]
    fn strings_read_as_they_were(text: String) {
        prop_assume!(!text.is_empty() && !text.starts_with("#!"));
        let quoted = strongroom_hcl::quote(&text);
        prop_assert_eq!(read_back("x.hcl", &format!("a = {quoted}")).0, text.clone());
        let quoted = serde_json::to_string(&text).unwrap();
        let (read, source) = read_back("x.json", &format!("{{\"a\": {quoted}}}"));
        prop_assert_eq!(read, text);
        prop_assert_eq!(format!("\"{source}\""), quoted);
    }
}
