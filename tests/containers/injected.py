"""Pods that the admission webhook has patched, in podman: their agents start, log in, and bring the files.

The questions go over TLS to a real `secret webhook`, and its patches are applied as they are. What podman lacks is then
put in its place, and nothing else: `emptyDir` with `medium: Memory` (which podman keeps on a disk), Secrets and projected
tokens become directories of the host, on a tmpfs as kubelet makes them: for everybody, and mode 0777. Annotations that the
webhook has read are taken off, because this podman refuses values of more than 63 characters; and `restartPolicy: Always`
becomes `OnFailure`, because it would restart init containers that have ended well. One pod logs in as its service
account: the token lies where kubelet would project it, and the server asks the stand-in for a cluster of the conformance
suite. The others have an AppRole and a token's file. Podman knows no native sidecars: these pods have the classic ones.
"""

import base64
import copy
import hashlib
import http.client
import json
import os
import ssl
import subprocess
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parent.parent / "conformance"))

import signing
from cluster import Cluster
from planted import fresh
from podman import WAIT
from server import Trouble, require
from wait import until

PREFIX = "strongroom.dev/"
FILE = "/vault/secrets/db"
ACCOUNT = "shop/web"
CONTENT = "{{ with secret \"secret/data/shop/injected\" }}password={{ .Data.data.password }}{{ end }}"


class Webhook:
    def __init__(self, world):
        self.home = world.home / "webhook"
        self.home.mkdir()
        cert, key = self.home / "tls.crt", self.home / "tls.key"
        made = subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=webhook",
                               "-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", cert], capture_output=True, text=True)
        if made.returncode != 0:
            raise Trouble(f"openssl: {made.stderr}")
        log = self.home / "log"
        command = [world.agent, "webhook", f"-address=http://127.0.0.1:{world.store.server.port}", "--image=localhost/agent:1", "--listen=127.0.0.1:0",
                   f"--tls-cert-file={cert}", f"--tls-key-file={key}"]
        with open(log, "wb") as to:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=to, stderr=to, env={"PATH": os.defpath})
        world.processes.append(self.process)
        mark = "listening on 127.0.0.1:"
        until(lambda: mark in log.read_text() or self.process.poll() is not None, "the webhook to listen")
        require(mark in log.read_text(), f"the webhook ended: {log.read_text()}")
        self.port = int(log.read_text().split(mark)[1].split()[0])
        self.context = ssl.create_default_context(cafile=cert)

    def ask(self, pod):
        """The answer to a pod that is being made."""
        kind = {"group": "", "version": "v1", "kind": "Pod"}
        request = {"uid": pod["metadata"]["name"], "kind": kind, "operation": "CREATE", "namespace": "shop", "object": pod}
        review = {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request}
        connection = http.client.HTTPSConnection("localhost", self.port, context=self.context, timeout=WAIT)
        connection.request("POST", "/mutate", json.dumps(review), {"Content-Type": "application/json"})
        answer = json.loads(connection.getresponse().read())["response"]
        connection.close()
        require(answer["allowed"], f"the webhook refuses a pod: {answer}")
        return answer

    def patched(self, pod):
        pod = copy.deepcopy(pod)
        for operation in json.loads(base64.b64decode(self.ask(pod)["patch"])):
            add(pod, operation)
        require(not self.ask(pod).get("patch"), "asked again, the webhook changes the pod again")
        return pod


def add(document, operation):
    """RFC 6902, of which the webhook uses `add`."""
    require(operation["op"] == "add", f"an operation that this test does not know: {operation}")
    *way, last = [part.replace("~1", "/").replace("~0", "~") for part in operation["path"].split("/")[1:]]
    for part in way:
        document = document[int(part)] if isinstance(document, list) else document[part]
    if isinstance(document, list):
        document.insert(len(document) if last == "-" else int(last), operation["value"])
    else:
        document[last] = operation["value"]


def pod(name, annotations, command, **spec):
    """An application that is a shell."""
    container = {"name": "app", "image": "localhost/shop:1", "imagePullPolicy": "Never", "command": ["/bin/busybox", "sh", "-c", command],
                 "securityContext": {"runAsUser": 2000, "runAsGroup": 2000, "readOnlyRootFilesystem": True}}
    metadata = {"name": name, "annotations": {PREFIX + key: value for key, value in annotations.items()} | {"io.podman.annotations.init.container.type": "always"}}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"hostNetwork": True, "restartPolicy": "Always", "containers": [container]} | spec}


def for_podman(world, pod, files):
    """Volumes that podman does not have, as directories in memory. `files` are what the pod's Secret holds."""
    pod, place = copy.deepcopy(pod), world.memory / pod["metadata"]["name"]
    for volume in pod["spec"]["volumes"]:
        at = place / volume["name"]
        at.mkdir(parents=True)
        mode = "0777" if "emptyDir" in volume else "0755"
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size=1m,mode={mode},nosuid,nodev,noexec", "tmpfs", at], capture_output=True, text=True)
        require(done.returncode == 0, f"mount: {done.stderr}")
        world.mounted.append(at)
        if volume.pop("emptyDir", None) is None:
            volume.pop("secret", None)
            volume.pop("projected", None)
            for name, text in files.items():
                (at / name).write_text(text)
        volume["hostPath"] = {"path": str(at), "type": "Directory"}
    if pod["spec"]["restartPolicy"] == "Always":
        pod["spec"]["restartPolicy"] = "OnFailure"
    pod["metadata"]["annotations"] = {key: value for key, value in pod["metadata"]["annotations"].items() if not key.startswith(PREFIX)}
    for container in pod["spec"].get("initContainers", []) + pod["spec"]["containers"]:
        container["imagePullPolicy"] = "Never"
    description = world.home / "config" / f"{pod['metadata']['name']}.json"
    description.write_text(json.dumps(pod))
    return description


def play(world, pod, files):
    patched = world.webhook.patched(pod)
    process = world.play(for_podman(world, patched, files))
    until(lambda: process.poll() is not None, f"the pod {pod['metadata']['name']} to be started", WAIT)
    told = process.stdout.read()
    require(process.returncode == 0, f"podman kube play: {told}")
    return patched


def put(world):
    """Another secret than the story's, whose passwords PostgreSQL has as well."""
    count = sum(what.startswith("password of") for what in world.secrets)
    value = world.know(f"password of injected pods {count + 1}", fresh())
    world.store.server.must("POST", "/v1/secret/data/shop/injected", {"data": {"user": "shop", "password": value}}, world.store.root)
    return value


def end(world, name):
    """Its logs and what podman knows of it hold no secret."""
    containers = [it for it in world.podman.names() if it.startswith(f"{name}-")]
    require(f"{name}-app" in containers and f"{name}-vault-agent-init" in containers, f"containers of {name}: {containers}")
    for container in containers:
        seen = world.podman.log(container) + world.podman.say("container", "inspect", container).encode()
        for what, secret in world.secrets.items():
            require(secret.encode() not in seen, f"{container} tells the {what}")
    world.podman.say("pod", "rm", "--force", "--time", "0", name)


def service_account(world):
    """A token of `shop/web` for us, and an auth method that knows whom to ask about it."""
    folder = world.home / "cluster"
    folder.mkdir()
    world.cluster = cluster = Cluster(signing.authority(folder))
    cluster.create(ACCOUNT)
    config = {"kubernetes_host": cluster.url, "kubernetes_ca_cert": cluster.tls.ca, "token_reviewer_jwt": cluster.reviewer, "disable_local_ca_jwt": True}
    role = {"bound_service_account_names": ["web"], "bound_service_account_namespaces": ["shop"], "audience": "vault", "token_policies": ["shop"]}
    must, root = world.store.server.must, world.store.root
    must("POST", "/v1/sys/auth/kubernetes", {"type": "kubernetes"}, root)
    must("POST", "/v1/auth/kubernetes/config", config, root)
    must("POST", "/v1/auth/kubernetes/role/shop", role, root)
    return {"token": world.know("token of a service account", cluster.issue(ACCOUNT, ["vault"], 600))}


CLUSTER = {"agent-inject": "true", "role": "shop", "agent-inject-template-db": CONTENT, "template-static-secret-render-interval": "1s"}
APPROLE = {"agent-inject": "true", "auth-type": "approle", "auth-config-role-id-file-path": "/vault/custom/role-id", "auth-config-secret-id-file-path": "/vault/custom/secret-id",
           "agent-extra-secret": "approle", "agent-inject-template-db": CONTENT}


def approle(world, pod):
    return {"role-id": world.store.role_id, "secret-id": world.know(f"secret id of {pod}", world.store.secret_id())}


# -------------------------------------------------------------------- the checks

# Rule 112
def a_pod_that_the_webhook_patched_has_its_secret_and_keeps_it_fresh(world):
    if not world.is_ours:
        return "left out: a configuration in a variable is our agent's"
    world.webhook, value = Webhook(world), put(world)
    play(world, pod("injected", CLUSTER, f"while :; do /bin/busybox sha256sum {FILE}; /bin/busybox sleep 0.2; done"), service_account(world))
    wanted = lambda value: hashlib.sha256(f"password={value}".encode()).hexdigest()
    says = lambda: [it.split()[0] for it in world.podman.log("injected-app").decode().splitlines()]
    until(says, "the application to say something")
    require(says()[0] == wanted(value), "the file was not there when the application began")
    refused = world.podman.ask("exec", "injected-app", "/bin/busybox", "touch", f"{FILE}.of-the-application")
    require(refused.returncode != 0, "the application may write beside its secrets")
    state = world.podman.inspect("injected-vault-agent")
    require(state["Config"]["User"].startswith("100"), f"the agent runs as {state['Config']['User']}")
    require(state["HostConfig"]["ReadonlyRootfs"], "the agent may write to its root")
    value = put(world)
    until(lambda: says()[-1] == wanted(value), "the new value to arrive")
    end(world, "injected")
    reviews, complaints = sum("tokenreviews" in it for it in world.cluster.asked), world.cluster.take_complaints()
    world.cluster.stop()
    require(reviews == 2 and not complaints, f"the cluster was asked for {reviews} reviews: {complaints}")
    return "as its service account, a template, a new value"


def a_pod_that_runs_to_an_end_is_not_kept_from_it(world):
    if not world.is_ours:
        return "left out: a configuration in a variable is our agent's"
    job = pod("job", APPROLE, f"/bin/busybox test -s {FILE}", restartPolicy="Never")
    answer = world.webhook.ask(job)
    require("runs to an end" in str(answer.get("warnings")), f"nobody is told that there is no sidecar: {answer}")
    play(world, job, approle(world, "job"))
    until(lambda: world.podman.state("job-app")["Status"] == "exited", "the application to end")
    require(world.podman.state("job-app")["ExitCode"] == 0, "the application did not find its file")
    running = [it for it in world.podman.names() if it.startswith("job-") and world.podman.state(it)["Status"] == "running"]
    require(not running, f"still running: {running}")
    end(world, "job")
    return "an AppRole from a Secret; one agent, before the application"


def an_init_container_and_a_token_file_are_served_too(world):
    if not world.is_ours:
        return "left out: a configuration in a variable is our agent's"
    value = put(world)
    token = world.store.server.must("POST", "/v1/auth/token/create", {"policies": ["shop"], "ttl": "1h"}, world.store.root).json()["auth"]["client_token"]
    annotations = {"agent-inject": "true", "auth-type": "token_file", "auth-config-token-file-path": "/vault/custom/token", "agent-extra-secret": "token", "agent-init-first": "true",
                   "agent-inject-secret-db": "secret/data/shop/injected", "secret-volume-path-db": "/run/db", "agent-inject-file-db": "sub/all.txt", "agent-inject-perms-db": "0444"}
    first = {"name": "migrate", "image": "localhost/shop:1", "command": ["/bin/busybox", "grep", "-qx", "user: shop", "/run/db/sub/all.txt"]}
    # Its exit status is the init container's word that the fields of the secret are there, and not the maps around them.
    asked = pod("served", annotations, "exec /bin/busybox sleep 1000", initContainers=[first])
    patched = play(world, asked, {"token": world.know("token of served", token)})
    order = [it["name"] for it in patched["spec"]["initContainers"]]
    require(order == ["vault-agent-init", "migrate"], f"init containers: {order}")
    require(world.podman.state("served-migrate")["ExitCode"] == 0, "the init container did not find its file")
    lines = world.podman.say("exec", "served-app", "/bin/busybox", "cat", "/run/db/sub/all.txt").splitlines()
    require(sorted(lines) == [f"password: {value}", "user: shop"], "the default template shows something else than the fields")
    end(world, "served")
    return "the default template, a folder of its own, before the pod's own init container"


CHECKS = [a_pod_that_the_webhook_patched_has_its_secret_and_keeps_it_fresh, a_pod_that_runs_to_an_end_is_not_kept_from_it, an_init_container_and_a_token_file_are_served_too]
