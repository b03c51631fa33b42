//! From a policy's text (HCL 1 or JSON) to a [`Policy`].

use std::num::NonZeroU32;

use strongroom_hcl::{Attribute, Block, Body, Expr, ExprKind, Item, Span};

use crate::capability::{Capabilities, Capability};
use crate::compile::MAX_SHAPES;
use crate::constraints::{Constraints, Fields};
use crate::moment;
use crate::name::PolicyName;
use crate::pattern::{Pattern, PatternError};
use crate::policy::{Policy, Rule};
use crate::value::{TextGlob, Value};

/// The longest text in bytes.
const MAX_TEXT: usize = 1 << 20;
/// The most stanzas in a policy.
const MAX_RULES: usize = 10_000;
/// The most fields in one list of parameters.
const MAX_FIELDS: usize = 1_000;
/// The most lists inside of one another among parameter values.
const MAX_DEPTH: usize = 4;

/// A text that is no policy: where, and what would have been right. The text itself is not repeated.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{line}:{column}: {kind}")]
pub struct ParseError {
    /// Counted from 1.
    pub line: usize,
    /// Counted from 1, in characters.
    pub column: usize,
    pub kind: ParseErrorKind,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ParseErrorKind {
    #[error("the policy `root` has no text")]
    Root,
    #[error("the policy is larger than {MAX_TEXT} bytes")]
    TextTooLarge,
    #[error("the policy has more than {MAX_RULES} paths")]
    TooManyRules,
    #[error("more than {MAX_FIELDS} fields")]
    TooManyFields,
    #[error("the policy uses `+` in more than {MAX_SHAPES} different ways")]
    TooManyShapes,
    #[error("{0}")]
    Syntax(strongroom_hcl::ErrorKind),
    #[error("expected {0}")]
    Expected(&'static str),
    #[error("unknown key: a policy holds `path` and `name`")]
    UnknownTopLevelKey,
    #[error(
        "unknown key: a path holds `capabilities`, `policy`, `allowed_parameters`, `denied_parameters`, \
         `required_parameters`, `min_wrapping_ttl`, `max_wrapping_ttl`, `pagination_limit`, `expiration`, \
         `comment`"
    )]
    UnknownKey,
    #[error("this key is not supported, and to ignore it would grant more than is written")]
    Unsupported,
    #[error("this key is given twice")]
    Duplicate,
    #[error(
        "unknown capability: there are `create`, `read`, `update`, `patch`, `delete`, `list`, `scan`, \
         `sudo`, `deny`"
    )]
    UnknownCapability,
    #[error("unknown `policy`: there are `read`, `write`, `sudo`, `deny`")]
    UnknownShorthand,
    #[error("invalid path: {0}")]
    Path(PatternError),
    #[error("`max_wrapping_ttl` is less than `min_wrapping_ttl`")]
    WrappingBounds,
    #[error("lists are nested too deeply")]
    TooDeep,
}

/// Reads a policy.
///
/// The grammar is Vault's: stanzas `path "x" { ... }` and an ignored `name`, in HCL 1 or JSON. What is
/// not understood is an error. Beyond Vault's keys there are OpenBao's `pagination_limit`,
/// `expiration` (RFC 3339, or seconds since 1970) and `comment`. Keys that restrict and that are not
/// enforced here (`control_group`, `mfa_methods`, `list_scan_response_keys_filter_path`) are refused.
/// Vault's capabilities `subscribe` and `recover` are read and grant nothing. An empty text is a policy
/// without rules.
pub fn parse(name: PolicyName, text: &str) -> Result<Policy, ParseError> {
    let whole = |kind| Err(ParseError { line: 1, column: 1, kind });
    // Otherwise any text under that name would allow everything.
    if name.is_root() {
        return whole(ParseErrorKind::Root);
    }
    if text.len() > MAX_TEXT {
        return whole(ParseErrorKind::TextTooLarge);
    }
    let body = strongroom_hcl::parse_any(text).map_err(|error| ParseError {
        line: error.line,
        column: error.column,
        kind: ParseErrorKind::Syntax(error.kind),
    })?;
    let rules = read_policy(text, &body).map_err(|fault| fault.locate(text))?;
    Ok(Policy { name, rules })
}

impl Policy {
    /// The policy that allows everything. It has no text and cannot be parsed from one.
    pub fn root() -> Self {
        Self { name: PolicyName::root(), rules: Vec::new() }
    }
}

/// An error at a byte of the text.
struct Fault {
    at: usize,
    kind: ParseErrorKind,
}

impl Fault {
    fn new(span: Span, kind: ParseErrorKind) -> Self {
        Self { at: span.start, kind }
    }

    fn expected(span: Span, what: &'static str) -> Self {
        Self::new(span, ParseErrorKind::Expected(what))
    }

    fn locate(self, text: &str) -> ParseError {
        let before = text.get(..self.at).unwrap_or(text);
        let (line, start) = (before.matches('\n').count() + 1, before.rfind('\n').map_or(0, |it| it + 1));
        let column = before.get(start..).unwrap_or_default().chars().count() + 1;
        ParseError { line, column, kind: self.kind }
    }
}

/// The two ways to write a group of keys: `x { ... }` and `x = { ... }` (the only one in JSON).
#[derive(Clone, Copy)]
enum Group<'a> {
    Block(&'a Body),
    Object(&'a Expr),
}

/// One key of a group.
struct Entry<'a> {
    name: &'a str,
    span: Span,
    value: Slot<'a>,
}

#[derive(Clone, Copy)]
enum Slot<'a> {
    Expr(&'a Expr),
    Block(&'a Body, Span),
}

fn read_policy(text: &str, body: &Body) -> Result<Vec<Rule>, Fault> {
    let mut rules = Rules { list: Vec::new(), shapes: Default::default(), lines: Lines::new(text) };
    for item in &body.items {
        match item {
            Item::Block(block) if block.kind.name == "path" => rules.add_block(block)?,
            Item::Attribute(attribute) if attribute.key.name == "path" => rules.add_attribute(attribute)?,
            Item::Attribute(attribute) if attribute.key.name == "name" => {
                string(Slot::Expr(&attribute.value), "a string")?;
            }
            Item::Block(Block { kind: key, .. }) | Item::Attribute(Attribute { key, .. }) => {
                return Err(Fault::new(key.span, ParseErrorKind::UnknownTopLevelKey));
            }
        }
    }
    Ok(rules.list)
}

struct Rules<'t> {
    list: Vec<Rule>,
    shapes: std::collections::HashSet<u128>,
    lines: Lines<'t>,
}

impl Rules<'_> {
    fn add_block(&mut self, block: &Block) -> Result<(), Fault> {
        match block.labels.as_slice() {
            [label] => self.add(&label.name, label.span, block.span, Group::Block(&block.body)),
            _ => Err(Fault::expected(block.kind.span, "one path in quotes behind `path`")),
        }
    }

    /// `"path": { "x": { ... } }`, also as a list of such objects.
    fn add_attribute(&mut self, attribute: &Attribute) -> Result<(), Fault> {
        for object in one_or_many(&attribute.value) {
            for entry in entries(Group::Object(object))? {
                let Slot::Expr(value) = entry.value else { continue };
                for stanza in one_or_many(value) {
                    self.add(entry.name, entry.span, entry.span, Group::Object(stanza))?;
                }
            }
        }
        Ok(())
    }

    fn add(&mut self, path: &str, at: Span, start: Span, group: Group<'_>) -> Result<(), Fault> {
        if self.list.len() >= MAX_RULES {
            return Err(Fault::new(at, ParseErrorKind::TooManyRules));
        }
        let pattern = Pattern::parse(path).map_err(|error| Fault::new(at, ParseErrorKind::Path(error)))?;
        self.shapes.insert(pattern.shape());
        if self.shapes.len() > MAX_SHAPES {
            return Err(Fault::new(at, ParseErrorKind::TooManyShapes));
        }
        let line = self.lines.line_of(start.start);
        self.list.push(read_stanza(pattern, line, at, group)?);
        Ok(())
    }
}

/// Counts lines on the way through a text, so that many stanzas do not each count from the start.
struct Lines<'t> {
    text: &'t str,
    seen: usize,
    line: u32,
}

impl<'t> Lines<'t> {
    fn new(text: &'t str) -> Self {
        Self { text, seen: 0, line: 1 }
    }

    fn line_of(&mut self, offset: usize) -> u32 {
        if let Some(passed) = self.text.get(self.seen..offset) {
            self.line =
                self.line.saturating_add(u32::try_from(passed.matches('\n').count()).unwrap_or(u32::MAX));
            self.seen = offset;
        }
        self.line
    }
}

fn read_stanza(pattern: Pattern, line: u32, at: Span, group: Group<'_>) -> Result<Rule, Fault> {
    let mut capabilities = Capabilities::NONE;
    let mut constraints = Constraints::default();
    let mut expires = None;
    for Entry { name, span, value } in unique(entries(group)?)? {
        match name {
            "capabilities" => capabilities = capabilities.union(read_capabilities(value)?),
            "policy" => capabilities = capabilities.union(read_shorthand(value)?),
            "allowed_parameters" => constraints.allowed = read_fields(value)?,
            "denied_parameters" => constraints.denied = read_fields(value)?,
            "required_parameters" => constraints.required = read_required(value)?,
            "min_wrapping_ttl" => constraints.min_wrapping = read_duration(value)?,
            "max_wrapping_ttl" => constraints.max_wrapping = read_duration(value)?,
            "pagination_limit" => constraints.page = Some(read_page(value)?),
            "expiration" => expires = Some(read_moment(value)?),
            "comment" => drop(string(value, "a string")?),
            // What Vault's event notifications are limited by. No rule here grants any.
            "subscribe_event_types" => {}
            "control_group" | "mfa_methods" | "list_scan_response_keys_filter_path" => {
                return Err(Fault::new(span, ParseErrorKind::Unsupported));
            }
            _ => return Err(Fault::new(span, ParseErrorKind::UnknownKey)),
        }
    }
    if let (Some(min), Some(max)) = (constraints.min_wrapping, constraints.max_wrapping)
        && max < min
    {
        return Err(Fault::new(at, ParseErrorKind::WrappingBounds));
    }
    Ok(Rule { pattern, capabilities, constraints, expires, line })
}

fn read_capabilities(value: Slot<'_>) -> Result<Capabilities, Fault> {
    let mut set = Capabilities::NONE;
    for (word, span) in strings(value, "a list of capabilities")? {
        match Capability::parse(word) {
            Some(capability) => set.insert(capability),
            None if matches!(word, "subscribe" | "recover") => {}
            None => return Err(Fault::new(span, ParseErrorKind::UnknownCapability)),
        }
    }
    Ok(set)
}

/// The form before there were capabilities: one word.
fn read_shorthand(value: Slot<'_>) -> Result<Capabilities, Fault> {
    use Capability::{Create, Delete, Deny, List, Read, Sudo, Update};
    let (word, span) = string(value, "a string")?;
    let capabilities: &[Capability] = match word {
        "deny" => &[Deny],
        "read" => &[Read, List],
        "write" => &[Create, Read, Update, Delete, List],
        "sudo" => &[Create, Read, Update, Delete, List, Sudo],
        _ => return Err(Fault::new(span, ParseErrorKind::UnknownShorthand)),
    };
    Ok(capabilities.iter().copied().collect())
}

fn read_fields(value: Slot<'_>) -> Result<Fields, Fault> {
    let group = match value {
        Slot::Block(body, _) => Group::Block(body),
        Slot::Expr(expr) => Group::Object(expr),
    };
    let mut fields = Fields::default();
    for (index, entry) in unique(entries(group)?)?.into_iter().enumerate() {
        if index >= MAX_FIELDS {
            return Err(Fault::new(entry.span, ParseErrorKind::TooManyFields));
        }
        let values = list(entry.value, "a list of values; `[]` stands for any")?;
        let values = values.iter().map(|it| read_value(it, MAX_DEPTH)).collect::<Result<_, _>>()?;
        fields.insert(entry.name, values);
    }
    Ok(fields)
}

fn read_value(expr: &Expr, depth: usize) -> Result<Value, Fault> {
    match &expr.kind {
        ExprKind::Null => Ok(Value::Null),
        ExprKind::Bool(value) => Ok(Value::Bool(*value)),
        ExprKind::Number(text) => {
            number(text).map(Value::Number).ok_or_else(|| Fault::expected(expr.span, "a number"))
        }
        ExprKind::String(text) if depth == MAX_DEPTH => Ok(Value::Text(TextGlob::new(text))),
        ExprKind::String(text) => Ok(Value::Text(TextGlob::exact(text))),
        ExprKind::List(items) => match depth.checked_sub(1) {
            None => Err(Fault::new(expr.span, ParseErrorKind::TooDeep)),
            Some(depth) => {
                Ok(Value::List(items.iter().map(|it| read_value(it, depth)).collect::<Result<_, _>>()?))
            }
        },
        ExprKind::Template(_) | ExprKind::Object(_) | ExprKind::Opaque => {
            Err(Fault::expected(expr.span, "a string, a number, a boolean or a list"))
        }
    }
}

fn read_required(value: Slot<'_>) -> Result<Vec<Box<str>>, Fault> {
    let written = strings(value, "a list of field names")?;
    if let Some((_, span)) = written.get(MAX_FIELDS) {
        return Err(Fault::new(*span, ParseErrorKind::TooManyFields));
    }
    let mut names: Vec<Box<str>> =
        written.into_iter().map(|(name, _)| name.to_ascii_lowercase().into_boxed_str()).collect();
    names.sort_unstable();
    names.dedup();
    Ok(names)
}

/// Nothing for zero, which Vault takes as "not set".
fn read_duration(value: Slot<'_>) -> Result<Option<std::time::Duration>, Fault> {
    let what = "a duration of at most a hundred years, like 90, \"90s\" or \"1h30m\"";
    let (text, span) = scalar(value, what)?;
    let duration = moment::duration(text).ok_or_else(|| Fault::expected(span, what))?;
    Ok((!duration.is_zero()).then_some(duration))
}

// Rule 57: neither zero nor a negative number means "unlimited".
fn read_page(value: Slot<'_>) -> Result<NonZeroU32, Fault> {
    let (text, span) = scalar(value, "a whole number above 0")?;
    text.parse().map_err(|_| Fault::expected(span, "a whole number above 0"))
}

fn read_moment(value: Slot<'_>) -> Result<i64, Fault> {
    let what = "a time like \"2030-01-02T15:04:05Z\"";
    let (text, span) = scalar(value, what)?;
    moment::unix_nanos(text).ok_or_else(|| Fault::expected(span, what))
}

/// The keys of a group in the order they were written.
fn entries(group: Group<'_>) -> Result<Vec<Entry<'_>>, Fault> {
    match group {
        Group::Block(body) => body
            .items
            .iter()
            .map(|item| match item {
                Item::Attribute(Attribute { key, value, .. }) => {
                    Ok(Entry { name: &key.name, span: key.span, value: Slot::Expr(value) })
                }
                Item::Block(Block { kind, labels, body, .. }) if labels.is_empty() => {
                    Ok(Entry { name: &kind.name, span: kind.span, value: Slot::Block(body, kind.span) })
                }
                Item::Block(Block { kind, .. }) => Err(Fault::expected(kind.span, "a key without labels")),
            })
            .collect(),
        Group::Object(Expr { kind: ExprKind::Object(entries), .. }) => entries
            .iter()
            .map(|entry| match &entry.name {
                Some(name) => Ok(Entry { name, span: entry.key.span, value: Slot::Expr(&entry.value) }),
                None => Err(Fault::expected(entry.key.span, "a name")),
            })
            .collect(),
        Group::Object(expr) => Err(Fault::expected(expr.span, "`{ ... }`")),
    }
}

// Rule 57: of two values for one key neither is picked.
fn unique(entries: Vec<Entry<'_>>) -> Result<Vec<Entry<'_>>, Fault> {
    let mut names = std::collections::HashSet::new();
    match entries.iter().find(|it| !names.insert(it.name)) {
        Some(twice) => Err(Fault::new(twice.span, ParseErrorKind::Duplicate)),
        None => Ok(entries),
    }
}

fn one_or_many(expr: &Expr) -> &[Expr] {
    match &expr.kind {
        ExprKind::List(items) => items,
        _ => std::slice::from_ref(expr),
    }
}

fn list<'a>(value: Slot<'a>, what: &'static str) -> Result<&'a [Expr], Fault> {
    match value {
        Slot::Expr(Expr { kind: ExprKind::List(items), .. }) => Ok(items),
        Slot::Expr(Expr { span, .. }) => Err(Fault::expected(*span, what)),
        Slot::Block(_, span) => Err(Fault::expected(span, what)),
    }
}

fn strings<'a>(value: Slot<'a>, what: &'static str) -> Result<Vec<(&'a str, Span)>, Fault> {
    list(value, what)?.iter().map(|it| string(Slot::Expr(it), "a string")).collect()
}

fn string<'a>(value: Slot<'a>, what: &'static str) -> Result<(&'a str, Span), Fault> {
    match value {
        Slot::Expr(Expr { kind: ExprKind::String(text), span }) => Ok((text, *span)),
        Slot::Expr(Expr { span, .. }) => Err(Fault::expected(*span, what)),
        Slot::Block(_, span) => Err(Fault::expected(span, what)),
    }
}

/// A string or a number, as text.
fn scalar<'a>(value: Slot<'a>, what: &'static str) -> Result<(&'a str, Span), Fault> {
    match value {
        Slot::Expr(Expr { kind: ExprKind::Number(text), span }) => Ok((text, *span)),
        other => string(other, what),
    }
}

fn number(text: &str) -> Option<f64> {
    match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        #[expect(clippy::cast_precision_loss, reason = "JSON numbers are compared as doubles")]
        Some(digits) => u64::from_str_radix(digits, 16).ok().map(|it| it as f64),
        None => text.parse().ok().filter(|it: &f64| it.is_finite()),
    }
}
