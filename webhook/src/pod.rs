//! A pod as the API server shows it: whatever shape it has, looking at it does not fail.

use serde_json::Value;

use crate::annotations::PREFIXES;
use crate::json::Json as _;

pub(crate) const INJECTED: &str = "injected";
const STATUS: &str = "agent-inject-status";
/// Where kubelet has put tokens since there were any.
pub(crate) const TOKENS: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

#[derive(Clone, Copy)]
pub(crate) struct Pod<'a>(&'a Value);

/// The two lists of containers.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum List {
    Init,
    Main,
}

impl List {
    pub(crate) const fn pointer(self) -> &'static str {
        match self {
            Self::Init => "/spec/initContainers",
            Self::Main => "/spec/containers",
        }
    }
}

impl<'a> Pod<'a> {
    pub(crate) fn new(object: &'a Value) -> Self {
        Self(object)
    }

    pub(crate) fn annotations(self) -> impl Iterator<Item = (&'a str, &'a str)> {
        let map = self.0.pointer("/metadata/annotations").and_then(Value::as_object);
        map.into_iter().flatten().filter_map(|(key, value)| Some((key.as_str(), value.as_str()?)))
    }

    pub(crate) fn has_list(self, pointer: &str) -> bool {
        self.0.pointer(pointer).is_some_and(Value::is_array)
    }

    /// Another webhook, or this one, has been here.
    pub(crate) fn is_injected(self) -> bool {
        self.annotations().any(|(key, value)| value == INJECTED && statuses().any(|it| it == key))
    }

    pub(crate) fn list(self, pointer: &str) -> &'a [Value] {
        self.0.pointer(pointer).and_then(Value::as_array).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn containers(self, list: List) -> impl Iterator<Item = Container<'a>> {
        self.list(list.pointer()).iter().map(Container)
    }

    pub(crate) fn container(self, name: &str) -> Option<Container<'a>> {
        self.containers(List::Main).chain(self.containers(List::Init)).find(|it| it.name() == name)
    }

    pub(crate) fn volume(self, name: &str) -> Option<&'a Value> {
        self.list("/spec/volumes").iter().find(|it| it.at("name") == name)
    }

    /// It runs to an end, as pods of Jobs do: what runs beside its containers must not keep it from that.
    pub(crate) fn ends(self) -> bool {
        let policy = self.0.pointer("/spec/restartPolicy").and_then(Value::as_str);
        matches!(policy, Some("Never" | "OnFailure"))
    }

    pub(crate) fn is_for_windows(self) -> bool {
        self.0.pointer("/spec/os/name").is_some_and(|it| it == "windows")
    }

    pub(crate) fn is_on_the_nodes_network(self) -> bool {
        self.0.pointer("/spec/hostNetwork").and_then(Value::as_bool) == Some(true)
    }

    /// For the pod, or for its first container.
    pub(crate) fn run_as(self, field: &str) -> Option<i64> {
        let first = self.list(List::Main.pointer()).first();
        let own = first.and_then(|it| it.at("securityContext").at(field).as_i64());
        own.or_else(|| self.0.at("spec").at("securityContext").at(field).as_i64())
    }
}

/// The annotation that says that a pod has its agent, in each spelling.
pub(crate) fn statuses() -> impl Iterator<Item = String> {
    PREFIXES.iter().map(|it| status(it))
}

pub(crate) fn status(prefix: &str) -> String {
    format!("{prefix}{STATUS}")
}

#[derive(Clone, Copy)]
pub(crate) struct Container<'a>(&'a Value);

impl<'a> Container<'a> {
    pub(crate) fn name(self) -> &'a str {
        self.0.at("name").as_str().unwrap_or_default()
    }

    pub(crate) fn mounts(self) -> &'a [Value] {
        self.0.at("volumeMounts").as_array().map_or(&[], Vec::as_slice)
    }

    pub(crate) fn has_mounts(self) -> bool {
        self.0.at("volumeMounts").is_array()
    }

    pub(crate) fn mounts_at(self, path: &str) -> bool {
        self.mounts()
            .iter()
            .any(|it| it.at("mountPath").as_str().map(|it| it.trim_end_matches('/')) == Some(path))
    }

    /// An init container that goes on.
    pub(crate) fn is_native_sidecar(self) -> bool {
        self.0.at("restartPolicy") == "Always"
    }
}
