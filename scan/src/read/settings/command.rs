//! Commands: a program and its arguments, in one list or in several settings.

use super::{
    family::Family,
    scope::{Role, Scope},
    tree::{Entry, Node, Writing, entry},
    walk::Walk,
};
use crate::{Format, Place, Text};

/// In the order they make a command.
const PARTS: [&[&str]; 3] = [
    &["entrypoint", "Entrypoint", "EntryPoint", "entryPoint"],
    &["command", "Command", "cmd", "Cmd"],
    &["args", "Args", "arguments"],
];

impl<'a> Walk<'_, '_, 'a> {
    /// Brings the command of a block, if it has one; gives the names that were part of it.
    pub(super) fn command<'n>(&mut self, entries: &'n [Entry<'_>], key: &str, scope: Scope) -> Vec<&'n str> {
        if matches!(scope.role, Role::Env | Role::Named | Role::Variable) || scope.place == Place::Header {
            return Vec::new();
        }
        let is_part = |it: &&Entry<'_>| matches!(it.value, Node::Text(..) | Node::List(_) | Node::Code(_));
        let parts: Vec<&Entry<'_>> =
            PARTS.iter().filter_map(|names| entry(entries, names)).filter(is_part).collect();
        let Some(last) = parts.last() else { return Vec::new() };
        let listed = parts.iter().any(|it| matches!(it.value, Node::List(_)));
        match (parts.as_slice(), listed) {
            ([only], false) => self.line(only, key, scope),
            _ => {
                let scope = self.argument(scope);
                let mut words = Vec::new();
                for part in &parts {
                    self.below(&part.name, |this| match &part.value {
                        Node::List(items) => {
                            items.iter().for_each(|it| this.word(it, &part.name, scope, &mut words))
                        }
                        other => this.word(other, &part.name, scope, &mut words),
                    });
                }
                self.below(&last.name, |this| this.words(&last.name, scope, words));
            }
        }
        parts.into_iter().map(|it| it.name.as_ref()).collect()
    }

    /// A command that stands alone: a program, or a whole line of shell.
    fn line(&mut self, entry: &Entry<'_>, key: &str, scope: Scope) {
        let _ = key;
        let name = entry.name.as_ref();
        self.below(name, |this| match &entry.value {
            Node::Text(span, writing) => {
                let scope = this.argument(scope);
                let text = this.decode(*span, *writing, name, scope);
                if text.as_str().contains(char::is_whitespace) {
                    this.document(name, scope, text, Format::Shell);
                } else {
                    this.words(name, scope, vec![text]);
                }
            }
            other => this.node(other, name, this.argument(scope)),
        });
    }

    fn argument(&self, scope: Scope) -> Scope {
        Scope { place: Place::Argument, role: Role::Plain, ..scope }
    }

    /// Whether a list is one of a command's words: some of them are flags.
    pub(super) fn has_flags(&self, items: &[Node<'_>]) -> bool {
        items.iter().any(|it| match it {
            Node::Text(span, Writing::Quoted | Writing::Json) => {
                let mut inner = span.of(self.source.text).bytes().skip(1);
                let dash = inner.next() == Some(b'-');
                let next = inner.next();
                dash && next.is_some_and(|it| it == b'-' || it.is_ascii_alphabetic())
                    && !span.of(self.source.text).starts_with("\"-----")
            }
            _ => false,
        })
    }

    pub(super) fn list_of_words(&mut self, items: &[Node<'_>], key: &str, scope: Scope) {
        let scope = self.argument(scope);
        let mut words = Vec::new();
        items.iter().for_each(|it| self.word(it, key, scope, &mut words));
        self.words(key, scope, words);
    }

    /// One word. What is not known before it is worked out still takes its place.
    fn word(&mut self, node: &Node<'_>, key: &str, scope: Scope, words: &mut Vec<Text<'a>>) {
        match node {
            Node::Text(span, writing) => {
                let text = self.decode(*span, *writing, key, scope);
                let text = if self.family == Family::Packer {
                    let holes = super::actions(text.as_str(), "{{", "}}");
                    text.with_holes(holes.into_iter().map(|it| it.range))
                } else {
                    text
                };
                words.push(text);
            }
            Node::Number(span) => words.push(self.source.bare(*span)),
            Node::Code(span) => {
                let text = self.source.bare(*span);
                let whole = 0..text.len();
                words.push(text.with_holes([whole]));
                self.code(*span, key, scope);
            }
            Node::Bool(_) | Node::Null => {}
            Node::List(_) | Node::Map(_) => self.node(node, key, scope),
        }
    }
}
