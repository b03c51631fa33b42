//! A job file as a tree: variables, local values and functions worked out, blocks as lists of objects.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};
use strongroom_hcl::{Body, Expr, ExprKind, Item, TemplatePart};

pub(crate) fn tree(_name: &str, text: &str) -> Result<Json, String> {
    let content = text.strip_prefix('\u{feff}').unwrap_or(text);
    if content.trim_start().starts_with('{') {
        let json: Json = serde_json::from_str(content).map_err(|it| it.to_string())?;
        if json.get("Job").is_some() {
            return Ok(json);
        }
        // HCL's form of JSON: strings are templates.
        let variables = json["variable"].as_object().into_iter().flatten();
        let variables = variables
            .map(|(name, it)| (format!("var.{name}"), of_json(&it["default"], &BTreeMap::new())))
            .collect();
        return Ok(of_json(&json, &variables));
    }
    let body = strongroom_hcl::parse(text).map_err(|it| it.to_string())?;
    let mut roots = BTreeMap::new();
    let view = body.view();
    for block in view.blocks("variable", 1).unwrap_or_default() {
        if let Some(default) = block.body.attr("default") {
            let value = Scope { text, roots: &roots }.value(default.value);
            roots.insert(format!("var.{}", block.label(0)), value);
        }
    }
    for block in view.blocks("variables", 0).unwrap_or_default() {
        for (key, it) in block.body.attrs() {
            let value = Scope { text, roots: &roots }.value(it.value);
            roots.insert(format!("var.{}", key.name), value);
        }
    }
    // Local values hang on each other in any order: as many rounds as there are of them.
    let locals: Vec<_> = view
        .blocks("locals", 0)
        .unwrap_or_default()
        .into_iter()
        .flat_map(|it| it.body.attrs().collect::<Vec<_>>())
        .collect();
    for _ in 0..=locals.len() {
        for (key, it) in &locals {
            let value = Scope { text, roots: &roots }.value(it.value);
            roots.insert(format!("local.{}", key.name), value);
        }
    }
    Ok(Scope { text, roots: &roots }.body(&body))
}

struct Scope<'a> {
    text: &'a str,
    roots: &'a BTreeMap<String, Json>,
}

impl Scope<'_> {
    fn body(&self, body: &Body) -> Json {
        let mut entries = Map::new();
        for item in &body.items {
            match item {
                Item::Attribute(it) => {
                    entries.insert(it.key.name.clone(), self.value(&it.value));
                }
                Item::Block(block) => {
                    let labels = block.labels.iter().rev();
                    let body = labels
                        .fold(self.body(&block.body), |body, label| json!({ label.name.clone(): body }));
                    match entries.entry(block.kind.name.clone()).or_insert_with(|| json!([])) {
                        Json::Array(items) => items.push(body),
                        other => *other = json!([other.clone(), body]),
                    }
                }
            }
        }
        Json::Object(entries)
    }

    fn value(&self, expr: &Expr) -> Json {
        let written = expr.span.of(self.text);
        match &expr.kind {
            ExprKind::Null => Json::Null,
            ExprKind::Bool(it) => json!(it),
            ExprKind::Number(it) => json!(it),
            ExprKind::String(it) => json!(it),
            ExprKind::List(items) => items.iter().map(|it| self.value(it)).collect(),
            ExprKind::Object(entries) => {
                let entry = |it: &strongroom_hcl::ObjectEntry| {
                    (it.name.clone().unwrap_or_default(), self.value(&it.value))
                };
                Json::Object(entries.iter().map(entry).collect())
            }
            ExprKind::Template(parts) => {
                let parts: Vec<Json> = parts
                    .iter()
                    .map(|it| match it {
                        TemplatePart::Literal(it, _) => json!(it),
                        TemplatePart::Interpolation(span) => hole(span.of(self.text), self.roots),
                    })
                    .collect();
                match parts.as_slice() {
                    [one] => one.clone(),
                    parts => json!(parts.iter().map(super::text).collect::<String>()),
                }
            }
            ExprKind::Opaque => expression(written, self.roots),
        }
    }
}

fn of_json(json: &Json, roots: &BTreeMap<String, Json>) -> Json {
    match json {
        Json::Array(items) => items.iter().map(|it| of_json(it, roots)).collect(),
        Json::Object(entries) => {
            Json::Object(entries.iter().map(|(key, it)| (key.clone(), of_json(it, roots))).collect())
        }
        Json::String(it) => {
            let source = format!("x = <<END_OF_STRING\n{it}\nEND_OF_STRING\n");
            let body = strongroom_hcl::parse(&source).unwrap();
            let value = Scope { text: &source, roots }.value(body.view().attr("x").unwrap().value);
            match value {
                Json::String(it) => json!(it.strip_suffix('\n').unwrap_or(&it)),
                other => other,
            }
        }
        other => other.clone(),
    }
}

/// `${...}`: what HCL knows is put in, and the rest is for the client.
fn hole(written: &str, roots: &BTreeMap<String, Json>) -> Json {
    let inner = written.trim_start_matches("${").trim_end_matches('}').trim();
    match known(inner, roots) {
        Some(value) => value,
        None => json!(format!("${{{inner}}}")),
    }
}

/// What is not understood stands for itself, before and after.
fn expression(written: &str, roots: &BTreeMap<String, Json>) -> Json {
    known(written, roots).unwrap_or_else(|| json!(written))
}

fn known(written: &str, roots: &BTreeMap<String, Json>) -> Option<Json> {
    let written = written.trim();
    if let Some((function, rest)) = written.split_once('(') {
        let source = format!("x = [{}]\n", rest.strip_suffix(')')?);
        let body = strongroom_hcl::parse(&source).ok()?;
        let Json::Array(arguments) = (Scope { text: &source, roots }).value(body.view().attr("x")?.value)
        else {
            return None;
        };
        return call(function, &arguments);
    }
    let normal = written.replace("[\"", ".").replace("\"]", "").replace('[', ".").replace(']', "");
    let mut steps = normal.split('.');
    let root = format!("{}.{}", steps.next()?, steps.next()?);
    let mut value = roots.get(&root)?;
    for step in steps {
        value = match value {
            Json::Array(items) => items.get(step.parse::<usize>().ok()?)?,
            other => other.get(step)?,
        };
    }
    Some(value.clone())
}

fn call(function: &str, arguments: &[Json]) -> Option<Json> {
    Some(match (function, arguments) {
        ("base64encode", [it]) => json!(data_encoding::BASE64.encode(it.as_str()?.as_bytes())),
        ("format", [template, rest @ ..]) => {
            let mut values = rest.iter();
            let mut pieces = template.as_str()?.split("%s");
            let mut formatted = pieces.next()?.to_owned();
            for piece in pieces {
                formatted.push_str(&super::text(values.next()?));
                formatted.push_str(piece);
            }
            json!(formatted)
        }
        ("join", [separator, Json::Array(items)]) => {
            let items: Vec<String> = items.iter().map(super::text).collect();
            json!(items.join(separator.as_str()?))
        }
        ("jsonencode", [it]) => json!(it.to_string()),
        ("merge", maps) => {
            let mut merged = Map::new();
            for it in maps {
                merged.extend(it.as_object()?.clone());
            }
            Json::Object(merged)
        }
        _ => return None,
    })
}
