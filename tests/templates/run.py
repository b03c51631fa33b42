#!/usr/bin/env python3
"""Templates that a real `bao agent` renders, and what it makes of them.

Each `cases/right/NAME.tpl` has its result beside it, `NAME.out`; each in `cases/wrong/` is one that the agent must
refuse. `options.toml` holds what a case needs besides; `allow` opens a function that our agent keeps shut. The data are those of `seed.json`, in KV version 1 at `kv/`
and version 2 at `secret/`. The crate's own test renders the same cases from the same data.

  run.py                     what OpenBao renders, against the committed results
  run.py --bless             what OpenBao renders becomes the committed results
  run.py --only ct-,go-if    cases whose names start so
  run.py --binary PATH       also what our own agent renders, at our own server

Of the wrong cases our agent must render nothing, end with an error, and show nothing of the data in its log.

The exit status is 0, 1 (a case differs) or 2 (could not run).
"""

import argparse
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import tomllib
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.dont_write_bytecode = True
HERE = Path(__file__).resolve().parent
CASES = HERE / "cases"
TOKEN = "root"
# What the templates find in their environment.
ENVIRONMENT = {"STRONGROOM_TEMPLATE_TEST": "from the environment"}
# Our agent renders nowhere else.
TMPFS = "/dev/shm"
GROUP = 20
AT_ONCE = 6
SECONDS = 60


class Trouble(Exception):
    """The comparison cannot be made."""


def options():
    return tomllib.loads((HERE / "options.toml").read_text())


def cases(kind, only):
    names = sorted(path.stem for path in (CASES / kind).glob("*.tpl"))
    return [name for name in names if not only or name.startswith(tuple(only))]


def environment(home):
    """Ours without what would lead a server or an agent elsewhere."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("VAULT_", "BAO_", "STRONGROOM_"))}
    return kept | ENVIRONMENT | {"HOME": str(home), "TZ": "UTC"}


# ------------------------------------------------------------ servers, agents

class Server:
    """A development server on a free port, with the seed in it. Ours and OpenBao's start alike."""

    def __init__(self, program, folder):
        self.program = program
        self.folder = Path(tempfile.mkdtemp(dir=folder))
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.address = f"http://127.0.0.1:{port}"
        self.log = open(self.folder / "server.log", "wb")
        self.process = subprocess.Popen(
            [program, "server", "-dev", f"-dev-listen-address=127.0.0.1:{port}", f"-dev-root-token-id={TOKEN}"],
            stdout=self.log, stderr=self.log, env=environment(self.folder))

    def __enter__(self):
        until = time.monotonic() + SECONDS
        while True:
            try:
                self.call("GET", "sys/mounts")
                break
            except OSError:
                if self.process.poll() is not None or time.monotonic() > until:
                    raise Trouble(f"{self.program} does not start") from None
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
    """One agent that renders some cases and ends."""

    def __init__(self, server, kind, names, allow=()):
        self.folder, self.out = Path(tempfile.mkdtemp(dir=server.folder)), Path(tempfile.mkdtemp(dir=TMPFS))
        (self.folder / "token").write_text(TOKEN)
        stanzas = []
        for name in names:
            extra = "".join(f"  {key} = {json.dumps(value)}\n" for key, value in options().get(name, {}).items() if key != "allow")
            stanzas.append(f'template {{\n  source = "{CASES / kind / name}.tpl"\n  destination = "{self.out / name}.out"\n{extra}}}\n')
        allowed = f"  allow = {json.dumps(list(allow))}\n" if allow else ""
        config = f'''
exit_after_auth = true
pid_file = "{self.folder}/pid"
vault {{ address = "{server.address}" }}
template_config {{
  exit_on_retry_failure = true
{allowed}}}
auto_auth {{
  method "token_file" {{ config = {{ token_file_path = "{self.folder}/token" }} }}
}}
''' + "".join(stanzas)
        (self.folder / "agent.hcl").write_text(config)
        self.log = open(self.folder / "agent.log", "wb")
        self.process = subprocess.Popen([server.program, "agent", f"-config={self.folder}/agent.hcl"],
                                        stdout=self.log, stderr=self.log, env=environment(self.folder))
        self.names = names

    def finish(self, over=lambda log: False):
        """Waits for its end, or for what tells in its log that it is over. Rendered texts by name, the log, the exit status."""
        until = time.monotonic() + SECONDS
        log = self.folder / "agent.log"
        while self.process.poll() is None and time.monotonic() < until:
            if over(log.read_text(errors="replace")):
                break
            time.sleep(0.05)
        status = self.process.poll()
        if status is None:
            self.process.terminate()
        try:
            self.process.wait(SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()
        texts = {name: path.read_bytes() for name in self.names if (path := self.out / f"{name}.out").exists()}
        shutil.rmtree(self.out)
        return texts, log.read_text(errors="replace"), status


def refused(log):
    """Whether the log of `bao agent` tells that a template cannot be parsed or executed."""
    return any(sign in log for sign in (": parse: template", ": execute: template", "parse: template:", "execute: template:"))


def rendered_right(server, names, who, allows):
    """What an agent makes of the right cases: many at once, and one by one where a group does not end well."""
    groups, texts = {}, {}
    for name in names:
        groups.setdefault(tuple(options().get(name, {}).get("allow", ())) if allows else (), []).append(name)
    for allow, together in groups.items():
        for at in range(0, len(together), GROUP):
            group = together[at:at + GROUP]
            found, _, _ = Agent(server, "right", group, allow).finish(refused)
            if len(found) < len(group):
                for name in group:
                    alone, log, _ = Agent(server, "right", [name], allow).finish(refused)
                    found.pop(name, None)
                    found.update(alone)
                    if name not in alone:
                        said = [line for line in log.splitlines() if "template" in line]
                        print(f"{name}: {who} does not render it: {said[-1] if said else 'no word'}")
            texts.update(found)
    return texts


def wrong_at_openbao(server, name):
    """What is wrong with a wrong case at OpenBao, which must refuse it."""
    texts, log, _ = Agent(server, "wrong", [name]).finish(refused)
    if name in texts or not refused(log):
        yield "is not refused"


def wrong_at_ours(server, name):
    """What is wrong with it at our agent, which must not tell the data in its error either."""
    texts, log, status = Agent(server, "wrong", [name], options().get(name, {}).get("allow", ())).finish()
    if name in texts:
        yield "is rendered"
    if status != 1:
        yield f"ends with {status}"
    if name not in log:
        yield "the log does not tell which template is wrong"
    # An error may name a function or a variable of the template, but no field's value and no literal.
    said = re.sub(r'(function|variable) "\$?\w+"', "", log.lower())
    yield from (f"the log shows {value!r}" for value in canaries() if value in said)


def canaries():
    """What no log may show: the mark that values of the seed carry, and every long value."""
    def strings(value):
        if isinstance(value, dict):
            yield from (it for inner in value.values() for it in strings(inner))
        elif isinstance(value, list):
            yield from (it for inner in value for it in strings(inner))
        elif isinstance(value, str) and len(value) >= 10:
            yield value.lower()
    return ["canary", *strings(json.loads((HERE / "seed.json").read_text()))]


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


def compare_wrong(server, names, who, wrong):
    """Asks for the wrong cases, several at a time; how many are not refused as they should be."""
    differing = 0
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for name, faults in zip(names, pool.map(lambda name: list(wrong(server, name)), names)):
            differing += bool(faults)
            for fault in faults:
                print(f"{who}: {name}: {fault}")
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
    for program in filter(None, (asked.bao, asked.binary)):
        if not Path(program).exists():
            raise Trouble(f"there is no {program}")
    folder = Path(tempfile.mkdtemp(prefix="templates-"))
    try:
        with Server(asked.bao, folder) as server:
            texts = rendered_right(server, right, "OpenBao", allows=False)
            if asked.bless:
                for name, text in texts.items():
                    (CASES / "right" / f"{name}.out").write_bytes(text)
            failed = compare(right, texts, "OpenBao")
            failed += compare_wrong(server, wrong, "OpenBao", wrong_at_openbao)
        if asked.binary:
            with Server(str(Path(asked.binary).resolve()), folder) as server:
                failed += compare(right, rendered_right(server, right, "ours", allows=True), "ours")
                failed += compare_wrong(server, wrong, "ours", wrong_at_ours)
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
