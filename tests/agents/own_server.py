"""A server of one case, which asks for clients' certificates: the shared ones speak no TLS."""

import http.client
import json
import os
import ssl
import subprocess
import time

WAIT = 30
CONFIG = """\
storage "inmem" {}
disable_mlock = true
listener "tcp" {
  address = "127.0.0.1:%d"
  tls_cert_file = "%s/address.pem"
  tls_key_file = "%s/address.key"
}
"""


class OwnServer:
    """Started, initialised and unsealed; `token` is its root token."""

    def __init__(self, program, home, port, tls):
        self.port, self.token = port, ""
        self.context = ssl.create_default_context(cafile=tls / "ca.pem")
        config = home / "own-server.hcl"
        config.write_text(CONFIG % (port, tls, tls))
        with open(home / "own-server.log", "wb") as log:
            self.process = subprocess.Popen([*program, f"-config={config}"], stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=home,
                                            env={"HOME": str(home), "PATH": os.environ.get("PATH", os.defpath)})
        made = self.when_it_answers("PUT", "sys/init", {"secret_shares": 1, "secret_threshold": 1})
        self.token = made["root_token"]
        self.ask("PUT", "sys/unseal", {"key": made["keys_base64"][0]})
        # A store without Raft's needs is active at once; what comes before that answers 503.
        self.when_it_answers("GET", "sys/mounts")

    def when_it_answers(self, *question):
        until = time.monotonic() + WAIT
        while True:
            status, answer = self.ask(*question)
            if status == 200:
                return answer
            if time.monotonic() > until or self.process.poll() is not None:
                raise OSError(f"the server of the case answers {status} to {question[1]}")
            time.sleep(0.05)

    def ask(self, method, path, body=None, token=None):
        """Status and answer; status 0 if nobody answers."""
        connection = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=WAIT, context=self.context)
        headers = {"X-Vault-Request": "true", "X-Vault-Token": token or self.token}
        try:
            connection.request(method, f"/v1/{path}", None if body is None else json.dumps(body).encode(), headers)
            answer = connection.getresponse()
            content = answer.read()
            return answer.status, json.loads(content) if content else {}
        except (OSError, ValueError, http.client.HTTPException):
            return 0, {}
        finally:
            connection.close()

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
