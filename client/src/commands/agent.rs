//! `secret agent`: what was typed becomes a configuration, and the agent runs by it.

use std::path::{Path, PathBuf};

use data_encoding::BASE64;
use serde_json::{Value, json};
use strongroom_agent::{
    Options,
    config::{Config, ConfigError, Server},
    log::{Level, Log},
};
use strongroom_sdk::env::{self, Environment, names};

use crate::{context::Global, failure::Failure};

#[derive(clap::Args)]
#[command(after_help = "Examples:
  secret agent -config=agent.hcl             as `vault agent` and `bao agent`: the same file
  secret agent --role-id-file R --secret-id-file S --template db.tpl:/run/shop/db.conf
  secret agent -config=env:AGENT_CONFIG      the same, in base64 in a variable: for images without a shell
  secret agent --token-file T --template db.tpl:/run/shop/db.conf:\"systemctl reload shop\" -exit-after-auth

What --template becomes is 0600 (--mode), and directories that are made for it 0700; a configuration's templates
have `perms`, and without it 0644 as Vault's.

Signals: HUP reads the templates anew, TERM and INT end it. Exit codes: 0 when it was told to end, 1 when it
could not start or go on; with `exec` the program's own.")]
pub(crate) struct Args {
    /// A configuration file, HCL or JSON, or a directory of them, or env:NAME for a variable that holds such a file
    /// in base64; may be repeated [env: BAO_AGENT_CONFIG_PATH, VAULT_AGENT_CONFIG_PATH]
    #[arg(long, value_name = "FILE")]
    config: Vec<PathBuf>,
    /// End when everything is rendered: for an init container
    #[arg(long)]
    exit_after_auth: bool,
    /// A file with the role id of an AppRole
    #[arg(long, value_name = "FILE", conflicts_with = "token_file")]
    role_id_file: Option<PathBuf>,
    /// A file with the secret id of an AppRole; it is removed once it is read
    #[arg(long, value_name = "FILE", requires = "role_id_file")]
    secret_id_file: Option<PathBuf>,
    /// A file with a token
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// A template, the file that it becomes, and perhaps a command that is run when that has changed; may be repeated
    #[arg(long, value_name = "SOURCE:FILE[:COMMAND]")]
    template: Vec<String>,
    /// The mode of what --template becomes; directories that are missing are made for the same readers
    #[arg(long, value_name = "MODE", default_value = "0600", value_parser = strongroom_inject::Access::bits)]
    mode: u32,
    /// A file for the agent's token; may be repeated
    #[arg(long, value_name = "FILE")]
    sink: Vec<PathBuf>,
    /// Templates may become files on a disk; without it, only on a tmpfs
    #[arg(long)]
    allow_disk: bool,
    /// The process id is written there
    #[arg(long, value_name = "FILE")]
    pid_file: Option<PathBuf>,
    /// error, warn, info or debug
    #[arg(long, value_name = "LEVEL", env = "VAULT_LOG_LEVEL")]
    log_level: Option<String>,
    /// standard or json
    #[arg(long, value_name = "FORMAT", env = "VAULT_LOG_FORMAT")]
    log_format: Option<String>,
}

/// Answers the exit status.
pub(crate) fn run(global: &Global, args: Args) -> Result<u8, Failure> {
    let mut config = configuration(&args)?;
    override_server(&mut config.server, global, &env::Process);
    let level = args.log_level.as_ref().or(config.log_level.as_ref());
    let level = match level {
        Some(name) => Level::of(name).ok_or_else(|| Failure::new(format!("{name} is no log level")))?,
        None => Level::Info,
    };
    // While there is one thread.
    let activated = strongroom_process::activated_listener()
        .map_err(|error| Failure::new(format!("the socket that systemd hands over: {error}")))?;
    let closed = strongroom_process::close_files_on_exec();
    let is_json = args.log_format.as_ref().map_or(config.log_json, |it| it == "json");
    let (log, flush) = Log::start(level, is_json);
    if let Err(error) = closed {
        log.warn(&format!("open files cannot be kept from programs that are started: {error}"));
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::new(format!("cannot start: {error}")))?;
    let options = Options { allow_disk: args.allow_disk, activated };
    let outcome = runtime.block_on(strongroom_agent::run(config, options, &log));
    drop(runtime);
    drop(log);
    drop(flush);
    outcome.map_err(|error| {
        let failure = Failure::new(error.to_string());
        match error {
            strongroom_agent::Error::File { source: strongroom_inject::Error::NotInMemory, .. } => failure
                .hint("render to a tmpfs, /run often is one; --allow-disk leaves the secret on the disk"),
            _ => failure,
        }
    })
}

/// What was typed, and then the environment, come before the file: as with Vault's agent.
fn override_server(server: &mut Server, global: &Global, environment: &dyn Environment) {
    let find = |typed: &Option<String>, name| typed.clone().or_else(|| env::find(environment, name));
    let file = |typed: &Option<String>, name| find(typed, name).map(PathBuf::from);
    let (address, name) =
        (find(&global.address, names::ADDR), find(&global.tls_server_name, names::TLS_SERVER_NAME));
    let (ca_cert, ca_path) = (file(&global.ca_cert, names::CACERT), file(&global.ca_path, names::CAPATH));
    if ca_cert.is_some() || ca_path.is_some() {
        (server.ca_cert, server.ca_path) = (ca_cert, ca_path);
    }
    let (cert, key) =
        (file(&global.client_cert, names::CLIENT_CERT), file(&global.client_key, names::CLIENT_KEY));
    if cert.is_some() && key.is_some() {
        (server.client_cert, server.client_key) = (cert, key);
    }
    server.address = address.or(server.address.take());
    server.tls_server_name = name.or(server.tls_server_name.take());
    server.namespace = global.namespace.clone().or(server.namespace.take());
    if global.tls_skip_verify || env::find_bool(environment, names::SKIP_VERIFY) {
        server.tls_skip_verify = Some(true);
    }
}

/// Of the files, then of the variables, then of the options: each reads like one more file.
fn configuration(args: &Args) -> Result<Config, Failure> {
    let mut typed = serde_json::Map::new();
    if args.exit_after_auth {
        typed.insert("exit_after_auth".into(), json!(true));
    }
    if let Some(file) = &args.pid_file {
        typed.insert("pid_file".into(), json!(file));
    }
    let method = match (&args.role_id_file, &args.token_file) {
        (Some(role_id), _) => Some(json!({ "type": "approle", "config": match &args.secret_id_file {
            Some(secret_id) => json!({ "role_id_file_path": role_id, "secret_id_file_path": secret_id }),
            None => json!({ "role_id_file_path": role_id }),
        } })),
        (None, Some(file)) => Some(json!({ "type": "token_file", "config": { "token_file_path": file } })),
        (None, None) => None,
    };
    if let Some(method) = method {
        let sink = |path: &PathBuf| json!({ "type": "file", "config": { "path": path } });
        let sinks: Vec<Value> = args.sink.iter().map(sink).collect();
        typed.insert("auto_auth".into(), json!({ "method": method, "sink": sinks }));
    }
    let templates: Vec<Value> = args.template.iter().map(|it| template(it)).collect();
    if !templates.is_empty() {
        typed.insert("template".into(), json!(templates));
    }
    let typed = (!typed.is_empty()).then(|| Value::from(typed).to_string());
    let from_environment = env::find(&env::Process, "AGENT_CONFIG_PATH").map(PathBuf::from);
    let files = match args.config.is_empty() {
        true => from_environment.into_iter().collect(),
        false => args.config.clone(),
    };
    let (mut paths, mut texts) = (Vec::new(), Vec::new());
    for file in files {
        match file.to_str().and_then(|it| it.strip_prefix("env:")) {
            Some(name) => texts.push((file.clone(), variable(name)?)),
            None => paths.push(file),
        }
    }
    texts.extend(typed.map(|it| (PathBuf::from("the command line"), it)));
    let texts: Vec<(&Path, &str)> =
        texts.iter().map(|(path, text)| (path.as_path(), text.as_str())).collect();
    let config = Config::load(&paths, &texts);
    let mut config = config.map_err(|error: ConfigError| Failure::new(error.to_string()))?;
    // Those of the options come last. Files mean what they mean to Vault's agent, which has 0644 and 0755.
    for it in config.templates.iter_mut().rev().take(args.template.len()) {
        (it.mode, it.has_private_dirs) = (Some(args.mode), true);
    }
    Ok(config)
}

/// In base64, because Kubernetes would put other variables in the place of `$(NAME)`.
fn variable(name: &str) -> Result<String, Failure> {
    let value =
        crate::env::variable(name).ok_or_else(|| Failure::new(format!("no variable {name} is set")))?;
    let text = BASE64.decode(value.trim().as_bytes()).ok().and_then(|it| String::from_utf8(it).ok());
    text.ok_or_else(|| Failure::new(format!("the variable {name} holds no text in base64")))
}

/// `SOURCE:FILE[:COMMAND]`, as consul-template has it.
fn template(text: &str) -> Value {
    let mut parts = text.splitn(3, ':');
    let mut next = || parts.next().unwrap_or_default();
    let (source, destination, command) = (next(), next(), next());
    match command {
        "" => json!({ "source": source, "destination": destination }),
        command => json!({ "source": source, "destination": destination, "command": command }),
    }
}
