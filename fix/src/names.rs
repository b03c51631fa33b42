//! Under which path and field of the store a value goes.

use std::collections::BTreeMap;

use strongroom_scan::{Finding, Kind};

use crate::{Options, Reference};

/// A value that needs a place in the store.
#[derive(Clone, Debug)]
pub(crate) struct Want<'a> {
    /// Who reads it and nobody else: a job, an object of Kubernetes. Its name's parts, the outermost first; none where
    /// the file has one reader.
    pub(crate) owner: Vec<&'a str>,
    /// Group and task of a job.
    pub(crate) within: Vec<&'a str>,
    /// The name that the value has in the file.
    pub(crate) key: &'a str,
    /// The name is that of a URL, and the value the password in it.
    pub(crate) is_part: bool,
    pub(crate) value: &'a str,
}

/// The places of all values of one file.
#[derive(Debug)]
pub(crate) struct Names {
    references: Vec<Reference>,
}

impl Names {
    /// The same value gets one place. One owner's is the innermost scope that all its users share. What several owners
    /// have gets a path of its own, so that each may read that value and no other. Two values of one name get two
    /// fields, and a field that the store has with another value is not free.
    pub(crate) fn new(home: &[String], wants: &[Want<'_>], options: &Options) -> Self {
        let mut taken =
            Taken(options.taken.iter().map(|(name, value)| (name.clone(), value.expose())).collect());
        let mut places: BTreeMap<&str, Reference> = BTreeMap::new();
        let mut references = Vec::with_capacity(wants.len());
        for want in wants {
            let reference = places.entry(want.value).or_insert_with(|| {
                let users: Vec<&Want<'_>> = wants.iter().filter(|it| it.value == want.value).collect();
                let wish = field(&users);
                let owner = common(users.iter().map(|it| it.owner.as_slice()));
                let path = |rest: &[&str]| {
                    let rest = owner.iter().chain(rest).map(|it| segment(it));
                    home.iter().cloned().chain(rest).collect::<Vec<_>>().join("/")
                };
                if users.iter().all(|it| it.owner == owner) {
                    let path = path(common(users.iter().map(|it| it.within.as_slice())));
                    let field = taken.take(&wish, want.value, |_| path.clone());
                    Reference { path, field }
                } else {
                    let shared = path(&[SHARED]);
                    let field = taken.take(&wish, want.value, |field| format!("{shared}/{field}"));
                    Reference { path: format!("{shared}/{field}"), field }
                }
            });
            references.push(reference.clone());
        }
        Self { references }
    }

    /// Where the value of this want goes.
    pub(crate) fn of(&self, want: usize) -> Option<&Reference> {
        self.references.get(want)
    }

    pub(crate) fn all(self) -> Vec<Reference> {
        self.references
    }
}

/// Below it lies what several workloads have.
const SHARED: &str = "shared";

/// What all of them begin with.
fn common<'s, 'a>(mut scopes: impl Iterator<Item = &'s [&'a str]>) -> &'s [&'a str] {
    let mut shared = scopes.next().unwrap_or(&[]);
    for scope in scopes {
        let length = shared.iter().zip(scope).take_while(|(one, other)| one == other).count();
        shared = shared.get(..length).unwrap_or(&[]);
    }
    shared
}

/// Which fields have which values.
struct Taken<'a>(BTreeMap<(String, String), &'a str>);

impl<'a> Taken<'a> {
    /// The first field that is free for this value: `NAME`, `NAME_2`. The path may hang on it.
    fn take(&mut self, wish: &str, value: &'a str, path: impl Fn(&str) -> String) -> String {
        let mut field = wish.to_owned();
        let mut count = 1;
        while self.has_another(&path(&field), &field, value) {
            count += 1;
            field = format!("{wish}_{count}");
        }
        self.0.insert((path(&field), field.clone()), value);
        field
    }

    /// Fields become variables and files, whose names are all upper or all lower case.
    fn has_another(&self, path: &str, field: &str, value: &str) -> bool {
        let of_path = self.0.range((path.to_owned(), String::new())..);
        of_path
            .take_while(|((it, _), _)| it == path)
            .any(|((_, it), other)| it.eq_ignore_ascii_case(field) && *other != value)
    }
}

/// A name as a part of a path that needs no escape in a URL, a policy or a template.
pub(crate) fn segment(name: &str) -> String {
    let safe: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '-' }).collect();
    // `.` and `..` are no names in a path.
    if safe.is_empty() || safe.chars().all(|c| c == '.') { "unnamed".to_owned() } else { safe }
}

/// Whether what a finding's key names is more than the secret: of `DATABASE_URL` it is the password.
pub(crate) fn is_part(finding: &Finding) -> bool {
    let key = finding.key.to_ascii_lowercase();
    let says_so = ["auth", "key", "pass", "pw", "secret", "token"].iter().any(|it| key.contains(it));
    finding.kind == Kind::ConnectionUrl && !says_so
}

/// A password's own name rather than that of a URL that has it within; and if there is only that, then as what it is in
/// it.
fn field(users: &[&Want<'_>]) -> String {
    let own = users.iter().find(|it| !it.is_part && !is_of_url(&safe_field(it.key)));
    let name = own.or(users.first()).map(|it| (safe_field(it.key), it.is_part));
    match name.unwrap_or_default() {
        (name, true) if name.contains(|it: char| it.is_ascii_lowercase()) => format!("{name}_password"),
        (name, true) => format!("{name}_PASSWORD"),
        (name, false) => name,
    }
}

fn is_of_url(field: &str) -> bool {
    let upper = field.to_ascii_uppercase();
    ["URL", "URI", "DSN", "JDBC"].iter().any(|it| upper.ends_with(it))
}

/// As one word of a shell: names of files stand in commands that people paste.
pub(crate) fn word(name: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "-_./:=+,@%".contains(c);
    if name.chars().all(is_plain) { name.to_owned() } else { format!("'{}'", name.replace('\'', r"'\''")) }
}

pub(crate) fn safe_field(key: &str) -> String {
    let mut safe = String::with_capacity(key.len());
    for c in key.chars() {
        match c {
            c if c.is_ascii_alphanumeric() => safe.push(c),
            _ if safe.is_empty() || safe.ends_with('_') && c != '_' => {}
            _ => safe.push('_'),
        }
    }
    let safe = safe.trim_end_matches('_');
    match safe.chars().next() {
        None => "value".to_owned(),
        // A template's field begins with a letter.
        Some(first) if first.is_ascii_digit() => format!("_{safe}"),
        Some(_) => safe.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use strongroom_scan::Value;

    use super::*;

    /// Each want is `owner:within key value`, a key with `^` one that names more than its value; each place is
    /// `path#field`.
    #[track_caller]
    fn check(home: &[&str], options: &Options, wants: &[&'static str], expected: &[&str]) {
        let wants: Vec<Want<'_>> = wants
            .iter()
            .map(|it| {
                let words: Vec<&str> = it.split(' ').collect();
                let parts = |it: &'static str| it.split('/').filter(|it| !it.is_empty()).collect();
                let (owner, within) = words[0].split_once(':').unwrap();
                let (key, is_part) = words[1].strip_suffix('^').map_or((words[1], false), |it| (it, true));
                Want { owner: parts(owner), within: parts(within), key, is_part, value: words[2] }
            })
            .collect();
        let home: Vec<String> = home.iter().map(|it| (*it).to_owned()).collect();
        let names = Names::new(&home, &wants, options);
        let places: Vec<String> = (0..wants.len())
            .map(|it| names.of(it).map(|it| format!("{}#{}", it.path, it.field)).unwrap())
            .collect();
        assert_eq!(places, expected);
    }

    fn check_plain(wants: &[&'static str], expected: &[&str]) {
        check(&[], &Options::default(), wants, expected);
    }

    #[test]
    fn the_same_value_has_one_place_that_all_its_users_share() {
        check_plain(&["j:g/t A x", "j:g/t A x"], &["j/g/t#A", "j/g/t#A"]);
        check_plain(&["j:g/t A x", "j:g/u B x"], &["j/g#A", "j/g#A"]);
        check_plain(&["j:g/t A x", "j:h/t A x", "j:g/t B y"], &["j#A", "j#A", "j/g/t#B"]);
        check_plain(&["j:g/t DATABASE_URL x", "j:g/t DB_PASS x"], &["j/g/t#DB_PASS"; 2]);
        check_plain(
            &["j:g/t DATABASE_URL^ x", "j:g/t db.url^ y"],
            &["j/g/t#DATABASE_URL_PASSWORD", "j/g/t#db_url_password"],
        );
        check_plain(&["j:g/t DATABASE_URL^ x", "j:g/t DB_PASS x"], &["j/g/t#DB_PASS"; 2]);
        check(&["env", "e"], &Options::default(), &[": A x", ": B y"], &["env/e#A", "env/e#B"]);
    }

    // Rule 118: whoever shares one value with another reads that value, and nothing else of the other's.
    #[test]
    fn what_several_owners_have_lies_by_itself() {
        check_plain(&["j:g A x", "k:g A x"], &["shared/A#A"; 2]);
        check_plain(&["n/j: A x", "n/k: B x"], &["n/shared/A#A"; 2]);
        check_plain(
            &["n/j: A x", "n/k: A x", "n/k: A y", "n/l: A y", "n/j: C z"],
            &["n/shared/A#A", "n/shared/A#A", "n/shared/A_2#A_2", "n/shared/A_2#A_2", "n/j#C"],
        );
        let taken = [(("shared/A".to_owned(), "A".to_owned()), Value::new("other"))];
        let options = Options { taken: taken.into(), ..Options::default() };
        check(&[], &options, &["j: A x", "k: A x"], &["shared/A_2#A_2"; 2]);
    }

    #[test]
    fn another_value_gets_another_field() {
        check_plain(&["j:t A x", "j:t A y", "j:t A z"], &["j/t#A", "j/t#A_2", "j/t#A_3"]);
        check_plain(&["j:t A x", "j:t a y", "j:t B x"], &["j/t#A", "j/t#a_2", "j/t#A"]);
        check_plain(&["j:t A x", "j:u A y"], &["j/t#A", "j/u#A"]);
    }

    #[test]
    fn what_the_store_has_is_kept() {
        let has = |field: &str, value: &str| (("j/t".to_owned(), field.to_owned()), Value::new(value));
        let options = Options { taken: [has("A", "old"), has("A_2", "x")].into(), ..Options::default() };
        check(&[], &options, &["j:t A x", "j:t A y"], &["j/t#A_2", "j/t#A_3"]);
        check(&[], &options, &["j:t A old"], &["j/t#A"]);
    }

    #[test]
    fn a_word_of_a_command_is_one_whatever_it_is_called() {
        let check = |name: &str, expected: &str| assert_eq!(word(name), expected);
        check("deploy/values-büro.yaml", "deploy/values-büro.yaml");
        check("my file.yaml:/run/my file.yaml", "'my file.yaml:/run/my file.yaml'");
        check("$(id) `id`;x.yaml", "'$(id) `id`;x.yaml'");
        check("it's", r"'it'\''s'");
    }

    #[test]
    fn names_are_made_safe() {
        check_plain(&["büro:a:b/.. --db-password x"], &["b-ro/a-b/unnamed#db_password"]);
        check_plain(&["j:t 2fa.secret x", "j:t ключ y"], &["j/t#_2fa_secret", "j/t#value"]);
        check_plain(&["j:t A__B x", "j:t auth.users[0] y"], &["j/t#A__B", "j/t#auth_users_0"]);
    }
}
