//! The agent's containers, and how it lives.

use serde_json::Value;

use super::{Phases, Reading, text};
use crate::{decide::Refusal, json::Json as _, pod::Container};

/// Where the pod's own objects are in the agent's containers; the stock injector's places.
pub(crate) const CONFIGS: &str = "/vault/configs";
pub(crate) const CUSTOM: &str = "/vault/custom";
pub(crate) const TLS: &str = "/vault/tls";

#[derive(Debug)]
pub(crate) struct Agent {
    pub(crate) image: String,
    pub(crate) resources: Resources,
    /// `None`: whoever the cluster says, as OpenShift does.
    pub(crate) user: Option<(i64, i64)>,
    /// The agent's token becomes a file as well.
    pub(crate) leaves_token: bool,
    pub(crate) config_map: Option<String>,
    pub(crate) extra_secret: Option<String>,
    /// Mounts of one of the pod's containers, which the agent gets as well.
    pub(crate) copied: Vec<Value>,
    pub(crate) revokes: bool,
    pub(crate) cache: Option<Cache>,
    pub(crate) exit_on_login_error: bool,
    /// Of the init container and of the sidecar.
    pub(crate) exit_on_retry_failure: (bool, bool),
    pub(crate) interval: Option<String>,
    pub(crate) log_level: Option<String>,
    pub(crate) log_format: Option<String>,
    pub(crate) init_patch: Option<json_patch::Patch>,
    pub(crate) patch: Option<json_patch::Patch>,
}

/// A listener on loopback.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Cache {
    pub(crate) port: u16,
    /// `true` or `force`, where requests get the agent's token.
    pub(crate) token: Option<&'static str>,
    /// Answers are kept.
    pub(crate) keeps: bool,
    pub(crate) quit: bool,
}

/// `None` is no bound.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Resources {
    pub(crate) requests: Vec<(&'static str, String)>,
    pub(crate) limits: Vec<(&'static str, String)>,
}

pub(super) fn read(cx: &mut Reading<'_>, phases: Phases) -> Result<Agent, Refusal> {
    let image = match cx.read("agent-image", text::line)? {
        None => cx.settings.image.clone(),
        Some(image) if image == cx.settings.image || cx.settings.allowed.has_image(&image) => image,
        Some(_) => {
            return Err(Refusal::annotation(
                "agent-image",
                "is not one that the operator of the webhook allows",
            ));
        }
    };
    cx.needs("agent-configmap", cx.settings.allowed.tls)?;
    let log_format = |it: &str| match it {
        "standard" | "json" => Ok(it.to_owned()),
        _ => Err("takes standard or json"),
    };
    let log_level = |it: &str| match strongroom_agent::log::Level::of(it) {
        Some(_) => Ok(it.to_owned()),
        None => Err("takes error, warn, info or debug"),
    };
    let exits = cx.flag("template-config-exit-on-retry-failure")?;
    let agent = Agent {
        image,
        resources: resources(cx)?,
        user: user(cx)?,
        leaves_token: cx.flag("agent-inject-token")?.unwrap_or(false),
        config_map: cx.read("agent-configmap", text::object)?,
        extra_secret: cx.read("agent-extra-secret", text::object)?,
        copied: copied(cx)?,
        revokes: cx.flag("agent-revoke-on-shutdown")?.unwrap_or(false),
        cache: cache(cx)?,
        exit_on_login_error: cx.flag("agent-auto-auth-exit-on-err")?.unwrap_or(false),
        // Who starts should fail where it can be seen; who runs keeps the last good values.
        exit_on_retry_failure: (exits.unwrap_or(true), exits.unwrap_or(false)),
        interval: cx.read("template-static-secret-render-interval", text::duration)?,
        log_level: cx.read("log-level", log_level)?,
        log_format: cx.read("log-format", log_format)?,
        init_patch: patch(cx, "agent-init-json-patch")?,
        patch: patch(cx, "agent-json-patch")?,
    };
    if phases == Phases::Init && (agent.cache.is_some() || agent.revokes) {
        cx.given.warnings.push(
            "there is no sidecar: a listener and the token's end at shutdown are asked for and not there"
                .to_owned(),
        );
    }
    if agent.user.is_some_and(|(user, _)| user == 0) {
        cx.given.warnings.push("the agent runs as root, as the pod asks for".to_owned());
    }
    Ok(agent)
}

fn resources(cx: &Reading<'_>) -> Result<Resources, Refusal> {
    let mut resources = Resources::default();
    for (name, kind, usual) in [
        ("agent-requests-cpu", "cpu", Some("10m")),
        ("agent-requests-mem", "memory", Some("16Mi")),
        ("agent-requests-ephemeral", "ephemeral-storage", None),
        ("agent-limits-cpu", "cpu", Some("250m")),
        ("agent-limits-mem", "memory", Some("64Mi")),
        ("agent-limits-ephemeral", "ephemeral-storage", None),
    ] {
        // An empty one takes the bound away.
        let value = match cx.given.said(name) {
            Some("") => None,
            Some(_) => cx.read(name, text::quantity)?,
            None => usual.map(str::to_owned),
        };
        let list = if name.contains("requests") { &mut resources.requests } else { &mut resources.limits };
        list.extend(value.map(|it| (kind, it)));
    }
    Ok(resources)
}

fn user(cx: &Reading<'_>) -> Result<Option<(i64, i64)>, Refusal> {
    let (user, group) = (cx.read("agent-run-as-user", text::id)?, cx.read("agent-run-as-group", text::id)?);
    if cx.flag("agent-set-security-context")? == Some(false) {
        return match user.is_some() || group.is_some() {
            true => Err(Refusal::annotation("agent-set-security-context", "is false beside a user or group")),
            false => Ok(None),
        };
    }
    let same = "agent-run-as-same-user";
    let user = match (cx.flag(same)?.unwrap_or(false), user) {
        (true, Some(_)) => return Err(Refusal::annotation(same, "stands beside agent-run-as-user")),
        (true, None) => Some(cx.pod.run_as("runAsUser").ok_or_else(|| {
            Refusal::annotation(same, "needs a runAsUser of the pod or of its first container")
        })?),
        (false, user) => user,
    };
    Ok(Some((user.unwrap_or(cx.settings.user), group.unwrap_or(cx.settings.group))))
}

fn cache(cx: &Reading<'_>) -> Result<Option<Cache>, Refusal> {
    let keeps = cx.flag("agent-cache-enable")?.unwrap_or(false);
    let quit = cx.flag("agent-enable-quit")?.unwrap_or(false);
    let port = cx.read("agent-cache-listener-port", text::port)?.unwrap_or(8200);
    let token = cx.read("agent-cache-use-auto-auth-token", |it| match it {
        "force" => Ok(Some("force")),
        it => text::flag(it).map(|it| it.then_some("true")).map_err(|_| "takes true, false or force"),
    })?;
    if !keeps && !quit {
        return Ok(None);
    }
    if cx.pod.is_on_the_nodes_network() {
        let name = if keeps { "agent-cache-enable" } else { "agent-enable-quit" };
        let why = "the pod is on the node's network, where every other pod would reach the agent's listener";
        return Err(Refusal::annotation(name, why));
    }
    let token = if keeps { token.unwrap_or(Some("true")) } else { None };
    Ok(Some(Cache { port, token, keeps, quit }))
}

/// The mounts of a container, without its way to be somebody.
fn copied(cx: &Reading<'_>) -> Result<Vec<Value>, Refusal> {
    let name = "agent-copy-volume-mounts";
    let Some(from) = cx.given.whole(name) else { return Ok(Vec::new()) };
    let from = cx.pod.container(from);
    let from =
        from.ok_or_else(|| Refusal::annotation(name, "names a container that the pod does not have"))?;
    let is_token =
        |it: &Value| it.at("mountPath").as_str().is_some_and(|it| text::is_below(it, crate::pod::TOKENS));
    Ok(Container::mounts(from).iter().filter(|it| !is_token(it)).cloned().collect())
}

fn patch(cx: &Reading<'_>, name: &'static str) -> Result<Option<json_patch::Patch>, Refusal> {
    cx.read(name, |it| serde_json::from_str(it).map_err(|_| "takes a JSON patch: a list of operations"))
}

impl Reading<'_> {
    /// What is known of the image holds for it.
    pub(super) fn is_usual_image(&self) -> bool {
        self.given.whole("agent-image").is_none_or(|it| it == self.settings.image)
    }

    // Rule 123
    /// A file in the agent's container that the pod has put there: below what the annotations mount, and nowhere else.
    pub(super) fn mounted_file(&self, path: &str) -> Result<String, &'static str> {
        let path = text::absolute(path)?;
        let is_token = [super::FOLDER, crate::pod::TOKENS].iter().any(|it| text::is_below(&path, it));
        let has = |name: &'static str| self.given.whole(name).is_some();
        let mut folders = Vec::new();
        folders.extend(has("agent-extra-secret").then_some(CUSTOM));
        folders.extend(has("agent-configmap").then_some(CONFIGS));
        folders.extend(has("tls-secret").then_some(TLS));
        let copied = copied(self).unwrap_or_default();
        folders.extend(copied.iter().filter_map(|it| it.at("mountPath").as_str()));
        match !is_token && folders.iter().any(|it| text::is_below(&path, it.trim_end_matches('/'))) {
            true => Ok(path),
            false => Err("is no file below what agent-extra-secret, agent-configmap, tls-secret or \
                          agent-copy-volume-mounts bring"),
        }
    }
}
