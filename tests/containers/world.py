"""All that the test makes: folders on the disk, a tmpfs for each thing that is secret, and what runs on them."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from string import Template

import images
from application import Application
from planted import fresh
from podman import Podman
from postgres import Postgres, programs
from server import Trouble
from store import Store

HERE = Path(__file__).resolve().parent
USER = 1000  # of everything in the pods


class World:
    """Folders below `home` are on the disk and searched; `memory` holds what is mounted."""

    def __init__(self, binary, agent):
        self.binary, self.agent = binary, agent
        self.is_ours = agent == binary
        # On a disk: /tmp is a tmpfs on many machines, and then a search of it would prove little.
        self.home = Path(tempfile.mkdtemp(prefix="containers-", dir="/var/tmp"))
        self.home.chmod(0o755)
        self.memory = self.home / "memory"
        self.mounted, self.processes, self.applications = [], [], {}
        # What must be nowhere, by what it is.
        self.secrets, self.password = {}, None
        self.podman, self.postgres, self.store = Podman(self.home / "podman"), Postgres(self.home / "postgres"), Store(binary, self.home / "strongroom")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in self.processes:
            if process.poll() is None:
                process.kill()
                process.wait()
        self.podman.end()
        self.postgres.stop()
        self.store.stop()
        for place in reversed(self.mounted):
            subprocess.run(["umount", "-l", place], check=False)
        for line in Path("/proc/self/mounts").read_text().splitlines()[::-1]:
            if line.split()[1].startswith(f"{self.home}/"):  # the driver's own
                subprocess.run(["umount", "-l", line.split()[1]], check=False)
        shutil.rmtree(self.home, ignore_errors=True)

    # ------------------------------------------------------------------ secrets

    def know(self, what, text):
        self.secrets[what] = text
        return text

    def new_password(self):
        self.password = fresh()
        return self.know(f"password {sum(what.startswith('password') for what in self.secrets) + 1}", self.password)

    def learn_tokens(self):
        """What the agents of all pods hold right now."""
        for sink in self.memory.glob("*/agent/token-*"):
            token = sink.read_text().strip()
            if token and token not in self.secrets.values():
                self.know(f"token {len(self.secrets)} of {sink.parts[-3]}", token)

    # ------------------------------------------------------------------- images

    def make_images(self):
        """One with the agent, one with the application; each with what the program is linked with and no more."""
        folder = self.home / "images"
        folder.mkdir()
        busybox = [("/bin/busybox", shutil.which("busybox"))]
        self.podman.start(images.tar(folder / "trial.tar", busybox))
        name = Path(self.agent).name
        agent = images.tar(folder / "agent.tar", [(f"/usr/local/bin/{name}", images.slim(self.agent, folder))])
        self.podman.say("import", "--change", f'ENTRYPOINT ["/usr/local/bin/{name}"]', agent, "localhost/agent:1")
        psql = [*busybox, ("/bin/psql", programs() / "psql")]
        shop = images.tar(folder / "shop.tar", psql, [("/app.sh", HERE / "app.sh")])
        self.podman.say("import", "--change", 'ENTRYPOINT ["/bin/busybox", "sh", "/app.sh"]', shop, "localhost/shop:1")
        for made in folder.iterdir():
            made.unlink()

    # --------------------------------------------------------------------- pods

    def tmpfs(self, place):
        """Mounted as the hardening guide says; Linux before 6.4 knows no `noswap`."""
        place.mkdir(parents=True)
        options = f"size=1m,mode=0700,uid={USER},gid={USER},nosuid,nodev,noexec"
        for wanted in (f"{options},noswap", options):
            if subprocess.run(["mount", "-t", "tmpfs", "-o", wanted, "tmpfs", place], capture_output=True).returncode == 0:
                self.mounted.append(place)
                return place
        raise Trouble(f"no tmpfs can be mounted at {place}")

    def owned(self, file, text):
        """A file that the pod's user alone can read."""
        with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as to:
            to.write(text)
        os.chown(file, USER, USER)

    def agent_config(self, folder, name, once, destination="/secrets/pgpass"):
        text = Template((HERE / "agent.hcl").read_text())
        filled = text.substitute(once=str(once).lower(), server=self.store.server.port, name=name, destination=destination)
        (folder / f"{name}.hcl").write_text(filled)

    def prepare(self, pod):
        """The pod's description and its volumes, with a way in for its agents."""
        memory, config, out = self.memory / pod, self.home / "config" / pod, self.home / "out" / pod
        self.tmpfs(memory / "secrets")
        self.owned(self.tmpfs(memory / "agent") / "role-id", self.store.role_id)
        self.owned(memory / "agent" / "secret-id", self.know(f"secret id of {pod}", self.store.secret_id()))
        config.mkdir(parents=True)
        self.agent_config(config, "first", once=True)
        self.agent_config(config, "sidecar", once=False)
        out.mkdir(parents=True)
        os.chown(out, USER, USER)
        text = Template((HERE / "pod.yaml").read_text())
        description = config / "pod.yaml"
        description.write_text(text.substitute(pod=pod, user=USER, database=self.postgres.port, memory=memory, config=config, out=out))
        self.applications[pod] = Application(self.podman, f"{pod}-app", out / "tries", memory / "secrets" / "pgpass")
        return description

    def play(self, description):
        """Starts a pod and does not wait for it."""
        process = self.podman.begin("kube", "play", description)
        self.processes.append(process)
        return process
