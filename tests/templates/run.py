#!/usr/bin/env python3
"""Templates that a real `bao agent` renders, and what it makes of them.

Each `cases/right/NAME.tpl` has its result beside it, `NAME.out`; each in `cases/wrong/` is one that the agent must
refuse. `options.toml` holds what a case needs besides. The data are those of `seed.json`, in KV version 1 at `kv/`
and version 2 at `secret/`. The crate's own test renders the same cases from the same data.

  run.py                     what OpenBao renders, against the committed results
  run.py --bless             what OpenBao renders becomes the committed results
  run.py --only ct-,go-if    cases whose names start so
  run.py --binary PATH       also what our own agent renders

The exit status is 0, 1 (a case differs) or 2 (could not run).
"""

import argparse
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import tomllib
import urllib.request
from pathlib import Path

sys.dont_write_bytecode = True
HERE = Path(__file__).resolve().parent
CASES = HERE / "cases"
TOKEN = "root"
# What the templates find in their environment.
ENVIRONMENT = {"STRONGROOM_TEMPLATE_TEST": "from the environment"}
GROUP = 20
SECONDS = 60


class Trouble(Exception):
    """The comparison cannot be made."""


def options():
    return tomllib.loads((HERE / "options.toml").read_text())


def cases(kind, only):
    names = sorted(path.stem for path in (CASES / kind).glob("*.tpl"))
    return [name for name in names if not only or name.startswith(tuple(only))]


# -------------------------------------------------------------------- OpenBao

class OpenBao:
    """A development server on a free port, with the seed in it."""

    def __init__(self, bao, folder):
        self.bao, self.folder = bao, folder
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.address = f"http://127.0.0.1:{port}"
        self.log = open(folder / "server.log", "wb")
        self.process = subprocess.Popen(
            [bao, "server", "-dev", f"-dev-listen-address=127.0.0.1:{port}", f"-dev-root-token-id={TOKEN}", "-dev-no-store-token"],
            stdout=self.log, stderr=self.log, env=os.environ | {"HOME": str(folder)})

    def __enter__(self):
        until = time.monotonic() + SECONDS
        while True:
            try:
                self.call("GET", "sys/mounts")
                break
            except OSError:
                if self.process.poll() is not None or time.monotonic() > until:
                    raise Trouble("OpenBao does not start") from None
                time.sleep(0.1)
        self.seed()
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(SECONDS)
        self.log.close()

    def call(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.address}/v1/{path}", data, {"X-Vault-Token": TOKEN}, method=method)
        with urllib.request.urlopen(request, timeout=SECONDS) as answer:
            return answer.read()

    def seed(self):
        seed = json.loads((HERE / "seed.json").read_text())
        self.call("POST", "sys/mounts/kv", {"type": "kv", "options": {"version": "1"}})
        for path, data in seed["kv"].items():
            self.call("PUT", f"kv/{path}", data)
        for path, data in seed["secret"].items():
            # The development server mounts version 2 here; it takes a moment to be ready.
            until = time.monotonic() + SECONDS
            while True:
                try:
                    self.call("PUT", f"secret/data/{path}", {"data": data})
                    break
                except OSError:
                    if time.monotonic() > until:
                        raise
                    time.sleep(0.1)


class Agent:
    """One `bao agent` that renders some cases and ends."""

    def __init__(self, server, kind, names):
        self.folder = Path(tempfile.mkdtemp(dir=server.folder))
        (self.folder / "token").write_text(TOKEN)
        stanzas = []
        for name in names:
            extra = "".join(f"  {key} = {json.dumps(value)}\n" for key, value in options().get(name, {}).items())
            stanzas.append(f'template {{\n  source = "{CASES / kind / name}.tpl"\n  destination = "{self.folder / name}.out"\n{extra}}}\n')
        config = f'''
exit_after_auth = true
pid_file = "{self.folder}/pid"
vault {{ address = "{server.address}" }}
template_config {{ exit_on_retry_failure = true }}
auto_auth {{
  method "token_file" {{ config = {{ token_file_path = "{self.folder}/token" }} }}
}}
''' + "".join(stanzas)
        (self.folder / "agent.hcl").write_text(config)
        self.log = open(self.folder / "agent.log", "wb")
        self.process = subprocess.Popen(
            [server.bao, "agent", f"-config={self.folder}/agent.hcl"],
            stdout=self.log, stderr=self.log, env=os.environ | ENVIRONMENT | {"HOME": str(self.folder)})
        self.names = names

    def finish(self):
        """Waits for its end, or for what tells that a template is refused. Rendered texts by name, and the log."""
        until = time.monotonic() + SECONDS
        log = self.folder / "agent.log"
        while self.process.poll() is None and time.monotonic() < until:
            if refused(log.read_text(errors="replace")):
                break
            time.sleep(0.05)
        if self.process.poll() is None:
            self.process.terminate()
        try:
            self.process.wait(SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()
        texts = {}
        for name in self.names:
            rendered = self.folder / f"{name}.out"
            if rendered.exists():
                texts[name] = rendered.read_bytes()
        return texts, log.read_text(errors="replace")


def refused(log):
    """Whether the log tells that a template cannot be parsed or executed."""
    return any(sign in log for sign in (": parse: template", ": execute: template", "parse: template:", "execute: template:"))


def rendered_right(server, names):
    """What OpenBao makes of the right cases: many in one agent, and one by one where a group does not end well."""
    texts = {}
    for at in range(0, len(names), GROUP):
        group = names[at:at + GROUP]
        found, _ = Agent(server, "right", group).finish()
        if len(found) < len(group):
            for name in group:
                alone, log = Agent(server, "right", [name]).finish()
                found.update(alone)
                if name not in alone:
                    found.pop(name, None)
                    said = [line for line in log.splitlines() if "template" in line and ("ERROR" in line or "execute" in line or "parse" in line)]
                    print(f"{name}: OpenBao does not render it: {said[0] if said else 'no word'}")
        texts.update(found)
    return texts


def rendered_wrong(server, names):
    """What OpenBao makes of the wrong cases, which must be nothing: names of those it renders."""
    accepted = []
    for name in names:
        texts, log = Agent(server, "wrong", [name]).finish()
        if name in texts or not refused(log):
            accepted.append(name)
    return accepted


def our_agent(binary, server, kind, names):
    """What our own agent makes of the cases, by name: the place to run it once there is one.

    It takes the configuration that `Agent` writes, so that only the program differs."""
    server.bao, theirs = binary, server.bao
    try:
        texts, _ = Agent(server, kind, names).finish()
    finally:
        server.bao = theirs
    return texts


# ----------------------------------------------------------------- comparing

def compare(right, texts, who):
    differing = 0
    for name in right:
        expected = CASES / "right" / f"{name}.out"
        if name not in texts:
            print(f"{who}: {name}: not rendered")
        elif not expected.exists():
            print(f"{who}: {name}: no expectation; --bless writes it")
        elif expected.read_bytes() != texts[name]:
            print(f"{who}: {name}: differs\n  expected {expected.read_bytes()!r}\n  rendered {texts[name]!r}")
        else:
            continue
        differing += 1
    return differing


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bao", default=shutil.which("bao") or "bao")
    parser.add_argument("--binary", help="our own program, whose agent is to be compared too")
    parser.add_argument("--bless", action="store_true")
    parser.add_argument("--only", default="")
    parser.add_argument("--right-only", action="store_true", help="leave the wrong cases out")
    asked = parser.parse_args()
    only = [it for it in asked.only.split(",") if it]
    right, wrong = cases("right", only), [] if asked.right_only else cases("wrong", only)
    if not Path(asked.bao).exists():
        raise Trouble("there is no bao; name it with --bao")
    folder = Path(tempfile.mkdtemp(prefix="templates-"))
    try:
        with OpenBao(asked.bao, folder) as server:
            texts = rendered_right(server, right)
            if asked.bless:
                for name, text in texts.items():
                    (CASES / "right" / f"{name}.out").write_bytes(text)
            failed = compare(right, texts, "OpenBao")
            accepted = rendered_wrong(server, wrong)
            for name in accepted:
                print(f"OpenBao: {name}: is not refused")
            failed += len(accepted)
            if asked.binary:
                failed += compare(right, our_agent(asked.binary, server, "right", right), "ours")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(f"{len(right)} right and {len(wrong)} wrong templates, {failed} not as expected")
    return 1 if failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Trouble as trouble:
        print(f"templates: {trouble}", file=sys.stderr)
        sys.exit(2)
