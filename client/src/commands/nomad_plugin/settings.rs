//! What a node's administrator wrote: which server, who the node is, what a job may read.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use strongroom_hcl::{BlockView, BodyView, Known, ReadError, Reader};
use strongroom_sdk::{Config, SecretString, Tls};

use super::{
    job::{Job, can_be_filled},
    private::{self, BadFile, Others},
};

pub(super) struct Settings {
    pub(super) connection: Config,
    pub(super) login: NodeLogin,
    /// Where a PATH lies that names no mount.
    pub(super) mount: String,
    /// What a job may read, with the mount: at it and below it.
    paths: Vec<String>,
    /// A job's secret is read with a token of this role, which has a policy of the job's alone.
    pub(super) token_role: Option<String>,
    token_policy: String,
    /// For all of it together.
    pub(super) timeout: Duration,
}

/// With what the node proves who it is.
pub(super) enum NodeLogin {
    AppRole {
        mount: String,
        role_id: SecretString,
        secret_id: Option<SecretString>,
    },
    /// The certificate of the connection.
    Certificate {
        mount: String,
        role: String,
    },
    Jwt {
        mount: String,
        role: String,
        jwt: SecretString,
    },
    /// It is somebody else's, and stays.
    Token(SecretString),
}

#[derive(Debug, thiserror::Error)]
pub(super) enum BadSettings {
    #[error(transparent)]
    File(#[from] BadFile),
    #[error(transparent)]
    Hcl(#[from] ReadError),
}

const TOP: Known = Known {
    used: &[
        "address",
        "auth",
        "ca_cert",
        "client_cert",
        "client_key",
        "mount",
        "namespace",
        "paths",
        "timeout",
        "tls_server_name",
        "token_policy",
        "token_role",
    ],
    unused: &[],
};
const APPROLE: Known = Known { used: &["mount_path", "role_id_file", "secret_id_file"], unused: &[] };
const CERT: Known = Known { used: &["mount_path", "role"], unused: &[] };
const JWT: Known = Known { used: &["jwt_file", "mount_path", "role"], unused: &[] };
const TOKEN: Known = Known { used: &["token_file"], unused: &[] };

/// The first Nomad that had secret plugins gave them 10 seconds, later ones give 60. Whoever is ended by a signal
/// cannot say why.
const TIMEOUT: Duration = Duration::from_secs(9);
const LONGEST: Duration = Duration::from_secs(55);
/// A secret has a mebibyte at most.
const LARGEST_ANSWER: usize = 4 << 20;

impl Settings {
    pub(super) fn read(path: &Path) -> Result<Self, BadSettings> {
        Self::parse(path, &private::read(path, Others::MayNothing)?)
    }

    fn parse(path: &Path, text: &str) -> Result<Self, BadSettings> {
        let mut reader = Reader::new(path, text);
        let parsed = reader.parse()?;
        let body = parsed.view();
        reader.check_keys(body, &TOP, "the settings")?;
        let timeout = duration(&reader, body, "timeout")?.unwrap_or(TIMEOUT).min(LONGEST);
        let mount =
            reader.text(body, "mount")?.unwrap_or_else(|| "secret".to_owned()).trim_matches('/').to_owned();
        let mut paths = Vec::new();
        for (span, path) in reader.list(body, "paths")? {
            if !can_be_filled(&path) {
                return Err(reader.refuse(span, "only {{namespace}} and {{job}} are filled in").into());
            }
            paths.push(path.trim_matches('/').to_owned());
        }
        if paths.is_empty() {
            paths.push(format!("{mount}/{{{{namespace}}}}/{{{{job}}}}"));
        }
        let token_policy = match body.attr("token_policy") {
            None => "nomad/{{namespace}}/{{job}}".to_owned(),
            Some(attr) => {
                let text = reader.text(body, "token_policy")?.unwrap_or_default();
                if !can_be_filled(&text) || !text.contains("{{namespace}}") {
                    let message = "a policy's name has {{namespace}} in it, and perhaps {{job}}";
                    return Err(reader.refuse(attr.span(), message).into());
                }
                text
            }
        };
        Ok(Self {
            login: login(&mut reader, body)?,
            connection: connection(&reader, body, timeout)?,
            mount,
            paths,
            token_role: reader.text(body, "token_role")?.filter(|it| !it.is_empty()),
            token_policy,
            timeout,
        })
    }

    /// Whether a job may read what lies there: the mount, and the path in it.
    pub(super) fn allows(&self, job: &Job, path: &str) -> bool {
        self.paths.iter().map(|it| job.fill(it)).any(|allowed| {
            let below = path.strip_prefix(&allowed);
            allowed == "*" || below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
    }

    /// The policy of a job's own token.
    pub(super) fn policy_of(&self, job: &Job) -> String {
        job.fill(&self.token_policy)
    }
}

/// Nothing of it comes from the environment, which is the job's.
fn connection(reader: &Reader<'_>, body: BodyView<'_>, timeout: Duration) -> Result<Config, BadSettings> {
    let bytes = |name, others| {
        let path = reader.text(body, name)?.map(PathBuf::from);
        let read = path.map(|it| private::read(&it, others)).transpose()?;
        Ok::<_, BadSettings>(read.map(|it| it.as_bytes().to_vec()))
    };
    let address = reader.text(body, "address")?.filter(|it| !it.is_empty());
    let address = address.ok_or_else(|| reader.refuse(whole(), "`address` is missing"))?;
    let client = match (bytes("client_cert", Others::MayRead)?, bytes("client_key", Others::MayNothing)?) {
        (Some(cert), Some(key)) => Some((cert, key)),
        (None, None) => None,
        _ => return Err(reader.refuse(whole(), "`client_cert` and `client_key` go together").into()),
    };
    Ok(Config {
        address,
        namespace: reader.text(body, "namespace")?.filter(|it| !it.is_empty()),
        tls: Tls {
            ca_pem: bytes("ca_cert", Others::MayRead)?.into_iter().collect(),
            client,
            server_name: reader.text(body, "tls_server_name")?,
            skip_verify: false,
        },
        // The time for all of it is kept by whoever asks, and told in one way.
        timeout: timeout * 2,
        deadline: timeout * 2,
        max_answer: LARGEST_ANSWER,
        ..Config::default()
    })
}

fn login(reader: &mut Reader<'_>, body: BodyView<'_>) -> Result<NodeLogin, BadSettings> {
    let mut blocks = reader.blocks(body, "auth", 1)?;
    let (Some(block), true) = (blocks.pop(), blocks.is_empty()) else {
        return Err(reader.refuse(whole(), "there is one `auth` block: approle, cert, jwt or token").into());
    };
    let kind = block.label(0);
    let known = match kind {
        "approle" => APPROLE,
        "cert" => CERT,
        "jwt" => JWT,
        "token" => TOKEN,
        _ => return Err(reader.refuse(block.key, "unknown method; use approle, cert, jwt or token").into()),
    };
    reader.check_keys(block.body, &known, "auth")?;
    let mount = reader.text(block.body, "mount_path")?.unwrap_or_else(|| kind.to_owned());
    let mount = mount.trim_matches('/').trim_start_matches("auth/").to_owned();
    let role = reader.text(block.body, "role")?.unwrap_or_default();
    Ok(match kind {
        "approle" => NodeLogin::AppRole {
            mount,
            role_id: credential(reader, &block, "role_id_file")?,
            secret_id: match block.body.attr("secret_id_file") {
                Some(_) => Some(credential(reader, &block, "secret_id_file")?),
                None => None,
            },
        },
        "cert" => NodeLogin::Certificate { mount, role },
        "jwt" => NodeLogin::Jwt { mount, role, jwt: credential(reader, &block, "jwt_file")? },
        _ => NodeLogin::Token(credential(reader, &block, "token_file")?),
    })
}

/// What stands in the file that a key names.
fn credential(reader: &Reader<'_>, block: &BlockView<'_>, name: &str) -> Result<SecretString, BadSettings> {
    let path = reader.text(block.body, name)?.filter(|it| !it.is_empty()).map(PathBuf::from);
    let path = path.ok_or_else(|| reader.refuse(block.key, format!("`{name}` is missing here")))?;
    let text = private::read(&path, Others::MayNothing)?;
    match text.trim() {
        "" => Err(BadFile::Refused(path.display().to_string(), "is empty").into()),
        text => Ok(SecretString::new(text)),
    }
}

fn duration(reader: &Reader<'_>, body: BodyView<'_>, name: &str) -> Result<Option<Duration>, BadSettings> {
    let parse = |text: &str| strongroom_api::params::parse_duration(text).filter(|it| !it.is_zero());
    Ok(reader.parsed(body, name, "a span of time such as 9s", parse)?)
}

/// For what is wrong with the file as a whole: its first line.
fn whole() -> strongroom_hcl::Span {
    strongroom_hcl::Span { start: 0, end: 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Settings, String> {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("token");
        std::fs::write(&file, "hvs.node\n").unwrap();
        std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        let text = text.replace("TOKEN", &format!("auth \"token\" {{ token_file = {file:?} }}"));
        Settings::parse(Path::new("s.hcl"), &text).map_err(|it| it.to_string())
    }

    #[track_caller]
    fn allows(paths: &str, path: &str, expected: bool) {
        let settings = parse(&format!("address = \"https://s\"\n{paths}\nTOKEN")).unwrap();
        let job = Job::new(Some("eu"), Some("shop")).unwrap();
        assert_eq!(settings.allows(&job, path), expected, "{paths} {path}");
    }

    // Rule 123: a job reads what is its own, and what the node's file says besides.
    #[test]
    fn a_job_reads_what_is_its_own() {
        for (path, expected) in [
            ("secret/eu/shop", true),
            ("secret/eu/shop/db", true),
            ("secret/eu/shopping", false),
            ("secret/eu", false),
            ("secret/us/shop", false),
            ("other/eu/shop", false),
        ] {
            allows("", path, expected);
        }
        allows("mount = \"kv\"", "kv/eu/shop/db", true);
        let more = "paths = [\"secret/nomad/{{namespace}}\", \"secret/shared/\"]";
        allows(more, "secret/nomad/eu/other", true);
        allows(more, "secret/shared/smtp", true);
        allows(more, "secret/eu/shop", false);
        allows("paths = [\"*\"]", "anything/at/all", true);
    }

    #[test]
    fn the_example_can_be_taken() {
        let text = include_str!("../../../../deploy/nomad/agent/strongroom.hcl");
        let dir = tempfile::tempdir().unwrap();
        let mut taken = text.to_owned();
        for path in text.split('"').filter(|it| it.starts_with('/')) {
            let file = dir.path().join(path.rsplit('/').next().unwrap());
            std::fs::write(&file, "x").unwrap();
            std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
            taken = taken.replace(path, file.to_str().unwrap());
        }
        let settings = Settings::parse(Path::new("s.hcl"), &taken).unwrap();
        assert!(matches!(settings.login, NodeLogin::AppRole { secret_id: Some(_), .. }));
        let job = Job::new(Some("eu"), Some("shop")).unwrap();
        let allowed =
            ["secret/eu/shop/db", "secret/shared/smtp", "secret/us/shop"].map(|it| settings.allows(&job, it));
        assert_eq!(allowed, [true, true, false]);
    }

    #[test]
    fn settings_say_where_they_are_wrong() {
        let refused = |text: &str, expected: &str| {
            let error = parse(text).err().unwrap();
            assert!(error.ends_with(expected), "{text}: {error}");
        };
        refused("TOKEN", "`address` is missing");
        refused("address = \"https://s\"", "there is one `auth` block: approle, cert, jwt or token");
        refused(
            "address = \"https://s\"\nTOKEN\nTOKEN",
            "there is one `auth` block: approle, cert, jwt or token",
        );
        refused(
            "address = \"https://s\"\nadress = 1\nTOKEN",
            "s.hcl:2:1: unknown key `adress` in the settings",
        );
        refused(
            "address = \"https://s\"\nauth \"ldap\" {}",
            "unknown method; use approle, cert, jwt or token",
        );
        refused("address = \"https://s\"\nauth \"jwt\" {}", "`jwt_file` is missing here");
        refused("paths = [\"secret/{{task}}\"]\nTOKEN", "only {{namespace}} and {{job}} are filled in");
        refused(
            "token_policy = \"all\"\nTOKEN",
            "a policy's name has {{namespace}} in it, and perhaps {{job}}",
        );
        refused("address = \"https://s\"\nclient_cert = \"/none\"\nTOKEN", "(os error 2)");
        let settings = parse("address = \"https://s\"\ntimeout = \"5m\"\nTOKEN").unwrap();
        assert_eq!(settings.timeout, LONGEST);
        assert_eq!(settings.policy_of(&Job::new(Some("eu"), Some("shop")).unwrap()), "nomad/eu/shop");
    }
}
