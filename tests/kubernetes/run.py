#!/usr/bin/env python3
"""The chart, the manifests and the examples at a real Kubernetes API server.

  run.py --apiserver PATH --etcd PATH --tools DIR [--crds FILE_OR_DIR]... [--binary PATH] [--out FILE]

--tools has helm and kubectl (`./run deploy` unpacks them into target/deploy/bin). --crds are definitions of other
projects: what is written for one that is not given is left out, and said. --binary is our program: with it a pod's own
token opens our server, and our webhook changes pods. --out is where a report goes, as Markdown.

No controller runs, and no kubelet: what is stored, refused, allowed and asked is real, and no pod starts. The exit
status is 0, 1 (a check failed) or 2 (could not run).
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
import traceback
from datetime import datetime, timezone
from pathlib import Path

sys.dont_write_bytecode = True
HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(HERE))
sys.path.insert(0, str(HERE.parent / "proof"))

import apiserver
import deployed
import programs
from server import Trouble


def make(check, world):
    began = time.monotonic()
    try:
        word, note = "ok", check(world)
    except deployed.Skipped as skipped:
        word, note = "left out", str(skipped)
    except (Trouble, AssertionError) as trouble:
        word, note = "FAILED", str(trouble)
    except Exception:  # whatever it is, the table is still to be printed
        word, note = "FAILED", traceback.format_exc()
    row = (check.__doc__.strip(), word, note or "", time.monotonic() - began)
    print(f"{row[1]:9} {row[0]}: {row[2]} ({row[3]:.1f} s)", flush=True)
    return row


OWN = "STRONGROOM_TEST_NETWORK"


def own_network():
    """As root all of it runs in a network of its own, in which the addresses of Services are this machine's."""
    if os.geteuid() or not shutil.which("unshare") or not shutil.which("ip"):
        return
    if os.environ.get(OWN) != "yes":
        os.environ[OWN] = "yes"
        os.execvp("unshare", ["unshare", "--net", "--mount", sys.executable, *sys.argv])
    for command in ("link set lo up", f"address add {apiserver.SERVICES} dev lo"):
        subprocess.run(["ip", *command.split()], check=True)


def report(rows, versions):
    lines = [f"# At a real API server, {datetime.now(timezone.utc):%Y-%m-%d}", "",
             f"`tests/kubernetes/run.py`; {versions}. No kubelet and no controllers: nothing here started a pod.", "",
             "| what | | seen |", "| --- | --- | --- |"]
    lines += [f"| {what} | {word} | {note} |" for what, word, note, _ in rows]
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--apiserver", required=True)
    parser.add_argument("--etcd", required=True)
    parser.add_argument("--tools", required=True)
    parser.add_argument("--crds", action="append", default=[])
    parser.add_argument("--binary")
    parser.add_argument("--out")
    options = parser.parse_args()
    own_network()
    tools = Path(options.tools)
    missing = [str(it) for it in (options.apiserver, options.etcd, tools / "helm", tools / "kubectl", "openssl") if not shutil.which(str(it))]
    if missing:
        print(f"kubernetes: missing: {', '.join(missing)}", file=sys.stderr)
        return 2
    try:
        with tempfile.TemporaryDirectory(prefix="kubernetes-") as home:
            with apiserver.Cluster(options.apiserver, options.etcd, tools / "kubectl", home) as cluster:
                world = deployed.World(cluster, tools / "helm", options.binary, [Path(it) for it in options.crds])
                try:
                    rows = [make(check, world) for check in [*deployed.CHECKS, *programs.CHECKS]]
                finally:
                    world.end()
                versions = f"Kubernetes {cluster.version()}, {subprocess.run([options.etcd, '--version'], capture_output=True, text=True).stdout.splitlines()[0]}"
    except Trouble as trouble:
        print(f"kubernetes: {trouble}", file=sys.stderr)
        return 2
    if options.out:
        Path(options.out).write_text(report(rows, versions))
    failed = sum(word == "FAILED" for _, word, _, _ in rows)
    print(f"{versions}: {len(rows)} checks, {failed} failed, {sum(word == 'left out' for _, word, _, _ in rows)} left out")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
