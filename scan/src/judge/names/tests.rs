use super::*;
use crate::At;

#[track_caller]
fn check(names: &str, kind: Kind, strong: bool) {
    for name in names.split_whitespace() {
        let found = telling(name).map(|it| (it.kind, it.strong));
        assert_eq!(found, Some((kind, strong)), "{name}");
    }
}

#[track_caller]
fn check_not(names: &str) {
    for name in names.split_whitespace() {
        assert_eq!(telling(name), None, "{name}");
    }
}

#[test]
fn passwords_have_many_names() {
    check(
        "password DB_PASSWORD dbPassword db.password --db-password PGPASSWORD MYSQL_PWD REDIS_PASS requirepass \
         masterauth rootpw LDAP_BIND_PW ssh_passphrase keyStorePassword -Djavax.net.ssl.keyStorePassword \
         GITEA__database__PASSWD DB_PASSWORT MOT_DE_PASSE contraseña SENHA_OLD haslo db_wachtwoord \
         wpa_psk senha_banco mot_de_passe_bdd ПАРОЛЬ_БД 비밀번호 ŞİFRE password_wo password1 PASSWORD_OLD ansible_become_pass smtp.password[0] db_password_test \
         password_a passwordB DB_PASSWORD_C password_bak db_password_alt password_1",
        Kind::Password,
        true,
    );
}

#[test]
fn words_of_no_meaning_behind_make_a_name_doubtful() {
    check("PASSWORD_GITLAB password.shop", Kind::Password, false);
    check("TOKEN_GITHUB tokens.ci token_n", Kind::Token, false);
    check_not("Pin-Priority password_priority");
    check_not("password_one_two_three_four tokens.shop.eu.north.alpha");
}

#[test]
fn secrets_have_a_purpose() {
    check(
        "SESSION_SECRET NEXTAUTH_SECRET PASSWORD_PEPPER COOKIE_SIGNING_SALT jwtSecret SECRET_KEY_BASE DJANGO_SECRET_KEY app.signing_key",
        Kind::SigningSecret,
        true,
    );
    check(
        "secret secrets ingress.example.net/auth-secret salt session_key hmacEncoded",
        Kind::SigningSecret,
        false,
    );
    check(
        "client_secret OAUTH_SECRET app-secret consumerSecret oauth2.clientSecret",
        Kind::ClientSecret,
        true,
    );
    check(
        "AWS_SECRET_ACCESS_KEY secretAccessKey aws_access_key_secret S3_SECRET MINIO_SECRET_KEY",
        Kind::SecretAccessKey,
        true,
    );
    check("AccountKey STORAGE_KEY", Kind::SecretAccessKey, false);
    check("AWS_ACCESS_KEY_ID access_key accessKeyID oss_access_id", Kind::AccessKeyId, false);
    check(
        "RAILS_MASTER_KEY encryption_key ACTIVE_RECORD_ENCRYPTION_PRIMARY_KEY FERNET_KEY unseal_key",
        Kind::EncryptionKey,
        true,
    );
    check("encrypt vault_key", Kind::EncryptionKey, false);
    check("JWT_PRIVATE_KEY privateKey sshkey tls.key ssh_host_ed25519_key", Kind::PrivateKey, false);
    check("slack_webhook DISCORD_HOOK WEBHOOK_URL", Kind::WebhookUrl, true);
    check("password_hash hashed_password ROOT_PASSWORD_SHA2 htpasswd", Kind::PasswordHash, true);
    check("PIN card_pin alarm_code door-code", Kind::Password, true);
}

#[test]
fn tokens_and_keys_have_an_owner() {
    check("token API_TOKEN authToken idToken bearer_token", Kind::Token, true);
    check("+sv_setsteamaccount DB_GSLT", Kind::Token, true);
    check("secret_id SESSION_COOKIE x.signature get_token", Kind::Token, false);
    check("ERLANG_COOKIE", Kind::Token, true);
    check(
        "cle_api_meteo CLE_API_LIVRAISON chave_api_frete clef_api api_key X-Api-Key APIKEY api_keys[0] apiKey2 STRIPE_SECRET_KEY OVH_CONSUMER_KEY",
        Kind::ApiKey,
        true,
    );
    check("key userKey ALGOLIA_KEY routing_key LICENSE_KEY FCM_KEY", Kind::ApiKey, false);
    check("auth credentials HTTP_AUTH login", Kind::Password, false);
}

#[test]
fn what_is_about_a_secret_is_none() {
    check_not(
        "password_file DB_PASSWORD_FILE passwordfile --admin-token-file token_ttl TOKEN_TTL secret_name \
         secretKeyRef secretName existingSecret SECRETS_DIR VAULT_SECRET_PATH PASSWORD_RESET_URL token_url \
         PASSWORD_POLICY PASSWORD_MIN_LENGTH PASSWORD_HASHER API_KEY_HEADER TOKEN_ENDPOINT_AUTH_METHOD \
         password.encoder feature.password-reset ACCESS_TOKEN_EXPIRES_SECONDS SECRET_ROTATION_DAYS \
         password_wo_version adminPasswordKey allowed_password_symbols KC_SPI_CREDENTIALS_PROVIDER",
    );
    check_not(
        "public_key PUBLISHABLE_KEY mapbox_public_token RECAPTCHA_SITE_KEY client_id role_id key_id kms_key_id kms_key \
         key_name key_file sort_key PARTITION_KEY primaryKey cache-key-prefix private_key_id token_uri imagePullSecrets \
         MAX_TOKENS_LIMIT checksum/secret initial_cluster_token /run/secrets:size get_token_url existingPasswordSecret existingSecretKey envFromSecret \
         NEXT_PUBLIC_MAPS_API_KEY SUPABASE_ANON_KEY PUSHER_APP_KEY OVH_APPLICATION_KEY verify_keys.auto.key hashed_secret",
    );
    check_not(
        "author compass bypass pass_through monkey keyboard TURKEY_TOKENIZER profile passport keyring hash sha256 nopass zip_code \
         country_code error_code",
    );
    check_not("value default 0 ENV_DATA image user name");
}

#[track_caller]
fn check_within(key: &str, path: &str, expected: Option<(Kind, bool)>) {
    let place = At { path: path.into(), ..At::file(key) };
    let found = match at(&place) {
        Naming::Telling(it) => Some((it.kind, it.strong)),
        _ => None,
    };
    assert_eq!(found, expected, "{key} in {path}");
}

#[test]
fn a_name_without_meaning_has_that_of_what_it_stands_in() {
    check_within("value", "resource.x.api_token.value", Some((Kind::Token, true)));
    check_within("agent", "acl.tokens.agent", Some((Kind::Token, false)));
    check_within("agent", "acl.token.agent", None);
    check_within("node_username", "secrets.node_username", None);
    check_within("Key", "Jwt.Key", Some((Kind::SigningSecret, true)));
    check_within("password", "spec.encryptedData.password", None);
    check_within("password", "", Some((Kind::Password, true)));
}
