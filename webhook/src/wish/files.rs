//! The files that an application finds.

use std::collections::BTreeSet;

use super::{Reading, text};
use crate::{annotations::shown, decide::Refusal};

/// More than a pod reads; each is a request of the agent at every round.
const MOST: usize = 100;
pub(super) const FOLDER: &str = "/vault/secrets";

#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct SecretFile {
    /// What stands behind the dashes, for messages.
    pub(crate) name: String,
    pub(crate) destination: String,
    pub(crate) source: Source,
    pub(crate) mode: Option<String>,
    pub(crate) command: Option<Command>,
    pub(crate) error_on_missing_key: bool,
}

#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Source {
    Template(String),
    /// A file in the agent's container.
    File(String),
}

#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Command {
    /// For a shell.
    Line(String),
    Words(Vec<String>),
}

/// Folders and files.
pub(super) fn read(cx: &Reading<'_>) -> Result<(Vec<String>, Vec<SecretFile>), Refusal> {
    let folder = cx.read("secret-volume-path", text::absolute)?.unwrap_or_else(|| FOLDER.to_owned());
    is_free("secret-volume-path", &folder)?;
    let mut folders = vec![folder.clone()];
    let given = &cx.given;
    let names: BTreeSet<&str> = given.each("agent-inject-secret-").map(|(name, _)| name).collect();
    let templates = given.each("agent-inject-template-").chain(given.each("agent-inject-template-file-"));
    let names: BTreeSet<&str> = names.into_iter().chain(templates.map(|(name, _)| name)).collect();
    orphans(cx, &names)?;
    if names.len() > MOST {
        return Err(Refusal::Pod("it asks for more than 100 secrets"));
    }
    let mut files = Vec::new();
    for name in names {
        files.push(file(cx, name, &folder, &mut folders)?);
    }
    // A mount below a read-only one has nowhere to be.
    let lies_in_another = |it: &String| folders.iter().any(|other| other != it && text::is_below(it, other));
    if folders.iter().any(lies_in_another) {
        return Err(Refusal::Pod("one of its folders of secrets lies in another; a file may have a path"));
    }
    let mut seen = BTreeSet::new();
    if let Some(twice) = files.iter().find(|it| !seen.insert(it.destination.as_str())) {
        return Err(Refusal::annotation(
            &format!("agent-inject-secret-{}", twice.name),
            "becomes the same file as another secret",
        ));
    }
    Ok((folders, files))
}

/// What belongs to a secret that is not there is a slip of the pen, and the application would miss it.
fn orphans(cx: &Reading<'_>, names: &BTreeSet<&str>) -> Result<(), Refusal> {
    for kind in [
        "agent-inject-file-",
        "agent-inject-perms-",
        "agent-inject-command-",
        "error-on-missing-key-",
        "secret-volume-path-",
    ] {
        if let Some((name, _)) = cx.given.each(kind).find(|(name, _)| !names.contains(name)) {
            let why = "belongs to no secret: there is neither agent-inject-secret- nor agent-inject-template- of \
                       that name";
            return Err(Refusal::annotation(&format!("{kind}{name}"), why));
        }
    }
    Ok(())
}

fn file(cx: &Reading<'_>, name: &str, pods: &str, folders: &mut Vec<String>) -> Result<SecretFile, Refusal> {
    let refuse = |kind: &str, why: &'static str| Refusal::annotation(&format!("{kind}{name}"), why);
    let one = |kind: &'static str| cx.given.one(kind, name);
    let folder = match one("secret-volume-path-") {
        Some(path) => {
            let path = text::absolute(path).map_err(|why| refuse("secret-volume-path-", why))?;
            is_free(&format!("secret-volume-path-{name}"), &path)?;
            path
        }
        None => pods.to_owned(),
    };
    let file = match one("agent-inject-file-") {
        Some(file) => text::file_name(file).map_err(|why| refuse("agent-inject-file-", why))?,
        None => {
            let keeps = cx.flag("preserve-secret-case")?.unwrap_or(false);
            let file = if keeps { name.to_owned() } else { name.to_lowercase() };
            text::file_name(&file).map_err(|why| refuse("agent-inject-secret-", why))?
        }
    };
    let destination = format!("{folder}/{file}");
    if !folders.contains(&folder) {
        folders.push(folder);
    }
    let mode =
        one("agent-inject-perms-").map(|it| text::mode(it).map_err(|why| refuse("agent-inject-perms-", why)));
    let missing = one("error-on-missing-key-");
    let missing = missing.map(|it| text::flag(it).map_err(|why| refuse("error-on-missing-key-", why)));
    Ok(SecretFile {
        name: shown(name),
        destination,
        source: source(cx, name)?,
        mode: mode.transpose()?,
        command: command(cx, name)?,
        error_on_missing_key: missing.transpose()?.unwrap_or(false),
    })
}

fn source(cx: &Reading<'_>, name: &str) -> Result<Source, Refusal> {
    let refuse = |kind: &str, why: &'static str| Refusal::annotation(&format!("{kind}{name}"), why);
    let (contents, file) =
        (cx.given.one("agent-inject-template-", name), cx.given.one("agent-inject-template-file-", name));
    if let Some(path) = cx.given.one("agent-inject-secret-", name) {
        let path = text::api_path(path).map_err(|why| refuse("agent-inject-secret-", why))?;
        if contents.is_none() && file.is_none() {
            return Ok(Source::Template(usual(cx, &path)?));
        }
    }
    match (contents, file) {
        (Some(contents), None) => {
            let kind = "agent-inject-template-";
            let text = text::template(contents).map_err(|why| refuse(kind, why))?;
            parse(&text).map_err(|why| Refusal::annotation(&format!("{kind}{name}"), why))?;
            Ok(Source::Template(text))
        }
        (None, Some(file)) => {
            let kind = "agent-inject-template-file-";
            cx.mounted_file(file).map(Source::File).map_err(|why| refuse(kind, why))
        }
        _ => Err(refuse("agent-inject-template-file-", "stands beside agent-inject-template-")),
    }
}

/// What stands where nobody wrote a template: the stock injector's two, but that of a KV v2 secret `map` shows the
/// fields, and not the two maps around them.
fn usual(cx: &Reading<'_>, path: &str) -> Result<String, Refusal> {
    let name = "agent-inject-default-template";
    match cx.given.whole(name).unwrap_or("map") {
        "map" => Ok(format!(
            "{{{{ with secret \"{path}\" }}}}{{{{ $all := .Data }}}}\
             {{{{ if and .Data.data .Data.metadata }}}}{{{{ $all = .Data.data }}}}{{{{ end }}}}\
             {{{{ range $k, $v := $all }}}}{{{{ $k }}}}: {{{{ $v }}}}\n{{{{ end }}}}{{{{ end }}}}"
        )),
        "json" => Ok(format!("{{{{ with secret \"{path}\" }}}}{{{{ .Data | toJSON }}}}\n{{{{ end }}}}")),
        _ => Err(Refusal::annotation(name, "takes map or json")),
    }
}

/// A template that the agent could not read is refused now, and not when the pod starts.
fn parse(text: &str) -> Result<(), String> {
    let options = strongroom_template::Options::default();
    strongroom_template::Template::parse(text, &options).map(drop).map_err(|error| error.to_string())
}

fn command(cx: &Reading<'_>, name: &str) -> Result<Option<Command>, Refusal> {
    let kind = "agent-inject-command-";
    let Some(command) = cx.given.one(kind, name) else { return Ok(None) };
    let refuse = |why: &'static str| Refusal::annotation(&format!("{kind}{name}"), why);
    let command = text::template(command).map_err(refuse)?;
    if command.trim_start().starts_with('[') {
        let words: Vec<String> =
            serde_json::from_str(&command).map_err(|_| refuse("takes one line, or a JSON list of words"))?;
        return match words.first() {
            Some(program) if !program.is_empty() => Ok(Some(Command::Words(words))),
            _ => Err(refuse("takes one line, or a JSON list of words")),
        };
    }
    match cx.is_usual_image() && !cx.settings.has_shell {
        true => Err(refuse(
            "the agent's image has no shell for a line; a JSON list of words is started without one",
        )),
        false => Ok(Some(Command::Line(command))),
    }
}

/// A folder must not hide what the agent needs, or what the kernel shows.
fn is_free(name: &str, path: &str) -> Result<(), Refusal> {
    let taken = [
        "/proc",
        "/sys",
        "/dev",
        super::login::FOLDER,
        super::agent::CONFIGS,
        super::agent::CUSTOM,
        super::agent::TLS,
    ];
    match taken.iter().any(|it| text::is_below(path, it) || text::is_below(it, path)) {
        true => Err(Refusal::annotation(name, "is where the kernel or the agent has something else")),
        false => Ok(()),
    }
}
