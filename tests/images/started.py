"""What the images do in podman, with the folders and rights that Kubernetes gives: volumes of root with the pod's group,
Secrets that only the group reads, a root file system that cannot be written, no capability."""

import base64
import json
import os
import re
import socket
import ssl
import subprocess
import textwrap
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

import images
from podman import Podman
from server import Trouble

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
SLIM, SHELL = "docker.io/strongroom/strongroom", "docker.io/strongroom/strongroom-shell"
WAIT = 120  # seconds: the machine may be busy
CONFINED = ["--network=host", "--read-only", "--read-only-tmpfs=false", "--cap-drop=all", "--security-opt=no-new-privileges"]


def free_port():
    with socket.socket() as it:
        it.bind(("127.0.0.1", 0))
        return it.getsockname()[1]


def until(what, ask):
    deadline = time.monotonic() + WAIT
    while time.monotonic() < deadline:
        if answer := ask():
            return answer
        time.sleep(0.2)
    raise Trouble(f"not seen in {WAIT} s: {what}")


def config():
    """The server's configuration as the chart writes it."""
    text = (DEPLOY / "kubernetes/server.yaml").read_text()
    return textwrap.dedent(re.search(r"  server\.hcl: \|\n((?:    .*\n|\n)+)", text).group(1))


class Volumes:
    """One pod's folders, as kubelet makes them for fsGroup 1000."""

    def __init__(self, home, settings):
        self.home, self.port = home, free_port()
        for name in ("data", "audit", "run", "config", "tls", "unseal"):
            (home / name).mkdir(parents=True)
            os.chown(home / name, 0, 1000)
            (home / name).chmod(0o2770 if name != "run" else 0o2777)
        self.write("config/server.hcl", settings.replace("0.0.0.0:8200", f"127.0.0.1:{self.port}"))
        made = subprocess.run([DEPLOY / "kubernetes/make-tls.sh", "strongroom", "strongroom", "2"], capture_output=True, text=True, check=True).stdout
        for name, value in re.findall(r"^  (\S+\.\S+): (\S+)$", made, re.M):
            self.write(f"tls/{name}", base64.b64decode(value))

    def write(self, path, content):
        """A file of a Secret or ConfigMap: root's, and its group may read it."""
        file = self.home / path
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        os.chown(file, 0, 1000)
        file.chmod(0o440)

    def mounts(self):
        at = {"data": "/vault/data", "audit": "/vault/audit", "run": "/run/strongroom", "config": "/vault/config:ro", "tls": "/vault/tls:ro", "unseal": "/vault/unseal:ro"}
        return [part for name, place in at.items() for part in ("-v", f"{self.home / name}:{place}")]

    def health(self, path="/v1/sys/health"):
        context = ssl.create_default_context(cafile=self.home / "tls/ca.crt")
        try:
            with urllib.request.urlopen(f"https://127.0.0.1:{self.port}{path}", context=context, timeout=5) as answer:
                return answer.status
        except urllib.error.HTTPError as refused:
            return refused.code
        except OSError:
            return None


def probes(pod, state, ready):
    """What kubelet would think: the chart's two questions, as they stand."""
    text = (DEPLOY / "kubernetes/server.yaml").read_text()
    asked = {which: re.search(rf'{which}:\n\s+httpGet: {{path: "([^"]+)"', text).group(1) for which in ("readinessProbe", "livenessProbe")}
    seen = {which: pod.health(path) in range(200, 400) for which, path in asked.items()}
    if seen != {"readinessProbe": ready, "livenessProbe": True}:
        raise Trouble(f"{state}: {seen}")


def begin(world, name, image, volumes, *command, more=()):
    address = ["-e", f"STRONGROOM_ADDR=https://127.0.0.1:{volumes.port}", "-e", "VAULT_CACERT=/vault/tls/ca.crt"]
    world.podman.say("run", "-d", "--name", name, *CONFINED, *address, *volumes.mounts(), *more, image + ":" + world.version, *command)


def executed(world, name, *command, text=None):
    done = subprocess.run([*world.podman.command, "exec", "-i", name, *command], env=world.podman.environment, input=text, capture_output=True, text=True, timeout=WAIT)
    return done.returncode, done.stdout, done.stderr


def ended(world, name):
    until(f"{name} ends", lambda: world.podman.state(name)["Status"] == "exited")
    return world.podman.state(name)["ExitCode"]


def log(world, name):
    return world.podman.log(name).decode(errors="replace")


# ----------------------------------------------------------------------- checks

def loads(world):
    """podman takes both files, and the program in them starts as a user without rights"""
    world.podman = Podman(world.home / "podman")
    world.endings.append(lambda: unmount(world))
    world.endings.append(world.podman.end)
    world.podman.start(images.tar(world.home / "trial.tar", [("/bin/busybox", world.busybox)]))
    world.version = re.search(r"appVersion: (\S+)", (DEPLOY / "helm/strongroom/Chart.yaml").read_text()).group(1)
    for name, image in (("strongroom", SLIM), ("strongroom-shell", SHELL)):
        world.podman.say("load", "-i", world.home / "first" / f"{name}.tar")
        if f"{image}:{world.version}" not in world.podman.images():
            raise Trouble(f"{world.podman.images()}")
    said = world.podman.say("run", "--rm", *CONFINED, f"{SLIM}:{world.version}", "--version")
    if world.version not in said:
        raise Trouble(said)
    who = world.podman.say("run", "--rm", *CONFINED, f"{SHELL}:{world.version}", "/bin/sh", "-ec", "id -u; id -g; vault --version")
    if who.split()[:2] != ["100", "1000"]:
        raise Trouble(who)
    if world.podman.ask("run", "--rm", *CONFINED, "--entrypoint", "/bin/sh", f"{SLIM}:{world.version}", "-c", "true").returncode == 0:
        raise Trouble("there is a shell in the image without one")
    return said


def unmount(world):
    for line in Path("/proc/self/mounts").read_text().splitlines()[::-1]:
        if line.split()[1].startswith(f"{world.home}/"):
            subprocess.run(["umount", "-l", line.split()[1]], check=False)


def serves(world):
    """The server starts with the chart's configuration and volumes, is initialised and opened by `kubectl exec`, and ends in order"""
    pod = world.pod = Volumes(world.home / "pod", config())
    begin(world, "server", SLIM, pod, "server", "-config=/vault/config/server.hcl")
    until("no store yet (501)", lambda: pod.health() == 501 or (world.podman.state("server")["Status"] == "exited" and complain(world, "server")))
    probes(pod, "without a store", ready=False)
    status, out, said = executed(world, "server", "/usr/local/bin/secret", "init", "-key-shares=1", "-key-threshold=1", "-format=json")
    if status:
        raise Trouble(f"init: {said}")
    world.made = json.loads(out)
    world.key, world.token = (world.made.get("unseal_keys_b64") or world.made["keys_base64"])[0], world.made["root_token"]
    opened(world, "server", pod)
    probes(pod, "open", ready=True)
    # As the chart says: a folder of the server's own, on a volume that is root's.
    store = os.stat(pod.home / "data/store")
    if (store.st_uid, store.st_mode & 0o777) != (100, 0o700) or not (pod.home / "audit/log/audit.log").exists():
        raise Trouble("the store or the log is not where the chart says")
    world.podman.say("stop", "--time", "30", "server")
    if ended(world, "server") != 0:
        raise Trouble(f"it does not end in order: {log(world, 'server')[-500:]}")
    world.podman.say("start", "server")
    until("sealed (503)", lambda: pod.health() == 503)
    probes(pod, "sealed", ready=False)
    opened(world, "server", pod)
    return "501, 200, SIGTERM 0, 503, 200"


def complain(world, name):
    raise Trouble(f"{name} ended: {log(world, name)[-800:]}")


def opened(world, name, pod):
    status, _, said = executed(world, name, "/usr/local/bin/secret", "unseal", "-", text=world.key + "\n")
    if status or pod.health() != 200:
        raise Trouble(f"unseal: {said}")
    status, _, said = executed(world, name, "/usr/local/bin/secret", "status")
    if status:
        raise Trouble(f"status: {said}")


def key_file(world):
    """A key file of a Secret is handed over by the chart's init container, and is not taken without it"""
    settings = config() + '\nseal "keyfile" { path = "/run/strongroom/unseal.key" }\n'
    pod = Volumes(world.home / "keyfile", settings)
    pod.write("unseal/unseal.key", os.urandom(32))
    command = re.search(r'command: \["/bin/sh", "-ec", "(.*)"\]', (DEPLOY / "helm/strongroom/templates/server/statefulset.yaml").read_text()).group(1)
    # Without it the server reads the volume itself, where the group may read as well.
    direct = Volumes(world.home / "direct", settings.replace("/run/strongroom/unseal.key", "/vault/unseal/unseal.key"))
    direct.write("unseal/unseal.key", os.urandom(32))
    begin(world, "direct", SLIM, direct, "server", "-config=/vault/config/server.hcl")
    if ended(world, "direct") == 0 or "0400" not in log(world, "direct"):
        raise Trouble(f"it is taken as it is: {log(world, 'direct')[-500:]}")
    begin(world, "unseal-key", SHELL, pod, "/bin/sh", "-ec", command)
    if ended(world, "unseal-key"):
        complain(world, "unseal-key")
    begin(world, "attended-by-none", SLIM, pod, "server", "-config=/vault/config/server.hcl")
    until("no store yet (501)", lambda: pod.health() == 501 or (world.podman.state("attended-by-none")["Status"] == "exited" and complain(world, "attended-by-none")))
    status, _, said = executed(world, "attended-by-none", "/usr/local/bin/secret", "init", "-format=json")
    if status:
        raise Trouble(said)
    until("open (200)", lambda: pod.health() == 200)
    world.podman.say("restart", "--time", "30", "attended-by-none")
    until("open again, with nobody there (200)", lambda: pod.health() == 200)


def stock_start(world):
    """It starts as the stock chart starts it, is asked as it asks, and is ended as it ends it"""
    settings = config().replace("api_addr = ", 'cluster_addr = "https://POD_IP:8201"\napi_addr = ')
    pod = Volumes(world.home / "stock", settings)
    script = "cp /vault/config/server.hcl /tmp/config.hcl && sed -Ei \"s|POD_IP|${POD_IP?}|g\" /tmp/config.hcl && /usr/local/bin/docker-entrypoint.sh vault server -config=/tmp/config.hcl"
    begin(world, "stock", SHELL, pod, "/bin/sh", "-ec", script,
          more=["--entrypoint", "", "-e", "POD_IP=127.0.0.1", "-e", "SKIP_CHOWN=true", "-e", "SKIP_SETCAP=true", "-e", f"VAULT_ADDR=https://127.0.0.1:{pod.port}", "--tmpfs", "/tmp:mode=1777"])
    until("no store yet (501)", lambda: pod.health() == 501 or (world.podman.state("stock")["Status"] == "exited" and complain(world, "stock")))
    ready = ("/bin/sh", "-ec", "vault status -tls-skip-verify")
    if executed(world, "stock", *ready)[0] == 0:
        raise Trouble("it is ready without a store")
    status, out, said = executed(world, "stock", "/bin/sh", "-c", "vault operator init -key-shares=1 -key-threshold=1 -format=json")
    if status:
        raise Trouble(said)
    world.key = json.loads(out)["unseal_keys_b64"][0]
    if executed(world, "stock", *ready)[0] != 2:
        raise Trouble("a sealed store is not 2")
    opened(world, "stock", pod)
    if executed(world, "stock", *ready)[0] != 0:
        raise Trouble("it is not ready")
    if executed(world, "stock", "/bin/sh", "-c", "sleep 1 && kill -SIGTERM $(pidof vault)")[0] not in (0, 137, 143):
        raise Trouble("preStop fails")
    if ended(world, "stock") != 0:
        raise Trouble(f"it does not end in order: {log(world, 'stock')[-500:]}")


def injected(world):
    """The stock injector's command, as it stands, renders a file and ends"""
    pod = world.pod
    executed(world, "server", "/usr/local/bin/secret", "status")
    secret = "synthetic-" + base64.b16encode(os.urandom(8)).decode()
    env = ["-e", f"VAULT_TOKEN={world.token}"]
    def asked(*command):
        done = subprocess.run([*world.podman.command, "exec", "-i", *env, "server", "/usr/local/bin/secret", *command], env=world.podman.environment, capture_output=True, text=True, timeout=WAIT)
        if done.returncode:
            raise Trouble(f"{command[0]}: {done.stderr}")
    asked("kv", "put", "secret/shop", f"password={secret}")
    memory = world.home / "memory"
    memory.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m,mode=0777", "tmpfs", memory], check=True)
    world.endings.append(lambda: subprocess.run(["umount", "-l", memory], check=False))
    for name in ("secrets", "home"):
        (memory / name).mkdir()
        (memory / name).chmod(0o777)
    pod.write("config/token", world.token)
    agent = {"exit_after_auth": True, "pid_file": "/home/vault/.pid",
             "vault": {"address": f"https://127.0.0.1:{pod.port}", "ca_cert": "/vault/tls/ca.crt"},
             "auto_auth": {"method": {"type": "token_file", "config": {"token_file_path": "/vault/config/token"}},
                           "sink": [{"type": "file", "config": {"path": "/home/vault/.vault-token"}}]},
             "template": [{"destination": "/vault/secrets/shop", "contents": '{{ with secret "secret/data/shop" }}{{ .Data.data.password }}{{ end }}'}]}
    # Those are words of the pod that the stock injector makes, to the letter.
    command = "echo ${VAULT_CONFIG?} | base64 -d > /home/vault/config.json && vault agent -config=/home/vault/config.json"
    begin(world, "vault-agent-init", SHELL, pod, "/bin/sh", "-ec", command,
          more=["--entrypoint", "", "-e", "VAULT_CONFIG=" + base64.b64encode(json.dumps(agent).encode()).decode(), "-v", f"{memory}/home:/home/vault", "-v", f"{memory}/secrets:/vault/secrets"])
    if ended(world, "vault-agent-init"):
        complain(world, "vault-agent-init")
    if (memory / "secrets/shop").read_text() != secret:
        raise Trouble("the file holds something else")


def resolves(world):
    """A static program finds servers by name: in /etc/hosts, and by asking a name server"""
    asked, ends = [], threading.Event()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as names:
        names.bind(("127.0.53.1", 53))
        names.settimeout(0.2)
        thread = threading.Thread(target=answer_names, args=(names, asked, ends))
        thread.start()
        try:
            resolv = world.home / "resolv.conf"
            resolv.write_text("nameserver 127.0.53.1\nsearch strongroom.svc.cluster.local\noptions ndots:5 timeout:2\n")
            def status(host, *more):
                return world.podman.ask("run", "--rm", *CONFINED, *more, "-v", f"{resolv}:/etc/resolv.conf:ro", f"{SLIM}:{world.version}",
                                        "status", f"-address=https://{host}:{world.pod.port}", "-tls-skip-verify").returncode
            seen = {"server.test": status("server.test"), "strongroom": status("strongroom"), "nobody.test": status("nobody.test"),
                    "in-hosts": status("in-hosts", "--add-host=in-hosts:127.0.0.1")}
        finally:
            ends.set()
            thread.join()
    if seen != {"server.test": 0, "strongroom": 0, "nobody.test": 1, "in-hosts": 0}:
        raise Trouble(f"{seen}; asked for {sorted(set(asked))}")
    if "strongroom.strongroom.svc.cluster.local" not in asked or "in-hosts" in asked:
        raise Trouble(f"asked for {sorted(set(asked))}")
    return f"{len(asked)} questions"


def answer_names(names, asked, ends):
    """A name server for two names: an address for A, nothing for others."""
    known = {"server.test", "strongroom.strongroom.svc.cluster.local"}
    while not ends.is_set():
        try:
            question, sender = names.recvfrom(512)
        except TimeoutError:
            continue
        labels, at = [], 12
        while question[at]:
            labels.append(question[at + 1:at + 1 + question[at]].decode())
            at += 1 + question[at]
        name, kind, end = ".".join(labels), question[at + 1:at + 3], at + 5
        asked.append(name)
        found = name in known and kind == b"\0\1"
        head = question[:2] + (b"\x81\x80" if name in known else b"\x81\x83") + b"\0\1" + (b"\0\1" if found else b"\0\0") + b"\0\0\0\0"
        body = question[12:end] + (b"\xc0\x0c\0\1\0\1\0\0\0\x05\0\4\x7f\0\0\1" if found else b"")
        names.sendto(head + body, sender)


CHECKS = [loads, serves, key_file, stock_start, injected, resolves]
