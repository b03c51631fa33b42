#!/usr/bin/env python3
"""What a workload sees of its files when something fails: faults.toml, row by row, with real processes.

Each row has a server, an agent that renders templates on a tmpfs, and a workload that reads the files all the time.
It runs in namespaces of its own (processes, mounts, network), so that rows run side by side.

  run.py --binary target/debug/secret            the harness against agents with known faults, then all rows
  run.py --only sealed --only audit              rows whose name, group or test holds a word
  run.py --agent "bao agent"                     another agent in the place of ours, for comparison
  run.py --naive                                 the harness alone: does it find what it is to find?
  run.py --list-only                             is the table complete, and docs/outages.md as it says?
  run.py --write-docs                            write docs/outages.md

The exit status is 0, 1 (a row failed, or a list has a gap) or 2 (could not run). With CI=true a row that lacks a
tool fails as well.
"""

import argparse
import concurrent.futures
import json
import os
import shlex
import subprocess
import sys
import tempfile
import time
import traceback
from pathlib import Path

sys.dont_write_bytecode = True

import harness
import table
from finding import Finding, Lacking, Trouble
from rows import REGISTRY

# Their tests register themselves.
import rows_access
import rows_agent
import rows_clock
import rows_files
import rows_persist
import rows_server
import rows_tls
import rows_wire

ROOT = table.HERE.parent.parent
PATIENCE = 120  # seconds for one row
# A row whose tool is missing is left out, but not in CI.
GOOD = ["ok"] if os.environ.get("CI") == "true" else ["ok", "left out"]


def default_binary():
    return str(Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "debug" / "secret")


# --------------------------------------------------------------- one row alone

def inside(test, binary, agent, home, within):
    """Makes a row in this process, which has its own namespaces. What came of it goes to `result.json`."""
    from world import World
    world = None
    try:
        world = World(binary, agent, home, within)
        result = {"word": "ok", "note": REGISTRY[test](world) or ""}
    except Finding as finding:
        result = {"word": "FAILED", "kind": finding.kind, "note": str(finding)}
    except Lacking as lacking:
        result = {"word": "left out", "note": str(lacking)}
    except Trouble as trouble:
        result = {"word": "TROUBLE", "note": str(trouble)}
    except Exception:  # whatever it is, it is to be told in its row
        result = {"word": "TROUBLE", "note": traceback.format_exc()}
    finally:
        if world:
            world.end()
    (home / "result.json").write_text(json.dumps(result))
    return 0


def namespaces():
    """Processes end with the row, mounts and ports are its own. Whoever is not root is so in a user namespace."""
    own = ["unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc"]
    return own if os.geteuid() == 0 else [*own, "--user", "--map-root-user"]


def make(test, within, options, agent):
    """Makes a row in namespaces of its own; answers what came of it, with the seconds it took."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="faults-", ignore_cleanup_errors=True) as folder:
        home = Path(folder).resolve()
        if options.keep:
            home = Path(options.keep).resolve() / test
            home.mkdir(parents=True)
        command = [*namespaces(), sys.executable, __file__, "--inside", test, "--binary", options.binary, "--agent", shlex.join(agent),
                   "--home", str(home), "--within", str(within)]
        try:
            done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE)
            result = json.loads((home / "result.json").read_text())
        except subprocess.TimeoutExpired:
            result = {"word": "TROUBLE", "note": f"the row took more than {PATIENCE} s"}
        except (OSError, ValueError):
            result = {"word": "TROUBLE", "note": done.stderr[-1000:] or f"ended with {done.returncode}"}
    return result | {"seconds": time.monotonic() - began}


# -------------------------------------------------------------------- all rows

def side_by_side(jobs, options):
    """Makes rows and answers what came of each as it comes. `jobs`: key -> test, seconds until fresh, agent."""
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        running = {pool.submit(make, test, within, options, agent): key for key, (test, within, agent) in jobs.items()}
        for job in concurrent.futures.as_completed(running):
            yield running[job], job.result()


def run_rows(rows, options):
    """How many did not hold."""
    failed = 0
    by_name = {row["name"]: (row["test"], row["within"], options.agent) for row in rows}
    for name, result in side_by_side(by_name, options):
        print(f"{result['word']:8} {name} ({result['seconds']:.1f} s): {result['note']}", flush=True)
        failed += result["word"] not in GOOD
    return failed


def run_harness(options):
    """How many faults of the naive agent were not found, or found where there are none."""
    failed, kinds = 0, {}
    jobs = {}
    for title, test, agent, kind in harness.cases():
        jobs[title], kinds[title] = (test, harness.WITHIN, agent), kind
    for title, result in side_by_side(jobs, options):
        if why := harness.judge(result, kinds[title]):
            print(f"HARNESS  {title}: {why}", flush=True)
            failed += 1
        elif options.naive:
            print(f"ok       {title} ({result['seconds']:.1f} s): {kinds[title] or 'nothing'} found", flush=True)
    print(f"harness: {len(jobs)} cases, {failed} failed", flush=True)
    return failed


def matches(row, words):
    return not words or any(word in f"{row['name']} {row['group']} {row['test']}" for word in words)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default=default_binary(), metavar="PATH", help="the program under test (%(default)s)")
    parser.add_argument("--agent", metavar="COMMAND", help="the agent under test (the program's own)")
    parser.add_argument("--only", metavar="WORD", action="append", help="rows that hold the word")
    parser.add_argument("--jobs", type=int, default=10, metavar="N", help="rows at a time (%(default)s): mostly they wait")
    parser.add_argument("--keep", metavar="FOLDER", help="leave what the rows wrote in a new folder")
    parser.add_argument("--naive", action="store_true", help="the harness alone")
    parser.add_argument("--list-only", action="store_true", help="check the lists, start nothing")
    parser.add_argument("--write-docs", action="store_true", help="write docs/outages.md")
    for name in ("--inside", "--home", "--within"):
        parser.add_argument(name, help=argparse.SUPPRESS)
    options = parser.parse_args()
    options.binary = str(Path(options.binary).resolve())
    options.agent = shlex.split(options.agent) if options.agent else [options.binary, "agent"]
    if options.inside:
        return inside(options.inside, options.binary, options.agent, Path(options.home), float(options.within))
    rows = table.load()
    found = [*table.prove(), *table.gaps(rows, REGISTRY), *harness.gaps(REGISTRY)]
    if options.write_docs and not found:
        table.PAGE.write_text(table.page(rows))
    if found := found or list(table.old_page(rows)):
        print("\n".join(found))
        return 1
    if options.list_only or options.write_docs:
        print(f"faults: {len(rows)} rows")
        return 0
    return run(rows, options)


def run(rows, options):
    chosen = [row for row in rows if matches(row, options.only)]
    if not chosen:
        print("no row holds such a word", file=sys.stderr)
        return 2
    if subprocess.run([*namespaces(), "true"], capture_output=True).returncode != 0:
        print("rows need namespaces of their own (unshare): run as root", file=sys.stderr)
        return 2
    if not os.access(options.binary, os.X_OK):
        print(f"there is no program {options.binary}", file=sys.stderr)
        return 2
    began = time.monotonic()
    failed = run_harness(options) if not options.only or options.naive else 0
    if not options.naive:
        failed += run_rows(chosen, options)
        print(f"faults: {len(chosen)} rows, {time.monotonic() - began:.0f} s")
    print(f"{failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
