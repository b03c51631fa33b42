//! A name's words: `DB_PASSWORD`, `db.password`, `dbPassword` and `--db-password` have the same two.

use super::vocabulary::role;
use crate::needles::ending;

/// Of a longer name only the end is read.
const LONGEST: usize = 200;

/// Words that are often written onto the one before: `requirepass`, `clientsecret`, `rootpw`.
const GLUED: [&str; 17] = [
    "credential",
    "passphrase",
    "passcode",
    "password",
    "passwort",
    "kennwort",
    "passwd",
    "secret",
    "token",
    "pass",
    "auth",
    "cookie",
    "pwd",
    "psk",
    "pw",
    "hash",
    "salt",
];

/// What stands glued behind a telling word and takes its meaning: `passwordfile`, `tokenttl`.
const GLUED_ENDS: [&str; 15] = [
    "filename", "file", "path", "policy", "length", "name", "type", "hash", "url", "uri", "dir", "ref",
    "ttl", "id", "key",
];

/// Before a glued `key`; every other word that ends so is a word of its own (`monkey`).
const GLUED_KEYS: [&str; 22] = [
    "api",
    "encrypt",
    "access",
    "secret",
    "private",
    "priv",
    "public",
    "pub",
    "auth",
    "sign",
    "signing",
    "encryption",
    "master",
    "app",
    "license",
    "licence",
    "ssh",
    "host",
    "session",
    "site",
    "preshared",
    "shared",
];

/// English words that end in a telling one.
const WHOLE: [&str; 15] = [
    "1password",
    "bypass",
    "notbypass",
    "compass",
    "encompass",
    "overpass",
    "surpass",
    "trespass",
    "underpass",
    "multipass",
    "oauth",
    "rehash",
    "basalt",
    "htpasswd",
    "nopassword",
];

/// The words of one name, in lower case.
#[derive(Debug, Default)]
pub(super) struct Words {
    text: String,
    ends: Vec<usize>,
}

impl Words {
    pub(super) fn of(name: &str) -> Self {
        let mut words =
            Self { text: String::with_capacity(name.len().min(LONGEST)), ends: Vec::with_capacity(8) };
        let mut cut = name.len().saturating_sub(LONGEST);
        while !name.is_char_boundary(cut) {
            cut += 1;
        }
        for part in name.get(cut..).unwrap_or("").split(is_separator) {
            words.camel(part);
        }
        words
    }

    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = &str> + '_ {
        (0..self.ends.len()).map(|it| self.word(it))
    }

    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// Empty where there is none.
    pub(super) fn word(&self, at: usize) -> &str {
        let start = at.checked_sub(1).and_then(|it| self.ends.get(it)).copied().unwrap_or(0);
        self.ends.get(at).and_then(|end| self.text.get(start..*end)).unwrap_or("")
    }

    /// `aBc` and `ABc` are two words, but not `OAuth`.
    fn camel(&mut self, part: &str) {
        let mut start = 0;
        let mut before: Option<char> = None;
        let mut chars = part.char_indices().peekable();
        while let Some((at, c)) = chars.next() {
            let lower_next = chars.peek().is_some_and(|(_, next)| next.is_lowercase());
            let begins = before.is_some_and(|before| {
                c.is_uppercase() && (before.is_lowercase() || before.is_ascii_digit() || lower_next)
            });
            if begins && part.get(start..at) != Some("O") {
                self.glued(part.get(start..at).unwrap_or(""));
                start = at;
            }
            before = Some(c);
        }
        self.glued(part.get(start..).unwrap_or(""));
    }

    fn glued(&mut self, word: &str) {
        let start = self.text.len();
        if word.is_ascii() {
            self.text.extend(word.bytes().map(|it| char::from(it.to_ascii_lowercase())));
        } else {
            // The dot that a Turkish small i keeps is none of the word.
            self.text.extend(word.chars().flat_map(char::to_lowercase).filter(|it| *it != '\u{307}'));
        }
        let word = self.text.get(start..).unwrap_or("");
        if word.is_empty() {
            return;
        }
        let (cuts, end) = (seams(word), self.text.len());
        self.ends.extend(cuts.into_iter().map(|it| start + it));
        self.ends.push(end);
    }
}

/// Marks that combine with a letter are part of a word, in scripts that need them.
fn is_separator(c: char) -> bool {
    if c.is_ascii() {
        !c.is_ascii_alphanumeric()
    } else {
        c.is_whitespace() || matches!(c, '\u{2000}'..='\u{206f}' | '\u{3000}'..='\u{303f}')
    }
}

/// Where a word of several begins anew.
fn seams(word: &str) -> Vec<usize> {
    let bare = word.trim_end_matches(|c: char| c.is_ascii_digit());
    let bare = bare.strip_suffix('s').filter(|it| !it.ends_with('s') && !it.ends_with("pas")).unwrap_or(bare);
    let mut found = Vec::new();
    if bare.len() >= 4 && role(bare).is_none() {
        let with_end = GLUED_ENDS
            .iter()
            .filter(|it| it.as_bytes().last() == bare.as_bytes().last())
            .find_map(|end| bare.strip_suffix(end).filter(|it| telling(it, &mut found)));
        match with_end {
            Some(rest) => found.push(rest.len()),
            None => drop(telling(bare, &mut found)),
        }
    }
    found.retain(|it| *it > 0);
    found
}

/// Whether the word ends in a telling one, and where that and its qualifier begin.
fn telling(word: &str, found: &mut Vec<usize>) -> bool {
    if word.len() < 4 || WHOLE.contains(&word) {
        return false;
    }
    if let Some(rest) = word.strip_suffix("key")
        && let Some(qualifier) = ending(rest, &GLUED_KEYS)
    {
        found.extend([rest.len() - qualifier.len(), rest.len()]);
        return true;
    }
    match ending(word, &GLUED).and_then(|it| word.strip_suffix(it)) {
        // `dbpw` is a password, `tpw` is none.
        Some(rest) if rest.is_empty() || rest.len() >= 2 || word.len() >= 6 => {
            found.push(rest.len());
            true
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, words: &str) {
        assert_eq!(Words::of(name).iter().collect::<Vec<_>>().join(" "), words, "{name}");
    }

    #[test]
    fn names_come_apart_at_every_convention() {
        check("DB_PASSWORD", "db password");
        check("--db-password", "db password");
        check("spring.datasource.password[0]", "spring datasource password 0");
        check("GITEA__database__PASSWD", "gitea database passwd");
        check("dbPassword", "db password");
        check("DBPassword", "db password");
        check("s3SecretKey2", "s3 secret key2");
        check("OAuthToken", "oauth token");
        check("MÄSTER_Schlüssel", "mäster schlüssel");
        check("ŞİFRE", "şifre");
        check("पासवर्ड_डेटाबेस", "पासवर्ड डेटाबेस");
        check("", "");
        check("---", "");
    }

    #[test]
    fn words_written_as_one_come_apart_too() {
        check("PGPASSWORD", "pg password");
        check("requirepass", "require pass");
        check("rootpw", "root pw");
        check("APIKEY", "api key");
        check("myapikeys", "my api keys");
        check("secretaccesskey", "secret access key");
        check("passwordfile", "password file");
        check("authtokenttl", "auth token ttl");
        check("keystorePassword", "keystore password");
    }

    #[test]
    fn words_that_only_end_so_stay_whole() {
        check("monkey", "monkey");
        check("BYPASS", "bypass");
        check("apt_1password", "apt 1password");
        check("compass", "compass");
        check("profile", "profile");
        check("tokenizer", "tokenizer");
        check("passthrough", "passthrough");
        check("oauth", "oauth");
        check("passes", "passes");
    }

    #[test]
    fn only_the_end_of_an_endless_name_is_read() {
        let name = format!("{}_password", "ä".repeat(100_000));
        let words = Words::of(&name);
        assert_eq!(words.iter().next_back(), Some("password"));
        assert!(words.text.len() <= LONGEST);
    }
}
