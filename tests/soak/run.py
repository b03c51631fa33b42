#!/usr/bin/env python3
"""What is too long for CI: the whole benchmark in long rounds, and the curves over size.

`run.py [--fuzz] [--rounds N] [--seconds N]`. Writes docs/benchmarks/DATE. It takes a night, and the machine
should do nothing else. With --fuzz every fuzz target runs for ten minutes first. Where KUBE_APISERVER and ETCD name those
programs, the chart and ours are tried at a real API server too.
"""

import argparse
import os
import subprocess
import sys
from datetime import datetime, timezone
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
FUZZ_SECONDS = 600


def step(name, *command):
    print(f"=== {name}", flush=True)
    return subprocess.run([str(it) for it in command], cwd=ROOT, check=False).returncode == 0


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fuzz", action="store_true")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=60)
    options = parser.parse_args()
    today = ROOT / "docs" / "benchmarks" / datetime.now(timezone.utc).strftime("%Y-%m-%d")
    done = []
    if options.fuzz:
        done.append(step("fuzz", ROOT / "run", "fuzz", FUZZ_SECONDS))
    done.append(step("bench", ROOT / "run", "bench", "--rounds", options.rounds, "--seconds", options.seconds,
                     "--keys-max", 1_000_000, "--out", today))
    # Built with the benchmark; what it measures is told by its own page.
    scale = TARGET / "fast" / "bench-scale"
    if scale.exists():
        done.append(step("scale", scale, "--secret", TARGET / "release" / "secret", "--out", today / "scale"))
    else:
        print("there is no bench-scale beside the benchmark", flush=True)
    apiserver, etcd = os.environ.get("KUBE_APISERVER"), os.environ.get("ETCD")
    if apiserver and etcd:
        done.append(step("deploy", ROOT / "run", "deploy"))  # which unpacks helm and kubectl
        done.append(step("kubernetes", sys.executable, ROOT / "tests/kubernetes/run.py", "--apiserver", apiserver, "--etcd", etcd,
                         "--tools", TARGET / "deploy/bin", "--binary", TARGET / "release" / "secret", "--out", today / "kubernetes.md"))
    else:
        print("KUBE_APISERVER and ETCD name no API server", flush=True)
    sys.exit(0 if all(done) else 1)


if __name__ == "__main__":
    main()
