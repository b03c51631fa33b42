//! Paths of one file that would be those of another: staging and production have a job `web` each.
//!
//! A workload's path is its name alone, as long as that will do: in a path that everybody can guess, a person finds what
//! they look for. It will not do where another file of the run has a workload of this name with other values, or where the
//! store has another value under one of the names; then the folder comes into the path, into the policy and into the role,
//! and for files of one folder the file's name too. What a file's own references name is its own.

use std::collections::{BTreeMap, BTreeSet};

use strongroom_scan::{Finding, Value};

use crate::{Entry, Family, File, Options, Plan, Reference, plan};

/// How far the paths of a file are told from those of others.
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub enum Apart {
    /// By what the file is for.
    #[default]
    No,
    /// And by where it lies.
    Folder,
    /// And by its own name.
    File,
}

impl Apart {
    fn wider(self) -> &'static [Self] {
        match self {
            Self::No => &[Self::Folder, Self::File],
            Self::Folder => &[Self::File],
            Self::File => &[],
        }
    }
}

/// Files that are fixed in one run.
#[derive(Debug)]
pub struct Together<'a> {
    members: Vec<Member<'a>>,
    options: Options,
}

#[derive(Debug)]
struct Member<'a> {
    file: File<'a>,
    findings: &'a [Finding],
    apart: Apart,
    /// As if nothing had its names yet.
    plan: Plan,
}

impl<'a> Together<'a> {
    #[must_use]
    pub fn new(files: impl Iterator<Item = (File<'a>, &'a [Finding])>, options: &Options) -> Self {
        let options = Options { taken: BTreeMap::new(), ..options.clone() };
        let members = files.map(|(file, findings)| Member::new(file, findings, &options)).collect();
        Self { members, options }
    }

    /// The paths that the files would read, to be looked up in the store.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.members.iter().flat_map(|it| it.plan.reads())
    }

    /// Tells those apart that clash with another, or with what the store has. Whether there are new paths.
    pub fn part(&mut self, taken: &BTreeMap<(String, String), Value>) -> bool {
        let clashing: BTreeSet<usize> = &self.of_run() | &self.of_store(taken);
        let mut is_changed = false;
        for (at, member) in self.members.iter_mut().enumerate() {
            if clashing.contains(&at) && !member.is_own(&self.options.mount) {
                is_changed |= member.widen(&self.options);
            }
        }
        is_changed
    }

    /// What came out, one for each file. What Compose merges has one place, and so goes as far as any file of its folder.
    #[must_use]
    pub fn apart(&self) -> Vec<Apart> {
        let is_compose = |it: &Member<'_>| Family::of(it.file.name, it.file.text) == Family::Compose;
        let of_folder = |member: &Member<'_>| {
            let others =
                self.members.iter().filter(|it| it.file.folder == member.file.folder && is_compose(it));
            others.map(|it| it.apart).max()
        };
        let of = |it: &Member<'_>| if is_compose(it) { of_folder(it).unwrap_or(it.apart) } else { it.apart };
        self.members.iter().map(of).collect()
    }

    /// Files that have a path or a role in common, and not the same in it.
    fn of_run(&self) -> BTreeSet<usize> {
        let mut users: BTreeMap<String, BTreeSet<usize>> = BTreeMap::new();
        for (at, member) in self.members.iter().enumerate() {
            let roles = member.plan.access.iter().filter_map(|it| it.role.as_ref());
            let names = member.plan.reads().map(|it| format!("path {it}"));
            for name in names.chain(roles.map(|it| format!("role {it:?}"))) {
                users.entry(name).or_default().insert(at);
            }
        }
        let held = |at: &usize| self.members.get(*at).map(Member::held);
        let differ = |all: &&BTreeSet<usize>| {
            let mut held = all.iter().map(held);
            held.next().is_some_and(|first| held.any(|it| it != first))
        };
        users.values().filter(differ).flatten().copied().collect()
    }

    /// Files of whose names the store has one with another value.
    fn of_store(&self, taken: &BTreeMap<(String, String), Value>) -> BTreeSet<usize> {
        let is_other = |it: &Entry| {
            let name = (it.reference.path.clone(), it.reference.field.clone());
            taken.get(&name).is_some_and(|there| *there != it.value)
        };
        let members = self.members.iter().enumerate();
        members.filter(|(_, it)| it.live().any(is_other)).map(|(at, _)| at).collect()
    }
}

impl<'a> Member<'a> {
    fn new(file: File<'a>, findings: &'a [Finding], options: &Options) -> Self {
        let of = |apart| {
            let plan = plan(&file, findings, &Options { apart, ..options.clone() });
            Self { file, findings, apart, plan }
        };
        // What was told apart once stays so.
        let has_references = file.text.contains(&format!("{}/data/", options.mount));
        let wider = [Apart::Folder, Apart::File].into_iter().filter(|_| has_references);
        let mut wider = wider.map(of).filter(|it| it.is_own(&options.mount));
        wider.next().unwrap_or_else(|| of(Apart::No))
    }

    /// Whether there are other paths for it; then it has them.
    fn widen(&mut self, options: &Options) -> bool {
        for apart in self.apart.wider() {
            let wider = plan(&self.file, self.findings, &Options { apart: *apart, ..options.clone() });
            if !wider.reads().eq(self.plan.reads()) {
                (self.apart, self.plan) = (*apart, wider);
                return true;
            }
        }
        false
    }

    /// Whether the file has references to one of its paths already.
    fn is_own(&self, mount: &str) -> bool {
        self.plan.reads().any(|it| is_named(self.file.text, mount, it))
    }

    /// What a workload reads: comments are not among it.
    fn live(&self) -> impl Iterator<Item = &Entry> {
        let reads: BTreeSet<&str> = self.plan.reads().collect();
        self.plan.entries.iter().filter(move |it| reads.contains(it.reference.path.as_str()))
    }

    fn held(&self) -> BTreeSet<(&Reference, &str)> {
        self.live().map(|it| (&it.reference, it.value.expose())).collect()
    }
}

/// Whether a reference of the text names the path, and not one below it.
fn is_named(text: &str, mount: &str, path: &str) -> bool {
    let name = format!("{mount}/data/{path}");
    let ends = text.match_indices(&name).filter_map(|(at, it)| text.get(at + it.len()..));
    let is_longer = |it: char| it.is_ascii_alphanumeric() || "-_./".contains(it);
    ends.into_iter().any(|rest| !rest.starts_with(is_longer))
}

/// Says which paths of a plan hold what the file did not bring: whoever may read such a path reads all of it.
pub(crate) fn others(file: &File<'_>, plan: &Plan, options: &Options) -> Vec<String> {
    let is_ours = |name: &(String, String)| {
        plan.entries.iter().any(|it| it.reference.path == name.0 && it.reference.field == name.1)
    };
    let paths: BTreeSet<&str> = plan.reads().filter(|it| !is_named(file.text, &options.mount, it)).collect();
    let others = |path: &str| options.taken.keys().filter(|it| it.0 == path && !is_ours(it)).count();
    paths
        .into_iter()
        .filter(|it| others(it) > 0)
        .map(|it| {
            format!(
                "{}/{it} has other fields too, which whoever reads it for this file may read from now on; -prefix \
                 keeps them apart",
                options.mount
            )
        })
        .collect()
}
