//! A body as its consumer means it, however it was written.
//!
//! A listener may stand in a file as `listener "tcp" { ... }`, `listener { tcp { ... } }`,
//! `listener = { tcp = { ... } }`, `"listener": {"tcp": { ... }}` or with a list of objects at either
//! level. [`BodyView::blocks`] gives the same for all of them; the getters take booleans and numbers
//! that were written as strings.

use crate::{Attribute, Block, Body, Error, ErrorKind, Expr, ExprKind, Item, Label, ObjectEntry, Span};

/// A block's or an object's contents.
#[derive(Clone, Copy)]
pub struct BodyView<'a>(Contents<'a>);

#[derive(Clone, Copy)]
enum Contents<'a> {
    Items(&'a Body),
    Entries(&'a [ObjectEntry], Span),
}

/// A name on the left. A computed key of HCL 2 has the empty name, which nobody's list of known keys
/// holds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct KeyView<'a> {
    pub name: &'a str,
    pub span: Span,
}

/// A block, or an object in a block's place.
#[derive(Clone)]
pub struct BlockView<'a> {
    /// As many as were asked for.
    pub labels: Vec<&'a str>,
    pub body: BodyView<'a>,
    /// Where the last label stands, or the kind if no label was asked for.
    pub key: Span,
    /// The whole entry that the block stands in.
    pub span: Span,
}

/// An attribute's value, with getters for what the consumer expects.
#[derive(Clone, Copy)]
pub struct AttrView<'a> {
    pub key: Span,
    pub value: &'a Expr,
}

/// Something else than the consumer expected.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("expected {expected}")]
pub struct Mismatch {
    pub span: Span,
    pub expected: &'static str,
}

impl Mismatch {
    /// The same with line and column in `text`, which is what was parsed.
    #[must_use]
    pub fn locate(self, text: &str) -> Error {
        Error::at(text, self.span.start, ErrorKind::Expected(self.expected))
    }
}

impl Body {
    #[must_use]
    pub fn view(&self) -> BodyView<'_> {
        BodyView(Contents::Items(self))
    }
}

impl<'a> BodyView<'a> {
    /// What stands between the braces; for an object, the braces too.
    #[must_use]
    pub fn span(self) -> Span {
        match self.0 {
            Contents::Items(body) => body.span,
            Contents::Entries(_, span) => span,
        }
    }

    /// Every key in the order of the text, duplicates included: attributes and kinds of blocks.
    pub fn keys(self) -> impl Iterator<Item = KeyView<'a>> {
        self.entries().map(|entry| entry.key)
    }

    /// The first key that is not one of `known`.
    #[must_use]
    pub fn unknown_key(self, known: &[&str]) -> Option<KeyView<'a>> {
        self.keys().find(|key| !known.contains(&key.name))
    }

    /// The keys that stand here once more, where either of the two is a plain value.
    ///
    /// Blocks and objects of one name may be repeated: they are [`BodyView::blocks`].
    #[must_use]
    pub fn duplicates(self) -> Vec<KeyView<'a>> {
        let mut seen = std::collections::HashMap::new();
        let mut duplicates = Vec::new();
        for entry in self.entries() {
            let plain = !entry.value.is_block();
            match seen.insert(entry.key.name, plain) {
                Some(earlier_plain) if plain || earlier_plain => duplicates.push(entry.key),
                _ => {}
            }
        }
        duplicates
    }

    /// All blocks of a kind with their labels, in whichever way they were written.
    ///
    /// Fails where `kind` is a plain value, or a block has another number of labels.
    pub fn blocks(self, kind: &str, labels: usize) -> Result<Vec<BlockView<'a>>, Mismatch> {
        let mut found = Vec::new();
        for entry in self.entries().filter(|entry| entry.key.name == kind) {
            let written: &[Label] = match entry.value {
                Value::Block(block) => &block.labels,
                Value::Expr(_) => &[],
            };
            if let Some(extra) = written.get(labels) {
                return Err(Mismatch { span: extra.span, expected: "`{`" });
            }
            let key = written.last().map_or(entry.key.span, |label| label.span);
            let names = written.iter().map(|label| label.name.as_str()).collect();
            let at = Place { labels: names, key, span: entry.span };
            entry.value.collect_blocks(at, labels, &mut found)?;
        }
        Ok(found)
    }

    /// The first attribute of that name. The getters below also refuse a second one.
    #[must_use]
    pub fn attr(self, name: &str) -> Option<AttrView<'a>> {
        self.entries().filter(|entry| entry.key.name == name).find_map(|entry| entry.attr())
    }

    /// The attribute of that name, if it stands here; an error if there are two, or it is a block.
    pub fn single(self, name: &str) -> Result<Option<AttrView<'a>>, Mismatch> {
        let mut entries = self.entries().filter(|entry| entry.key.name == name);
        let Some(first) = entries.next() else { return Ok(None) };
        if let Some(second) = entries.next() {
            return Err(Mismatch { span: second.key.span, expected: "this key only once" });
        }
        let attr = first.attr().ok_or(Mismatch { span: first.key.span, expected: "`=` and a value" })?;
        Ok(Some(attr))
    }

    /// [`AttrView::as_bool`] of an attribute that may be missing.
    pub fn bool(self, name: &str) -> Result<Option<bool>, Mismatch> {
        self.single(name)?.map(AttrView::as_bool).transpose()
    }

    /// [`AttrView::as_str`] of an attribute that may be missing.
    pub fn str(self, name: &str) -> Result<Option<&'a str>, Mismatch> {
        self.single(name)?.map(AttrView::as_str).transpose()
    }

    /// [`AttrView::as_u64`] of an attribute that may be missing.
    pub fn u64(self, name: &str) -> Result<Option<u64>, Mismatch> {
        self.single(name)?.map(AttrView::as_u64).transpose()
    }

    /// [`AttrView::as_string_list`] of an attribute that may be missing.
    pub fn string_list(self, name: &str) -> Result<Option<Vec<&'a str>>, Mismatch> {
        self.single(name)?.map(AttrView::as_string_list).transpose()
    }

    /// All plain values by name, in order: for maps whose keys are the user's.
    pub fn attrs(self) -> impl Iterator<Item = (KeyView<'a>, AttrView<'a>)> {
        self.entries().filter_map(|entry| Some((entry.key, entry.attr()?)))
    }

    fn entries(self) -> impl Iterator<Item = Entry<'a>> {
        let (items, entries) = match self.0 {
            Contents::Items(body) => (body.items.as_slice(), [].as_slice()),
            Contents::Entries(entries, _) => ([].as_slice(), entries),
        };
        items.iter().map(Entry::of_item).chain(entries.iter().map(Entry::of_entry))
    }
}

impl<'a> BlockView<'a> {
    /// The label at `index`, empty if fewer were asked for.
    #[must_use]
    pub fn label(&self, index: usize) -> &'a str {
        self.labels.get(index).copied().unwrap_or_default()
    }
}

impl<'a> AttrView<'a> {
    #[must_use]
    pub fn span(self) -> Span {
        self.value.span
    }

    /// A string without interpolation.
    pub fn as_str(self) -> Result<&'a str, Mismatch> {
        match &self.value.kind {
            ExprKind::String(text) => Ok(text),
            ExprKind::Template(_) => Err(self.mismatch("a string without interpolation")),
            _ => Err(self.mismatch("a string")),
        }
    }

    /// A string, or a number or boolean as it was written: for maps of strings.
    pub fn as_text(self) -> Result<&'a str, Mismatch> {
        match &self.value.kind {
            ExprKind::Bool(true) => Ok("true"),
            ExprKind::Bool(false) => Ok("false"),
            ExprKind::Number(written) => Ok(written),
            _ => self.as_str(),
        }
    }

    /// A boolean, also as a string or a number, in the spellings that Go's `strconv.ParseBool` takes.
    pub fn as_bool(self) -> Result<bool, Mismatch> {
        let text = match &self.value.kind {
            ExprKind::Bool(value) => return Ok(*value),
            ExprKind::String(text) | ExprKind::Number(text) => text.as_str(),
            _ => "",
        };
        match text {
            "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
            "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
            _ => Err(self.mismatch("true or false")),
        }
    }

    /// A whole number of at least zero, decimal or hexadecimal, also as a string.
    ///
    /// A leading zero is refused: it is octal in HCL 1 and decimal in HCL 2.
    pub fn as_u64(self) -> Result<u64, Mismatch> {
        let text = match &self.value.kind {
            ExprKind::String(text) | ExprKind::Number(text) => text.as_str(),
            _ => "",
        };
        let (digits, radix) = match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
            Some(digits) => (digits, 16),
            None => (text, 10),
        };
        let plain = digits.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let leading_zero = radix == 10 && digits.len() > 1 && digits.starts_with('0');
        let number = if plain && !leading_zero { u64::from_str_radix(digits, radix).ok() } else { None };
        number.ok_or_else(|| self.mismatch("a whole number"))
    }

    /// A list of strings.
    pub fn as_string_list(self) -> Result<Vec<&'a str>, Mismatch> {
        let ExprKind::List(items) = &self.value.kind else {
            return Err(self.mismatch("a list of strings"));
        };
        items.iter().map(|value| AttrView { key: self.key, value }.as_str()).collect()
    }

    /// The items of a list.
    pub fn as_list(self) -> Result<impl Iterator<Item = AttrView<'a>>, Mismatch> {
        let ExprKind::List(items) = &self.value.kind else {
            return Err(self.mismatch("a list"));
        };
        let key = self.key;
        Ok(items.iter().map(move |value| AttrView { key, value }))
    }

    /// An object's contents.
    pub fn as_object(self) -> Result<BodyView<'a>, Mismatch> {
        match &self.value.kind {
            ExprKind::Object(entries) => Ok(BodyView(Contents::Entries(entries, self.value.span))),
            _ => Err(self.mismatch("an object")),
        }
    }

    /// The error for this value being something else than `expected`.
    #[must_use]
    pub fn mismatch(self, expected: &'static str) -> Mismatch {
        Mismatch { span: self.value.span, expected }
    }
}

#[derive(Clone, Copy)]
struct Entry<'a> {
    key: KeyView<'a>,
    value: Value<'a>,
    span: Span,
}

#[derive(Clone, Copy)]
enum Value<'a> {
    Block(&'a Block),
    Expr(&'a Expr),
}

/// How far the way to a block has been followed.
#[derive(Clone)]
struct Place<'a> {
    labels: Vec<&'a str>,
    key: Span,
    span: Span,
}

impl<'a> Entry<'a> {
    fn of_item(item: &'a Item) -> Self {
        let (key, value, span) = match item {
            Item::Attribute(Attribute { key, value, span }) => (key, Value::Expr(value), *span),
            Item::Block(block) => (&block.kind, Value::Block(block), block.span),
        };
        Self { key: KeyView { name: &key.name, span: key.span }, value, span }
    }

    fn of_entry(entry: &'a ObjectEntry) -> Self {
        let key = KeyView { name: entry.name.as_deref().unwrap_or_default(), span: entry.key.span };
        let span = Span { start: entry.key.span.start, end: entry.value.span.end };
        Self { key, value: Value::Expr(&entry.value), span }
    }

    fn attr(self) -> Option<AttrView<'a>> {
        match self.value {
            Value::Expr(value) => Some(AttrView { key: self.key.span, value }),
            Value::Block(_) => None,
        }
    }
}

impl<'a> Value<'a> {
    /// A block, an object, or a list of nothing but objects.
    fn is_block(self) -> bool {
        match self {
            Self::Block(_) => true,
            Self::Expr(value) => match &value.kind {
                ExprKind::Object(_) => true,
                ExprKind::List(items) => {
                    !items.is_empty() && items.iter().all(|item| matches!(item.kind, ExprKind::Object(_)))
                }
                _ => false,
            },
        }
    }

    /// Follows labels down to the bodies. An empty object or list, or JSON's `null`, holds no blocks.
    fn collect_blocks(
        self,
        at: Place<'a>,
        labels: usize,
        found: &mut Vec<BlockView<'a>>,
    ) -> Result<(), Mismatch> {
        let missing = labels.saturating_sub(at.labels.len());
        let body = match self {
            Self::Block(block) => block.body.view(),
            Self::Expr(value) => match &value.kind {
                ExprKind::Object(entries) => BodyView(Contents::Entries(entries, value.span)),
                ExprKind::List(items) => {
                    for item in items {
                        let at = Place { span: item.span, ..at.clone() };
                        if !matches!(item.kind, ExprKind::Object(_)) {
                            return Err(Mismatch { span: item.span, expected: "an object" });
                        }
                        Value::Expr(item).collect_blocks(at, labels, found)?;
                    }
                    return Ok(());
                }
                ExprKind::Null => return Ok(()),
                _ => return Err(Mismatch { span: value.span, expected: "a block or an object" }),
            },
        };
        if missing == 0 {
            found.push(BlockView { labels: at.labels, body, key: at.key, span: at.span });
            return Ok(());
        }
        let mut entries = body.entries().peekable();
        if entries.peek().is_none() && matches!(self, Self::Block(_)) {
            return Err(Mismatch { span: at.key, expected: "a label" });
        }
        for entry in entries {
            let mut labels_here = at.labels.clone();
            labels_here.push(entry.key.name);
            // `a { "b" "c" { ... } }`: the inner block brings more than one label.
            let mut key = entry.key.span;
            if let Value::Block(block) = entry.value {
                labels_here.extend(block.labels.iter().map(|label| label.name.as_str()));
                key = block.labels.last().map_or(key, |label| label.span);
            }
            if !entry.value.is_block() && !entry.value.is_nothing() {
                return Err(Mismatch { span: at.key, expected: "a label" });
            }
            if labels_here.len() > labels {
                return Err(Mismatch { span: key, expected: "`{`" });
            }
            entry.value.collect_blocks(
                Place { labels: labels_here, key, span: entry.span },
                labels,
                found,
            )?;
        }
        Ok(())
    }

    fn is_nothing(self) -> bool {
        match self {
            Self::Block(_) => false,
            Self::Expr(value) => match &value.kind {
                ExprKind::Null => true,
                ExprKind::List(items) => items.is_empty(),
                _ => false,
            },
        }
    }
}
