//! Jobs of Nomad: what a task gets as plain text comes from the store.
//!
//! A variable of `env` becomes a line of a template whose lines are variables. A word of the driver's settings becomes
//! `${NAME}` of such a variable, which Nomad puts in. What stands in a template's data becomes an action. With `secret`
//! blocks (Nomad 1.11) all but templates is `${secret.NAME.FIELD}`.

mod access;
mod action;
mod functions;
mod identity;
mod job;
mod layout;
mod line;
mod literal;
mod overlap;
mod planner;
mod reads;
mod resolve;
mod roots;
mod shared;
mod value;
mod write;

use strongroom_scan::{Finding, Value};

use crate::left::{self, Why};
use crate::{File, Options, Plan, Style};
use job::Job;
use planner::Planner;

const BROKEN: Why = (
    "the file is written in a way that a rewrite would not leave whole",
    "format it (`nomad fmt`), then run `secret fix` again",
);

/// Nobody else may get what such a job reads, and whom that leaves out is not known.
const COMPUTED: Why = (
    "the job's name or its namespace is an expression: which job reads the value is known when it is submitted",
    "give -prefix=PATH, which stands for the name of a file's only job, or write the name out",
);

pub(crate) fn plan(file: &File<'_>, findings: &[Finding], options: &Options) -> Plan {
    let content = file.text.strip_prefix('\u{feff}').unwrap_or(file.text);
    let is_json = content.trim_start().starts_with('{');
    let Ok(body) = strongroom_hcl::parse_any(file.text) else {
        return left::all(findings, left::UNPARSED);
    };
    let jobs = Job::all(&body, is_json);
    if jobs.iter().any(|it| it.is_computed) && (options.prefix.is_none() || jobs.len() > 1) {
        return left::all(findings, COMPUTED);
    }
    let findings: Vec<Finding> = findings.iter().map(|it| without_line_end(it, file.text)).collect();
    let is_hcl1 = jobs.iter().any(|it| it.is_hcl1);
    // Nomad gave up HCL 1 before it got `secret` blocks.
    let options =
        &Options { style: if is_hcl1 { Style::Template } else { options.style }, ..options.clone() };
    let plan = Planner::new(file, &findings, options, &body, &jobs).plan();
    let is_whole = plan.apply(file.text).is_ok_and(|it| strongroom_hcl::parse_any(&it).is_ok());
    if is_whole { plan } else { left::all(&findings, BROKEN) }
}

/// A heredoc's last line must keep its end, and so must the line of an action.
fn without_line_end(finding: &Finding, text: &str) -> Finding {
    let mut finding = finding.clone();
    let written = finding.span.of(text);
    let Some(shorter) = written.strip_suffix('\n').map(|it| it.strip_suffix('\r').unwrap_or(it)) else {
        return finding;
    };
    if let Some(value) = finding.value.expose().strip_suffix('\n') {
        finding.value = Value::new(value.strip_suffix('\r').unwrap_or(value));
        finding.span.end = finding.span.start + shorter.len();
    }
    finding
}
