//! Template blocks: a document with actions in it.

use super::{
    go::{actions, literal, name_before},
    scope::{Role, Scope},
    tree::{Entry, Node, entry},
    walk::Walk,
};
use crate::{Format, Layer, Obstacle, Place, Text};

const DATA: [&str; 3] = ["data", "contents", "EmbeddedTmpl"];

/// How a template is to be read.
struct Settings {
    destination: String,
    /// The destination's last part.
    name: String,
    left: String,
    right: String,
    format: Option<Format>,
}

impl Settings {
    /// A file of one value among secrets.
    fn is_secret(&self) -> bool {
        self.destination.contains("secrets/") && !self.name.contains('.')
    }
}

/// Lines of one length in base64, but for the last: what `openssl rand -base64` writes.
fn is_key_file(text: &str) -> bool {
    let is_base64 = |it: u8| it.is_ascii_alphanumeric() || matches!(it, b'+' | b'/' | b'=');
    let first = text.lines().next().map_or(0, str::len);
    first >= 48
        && text.lines().all(|it| !it.is_empty() && it.len() <= first && it.bytes().all(is_base64))
        && text.lines().rev().skip(1).all(|it| it.len() == first)
}

impl<'a> Walk<'_, '_, 'a> {
    /// Brings a block's template; `false` if it has none.
    pub(super) fn template(&mut self, entries: &[Entry<'_>], key: &str, scope: Scope) -> bool {
        let Some(data) = entry(entries, &DATA) else { return false };
        let settings = self.settings(entries);
        let plain = Scope { role: Role::Plain, ..scope };
        for entry in entries {
            if !std::ptr::eq(entry, data) {
                self.entry(entry, None, key, plain);
                continue;
            }
            let scope = Scope { place: Place::Template, ..plain };
            self.below(&entry.name, |this| match &entry.value {
                Node::Text(span, writing) => {
                    let text = this.decode(*span, *writing, &settings.name, scope);
                    this.data(&settings, scope, text);
                }
                other => this.node(other, &settings.name, scope),
            });
        }
        true
    }

    /// Brings the contents of a file whose name stands beside them; gives the name of the setting.
    pub(super) fn file<'n>(&mut self, entries: &'n [Entry<'_>], scope: Scope) -> Option<&'n str> {
        if matches!(scope.role, Role::Env | Role::Named) {
            return None;
        }
        let content = entry(entries, &["content", "contents", "data", "text"])?;
        let Node::Text(span, writing) = content.value else { return None };
        let name = entry(entries, &["filename", "path", "destination", "dest", "file_name", "file"])?;
        let name = self.string(&name.value)?;
        let base = name.rsplit('/').next().unwrap_or("").to_owned();
        let text = self.source.decode(span, writing, &mut Vec::new());
        if !text.as_str().trim_end().contains('\n') || base.is_empty() {
            return None;
        }
        self.below(&content.name, |this| {
            let text = this.decode(span, writing, &base, scope);
            let format = Format::of(&name, text.as_str());
            this.document(&base, scope, text, format);
        });
        Some(&content.name)
    }

    fn settings(&self, entries: &[Entry<'_>]) -> Settings {
        let string = |names: &[&str]| entry(entries, names).and_then(|it| self.string(&it.value));
        let delimiter = |names: &[&str], usual: &str| {
            string(names).filter(|it| !it.is_empty()).unwrap_or_else(|| usual.to_owned())
        };
        let destination = string(&["destination", "DestPath"]).unwrap_or_default();
        let env = entry(entries, &["env", "Envvars"]).is_some_and(|it| match &it.value {
            Node::Bool(value) => *value,
            other => self.string(other).as_deref() == Some("true"),
        });
        Settings {
            name: destination.rsplit('/').next().filter(|it| !it.is_empty()).unwrap_or("template").to_owned(),
            left: delimiter(&["left_delimiter", "LeftDelim"], "{{"),
            right: delimiter(&["right_delimiter", "RightDelim"], "}}"),
            format: env.then_some(Format::Env),
            destination,
        }
    }

    fn data(&mut self, settings: &Settings, scope: Scope, text: Text<'a>) {
        let text = text.within(Layer::Template);
        let actions = actions(text.as_str(), &settings.left, &settings.right);
        for value in actions.iter().flat_map(|it| it.values.iter().map(move |value| (it, value))) {
            let (action, value) = value;
            let name = name_before(text.as_str(), action.range.start);
            let name = if name.is_empty() { settings.name.as_str() } else { name };
            self.value(name, scope.behind(Obstacle::Expression), literal(&text, value));
        }
        let format = settings.format.unwrap_or_else(|| Format::of(&settings.destination, text.as_str()));
        let text = text.with_holes(actions.into_iter().map(|it| it.range));
        let trimmed = text.trim();
        let is_single = !trimmed.as_str().contains(char::is_whitespace) || is_key_file(trimmed.as_str());
        if matches!(format, Format::Text | Format::Shell) && is_single {
            // A file that holds a single value, and is called what it is.
            let before = self.finder.count();
            self.value(&settings.name, scope, trimmed.clone());
            // In that folder, `pg_superuser` says whose password it is.
            if self.finder.count() == before && settings.is_secret() {
                self.kept(&settings.name, scope, "password", &trimmed);
            }
            if self.finder.count() > before {
                return;
            }
        }
        self.document(&settings.name, scope, text, format);
    }
}
