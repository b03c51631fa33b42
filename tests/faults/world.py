"""One row's world: a server, an agent beside a workload, and what lies between them.

Each row has namespaces of its own (run.py): nobody else listens on its ports, its mounts end with it, and so do its
processes.
"""

import fcntl
import os
import secrets
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path

import content
from agent import METRICS, Agent
from finding import KINDS, Trouble, require
from server import PORT as SERVER, WAIT, Server
from wire import PORT as WIRE, Wire
from workload import Workload

sys.path.append(str(Path(__file__).resolve().parent.parent / "proof"))
from planted import spellings

FILES = {"app.conf": ["app"], "both.conf": ["app", "db"], "big.conf": ["big"]}
POLICY = 'path "secret/data/*" { capabilities = ["read"] }'
ROLE = {"token_policies": ["app"], "token_ttl": "1h"}


def own_network():
    """A namespace begins without even the loopback."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        up_and_running = 0x1 | 0x40
        fcntl.ioctl(any_socket, 0x8914, struct.pack("16sH14x", b"lo", up_and_running))


def mount(path, size):
    """A tmpfs, or another size of the one that is there."""
    path.mkdir(parents=True, exist_ok=True)
    how = f"remount,size={size}" if os.path.ismount(path) else f"size={size},mode=0755"
    subprocess.run(["mount", "-t", "tmpfs", "-o", how, "tmpfs", path], check=True)


def fill(folder):
    """Takes all the space there is; answers the file that has it."""
    filler = folder / ".filler"
    with open(filler, "wb", 0) as file:
        for size in (1 << 16, 1 << 12, 1):
            try:
                while True:
                    file.write(bytes(size))
            except OSError:
                continue  # not even one more of this size
    return filler


class World:
    """What a row works with. `within` is how soon the files must be fresh after the fault."""

    def __init__(self, binary, command, home, within):
        self.home, self.command, self.within = home, command, within
        self.canary = f"canary{secrets.token_hex(12)}"
        self.versions, self.files, self.agents = {}, FILES, []
        self.memory, self.persist, self.sink = home / "memory", home / "persist", home / "sink" / "token"
        own_network()
        mount(self.memory, "16m")
        self.sink.parent.mkdir()
        self.persist.mkdir()
        self.server = Server(binary, home / "server")
        self.wire = self.workload = None
        self.good = time.monotonic()  # when all was well the last time

    # -------------------------------------------------------------- beginning

    def begin(self, files=None, agent=True, wire=False, role=None, server=None, **settings):
        """A server with secrets, an agent that has rendered them, and a workload that reads the files."""
        self.files = files or self.files
        self.server = server or self.server
        self.server.begin()
        if wire:
            self.wire = Wire()
        self.allow(POLICY)
        self.server.must("PUT", "sys/auth/approle", {"type": "approle"})
        self.make_role(role or {})
        for name in sorted({name for names in self.files.values() for name in names}):
            self.put(name)
        self.workload = Workload(self.home / "workload", self.memory, self.files, self.canary)
        self.agent = self.make_agent(**settings)
        if agent:
            self.agent.start()
            self.fresh(WAIT)
        self.good = time.monotonic()

    def allow(self, policy):
        self.server.must("PUT", "sys/policies/acl/app", {"policy": policy})

    def make_role(self, role):
        self.server.must("PUT", "auth/approle/role/app", ROLE | role)
        self.server.must("PUT", "auth/approle/role/app/role-id", {"role_id": "app"})
        (self.home / "role_id").write_text("app")
        self.make_secret_id()

    def make_secret_id(self):
        made = self.server.must("PUT", "auth/approle/role/app/secret-id", {})["data"]
        self.secret_id = made["secret_id"]
        file = self.home / "secret_id"
        file.write_text(self.secret_id)
        file.chmod(0o600)

    def make_agent(self, name="agent", address=None, sink=None, keeps=False, listens=False, paths=None, each=None,
                   environment=None, vault=None, method=None, template_config=None, **top):
        """An agent for all files. `keeps`: the last good values, encrypted. `each`: settings of single templates."""
        port = WIRE if self.wire else SERVER
        login = {"type": "approle", "mount_path": "auth/approle", "config": {
            "role_id_file_path": str(self.home / "role_id"),
            "secret_id_file_path": str(self.home / "secret_id"),
            "remove_secret_id_file_after_reading": False}} | (method or {})
        templates = [{"contents": content.template(names), "destination": str(self.memory / file), "perms": "0644"} | (each or {}).get(file, {})
                     for file, names in self.files.items()]
        config = {
            "vault": {"address": address or f"http://127.0.0.1:{port}"} | (vault or {}),
            "auto_auth": {"method": login, "sink": [{"type": "file", "config": {"path": str(sink or self.sink)}}]},
            "template": templates,
            "template_config": {"static_secret_render_interval": "1s"} | (template_config or {}),
        } | top
        if keeps:
            config["cache"] = {"persist": {"type": "file", "path": str(self.persist), "key_file": str(self.home / "node.key")}}
        if listens:
            config["listener"] = [{"tcp": {"address": f"127.0.0.1:{METRICS}", "tls_disable": True}}]
        if paths:
            config["path"] = paths
        made = Agent(self.command, self.home / name, config, environment)
        self.agents.append(made)
        return made

    # ------------------------------------------------------- what happens then

    def put(self, name):
        """A new version of a secret."""
        version = self.versions.get(name, 0) + 1
        self.server.must("PUT", f"secret/data/{name}", {"data": content.data(self.canary, name, version)})
        self.versions[name] = version

    def put_all(self):
        for name in list(self.versions):
            self.put(name)

    def wanted(self, files=None):
        return {file: {name: self.versions[name] for name in self.files[file]} for file in files or self.files}

    def fresh(self, within=None, files=None):
        """All files show the newest versions in time."""
        return self.workload.shows(self.wanted(files), within or self.within, self.live)

    def live(self):
        """No agent has ended by itself."""
        for agent in self.agents:
            agent.lives()

    def recovers(self, but=None):
        """After the fault: a new version of each secret is soon in all files, and no file was ever anything but good."""
        self.put_all()
        return self.catches_up(but)

    def catches_up(self, but=None):
        """The same, for what was written while the fault lasted. The longer that was, the later the agent asks again:
        on a machine that is slow by itself it was long."""
        try:
            took = self.fresh(self.within + time.monotonic() - self.good)
            # An agent that goes back does so when it asks the next time.
            self.lasts(1.2)
        finally:
            # What was seen says more than that something was not seen in time.
            self.workload.calm(but)
        self.good = time.monotonic()
        return f"fresh after {took:.1f} s"

    def lasts(self, seconds=2.5, but=()):
        """The fault lasts for so long. Meanwhile the agent lives, and the files are as they were before."""
        before = {file: state for file, state in self.workload.states().items() if file not in but}
        rounds, until = self.workload.rounds(), time.monotonic() + seconds
        while time.monotonic() < until:
            self.live()
            time.sleep(0.05)
        self.workload.looked(rounds)
        after = self.workload.states()
        for file, state in before.items():
            now = after[file]
            if isinstance(now, dict) and isinstance(state, dict) and now != state:
                require(all(now[name] >= version for name, version in state.items()), "older", f"{file} went back from {state} to {now}")
                raise Trouble(f"{file} went on from {state} to {now}: the fault does nothing")
            require(now == state, now if isinstance(now, str) and now in KINDS else "kept", f"{file} was {state}, and is {now}")

    def met(self, within=WAIT):
        """The agent has met the fault in the wire: otherwise it is none."""
        until = time.monotonic() + within
        while not self.wire.met:
            if time.monotonic() > until:
                raise Trouble("the agent has not asked while the fault lasted")
            time.sleep(0.01)

    # ------------------------------------------------------------ its workload

    def clear(self, *files):
        """Removes rendered files, as a restart of the machine would, and begins to watch anew."""
        self.workload.stop()
        newest = self.workload.newest()
        for file in files or self.files:
            (self.memory / file).unlink(missing_ok=True)
        self.workload = Workload(self.home / f"workload-{secrets.token_hex(4)}", self.memory, self.files, self.canary, newest)

    def beside(self):
        """Nothing lies beside the files."""
        names = {path.name for path in self.memory.iterdir()} - set(self.files)
        require(not names, "littered", f"beside the files lies {sorted(names)}")

    def hidden(self):
        """The values lie nowhere but in the files that were rendered: neither in the agent's logs nor in what it keeps."""
        needles = {"a value": spellings(self.canary), "the agent's token": spellings(self.sink.read_text().strip())}
        if not all(self.canary.encode() in (self.memory / file).read_bytes() for file in self.files):
            raise Trouble("the search does not find the value where it is")
        for folder in (self.persist, *(agent.home for agent in self.agents)):
            for path in folder.rglob("*"):
                held = path.read_bytes() if path.is_file() else b""
                for what, spelled in needles.items():
                    for how, needle in spelled.items():
                        require(needle not in held, "leaked", f"{path.relative_to(self.home)} holds {what}, {how}")

    def end(self):
        """What is left ends with the namespace; this leaves the logs whole."""
        for agent in self.agents:
            agent.kill()
