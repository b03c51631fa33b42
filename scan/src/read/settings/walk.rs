//! Every setting of a document, with its name and what is known of it.

use std::{borrow::Cow, collections::HashSet};

use strongroom_hcl::Span;

use super::{
    Syntax, Tree,
    expression::looped,
    family::Family,
    go::{actions, name_before},
    scope::{Role, Scope},
    strings::Source,
    tree::{Entry, Node, Writing, entry},
};
use crate::{At, Finder, Format, Obstacle, Place, Text, embedded};

pub(super) struct Walk<'f, 'd, 'a> {
    pub(super) finder: &'f mut Finder<'a>,
    pub(super) source: Source<'d, 'a>,
    /// Where the document itself stands.
    base: &'d At<'d>,
    pub(super) family: Family,
    syntax: Syntax,
    /// Blocks and attributes down to here.
    path: String,
    /// Locals and variables that something is repeated for.
    looped: HashSet<&'d str>,
}

impl<'f, 'd, 'a> Walk<'f, 'd, 'a> {
    pub(super) fn of(
        finder: &'f mut Finder<'a>,
        base: &'d At<'d>,
        source: Source<'d, 'a>,
        tree: &Tree<'_>,
    ) -> Self {
        let entries: &[Entry<'_>] = match tree.values.first() {
            Some(Node::Map(entries)) => entries,
            _ => &[],
        };
        let family = Family::of(&base.key, entries, tree.syntax);
        let looped = if tree.syntax == Syntax::Hcl { looped(source.text) } else { HashSet::new() };
        Self { finder, source, base, family, syntax: tree.syntax, path: String::new(), looped }
    }

    pub(super) fn run(&mut self, tree: &Tree<'_>) {
        let scope = Scope::top(self.family);
        // A file's name says nothing of what is in it; the setting that holds a document does.
        let base = self.base;
        let key = if self.is_embedded() { base.key.as_ref() } else { "" };
        for value in &tree.values {
            match value {
                Node::Map(entries) => self.map(entries, "", scope),
                other => self.node(other, key, scope),
            }
        }
    }

    fn is_embedded(&self) -> bool {
        !self.base.path.is_empty() || self.base.place != Place::Attribute
    }

    /// Brings a value under a name.
    pub(super) fn value(&mut self, key: &str, scope: Scope, value: Text<'a>) {
        let at = place_of(self.base, &self.path, key, scope);
        self.finder.value(&at, value);
    }

    /// Brings a value that is judged by another name where its own says nothing.
    pub(super) fn kept(&mut self, key: &str, scope: Scope, name: &str, value: &Text<'a>) {
        let at = place_of(self.base, &self.path, key, scope);
        embedded::kept(self.finder, &at, name, value);
    }

    pub(super) fn words(&mut self, key: &str, scope: Scope, words: Vec<Text<'a>>) {
        let at = place_of(self.base, &self.path, key, Scope { place: Place::Argument, ..scope });
        self.finder.words(&at, words);
    }

    pub(super) fn document(&mut self, key: &str, scope: Scope, text: Text<'a>, format: Format) {
        let at = place_of(self.base, &self.path, key, scope);
        self.finder.document(&at, text, format);
    }

    /// Does something one step further down the path.
    pub(super) fn below(&mut self, name: &str, inner: impl FnOnce(&mut Self)) {
        let len = self.path.len();
        if len > 0 {
            self.path.push('.');
        }
        self.path.push_str(name);
        inner(self);
        self.path.truncate(len);
    }

    pub(super) fn node(&mut self, node: &Node<'_>, key: &str, scope: Scope) {
        if scope.role == Role::Ignored {
            return;
        }
        match node {
            Node::Text(span, writing) => self.text(*span, *writing, key, scope),
            Node::Number(span) => self.value(key, scope, self.source.bare(*span)),
            Node::Bool(_) | Node::Null => {}
            Node::Code(span) => self.code(*span, key, scope),
            Node::List(items) => self.list(items, key, scope),
            Node::Map(entries) => self.map(entries, key, scope),
        }
    }

    fn map(&mut self, entries: &[Entry<'_>], key: &str, scope: Scope) {
        if scope.labels > 0 {
            return entries.iter().for_each(|it| self.entry(it, None, key, scope));
        }
        if scope.role == Role::Template && self.template(entries, key, scope) {
            return;
        }
        // A JSON Web Key without its private half is there for everybody.
        if entry(entries, &["kty"]).is_some() && entry(entries, &["d", "k"]).is_none() {
            return;
        }
        let named = if scope.role == Role::Env && self.family == Family::Nomad {
            None
        } else {
            self.name_of_pair(entries)
        };
        let mut told = self.command(entries, key, scope);
        told.extend(self.file(entries, scope));
        let of_a_secret = entry(entries, &embedded::NAMES_OF_SECRETS).is_some();
        for entry in entries.iter().filter(|it| !told.contains(&it.name.as_ref())) {
            if of_a_secret
                && self.string(&entry.value).is_some_and(|it| embedded::names_entry(&entry.name, &it))
            {
                continue;
            }
            let name = named.as_deref().filter(|_| is_value(&entry.name));
            self.entry(entry, name, key, scope);
        }
    }

    pub(super) fn entry(&mut self, entry: &Entry<'_>, named: Option<&str>, key: &str, scope: Scope) {
        let name = entry.name.as_ref();
        if entry.label || scope.labels > 0 {
            let mut inner = Scope { labels: scope.labels.saturating_sub(1), ..scope };
            if scope.role == Role::Variable && self.looped.contains(name) {
                inner = inner.behind(Obstacle::Expression);
            }
            return self.below(name, |this| this.node(&entry.value, name, inner));
        }
        let inner = match scope.role {
            Role::Dynamic => self.dynamic(name, scope),
            Role::Variable => match name {
                "default" => self.default(&entry.value, scope),
                _ => return,
            },
            _ => scope.enter(self.family, name, self.syntax == Syntax::Json),
        };
        let inner = match &entry.value {
            // A plain value may have the name of a block.
            Node::Text(..) | Node::Code(_) if inner.role == Role::Ignored && scope.role != Role::Ignored => {
                Scope { role: Role::Plain, ..inner }
            }
            Node::Map(_) | Node::List(_) if key.is_empty() && self.is_looped(name, inner) => {
                inner.behind(Obstacle::Expression)
            }
            _ => inner,
        };
        let key: Cow<'_, str> = match named {
            Some(named) => Cow::Borrowed(named),
            None if scope.role == Role::Variable => Cow::Borrowed(key),
            // What holds the names has none of its own.
            None if inner.role == Role::Named && scope.role != Role::Named => Cow::Borrowed(""),
            None if !key.is_empty() && (scope.dotted || (self.is_embedded() && needs_more(key, name))) => {
                Cow::Owned(format!("{key}.{name}"))
            }
            None => Cow::Borrowed(name),
        };
        self.below(name, |this| this.node(&entry.value, &key, inner));
    }

    /// Whether a local of this name is repeated for.
    fn is_looped(&self, name: &str, scope: Scope) -> bool {
        scope.place == Place::Local && self.looped.contains(name)
    }

    /// The scope of a variable's default. What holds several values is no longer plain where it is repeated for.
    fn default(&self, value: &Node<'_>, scope: Scope) -> Scope {
        let several = matches!(value, Node::Map(_) | Node::List(_));
        let obstacle = scope.obstacle.filter(|it| several || *it != Obstacle::Expression);
        Scope { role: Role::Named, place: Place::Default, dotted: true, obstacle, labels: 0 }
    }

    /// The scope of what stands in a dynamic block: the block's own, and the values that it is made for.
    fn dynamic(&self, name: &str, scope: Scope) -> Scope {
        let kind = self.path.rsplit('.').next().unwrap_or("");
        let plain = Scope { role: Role::Plain, ..scope };
        let content = plain.enter(self.family, kind, self.syntax == Syntax::Json);
        match name {
            // Variables that are there or not, or several times over.
            "content" if content.role == Role::Env => content.behind(Obstacle::Expression),
            "content" => content,
            _ => plain.behind(Obstacle::Expression),
        }
    }

    fn list(&mut self, items: &[Node<'_>], key: &str, scope: Scope) {
        match scope.role {
            Role::Env => return items.iter().for_each(|it| self.assignment(it, key, scope)),
            Role::Plain | Role::Config if self.has_flags(items) => {
                return self.list_of_words(items, key, scope);
            }
            _ => {}
        }
        let is_claim = |it: &Node<'_>| self.string(it).is_some_and(|it| embedded::is_claim(&it));
        if items.len() > 1 && embedded::may_claim(key) && items.iter().all(is_claim) {
            return;
        }
        let lines = self.syntax == Syntax::Json && self.has_lines(items);
        for (index, item) in items.iter().enumerate() {
            let numbered = scope.dotted && !matches!(item, Node::Map(_));
            let key = if numbered { Cow::Owned(format!("{key}[{index}]")) } else { Cow::Borrowed(key) };
            if self.syntax == Syntax::Json {
                self.below(&index.to_string(), |this| match item {
                    Node::Text(span, writing) if lines => {
                        let text = this.decode(*span, *writing, &key, scope);
                        this.document(&key, scope, text, Format::Text);
                    }
                    item => this.node(item, &key, scope),
                });
            } else {
                self.node(item, &key, scope);
            }
        }
    }

    /// Whether a list holds the lines of a program, as the cells of a notebook do.
    fn has_lines(&self, items: &[Node<'_>]) -> bool {
        let ends = |it: &Node<'_>| match it {
            Node::Text(span, _) => span.of(self.source.text).ends_with("\\n\""),
            _ => false,
        };
        items.len() > 1 && items.iter().rev().skip(1).all(ends)
    }

    /// `NAME=value` in a list of variables.
    fn assignment(&mut self, node: &Node<'_>, key: &str, scope: Scope) {
        let Node::Text(span, writing) = node else { return self.node(node, key, scope) };
        let text = self.decode(*span, *writing, key, scope);
        match text.as_str().split_once('=') {
            Some((name, _)) if !name.is_empty() && !name.contains(char::is_whitespace) => {
                let value = text.slice(name.len() + 1..text.len());
                self.value(name, scope, value);
            }
            _ => self.value(key, scope, text),
        }
    }

    fn text(&mut self, span: Span, writing: Writing, key: &str, scope: Scope) {
        let text = self.decode(span, writing, key, scope);
        let packed = self.family == Family::Packer && text.as_str().contains("{{");
        let text = if packed {
            let holes = actions(text.as_str(), "{{", "}}");
            text.with_holes(holes.into_iter().map(|it| it.range))
        } else {
            text
        };
        let scope = if writing == Writing::Quoted && has_directive(&text) {
            scope.behind(Obstacle::Expression)
        } else {
            scope
        };
        match scope.role {
            Role::Script => self.document(key, scope, text, Format::Shell),
            Role::Jobspec => {
                let json = text.as_str().trim_start().starts_with('{');
                self.document(key, scope, text, if json { Format::Json } else { Format::Hcl });
            }
            _ if text.as_str().strip_prefix("#!").is_some_and(|it| it.trim_start().starts_with('/')) => {
                self.document(key, scope, text, Format::Shell)
            }
            _ if writing == Writing::Heredoc => self.heredoc(key, scope, text),
            _ => self.value(key, scope, text),
        }
    }

    /// A document of whatever kind, or a value that is too long for its line.
    fn heredoc(&mut self, key: &str, scope: Scope, text: Text<'a>) {
        let trimmed = text.trim();
        let source = trimmed.as_str();
        if source.starts_with("-----BEGIN") || !source.contains('\n') {
            self.value(key, scope, trimmed);
        } else {
            let format = Format::by_text(text.as_str());
            self.document(key, scope, text, format);
        }
    }

    /// What a string means; what its interpolations fall back to is brought as well.
    pub(super) fn decode(&mut self, span: Span, writing: Writing, key: &str, scope: Scope) -> Text<'a> {
        let mut interpolations = Vec::new();
        let text = self.source.decode(span, writing, &mut interpolations);
        for span in interpolations {
            // A line of a heredoc has its own name.
            let name =
                if writing == Writing::Heredoc { name_before(self.source.text, span.start) } else { "" };
            self.interpolation(span, if name.is_empty() { key } else { name }, scope);
        }
        if writing == Writing::Json && self.interpolates() && text.as_str().contains("${") {
            return Source::interpolated(text);
        }
        text
    }

    /// Whether `${...}` in JSON is a reference.
    fn interpolates(&self) -> bool {
        matches!(self.family, Family::Nomad | Family::Terraform | Family::Packer)
    }

    /// The name in `{ name = "X", value = "secret" }`.
    fn name_of_pair(&self, entries: &[Entry<'_>]) -> Option<String> {
        entries.iter().find(|it| !it.label && is_value(&it.name))?;
        let named = NAMES
            .iter()
            .find_map(|it| entry(entries, &[it]))
            // `{"type": "password", "value": "x"}`
            .or_else(|| {
                entry(entries, &["type"])
                    .filter(|it| self.string(&it.value).is_some_and(|it| it == "password"))
            })?;
        let Node::Text(span, writing) = named.value else { return None };
        let name = self.source.decode(span, writing, &mut Vec::new());
        (!name.is_empty() && name.holes().is_empty()).then(|| name.as_str().to_owned())
    }

    /// A string of the document, where it is wanted for what it says and not as a value.
    pub(super) fn string(&self, node: &Node<'_>) -> Option<String> {
        let Node::Text(span, writing) = node else { return None };
        Some(self.source.decode(*span, *writing, &mut Vec::new()).as_str().to_owned())
    }
}

/// What is known of a value. Within a value of another document, it is that one's place that counts.
fn place_of<'x>(base: &'x At<'_>, path: &'x str, key: &'x str, scope: Scope) -> At<'x> {
    let settled = !matches!(base.place, Place::Attribute | Place::Text);
    At {
        key: Cow::Borrowed(key),
        path: Cow::Borrowed(if base.path.is_empty() { path } else { &base.path }),
        place: if settled { base.place } else { scope.place },
        obstacle: base.obstacle.or(scope.obstacle),
        commented: base.commented,
        example: base.example,
    }
}

/// What the name of a pair is called, the likeliest first.
const NAMES: [&str; 12] = [
    "name",
    "Name",
    "key",
    "Key",
    "variable",
    "parameter_name",
    "ParameterKey",
    "ParameterName",
    "label",
    "field",
    "path",
    "id",
];

/// Whether `%{ if ... }` decides on parts of a text.
fn has_directive(text: &Text<'_>) -> bool {
    text.holes().iter().any(|it| text.as_str().get(it.clone()).is_some_and(|it| it.starts_with("%{")))
}

fn is_value(name: &str) -> bool {
    matches!(name, "value" | "Value" | "parameter_value" | "ParameterValue")
}

/// Whether a name says too little without the one above it.
fn needs_more(above: &str, name: &str) -> bool {
    above.ends_with('s')
        || name.bytes().all(|it| it.is_ascii_digit())
        || matches!(
            name,
            "value" | "Value" | "default" | "data" | "auth" | "content" | "text" | "key" | "Key" | "users"
        )
        || above.contains("auths.")
}
