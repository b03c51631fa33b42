//! Values that everybody knows, and that work as credentials all the same until somebody changes them.

use std::{collections::HashSet, sync::LazyLock};

/// What images, manuals and habits set; in lower case, without the numbers and signs behind.
const KNOWN: &str = "\
    admin administrator root toor user guest demo test testing tester dev develop developer development staging prod \
    password passw0rd passwd pass passwort pwd secret secrets supersecret topsecret mysecret mypassword mytoken token \
    changeme changeit change default letmein welcome login qwerty qwertyuiop asdf asdfgh abc abcd abcdef monkey dragon master \
    iloveyou sunshine princess football baseball shadow superman trustno hello hunter example sample dummy temp foo bar foobar foobared \
    postgres postgresql mysql mariadb mongo mongodb redis rabbitmq rabbit elastic elasticsearch kibana grafana minio minioadmin \
    nextcloud wordpress drupal joomla keycloak oracle tiger scott sa system manager sys ubuntu debian centos vagrant raspberry pi \
    ansible jenkins gitlab gitea nexus sonar sonarqube tomcat neo influx influxdb cassandra couchdb consul vault nomad traefik \
    docker kubernetes k8s app application api service backup replication repl airflow superset metabase odoo zabbix cacti nagios \
    calvin alpine pfsense ubnt cisco enable private public none nothing blank bitnami hadoop hive kafka nats mqtt mosquitto \
    localhost local internal insecure unsafe notsecure verysecret verysecure secure";

/// Random in looks, and in the files that their projects ship.
const SHIPPED: [&str; 4] = [
    // Grafana's stock key.
    "SW2YcwTIb9zpOOhoPsMm",
    // Azure's storage emulator.
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOTr/KBHBeksoGMGw==",
    // The Cosmos emulator.
    "C2y6yDjf5/R+ob0N8A7Cgv30VRDJIWEHLM+4QDU5DE2nQ9nDuVTqobD4b8mGGyPMbIZnqyMsEcaGQy67XIw/Jw==",
    // Symfony's recipes.
    "ThisTokenIsNotSoSecretChangeIt",
];

/// Longer texts are no words.
const LONGEST: usize = 48;

/// A row of letters that is no longer is a word that anybody tries.
const SHORT_WORD: usize = 7;

static WORDS: LazyLock<HashSet<&'static str>> = LazyLock::new(|| KNOWN.split_whitespace().collect());

/// A default, a word, or the name it stands under.
pub(super) fn is_weak(value: &str, name: &str) -> bool {
    is_known(value) || is_short_word(value) || is_name_itself(value, name) || SHIPPED.contains(&value)
}

/// Words of a manual's example; in a comment they are one.
pub(super) fn is_known(value: &str) -> bool {
    if value.is_empty() || value.len() > LONGEST {
        return false;
    }
    let lower = value.to_ascii_lowercase();
    let letters: String = lower.chars().filter(|it| it.is_alphanumeric()).collect();
    if letters.is_empty()
        || letters.contains("changeme")
        || letters.contains("changethis")
        || letters.contains("changeit")
    {
        return !letters.is_empty();
    }
    let bare = letters.trim_end_matches(|c: char| c.is_ascii_digit());
    is_row_of_digits(&letters)
        || WORDS.contains(bare)
        || WORDS.contains(letters.as_str())
        || lower
            .split(['-', '_', '.', ' ', '/', ':'])
            .all(|it| WORDS.contains(it.trim_end_matches(|c: char| c.is_ascii_digit())))
}

/// `1234`, `0000`: rows that anybody tries first.
fn is_row_of_digits(text: &str) -> bool {
    let digits = text.as_bytes();
    let steps = |step: u8| digits.iter().zip(digits.iter().skip(1)).all(|(a, b)| (b + 10 - a) % 10 == step);
    digits.len() >= 3 && digits.iter().all(u8::is_ascii_digit) && (steps(1) || steps(0) || steps(9))
}

fn is_short_word(value: &str) -> bool {
    value.len() <= SHORT_WORD && value.bytes().all(|it| it.is_ascii_lowercase())
}

fn is_name_itself(value: &str, name: &str) -> bool {
    let is_word = name.split(|c: char| !c.is_alphanumeric()).any(|it| it.eq_ignore_ascii_case(value));
    value.len() >= 3 && (is_word || name.eq_ignore_ascii_case(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(values: &[&str], expected: bool) {
        for value in values {
            assert_eq!(is_weak(value, "ACME_PASSWORD"), expected, "{value}");
        }
    }

    #[test]
    fn defaults_that_everyone_knows_are_weak() {
        check(
            &[
                "changeme",
                "CHANGE_ME_IN_PRODUCTION",
                "admin123",
                "postgres",
                "Password1!",
                "guest",
                "minioadmin",
                "repl",
                "acme",
                "123456",
                "0000",
                "987654",
                "root",
                "super-secret-changeme",
                "test_password",
                "SW2YcwTIb9zpOOhoPsMm",
                "gitea",
            ],
            true,
        );
        check(
            &[
                "hollyhock7",
                "Sorrel*Anvil-83",
                "Gr4nite+Harbour",
                "48213907",
                "q u o t e d",
                "correct horse battery",
            ],
            false,
        );
    }

    #[test]
    fn every_known_word_is_one_that_is_looked_up() {
        assert!(KNOWN.split_whitespace().all(is_known));
    }
}
