#!/usr/bin/env python3
"""Runs unmodified clients of Vault and OpenBao against `secret`.

Each client gets a fresh `secret server -dev`, and one that was never initialised for the commands of an
operator; both end with it. With --server nothing is started: that shows that the drivers are right, by
running them against a real OpenBao.

  run.py --binary target/debug/secret
  run.py --client hvac --tags core,logins
  run.py --oracle --server http://127.0.0.1:8200 --token root [--empty-server URL]
  run.py --list-only                        is commands.toml complete?

A stand-in for an issuer of tokens and one for a Kubernetes cluster run beside each client.

The exit status is 0, 1 (a test failed, or a list has a gap) or 2 (could not run).
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from pathlib import Path

sys.dont_write_bytecode = True
HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(HERE.parent / "conformance"))

from diff import Trouble
from outside import Outside
from subject import Subject
from tests import REGISTRY, TAGS

TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))

CLIENTS = {
    "bao": [sys.executable, "bao_cli.py"],
    "our-bao": [sys.executable, "bao_cli.py"],
    "our-cli": [sys.executable, "our_cli.py"],
    "hvac": [sys.executable, "hvac_test.py"],
    "node-vault": ["node", "--test", "--test-reporter=spec", "node_vault.test.js"],
    "vaultrs": ["cargo", "test", "--quiet", "--locked", "--manifest-path", "vaultrs/Cargo.toml", "--", "--test-threads=1"],
}


# Clients that are our own program, called as `bao`; where they find it.
OUR_PROGRAM = {"our-bao": "INTEROP_BAO", "our-cli": "INTEROP_OUR_BAO"}


# -------------------------------------------------------------- commands.toml

def gaps():
    """Where commands.toml and the tests of bao_cli.py do not match."""
    import bao_cli  # its tests register themselves
    listed = tomllib.loads((HERE / "commands.toml").read_text())
    tests = {test.name for test in REGISTRY if test.function.__module__ == bao_cli.__name__}
    for command, cell in listed.items():
        names = cell if isinstance(cell, list) else [cell]
        if not names or not all(isinstance(name, str) and name.strip() for name in names):
            yield f"{command}: an empty cell"
        elif names[0].startswith(("later: ", "never: ")):
            if not names[0].split(": ", 1)[1].strip():
                yield f"{command}: no reason"
        else:
            yield from (f"{command}: there is no test {name}" for name in names if name not in tests)


def uncompared():
    """Where our_cli.toml and commands.toml do not match."""
    listed = tomllib.loads((HERE / "commands.toml").read_text())
    compared = tomllib.loads((HERE / "our_cli.toml").read_text())
    for command in sorted(listed.keys() ^ compared.keys()):
        yield f"our_cli.toml: {command}: " + ("no such command of bao" if command in compared else "neither compared nor left out")
    for command, cell in compared.items():
        if not cell.get("lines") and not cell.get("left_out", "").strip():
            yield f"our_cli.toml: {command}: neither lines nor a reason"


def list_only():
    holes = [*gaps(), *uncompared()]
    print("\n".join(holes) or "commands.toml and our_cli.toml are complete")
    return 1 if holes else 0


# ------------------------------------------------------------------- running

def run_client(client, options):
    """Runs one client against servers of its own; its exit status."""
    servers, outside = [], Outside()
    try:
        environment = own_environment(options) | outside.environment()
        if options.server:
            environment |= {"VAULT_ADDR": options.server, "VAULT_TOKEN": options.token}
            environment |= {"INTEROP_EMPTY_ADDR": options.empty_server} if options.empty_server else {}
            environment |= {"INTEROP_TLS_ADDR": options.tls_server[0], "INTEROP_TLS_CA": options.tls_server[1]} if options.tls_server else {}
        else:
            # vaultrs cannot read sys/health without a field that OpenBao has dropped.
            servers.append(Subject("vault" if client == "vaultrs" else "dev", options.binary, 60))
            servers.append(Subject("empty", options.binary, 60))
            environment |= {"VAULT_ADDR": servers[0].url, "VAULT_TOKEN": servers[0].token, "INTEROP_EMPTY_ADDR": servers[1].url,
                            "INTEROP_TLS_ADDR": f"https://127.0.0.1:{servers[0].tls_port}", "INTEROP_TLS_CA": f"{servers[0].home}/ca.pem"}
        if client in OUR_PROGRAM:
            folder = tempfile.TemporaryDirectory(prefix="interop-ours-")
            called = Path(folder.name) / "bao"
            called.symlink_to(Path(options.binary).resolve())
            environment |= {OUR_PROGRAM[client]: str(called)}
        status, lines = stream(client, environment, options)
        for server in servers:
            if server.process.poll() is not None:
                print(f"{client}: the server ended during the tests")
                status = 1
        for complaint in outside.complaints():
            print(f"{client}: the cluster was asked wrongly: {complaint}")
            status = 1
        return status, lines
    finally:
        for server in [*servers, outside]:
            server.stop()


def own_environment(options):
    """Ours without what would lead a client elsewhere."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("VAULT_", "BAO_", "STRONGROOM_", "INTEROP_"))}
    kept |= {"INTEROP_ORACLE": "1"} if options.oracle else {}
    kept.setdefault("NODE_PATH", str(TARGET / "node" / "node_modules"))
    return kept | {"INTEROP_TAGS": options.tags, "CARGO_TARGET_DIR": str(TARGET / "interop"), "PYTHONDONTWRITEBYTECODE": "1"}


def stream(client, environment, options):
    """Passes the client's output on, and keeps it."""
    process = subprocess.Popen(CLIENTS[client] + filters(client, environment), cwd=HERE, env=environment, stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    lines = []
    for line in process.stdout:
        lines.append(line)
        if not options.quiet:
            print(line, end="", flush=True)
    return process.wait(), lines


def filters(client, environment):
    """Arguments that choose tests, for a client whose tests are named after what they need."""
    if client != "vaultrs":
        return []
    tags = environment["INTEROP_TAGS"].split(",")
    return [f"{tag}_" for tag in tags if tag != "operator" or "INTEROP_EMPTY_ADDR" in environment]


def count(client, lines):
    """How many tests ran and how many of them passed, as the client's own runner says."""
    text = "".join(lines)
    patterns = {
        "node-vault": (r"^ℹ pass (\d+)$", r"^ℹ fail (\d+)$"),
        "vaultrs": (r"^test result: .*? (\d+) passed", r"^test result: .*? (\d+) failed"),
    }.get(client, (r"^\S+: (\d+) passed", r"^\S+: \d+ passed, (\d+) failed"))
    return [sum(map(int, re.findall(pattern, text, re.M))) for pattern in patterns]


def lacking(client):
    """What a client needs and this machine does not have."""
    if not shutil.which(CLIENTS[client][0]):
        return CLIENTS[client][0]
    return None


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default=str(TARGET / "debug" / "secret"), metavar="PATH", help="the program under test (%(default)s)")
    parser.add_argument("--client", action="append", choices=CLIENTS, help="just this client; may be repeated")
    parser.add_argument("--tags", default=",".join(TAGS), help="parts of the API, with commas between (%(default)s)")
    parser.add_argument("--server", metavar="URL", help="a running, unsealed server instead of one of our own")
    parser.add_argument("--token", metavar="T", help="its root token")
    parser.add_argument("--empty-server", metavar="URL", help="a running server that was never initialised; good for one client")
    parser.add_argument("--tls-server", metavar=("URL", "CA"), nargs=2, help="the running server over TLS, and the file with its authority")
    parser.add_argument("--oracle", action="store_true", help="the server is an OpenBao: expect what it is known to leave out")
    parser.add_argument("--list-only", action="store_true", help="only check that commands.toml is complete")
    parser.add_argument("--quiet", action="store_true", help="only the lines per client")
    options = parser.parse_args()
    unknown = set(options.tags.split(",")) - set(TAGS)
    if unknown:
        parser.error(f"no such tag: {', '.join(sorted(unknown))}; there are {', '.join(TAGS)}")
    if options.server and not options.token:
        parser.error("--server needs --token")
    return options


def main():
    options = arguments()
    if list_only() or options.list_only:
        return 1 if list(gaps()) else 0
    results, failed = [], 0
    for client in options.client or CLIENTS:
        missing, began = lacking(client), time.monotonic()
        if missing:
            failed += os.environ.get("CI") == "true"
            results.append(f"{'FAILED' if failed else 'not run':8}{client:12} {missing} is missing")
            continue
        status, lines = run_client(client, options)
        passed, wrong = count(client, lines)
        bad = status != 0 or wrong or not passed
        failed += bool(bad)
        results.append(f"{'FAILED' if bad else 'ok':8}{client:12}{passed:4} passed {wrong:4} failed  in {time.monotonic() - began:.1f} s")
        if bad and options.quiet:
            print("".join(lines))
    print("\n" + "\n".join(results))
    return 1 if failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Trouble as err:
        print(f"interop: {err}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(2)
