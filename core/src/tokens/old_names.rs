//! The settings of tokens under the names that they had before `token_`: clients still write them, and one that is
//! passed over (`bound_cidrs`) would be a restriction that is not there.

use serde::{Deserialize, Serialize};
use strongroom_api::params::{Integer, List, Seconds};

use super::params::{TokenFields, TokenParams};

/// As they come, beside [`TokenFields`].
#[derive(Debug, Default, Deserialize)]
pub(crate) struct OldFields {
    bound_cidrs: Option<List>,
    max_ttl: Option<Seconds>,
    num_uses: Option<Integer>,
    period: Option<Seconds>,
    policies: Option<List>,
    ttl: Option<Seconds>,
}

/// Which were written so: those are shown so too, besides.
#[derive(Clone, Copy, Debug, Default, minicbor::CborLen, minicbor::Decode, minicbor::Encode)]
pub(crate) struct OldNames {
    #[n(0)]
    bound_cidrs: bool,
    #[n(1)]
    max_ttl: bool,
    #[n(2)]
    num_uses: bool,
    #[n(3)]
    period: bool,
    #[n(4)]
    policies: bool,
    #[n(5)]
    ttl: bool,
}

impl OldNames {
    /// Fills `fields` with what stands under its old name alone: the newer of two wins.
    pub(crate) fn fill(&mut self, old: OldFields, fields: &mut TokenFields) {
        take(&mut self.bound_cidrs, old.bound_cidrs, &mut fields.token_bound_cidrs);
        take(&mut self.max_ttl, old.max_ttl, &mut fields.token_max_ttl);
        take(&mut self.num_uses, old.num_uses, &mut fields.token_num_uses);
        take(&mut self.period, old.period, &mut fields.token_period);
        // Under the old name policies are sorted.
        let policies = old.policies.map(|List(mut names)| {
            names.sort_unstable();
            List(names)
        });
        take(&mut self.policies, policies, &mut fields.token_policies);
        take(&mut self.ttl, old.ttl, &mut fields.token_ttl);
    }

    pub(crate) fn shown<'a>(&self, params: &'a TokenParams) -> ShownOld<'a> {
        ShownOld {
            bound_cidrs: some(self.bound_cidrs, &params.bound_cidrs),
            max_ttl: self.max_ttl.then_some(params.max_ttl.as_secs()).filter(|it| *it > 0),
            num_uses: self.num_uses.then_some(params.num_uses).filter(|it| *it > 0),
            period: self.period.then_some(params.period.as_secs()).filter(|it| *it > 0),
            policies: some(self.policies, &params.policies),
            ttl: self.ttl.then_some(params.ttl.as_secs()).filter(|it| *it > 0),
        }
    }
}

fn take<T>(was_old: &mut bool, old: Option<T>, new: &mut Option<T>) {
    if new.is_some() {
        *was_old = false;
    } else if old.is_some() {
        *was_old = true;
        *new = old;
    }
}

fn some(was_old: bool, list: &[String]) -> Option<&[String]> {
    (was_old && !list.is_empty()).then_some(list)
}

/// To be flattened into what a method shows of a role.
#[derive(Debug, Serialize)]
pub(crate) struct ShownOld<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    bound_cidrs: Option<&'a [String]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_ttl: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    num_uses: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    period: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    policies: Option<&'a [String]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ttl: Option<u64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    // Rule 69: a restriction is not dropped for its name.
    #[test]
    fn the_newer_of_two_names_wins() {
        let (mut names, mut params) = (OldNames::default(), TokenParams::default());
        let mut write = |body: serde_json::Value| {
            let mut fields: TokenFields = serde_json::from_value(body.clone()).unwrap();
            names.fill(serde_json::from_value(body).unwrap(), &mut fields);
            params.update(fields).unwrap();
            (serde_json::json!(names.shown(&params)), params.clone())
        };
        let all = serde_json::json!({ "bound_cidrs": ["10.0.0.0/8"], "max_ttl": 120, "num_uses": 3,
            "policies": ["a", "b"], "ttl": 60 });
        let mut given = all.clone();
        given["policies"] = "b,a".into();
        let (shown, params) = write(given);
        assert_eq!(shown, all);
        assert_eq!((params.ttl.as_secs(), params.num_uses), (60, 3));
        assert_eq!(params.bound_cidrs, ["10.0.0.0/8"]);
        let (shown, params) =
            write(serde_json::json!({ "ttl": 1, "token_ttl": 30, "token_policies": "c,a" }));
        assert_eq!((params.ttl.as_secs(), params.policies), (30, vec!["c".to_owned(), "a".to_owned()]));
        assert!(shown.get("ttl").is_none() && shown.get("policies").is_none());
        assert_eq!(shown["max_ttl"], serde_json::json!(120));
        let (shown, params) = write(serde_json::json!({ "period": 5 }));
        assert_eq!((shown["period"].as_u64(), params.period.as_secs()), (Some(5), 5));
    }
}
