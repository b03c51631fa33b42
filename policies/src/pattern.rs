//! A rule's path: literal text, `+`, a trailing `*`, and `{{...}}` which the caller's identity fills in.

use std::borrow::Cow;

/// No request path is longer, so neither is a pattern that can match one.
const MAX_BYTES: usize = 1024;
/// 64 segments, and the empty one behind a trailing slash.
const MAX_PARTS: usize = 65;

/// A rule's path as it was written.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Pattern {
    source: Box<str>,
    pieces: Vec<Piece>,
}

#[derive(Clone, Debug, Eq, PartialEq)]
enum Piece {
    Literal(Box<str>),
    Variable(Variable),
}

/// What may stand between `{{` and `}}`.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub enum Variable {
    /// `identity.entity.aliases.<mount accessor>.<field>`
    Alias { accessor: Box<str>, field: AliasField },
    /// `identity.entity.id`
    EntityId,
    /// `identity.entity.metadata.<key>`
    EntityMetadata(Box<str>),
    /// `identity.entity.name`
    EntityName,
    /// `identity.groups.ids.<id>.<field>`, of a group that the entity is in.
    GroupById { id: Box<str>, field: GroupField },
    /// `identity.groups.names.<name>.<field>`, of a group that the entity is in.
    GroupByName { name: Box<str>, field: GroupField },
}

#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub enum AliasField {
    CustomMetadata(Box<str>),
    Id,
    Metadata(Box<str>),
    Name,
}

#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub enum GroupField {
    Id,
    Metadata(Box<str>),
    Name,
}

/// The caller, as far as templates may know.
pub trait Subject {
    /// The variable's value, or `None` where the caller has none. Only values that an administrator
    /// alone can write may be given.
    fn resolve(&self, variable: &Variable) -> Option<Cow<'_, str>>;
}

/// A caller without an identity: no template matches.
#[derive(Clone, Copy, Debug, Default)]
pub struct Nobody;

impl Subject for Nobody {
    fn resolve(&self, _variable: &Variable) -> Option<Cow<'_, str>> {
        None
    }
}

/// Why a text is no pattern.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum PatternError {
    #[error("`+*` is not a wildcard: use `+/*`, or `*` alone")]
    PlusGlob,
    #[error("path is longer than {MAX_BYTES} bytes or 64 segments")]
    TooLong,
    #[error("`{{{{` and `}}}}` do not match up")]
    Unbalanced,
    #[error("not a template variable that a path can hold")]
    UnknownVariable,
}

impl Pattern {
    /// Reads a rule's path. One leading `/` is dropped: paths begin behind that of the API.
    pub fn parse(written: &str) -> Result<Self, PatternError> {
        let source = written.strip_prefix('/').unwrap_or(written);
        if source.len() > MAX_BYTES {
            return Err(PatternError::TooLong);
        }
        let mut pieces = Vec::new();
        let mut slashes = 0;
        for (index, chunk) in source.split("{{").enumerate() {
            let literal = if index == 0 {
                chunk
            } else {
                let (variable, literal) = chunk.split_once("}}").ok_or(PatternError::Unbalanced)?;
                pieces.push(Piece::Variable(Variable::parse(variable.trim())?));
                literal
            };
            if literal.contains("}}") {
                return Err(PatternError::Unbalanced);
            }
            if literal.contains("+*") {
                return Err(PatternError::PlusGlob);
            }
            slashes += literal.matches('/').count();
            if !literal.is_empty() {
                pieces.push(Piece::Literal(literal.into()));
            }
        }
        if slashes >= MAX_PARTS {
            return Err(PatternError::TooLong);
        }
        Ok(Self { source: source.into(), pieces })
    }

    /// The text as written, without a leading slash.
    pub fn as_str(&self) -> &str {
        &self.source
    }

    /// Whether an identity is needed to make a path of it.
    pub fn is_templated(&self) -> bool {
        self.pieces.iter().any(|it| matches!(it, Piece::Variable(_)))
    }

    /// The path with every variable filled in, or `None` if one has no value or one that is not a plain
    /// segment: then the whole rule matches nothing.
    pub(crate) fn resolve(&self, subject: &dyn Subject) -> Option<Glob> {
        let mut text = String::with_capacity(self.source.len());
        for piece in &self.pieces {
            match piece {
                Piece::Literal(literal) => text.push_str(literal),
                Piece::Variable(variable) => {
                    let value = subject.resolve(variable)?;
                    if !is_plain_segment(&value) {
                        return None;
                    }
                    text.push_str(&value);
                }
            }
        }
        // Longer than any request path: it could only fail to match.
        (text.len() <= MAX_BYTES).then(|| Glob::new(text))
    }

    /// The positions of `+` as a bit set, whatever the variables become.
    pub(crate) fn shape(&self) -> u128 {
        shape_of(self.source.split('/'))
    }
}

impl Variable {
    fn parse(text: &str) -> Result<Self, PatternError> {
        Self::read(text).ok_or(PatternError::UnknownVariable)
    }

    fn read(text: &str) -> Option<Self> {
        if let Some(rest) = text.strip_prefix("identity.entity.") {
            return match rest {
                "id" => Some(Self::EntityId),
                "name" => Some(Self::EntityName),
                _ => {
                    if let Some(key) = rest.strip_prefix("metadata.") {
                        return Some(Self::EntityMetadata(non_empty(key)?));
                    }
                    let (accessor, field) = rest.strip_prefix("aliases.")?.split_once('.')?;
                    Some(Self::Alias { accessor: non_empty(accessor)?, field: AliasField::read(field)? })
                }
            };
        }
        let rest = text.strip_prefix("identity.groups.")?;
        if let Some(rest) = rest.strip_prefix("ids.") {
            let (id, field) = rest.split_once('.')?;
            return Some(Self::GroupById { id: non_empty(id)?, field: GroupField::read(field)? });
        }
        let (name, field) = rest.strip_prefix("names.")?.split_once('.')?;
        Some(Self::GroupByName { name: non_empty(name)?, field: GroupField::read(field)? })
    }
}

impl AliasField {
    fn read(text: &str) -> Option<Self> {
        match text {
            "id" => Some(Self::Id),
            "name" => Some(Self::Name),
            _ => match text.strip_prefix("metadata.") {
                Some(key) => Some(Self::Metadata(non_empty(key)?)),
                None => Some(Self::CustomMetadata(non_empty(text.strip_prefix("custom_metadata.")?)?)),
            },
        }
    }
}

impl GroupField {
    fn read(text: &str) -> Option<Self> {
        match text {
            "id" => Some(Self::Id),
            "name" => Some(Self::Name),
            _ => Some(Self::Metadata(non_empty(text.strip_prefix("metadata.")?)?)),
        }
    }
}

/// A path pattern without variables: what the evaluators match.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Glob {
    /// Without the trailing `*`.
    text: Box<str>,
    /// Whether a `*` stood at the end: then every path that goes on from here matches.
    open: bool,
}

impl Glob {
    pub(crate) fn new(mut text: String) -> Self {
        let open = text.ends_with('*');
        if open {
            text.pop();
        }
        Self { text: text.into_boxed_str(), open }
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    pub(crate) fn is_open(&self) -> bool {
        self.open
    }

    pub(crate) fn parts(&self) -> std::str::Split<'_, char> {
        self.text.split('/')
    }

    pub(crate) fn shape(&self) -> u128 {
        shape_of(self.parts())
    }

    /// Whether this counts as a wildcard path in the order of precedence. A `+` at the *start* of a
    /// segment is enough for that, even where the segment goes on and the `+` is a letter like others:
    /// so the oracle does it, and it matters only for which of two rules wins.
    pub(crate) fn is_wild(&self) -> bool {
        &*self.text == "+" || self.text.starts_with("+/") || self.text.contains("/+")
    }

    /// Matches one path and no other.
    pub(crate) fn is_exact(&self) -> bool {
        !self.open && !self.is_wild()
    }
}

impl std::fmt::Display for Glob {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)?;
        if self.open { f.write_str("*") } else { Ok(()) }
    }
}

/// A value that can stand in a path without meaning more than itself.
fn is_plain_segment(value: &str) -> bool {
    !matches!(value, "" | "." | "..")
        && !value.chars().any(|c| matches!(c, '/' | '+' | '*' | '{' | '}') || c.is_control())
}

fn shape_of<'a>(parts: impl Iterator<Item = &'a str>) -> u128 {
    parts
        .take(MAX_PARTS)
        .enumerate()
        .filter(|(_, part)| *part == "+")
        .fold(0, |shape, (at, _)| shape | (1 << at))
}

fn non_empty(text: &str) -> Option<Box<str>> {
    (!text.is_empty()).then(|| text.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every variable has this value.
    struct Always(&'static str);

    impl Subject for Always {
        fn resolve(&self, _variable: &Variable) -> Option<Cow<'_, str>> {
            Some(self.0.into())
        }
    }

    #[track_caller]
    fn resolved(pattern: &str, value: &'static str) -> Option<String> {
        Pattern::parse(pattern).unwrap().resolve(&Always(value)).map(|it| it.to_string())
    }

    // Rule 55.
    #[test]
    fn a_value_that_is_not_one_plain_segment_makes_the_rule_match_nothing() {
        let pattern = "kv/{{identity.entity.name}}/*";
        assert_eq!(resolved(pattern, "bob").as_deref(), Some("kv/bob/*"));
        assert_eq!(resolved(pattern, "b o.b-ü").as_deref(), Some("kv/b o.b-ü/*"));
        for value in ["", ".", "..", "a/b", "+", "a+", "*", "a*", "{{x", "}", "a\0", "a\nb"] {
            assert_eq!(resolved(pattern, value), None, "{value:?}");
        }
        assert_eq!(Pattern::parse(pattern).unwrap().resolve(&Nobody), None);
    }

    // Rule 55.
    #[test]
    fn variables_are_typed_and_unknown_ones_refused() {
        let variable = |text: &str| Variable::read(text);
        assert_eq!(variable("identity.entity.id"), Some(Variable::EntityId));
        assert_eq!(variable("identity.entity.metadata.a.b"), Some(Variable::EntityMetadata("a.b".into())));
        assert_eq!(
            variable("identity.entity.aliases.auth_x_1.custom_metadata.k"),
            Some(Variable::Alias {
                accessor: "auth_x_1".into(),
                field: AliasField::CustomMetadata("k".into())
            })
        );
        assert_eq!(
            variable("identity.groups.names.ops.id"),
            Some(Variable::GroupByName { name: "ops".into(), field: GroupField::Id })
        );
        assert_eq!(
            variable("identity.groups.ids.7.metadata.k"),
            Some(Variable::GroupById { id: "7".into(), field: GroupField::Metadata("k".into()) })
        );
        for text in [
            "",
            "time.now",
            "identity.entity.nope",
            "identity.entity.metadata",
            "identity.entity.metadata.",
            "identity.entity.aliases.x",
            "identity.entity.aliases..id",
            "identity.groups.ids.x",
            "identity.groups.x.y.id",
        ] {
            assert_eq!(variable(text), None, "{text}");
        }
    }

    #[test]
    fn what_is_no_pattern() {
        let error = |text: &str| Pattern::parse(text).unwrap_err();
        assert_eq!(error("a/+*"), PatternError::PlusGlob);
        assert_eq!(error("a+*b"), PatternError::PlusGlob);
        assert_eq!(error("a/{{identity.entity.id"), PatternError::Unbalanced);
        assert_eq!(error("a/}}"), PatternError::Unbalanced);
        assert_eq!(error("a/{{identity.entity.id}}}}"), PatternError::Unbalanced);
        assert_eq!(error(&"x".repeat(1025)), PatternError::TooLong);
        assert_eq!(error(&"a/".repeat(65)), PatternError::TooLong);
        assert!(Pattern::parse(&"a/".repeat(64)).is_ok());
    }

    #[test]
    fn one_leading_slash_is_dropped() {
        assert_eq!(Pattern::parse("/a/b").unwrap().as_str(), "a/b");
    }
}
