//! What Compose files call their secrets and variables: what is merged has each name once.

use std::collections::BTreeSet;

use super::{CONTAINER, Group};
use crate::{Options, Reference, called::Called, home::Home, names::word};

#[derive(Default)]
pub(super) struct Names {
    files: Called,
    variables: Called,
}

/// What Compose says to whom it lacks a variable; swarm wants a word behind the sign.
const HINT: &str = "use-secret-run";

impl Names {
    /// A secret of Compose: none that a file has already.
    pub(super) fn file(&mut self, group: &Group<'_>, of: &Reference) -> String {
        let is_key = |line: &str, name: &str| {
            line.trim_start().strip_prefix(name).is_some_and(|it| it.starts_with(':'))
        };
        let is_free = |name: &str| !group.texts().flat_map(str::lines).any(|it| is_key(it, name));
        self.files.name(of, &of.field.to_ascii_lowercase(), is_free)
    }

    /// A variable of whoever starts it: none that a file asks for already.
    pub(super) fn variable(&mut self, group: &Group<'_>, of: &Reference) -> String {
        // `$$NAME` is a matter of the container.
        let texts: Vec<String> = group.texts().map(|it| it.replace("$$", "")).collect();
        let is_asked = |name: &str| {
            let asks = [format!("${{{name}"), format!("${name}")];
            texts.iter().any(|text| asks.iter().any(|it| has_word(text, it)))
        };
        self.variables.name(of, &of.field.to_ascii_uppercase(), |it| !is_asked(it))
    }

    /// The commands for what is started together. The secrets of one home are written into `folder`.
    pub(super) fn how_to_start(
        &self,
        group: &Group<'_>,
        home: &Home,
        folder: &str,
        places: &[Vec<Reference>],
        options: &Options,
    ) -> Vec<String> {
        let (up, used, own) = (group.command(), group.used(places), home.path().join("/"));
        let list = |of: &Called, before: &str, is_in: &dyn Fn(&Reference) -> bool| {
            let place = |(it, name): (&Reference, &str)| {
                format!("{before}{}/{}#{}={name}", options.mount, it.path, it.field)
            };
            let list: Vec<String> = of.all().filter(|(it, _)| is_in(it)).map(place).collect();
            (!list.is_empty()).then(|| list.join(" "))
        };
        let files = list(&self.files, "", &|it| used.contains(it) && it.path == own);
        let variables = list(&self.variables, "--map ", &|it| used.contains(it));
        let files =
            files.map(|it| format!("before `{up}`: `mkdir -p {folder} && secret inject --to {folder} {it}`"));
        let asked = self.asked(group).filter(|_| variables.is_some());
        let variables = variables.map(|it| format!("start it with `secret run --env {it} -- {up}`"));
        files.into_iter().chain(variables).chain(asked).collect()
    }

    /// Variables that an earlier fix put into what is started together: the command must give them too.
    fn asked(&self, group: &Group<'_>) -> Option<String> {
        let mut asked = BTreeSet::new();
        for text in group.started() {
            for (at, _) in text.match_indices(&format!(":?{HINT}}}")) {
                let before = text.get(..at).unwrap_or("");
                asked.extend(before.rfind("${").and_then(|start| before.get(start + 2..)));
            }
        }
        let asked: Vec<&str> = asked.into_iter().collect();
        (!asked.is_empty()).then(|| {
            format!(
                "the command must give what stands there already as well, each with a `--map`: {}",
                asked.join(", ")
            )
        })
    }
}

/// A variable without which Compose starts nothing: `${NAME}` alone would be an empty password.
pub(super) fn required(name: &str) -> String {
    format!("${{{name}:?{HINT}}}")
}

/// Where the container finds a secret.
pub(super) fn file_of(name: &str) -> String {
    format!("{CONTAINER}/{name}")
}

/// `docker compose`, with the files that it does not take by itself.
pub(super) fn command(files: &[&str]) -> String {
    let files: String = files.iter().map(|it| format!(" -f {}", word(it))).collect();
    format!("docker compose{files} up")
}

/// Whether it stands there, and no letter behind it makes it another word.
pub(super) fn has_word(text: &str, word: &str) -> bool {
    let behind = text.match_indices(word).filter_map(|(at, it)| text.get(at + it.len()..));
    behind.into_iter().any(|rest| !rest.starts_with(|it: char| it.is_ascii_alphanumeric() || it == '_'))
}
