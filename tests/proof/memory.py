"""What lies in the process's memory, read through /proc as root reads it.

Each secret is found first, while it is in use, by the same search that later must not find it.
"""

import base64
import re
import threading

from planted import fresh, spellings
from server import CONFIG, Server, Trouble, needs_root, require

GRANULE = 32  # what keys are given out in, in locked memory


class Region:
    """A mapping of the process, with the kernel's flags."""

    def __init__(self, start, end, mode, name, flags):
        self.start, self.end, self.mode, self.name, self.flags = start, end, mode, name, flags

    @property
    def is_for_keys(self):
        """Locked, out of core files, empty after fork: as `process/src/locked.rs` makes them."""
        return {"lo", "dd", "wf"} <= set(self.flags)


def regions(pid):
    """All mappings that can be written to: where a process can hold anything of its own."""
    found, current = [], None
    for line in open(f"/proc/{pid}/smaps"):
        head = re.match(r"([0-9a-f]+)-([0-9a-f]+) (\S+) \S+ \S+ \S+\s*(.*)", line)
        if head:
            current = Region(int(head[1], 16), int(head[2], 16), head[3], head[4].strip(), [])
            found.append(current)
        elif line.startswith("VmFlags:"):
            current.flags = line.split()[1:]
    return [region for region in found if "w" in region.mode and "r" in region.mode]


def read(pid, region):
    """What is in a region; pages that were never touched are left out by the kernel as zeros."""
    with open(f"/proc/{pid}/mem", "rb", 0) as memory:
        try:
            memory.seek(region.start)
            return memory.read(region.end - region.start)
        except (OSError, ValueError, OverflowError):
            return b""  # it was unmapped meanwhile


def search(pid, needles):
    """Where each of the needles (name -> bytes) lies: name -> names of regions."""
    found = {}
    for region in regions(pid):
        content = read(pid, region)
        for name, needle in needles.items():
            if needle in content:
                where = "keys" if region.is_for_keys else region.name or "anonymous"
                found.setdefault(name, []).append(f"{where} {region.start:x}")
    return found


def keys(pid):
    """Every granule of locked memory that looks random: keys, and what is made of keys."""
    found = {}
    for region in filter(lambda it: it.is_for_keys, regions(pid)):
        content = read(pid, region)
        for at in range(0, len(content), GRANULE):
            granule = content[at:at + GRANULE]
            if len(set(granule)) > 20:
                found[f"key at {region.start + at:x}"] = granule
    return found


def needles(named):
    """Secrets in the spellings in which a server may hold them."""
    return {f"{name} {spelling}": needle for name, text in named.items() for spelling, needle in spellings(text).items()
            if spelling == "as it is" or not isinstance(text, str)}


class Readers:
    """Clients that read and write secrets all the time, so that these are in memory while somebody looks."""

    def __init__(self, server, work, count=4):
        self.server, self.work, self.over = server, work, threading.Event()
        self.threads = [threading.Thread(target=self.run, daemon=True) for _ in range(count)]

    def run(self):
        while not self.over.is_set():
            for request in self.work:
                self.server.must(*request)

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        for thread in self.threads:
            thread.join()


def found_while(server, wanted, what):
    """Searches until all of `wanted` have been seen."""
    seen = {}

    def all_seen():
        seen.update(search(server.pid, {name: it for name, it in wanted.items() if name not in seen}))
        return seen.keys() == wanted.keys()

    server.wait_for(all_seen, f"{what} to be seen in memory")
    return seen


def check_gone(server, wanted, what):
    """Fails if anything is left. Work that was under way has a moment to end."""
    left = {}

    def gone():
        left.clear()
        left.update(search(server.pid, wanted))
        return not left

    try:
        server.wait_for(gone, "memory to be wiped")
    except Trouble:
        raise Trouble(f"{what}: left in memory: " + ", ".join(f"{name} in {' and '.join(where)}" for name, where in sorted(left.items())))


def share_bytes(share):
    """The 32 bytes of a share that are secret: `version(1) set(4) x(1) y(32) checksum(4)`."""
    return base64.b64decode(share)[6:38]


# Rules 21, 24, 25: what a sealed server holds is what a stranger knows.
def nothing_secret_is_in_memory_after_seal(binary):
    needs_root()
    with Server(binary) as server:
        made = server.init(shares=3, threshold=2)
        root, shares = made["root_token"], made["keys_base64"]
        server.unseal(shares[0])
        first = {"first share": share_bytes(shares[0])}
        found_while(server, first, "a share that waits for another")
        server.unseal(shares[1])
        given = {"second share": share_bytes(shares[1])} | first | needles({"text of a share": shares[0], "text of the other": shares[1]})
        check_gone(server, given, "unsealed")

        secret, password, user = fresh() * 4, fresh(), fresh()
        server.must("POST", "/v1/sys/mounts/kv1", {"type": "kv"}, root)
        server.must("POST", "/v1/sys/auth/userpass", {"type": "userpass"}, root)
        server.must("POST", f"/v1/auth/userpass/users/{user}", {"password": password}, root)
        written = {"password": secret}
        named = {"root token": root, "secret": secret, "password": password}
        work = [("POST", "/v1/kv1/a", written, root), ("GET", "/v1/kv1/a", None, root), ("POST", "/v1/secret/data/b", {"data": written}, root),
                ("GET", "/v1/secret/data/b", None, root), ("GET", "/v1/auth/token/lookup-self", None, root),
                ("POST", f"/v1/auth/userpass/login/{user}", {"password": password})]
        wanted = needles(named)
        with Readers(server, work):
            found_while(server, wanted, "what is in use")
        held = keys(server.pid)
        require(len(held) >= 8, f"{len(held)} keys in locked memory are fewer than there must be")
        require(search(server.pid, held).keys() == held.keys(), "keys are seen where they lie")

        server.must("PUT", "/v1/sys/seal", {}, root)
        check_gone(server, wanted | held | given, "sealed")
        require(not keys(server.pid), "locked memory is empty")
        # It can be opened again, and has lost nothing.
        server.unseal(shares[2])
        server.unseal(shares[0])
        require(server.must("GET", "/v1/kv1/a", None, root).data() == written, "the secret is there after unsealing")
    return f"{len(held)} keys, {len(given)} spellings of shares, {len(wanted)} of values and tokens"


# Rules 24, 26: keys lie in locked memory and nowhere else.
def keys_lie_in_locked_memory_alone(binary):
    needs_root()
    with Server(binary) as server:
        root = server.open()
        for at in range(50):
            server.must("POST", f"/v1/secret/data/{at}", {"data": {"a": "b"}}, root)
        held = keys(server.pid)
        require(len(held) >= 8, f"{len(held)} keys in locked memory are fewer than there must be")
        copies = {name: places for name, places in search(server.pid, held).items() if any(not it.startswith("keys") for it in places)}
        require(not copies, f"copies of keys outside of locked memory: {copies}")
    return f"{len(held)} keys"


# Rule 24: a passphrase is needed once.
def a_passphrase_is_gone_when_it_has_opened_the_store(binary):
    needs_root()
    with Server(binary, CONFIG + 'seal "passphrase" {}\n') as server:
        passphrase = fresh() + fresh()
        wanted = needles({"passphrase": passphrase})
        made = server.init(passphrase=passphrase)
        outcome = []
        ask = lambda: outcome.append(server.ask("PUT", "/v1/sys/unseal", {"key": passphrase}))
        # Deriving a key takes a while, in which the passphrase is there.
        opening = threading.Thread(target=ask)
        opening.start()
        found_while(server, wanted, "a passphrase in use")
        opening.join()
        require(outcome[0].status == 200 and not outcome[0].json()["sealed"], "the passphrase opens the store")
        check_gone(server, wanted, "unsealed")
        server.must("PUT", "/v1/sys/seal", {}, made["root_token"])
        check_gone(server, wanted, "sealed")
    return "while it is used, and then no more"


TESTS = [nothing_secret_is_in_memory_after_seal, keys_lie_in_locked_memory_alone, a_passphrase_is_gone_when_it_has_opened_the_store]
