//! Objects, pods and containers of a manifest, by its lines and their indentation.
//!
//! A file that is edited keeps its layout, so what a fix must know is where lines stand and how far they are indented.

use std::ops::Range;

use strongroom_hcl::Span;

use super::{anchors, reasons};
use crate::{
    Edit,
    layout::{line_around, line_end, with_line_ends},
    left::Why,
    names::segment,
};

#[derive(Debug)]
pub(super) struct Outline {
    lines: Vec<Line>,
    objects: Vec<(Range<usize>, Object)>,
    len: usize,
}

/// One object of the API.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Object {
    pub(super) kind: String,
    pub(super) name: String,
    pub(super) namespace: String,
    /// It says so itself: another one may be chosen where it is applied.
    pub(super) is_placed: bool,
    pub(super) account: String,
    /// It holds others (`kind: List`).
    pub(super) is_list: bool,
}

#[derive(Clone, Debug)]
pub(super) struct Container {
    /// Where its item begins.
    pub(super) start: usize,
    pub(super) env: Slot,
    pub(super) mounts: Slot,
    /// What its environment names already.
    pub(super) variables: Vec<String>,
    /// The volume is mounted in it already.
    pub(super) is_mounted: bool,
    pub(super) pod: Pod,
}

#[derive(Clone, Debug)]
pub(super) struct Pod {
    pub(super) start: usize,
    pub(super) volumes: Slot,
    /// SecretProviderClasses that it mounts already.
    pub(super) classes: Vec<String>,
}

/// Where items of a list go.
#[derive(Clone, Debug)]
pub(super) struct Slot {
    at: usize,
    /// The items' indentation.
    indent: usize,
    /// The key's, if the list is not there yet.
    key: Option<usize>,
}

/// A line that is no comment.
#[derive(Debug)]
struct Line {
    start: usize,
    end: usize,
    /// Of its first character, a dash counted.
    indent: usize,
    /// Of what follows the dashes.
    column: usize,
    key: String,
    value: String,
}

impl Slot {
    /// The items, under a key of their own if there is none.
    pub(super) fn insertion(&self, key: &str, items: &[String], text: &str) -> Edit {
        let indent = " ".repeat(self.indent);
        let mut added = self.key.map_or_else(String::new, |it| format!("{}{key}:\n", " ".repeat(it)));
        items.iter().for_each(|it| added.push_str(&format!("{indent}{it}\n")));
        let mut added = with_line_ends(&added, text);
        if self.at == text.len() && !text.ends_with('\n') {
            added.insert_str(0, line_end(text));
        }
        Edit { span: Span { start: self.at, end: self.at }, text: added }
    }
}

impl Outline {
    pub(super) fn of(text: &str) -> Self {
        let mut lines = Vec::new();
        let mut bounds = vec![0];
        let mut at = 0;
        for line in text.split_inclusive('\n') {
            let (start, end) = (at, at + line.len());
            at = end;
            if is_bound(line) {
                bounds.push(end);
            }
            lines.extend(Line::read(line, start, end));
        }
        bounds.push(text.len());
        let ranges = bounds.iter().zip(bounds.iter().skip(1)).map(|(start, end)| *start..*end);
        let objects = ranges.map(|it| (it.clone(), Object::of(&lines, text, &it))).collect();
        Self { lines, objects, len: text.len() }
    }

    pub(super) fn object_at(&self, at: usize) -> &Object {
        static NOTHING: std::sync::LazyLock<Object> = std::sync::LazyLock::new(|| Object {
            kind: "object".to_owned(),
            name: "pod".to_owned(),
            namespace: "default".to_owned(),
            is_placed: false,
            account: "default".to_owned(),
            is_list: false,
        });
        self.objects.iter().find(|(range, _)| range.contains(&at)).map_or(&NOTHING, |(_, it)| it)
    }

    /// Whether the object there makes pods.
    pub(super) fn is_workload(&self, at: usize) -> bool {
        let kinds = [
            "cronjob",
            "daemonset",
            "deployment",
            "job",
            "pod",
            "replicaset",
            "replicationcontroller",
            "statefulset",
        ];
        kinds.contains(&self.object_at(at).kind.as_str())
    }

    /// The container that a byte is in; an error where nothing can be added to it.
    pub(super) fn container_at(&self, at: usize) -> Result<Option<Container>, Why> {
        let Some((list, item)) = self.item_at(at) else { return Ok(None) };
        let (Some(containers), Some(first)) = (self.lines.get(list), self.lines.get(item)) else {
            return Ok(None);
        };
        let end = self.block_end(item, first.indent);
        let pod_range = self.siblings(list, containers.column);
        Ok(Some(Container {
            start: first.start,
            env: self.slot("env", item..end, first.column)?,
            mounts: self.slot("volumeMounts", item..end, first.column)?,
            variables: self.variables(item..end),
            is_mounted: self.names(item..end, "mountPath", super::MOUNT),
            pod: Pod {
                start: self.lines.get(pod_range.start).map_or(0, |it| it.start),
                volumes: self.slot("volumes", pod_range.clone(), containers.column)?,
                classes: self.values(pod_range, "secretProviderClass"),
            },
        }))
    }

    /// The line with the list of containers that a byte is in, and the first one of its item.
    fn item_at(&self, at: usize) -> Option<(usize, usize)> {
        let line = self.lines.iter().rposition(|it| it.start <= at)?;
        let ancestors = self.ancestors(line);
        let list = *ancestors.iter().find(|it| self.is_containers(**it))?;
        let item = *ancestors.iter().filter(|it| **it > list).min()?;
        Some((list, self.item_start(item, list)))
    }

    /// Whether what stands there stands in other places of the file too, by an alias of it or of what it lies in.
    pub(super) fn is_aliased(&self, text: &str, at: usize) -> bool {
        let Some(own) = self.lines.iter().rposition(|it| it.start <= at) else { return false };
        let first = self.item_at(at).map_or(own, |(list, _)| list);
        let around = (first..own).filter(|it| self.holds(*it, own)).filter_map(|it| self.lines.get(it));
        let before = text.get(line_around(text, at).start..at).unwrap_or("");
        let lines = around.filter_map(|it| text.get(it.start..it.end)).chain([before]);
        lines.flat_map(anchors::on).any(|it| anchors::is_taken(text, it))
    }

    /// Whether a line begins what another one is in.
    fn holds(&self, line: usize, other: usize) -> bool {
        let Some(of) = self.lines.get(line) else { return false };
        // A dash with nothing but an anchor begins all of its item.
        let is_item = of.key.is_empty();
        let column = if is_item { of.indent } else { of.column };
        let is_in =
            |it: &Line| it.indent > column || (!is_item && it.indent == column && it.column > it.indent);
        self.lines.iter().take(other + 1).skip(line + 1).all(is_in)
    }

    /// What is called a name in there: more than variables, which does no harm.
    fn variables(&self, within: Range<usize>) -> Vec<String> {
        let lines = self.lines.get(within).unwrap_or(&[]);
        let of_flow = |it: &Line| it.key.trim_start_matches('{').trim() == "name";
        let name = |it: &Line| {
            it.value.split([',', '}']).next().unwrap_or("").trim_matches(['"', '\'', ' ']).to_owned()
        };
        lines.iter().filter(|it| of_flow(it)).map(name).collect()
    }

    /// Where kubelet itself runs or asks something, and fills in nothing of the container's environment.
    pub(super) fn kept_by_kubelet(&self, at: usize) -> Option<Why> {
        let line = self.lines.iter().rposition(|it| it.start <= at)?;
        let above = self.ancestors(line);
        above.iter().filter_map(|it| self.lines.get(*it)).find_map(|it| match it.key.as_str() {
            "lifecycle" => Some(reasons::HOOK),
            "livenessProbe" | "readinessProbe" | "startupProbe" => Some(reasons::PROBE),
            _ => None,
        })
    }

    fn is_containers(&self, line: usize) -> bool {
        self.lines.get(line).is_some_and(|it| {
            matches!(it.key.as_str(), "containers" | "initContainers") && it.value.is_empty()
        })
    }

    /// The lines that a line hangs on, the nearest first.
    fn ancestors(&self, line: usize) -> Vec<usize> {
        let mut found = vec![line];
        let Some(of) = self.lines.get(line) else { return found };
        // What a block scalar holds may be indented in any way: only less is an ancestor.
        let mut limit = of.indent;
        let mut is_item = of.indent < of.column;
        for (at, it) in self.lines.iter().enumerate().take(line).rev() {
            let is_parent = it.column < limit || (is_item && it.column == limit && it.indent == it.column);
            if is_parent {
                found.push(at);
                limit = it.indent;
                is_item = it.indent < it.column;
            }
        }
        found
    }

    /// The line with the dash of the item that a line below a list belongs to.
    fn item_start(&self, line: usize, list: usize) -> usize {
        let above = self.lines.iter().enumerate().take(line + 1).skip(list + 1);
        let dash = self.lines.get(list + 1).map_or(0, |it| it.indent);
        let mut dashes = above.filter(|(_, it)| it.indent == dash && it.column > it.indent).map(|(at, _)| at);
        dashes.next_back().unwrap_or(line)
    }

    /// Behind the last line that is indented further than `indent`, from a line on.
    fn block_end(&self, line: usize, indent: usize) -> usize {
        let rest = self.lines.iter().enumerate().skip(line + 1);
        rest.filter(|(_, it)| it.indent <= indent).map(|(at, _)| at).next().unwrap_or(self.lines.len())
    }

    /// The lines of the map that a line with this column is a key of.
    fn siblings(&self, line: usize, column: usize) -> Range<usize> {
        let is_out = |it: &&Line| it.column < column;
        let start = self.lines.iter().take(line).rposition(|it| is_out(&it)).map_or(0, |it| it + 1);
        // The map may begin behind a dash.
        let end = self
            .lines
            .iter()
            .enumerate()
            .skip(line + 1)
            .find(|(_, it)| it.indent < column && it.column <= column)
            .map_or(self.lines.len(), |(at, _)| at);
        start..end
    }

    /// Where an item of `key` goes, in a map of that column.
    fn slot(&self, key: &str, within: Range<usize>, column: usize) -> Result<Slot, Why> {
        let found = self.lines.iter().enumerate().take(within.end).skip(within.start);
        if let Some((at, line)) = found.into_iter().find(|(_, it)| it.column == column && it.key == key) {
            if !line.value.is_empty() {
                return Err(if line.value.starts_with('*') {
                    reasons::ALIAS
                } else {
                    reasons::on_one_line(key)
                });
            }
            let indent = self.lines.get(at + 1).map_or(column + 2, |it| it.indent);
            let items = self.lines.iter().take(within.end).skip(at + 1);
            let is_item = |it: &&Line| it.indent > indent || (it.indent == indent && it.column > indent);
            // A variable must stand before those that use it; of the rest what was there comes first.
            let last = if key == "env" { None } else { items.take_while(is_item).last() };
            return Ok(Slot { at: last.unwrap_or(line).end, indent, key: None });
        }
        let last = within.end.checked_sub(1).and_then(|it| self.lines.get(it)).ok_or(reasons::ONE_LINE)?;
        let at = self.lines.get(within.end).map_or(self.len, |_| last.end);
        Ok(Slot { at: self.behind_scalar(within.end, at), indent: column + 2, key: Some(column) })
    }

    /// Comments and empty lines are no lines here: what is inserted stands before them.
    fn behind_scalar(&self, next: usize, at: usize) -> usize {
        if next >= self.lines.len() { self.lines.last().map_or(self.len, |it| it.end) } else { at }
    }

    fn names(&self, within: Range<usize>, key: &str, value: &str) -> bool {
        let lines = self.lines.get(within).unwrap_or(&[]);
        lines.iter().any(|it| it.key == key && it.value == value)
    }

    fn values(&self, within: Range<usize>, key: &str) -> Vec<String> {
        let lines = self.lines.get(within).unwrap_or(&[]);
        lines.iter().filter(|it| it.key == key).map(|it| it.value.clone()).collect()
    }
}

impl Line {
    fn read(line: &str, start: usize, end: usize) -> Option<Self> {
        let text = line.trim_end();
        let body = text.trim_start_matches(' ');
        if body.is_empty() || body.starts_with('#') || is_bound(body) {
            return None;
        }
        let indent = text.len() - body.len();
        let mut rest = body;
        while let Some(item) = rest.strip_prefix("- ") {
            rest = item.trim_start_matches(' ');
        }
        let column = text.len() - rest.len();
        let (key, value) = anchors::without(rest).split_once(':').unwrap_or((anchors::without(rest), ""));
        let value = value.split(" #").next().unwrap_or("").trim();
        let value = anchors::without(value).trim_matches(['"', '\'']);
        Some(Self {
            start,
            end,
            indent,
            column,
            key: key.trim().trim_matches(['"', '\'']).to_owned(),
            value: value.to_owned(),
        })
    }
}

/// Between two documents.
fn is_bound(line: &str) -> bool {
    line.strip_prefix("---").is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\r', '\n']))
}

impl Object {
    /// The parts of its name: as kubectl has it, `deployment/web` of a namespace.
    pub(super) fn owner(&self) -> Vec<String> {
        [&self.namespace, &self.kind, &self.name].map(String::clone).to_vec()
    }

    fn of(lines: &[Line], text: &str, range: &Range<usize>) -> Self {
        let within = || lines.iter().filter(|it| range.contains(&it.start));
        let top = |key: &str| within().find(|it| it.indent == 0 && it.key == key);
        let metadata: Vec<&Line> = within()
            .skip_while(|it| !(it.indent == 0 && it.key == "metadata"))
            .skip(1)
            .take_while(|it| it.indent > 0)
            .collect();
        let column = metadata.first().map_or(0, |it| it.column);
        let of_block = |key: &str| {
            metadata.iter().find(|it| it.column == column && it.key == key).map(|it| it.value.clone())
        };
        let flow = top("metadata").and_then(|it| text.get(it.start..it.end)).unwrap_or("");
        let of_flow = |key: &str| {
            let rest = flow.split_once(&format!("{key}:"))?.1;
            let value = rest.split([',', '}']).next()?.trim().trim_matches(['"', '\'']);
            Some(value.to_owned())
        };
        let account = within().find(|it| it.key == "serviceAccountName").map(|it| it.value.clone());
        let namespace = of_block("namespace").or_else(|| of_flow("namespace")).filter(|it| !it.is_empty());
        let or = |found: Option<String>, other: &str| {
            found.filter(|it| !it.is_empty()).unwrap_or_else(|| other.to_owned())
        };
        Self {
            kind: segment(&or(top("kind").map(|it| it.value.to_ascii_lowercase()), "object")),
            // They become names of files, of policies and of roles: `../x` is no name of Kubernetes either.
            name: segment(&or(of_block("name").or_else(|| of_flow("name")), "pod")),
            is_placed: namespace.is_some(),
            namespace: segment(&or(namespace, "default")),
            account: or(account, "default"),
            is_list: top("items").is_some()
                && top("kind").is_some_and(|it| it.value.to_ascii_lowercase().ends_with("list")),
        }
    }
}
