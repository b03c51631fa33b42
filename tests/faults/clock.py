"""A process whose wall clock is the test's: libfaketime, which reads what it is to add from a file."""

import os
import subprocess
from pathlib import Path

from finding import Lacking, Trouble

LIBRARIES = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))


class Clock:
    """Goes as the real one until it jumps. Only the wall clock: a monotonic one never jumps."""

    def __init__(self, file):
        self.file = file
        if not LIBRARIES:
            raise Lacking("libfaketime is missing: apt-get install faketime")
        self.jump("+0")

    @property
    def environment(self):
        return {"LD_PRELOAD": str(LIBRARIES[0]), "FAKETIME_TIMESTAMP_FILE": str(self.file), "FAKETIME_NO_CACHE": "1",
                "FAKETIME_DONT_FAKE_MONOTONIC": "1"}

    def jump(self, offset):
        """`+1d` or `-3600`: seconds, or with a unit."""
        fresh = self.file.with_suffix(".new")
        fresh.write_text(f"{offset}\n")
        fresh.rename(self.file)

    def holds(self, process):
        """A process that was not linked as this needs it keeps the real clock."""
        if "libfaketime" not in Path(f"/proc/{process.pid}/maps").read_text():
            raise Trouble("the program does not take another clock: it is linked statically")

    def now(self):
        """What a process under it takes for the time."""
        asked = subprocess.run(["date", "+%s"], env=os.environ | self.environment, check=True, capture_output=True, text=True)
        return int(asked.stdout)
