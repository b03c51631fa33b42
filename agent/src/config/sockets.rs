//! `systemd` and `docker`: sockets on which a machine's own managers ask for single values.

use std::{collections::BTreeMap, path::PathBuf};

use strongroom_hcl::{BlockView, ReadError, Reader};

use super::{auth::text_or_number, keys, mode};
use crate::value::Place;

/// Credentials for units: `LoadCredential=NAME:SOCKET`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Systemd {
    /// Without one it is the socket that systemd hands over (a unit of type socket).
    pub socket: Option<PathBuf>,
    pub mode: u32,
    /// Whose units are answered beside root's: the user whose systemd this is.
    pub user: Option<String>,
    /// A credential that is not listed lies at FOLDER/UNIT, in a field of its name.
    pub folder: Option<String>,
    /// By unit and credential.
    pub credentials: BTreeMap<(String, String), Place>,
}

/// Secrets of a swarm: `docker secret create --driver strongroom`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Docker {
    pub socket: PathBuf,
    /// A secret without a label lies below it.
    pub folder: String,
}

const SOCKET_MODE: u32 = 0o600;
const PLUGIN: &str = "/run/docker/plugins/strongroom.sock";
const FOLDER: &str = "secret/docker";

pub(super) fn read_systemd(reader: &mut Reader<'_>, block: &BlockView<'_>) -> Result<Systemd, ReadError> {
    let body = block.body;
    reader.check_keys(body, &keys::SYSTEMD, "systemd")?;
    let mut credentials = BTreeMap::new();
    for found in reader.blocks(body, "credential", 2)? {
        reader.check_keys(found.body, &keys::CREDENTIAL, "credential")?;
        let place = reader.parsed(found.body, "from", "PATH or PATH#FIELD", |it| it.parse::<Place>().ok())?;
        let place = place.ok_or_else(|| reader.refuse(found.key, "a credential needs a `from`"))?;
        credentials.insert((found.label(0).to_owned(), found.label(1).to_owned()), place);
    }
    let folder = reader.text(body, "folder")?.filter(|it| !it.is_empty());
    if folder.is_none() && credentials.is_empty() {
        return Err(reader.refuse(block.key, "`systemd` needs a `folder`, or `credential`s"));
    }
    Ok(Systemd {
        socket: reader.text(body, "socket")?.filter(|it| !it.is_empty()).map(PathBuf::from),
        mode: mode(reader, body, "socket_mode")?.unwrap_or(SOCKET_MODE),
        user: text_or_number(reader, body, "user")?,
        folder: folder.map(|it| it.trim_matches('/').to_owned()),
        credentials,
    })
}

pub(super) fn read_docker(reader: &mut Reader<'_>, block: &BlockView<'_>) -> Result<Docker, ReadError> {
    reader.check_keys(block.body, &keys::DOCKER, "docker")?;
    let text = |name| Ok::<_, ReadError>(reader.text(block.body, name)?.filter(|it| !it.is_empty()));
    let folder = text("folder")?.unwrap_or_else(|| FOLDER.to_owned());
    Ok(Docker {
        socket: text("socket")?.unwrap_or_else(|| PLUGIN.to_owned()).into(),
        folder: folder.trim_matches('/').to_owned(),
    })
}
