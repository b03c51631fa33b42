"""A real server: initialised, with a store and an audit log in files, which can be stopped in every way there is."""

import http.client
import json
import os
import signal
import ssl
import subprocess
import time

from finding import Trouble

PORT = 8200
WAIT = 30  # seconds for whatever is waited for: the machine may be busy

CONFIG = """\
storage "sqlite" {
  path = "%(home)s/data"
}
listener "tcp" {
  address = "127.0.0.1:%(port)d"
  %(tls)s
}
audit "file" "main" {
  options { file_path = "%(audit)s/audit.log" }
}
"""


class Server:
    """`secret server` on a port of its own: a row has the whole network to itself."""

    def __init__(self, binary, home, audit=None, environment=None):
        self.binary, self.home, self.environment = binary, home, environment or {}
        self.audit = audit or home
        self.process = self.share = self.token = self.tls = None
        self.starts = 0
        home.mkdir(exist_ok=True)

    # ------------------------------------------------------------ its process

    def start(self):
        """Starts it, and waits until it answers. It is sealed then."""
        self.starts += 1
        tls = "tls_disable = true" if self.tls is None else 'tls_cert_file = "{}"\n  tls_key_file = "{}"'.format(*self.tls)
        config = self.home / "server.hcl"
        config.write_text(CONFIG % {"home": self.home, "port": PORT, "tls": tls, "audit": self.audit})
        environment = {"HOME": str(self.home), "PATH": os.environ.get("PATH", os.defpath), **self.environment}
        self.log = self.home / f"server-{self.starts}.log"
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen([self.binary, "server", f"-config={config}"], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            env=environment, cwd=self.home)
        until = time.monotonic() + WAIT
        while True:
            try:
                return self.ask("GET", "sys/seal-status")
            except (OSError, http.client.HTTPException):
                if self.process.poll() is not None or time.monotonic() > until:
                    raise Trouble(f"the server does not answer: {self.log.read_text(errors='replace')[-1000:]}")
                time.sleep(0.01)

    def begin(self):
        """Starts it, makes the store and opens it."""
        self.start()
        made = self.must("PUT", "sys/init", {"secret_shares": 1, "secret_threshold": 1})
        self.share, self.token = made["keys_base64"][0], made["root_token"]
        self.unseal()

    def again(self):
        """Starts it and opens the store, as after a restart of the machine."""
        self.start()
        self.unseal()

    def stop(self):
        self.end(signal.SIGTERM)

    def kill(self):
        self.end(signal.SIGKILL)

    def end(self, how):
        self.process.send_signal(how)
        self.process.wait(WAIT)

    def freeze(self):
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self):
        self.process.send_signal(signal.SIGCONT)

    # ----------------------------------------------------------- its operator

    def unseal(self):
        if self.must("PUT", "sys/unseal", {"key": self.share})["sealed"]:
            raise Trouble("the server is still sealed")

    def seal(self):
        self.must("PUT", "sys/seal")

    def ask(self, method, path, body=None):
        """Status and answer of a request with the root token."""
        if self.tls is None:
            connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=WAIT)
        else:
            # An operator who has let a certificate expire must still get in.
            connection = http.client.HTTPSConnection("127.0.0.1", PORT, timeout=WAIT, context=ssl._create_unverified_context())
        headers = {"X-Vault-Request": "true"} | ({"X-Vault-Token": self.token} if self.token else {})
        try:
            connection.request(method, f"/v1/{path}", None if body is None else json.dumps(body), headers)
            answer = connection.getresponse()
            said = answer.read()
            return answer.status, json.loads(said) if said else {}
        finally:
            connection.close()

    def must(self, method, path, body=None):
        status, answer = self.ask(method, path, body)
        if status not in (200, 204):
            raise Trouble(f"{method} {path} answers {status}: {answer}")
        return answer
