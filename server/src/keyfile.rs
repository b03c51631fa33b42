//! The 32 bytes that unseal a store without anybody there: from a file, or from a systemd credential.

use std::path::Path;

use strongroom_core::{
    crypto::SecretBytes,
    seal::{
        Kind,
        keyfile::{self, BadKeyFile},
    },
};

use crate::{
    config::{Config, Seal, Storage},
    env,
    error::ServerError,
};

/// The key of an unattended seal, for whoever opens the store of a configuration without a server.
pub fn unattended_key(config: &Config) -> Result<Option<SecretBytes>, ServerError> {
    seal(config).map(|(_, key)| key)
}

/// Reads a key file that is not named in a configuration: what holds for it there holds here.
pub fn read_key_file(path: &Path, data: &Path) -> Result<SecretBytes, ServerError> {
    read(path, &Storage::Sqlite(data.to_owned()))
}

/// What the seal of a configuration is to the core, and its key if the server has it.
pub(crate) fn seal(config: &Config) -> Result<(Kind, Option<SecretBytes>), ServerError> {
    Ok(match &config.seal {
        Seal::Shamir => (Kind::Shamir, None),
        Seal::Passphrase => (Kind::Passphrase, None),
        Seal::KeyFile(path) => (Kind::KeyFile, Some(read(path, &config.storage)?)),
        Seal::Credential(name) => {
            let dir = env::credentials_directory().ok_or(ServerError::NoCredentials)?;
            (Kind::Credential, Some(read(&dir.join(name), &config.storage)?))
        }
    })
}

fn read(path: &Path, storage: &Storage) -> Result<SecretBytes, ServerError> {
    let data_dir = match storage {
        Storage::Memory => None,
        Storage::Sqlite(dir) => Some(dir.as_path()),
    };
    keyfile::read(path, data_dir).map_err(|bad| match bad {
        BadKeyFile::Io(source) => ServerError::File { path: path.to_owned(), source },
        BadKeyFile::Refused(why) => ServerError::KeyFile { path: path.to_owned(), why },
    })
}
