//! What places of the store are called in a file that has names of its own: variables of Compose, keys of a class.

use crate::Reference;

/// Each place has one name, and each name one place.
#[derive(Debug, Default)]
pub(crate) struct Called(Vec<(Reference, String)>);

impl Called {
    /// The name that the place has, or else the first that is free: `wish`, `wish_2`. Upper and lower case are one:
    /// elsewhere the names may be all of one.
    pub(crate) fn name(&mut self, of: &Reference, wish: &str, is_free: impl Fn(&str) -> bool) -> String {
        if let Some((_, name)) = self.0.iter().find(|(it, _)| it == of) {
            return name.clone();
        }
        let mut name = wish.to_owned();
        let mut count = 1;
        while !is_free(&name) || self.0.iter().any(|(_, it)| it.eq_ignore_ascii_case(&name)) {
            count += 1;
            name = format!("{wish}_{count}");
        }
        self.0.push((of.clone(), name.clone()));
        name
    }

    /// Places and names, in the order in which they came.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&Reference, &str)> {
        self.0.iter().map(|(reference, name)| (reference, name.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_one_place() {
        let mut called = Called::default();
        let mut check = |path: &str, wish: &str, expected: &str| {
            let of = Reference { path: path.to_owned(), field: "x".to_owned() };
            assert_eq!(called.name(&of, wish, |it| it != "THEIRS"), expected);
        };
        check("a", "P", "P");
        check("b", "p", "p_2");
        check("a", "Q", "P");
        check("c", "THEIRS", "THEIRS_2");
    }
}
