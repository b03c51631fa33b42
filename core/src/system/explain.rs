//! `sys/policies/explain` and `sys/policies/who-can`: why a request passes or not, and whose would. Vault has
//! neither; see docs/api.md.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use strongroom_api::params::{List, Text};
use strongroom_policies::{Acl, Explanation, Operation, RuleView, Verdict};

use crate::{
    dispatch::Cx,
    error::{Error, Result},
    policy::Bearer,
    response::Response,
    route::{Kind, Route, action, field, in_tx},
    tx::Tx,
};

pub(crate) const ROUTES: &[Route] = &[
    Route {
        pattern: "policies/explain",
        summary: "Which rule decides on a path, and why not another.",
        endpoints: &[action(in_tx!(explain)).sudo().fields(&[
            field("path", Kind::Text),
            field("operation", Kind::Text),
            field("policies", Kind::List),
            field("token", Kind::Secret),
            field("accessor", Kind::Text),
        ])],
    },
    Route {
        pattern: "policies/who-can",
        summary: "The policies that allow an operation on a path.",
        endpoints: &[action(in_tx!(who_can))
            .sudo()
            .fields(&[field("path", Kind::Text), field("operation", Kind::Text)])],
    },
];

#[derive(Deserialize)]
struct Fields {
    path: Option<Text>,
    operation: Option<Text>,
    policies: Option<List>,
    token: Option<Text>,
    accessor: Option<Text>,
}

impl Fields {
    fn question(&self) -> Result<(&str, Operation)> {
        let path = self.path.as_ref().map(|it| it.0.as_str()).filter(|it| !it.is_empty());
        let path = path.ok_or_else(|| Error::invalid("path must be supplied"))?;
        let operation = match self.operation.as_ref().map_or("read", |it| it.0.as_str()) {
            "read" | "" => Operation::Read,
            "write" | "create" | "update" => Operation::Write,
            "delete" => Operation::Delete,
            "list" => Operation::List,
            "patch" => Operation::Patch,
            "scan" => Operation::Scan,
            _ => {
                let message = "unknown operation: there are read, write, delete, list, patch, scan";
                return Err(Error::invalid(message));
            }
        };
        Ok((path, operation))
    }
}

#[derive(Serialize)]
struct View {
    path: String,
    operation: &'static str,
    allowed: bool,
    reason: String,
    decided_by: Option<Rule>,
    passed_over: Vec<PassedOver>,
}

#[derive(Serialize)]
struct Rule {
    path: String,
    capabilities: Vec<&'static str>,
    stanzas: Vec<Stanza>,
}

/// Where a rule is written.
#[derive(Serialize)]
struct Stanza {
    policy: String,
    line: u32,
}

#[derive(Serialize)]
struct PassedOver {
    #[serde(flatten)]
    rule: Rule,
    reason: String,
}

async fn explain(cx: &Cx<'_>, _tx: &mut Tx) -> Result<Response> {
    let fields: Fields = cx.fields()?;
    let (path, operation) = fields.question()?;
    let acl = subject(cx, &fields).await?;
    Response::data(&View::of(acl.explain(path, operation)))
}

/// The policies that are asked about: by name, or those of a token.
async fn subject(cx: &Cx<'_>, fields: &Fields) -> Result<Arc<Acl>> {
    let open = cx.open()?;
    let given = |it: &Option<Text>| it.as_ref().map(|it| it.0.clone()).filter(|it| !it.is_empty());
    match (&fields.policies, given(&fields.token), given(&fields.accessor)) {
        (Some(names), None, None) => {
            let name = |it: &String| strongroom_policies::PolicyName::new(it).map(|it| it.to_string());
            let names: Result<Vec<String>, _> = names.0.iter().map(name).collect();
            let names = names.map_err(|error| Error::invalid(error.to_string()))?;
            open.policies.acl(&open.store, Bearer::named(&names), cx.now).await
        }
        (None, Some(token), None) => {
            let found = open.tokens.find(open, token.as_bytes(), cx.now).await?;
            super::capabilities::acl(cx, &*found.ok_or_else(|| Error::invalid("invalid token"))?).await
        }
        (None, None, Some(accessor)) => {
            let found = open.tokens.find_by_accessor(open, &accessor, cx.now).await?;
            super::capabilities::acl(cx, &*found.ok_or_else(|| Error::invalid("invalid accessor"))?).await
        }
        _ => Err(Error::invalid("one of 'policies', 'token' and 'accessor' must be supplied")),
    }
}

impl View {
    fn of(it: Explanation) -> Self {
        Self {
            allowed: matches!(it.verdict, Verdict::Allowed | Verdict::AllowedToRoot),
            reason: it.verdict.to_string(),
            path: it.path,
            operation: it.operation.as_str(),
            decided_by: it.decisive.map(Rule::of),
            passed_over: it
                .passed_over
                .into_iter()
                .map(|(rule, why)| PassedOver { rule: Rule::of(rule), reason: why.to_string() })
                .collect(),
        }
    }
}

impl Rule {
    fn of(it: RuleView) -> Self {
        let stanza =
            |it: &strongroom_policies::Origin| Stanza { policy: it.policy.to_string(), line: it.line };
        Self {
            capabilities: it.capabilities.iter().map(|it| it.as_str()).collect(),
            stanzas: it.origins.iter().map(stanza).collect(),
            path: it.path,
        }
    }
}

#[derive(Serialize)]
struct Able {
    path: String,
    operation: &'static str,
    policies: Vec<String>,
}

async fn who_can(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    let fields: Fields = cx.fields()?;
    let (path, operation) = fields.question()?;
    let open = cx.open()?;
    let mut policies = Vec::new();
    for name in super::policies::all(tx).await? {
        let acl = open.policies.acl(&open.store, Bearer::named(std::slice::from_ref(&name)), cx.now).await?;
        if strongroom_policies::can(&acl, operation, path) {
            policies.push(name);
        }
    }
    Response::data(&Able { path: path.to_owned(), operation: operation.as_str(), policies })
}
