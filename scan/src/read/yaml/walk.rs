//! Tells the finder of a document's values, under the names that they have where they are used.

use super::{
    scalar,
    schema::{Role, Schema, role, schema},
    tree::{Id, Scalar, Shape, Tree},
};
use crate::{
    At, Decoder, Finder, Format, Layer, Obstacle, Place, Text, embedded,
    read::{references::Dollars, value},
};

/// How many names a key has at most.
const MAX_NAMES: usize = 3;

pub(super) struct Walk<'w, 't, 'a> {
    finder: &'w mut Finder<'a>,
    at: &'w At<'w>,
    text: &'t Text<'a>,
    tree: &'t Tree,
    schema: Schema,
    /// The names from the top on, joined with dots.
    path: String,
    /// Where each of them begins, and whether it is the number of an item.
    names: Vec<(usize, bool)>,
}

/// What is known of a node from those that it lies in.
#[derive(Clone, Copy)]
struct Within<'x> {
    role: Role,
    /// The name of the collection, and of the one around it.
    name: &'x str,
    /// The file that the node's text is written to.
    file: Option<&'x str>,
    /// Which of the maps with a `kind` is around.
    data: Option<Role>,
    obstacle: Option<Obstacle>,
}

impl<'w, 't, 'a> Walk<'w, 't, 'a> {
    pub(super) fn new(
        finder: &'w mut Finder<'a>,
        at: &'w At<'w>,
        text: &'t Text<'a>,
        tree: &'t Tree,
    ) -> Self {
        let raw = text.as_str();
        let name = |it: Id| tree.key(it).and_then(|it| raw.get(it.range())).unwrap_or("");
        let schema = schema(tree, name);
        Self { finder, at, text, tree, schema, path: String::new(), names: Vec::new() }
    }

    pub(super) fn document(mut self) {
        let top = Within { role: Role::Plain, name: "", file: None, data: None, obstacle: self.at.obstacle };
        self.node(Tree::ROOT, top);
    }

    /// A scalar's own text, without its escapes undone.
    fn raw(&self, scalar: Scalar) -> &'t str {
        self.text.as_str().get(scalar.range()).unwrap_or("")
    }

    fn name(&self, id: Id) -> &'t str {
        self.tree.key(id).map_or("", |it| self.raw(it))
    }

    fn scalar_of(&self, id: Id) -> Option<Scalar> {
        match self.tree.shape(id) {
            Shape::Scalar(it) => Some(it),
            _ => None,
        }
    }

    fn child(&self, id: Id, names: &[&str]) -> Option<Id> {
        self.tree.children(id).find(|it| names.contains(&self.name(*it)))
    }

    fn node(&mut self, id: Id, within: Within<'_>) {
        match self.tree.shape(id) {
            Shape::Empty | Shape::Reference => {}
            Shape::Scalar(scalar) => self.scalar(scalar, within),
            Shape::Map => self.map(id, within),
            Shape::List => self.list(id, within),
        }
    }

    fn map(&mut self, id: Id, within: Within<'_>) {
        if self.is_selector(id) || self.is_sealed(id) {
            return;
        }
        let within = Within { data: self.kind(id).or(within.data), ..within };
        if let Some((name, value)) = self.pair(id) {
            return self.named(id, name, value, within);
        }
        let file =
            self.child(id, &["path", "dest", "destination", "filename", "file", "target", "source_path"]);
        let file = file.and_then(|it| self.scalar_of(it)).map(|it| self.raw(it));
        let joined = self.command_and_args(id, within);
        let of_a_secret = self.child(id, &embedded::NAMES_OF_SECRETS).is_some();
        for child in self.tree.children(id) {
            let key = self.name(child);
            if joined && matches!(key, "command" | "args") || of_a_secret && self.names_entry(child) {
                continue;
            }
            if self.tree.key(child).is_none() {
                // A line that is neither a key nor a part of a value.
                self.stray(child, within);
                continue;
            }
            // Of a SealedSecret.
            if key == "encryptedData" && self.schema == Schema::Kubernetes {
                continue;
            }
            let role = match (within.data, key, within.role) {
                (Some(it @ Role::SecretData), "data", _) => it,
                (Some(_), "data" | "stringData", _) => Role::Data,
                // The value of a variable with more to it: `X: {value: y, description: z}`.
                (_, "value", Role::Env) if !self.names.is_empty() => {
                    let name = within.name;
                    self.enter(key, false);
                    self.node(child, Within { role: Role::Env, name, file: None, ..within });
                    self.leave();
                    continue;
                }
                (_, _, it @ (Role::Env | Role::BuildArgs | Role::Labels | Role::Data | Role::SecretData)) => {
                    it
                }
                _ => role(self.schema, within.name, key),
            };
            let is_content =
                matches!(key, "content" | "contents" | "data" | "inline" | "template" | "text" | "raw");
            let inner = Within { role, name: key, file: file.filter(|_| is_content), ..within };
            self.enter(key, false);
            self.node(child, inner);
            self.leave();
        }
    }

    /// `{name: X, key: y}` names an entry of a secret that is kept elsewhere.
    fn is_selector(&self, id: Id) -> bool {
        const WORDS: &[&str] =
            &["name", "key", "namespace", "optional", "property", "version", "apiVersion", "kind"];
        self.child(id, &["name"]).is_some()
            && self.child(id, &["key"]).is_some()
            && self.tree.children(id).all(|it| WORDS.contains(&self.name(it)))
    }

    /// `secret_key: y` beside `secret_name: X`.
    fn names_entry(&self, id: Id) -> bool {
        self.scalar_of(id)
            .is_some_and(|it| embedded::names_entry(self.name(id), scalar::decode(self.text, it).as_str()))
    }

    /// `{secure: x}` of Travis: encrypted for it alone.
    fn is_sealed(&self, id: Id) -> bool {
        self.child(id, &["secure"]).is_some() && self.tree.children(id).count() == 1
    }

    /// What the entries of `data` are, by the `kind` beside them.
    fn kind(&self, id: Id) -> Option<Role> {
        if self.schema != Schema::Kubernetes {
            return None;
        }
        let kind = self.child(id, &["kind"]).and_then(|it| self.scalar_of(it))?;
        match self.raw(kind) {
            "Secret" => Some(Role::SecretData),
            "ConfigMap" => Some(Role::Data),
            _ => None,
        }
    }

    /// `{name: X, value: Y}`, in either order.
    fn pair(&self, id: Id) -> Option<(Scalar, Id)> {
        let name =
            self.child(id, &["name", "Name", "key", "Key", "ParameterKey", "parameter", "variable"])?;
        let value = self.child(id, &["value", "Value", "ParameterValue"])?;
        Some((self.scalar_of(name)?, value))
    }

    fn named(&mut self, id: Id, name: Scalar, value: Id, within: Within<'_>) {
        let key = self.raw(name);
        let role = if within.role == Role::Env { Role::Env } else { Role::Plain };
        for child in self.tree.children(id).filter(|it| self.tree.key(*it) != Some(name)) {
            if self.scalar_of(child) == Some(name) {
                continue;
            }
            let own = self.name(child);
            self.enter(own, false);
            if child == value {
                let at = At { place: place(role), ..self.at(key, within) };
                match self.scalar_of(value) {
                    Some(scalar) => self.text(&at, scalar, None),
                    None => self.node(value, Within { name: key, role, ..within }),
                }
            } else {
                self.node(child, Within { name: own, role: Role::Plain, ..within });
            }
            self.leave();
        }
    }

    /// `network_key: [71, 3, ...]` of Zigbee: a key in numbers, which is one as a whole.
    fn is_key_of_numbers(&mut self, id: Id, within: Within<'_>) -> bool {
        // Most lists are given up at their first item: none is copied for the question.
        let mut ends: Option<(usize, usize)> = None;
        let mut count = 0;
        for child in self.tree.children(id) {
            count += 1;
            let scalar =
                self.scalar_of(child).filter(|it| count <= 64 && self.raw(*it).parse::<u8>().is_ok());
            let Some(scalar) = scalar else { return false };
            ends = Some((ends.map_or(scalar.start, |it| it.0), scalar.end));
        }
        let Some((start, end)) = ends.filter(|_| count >= 16) else { return false };
        let key = self.text.slice(start..end);
        let at = self.at(within.name, within);
        embedded::key_of_numbers(self.finder, &at, &key)
    }

    fn list(&mut self, id: Id, within: Within<'_>) {
        if self.is_key_of_numbers(id, within) {
            return;
        }
        let is_words = within.role == Role::Command || within.role == Role::Plain && self.has_flags(id);
        if is_words {
            let (words, script) = self.words(id);
            self.tell_words(words, within);
            if let Some(script) = script {
                let at = At { place: Place::Argument, ..self.at(within.name, within) };
                let script = value::opened(self.finder, &at, script, self.dollars());
                self.finder.document(&at, script, Format::Shell);
            }
        }
        for (number, child) in self.tree.children(id).enumerate() {
            if is_words && self.scalar_of(child).is_some() {
                continue;
            }
            self.enter(&number.to_string(), true);
            match self.tree.key(child) {
                // `[a: b]`
                Some(_) => {
                    let key = self.name(child);
                    self.enter(key, false);
                    self.node(
                        child,
                        Within { name: key, role: role(self.schema, within.name, key), ..within },
                    );
                    self.leave();
                }
                None => self.item(child, within),
            }
            self.leave();
        }
    }

    fn item(&mut self, id: Id, within: Within<'_>) {
        let Some(scalar) = self.scalar_of(id) else {
            // `{name: X, valueFrom: ...}` has no variables as its keys.
            let is_entry = self.child(id, &["name", "key"]).is_some() && self.pair(id).is_none();
            let role = if is_entry { Role::Plain } else { within.role };
            return self.node(id, Within { role, ..within });
        };
        match within.role {
            Role::Env | Role::Labels | Role::BuildArgs => {
                let text = scalar::decode(self.text, scalar);
                let Some(equals) = memchr::memchr(b'=', text.as_str().as_bytes()) else { return };
                let key = text.as_str().get(..equals).unwrap_or("").to_owned();
                let at = self.at(&key, within);
                self.bring(&at, text.slice(equals + 1..text.len()));
            }
            _ => self.scalar(scalar, within),
        }
    }

    /// Whether the items are flags of a command, whatever the list is called.
    fn has_flags(&self, id: Id) -> bool {
        let first = self.tree.children(id).next().and_then(|it| self.scalar_of(it));
        first.is_some_and(|it| {
            let mut chars = self.raw(it).chars();
            chars.next() == Some('-') && chars.next().is_some_and(|it| it == '-' || it.is_ascii_alphabetic())
        })
    }

    /// A container's `command` and `args` are one command.
    fn command_and_args(&mut self, id: Id, within: Within<'_>) -> bool {
        let list = |name: &str| self.child(id, &[name]).filter(|it| self.tree.shape(*it) == Shape::List);
        let (Some(command), Some(args)) = (list("command"), list("args")) else { return false };
        let (mut words, _) = self.words(command);
        words.extend(self.words(args).0);
        self.enter("args", false);
        self.tell_words(words, Within { name: "args", ..within });
        self.leave();
        true
    }

    /// The words of a list, or the line for a shell that a health check has.
    fn words(&mut self, id: Id) -> (Vec<Text<'a>>, Option<Text<'a>>) {
        let scalars = self.tree.children(id).filter_map(|it| self.scalar_of(it));
        let mut words: Vec<_> = scalars.map(|it| scalar::decode(self.text, it)).collect();
        match words.first().map(Text::as_str) {
            Some("CMD-SHELL") if words.len() == 2 => (Vec::new(), words.pop()),
            Some("CMD") => {
                words.remove(0);
                (words, None)
            }
            _ => (words, None),
        }
    }

    fn tell_words(&mut self, words: Vec<Text<'a>>, within: Within<'_>) {
        if words.is_empty() {
            return;
        }
        let at = At { place: Place::Argument, ..self.at(within.name, within) };
        let dollars = self.dollars();
        let words = words.into_iter().map(|it| value::opened(self.finder, &at, it, dollars)).collect();
        self.finder.words(&at, words);
    }

    fn stray(&mut self, id: Id, within: Within<'_>) {
        match self.scalar_of(id) {
            Some(scalar) => {
                let at = self.at(within.name, within);
                self.finder.document(&at, scalar::decode(self.text, scalar), Format::Text);
            }
            None => self.node(id, within),
        }
    }

    fn scalar(&mut self, scalar: Scalar, within: Within<'_>) {
        let key = match within.role {
            Role::Plain | Role::Script => self.key().to_owned(),
            _ => within.name.to_owned(),
        };
        // A list at the top of a file goes by no name; the file's own says nothing of it.
        let is_nameless = key.is_empty() && !self.at.path.is_empty();
        let key = if is_nameless { self.at.key.clone().into_owned() } else { key };
        let at = self.at(&key, within);
        match within.role {
            Role::Command | Role::Script => {
                let at = At { place: Place::Argument, ..at };
                let text = scalar::decode(self.text, scalar);
                let dollars = self.dollars();
                let text = value::opened(self.finder, &at, text, dollars);
                self.finder.document(&at, text, Format::Shell);
            }
            Role::SecretData => {
                let text = scalar::decode(self.text, scalar);
                let before = self.finder.count();
                let decoded = base64(&text);
                match decoded.clone() {
                    Some(decoded) => self.decoded(&at, decoded, Some(within.name), Dollars::Braced),
                    None => self.bring(&at, text.clone()),
                }
                if self.finder.count() == before {
                    embedded::kept(self.finder, &at, "secret", &decoded.unwrap_or(text).trim());
                }
            }
            Role::Data => {
                let before = self.finder.count();
                self.text(&at, scalar, Some(within.name));
                if within.data == Some(Role::SecretData) && self.finder.count() == before {
                    embedded::kept(self.finder, &at, "secret", &scalar::decode(self.text, scalar).trim());
                }
            }
            _ => self.text(&at, scalar, within.file),
        }
    }

    /// A value that may be a whole document, written to a file by that name.
    fn text(&mut self, at: &At<'_>, scalar: Scalar, file: Option<&str>) {
        let text = scalar::decode(self.text, scalar);
        self.decoded(at, text, file, self.dollars());
    }

    fn decoded(&mut self, at: &At<'_>, text: Text<'a>, file: Option<&str>, dollars: Dollars) {
        let is_long = memchr::memchr(b'\n', text.as_str().trim_end().as_bytes()).is_some();
        let name = file.unwrap_or(&at.key);
        let named = match at.key.ends_with("chpasswd.list") {
            true => Some(Format::Colons),
            false if is_long || file.is_some() => Format::by_name(name),
            false => None,
        };
        if !is_long && named.is_none() || text.as_str().trim_start().starts_with("-----BEGIN") {
            return value::bring(self.finder, at, text, dollars);
        }
        // References are left to the reader of the document, but for those that Compose replaces before.
        let text = match dollars {
            Dollars::Compose => value::opened(self.finder, at, text, dollars),
            _ => text,
        };
        let known = named.filter(|it| *it == Format::Colons);
        match known.unwrap_or_else(|| Format::of(name, text.as_str())) {
            Format::Text if named.is_none() => self.finder.value(at, text),
            format => self.finder.document(at, text, format),
        }
    }

    fn bring(&mut self, at: &At<'_>, text: Text<'a>) {
        value::bring(self.finder, at, text, self.dollars());
    }

    fn dollars(&self) -> Dollars {
        if self.schema == Schema::Compose { Dollars::Compose } else { Dollars::Braced }
    }

    /// The place that the walk has come to.
    fn at<'k>(&self, key: &'k str, within: Within<'_>) -> At<'k>
    where
        'w: 'k,
    {
        let obstacle = match within.role {
            Role::BuildArgs => within.obstacle.or(Some(Obstacle::BuildArgument)),
            _ => within.obstacle,
        };
        let path = match self.at.path.is_empty() {
            true => self.path.clone().into(),
            false => self.at.path.clone(),
        };
        let own = place(within.role);
        let place = if own == Place::Attribute { self.at.place } else { own };
        At { key: key.into(), path, place, obstacle, ..self.at.clone() }
    }

    fn enter(&mut self, name: &str, is_number: bool) {
        if !self.path.is_empty() {
            self.path.push('.');
        }
        self.names.push((self.path.len(), is_number));
        self.path.push_str(name);
    }

    fn leave(&mut self) {
        if let Some((start, _)) = self.names.pop() {
            self.path.truncate(start.saturating_sub(1));
        }
    }

    /// The last names, as far as they lie in no list.
    fn key(&self) -> &str {
        let end = match self.names.last() {
            // An item of a list goes by the list's name.
            Some((start, true)) => start.saturating_sub(1),
            _ => self.path.len(),
        };
        let names = self.names.iter().rev().skip_while(|it| it.1).take_while(|it| !it.1).take(MAX_NAMES);
        let start = names.last().map_or(end, |it| it.0);
        let key = self.path.get(start..end).unwrap_or("");
        match self.schema {
            // The blocks around a setting say nothing of it there.
            Schema::Kubernetes | Schema::Compose => {
                let last = self.names.iter().rev().find(|it| !it.1).map_or(start, |it| it.0);
                self.path.get(last..end).unwrap_or(key)
            }
            Schema::Other => key,
        }
    }
}

fn place(role: Role) -> Place {
    match role {
        Role::Env => Place::Env,
        Role::Command | Role::Script => Place::Argument,
        _ => Place::Attribute,
    }
}

/// Text in base64; `None` for what is none, or decodes to no text.
fn base64<'a>(text: &Text<'a>) -> Option<Text<'a>> {
    if !text.holes().is_empty() {
        return None;
    }
    let packed: Vec<u8> = text.as_str().bytes().filter(|it| !it.is_ascii_whitespace()).collect();
    let decoded = data_encoding::BASE64.decode(&packed).ok()?;
    let decoded = String::from_utf8(decoded).ok()?;
    let is_text = !decoded.chars().any(|it| it.is_control() && !it.is_ascii_whitespace());
    if !is_text || decoded.is_empty() {
        return None;
    }
    let mut out = Decoder::new(text, Layer::Base64);
    out.put(&decoded, 0..text.len());
    Some(out.finish())
}
