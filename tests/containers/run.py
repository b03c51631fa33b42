#!/usr/bin/env python3
"""The product's promise in a real container runtime, with a real PostgreSQL: an application's pod finds its password,
goes on when it is changed and when the server dies, and the password is nowhere else.

  run.py --binary PATH                 with `secret agent`
  run.py --binary PATH --agent PATH    with another program that knows `agent -config=FILE`, such as bao

Needs root, and from Debian: podman, runc, catatonit, busybox-static, postgresql; and podman-compose, see
requirements.txt. The exit status is 0, 1 (a check
failed) or 2 (could not run).
"""

import argparse
import os
import shutil
import signal
import sys
import time
import traceback
from pathlib import Path

sys.dont_write_bytecode = True
HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(HERE.parent / "proof"))

import images
import postgres
import story
from server import Trouble
from world import World

TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))


def missing():
    """What this machine lacks, as Debian calls it."""
    if os.geteuid() != 0:
        yield "root"
    for program, package in {"podman": "podman", "podman-compose": "podman-compose (see requirements.txt)", "runc": "runc", "catatonit": "catatonit", "busybox": "busybox-static", "ldd": "libc-bin", "mount": "mount"}.items():
        if not shutil.which(program):
            yield package
    if shutil.which("busybox") and images.libraries(shutil.which("busybox")):
        yield "busybox-static (this busybox is not static)"
    if not postgres.programs():
        yield "postgresql"


def make(check, world):
    """Prints the row of one check; whether it may stand."""
    began = time.monotonic()
    try:
        word, note = "ok", check(world)
        world.learn_tokens()  # an agent that is started again has a new one
    except story.Skipped as skipped:
        word, note = "left out", str(skipped)
    except Trouble as trouble:
        word, note = "FAILED", str(trouble)
    except Exception:  # whatever it is, the table is still to be printed
        word, note = "FAILED", traceback.format_exc()
    row(word, check, f"{time.monotonic() - began:5.1f} s  {note}")
    return word != "FAILED"


def row(word, check, note=""):
    print(f"{word:9}{check.__name__.replace('_', ' '):64}{note}".rstrip(), flush=True)


def what_was_said(world):
    """The last words of every container, for whoever looks for the cause."""
    for name in world.podman.names() if world.podman.driver else []:
        lines = world.podman.log(name).decode(errors="replace").splitlines()
        print(f"--- {name}", *lines[-15:], sep="\n", file=sys.stderr)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default=str(TARGET / "debug" / "secret"), metavar="PATH", help="the program under test (%(default)s)")
    parser.add_argument("--agent", metavar="PATH", help="another agent in its place; what only ours promises is left out")
    return parser.parse_args()


def main():
    options = arguments()
    if lacking := list(missing()):
        raise Trouble(f"missing on this machine: {', '.join(lacking)}")
    binary = str(Path(options.binary).resolve())
    agent = str(Path(options.agent).resolve()) if options.agent else binary
    for program in (binary, agent):
        if not os.access(program, os.X_OK):
            raise Trouble(f"there is no program {program}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(2))  # with all that is to be cleaned up
    made = failed = 0
    with World(binary, agent) as world:
        for check in story.CHECKS:
            made += 1
            if not make(check, world):
                failed = 1
                what_was_said(world)
                break
    # Each check builds on those before it.
    for check in story.CHECKS[made:]:
        row("not made", check)
    print(f"containers: {made} checks made, {failed} failed, {len(story.CHECKS) - made} not made")
    return failed


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Trouble as trouble:
        print(f"containers: {trouble}", file=sys.stderr)
        sys.exit(2)
