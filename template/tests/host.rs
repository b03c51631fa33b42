//! What a template may reach, what it may cost, and how rendering goes in rounds.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod support;

use proptest::prelude::*;
use strongroom_template::{Answer, ErrorKind, Host, Options, Refusal, Secret, Template, Text, Value};
use support::{Seeded, render};

/// Allows nothing and has nothing.
struct Bare;

impl Host for Bare {
    fn secret(&mut self, _: &Text, _: &[(Text, Text)]) -> Result<Answer<Secret>, Refusal> {
        Ok(Answer::Pending)
    }

    fn secrets(&mut self, _: &Text) -> Result<Answer<Vec<Text>>, Refusal> {
        Ok(Answer::Pending)
    }

    fn now(&mut self) -> (i64, u32) {
        (0, 0)
    }
}

#[track_caller]
fn refused(source: &str, expected: &ErrorKind) {
    let result =
        Template::parse(source, &Options::default()).and_then(|it| it.render(&mut Bare).result.map(drop));
    assert_eq!(result.map_err(|it| it.kind).as_ref(), Err(expected), "{source}");
}

#[track_caller]
fn check(source: &str, expected: &str) {
    let found = render(source, &Options::default(), &mut Seeded::new());
    assert_eq!(
        found.map(|it| String::from_utf8_lossy(&it).into_owned()),
        Ok(expected.to_owned()),
        "{source}"
    );
}

// Rule 116: files, the environment, programs and the network are closed unless the host opens them.
#[test]
fn nothing_outside_is_reached_unless_the_host_allows_it() {
    let calls = [
        ("env", "env \"HOME\""),
        ("mustEnv", "mustEnv \"HOME\""),
        ("envOrDefault", "envOrDefault \"HOME\" \"x\""),
        ("sprig_env", "sprig_env \"HOME\""),
        ("file", "file \"/etc/passwd\""),
        ("plugin", "plugin \"/bin/sh\" \"-c\""),
        ("writeToFile", "writeToFile \"/tmp/x\" \"\" \"\" \"0600\" \"x\""),
        ("pkiCert", "pkiCert \"pki/issue/x\""),
        ("sprig_randAlphaNum", "sprig_randAlphaNum 8"),
        ("sprig_uuidv4", "sprig_uuidv4"),
    ];
    for (function, call) in calls {
        refused(&format!("{{{{ {call} }}}}"), &ErrorKind::NotAllowed { function: function.to_owned() });
    }
    let outside = [
        "caLeaf",
        "caRoots",
        "connect",
        "datacenters",
        "exportedServices",
        "partitions",
        "peerings",
        "pkiSign",
        "key",
        "keyExists",
        "keyOrDefault",
        "ls",
        "node",
        "nodes",
        "nomadService",
        "nomadServices",
        "nomadVar",
        "nomadVarExists",
        "nomadVarList",
        "nomadVarListSafe",
        "safeLs",
        "safeTree",
        "service",
        "services",
        "sockaddr",
        "sprig_getHostByName",
        "tree",
    ];
    for function in outside {
        refused(
            &format!("{{{{ {function} \"x\" }}}}"),
            &ErrorKind::NotAllowed { function: function.to_owned() },
        );
    }
}

#[test]
fn what_is_missing_reads_as_nothing_and_is_named() {
    let source = r#"{{ with secret "kv/a" }}{{ .Data.x }}{{ end }}[{{ (secret "kv/b").Data.y }}]{{ range secrets "kv" }}x{{ end }}"#;
    let template = Template::parse(source, &Options::default()).unwrap();
    let outcome = template.render(&mut Bare);
    assert_eq!(outcome.result.unwrap().as_slice(), b"[<no value>]");
    assert_eq!((outcome.missing.len(), outcome.used.len()), (3, 3));
    let outcome =
        Template::parse(r#"{{ with secret "kv/app/db" }}{{ .Data.port }}{{ end }}"#, &Options::default())
            .unwrap()
            .render(&mut Seeded::new());
    assert_eq!((outcome.missing.len(), outcome.used.len()), (0, 1));
}

#[test]
fn a_round_that_fails_still_names_what_is_missing() {
    let source = r#"{{ $s := secret "kv/a" }}{{ $s.Data.x | toUpper }}"#;
    let outcome = Template::parse(source, &Options::default()).unwrap().render(&mut Bare);
    assert!(outcome.result.is_err());
    assert_eq!(outcome.missing.len(), 1);
}

#[test]
fn numbers_of_secrets_stay_as_they_are_written() {
    struct Numbers;
    impl Host for Numbers {
        fn secret(&mut self, _: &Text, _: &[(Text, Text)]) -> Result<Answer<Secret>, Refusal> {
            Ok(Answer::Ready(
                Secret::from_json(br#"{"data": {"a": 1.50, "b": 1e3, "c": 12345678901234567890}}"#).unwrap(),
            ))
        }
        fn secrets(&mut self, _: &Text) -> Result<Answer<Vec<Text>>, Refusal> {
            Ok(Answer::Ready(vec![]))
        }
        fn now(&mut self) -> (i64, u32) {
            (0, 0)
        }
        fn outside(&mut self, function: &str, _: &[Text]) -> Result<Answer<Value>, Refusal> {
            match function {
                "ls" => Ok(Answer::Ready(
                    Value::from_json(br#"[{"Key": "a/b", "Value": "1"}, {"Key": "a/c", "Value": "2"}]"#)
                        .unwrap(),
                )),
                "service" => Ok(Answer::Ready(
                    Value::from_json(
                        br#"[{"Name": "w", "Port": 80, "Tags": ["x", "y"], "ServiceMeta": {"v": "7"}}]"#,
                    )
                    .unwrap(),
                )),
                _ => Err(Refusal::NotAllowed),
            }
        }
        fn file(&mut self, _: &Text) -> Result<Answer<Text>, Refusal> {
            Ok(Answer::Ready("of a file".into()))
        }
        fn plugin(&mut self, _: &Text, _: &[Text]) -> Result<Text, Refusal> {
            Ok(" of a program\n".into())
        }
    }
    let found = |source: &str| {
        render(source, &Options::default(), &mut Numbers).map(|it| String::from_utf8_lossy(&it).into_owned())
    };
    assert_eq!(
        found(
            r#"{{ with secret "x" }}{{ .Data.a }} {{ .Data.b }} {{ .Data.c }} {{ .Data | toJSON }}{{ end }}"#
        )
        .unwrap(),
        r#"1.50 1e3 12345678901234567890 {"a":1.50,"b":1e3,"c":12345678901234567890}"#
    );
    assert_eq!(found(r#"{{ range $k, $v := byKey (ls "x") }}{{ $k }}:{{ range $n, $p := $v }}{{ $n }}={{ $p.Value }},{{ end }}{{ end }}"#).unwrap(), "a:b=1,c=2,");
    assert_eq!(found(r#"{{ explode (ls "x") }}"#).unwrap(), "map[a:map[b:1 c:2]]");
    assert_eq!(found(r#"{{ range $t, $s := byTag (service "w") }}{{ $t }}{{ len $s }}{{ end }} {{ range $p, $s := byPort (service "w") }}{{ $p }}{{ end }} {{ range $m, $s := byMeta "v|int,none" (service "w") }}{{ $m }}{{ end }}"#).unwrap(), "x1y1 80 00007__no_none_");
    assert_eq!(found(r#"{{ file "/x" }} {{ plugin "p" }}"#).unwrap(), "of a file of a program");
}

#[test]
fn time_is_the_hosts() {
    check(
        "{{ timestamp }} {{ timestamp \"unix\" }} {{ timestamp \"Jan _2 15:04\" }}",
        "2024-02-29T13:07:09Z 1709212029 Feb 29 13:07",
    );
    check(
        "{{ sprig_now | sprig_date \"2006\" }} {{ sprig_now | sprig_htmlDate }} {{ sprig_unixEpoch sprig_now }} {{ (sprig_now).Unix }}",
        "2024 2024-02-29 1709212029 1709212029",
    );
}

#[test]
fn a_digest_of_a_later_sprig() {
    check("{{ sprig_sha512sum \"\" | sprig_trunc 16 }}", "cf83e1357eefb8bd");
}

// Rule 116: a template that fails on purpose shows its position and not its words.
#[test]
fn a_template_that_fails_keeps_its_words() {
    let failed = render("{{ sprig_fail \"canary\" }}", &Options::default(), &mut Bare);
    assert_eq!(
        failed,
        Err("template, line 1, column 4: sprig_fail: the template says that it fails".to_owned())
    );
}

#[test]
fn randomness_is_the_hosts() {
    check(
        "{{ len (sprig_randAlphaNum 20) }} {{ len (sprig_randNumeric 5) }} {{ len sprig_uuidv4 }} {{ sprig_randBytes 3 }}",
        "20 5 36 ACVK",
    );
    check(
        "{{ $n := sprig_randInt 5 6 }}{{ $n }} {{ len (sprig_randAlpha 3) }} {{ len (sprig_randAscii 7) }}",
        "5 3 7",
    );
}

#[test]
fn a_template_ends_whatever_it_says() {
    let limits = [
        "{{ range loop 1000000000 }}{{ end }}",
        "{{ range 1000000000 }}{{ end }}",
        "{{ define \"a\" }}{{ template \"a\" }}{{ end }}{{ template \"a\" }}",
        "{{ define \"a\" }}{{ executeTemplate \"a\" }}{{ end }}{{ template \"a\" }}",
        "{{ printf \"%999999999d\" 1 }}",
        "{{ sprig_repeat 1000000000 \"x\" }}",
        "{{ indent 1000000000 \"x\" }}",
        "{{ sprig_until 1000000000 }}",
        "{{ $x := \"aaaaaaaaaaaaaaaa\" }}{{ range loop 64 }}{{ $x = print $x $x }}{{ end }}",
        "{{ $x := sprig_list 1 }}{{ range loop 100 }}{{ $x = sprig_concat $x $x }}{{ end }}",
        "{{ $x := sprig_list }}{{ range loop 5000 }}{{ $x = sprig_list $x }}{{ end }}{{ $x }}",
        "{{ $x := sprig_list 1 }}{{ range loop 90 }}{{ $x = sprig_list $x $x }}{{ end }}{{ toJSON $x }}",
        "{{ $x := sprig_list 1 }}{{ range loop 90 }}{{ $x = sprig_list $x $x }}{{ end }}{{ sprig_deepEqual $x (sprig_reverse $x) }}",
        "{{ $x := sprig_list 1 }}{{ range loop 90 }}{{ $x = sprig_list $x $x }}{{ end }}{{ sprig_deepCopy $x }}",
        "{{ $x := sprig_repeat 10000000 \"x\" }}{{ range loop 1000000 }}{{ $y := contains \"y\" $x }}{{ end }}",
        "{{ range loop 1000000 }}{{ $y := regexMatch \"a{900}\" \"b\" }}{{ end }}",
        "{{ $d := sprig_dict }}{{ $_ := sprig_set $d \"d\" $d }}",
        "{{ $d := sprig_dict }}{{ $_ := sprig_set $d \"d\" (sprig_list $d) }}",
    ];
    for source in limits {
        assert!(render(source, &Options::default(), &mut Bare).is_err(), "{source}");
    }
}

#[test]
fn the_deepest_template_fits_the_stack() {
    let deep = format!("{}x{}", "{{ if 1 }}".repeat(50), "{{ end }}".repeat(50));
    check(&deep, "x");
    let nested = format!("{{{{ {}1{} }}}}", "(".repeat(50), ")".repeat(50));
    check(&nested, "1");
    let calls = format!("{{{{ {}1{} }}}}", "(print ".repeat(50), ")".repeat(50));
    check(&calls, "1");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    // Rule 136: whatever a template is, it is read or refused, and rendering it ends.
    #[test]
    fn any_template_is_read_or_refused(parts in proptest::collection::vec(prop_oneof![
        Just("{{"), Just("}}"), Just(" -}}"), Just("{{- "), Just("if "), Just("else "), Just("end"), Just("range "), Just("with "),
        Just("define \"a\""), Just("template \"a\""), Just("$x"), Just(" := "), Just(" = "), Just("|"), Just("("), Just(")"), Just("."),
        Just(".a"), Just("1"), Just("\"s\""), Just("`r`"), Just("'c'"), Just("printf \"%v\" "), Just("secret \"kv/app/db\""), Just("len "),
        Just("toYAML "), Just("eq "), Just(" "), Just("\n"), Just("ä"), Just("/* */"), Just("break"), Just("nil"), Just("index "), Just("1e3"),
    ], 0..24)) {
        let _ = render(&parts.concat(), &Options::default(), &mut Seeded::new());
    }

    #[test]
    fn any_bytes_survive_json(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
        let encoded = bytes.iter().map(|it| format!("\\x{it:02x}")).collect::<String>();
        let text = render(&format!("{{{{ \"{encoded}\" | base64Encode | base64Decode }}}}"), &Options::default(), &mut Bare);
        prop_assert_eq!(text, Ok(bytes));
    }
}
