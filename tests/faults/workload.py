"""What the workload has seen: starts the watcher and reads its journal."""

import json
import struct
import subprocess
import sys
import time
from pathlib import Path

from finding import KINDS, Finding, Trouble

WATCHER = Path(__file__).resolve().parent / "watcher.py"


class Workload:
    """A process that reads `files` (file -> names of secrets) in `folder` as fast as it can."""

    def __init__(self, home, folder, files, canary, newest=None):
        self.home, self.files = home, files
        home.mkdir(exist_ok=True)
        told = {"folder": str(folder), "files": files, "canary": canary, "newest": newest or {}}
        (home / "watch.json").write_text(json.dumps(told))
        (home / "journal").write_bytes(b"")
        (home / "rounds").write_bytes(bytes(8))
        self.errors = open(home / "errors", "wb")
        self.process = subprocess.Popen([sys.executable, WATCHER, home], stdin=subprocess.DEVNULL, stdout=self.errors, stderr=self.errors)
        self.looked(0, 1)

    def stop(self):
        if self.process.poll() is not None:
            raise Trouble(f"the workload has ended: {(self.home / 'errors').read_text()[-1000:]}")
        self.process.kill()
        self.process.wait()
        self.errors.close()

    # ----------------------------------------------------------- what it saw

    def rounds(self):
        return struct.unpack("Q", (self.home / "rounds").read_bytes())[0]

    def looked(self, since, times=20):
        """Waits until it has looked so often since a count of rounds: what nobody looked at was not seen."""
        until = time.monotonic() + 60
        while self.rounds() < since + times:
            if time.monotonic() > until or self.process.poll() is not None:
                raise Trouble(f"the workload does not look at its files: {(self.home / 'errors').read_text()[-1000:]}")
            time.sleep(0.002)

    def journal(self):
        lines = (self.home / "journal").read_text().split("\n")
        return [json.loads(line) for line in lines[:-1]]

    def states(self):
        """Each file's state, once it has looked at all of them from now on: versions by secret, or a word."""
        self.looked(self.rounds(), 2)
        return {line["file"]: line["state"] for line in self.journal() if "state" in line}

    def newest(self):
        """The newest version that was seen of each secret in each file."""
        seen = {}
        for line in self.journal():
            if isinstance(line.get("state"), dict):
                newest = seen.setdefault(line["file"], {})
                newest.update({name: max(version, newest.get(name, 0)) for name, version in line["state"].items()})
        return seen

    # ------------------------------------------------------- what it must see

    def calm(self, but=None):
        """It has never seen anything else than whole files, none older than the one before it. `but` are the words
        that may be seen in a file. Before a file is first there it is not missed."""
        self.looked(self.rounds())
        begun, bad = set(), []
        for line in self.journal():
            file, what = line["file"], line.get("event") or line["state"]
            if isinstance(what, dict):
                begun.add(file)
            elif not (what == "missing" and file not in begun or what in (but or {}).get(file, ())):
                bad.append(line)
        # What was read says more than what the kernel reports.
        for line in sorted(bad, key=lambda it: "event" in it):
            what = line.get("event") or line["state"]
            raise Finding(what if what in KINDS else "missing", f"the workload saw {line['file']} {what}")

    def shows(self, wanted, within, meanwhile=lambda: None):
        """Waits until all files show these versions (file -> secret -> version); answers how long that took."""
        began = time.monotonic()
        while True:
            meanwhile()
            states = self.states()
            if all(states.get(file) == versions for file, versions in wanted.items()):
                return time.monotonic() - began
            if time.monotonic() - began > within:
                behind = {file: states.get(file) for file, versions in wanted.items() if states.get(file) != versions}
                raise Finding("stale", f"after {within:.0f} s the workload sees {behind} instead of {[wanted[file] for file in behind]}")
            time.sleep(0.01)
