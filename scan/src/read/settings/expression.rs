//! The literals within expressions: operands, arguments, branches and defaults.

use std::{collections::HashSet, ops::Range};

use strongroom_hcl::{Operand, Role as Part, Span, operands};

use super::{
    family::Family,
    scope::{Role, Scope},
    tree::{Node, Writing, of_expr},
    walk::Walk,
};
use crate::{Obstacle, Place};

/// Functions whose strings are names, paths or patterns, and no values.
const LOOKUPS: [&str; 28] = [
    "aws_secretsmanager",
    "aws_secretsmanager_raw",
    "can",
    "chomp_prefix",
    "cidrsubnet",
    "consul_key",
    "consul_keys",
    "contains",
    "env",
    "endswith",
    "file",
    "filebase64",
    "filebase64sha256",
    "fileexists",
    "fileset",
    "filesha256",
    "getenv",
    "get_env",
    "regex",
    "regexall",
    "regex_replace",
    "setproduct",
    "startswith",
    "strcontains",
    "templatefile",
    "timestamp",
    "vault",
    "read_terragrunt_config",
];

impl Walk<'_, '_, '_> {
    /// An expression in a value's place.
    pub(super) fn code(&mut self, span: Span, key: &str, scope: Scope) {
        let source = span.of(self.source.text);
        if is_name(source) {
            // HCL 1 takes a bare word for a string; in HCL 2 it would refer to nothing.
            let word = matches!(scope.place, Place::Env | Place::Auth) && self.family == Family::Nomad;
            if word && self.source.bare(span).holes().is_empty() {
                self.value(key, scope, self.source.bare(span));
            }
            return;
        }
        self.operands(span, key, scope);
    }

    /// What stands between the braces of an interpolation.
    pub(super) fn interpolation(&mut self, span: Span, key: &str, scope: Scope) {
        let source = span.of(self.source.text);
        let Some(inner) = source.strip_prefix("${").and_then(|it| it.strip_suffix('}')) else { return };
        if !inner.contains('"') {
            return;
        }
        let start = span.start + "${".len() + usize::from(inner.starts_with('~'));
        let end = span.end - 1 - usize::from(inner.ends_with('~'));
        self.operands(Span { start, end }, key, scope);
    }

    fn operands(&mut self, span: Span, key: &str, scope: Scope) {
        for operand in operands(self.source.text, span) {
            if matches!(operand.role, Part::Compared | Part::Index) || self.is_looked_up(&operand) {
                continue;
            }
            let node = of_expr(self.source.text, operand.value.clone());
            // A map that is only merged with others is still one.
            let merged = operand.calls.iter().all(|it| it.of(self.source.text) == "merge")
                && matches!(node, Node::Map(_) | Node::List(_));
            if merged {
                self.node(&node, key, scope);
                continue;
            }
            let role = match scope.role {
                Role::Env if operand.calls.is_empty() => Role::Env,
                Role::Script | Role::Jobspec => scope.role,
                _ => Role::Plain,
            };
            let scope = Scope { role, dotted: true, ..scope }.behind(Obstacle::Expression);
            if let (Node::List(items), Some("join")) =
                (&node, operand.calls.last().map(|it| it.of(self.source.text)))
            {
                self.joined(items, key, scope);
            }
            match node {
                Node::Number(_) => {}
                Node::Text(span, writing) if self.is_format(&operand) => {
                    let text = self.decode(span, writing, key, scope);
                    let holes = verbs(text.as_str());
                    self.value(key, scope, text.with_holes(holes));
                }
                Node::Text(span, writing) if self.is_password_of_a_url(&operand) => {
                    let text = self.decode(span, writing, key, scope);
                    self.value(&format!("{key}.password"), scope, text);
                }
                Node::Text(span, writing) if operand.calls.is_empty() && scope.place == Place::Env => {
                    self.outcome(span, writing, key, scope);
                }
                node => self.node(&node, key, scope),
            }
        }
    }

    /// The password of `join("", ["redis://:", "x", "@host"])`.
    fn joined(&mut self, items: &[Node<'_>], key: &str, scope: Scope) {
        let texts: Vec<_> = items.iter().map(|it| self.string(it).unwrap_or_default()).collect();
        for (index, item) in items.iter().enumerate().skip(1) {
            let before = texts.get(index - 1).map_or("", String::as_str);
            let behind = texts.get(index + 1).map_or("", String::as_str);
            if let Node::Text(span, writing) = item
                && before.contains("://")
                && before.ends_with(':')
                && behind.starts_with('@')
            {
                let text = self.decode(*span, *writing, key, scope);
                self.value(&format!("{key}.password"), scope, text);
            }
        }
    }

    /// Whether an operand is a text that others are put into.
    fn is_format(&self, operand: &Operand) -> bool {
        let call = operand.calls.last().map_or("", |it| it.of(self.source.text));
        operand.role == Part::Argument(0) && matches!(call, "format" | "formatlist" | "printf")
    }

    /// What a variable may come to. Under a name that says nothing, only what somebody made up by a rule for
    /// passwords is one.
    fn outcome(&mut self, span: Span, writing: Writing, key: &str, scope: Scope) {
        let before = self.finder.count();
        self.node(&Node::Text(span, writing), key, scope);
        let text = self.source.decode(span, writing, &mut Vec::new());
        if self.finder.count() == before && is_made_up(text.as_str()) {
            self.kept(key, scope, "login", &text);
        }
    }

    /// Whether an operand is put between `:` and `@` by `format("postgres://app:%s@db/app", ...)`.
    fn is_password_of_a_url(&self, operand: &Operand) -> bool {
        let (Part::Argument(at @ 1..), Some(call)) = (operand.role, operand.calls.last()) else {
            return false;
        };
        if call.of(self.source.text) != "format" {
            return false;
        }
        let arguments = self.source.text.get(call.end..operand.value.span.start).unwrap_or("");
        let text = arguments.split_once('"').and_then(|it| it.1.split_once('"')).map_or("", |it| it.0);
        let Some(verb) = verbs(text).into_iter().nth(at - 1) else { return false };
        text.contains("://")
            && text.get(..verb.start).is_some_and(|it| it.ends_with(':'))
            && text.get(verb.end..).is_some_and(|it| it.starts_with('@'))
    }

    /// Whether an operand is what a function looks for, and not what it gives.
    fn is_looked_up(&self, operand: &Operand) -> bool {
        let Some(call) = operand.calls.last() else { return false };
        let name = call.of(self.source.text);
        let plain = matches!(
            of_expr(self.source.text, operand.value.clone()),
            Node::Text(_, Writing::Quoted) | Node::Number(_)
        );
        match (name, operand.role) {
            ("lookup", Part::Argument(at)) => at == 1,
            ("join" | "split" | "formatlist", Part::Argument(0)) => plain,
            ("replace" | "trim" | "trimprefix" | "trimsuffix", Part::Argument(at)) => at > 0,
            _ => plain && LOOKUPS.contains(&name),
        }
    }
}

/// Small and big letters, digits and a sign, which names of sizes, places and versions have not together.
fn is_made_up(text: &str) -> bool {
    let has = |test: fn(&u8) -> bool| text.bytes().any(|it| test(&it));
    has(u8::is_ascii_lowercase)
        && has(u8::is_ascii_uppercase)
        && has(u8::is_ascii_digit)
        && has(u8::is_ascii_punctuation)
        && !text.contains(['_', '.', '/', ':', '@', '=', ',', '\\'])
}

/// `%s`, `%-8.3f`: what stands for the other arguments of `format`.
fn verbs(text: &str) -> Vec<Range<usize>> {
    let mut verbs = Vec::new();
    let mut from = 0;
    while let Some(at) = text.get(from..).and_then(|rest| rest.find('%')) {
        let start = from + at;
        let rest = text.get(start + 1..).unwrap_or("");
        let flags = rest.bytes().take_while(|it| it.is_ascii_digit() || b"+-# .[]*".contains(it)).count();
        let verb = rest.get(flags..).is_some_and(|it| it.starts_with(|c: char| c.is_ascii_alphabetic()));
        let end = start + 1 + flags + usize::from(verb);
        if verb {
            verbs.push(start..end);
        }
        from = end;
    }
    verbs
}

fn is_name(source: &str) -> bool {
    source.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-'))
}

/// The names of the locals and variables that a `for` or `for_each` goes through.
pub(super) fn looped(text: &str) -> HashSet<&str> {
    let mut names = HashSet::new();
    if !text.contains("for_each") && !text.contains(" in ") {
        return names;
    }
    for line in text.lines() {
        let collection = match (line.find("for_each"), line.find("for ")) {
            (Some(at), _) => line.get(at..),
            (None, Some(at)) => line.get(at..).and_then(|it| it.split_once(" in ")).map(|it| it.1),
            (None, None) => None,
        };
        for part in collection.unwrap_or("").split(|c: char| !is_reference(c)) {
            let name = part.strip_prefix("local.").or_else(|| part.strip_prefix("var."));
            names.extend(name.and_then(|it| it.split('.').next()));
        }
    }
    names
}

fn is_reference(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-' | '.')
}
