//! Names and values together, as readers bring them.

use proptest::prelude::*;

use super::judge;
use crate::{At, Kind, Place, Severity, Text};

/// What is found of `value` under `name`, and as what.
fn found(at: &At<'_>, value: &str) -> Option<(String, Kind, Severity)> {
    let text = Text::whole(value);
    judge(at, &text).map(|it| (value[it.part].to_owned(), it.kind, it.severity))
}

#[track_caller]
fn check(name: &str, value: &str, expected: Option<&str>) {
    let place = At { place: Place::Env, ..At::file(name) };
    assert_eq!(found(&place, value).map(|it| it.0).as_deref(), expected, "{name} = {value}");
}

#[track_caller]
fn check_all(name: &str, values: &[&str]) {
    for value in values {
        check(name, value, Some(value));
    }
}

#[track_caller]
fn check_none(name: &str, values: &[&str]) {
    for value in values {
        check(name, value, None);
    }
}

#[test]
fn any_literal_is_a_password_under_its_name() {
    check_all(
        "DB_PASSWORD",
        &[
            "quayside-Lantern-77",
            "changeme",
            "0123456789",
            "Käsekuchen-Überfluß9",
            "пароль-七-🔑",
            "forêt noire 1789",
            "correct horse battery staple",
            "has space & #hash",
            "pe$ar back\\slash",
            "three o'clock, tea & toast",
            "!@#$&*()-",
            "the quick brown fox",
            "plum:rail:409",
            "a#b'c=d;e",
            "Mulberry/Gate/12",
            "{{ not a template }}",
            "C:\\vault\\pane",
            " leading and trailing ",
            "line one\nline two\n",
        ],
    );
    check_none(
        "DB_PASSWORD",
        &[
            "",
            "  ",
            "=",
            "}",
            "<password>",
            "****",
            "null",
            "none",
            "true",
            "12",
            "/run/secrets/db",
            "${DB_PASSWORD}",
            "%s",
            "your-password",
            "put the password here",
            "Enter your password",
            "see the vault",
            "set by the operator.",
            "WIKI_PASSWORD",
            "https://vault.example.net/",
            "bcrypt",
            "ENC[db]",
            "vault:secret/data/db#password",
            "//example.net/docs",
            ".Data.data.root_password",
            "@/run/db",
            "$(cat /run/db)",
        ],
    );
}

#[test]
fn what_chance_draws_may_begin_as_something_else() {
    for name in ["DB_PASSWORD", "API_TOKEN", "SECRET_KEY", "API_KEY"] {
        check_all(
            name,
            &[
                "%(@jxJFBuJ!1#sV+XsxW",
                "#!Tj!fxkkuSSvm+gx1pZ",
                "$DMU6IMIfxfOpeuTt_2u",
                "~/t1#9\"wu!-fD(g>",
                "./XJu|T6u(c<",
                "/q/Oknqoij3Y/FkfXUN8oBho",
                "THcKw5d9",
                "DTtSXmpn",
            ],
        );
        check_none(
            name,
            &[
                "%(db_password)s",
                "$DB_PASSWORD",
                "$dbPassword1",
                "./config/db pass",
                "~/.pgpass",
                "/var/lib/App2/Data",
                "/Users/Shared/Vault2/Keys",
                "bm9uZQ==",
            ],
        );
    }
}

#[test]
fn keys_of_wordpress_may_have_spaces() {
    for name in
        ["AUTH_KEY", "NONCE_KEY", "LOGGED_IN_KEY", "AUTH_SALT", "NONCE_SALT", "WP_CACHE_KEY_SALT", "API_KEY"]
    {
        check_all(
            name,
            &[
                "aB3$dE6%gH9 jK2*mN5(pQ8)sT1!vW4@yZ7#bC0 eF3+hI6=kL9-nO2_qR5|tU8~",
                "aB3dE6gH9jK2mN5pQ8sT1vW4 yZ7bC0eF3hI6kL9nO2qR5tU8",
            ],
        );
        check_none(
            name,
            &["see the page Keys-and-Salts of the manual (part 2)", "put your unique phrase here"],
        );
    }
}

#[test]
fn tokens_and_keys_have_no_spaces() {
    check_all(
        "API_TOKEN",
        &[
            "1d2bb65ff54fed26fdb13b59fa18ca35",
            "my-super-secret-auth-token",
            "286f7223-53c0-45a8-a459-c2966b4352d1",
        ],
    );
    check_none(
        "API_TOKEN",
        &["see the wiki", "API_TOKEN", "900", "12h", "00000000-0000-0000-0000-000000000000", "write"],
    );
    check_all(
        "SECRET_KEY",
        &["CHANGE_ME_IN_PRODUCTION", "MY_SUPER_SECRET_KEY", "DEV_SECRET_KEY", "insecure"],
    );
    check_all("MEILI_MASTER_KEY", &["needle in Haystack", "seven 7 swans"]);
    check_none("MEILI_MASTER_KEY", &["ask the team", "See the wiki", "a, b", "AI Services"]);
    check("signature_key", "sha1:bronze-kettle-dune", Some("bronze-kettle-dune"));
    check_none("SECRET_KEY", &["APP_SECRET_KEY", "run-rails-secret-and-paste"]);
    check_all("secret", &["keyboard cat", "c10bab6d85ad67272a4e4e89c5fa1021"]);
    check_all("SECRET", &["mirror-garden-cactus", "vgINLZMfpobZ", "zytkpdayxv"]);
    check_none(
        "SECRET",
        &["shop-db-password", "app-secret", "vault:secret/app", "put it here", "SHOP_SECRET"],
    );
    check_none("secret", &["shop-db", "regcred", "put it here"]);
    check_none("tokenSecretKey", &["token", "hosted-grafana-id"]);
    check_none("chart.adminTokenSecret", &["admin-token"]);
    check_none("git.sshKeySecret", &["deploy-key"]);
    check_none("chart.secret.key", &["snykApiToken"]);
    check_none("PRIVATE_KEY", &["'<PRIVKEY>'", "chart-signing-key:private_key", "deploy"]);
    check_none("proxy_pass", &["$backend:3100$request_uri", "http://web:80", "php:9000"]);
    check_none("secretKey", &["db-password", "password"]);
}

#[test]
fn doubtful_names_need_a_value_that_looks_like_a_secret() {
    check_all("auth", &["fEather-Rung-3", "6QiIUHGm7D7uPK4Awsqa", "cHVsbGVyOkNvcmFsLVN0b3Zl"]);
    check_none("auth", &["AtomicU64", "basic", "oidc", "kerberos", "true", "internal", "token-gateway"]);
    check("auth", "nomad:fEather-Rung-3", Some("fEather-Rung-3"));
    check("BASIC_AUTH", "admin:admin", Some("admin"));
    check_none("auth", &["sst:<moved", "redis:6379", "vault:secret/data/x", "arn:aws:iam::1:role/x"]);
    check_all("ALGOLIA_KEY", &["baa6177b784cef08c534e24d9a4e4179", "A1B2-C3D4-E5F6-G7H8"]);
    check_none("key", &["api-token", "prod/rds.tfstate", "user_id", "alias/prod", "deploy", "GITHUB_TOKEN"]);
    check_none("SESSION_COOKIE", &["__Host-sid", "sid"]);
    check_none("passwd", &["files", "files ldap", "compat systemd"]);
    check_none("fiber.secret", &["shop_db_password"]);
    check_none("secretKey", &["caCert", "tlsKey", "MYSQL_ROOT_PASSWORD"]);
    check_none("docker-password", &["DOCKER_PASSWORD"]);
    check_none("id_token[0]", &["groups", "email_verified"]);
    check_none("keys", &["C248DE6321AF0B1C2D3E4F5061728394A5B6C7D8"]);
    check_none("DB_AUTH", &["True|False"]);
    check_none("secret", &["redact"]);
    check_none("nomad_token", &["random_uuid.nomad_bootstrap.result,"]);
    check_all("z2m_network_key", &["changeme"]);
    check_all("GITLAB_SECRETS_DB_KEY_BASE", &["secret", "long-and-random-alphanumeric-string"]);
    check_all("KEY_DERIVATION_SALT", &["long-and-random-string"]);
    check_none("TokenRequest", &["true,OtherFeature=false"]);
    check_none("update_password", &["on_create", "always"]);
    check_none("community.mysql.user.update_password", &["on_create"]);
    check("BUNDLE_GEMS__SHOP__COM", "4f3a2b1c:9d8e7f60", Some("9d8e7f60"));
    check_all("BUNDLE_GEMS__SHOP__COM", &["fEather-Rung-3"]);
    check_none("BUNDLE_LOCAL__SHOP__COM", &["vendor/shop-2"]);
    check_all("SNMP_COMMUNITY", &["kestrel", "public"]);
    check_none("community", &["kestrel", "de"]);
    check_all("sharedKey", &["kestrel over water"]);
}

#[test]
fn what_a_name_wants_is_looked_for() {
    check_all("PIN", &["48213907", "1234"]);
    check_none("PIN", &["12", "on", "gpio-4"]);
    check_all(
        "password_hash",
        &[
            "IoRi2K0eRlC1pUWnypLvKGcs56PgszpIQxJ6yfc+CZYtiYzy",
            "8a109e83e5927b93cfca70e14a53d356685b5cc4a8794f7e708590e5911a00dc",
        ],
    );
    check_none("password_hash", &["bcrypt", "rabbit_password_hashing_sha256", "true"]);
    check(
        "ALERT_WEBHOOK_URL",
        "https://chat.example.net/hooks/b3edc3298847bf6768d4",
        Some("hooks/b3edc3298847bf6768d4"),
    );
    check_none("ALERT_WEBHOOK_URL", &["https://chat.example.net/hooks/deploy", "https://chat.example.net"]);
    check_all(
        "WALLET_MNEMONIC",
        &["legal winner thank year wave sausage worth useful legal winner thank yellow"],
    );
    check_none("WALLET_MNEMONIC", &["twelve words", "english"]);
}

#[test]
fn the_secret_is_what_stands_behind_a_mark() {
    check(
        "APP_KEY",
        "base64:6QiIUHGm7D7uPK4Awsqasq6QiIUHGm7D7uPK4Awsqa8=",
        Some("6QiIUHGm7D7uPK4Awsqasq6QiIUHGm7D7uPK4Awsqa8="),
    );
    check("password", "{noop}Zinc-44", Some("Zinc-44"));
    check("MINIO_KMS_SECRET_KEY", "minio-key:6QiIUHGm7D7uPK4Awsqa", Some("6QiIUHGm7D7uPK4Awsqa"));
    check(
        "API_TOKEN",
        "root@pam!ci=286f7223-53c0-45a8-a459-c2966b4352d1",
        Some("286f7223-53c0-45a8-a459-c2966b4352d1"),
    );
    check(
        "Authorization",
        "Bearer dgqDWSjC9pOZKHZU8pTF7lffyn7iJcGw8Mj8XRKd",
        Some("dgqDWSjC9pOZKHZU8pTF7lffyn7iJcGw8Mj8XRKd"),
    );
    check_none("password", &["$argon2id$v=19$m=65536,t=3,p=4$REPLACE_WITH_HASH_1"]);
    check("HEADER", "Basic cHVsbGVyOkNvcmFsLVN0b3Zl", Some("cHVsbGVyOkNvcmFsLVN0b3Zl"));
}

#[test]
fn base64_is_what_it_stands_for() {
    check_all("password", &["Q2lkZXItQXByb24tNDQ="]);
    for (weak, value) in [(true, "cGFzc3dvcmQ="), (true, "Y2hhbmdlbWU="), (false, "Q2lkZXItQXByb24tNDQ=")] {
        let severity = found(&At::file("password"), value).expect("a password").2;
        assert_eq!(severity == Severity::Low, weak, "{value}");
    }
    // `true`, `/run/x`, a certificate, settings, and a text.
    check_none("password", &["dHJ1ZQ==", "L3J1bi9zZWNyZXRzL2Ri"]);
    check_none(
        "TRUSTED_CA_B64",
        &["LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCk1JSUJN\nanhVjpbvg2NlepaSfxKlVGd1iXbY1Wdt23Rq"],
    );
    check_none("SECRET_SETTINGS_B64", &["eyJsb2dMZXZlbCI6ImluZm8iLCJ3b3JrZXJzIjo0fQ=="]);
    check_none("MOTD_B64", &["V2VsY29tZSB0byB0aGUgbWlycm9yLiBQbGVhc2UgYmUgcG9saXRlLgo="]);
}

#[test]
fn a_form_needs_no_name_and_a_public_half_no_report() {
    let token = concat!("gl", "pat-", "yjH0RAec2pbwryO19srb");
    check("IMAGE", &format!("deploy with {token} now"), Some(token));
    check("token_file", token, Some(token));
    check_none(
        "MAPBOX_API_KEY",
        &[concat!("pk", ".", "q5vpPABPjfWnhXhVcknwpXhuMZB4ZQelu4ilkdcA2uSTpUXAL7wyz8UfVVqN")],
    );
    check_none("NEXT_PUBLIC_MAPS_API_KEY", &[concat!("AI", "za", "PCxU6fKJttaugxochgTBNI43elRtSa1JX6I")]);
    check_none("verify_keys.auto.key", &["9iYkBKCFyZC9SE+iqRK2udNnDjEMTMXxpkTSXu+8j+4="]);
    check_none("AWS_ACCESS_KEY_ID", &["AKIAIOSFODNN7EXAMPLE"]);
    check_none("GPG_KEY", &["3F5C8D1A9B7E2460CAFE5D3B1790A8E2F46C2B1D", "0x9B7E2460CAFE5D3B"]);
    check_none("product_key", &["W269N-WFGWX-YVC9B-4J6C9-T83GX"]);
    check_none("AWS_SECRET_ACCESS_KEY", &["wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"]);
}

#[test]
fn without_a_name_only_chance_tells() {
    check_all("SENTRY", &["j_-oZlmH3HeBSjj0CmQY5rF9zPURWs5N", "ca433b592e89d80b6f87e917a795c500"]);
    check_none(
        "SENTRY",
        &[
            "application-2024-production-eu-west-1",
            "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAf",
            "e3b04a73b5251ad9fc5943ecc61cc1132bf2bf1c",
        ],
    );
    check_none("GIT_COMMIT", &["ca433b592e89d80b6f87e917a795c500"]);
}

#[test]
fn beside_a_hole_a_literal_is_judged_by_itself() {
    let check = |name: &str, value: &str, hole: std::ops::Range<usize>, expected: Option<&str>| {
        let text = Text::whole(value).with_holes([hole]);
        let place = At { place: Place::Env, ..At::file(name) };
        assert_eq!(judge(&place, &text).map(|it| &value[it.part]), expected, "{value}");
    };
    check(
        "TOKEN",
        "prefix-${X}-ca433b592e89d80b6f87e917a795c500",
        7..11,
        Some("ca433b592e89d80b6f87e917a795c500"),
    );
    check("PASSWORD", "${X}-Zinc-Meadow-5", 0..4, Some("Zinc-Meadow-5"));
    check("PASSWORD", "${X}-db-password", 0..4, None);
    check("PASSWORD", "${X}", 0..4, None);
}

#[test]
fn in_a_comment_prose_and_examples_are_none() {
    let check = |value: &str, expected: bool| {
        let place = At { commented: true, ..At::file("DB_PASSWORD") };
        let verdict = found(&place, value);
        assert_eq!(verdict.is_some(), expected, "{value}");
        assert!(verdict.is_none_or(|it| it.2 <= Severity::Medium), "what is switched off opens less");
    };
    check("Sorrel*Anvil-83", true);
    check("two words & 7", true);
    check("password", false);
    check("MyPrivateKeyPassword", false);
    check("MyOtterSwims", true);
    check("rotated in May", false);
    check("<password>", false);
}

#[test]
fn what_hcl_wrote_out_is_no_reference() {
    let check = |value: &str, expected: bool| {
        let text = Text::whole(value).within(crate::Layer::HclQuoted);
        assert_eq!(judge(&At::file("DB_PASSWORD"), &text).is_some(), expected, "{value}");
    };
    check("${not_a_var}", true);
    check("%{also_not}${a}", true);
    check("${DB_PASSWORD}", false);
}

#[test]
fn only_what_can_be_no_secret_is_a_field_or_an_entry() {
    check_none("clientSecret", &["$dex-gitlab:clientSecret", "$oidc:client.secret"]);
    check_all("clientSecret", &["$rail:plumage", "$Dex:clientSecret"]);
    check_none("authentication_keys", &["email", "login_name"]);
    check_all("signing_keys", &["quaysidelantern"]);
}

#[test]
fn names_that_are_public_by_design_clear_a_form() {
    let token = concat!("gl", "pat-", "yjH0RAec2pbwryO19srb");
    let known = |name: &str| super::known(&At::file(name), &Text::whole(token)).len();
    assert_eq!((known("DEPLOY"), known("NEXT_PUBLIC_MAPS_KEY")), (1, 0));
}

#[test]
fn in_an_example_file_what_reads_as_one_is_none() {
    let check = |value: &str, expected: bool| {
        let place = At { example: true, ..At::file("API_SECRET") };
        assert_eq!(found(&place, value).is_some(), expected, "{value}");
    };
    check("changeme", false);
    check("some-secret-value", false);
    check("6QiIUHGm7D7uPK4Awsqa", true);
    check("Sorrel*Anvil-83", true);
}

#[test]
fn the_kind_and_severity_follow_name_form_and_place() {
    #[track_caller]
    fn check(name: &str, place: Place, value: &str, kind: Kind, severity: Severity) {
        let at = At { place, ..At::file(name) };
        assert_eq!(found(&at, value).map(|it| (it.1, it.2)), Some((kind, severity)), "{name}");
    }
    check("password", Place::Auth, "Hollow-Reed-604", Kind::RegistryAuth, Severity::High);
    check("POSTGRES_PASSWORD", Place::Env, "postgres", Kind::Password, Severity::Low);
    check(
        "AWS_ACCESS_KEY",
        Place::Env,
        "15ZC3Ecigb9syyep4I0UcAtzTEsb5H5XOyURpcmH",
        Kind::SecretAccessKey,
        Severity::Critical,
    );
    check(
        "password",
        Place::Env,
        "md56c1d16c1b9856a3c17c6fbef7295d30c",
        Kind::PasswordHash,
        Severity::Medium,
    );
    check(
        "users",
        Place::Attribute,
        "a:$apr1$30TQH7it$FDTQb4IHmflyF0w6Fi3S0t",
        Kind::PasswordHash,
        Severity::Medium,
    );
    check(
        "keyFile",
        Place::Template,
        &"q5vpPABPjfWnhXhVcknwpXhuMZB4ZQelu4il\n".repeat(9),
        Kind::EncryptionKey,
        Severity::Critical,
    );
}

proptest! {
    #[test]
    fn no_name_or_value_panics(
        name in r"(password|secret|key|token|auth|_|\.|\PC){0,6}",
        value in r"(\$\{|\}|\{\{|%|@|:|/|\\|=|xxxx|AKIA|base64:|Basic |[a-zA-Z0-9]{0,20}|\PC){0,8}",
        commented: bool,
    ) {
        let text = Text::whole(&value);
        let place = At { commented, ..At::file(&name) };
        if let Some(verdict) = judge(&place, &text) {
            prop_assert!(value.get(verdict.part).is_some_and(|it| !it.is_empty()));
        }
    }
}
