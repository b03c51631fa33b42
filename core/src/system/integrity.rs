//! `sys/integrity`: whether the rows are those that were written last.

use serde::{Deserialize, Serialize};

use crate::{
    barrier::Class,
    dispatch::Cx,
    error::{Error, Result},
    integrity,
    response::Response,
    route::{Kind, Route, action, field, in_tx, outside, read},
    tx::Tx,
};

pub(crate) const ROUTES: &[Route] = &[
    Route {
        pattern: "integrity",
        summary: "The head's anchor, and the classes that are not served.",
        endpoints: &[read(in_tx!(status)).sudo()],
    },
    Route {
        pattern: "integrity/check",
        summary: "Reads and verifies every row.",
        endpoints: &[action(outside!(check)).sudo()],
    },
    Route {
        pattern: "integrity/accept",
        summary: "Serves a class again although its rows are not those that were written last.",
        endpoints: &[action(outside!(accept)).sudo().fields(&[field("class", Kind::Text)])],
    },
];

#[derive(Serialize)]
struct Status {
    sequence: u64,
    /// Hex.
    digest: String,
    refused: Vec<String>,
}

async fn status(cx: &Cx<'_>, _: &mut Tx) -> Result<Response> {
    let anchor = cx.core.anchor()?;
    Response::data(&Status {
        sequence: anchor.sequence,
        digest: data_encoding::HEXLOWER.encode(&anchor.digest),
        refused: cx.core.refused_classes()?.into_iter().map(Class::name).collect(),
    })
}

#[derive(Serialize)]
struct Report {
    clean: bool,
    rows: u64,
    faults: Vec<Fault>,
}

#[derive(Serialize)]
struct Fault {
    class: String,
    kind: String,
    count: u64,
}

async fn check(cx: &Cx<'_>) -> Result<Response> {
    let report = integrity::fsck(cx.core).await?;
    let faults = report.faults.iter().map(|(fault, count)| Fault {
        class: fault.class_name(),
        kind: fault.kind_name(),
        count: *count,
    });
    Response::data(&Report { clean: report.is_clean(), rows: report.rows, faults: faults.collect() })
}

#[derive(Deserialize)]
struct AcceptFields {
    class: Option<String>,
}

async fn accept(cx: &Cx<'_>) -> Result<Response> {
    let fields: AcceptFields = cx.fields()?;
    let wanted = fields.class.unwrap_or_default();
    let class = Class::ALL.into_iter().find(|it| it.name() == wanted);
    let class = class.ok_or_else(|| Error::invalid("there is no such class"))?;
    cx.core.accept_class(class).await?;
    Ok(Response::empty())
}
