//! A certificate for a server of the benchmark: P-256, made anew for each.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path, process::Command};

use crate::Failure;

/// Makes `cert.pem` and `key.pem` in the directory.
pub(super) fn make(home: &Path) -> Result<(), Failure> {
    let output = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"])
        .args(["-days", "2", "-subj", "/CN=localhost", "-keyout", "key.pem", "-out", "cert.pem"])
        .args(["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"])
        .current_dir(home)
        .output()
        .map_err(|error| format!("openssl: {error}"))?;
    if !output.status.success() {
        return Err("openssl made no certificate".into());
    }
    Ok(fs::set_permissions(home.join("key.pem"), fs::Permissions::from_mode(0o600))?)
}
