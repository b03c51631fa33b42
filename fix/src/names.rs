//! Under which path and field of the store a value goes.

use std::collections::BTreeMap;

use strongroom_scan::Finding;

use crate::{Options, Reference};

/// A value that needs a place in the store.
#[derive(Clone, Debug)]
pub struct Want<'a> {
    /// Job, group and task, or whatever the file has of this kind; the outermost first.
    pub scope: Vec<&'a str>,
    /// The name that the value has in the file.
    pub key: &'a str,
    pub value: &'a str,
}

/// The places of all values of one file.
#[derive(Debug)]
pub struct Names {
    references: Vec<Reference>,
}

impl Names {
    /// The same value gets one place: the innermost scope that all its users share. Two values of one name
    /// in one scope get two fields, and a field that the store has with another value is not free.
    #[must_use]
    pub fn new(wants: &[Want<'_>], options: &Options) -> Self {
        let mut taken: BTreeMap<(String, String), &str> =
            options.taken.iter().map(|(name, value)| (name.clone(), value.expose())).collect();
        let mut places: BTreeMap<&str, Reference> = BTreeMap::new();
        let mut references = Vec::with_capacity(wants.len());
        for want in wants {
            let reference = places.entry(want.value).or_insert_with(|| {
                let users: Vec<&Want<'_>> = wants.iter().filter(|it| it.value == want.value).collect();
                let path = path(&users, options.prefix.as_deref());
                let field = free_field(&mut taken, &path, &field(&users), want.value);
                Reference { path, field }
            });
            references.push(reference.clone());
        }
        Self { references }
    }

    /// Where the value of this want goes.
    #[must_use]
    pub fn of(&self, want: usize) -> Option<&Reference> {
        self.references.get(want)
    }
}

/// The places of findings of a file that has one scope, each with what is stored for it.
pub(crate) fn places<'a>(
    scope: &[&'a str],
    findings: impl Iterator<Item = (&'a Finding, &'a str)>,
    options: &Options,
) -> Vec<Reference> {
    let wants: Vec<Want<'_>> =
        findings.map(|(finding, value)| Want { scope: scope.to_vec(), key: &finding.key, value }).collect();
    Names::new(&wants, options).references
}

/// The scopes that all users share.
fn path(users: &[&Want<'_>], prefix: Option<&str>) -> String {
    let mut shared: &[&str] = users.first().map_or(&[], |it| &it.scope);
    for user in users {
        let length = shared.iter().zip(&user.scope).take_while(|(one, other)| one == other).count();
        shared = shared.get(..length).unwrap_or(&[]);
    }
    // Values of two jobs in one file still have a place.
    let first = match (prefix, shared.first()) {
        (Some(prefix), _) => prefix.trim_matches('/').to_owned(),
        (None, Some(first)) => segment(first),
        (None, None) => "shared".to_owned(),
    };
    let rest = shared.iter().skip(1).map(|it| segment(it));
    std::iter::once(first).chain(rest).collect::<Vec<_>>().join("/")
}

/// A name as a part of a path that needs no escape in a URL, a policy or a template.
pub(crate) fn segment(name: &str) -> String {
    let safe: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '-' }).collect();
    // `.` and `..` are no names in a path.
    if safe.is_empty() || safe.chars().all(|c| c == '.') { "unnamed".to_owned() } else { safe }
}

/// A password's own name rather than that of a URL that has it within.
fn field(users: &[&Want<'_>]) -> String {
    let names: Vec<String> = users.iter().map(|it| safe_field(it.key)).collect();
    let own = names.iter().find(|it| !is_of_url(it)).or(names.first());
    own.cloned().unwrap_or_default()
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

fn free_field<'a>(
    taken: &mut BTreeMap<(String, String), &'a str>,
    path: &str,
    wish: &str,
    value: &'a str,
) -> String {
    let mut field = wish.to_owned();
    let mut count = 1;
    loop {
        match taken.get(&(path.to_owned(), field.clone())) {
            Some(other) if *other != value => {
                count += 1;
                field = format!("{wish}_{count}");
            }
            _ => {
                taken.insert((path.to_owned(), field.clone()), value);
                return field;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use strongroom_scan::Value;

    use super::*;

    /// Each want is `scope key value`; each place is `path#field`.
    #[track_caller]
    fn check(options: &Options, wants: &[&str], expected: &[&str]) {
        let wants: Vec<Want<'_>> = wants
            .iter()
            .map(|it| {
                let words: Vec<&str> = it.split(' ').collect();
                Want { scope: words[0].split('/').collect(), key: words[1], value: words[2] }
            })
            .collect();
        let names = Names::new(&wants, options);
        let places: Vec<String> = (0..wants.len())
            .map(|it| names.of(it).map(|it| format!("{}#{}", it.path, it.field)).unwrap())
            .collect();
        assert_eq!(places, expected);
    }

    #[test]
    fn the_same_value_has_one_place_that_all_its_users_share() {
        let options = Options::default();
        check(&options, &["j/g/t A x", "j/g/t A x"], &["j/g/t#A", "j/g/t#A"]);
        check(&options, &["j/g/t A x", "j/g/u B x"], &["j/g#A", "j/g#A"]);
        check(&options, &["j/g/t A x", "j/h/t A x", "j/g/t B y"], &["j#A", "j#A", "j/g/t#B"]);
        check(&options, &["j/g/t A x", "k/g/t A x"], &["shared#A", "shared#A"]);
        check(&options, &["j/g/t DATABASE_URL x", "j/g/t DB_PASS x"], &["j/g/t#DB_PASS"; 2]);
        check(&options, &["j/g/t DATABASE_URL x"], &["j/g/t#DATABASE_URL"]);
    }

    #[test]
    fn another_value_gets_another_field() {
        let options = Options::default();
        check(&options, &["j/t A x", "j/t A y", "j/t A z"], &["j/t#A", "j/t#A_2", "j/t#A_3"]);
        check(&options, &["j/t A x", "j/u A y"], &["j/t#A", "j/u#A"]);
    }

    #[test]
    fn what_the_store_has_is_kept() {
        let has = |field: &str, value: &str| (("j/t".to_owned(), field.to_owned()), Value::new(value));
        let options = Options { taken: [has("A", "old"), has("A_2", "x")].into(), ..Options::default() };
        check(&options, &["j/t A x", "j/t A y"], &["j/t#A_2", "j/t#A_3"]);
        check(&options, &["j/t A old"], &["j/t#A"]);
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
        let options = Options::default();
        check(&options, &["büro/a:b/.. --db-password x"], &["b-ro/a-b/unnamed#db_password"]);
        check(&options, &["j/t 2fa.secret x", "j/t ключ y"], &["j/t#_2fa_secret", "j/t#value"]);
        check(&options, &["j/t A__B x", "j/t auth.users[0] y"], &["j/t#A__B", "j/t#auth_users_0"]);
        let prefixed = Options { prefix: Some("default/shop/".to_owned()), ..options };
        check(&prefixed, &["j/g/t A x", "k A y"], &["default/shop/g/t#A", "default/shop#A"]);
    }
}
