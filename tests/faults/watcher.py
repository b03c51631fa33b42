"""The workload: a process that does nothing but read its files, and writes down what it sees.

Called with a folder that holds `watch.json`: the canary, the files and the secrets in each. What it sees goes to
`journal` there, a line for each change; `rounds` counts how often it has looked. Reading alone would miss what lasts
some microseconds. The kernel therefore reports as well what is written to a file while it has its name, and
each time a name goes away.
"""

import ctypes
import errno
import json
import mmap
import os
import stat
import struct
import sys
import time
from pathlib import Path

sys.dont_write_bytecode = True

import content

IN_MODIFY, IN_MOVED_FROM, IN_DELETE = 0x2, 0x40, 0x200
PAUSE = 0.001  # between two rounds: many watchers share the machine with the agents they watch


class Names:
    """What the kernel reports of a directory (inotify)."""

    def __init__(self, folder):
        libc = ctypes.CDLL(None, use_errno=True)
        self.events = libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        if libc.inotify_add_watch(self.events, os.fsencode(folder), IN_MODIFY | IN_MOVED_FROM | IN_DELETE) < 0:
            raise OSError(ctypes.get_errno(), "inotify_add_watch")

    def reported(self):
        """Pairs of name and what happened to it."""
        try:
            data = os.read(self.events, 1 << 16)
        except BlockingIOError:
            return
        at = 0
        while at < len(data):
            _, mask, _, length = struct.unpack_from("iIII", data, at)
            name = data[at + 16:at + 16 + length].rstrip(b"\0").decode()
            at += 16 + length
            yield name, "half" if mask & IN_MODIFY else "missing"


def look(path):
    """What a file holds, or a word for why that cannot be said."""
    try:
        # A FIFO in the place of the file must not stop whoever reads it.
        file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        return {errno.ENOENT: "missing", errno.ELOOP: "foreign"}.get(error.errno, "unreadable")
    try:
        if not stat.S_ISREG(os.fstat(file).st_mode):
            return "foreign"
        parts = []
        while part := os.read(file, 1 << 16):
            parts.append(part)
        return b"".join(parts)
    finally:
        os.close(file)


class Journal:
    """A line for each new state of a file, and one for each event that is not a state."""

    def __init__(self, home, newest):
        self.file = os.open(home / "journal", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self.last, self.newest = {}, newest

    def look(self, file, seen, read):
        """Notes what was seen, if it is something else than the last time: `read` then tells the versions in it."""
        if self.last.get(file) != seen:
            self.last[file] = seen
            self.state(file, seen if isinstance(seen, str) else read(seen.decode(errors="replace")))

    def state(self, file, state):
        self.write(file, state=state)
        if isinstance(state, dict):
            newest = self.newest.setdefault(file, {})
            if any(version < newest.get(name, 0) for name, version in state.items()):
                self.write(file, event="older")
            newest.update({name: max(version, newest.get(name, 0)) for name, version in state.items()})

    def write(self, file, **what):
        line = json.dumps({"at": time.monotonic(), "file": file, **what}) + "\n"
        os.write(self.file, line.encode())


def main(home):
    told = json.loads((home / "watch.json").read_text())
    rounds = mmap.mmap(os.open(home / "rounds", os.O_RDWR), 8)
    journal, names = Journal(home, told["newest"]), Names(told["folder"])
    count = 0
    while True:
        for file, secrets in told["files"].items():
            journal.look(file, look(f"{told['folder']}/{file}"), lambda text: content.read(told["canary"], secrets, text))
        for name, what in names.reported():
            if name in told["files"]:
                journal.write(name, event=what)
        count += 1
        rounds[:8] = struct.pack("Q", count)
        time.sleep(PAUSE)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
