//! One file after the other into a draft, and the draft into a configuration.

use std::path::{Path, PathBuf};

use strongroom_hcl::{BodyView, ReadError, Reader};

use super::{
    Config, ConfigError, Server,
    auth::{self, AutoAuth},
    keys,
    listener::{self, Cache, Listener, UseToken},
    path::{self, PathRules},
    sockets::{self, Docker, Systemd},
    template::{self, EnvTemplate, Exec, Template, TemplateConfig},
};

#[derive(Default)]
pub(super) struct Draft {
    pid_file: Option<PathBuf>,
    exit_after_auth: bool,
    server: Server,
    auto_auth: Option<AutoAuth>,
    templates: Vec<Template>,
    template_config: TemplateConfig,
    env_templates: Vec<EnvTemplate>,
    exec: Option<Exec>,
    listeners: Vec<Listener>,
    cache: Cache,
    paths: PathRules,
    systemd: Option<Systemd>,
    docker: Option<Docker>,
    revoke_on_exit: bool,
    log_level: Option<String>,
    log_json: bool,
    warnings: Vec<String>,
}

impl Draft {
    pub(super) fn read(&mut self, path: &Path, text: &str) -> Result<(), ReadError> {
        let mut reader = Reader::new(path, text);
        let parsed = reader.parse()?;
        let body = parsed.view();
        reader.check_keys(body, &keys::TOP, "the configuration")?;
        if let Some(file) = reader.text(body, "pid_file")? {
            self.pid_file = Some(file.into());
        }
        self.exit_after_auth = reader.bool(body, "exit_after_auth")?.unwrap_or(self.exit_after_auth);
        self.log_level = reader.text(body, "log_level")?.or_else(|| self.log_level.take());
        if let Some(format) = reader.text(body, "log_format")? {
            self.log_json = format.eq_ignore_ascii_case("json");
        }
        if let Some(block) = reader.block(body, "vault")? {
            self.server = server(&mut reader, block.body)?;
        }
        if let Some(block) = reader.block(body, "auto_auth")? {
            self.auto_auth = Some(auth::read(&mut reader, &block)?);
        }
        for block in reader.blocks(body, "template", 0)? {
            self.templates.push(template::read(&mut reader, &block)?);
        }
        if let Some(block) = reader.block(body, "template_config")? {
            self.template_config = template::read_config(&mut reader, block.body)?;
        }
        for block in reader.blocks(body, "env_template", 1)? {
            self.env_templates.push(template::read_env(&mut reader, &block)?);
        }
        if let Some(block) = reader.block(body, "exec")? {
            self.exec = Some(template::read_exec(&mut reader, &block)?);
        }
        for block in reader.blocks(body, "listener", 1)? {
            self.listeners.push(listener::read(&mut reader, &block)?);
        }
        if let Some(block) = reader.block(body, "cache")? {
            self.cache = listener::read_cache(&mut reader, block.body)?;
        }
        if let Some(block) = reader.block(body, "api_proxy")? {
            reader.check_keys(block.body, &keys::API_PROXY, "api_proxy")?;
            if let Some(token) = listener::use_token(&reader, block.body)? {
                if self.cache.use_token != UseToken::No {
                    return Err(reader
                        .refuse(block.key, "`use_auto_auth_token` stands in `cache` and in `api_proxy`"));
                }
                self.cache.use_token = token;
            }
        }
        for block in reader.blocks(body, "path", 1)? {
            path::read(&mut reader, &block, &mut self.paths)?;
        }
        if let Some(block) = reader.block(body, "systemd")? {
            self.systemd = Some(sockets::read_systemd(&mut reader, &block)?);
        }
        if let Some(block) = reader.block(body, "docker")? {
            self.docker = Some(sockets::read_docker(&mut reader, &block)?);
        }
        self.revoke_on_exit = reader.bool(body, "revoke_on_exit")?.unwrap_or(self.revoke_on_exit);
        self.warnings.append(&mut reader.warnings);
        Ok(())
    }

    pub(super) fn finish(self) -> Result<Config, ConfigError> {
        let renders = !self.templates.is_empty() || !self.env_templates.is_empty();
        let answers = self.systemd.is_some() || self.docker.is_some();
        let wants_token = renders || answers || self.cache.use_token != UseToken::No;
        let lacks = |what| Err(ConfigError::Whole(what));
        match &self.auto_auth {
            None if self.listeners.is_empty() || wants_token => {
                return lacks("the configuration has no `auto_auth`: nobody to ask as");
            }
            Some(auth) if auth.sinks.is_empty() && !wants_token && self.listeners.is_empty() => {
                return lacks(
                    "the configuration has an `auto_auth`, and neither a sink nor a template for its token",
                );
            }
            _ => {}
        }
        let is_wrapped = self.auto_auth.as_ref().is_some_and(|it| it.method.wrap_ttl.is_some());
        if is_wrapped && wants_token {
            return lacks("the method's `wrap_ttl` leaves the agent without a token of its own");
        }
        if self.cache.is_on && self.listeners.is_empty() && !wants_token {
            return lacks("`cache` without a listener or a template keeps nothing");
        }
        let names: std::collections::BTreeSet<_> = self.env_templates.iter().map(|it| &it.name).collect();
        if names.len() < self.env_templates.len() {
            return lacks("two `env_template`s become the same variable");
        }
        if self.exec.is_some() == self.env_templates.is_empty() {
            return lacks("`exec` and `env_template` go together: a program, and its variables");
        }
        if self.exec.is_some() && !self.templates.is_empty() {
            return lacks(
                "`exec` with `template` is not offered by Vault either: take `env_template`, or two agents",
            );
        }
        if self.exec.is_some() && self.exit_after_auth {
            return lacks("`exit_after_auth` would end the program of `exec` at once");
        }
        Ok(Config {
            pid_file: self.pid_file,
            exit_after_auth: self.exit_after_auth,
            server: self.server,
            auto_auth: self.auto_auth,
            templates: self.templates,
            template_config: self.template_config,
            env_templates: self.env_templates,
            exec: self.exec,
            listeners: self.listeners,
            cache: self.cache,
            paths: self.paths,
            systemd: self.systemd,
            docker: self.docker,
            revoke_on_exit: self.revoke_on_exit,
            log_level: self.log_level,
            log_json: self.log_json,
            warnings: self.warnings,
        })
    }
}

fn server(reader: &mut Reader<'_>, body: BodyView<'_>) -> Result<Server, ReadError> {
    reader.check_keys(body, &keys::VAULT, "vault")?;
    let path = |name| Ok(reader.text(body, name)?.filter(|it| !it.is_empty()).map(PathBuf::from));
    let mut server = Server {
        address: reader.text(body, "address")?,
        ca_cert: path("ca_cert")?,
        ca_path: path("ca_path")?,
        client_cert: path("client_cert")?,
        client_key: path("client_key")?,
        tls_skip_verify: reader.bool(body, "tls_skip_verify")?,
        tls_server_name: reader.text(body, "tls_server_name")?,
        namespace: reader.text(body, "namespace")?,
        retries: None,
    };
    if let Some(retry) = reader.block(body, "retry")? {
        reader.check_keys(retry.body, &keys::RETRY, "retry")?;
        // Vault: 0 is the default, and -1 means none.
        let number =
            reader.parsed(retry.body, "num_retries", "a whole number", |it| it.parse::<i64>().ok())?;
        server.retries = number.filter(|it| *it != 0).map(|it| u32::try_from(it).unwrap_or(0));
    }
    Ok(server)
}
