//! `snapshot`: backups of the whole store, and putting one back.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use serde_json::{Value, json};
use strongroom_core::snapshot::{self, Meta};

use super::commands;
use crate::{
    context::Context,
    failure::Failure,
    output::{Format, line, note},
};

const PATH: &str = "sys/storage/raft/snapshot";

commands! {
    enum Snapshot
    asking {
        /// Save the whole store to a file, encrypted as it is
        Save(Save) => save,
        /// Put a snapshot in the place of the store; the server is sealed afterwards
        Restore(Restore) => restore,
        /// What a snapshot says of itself, and whether it is whole; needs no server and no key
        Inspect(Inspect) => inspect,
    }
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  secret snapshot save /backup/today.snap

The file opens with the shares, passphrase or key file of the store, and with nothing else.")]
pub(crate) struct Save {
    /// Where to; readable for its owner alone
    file: PathBuf,
    /// Replace a file that is there
    #[arg(long)]
    overwrite: bool,
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  secret snapshot restore /backup/today.snap
  secret snapshot restore -force other-store.snap

What was written or revoked since the snapshot was taken is as it was then: see docs/backup.md.")]
pub(crate) struct Restore {
    /// Also a snapshot of another store, or one from before a rekey: its own keys unseal it then
    #[arg(long)]
    force: bool,
    /// The snapshot
    file: PathBuf,
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  secret snapshot inspect /backup/today.snap")]
pub(crate) struct Inspect {
    /// The snapshot
    file: PathBuf,
}

pub(crate) async fn save(cx: &Context, args: Save) -> Result<(), Failure> {
    let exists = || {
        Failure::new(format!("{} is there already", args.file.display()))
            .hint("choose another name, or say -overwrite")
    };
    if !args.overwrite && fs::symlink_metadata(&args.file).is_ok() {
        return Err(exists());
    }
    let mut part = Part::beside(&args.file)?;
    cx.client.download(PATH, &mut part.file).await?;
    part.file.sync_all().map_err(|error| cannot("write", &part.path, &error))?;
    // What was cut off on its way does not get the name of a backup.
    let (_, meta) = open(&part.path)?;
    match part.finish(&args.file, args.overwrite) {
        Ok(()) => show(cx, &args.file, &meta),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(exists()),
        Err(error) => Err(cannot("write", &args.file, &error)),
    }
}

pub(crate) async fn restore(cx: &Context, args: Restore) -> Result<(), Failure> {
    // Looked through here first: a large file is not sent in vain.
    let (file, _) = open(&args.file)?;
    let path = if args.force { format!("{PATH}-force") } else { PATH.to_owned() };
    let done: Value = cx.client.upload(&path, file).await?.data()?;
    if cx.output.format != Format::Table || cx.output.field.is_some() {
        return cx.output.data(&done);
    }
    let text = |field: &str| done.get(field).map(crate::output::text).unwrap_or_default();
    line(&format!("restored {}: store {}, as of {}", args.file.display(), text("store"), text("created")))?;
    let status = cx.client.call(strongroom_sdk::Method::Get, "sys/seal-status").anonymous().send().await?;
    if status.json::<Value>()?.get("sealed") == Some(&Value::Bool(true)) {
        note("The server is sealed: unseal it with the keys of the restored store.");
    }
    note("Tokens that were revoked since then are alive again: docs/backup.md says what to do.");
    Ok(())
}

pub(crate) async fn inspect(cx: &Context, args: Inspect) -> Result<(), Failure> {
    let (_, meta) = open(&args.file)?;
    show(cx, &args.file, &meta)
}

/// A file that was read from its beginning to its end and is a whole snapshot.
fn open(path: &Path) -> Result<(File, Meta), Failure> {
    let file = File::open(path).map_err(|error| cannot("read", path, &error))?;
    let meta = snapshot::inspect(&file)
        .map_err(|error| Failure::new(format!("{}: {error}", path.display())).code(2))?;
    io::Seek::rewind(&mut &file).map_err(|error| cannot("read", path, &error))?;
    Ok((file, meta))
}

fn show(cx: &Context, path: &Path, meta: &Meta) -> Result<(), Failure> {
    let bytes = fs::metadata(path).map(|it| it.len()).unwrap_or_default();
    cx.output.data(&json!({
        "file": path.display().to_string(),
        "bytes": bytes,
        "store": meta.store,
        "created": meta.created,
        "version": meta.version,
        "rows": meta.rows,
        "sequence": meta.sequence,
        "digest": meta.digest,
        "seal": meta.seal,
        "shares": meta.shares,
        "threshold": meta.threshold,
    }))
}

fn cannot(what: &str, path: &Path, error: &io::Error) -> Failure {
    Failure::new(format!("cannot {what} {}: {error}", path.display()))
}

/// A file in the making, gone if it does not become whole.
struct Part {
    file: File,
    path: PathBuf,
}

impl Part {
    fn beside(target: &Path) -> Result<Self, Failure> {
        let name = target.file_name().ok_or_else(|| Failure::new("that is no name for a file"))?;
        let mut part = std::ffi::OsString::from(".");
        part.push(name);
        part.push(format!(".{}", std::process::id()));
        let path = target.with_file_name(part);
        let file = OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(&path);
        Ok(Self { file: file.map_err(|error| cannot("write", &path, &error))?, path })
    }

    /// Gives it its name, and makes the name durable.
    fn finish(self, target: &Path, overwrite: bool) -> io::Result<()> {
        use rustix::fs::{CWD, RenameFlags, renameat_with};
        (&self.file).flush()?;
        let flags = if overwrite { RenameFlags::empty() } else { RenameFlags::NOREPLACE };
        match renameat_with(CWD, &self.path, CWD, target, flags) {
            // A file system that cannot refuse: there was no such file a moment ago.
            Err(rustix::io::Errno::INVAL) => fs::rename(&self.path, target)?,
            outcome => outcome?,
        }
        let folder = target.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new("."));
        File::open(folder)?.sync_all()
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        // After it has got its name there is nothing here.
        let _ = fs::remove_file(&self.path);
    }
}
