//! What the kernel is asked for at start, in two steps: at once, what no configuration changes; and when the
//! configuration is read and low ports are bound, the rest.

use std::io;

use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};

use crate::{
    capabilities, memory,
    memory::{MemoryLock, Swappable, Waived},
    syscalls,
};

/// What could be had. Without the rest the server still works; the operator is told.
#[derive(Debug, Default)]
pub struct Hardening {
    /// No other process of the same user may read this one's memory or open its descriptors.
    pub undumpable: bool,
    /// A crash writes no memory to disk.
    pub no_core_files: bool,
    /// No program that is started from here has more rights than this one.
    pub no_new_privileges: bool,
    /// Of root's rights none is left but what locked memory needs.
    pub no_capabilities: bool,
    /// The kernel refuses what a server never asks for.
    pub filtered: bool,
    /// Why something could not be had.
    pub failures: Vec<(&'static str, io::Error)>,
    /// What the operator should know of locked memory.
    pub warning: Option<&'static str>,
}

// Rule 26
/// Closes the process to others of its user: not dumpable, no core files, no new privileges, and files that it
/// makes are its owner's. To be called before there are threads.
pub fn harden() -> Hardening {
    let mut done = Hardening::default();
    done.undumpable = done.note("PR_SET_DUMPABLE", close_to_others());
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    done.no_core_files = done.note("RLIMIT_CORE", setrlimit(Resource::Core, none).map_err(Into::into));
    let no_new = rustix::thread::set_no_new_privs(true);
    done.no_new_privileges = done.note("PR_SET_NO_NEW_PRIVS", no_new.map_err(Into::into));
    rustix::process::umask(rustix::fs::Mode::RWXG | rustix::fs::Mode::RWXO);
    done
}

/// No other process of the same user may read this one's memory, and a crash writes none of it to disk. This much
/// a tool at a terminal does too; programs that it starts are as open as ever.
pub fn close_to_others() -> io::Result<()> {
    Ok(set_dumpable_behavior(DumpableBehavior::NotDumpable)?)
}

impl Hardening {
    /// The second step: memory is locked, capabilities are given up, and the kernel is told what it may refuse.
    /// To be called when sockets below port 1024 are bound, and before there are threads.
    ///
    /// # Errors
    ///
    /// [`Swappable`]: keys could be written to the swap device, and nobody has waived that.
    pub fn confine(&mut self, waived: Waived) -> Result<(), Swappable> {
        let (lock, needed) = memory::lock(waived);
        if let MemoryLock::Nothing(error) = &lock {
            self.failures.push(("mlock", io::Error::from(error.kind())));
        }
        self.warning = memory::verdict(lock, memory::machine_swaps(), waived)?;
        self.no_capabilities = self.note("capset", capabilities::keep_only(needed));
        self.filtered = self.note("seccomp", syscalls::deny());
        Ok(())
    }

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
