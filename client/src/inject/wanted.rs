//! What a person asks for: `PATH[#FIELD][=NAME]`.

use serde_json::{Map, Value};
use strongroom_sdk::SecretString;

use crate::{failure::Failure, output::text};
use strongroom_inject::{Error, FileName, Files};

/// The field that `secret put PATH` stores, for secrets that have but one value.
const VALUE: &str = "value";

/// A secret, or a field of one, and what it is to be called.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Wanted {
    pub(crate) path: String,
    pub(crate) field: Option<String>,
    pub(crate) name: Option<String>,
}

impl std::str::FromStr for Wanted {
    type Err = &'static str;

    /// The last `=` separates the name, the last `#` before it the field.
    fn from_str(typed: &str) -> Result<Self, Self::Err> {
        let (place, name) = match typed.rsplit_once('=') {
            Some((_, "")) => return Err("no name behind `=`"),
            Some((place, name)) => (place, Some(name.to_owned())),
            None => (typed, None),
        };
        let (path, field) = match place.rsplit_once('#') {
            Some((_, "")) => return Err("no field behind `#`"),
            Some((path, field)) => (path, Some(field.to_owned())),
            None => (place, None),
        };
        let path = path.trim_matches('/');
        if path.is_empty() {
            return Err("no path");
        }
        Ok(Self { path: path.to_owned(), field, name })
    }
}

impl Wanted {
    /// The last segment of the path.
    fn own_name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or_default()
    }

    /// What is wanted of a secret's fields, by field.
    pub(crate) fn pick(&self, fields: &Map<String, Value>) -> Result<Vec<(String, SecretString)>, Failure> {
        let picked = |name: &String, value: &Value| (name.clone(), SecretString::new(text(value)));
        let Some(field) = &self.field else {
            return Ok(fields.iter().map(|(name, value)| picked(name, value)).collect());
        };
        let value = fields.get(field).ok_or_else(|| {
            let known: Vec<&str> = fields.keys().map(String::as_str).collect();
            Failure::new(format!("{} has no field `{field}`", self.path))
                .hint(format!("it has: {}", known.join(", ")))
        })?;
        Ok(vec![picked(field, value)])
    }

    /// A secret that was stored with `secret put PATH`: one value, which is called what the secret is called.
    fn is_plain(&self, picked: &[(String, SecretString)]) -> bool {
        self.field.is_none() && picked.len() == 1 && picked.iter().all(|(field, _)| field == VALUE)
    }

    /// Adds the files for what was picked: `NAME/FIELD` for each field, where NAME is the path's last segment
    /// unless another was given. A name given for one field is the file's own, and so is that of a secret
    /// whose only field is `value`.
    pub(crate) fn add_to(&self, files: &mut Files, picked: Vec<(String, SecretString)>) -> Result<(), Error> {
        let is_plain = self.is_plain(&picked);
        let is_whole = self.field.is_none() && !is_plain;
        for (field, value) in picked {
            let name = match &self.name {
                Some(name) if is_whole => format!("{name}/{field}"),
                Some(name) => name.clone(),
                None if is_plain => self.own_name().to_owned(),
                None => format!("{}/{field}", self.own_name()),
            };
            // A field's name is what somebody stored: it is one segment here, or nothing.
            if field.contains('/') && (self.name.is_none() || is_whole) {
                return Err(Error::Field { path: self.path.clone() });
            }
            files.add(FileName::parse(&name)?, value)?;
        }
        Ok(())
    }

    // Rule 117
    /// The variables for what was picked: `NAME_FIELD` for each field, in capitals, where NAME is the path's last
    /// segment unless another was given. As with files, a name given for one value is the variable's own.
    ///
    /// A field is never called as it is: too many names have a program execute what they hold (`NODE_OPTIONS`,
    /// `PERL5OPT`, `PYTHONSTARTUP`, ...) for any list to be whole.
    pub(crate) fn variables(
        &self,
        picked: Vec<(String, SecretString)>,
    ) -> Result<Vec<(String, SecretString)>, Failure> {
        let is_plain = self.is_plain(&picked);
        let own = self.name.as_deref().unwrap_or_else(|| self.own_name());
        let mut variables = Vec::new();
        for (field, value) in picked {
            let chosen = self.name.as_ref().filter(|_| is_plain || self.field.is_some());
            let name = match chosen {
                Some(name) => name.clone(),
                None if is_plain => in_capitals(own),
                None => format!("{}_{}", in_capitals(own), in_capitals(&field)),
            };
            if !is_variable(&name) {
                return Err(Failure::new(format!("{} has no name that a variable can have", self.path))
                    .hint("write PATH=NAME or PATH#FIELD=NAME, with a name of letters, digits and _"));
            }
            if chosen.is_none() && commands_a_program(&name) {
                return Err(Failure::new(format!("{name} would change which programs run"))
                    .hint("if that is what you mean, write PATH#FIELD=NAME"));
            }
            if value.expose().contains('\0') {
                return Err(Failure::new(format!("{name} has a zero byte, which no variable can hold")));
            }
            variables.push((name, value));
        }
        Ok(variables)
    }
}

fn in_capitals(name: &str) -> String {
    name.chars().map(|it| if it.is_ascii_alphanumeric() { it.to_ascii_uppercase() } else { '_' }).collect()
}

fn is_variable(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with(|it: char| it.is_ascii_digit())
        && name.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'_')
}

/// The best known names that a field could still complete, where a secret is called `ld`, `git` or `node`. Not
/// what keeps whoever writes a secret from choosing what is executed: the name before the field does.
fn commands_a_program(name: &str) -> bool {
    const BEGIN: [&str; 3] = ["DYLD_", "GIT_CONFIG_", "LD_"];
    const WHOLE: [&str; 19] = [
        "BASH_ENV",
        "ENV",
        "GIT_ASKPASS",
        "GIT_EDITOR",
        "GIT_EXEC_PATH",
        "GIT_EXTERNAL_DIFF",
        "GIT_PAGER",
        "GIT_PROXY_COMMAND",
        "GIT_SSH",
        "GIT_SSH_COMMAND",
        "GRADLE_OPTS",
        "IFS",
        "JAVA_TOOL_OPTIONS",
        "MAVEN_OPTS",
        "NODE_OPTIONS",
        "NODE_PATH",
        "PATH",
        "PROMPT_COMMAND",
        "SSH_ASKPASS",
    ];
    BEGIN.iter().any(|it| name.starts_with(it)) || WHOLE.contains(&name)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check_parse(typed: &str, path: &str, field: Option<&str>, name: Option<&str>) {
        let parsed: Wanted = typed.parse().unwrap();
        let expected =
            Wanted { path: path.to_owned(), field: field.map(str::to_owned), name: name.map(str::to_owned) };
        assert_eq!(parsed, expected);
    }

    #[test]
    fn what_is_wanted_is_a_path_a_field_and_a_name() {
        check_parse("db", "db", None, None);
        check_parse("/apps/shop/db/", "apps/shop/db", None, None);
        check_parse("db#password", "db", Some("password"), None);
        check_parse("db#password=pg/pass", "db", Some("password"), Some("pg/pass"));
        check_parse("a=b#c#d=e", "a=b#c", Some("d"), Some("e"));
        for typed in ["", "/", "#a", "db#", "db=", "=x"] {
            assert!(typed.parse::<Wanted>().is_err(), "{typed}");
        }
    }

    #[track_caller]
    fn check_files(typed: &str, fields: &Value, expected: Option<&[&str]>) {
        let wanted: Wanted = typed.parse().unwrap();
        let mut files = Files::default();
        let added = wanted.add_to(&mut files, wanted.pick(fields.as_object().unwrap()).unwrap());
        let names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(added.is_ok().then_some(names.as_slice()), expected, "{typed}");
    }

    #[test]
    fn files_are_called_after_the_path_and_the_field() {
        let db = json!({ "user": "rails", "password": "p" });
        check_files("apps/db", &db, Some(&["db/password", "db/user"]));
        check_files("apps/db=pg", &db, Some(&["pg/password", "pg/user"]));
        check_files("apps/db#user", &db, Some(&["db/user"]));
        check_files("apps/db#user=pg-user", &db, Some(&["pg-user"]));
        check_files("apps/key", &json!({ "value": "k" }), Some(&["key"]));
        check_files("apps/key=other", &json!({ "value": "k" }), Some(&["other"]));
    }

    // Rule 114: what a field is called was chosen by whoever stored it.
    #[test]
    fn a_field_cannot_choose_where_it_is_written() {
        let long = "x".repeat(300);
        for field in
            ["../../etc/cron.d/x", "a/b", "..", ".", "..data", "", "/", "/etc/x", "a\0b", "\0", "a\nb", &long]
        {
            check_files("db", &json!({ field: "v" }), None);
            check_files("db=pg", &json!({ field: "v" }), None);
            // Nor where the others would be files.
            check_files("db", &json!({ field: "v", "user": "u" }), None);
        }
        check_files("db#a/b=plain", &json!({ "a/b": "v" }), Some(&["plain"]));
    }

    #[track_caller]
    fn check_variables(typed: &str, fields: &Value, expected: Option<&[&str]>) {
        let wanted: Wanted = typed.parse().unwrap();
        let picked = wanted.pick(fields.as_object().unwrap()).unwrap();
        let names = wanted.variables(picked).ok();
        let names: Option<Vec<String>> = names.map(|it| it.into_iter().map(|(name, _)| name).collect());
        assert_eq!(
            names.as_deref(),
            expected.map(|it| it.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>()).as_deref()
        );
    }

    // Rule 117
    #[test]
    fn a_field_cannot_choose_what_is_executed() {
        let db = json!({ "user": "u", "pass-word": "p" });
        check_variables("apps/shop/db", &db, Some(&["DB_PASS_WORD", "DB_USER"]));
        check_variables("apps/shop/db=pg.main", &db, Some(&["PG_MAIN_PASS_WORD", "PG_MAIN_USER"]));
        check_variables("apps/shop/db#user", &db, Some(&["DB_USER"]));
        check_variables("apps/shop/db#user=PGUSER", &db, Some(&["PGUSER"]));
        check_variables("apps/api-key", &json!({ "value": "k" }), Some(&["API_KEY"]));
        check_variables("apps/api-key=KEY", &json!({ "value": "k" }), Some(&["KEY"]));
        // Whatever a field is called, the variable's name begins with what the caller wrote.
        for field in [
            "BASH_FUNC_ls%%",
            "GIT_SSH_COMMAND",
            "JAVA_TOOL_OPTIONS",
            "LD_PRELOAD",
            "NODE_OPTIONS",
            "PATH",
            "PERL5OPT",
            "PYTHONSTARTUP",
            "RUBYOPT",
            "a=b",
            "value",
            "\u{e9}",
            "",
        ] {
            let wanted: Wanted = "apps/db".parse().unwrap();
            // Two, so that none is the secret's only `value`.
            let fields = json!({ field: "x", "other": "x" });
            let picked = wanted.pick(fields.as_object().unwrap()).unwrap();
            for (name, _) in wanted.variables(picked).unwrap_or_default() {
                assert!(name.starts_with("DB_") && is_variable(&name), "{field}: {name}");
            }
        }
        for (typed, field) in [
            ("ld", "preload"),
            ("any=LD", "PRELOAD"),
            ("any=bash", "env"),
            ("node", "options"),
            ("git", "ssh-command"),
            ("1a", "user"),
        ] {
            check_variables(typed, &json!({ field: "x" }), None);
        }
        check_variables("apps/path", &json!({ "value": "/tmp" }), None);
        check_variables("db#a=X", &json!({ "a": "nul\0byte" }), None);
        check_variables("db#a=a-b", &json!({ "a": "b" }), None);
        check_variables("db#a=PATH", &json!({ "a": "/bin" }), Some(&["PATH"]));
    }
}
