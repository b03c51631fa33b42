//! A line of a template whose lines become variables: `DB_PASSWORD={{ .Data.data.DB_PASSWORD | toJSON }}`.
//!
//! Nomad reads such lines with a parser of its own: `#` begins a comment wherever it is not quoted, quotes may begin
//! and end within a value, and double quotes hold JSON's escapes. A URL whose secret is percent-encoded is safe as it
//! is and keeps its shape; all else is quoted by `toJSON`, so that it stays right for whatever value comes next.

use std::collections::BTreeMap;

use super::literal::protect;
use crate::Reference;
use crate::render::{self, Encoding, Step};

/// What a variable's value is made of.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Part {
    /// `${var.x}`: HCL puts it in when the job is read.
    Hcl(String),
    /// `${NOMAD_ALLOC_ID}`, `${attr.cpu.arch}`: known on the node.
    Run(String),
    /// Which want, how it is written here, and what that is today.
    Secret {
        want: usize,
        encoding: Encoding,
        is_safe: bool,
    },
    Text(String),
}

/// One variable.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub(super) name: String,
    pub(super) value: LineValue,
}

#[derive(Clone, Debug)]
pub(super) enum LineValue {
    /// The `env` block keeps the shape, with a mark for each secret.
    Filled(Vec<(String, usize, Encoding)>),
    Parts(Vec<Part>),
}

impl Line {
    pub(super) fn wants(&self) -> Vec<usize> {
        match &self.value {
            LineValue::Filled(marks) => marks.iter().map(|(_, want, _)| *want).collect(),
            LineValue::Parts(parts) => parts
                .iter()
                .filter_map(|it| if let Part::Secret { want, .. } = it { Some(*want) } else { None })
                .collect(),
        }
    }
}

/// Whether Nomad takes a variable of this name from a template.
pub(super) fn is_variable(name: &str) -> bool {
    let begins = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    begins && name.chars().all(|c| c.is_ascii_alphanumeric() || "_./".contains(c))
}

/// Whether a text can stand in a value without quotes.
pub(super) fn is_bare(text: &str) -> bool {
    !text.contains(['"', '\'', '#'])
        && !text.contains("{{")
        && !text.ends_with('{')
        && !text.chars().any(char::is_control)
}

/// Lines that read the same paths.
#[derive(Clone, Debug)]
pub(super) struct Group {
    /// `{{- with secret "..." }}`, one for each path.
    pub(super) heads: Vec<String>,
    pub(super) lines: Vec<String>,
}

/// What closes one of the heads.
pub(super) const END: &str = "{{- end }}";

impl Group {
    pub(super) fn text(&self, eol: &str) -> String {
        let ends = self.heads.iter().map(|_| END);
        let all = self.heads.iter().chain(&self.lines).map(String::as_str).chain(ends);
        all.flat_map(|it| [it, eol]).collect()
    }
}

/// The text of a template, lines of one path together, in the order they came.
///
/// `is_hcl` tells whether HCL interpolates the text, and what is not for it must be protected.
pub(super) fn groups(
    lines: &[Line],
    reference: impl Fn(usize) -> Option<Reference>,
    mount: &str,
    is_hcl: bool,
) -> Vec<Group> {
    let mut groups: Vec<(Vec<Reference>, Vec<String>)> = Vec::new();
    for line in lines {
        let references: Vec<Reference> = line.wants().into_iter().filter_map(&reference).collect();
        let mut heads: Vec<Reference> = Vec::new();
        for it in references {
            if heads.iter().all(|head| head.path != it.path) {
                heads.push(it);
            }
        }
        let paths: Vec<&str> = heads.iter().map(|it| it.path.as_str()).collect();
        let text = text(line, &reference, &paths, is_hcl);
        let group = groups.iter_mut().find(|(other, _)| {
            other.len() == heads.len() && other.iter().zip(&heads).all(|(one, it)| one.path == it.path)
        });
        match group {
            Some((_, lines)) => lines.push(text),
            None => groups.push((heads, vec![text])),
        }
    }
    groups.into_iter().map(|(heads, lines)| Group { heads: with(&heads, mount), lines }).collect()
}

fn with(heads: &[Reference], mount: &str) -> Vec<String> {
    let is_named = heads.len() > 1;
    let head = |(at, head): (usize, &Reference)| {
        let secret = render::secret(head, mount);
        let subject = if is_named { format!("${} := {secret}", name(at)) } else { secret };
        format!("{{{{- with {subject} }}}}")
    };
    heads.iter().enumerate().map(head).collect()
}

fn name(at: usize) -> char {
    u8::try_from(at).ok().and_then(|it| b'a'.checked_add(it)).map_or('z', char::from)
}

fn text(
    line: &Line,
    reference: &impl Fn(usize) -> Option<Reference>,
    paths: &[&str],
    is_hcl: bool,
) -> String {
    let subject = |want: usize| {
        let Some(it) = reference(want) else { return String::new() };
        let field = render::field(&it);
        let at = paths.iter().position(|path| *path == it.path).unwrap_or(0);
        // `$a.Data.data.X`, and `(index $a.Data.data "x-y")`.
        if paths.len() > 1 { field.replacen(".Data", &format!("${}.Data", name(at)), 1) } else { field }
    };
    // What HCL is to put in stands for itself until the rest is protected.
    let mut holes: BTreeMap<String, String> = BTreeMap::new();
    let mut hole = |written: String| {
        let mark = format!("\u{0}{}\u{0}", holes.len());
        holes.insert(mark.clone(), written);
        mark
    };
    let value = match &line.value {
        LineValue::Filled(marks) => {
            let mut pipeline = format!("env {}", render::quoted(&line.name));
            for (mark, want, encoding) in marks {
                let subject = argument(&subject(*want), encoding);
                pipeline.push_str(&format!(" | replaceAll {} {subject}", render::quoted(mark)));
            }
            format!("{{{{ {pipeline} | toJSON }}}}")
        }
        LineValue::Parts(parts) => match parts.as_slice() {
            [Part::Secret { want, encoding, .. }] => {
                let whole = encoding.clone().then(Step::Json, "");
                format!("{{{{ {} }}}}", whole.pipeline(&subject(*want)))
            }
            parts if is_raw(parts) => parts.iter().fold(String::new(), |value, part| {
                value
                    + &match part {
                        Part::Hcl(inner) => hole(format!("${{{inner}}}")),
                        Part::Run(name) => format!("{{{{ env {} }}}}", render::quoted(name)),
                        Part::Secret { want, encoding, .. } => {
                            format!("{{{{ {} }}}}", encoding.pipeline(&subject(*want)))
                        }
                        Part::Text(text) => text.clone(),
                    }
            }),
            parts => {
                let arguments = parts.iter().map(|part| match part {
                    // JSON's strings are Go's, and a number prints as it is.
                    Part::Hcl(inner) => hole(format!("${{jsonencode({inner})}}")),
                    Part::Run(name) => format!("(env {})", render::quoted(name)),
                    Part::Secret { want, encoding, .. } => argument(&subject(*want), encoding),
                    Part::Text(text) => render::quoted(text),
                });
                format!("{{{{ print {} | toJSON }}}}", arguments.collect::<Vec<_>>().join(" "))
            }
        },
    };
    let mut line = format!("{}={value}", line.name);
    if is_hcl {
        line = protect(&line);
    }
    holes.iter().fold(line, |line, (mark, written)| line.replace(mark, written))
}

fn argument(subject: &str, encoding: &Encoding) -> String {
    if encoding.is_plain() { subject.to_owned() } else { format!("({})", encoding.pipeline(subject)) }
}

/// Whether the value can stand without quotes: for the next secret too, or (where HCL puts something in, which nobody
/// can quote as well) for today's.
fn is_raw(parts: &[Part]) -> bool {
    let has_hcl = parts.iter().any(|it| matches!(it, Part::Hcl(_)));
    let begins = |text: &str| text.starts_with(char::is_whitespace);
    let ends = |text: &str| text.ends_with(char::is_whitespace);
    let trimmed = !matches!(parts.first(), Some(Part::Text(it)) if begins(it))
        && !matches!(parts.last(), Some(Part::Text(it)) if ends(it));
    trimmed
        && parts.iter().all(|part| match part {
            Part::Hcl(_) | Part::Run(_) => true,
            Part::Secret { encoding, is_safe, .. } => encoding.ends_in_percent() || has_hcl && *is_safe,
            Part::Text(text) => is_bare(text),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(want: usize, encoding: Encoding) -> Part {
        Part::Secret { want, encoding, is_safe: true }
    }

    #[track_caller]
    fn check(parts: Vec<Part>, expected: &str) {
        let line = Line { name: "X".to_owned(), value: LineValue::Parts(parts) };
        let reference = |want| {
            let path = if want == 9 { "j/other" } else { "j/t" };
            Some(Reference { path: path.to_owned(), field: format!("F{want}") })
        };
        let groups = groups(&[line], reference, "secret", true);
        assert_eq!(groups.iter().map(|it| it.text("\n")).collect::<String>(), expected);
    }

    fn text(text: &str) -> Part {
        Part::Text(text.to_owned())
    }

    #[test]
    fn a_line_has_the_shape_that_its_value_asks_for() {
        let plain = Encoding::plain;
        let url = || Encoding::one(Step::Percent, "x");
        let within =
            |line: &str| format!("{{{{- with secret \"secret/data/j/t\" }}}}\n{line}\n{{{{- end }}}}\n");
        check(vec![secret(1, plain())], &within("X={{ .Data.data.F1 | toJSON }}"));
        check(
            vec![text("http://u:"), secret(1, url()), text("@"), Part::Run("NOMAD_ADDR_x".to_owned())],
            &within(
                "X=http://u:{{ .Data.data.F1 | urlquery | replaceAll \"+\" \"%20\" }}@{{ env \"NOMAD_ADDR_x\" }}",
            ),
        );
        check(
            vec![text("a ${b} \""), secret(1, plain()), text("\"")],
            &within(r#"X={{ print "a $${b} \"" .Data.data.F1 "\"" | toJSON }}"#),
        );
        check(
            vec![Part::Hcl("var.u".to_owned()), text(":"), secret(1, plain())],
            &within("X=${var.u}:{{ .Data.data.F1 }}"),
        );
        check(
            vec![Part::Hcl("var.u".to_owned()), text("#"), secret(1, url())],
            &within(
                r##"X={{ print ${jsonencode(var.u)} "#" (.Data.data.F1 | urlquery | replaceAll "+" "%20") | toJSON }}"##,
            ),
        );
    }

    #[test]
    fn secrets_of_two_paths_have_names() {
        check(
            vec![secret(1, Encoding::plain()), text(":"), secret(9, Encoding::plain())],
            "{{- with $a := secret \"secret/data/j/t\" }}\n{{- with $b := secret \"secret/data/j/other\" }}\n\
             X={{ print $a.Data.data.F1 \":\" $b.Data.data.F9 | toJSON }}\n{{- end }}\n{{- end }}\n",
        );
    }

    #[test]
    fn names_that_nomad_takes() {
        assert!(is_variable("A_1") && is_variable("spring.datasource.password") && is_variable("_x"));
        assert!(!is_variable("1A") && !is_variable("A-B") && !is_variable("Ä") && !is_variable(""));
    }
}
