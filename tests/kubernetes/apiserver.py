"""A Kubernetes API server and its etcd, on loopback, in a folder of their own.

No kubelet and no controllers: objects are stored, tokens made, webhooks called; no pod runs, and whatever a controller
would make has to be made by hand.
"""

import json
import os
import secrets
import signal
import socket
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "proof"))

from server import Trouble

WAIT = 180  # seconds for whatever is waited for: the machine may be busy
SERVICES = "10.0.0.0/24"
ISSUER = "https://kubernetes.default.svc.cluster.local"


def read(answer):
    """JSON, or text where it is none."""
    try:
        return json.loads(answer)
    except ValueError:
        return answer.decode(errors="replace")


def free_port():
    with socket.socket() as it:
        it.bind(("127.0.0.1", 0))
        return it.getsockname()[1]


class Cluster:
    """Both programs; they end with the `with` block."""

    def __init__(self, apiserver, etcd, kubectl, home):
        self.programs = {"apiserver": apiserver, "etcd": etcd}
        self.kubectl_program, self.home = kubectl, Path(home)
        self.processes, self.token = [], secrets.token_hex(16)
        self.port = free_port()
        self.address = f"https://127.0.0.1:{self.port}"

    def __enter__(self):
        try:
            self.make_keys()
            self.start_etcd()
            self.start_apiserver()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for process in reversed(self.processes):
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    # ------------------------------------------------------------- asking

    def ask(self, method, path, body=None, token=None, kind="application/json"):
        """A status and what was answered."""
        request = urllib.request.Request(self.address + path, method=method, data=None if body is None else json.dumps(body).encode())
        request.add_header("Authorization", f"Bearer {token or self.token}")
        request.add_header("Content-Type", kind)
        try:
            with urllib.request.urlopen(request, context=self.trust, timeout=60) as answer:
                return answer.status, read(answer.read())
        except urllib.error.HTTPError as refused:
            return refused.code, read(refused.read())

    def make(self, path, body):
        status, answer = self.ask("POST", path, body)
        if status not in (200, 201):
            raise Trouble(f"POST {path}: {status} {answer}")
        return answer

    def kubectl(self, *arguments, text=None):
        return self.run(self.kubectl_program, *arguments, text=text)

    def must(self, *arguments, text=None):
        """kubectl, which has to succeed."""
        done = self.kubectl(*arguments, text=text)
        if done.returncode:
            raise Trouble(f"kubectl {' '.join(arguments)}: {done.stderr.strip()}")
        return done

    def version(self):
        return self.ask("GET", "/version")[1]["gitVersion"]

    def run(self, *command, text=None):
        """A program that finds the cluster by the file that everybody knows."""
        environment = {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(self.home), "KUBECONFIG": str(self.home / "kubeconfig")}
        return subprocess.run(list(map(str, command)), input=text, capture_output=True, text=True, env=environment, timeout=WAIT)

    def service_account(self, namespace, name):
        self.make(f"/api/v1/namespaces/{namespace}/serviceaccounts", {"metadata": {"name": name}})

    def token_of(self, namespace, account, audience, pod=None, seconds=600):
        """TokenRequest, as kubelet asks it for a pod."""
        bound = {"boundObjectRef": {"kind": "Pod", "apiVersion": "v1", "name": pod["metadata"]["name"], "uid": pod["metadata"]["uid"]}} if pod else {}
        spec = {"audiences": [audience] if audience else [], "expirationSeconds": seconds} | bound
        made = self.make(f"/api/v1/namespaces/{namespace}/serviceaccounts/{account}/token", {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": spec})
        return made["status"]["token"]

    # ------------------------------------------------------------ starting

    def make_keys(self):
        """An authority, the server's certificate, and the key that signs the tokens of service accounts."""
        def openssl(*arguments):
            done = subprocess.run(["openssl", *map(str, arguments)], cwd=self.home, capture_output=True, text=True)
            if done.returncode:
                raise Trouble(f"openssl {arguments[0]}: {done.stderr}")
        curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
        openssl("req", "-x509", *curve, "-keyout", "ca.key", "-out", "ca.crt", "-subj", "/CN=test-cluster", "-days", 2)
        openssl("req", "-x509", *curve, "-keyout", "tls.key", "-out", "tls.crt", "-subj", "/CN=kube-apiserver", "-days", 2, "-CA", "ca.crt", "-CAkey", "ca.key",
                "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost,DNS:kubernetes.default.svc", "-addext", "basicConstraints=critical,CA:FALSE")
        openssl("genrsa", "-out", "accounts.key", 2048)
        openssl("rsa", "-in", "accounts.key", "-pubout", "-out", "accounts.pub")
        self.trust = ssl.create_default_context(cafile=self.home / "ca.crt")
        (self.home / "tokens.csv").write_text(f'{self.token},admin,admin,"system:masters"\n')
        self.ca = (self.home / "ca.crt").read_text()
        config = {"apiVersion": "v1", "kind": "Config", "current-context": "test", "contexts": [{"name": "test", "context": {"cluster": "test", "user": "admin"}}],
                  "clusters": [{"name": "test", "cluster": {"server": self.address, "certificate-authority": str(self.home / "ca.crt")}}],
                  "users": [{"name": "admin", "user": {"token": self.token}}]}
        (self.home / "kubeconfig").write_text(json.dumps(config))

    def start_etcd(self):
        client, peer = free_port(), free_port()
        self.etcd_address = f"http://127.0.0.1:{client}"
        self.begin("etcd", f"--data-dir={self.home}/etcd", f"--listen-client-urls={self.etcd_address}", f"--advertise-client-urls={self.etcd_address}",
                   f"--listen-peer-urls=http://127.0.0.1:{peer}", f"--initial-advertise-peer-urls=http://127.0.0.1:{peer}", f"--initial-cluster=default=http://127.0.0.1:{peer}")

    def start_apiserver(self):
        process = self.begin(
            "apiserver", f"--etcd-servers={self.etcd_address}", "--bind-address=127.0.0.1", "--advertise-address=127.0.0.1", f"--secure-port={self.port}",
            "--tls-cert-file=tls.crt", "--tls-private-key-file=tls.key", f"--cert-dir={self.home}", "--token-auth-file=tokens.csv", "--authorization-mode=RBAC",
            f"--service-account-issuer={ISSUER}", f"--api-audiences={ISSUER}", "--service-account-key-file=accounts.pub", "--service-account-signing-key-file=accounts.key",
            "--allow-privileged=true", f"--service-cluster-ip-range={SERVICES}", "--endpoint-reconciler-type=none", "--anonymous-auth=true")
        deadline = time.monotonic() + WAIT
        while time.monotonic() < deadline:
            if process.poll() is not None:
                break
            try:
                if self.ask("GET", "/readyz") == (200, "ok"):
                    return
            except OSError:
                pass
            time.sleep(0.5)
        raise Trouble("the API server is not ready: " + (self.home / "apiserver.log").read_text()[-2000:])

    def begin(self, name, *arguments):
        with open(self.home / f"{name}.log", "wb") as log:
            process = subprocess.Popen([self.programs[name], *arguments], cwd=self.home, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                       env={"PATH": os.environ.get("PATH", os.defpath), "HOME": str(self.home)})
        self.processes.append(process)
        return process
