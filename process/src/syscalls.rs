//! What a server never asks of the kernel is refused from then on: programs, other processes' memory, file
//! systems, kernel modules.
//!
//! This is a list of what is denied. A list of what is allowed would be tighter, and would break with the next
//! version of the C library, of the runtime or of the name service that a resolver loads; what an intruder wants
//! of the kernel is well known and changes slowly. Whoever tries gets `EPERM` and no more, so that a library that
//! probes is not killed.

use std::{collections::BTreeMap, io};

use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
    apply_filter,
};

/// Denied whatever their arguments.
const DENIED: &[libc::c_long] = &[
    // Other programs.
    libc::SYS_execve,
    libc::SYS_execveat,
    // Other processes.
    libc::SYS_kcmp,
    libc::SYS_pidfd_getfd,
    libc::SYS_process_madvise,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_ptrace,
    // The kernel itself.
    libc::SYS_bpf,
    libc::SYS_delete_module,
    libc::SYS_finit_module,
    libc::SYS_init_module,
    libc::SYS_kexec_file_load,
    libc::SYS_kexec_load,
    libc::SYS_perf_event_open,
    libc::SYS_personality,
    libc::SYS_reboot,
    libc::SYS_syslog,
    libc::SYS_userfaultfd,
    // The kernel's own ways to do what is denied elsewhere.
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    libc::SYS_io_uring_setup,
    // Its keys.
    libc::SYS_add_key,
    libc::SYS_keyctl,
    libc::SYS_request_key,
    // File systems and namespaces.
    libc::SYS_chroot,
    libc::SYS_fanotify_init,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_fsopen,
    libc::SYS_fspick,
    libc::SYS_mount,
    libc::SYS_mount_setattr,
    libc::SYS_move_mount,
    libc::SYS_name_to_handle_at,
    libc::SYS_open_by_handle_at,
    libc::SYS_open_tree,
    libc::SYS_pivot_root,
    libc::SYS_quotactl,
    libc::SYS_setns,
    libc::SYS_swapoff,
    libc::SYS_swapon,
    libc::SYS_umount2,
    libc::SYS_unshare,
    // The machine's clock and names.
    libc::SYS_acct,
    libc::SYS_adjtimex,
    libc::SYS_clock_adjtime,
    libc::SYS_clock_settime,
    libc::SYS_setdomainname,
    libc::SYS_sethostname,
    libc::SYS_settimeofday,
];

/// Ports of the machine and segments of the processor, where there are such.
#[cfg(target_arch = "x86_64")]
const DENIED_HERE: &[libc::c_long] = &[libc::SYS_ioperm, libc::SYS_iopl, libc::SYS_modify_ldt];
#[cfg(not(target_arch = "x86_64"))]
const DENIED_HERE: &[libc::c_long] = &[];

/// The kernel may speak a second dialect (x32), whose calls have this bit set and, where they carry pointers to
/// pointers, numbers of their own.
#[cfg(target_arch = "x86_64")]
const X32: libc::c_long = 0x4000_0000;
/// `execve`, `ptrace`, `kexec_load`, `process_vm_readv`, `process_vm_writev`, `execveat` of that dialect.
#[cfg(target_arch = "x86_64")]
const DENIED_IN_X32: &[libc::c_long] = &[520, 521, 528, 539, 540, 545];

/// A child in namespaces of its own.
const NAMESPACES: [libc::c_int; 7] = [
    libc::CLONE_NEWCGROUP,
    libc::CLONE_NEWIPC,
    libc::CLONE_NEWNET,
    libc::CLONE_NEWNS,
    libc::CLONE_NEWPID,
    libc::CLONE_NEWUSER,
    libc::CLONE_NEWUTS,
];

/// What a server talks over: the network, its socket, and the kernel's list of addresses, which resolvers read.
const FAMILIES: [libc::c_int; 4] = [libc::AF_UNIX, libc::AF_INET, libc::AF_INET6, libc::AF_NETLINK];

/// Filters the calling thread and its later children: there are to be no others yet.
pub(crate) fn deny() -> io::Result<()> {
    let programs = compile().map_err(io::Error::other)?;
    programs.iter().try_for_each(|it| apply_filter(it)).map_err(io::Error::other)
}

fn compile() -> Result<[BpfProgram; 2], seccompiler::BackendError> {
    let everything = Vec::new;
    let mut rules: BTreeMap<libc::c_long, Vec<SeccompRule>> =
        DENIED.iter().chain(DENIED_HERE).map(|it| (*it, everything())).collect();
    #[cfg(target_arch = "x86_64")]
    {
        let dialect: Vec<_> = rules.keys().chain(DENIED_IN_X32).map(|it| it | X32).collect();
        rules.extend(dialect.into_iter().map(|it| (it, everything())));
    }
    let strange = FAMILIES.iter().map(|it| argument(0, SeccompCmpOp::Ne, *it)).collect::<Result<_, _>>()?;
    rules.insert(libc::SYS_socket, vec![SeccompRule::new(strange)?]);
    let namespaces = NAMESPACES.iter().map(|it| masked(0, *it)).collect::<Result<_, _>>()?;
    rules.insert(libc::SYS_clone, namespaces);
    // Memory that is written and then run.
    for call in [libc::SYS_mmap, libc::SYS_mprotect, libc::SYS_pkey_mprotect] {
        rules.insert(call, vec![masked(2, libc::PROT_WRITE | libc::PROT_EXEC)?]);
    }
    // `clone3` hides its flags behind a pointer. The C library goes back to `clone` where it is told that the
    // kernel does not know it.
    let unknown = BTreeMap::from([(libc::SYS_clone3, everything())]);
    Ok([program(rules, libc::EPERM)?, program(unknown, libc::ENOSYS)?])
}

fn program(
    rules: BTreeMap<libc::c_long, Vec<SeccompRule>>,
    error: libc::c_int,
) -> Result<BpfProgram, seccompiler::BackendError> {
    let refusal = SeccompAction::Errno(error.unsigned_abs());
    let architecture = std::env::consts::ARCH.try_into()?;
    SeccompFilter::new(rules, SeccompAction::Allow, refusal, architecture)?.try_into()
}

/// All bits of `bits` are set in an argument.
fn masked(at: u8, bits: libc::c_int) -> Result<SeccompRule, seccompiler::BackendError> {
    let bits = u64::from(bits.unsigned_abs());
    SeccompRule::new(vec![SeccompCondition::new(
        at,
        SeccompCmpArgLen::Dword,
        SeccompCmpOp::MaskedEq(bits),
        bits,
    )?])
}

fn argument(
    at: u8,
    op: SeccompCmpOp,
    value: libc::c_int,
) -> Result<SeccompCondition, seccompiler::BackendError> {
    SeccompCondition::new(at, SeccompCmpArgLen::Dword, op, u64::from(value.unsigned_abs()))
}
