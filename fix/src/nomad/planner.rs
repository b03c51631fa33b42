//! What happens to each finding of a job.

use std::collections::{BTreeMap, BTreeSet};

use strongroom_hcl::{Body, Span};
use strongroom_scan::{Finding, Obstacle, Place, Value};
use zeroize::Zeroizing;

use super::action::replaced;
use super::job::{EnvEntry, Job, Syntax, Task};
use super::layout::lines_of;
use super::line::{Line, LineValue, Part, is_variable};
use super::literal::{Form, Literal, holds, innermost};
use super::overlap::Overlap;
use super::value::{Stored, parts, stored};
use crate::left::{EXPRESSION, UNKNOWN, Why};
use crate::names::{is_part, safe_field};
use crate::render::{Delimiters, Encoding};
use crate::{Edit, File, Options, Plan, Style};

const NO_VARIABLE: Why = (
    "a template can set no variable of this name: letters, digits, `_`, `.` and `/` are all that Nomad takes",
    "rename the variable, or fix with the style `secret` where the cluster has Nomad 1.11",
);

const ASKED: Why = (
    "a template of the task asks for the variable with `env`, which knows what stands in env and nothing that a template sets",
    "put the credential into that template itself, or take the question out, and fix again",
);
pub(super) const TANGLED: Why = (
    "a template sets the variable as well, and a line of another one would change which of the two the task gets",
    "take the variable out of env or out of that template, whichever is meant, and fix again",
);

/// A value that is to be stored.
pub(super) struct Wanted<'a> {
    pub(super) owner: Vec<&'a str>,
    pub(super) within: Vec<&'a str>,
    pub(super) key: &'a str,
    pub(super) is_part: bool,
    pub(super) value: Value,
}

/// An edit that waits for the name of its place in the store.
pub(super) enum Pending {
    Action {
        span: Span,
        want: usize,
        encoding: Encoding,
        delimiters: Delimiters,
        literal: Literal,
    },
    /// `${secret.NAME.FIELD}`.
    Secret {
        span: Span,
        want: usize,
        task: usize,
        form: Form,
    },
}

#[derive(Default)]
pub(super) struct TaskWork {
    pub(super) lines: Vec<Line>,
    /// What it reads: by lines, actions and `secret` blocks.
    pub(super) wants: BTreeSet<usize>,
    pub(super) by_template: bool,
    pub(super) secret_wants: BTreeSet<usize>,
    /// Entries of its `env` blocks that go.
    pub(super) gone: BTreeSet<(usize, usize)>,
}

pub(super) struct Planner<'p> {
    pub(super) file: &'p File<'p>,
    pub(super) text: &'p str,
    pub(super) findings: &'p [Finding],
    pub(super) options: &'p Options,
    pub(super) body: &'p Body,
    pub(super) jobs: &'p [Job<'p>],
    pub(super) tasks: Vec<(&'p Job<'p>, &'p Task<'p>)>,
    pub(super) wants: Vec<Wanted<'p>>,
    pub(super) work: BTreeMap<usize, TaskWork>,
    pub(super) pending: Vec<Pending>,
    pub(super) edits: Vec<Edit>,
    pub(super) left: BTreeMap<usize, Why>,
    /// Of findings that are left for how they are used: where that is.
    pub(super) blocked: BTreeMap<usize, usize>,
    pub(super) notes: Vec<String>,
    /// Variables of ours, with the value and the encoding that each has.
    pub(super) variables: BTreeMap<String, (Value, Encoding)>,
}

impl<'p> Planner<'p> {
    pub(super) fn new(
        file: &'p File<'p>,
        findings: &'p [Finding],
        options: &'p Options,
        body: &'p Body,
        jobs: &'p [Job<'p>],
    ) -> Self {
        Self {
            file,
            text: file.text,
            findings,
            options,
            body,
            jobs,
            tasks: jobs.iter().flat_map(|job| job.tasks.iter().map(move |task| (job, task))).collect(),
            wants: Vec::new(),
            work: BTreeMap::new(),
            pending: Vec::new(),
            edits: Vec::new(),
            left: BTreeMap::new(),
            blocked: BTreeMap::new(),
            notes: Vec::new(),
            variables: BTreeMap::new(),
        }
    }

    pub(super) fn plan(mut self) -> Plan {
        let mut in_env: BTreeMap<(usize, usize, usize), Vec<usize>> = BTreeMap::new();
        let mut in_roots = Vec::new();
        let mut in_comments = Vec::new();
        for (at, finding) in self.findings.iter().enumerate() {
            let task = self.tasks.iter().position(|it| holds(it.1.span, finding.span));
            let by_secret = self.options.style == Style::Secret;
            if finding.commented {
                in_comments.push(at);
                continue;
            }
            match (finding.obstacle, task) {
                (None | Some(Obstacle::Artifact), Some(task))
                    if by_secret && self.in_artifact(task, finding.span) =>
                {
                    self.secret(task, at);
                }
                (Some(_), _) => {
                    self.left.insert(at, UNKNOWN);
                }
                (None, None) => in_roots.push(at),
                (None, Some(task)) => match self.env_entry(task, finding.span) {
                    Some((block, entry)) if by_secret && !self.is_dead(task, block, entry) => {
                        self.secret(task, at);
                    }
                    Some((block, entry)) => in_env.entry((task, block, entry)).or_default().push(at),
                    None => self.in_task(task, at),
                },
            }
        }
        let mut closed = Vec::new();
        for ((task, block, entry), findings) in in_env {
            closed.extend(self.entry(task, block, entry).map(|it| it.value.span));
            self.env(task, block, entry, &findings);
        }
        self.roots(&in_roots, &closed);
        self.finish(&in_comments)
    }

    fn job_syntax(&self, task: usize) -> Syntax {
        self.tasks.get(task).map_or(Syntax::Native, |it| it.0.syntax)
    }

    fn in_artifact(&self, task: usize, span: Span) -> bool {
        self.tasks.get(task).is_some_and(|it| it.1.artifacts.iter().any(|it| holds(*it, span)))
    }

    fn env_entry(&self, task: usize, span: Span) -> Option<(usize, usize)> {
        let (_, task) = self.tasks.get(task)?;
        let mut blocks = task.env.iter().enumerate();
        blocks.find_map(|(block, it)| {
            let entry = it.entries.iter().position(|it| holds(it.span, span))?;
            Some((block, entry))
        })
    }

    fn entry(&self, task: usize, block: usize, entry: usize) -> Option<&'p EnvEntry<'p>> {
        self.tasks.get(task)?.1.env.get(block)?.entries.get(entry)
    }

    /// In a driver's settings, or a template's data.
    fn in_task(&mut self, task: usize, at: usize) {
        let Some((job, it)) = self.tasks.get(task).copied() else { return };
        let Some(finding) = self.findings.get(at) else { return };
        let template = it.templates.iter().find(|it| it.data.is_some_and(|it| holds(it.span, finding.span)));
        let in_config = it.configs.iter().any(|it| holds(*it, finding.span));
        if let Some(template) = template {
            let literal = template.data.and_then(|it| Literal::of(job.syntax, it, self.text));
            let literal = literal.filter(|it| it.stands_without(finding.span, self.text));
            let found = literal.and_then(|literal| {
                Some((literal, replaced(job.syntax, template, &literal, finding, self.text)?))
            });
            let Some((literal, replaced)) = found else {
                self.left.insert(at, EXPRESSION);
                return;
            };
            let want = self.want(Some(task), at, &replaced.stored.value);
            let work = self.work.entry(task).or_default();
            work.wants.insert(want);
            work.by_template = true;
            self.pending.push(Pending::Action {
                span: replaced.span,
                want,
                encoding: replaced.stored.encoding,
                delimiters: template.delimiters.clone(),
                literal,
            });
        } else if in_config && self.options.style == Style::Secret {
            self.secret(task, at);
        } else if in_config {
            self.config(task, at);
        } else {
            self.left.insert(at, UNKNOWN);
        }
    }

    /// A word of the driver's settings becomes a variable of the environment.
    fn config(&mut self, task: usize, at: usize) {
        let Some((finding, stored)) = self.stored(task, at, &['$']) else {
            self.left.insert(at, EXPRESSION);
            return;
        };
        let name = self.variable(name_of(finding), &stored.value, &stored.encoding);
        let want = self.want(Some(task), at, &stored.value);
        self.line(task, variable_line(&name, want, &stored.encoding));
        if finding.place == Place::Auth {
            self.notes.push(format!(
                "{name}, the registry's password, is a variable of the task now, which its program can read: a login of \
                 the node's own (`auth` of the driver's plugin) is seen by no task"
            ));
        }
        let quoted = matches!(self.literal(task, at).map(|it| it.form), Some(Form::Bare));
        let text = if quoted { format!("\"${{{name}}}\"") } else { format!("${{{name}}}") };
        self.edits.push(Edit { span: finding.span, text });
    }

    /// `${secret.NAME.FIELD}`, where Nomad puts in what stands in `secret` blocks.
    fn secret(&mut self, task: usize, at: usize) {
        let Some((finding, stored)) = self.stored(task, at, &['$']) else {
            self.left.insert(at, EXPRESSION);
            return;
        };
        let form = self.literal(task, at).map_or(Form::Quoted, |it| it.form);
        // No pipeline writes it again: what stands there is what is stored.
        let want = self.want(Some(task), at, &stored.raw);
        let work = self.work.entry(task).or_default();
        work.wants.insert(want);
        work.secret_wants.insert(want);
        self.pending.push(Pending::Secret { span: finding.span, want, task, form });
    }

    /// A variable of `env`, with one finding or several.
    fn env(&mut self, task: usize, block: usize, entry: usize, findings: &[usize]) {
        let Some(it) = self.entry(task, block, entry) else { return };
        if !is_variable(it.name) {
            self.left.extend(findings.iter().map(|at| (*at, NO_VARIABLE)));
            return;
        }
        match self.overlap(task, it.name) {
            Overlap::Dead => return self.dead(task, (block, entry), it.name),
            Overlap::Asked => return self.left.extend(findings.iter().map(|at| (*at, ASKED))),
            Overlap::Tangled => return self.left.extend(findings.iter().map(|at| (*at, TANGLED))),
            Overlap::Before | Overlap::Free => {}
        }
        let stored: Option<Vec<(&Finding, Stored)>> =
            findings.iter().map(|at| self.stored(task, *at, &['$', '%'])).collect();
        let (Some(stored), Some(literal)) = (stored, Literal::of(self.job_syntax(task), it.value, self.text))
        else {
            self.left.extend(findings.iter().map(|at| (*at, EXPRESSION)));
            return;
        };
        if let ([at], [(finding, _)]) = (findings, stored.as_slice())
            && let Some(text) = whole_heredoc(&literal, finding.span, self.text)
        {
            let want = self.want(Some(task), *at, &text);
            self.work.entry(task).or_default().gone.insert((block, entry));
            return self.line(task, variable_line(it.name, want, &Encoding::plain()));
        }
        let wants: Vec<usize> =
            findings.iter().zip(&stored).map(|(at, it)| self.want(Some(task), *at, &it.1.value)).collect();
        let secrets: Vec<(Span, usize, &Stored)> = stored
            .iter()
            .zip(&wants)
            .map(|((finding, stored), want)| (finding.span, *want, stored))
            .collect();
        // A heredoc's other lines stay where they are.
        let parts =
            if self.has_other_lines(it.span, &secrets) { None } else { parts(&literal, &secrets, self.text) };
        if let Some(parts) = parts {
            self.work.entry(task).or_default().gone.insert((block, entry));
            self.line(task, Line { name: it.name.to_owned(), value: LineValue::Parts(parts) });
            return;
        }
        let mut marks = Vec::new();
        for ((finding, stored), want) in stored.iter().zip(&wants) {
            let name = self.variable(name_of(finding), &stored.value, &stored.encoding);
            let mark = format!("${{{name}}}");
            marks.push((mark.clone(), *want, stored.within_quotes()));
            self.edits.push(Edit { span: finding.span, text: mark });
        }
        self.line(task, Line { name: it.name.to_owned(), value: LineValue::Filled(marks) });
    }

    pub(super) fn overlap(&self, task: usize, name: &str) -> Overlap {
        let task = self.tasks.get(task);
        task.map_or(Overlap::Free, |(job, task)| Overlap::of(job.syntax, task, name, self.text))
    }

    fn is_dead(&self, task: usize, block: usize, entry: usize) -> bool {
        let entry = self.entry(task, block, entry);
        entry.is_some_and(|it| self.overlap(task, it.name) == Overlap::Dead)
    }

    /// Takes out what no program ever got. It is not stored, where somebody would take it for what is in use.
    fn dead(&mut self, task: usize, entry: (usize, usize), name: &str) {
        self.work.entry(task).or_default().gone.insert(entry);
        self.notes.push(format!(
            "{name} in env had no effect, for a template of the task sets {name} too: the line is gone, and what it held \
             is not stored; `secret fix -undo` brings it back"
        ));
    }

    fn has_other_lines(&self, entry: Span, secrets: &[(Span, usize, &Stored)]) -> bool {
        let lines = lines_of(self.text, entry);
        let mut at = lines.start;
        let lines = lines.of(self.text).split_inclusive('\n').map(|line| {
            at += line.len();
            Span { start: at - line.len(), end: at }
        });
        let lines: Vec<Span> = lines.collect();
        lines.len() > 1
            && lines
                .iter()
                .any(|line| secrets.iter().all(|(span, ..)| span.end <= line.start || span.start >= line.end))
    }

    fn literal(&self, task: usize, at: usize) -> Option<Literal> {
        let finding = self.findings.get(at)?;
        Literal::of(self.job_syntax(task), innermost(self.body, finding.span)?, self.text)
    }

    /// None where the finding is no part of a plain string, or stands behind a sign that would be an escape together
    /// with what we put there.
    fn stored(&self, task: usize, at: usize, escapes: &[char]) -> Option<(&'p Finding, Stored)> {
        let finding = self.findings.get(at)?;
        let literal = self.literal(task, at)?;
        if !holds(literal.content, finding.span)
            || literal.form == Form::Bare && literal.content != finding.span
        {
            return None;
        }
        if self.text.get(..finding.span.start)?.ends_with(escapes) {
            return None;
        }
        let is_whole = whole_heredoc(&literal, finding.span, self.text).is_some();
        if !is_whole && !literal.stands_without(finding.span, self.text) {
            return None;
        }
        Some((finding, stored(self.job_syntax(task), &literal, finding, self.text)?))
    }

    pub(super) fn want(&mut self, task: Option<usize>, at: usize, value: &Value) -> usize {
        let (owner, within) = match task.and_then(|it| self.tasks.get(it)) {
            Some((job, task)) => (self.owner(job), task.scope.clone()),
            None => (self.jobs.first().map(|it| self.owner(it)).unwrap_or_default(), vec!["variables"]),
        };
        let key = self.findings.get(at).map_or("", name_of);
        let is_part = self.findings.get(at).is_some_and(is_part);
        self.wants.push(Wanted { owner, within, key, is_part, value: value.clone() });
        self.wants.len() - 1
    }

    /// A prefix stands for the job's name, where the file has but one.
    pub(super) fn owner(&self, job: &'p Job<'p>) -> Vec<&'p str> {
        if self.options.prefix.is_some() && self.jobs.len() == 1 { Vec::new() } else { job.owner() }
    }

    pub(super) fn line(&mut self, task: usize, line: Line) {
        let work = self.work.entry(task).or_default();
        work.by_template = true;
        work.wants.extend(line.wants());
        if !work.lines.iter().any(|it| it.name == line.name) {
            work.lines.push(line);
        }
    }

    /// A name that nothing else in the file has.
    pub(super) fn variable(&mut self, key: &str, value: &Value, encoding: &Encoding) -> String {
        let wish = format!("STRONGROOM_{}", safe_field(key).trim_start_matches('_').to_ascii_uppercase());
        let meant = (value.clone(), encoding.clone());
        let mut name = wish.clone();
        let mut count = 1;
        loop {
            match self.variables.get(&name) {
                Some(other) if *other == meant => return name,
                None if !self.text.contains(&name) => {
                    self.variables.insert(name.clone(), meant);
                    return name;
                }
                _ => {
                    count += 1;
                    name = format!("{wish}_{count}");
                }
            }
        }
    }
}

/// The text of a heredoc that has nothing but the secret, with its line end: a private key, mostly.
fn whole_heredoc(literal: &Literal, secret: Span, text: &str) -> Option<Value> {
    let Form::Heredoc { .. } = literal.form else { return None };
    let whole = Zeroizing::new(literal.plain(literal.content, text)?);
    let secret = Zeroizing::new(literal.plain(secret, text)?);
    let end = whole.strip_prefix(secret.as_str())?;
    matches!(end, "" | "\n" | "\r\n").then(|| Value::new(&whole))
}

/// What to call a value: `-p` says nothing, and `-D` is no part of a property's name.
pub(super) fn name_of(finding: &Finding) -> &str {
    let key = finding.key.as_str();
    let bare = key.trim_start_matches('-');
    if key.starts_with('-') && bare.chars().count() < 2 {
        return finding.kind.name();
    }
    if key.starts_with("-D") { bare.get(1..).unwrap_or(bare) } else { key }
}

pub(super) fn variable_line(name: &str, want: usize, encoding: &Encoding) -> Line {
    let part = Part::Secret { want, encoding: encoding.clone(), is_safe: false };
    Line { name: name.to_owned(), value: LineValue::Parts(vec![part]) }
}
