//! What a role asks of claims: the same value of the same JSON type, or text that a pattern fits (rule 79).

use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use crate::{
    auth::{glob::glob, jws::Claims},
    error::{Error, Result},
};

const MAX_CLAIMS: usize = 64;
const MAX_VALUES: usize = 256;

/// How texts are compared.
#[derive(
    Clone, Copy, Debug, Default, Eq, PartialEq, minicbor::CborLen, minicbor::Decode, minicbor::Encode,
)]
#[cbor(index_only)]
pub(super) enum Matching {
    #[default]
    #[n(0)]
    String,
    /// `*` stands for any text.
    #[n(1)]
    Glob,
}

impl Matching {
    pub(super) fn parse(text: &str) -> Option<Self> {
        match text {
            "" | "string" => Some(Self::String),
            "glob" => Some(Self::Glob),
            _ => None,
        }
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Glob => "glob",
        }
    }
}

/// A claim, and what it may be.
#[derive(Clone, Debug, minicbor::CborLen, minicbor::Decode, minicbor::Encode)]
pub(super) struct Bound {
    /// A name, or a JSON pointer.
    #[n(0)]
    claim: String,
    #[n(1)]
    values: Vec<Scalar>,
    /// It was written as a list, and is shown as one.
    #[n(2)]
    is_list: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, minicbor::CborLen, minicbor::Decode, minicbor::Encode)]
#[serde(untagged)]
enum Scalar {
    #[n(0)]
    Text(#[n(0)] String),
    #[n(1)]
    Integer(#[n(0)] i64),
    #[n(2)]
    Float(#[n(0)] f64),
    #[n(3)]
    Flag(#[n(0)] bool),
}

impl Scalar {
    fn of(value: &Value) -> Option<Self> {
        Some(match value {
            Value::String(text) => Self::Text(text.clone()),
            Value::Bool(flag) => Self::Flag(*flag),
            Value::Number(number) => match number.as_i64() {
                Some(integer) => Self::Integer(integer),
                None => Self::Float(number.as_f64()?),
            },
            _ => return None,
        })
    }

    fn fits(&self, value: &Value, matching: Matching) -> bool {
        match (self, value) {
            (Self::Text(pattern), Value::String(text)) if matching == Matching::Glob => glob(pattern, text),
            _ => Self::of(value).is_some_and(|it| it == *self),
        }
    }
}

/// Reads what a client wrote.
pub(super) fn read(claims: &Map<String, Value>, matching: Matching) -> Result<Vec<Bound>> {
    let refused = || {
        Error::invalid(
            "a bound claim is text, a number or a boolean, or a list of these; with globs it is text",
        )
    };
    if claims.len() > MAX_CLAIMS {
        return Err(Error::invalid("too many bound claims"));
    }
    let read = |(claim, value): (&String, &Value)| {
        let (list, is_list) = match value {
            Value::Array(list) => (list.as_slice(), true),
            one => (std::slice::from_ref(one), false),
        };
        let values: Vec<Scalar> = list.iter().map(Scalar::of).collect::<Option<_>>().ok_or_else(refused)?;
        let is_text = |it: &Scalar| matches!(it, Scalar::Text(_));
        if !(1..=MAX_VALUES).contains(&values.len())
            || (matching == Matching::Glob && !values.iter().all(is_text))
        {
            return Err(refused());
        }
        Ok(Bound { claim: claim.clone(), values, is_list })
    };
    claims.iter().map(read).collect()
}

/// Whether all claims are as they must be. Of a claim that is a list one value is enough.
pub(super) fn check(bound: &[Bound], matching: Matching, claims: &Claims) -> Result<()> {
    for it in bound {
        let refused =
            |what: &str| Error::invalid(format!("error validating claims: claim \"{}\" {what}", it.claim));
        let found = match claims.find(&it.claim) {
            None | Some(Value::Null) => return Err(refused("is missing")),
            Some(Value::Array(list)) => list.as_slice(),
            Some(one) => std::slice::from_ref(one),
        };
        let fits = |value: &Value| it.values.iter().any(|wanted| wanted.fits(value, matching));
        if !found.iter().any(fits) {
            return Err(refused("does not match any associated bound claim values"));
        }
    }
    Ok(())
}

/// As they were written.
pub(super) struct ShownClaims<'a>(pub(super) &'a [Bound]);

impl Serialize for ShownClaims<'_> {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        #[serde(untagged)]
        enum OneOrMore<'a> {
            One(&'a Scalar),
            More(&'a [Scalar]),
        }
        out.collect_map(self.0.iter().map(|it| {
            let value = match it.values.as_slice() {
                [one] if !it.is_list => OneOrMore::One(one),
                more => OneOrMore::More(more),
            };
            (&it.claim, value)
        }))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check_one(matching: Matching, bound: Value, claim: Value, expected: bool) {
        let bound = read(json!({ "c": bound }).as_object().unwrap(), matching).unwrap();
        let found = check(&bound, matching, &Claims::of(json!({ "c": claim })));
        assert_eq!(found.is_ok(), expected, "{bound:?} {claim}");
    }

    // Rule 79
    #[test]
    fn a_claim_is_compared_by_its_json_type() {
        use Matching::String;
        check_one(String, json!("a"), json!("a"), true);
        check_one(String, json!("a"), json!("ab"), false);
        check_one(String, json!("a*"), json!("ab"), false);
        check_one(String, json!("3"), json!(3), false);
        check_one(String, json!(3), json!("3"), false);
        check_one(String, json!(3), json!(3), true);
        check_one(String, json!(3), json!(3.5), false);
        check_one(String, json!(2.5), json!(2.5), true);
        check_one(String, json!(true), json!(true), true);
        check_one(String, json!(true), json!("true"), false);
        check_one(String, json!("true"), json!(true), false);
        check_one(String, json!("a"), json!({ "a": 1 }), false);
        check_one(String, json!("a"), json!(null), false);
        check_one(String, json!(["x", "b"]), json!(["a", "b"]), true);
        check_one(String, json!(["x"]), json!(["a", "b"]), false);
        check_one(String, json!("a"), json!([]), false);
        check_one(String, json!("a"), json!([["a"]]), false);
        let bound = read(json!({ "d": "a" }).as_object().unwrap(), String).unwrap();
        assert!(check(&bound, String, &Claims::of(json!({ "c": "a" }))).is_err());
    }

    #[test]
    fn a_glob_stands_for_any_text_and_for_text_only() {
        use Matching::Glob;
        check_one(Glob, json!("a*"), json!("ab"), true);
        check_one(Glob, json!("a*"), json!("ba"), false);
        check_one(Glob, json!(["x", "a*"]), json!(["b", "ab"]), true);
        check_one(Glob, json!("*"), json!(3), false);
    }

    #[test]
    fn what_could_never_fit_is_refused_when_it_is_written() {
        let refused =
            |value: Value, matching| read(json!({ "c": value }).as_object().unwrap(), matching).is_err();
        assert!(refused(json!([]), Matching::String));
        assert!(refused(json!(null), Matching::String));
        assert!(refused(json!({ "a": 1 }), Matching::String));
        assert!(refused(json!([["a"]]), Matching::String));
        assert!(refused(json!(3), Matching::Glob));
        assert!(!refused(json!(["a*", "b"]), Matching::Glob));
    }
}
