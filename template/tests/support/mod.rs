//! A host made of `tests/templates/seed.json`.

// Each test file uses its part.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used, clippy::indexing_slicing)]

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use serde_json::{Value as Json, json};
use strongroom_template::{Answer, Delimiters, Host, Options, Refusal, Secret, Template, Text};

pub const ENVIRONMENT: (&str, &str) = ("STRONGROOM_TEMPLATE_TEST", "from the environment");

/// Where the cases and their data lie.
pub fn corpus() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/templates")
}

pub struct Seeded {
    seed: Json,
    /// Whether everything is yet to come.
    pub pending: bool,
    pub allows_env: bool,
}

impl Seeded {
    pub fn new() -> Self {
        let seed = fs::read_to_string(corpus().join("seed.json")).unwrap();
        Self { seed: serde_json::from_str(&seed).unwrap(), pending: false, allows_env: true }
    }

    /// The texts of all values, which no error may hold.
    pub fn values(&self) -> Vec<String> {
        fn gather(value: &Json, found: &mut Vec<String>) {
            match value {
                Json::String(it) if it.len() > 4 => found.push(it.clone()),
                Json::Array(all) => all.iter().for_each(|it| gather(it, found)),
                Json::Object(all) => all.values().for_each(|it| gather(it, found)),
                _ => {}
            }
        }
        let mut found = Vec::new();
        gather(&self.seed, &mut found);
        found
    }

    fn answer(&self, path: &str) -> Option<Json> {
        let envelope = |data: Json, lease: u32| json!({"request_id": "", "lease_id": "", "lease_duration": lease, "renewable": false, "data": data});
        if let Some(rest) = path.strip_prefix("kv/") {
            return Some(envelope(self.seed["kv"].get(rest)?.clone(), 2_764_800));
        }
        let rest = path.strip_prefix("secret/")?;
        let data = self.seed["secret"].get(rest.strip_prefix("data/").unwrap_or(rest))?;
        Some(envelope(json!({"data": data, "metadata": {"version": 1}}), 0))
    }
}

impl Host for Seeded {
    fn secret(&mut self, path: &Text, fields: &[(Text, Text)]) -> Result<Answer<Secret>, Refusal> {
        if self.pending {
            return Ok(Answer::Pending);
        }
        let path = path.utf8().unwrap();
        let answer = if fields.is_empty() {
            self.answer(path)
        } else {
            // The one write of the corpus.
            let sum = "e100fbce008c04ec40637af0af91fb2f05aeedc23f856a2d3c0b1580625d755e";
            (path == "sys/tools/hash/sha2-256").then(|| json!({"data": {"sum": sum}}))
        };
        let answer = answer.ok_or(Refusal::Failed("no such secret"))?;
        Ok(Answer::Ready(Secret::from_json(answer.to_string().as_bytes()).unwrap()))
    }

    fn secrets(&mut self, path: &Text) -> Result<Answer<Vec<Text>>, Refusal> {
        if self.pending {
            return Ok(Answer::Pending);
        }
        let path = format!("{}/", path.utf8().unwrap());
        let (mount, within) = path.split_once('/').unwrap();
        let within = within.strip_prefix("metadata/").unwrap_or(within);
        let below = self.seed[mount].as_object().unwrap().keys().filter_map(|it| it.strip_prefix(within));
        let names: BTreeMap<&str, ()> =
            below.map(|it| (it.split_inclusive('/').next().unwrap(), ())).collect();
        Ok(Answer::Ready(names.into_keys().map(Text::from).collect()))
    }

    fn now(&mut self) -> (i64, u32) {
        (1_709_212_029, 50_700_000)
    }

    fn env(&mut self, name: &Text) -> Result<Option<Text>, Refusal> {
        if !self.allows_env {
            return Err(Refusal::NotAllowed);
        }
        Ok((name.utf8() == Some(ENVIRONMENT.0)).then(|| ENVIRONMENT.1.into()))
    }

    fn random(&mut self, buffer: &mut [u8]) -> Result<(), Refusal> {
        for (at, it) in buffer.iter_mut().enumerate() {
            *it = u8::try_from(at * 37 % 256).unwrap();
        }
        Ok(())
    }
}

/// What `options.toml` says of a case.
pub fn options(name: &str) -> Options {
    let all: toml::Table = fs::read_to_string(corpus().join("options.toml")).unwrap().parse().unwrap();
    let of = |key: &str| all.get(name).and_then(|it| it.get(key)).cloned();
    let text = |key: &str| of(key).and_then(|it| it.as_str().map(str::to_owned)).unwrap_or_default();
    Options {
        delimiters: Delimiters::new(&text("left_delimiter"), &text("right_delimiter")),
        error_on_missing_key: of("error_on_missing_key").is_some_and(|it| it.as_bool() == Some(true)),
        denied: Vec::new(),
    }
}

/// The text, or the text of the error.
pub fn render(source: &str, options: &Options, host: &mut dyn Host) -> Result<Vec<u8>, String> {
    let template = Template::parse(source, options).map_err(|it| it.to_string())?;
    template.render(host).result.map(|it| it.to_vec()).map_err(|it| it.to_string())
}
