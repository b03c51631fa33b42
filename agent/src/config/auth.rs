//! `auto_auth`: who the agent is, and where it leaves its token.

use std::{path::PathBuf, time::Duration};

use strongroom_hcl::{BlockView, BodyView, ReadError, Reader};

use super::{duration, keys, mode};

#[derive(Clone, Debug)]
pub struct AutoAuth {
    pub method: Method,
    pub sinks: Vec<Sink>,
}

#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Method {
    pub kind: MethodKind,
    /// Where it is mounted, without `auth/`.
    pub mount: String,
    /// The login's answer is to be wrapped, and the sinks get the wrapping token.
    pub wrap_ttl: Option<Duration>,
    pub min_backoff: Duration,
    pub max_backoff: Duration,
    /// A login that fails ends the agent.
    pub exit_on_err: bool,
    pub namespace: Option<String>,
}

/// With what it proves who it is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum MethodKind {
    AppRole {
        role_id_file: PathBuf,
        /// A role may ask for none.
        secret_id_file: Option<PathBuf>,
        remove_secret_id: bool,
        /// The file holds a wrapping token that was made at this path.
        wrapped_at: Option<String>,
    },
    /// The certificate that the agent shows.
    Cert {
        /// The entry to log in by.
        name: Option<String>,
        /// Before those of `vault`.
        ca_cert: Option<PathBuf>,
        /// The certificate and its key; without, those of `vault`.
        identity: Option<(PathBuf, PathBuf)>,
        /// The files are read anew with each login.
        reload: bool,
    },
    Jwt {
        role: String,
        file: PathBuf,
        remove: Removal,
    },
    Kubernetes {
        role: String,
        token_file: PathBuf,
    },
    TokenFile(PathBuf),
    Userpass {
        username: String,
        password_file: PathBuf,
    },
}

/// What goes when a credential was read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Removal {
    Nothing,
    /// What the path names, be it a link.
    Path,
    /// The file that a link leads to.
    Target,
}

/// A file that holds the token.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Sink {
    pub path: PathBuf,
    pub mode: u32,
    pub owner: Option<String>,
    pub group: Option<String>,
    /// The token is wrapped for each writing.
    pub wrap_ttl: Option<Duration>,
}

/// Vault's: 0640. Rule 118 asks for 0600, and whoever needs more says so.
const SINK_MODE: u32 = 0o600;
/// Where kubelet puts the token of a pod's service account.
const SERVICE_ACCOUNT: &str = "/var/run/secrets/kubernetes.io/serviceaccount/token";
const MIN_BACKOFF: Duration = Duration::from_secs(1);
const MAX_BACKOFF: Duration = Duration::from_secs(300);

pub(super) fn read(reader: &mut Reader<'_>, block: &BlockView<'_>) -> Result<AutoAuth, ReadError> {
    reader.check_keys(block.body, &keys::AUTO_AUTH, "auto_auth")?;
    let mut methods = typed(reader, block.body, "method")?;
    let (kind, found) = match (methods.pop(), methods.is_empty()) {
        (Some(one), true) => one,
        (Some((_, second)), false) => return Err(reader.refuse(second.key, "`auto_auth` takes one `method`")),
        (None, _) => return Err(reader.refuse(block.key, "`auto_auth` needs a `method`")),
    };
    let method = method(reader, &kind, &found)?;
    let mut sinks = Vec::new();
    let below = reader.blocks(block.body, "sinks", 0)?;
    for body in std::iter::once(block.body).chain(below.iter().map(|it| it.body)) {
        for (kind, found) in typed(reader, body, "sink")? {
            sinks.push(sink(reader, &kind, &found)?);
        }
    }
    if method.wrap_ttl.is_some() && sinks.len() != 1 {
        return Err(reader.refuse(block.key, "a wrapped login can be opened once: it takes one sink"));
    }
    if method.wrap_ttl.is_some() && sinks.iter().any(|it| it.wrap_ttl.is_some()) {
        return Err(reader.refuse(block.key, "`wrap_ttl` stands in the method and in the sink"));
    }
    Ok(AutoAuth { method, sinks })
}

/// `method "approle" { ... }`, or `method { type = "approle" ... }`.
fn typed<'b>(
    reader: &Reader<'_>,
    body: BodyView<'b>,
    kind: &str,
) -> Result<Vec<(String, BlockView<'b>)>, ReadError> {
    let plain = body.blocks(kind, 0);
    let labelled = match plain {
        Ok(found) if found.iter().all(|it| it.body.attr("type").is_some()) => found,
        _ => {
            return Ok(reader
                .blocks(body, kind, 1)?
                .into_iter()
                .map(|it| (it.label(0).to_owned(), it))
                .collect());
        }
    };
    labelled.into_iter().map(|it| Ok((reader.text(it.body, "type")?.unwrap_or_default(), it))).collect()
}

fn method(reader: &mut Reader<'_>, kind: &str, block: &BlockView<'_>) -> Result<Method, ReadError> {
    reader.check_keys(block.body, &keys::METHOD, "method")?;
    let config = reader.block(block.body, "config")?;
    let config = config.as_ref().unwrap_or(block);
    let kind_of = match kind {
        "approle" => approle(reader, config)?,
        "cert" => cert(reader, config)?,
        "jwt" => jwt(reader, config)?,
        "kubernetes" => kubernetes(reader, config)?,
        "token_file" => {
            reader.check_keys(config.body, &keys::TOKEN_FILE, "the method's config")?;
            MethodKind::TokenFile(file(reader, config, "token_file_path")?)
        }
        "userpass" => {
            reader.check_keys(config.body, &keys::USERPASS, "the method's config")?;
            let username = reader.text(config.body, "username")?.unwrap_or_default();
            MethodKind::Userpass { username, password_file: file(reader, config, "password_file_path")? }
        }
        "alicloud" | "aws" | "azure" | "cf" | "gcp" | "kerberos" | "ldap" | "oci" => {
            return Err(
                reader.refuse(block.key, format!("the method `{kind}` needs another product; use approle"))
            );
        }
        _ => {
            return Err(reader.refuse(
                block.key,
                "unknown method; use approle, cert, jwt, kubernetes, token_file or userpass",
            ));
        }
    };
    let mount = reader.text(block.body, "mount_path")?.unwrap_or_else(|| format!("auth/{kind}"));
    let mount = mount.trim_matches('/');
    let min_backoff = duration(reader, block.body, "min_backoff")?.unwrap_or(MIN_BACKOFF);
    let max_backoff = duration(reader, block.body, "max_backoff")?;
    if max_backoff.is_some_and(|it| it < min_backoff) {
        return Err(reader.refuse(block.key, "`max_backoff` is less than `min_backoff`"));
    }
    Ok(Method {
        kind: kind_of,
        mount: mount.strip_prefix("auth/").unwrap_or(mount).to_owned(),
        wrap_ttl: duration(reader, block.body, "wrap_ttl")?.filter(|it| !it.is_zero()),
        min_backoff,
        max_backoff: max_backoff.unwrap_or(MAX_BACKOFF).max(min_backoff),
        namespace: reader.text(block.body, "namespace")?.filter(|it| !it.is_empty()),
        exit_on_err: reader.bool(block.body, "exit_on_err")?.unwrap_or(false),
    })
}

fn approle(reader: &mut Reader<'_>, config: &BlockView<'_>) -> Result<MethodKind, ReadError> {
    reader.check_keys(config.body, &keys::APPROLE, "the method's config")?;
    Ok(MethodKind::AppRole {
        role_id_file: file(reader, config, "role_id_file_path")?,
        secret_id_file: reader.text(config.body, "secret_id_file_path")?.map(PathBuf::from),
        remove_secret_id: reader.bool(config.body, "remove_secret_id_file_after_reading")?.unwrap_or(true),
        wrapped_at: reader.text(config.body, "secret_id_response_wrapping_path")?,
    })
}

fn cert(reader: &mut Reader<'_>, config: &BlockView<'_>) -> Result<MethodKind, ReadError> {
    reader.check_keys(config.body, &keys::CERT, "the method's config")?;
    let path = |name: &str| -> Result<Option<PathBuf>, ReadError> {
        Ok(reader.text(config.body, name)?.filter(|it| !it.is_empty()).map(PathBuf::from))
    };
    let identity = match (path("client_cert")?, path("client_key")?) {
        (None, None) => None,
        (Some(cert), Some(key)) => Some((cert, key)),
        _ => return Err(reader.refuse(config.key, "`client_cert` and `client_key` go together")),
    };
    let reload = reader.bool(config.body, "reload")?.unwrap_or(false);
    if reload && identity.is_none() {
        return Err(reader.refuse(config.key, "`reload` needs `client_cert` and `client_key` beside it"));
    }
    Ok(MethodKind::Cert {
        name: reader.text(config.body, "name")?.filter(|it| !it.is_empty()),
        ca_cert: path("ca_cert")?,
        identity,
        reload,
    })
}

fn jwt(reader: &mut Reader<'_>, config: &BlockView<'_>) -> Result<MethodKind, ReadError> {
    reader.check_keys(config.body, &keys::JWT, "the method's config")?;
    let removes = reader.bool(config.body, "remove_jwt_after_reading")?.unwrap_or(true);
    let follows = reader.bool(config.body, "remove_jwt_follows_symlinks")?.unwrap_or(false);
    Ok(MethodKind::Jwt {
        role: named(reader, config, "role")?,
        file: file(reader, config, "path")?,
        remove: match (removes, follows) {
            (false, _) => Removal::Nothing,
            (true, false) => Removal::Path,
            (true, true) => Removal::Target,
        },
    })
}

fn kubernetes(reader: &mut Reader<'_>, config: &BlockView<'_>) -> Result<MethodKind, ReadError> {
    reader.check_keys(config.body, &keys::KUBERNETES, "the method's config")?;
    let token_file = reader.text(config.body, "token_path")?.filter(|it| !it.is_empty());
    Ok(MethodKind::Kubernetes {
        role: named(reader, config, "role")?,
        token_file: token_file.map_or_else(|| SERVICE_ACCOUNT.into(), PathBuf::from),
    })
}

fn sink(reader: &mut Reader<'_>, kind: &str, block: &BlockView<'_>) -> Result<Sink, ReadError> {
    if let Some(key) = block.body.keys().find(|it| keys::SINK_REFUSED.contains(&it.name)) {
        let message = format!("`{}` is not offered: take `wrap_ttl`, or a file on a tmpfs", key.name);
        return Err(reader.refuse(key.span, message));
    }
    reader.check_keys(block.body, &keys::SINK, "sink")?;
    if kind != "file" {
        return Err(reader.refuse(block.key, "unknown sink; use file"));
    }
    let config = reader.block(block.body, "config")?;
    let config = config.ok_or_else(|| reader.refuse(block.key, "a sink needs a `config`"))?;
    reader.check_keys(config.body, &keys::SINK_FILE, "the sink's config")?;
    Ok(Sink {
        path: file(reader, &config, "path")?,
        mode: mode(reader, config.body, "mode")?.filter(|it| *it != 0).unwrap_or(SINK_MODE),
        owner: one_of(reader, config.body, ["owner", "uid"])?,
        group: one_of(reader, config.body, ["group", "gid"])?,
        wrap_ttl: duration(reader, block.body, "wrap_ttl")?.filter(|it| !it.is_zero()),
    })
}

/// A user or group under our name for it, or Vault's; there -1 leaves it as it is.
pub(super) fn one_of(
    reader: &Reader<'_>,
    body: BodyView<'_>,
    names: [&str; 2],
) -> Result<Option<String>, ReadError> {
    let [ours, theirs] = names;
    let found = text_or_number(reader, body, theirs)?.filter(|it| it != "-1");
    Ok(text_or_number(reader, body, ours)?.or(found))
}

pub(super) fn text_or_number(
    reader: &Reader<'_>,
    body: BodyView<'_>,
    name: &str,
) -> Result<Option<String>, ReadError> {
    reader.parsed(body, name, "a name or a number", |it| (!it.is_empty()).then(|| it.to_owned()))
}

fn file(reader: &Reader<'_>, block: &BlockView<'_>, name: &str) -> Result<PathBuf, ReadError> {
    named(reader, block, name).map(PathBuf::from)
}

/// What may not be left out.
fn named(reader: &Reader<'_>, block: &BlockView<'_>, name: &str) -> Result<String, ReadError> {
    let text = reader.text(block.body, name)?.filter(|it| !it.is_empty());
    text.ok_or_else(|| reader.refuse(block.key, format!("`{name}` is missing here")))
}
