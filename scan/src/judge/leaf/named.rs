//! Values that name a secret, a file or something else, and are none.

use super::Case;
use crate::{
    Kind,
    judge::{names, strength, weak},
};

impl Case<'_> {
    /// `api_token: api_token` tells where to look; with a password it may well be the word.
    pub(super) fn is_name_itself(&self, secret: &str) -> bool {
        let name = self.name.rsplit('.').next().unwrap_or("");
        let is_variable = || secret == name.replace('-', "_").to_ascii_uppercase() && secret != name;
        secret.contains(['_', '-'])
            && (self.telling.kind != Kind::Password && secret == name || is_variable())
    }

    /// `crypto_key = "vault-unseal-key"` names one that a service of a cloud keeps.
    pub(super) fn is_name_of_a_key(&self, secret: &str) -> bool {
        let name = self.name.rsplit('.').next().unwrap_or("");
        matches!(name, "crypto_key" | "cryptoKey")
            && secret.bytes().all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || it == b'-')
            && !strength::is_random(secret)
    }

    /// `pass = "R_SPF_ALLOW"` beside `fail`: what a filter calls the result of a check.
    pub(super) fn is_symbol(&self, secret: &str) -> bool {
        self.name.rsplit('.').next() == Some("pass")
            && secret.contains('_')
            && secret.bytes().all(|it| it.is_ascii_uppercase() || it == b'_')
            && !weak::is_known(secret)
    }

    /// `KAFKA_SSL_KEY_CREDENTIALS: Broker1_sslkey_creds`: the file that they stand in.
    pub(super) fn is_file_of_credentials(&self, secret: &str) -> bool {
        let name = self.name.rsplit('.').next().unwrap_or("").to_ascii_lowercase();
        let ends = ["creds", "credentials"];
        ends.iter().any(|it| name.ends_with(it))
            && ends.iter().any(|it| {
                secret.strip_suffix(it).is_some_and(|before| before.ends_with(['.', '_', '-', '/']))
            })
    }

    /// In a comment `changeme` and `MyPrivateKeyPassword` are words for what is to stand there.
    pub(super) fn is_sample(&self, secret: &str) -> bool {
        let is_spelled_out = || {
            secret.starts_with("My")
                && secret.bytes().all(|it| it.is_ascii_alphabetic())
                && names::telling(secret).is_some_and(|it| it.strong)
        };
        self.commented && (weak::is_known(secret) && !has_number(secret) || is_spelled_out())
    }

    /// `authentication_keys: [email]` of Devise: by which fields somebody logs in.
    pub(super) fn is_list_of_fields(&self, secret: &str) -> bool {
        let name = self.name.rsplit('.').next().unwrap_or("").trim_end_matches(|c: char| !c.is_alphabetic());
        const LISTS: [&str; 6] = [
            "authentication_keys",
            "case_insensitive_keys",
            "confirmation_keys",
            "reset_password_keys",
            "strip_whitespace_keys",
            "unlock_keys",
        ];
        LISTS.contains(&name)
            && secret.len() <= 20
            && secret.bytes().all(|it| it.is_ascii_lowercase() || it == b'_')
    }

    /// `passwd: files ldap` says where a system looks its users up.
    pub(super) fn is_of_users(&self, secret: &str) -> bool {
        self.name == "passwd"
            && secret.split_whitespace().all(|it| {
                matches!(it, "files" | "compat" | "db" | "sss" | "systemd" | "ldap" | "nis" | "winbind")
            })
    }

    /// `GPG_KEY` has the digest of a public key as a rule: that of Python's releases stands in each of its images.
    pub(super) fn is_fingerprint(&self, secret: &str) -> bool {
        let hex = secret.strip_prefix("0x").unwrap_or(secret);
        // So programs of OpenPGP write them, and no other keys.
        if hex.len() == 40
            && !self.telling.strong
            && hex.bytes().all(|it| matches!(it, b'0'..=b'9' | b'A'..=b'F'))
        {
            return self.telling.kind == Kind::ApiKey;
        }
        matches!(hex.len(), 16 | 40)
            && !matches!(self.telling.kind, Kind::Password | Kind::Token)
            && strength::is_hex(hex)
            && self
                .name
                .as_bytes()
                .windows(3)
                .any(|it| it.eq_ignore_ascii_case(b"gpg") || it.eq_ignore_ascii_case(b"pgp"))
    }

    /// `secretKey: db-password` and `adminTokenSecret: admin-token` of Kubernetes name a secret or an entry of one.
    pub(super) fn is_key_of_a_secret(&self, secret: &str) -> bool {
        let name = self.name;
        let is_word = |more: &[u8]| secret.bytes().all(|it| it.is_ascii_lowercase() || more.contains(&it));
        if name.ends_with("secretKey") || name.ends_with("SecretKey") {
            let is_camel = ["Cert", "Key", "Password", "Token"].iter().any(|it| secret.ends_with(it))
                && secret.starts_with(|c: char| c.is_ascii_lowercase())
                && !secret.starts_with("my")
                && secret.len() <= 16
                && secret.bytes().all(|it| it.is_ascii_alphabetic());
            // A class of the Secrets Store driver calls it as the variable is called.
            let is_variable = secret.contains('_')
                && secret.bytes().all(|it| it.is_ascii_uppercase() || it.is_ascii_digit() || it == b'_');
            return is_camel || is_variable || is_word(b"-_.");
        }
        // `secret=shop_db_password`: what a swarm or a chart calls it.
        let is_shipped =
            ["insecure", "unsafe", "my", "super", "very"].iter().any(|it| secret.starts_with(it));
        if self.telling.kind == Kind::SigningSecret
            && !is_shipped
            && (matches!(name, "secret" | "SECRET") || name.ends_with(".secret"))
            && is_word(b"_-")
            && secret.contains(['_', '-'])
            && names::telling(secret).is_some_and(|it| it.strong)
        {
            return true;
        }
        if name.ends_with("secret.key") {
            return secret.bytes().all(|it| it.is_ascii_alphabetic() || matches!(it, b'-' | b'_' | b'.'));
        }
        self.is_name_of_a_secret(secret)
    }

    /// `sshKeySecret: deploy-key` of a chart.
    pub(super) fn is_name_of_a_secret(&self, secret: &str) -> bool {
        let is_camel = self.name.ends_with("Secret") && self.name.bytes().any(|it| it.is_ascii_lowercase());
        let is_word = secret.bytes().all(|it| it.is_ascii_lowercase() || it == b'-');
        let is_kind = matches!(self.telling.kind, Kind::SigningSecret | Kind::SecretAccessKey);
        is_camel && is_kind && secret.contains('-') && is_word
    }
}

/// `aws secretsmanager get-secret-value --secret-id shop`: how to get it.
pub(super) fn is_command(text: &str) -> bool {
    const PROGRAMS: [&str; 12] = [
        "aws",
        "az",
        "gcloud",
        "kubectl",
        "helm",
        "terraform",
        "tofu",
        "vault",
        "bao",
        "consul",
        "nomad",
        "docker",
    ];
    let mut words = text.split_whitespace();
    words.next().is_some_and(|it| PROGRAMS.contains(&it))
        && words.next().is_some_and(|it| it.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'))
        && words.any(|it| {
            let flag = it.trim_start_matches('-');
            flag.len() < it.len() && flag.starts_with(|c: char| c.is_ascii_alphabetic())
        })
}

/// `changeit2021`: somebody has made a word of manuals his own.
fn has_number(secret: &str) -> bool {
    let secret = secret.trim_end_matches(|c: char| c.is_ascii_punctuation());
    let digits = secret.len() - secret.trim_end_matches(|c: char| c.is_ascii_digit()).len();
    digits >= 4 && digits < secret.len()
}

/// What a token of Cloudflare's tunnels decodes to: an account, a tunnel and its secret.
pub(super) fn is_of_a_tunnel(decoded: &str) -> bool {
    ["{\"a\":\"", "\"t\":\"", "\"s\":\""].iter().all(|it| decoded.contains(it))
}

/// `jwt,pub-key=/x,sign-method=RS256` of etcd: how tokens are made.
pub(super) fn is_method(secret: &str) -> bool {
    secret.starts_with("jwt,") && secret.contains("sign-method=")
}

/// `{COQLCE6DU6GtcS5P=}`: what Maven has encrypted.
pub(super) fn is_sealed(secret: &str) -> bool {
    let inner = secret.strip_prefix('{').and_then(|it| it.strip_suffix('}'));
    inner.is_some_and(|it| {
        it.len() >= 16
            && it.ends_with('=')
            && it.bytes().all(|b| b.is_ascii_alphanumeric() || b"+/=".contains(&b))
    })
}
