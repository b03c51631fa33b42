//! Jobs of Nomad: what a task gets as plain text comes from the store.
//!
//! A variable of `env` becomes a line of a template whose lines are variables. A word of the driver's settings becomes
//! `${NAME}` of such a variable, which Nomad puts in. What stands in a template's data becomes an action. With `secret`
//! blocks (Nomad 1.11) all but templates is `${secret.NAME.FIELD}`.

mod access;
mod action;
mod job;
mod layout;
mod line;
mod literal;
mod planner;
mod resolve;
mod shared;
mod value;
mod write;

use strongroom_scan::{Finding, Value};

use crate::left::{Why, left};
use crate::{File, Options, Plan};
use job::Job;
use planner::Planner;

const BROKEN: Why = (
    "the file is written in a way that a rewrite would not leave whole",
    "format it (`nomad fmt`), then run `secret fix` again",
);

pub(crate) fn plan(file: &File<'_>, findings: &[Finding], options: &Options) -> Plan {
    let content = file.text.strip_prefix('\u{feff}').unwrap_or(file.text);
    let is_json = content.trim_start().starts_with('{');
    let Ok(body) = strongroom_hcl::parse_any(file.text) else {
        let left = findings.iter().enumerate().map(|(at, it)| left(at, it, Some(crate::left::UNPARSED)));
        return Plan { left: left.collect(), ..Plan::default() };
    };
    let jobs = Job::all(&body, is_json);
    let findings: Vec<Finding> = findings.iter().map(|it| without_line_end(it, file.text)).collect();
    let plan = Planner::new(file, &findings, options, &body, &jobs).plan();
    let is_whole = plan.apply(file.text).is_ok_and(|it| strongroom_hcl::parse_any(&it).is_ok());
    if is_whole { plan } else { broken(&findings) }
}

/// Nothing is to be changed rather than something wrong.
fn broken(findings: &[Finding]) -> Plan {
    let why = Some(BROKEN);
    let left = findings.iter().enumerate().map(|(at, it)| left(at, it, why));
    Plan { left: left.collect(), ..Plan::default() }
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
