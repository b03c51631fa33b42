"""What the API server says of what we deploy. Each check is a sentence, and answers what it has seen."""

import base64
import os
import re
import subprocess
import time
from pathlib import Path

from server import Trouble

ROOT = Path(__file__).resolve().parent.parent.parent
CHART = ROOT / "deploy/helm/strongroom"
VALUES = ROOT / "tests/deploy/values"
NAMESPACE = "strongroom"


class Skipped(Exception):
    """What a check needs was not given."""


class World:
    def __init__(self, cluster, helm, binary, crds):
        self.cluster, self.helm_program, self.binary, self.crds = cluster, helm, binary, crds
        self.processes, self.chart = [], CHART
        self.own_network = os.environ.get("STRONGROOM_TEST_NETWORK") == "yes"
        cluster.must("create", "namespace", "shop")
        cluster.service_account("shop", "web")
        # What a controller would make.
        for namespace in ("shop", "default", "kube-system"):
            cluster.service_account(namespace, "default")

    def helm(self, *arguments):
        done = self.cluster.run(self.helm_program, *arguments, "--namespace", NAMESPACE)
        if done.returncode:
            raise Trouble(f"helm {' '.join(map(str, arguments))}: {done.stderr.strip()}")
        return done

    def end(self):
        for process in self.processes:
            process.terminate()
            process.wait(20)

    def has(self, kind):
        """Whether somebody defined it."""
        return self.cluster.kubectl("explain", kind).returncode == 0


def may(world, account, verb, resource, name="", namespace=NAMESPACE, group=""):
    """SubjectAccessReview: what an account may do."""
    attributes = {"verb": verb, "resource": resource, "name": name, "namespace": namespace, "group": group}
    spec = {"user": f"system:serviceaccount:{NAMESPACE}:{account}", "groups": ["system:serviceaccounts", "system:authenticated"], "resourceAttributes": attributes}
    made = world.cluster.make("/apis/authorization.k8s.io/v1/subjectaccessreviews", {"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview", "spec": spec})
    return made["status"]["allowed"]


def pod(name, namespace="shop", annotations=None, **spec):
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": namespace, "annotations": annotations or {}},
            "spec": {"containers": [{"name": "app", "image": "app:1"}], **spec}}


def quiet(done, what):
    """Success, and not a word of warning; but for what the plain manifests leave out, as older API servers refuse it."""
    said = [line for line in done.stderr.splitlines() if line.strip() and "level=INFO" not in line and "serviceAccountTokenInSecrets" not in line]
    if done.returncode or said:
        raise Trouble(f"{what}: {' '.join(said)[:600]}")
    return done


# ----------------------------------------------------------------------- checks

def definitions(world):
    """Definitions of other projects are taken"""
    if not world.crds:
        raise Skipped("none given")
    for path in world.crds:
        world.cluster.must("apply", "--server-side", "--force-conflicts", "-f", str(path))
    world.cluster.must("wait", "--for=condition=Established", "--timeout=60s", "crd", "--all")
    return f"{len(world.cluster.must('get', 'crd', '-o', 'name').stdout.split())} definitions"


def recipe(world):
    """What docs/kubernetes.md says to type first makes everything in an empty cluster, with a certificate that names the server"""
    folder = ROOT / "deploy/kubernetes"
    made = subprocess.run([folder / "make-tls.sh", NAMESPACE], capture_output=True, text=True, check=True).stdout
    quiet(world.cluster.kubectl("apply", "-f", str(folder / "00-namespace.yaml"), "-f", "-", text=made), "the namespace and the certificate")
    quiet(world.cluster.kubectl("apply", "-f", str(folder)), "the folder")
    keys = sorted(world.cluster.ask("GET", f"/api/v1/namespaces/{NAMESPACE}/secrets/strongroom-tls")[1]["data"])
    if keys != ["ca.crt", "tls.crt", "tls.key"]:
        raise Trouble(f"{keys}")
    files = [part for name in ("server", "csi", "webhook") for part in ("-f", str(folder / f"{name}.yaml"))]
    gone = world.cluster.must("delete", "--wait=false", *files).stdout.splitlines()
    return f"{len(gone)} objects"


def plain_manifests(world):
    """The plain manifests are taken by a strict dry run, without a warning"""
    files = sorted((ROOT / "deploy/kubernetes").glob("*.yaml"))
    lines = [line for file in files for line in quiet(world.cluster.kubectl("apply", "--dry-run=server", "--validate=strict", "-f", str(file)), file.name).stdout.splitlines()]
    spoilt = (ROOT / "deploy/kubernetes/csi.yaml").read_text().replace("attachRequired:", "attachRequierd:")
    if world.cluster.kubectl("apply", "--dry-run=server", "--validate=strict", "-f", "-", text=spoilt).returncode == 0:
        raise Trouble("a misspelt field is taken as well")
    return f"{len(lines)} objects of {len(files)} files"


def examples(world):
    """The examples are taken by a strict dry run, as far as their kinds are defined"""
    known, unknown = [], []
    for file in sorted((ROOT / "deploy/examples").glob("*.yaml")):
        for text in file.read_text().split("\n---\n"):
            kind = re.search(r"^kind: (\w+)", text, re.M).group(1)
            if not world.has(kind):
                unknown.append(kind)
                continue
            if "namespace: argocd" in text:
                text = text.replace("namespace: argocd", "namespace: shop", 1)
            quiet(world.cluster.kubectl("apply", "--server-side", "--dry-run=server", "--validate=strict", "-f", "-", text=text), f"{file.name} {kind}")
            known.append(kind)
    return f"{', '.join(known)}" + (f"; nobody defines {', '.join(unknown)}" if unknown else "")


def installed(world):
    """helm installs the chart, with every set of values"""
    count = 0
    for values in sorted(VALUES.glob("*.yaml")):
        if values.stem == "everything" and not (world.has("certificates.cert-manager.io") and world.has("prometheusrules.monitoring.coreos.com")):
            continue
        quiet(world.helm("install", "strongroom", CHART, "--values", values), values.stem)
        world.helm("uninstall", "strongroom")
        count += 1
    quiet(world.helm("install", "strongroom", CHART, "--set", "provider.enabled=true"), "defaults")
    left = world.cluster.must("get", "all,secrets,configmaps", "-n", NAMESPACE, "-o", "name").stdout.split()
    return f"{count} sets; {len(left)} objects of the last"


def rights(world):
    """Accounts may do what they need, and nothing beside it"""
    webhooks, kind = "admissionregistration.k8s.io", "mutatingwebhookconfigurations"
    questions = [
        (True, "strongroom", "create", "tokenreviews", "", "", "authentication.k8s.io"),
        (True, "strongroom", "create", "subjectaccessreviews", "", "", "authorization.k8s.io"),
        (False, "strongroom", "get", "secrets", "strongroom-tls"),
        (False, "strongroom", "create", "serviceaccounts/token", "strongroom"),
        (False, "strongroom", "list", "pods"),
        (True, "strongroom-webhook", "get", "secrets", "strongroom-webhook-tls"),
        (True, "strongroom-webhook", "update", "secrets", "strongroom-webhook-tls"),
        (True, "strongroom-webhook", "create", "secrets"),
        (False, "strongroom-webhook", "get", "secrets", "strongroom-tls"),
        (False, "strongroom-webhook", "list", "secrets"),
        (False, "strongroom-webhook", "create", "secrets", "", "shop"),
        (False, "strongroom-webhook", "get", "secrets", "strongroom-webhook-tls", "shop"),
        (True, "strongroom-webhook", "update", kind, "strongroom-webhook", "", webhooks),
        (False, "strongroom-webhook", "update", kind, "other", "", webhooks),
        (False, "strongroom-webhook", "delete", kind, "strongroom-webhook", "", webhooks),
        (False, "strongroom-webhook", "create", kind, "", "", webhooks),
        (False, "strongroom-webhook", "patch", "pods", "", "shop"),
    ]
    for account in ("strongroom-csi", "strongroom-provider"):
        questions += [(False, account, verb, resource) for verb in ("get", "list", "create") for resource in ("secrets", "pods", "nodes", "serviceaccounts/token")]
    for allowed, *question in questions:
        if may(world, *question) != allowed:
            raise Trouble(f"{question}: {'refused' if allowed else 'allowed'}")
    return f"{len(questions)} questions"


def pod_security(world):
    """Server and webhook are pods as a restricted namespace takes them; the node's two need one that is privileged"""
    cluster = world.cluster
    for profile in ("restricted", "baseline", "privileged"):
        cluster.make("/api/v1/namespaces", {"metadata": {"name": profile, "labels": {"pod-security.kubernetes.io/enforce": profile}}})
    seen = {}
    for kind, name in (("statefulsets", "strongroom"), ("deployments", "strongroom-webhook"), ("daemonsets", "strongroom-csi"), ("daemonsets", "strongroom-provider")):
        template = cluster.ask("GET", f"/apis/apps/v1/namespaces/{NAMESPACE}/{kind}/{name}")[1]["spec"]["template"]
        account, spec = template["spec"].pop("serviceAccountName"), template["spec"]
        spec.pop("serviceAccount", None)
        mounted = {it["name"] for container in spec["containers"] for it in container["volumeMounts"]} - {it["name"] for it in spec["volumes"]}
        spec["volumes"] += [{"name": claim, "persistentVolumeClaim": {"claimName": claim}} for claim in mounted]
        for profile in ("restricted", "baseline", "privileged"):
            path = f"/api/v1/namespaces/{profile}"
            cluster.ask("POST", f"{path}/serviceaccounts", {"metadata": {"name": account}})
            body = {"metadata": {"name": "trial"}, "spec": {**spec, "serviceAccountName": account}}
            status, answer = cluster.ask("POST", f"{path}/pods?dryRun=All", body)
            if status == 403 and "violates PodSecurity" in answer["message"]:
                continue
            if status != 201:
                raise Trouble(f"{name} in a {profile} namespace: {answer}")
            seen[name] = profile
            break
    wanted = {"strongroom": "restricted", "strongroom-webhook": "restricted", "strongroom-csi": "privileged", "strongroom-provider": "privileged"}
    if seen != wanted:
        raise Trouble(f"{seen}")
    return ", ".join(f"{name} {profile}" for name, profile in seen.items())


def scope(world):
    """While the webhook is away, pods start that do not ask for secrets, and none that does"""
    cluster = world.cluster
    # Nobody answers behind it: the Service has no pods.
    asks = {"vault.hashicorp.com/agent-inject": "true"}
    def starts(body):
        return cluster.ask("POST", f"/api/v1/namespaces/{body['metadata']['namespace']}/pods?dryRun=All", body)[0] == 201
    rows = [
        (True, "no annotation", pod("a")),
        (True, "another's annotation", pod("b", annotations={"prometheus.io/scrape": "true"})),
        (True, "the cluster's own", pod("c", namespace="kube-system", annotations=asks)),
        (True, "one that says no", pod("d", annotations={"vault.hashicorp.com/agent-inject": "false"})),
        (True, "another of ours", pod("e", annotations={"vault.hashicorp.com/role": "web"})),
        (False, "vault.hashicorp.com", pod("f", annotations=asks)),
        (False, "openbao.org", pod("g", annotations={"openbao.org/agent-inject": "true"})),
        (False, "strongroom.dev", pod("h", annotations={"strongroom.dev/agent-inject": "true"})),
    ]
    for wanted, what, body in rows:
        # The API server takes a new configuration in within a second or so.
        for _ in range(30):
            if starts(body) == wanted:
                break
            time.sleep(1)
        else:
            raise Trouble(f"{what}: {'does not start' if wanted else 'starts'}")
    return f"{len(rows)} pods"


def bundle(world):
    """What the webhook writes with its own rights outlives an upgrade by helm and an apply of the manifests"""
    cluster, name = world.cluster, "strongroom-webhook"
    path = f"/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/{name}"
    token = cluster.token_of(NAMESPACE, name, None)
    written = base64.b64encode(cluster.ca.encode()).decode()
    found = cluster.ask("GET", path, token=token)[1]
    found["webhooks"][0]["clientConfig"]["caBundle"] = written
    status, answer = cluster.ask("PUT", path, found, token=token)
    if status != 200:
        raise Trouble(f"the webhook may not write it: {answer}")
    for act in (lambda: world.helm("upgrade", "strongroom", CHART, "--set", "provider.enabled=true,injector.replicas=3"),
                lambda: cluster.must("apply", "--server-side", "--force-conflicts", "-f", str(ROOT / "deploy/kubernetes/webhook.yaml"))):
        act()
        if cluster.ask("GET", path)[1]["webhooks"][0]["clientConfig"].get("caBundle") != written:
            raise Trouble("it is gone")
    return "both"


CHECKS = [definitions, recipe, plain_manifests, examples, installed, rights, pod_security, scope, bundle]
