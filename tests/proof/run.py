#!/usr/bin/env python3
"""Proofs from outside: starts the real server and looks at what it writes, holds and answers.

  run.py                    all of them
  run.py --only memory      those whose name holds a word
  run.py --list             their names

The exit status is 0, or 1 if one failed. With CI=true one that cannot be made here fails as well.
"""

import argparse
import os
import sys
import time
import traceback
from pathlib import Path

sys.dont_write_bytecode = True

import canary
import malformed
import memory
import outside
from server import Lacking, Trouble

ROOT = Path(__file__).resolve().parent.parent.parent


def default_binary():
    return str(Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "debug" / "secret")


def prove(test, binary):
    """One line; whether it may stand."""
    began = time.monotonic()
    try:
        word, note, stands = "ok", test(binary), True
    except Lacking as lacking:
        word, note, stands = "left out", str(lacking), os.environ.get("CI") != "true"
    except Trouble as trouble:
        word, note, stands = "FAILED", str(trouble), False
    except Exception:  # whatever it is, the other proofs are still to be made
        word, note, stands = "FAILED", traceback.format_exc(), False
    print(f"{word:9}{test.__name__} ({time.monotonic() - began:.1f} s): {note}", flush=True)
    return stands


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default=default_binary(), metavar="PATH", help="the program under test (%(default)s)")
    parser.add_argument("--only", metavar="WORD", action="append", help="proofs whose module or name holds the word")
    parser.add_argument("--list", action="store_true", help="print their names")
    options = parser.parse_args()
    tests = [test for module in (outside, canary, memory, malformed) for test in module.TESTS]
    chosen = [it for it in tests if not options.only or any(word in f"{it.__module__}.{it.__name__}" for word in options.only)]
    if options.list:
        print("\n".join(f"{it.__module__}.{it.__name__}" for it in chosen))
        return 0
    if not chosen:
        print("no proof has such a name", file=sys.stderr)
        return 2
    binary = str(Path(options.binary).resolve())
    failed = [it for it in chosen if not prove(it, binary)]
    print(f"proof: {len(chosen)} made, {len(failed)} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
