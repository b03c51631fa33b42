"""The server as the kernel and other processes see it."""

import atexit
import os
import socket
import subprocess
import time
from pathlib import Path

from memory import regions
from server import CONFIG, WAIT, Server, needs_root, require

NOBODY = 65534
CAP_IPC_LOCK = 1 << 14


def status(pid):
    """/proc/PID/status of a process or thread, as a table."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


def threads(pid):
    return [f"{pid}/task/{thread}" for thread in os.listdir(f"/proc/{pid}/task")]


def same_user_reads(pid, user):
    """Whether another process of the same user may read the memory of this one."""
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setresgid(user, user, user)
            os.setresuid(user, user, user)
            start = int(open(f"/proc/{pid}/maps").readline().split("-")[0], 16)
            os.pread(os.open(f"/proc/{pid}/mem", os.O_RDONLY), 16, start)
        except OSError:
            os._exit(13)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


# Rules 26, 32
def every_thread_is_confined(binary):
    with Server(binary) as server:
        server.open()
        own = threads(server.pid)
        require(len(own) > 3, "the server has threads")
        for thread in own:
            said = status(thread)
            require(said["NoNewPrivs"] == "1" and said["Seccomp"] == "2", f"{thread} is not confined: {said}")
            held = {name: said[name] for name in ("CapInh", "CapPrm", "CapEff", "CapAmb")}
            require(all(int(bits, 16) & ~CAP_IPC_LOCK == 0 for bits in held.values()), f"{thread} holds capabilities: {held}")
            if os.geteuid() == 0:
                require(int(said["CapBnd"], 16) & ~CAP_IPC_LOCK == 0, f"{thread} can get capabilities: {said['CapBnd']}")
        limits = Path(f"/proc/{server.pid}/limits").read_text()
        core = next(line.split()[4:6] for line in limits.splitlines() if line.startswith("Max core file size"))
        require(core == ["0", "0"], f"core files may be written: {core}")
        require(status(server.pid)["Umask"] == "0077", "files are made for others to read")
        return f"{len(own)} threads"


# Rules 25, 26
def keys_lie_in_memory_that_is_locked_and_dumped_nowhere(binary):
    needs_root()
    with Server(binary) as server:
        server.open()
        own = [region for region in regions(server.pid) if region.is_for_keys]
        require(own, "no region is locked, left out of core files and empty after a fork")
        locked = int(status(server.pid)["VmLck"].split()[0])
        require(locked > 1024, f"root's server locks all of its memory, not {locked} kB")
        return f"{len(own)} regions for keys, {locked} kB locked in all"


# Rule 26
def no_other_process_of_the_same_user_reads_its_memory(binary):
    needs_root()
    open_process = subprocess.Popen(["sleep", "600"], user=NOBODY, group=NOBODY, extra_groups=[], cwd="/")
    try:
        # The child has another user only once it has run the program.
        until = time.monotonic() + WAIT
        while not same_user_reads(open_process.pid, NOBODY):
            require(time.monotonic() < until, "here no process may read another's memory, so this proves nothing")
    finally:
        open_process.kill()
        open_process.wait()
    with Server(reachable(binary), user=NOBODY) as server:
        server.open()
        require(not same_user_reads(server.pid, NOBODY), "another process of the same user reads the server's memory")
        require(all(status(thread)["Uid"].split()[0] == str(NOBODY) for thread in threads(server.pid)), "the server runs as it was started")
    return f"user {NOBODY}"


def reachable(binary):
    """A path to the program that every user may go: its folder may be root's alone."""
    copy = Path("/tmp") / f"proof-secret-{os.getpid()}"
    if not copy.exists():
        copy.write_bytes(Path(binary).read_bytes())
        copy.chmod(0o755)
        atexit.register(copy.unlink)
    return str(copy)


# Rule 28
def a_token_in_its_environment_is_removed_and_told_of(binary):
    with Server(binary, prefix=["env", "VAULT_TOKEN=hvs.planted-in-the-environment"]) as server:
        environment = Path(f"/proc/{server.pid}/environ").read_bytes() if os.geteuid() == 0 else b""
        require(b"planted-in-the-environment" not in environment, "the token is still in the environment")
        log = server.log.read_text()
        require("VAULT_TOKEN was in the server's environment" in log, "nobody was told")
        require("planted-in-the-environment" not in log, "the log shows the token")
        return "VAULT_TOKEN"


SWAPS = "Filename\tType\tSize\tUsed\tPriority\n/dev/sda2 partition\t8000000\t0\t-2\n"


def swapping(folder, memlock):
    """What makes a machine look as if it swapped, to a user who may lock so much memory."""
    swaps = Path(folder) / "swaps"
    swaps.write_text(SWAPS)
    script = f'mount --bind "{swaps}" /proc/swaps && exec setpriv --reuid {NOBODY} --regid {NOBODY} --clear-groups --bounding-set -ipc_lock prlimit --memlock={memlock}:{memlock} -- "$@"'
    return ["unshare", "--mount", "sh", "-c", script, "sh"]


# Rule 27
def swap_without_locked_memory_refuses_to_start(binary):
    needs_root()
    binary = reachable(binary)
    for memlock, more, expected in [(0, "", None), (0, "disable_mlock = true\n", "disable_mlock is set"), (8 << 20, "", "keys are locked in memory, but")]:
        with Server(binary, CONFIG + more, user=NOBODY) as plain:
            plain.stop()
            server = Server(binary, CONFIG + more, home=plain.home)
            os.chown(server.config, NOBODY, NOBODY)
            server.prefix = swapping(server.home, memlock)
            if expected is None:
                refused = subprocess.run([*server.prefix, binary, "server", f"-config={server.config}"], capture_output=True, text=True, timeout=WAIT, stdin=subprocess.DEVNULL)
                require(refused.returncode == 1, f"it ran: {refused.stderr}")
                lines = refused.stderr.strip().splitlines()
                require(len(lines) == 1 and "cannot be locked in memory" in lines[0] and "disable_mlock" in lines[0], f"what is said: {refused.stderr}")
            else:
                with server:
                    require(expected in server.log.read_text(), f"the log says nothing of it: {server.log.read_text()}")
    return "refused, accepted with disable_mlock, and started where keys are locked"


# Rules 26, 110: what is bound first needs no right later.
def a_low_port_is_bound_before_rights_are_given_up(binary):
    needs_root()
    port = next(port for port in range(911, 1023) if is_free(port))
    with Server(binary, CONFIG.replace("127.0.0.1:0", f"127.0.0.1:{port}")) as server:
        require(server.port == port and server.lives(), "it listens where it was told to")
        require(int(status(server.pid)["CapEff"], 16) & ~CAP_IPC_LOCK == 0, "rights are left")
        return f"port {port}"


def is_free(port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


TESTS = [every_thread_is_confined, keys_lie_in_memory_that_is_locked_and_dumped_nowhere, no_other_process_of_the_same_user_reads_its_memory,
         a_token_in_its_environment_is_removed_and_told_of, swap_without_locked_memory_refuses_to_start, a_low_port_is_bound_before_rights_are_given_up]
