//! References: what another tool fills in, or where it looks.

use super::{names, placeholder::is_verb, strength, weak};

/// Stores and tools that a value may lead to, by how a reference to them begins.
const REFERENCES: [&str; 47] = [
    "vault:",
    "vault+",
    "op://",
    "ref+",
    "arn:",
    "secret://",
    "ssm:",
    "ssm://",
    "awssm:",
    "awsssm:",
    "aws-sm:",
    "sm://",
    "gsm:",
    "gcpsm:",
    "azurekv:",
    "akv:",
    "keyvault:",
    "bws:",
    "doppler://",
    "infisical:",
    "conjur:",
    "env:",
    "env://",
    "file:",
    "file://",
    "cmd:",
    "exec:",
    "!vault",
    "!secret ",
    "!secret.yaml ",
    "$ANSIBLE_VAULT",
    "{cipher}",
    "@Microsoft.KeyVault(",
    "projects/",
    "keyring:",
    "consul:",
    "keyctl:",
    "gopass:",
    "sops:",
    "process.env",
    "os.environ",
    "{env.",
    "{file.",
    "{http.",
    "{vars.",
    "{system.",
    "{$",
];

/// Something that another tool fills in, or where it looks.
pub(super) fn is_reference(text: &str) -> bool {
    let text = text.trim();
    // `$${X}` stands for `${X}` once a tool has passed it on.
    let text = text.strip_prefix('$').filter(|it| it.starts_with("${")).unwrap_or(text);
    is_mounted(text)
        || is_in_environment(text)
        || is_substitution(text)
        || is_run(text)
        || is_file_or_variable(text)
        || leads_elsewhere(text)
        || is_entry_of_a_secret(text)
}

/// `$dex-gitlab:clientSecret` of Argo CD.
fn is_entry_of_a_secret(text: &str) -> bool {
    text.strip_prefix('$').and_then(|it| it.split_once(':')).is_some_and(|(name, key)| {
        let is_name = name.len() > 1 && name.bytes().all(|it| it.is_ascii_lowercase() || it == b'-');
        is_name
            && names::telling(key).is_some()
            && key.bytes().all(|it| it.is_ascii_alphabetic() || b"._-".contains(&it))
    })
}

/// `arn:aws:secretsmanager:...`, whatever stands behind: another place's name, and part of it may be filled in.
pub(super) fn leads_elsewhere(text: &str) -> bool {
    REFERENCES.iter().any(|it| begins(text, it))
}

/// `` `openssl rand -hex 32` ``, whose output is the value.
fn is_run(text: &str) -> bool {
    text.strip_prefix('`').and_then(|it| it.strip_suffix('`')).is_some_and(runs)
}

/// Whether what stands between backticks is a command. Some readers take them for quotes, around signs that other quotes
/// would change.
pub(crate) fn runs(inner: &str) -> bool {
    let mut words = inner.split_whitespace();
    let Some(program) = words.next().filter(|_| !inner.contains('`')) else { return false };
    let is_path = ["/", "./", "~/", "../"].iter().any(|it| program.starts_with(it));
    let is_program = program.starts_with(|c: char| c.is_ascii_lowercase())
        && program.bytes().all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || b"-_.".contains(&it));
    let is_word = program.bytes().all(|it| it.is_ascii_lowercase()) && !weak::is_known(program);
    match words.next() {
        Some(_) => is_path || is_program,
        None => is_path || is_word,
    }
}

/// `env/AWS_SECRET_ACCESS_KEY` of octoDNS.
fn is_in_environment(text: &str) -> bool {
    text.strip_prefix("env/").is_some_and(|it| {
        !it.is_empty() && it.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
    })
}

/// `--secret db_password,type=mount,target=x` of Podman and Docker: where a secret of theirs is to be seen.
fn is_mounted(text: &str) -> bool {
    let Some((name, options)) = text.split_once(',') else { return false };
    name.bytes().all(is_name_byte)
        && ["type=mount", "type=env", "target=", "mode="]
            .iter()
            .any(|it| options.split(',').any(|o| o.starts_with(it)))
}

/// `@spec/job.hcl` of curl and Nomad, `@cookie` of a template, `:'secret'` of psql, `-f`.
fn is_file_or_variable(text: &str) -> bool {
    if let Some(rest) = text.strip_prefix('@') {
        let is_name = rest.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '.' | '/'))
            && rest.bytes().all(|it| is_name_byte(it) || it == b'/');
        return is_name && (rest.contains(['.', '/']) || rest.bytes().all(|it| it.is_ascii_alphabetic()));
    }
    if let Some(rest) = text.strip_prefix(':') {
        let quoted = |quote: char| rest.strip_prefix(quote).and_then(|it| it.strip_suffix(quote));
        return quoted('\'')
            .or_else(|| quoted('"'))
            .is_some_and(|it| !it.is_empty() && it.bytes().all(is_name_byte));
    }
    let flag = text.strip_prefix("--").or_else(|| text.strip_prefix('-')).unwrap_or("");
    flag.starts_with(|c: char| c.is_ascii_lowercase())
        && flag.bytes().all(|it| it.is_ascii_lowercase() || it == b'-')
}

/// Nothing but what other tools replace: `${X}`, `$X`, `{{ x }}`, `%(x)s`, `@@X@@`, `ENC[...]`, `SECRET[...]`, `<%= x %>`.
fn is_substitution(text: &str) -> bool {
    let mut rest = text;
    let mut any = false;
    while let Some(c) = rest.chars().next() {
        let begun = matches!(c, '(' | '{' | '[' | '<' | '%' | '@' | '#' | '_' | '$' | 'E' | 'D' | 'S')
            .then_some(rest);
        match begun.and_then(substitution).and_then(|len| rest.get(len..)) {
            Some(behind) => {
                any = true;
                rest = behind;
            }
            // Separators between two of them.
            None if any && matches!(c, '-' | '_' | '.' | ':' | '/' | '@' | ' ') => {
                rest = rest.get(1..).unwrap_or("")
            }
            None => return false,
        }
    }
    any
}

/// How long the substitution at the beginning is.
fn substitution(text: &str) -> Option<usize> {
    let between = |open: &str, close: &str| {
        let inner = text.strip_prefix(open)?;
        inner.find(close).map(|it| (inner.get(..it).unwrap_or(""), open.len() + it + close.len()))
    };
    if let Some((inner, len)) = between("{{", "}}") {
        return is_expression(inner).then_some(len);
    }
    for (open, close) in [("[[", "]]"), ("<<", ">>"), ("<%", "%>"), ("{%", "%}"), ("((", "))")] {
        if let Some((_, len)) = between(open, close) {
            return Some(len);
        }
    }
    for mark in ["@@", "##", "%%"] {
        if let Some((inner, len)) = between(mark, mark)
            && inner.bytes().any(|it| it.is_ascii_alphabetic())
            && inner.bytes().all(|it| is_name_byte(it) || it == b':')
        {
            return Some(len);
        }
    }
    if let Some((inner, len)) = between("__", "__").filter(|it| names::telling(it.0).is_some()) {
        return inner.bytes().all(is_name_byte).then_some(len);
    }
    for (open, close) in [("__", "__"), ("@", "@"), ("%", "%"), ("{$", "}")] {
        if let Some((inner, len)) = between(open, close)
            && !inner.is_empty()
            && inner.bytes().all(|it| is_name_byte(it) && !it.is_ascii_lowercase())
        {
            return Some(len);
        }
    }
    for (open, close) in [
        ("#{", "}#"),
        ("@{", "}"),
        ("%{", "}"),
        ("%X{", "}"),
        ("${", "}"),
        ("#{", "}"),
        ("$(", ")"),
        ("%(", ")s"),
        ("%[", "]"),
        ("$[", "]"),
        ("ENC[", "]"),
        ("SECRET[", "]"),
        ("ENC(", ")"),
        ("DEC(", ")"),
    ] {
        if let Some((_, len)) = between(open, close) {
            return Some(len);
        }
    }
    // The verbs of a format: `%s:%s`.
    if let Some(verb) = text.get(..2).filter(|it| is_verb(it)) {
        return Some(verb.len());
    }
    // Grafana's `$__file{...}`, and a shell's variable.
    let name = text.strip_prefix('$')?;
    let len = name.bytes().take_while(|it| is_name_byte(*it)).count();
    let (name, behind) = name.split_at_checked(len)?;
    if name.starts_with("__") && behind.starts_with('{') {
        return behind.find('}').map(|it| 1 + len + it + 1);
    }
    let is_variable = name.bytes().next().is_some_and(|it| it.is_ascii_alphabetic() || it == b'_')
        && (name.bytes().all(|it| !it.is_ascii_lowercase())
            || name.contains('_') && !is_drawn(name)
            || names::telling(name).is_some());
    is_variable.then_some(1 + len)
}

/// Letters of both cases and digits without an order: no programmer's name.
fn is_drawn(name: &str) -> bool {
    let has = |class: fn(&u8) -> bool| name.as_bytes().iter().any(class);
    has(u8::is_ascii_lowercase)
        && has(u8::is_ascii_uppercase)
        && has(u8::is_ascii_digit)
        && strength::is_random(name)
}

/// A name, a path, a pipe or a call; words in a row are a text that only looks so.
fn is_expression(inner: &str) -> bool {
    let inner = inner.trim().trim_matches(|c| matches!(c, '-' | '~')).trim();
    !inner.contains(' ')
        || inner.contains(['.', '|', '"', '\'', '(', '$', '`', '['])
        || begins(inner, "env ")
        || begins(inner, "key ")
}

fn begins(text: &str, prefix: &str) -> bool {
    let first = |it: &str| it.bytes().next().map(|it| it.to_ascii_lowercase());
    first(text) == first(prefix) && text.get(..prefix.len()).is_some_and(|it| it.eq_ignore_ascii_case(prefix))
}

pub(super) fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(texts: &[&str], rule: fn(&str) -> bool, expected: bool) {
        for text in texts {
            assert_eq!(rule(text), expected, "{text}");
        }
    }

    #[test]
    fn what_a_shell_runs_is_no_value() {
        for text in ["openssl rand -hex 32", "cat /run/secrets/x", "/usr/bin/pwgen 32 1", "./gen.sh", "pwgen"]
        {
            assert!(runs(text), "{text}");
        }
        for text in ["Kiln-Otter-127", "Kiln Otter 127", "p'a\"ss#1", "changeme", "correct-horse-battery", ""]
        {
            assert!(!runs(text), "{text}");
        }
    }

    #[test]
    fn what_another_tool_fills_in_is_a_reference() {
        let references = [
            "`cat /run/x`",
            "${X}",
            "$X",
            "${A}-${B}",
            "$REGISTRATION_TOKEN",
            "$password",
            "{{ matomo_token }}",
            "{{ .Values.x | quote }}",
            "{{x}}",
            "%s:%s",
            "%X{user}%n",
            "{env.NAME",
            "@{store:key}",
            "%X{user}",
            "@spec/job.hcl",
            "@cookieString",
            ":'secret'",
            "-f",
            "--env",
            "@@SENTRY_TOKEN@@",
            "@@PROP:db.password@@",
            "%%smtp_password%%",
            "##db.password##",
            "__db_password__",
            "%(PASSWORD)s",
            "__TOKEN__",
            "#{Token}#",
            "ENC[postgres_replica]",
            "SECRET[vault.splunk]",
            "!secret mqtt_password",
            "env/AWS_SECRET_ACCESS_KEY",
            "oidc_client,type=mount,target=client",
            "ENC(abc=)",
            "$__file{/run/x}",
            "$__env{LDAP_PW}",
            "<%= ENV[\"X\"] %>",
            "$(cat /run/x)",
            "vault:secret/data/x#y",
            "op://vault/item/field",
            "%TOKEN%",
            "%[var(txn.token)]",
            "arn:aws:secretsmanager:x",
            "{cipher}AQA",
            "[[ .secrets.db ]]",
            "{{ randAlphaNum 32 | b64enc }}",
            "process.env.TOKEN",
        ];
        check(&references, is_reference, true);
        let literals = [
            "{{ not a template }}",
            "${not_a_var}-Elm7",
            "%{also_not}-Elm8",
            "pe$ar back",
            "$ecretSauce",
            "a-${X}-b",
            "@home2",
            "100%",
            "$",
            "${open",
            "__init",
            "__quiet__",
            "@@@@",
            "##quiet otter##",
        ];
        check(&literals, is_reference, false);
    }
}
