//! Unix sockets that are ours alone.

use std::{
    fs,
    os::{
        fd::OwnedFd,
        unix::fs::{FileTypeExt as _, MetadataExt as _},
    },
    path::{Path, PathBuf},
    time::Duration,
};

use futures_util::{Stream, stream};
use rustix::{
    fs::{Mode, fstat},
    process::{geteuid, umask},
};
use tokio::net::{UnixListener, UnixStream};

use crate::Error;

/// A socket that only we and root can reach; its name goes with it.
pub(crate) struct Socket {
    listener: UnixListener,
    path: PathBuf,
    inode: u64,
    /// For the log.
    name: &'static str,
}

impl Socket {
    // Rule 119
    /// Listens at `path`, in a directory that nobody else may write to. What is left there of an earlier run is
    /// removed, and nothing else.
    pub(crate) fn bind(path: &Path, name: &'static str) -> Result<Self, Error> {
        let shown = path.display().to_string();
        let directory = path
            .parent()
            .filter(|it| path.is_absolute() && path.file_name().is_some() && *it != Path::new("/"));
        own(directory.ok_or(Error::NotOurSocket(shown.clone()))?)?;
        match fs::symlink_metadata(path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(Error::io("look at the socket")(error)),
            Ok(there) => {
                if !there.file_type().is_socket() || there.uid() != geteuid().as_raw() {
                    return Err(Error::NotOurSocket(shown));
                }
                if std::os::unix::net::UnixStream::connect(path).is_ok() {
                    return Err(Error::Taken(shown));
                }
                fs::remove_file(path).map_err(Error::io("remove a socket that was left"))?;
            }
        }
        let before = umask(Mode::from_raw_mode(0o177));
        let bound = UnixListener::bind(path);
        umask(before);
        let listener = bound.map_err(Error::io("listen"))?;
        let inode = fs::symlink_metadata(path).map_err(Error::io("look at the socket"))?.ino();
        Ok(Self { listener, path: path.to_owned(), inode, name })
    }

    // Rule 119
    /// Who connects, if they may.
    pub(crate) fn incoming(self) -> impl Stream<Item = std::io::Result<UnixStream>> {
        stream::unfold(self, |it| async move {
            loop {
                match it.listener.accept().await {
                    Ok((stream, _)) if is_trusted(&stream) => return Some((Ok(stream), it)),
                    Ok(_) => tracing::warn!(socket = it.name, "refused: a connection of another user"),
                    // Too many files are open: others will be closed.
                    Err(error) => {
                        tracing::warn!(socket = it.name, %error, "a connection is not accepted");
                        tokio::time::sleep(Duration::from_millis(100)).await;
                    }
                }
            }
        })
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        // Not what somebody else has made there meanwhile.
        if fs::symlink_metadata(&self.path).is_ok_and(|it| it.ino() == self.inode) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn is_trusted(stream: &UnixStream) -> bool {
    stream.peer_cred().is_ok_and(|it| may_ask(it.uid()))
}

fn may_ask(uid: u32) -> bool {
    uid == 0 || uid == geteuid().as_raw()
}

/// Makes the directory, for us alone, or looks at the one that is there.
fn own(path: &Path) -> Result<(), Error> {
    use std::os::unix::fs::DirBuilderExt as _;
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(Error::io("make a socket's directory"))?;
    let opened: OwnedFd = fs::File::open(path).map_err(Error::io("open a socket's directory"))?.into();
    let stat = fstat(&opened).map_err(Error::io("look at a socket's directory"))?;
    match stat.st_uid == geteuid().as_raw() && stat.st_mode & 0o022 == 0 {
        true => Ok(()),
        false => Err(Error::NotOurSocket(format!("{}, where others may write,", path.display()))),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, chown, symlink};

    use super::*;

    fn bind(path: &Path) -> Result<Socket, Error> {
        Socket::bind(path, "test")
    }

    // Rule 119
    #[tokio::test]
    async fn a_socket_is_ours_alone_and_what_was_left_of_it_is_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("made/for/it/a.sock");
        let socket = bind(&path).unwrap();
        let mode = |path: &Path| fs::symlink_metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
        assert!(matches!(bind(&path), Err(Error::Taken(_))), "somebody listens");
        drop(socket);
        assert!(!path.exists());
        // Killed: nobody listens any more.
        drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
        assert!(path.exists());
        let socket = bind(&path).unwrap();
        // Whoever has the name now keeps it.
        fs::remove_file(&path).unwrap();
        fs::write(&path, "other").unwrap();
        drop(socket);
        assert_eq!(fs::read_to_string(&path).unwrap(), "other");
    }

    // Rule 119
    #[tokio::test]
    async fn whoever_squats_where_it_is_to_be_stays_and_is_told_of() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.sock");
        let refused = || assert!(matches!(bind(&path), Err(Error::NotOurSocket(_))));
        fs::write(&path, "file").unwrap();
        refused();
        assert_eq!(fs::read_to_string(&path).unwrap(), "file");
        fs::remove_file(&path).unwrap();
        symlink(dir.path().join("elsewhere"), &path).unwrap();
        refused();
        assert!(!dir.path().join("elsewhere").exists());
        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
        refused();
        fs::remove_dir(&path).unwrap();
        if geteuid().is_root() {
            drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
            chown(&path, Some(65534), None).unwrap();
            refused();
            assert!(path.exists());
            fs::remove_file(&path).unwrap();
            chown(dir.path(), Some(65534), None).unwrap();
            refused();
            chown(dir.path(), Some(0), None).unwrap();
        }
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o1777)).unwrap();
        refused();
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
        assert!(bind(&path).is_ok());
        assert!(bind(Path::new("a.sock")).is_err() && bind(Path::new("/a.sock")).is_err());
    }

    // Rule 119
    #[test]
    fn only_root_and_we_ourselves_may_ask() {
        assert!(may_ask(0) && may_ask(geteuid().as_raw()));
        assert!(!may_ask(65534));
    }
}
