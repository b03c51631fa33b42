//! Functions that ask the host. What it does not allow is an error of a kind of its own.
//!
//! What the host does not have yet reads as nothing in this rendering and is remembered as missing.

use super::Parameter::{Any, Text as Str};
use super::given::{at, bytes, from, text};
use super::{Function, gone, takes, takes_more};
use crate::error::{ErrorKind, Outcome, refuse};
use crate::host::{Answer, Dependency, FileWrite, Refusal};
use crate::interpreter::Interpreter;
use crate::text::{Text, find, trim_space};
use crate::time;
use crate::value::{Element, Value};
use std::rc::Rc;

const DEBUGGING: &str = "a debugging aid whose text holds addresses of memory";

pub(super) const ALL: &[Function] = &[
    takes_more("secret", &[], Str, secret),
    takes_more("secrets", &[Str], Str, secrets),
    takes_more("pkiCert", &[], Str, certificate),
    takes("env", &[Str], |run, name, given| {
        Ok(Value::Text(env(run, name, given)?.unwrap_or_else(|| "".into())))
    }),
    takes("mustEnv", &[Str], |run, name, given| match env(run, name, given)? {
        Some(it) if !it.is_empty() => Ok(Value::Text(it)),
        _ => refuse(name, "the variable is empty"),
    }),
    takes("envOrDefault", &[Str, Str], |run, name, given| {
        Ok(Value::Text(env(run, name, given)?.unwrap_or_else(|| text(given, 1))))
    }),
    takes("sprig_env", &[Str], |run, name, given| {
        Ok(Value::Text(env(run, name, given)?.unwrap_or_else(|| "".into())))
    }),
    takes("file", &[Str], file),
    takes_more("plugin", &[Str], Str, plugin),
    takes_more("writeToFile", &[Str, Str, Str, Str], Str, write_file),
    takes_more("executeTemplate", &[Str], Any, |run, name, given| match given {
        [_] => run.template_text(&text(given, 0), Value::ABSENT).map(Value::Text),
        [_, dot] => run.template_text(&text(given, 0), dot.clone().unwrapped()).map(Value::Text),
        _ => Err(ErrorKind::ArgumentCount { function: name.to_owned(), want: 2, got: given.len() }),
    }),
    takes("scratch", &[], |run, _, _| Ok(Value::Scratch(Rc::clone(&run.scratch)))),
    takes_more("timestamp", &[], Str, timestamp),
    takes("sprig_now", &[], |run, _, _| {
        let (seconds, nanos) = run.host.now();
        Ok(Value::Time(seconds, nanos))
    }),
    outside("caLeaf"),
    outside("caRoots"),
    outside("connect"),
    outside("datacenters"),
    outside("exportedServices"),
    outside("key"),
    outside("keyExists"),
    outside("keyOrDefault"),
    outside("ls"),
    outside("node"),
    outside("nodes"),
    outside("nomadService"),
    outside("nomadServices"),
    outside("nomadVar"),
    outside("nomadVarExists"),
    outside("nomadVarList"),
    outside("nomadVarListSafe"),
    outside("partitions"),
    outside("peerings"),
    outside("pkiSign"),
    outside("safeLs"),
    outside("safeTree"),
    outside("service"),
    outside("services"),
    outside("sockaddr"),
    outside("sprig_getHostByName"),
    outside("tree"),
    gone("spew_dump", DEBUGGING),
    gone("spew_printf", DEBUGGING),
    gone("spew_sdump", DEBUGGING),
    gone("spew_sprintf", DEBUGGING),
];

/// A function whose answer is the host's alone.
const fn outside(name: &'static str) -> Function {
    takes_more(name, &[], Any, |run, name, given| {
        let arguments: Vec<Text> = given.iter().filter_map(|it| it.as_text().cloned()).collect();
        let asked = Dependency::Outside { function: name.to_owned(), arguments: arguments.clone() };
        let answer = run.host.outside(name, &arguments);
        settle(run, name, asked, answer, |it| it, Value::ABSENT)
    })
}

fn refusal(function: &str, refusal: Refusal) -> ErrorKind {
    match refusal {
        Refusal::NotAllowed => ErrorKind::NotAllowed { function: function.to_owned() },
        Refusal::Failed(why) => ErrorKind::Outside { function: function.to_owned(), why },
    }
}

/// Notes what was asked, and makes a value of the answer.
fn settle<T>(
    run: &mut Interpreter<'_, '_>,
    name: &str,
    asked: Dependency,
    answer: Result<Answer<T>, Refusal>,
    value: impl FnOnce(T) -> Value,
    pending: Value,
) -> Outcome<Value> {
    let answer = answer.map_err(|it| refusal(name, it))?;
    run.used.insert(asked.clone());
    Ok(match answer {
        Answer::Ready(it) => value(it),
        Answer::Pending => {
            run.missing.insert(asked);
            pending
        }
    })
}

/// `key=value` pairs; blanks around both fall away, and later ones win.
fn pairs(name: &str, given: &[Value]) -> Outcome<Vec<(Text, Text)>> {
    let mut pairs: Vec<(Text, Text)> = Vec::new();
    for pair in given.iter().filter_map(Value::as_text).filter(|it| !it.is_empty()) {
        let Some(at) = find(pair.bytes(), b"=") else {
            return refuse(name, "an argument behind the path is no key=value pair");
        };
        let (key, value) = pair.bytes().split_at(at);
        let key = Text::new(trim_space(key));
        pairs.retain(|it| it.0 != key);
        pairs.push((key, Text::new(trim_space(value.get(1..).unwrap_or_default()))));
    }
    Ok(pairs)
}

/// Without the slashes around it.
fn path(given: &[Value]) -> Text {
    let mut path = trim_space(bytes(given, 0));
    while let Some(rest) = path.strip_prefix(b"/") {
        path = rest;
    }
    while let Some(rest) = path.strip_suffix(b"/") {
        path = rest;
    }
    Text::new(path)
}

fn secret(run: &mut Interpreter<'_, '_>, name: &str, given: &[Value]) -> Outcome<Value> {
    if given.is_empty() {
        return Ok(Value::ABSENT);
    }
    let path = path(given);
    if path.is_empty() {
        return refuse(name, "an empty path");
    }
    let fields = pairs(name, from(given, 1))?;
    let asked = if given.len() == 1 {
        Dependency::Read { path: path.clone() }
    } else {
        Dependency::Write { path: path.clone(), fields: fields.clone() }
    };
    let answer = run.host.secret(&path, &fields);
    settle(run, name, asked, answer, |it| Value::Secret(Rc::new(it)), Value::ABSENT)
}

fn secrets(run: &mut Interpreter<'_, '_>, name: &str, given: &[Value]) -> Outcome<Value> {
    let nothing = Value::nil_list(Element::Text);
    if bytes(given, 0).is_empty() {
        return Ok(nothing);
    }
    let path = path(given);
    let answer = run.host.secrets(&path);
    settle(run, name, Dependency::List { path }, answer, Value::texts, nothing)
}

fn certificate(run: &mut Interpreter<'_, '_>, name: &str, given: &[Value]) -> Outcome<Value> {
    if given.is_empty() {
        return Ok(Value::ABSENT);
    }
    let path = path(given);
    let fields = pairs(name, from(given, 1))?;
    let answer = run.host.certificate(&path, &fields);
    let asked = Dependency::Certificate { path, fields };
    settle(run, name, asked, answer, |it| Value::Certificate(Rc::new(it)), Value::ABSENT)
}

fn env(run: &mut Interpreter<'_, '_>, name: &str, given: &[Value]) -> Outcome<Option<Text>> {
    run.host.env(&text(given, 0)).map_err(|it| refusal(name, it))
}

fn file(run: &mut Interpreter<'_, '_>, name: &str, given: &[Value]) -> Outcome<Value> {
    let path = text(given, 0);
    let answer = run.host.file(&path);
    settle(run, name, Dependency::File { path }, answer, Value::Text, Value::text(""))
}

fn plugin(run: &mut Interpreter<'_, '_>, name: &str, given: &[Value]) -> Outcome<Value> {
    let arguments: Vec<Text> = from(given, 1)
        .iter()
        .filter_map(Value::as_text)
        .map(|it| Text::new(trim_space(it.bytes())))
        .filter(|it| !it.is_empty())
        .collect();
    let answer = run.host.plugin(&text(given, 0), &arguments).map_err(|it| refusal(name, it))?;
    Ok(Value::bytes(trim_space(answer.bytes())))
}

/// `path user group permissions [flags] content`
fn write_file(run: &mut Interpreter<'_, '_>, name: &str, given: &[Value]) -> Outcome<Value> {
    let (flags, content) = match from(given, 4) {
        [content] => (&Value::ABSENT, content),
        [flags, content] => (flags, content),
        _ => return Err(ErrorKind::ArgumentCount { function: name.to_owned(), want: 6, got: given.len() }),
    };
    let as_text = |it: &Value| it.as_text().cloned().unwrap_or_else(|| "".into());
    let write = FileWrite {
        path: &text(given, 0),
        user: &text(given, 1),
        group: &text(given, 2),
        permissions: &text(given, 3),
        flags: &as_text(flags),
        content: &as_text(content),
    };
    run.host.write_file(&write).map_err(|it| refusal(name, it))?;
    Ok(Value::text(""))
}

fn timestamp(run: &mut Interpreter<'_, '_>, name: &str, given: &[Value]) -> Outcome<Value> {
    let (seconds, nanos) = run.host.now();
    let layout = match given {
        [] => "2006-01-02T15:04:05Z07:00".into(),
        [_] if bytes(given, 0) == b"unix" => return Ok(Value::text(&seconds.to_string())),
        [_] => at(given, 0).as_text().cloned().unwrap_or_else(|| "".into()),
        _ => return Err(ErrorKind::ArgumentCount { function: name.to_owned(), want: 1, got: given.len() }),
    };
    time::format(seconds, nanos, &layout).map(Value::Text)
}
