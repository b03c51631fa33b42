#!/usr/bin/env python3
"""How long `secret scan` takes over mixed text and how much memory, beside other programs on the same files.

  scan.py --secret PATH [--mb N] [--rounds N] [--smoke] [--peer NAME=PATH]...

The tree is made of this project's own sources, documents and corpus over and over, with made-up logs, JSON, lock files,
minified programs, binary files and one line of 100 MB; the same for the same N. Peers: `rg` (which only looks for words,
and so is the floor) and `detect-secrets`, if they are on the PATH or named. The findings in each copy of the corpus are
counted: all copies must have the same. With --smoke it shows only that it works. Exit status: 0, 1 if a copy's findings
differ or memory passed 200 MB, 2 (could not run).
"""

import argparse
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CORPUS = ROOT / "tests" / "corpus"
# Came later: with them, a third of the tree would be corpus, and figures could not be compared with earlier ones.
KEPT = {"second", "third"}
LEFT_OUT = {it.parent.name for it in CORPUS.glob("*/labels.json")} - KEPT
MEMORY = 200 << 20
MIB = 1 << 20
WORDS = "request handled user session cache miss hit worker queue retry token count key page index build done failed upstream latency".split()


class Trouble(Exception):
    """It cannot be measured."""


def tracked(*patterns):
    listed = subprocess.run(["git", "ls-files", *patterns], cwd=ROOT, check=True, capture_output=True, text=True)
    return [ROOT / name for name in listed.stdout.splitlines() if not name.startswith(("tests/corpus/", "fuzz/"))]


def log(draw, size):
    lines, length = [], 0
    while length < size:
        line = f"2026-11-{draw.randint(10, 28)}T12:{draw.randint(10, 59)}:00Z INFO {' '.join(draw.choices(WORDS, k=9))} id={draw.getrandbits(64):016x} ms={draw.randint(1, 900)}\n"
        lines.append(line)
        length += len(line)
    return "".join(lines)


def rows(draw, size):
    row = lambda: {"id": draw.getrandbits(48), "name": draw.choice(WORDS), "tags": draw.choices(WORDS, k=4), "etag": f"{draw.getrandbits(128):032x}", "ok": True}
    return json.dumps([row() for _ in range(size // 190)], indent=2)


def lock(draw, size):
    entry = lambda: f'[[package]]\nname = "{draw.choice(WORDS)}-{draw.randint(1, 999)}"\nversion = "1.{draw.randint(0, 99)}.0"\nchecksum = "{draw.getrandbits(256):064x}"\n\n'
    return "".join(entry() for _ in range(size // 130))


def minified(draw, size):
    part = lambda: f"function {draw.choice('abcdefgh')}{draw.randint(1, 99)}(e,t){{return e.{draw.choice(WORDS)}&&t[{draw.randint(0, 99)}]?\"{draw.choice(WORDS)}\":void 0}}var n={{key:e.key,token:t}};"
    return "".join(part() for _ in range(size // 110))


def grow(tree, mb):
    """Writes about so many MB, and tells in how many copies the corpus is there."""
    draw = random.Random(17)
    sources = [it.read_bytes() for it in tracked("*.rs", "*.py", "*.md", "*.toml", "*.hcl", "*.yaml", "*.json") if it.stat().st_size < MIB]
    corpus = sum(it.stat().st_size for it in CORPUS.rglob("*") if it.is_file() and LEFT_OUT.isdisjoint(it.relative_to(CORPUS).parts))
    written, copies, number = 0, 0, 0

    def write(name, data):
        nonlocal written, number
        data = data.encode() if isinstance(data, str) else data
        folder = tree / f"{number // 200:04d}"
        folder.mkdir(exist_ok=True)
        (folder / f"{number}-{name}").write_bytes(data)
        written += len(data)
        number += 1

    if mb > 200:
        (tree / "one-line.txt").write_bytes(b"lorem ipsum " * (100 * MIB // 12))
        written += 100 * MIB
    made = {"service.log": log(draw, MIB), "rows.json": rows(draw, MIB // 2), "packages.lock": lock(draw, MIB // 4), "app.min.js": minified(draw, MIB // 2)}
    while written < mb * MIB:
        shutil.copytree(CORPUS, tree / f"corpus-{copies:04d}", ignore=shutil.ignore_patterns(*LEFT_OUT))
        copies += 1
        written += corpus
        for data in draw.sample(sources, min(len(sources), 250)):
            write("source.rs", data)
        for name, data in made.items():
            write(name, f"{number}\n{data}" if name.endswith("log") else data)
        write("image.png", b"\x89PNG\0" + draw.randbytes(MIB // 4))
    return copies, written


def measure(command, expected, into=subprocess.DEVNULL):
    began = time.monotonic()
    process = subprocess.Popen(command, stdout=into, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.monotonic() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in expected:
        raise Trouble(f"{command[0]} ended with {process.returncode}")
    return seconds, usage.ru_maxrss * 1024, usage.ru_utime + usage.ru_stime


def peers(named, tree):
    known = {"rg": ["--hidden", "--no-messages", "-c", "-i", "passw|secret|token|api_?key", str(tree)], "detect-secrets": ["scan", "--all-files", str(tree)]}
    for name, rest in known.items():
        if path := named.get(name) or shutil.which(name):
            yield name, [path, *rest]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--secret", required=True)
    parser.add_argument("--mb", type=int, default=1024)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--smoke", action="store_true")
    parser.add_argument("--peer", action="append", default=[], metavar="NAME=PATH")
    args = parser.parse_args()
    mb, rounds = (8, 1) if args.smoke else (args.mb, args.rounds)
    with tempfile.TemporaryDirectory() as base:
        tree = Path(base) / "tree"
        tree.mkdir()
        copies, written = grow(tree, mb)
        programs = [("secret scan", [args.secret, "scan", "-json", str(tree)])]
        programs += [] if args.smoke else list(peers(dict(it.split("=", 1) for it in args.peer), tree))
        print(f"{written / MIB:.0f} MiB, {sum(1 for it in tree.rglob('*') if it.is_file())} files, {os.cpu_count()} processors, {rounds} rounds")
        print(f"{'program':<16}{'seconds':>9}{'MB/s':>8}{'cpu s':>8}{'peak MiB':>10}{'ratio':>8}")
        ours, too_much = None, False
        for name, command in programs:
            found = Path(base) / "found.json"
            taken = []
            for _ in range(1 if name == "detect-secrets" else rounds):
                with found.open("wb") as into:
                    taken.append(measure(command, (0, 1, 2) if name == "rg" else (0, 1), into))
            seconds, peak, cpu = statistics.median(it[0] for it in taken), max(it[1] for it in taken), statistics.median(it[2] for it in taken)
            if ours is None:
                ours = seconds
                counts = Counter(it["file"].split("/")[0] for it in json.loads(found.read_text()) if it["file"].startswith("corpus-"))
                too_much = peak > MEMORY
            print(f"{name:<16}{seconds:>9.2f}{written / 1e6 / seconds:>8.0f}{cpu:>8.2f}{peak / MIB:>10.0f}{seconds / ours:>8.2f}")
    if len(counts) != copies or len(set(counts.values())) != 1:
        print(f"the copies of the corpus have different findings: {sorted(set(counts.values()))} in {len(counts)} of {copies}")
        return 1
    print(f"{copies} copies of the corpus with {next(iter(counts.values()))} findings each")
    if too_much:
        print("more than 200 MB of memory")
    return 1 if too_much else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Trouble as trouble:
        print(trouble, file=sys.stderr)
        sys.exit(2)
