//! What the kernel is asked for at start.

use std::io;

use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};

/// What could be had. Without the rest the server still works; the operator is told.
#[derive(Debug, Default)]
pub struct Hardening {
    /// No other process of the same user may read this one's memory or open its descriptors.
    pub undumpable: bool,
    /// A crash writes no memory to disk.
    pub no_core_files: bool,
    /// No program that is started from here has more rights than this one.
    pub no_new_privileges: bool,
    /// Why something could not be had.
    pub failures: Vec<(&'static str, io::Error)>,
}

// Rule 26
/// Closes the process to others of its user: not dumpable, no core files, no new privileges, and files that it
/// makes are its owner's. To be called before there are threads.
pub fn harden() -> Hardening {
    let mut done = Hardening::default();
    done.undumpable = done
        .note("PR_SET_DUMPABLE", set_dumpable_behavior(DumpableBehavior::NotDumpable).map_err(Into::into));
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    done.no_core_files = done.note("RLIMIT_CORE", setrlimit(Resource::Core, none).map_err(Into::into));
    let no_new = rustix::thread::set_no_new_privs(true);
    done.no_new_privileges = done.note("PR_SET_NO_NEW_PRIVS", no_new.map_err(Into::into));
    rustix::process::umask(rustix::fs::Mode::RWXG | rustix::fs::Mode::RWXO);
    done
}

impl Hardening {
    fn note(&mut self, what: &'static str, outcome: io::Result<()>) -> bool {
        match outcome {
            Ok(()) => true,
            Err(error) => {
                self.failures.push((what, error));
                false
            }
        }
    }
}
