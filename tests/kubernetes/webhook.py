#!/usr/bin/env python3
"""A real API server asks a real `secret webhook` about each pod of webhook/tests/reviews.

  webhook.py --apiserver PATH --etcd PATH --kubectl PATH --binary PATH

The configuration and the rights are those of docs/kubernetes-webhook.md, but for the address: nothing routes Services
here, so that the API server finds the webhook by a name that stands in its own /etc/hosts. The webhook makes its certificate
with its pod's rights, as in a cluster. Pods are made as a dry run, one of them really.

Needs root, for mount namespaces. The exit status is 0, 1 (a check failed) or 2 (could not run). As the other tests here
it is no step of CI: no registry has kube-apiserver.
"""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.dont_write_bytecode = True
ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests" / "proof"))

from apiserver import Cluster, free_port
from server import Trouble, require

REVIEWS = ROOT / "webhook" / "tests" / "reviews"
PAGE = ROOT / "docs" / "kubernetes-webhook.md"
NAMESPACE, NAME = "strongroom", "strongroom-webhook"
CONFIGURATION = f"/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/{NAME}"
PODS = "/api/v1/namespaces/shop/pods"
# What the API server itself has against these pods, with or without a webhook.
OF_THE_API_SERVER = {"name-with-pointer-signs": "metadata.annotations", "nulls": "service account", "no-object": "service account"}
WAIT = 120  # seconds for whatever is waited for: the machine may be busy


def until(happened, what):
    end = time.monotonic() + WAIT
    while not (answer := happened()):
        if time.monotonic() > end:
            raise Trouble(f"waited for {what} in vain")
        time.sleep(0.2)
    return answer


class World:
    def __init__(self, options, home):
        self.home, self.binary, self.port = Path(home), options.binary, free_port()
        (self.home / "hosts").write_text(f"127.0.0.1 localhost {NAME}.{NAMESPACE}.svc\n")
        program = self.home / "apiserver.sh"
        program.write_text(f"#!/bin/sh\nexec unshare -m sh -c 'mount --bind {self.home}/hosts /etc/hosts && exec {options.apiserver} \"$@\"' sh \"$@\"\n")
        program.chmod(0o755)
        self.cluster = Cluster(str(program), options.etcd, options.kubectl, self.home)
        self.webhook = None

    def prepare(self):
        for namespace, account in ((NAMESPACE, NAME), ("shop", "shop")):
            self.cluster.make("/api/v1/namespaces", {"metadata": {"name": namespace}})
            self.cluster.service_account(namespace, account)
        subjects = [{"kind": "ServiceAccount", "name": NAME, "namespace": NAMESPACE}]
        grant = lambda kind: {"metadata": {"name": NAME}, "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": NAME}, "subjects": subjects}
        groups, secrets = "/apis/rbac.authorization.k8s.io/v1", {"apiGroups": [""], "resources": ["secrets"]}
        self.cluster.make(f"{groups}/namespaces/{NAMESPACE}/roles", {"metadata": {"name": NAME}, "rules": [
            secrets | {"verbs": ["create"]}, secrets | {"resourceNames": [f"{NAME}-tls"], "verbs": ["get", "update"]}]})
        self.cluster.make(f"{groups}/namespaces/{NAMESPACE}/rolebindings", grant("Role"))
        own = {"apiGroups": ["admissionregistration.k8s.io"], "resources": ["mutatingwebhookconfigurations"], "resourceNames": [NAME], "verbs": ["get", "update"]}
        self.cluster.make(f"{groups}/clusterroles", {"metadata": {"name": NAME}, "rules": [own]})
        self.cluster.make(f"{groups}/clusterrolebindings", grant("ClusterRole"))
        page = PAGE.read_text()
        told = page[page.index("    apiVersion: admissionregistration"):page.index("`matchConditions` are there")]
        text = "\n".join(line[4:] for line in told.splitlines())
        service = f"service: {{ name: {NAME}, namespace: {NAMESPACE}, path: /mutate, port: 443 }}"
        require(service in text, "docs/kubernetes-webhook.md names another Service")
        self.cluster.must("apply", "--validate=strict", "-f", "-", text=text.replace(service, f"url: https://{NAME}.{NAMESPACE}.svc:{self.port}/mutate"))

    def start(self, *more):
        """With a service account's directory where every pod has it."""
        account = self.home / "account"
        account.mkdir(exist_ok=True)
        for name, text in (("token", self.cluster.token_of(NAMESPACE, NAME, None)), ("ca.crt", self.cluster.ca), ("namespace", NAMESPACE)):
            (account / name).write_text(text)
        place = "/run/secrets/kubernetes.io"
        script = f'mount -t tmpfs tmpfs /run && mkdir -p {place} && cp -r {account} {place}/serviceaccount && exec {self.binary} webhook "$@"'
        arguments = ["-address=https://strongroom.example:8200", f"--listen=127.0.0.1:{self.port}", "--image=strongroom/strongroom:1", *more]
        environment = {"PATH": os.environ.get("PATH", os.defpath), "KUBERNETES_SERVICE_HOST": "127.0.0.1", "KUBERNETES_SERVICE_PORT": str(self.cluster.port)}
        with open(self.home / "webhook.log", "ab") as log:
            self.webhook = subprocess.Popen(["unshare", "-m", "sh", "-c", script, "sh", *arguments], env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        until(lambda: self.webhook.poll() is not None or self.ask(review("plain"))[0] == 201, "the API server to reach the webhook")
        require(self.webhook.poll() is None, f"the webhook ended: {(self.home / 'webhook.log').read_text()[-1000:]}")

    def stop(self):
        if self.webhook and self.webhook.poll() is None:
            self.webhook.send_signal(signal.SIGTERM)
            require(self.webhook.wait(WAIT) == 0, "SIGTERM does not end the webhook well")

    def ask(self, pod, query="?dryRun=All"):
        return self.cluster.ask("POST", PODS + query, pod)


def review(name):
    return json.loads((REVIEWS / name / "review.json").read_text())["request"]["object"]


def questions():
    """Those that the API server would ask a webhook as it is set here."""
    for folder in sorted(REVIEWS.iterdir()):
        request = json.loads((folder / "review.json").read_text())["request"]
        is_new_pod = (request["kind"]["kind"], request["operation"], request["namespace"]) == ("Pod", "CREATE", "shop")
        if is_new_pod and not (folder / "settings.json").exists():
            yield folder.name, request["object"], json.loads((folder / "answer.json").read_text())["response"]


def agents(pod):
    """Name and restart policy of what was injected."""
    containers = pod["spec"].get("initContainers", []) + pod["spec"]["containers"]
    return {it["name"]: it.get("restartPolicy") for it in containers if it["name"].startswith("vault-agent")}


def all_are_answered(world):
    """How many pods were given an agent, and how many were refused."""
    given = refused = 0
    for name, pod, wanted in questions():
        status, answer = world.ask(pod)
        said = answer.get("message", "") if isinstance(answer, dict) else str(answer)
        if name in OF_THE_API_SERVER:
            require(status >= 400 and OF_THE_API_SERVER[name] in said, f"{name}: {status} {said}")
        elif not wanted["allowed"]:
            require(status >= 400 and wanted["status"]["message"] in said, f"{name}: {status} {said}")
            refused += 1
        else:
            require(status == 201, f"{name}: {status} {said}")
            require(bool(agents(answer)) == bool(wanted.get("patch")), f"{name}: {agents(answer)}")
            given += bool(agents(answer))
    return f"{given} pods have an agent, {refused} are refused"


# -------------------------------------------------------------------- the checks

def without_the_webhook_only_pods_that_ask_are_held_up(world):
    world.prepare()
    until(lambda: world.ask(review("plain"))[0] == 500, "a pod that asks to be refused")
    require(world.ask(review("not-asked"))[0] == 201, "a pod that asks for nothing is held up")
    return world.cluster.version()


def the_webhook_makes_its_certificate_and_pods_get_native_sidecars(world):
    world.start("--sidecars=auto")
    bundle = world.cluster.ask("GET", CONFIGURATION)[1]["webhooks"][0]["clientConfig"]["caBundle"]
    require(bundle, "no bundle")
    note = all_are_answered(world)
    status, pod = world.ask(review("plain"), "")
    require(status == 201 and agents(pod) == {"vault-agent-init": None, "vault-agent": "Always"}, f"{status} {agents(pod)}")
    world.stop()
    return note


def another_replica_uses_what_is_there(world):
    before = world.cluster.ask("GET", CONFIGURATION)[1]
    world.start("--sidecars=classic")
    require(world.cluster.ask("GET", CONFIGURATION)[1] == before, "the configuration was written again")
    status, pod = world.ask(review("plain"))
    require(status == 201 and agents(pod) == {"vault-agent-init": None, "vault-agent": None}, f"{status} {agents(pod)}")
    note = all_are_answered(world)
    world.stop()
    return note


CHECKS = [without_the_webhook_only_pods_that_ask_are_held_up, the_webhook_makes_its_certificate_and_pods_get_native_sidecars, another_replica_uses_what_is_there]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("apiserver", "etcd", "kubectl", "binary"):
        parser.add_argument(f"--{name}", required=True, metavar="PATH", type=lambda it: str(Path(it).resolve()))
    options = parser.parse_args()
    if os.geteuid() != 0 or not shutil.which("unshare"):
        raise Trouble("needs root and unshare")
    failed = 0
    with tempfile.TemporaryDirectory(prefix="webhook-") as home:
        world = World(options, home)
        with world.cluster:
            try:
                for check in CHECKS:
                    began = time.monotonic()
                    note = check(world)
                    print(f"ok       {check.__name__.replace('_', ' '):70}{time.monotonic() - began:5.1f} s  {note}", flush=True)
            except Trouble as trouble:
                failed = 1
                print(f"FAILED   {check.__name__.replace('_', ' ')}: {trouble}")
            finally:
                world.stop()
    return failed


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Trouble as trouble:
        print(f"webhook: {trouble}", file=sys.stderr)
        sys.exit(2)
