"""One case in one world: its files, its agents, what it asks, and what is seen."""

import http.client
import json
import os
import signal
import socket
import stat
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from own_server import OwnServer
from relay import Relay

WAIT = 20  # seconds for whatever is waited for: the machine may be busy
ABSENT = "absent"
POLICY = """\
path "secret/*" { capabilities = ["create", "read", "update", "delete", "list"] }
path "auth/token/create" { capabilities = ["create", "update"] }
path "cubbyhole/*" { capabilities = ["create", "read", "update", "delete", "list"] }
"""


class Missed(Exception):
    """Something that the case needs to go on did not happen."""


@dataclass
class Answer:
    status: int
    body: bytes
    headers: dict

    def json(self):
        try:
            return json.loads(self.body)
        except ValueError:
            return {}


@dataclass
class Seen:
    """What was seen, and what an agent of OpenBao at its own server is known to show."""
    label: str
    value: object
    expected: object


@dataclass
class World:
    name: str
    server: object
    agent: list
    proxy: list
    # What starts a server of its kind.
    serve: list
    # The command lines of both, whatever the world.
    commands: dict
    # The command line of OpenBao.
    client: str
    # What a value is to be instead of the expected one, by case and label.
    instead: dict = field(default_factory=dict)


class Place:
    """Where one case happens in one world. Paths, roles and files are its own; the server is shared."""

    def __init__(self, world, case, disk, memory, tls):
        self.world, self.case, self.server = world, case, world.server
        self.home = Path(tempfile.mkdtemp(prefix=f"{case}-", dir=disk))
        self.out = Path(tempfile.mkdtemp(prefix=f"{case}-", dir=memory))
        self.seen, self.agents, self.planted, self.relays, self.others = [], [], [], [], []
        self.ports, self.tls = {}, tls

    def end(self):
        for agent in self.agents:
            agent.kill()
        for relay in self.relays:
            relay.end()
        for other in self.others:
            other.stop()

    def also(self, other):
        """Something else of the case that is to be stopped when it ends."""
        self.others.append(other)
        return other

    # ------------------------------------------------------------------ seeing

    def see(self, label, value, expected):
        """Records a value. A function is asked until it answers what it should, or for WAIT seconds."""
        awaited = self.world.instead.get((self.case, label), plain(expected))
        value = until_equal(value, awaited) if callable(value) else plain(value)
        self.seen.append(Seen(label, value, plain(expected)))

    def need(self, holds, what):
        """Waits for what must be so before the case goes on."""
        until = time.monotonic() + WAIT
        while True:
            found = holds()
            if found:
                return found
            if time.monotonic() > until:
                raise Missed(f"waited for {what} in vain")
            time.sleep(0.03)

    # ----------------------------------------------------------------- servers

    def ask(self, method, path, body=None, token=None, headers=None):
        """What the server answers."""
        return request("127.0.0.1", self.server.port, method, f"/v1/{path}", body, token, headers)

    def must(self, method, path, body=None, headers=None):
        """What the server answers to its root token, which it must not refuse."""
        answer = self.ask(method, path, body, self.server.token, headers)
        if answer.status not in (200, 204):
            raise Missed(f"{method} {path} answers {answer.status}: {answer.body[:200]!r}")
        return answer.json()

    def relay(self, tls=False):
        """Something between an agent and the server, whose address is `@relay@`."""
        self.relays.append(Relay(self.server.port, self.tls if tls else None))
        return self.relays[-1]

    def own_server(self):
        """A server with TLS for this case alone, at `@port-server@`."""
        return self.also(OwnServer(self.world.serve, self.home, self.port("port-server"), self.tls))

    def asked_again(self, relay, name, times=4):
        """Waits until an agent has asked for a secret a few times more: long enough to act on what it got."""
        path = f"/v1/secret/data/{self.case}/{name}"
        before = relay.times(path)
        self.need(lambda: relay.times(path) >= before + times, f"more requests for {name}")

    def secret(self, name, **data):
        """Writes a secret, whose values may turn up in no log of ours."""
        self.planted += [value for value in data.values() if isinstance(value, str) and len(value) >= 8]
        self.must("PUT", f"secret/data/{self.case}/{name}", {"data": data})

    def approle(self, **role):
        """A role, and the files with which an agent logs in to it."""
        mount = f"approle-{self.case}"
        self.must("PUT", f"sys/policies/acl/{mount}", {"policy": POLICY})
        self.must("POST", f"sys/auth/{mount}", {"type": "approle"})
        self.must("PUT", f"auth/{mount}/role/app", {"token_policies": [mount], "token_ttl": "10m"} | role)
        self.file("role-id", self.must("GET", f"auth/{mount}/role/app/role-id")["data"]["role_id"])
        if role.get("bind_secret_id") is False:
            return
        secret_id = self.must("PUT", f"auth/{mount}/role/app/secret-id", {})["data"]["secret_id"]
        self.planted.append(secret_id)
        self.file("secret-id", secret_id)

    def token(self, **wish):
        """A token of its own, in the file `token`."""
        self.must("PUT", f"sys/policies/acl/token-{self.case}", {"policy": POLICY})
        made = self.must("PUT", "auth/token/create", {"policies": [f"token-{self.case}"], "ttl": "10m"} | wish)
        self.planted.append(made["auth"]["client_token"])
        self.file("token", made["auth"]["client_token"])
        return made["auth"]["client_token"]

    def works(self, token):
        """Whether the server knows a token, and its policies."""
        self.planted.append(token) if token else None
        answer = self.ask("GET", "auth/token/lookup-self", token=token or "none")
        return answer.json()["data"]["policies"] if answer.status == 200 else answer.status

    # ------------------------------------------------------------------- files

    def file(self, name, text, mode=0o600):
        path = self.home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self.fill(text))
        path.chmod(mode)
        return path

    def fill(self, text):
        """Puts addresses and paths for the words between `@`. `@allow env@` opens a function of our agent's templates."""
        for word, value in {"address": f"http://127.0.0.1:{self.server.port}", "home": self.home, "out": self.out,
                            "case": self.case, "tls": self.tls,
                            "relay": f"127.0.0.1:{self.relays[-1].port}" if self.relays else ""}.items():
            text = text.replace(f"@{word}@", str(value))
        while "@allow " in text:
            at = text.index("@allow ")
            word = text[at:text.index("@", at + 1) + 1]
            names = ", ".join(f'"{it}"' for it in word.strip("@").split()[1:])
            text = text.replace(word, f"allow = [{names}]" if self.world.name == "ours" else "")
        while "@port" in text:
            at = text.index("@port")
            word = text[at:text.index("@", at + 1) + 1]
            text = text.replace(word, str(self.port(word.strip("@"))))
        return text

    def port(self, word="port"):
        if word not in self.ports:
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", 0))
                self.ports[word] = probe.getsockname()[1]
        return self.ports[word]

    # ------------------------------------------------------------------ agents

    def agent(self, config, *flags, name="agent.hcl", env=None):
        """Starts the agent with a configuration."""
        return self.start(self.world.agent, [f"-config={self.file(name, config)}", *flags], env)

    def proxy(self, config, *flags):
        """Starts the proxy; our own agent is both."""
        return self.start(self.world.proxy, [f"-config={self.file('proxy.hcl', config)}", *flags], None)

    def start(self, program, arguments, env):
        # Where our agent keeps keys in memory; without it they would outlive the case.
        env = {"RUNTIME_DIRECTORY": str(self.out)} | (env or {})
        agent = Agent(program + [self.fill(it) for it in arguments], self.home, env, len(self.agents))
        self.agents.append(agent)
        return agent


class Agent:
    """A running agent with a clean environment, and a log of its own."""

    def __init__(self, command, home, env, number):
        self.path = home / f"agent-{number}.log"
        environment = {"HOME": str(home), "PATH": os.environ.get("PATH", os.defpath), "TZ": "UTC"} | env
        with open(self.path, "wb") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment,
                                            cwd=home, start_new_session=True)

    @property
    def pid(self):
        return self.process.pid

    def log(self):
        return self.path.read_text(errors="replace")

    def status(self, seconds=WAIT):
        """Its exit status, once it has ended."""
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return "still running"

    def runs(self):
        return self.process.poll() is None

    def signal(self, number):
        self.process.send_signal(number)

    def stop(self):
        """Ends it as an init system does; its exit status."""
        if self.runs():
            self.process.send_signal(signal.SIGTERM)
        return self.status()

    def kill(self):
        """Ends it and what it started, whatever happens."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(self.process.pid, number)
            except ProcessLookupError:
                break
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                continue


# ------------------------------------------------------------------- looking

def plain(value):
    """A value as TOML and JSON have it."""
    return json.loads(json.dumps(value))


def until_equal(function, awaited):
    until = time.monotonic() + WAIT
    while True:
        value = plain(function())
        if value == awaited or time.monotonic() > until:
            return value
        time.sleep(0.03)


def text(path):
    """What stands in a file."""
    try:
        return Path(path).read_text()
    except (FileNotFoundError, NotADirectoryError):
        return ABSENT


def mode(path):
    """The permissions of a file, in octal digits."""
    try:
        return f"{stat.S_IMODE(os.lstat(path).st_mode):04o}"
    except FileNotFoundError:
        return ABSENT


def is_there(path):
    return Path(path).exists()


def lines(path):
    """How many lines a file has."""
    return 0 if text(path) == ABSENT else len(text(path).splitlines())


class UnixConnection(http.client.HTTPConnection):
    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(WAIT)
        self.sock.connect(self.host)


def request(host, port, method, path, body=None, token=None, headers=None):
    """One request; status 0 if nobody answers."""
    connection = http.client.HTTPConnection(host, port, timeout=WAIT) if port else UnixConnection(str(host))
    data = None if body is None else json.dumps(body).encode()
    every = {"Host": "agent", "X-Vault-Request": "true"} | ({"X-Vault-Token": token} if token else {}) | (headers or {})
    try:
        connection.request(method, path, data, {name: value for name, value in every.items() if value is not None})
        answer = connection.getresponse()
        return Answer(answer.status, answer.read(), {name.lower(): value for name, value in answer.getheaders()})
    except (OSError, http.client.HTTPException):
        return Answer(0, b"", {})
    finally:
        connection.close()
