"""The server under test, started as a person would start it.

The conformance and interop runners both use this; the server ends with them.
"""

import http.client
import json
import time
from pathlib import Path

import diff

CONFIG = """\
storage "sqlite" {
  path = "%s"
}
listener "tcp" {
  address = "127.0.0.1:%d"
  tls_disable = true
}
unsafe_allow_api_audit_creation = true
answers = "%s"
"""


class Subject(diff.Started):
    """A `secret` server in one of four modes: `dev`; `config`, which is initialised here over
    the API; `vault`, which is the same with Vault's answers where OpenBao's differ; and `empty`,
    which is left alone."""

    def __init__(self, mode, binary, wait):
        self.mode = mode
        super().__init__("subject", lambda port, token, home: self.command(binary, port, token, home), wait)

    def command(self, binary, port, token, home):
        if self.mode == "dev":
            return [binary, "server", "-dev", f"-dev-root-token-id={token}", f"-dev-listen-address=127.0.0.1:{port}", f"-config={home}/tls.hcl"]
        config = home / "server.hcl"
        own = CONFIG % (home / "data", port, "vault" if self.mode == "vault" else "openbao")
        config.write_text(own + (home / "tls.hcl").read_text())
        return [binary, "server", f"-config={config}"]

    def await_health(self, wait):
        if self.mode == "dev":
            return super().await_health(wait)
        self.await_listener(time.monotonic() + wait)
        if self.mode in ("config", "vault"):
            self.initialise()

    def initialise(self):
        made = self.put("/v1/sys/init", {"secret_shares": 1, "secret_threshold": 1})
        state = self.put("/v1/sys/unseal", {"key": made["keys_base64"][0]})
        if state.get("sealed") is not False:
            raise diff.Trouble("subject: still sealed after sys/unseal")
        wish = {"id": self.token, "policies": ["root"], "no_parent": True, "no_default_policy": True}
        self.put("/v1/auth/token/create", wish, made["root_token"])

    def await_listener(self, until):
        side = diff.Side(self.name, self.url, "")
        while time.monotonic() < until and self.process.poll() is None:
            try:
                side.send("GET", "/v1/sys/seal-status", None, {})
                return
            except (OSError, http.client.HTTPException):
                time.sleep(0.05)
        log = (Path(self.home) / "server.log").read_text(errors="replace")[-2000:]
        raise diff.Trouble(f"subject: nothing answers at {self.url}\n{log}")

    def put(self, path, body, token=""):
        headers = {"X-Vault-Request": "true"} | ({"X-Vault-Token": token} if token else {})
        answer = diff.Side(self.name, self.url, token).send("PUT", path, json.dumps(body).encode(), headers)
        if answer.status != 200:
            raise diff.Trouble(f"subject: PUT {path} answers {answer.status}")
        return json.loads(answer.body)
