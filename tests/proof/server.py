"""The server under test, started as an operator would start it, and asked over HTTP."""

import http.client
import json
import os
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

WAIT = 60  # seconds for whatever is waited for: the machine may be busy

CONFIG = """\
storage "sqlite" {
  path = "%(home)s/data"
}
listener "tcp" {
  address = "127.0.0.1:0"
  tls_disable = true
}
log_level = "trace"
"""


class Trouble(Exception):
    """A proof that failed, or could not be made."""


class Lacking(Exception):
    """What a proof needs is not here: root, most often."""


@dataclass
class Answer:
    status: int
    body: bytes
    headers: dict = field(default_factory=dict)

    def json(self):
        return json.loads(self.body) if self.body else {}

    def data(self):
        return self.json()["data"]


class Server:
    """A `secret server` with a home of its own, which ends with the `with` block."""

    def __init__(self, binary, config=CONFIG, home=None, user=None, prefix=()):
        self.binary, self.user, self.prefix = binary, user, list(prefix)
        self.folder = None if home else tempfile.TemporaryDirectory(prefix="proof-")
        self.home = Path(home or self.folder.name)
        self.config = self.home / "server.hcl"
        self.config.write_text(config % {"home": self.home})
        if user is not None:
            for path in [self.home, *self.home.rglob("*")]:
                os.chown(path, user, user)
        self.process = self.port = None
        self.starts = 0

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()
        if self.folder:
            self.folder.cleanup()

    def start(self):
        """Starts it, and waits for the line that says where it listens."""
        self.starts += 1
        self.log = self.home / f"server-{self.starts}.log"
        command = [*self.prefix, self.binary, "server", f"-config={self.config}"]
        environment = {"HOME": str(self.home), "PATH": os.environ.get("PATH", os.defpath), "RUST_LOG": "trace", "RUST_BACKTRACE": "1"}
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment,
                                            cwd=self.home, user=self.user, group=self.user,
                                            extra_groups=[] if self.user is not None else None)
        ready = b"ready on http://127.0.0.1:"
        self.wait_for(lambda: ready in self.log.read_bytes(), "the server to be ready")
        self.port = int(self.log.read_bytes().split(ready)[1].split(b"\n")[0])

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(WAIT)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def wait_for(self, happened, what):
        until = time.monotonic() + WAIT
        while not happened():
            if self.process.poll() is not None:
                raise Trouble(f"the server ended: {self.log.read_text(errors='replace')[-2000:]}")
            if time.monotonic() > until:
                raise Trouble(f"waited for {what} in vain")
            time.sleep(0.02)

    @property
    def pid(self):
        return self.process.pid

    def ask(self, method, path, body=None, token=None, headers=None):
        """One request. `body` is JSON, or bytes as they are; the path is sent as it stands."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=WAIT)
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        all_headers = {"X-Vault-Request": "true"} | ({"X-Vault-Token": token} if token else {}) | (headers or {})
        try:
            connection.request(method, path, data, all_headers)
            answer = connection.getresponse()
            return Answer(answer.status, answer.read(), {name.lower(): value for name, value in answer.getheaders()})
        finally:
            connection.close()

    def must(self, method, path, body=None, token=None, headers=None):
        """One request that succeeds."""
        answer = self.ask(method, path, body, token, headers)
        if answer.status not in (200, 204):
            raise Trouble(f"{method} {path} answers {answer.status}: {answer.body[:300]!r}")
        return answer

    def init(self, shares=1, threshold=1, **more):
        """Makes the store; answers what `sys/init` does."""
        wish = {"secret_shares": shares, "secret_threshold": threshold} if not more else more
        return self.must("PUT", "/v1/sys/init", wish).json()

    def open(self):
        """Makes the store, opens it, and answers the root token."""
        made = self.init()
        self.share = made["keys_base64"][0]
        self.unseal(self.share)
        return made["root_token"]

    def unseal(self, key):
        return self.must("PUT", "/v1/sys/unseal", {"key": key}).json()

    def lives(self):
        """Whether it still answers."""
        return self.process.poll() is None and self.ask("GET", "/v1/sys/seal-status").status == 200


def needs_root():
    if os.geteuid() != 0:
        raise Lacking("only root may look into another process")


def require(holds, what):
    if not holds:
        raise Trouble(what)
