//! Files of a folder that Compose merges: a base and what is laid over it.
//!
//! `docker compose up` reads a base and its override by itself, `-f a -f b` whatever is named. What they say of one service
//! becomes one service: a variable that is a file in one of them and a text in the other would be both, which images refuse;
//! and a variable that both ask for has one value. So their names are given together, in an order that does not hang on
//! which of them is fixed.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
};

use strongroom_scan::Finding;

use super::{
    env_files,
    names::{self, has_word},
    outline::{Outline, Service},
    stored,
};
use crate::{
    Family, File, Options, Reference,
    home::Home,
    names::{Names, Want, is_part},
    stem,
};

/// As Compose looks for them.
const BASES: [&str; 4] = ["compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml"];
const OVERRIDES: [&str; 4] = [
    "compose.override.yml",
    "compose.override.yaml",
    "docker-compose.override.yml",
    "docker-compose.override.yaml",
];

pub(super) struct Group<'a> {
    members: Vec<Member<'a>>,
    own: usize,
    /// What files of variables hold, as far as they can be read.
    env_files: &'a BTreeMap<String, String>,
}

/// A file of variables that has a service's variable too, or may have it.
pub(super) struct Setter {
    pub(super) path: String,
    pub(super) is_read: bool,
}

pub(super) struct Member<'a> {
    name: &'a str,
    text: &'a str,
    pub(super) outline: Outline,
    /// What is moved out of it, or would be; nothing where its names do not count.
    pub(super) findings: Cow<'a, [Finding]>,
    /// It is what is planned, or is fixed in the same run.
    is_fixed: bool,
    /// It lies over some other file, and does not say which.
    is_loose: bool,
}

impl<'a> Group<'a> {
    pub(super) fn of(file: &File<'a>, findings: &'a [Finding], options: &'a Options) -> Self {
        let name = file.name.rsplit('/').next().unwrap_or(file.name);
        let mut own = Member::new(name, file.text, true);
        let mut others: Vec<Member<'a>> = options
            .siblings
            .iter()
            .filter(|it| it.name != name && Family::of(&it.name, &it.text) == Family::Compose)
            .map(|it| Member::new(&it.name, &it.text, it.is_fixed))
            .collect();
        let all: Vec<&str> = others.iter().map(|it| it.name).chain([name]).collect();
        let pair = pair(&all);
        for it in others.iter_mut().chain([&mut own]) {
            it.is_loose = !it.outline.is_whole() && !all.iter().any(|base| is_over(it.name, base));
        }
        let mut members = vec![own];
        loop {
            let is_read = |it: &Member<'a>| members.iter().any(|of| of.is_merged_with(it, &pair));
            let (near, far): (Vec<_>, Vec<_>) = others.into_iter().partition(is_read);
            others = far;
            if near.is_empty() {
                break;
            }
            members.extend(near);
        }
        // A base comes before what is laid over it.
        members.sort_by_key(|it| (rank(it.name), stem(it.name), it.name));
        let own = members.iter().position(|it| it.name == name).unwrap_or_default();
        let mut group = Self { members, own, env_files: &options.env_files };
        let named = group.named();
        for (at, it) in group.members.iter_mut().enumerate() {
            if at == own {
                it.findings = Cow::Borrowed(findings);
            } else if named.contains(&at) {
                it.findings = found(it.name, it.text);
            }
        }
        group
    }

    /// Whose names count: what is started together, and what has one place with it. `dev` and `prod` over one base may call
    /// theirs the same.
    fn named(&self) -> BTreeSet<usize> {
        let (mut named, pair) = (self.together(), self.pair());
        let is_pair = |at: usize| self.members.get(at).is_some_and(|it| pair.contains(&it.name));
        if named.iter().any(|it| is_pair(*it)) {
            named.extend((0..self.members.len()).filter(|it| is_pair(*it)));
        }
        named
    }

    pub(super) fn texts(&self) -> impl Iterator<Item = &'a str> {
        self.members.iter().map(|it| it.text)
    }

    /// Where each finding without an obstacle goes, by member. Base and override have one reader, and so one place.
    pub(super) fn places(&self, file: &File<'_>, options: &Options) -> Vec<Vec<Reference>> {
        let homes: Vec<Home> = self.members.iter().map(|it| self.home_of(it, file, options)).collect();
        let values: Vec<Vec<(&Finding, String)>> = self.members.iter().map(Member::values).collect();
        let of_home = |home: &Home, count: usize| {
            let all = homes.iter().zip(&values).take(count);
            all.filter(|(it, _)| it.path() == home.path()).flat_map(|(_, it)| it).collect::<Vec<_>>()
        };
        let place = |at: usize, home: &Home, count: usize| {
            let all = of_home(home, homes.len());
            let wants: Vec<Want<'_>> = all.iter().map(|(it, stored)| want(it, stored)).collect();
            let references = Names::new(home.path(), &wants, options).all();
            references.into_iter().skip(of_home(home, at).len()).take(count).collect()
        };
        let members = homes.iter().zip(&values).enumerate();
        members.map(|(at, (home, values))| place(at, home, values.len())).collect()
    }

    pub(super) fn members(&self) -> &[Member<'a>] {
        &self.members
    }

    pub(super) fn own(&self) -> usize {
        self.own
    }

    /// That of the file that is planned.
    pub(super) fn home(&self, file: &File<'_>, options: &Options) -> Home {
        let own = self.members.get(self.own);
        own.map_or_else(|| Home::of_file("compose", file, options), |it| self.home_of(it, file, options))
    }

    /// Whether a service's variable can become a file: neither does a command within a container use it (`$$NAME`), nor
    /// does another file that is merged say anything of it.
    pub(super) fn may_be_file(&self, member: usize, name: &str) -> bool {
        let is_used = |text: &str| ["$$", "$${"].iter().any(|it| has_word(text, &format!("{it}{name}")));
        let is_said = |text: &str| has_word(text, name) || has_word(text, &format!("{name}_FILE"));
        self.members
            .iter()
            .enumerate()
            .all(|(at, it)| !is_used(it.text) && (at == member || !is_said(it.text)))
    }

    /// A file of variables that sets one of a service as well, if there is one. One that cannot be read may.
    pub(super) fn setter(&self, service: &Service, name: &str) -> Option<Setter> {
        let is_it = |it: &Service| it.name == service.name;
        let inherits =
            self.members.iter().flat_map(|it| it.outline.services()).any(|it| is_it(it) && it.inherits);
        let named = self.members.iter().flat_map(|member| {
            let of = move |at: usize| member.outline.service_at(at);
            let is_given = move |at: usize| inherits || of(at).as_ref().is_some_and(is_it);
            env_files::named(member.text).into_iter().filter(move |(at, _)| is_given(*at))
        });
        let mut setters = named.filter_map(|(_, path)| {
            let text = self.env_files.get(&path);
            let sets = |it: &String| {
                [name.to_owned(), format!("{name}_FILE")].iter().any(|name| env_files::sets(it, name))
            };
            text.is_none_or(sets).then_some(Setter { path, is_read: text.is_some() })
        });
        setters.next()
    }

    /// What is started with the file that is planned: of `dev` and `prod` over one base, not both.
    fn together(&self) -> BTreeSet<usize> {
        let base = self.base();
        let pair = self.pair();
        let is_pair = |at: usize| self.members.get(at).is_some_and(|it| pair.contains(&it.name));
        let with = |at: &usize| *at == self.own || Some(*at) == base || (is_pair(*at) && is_pair(self.own));
        (0..self.members.len()).filter(with).collect()
    }

    /// What stands in the files that are started together.
    pub(super) fn started(&self) -> impl Iterator<Item = &'a str> {
        let together = self.together();
        self.members.iter().enumerate().filter(move |(at, _)| together.contains(at)).map(|(_, it)| it.text)
    }

    /// Places that the command must give: of files that are not fixed now, the values stand in them still.
    pub(super) fn used<'p>(&self, places: &'p [Vec<Reference>]) -> BTreeSet<&'p Reference> {
        let together = self.together();
        let members = self.members.iter().zip(places).enumerate();
        let used = members.filter(|(at, (it, _))| together.contains(at) && it.is_fixed);
        used.flat_map(|(_, (_, places))| places).collect()
    }

    pub(super) fn command(&self) -> String {
        let together = self.together();
        let names: Vec<&str> = self
            .members
            .iter()
            .enumerate()
            .filter(|(at, _)| together.contains(at))
            .map(|(_, it)| it.name)
            .collect();
        let is_default = |it: &&str| BASES.contains(it) || OVERRIDES.contains(it);
        names::command(if names.iter().all(is_default) { &[] } else { &names })
    }

    /// What the file is laid over, if it is.
    fn base(&self) -> Option<usize> {
        let own = self.members.get(self.own).filter(|it| !BASES.contains(&it.name))?;
        let is_default = |it: &Member<'_>| BASES.contains(&it.name) && own.is_loose;
        self.members
            .iter()
            .position(|it| it.name != own.name && (is_over(own.name, it.name) || is_default(it)))
    }

    fn pair(&self) -> Vec<&'a str> {
        pair(&self.members.iter().map(|it| it.name).collect::<Vec<_>>())
    }

    fn home_of(&self, member: &Member<'_>, file: &File<'_>, options: &Options) -> Home {
        let pair = self.pair();
        let name = if pair.contains(&member.name) { pair.first().copied() } else { None };
        let file = File { name: name.unwrap_or(member.name), text: "", folder: file.folder };
        Home::of_file("compose", &file, options)
    }
}

impl<'a> Member<'a> {
    fn new(name: &'a str, text: &'a str, is_fixed: bool) -> Self {
        Self {
            name,
            text,
            outline: Outline::of(text),
            findings: Cow::Borrowed(&[]),
            is_fixed,
            is_loose: false,
        }
    }

    fn is_merged_with(&self, other: &Self, pair: &[&str]) -> bool {
        let is_pair = pair.contains(&self.name) && pair.contains(&other.name);
        // What is whole by itself and has a name of its own is another way to start the same thing.
        let over = |a: &Self, b: &Self| a.is_loose || is_over(a.name, b.name);
        is_pair || (self.outline.has_service_of(&other.outline) && (over(self, other) || over(other, self)))
    }

    pub(super) fn text(&self) -> &'a str {
        self.text
    }

    /// What can be moved, and what is stored for it.
    pub(super) fn values(&self) -> Vec<(&Finding, String)> {
        let free = self.findings.iter().filter(|it| it.obstacle.is_none());
        free.map(|it| (it, stored(self.text, it))).collect()
    }
}

/// What is taken by itself comes first.
fn rank(name: &str) -> usize {
    if BASES.contains(&name) {
        0
    } else if OVERRIDES.contains(&name) {
        1
    } else {
        2
    }
}

/// `docker-compose.prod.yml` is meant to lie over `docker-compose.yml`.
fn is_over(name: &str, base: &str) -> bool {
    stem(name).strip_prefix(stem(base)).is_some_and(|it| it.starts_with(['.', '-', '_']))
}

/// Base and override, as Compose takes them without being told. None without both.
fn pair<'n>(names: &[&'n str]) -> Vec<&'n str> {
    let first = |all: &[&str]| all.iter().find_map(|it| names.iter().copied().find(|name| name == it));
    match (first(&BASES), first(&OVERRIDES)) {
        (Some(base), Some(over)) => vec![base, over],
        _ => Vec::new(),
    }
}

/// Comments have no part in it.
fn found<'a>(name: &str, text: &str) -> Cow<'a, [Finding]> {
    strongroom_scan::scan(name, text).into_iter().filter(|it| !it.commented).collect::<Vec<_>>().into()
}

fn want<'w>(finding: &'w Finding, stored: &'w str) -> Want<'w> {
    Want {
        owner: Vec::new(),
        within: Vec::new(),
        key: &finding.key,
        is_part: is_part(finding),
        value: stored,
    }
}
