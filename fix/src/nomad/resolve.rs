//! The names are known: edits, entries, and what the job must be allowed.

use std::collections::{BTreeMap, BTreeSet};

use strongroom_hcl::Span;

use super::access::Allowed;
use super::job::{Job, Syntax, Task};
use super::layout::{is_alone, line_end, lines_of, removals};
use super::line::{self, Line, LineValue};
use super::literal::Form;
use super::overlap::Overlap;
use super::planner::{Pending, Planner, TaskWork};
use super::write::{self, Blocks};
use crate::home::Home;
use crate::left::{EXPRESSION, Why, left};
use crate::names::{Names, Want, safe_field, segment, word};
use crate::render;
use crate::{Edit, Entry, Left, Options, Plan, Reference, comment};

/// For each task the `secret` blocks that it uses: path to name, and whether the block is new.
type SecretBlocks = BTreeMap<usize, BTreeMap<String, (String, bool)>>;

impl Planner<'_> {
    pub(super) fn finish(mut self, comments: &[usize]) -> Plan {
        let wants: Vec<Want<'_>> = self
            .wants
            .iter()
            .map(|it| Want {
                owner: it.owner.clone(),
                within: it.within.clone(),
                key: it.key,
                is_part: it.is_part,
                value: it.value.expose(),
            })
            .collect();
        let home = Home::of_workloads("", self.file, self.options);
        let allowed = Allowed::new(&home, self.options, self.text);
        let names = Names::new(home.path(), &wants, self.options);
        let mut plan = Plan::default();
        for (at, want) in self.wants.iter().enumerate() {
            let Some(reference) = names.of(at) else { continue };
            if !plan.entries.iter().any(|it| it.reference == *reference) {
                plan.entries.push(Entry { reference: reference.clone(), value: want.value.clone() });
            }
        }
        let secrets = self.secret_names(&names);
        for it in std::mem::take(&mut self.pending) {
            plan.edits.extend(self.resolved(it, &names, &secrets));
        }
        let mut reads: Vec<(usize, BTreeSet<String>)> = Vec::new();
        for (task, work) in &self.work {
            let paths = work.wants.iter().filter_map(|it| names.of(*it)).map(|it| it.path.clone());
            reads.push((*task, paths.collect()));
            plan.edits.extend(self.task_edits(*task, work, &names, &allowed, secrets.get(task)));
        }
        let tasks = reads.iter().filter_map(|(task, paths)| {
            let (job, task) = self.tasks.get(*task)?;
            Some((*job, *task, paths))
        });
        plan.access = allowed.access(tasks);
        let (kept, unknown) = allowed.kept(&plan.access, self.tasks.iter().copied());
        plan.kept = kept;
        self.tell_of_unknown(&unknown);
        plan.edits.append(&mut self.edits);
        plan.left = self.left.iter().filter_map(|(at, why)| self.left_there(*at, *why)).collect();
        let owner = self.jobs.first().map_or_else(|| vec![crate::stem(self.file.name)], |it| self.owner(it));
        let place: Vec<String> =
            home.path().iter().cloned().chain(owner.iter().map(|it| segment(it))).collect();
        let commented = comments.iter().filter_map(|it| self.findings.get(*it));
        let taken = comment::take(commented, &place, &plan.entries, self.options);
        plan.edits.extend(taken.edits);
        plan.entries.extend(taken.entries);
        self.tell(&plan);
        if !plan.edits.is_empty() {
            self.notes.extend(self.how_to_run());
        }
        plan.notes = self.notes;
        plan
    }

    /// A job that names no role logs in with the cluster's. `secret setup nomad` makes one, which may read what lies below
    /// the job's namespace and id.
    fn of_default_role(&self) -> Option<String> {
        let without = |job: &&Job<'_>| {
            job.is_hcl1 || job.tasks.iter().any(|it| it.vault.as_ref().is_some_and(|it| it.role.is_none()))
        };
        let job = self.jobs.iter().find(without)?;
        let place = format!("{}/{}", job.namespace, job.id);
        let is_place = place.split('/').all(|it| segment(it) == it) && self.jobs.len() == 1;
        let prefix = self.options.prefix.as_deref().unwrap_or("");
        Some(if is_place && (prefix == place || prefix.starts_with(&format!("{place}/"))) {
            "a vault block of the job names no role: if `secret setup nomad` made the one that the cluster gives such jobs, \
             it may read this already, and the policy is not needed"
                .to_owned()
        } else if is_place {
            format!(
                "a vault block of the job names no role: the one that the cluster gives such jobs needs the policy; with \
                 -prefix={place} the values go where the role of `secret setup nomad` may read already"
            )
        } else {
            "a vault block of the job names no role: the one that the cluster gives such jobs needs the policy".to_owned()
        })
    }

    fn how_to_run(&self) -> Option<String> {
        let option = match self.jobs.first()? {
            it if it.syntax == Syntax::Api => "-json ",
            it if it.is_hcl1 => "-hcl1 ",
            _ => "",
        };
        Some(format!("it starts as before: `nomad job run {option}{}`", word(self.file.name)))
    }

    /// With the line of the use that keeps it there.
    fn left_there(&self, at: usize, why: Why) -> Option<Left> {
        let mut left = left(at, self.findings.get(at)?, Some(why));
        if let Some(place) = self.blocked.get(&at).filter(|_| why == EXPRESSION) {
            let line = strongroom_scan::Position::of(self.text, *place).line;
            left.reason.push_str(&format!(" (see the use in line {line})"));
        }
        Some(left)
    }

    fn tell_of_unknown(&mut self, tasks: &[(String, String)]) {
        self.notes.extend(tasks.iter().map(|(task, policy)| {
            format!(
                "WATCH OUT: a template of {task} asks the store for what cannot be told from this file (a path that is \
                 computed, a request with data, a template elsewhere): the policy {policy} does not allow it, so add it"
            )
        }));
    }

    fn tell(&mut self, plan: &Plan) {
        let computed = self.jobs.iter().any(|it| it.is_computed);
        let without_role = plan.access.iter().find(|it| it.role.is_none());
        if let Some(access) = without_role.filter(|_| computed) {
            self.notes.push(format!(
                "the job's name is computed, so no role is made: the one that its vault block names must be bound to the \
                 job as it is submitted (bound_claims with nomad_namespace and nomad_job_id) and have the policy {}",
                access.policy
            ));
        } else if without_role.is_some() {
            self.notes.extend(self.of_default_role());
        }
        let filled = |it: &&Line| matches!(it.value, LineValue::Filled(_));
        for it in self.work.values().flat_map(|it| &it.lines).filter(filled) {
            self.notes.push(format!(
                "{} keeps its text in env, and a template fills the value in: where Nomad had to make a new token for \
                 a running task, a value that changes later comes with the next start",
                it.name
            ));
        }
        if self.work.values().any(|it| !it.secret_wants.is_empty()) {
            self.notes.push(
                "the node's secret plugin must allow the paths of this job (`paths` in strongroom.hcl)"
                    .to_owned(),
            );
        }
    }

    /// For each task its `secret` blocks: path to name. Blocks that it has are used again.
    fn secret_names(&self, names: &Names) -> SecretBlocks {
        let mut all = BTreeMap::new();
        for (task, work) in &self.work {
            let Some((_, it)) = self.tasks.get(*task) else { continue };
            let mut blocks: BTreeMap<String, (String, bool)> = BTreeMap::new();
            for reference in work.secret_wants.iter().filter_map(|it| names.of(*it)) {
                if blocks.contains_key(&reference.path) {
                    continue;
                }
                let path = secret_path(reference, self.options);
                let known = it.secrets.iter().find(|(_, it)| *it == Some(path.as_str()));
                let last = reference.path.rsplit('/').next().unwrap_or("");
                let wish = safe_field(last).to_ascii_lowercase();
                let is_free = |name: &str, blocks: &BTreeMap<String, (String, bool)>| {
                    !it.secrets.iter().any(|it| it.0 == name) && !blocks.values().any(|it| it.0 == name)
                };
                let name = match known {
                    Some((name, _)) => (*name).to_owned(),
                    None if is_free(&wish, &blocks) => wish,
                    None => (2..)
                        .map(|it| format!("{wish}_{it}"))
                        .find(|it| is_free(it, &blocks))
                        .unwrap_or_default(),
                };
                blocks.insert(reference.path.clone(), (name, known.is_none()));
            }
            all.insert(*task, blocks);
        }
        all
    }

    fn resolved(&self, pending: Pending, names: &Names, secrets: &SecretBlocks) -> Option<Edit> {
        match pending {
            Pending::Action { span, want, encoding, delimiters, literal } => {
                let action = render::action(names.of(want)?, &self.options.mount, &encoding, &delimiters);
                // A delimiter's first sign before an action would be read as one with it.
                let content = literal.content;
                let before = self.text.get(content.start..span.start)?;
                let sign = delimiters.left.chars().next()?;
                let signs = before.chars().rev().take_while(|it| *it == sign).count();
                let start = span.start - signs * sign.len_utf8();
                let action = match signs {
                    0 => action,
                    _ => delimiters.action(&render::quoted(&sign.to_string().repeat(signs))) + &action,
                };
                let mut text = literal.write(&action);
                // `$` and an action would be an interpolation of HCL together, if they are no escape of it yet.
                let before = self.text.get(..start).unwrap_or("");
                let is_escape = signs > 0 && (before.ends_with("$$") || before.ends_with("%%"));
                let sign = before.chars().next_back().filter(|it| matches!(it, '$' | '%') && !is_escape);
                if let Some(sign) = sign.filter(|_| text.starts_with('{') && literal.is_template()) {
                    text.insert(0, sign);
                }
                let span = Span { start, ..span };
                Some(Edit { span, text })
            }
            Pending::Secret { span, want, task, form } => {
                let reference = names.of(want)?;
                let (name, _) = secrets.get(&task)?.get(&reference.path)?;
                let inner = format!("${{secret.{name}.{}}}", reference.field);
                let text = if form == Form::Bare { format!("\"{inner}\"") } else { inner };
                Some(Edit { span, text })
            }
        }
    }

    fn task_edits(
        &self,
        at: usize,
        work: &TaskWork,
        names: &Names,
        allowed: &Allowed<'_>,
        secrets: Option<&BTreeMap<String, (String, bool)>>,
    ) -> Vec<Edit> {
        let Some((job, task)) = self.tasks.get(at).copied() else { return Vec::new() };
        let (mut edits, env_is_gone) = self.env_edits(job, task, work);
        let is_hcl = job.syntax != Syntax::Api;
        let eol = if job.syntax.is_json() { "\n" } else { line_end(self.text) };
        let reference = |want: usize| names.of(want).cloned();
        let groups = line::groups(&work.lines, reference, &self.options.mount, is_hcl);
        let new = secrets.into_iter().flatten().filter(|(_, (_, is_new))| *is_new);
        let blocks = Blocks {
            role: (work.by_template && task.vault.is_none()).then(|| allowed.policy(job)),
            secrets: new
                .map(|(path, (name, _))| {
                    let reference = Reference { path: path.clone(), field: String::new() };
                    (name.clone(), secret_path(&reference, self.options))
                })
                .collect(),
            is_first: work.lines.iter().any(|it| self.overlap(at, &it.name) == Overlap::Before),
            groups,
            eol,
            env_is_gone,
        };
        edits.extend(write::insert(self.text, job, task, &blocks));
        edits
    }

    /// Takes entries out of `env`; whether the task's last block goes as a whole.
    fn env_edits(&self, job: &Job<'_>, task: &Task<'_>, work: &TaskWork) -> (Vec<Edit>, bool) {
        let mut edits = Vec::new();
        let mut is_gone = false;
        for (block, it) in task.env.iter().enumerate() {
            let gone: Vec<bool> = (0..it.entries.len()).map(|at| work.gone.contains(&(block, at))).collect();
            if !gone.contains(&true) {
                continue;
            }
            let spans: Vec<Span> = it.entries.iter().map(|it| it.span).collect();
            let runs = removals(self.text, it.body, &spans, &gone, job.syntax.is_json());
            let emptied = runs.iter().any(|it| it.removed.is_none());
            let rest = rest_of(self.text, it.body, &spans);
            let is_empty = gone.iter().all(|it| *it)
                && !emptied
                && rest.trim_matches(['{', '}', ',', ' ', '\t', '\r', '\n']).is_empty();
            if is_empty && !job.syntax.is_json() && is_alone(self.text, it.span) {
                edits.push(Edit { span: lines_of(self.text, it.span), text: String::new() });
                is_gone = block + 1 == task.env.len();
                continue;
            }
            for run in runs {
                match run.removed {
                    Some(span) => edits.push(Edit { span, text: String::new() }),
                    None => {
                        let values = it.entries.get(run.first..=run.last).unwrap_or(&[]).iter();
                        edits.extend(values.map(|it| Edit { span: it.value.span, text: "\"\"".to_owned() }));
                    }
                }
            }
        }
        (edits, is_gone)
    }
}

/// As the plugin takes it.
fn secret_path(reference: &Reference, options: &Options) -> String {
    reference.data_path(&options.mount)
}

/// What stands in a block between its entries.
fn rest_of(text: &str, body: Span, entries: &[Span]) -> String {
    let starts = std::iter::once(body.start).chain(entries.iter().map(|it| it.end));
    let ends = entries.iter().map(|it| it.start).chain([body.end]);
    starts.zip(ends).filter_map(|(start, end)| text.get(start..end)).collect()
}
