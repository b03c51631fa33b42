//! The short spelling: `PATH[#FIELD][=NAME]`, with blanks or line ends between, as `secret inject` takes them.

use strongroom_inject::FileName;

use crate::{
    Error,
    objects::{Ask, Encoding, MOST, Object, Path, Pick, Verb, is_path},
};

/// The attribute `secrets`.
pub(crate) fn parse(text: &str) -> Result<Vec<Object>, Error> {
    let typed: Vec<&str> = text.split_whitespace().collect();
    if typed.len() > MOST {
        return Err(Error::Large("the number of secrets"));
    }
    typed.iter().enumerate().map(|(at, typed)| object(typed, at + 1)).collect()
}

/// The last `=` separates the name, the last `#` before it the field.
fn object(typed: &str, number: usize) -> Result<Object, Error> {
    let wrong = |why| Error::Object { number, why };
    let (place, name) = match typed.rsplit_once('=') {
        Some((_, "")) => return Err(wrong("no name behind `=`")),
        Some((place, name)) => (place, Some(name)),
        None => (typed, None),
    };
    let (path, field) = match place.rsplit_once('#') {
        Some((_, "")) => return Err(wrong("no field behind `#`")),
        Some((path, field)) => (path, Some(field)),
        None => (place, None),
    };
    let path = path.trim_matches('/');
    if !is_path(path) {
        return Err(wrong("its path cannot be one"));
    }
    let own = path.rsplit('/').next().unwrap_or_default();
    let pick = match (field, name) {
        (Some(key), Some(name)) => Pick::Field { key: key.to_owned(), file: name.to_owned() },
        (Some(key), None) if key.contains('/') => {
            return Err(wrong("its field has a slash in its name: name the file with PATH#FIELD=NAME"));
        }
        (Some(key), None) => Pick::Field { key: key.to_owned(), file: format!("{own}/{key}") },
        (None, name) => Pick::Typed(name.unwrap_or(own).to_owned()),
    };
    let (Pick::Field { file, .. } | Pick::Typed(file)) = &pick else {
        return Err(wrong("its path cannot be one"));
    };
    FileName::parse(file).map_err(|source| Error::Name { number, source })?;
    let ask =
        Ask { path: Path::Typed(path.to_owned()), query: Vec::new(), method: Verb::Get, body: String::new() };
    Ok(Object { ask, pick, encoding: Encoding::Text, mode: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, path: &str, pick: Pick) {
        let objects = parse(text).unwrap();
        assert_eq!((&objects[0].ask.path, &objects[0].pick), (&Path::Typed(path.into()), &pick), "{text}");
    }

    #[test]
    fn secrets_are_spelled_as_for_secret_inject() {
        let field = |key: &str, file: &str| Pick::Field { key: key.into(), file: file.into() };
        check("apps/shop/db", "apps/shop/db", Pick::Typed("db".into()));
        check("/db/", "db", Pick::Typed("db".into()));
        check("db=pg", "db", Pick::Typed("pg".into()));
        check("apps/db#password", "apps/db", field("password", "db/password"));
        check("db#password=pg/pass", "db", field("password", "pg/pass"));
        assert_eq!(parse(" a\n\tb#c \n").unwrap().len(), 2);
        assert!(parse("").unwrap().is_empty());
    }

    // Rules 114, 121
    #[test]
    fn what_cannot_be_meant_is_refused_by_its_number() {
        for (text, why) in [
            ("a b=../x", "object 2: a file's name begins with two dots"),
            ("a=/etc/passwd", "object 1: a file's name must not begin with a slash"),
            ("a/..", "object 1: its path cannot be one"),
            ("a\0b", "object 1: its path cannot be one"),
            ("..data", "object 1: a file's name begins with two dots"),
            ("a=", "object 1: no name behind"),
            ("a#=x", "object 1: no field behind"),
            ("#f=x", "object 1: its path cannot be one"),
            ("a#b/c", "object 1: its field has a slash"),
        ] {
            let error = parse(text).unwrap_err().to_string();
            assert!(error.starts_with(why), "{text}: {error}");
        }
        assert!(matches!(parse(&"a ".repeat(MOST + 1)), Err(Error::Large(_))));
    }
}
