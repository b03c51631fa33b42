//! Variables that a task has twice: in `env`, and from a template whose lines become variables.
//!
//! Nomad copies the variables of templates over those of `env`, those of a later template over those of an earlier one, and
//! a later line over an earlier one. What had no effect before must have none after.

use super::job::{Syntax, Task, Template};
use super::reads::shown;
use super::write::own;

/// What becomes of a variable of `env` that is to move to a line of our template.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Overlap {
    /// A template asks for it with `env`, which knows nothing that a template sets.
    Asked,
    /// A template sets it whatever happens: nothing ever gets the value.
    Dead,
    /// Nothing else sets it.
    Free,
    /// A template may set it, and comes first then: our line must stand before.
    Before,
    /// It cannot be put where it would mean the same.
    Tangled,
}

#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Sets {
    Never,
    Perhaps,
    Always,
}

impl Overlap {
    pub(super) fn of(syntax: Syntax, task: &Task<'_>, name: &str, text: &str) -> Self {
        let setting = |it: &Template<'_>| match shown(syntax, it, text) {
            _ if !it.is_env => Sets::Never,
            Some(data) => sets(&data, it, name),
            // It stands in another file.
            None => Sets::Perhaps,
        };
        let all: Vec<Sets> = task.templates.iter().map(setting).collect();
        let asks = |it: &Template<'_>| {
            it.data.is_some_and(|it| it.span.of(text).replace('\\', "").contains(&format!("env \"{name}\"")))
        };
        let own = own(task).and_then(|own| task.templates.iter().position(|it| it.span == own.span));
        if task.templates.iter().any(asks) {
            return Self::Asked;
        }
        match all.iter().max() {
            None | Some(Sets::Never) => Self::Free,
            Some(Sets::Always) => Self::Dead,
            Some(Sets::Perhaps) => match own {
                Some(own) if all.iter().take(own).any(|it| *it != Sets::Never) => Self::Tangled,
                _ => Self::Before,
            },
        }
    }
}

/// Whether a line of the template sets the variable.
fn sets(data: &str, template: &Template<'_>, name: &str) -> Sets {
    let written = written(data, template);
    let mut found = Sets::Never;
    for line in written.split(|it| it.0 == '\n') {
        let Some(at) = line.iter().position(|it| it.0 == '=') else { continue };
        let key: String = line.iter().take(at).map(|it| it.0).collect();
        let key = key.trim();
        if key.strip_prefix("export ").unwrap_or(key).trim() == name {
            let is_certain = line.iter().take(at + 1).all(|it| it.1 || it.0.is_whitespace());
            found = found.max(if is_certain { Sets::Always } else { Sets::Perhaps });
        }
    }
    found
}

/// What the template writes: each character with whether it does so in any case. A value that is put in is one sign.
fn written(data: &str, template: &Template<'_>) -> Vec<(char, bool)> {
    let (left, right) = (template.delimiters.left.as_str(), template.delimiters.right.as_str());
    let mut out: Vec<(char, bool)> = Vec::new();
    let mut open: Vec<bool> = Vec::new();
    let mut rest = data;
    loop {
        let (text, behind) = rest.split_once(left).map_or((rest, None), |(text, it)| (text, Some(it)));
        let is_certain = open.iter().all(|it| *it);
        out.extend(text.chars().map(|it| (it, is_certain)));
        let Some((action, behind)) = behind.map(|it| it.split_once(right).unwrap_or((it, ""))) else {
            return out;
        };
        if action.starts_with("- ") {
            while out.last().is_some_and(|it| it.0.is_whitespace()) {
                out.pop();
            }
        }
        let inner = action.trim_start_matches('-').trim_end_matches('-').trim();
        match inner.split_whitespace().next().unwrap_or("") {
            "block" | "define" | "if" | "range" => open.push(false),
            "with" => open.push(is_there(inner)),
            "else" => {
                if let Some(last) = open.last_mut() {
                    *last = false;
                }
            }
            "end" => drop(open.pop()),
            word if word.starts_with("/*") => {}
            _ => out.push(('\u{1}', is_certain)),
        }
        rest = if action.ends_with(" -") { behind.trim_start() } else { behind };
    }
}

/// `with secret`: Nomad renders nothing until the secret is there.
fn is_there(with: &str) -> bool {
    let subject = with.trim_start_matches("with").trim_start();
    let subject = match subject.split_once(":=") {
        Some((variable, subject)) if variable.starts_with('$') => subject.trim_start(),
        _ => subject,
    };
    subject.starts_with("secret \"") && !subject.contains('|')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::Delimiters;

    #[track_caller]
    fn check(data: &str, expected: Sets) {
        let template = Template {
            span: strongroom_hcl::Span::default(),
            data: None,
            is_env: true,
            destination: "",
            delimiters: Delimiters::default(),
        };
        assert_eq!(sets(data, &template, "A"), expected, "{data}");
    }

    #[test]
    fn lines_set_variables() {
        check("B=A=1\n# A=2\nAA=3\n{{ .x }}A=4\n", Sets::Never);
        check("  export A=1\n", Sets::Always);
        check("{{- with secret \"x\" }}\nA={{ .Data.data.A | toJSON }}\n{{- end }}\n", Sets::Always);
        check("{{ with $a := secret \"x\" }}A={{ $a.Data.data.A }}{{ end }}", Sets::Always);
        check("B=1{{- with secret \"x\" -}}\nA=1\n{{ end }}", Sets::Never);
        check("{{ if env \"X\" }}\nA=1\n{{ end }}", Sets::Perhaps);
        check("{{ range $x }}{{ with secret \"x\" }}\nA=1\n{{ end }}{{ end }}", Sets::Perhaps);
        check("{{ with secret \"x\" }}B=1\n{{ else }}\nA=1\n{{ end }}", Sets::Perhaps);
        check("{{ if x }}B=1{{ end }}\nA=1\n", Sets::Always);
    }
}
