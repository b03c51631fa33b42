//! The labels of tests/corpus as findings: what a scanner that misses nothing and invents nothing would say.
#![allow(dead_code, reason = "each test takes what it needs")]

use std::fs;
use std::path::PathBuf;

use serde_json::Value as Json;
use strongroom_hcl::{Body, Expr, ExprKind, Item, Span};
use strongroom_scan::{Finding, Kind, Layer, Obstacle, Place, Severity, Value};

/// One labelled file.
pub(crate) struct Labelled {
    pub(crate) name: String,
    pub(crate) text: String,
    pub(crate) findings: Vec<Finding>,
    /// Which of them can be rewritten, by the labels.
    pub(crate) fixable: Vec<bool>,
}

pub(crate) fn corpus() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/corpus")
}

/// All files of a family.
pub(crate) fn family(family: &str) -> Vec<Labelled> {
    let labels = fs::read_to_string(corpus().join("labels.json")).unwrap();
    let labels: Json = serde_json::from_str(&labels).unwrap();
    let files = labels["files"].as_array().unwrap().iter().filter(|it| it["family"] == family);
    files.map(labelled).collect()
}

fn labelled(record: &Json) -> Labelled {
    let name = record["file"].as_str().unwrap().to_owned();
    let text = fs::read_to_string(corpus().join(&name)).unwrap();
    let labels = record["findings"].as_array().unwrap();
    Labelled {
        findings: labels.iter().map(|it| finding(&name, &text, it)).collect(),
        fixable: labels.iter().map(|it| it["fixable"] == true).collect(),
        name,
        text,
    }
}

fn finding(name: &str, text: &str, label: &Json) -> Finding {
    let at = |line: &str, column: &str| offset(text, number(&label[line]), number(&label[column]));
    let span = Span { start: at("line", "column"), end: at("end_line", "end_column") };
    let place = place(label["path"].as_str().unwrap_or(""));
    let commented = label["commented"] == true;
    let (value, layers) = decoded(name, text, span, label);
    Finding {
        span,
        key: label["key"].as_str().unwrap().to_owned(),
        path: label["path"].as_str().unwrap_or("").to_owned(),
        kind: Kind::Password,
        severity: Severity::High,
        place,
        value: Value::new(&value),
        layers,
        weak: label["weak"] == true,
        commented,
        obstacle: label["why_not_fixable"].as_str().map(obstacle),
    }
}

fn number(json: &Json) -> usize {
    usize::try_from(json.as_u64().unwrap()).unwrap()
}

/// Lines and columns count from 1, in code points; a byte-order mark counts as nothing.
fn offset(text: &str, line: usize, column: usize) -> usize {
    let bom = if text.starts_with('\u{feff}') { 3 } else { 0 };
    let start = text[bom..].split_inclusive('\n').take(line - 1).map(str::len).sum::<usize>() + bom;
    start + text[start..].chars().take(column - 1).map(char::len_utf8).sum::<usize>()
}

fn place(path: &str) -> Place {
    if path.starts_with("variable") {
        Place::Default
    } else if path.starts_with("locals") {
        Place::Local
    } else {
        Place::Attribute
    }
}

fn obstacle(why: &str) -> Obstacle {
    let known = [
        ("artifact", Obstacle::Artifact),
        ("meta is read", Obstacle::Meta),
        ("service tags", Obstacle::Tag),
        ("check", Obstacle::Registered),
        ("volume", Obstacle::Volume),
        ("agent", Obstacle::AgentConfiguration),
        ("template of another", Obstacle::Unparsed),
        ("Terraform", Obstacle::Backend),
        ("build", Obstacle::BuildArgument),
    ];
    known.iter().find(|(part, _)| why.contains(part)).map_or(Obstacle::Expression, |it| it.1)
}

/// What the workload gets, and the ways of writing that were undone.
fn decoded(name: &str, text: &str, span: Span, label: &Json) -> (String, Vec<Layer>) {
    let written = span.of(text);
    if label["commented"] == true || name.ends_with(".tpl") {
        return (written.to_owned(), vec![Layer::Bare]);
    }
    let (outer, raw) = outer(text, span);
    let mut layers = vec![outer];
    if label["escaped"] != true {
        return (raw, layers);
    }
    let kind = label["kind"].as_str().unwrap();
    let before = &text[..span.start];
    if raw.contains('%') && (kind == "connection-url" || before.ends_with("sig=")) {
        layers.push(Layer::Percent);
        return (percent_decoded(&raw), layers);
    }
    if raw.contains("''") {
        layers.push(Layer::Sql);
        return (raw.replace("''", "'"), layers);
    }
    if raw.contains("\\n") && before.ends_with('"') {
        layers.push(Layer::Json);
        return (raw.replace("\\n", "\n"), layers);
    }
    (raw, layers)
}

fn percent_decoded(raw: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = raw.as_bytes();
    while let [first, tail @ ..] = rest {
        match (first, tail) {
            (b'%', [high, low, behind @ ..]) => {
                let digits = [*high, *low];
                bytes.push(u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap());
                rest = behind;
            }
            _ => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8(bytes).unwrap()
}

/// The job's own way of writing, undone for a part of one of its strings.
fn outer(text: &str, span: Span) -> (Layer, String) {
    let written = span.of(text);
    let Ok(body) = strongroom_hcl::parse_any(text) else { return (Layer::Bare, written.to_owned()) };
    let Some(expr) = of_body(&body, span) else { return (Layer::HclQuoted, written.to_owned()) };
    let source = expr.span.of(text);
    let string = |body: Body| match &body.view().attr("x").unwrap().value.kind {
        ExprKind::String(text) => text.clone(),
        _ => panic!("a secret has no holes"),
    };
    if text.trim_start_matches('\u{feff}').trim_start().starts_with('{') {
        let decoded = strongroom_hcl::parse_json(&format!("{{\"x\": \"{written}\"}}")).unwrap();
        return (Layer::Json, string(decoded));
    }
    if source.starts_with("<<") {
        let indent = if source.starts_with("<<-") { indent(source) } else { 0 };
        let lines: Vec<&str> = written
            .split('\n')
            .enumerate()
            .map(|(at, line)| if at == 0 { line } else { line.get(indent..).unwrap_or(line.trim_start()) })
            .collect();
        return (Layer::HclHeredoc, lines.join("\n"));
    }
    if source.starts_with('"') {
        return (Layer::HclQuoted, string(strongroom_hcl::parse(&format!("x = \"{written}\"\n")).unwrap()));
    }
    (Layer::Bare, written.to_owned())
}

fn indent(heredoc: &str) -> usize {
    let lines: Vec<&str> = heredoc.lines().skip(1).collect();
    let content = &lines[..lines.len() - 1];
    let filled = content.iter().filter(|it| !it.trim().is_empty());
    filled.map(|it| it.len() - it.trim_start().len()).min().unwrap_or(0)
}

fn of_body(body: &Body, span: Span) -> Option<&Expr> {
    body.items.iter().find_map(|item| match item {
        Item::Attribute(it) => of_expr(&it.value, span),
        Item::Block(it) => of_body(&it.body, span),
    })
}

fn of_expr(expr: &Expr, span: Span) -> Option<&Expr> {
    if span.start < expr.span.start || expr.span.end < span.end {
        return None;
    }
    let inner = match &expr.kind {
        ExprKind::List(items) => items.iter().find_map(|it| of_expr(it, span)),
        ExprKind::Object(entries) => entries.iter().find_map(|it| of_expr(&it.value, span)),
        _ => None,
    };
    inner.or(Some(expr))
}

/// Findings at these places, with the nearest name of the file's own.
pub(crate) fn at(text: &str, spans: &[(usize, usize)]) -> Vec<Finding> {
    let finding = |(start, end): &(usize, usize)| {
        let span = Span { start: *start, end: *end };
        let (layer, value) = outer(text, span);
        Finding {
            span,
            key: key(text, span),
            path: String::new(),
            kind: Kind::Password,
            severity: Severity::High,
            place: Place::Attribute,
            value: Value::new(&value),
            layers: vec![layer],
            weak: false,
            commented: false,
            obstacle: None,
        }
    };
    spans.iter().map(finding).collect()
}

/// The innermost attribute around a place.
fn key(text: &str, span: Span) -> String {
    fn within(body: &Body, span: Span) -> Option<String> {
        body.items.iter().find_map(|item| match item {
            Item::Block(it) if it.kind.name == "variable" => {
                within(&it.body, span).map(|_| it.labels[0].name.clone())
            }
            Item::Block(it) => within(&it.body, span),
            Item::Attribute(it) if it.span.start <= span.start && span.end <= it.span.end => {
                match &it.value.kind {
                    ExprKind::Object(entries) => entries
                        .iter()
                        .find(|it| it.value.span.start <= span.start && span.end <= it.value.span.end)
                        .and_then(|it| it.name.clone()),
                    _ => Some(it.key.name.clone()),
                }
            }
            Item::Attribute(_) => None,
        })
    }
    strongroom_hcl::parse_any(text).ok().and_then(|it| within(&it, span)).unwrap_or_default()
}
