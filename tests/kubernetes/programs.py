"""Our own programs at the API server: a pod's token opens the server, and the webhook changes pods."""

import base64
import json
import subprocess
import time
import urllib.error
import urllib.request

from apiserver import ISSUER, free_port
from deployed import NAMESPACE, Skipped, pod
from server import Trouble

WAIT = 60


def until(what, ask):
    deadline = time.monotonic() + WAIT
    while time.monotonic() < deadline:
        if (answer := ask()) is not None:
            return answer
        time.sleep(0.2)
    raise Trouble(f"not seen in {WAIT} s: {what}")


def knows(world, *command):
    """Whether the program has a command."""
    return world.binary and subprocess.run([world.binary, *command, "--help"], capture_output=True).returncode == 0


class Server:
    """A development server: what it holds is worth nothing."""

    def __init__(self, world):
        self.port, self.token = free_port(), "root"
        log = open(world.cluster.home / "server.log", "wb")
        world.processes.append(subprocess.Popen([world.binary, "server", "-dev", "-dev-root-token-id=root", f"-dev-listen-address=127.0.0.1:{self.port}"],
                                                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env={"HOME": str(world.cluster.home)}))
        until("the server answers", lambda: self.ask("GET", "sys/health")[0] == 200 or None)

    def ask(self, method, path, body=None, token="root"):
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/v1/{path}", method=method, data=None if body is None else json.dumps(body).encode())
        request.add_header("X-Vault-Token", token)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as refused:
            return refused.code, json.loads(refused.read() or b"null")
        except OSError as error:
            return None, str(error)

    def must(self, *question):
        status, answer = self.ask(*question)
        if status not in (200, 204):
            raise Trouble(f"{question[:2]}: {status} {answer}")
        return answer

    def login(self, jwt, role="shop.web"):
        return self.ask("POST", "auth/kubernetes/login", {"jwt": jwt, "role": role}, token="")


def logs_in(world):
    """A pod's own token opens our server, asked by the rights that the chart gives; others' do not"""
    if not world.binary:
        raise Skipped("no program given")
    cluster, server = world.cluster, Server(world)
    status, answer = server.ask("POST", "sys/auth/kubernetes", {"type": "kubernetes"})
    if status == 400:
        raise Skipped("the program has no auth/kubernetes")
    reviewer = cluster.token_of(NAMESPACE, "strongroom", None)
    def configure(token):
        server.must("POST", "auth/kubernetes/config", {"kubernetes_host": cluster.address, "kubernetes_ca_cert": cluster.ca, "token_reviewer_jwt": token})
    configure(reviewer)
    server.must("POST", "auth/kubernetes/role/shop.web", {"bound_service_account_names": ["web"], "bound_service_account_namespaces": ["shop"], "audience": "vault", "token_policies": ["shop.web"]})
    server.must("POST", "sys/policies/acl/shop.web", {"policy": 'path "secret/data/shop/web" { capabilities = ["read"] }'})
    world.server = server
    asks = cluster.make("/api/v1/namespaces/shop/pods", pod("login", serviceAccountName="web"))
    own = cluster.token_of("shop", "web", "vault", pod=asks)
    status, answer = server.login(own)
    if status != 200:
        raise Trouble(f"{status} {answer}")
    told = answer["auth"]["metadata"]
    account = cluster.ask("GET", "/api/v1/namespaces/shop/serviceaccounts/web")[1]
    if (told["service_account_name"], told["service_account_namespace"], told["service_account_uid"]) != ("web", "shop", account["metadata"]["uid"]):
        raise Trouble(f"{told}")
    refused = {
        "for the API server": cluster.token_of("shop", "web", ISSUER),
        "for somebody else": cluster.token_of("shop", "web", "billing"),
        "of another account": cluster.token_of("shop", "default", "vault"),
        "of another namespace": cluster.token_of("default", "default", "vault"),
        "changed": own[:-8] + ("AAAAAAAA" if not own.endswith("AAAAAAAA") else "BBBBBBBB"),
    }
    for what, token in refused.items():
        if server.login(token)[0] == 200:
            raise Trouble(f"a token {what} is taken")
    if server.login(own, "another")[0] == 200:
        raise Trouble("a role that is not there")
    # Who may not ask the API server cannot let anybody in.
    configure(cluster.token_of(NAMESPACE, "strongroom-csi", None))
    if server.login(own)[0] == 200:
        raise Trouble("the reviewer's rights do not matter")
    configure(reviewer)
    cluster.ask("DELETE", "/api/v1/namespaces/shop/pods/login?gracePeriodSeconds=0")
    until("the token dies with its pod", lambda: True if server.login(own)[0] != 200 else None)
    return f"{len(refused) + 3} refused"


def webhook(world):
    """The webhook makes its certificate with the rights that the chart gives, and the API server takes the pods that it changes"""
    if not knows(world, "webhook"):
        raise Skipped("the program has no webhook")
    if not world.own_network:
        raise Skipped("not in a network of its own: needs root")
    cluster, name = world.cluster, "strongroom-webhook"
    world.helm("upgrade", "strongroom", world.chart, "--set", "provider.enabled=true")
    service = cluster.ask("GET", f"/api/v1/namespaces/{NAMESPACE}/services/{name}")[1]["spec"]
    deployment = cluster.ask("GET", f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments/{name}")[1]["spec"]["template"]["spec"]["containers"][0]
    account = cluster.home / "account"
    account.mkdir()
    for file, text in {"token": cluster.token_of(NAMESPACE, name, None, seconds=3600), "namespace": NAMESPACE, "ca.crt": cluster.ca}.items():
        (account / file).write_text(text)
    authority = cluster.home / "authority.crt"
    authority.write_text(cluster.ca)
    variables = {it["name"]: it.get("value", "") for it in deployment["env"]} | {
        "VAULT_CACERT": str(authority), "KUBERNETES_SERVICE_HOST": "127.0.0.1", "KUBERNETES_SERVICE_PORT": str(cluster.port), "HOME": str(cluster.home)}
    # As in its pod: the token's folder, in a file system that only it sees; and it is where its Service is.
    script = f"mount -t tmpfs tmpfs /run && mkdir -p /run/secrets/kubernetes.io/serviceaccount && cp {account}/* /run/secrets/kubernetes.io/serviceaccount/ && exec \"$@\""
    command = [world.binary, *deployment["args"], f"--listen={service['clusterIP']}:{service['ports'][0]['port']}"]
    log = open(cluster.home / "webhook.log", "wb")
    process = subprocess.Popen(["unshare", "--mount", "sh", "-ec", script, "sh", *command], stdin=subprocess.DEVNULL, stdout=log, stderr=log, env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", **variables})
    world.processes.append(process)
    path = f"/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/{name}"
    def published():
        if process.poll() is not None:
            raise Trouble(f"it ended: {(cluster.home / 'webhook.log').read_text()[-1500:]}")
        return cluster.ask("GET", path)[1]["webhooks"][0]["clientConfig"].get("caBundle")
    until("the authority is published", published)
    restricted = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}, "runAsNonRoot": True, "runAsUser": 1000, "seccompProfile": {"type": "RuntimeDefault"}}
    asks = {"vault.hashicorp.com/agent-inject": "true", "vault.hashicorp.com/role": "shop.web", "vault.hashicorp.com/agent-inject-secret-db": "secret/data/shop/web"}
    def created(namespace, annotations):
        body = pod("asks", namespace=namespace, annotations=annotations)
        body["spec"]["containers"][0]["securityContext"] = restricted
        return cluster.ask("POST", f"/api/v1/namespaces/{namespace}/pods?dryRun=All", body)
    cluster.ask("POST", "/api/v1/namespaces/restricted/serviceaccounts", {"metadata": {"name": "default"}})
    # The API server takes the authority in within a second or so.
    status, made = until("a pod is changed", lambda: (it if (it := created("shop", asks))[0] == 201 else None))
    agents = [it["name"] for part in ("initContainers", "containers") for it in made["spec"].get(part, []) if it["name"].startswith("vault-agent")]
    if sorted(agents) != ["vault-agent", "vault-agent-init"]:
        raise Trouble(f"{agents}")
    world.injected = made
    mounted = next(it for it in made["spec"]["containers"] if it["name"] == "app")["volumeMounts"]
    if not any(it["mountPath"] == "/vault/secrets" for it in mounted):
        raise Trouble(f"the application does not see them: {mounted}")
    status, made = created("restricted", asks)
    if status != 201:
        raise Trouble(f"a restricted namespace does not take it: {made['message'][:400]}")
    # The container's own refusal reaches whoever makes the pod.
    status, refused = created("shop", asks | {"vault.hashicorp.com/service": "https://elsewhere.example:8200"})
    if status == 201 or "denied the request" not in refused["message"]:
        raise Trouble(f"another server is taken: {status}")
    return f"{', '.join(agents)}; in a restricted namespace too; refused: {refused['message'][:120]}"


def renders(world):
    """The agent takes the configuration that the webhook wrote, logs in with a pod's token, and renders the pod's secret"""
    server, injected = getattr(world, "server", None), getattr(world, "injected", None)
    if not server or not injected:
        raise Skipped("no login or no webhook")
    cluster, folder, value = world.cluster, world.cluster.home / "secrets", f"synthetic-{time.monotonic_ns()}"
    server.must("POST", "secret/data/shop/web", {"data": {"password": value}})
    container = next(it for it in injected["spec"]["initContainers"] if it["name"] == "vault-agent-init")
    config = next(filter(None, (configuration(it.get("value", "")) for it in container["env"])))
    # What would be kubelet's in a pod: where the token and the volume are. And the server has another address here.
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder], check=True)
    token = cluster.home / "pod-token"
    token.write_text(cluster.token_of("shop", "web", "vault"))
    method = config["auto_auth"]["method"][0]
    method["config"]["token_path"] = str(token)
    for template in config["template"]:
        template["destination"] = template["destination"].replace("/vault/secrets", str(folder))
    config.setdefault("vault", {})["address"] = f"http://127.0.0.1:{server.port}"
    file = cluster.home / "agent.json"
    file.write_text(json.dumps(config))
    done = subprocess.run([world.binary, "agent", f"-config={file}"], capture_output=True, text=True, timeout=WAIT, env={"HOME": str(cluster.home)})
    rendered = (folder / "db").read_text() if done.returncode == 0 else ""
    subprocess.run(["umount", folder], check=True)
    if done.returncode:
        raise Trouble(done.stderr[-800:])
    if value not in rendered:
        raise Trouble("the file holds something else")
    return f"{method['type']}, {len(config['template'])} file"


def configuration(text):
    try:
        config = json.loads(base64.b64decode(text, validate=True))
    except ValueError:
        return None
    return config if isinstance(config, dict) and "auto_auth" in config else None


CHECKS = [logs_in, webhook, renders]
