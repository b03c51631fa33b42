use std::path::Path;

use super::{parse::Draft, *};

const LISTENER: &str = "listener \"tcp\" { tls_disable = 1 }\n";

fn parse(text: &str) -> Result<Config, ConfigError> {
    let mut draft = Draft::default();
    draft.read(Path::new("s.hcl"), text)?;
    draft.finish()
}

fn with(text: &str) -> Result<Config, ConfigError> {
    parse(&format!("storage \"inmem\" {{}}\n{LISTENER}{text}"))
}

#[track_caller]
fn check_refused(text: &str, expected: &str) {
    assert_eq!(parse(text).unwrap_err().to_string(), expected);
}

#[test]
fn the_old_spellings_mean_the_same() {
    for text in [
        "storage \"sqlite\" { path = \"d\" }\nlistener \"tcp\" { address = \"127.0.0.1:1\"\n tls_disable = \"true\" }",
        "\"backend\" \"file\" { \"path\" = \"d\" }\n\"listener\" \"tcp\" { \"address\" = \"127.0.0.1:1\"\n \"tls_disable\" = \"1\" }",
        r#"{"storage": {"raft": {"path": "d", "node_id": "n"}}, "listener": [{"tcp": {"address": "127.0.0.1:1", "tls_disable": true}}]}"#,
    ] {
        let config = parse(text).unwrap();
        assert_eq!(config.storage, Storage::Sqlite("d".into()));
        let [Listener { address: Address::Tcp { address, tls: None }, .. }] = &config.listeners[..] else {
            panic!("{text}")
        };
        assert_eq!(address, "127.0.0.1:1");
    }
}

#[test]
fn unknown_is_an_error_and_unused_a_warning() {
    check_refused("stroage \"inmem\" {}", "s.hcl:1:1: unknown key `stroage` in the configuration");
    assert!(with("listener \"tcp\" { adress = \"x\" }").is_err());
    assert!(with("seal \"shamir\" { key = \"x\" }").is_err());
    let config = with("disable_cache = true\nmax_lease_ttl = \"10h\"").unwrap();
    assert_eq!(config.warnings, ["s.hcl:3: `disable_cache` in the configuration has no effect"]);
    assert_eq!(config.max_lease_ttl, Duration::from_secs(36_000));
}

#[test]
fn what_needs_another_product_names_its_replacement() {
    check_refused(
        "storage \"consul\" { address = \"x\" }",
        "s.hcl:1:9: storage \"consul\" needs another product; use storage \"sqlite\" { path = \"DIR\" }",
    );
    assert!(with("seal \"awskms\" {}").unwrap_err().to_string().contains("keyfile"));
}

// Rule 110
#[test]
fn a_listener_is_plain_only_if_the_file_says_so() {
    check_refused(
        "storage \"inmem\" {}\nlistener \"tcp\" {}",
        "s.hcl:2:10: listener \"tcp\" needs `tls_cert_file`, or `tls_disable = true`",
    );
    let text = "storage \"inmem\" {}\nlistener \"tcp\" { tls_cert_file = \"c\"\n tls_key_file = \"k\"\n tls_min_version = \"tls13\" }";
    let config = parse(text).unwrap();
    let [Listener { address: Address::Tcp { address, tls: Some(tls) }, .. }] = &config.listeners[..] else {
        panic!()
    };
    assert_eq!(
        (address.as_str(), tls.min, tls.require_client_cert),
        ("127.0.0.1:8200", MinTls::Tls13, false)
    );
}

// Rule 76
#[test]
fn a_proxy_that_passes_certificates_on_proves_who_it_is_or_is_on_this_machine() {
    let listener = |more: &str| {
        let tls = "tls_cert_file = \"c\"\n tls_key_file = \"k\"\n tls_client_ca_file = \"a\"";
        parse(&format!("storage \"inmem\" {{}}\nlistener \"tcp\" {{ {tls}\n {more} }}"))
    };
    let header = "x_forwarded_for_client_cert_header = \"Client-Cert\"";
    let decoders = "x_forwarded_for_client_cert_header_decoders = \"URL,DER\"";
    let from = |addresses: &str| {
        format!("{header}\n {decoders}\n x_forwarded_for_authorized_addrs = \"{addresses}\"")
    };
    assert!(listener(header).unwrap_err().to_string().contains("needs `x_forwarded_for_authorized_addrs`"));
    for far in ["10.0.0.1", "127.0.0.1,10.0.0.1", "0.0.0.0/0"] {
        let error = listener(&from(far)).unwrap_err().to_string();
        assert!(error.contains("needs `tls_require_and_verify_client_cert`"), "{error}");
    }
    assert!(listener(&format!("{}\n tls_require_and_verify_client_cert = true", from("10.0.0.1"))).is_ok());
    let config = listener(&from("127.0.0.1,::1")).unwrap();
    let certificate = config.listeners[0].forwarded.as_ref().unwrap().certificate.as_ref().unwrap();
    assert_eq!((certificate.header.as_str(), certificate.decoders.len()), ("client-cert", 2));
    assert!(listener(&from("127.0.0.1").replace("URL", "ROT13")).is_err());
}

#[test]
fn audit_devices_are_kept_in_either_spelling() {
    let device = AuditDevice {
        kind: "file".into(),
        name: "main".into(),
        description: "d".into(),
        local: false,
        options: vec![("file_path".into(), "stdout".into()), ("mode".into(), "0600".into())],
    };
    for options in [
        "options { file_path = \"stdout\"\n mode = \"0600\" }",
        "options = { file_path = \"stdout\", mode = \"0600\" }",
    ] {
        let config =
            with(&format!("audit \"file\" \"main/\" {{ description = \"d\"\n {options} }}")).unwrap();
        assert_eq!(config.audit, std::slice::from_ref(&device));
    }
}

#[test]
fn seals_are_typed() {
    assert_eq!(with("").unwrap().seal, Seal::Shamir);
    assert_eq!(with("seal \"keyfile\" { path = \"/k\" }").unwrap().seal, Seal::KeyFile("/k".into()));
    assert_eq!(with("seal \"credential\" { name = \"n\" }").unwrap().seal, Seal::Credential("n".into()));
    assert!(with("seal \"credential\" { name = \"../n\" }").is_err());
    assert!(with("seal \"keyfile\" {}").is_err());
}

#[test]
fn limits_have_a_ceiling() {
    let config = with(
        "listener \"unix\" { address = \"/s\"\n max_request_size = 99999999999\n socket_mode = \"660\" }",
    )
    .unwrap();
    let listener = &config.listeners[1];
    assert_eq!(listener.limits.max_body, 32 << 20);
    assert!(matches!(listener.address, Address::Unix { mode: 0o660, .. }));
}

// Rule 97
#[test]
fn an_error_shows_no_value() {
    let error = with("log_level = \"hunter2\"").unwrap_err().to_string();
    assert_eq!(error, "s.hcl:3:13: expected trace, debug, info, warn or error");
    let error = with("listener \"tcp\" { tls_disable = \"hunter2\" }").unwrap_err().to_string();
    assert!(!error.contains("hunter2"));
    let error = with("hunter2 = 1").unwrap_err().to_string();
    assert_eq!(error, "s.hcl:3:1: unknown key `hunter2` in the configuration");
}

#[test]
fn an_error_is_one_line_whatever_a_key_is_called() {
    let long = "x".repeat(65);
    for key in ["a\u{7f}b", "a\nb", "\u{202e}a", &long] {
        let text = format!("{{\"storage\": {{\"inmem\": {{}}}}, {}: 1}}", serde_json::Value::from(key));
        let error = parse(&text).unwrap_err().to_string();
        assert!(error.ends_with(": unknown key in the configuration"), "{error}");
    }
}

#[test]
fn a_directory_is_read_in_the_order_of_names() {
    let dir = tempfile::tempdir().unwrap();
    assert!(matches!(Config::load(&[dir.path().into()]), Err(ConfigError::EmptyDirectory(_))));
    std::fs::write(dir.path().join("b.json"), r#"{"cluster_name": "second"}"#).unwrap();
    std::fs::write(
        dir.path().join("a.hcl"),
        format!("storage \"inmem\" {{}}\n{LISTENER}cluster_name = \"first\""),
    )
    .unwrap();
    std::fs::write(dir.path().join("README"), "no configuration").unwrap();
    assert_eq!(Config::load(&[dir.path().into()]).unwrap().cluster_name, "second");
}
