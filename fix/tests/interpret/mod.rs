//! What each task of a job gets: its environment, its driver's settings, and the files that its templates write.
//!
//! It is an interpreter of jobs and nothing of the fixer: it reads the file anew, works out variables, local values and
//! functions as HCL does when a job is submitted, and then does what a Nomad client does, in its order: the `env` block
//! with what the client knows, the templates, their variables over those of `env`, and last the driver's settings. What
//! only a cluster could know (addresses, attributes, services) is made up from its name, the same for every run.
//!
//! [`Store`] answers a template's `secret`. Another one can ask a real server: it is all that is to be replaced.

mod envfile;
mod hcl;
mod render;

use std::collections::{BTreeMap, BTreeSet};

pub(crate) use render::yaml;
use serde_json::Value as Json;

/// Path (`secret/data/job/task`) to the fields there.
pub(crate) type Store = BTreeMap<String, BTreeMap<String, String>>;

/// What one task gets.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Got {
    pub(crate) env: BTreeMap<String, String>,
    pub(crate) config: Json,
    pub(crate) artifacts: Json,
    /// By destination; those whose lines became variables are not listed.
    pub(crate) files: BTreeMap<String, String>,
    /// Its templates that ask the store, for another renderer to be held against this one.
    pub(crate) templates: Vec<Rendered>,
    /// Paths of the store that were read.
    pub(crate) reads: BTreeSet<String>,
    pub(crate) has_vault: bool,
}

#[derive(Debug, PartialEq)]
pub(crate) struct Rendered {
    pub(crate) source: String,
    pub(crate) delimiters: (String, String),
    /// What `env` answers it, by the names that stand in it.
    pub(crate) env: BTreeMap<String, String>,
    pub(crate) written: String,
}

/// All tasks of a job, by group and task. Errors say what Nomad would refuse.
pub(crate) fn interpret(name: &str, text: &str, store: &Store) -> Result<BTreeMap<String, Got>, String> {
    let tree = hcl::tree(name, text)?;
    let api = tree.get("Job").filter(|it| it.is_object());
    let mut tasks = BTreeMap::new();
    if let Some(job) = api {
        for group in items(&job["TaskGroups"]) {
            for task in items(&group["Tasks"]) {
                let label = format!("{}/{}", group["Name"], task["Name"]);
                let outer = [&job["Vault"], &group["Vault"]];
                tasks.insert(label, Task { it: task, keys: &API, outer: &outer }.run(store)?);
            }
        }
        return Ok(tasks);
    }
    for (_, job) in labelled(&tree, "job") {
        for (group, body) in labelled(job, "group").into_iter().chain([(String::new(), job)]) {
            for (task, it) in labelled(body, "task") {
                let outer = [&job["vault"], &body["vault"]];
                let got = Task { it, keys: &HCL, outer: &outer }.run(store);
                tasks.insert(format!("{group}/{task}"), got.map_err(|it| format!("{task}: {it}"))?);
            }
        }
    }
    Ok(tasks)
}

struct Keys {
    artifact: &'static str,
    config: &'static str,
    data: &'static str,
    destination: &'static str,
    env: &'static str,
    env_template: &'static str,
    left: &'static str,
    right: &'static str,
    template: &'static str,
    vault: &'static str,
}

const HCL: Keys = Keys {
    artifact: "artifact",
    config: "config",
    data: "data",
    destination: "destination",
    env: "env",
    env_template: "env",
    left: "left_delimiter",
    right: "right_delimiter",
    template: "template",
    vault: "vault",
};
const API: Keys = Keys {
    artifact: "Artifacts",
    config: "Config",
    data: "EmbeddedTmpl",
    destination: "DestPath",
    env: "Env",
    env_template: "Envvars",
    left: "LeftDelim",
    right: "RightDelim",
    template: "Templates",
    vault: "Vault",
};

struct Task<'a> {
    it: &'a Json,
    keys: &'a Keys,
    outer: &'a [&'a Json],
}

impl Task<'_> {
    fn run(&self, store: &Store) -> Result<Got, String> {
        let mut got = Got { has_vault: self.has_vault(), ..Got::default() };
        let secrets = self.secrets(store, &mut got.reads)?;
        // The client's own variables and the node's come first, then `env`.
        let mut env = BTreeMap::new();
        for block in items(&self.it[self.keys.env]) {
            for (name, value) in block.as_object().into_iter().flatten() {
                env.insert(name.clone(), with_known(&text(value), &BTreeMap::new(), &secrets));
            }
        }
        let mut from_templates = BTreeMap::new();
        for template in items(&self.it[self.keys.template]) {
            let delimiters = (text(&template[self.keys.left]), text(&template[self.keys.right]));
            let data = text(&template[self.keys.data]);
            let (written, reads) = render::render(&data, &delimiters, &env, store)?;
            if reads.iter().any(|it| store.contains_key(it)) && !got.has_vault {
                return Err("a template reads a secret, and there is no vault block".to_owned());
            }
            if reads.iter().any(|it| store.contains_key(it)) {
                let source = data.clone();
                let env = asked(&source, &env);
                let delimiters = delimiters.clone();
                got.templates.push(Rendered { source, delimiters, env, written: written.clone() });
            }
            got.reads.extend(reads);
            let destination = text(&template[self.keys.destination]);
            if text(&template[self.keys.env_template]) == "true" {
                from_templates.extend(envfile::parse(&written)?);
            } else {
                got.files.insert(destination, written);
            }
        }
        env.extend(from_templates);
        got.config = resolved(&self.it[self.keys.config], &env, &secrets);
        // Artifacts are fetched before templates are rendered.
        got.artifacts = resolved(&self.it[self.keys.artifact], &BTreeMap::new(), &secrets);
        got.env = env;
        Ok(got)
    }

    fn has_vault(&self) -> bool {
        let own = &self.it[self.keys.vault];
        self.outer.iter().copied().chain([own]).any(|it| !it.is_null())
    }

    /// `secret.NAME.FIELD` to the value, as the plugin of the node answers.
    fn secrets(
        &self,
        store: &Store,
        reads: &mut BTreeSet<String>,
    ) -> Result<BTreeMap<String, String>, String> {
        let mut all = BTreeMap::new();
        for (name, block) in labelled(self.it, "secret") {
            if block["provider"] != "strongroom" {
                continue;
            }
            let path = text(&block["path"]);
            let fields = store.get(&path).cloned().ok_or_else(|| format!("nothing is at {path}"))?;
            reads.insert(path);
            all.extend(fields.iter().map(|(field, value)| (format!("secret.{name}.{field}"), value.clone())));
        }
        Ok(all)
    }
}

/// The variables that a template asks for, and what it is told.
fn asked(source: &str, env: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let names = source.split("env \"").skip(1).filter_map(|it| it.split_once('"')).map(|it| it.0);
    let known = |name: &str| env.get(name).cloned().or_else(|| of_node(name));
    names.filter_map(|it| Some((it.to_owned(), known(it)?))).collect()
}

/// The items of a list, or the one that stands there without a list.
fn items(json: &Json) -> Vec<&Json> {
    match json {
        Json::Null => Vec::new(),
        Json::Array(items) => items.iter().flat_map(|it| items_of(it)).collect(),
        one => vec![one],
    }
}

fn items_of(json: &Json) -> Vec<&Json> {
    if json.is_array() { items(json) } else { vec![json] }
}

/// Blocks of one label.
fn labelled<'a>(body: &'a Json, kind: &str) -> Vec<(String, &'a Json)> {
    let objects = items(&body[kind]).into_iter().filter_map(Json::as_object);
    objects
        .flat_map(|it| it.iter().flat_map(|(name, it)| items(it).into_iter().map(|it| (name.clone(), it))))
        .collect()
}

fn text(json: &Json) -> String {
    match json {
        Json::Null => String::new(),
        Json::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn resolved(json: &Json, env: &BTreeMap<String, String>, secrets: &BTreeMap<String, String>) -> Json {
    match json {
        Json::Array(items) => Json::Array(items.iter().map(|it| resolved(it, env, secrets)).collect()),
        Json::Object(entries) => {
            Json::Object(entries.iter().map(|(key, it)| (key.clone(), resolved(it, env, secrets))).collect())
        }
        Json::String(text) => Json::String(with_known(text, env, secrets)),
        other => other.clone(),
    }
}

/// `${NAME}` for what is known; the rest stays as it is.
fn with_known(text: &str, env: &BTreeMap<String, String>, secrets: &BTreeMap<String, String>) -> String {
    let mut resolved = String::new();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once("${") {
        resolved.push_str(before);
        let name = behind.split_once('}').map_or("", |it| it.0);
        let value = env.get(name).or(secrets.get(name)).cloned().or_else(|| of_node(name));
        match value {
            Some(value) => {
                resolved.push_str(&value);
                rest = &behind[name.len() + 1..];
            }
            None => {
                resolved.push_str("${");
                rest = behind;
            }
        }
    }
    resolved + rest
}

/// What a client would know by this name.
fn of_node(name: &str) -> Option<String> {
    let is_name = name.chars().all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c));
    let known = ["NOMAD_", "attr.", "meta.", "node."].iter().any(|it| name.starts_with(it));
    (is_name && known).then(|| format!("<{}>", name.replace('-', "_")))
}
