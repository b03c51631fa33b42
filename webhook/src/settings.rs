//! What the operator decides; what a pod's annotations may change of it is in [`Allowed`].

/// The same for all pods, and for the webhook's whole life.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The server that agents ask.
    pub address: String,
    /// PEM of the authorities that the server's certificate comes from; none: those of the agent's image.
    pub authorities: Option<String>,
    /// The name that the server's certificate is for, where it is not the address's.
    pub server_name: Option<String>,
    /// The agent's image, whose entry point is `secret`.
    pub image: String,
    /// The image has `/bin/sh`, which commands that are one line need.
    pub has_shell: bool,
    /// Where the auth method is mounted, with `auth/`.
    pub auth_path: String,
    /// Whom service-account tokens are for.
    pub audience: String,
    pub user: i64,
    pub group: i64,
    /// The namespace of the webhook itself, whose pods must start without it.
    pub own_namespace: Option<String>,
    pub sidecars: Sidecars,
    pub allowed: Allowed,
}

impl Settings {
    /// As a small cluster has it: everything else is what the product ships.
    #[must_use]
    pub fn new(address: impl Into<String>, image: impl Into<String>) -> Self {
        Self {
            address: address.into(),
            authorities: None,
            server_name: None,
            image: image.into(),
            has_shell: false,
            auth_path: "auth/kubernetes".to_owned(),
            audience: "vault".to_owned(),
            user: 100,
            group: 1000,
            own_namespace: None,
            sidecars: Sidecars::Classic,
            allowed: Allowed::default(),
        }
    }
}

/// What the cluster knows of containers that run beside others.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Sidecars {
    /// Init containers that are restarted always: Kubernetes 1.29 and later.
    Native,
    /// One more container.
    Classic,
}

// Rule 123
/// What annotations may name. Whoever may write annotations is not always who may write the rest of the pod, and an
/// agent hands its login to the server that it is sent to.
#[derive(Clone, Debug, Default)]
pub struct Allowed {
    /// Servers, besides the settings' own.
    pub services: Vec<String>,
    /// Images, besides the settings' own; `*` at the end stands for whatever follows.
    pub images: Vec<String>,
    /// How the server is verified; and configurations from a ConfigMap, which can say that as well.
    pub tls: bool,
}

impl Allowed {
    pub(crate) fn has_image(&self, image: &str) -> bool {
        self.images.iter().any(|it| match it.strip_suffix('*') {
            Some(start) => image.starts_with(start),
            None => it == image,
        })
    }

    /// A slash at the end makes no other address.
    pub(crate) fn has_service(&self, address: &str) -> bool {
        self.services.iter().any(|it| it.trim_end_matches('/') == address.trim_end_matches('/'))
    }
}
