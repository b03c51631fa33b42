//! What is rendered, where to, and what happens then.

use std::{path::PathBuf, time::Duration};

use strongroom_hcl::{AttrView, BlockView, BodyView, ReadError, Reader};

use super::{auth::one_of, duration, keys, mode};

/// A template and the file that it becomes.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Template {
    pub text: Text,
    pub destination: PathBuf,
    pub create_dest_dirs: bool,
    /// Directories that are made for it are for those alone who may read it.
    pub has_private_dirs: bool,
    /// Of a file that is there already, `None` keeps it.
    pub mode: Option<u32>,
    pub owner: Option<String>,
    pub group: Option<String>,
    /// The old file is kept beside the new one.
    pub backup: bool,
    /// Files that the template reads lie below it.
    pub sandbox: Option<PathBuf>,
    /// The program that is run when the file has changed.
    pub on_change: Option<OnChange>,
    /// Whether an error in it ends the agent.
    pub error_fatal: bool,
    /// How long to wait for more changes, at least and at most.
    pub wait: Option<(Duration, Duration)>,
}

/// The template itself.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Text {
    pub from: Origin,
    pub delimiters: Option<(String, String)>,
    pub error_on_missing_key: bool,
    /// Functions that it must not call.
    pub denied: Vec<String>,
}

#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Origin {
    File(PathBuf),
    Contents(String),
}

#[derive(Clone, Debug, Eq, PartialEq)]
pub struct OnChange {
    /// One word is a line for `sh -c`.
    pub command: Vec<String>,
    pub timeout: Duration,
}

/// A template and the variable of the child that it becomes.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct EnvTemplate {
    pub name: String,
    pub text: Text,
    pub error_fatal: bool,
}

/// The child.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Exec {
    pub command: Vec<String>,
    pub restart: Restart,
    /// By name: what asks the child to end.
    pub stop_signal: String,
}

#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Restart {
    #[default]
    Always,
    Never,
}

#[derive(Clone, Debug, PartialEq)]
pub struct TemplateConfig {
    /// A secret that cannot be read ends the agent, once it has been tried often enough.
    pub exit_on_retry_failure: bool,
    /// How often what has no lease is read again.
    pub static_interval: Duration,
    /// Part of a lease after which it is renewed, or read again.
    pub renew_at: f64,
    /// What templates may reach beside secrets and the time.
    pub allow: Allowed,
}

/// Functions of templates that are off unless they stand in `allow`.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Allowed {
    pub env: bool,
    /// `file`: with `sandbox_path`, below that alone.
    pub file: bool,
    pub plugin: bool,
    pub write: bool,
}

impl Allowed {
    /// The names in `allow`.
    fn set(&mut self, name: &str) -> bool {
        match name {
            "env" => self.env = true,
            "file" => self.file = true,
            "plugin" => self.plugin = true,
            "writeToFile" => self.write = true,
            _ => return false,
        }
        true
    }
}

impl Default for TemplateConfig {
    fn default() -> Self {
        Self {
            exit_on_retry_failure: false,
            static_interval: Duration::from_secs(300),
            renew_at: 0.9,
            allow: Allowed::default(),
        }
    }
}

const TIMEOUT: Duration = Duration::from_secs(30);

pub(super) fn read(reader: &mut Reader<'_>, block: &BlockView<'_>) -> Result<Template, ReadError> {
    let body = block.body;
    reader.check_keys(body, &keys::TEMPLATE, "template")?;
    let destination = reader.text(body, "destination")?.filter(|it| !it.is_empty());
    let destination =
        destination.ok_or_else(|| reader.refuse(block.key, "a template needs a `destination`"))?;
    Ok(Template {
        text: text(reader, block)?,
        destination: destination.into(),
        create_dest_dirs: reader.bool(body, "create_dest_dirs")?.unwrap_or(true),
        has_private_dirs: false,
        mode: mode(reader, body, "perms")?.filter(|it| *it != 0),
        owner: one_of(reader, body, ["user", "uid"])?,
        group: one_of(reader, body, ["group", "gid"])?,
        backup: reader.bool(body, "backup")?.unwrap_or(false),
        sandbox: reader.text(body, "sandbox_path")?.filter(|it| !it.is_empty()).map(PathBuf::from),
        on_change: on_change(reader, body)?,
        error_fatal: reader.bool(body, "error_fatal")?.unwrap_or(true),
        wait: wait(reader, body)?,
    })
}

fn text(reader: &Reader<'_>, block: &BlockView<'_>) -> Result<Text, ReadError> {
    let body = block.body;
    let source = reader.text(body, "source")?.filter(|it| !it.is_empty());
    let contents = reader.text(body, "contents")?.filter(|it| !it.is_empty());
    let from = match (source, contents) {
        (Some(file), None) => Origin::File(file.into()),
        (None, Some(contents)) => Origin::Contents(contents),
        _ => return Err(reader.refuse(block.key, "a template has either `source` or `contents`")),
    };
    let delimiter = |name| Ok(reader.text(body, name)?.filter(|it| !it.is_empty()));
    let delimiters = match (delimiter("left_delimiter")?, delimiter("right_delimiter")?) {
        (None, None) => None,
        (left, right) => Some((left.unwrap_or_else(|| "{{".into()), right.unwrap_or_else(|| "}}".into()))),
    };
    let mut denied = Vec::new();
    for name in ["function_denylist", "function_blacklist"] {
        if body.attr(name).is_some() {
            denied.extend(reader.list(body, name)?.into_iter().map(|it| it.1));
        }
    }
    let error_on_missing_key = reader.bool(body, "error_on_missing_key")?.unwrap_or(false);
    Ok(Text { from, delimiters, error_on_missing_key, denied })
}

fn on_change(reader: &mut Reader<'_>, body: BodyView<'_>) -> Result<Option<OnChange>, ReadError> {
    let mut command = words(reader, body, "command")?;
    let mut timeout = duration(reader, body, "command_timeout")?;
    if let Some(exec) = reader.block(body, "exec")? {
        reader.check_keys(exec.body, &keys::TEMPLATE_EXEC, "exec")?;
        if !command.is_empty() {
            return Err(reader.refuse(exec.key, "`command` stands beside `exec`"));
        }
        command = words(reader, exec.body, "command")?;
        timeout = duration(reader, exec.body, "timeout")?;
    }
    let timeout = timeout.filter(|it| !it.is_zero()).unwrap_or(TIMEOUT);
    Ok((!command.is_empty()).then_some(OnChange { command, timeout }))
}

/// A list of words, or one line.
fn words(reader: &Reader<'_>, body: BodyView<'_>, name: &str) -> Result<Vec<String>, ReadError> {
    let Some(attr) = body.single(name).map_err(|it| reader.at(it))? else { return Ok(Vec::new()) };
    let items: Vec<AttrView<'_>> = match attr.as_list() {
        Ok(items) => items.collect(),
        Err(_) => vec![attr],
    };
    let words = items.iter().map(|it| it.as_str().map(str::to_owned).map_err(|it| reader.at(it)));
    let words: Vec<String> = words.collect::<Result<_, _>>()?;
    Ok(words.into_iter().filter(|it| !it.is_empty()).collect())
}

/// `wait { min = "2s" max = "10s" }`, or `wait = "2s:10s"`.
fn wait(reader: &mut Reader<'_>, body: BodyView<'_>) -> Result<Option<(Duration, Duration)>, ReadError> {
    let parse = |text: &str| strongroom_api::params::parse_duration(text);
    // Consul-template takes four times the least where the most is not said.
    let most = |least: Duration| least * 4;
    if body.attr("wait").is_some_and(|it| it.as_str().is_ok()) {
        return reader.parsed(body, "wait", "two durations, as in \"2s:10s\"", |text| {
            match text.split_once(':') {
                Some((min, max)) => Some((parse(min)?, parse(max)?)),
                None => parse(text).map(|min| (min, most(min))),
            }
        });
    }
    let Some(block) = reader.block(body, "wait")? else { return Ok(None) };
    reader.check_keys(block.body, &keys::WAIT, "wait")?;
    let min = duration(reader, block.body, "min")?.unwrap_or_default();
    Ok(Some((min, duration(reader, block.body, "max")?.unwrap_or_else(|| most(min)))))
}

pub(super) fn read_env(reader: &mut Reader<'_>, block: &BlockView<'_>) -> Result<EnvTemplate, ReadError> {
    reader.check_keys(block.body, &keys::ENV_TEMPLATE, "env_template")?;
    let name = block.label(0);
    let is_name = name
        .bytes()
        .enumerate()
        .all(|(at, byte)| byte == b'_' || byte.is_ascii_alphabetic() || at > 0 && byte.is_ascii_digit());
    if name.is_empty() || !is_name {
        return Err(reader.refuse(block.key, "an `env_template` is called as a variable is"));
    }
    Ok(EnvTemplate {
        name: name.to_owned(),
        text: text(reader, block)?,
        error_fatal: reader.bool(block.body, "error_fatal")?.unwrap_or(true),
    })
}

pub(super) fn read_exec(reader: &mut Reader<'_>, block: &BlockView<'_>) -> Result<Exec, ReadError> {
    reader.check_keys(block.body, &keys::EXEC, "exec")?;
    let command = words(reader, block.body, "command")?;
    if command.is_empty() {
        return Err(reader.refuse(block.key, "`exec` needs a `command`"));
    }
    let restart =
        reader.parsed(block.body, "restart_on_secret_changes", "always or never", |it| match it {
            "always" => Some(Restart::Always),
            "never" => Some(Restart::Never),
            _ => None,
        })?;
    let stop_signal = reader.text(block.body, "restart_stop_signal")?.filter(|it| !it.is_empty());
    Ok(Exec {
        command,
        restart: restart.unwrap_or_default(),
        stop_signal: stop_signal.unwrap_or_else(|| "SIGTERM".to_owned()),
    })
}

pub(super) fn read_config(reader: &mut Reader<'_>, body: BodyView<'_>) -> Result<TemplateConfig, ReadError> {
    reader.check_keys(body, &keys::TEMPLATE_CONFIG, "template_config")?;
    let usual = TemplateConfig::default();
    let interval = duration(reader, body, "static_secret_render_interval")?.filter(|it| !it.is_zero());
    let renew_at = reader.parsed(body, "lease_renewal_threshold", "a number between 0 and 1", |it| {
        it.parse::<f64>().ok().filter(|it| (0.0..=1.0).contains(it))
    })?;
    let mut allow = Allowed::default();
    if body.attr("allow").is_some() {
        for (span, name) in reader.list(body, "allow")? {
            if !allow.set(&name) {
                return Err(reader.refuse(span, "only env, file, plugin and writeToFile can be allowed"));
            }
        }
    }
    Ok(TemplateConfig {
        allow,
        exit_on_retry_failure: reader.bool(body, "exit_on_retry_failure")?.unwrap_or(false),
        static_interval: interval.unwrap_or(usual.static_interval),
        renew_at: renew_at.filter(|it| *it > 0.0).unwrap_or(usual.renew_at),
    })
}
