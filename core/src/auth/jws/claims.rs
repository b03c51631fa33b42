//! What a verified token says.

use serde_json::{Map, Value};

/// The claims of a token whose signature was verified.
#[derive(Clone, Debug)]
pub(crate) struct Claims(Value);

/// A claim that is there and is not what it must be.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("is malformed")]
pub(crate) struct BadClaim;

impl Claims {
    pub(super) fn new(claims: Map<String, Value>) -> Self {
        Self(Value::Object(claims))
    }

    #[cfg(test)]
    pub(crate) fn of(claims: Value) -> Self {
        Self(claims)
    }

    /// The claim of this name.
    pub(crate) fn named(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// The claim that a role means: by a JSON pointer if it begins with a slash, else by its name.
    pub(crate) fn find(&self, claim: &str) -> Option<&Value> {
        match claim.starts_with('/') {
            true => self.0.pointer(claim),
            false => self.named(claim),
        }
    }

    /// A claim that is text if it is there.
    pub(crate) fn text(&self, name: &str) -> Result<Option<&str>, BadClaim> {
        match self.named(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(BadClaim),
        }
    }

    /// Whom the token is for: one name is a list of one. None if it does not say.
    pub(crate) fn audience(&self) -> Result<Option<Vec<&str>>, BadClaim> {
        let text = |it: &'_ Value| -> Result<(), BadClaim> {
            it.as_str().filter(|it| !it.is_empty()).map(|_| ()).ok_or(BadClaim)
        };
        match self.named("aud") {
            None => Ok(None),
            Some(Value::Array(list)) if !list.is_empty() => {
                list.iter().try_for_each(text)?;
                Ok(Some(list.iter().filter_map(Value::as_str).collect()))
            }
            Some(one) => {
                text(one)?;
                Ok(Some(one.as_str().into_iter().collect()))
            }
        }
    }

    /// Seconds since the epoch, if the claim is there. A fraction does not count.
    pub(crate) fn seconds(&self, name: &str) -> Result<Option<i64>, BadClaim> {
        // Beyond this a double does not know each second, and no token lives.
        const LAST: f64 = 9_007_199_254_740_991.0;
        match self.named(name) {
            None => Ok(None),
            Some(Value::Number(number)) => match number.as_f64() {
                Some(seconds) if (0.0..=LAST).contains(&seconds) => Ok(Some(seconds as i64)),
                _ => Err(BadClaim),
            },
            Some(_) => Err(BadClaim),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    // Rules 78 and 79
    #[test]
    fn an_audience_is_a_name_or_a_list_of_names() {
        #[track_caller]
        fn check(claims: Value, expected: Result<Option<Vec<&str>>, BadClaim>) {
            assert_eq!(Claims::of(claims.clone()).audience(), expected, "{claims}");
        }
        check(json!({}), Ok(None));
        check(json!({ "aud": "a" }), Ok(Some(vec!["a"])));
        check(json!({ "aud": ["a"] }), Ok(Some(vec!["a"])));
        check(json!({ "aud": ["a", "b"] }), Ok(Some(vec!["a", "b"])));
        for bad in [
            json!(null),
            json!([]),
            json!(""),
            json!([""]),
            json!(["a", 1]),
            json!(1),
            json!({}),
            json!([["a"]]),
        ] {
            check(json!({ "aud": bad }), Err(BadClaim));
        }
    }

    // Rule 78
    #[test]
    fn a_time_is_a_number_that_a_clock_could_show() {
        #[track_caller]
        fn check(time: Value, expected: Result<Option<i64>, BadClaim>) {
            assert_eq!(Claims::of(json!({ "exp": time })).seconds("exp"), expected, "{time}");
        }
        check(json!(1_700_000_000), Ok(Some(1_700_000_000)));
        check(json!(1_700_000_000.9), Ok(Some(1_700_000_000)));
        check(json!(1.7e9), Ok(Some(1_700_000_000)));
        check(json!(0), Ok(Some(0)));
        for bad in [
            json!(-1),
            json!(1e30),
            json!(u64::MAX),
            json!("1700000000"),
            json!(null),
            json!(true),
            json!([1]),
        ] {
            check(bad, Err(BadClaim));
        }
        assert_eq!(Claims::of(json!({})).seconds("exp"), Ok(None));
    }

    #[test]
    fn a_claim_is_found_by_its_name_or_by_a_pointer() {
        let claims = Claims::of(json!({ "a": { "b": ["x", "y"] }, "/a/b": 1, "c/d": 2, "e~f": 3 }));
        assert_eq!(claims.find("a"), Some(&json!({ "b": ["x", "y"] })));
        assert_eq!(claims.find("/a/b/1"), Some(&json!("y")));
        assert_eq!(claims.find("/c~1d"), Some(&json!(2)));
        assert_eq!(claims.find("/e~0f"), Some(&json!(3)));
        assert_eq!(claims.find("c/d"), Some(&json!(2)));
        assert_eq!(claims.find("/a/b/01"), None);
        assert_eq!(claims.find("a/b"), None);
    }
}
