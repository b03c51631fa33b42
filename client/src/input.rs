//! What a person types and pipes: fields, values, passphrases.

use std::io::{self, IsTerminal as _, Read as _, Write as _};

use serde_json::{Map, Value};
use strongroom_sdk::SecretString;
use zeroize::Zeroizing;

use crate::failure::Failure;

/// Reads `name=value` pairs as Vault does: `name=@file`, `name=-` (standard input), `@file` (a JSON object),
/// `-` (a JSON object on standard input). A name given twice makes a list.
pub(crate) fn fields(args: &[String]) -> Result<Map<String, Value>, Failure> {
    let mut out = Map::new();
    for arg in args {
        if arg == "-" {
            merge(&mut out, object(&stdin()?)?);
        } else if let Some(file) = arg.strip_prefix('@') {
            merge(&mut out, object(&read(file)?)?);
        } else {
            let (name, value) = arg.split_once('=').ok_or_else(|| {
                Failure::new("a field is written name=value").hint("name=@file and name=- read the value")
            })?;
            let value = match value {
                "-" => stdin()?.to_string(),
                value => match value.strip_prefix('@') {
                    Some(file) => read(file)?.to_string(),
                    None => value.strip_prefix("\\@").map_or_else(|| value.to_owned(), |it| format!("@{it}")),
                },
            };
            add(&mut out, name, Value::String(value));
        }
    }
    Ok(out)
}

fn add(out: &mut Map<String, Value>, name: &str, value: Value) {
    match out.get_mut(name) {
        None => {
            out.insert(name.to_owned(), value);
        }
        Some(Value::Array(items)) => items.push(value),
        Some(first) => *first = Value::Array(vec![first.take(), value]),
    }
}

fn merge(out: &mut Map<String, Value>, more: Map<String, Value>) {
    out.extend(more);
}

/// A span of time (`90s`, `24h`), for clap: what the server would refuse is refused before it is asked.
pub(crate) fn duration(text: &str) -> Result<String, &'static str> {
    let is_one = !text.trim().is_empty() && strongroom_api::params::parse_duration(text).is_some();
    if is_one { Ok(text.to_owned()) } else { Err("not a span of time: write 90s, 5m or 24h") }
}

/// A JSON document as it was written: of `@file`, or of standard input (`-`).
pub(crate) fn document(arg: &str) -> Result<Zeroizing<String>, Failure> {
    let text = match arg.strip_prefix('@') {
        Some(file) => read(file)?,
        None => stdin()?,
    };
    object(&text)?;
    Ok(text)
}

/// A file's text, or that of standard input (`-`).
pub(crate) fn file_or_stdin(name: &str) -> Result<Zeroizing<String>, Failure> {
    if name == "-" { stdin() } else { read(name) }
}

fn object(text: &str) -> Result<Map<String, Value>, Failure> {
    serde_json::from_str(text).map_err(|error| {
        Failure::new(format!("not a JSON object: line {}, column {}", error.line(), error.column()))
    })
}

/// All of standard input.
pub(crate) fn stdin() -> Result<Zeroizing<String>, Failure> {
    let mut text = Zeroizing::new(String::new());
    io::stdin()
        .read_to_string(&mut text)
        .map_err(|error| Failure::new(format!("standard input: {error}")))?;
    Ok(text)
}

fn read(file: &str) -> Result<Zeroizing<String>, Failure> {
    std::fs::read_to_string(file)
        .map(Zeroizing::new)
        .map_err(|error| Failure::new(format!("cannot read {file}: {error}")))
}

/// Shares of a key: one that is asked for without showing it, or from a pipe all lines. Never from the command
/// line or the environment, where others can see them.
pub(crate) fn shares(prompt: &str) -> Result<Vec<SecretString>, Failure> {
    if io::stdin().is_terminal() { Ok(vec![secret(prompt)?]) } else { shares_from_stdin() }
}

/// Shares of a key, one on each line of standard input.
pub(crate) fn shares_from_stdin() -> Result<Vec<SecretString>, Failure> {
    let text = stdin()?;
    let lines: Vec<SecretString> =
        text.lines().map(str::trim).filter(|it| !it.is_empty()).map(SecretString::new).collect();
    if lines.is_empty() {
        return Err(
            Failure::new("no key on standard input").hint("one on each line, or a terminal to ask on")
        );
    }
    Ok(lines)
}

/// A secret that nobody has seen yet: on a terminal it is asked for twice.
pub(crate) fn secret_twice(prompt: &str) -> Result<SecretString, Failure> {
    let first = secret(prompt)?;
    if io::stdin().is_terminal() && !first.is_same(&secret("The same again")?) {
        return Err(Failure::new("the two differ: nothing was stored"));
    }
    Ok(first)
}

/// Asks for a secret without showing it; from a pipe, takes the first line. Never from the command line or
/// the environment, where others can see it.
pub(crate) fn secret(prompt: &str) -> Result<SecretString, Failure> {
    if !io::stdin().is_terminal() {
        let text = stdin()?;
        return Ok(SecretString::new(text.lines().next().unwrap_or_default()));
    }
    let failed = |error: io::Error| Failure::new(format!("the terminal: {error}"));
    write!(io::stderr(), "{prompt}: ").map_err(failed)?;
    let echo = Silence::begin().map_err(failed)?;
    let mut line = Zeroizing::new(String::new());
    let asked = io::stdin().read_line(&mut line);
    drop(echo);
    // The person's line break was not shown either.
    writeln!(io::stderr()).map_err(failed)?;
    asked.map_err(failed)?;
    Ok(SecretString::new(line.trim_end_matches(['\r', '\n'])))
}

/// The terminal without echo, for as long as this lives.
struct Silence(rustix::termios::Termios);

impl Silence {
    fn begin() -> io::Result<Self> {
        use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
        let before = tcgetattr(io::stdin())?;
        let mut silent = before.clone();
        silent.local_modes.remove(LocalModes::ECHO);
        tcsetattr(io::stdin(), OptionalActions::Flush, &silent)?;
        Ok(Self(before))
    }
}

impl Drop for Silence {
    fn drop(&mut self) {
        // There is nobody to tell that it failed.
        let _ = rustix::termios::tcsetattr(io::stdin(), rustix::termios::OptionalActions::Flush, &self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read_as_vault_reads_them() {
        let args: Vec<String> = ["a=1", "b=x=y", "a=2", "c=\\@home"].map(str::to_owned).to_vec();
        let fields = Value::Object(fields(&args).unwrap());
        assert_eq!(fields, serde_json::json!({ "a": ["1", "2"], "b": "x=y", "c": "@home" }));
        assert!(super::fields(&["alone".to_owned()]).is_err());
    }
}
