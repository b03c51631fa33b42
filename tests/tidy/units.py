#!/usr/bin/env python3
"""The units of examples/systemd, as systemd itself reads them.

Each is verified, the programs that they start being there; and the server's sandbox is scored: at most 2.0 of 10 may
be left open (systemd-analyze(1), `security`). A unit with a mistake in it shows that a mistake is found.

The exit status is 0, 1 (something is wrong) or 2 (systemd-analyze is not there).
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

UNITS = Path(__file__).resolve().parents[2] / "examples" / "systemd"
# Tenths, as --threshold has them.
OPEN_AT_MOST = {"strongroom.service": 20, "strongroom-agent.service": 40, "strongroom-credentials.service": 40}
PROGRAMS = ["usr/local/bin/secret", "usr/local/bin/shop", "bin/kill"]


def verify(units):
    """What systemd says of units, in a root of their own."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for program in PROGRAMS:
            (root / program).parent.mkdir(parents=True, exist_ok=True)
            (root / program).write_text("#!/bin/sh\n")
            (root / program).chmod(0o755)
        place = root / "etc/systemd/system"
        place.mkdir(parents=True)
        # What every system has.
        for source in ("/lib/systemd/system", "/usr/lib/systemd/system"):
            if os.path.isdir(source):
                shutil.copytree(source, root / "usr/lib/systemd/system", symlinks=True, dirs_exist_ok=True)
                break
        for name, text in units.items():
            (place / name).write_text(text)
        ran = subprocess.run(["systemd-analyze", "verify", f"--root={root}", "--man=no", "--recursive-errors=no", *units],
                             capture_output=True, text=True)
        return ran.returncode, [line for line in (ran.stdout + ran.stderr).splitlines() if any(name in line for name in units)]


def main():
    if not shutil.which("systemd-analyze"):
        print("units: there is no systemd-analyze", file=sys.stderr)
        return 2
    problems = []
    units = {path.name: path.read_text() for path in sorted(UNITS.iterdir()) if path.suffix in (".service", ".socket")}
    status, said = verify(units)
    problems += said if said or status == 0 else [f"systemd-analyze verify ends with {status}"]
    for line, mistake in (("Type=notify", "Type=nonsense"), ("ExecStart=", "ExecStartt=")):
        if not verify({"strongroom-agent.service": units["strongroom-agent.service"].replace(line, mistake)})[1]:
            problems.append(f"{mistake} is not found")
    for name, most in OPEN_AT_MOST.items():
        ran = subprocess.run(["systemd-analyze", "security", "--offline=true", f"--threshold={most}", str(UNITS / name)], capture_output=True, text=True)
        print((ran.stdout.strip().splitlines() or ["nothing"])[-1].strip())
        if ran.returncode:
            problems.append(f"{name}: more than {most / 10} is left open")
    for problem in problems:
        print(problem)
    print(f"{len(units)} units, {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
