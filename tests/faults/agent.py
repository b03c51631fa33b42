"""`secret agent`, or another agent that is called in the same way."""

import json
import os
import re
import subprocess
import time
import urllib.request

from finding import Finding, Trouble, require

WAIT = 30
METRICS = 8400  # its listener's port


class Agent:
    """A sidecar with a configuration file of its own."""

    def __init__(self, command, home, config, environment=None):
        self.command, self.home, self.config, self.environment = command, home, config, environment or {}
        self.process = self.speaks_to = None
        self.starts = 0
        home.mkdir(exist_ok=True)

    @property
    def log(self):
        """All that it has said since it was last started."""
        return (self.home / f"agent-{self.starts}.log").read_text(errors="replace")

    def start(self):
        self.starts += 1
        file = self.home / "agent.json"
        file.write_text(json.dumps(self.config, indent=2))
        environment = {"HOME": str(self.home), "PATH": os.environ.get("PATH", os.defpath), **self.environment}
        with open(self.home / f"agent-{self.starts}.log", "wb") as log:
            said = self.speaks_to or log
            self.process = subprocess.Popen([*self.command, f"-config={file}"], stdin=subprocess.DEVNULL, stdout=said, stderr=said,
                                            env=environment, cwd=self.home)

    def lives(self):
        """Once started, it must not have ended by itself."""
        status = self.process.poll() if self.process else None
        require(status is None, "ended", f"the agent has ended ({status}): {self.log[-600:]}")

    def kill(self):
        """Ends it at once; from then on it need not live."""
        if self.process:
            self.process.kill()
            self.process.wait(WAIT)
            self.process = None

    def ends(self, within):
        """Its status, once it has ended."""
        try:
            status, self.process = self.process.wait(within), None
            return status
        except subprocess.TimeoutExpired:
            raise Finding("status", f"the agent still runs after {within} s: {self.log[-600:]}") from None

    def says(self, pattern, why, within):
        """Waits for a line of its log."""
        until = time.monotonic() + within
        while not re.search(pattern, self.log, re.I):
            require(time.monotonic() < until, "silent", f"the agent's log has nothing like {pattern!r} {why}: {self.log[-600:]}")
            time.sleep(0.02)

    def memory(self):
        """The most that it has ever taken, in MiB."""
        found = re.search(r"VmHWM:\s+(\d+) kB", open(f"/proc/{self.process.pid}/status").read())
        return int(found[1]) >> 10

    def metric(self, name):
        """A figure of its listener, all labels summed; None if there is no such figure."""
        url = f"http://127.0.0.1:{METRICS}/agent/v1/metrics?format=prometheus"
        try:
            with urllib.request.urlopen(url, timeout=WAIT) as answer:
                text = answer.read().decode()
        except OSError as error:
            raise Trouble(f"the agent's metrics: {error}") from error
        figures = re.findall(rf"^{name}(?:\{{[^}}]*\}})? (\S+)$", text, re.M)
        return max(map(float, figures)) if figures else None
