//! Templates, as a Nomad client renders them: with the task's environment, and the store behind `secret`.

use std::collections::{BTreeMap, BTreeSet};

use strongroom_template::{
    Answer, Delimiters, Dependency, Host, Options, Refusal, Secret, Template, Text, Value,
};

use super::{Store, of_node};

/// What a template writes, and the paths that it asked for.
pub(crate) fn render(
    source: &str,
    (left, right): &(String, String),
    env: &BTreeMap<String, String>,
    store: &Store,
) -> Result<(String, BTreeSet<String>), String> {
    let options = Options { delimiters: Delimiters::new(left, right), ..Options::default() };
    let template = Template::parse(source, &options).map_err(|it| format!("a template: {it}"))?;
    let outcome = template.render(&mut Client { env, store });
    let written = outcome.result.map_err(|it| format!("a template: {it}"))?;
    let paths = outcome.used.iter().filter_map(|it| match it {
        Dependency::Read { path } => path.utf8().map(str::to_owned),
        _ => None,
    });
    Ok((String::from_utf8(written.to_vec()).map_err(|it| it.to_string())?, paths.collect()))
}

/// A document of YAML as JSON, for comparing what two of them mean.
pub(crate) fn yaml(document: &str) -> Option<String> {
    let options = Options::default();
    let template = Template::parse("{{ key \"it\" | parseYAML | toJSON }}", &options).ok()?;
    let written = template.render(&mut Document(document)).result.ok()?;
    String::from_utf8(written.to_vec()).ok()
}

struct Client<'a> {
    env: &'a BTreeMap<String, String>,
    store: &'a Store,
}

impl Host for Client<'_> {
    fn secret(&mut self, path: &Text, _: &[(Text, Text)]) -> Result<Answer<Secret>, Refusal> {
        // Secrets of others are there, and have no field that is asked for.
        let fields = path.utf8().and_then(|it| self.store.get(it)).cloned().unwrap_or_default();
        let body = serde_json::json!({"data": {"data": fields, "metadata": {}}});
        let secret = Secret::from_json(body.to_string().as_bytes());
        secret.map(Answer::Ready).ok_or(Refusal::Failed("no JSON"))
    }

    fn secrets(&mut self, _: &Text) -> Result<Answer<Vec<Text>>, Refusal> {
        Ok(Answer::Ready(Vec::new()))
    }

    fn now(&mut self) -> (i64, u32) {
        (0, 0)
    }

    fn env(&mut self, name: &Text) -> Result<Option<Text>, Refusal> {
        let name = name.utf8().unwrap_or("");
        let value = self.env.get(name).cloned().or_else(|| of_node(name));
        Ok(value.map(|it| Text::new(it.as_bytes())))
    }

    fn outside(&mut self, function: &str, _: &[Text]) -> Result<Answer<Value>, Refusal> {
        let body: &[u8] = match function {
            "key" => b"\"of consul\"",
            "nomadVar" => b"{}",
            _ => b"[]",
        };
        Value::from_json(body).map(Answer::Ready).ok_or(Refusal::Failed("no JSON"))
    }
}

struct Document<'a>(&'a str);

impl Host for Document<'_> {
    fn secret(&mut self, _: &Text, _: &[(Text, Text)]) -> Result<Answer<Secret>, Refusal> {
        Err(Refusal::NotAllowed)
    }

    fn secrets(&mut self, _: &Text) -> Result<Answer<Vec<Text>>, Refusal> {
        Err(Refusal::NotAllowed)
    }

    fn now(&mut self) -> (i64, u32) {
        (0, 0)
    }

    fn outside(&mut self, _: &str, _: &[Text]) -> Result<Answer<Value>, Refusal> {
        let body = serde_json::Value::from(self.0).to_string();
        Value::from_json(body.as_bytes()).map(Answer::Ready).ok_or(Refusal::Failed("no JSON"))
    }
}
