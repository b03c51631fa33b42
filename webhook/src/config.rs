//! The agent's configuration, as `secret agent` reads it.

use std::path::Path;

use serde_json::{Map, Value, json};

use crate::{
    decide::Refusal,
    json::Json as _,
    wish::{Command, SecretFile, Source, Wish},
};

/// One variable of a container's environment; the kernel takes no longer one.
const LONGEST: usize = 90 << 10;

/// Which of the two agents.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Phase {
    Init,
    Sidecar,
}

/// The configuration as JSON.
///
/// # Errors
///
/// What the agent itself would say of it.
pub(crate) fn text(wish: &Wish, phase: Phase) -> Result<String, Refusal> {
    let text = config(wish, phase).to_string();
    if text.len() > LONGEST {
        return Err(Refusal::Pod("its templates are longer than 90 KiB together"));
    }
    check(&text)?;
    Ok(text)
}

fn config(wish: &Wish, phase: Phase) -> Value {
    let agent = &wish.agent;
    let exits = match phase {
        Phase::Init => agent.exit_on_retry_failure.0,
        Phase::Sidecar => agent.exit_on_retry_failure.1,
    };
    let mut templating = Map::new();
    templating.insert("exit_on_retry_failure".to_owned(), exits.into());
    if let Some(interval) = &agent.interval {
        templating.insert("static_secret_render_interval".to_owned(), interval.as_str().into());
    }
    let mut auto_auth = json!({ "method": [method(wish)] });
    if agent.leaves_token {
        let path = format!("{}/token", wish.folders.first().map_or("", String::as_str));
        auto_auth.put("sink", json!([{ "type": "file", "config": { "path": path, "mode": "0644" } }]));
    }
    let mut config = json!({
        "exit_after_auth": phase == Phase::Init,
        "auto_auth": auto_auth,
        "template": wish.files.iter().map(template).collect::<Vec<_>>(),
        "template_config": templating,
    });
    let stanza = wish.trust.stanza();
    if stanza.as_object().is_some_and(|it| !it.is_empty()) {
        config.put("vault", stanza);
    }
    for (key, value) in [("log_level", &agent.log_level), ("log_format", &agent.log_format)] {
        if let Some(value) = value {
            config.put(key, value.as_str());
        }
    }
    if phase == Phase::Sidecar {
        listener(wish, &mut config);
    }
    config
}

fn listener(wish: &Wish, config: &mut Value) {
    if wish.agent.revokes {
        config.put("revoke_on_exit", true);
    }
    let Some(cache) = &wish.agent.cache else { return };
    let mut listener = json!({ "address": format!("127.0.0.1:{}", cache.port), "tls_disable": true });
    if cache.quit {
        listener.put("agent_api", json!({ "enable_quit": true }));
    }
    config.put("listener", json!([{ "tcp": listener }]));
    if cache.keeps {
        let token = match cache.token {
            Some("force") => Value::from("force"),
            token => token.is_some().into(),
        };
        config.put("cache", json!({ "use_auto_auth_token": token }));
    }
}

fn method(wish: &Wish) -> Value {
    let login = &wish.login;
    let mut method = json!({ "type": login.kind, "mount_path": login.mount, "config": login.config });
    for (key, value) in [("min_backoff", &login.min_backoff), ("max_backoff", &login.max_backoff)] {
        if let Some(value) = value {
            method.put(key, value.as_str());
        }
    }
    if wish.agent.exit_on_login_error {
        method.put("exit_on_err", true);
    }
    method
}

fn template(file: &SecretFile) -> Value {
    let mut template = json!({ "destination": file.destination });
    match &file.source {
        Source::Template(text) => template.put("contents", text.as_str()),
        Source::File(path) => template.put("source", path.as_str()),
    }
    if let Some(mode) = &file.mode {
        template.put("perms", mode.as_str());
    }
    match &file.command {
        Some(Command::Line(line)) => template.put("command", line.as_str()),
        Some(Command::Words(words)) => template.put("command", words.as_slice()),
        None => {}
    }
    if file.error_on_missing_key {
        template.put("error_on_missing_key", true);
    }
    template
}

/// What the agent would not start with is refused now.
fn check(config: &str) -> Result<(), Refusal> {
    let read = strongroom_agent::config::Config::load(&[], &[(Path::new("agent"), config)]);
    read.map(drop).map_err(|error| Refusal::Config(error.to_string()))
}
