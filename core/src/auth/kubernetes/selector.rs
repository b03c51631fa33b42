//! Namespaces by their labels: Kubernetes' LabelSelector, as JSON.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::error::{Error, Result};

const MAX: usize = 64;

/// What the labels of a namespace must be. All of it holds.
#[derive(Clone, Debug, Default, Eq, PartialEq, minicbor::CborLen, minicbor::Decode, minicbor::Encode)]
pub(super) struct Selector {
    /// As it was written.
    #[n(0)]
    pub(super) text: String,
    #[n(1)]
    labels: BTreeMap<String, String>,
    #[n(2)]
    expressions: Vec<Expression>,
}

#[derive(Clone, Debug, Deserialize, Eq, PartialEq, minicbor::CborLen, minicbor::Decode, minicbor::Encode)]
#[serde(deny_unknown_fields)]
struct Expression {
    #[n(0)]
    key: String,
    #[n(1)]
    operator: Operator,
    #[n(2)]
    #[serde(default)]
    values: Vec<String>,
}

#[derive(
    Clone, Copy, Debug, Deserialize, Eq, PartialEq, minicbor::CborLen, minicbor::Decode, minicbor::Encode,
)]
#[cbor(index_only)]
enum Operator {
    #[n(0)]
    In,
    #[n(1)]
    NotIn,
    #[n(2)]
    Exists,
    #[n(3)]
    DoesNotExist,
}

impl Selector {
    /// Reads a selector. One that asks for nothing would fit every namespace, and is refused.
    pub(super) fn parse(text: &str) -> Result<Self> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields, rename_all = "camelCase")]
        struct LabelSelector {
            #[serde(default)]
            match_labels: BTreeMap<String, String>,
            #[serde(default)]
            match_expressions: Vec<Expression>,
        }
        let refused = || {
            Error::invalid(
                "bound_service_account_namespace_selector is a LabelSelector as JSON, with matchLabels or matchExpressions",
            )
        };
        let read: LabelSelector = serde_json::from_str(text).map_err(|_| refused())?;
        let (labels, expressions) = (read.match_labels, read.match_expressions);
        let has_its_values = |it: &Expression| match it.operator {
            Operator::In | Operator::NotIn => (1..=MAX).contains(&it.values.len()),
            Operator::Exists | Operator::DoesNotExist => it.values.is_empty(),
        };
        let size = labels.len() + expressions.len();
        match (1..=MAX).contains(&size) && expressions.iter().all(has_its_values) {
            true => Ok(Self { text: text.to_owned(), labels, expressions }),
            false => Err(refused()),
        }
    }

    pub(super) fn fits(&self, labels: &BTreeMap<String, String>) -> bool {
        self.labels.iter().all(|(key, value)| labels.get(key) == Some(value))
            && self.expressions.iter().all(|it| it.fits(labels.get(&it.key)))
    }
}

impl Expression {
    fn fits(&self, label: Option<&String>) -> bool {
        let is_listed = label.is_some_and(|it| self.values.contains(it));
        match self.operator {
            Operator::In => is_listed,
            // Also of what is not there, as in Kubernetes.
            Operator::NotIn => !is_listed,
            Operator::Exists => label.is_some(),
            Operator::DoesNotExist => label.is_none(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_fit_a_selector_as_in_kubernetes() {
        let labels =
            BTreeMap::from([("team", "blue"), ("env", "prod")].map(|(a, b)| (a.to_owned(), b.to_owned())));
        let check = |text: &str, expected: bool| {
            assert_eq!(Selector::parse(text).unwrap().fits(&labels), expected, "{text}");
        };
        check(r#"{"matchLabels":{"team":"blue"}}"#, true);
        check(r#"{"matchLabels":{"team":"blue","env":"prod"}}"#, true);
        check(r#"{"matchLabels":{"team":"blue","env":"dev"}}"#, false);
        check(r#"{"matchLabels":{"other":"blue"}}"#, false);
        let one = |key: &str, operator: &str, values: &str| {
            format!(r#"{{"matchExpressions":[{{"key":"{key}","operator":"{operator}","values":{values}}}]}}"#)
        };
        check(&one("team", "In", r#"["red","blue"]"#), true);
        check(&one("team", "In", r#"["red"]"#), false);
        check(&one("other", "In", r#"["red"]"#), false);
        check(&one("team", "NotIn", r#"["red"]"#), true);
        check(&one("team", "NotIn", r#"["blue"]"#), false);
        check(&one("other", "NotIn", r#"["blue"]"#), true);
        check(&one("team", "Exists", "[]"), true);
        check(&one("other", "Exists", "[]"), false);
        check(&one("other", "DoesNotExist", "[]"), true);
        check(&one("team", "DoesNotExist", "[]"), false);
        check(
            r#"{"matchLabels":{"team":"blue"},"matchExpressions":[{"key":"env","operator":"In","values":["dev"]}]}"#,
            false,
        );
        for bad in [
            "",
            "{}",
            "[]",
            "team=blue",
            r#"{"matchLabels":{}}"#,
            r#"{"matchlabels":{"team":"blue"}}"#,
            r#"{"matchLabels":{"team":1}}"#,
            &one("team", "Is", "[]"),
            &one("team", "In", "[]"),
            &one("team", "Exists", r#"["a"]"#),
        ] {
            assert!(Selector::parse(bad).is_err(), "{bad}");
        }
    }
}
