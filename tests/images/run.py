#!/usr/bin/env python3
"""The two container images: the same bytes twice, nothing in them that is not wanted, and what they do in podman.

  run.py                   what needs no program of ours: BusyBox stands in for it
  run.py --program PATH    all of it, with a static `secret` (`./run static` makes one)

The whole needs root, podman and runc, openssl and busybox-static. The exit status is 0, 1 (a check failed) or 2 (could
not run).
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
import traceback
from pathlib import Path

sys.dont_write_bytecode = True
HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "containers"), str(HERE.parent / "proof")]

import archive
from server import Trouble


def make(check, world):
    began = time.monotonic()
    try:
        word, note = "ok", check(world) or ""
    except Trouble as trouble:
        word, note = "FAILED", str(trouble)
    except Exception:  # whatever it is, the table is still to be printed
        word, note = "FAILED", traceback.format_exc()
    print(f"{word:9}{check.__doc__.strip()}: {note} ({time.monotonic() - began:.1f} s)", flush=True)
    return word == "ok"


def remove(folder):
    """podman tidies up behind its containers for a moment longer than it says."""
    for _ in range(60):
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return
        time.sleep(0.5)
    raise Trouble(f"{folder} cannot be removed")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program")
    options = parser.parse_args()
    busybox = shutil.which("busybox", path="/bin:/usr/bin")
    needed = ["busybox", "git"] + (["podman", "runc", "openssl"] if options.program else [])
    missing = [it for it in needed if not shutil.which(it, path=os.environ["PATH"] + ":/usr/sbin:/sbin")]
    if options.program and os.geteuid() != 0:
        missing.append("root")
    if missing:
        print(f"images: missing: {', '.join(missing)}", file=sys.stderr)
        return 2
    home = Path(tempfile.mkdtemp(prefix="images-", dir="/var/tmp"))
    world = archive.World(home, options.program or busybox, busybox)
    checks = list(archive.CHECKS)
    if options.program:
        import started
        checks += started.CHECKS
    try:
        good = [make(check, world) for check in checks]
    finally:
        world.end()
        remove(home)
    print(f"images: {len(good)} checks, {good.count(False)} failed")
    return 0 if all(good) else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Trouble as trouble:
        print(f"images: {trouble}", file=sys.stderr)
        sys.exit(2)
