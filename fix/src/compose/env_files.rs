//! Files of variables that a service is given (`env_file`), which may set what its `environment` sets too.
//!
//! `environment` comes before `env_file`. A variable that becomes `NAME_FILE` there is in the container under its own name
//! again if such a file has it, and images refuse to have both.

use crate::layout::indentation;

const KEY: &str = "env_file:";

/// What a file of variables is called, and where the line that names it begins.
pub(super) type Named = (usize, String);

/// All that a file names, as it names them. It is read by its lines.
pub(super) fn named(text: &str) -> Vec<Named> {
    let mut named = Vec::new();
    // The depth of the key whose items are read, and the line it began at.
    let mut list: Option<(usize, usize)> = None;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let start = at;
        at += line.len();
        let (depth, content) = (indentation(line).len(), line.trim());
        if content.is_empty() || content.starts_with('#') {
            continue;
        }
        let item = content.strip_prefix('-').map(str::trim);
        if let Some(value) = content.strip_prefix(KEY) {
            list = Some((depth, start));
            named.extend(paths(value).map(|it| (start, it)));
        } else if let Some((_, begin)) =
            list.filter(|(of, _)| depth > *of || (depth == *of && item.is_some()))
        {
            named.extend(paths(item.unwrap_or(content)).map(|it| (begin, it)));
        } else {
            list = None;
        }
    }
    named
}

/// The paths in `a.env`, `"a.env"`, `[a.env, b.env]`, `path: a.env`, `{ path: a.env, required: false }`.
fn paths(value: &str) -> impl Iterator<Item = String> {
    let value = value.split(" #").next().unwrap_or("");
    // A comma or a brace in `${A:-b}` is not one of YAML's.
    let is_computed = value.contains('$');
    value.split(move |it| it == ',' && !is_computed).filter_map(move |it| {
        if is_computed {
            return Some(it.trim().to_owned());
        }
        let it = it.trim().trim_matches(['[', ']', '{', '}']).trim();
        let is_other = ["required:", "format:"].iter().any(|key| it.starts_with(key));
        let it = it.strip_prefix("path:").unwrap_or(it).trim().trim_matches(['"', '\'']);
        (!it.is_empty() && !is_other).then(|| it.to_owned())
    })
}

/// Whether a file of variables sets one, or takes it from where Compose runs.
pub(super) fn sets(text: &str, name: &str) -> bool {
    text.lines().any(|line| {
        let line = line.trim_start();
        let line = line.strip_prefix("export ").unwrap_or(line).trim_start();
        line.strip_prefix(name)
            .is_some_and(|rest| matches!(rest.trim_start().chars().next(), None | Some('=' | ':')))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_ways_to_name_a_file_of_variables_are_read() {
        let check = |text: &str, expected: &[&str]| {
            let found: Vec<String> = named(text).into_iter().map(|(_, it)| it).collect();
            assert_eq!(found, expected, "{text}");
        };
        check("  env_file: .env # of all\n  image: x\n", &[".env"]);
        check("  env_file: [\"a.env\", ./b.env]\n", &["a.env", "./b.env"]);
        check(
            "  env_file:\n    - a.env\n    # - old.env\n    - 'b.env'\n  ports:\n    - 80:80\n",
            &["a.env", "b.env"],
        );
        check("  env_file:\n  - a.env\n  ports:\n  - 80:80\n", &["a.env"]);
        check(
            "  env_file:\n    - path: a.env\n      required: false\n    - {path: b.env, format: raw}\n",
            &["a.env", "b.env"],
        );
        check("  env_file: [\n    a.env,\n    b.env\n  ]\n", &["a.env", "b.env"]);
        check("  env_file: ${ENV_FILE:-.env}\n", &["${ENV_FILE:-.env}"]);
        check("  environment:\n    env_files: x\n", &[]);
    }

    #[test]
    fn a_variable_is_set_or_passed_on() {
        let check = |text: &str, expected: bool| assert_eq!(sets(text, "A"), expected, "{text}");
        check("B=1\nA=2\n", true);
        check("export A = 2\n", true);
        check("A: 2\n", true);
        check("A\n", true);
        check("AB=1\n#A=2\nBA=3\nB=A\n", false);
    }
}
