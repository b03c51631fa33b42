//! What is found: a credential, what it is, and where it stands.

use std::fmt;

use strongroom_hcl::Span;
use zeroize::Zeroizing;

use crate::Layer;

/// A credential that stands in a file.
#[derive(Clone, Debug)]
pub struct Finding {
    /// Exactly the secret as it stands in the file, in bytes of the whole file: without its quotes, user name, scheme or flag.
    pub span: Span,
    /// The nearest name: the variable, attribute, flag (`--password`), or dotted path in an embedded document.
    pub key: String,
    /// Blocks and attributes of the file's own syntax, joined with dots; empty where it has none.
    pub path: String,
    pub kind: Kind,
    pub severity: Severity,
    pub place: Place,
    /// What the workload gets: all ways of writing undone.
    pub value: Value,
    /// The ways of writing, the outermost first.
    pub layers: Vec<Layer>,
    /// A default that everyone knows.
    pub weak: bool,
    /// Stands in a comment.
    pub commented: bool,
    /// Why it cannot be rewritten where it stands.
    pub obstacle: Option<Obstacle>,
}

/// A secret's text: wiped when dropped, never shown by `{:?}`.
#[derive(Clone, Eq, PartialEq)]
pub struct Value(Zeroizing<String>);

impl Value {
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(Zeroizing::new(text.to_owned()))
    }

    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Value(…)")
    }
}

/// What a credential is.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Kind {
    AccessKeyId,
    ApiKey,
    ClientSecret,
    /// The password inside of a URL or connection string.
    ConnectionUrl,
    EncryptionKey,
    Password,
    PasswordHash,
    PrivateKey,
    RegistryAuth,
    SecretAccessKey,
    SigningSecret,
    Token,
    WebhookUrl,
}

impl Kind {
    pub const ALL: [Self; 13] = [
        Self::AccessKeyId,
        Self::ApiKey,
        Self::ClientSecret,
        Self::ConnectionUrl,
        Self::EncryptionKey,
        Self::Password,
        Self::PasswordHash,
        Self::PrivateKey,
        Self::RegistryAuth,
        Self::SecretAccessKey,
        Self::SigningSecret,
        Self::Token,
        Self::WebhookUrl,
    ];

    /// By its name.
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.name() == name)
    }

    /// As a sentence begins with it.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::AccessKeyId => "Id of an access key",
            Self::ApiKey => "API key",
            Self::ClientSecret => "Secret of a client",
            Self::ConnectionUrl => "Password in a connection's URL",
            Self::EncryptionKey => "Encryption key",
            Self::Password => "Password",
            Self::PasswordHash => "Hash of a password",
            Self::PrivateKey => "Private key",
            Self::RegistryAuth => "Login to a registry",
            Self::SecretAccessKey => "Secret of an access key",
            Self::SigningSecret => "Secret that signs",
            Self::Token => "Token",
            Self::WebhookUrl => "URL of a webhook",
        }
    }

    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::AccessKeyId => "access-key-id",
            Self::ApiKey => "api-key",
            Self::ClientSecret => "client-secret",
            Self::ConnectionUrl => "connection-url",
            Self::EncryptionKey => "encryption-key",
            Self::Password => "password",
            Self::PasswordHash => "password-hash",
            Self::PrivateKey => "private-key",
            Self::RegistryAuth => "registry-auth",
            Self::SecretAccessKey => "secret-access-key",
            Self::SigningSecret => "signing-secret",
            Self::Token => "token",
            Self::WebhookUrl => "webhook-url",
        }
    }
}

#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Severity {
    /// A default that everyone knows.
    Low,
    /// Half of a pair, a hash, a dead or local credential.
    Medium,
    High,
    /// Opens more than one system, or signs or moves money.
    Critical,
}

impl Severity {
    pub const ALL: [Self; 4] = [Self::Low, Self::Medium, Self::High, Self::Critical];

    /// By its name.
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.name() == name)
    }

    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

/// Where a value stands, as far as its meaning and its cure depend on it.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Place {
    /// A word of a command.
    Argument,
    /// A plain setting.
    Attribute,
    /// A registry's login.
    Auth,
    /// The default of a variable.
    Default,
    /// A variable of the environment.
    Env,
    /// A header of HTTP.
    Header,
    /// A local value of HCL.
    Local,
    /// Within a template's data, whatever its own syntax.
    Template,
    /// Text without a structure that is known.
    Text,
}

/// Why a finding cannot be rewritten where it stands.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Obstacle {
    AgentConfiguration,
    Artifact,
    Backend,
    BuildArgument,
    /// An operand or a default within an expression.
    Expression,
    Meta,
    /// Checks and proxies: registered in clear.
    Registered,
    /// The task of a proxy, as a service describes it.
    Sidecar,
    /// Of a service.
    Tag,
    /// A template of another tool, or a file that does not parse.
    Unparsed,
    Volume,
}

impl Obstacle {
    /// One line for a person.
    #[must_use]
    pub fn reason(self) -> &'static str {
        match self {
            Self::AgentConfiguration => {
                "an agent's configuration has no template block: give it as a file or in the environment when the agent starts"
            }
            Self::Artifact => {
                "artifacts are fetched before templates are rendered: only a `secret` block (Nomad 1.11) comes earlier"
            }
            Self::Backend => "a backend block takes no references: use -backend-config or the environment",
            Self::BuildArgument => "build arguments end in the image: use a build secret",
            Self::Expression => {
                "an operand or a default of an expression: no rewrite in place keeps its meaning for certain"
            }
            Self::Meta => {
                "meta is read by name (NOMAD_META_*) and shown by the API: moving it changes what its reader sees"
            }
            Self::Registered => "checks and proxies are registered in clear, wherever the value comes from",
            Self::Sidecar => "a sidecar_task takes no template block, which alone could read the store",
            Self::Tag => "tags are registered in the catalogue in clear, wherever the value comes from",
            Self::Unparsed => "the file is not whole until another tool has rendered it, or does not parse",
            Self::Volume => "a volume specification has no template block",
        }
    }
}
