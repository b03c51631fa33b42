//! Actions of template languages in a text: ERB, Go's and Jinja's. They are holes, but a default within one
//! is written in clear.

use std::{ops::Range, sync::LazyLock};

use memchr::{memchr2, memmem};

use crate::{Text, embedded::boundary};

const FORMS: [(&str, &str); 3] = [("{{", "}}"), ("{%", "%}"), ("<%", "%>")];

/// What a fix takes in a file that has `{{` already.
const OTHERS: [(&str, &str); 3] = [("[[", "]]"), ("<<", ">>"), ("((", "))")];

/// How the actions of a fix go on. These marks are also those of tables, heredocs and arithmetic.
const WORDS: [&str; 4] = [" with secret ", " .Data.", " (index .Data.", " end "];

/// How a fix asks for a secret. Whoever computes the path has written a template of his own.
const ASKING: [&str; 2] = [" with secret \"", " with secret `"];

/// A longer one is none: its opening stood for itself.
const MAX_ACTION: usize = 4096;

/// The same text with its actions as holes.
pub(super) fn marked<'a>(text: Text<'a>) -> Text<'a> {
    let mut holes = actions(text.as_str());
    holes.extend(of_a_fix(text.as_str()));
    if holes.is_empty() { text } else { text.with_holes(holes) }
}

/// The same text with the actions of a fix alone as holes: of JSON, whose strings keep the braces of other languages.
pub(super) fn marked_where_fixed<'a>(text: Text<'a>) -> Text<'a> {
    let holes = of_a_fix(text.as_str());
    if holes.is_empty() { text } else { text.with_holes(holes) }
}

/// What stands in `{{/* x */}}`, Go's comment.
pub(super) fn comments(text: &str) -> Vec<Range<usize>> {
    static MARK: LazyLock<memmem::Finder<'static>> = LazyLock::new(|| memmem::Finder::new("/*"));
    let mut found = Vec::new();
    for start in MARK.find_iter(text.as_bytes()) {
        let before = text.get(..start).unwrap_or("").trim_end_matches(['-', ' ']);
        let rest = text.get(start + 2..).unwrap_or("");
        let reach = boundary(rest, MAX_ACTION);
        if before.ends_with("{{")
            && let Some(length) = rest.get(..reach).and_then(|it| it.find("*/"))
        {
            found.push(start + 2..start + 2 + length);
        }
    }
    found
}

/// Tells the actions of other tools from those of a fix, which leave a document as whole as it was.
#[derive(Debug, Default)]
pub(super) struct Foreign {
    /// An action asked for a secret: those behind it may be what it goes on with.
    is_asked: bool,
    pub(super) is_seen: bool,
}

impl Foreign {
    /// Takes note of actions in a row, which stand where the file's own syntax does not allow for them.
    pub(super) fn see(&mut self, row: &str) {
        let mut rest = row;
        while !self.is_seen {
            let Some((open, close)) = FORMS.iter().chain(&OTHERS).find(|it| rest.starts_with(it.0)) else {
                return;
            };
            let body = rest.get(open.len()..).unwrap_or("");
            self.is_asked |= ASKING.iter().any(|it| body.starts_with(it));
            let is_of_a_fix = self.is_asked && WORDS.iter().any(|it| body.starts_with(it));
            self.is_seen = matches!(*open, "{{" | "{%") && !is_of_a_fix;
            rest = body.split_once(close).map_or("", |it| it.1);
        }
    }
}

/// The actions by which a fix refers to the store, in the marks that it takes where `{{` has a meaning.
fn of_a_fix(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    for (open, close) in OTHERS {
        if memmem::find(text.as_bytes(), format!("{open} with secret ").as_bytes()).is_none() {
            continue;
        }
        let mut close = Close { mark: close, next: Some(0) };
        for start in memmem::find_iter(text.as_bytes(), open) {
            let rest = text.get(start + open.len()..).unwrap_or("");
            let end = WORDS
                .iter()
                .any(|it| rest.starts_with(it))
                .then(|| close.behind(text.as_bytes(), start + open.len()))
                .flatten();
            found.extend(end.filter(|it| it - start <= MAX_ACTION).map(|it| start..it));
        }
    }
    found
}

fn actions(text: &str) -> Vec<Range<usize>> {
    let bytes = text.as_bytes();
    let mut closes = FORMS.map(|it| Close { mark: it.1, next: Some(0) });
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(skipped) = bytes.get(at..).and_then(|it| memchr2(b'{', b'<', it)) {
        let start = at + skipped;
        let form = FORMS.iter().position(|it| bytes.get(start..start + 2) == Some(it.0.as_bytes()));
        let end = form.and_then(|it| closes.get_mut(it)).and_then(|it| it.behind(bytes, start + 2));
        match end.filter(|it| it - start <= MAX_ACTION) {
            Some(end) => {
                // `${{ secrets.X }}` of a workflow.
                let dollar = start.checked_sub(1).filter(|it| bytes.get(*it) == Some(&b'$'));
                found.push(dollar.unwrap_or(start)..end);
                at = end;
            }
            None => at = start + 1,
        }
    }
    found
}

/// Where the next closing mark stands: looked for once, however many openings come before it.
struct Close {
    mark: &'static str,
    next: Option<usize>,
}

impl Close {
    fn behind(&mut self, bytes: &[u8], from: usize) -> Option<usize> {
        if self.next.is_some_and(|it| it < from) {
            self.next = memmem::find(bytes.get(from..)?, self.mark.as_bytes()).map(|it| from + it);
        }
        self.next.map(|it| it + self.mark.len())
    }
}

/// A literal that an action gives where there is nothing else.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Literal {
    pub(super) value: Range<usize>,
    /// The variable that it is set to.
    pub(super) name: Option<Range<usize>>,
}

/// The defaults that are written in an action, as ranges of the text.
pub(super) fn literals(text: &str, action: Range<usize>) -> Vec<Literal> {
    let Some(body) = text.get(action.clone()) else { return Vec::new() };
    let is_ruby = body.starts_with("<%");
    let mut found = Vec::new();
    let mut before = Before::default();
    let mut rest = body.char_indices().skip(if body.starts_with('$') { 3 } else { 2 }).peekable();
    while let Some((at, c)) = rest.next() {
        match c {
            '"' | '\'' | '`' => {
                let mut is_escaped = false;
                let mut end = None;
                for (at, it) in rest.by_ref() {
                    if it == c && !is_escaped {
                        end = Some(at);
                        break;
                    }
                    is_escaped = it == '\\' && !is_escaped && c != '`';
                }
                let Some(end) = end else { return found };
                if before.gives(body, is_ruby) {
                    let value = action.start + at + 1..action.start + end;
                    let name = before.target.clone().map(|it| action.start + it.start..action.start + it.end);
                    found.push(Literal { value, name });
                }
                before.see_literal();
            }
            _ if c.is_alphanumeric() || matches!(c, '_' | '.' | '@') => {
                let mut end = at + c.len_utf8();
                while let Some((next, it)) =
                    rest.next_if(|it| it.1.is_alphanumeric() || matches!(it.1, '_' | '.' | '?' | '!'))
                {
                    end = next + it.len_utf8();
                }
                before.see_word(at..end);
            }
            _ => before.see_mark(c),
        }
    }
    found
}

/// What stands before a literal.
#[derive(Default)]
struct Before {
    /// The last marks that are no space, the latest last.
    marks: (char, char),
    /// Right before, if it was a word.
    word: Option<Range<usize>>,
    /// The first word of the command, or of the call whose parenthesis is open.
    command: Option<Range<usize>>,
    /// Those of the calls around that one.
    calls: Vec<Option<Range<usize>>>,
    /// What stands before `=`.
    target: Option<Range<usize>>,
    any: bool,
}

impl Before {
    fn see_word(&mut self, word: Range<usize>) {
        self.any = true;
        self.target = None;
        if self.command.is_none() {
            self.command = Some(word.clone());
        }
        self.word = Some(word);
        self.marks = ('\0', '\0');
    }

    fn see_literal(&mut self) {
        self.any = true;
        self.word = None;
        self.target = None;
        self.marks = ('\0', '"');
    }

    fn see_mark(&mut self, c: char) {
        if c.is_whitespace() || c == '-' && !self.any {
            return;
        }
        match c {
            '=' if !self.any => {}
            '=' => self.target = self.word.clone().or_else(|| self.target.clone()),
            ':' => {
                self.marks = (self.marks.1, c);
                return;
            }
            '|' => self.command = None,
            '(' => {
                let called = self.word.clone();
                self.calls.push(std::mem::replace(&mut self.command, called));
            }
            ')' => self.command = self.calls.pop().flatten(),
            _ => {}
        }
        self.marks = (self.marks.1, c);
        if !matches!(c, '=') {
            self.word = None;
        }
    }

    /// Whether a literal here is what the action gives.
    fn gives(&self, body: &str, is_ruby: bool) -> bool {
        let text =
            |it: &Option<Range<usize>>| it.clone().and_then(|it| body.get(it)).unwrap_or("").to_owned();
        let (word, command) = (text(&self.word), text(&self.command));
        if self.target.is_some() && self.marks.1 == '=' && !matches!(self.marks.0, '=' | '!' | '<' | '>') {
            return true;
        }
        if is_ruby {
            let is_fetch = command.ends_with("fetch") || command.ends_with("getenv");
            return !self.any
                || self.marks == ('|', '|')
                || self.marks.1 == ',' && is_fetch
                || matches!(self.marks.1, '{' | '?')
                || self.marks.1 == ':' && self.marks.0 != ':';
        }
        let is_default = |it: &str| matches!(it, "default" | "coalesce" | "or" | "ternary" | "d");
        // `||` is a workflow's; two pipes of a template do not meet.
        !self.any
            || self.marks == ('|', '|')
            || is_default(&command)
            || is_default(&word)
            || matches!(word.as_str(), "or" | "else")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let marked = marked(Text::whole(text));
        let holes: Vec<_> = marked.holes().iter().map(|it| &text[it.clone()]).collect();
        assert_eq!(holes, expected);
    }

    #[test]
    fn actions_are_holes() {
        check("a: {{ .b }}\nc: <%= d %>{% if e %}", &["{{ .b }}", "<%= d %>{% if e %}"]);
        check("token: ${{ secrets.X }}", &["${{ secrets.X }}"]);
        check("a: {{ open\n{ b } <% {{ c }}", &["{{ open\n{ b } <% {{ c }}"]);
        check("a {{ b", &[]);
        check(&"{{".repeat(100_000), &[]);
    }

    #[test]
    fn actions_of_a_fix_are_holes_in_whichever_marks() {
        let with = r#"[[ with secret "secret/data/a" ]]"#;
        check(
            &format!("[[runners]]\na = {{{{ .b }}}}\nc = \"{with}[[ .Data.data.d | toJSON ]][[ end ]]\"\n"),
            &["{{ .b }}", &format!("{with}[[ .Data.data.d | toJSON ]][[ end ]]")],
        );
        check("c: << with secret `a` >>(( .Data.data.d >>", &["<< with secret `a` >>"]);
        check("[[ .Data.data.d ]] [[ end ]]", &[]);
        check(&"[[ with secret ".repeat(50_000), &[]);
    }

    #[test]
    fn actions_of_a_fix_are_not_foreign() {
        let check = |rows: &[&str], expected: bool| {
            let mut foreign = Foreign::default();
            rows.iter().for_each(|it| foreign.see(it));
            assert_eq!(foreign.is_seen, expected, "{rows:?}");
        };
        let ours = "{{ with secret \"secret/data/a\" }}{{ .Data.data.b | toJSON }}{{ end }}";
        check(&[ours, ours], false);
        check(&["{{ with secret `a` }}", "{{ .Data.data.b }}", "{{ end }}"], false);
        check(&["[[ with secret \"a\" ]][[ .Data.data.b ]][[ end ]]"], false);
        check(&["{{ .Data.data.b }}"], true);
        check(&["{{ end }}"], true);
        check(&["{{ with secret .path }}"], true);
        check(&[ours, "{{- if .c }}"], true);
        check(&[&format!("{ours}{{{{ .Values.d }}}}")], true);
        check(&[&format!("{ours}{{% e %}}")], true);
        check(&["${{ secrets.a }}", "<%= b %>"], false);
    }

    #[track_caller]
    fn gives(action: &str, expected: &[&str]) {
        let text = format!("ü {action}");
        let found = literals(&text, 3..text.len());
        let found: Vec<_> = found.iter().map(|it| &text[it.value.clone()]).collect();
        assert_eq!(found, expected, "{action}");
    }

    #[test]
    fn defaults_are_told_from_names() {
        gives(r#"<%= ENV["A"] %>"#, &[]);
        gives(r#"<%= ENV.fetch("A", "b") %>"#, &["b"]);
        gives(r#"<%= ENV.fetch("A") { "b" } %>"#, &["b"]);
        gives(r#"<%= File.read(File.join(ENV.fetch("A", "/b"), "c")) %>"#, &["/b"]);
        gives(r#"<%= ENV['A'] || 'b' %>"#, &["b"]);
        gives(r#"<%= Rails.root.join("a", "b") %>"#, &[]);
        gives(r#"<%= Rails.env.production? ? "a" : "b" %>"#, &["a", "b"]);
        gives(r#"{{ default "a" .Values.b | b64enc }}"#, &["a"]);
        gives(r#"{{ .Values.b | default "a\"c" | quote }}"#, &["a\\\"c"]);
        gives(r#"{{ include "a.b" . }}"#, &[]);
        gives(r#"{{ (index .a "b") }}"#, &[]);
        gives(r#"{{ "a" | b64enc }}"#, &["a"]);
        gives("{{ lookup('env', 'A') | default('b', true) }}", &["b"]);
        gives("{{ a or 'b' }}", &["b"]);
        gives("${{ secrets.A || 'b' }}", &["b"]);
        gives("{{ 'a' if b == 'c' else 'd' }}", &["a", "d"]);
        gives("{{ printf \"%s\" .a }}", &[]);
        gives("{{ eq .a \"b", &[]);
    }

    #[test]
    fn what_a_variable_is_set_to_has_its_name() {
        let text = r#"{% set db_password = "a" %}{{ $token := "b" }}"#;
        let names: Vec<_> = [0..27, 27..text.len()]
            .into_iter()
            .flat_map(|it| literals(text, it))
            .map(|it| (it.name.map(|it| &text[it]), &text[it.value]))
            .collect();
        assert_eq!(names, [(Some("db_password"), "a"), (Some("token"), "b")]);
    }
}
