//! The way that a finding goes in most families: a cure, a place in the store, an edit.

use strongroom_scan::{Finding, Value};

use crate::{
    Edit, Entry, Options, Plan, Reference,
    encoded::{document, is_document},
    home::Home,
    left::{self, Why},
    names::{Names, Want, is_part},
};

/// What a family does about one finding.
pub(crate) struct Cure<H> {
    pub(crate) how: H,
    /// What goes into the store for it.
    pub(crate) stored: String,
    /// Who reads it, where that is not always the same.
    pub(crate) owner: Vec<String>,
}

impl<H> Cure<H> {
    pub(crate) fn new(how: H, stored: String) -> Self {
        Self { how, stored, owner: Vec::new() }
    }
}

/// Asks for each finding's cure, gives the values their places, and asks for the edits. What has no cure, or turns out
/// to have no edit, is left for the reason that is told.
pub(crate) fn plan<H>(
    home: &Home,
    findings: &[Finding],
    options: &Options,
    cure: impl Fn(&Finding) -> Result<Cure<H>, Why>,
    edit: impl FnMut(&Finding, H, &Reference) -> Result<Edit, Why>,
) -> Plan {
    plan_with(findings, cure, |wants| Names::new(home.path(), wants, options).all(), edit)
}

/// The same, where `names` gives the places: one for each finding without an obstacle that has a cure.
pub(crate) fn plan_with<H>(
    findings: &[Finding],
    cure: impl Fn(&Finding) -> Result<Cure<H>, Why>,
    names: impl FnOnce(&[Want<'_>]) -> Vec<Reference>,
    mut edit: impl FnMut(&Finding, H, &Reference) -> Result<Edit, Why>,
) -> Plan {
    let mut plan = Plan::default();
    let mut cured = Vec::new();
    for (at, finding) in findings.iter().enumerate() {
        // `left` knows a better reason for what has an obstacle.
        let found = if finding.obstacle.is_some() { Err(left::UNKNOWN) } else { cure(finding) };
        match found {
            Ok(it) => cured.push((at, finding, it)),
            Err(why) => plan.left.push(left::left_without_task(at, finding, why)),
        }
    }
    let wants: Vec<Want<'_>> = cured
        .iter()
        .map(|(_, finding, cure)| Want {
            owner: cure.owner.iter().map(String::as_str).collect(),
            within: Vec::new(),
            key: if is_document(finding, &cure.stored) { document(finding) } else { &finding.key },
            is_part: is_part(finding),
            value: &cure.stored,
        })
        .collect();
    let references = names(&wants);
    for ((at, finding, cure), reference) in cured.into_iter().zip(references) {
        match edit(finding, cure.how, &reference) {
            Ok(edit) => {
                plan.edits.push(edit);
                plan.entries.push(Entry { reference, value: Value::new(&cure.stored) });
            }
            Err(why) => plan.left.push(left::left_without_task(at, finding, why)),
        }
    }
    plan.left.sort_by_key(|it| it.finding);
    plan
}
