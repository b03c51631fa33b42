//! What stands in defaults of variables and in local values moves to each task that uses it.

use std::collections::{BTreeMap, BTreeSet};

use strongroom_hcl::Span;
use strongroom_scan::Value;
use zeroize::Zeroizing;

use super::job::Syntax;
use super::line::{self, Line, LineValue, Part};
use super::literal::{Literal, innermost};
use super::overlap::Overlap;
use super::planner::{Pending, Planner, TANGLED, name_of, variable_line};
use super::shared::{Followed, Got, Shared, Use};
use super::value::{Stored, is_within_url};
use crate::Edit;
use crate::left::{EXPRESSION, UNKNOWN};
use crate::render::{self, Encoding};

impl Planner<'_> {
    /// Defaults of variables, and local values.
    pub(super) fn roots(&mut self, findings: &[usize], closed: &[Span]) {
        let syntax = self.jobs.first().map_or(Syntax::Native, |it| it.syntax);
        let spans = findings.iter().filter_map(|at| Some((*at, self.findings.get(*at)?.span)));
        let shared = Shared::new(syntax, self.body, self.text, spans);
        let Followed { mut kept, mut uses, blocked } = shared.uses(self.body, self.jobs, closed);
        self.blocked.extend(blocked);
        let tangled = self.tangled(&uses);
        kept.retain(|it| !tangled.contains(it));
        uses.retain(|it| !tangled.iter().any(|at| it.has(*at)));
        uses.retain(|it| self.overlap_of(it) != Overlap::Dead);
        let is_root = |at: usize| self.findings.get(at).is_some_and(|it| shared.is_within(it.span));
        let why = |at: usize| (at, if is_root(at) { EXPRESSION } else { UNKNOWN });
        let lost: Vec<_> = findings.iter().filter(|it| !kept.contains(it)).map(|it| why(*it)).collect();
        self.left.extend(lost);
        self.left.extend(tangled.into_iter().map(|at| (at, TANGLED)));
        let in_config: BTreeSet<usize> = uses
            .iter()
            .flat_map(|it| if let Use::Config { findings, .. } = it { findings.clone() } else { Vec::new() })
            .collect();
        let mut stored: BTreeMap<usize, (Stored, String)> = BTreeMap::new();
        for at in &kept {
            let Some(finding) = self.findings.get(*at) else { continue };
            let literal =
                innermost(self.body, finding.span).and_then(|it| Literal::of(syntax, it, self.text));
            let Some(literal) = literal else { continue };
            // What is followed is the text itself, and so that is stored.
            let Some(raw) = literal.plain(finding.span, self.text).map(Zeroizing::new) else {
                self.left.insert(*at, EXPRESSION);
                continue;
            };
            let raw = Value::new(&raw);
            let mut text = String::new();
            let mut name = String::new();
            if in_config.contains(at) {
                name = self.variable(name_of(finding), &raw, &Encoding::plain());
                text = literal.write(&format!("${{{name}}}"));
            }
            self.edits.push(Edit { span: finding.span, text });
            if !uses.iter().any(|it| it.has(*at)) {
                self.want(None, *at, &raw);
            }
            stored.insert(
                *at,
                (Stored { value: raw.clone(), encoding: Encoding::plain(), raw, is_of_json: false }, name),
            );
        }
        for it in uses {
            match it {
                Use::Config { task, findings } => {
                    for at in findings {
                        let Some((value, name)) = stored.get(&at).cloned() else { continue };
                        let want = self.want(Some(task), at, &value.value);
                        self.line(task, variable_line(&name, want, &value.encoding));
                    }
                }
                Use::Env { task, name, value } => {
                    let mut parts = Vec::new();
                    for it in value {
                        match it {
                            Got::Other(part) => parts.push(part),
                            Got::Secret(at) => {
                                let Some((stored, _)) = stored.get(&at).cloned() else { continue };
                                let want = self.want(Some(task), at, &stored.value);
                                parts.push(secret_part(&parts, want, &stored));
                            }
                        }
                    }
                    self.line(task, Line { name, value: LineValue::Parts(parts) });
                }
                Use::Template { task, template, finding, span } => {
                    let Some((stored, _)) = stored.get(&finding).cloned() else { continue };
                    self.in_template(task, template, finding, span, &stored);
                }
            }
        }
        if !stored.is_empty() {
            self.notes.push(
                "what variables and local values held comes from the store now: a value given with -var or \
                 NOMAD_VAR_ no longer reaches the tasks"
                    .to_owned(),
            );
        }
    }

    /// `${var.x}` in a template's data becomes an action.
    fn in_template(&mut self, task: usize, template: usize, finding: usize, span: Span, stored: &Stored) {
        let Some((job, it)) = self.tasks.get(task).copied() else { return };
        let Some(template) = it.templates.get(template) else { return };
        let Some(literal) = template.data.and_then(|it| Literal::of(job.syntax, it, self.text)) else {
            return;
        };
        let before = literal.line_before(span, self.text);
        let is_variable = template.is_env
            && before.trim().strip_suffix('=').is_some_and(line::is_variable)
            && literal.line_behind(span, self.text).trim().is_empty();
        let encoding = match is_variable && stored.raw.expose() == stored.raw.expose().trim() {
            true if line::is_bare(stored.raw.expose()) => Encoding::one(render::Step::Json, ""),
            _ => fitting(&before, stored),
        };
        let want = self.want(Some(task), finding, &stored.value);
        let work = self.work.entry(task).or_default();
        work.wants.insert(want);
        work.by_template = true;
        let delimiters = template.delimiters.clone();
        self.pending.push(Pending::Action { span, want, encoding, delimiters, literal });
    }

    fn overlap_of(&self, it: &Use) -> Overlap {
        match it {
            Use::Config { .. } | Use::Template { .. } => Overlap::Free,
            Use::Env { task, name, .. } => self.overlap(*task, name),
        }
    }

    /// The findings that some variable cannot get from our template, and all that stand in a value with them.
    fn tangled(&self, uses: &[Use]) -> BTreeSet<usize> {
        let is_tangled = |it: &&Use| matches!(self.overlap_of(it), Overlap::Asked | Overlap::Tangled);
        let mut tangled: BTreeSet<usize> = uses.iter().filter(is_tangled).flat_map(Use::findings).collect();
        loop {
            let before = tangled.len();
            let together =
                uses.iter().map(Use::findings).filter(|it| it.iter().any(|it| tangled.contains(it)));
            let more: Vec<usize> = together.flatten().collect();
            tangled.extend(more);
            if tangled.len() == before {
                return tangled;
            }
        }
    }
}

/// A secret behind other parts: within a URL it is written as one, if that changes nothing today.
fn secret_part(before: &[Part], want: usize, stored: &Stored) -> Part {
    let before: String =
        before.iter().map(|it| if let Part::Text(text) = it { text.as_str() } else { "x" }).collect();
    let encoding = fitting(&before, stored);
    Part::Secret { want, encoding, is_safe: line::is_bare(stored.raw.expose()) }
}

fn fitting(before: &str, stored: &Stored) -> Encoding {
    let percent = Encoding::one(render::Step::Percent, stored.value.expose());
    let fits = is_within_url(before) && *percent.apply(stored.value.expose()) == stored.raw.expose();
    if fits { percent } else { stored.encoding.clone() }
}
