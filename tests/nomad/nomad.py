"""A strict stand-in for Nomad, and not Nomad: it sends the requests that Nomad 2.0.6 sends, in that order, and reads of the
answers what Nomad reads.

`Keyring` signs workload identities and publishes its keys at an HTTPS server of its own; `Client` speaks as the Go client
of Vault does that Nomad is built with; `Plugin` starts a secret plugin as Nomad does.
"""

import base64
import http.client
import json
import ssl
import subprocess
import threading
import time
import uuid
from dataclasses import dataclass
from pathlib import Path

import signing
from issuer import Answering, TlsServer

KINDS = {"EdDSA": "Ed25519", "RS256": "RSA"}
# A text of these in a refused renewal means that the token is lost: Nomad logs in again and restarts the task if it is to.
FINAL = ("invalid lease ID", "lease expired", "lease is not renewable", "token not found", "no namespace",
         "cannot renew a token across namespaces", "permission denied")
PATIENCE = 60  # seconds: of the Go client for an answer, and of Nomad for a plugin
GRACE = 2  # seconds between SIGTERM and SIGKILL


@dataclass
class Answer:
    status: int
    body: bytes
    kind: str

    def json(self):
        return json.loads(self.body) if self.body else {}

    @property
    def errors(self):
        return " ".join(self.json().get("errors", []))


class Keyring:
    """The keys of a cluster's servers. The newest signs; older ones are published until they are withdrawn."""

    def __init__(self, folder):
        self.folder, self.lock = Path(folder), threading.Lock()
        signing.authority(self.folder)
        self.keys, self.fetched, self.made = [], 0, 0
        self.rotate("EdDSA")
        ring = self

        class Handler(Answering):
            def do_GET(self):
                with ring.lock:
                    ring.fetched += 1
                    keys = [key.jwk() | {"alg": algorithm} for algorithm, key in ring.keys]
                known = self.path == "/.well-known/jwks.json"
                self.answer(200 if known else 404, {"keys": keys} if known else {})

        self.handler, self.server = Handler, TlsServer(Handler, self.folder)
        self.url, self.ca = f"{self.server.url}/.well-known/jwks.json", self.server.ca

    def asking(self, authority):
        """The same keys at a server that asks for certificates of an authority, as `verify_https_client` makes Nomad do."""
        server = TlsServer(self.handler, self.folder)
        context = server.server.socket.context
        context.load_verify_locations(authority)
        context.verify_mode = ssl.CERT_REQUIRED
        return server

    def rotate(self, algorithm, withdraw=False):
        """A new key signs from now on."""
        key = signing.Key(KINDS[algorithm], self.folder, self.made)
        self.made += 1
        with self.lock:
            self.keys = ([] if withdraw else self.keys) + [(algorithm, key)]

    def identity(self, namespace="default", job="shop", task="web", age=0, header=None, algorithm=None, key=None, **claims):
        """The identity of a task, as Nomad signs it. A claim of None is left out."""
        now = int(time.time()) - age
        payload = {
            "aud": "vault.io", "exp": now + 3600, "iat": now, "nbf": now, "jti": str(uuid.uuid4()),
            "nomad_allocation_id": str(uuid.uuid4()), "nomad_job_id": job, "nomad_namespace": namespace, "nomad_task": task,
            "sub": f"global:{namespace}:{job}:group:{task}:vault_default",
        } | claims
        payload = {name: value for name, value in payload.items() if value is not None}
        with self.lock:  # a key signs by way of a file
            newest, signer = self.keys[-1]
            return signing.token(payload, algorithm or newest, key or signer, header)

    def stop(self):
        self.server.stop()


class Client:
    """Requests as the Go client sends them: PUT without a content type, one connection for each."""

    def __init__(self, port):
        self.port, self.sent = port, []

    def ask(self, method, path, body=None, token=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        headers = {"User-Agent": "Go-http-client/1.1", "X-Vault-Request": "true", "Accept-Encoding": "identity"}
        if token:
            headers["X-Vault-Token"] = token
        self.sent.append(f"{method} {path}")
        try:
            connection.request(method, f"/v1/{path}", None if body is None else json.dumps(body).encode(), headers)
            answer = connection.getresponse()
            return Answer(answer.status, answer.read(), answer.getheader("Content-Type", ""))
        finally:
            connection.close()

    def login(self, jwt, role="nomad-workloads", path="jwt-nomad"):
        return self.ask("PUT", f"auth/{path}/login", {"role": role, "jwt": jwt})

    def renew(self, token):
        return self.ask("PUT", "auth/token/renew-self", {"increment": 0}, token)

    def fingerprint(self):
        """What becomes attributes of the node."""
        status = self.ask("GET", "sys/seal-status").json()
        return {f"vault.{name}": status.get(name) for name in ("version", "cluster_id", "cluster_name")}


def is_lost(answer):
    """Whether Nomad takes the token of a refused renewal for lost, and does not just try again."""
    return answer.status >= 400 and any(text in answer.errors for text in FINAL)


# What `nomad setup vault -y` writes.
ROLE = {
    "role_type": "jwt", "bound_audiences": "vault.io", "user_claim": "/nomad_job_id", "user_claim_json_pointer": True,
    "claim_mappings": {"nomad_namespace": "nomad_namespace", "nomad_job_id": "nomad_job_id", "nomad_task": "nomad_task"},
    "token_type": "service", "token_period": "30m", "token_policies": ["nomad-workloads"],
}
POLICY = """\
path "secret/data/{{{{identity.entity.aliases.{0}.metadata.nomad_namespace}}}}/{{{{identity.entity.aliases.{0}.metadata.nomad_job_id}}}}/*" {{
  capabilities = ["read"]
}}

path "secret/data/{{{{identity.entity.aliases.{0}.metadata.nomad_namespace}}}}/{{{{identity.entity.aliases.{0}.metadata.nomad_job_id}}}}" {{
  capabilities = ["read"]
}}

path "secret/metadata/{{{{identity.entity.aliases.{0}.metadata.nomad_namespace}}}}/*" {{
  capabilities = ["list"]
}}

path "secret/metadata/*" {{
  capabilities = ["list"]
}}
"""
MOUNT = {"type": "jwt", "description": "", "local": False, "seal_wrap": False, "external_entropy_access": False, "options": None,
         "config": {"options": None, "default_lease_ttl": "", "max_lease_ttl": "", "force_no_cache": False}}


def setup_vault(client, ring, token):
    """`nomad setup vault -y`: looks for each part, and makes what is missing. Answers what it made."""
    made = []

    def write(path, body, what, method="PUT"):
        answer = client.ask(method, path, body, token)
        if answer.status not in (200, 204):
            raise AssertionError(f"{method} {path} answers {answer.status}: {answer.errors}")
        made.append(what)

    def is_there(path):
        return client.ask("GET", path, token=token).status == 200

    def names(path):
        answer = client.ask("GET", f"{path}?list=true", token=token)
        return answer.json()["data"]["keys"] if answer.status == 200 else []

    if is_there("sys/license/status"):
        raise AssertionError("this looks like Vault Enterprise: Nomad would use a namespace")
    if not is_there("auth/jwt-nomad/config"):
        write("sys/auth/jwt-nomad", MOUNT, "method", "POST")
        write("auth/jwt-nomad/config", {"jwks_url": ring.url, "jwks_ca_pem": ring.ca, "jwt_supported_algs": ["EdDSA", "RS256"],
                                        "default_role": "nomad-workloads"}, "config")
    if "nomad-workloads" not in names("sys/policies/acl"):
        accessor = client.ask("GET", "sys/auth/jwt-nomad", token=token).json()["data"]["accessor"]
        text = base64.b64encode(POLICY.format(accessor).encode()).decode()
        write("sys/policies/acl/nomad-workloads", {"policy": text}, "policy")
    if "nomad-workloads" not in names("auth/jwt-nomad/role"):
        write("auth/jwt-nomad/role/nomad-workloads", ROLE, "role")
    return made


class Plugin:
    """A secret plugin below a `common_plugin_dir`, called as Nomad calls it."""

    def __init__(self, folder, name, program):
        self.path = Path(folder) / "secrets" / name
        self.path.parent.mkdir(mode=0o755, exist_ok=True)
        self.path.symlink_to(program)

    def call(self, word, *path, env=None, patience=PATIENCE):
        """Exit status, standard output, standard error and how it ended: by itself, by SIGTERM or by SIGKILL."""
        process = subprocess.Popen([self.path, word, *path], env={"CPI_OPERATION": word} | (env or {}), stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for ending, seconds in (("itself", patience), ("SIGTERM", GRACE), ("SIGKILL", PATIENCE)):
            try:
                out, err = process.communicate(timeout=seconds)
                return process.returncode, out, err, ending
            except subprocess.TimeoutExpired:
                process.terminate() if ending == "itself" else process.kill()
        raise AssertionError("a process that was killed does not end")

    def fetch(self, path, namespace="default", job="shop", **env):
        """What the task gets: variables by name, or an error's text."""
        # The names of the job come last: what the block's own `env` says of them is overwritten.
        status, out, err, ending = self.call("fetch", path, env=env | {"NOMAD_NAMESPACE": namespace, "NOMAD_JOB_ID": job})
        if status != 0 or ending != "itself":
            raise AssertionError(f"the plugin ended by {ending} with {status}: {err.decode()}")
        if err:
            raise AssertionError(f"Nomad 2.0.6 panics on standard error: {err.decode()}")
        answer = json.loads(out)
        if answer.get("error") is not None:
            return answer["error"]
        if not all(isinstance(value, str) for value in answer["result"].values()):
            raise AssertionError("Nomad takes strings alone")
        return answer["result"]
