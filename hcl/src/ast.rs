//! The tree: what was written, and where.

/// A range of bytes in the source text.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Span {
    pub start: usize,
    pub end: usize,
}

impl Span {
    /// The source that the span covers; empty if the span is of another text.
    #[must_use]
    pub fn of(self, text: &str) -> &str {
        text.get(self.start..self.end).unwrap_or("")
    }
}

/// The contents of a file or of a block: attributes and blocks in the order they were written.
///
/// Duplicates are kept: whether they are an error is the consumer's business.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Body {
    pub items: Vec<Item>,
    /// What stands between the braces, without them; for a file in native syntax, the whole text.
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Item {
    Attribute(Attribute),
    Block(Block),
}

/// `key = value`, and in JSON `"key": value`.
#[derive(Clone, Debug, PartialEq)]
pub struct Attribute {
    pub key: Key,
    pub value: Expr,
    /// From the key's first byte to the value's last.
    pub span: Span,
}

/// `kind "label" "label" { ... }`.
#[derive(Clone, Debug, PartialEq)]
pub struct Block {
    pub kind: Key,
    pub labels: Vec<Label>,
    pub body: Body,
    /// From the kind's first byte to the closing brace.
    pub span: Span,
}

/// A name on the left: `path`, or `"path"` (HCL 1 and JSON). `name` holds it without quotes, unescaped.
#[derive(Clone, Debug, PartialEq)]
pub struct Key {
    pub name: String,
    pub quoted: bool,
    pub span: Span,
}

/// A block's label, `"x"` or the bare identifier `x`, without quotes, unescaped.
pub type Label = Key;

/// A value and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Expr {
    pub kind: ExprKind,
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq)]
pub enum ExprKind {
    /// `null` (HCL 2 and JSON).
    Null,
    Bool(bool),
    /// A number, as it was written (`0x1F`, `1e3`, `10`).
    Number(String),
    /// A quoted string or heredoc without any interpolation, unescaped.
    String(String),
    /// A quoted string or heredoc with `${...}` or `%{...}` in it.
    Template(Vec<TemplatePart>),
    List(Vec<Expr>),
    Object(Vec<ObjectEntry>),
    /// Anything else that HCL 2 allows (references, calls, operators, `for`): read for its extent
    /// only; the text is the expression's span.
    Opaque,
}

#[derive(Clone, Debug, PartialEq)]
pub enum TemplatePart {
    /// Text between interpolations, unescaped, and where it stands. In a heredoc it may be several
    /// lines, and the span then includes the indentation that `<<-` takes away.
    Literal(String, Span),
    /// `${...}` or `%{...}`, braces included.
    Interpolation(Span),
}

/// `key = value` or `key: value` within an object.
///
/// HCL 1 also writes blocks there: `key "label" { ... }` is read as objects within one another.
#[derive(Clone, Debug, PartialEq)]
pub struct ObjectEntry {
    /// The key's text where it is a name or a string; `None` where it is an expression. A bare name's
    /// own expression is [`ExprKind::Opaque`], since as a value it would be a reference.
    pub name: Option<String>,
    pub key: Expr,
    pub value: Expr,
}
