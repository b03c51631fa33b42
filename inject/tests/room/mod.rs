//! A tmpfs of a test's own, in a mount namespace of its own: as root, or as an ordinary user in a user namespace.
#![allow(dead_code, unreachable_pub, reason = "each test file uses its part")]
#![allow(clippy::disallowed_methods, reason = "a test tells its own processes apart by a variable")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]

use std::{
    ffi::{CStr, CString},
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::Mutex,
};

use rustix::mount::{MountFlags, UnmountFlags, mount, unmount};

const INSIDE: &str = "STRONGROOM_TEST_NAMESPACE";

/// Runs the test of that name, with its modules, once more in a namespace, and answers whether this is there.
#[track_caller]
pub fn inside(test: &str) -> bool {
    if std::env::var_os(INSIDE).is_some() {
        return true;
    }
    let mut unshare = Command::new("unshare");
    unshare.args(["--mount", "--propagation", "private"]);
    if !rustix::process::geteuid().is_root() {
        unshare.args(["--user", "--map-root-user"]);
    }
    let can = Command::new(unshare.get_program()).args(unshare.get_args()).arg("true").status();
    if !can.is_ok_and(|it| it.success()) {
        assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "no mount namespace can be had");
        return false;
    }
    unshare.arg("--").arg(std::env::current_exe().unwrap());
    unshare.args(["--exact", test, "--nocapture", "--test-threads=1"]).env(INSIDE, "1");
    let ran = unshare.output().unwrap();
    let said = String::from_utf8_lossy(&ran.stdout);
    assert!(
        ran.status.success() && said.contains("1 passed"),
        "{said}{}",
        String::from_utf8_lossy(&ran.stderr)
    );
    false
}

/// A directory for one test. Whatever was mounted in it is unmounted before it is removed, so that nothing but
/// the directory itself is.
pub struct Room {
    mounts: Mutex<Vec<PathBuf>>,
    pub base: tempfile::TempDir,
}

impl Drop for Room {
    fn drop(&mut self) {
        while let Some(path) = self.mounts.get_mut().unwrap().pop() {
            unmount(&path, UnmountFlags::DETACH).unwrap();
        }
    }
}

impl Room {
    pub fn new() -> Self {
        Self { mounts: Mutex::default(), base: tempfile::tempdir().unwrap() }
    }

    pub fn mount(&self, name: &str, kind: &str, options: &str) -> PathBuf {
        let path = self.base.path().canonicalize().unwrap().join(name);
        fs::create_dir(&path).unwrap();
        self.mount_over(&path, kind, &CString::new(options).unwrap());
        path
    }

    /// A new file system of that kind, never a part of one that is there.
    pub fn mount_over(&self, path: &Path, kind: &str, options: &CStr) {
        mount(kind, path, kind, MountFlags::NOSUID, options).unwrap();
        self.is_mounted(path);
    }

    /// What the test has mounted itself, to be unmounted in the end.
    pub fn is_mounted(&self, path: &Path) {
        self.mounts.lock().unwrap().push(path.to_owned());
    }

    pub fn tmpfs(&self) -> PathBuf {
        self.mount("target", "tmpfs", "size=4m,mode=0755")
    }
}
