"""A podman with a storage of its own: nothing of it touches the machine's containers and images."""

import json
import os
import subprocess
from pathlib import Path

from server import Trouble

WAIT = 120  # seconds for one command: the machine may be busy

# The limits that podman asks for by default are above what some machines allow; runc is what Debian brings.
SETTINGS = """\
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
log_driver = "k8s-file"
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
"""


class Podman:
    def __init__(self, home):
        self.home = Path(home)
        self.home.mkdir()
        settings = self.home / "containers.conf"
        settings.write_text(SETTINGS)
        # Big files in passing, and whatever else asks for a home, stay in here as well.
        scratch = self.home / "scratch"
        scratch.mkdir()
        self.environment = {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(scratch), "TMPDIR": str(scratch), "CONTAINERS_CONF": str(settings)}
        self.driver = None

    @property
    def command(self):
        """The program and the options that lead it to its own storage."""
        folder = self.home / self.driver
        return ["podman", "--root", f"{folder}/root", "--runroot", f"{folder}/run", "--tmpdir", f"{folder}/tmp", "--storage-driver", self.driver]

    def start(self, tar):
        """Finds a storage driver with which a container of this image runs here."""
        told = {}
        for driver in ("overlay", "vfs"):
            self.driver = driver
            done = self.ask("import", "--change", 'ENTRYPOINT ["/bin/busybox"]', tar, "localhost/trial")
            done = done if done.returncode else self.ask("run", "--rm", "--network=host", "localhost/trial", "true")
            if done.returncode == 0:
                self.say("rmi", "localhost/trial")
                return driver
            told[driver] = done.stderr.strip()
            self.end()
        raise Trouble(f"no container runs on this machine: {told}")

    def ask(self, *arguments, text=True, wait=WAIT):
        """Runs a command to its end, whatever that is."""
        return subprocess.run([*self.command, *map(str, arguments)], env=self.environment, stdin=subprocess.DEVNULL,
                              capture_output=True, text=text, timeout=wait)

    def say(self, *arguments):
        """What a command that succeeds prints."""
        done = self.ask(*arguments)
        if done.returncode != 0:
            raise Trouble(f"podman {' '.join(map(str, arguments))}: {done.stderr.strip()}")
        return done.stdout.strip()

    def begin(self, *arguments):
        """Starts a command that takes its time."""
        return subprocess.Popen([*self.command, *map(str, arguments)], env=self.environment, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def inspect(self, name):
        return json.loads(self.say("container", "inspect", name))[0]

    def state(self, name):
        return self.inspect(name)["State"]

    def names(self):
        """Every container, also those that have ended."""
        return self.say("ps", "--all", "--format", "{{.Names}}").split()

    def images(self):
        return sorted(set(self.say("images", "--format", "{{.Repository}}:{{.Tag}}").split()))

    def pods(self):
        return self.say("pod", "ps", "--format", "{{.Name}}").split()

    def log(self, name):
        """Both streams, as bytes."""
        done = self.ask("logs", name, text=False)
        return done.stdout + done.stderr

    def end(self):
        """Ends all that runs. The storage is then a folder like another."""
        if self.driver:
            self.ask("pod", "rm", "--all", "--force", "--time", "0")
            self.ask("rm", "--all", "--force", "--time", "0")
