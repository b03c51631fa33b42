//! A credential in the default of a variable or in a local value: it is followed to the tasks that use it.
//!
//! Nomad copies a template's variables over those of `env`, and puts variables of the environment into the driver's
//! settings. So the lines that use the value may stay: the literal goes, and each task gets what its variable comes
//! to. This is done only where every use was understood; one that was not leaves the credential where it is.

use std::collections::{BTreeMap, BTreeSet};

use strongroom_hcl::{Body, Expr, ExprKind, Span};

use super::functions::{apply, call, traversal};
use super::job::{Job, Syntax, Task, Template};
use super::line::{Part, is_variable};
use super::literal::{Form, Literal, Piece, holds, innermost};
use super::value::hole;
use crate::render::Delimiters;

/// Values within values; what goes deeper is not understood.
const MAX_DEPTH: usize = 16;

/// What an expression comes to.
#[derive(Clone, Debug)]
pub(super) enum Sum {
    List(Vec<Self>),
    Map(Vec<(String, Self)>),
    /// Without a finding in it, and of no use for a text that has one.
    Other,
    Text(Vec<Bit>),
}

#[derive(Clone, Debug)]
pub(super) enum Bit {
    /// One of the findings.
    Secret(usize),
    Other(Part),
}

impl Sum {
    fn has_secret(&self) -> bool {
        match self {
            Self::List(items) => items.iter().any(Self::has_secret),
            Self::Map(entries) => entries.iter().any(|it| it.1.has_secret()),
            Self::Other => false,
            Self::Text(bits) => bits.iter().any(|it| matches!(it, Bit::Secret(_))),
        }
    }
}

/// A part of a value that a task gets.
#[derive(Clone, Debug)]
pub(super) enum Got {
    Secret(usize),
    Other(Part),
}

/// One use of shared values by a task.
#[derive(Clone, Debug)]
pub(super) enum Use {
    /// The driver's settings have these findings in them.
    Config { task: usize, findings: Vec<usize> },
    /// A variable of `env` comes to this.
    Env { task: usize, name: String, value: Vec<Got> },
    /// A template's data has it, at this interpolation.
    Template { task: usize, template: usize, finding: usize, span: Span },
}

/// What became of the findings.
pub(super) struct Followed {
    /// They can go.
    pub(super) kept: Vec<usize>,
    pub(super) uses: Vec<Use>,
    /// Findings that cannot, and where the use is that nobody understands.
    pub(super) blocked: BTreeMap<usize, usize>,
}

/// The roots of a file: `var.x` and `local.x`.
pub(super) struct Shared<'a> {
    syntax: Syntax,
    text: &'a str,
    roots: BTreeMap<String, &'a Expr>,
    /// The findings within a root that are to go, by where they stand.
    findings: Vec<(usize, Span, String)>,
    /// Roots that have a finding in them, or one of another root.
    tainted: BTreeSet<String>,
}

impl<'a> Shared<'a> {
    pub(super) fn new(
        syntax: Syntax,
        body: &'a Body,
        text: &'a str,
        findings: impl Iterator<Item = (usize, Span)>,
    ) -> Self {
        let view = body.view();
        let mut roots = BTreeMap::new();
        for block in view.blocks("variable", 1).unwrap_or_default() {
            if let Some(default) = block.body.attr("default") {
                roots.insert(format!("var.{}", block.label(0)), default.value);
            }
        }
        for (kind, root) in [("locals", "local"), ("variables", "var")] {
            for block in view.blocks(kind, 0).unwrap_or_default() {
                roots.extend(block.body.attrs().map(|(key, it)| (format!("{root}.{}", key.name), it.value)));
            }
        }
        let root_of = |span: Span| roots.iter().find(|(_, it)| holds(it.span, span)).map(|it| it.0.clone());
        let findings: Vec<_> = findings
            .filter_map(|(finding, span)| {
                let root = root_of(span)?;
                let literal = Literal::of(syntax, innermost(body, span)?, text)?;
                // A number's place takes no text.
                (literal.form != Form::Bare).then_some((finding, span, root))
            })
            .collect();
        let mut tainted: BTreeSet<String> = findings.iter().map(|it| it.2.clone()).collect();
        loop {
            let more: Vec<String> = roots
                .iter()
                .filter(|(name, it)| !tainted.contains(*name) && mentions(it.span.of(text), &tainted))
                .map(|(name, _)| name.clone())
                .collect();
            if more.is_empty() {
                break;
            }
            tainted.extend(more);
        }
        Self { syntax, text, roots, findings, tainted }
    }

    /// The findings that can go, and all uses of them. Nothing is followed into `closed`: what stands there is changed
    /// for other reasons.
    pub(super) fn uses(&self, body: &Body, jobs: &[Job<'_>], closed: &[Span]) -> Followed {
        let tasks: Vec<&Task<'_>> = jobs.iter().flat_map(|it| &it.tasks).collect();
        let mut uses = Vec::new();
        let mut seen: Vec<Span> = Vec::new();
        let mut lost: BTreeSet<usize> = BTreeSet::new();
        let mut blocked: BTreeMap<usize, usize> = BTreeMap::new();
        for (root, span) in self.occurrences() {
            if seen.iter().any(|it| holds(*it, span)) {
                continue;
            }
            let found =
                if closed.iter().any(|it| holds(*it, span)) { None } else { self.use_at(body, &tasks, span) };
            match found {
                Some((whole, found)) => {
                    seen.push(whole);
                    uses.extend(found);
                }
                None => {
                    for it in self.behind(&root) {
                        lost.insert(it);
                        blocked.entry(it).or_insert(span.start);
                    }
                }
            }
        }
        // What is lost takes along all that stands in one value with it.
        loop {
            let before = lost.len();
            for it in &uses {
                let together = it.findings();
                if together.iter().any(|it| lost.contains(it)) {
                    lost.extend(together);
                }
            }
            if lost.len() == before {
                break;
            }
        }
        uses.retain(|it| it.findings().iter().all(|it| !lost.contains(it)));
        let kept = self.findings.iter().map(|it| it.0).filter(|it| !lost.contains(it)).collect();
        Followed { kept, uses, blocked }
    }

    /// Whether it stands in a default or a local value.
    pub(super) fn is_within(&self, span: Span) -> bool {
        self.roots.values().any(|it| holds(it.span, span))
    }

    /// Where a root is named outside of other roots, comments left out.
    fn occurrences(&self) -> Vec<(String, Span)> {
        let mut found = Vec::new();
        for root in &self.tainted {
            for (start, _) in self.text.match_indices(root.as_str()) {
                let span = Span { start, end: start + root.len() };
                let is_within_root = self.roots.values().any(|it| holds(it.span, span));
                let line =
                    self.text.get(..start).and_then(|it| it.rsplit('\n').next()).unwrap_or("").trim_start();
                let is_comment = line.starts_with('#') || line.starts_with("//") || line.starts_with('*');
                if is_token(self.text, span) && !is_within_root && !is_comment {
                    found.push((root.clone(), span));
                }
            }
        }
        found.sort_by_key(|it| it.1.start);
        found
    }

    /// The findings that a root comes from.
    fn behind(&self, root: &str) -> Vec<usize> {
        let mut roots: BTreeSet<String> = [root.to_owned()].into();
        loop {
            let sources: Vec<&str> =
                roots.iter().filter_map(|it| self.roots.get(it)).map(|it| it.span.of(self.text)).collect();
            let more: Vec<String> = self
                .tainted
                .iter()
                .filter(|it| !roots.contains(*it))
                .filter(|it| sources.iter().any(|source| mentions(source, &[(*it).clone()].into())))
                .cloned()
                .collect();
            if more.is_empty() {
                break;
            }
            roots.extend(more);
        }
        self.findings.iter().filter(|it| roots.contains(&it.2)).map(|it| it.0).collect()
    }

    /// What the expression around `span` gives to which task; None where that is not known.
    fn use_at(&self, body: &Body, tasks: &[&Task<'_>], span: Span) -> Option<(Span, Vec<Use>)> {
        let (task, it) = tasks.iter().enumerate().find(|(_, it)| holds(it.span, span))?;
        let source = Source { text: self.text, is_file: true };
        let mut uses = Vec::new();
        let entry = it.env.iter().flat_map(|it| &it.entries).find(|it| holds(it.value.span, span));
        if let Some(entry) = entry {
            uses.extend(self.env_use(task, entry.name, &self.sum(entry.value, source, 0)?)?);
            return Some((entry.value.span, uses));
        }
        if let Some(expr) = it.env_expression.filter(|it| holds(it.span, span)) {
            let Sum::Map(entries) = self.sum(expr, source, 0)? else { return None };
            for (name, value) in &entries {
                uses.extend(self.env_use(task, name, value)?);
            }
            return Some((expr.span, uses));
        }
        let in_data = |it: &Template<'_>| it.data.is_some_and(|it| holds(it.span, span));
        if let Some(template) = it.templates.iter().position(in_data) {
            let (span, finding) = self.in_data(it.templates.get(template)?, span)?;
            return Some((span, vec![Use::Template { task, template, finding, span }]));
        }
        it.configs.iter().find(|it| holds(**it, span))?;
        let expr = innermost(body, span)?;
        let Sum::Text(bits) = self.sum(expr, source, 0)? else { return None };
        let findings = bits.iter().filter_map(|it| if let Bit::Secret(it) = it { Some(*it) } else { None });
        uses.push(Use::Config { task, findings: findings.collect() });
        Some((expr.span, uses))
    }

    /// The interpolation around a root in a template's data, if it gives a finding and nothing else, and no action has it.
    fn in_data(&self, template: &Template<'_>, root: Span) -> Option<(Span, usize)> {
        let literal = Literal::of(self.syntax, template.data?, self.text).filter(Literal::is_template)?;
        let content = literal.content;
        let start =
            self.text.get(content.start..root.start)?.trim_end().strip_suffix("${")?.len() + content.start;
        let end = root.start + self.text.get(root.start..content.end)?.find('}')? + 1;
        let span = Span { start, end };
        // An escape, or a part of one.
        if self.text.get(..start)?.ends_with(['$', '%']) {
            return None;
        }
        let source = Source { text: self.text, is_file: true };
        let mut sums = Vec::new();
        self.pieces(&literal, span, source, 0, &mut sums)?;
        let [Sum::Text(bits)] = sums.as_slice() else { return None };
        let [Bit::Secret(finding)] = bits.as_slice() else { return None };
        let Delimiters { left, right } = &template.delimiters;
        let before = literal.pieces(Span { end: start, ..content }, self.text)?;
        let texts =
            before.iter().filter_map(|it| if let Piece::Text(it) = it { Some(it.as_str()) } else { None });
        let before: String = texts.collect();
        let is_inside = before.rfind(left.as_str()) > before.rfind(right.as_str());
        // Nomad would take a delimiter within the secret for one of the template's.
        let secret = self.findings.iter().find(|it| it.0 == *finding)?.1.of(self.text);
        let is_odd = secret.contains(left.as_str()) || secret.contains('\n');
        (!is_inside && !is_odd).then_some((span, *finding))
    }

    fn env_use(&self, task: usize, name: &str, value: &Sum) -> Option<Option<Use>> {
        let Sum::Text(bits) = value else { return (!value.has_secret()).then_some(None) };
        let value: Vec<Got> = bits
            .iter()
            .map(|it| match it {
                Bit::Secret(finding) => Got::Secret(*finding),
                Bit::Other(part) => Got::Other(part.clone()),
            })
            .collect();
        let has_secret = value.iter().any(|it| matches!(it, Got::Secret(_)));
        if has_secret && !is_variable(name) {
            return None;
        }
        Some(has_secret.then(|| Use::Env { task, name: name.to_owned(), value }))
    }

    fn sum(&self, expr: &Expr, source: Source<'_>, depth: usize) -> Option<Sum> {
        if depth > MAX_DEPTH {
            return None;
        }
        let written = expr.span.of(source.text);
        match &expr.kind {
            ExprKind::List(items) => {
                items.iter().map(|it| self.sum(it, source, depth + 1)).collect::<Option<_>>().map(Sum::List)
            }
            ExprKind::Object(entries) => {
                let entry = |it: &strongroom_hcl::ObjectEntry| {
                    Some((it.name.clone()?, self.sum(&it.value, source, depth + 1)?))
                };
                entries.iter().map(entry).collect::<Option<_>>().map(Sum::Map)
            }
            ExprKind::String(_) | ExprKind::Template(_) => self.text_sum(expr, source, depth),
            ExprKind::Number(_) | ExprKind::Bool(_) => Some(text(written)),
            ExprKind::Null => Some(Sum::Other),
            ExprKind::Opaque => self.expression(written, expr.span.start, source, depth),
        }
    }

    fn text_sum(&self, expr: &Expr, source: Source<'_>, depth: usize) -> Option<Sum> {
        let literal = Literal::of(self.syntax_of(source), expr, source.text)?;
        let mut bits = Vec::new();
        let mut at = literal.content.start;
        let here = self.findings.iter().filter(|it| source.is_file && holds(literal.content, it.1));
        for (finding, span, _) in here {
            self.pieces(&literal, Span { start: at, end: span.start }, source, depth, &mut bits)?;
            bits.push(Sum::Text(vec![Bit::Secret(*finding)]));
            at = span.end;
        }
        self.pieces(&literal, Span { start: at, end: literal.content.end }, source, depth, &mut bits)?;
        // `"${x}"` is x, whatever x is.
        match <[Sum; 1]>::try_from(bits) {
            Ok([one]) => Some(one),
            Err(bits) => {
                let mut joined = Vec::new();
                for bit in bits {
                    let Sum::Text(bits) = bit else { return None };
                    joined.extend(bits);
                }
                Some(Sum::Text(joined))
            }
        }
    }

    fn pieces(
        &self,
        literal: &Literal,
        span: Span,
        source: Source<'_>,
        depth: usize,
        into: &mut Vec<Sum>,
    ) -> Option<()> {
        for piece in literal.pieces(span, source.text)? {
            into.push(match piece {
                Piece::Text(it) => text(&it),
                Piece::Hole(inner) => {
                    let written = format!("x = {inner}\n");
                    let body = strongroom_hcl::parse(&written).ok()?;
                    let inner = Source { text: &written, is_file: false };
                    self.sum(body.view().attr("x")?.value, inner, depth + 1)?
                }
            });
        }
        Some(())
    }

    /// JSON's strings within an expression are HCL's.
    fn syntax_of(&self, source: Source<'_>) -> Syntax {
        if source.is_file { self.syntax } else { Syntax::Native }
    }

    fn expression(&self, written: &str, at: usize, source: Source<'_>, depth: usize) -> Option<Sum> {
        if !mentions(written, &self.tainted) {
            // HCL may work it out where it is put.
            let worked_out = || call(written).map(|_| Part::Hcl(written.to_owned()));
            let part = hole(written).or_else(worked_out).filter(|_| !written.contains('\n'));
            return Some(part.map_or(Sum::Other, |it| Sum::Text(vec![Bit::Other(it)])));
        }
        if let Some((function, arguments)) = call(written) {
            // The arguments as a list that stands where they stand, so that findings are still found in it.
            let open = at + function.len();
            let padding = open.checked_sub("x=".len())?;
            let list = format!("{}x=[{arguments}]\n", " ".repeat(padding));
            let body = strongroom_hcl::parse(&list).ok()?;
            let list_source = Source { text: &list, is_file: source.is_file };
            let Sum::List(arguments) = self.sum(body.view().attr("x")?.value, list_source, depth + 1)? else {
                return None;
            };
            return apply(function, arguments);
        }
        let (root, steps) = traversal(written)?;
        let expr = self.roots.get(root.as_str())?;
        let mut sum = self.sum(expr, Source { text: self.text, is_file: true }, depth + 1)?;
        for step in steps {
            sum = match sum {
                Sum::Map(entries) => entries.into_iter().find(|it| it.0 == step)?.1,
                Sum::List(items) => items.into_iter().nth(step.parse().ok()?)?,
                Sum::Other | Sum::Text(_) => return None,
            };
        }
        Some(sum)
    }
}

impl Use {
    pub(super) fn has(&self, finding: usize) -> bool {
        self.findings().contains(&finding)
    }

    pub(super) fn findings(&self) -> Vec<usize> {
        match self {
            Self::Config { findings, .. } => findings.clone(),
            Self::Env { value, .. } => value
                .iter()
                .filter_map(|it| if let Got::Secret(finding) = it { Some(*finding) } else { None })
                .collect(),
            Self::Template { finding, .. } => vec![*finding],
        }
    }
}

#[derive(Clone, Copy)]
struct Source<'t> {
    text: &'t str,
    /// Its places are those of the file, and findings are found by them.
    is_file: bool,
}

fn text(text: &str) -> Sum {
    let bit = (!text.is_empty()).then(|| Bit::Other(Part::Text(text.to_owned())));
    Sum::Text(bit.into_iter().collect())
}

fn mentions(source: &str, roots: &BTreeSet<String>) -> bool {
    roots.iter().any(|root| {
        source
            .match_indices(root.as_str())
            .any(|(start, _)| is_token(source, Span { start, end: start + root.len() }))
    })
}

fn is_token(text: &str, span: Span) -> bool {
    let joins = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    let before = text.get(..span.start).and_then(|it| it.chars().next_back());
    let behind = text.get(span.end..).and_then(|it| it.chars().next());
    !before.is_some_and(|c| joins(c) || c == '.') && !behind.is_some_and(joins)
}
