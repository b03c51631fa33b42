use super::*;

const METHOD: &str = r#"method "approle" { config = { role_id_file_path = "r" secret_id_file_path = "s" } }"#;
const SINK: &str = r#"sink "file" { config = { path = "/run/t/token" } }"#;

fn parse(text: &str) -> Result<Config, ConfigError> {
    Config::parse(Path::new("a.hcl"), text)
}

fn with(text: &str) -> Config {
    parse(&format!("auto_auth {{ {METHOD}\n {SINK} }}\n{text}")).unwrap()
}

#[track_caller]
fn refused(text: &str, expected: &str) {
    assert_eq!(parse(text).unwrap_err().to_string(), expected);
}

#[test]
fn the_ways_to_write_a_method_and_a_sink_mean_the_same() {
    for text in [
        "auto_auth { method \"approle\" { mount_path = \"auth/approle\" config = { role_id_file_path = \"r\" } }\n\
         sink \"file\" { config = { path = \"/t\" mode = 0640 } } }",
        "auto_auth { method { type = \"approle\" mount_path = \"auth/approle\" config { role_id_file_path = \"r\" } }\n\
         sinks { sink { type = \"file\" config { path = \"/t\" mode = \"0640\" } } } }",
        r#"{"auto_auth": {"method": {"type": "approle", "mount_path": "auth/approle", "config": {"role_id_file_path": "r"}},
            "sink": [{"type": "file", "config": {"path": "/t", "mode": "0640"}}]}}"#,
        r#"{"auto_auth": [{"method": [{"approle": {"config": {"role_id_file_path": "r"}}}],
            "sink": [{"file": {"config": {"path": "/t", "mode": "0640"}}}]}]}"#,
    ] {
        let auth = parse(text).unwrap().auto_auth.unwrap();
        assert_eq!(auth.method.mount, "approle", "{text}");
        let MethodKind::AppRole { role_id_file, secret_id_file: None, .. } = auth.method.kind else {
            panic!("{text}")
        };
        assert_eq!(role_id_file, Path::new("r"));
        let [sink] = &auth.sinks[..] else { panic!("{text}") };
        assert_eq!((sink.path.as_path(), sink.mode), (Path::new("/t"), 0o640), "{text}");
    }
}

#[test]
fn a_certificate_is_the_methods_own_or_that_of_the_connection() {
    let kind = |config: &str| {
        let text = format!("auto_auth {{ method \"cert\" {{ config = {{ {config} }} }}\n {SINK} }}");
        parse(&text).map(|it| it.auto_auth.unwrap().method)
    };
    let bare = MethodKind::Cert { name: None, ca_cert: None, identity: None, reload: false };
    let method = kind("").unwrap();
    assert_eq!((method.mount.as_str(), method.kind), ("cert", bare));
    let own = kind("name = \"web\" ca_cert = \"a\" client_cert = \"c\" client_key = \"k\" reload = true");
    let full = MethodKind::Cert {
        name: Some("web".into()),
        ca_cert: Some("a".into()),
        identity: Some(("c".into(), "k".into())),
        reload: true,
    };
    assert_eq!(own.unwrap().kind, full);
    for half in ["client_cert = \"c\"", "client_key = \"k\"", "reload = true", "cert = \"c\""] {
        assert!(kind(half).is_err(), "{half}");
    }
}

#[test]
fn a_platforms_token_has_a_role_and_a_file() {
    let kind = |method: &str| {
        parse(&format!("auto_auth {{ method {method} {SINK} }}")).map(|it| it.auto_auth.unwrap().method.kind)
    };
    let jwt = |more: &str| {
        kind(&format!("\"jwt\" {{ config = {{ path = \"/run/jwt\" role = \"web\" {more} }} }}")).unwrap()
    };
    let (role, file) = ("web".to_owned(), PathBuf::from("/run/jwt"));
    for (more, remove) in [
        ("", Removal::Path),
        ("remove_jwt_after_reading = false", Removal::Nothing),
        ("remove_jwt_follows_symlinks = true", Removal::Target),
        ("remove_jwt_after_reading = false remove_jwt_follows_symlinks = true", Removal::Nothing),
    ] {
        assert_eq!(jwt(more), MethodKind::Jwt { role: role.clone(), file: file.clone(), remove }, "{more}");
    }
    let token_file = PathBuf::from("/var/run/secrets/kubernetes.io/serviceaccount/token");
    let found = kind("\"kubernetes\" { config = { role = \"web\" } }").unwrap();
    assert_eq!(found, MethodKind::Kubernetes { role, token_file });
    for method in [
        "\"jwt\" { config = { path = \"/x\" } }",
        "\"jwt\" { config = { role = \"x\" } }",
        "\"kubernetes\" {}",
    ] {
        assert!(kind(method).unwrap_err().to_string().ends_with("is missing here"), "{method}");
    }
}

#[test]
fn a_template_has_what_consul_template_says() {
    let config = with(
        "template { source = \"a.ctmpl\" destination = \"/run/a\" perms = \"0644\" left_delimiter = \"[[\" \
         right_delimiter = \"]]\" command = \"kill -HUP 1\" wait { min = \"2s\" } error_on_missing_key = true }\n\
         template { contents = \"x\" destination = \"/run/b\" exec { command = [\"a\", \"b c\"] timeout = \"5s\" } }\n\
         template_config { static_secret_render_interval = \"10s\" exit_on_retry_failure = true }",
    );
    let [first, second] = &config.templates[..] else { panic!() };
    assert_eq!(first.text.from, Origin::File("a.ctmpl".into()));
    assert_eq!(first.text.delimiters, Some(("[[".into(), "]]".into())));
    assert!(first.text.error_on_missing_key && first.create_dest_dirs && first.error_fatal);
    assert_eq!(first.mode, Some(0o644));
    assert_eq!(first.wait, Some((Duration::from_secs(2), Duration::from_secs(8))));
    let command = |it: &Template| it.on_change.as_ref().map(|it| (it.command.clone(), it.timeout)).unwrap();
    assert_eq!(command(first), (vec!["kill -HUP 1".to_owned()], Duration::from_secs(30)));
    assert_eq!(command(second), (vec!["a".to_owned(), "b c".to_owned()], Duration::from_secs(5)));
    assert_eq!(config.template_config.static_interval, Duration::from_secs(10));
    assert!(config.template_config.exit_on_retry_failure);
}

#[test]
fn a_child_has_variables_and_a_signal() {
    let config = with(
        "env_template \"DB_PASSWORD\" { contents = \"x\" }\n\
         exec { command = [\"./server\", \"-v\"] restart_on_secret_changes = \"never\" restart_stop_signal = \"SIGINT\" }",
    );
    assert_eq!(config.env_templates[0].name, "DB_PASSWORD");
    let exec = config.exec.unwrap();
    assert_eq!((exec.command.len(), exec.restart, exec.stop_signal.as_str()), (2, Restart::Never, "SIGINT"));
}

#[test]
fn a_listener_gives_the_agents_token_only_if_told_to() {
    let config = with(
        "listener \"tcp\" { address = \"127.0.0.1:8100\" tls_disable = true agent_api { enable_quit = true } }\n\
         listener \"unix\" { address = \"/run/a.sock\" socket_mode = \"0660\" }\n\
         cache { use_auto_auth_token = \"force\" persist \"kubernetes\" { path = \"/cache\" } }",
    );
    let [tcp, unix] = &config.listeners[..] else { panic!() };
    assert!(tcp.quit && !unix.quit);
    assert!(matches!(&unix.address, Address::Unix { mode: 0o660, .. }));
    assert_eq!(config.cache.use_token, UseToken::Force);
    assert_eq!(config.cache.persist, Some(Persist { directory: "/cache".into(), key_file: None }));
    let plain = "listener \"unix\" { address = \"/run/a.sock\" }\ncache {}";
    assert_eq!(with(plain).cache.use_token, UseToken::No);
}

#[test]
fn what_is_not_said_comes_from_the_environment() {
    let config =
        with("vault { address = \"https://v:8200\" tls_skip_verify = \"true\" retry { num_retries = -1 } }");
    let expected = Server {
        address: Some("https://v:8200".into()),
        tls_skip_verify: Some(true),
        retries: Some(0),
        ..Server::default()
    };
    assert_eq!(config.server, expected);
    assert_eq!(with("").server, Server::default());
}

#[test]
fn unknown_is_an_error_and_unused_a_warning() {
    refused("auto_outh {}", "a.hcl:1:1: unknown key `auto_outh` in the configuration");
    assert_eq!(with("disable_keep_alives = [\"caching\"]").warnings.len(), 1);
    refused(
        "auto_auth { method \"ldap\" {} }",
        "a.hcl:1:20: the method `ldap` needs another product; use approle",
    );
    refused(
        &format!(
            "auto_auth {{ {METHOD} sink \"file\" {{ dh_type = \"curve25519\" config = {{ path = \"/t\" }} }} }}"
        ),
        "a.hcl:1:111: `dh_type` is not offered: take `wrap_ttl`, or a file on a tmpfs",
    );
}

#[test]
fn what_makes_no_sense_as_a_whole_is_refused() {
    for text in [
        String::new(),
        "template { contents = \"x\" destination = \"/run/x\" }".to_owned(),
        format!("auto_auth {{ {METHOD} }}"),
        format!("auto_auth {{ {METHOD} {SINK} }}\nexec {{ command = [\"a\"] }}"),
        format!("auto_auth {{ {METHOD} {SINK} }}\ncache {{}}"),
        format!(
            "auto_auth {{ {METHOD} {SINK} }}\nenv_template \"A\" {{ contents = \"x\" }}\n\
             env_template \"A\" {{ contents = \"y\" }}\nexec {{ command = [\"a\"] }}"
        ),
        format!("auto_auth {{ {METHOD} {SINK} }}\nenv_template \"A\" {{ contents = \"x\" }}"),
    ] {
        assert!(matches!(parse(&text), Err(ConfigError::Whole(_))), "{text}");
    }
}

#[test]
fn a_template_is_one_text_and_has_a_place() {
    let tmpl = |text: &str| parse(&format!("auto_auth {{ {METHOD} {SINK} }}\ntemplate {{ {text} }}"));
    assert!(tmpl("destination = \"/run/x\"").is_err());
    assert!(tmpl("contents = \"x\" source = \"y\" destination = \"/run/x\"").is_err());
    assert!(tmpl("contents = \"x\"").is_err());
    assert!(tmpl("contents = \"x\" destination = \"/run/x\" perms = \"0999\"").is_err());
    assert!(
        tmpl("contents = \"x\" destination = \"/run/x\" command = \"a\" exec { command = \"b\" }").is_err()
    );
}

#[test]
fn paths_sockets_and_functions_are_what_ours_has_beside_vaults() {
    let config = with(
        "path \"secret/*\" { max_stale = \"24h\" on_revoke = \"remove\" hold = \"1h\" }\n\
         systemd { socket = \"/run/c.sock\" folder = \"secret/units\"\n\
         credential \"shop.service\" \"db\" { from = \"secret/db#password\" } }\n\
         docker {}\nrevoke_on_exit = true\n\
         template_config { allow = [\"env\", \"writeToFile\"] }\n\
         cache { persist \"file\" { path = \"/var/lib/a\" key_file = \"/run/a.key\" } }",
    );
    let rule = PathRule {
        max_stale: Some(Duration::from_secs(86_400)),
        on_revoke: OnRevoke::Remove,
        hold: Some(Duration::from_secs(3600)),
    };
    assert_eq!(config.paths.of("secret/db"), rule);
    let systemd = config.systemd.unwrap();
    assert_eq!(systemd.credentials.len(), 1);
    assert_eq!(systemd.mode, 0o600);
    assert_eq!(config.docker.unwrap().socket, Path::new("/run/docker/plugins/strongroom.sock"));
    assert!(config.revoke_on_exit);
    let allowed = Allowed { env: true, write: true, ..Allowed::default() };
    assert_eq!(config.template_config.allow, allowed);
    assert!(config.cache.persist.is_some_and(|it| it.key_file.is_some()));
    let refused = |text: &str| parse(&format!("auto_auth {{ {METHOD}\n {SINK} }}\n{text}")).is_err();
    assert!(refused("template_config { allow = [\"plugins\"] }"));
    assert!(refused("path \"x\" { on_revoke = \"empty\" }"));
    assert!(refused("systemd { socket = \"/run/c.sock\" }"));
    assert!(refused("systemd { folder = \"x\" credential \"a\" \"b\" {} }"));
}
