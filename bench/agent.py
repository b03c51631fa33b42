#!/usr/bin/env python3
"""Our agent beside `bao agent`, each with the same configuration at the same server, in turns.

  cold       from the start of an init agent to its end: one login, one secret, one file (loopback: round trips cost nothing)
  memory     resident set of an agent with 50 templates, all rendered
  rerender   1,000 files of one secret: from the first that is new to the last
  render     a template with 20,000 rounds, over the same agent with an empty one

  agent.py --secret PATH --bao PATH [--server PATH] [--rounds N] [--smoke] [--out DIR]

With --smoke it shows only that it works. The exit status is 0, or 2 (could not run).
"""

import argparse
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

SECONDS = 60
TOKEN = "bench-root"
HEAVY = '{{ with secret "secret/data/one" }}{{ range $i := loop 20000 }}{{ $i | printf "%05d" | toUpper }}:{{ if eq 1 1 }}x{{ end }}\n{{ end }}{{ .Data.data.password }}{{ end }}'
LIGHT = '{{ with secret "secret/data/one" }}{{ .Data.data.password }}{{ end }}'


class Trouble(Exception):
    """It cannot be measured."""


def until(what, ask):
    end = time.monotonic() + SECONDS
    while not (found := ask()):
        if time.monotonic() > end:
            raise Trouble(f"{what} did not come about")
        time.sleep(0.005)
    return found


class Server:
    def __init__(self, program, folder):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.address = f"http://127.0.0.1:{port}"
        self.process = subprocess.Popen([program, "server", "-dev", f"-dev-root-token-id={TOKEN}", f"-dev-listen-address=127.0.0.1:{port}"],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=os.environ | {"HOME": str(folder)})

    def __enter__(self):
        until("the server", lambda: self.try_call("GET", "sys/mounts"))
        self.call("POST", "sys/auth/approle", {"type": "approle"})
        self.call("PUT", "sys/policies/acl/bench", {"policy": 'path "secret/data/*" { capabilities = ["read"] }'})
        self.call("POST", "auth/approle/role/bench", {"token_policies": "bench", "bind_secret_id": False, "token_bound_cidrs": "127.0.0.0/8"})
        self.role_id = self.call("GET", "auth/approle/role/bench/role-id")["data"]["role_id"]
        self.write("0")
        for number in range(50):
            self.call("PUT", f"secret/data/many/{number}", {"data": {"password": f"p{number}"}})
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(SECONDS)

    def write(self, value):
        self.call("PUT", "secret/data/one", {"data": {"password": value}})

    def try_call(self, *args):
        try:
            return self.call(*args)
        except OSError:
            return None

    def call(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.address}/v1/{path}", data, {"X-Vault-Token": TOKEN}, method=method)
        with urllib.request.urlopen(request, timeout=SECONDS) as answer:
            return json.loads(answer.read() or b"{}")


class Agent:
    """One agent with some templates, as (text, name of the file)."""

    def __init__(self, program, server, folder, templates, once=False):
        self.folder = Path(tempfile.mkdtemp(dir=folder))
        (self.folder / "role-id").write_text(server.role_id)
        config = {
            "vault": {"address": server.address},
            "auto_auth": {"method": [{"type": "approle", "config": {"role_id_file_path": str(self.folder / "role-id")}}]},
            "template_config": {"static_secret_render_interval": "1s"},
            "template": [{"contents": text, "destination": str(self.folder / name)} for text, name in templates],
        }
        if once:
            config["exit_after_auth"] = True
        (self.folder / "agent.json").write_text(json.dumps(config))
        self.files = [self.folder / name for _, name in templates]
        self.began = time.monotonic()
        self.process = subprocess.Popen([program, "agent", f"-config={self.folder}/agent.json"], stdout=open(self.folder / "log", "w"), stderr=subprocess.STDOUT)

    def finish(self):
        """Seconds from its start to its end."""
        if self.process.wait(SECONDS):
            raise Trouble(f"an agent ended with {self.process.returncode}: {(self.folder / 'log').read_text()[-500:]}")
        return time.monotonic() - self.began

    def wait(self):
        until("all files", lambda: all(it.exists() for it in self.files))

    def resident(self):
        lines = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        return next(int(it.split()[1]) for it in lines if it.startswith("VmRSS")) * 1024

    def end(self):
        self.process.terminate()
        self.process.wait(SECONDS)
        shutil.rmtree(self.folder)


def cold(program, server, folder, text=LIGHT):
    agent = Agent(program, server, folder, [(text, "out")], once=True)
    took = agent.finish()
    shutil.rmtree(agent.folder)
    return took


def memory(program, server, folder):
    templates = [(f'{{{{ with secret "secret/data/many/{it}" }}}}{{{{ .Data.data.password }}}}{{{{ end }}}}', f"f{it}") for it in range(50)]
    agent = Agent(program, server, folder, templates)
    agent.wait()
    time.sleep(3)  # it has asked for all of them again by then
    resident = agent.resident()
    agent.end()
    return resident


def rerender(program, server, folder, count):
    server.write("old")
    agent = Agent(program, server, folder, [(LIGHT, f"f{it}") for it in range(count)])
    agent.wait()
    before = {it: it.stat().st_mtime_ns for it in agent.files}
    server.write("new")
    until("new files", lambda: all(it.stat().st_mtime_ns != before[it] for it in agent.files))
    times = [it.stat().st_mtime_ns for it in agent.files]
    agent.end()
    return (max(times) - min(times)) / 1e9


def measure(asked, folder):
    programs = {"secret": asked.secret, "bao": asked.bao}
    found = {name: {"cold": [], "memory": [], "rerender": [], "render": []} for name in programs}
    count, rounds = (50, 1) if asked.smoke else (1000, asked.rounds)
    with Server(asked.server or asked.secret, folder) as server:
        for name, program in programs.items():
            cold(program, server, folder)  # the first one reads the program from the disk
        for _ in range(rounds):
            for name, program in programs.items():
                into = found[name]
                colds = [cold(program, server, folder) for _ in range(1 if asked.smoke else 10)]
                into["cold"] += colds
                into["render"].append(cold(program, server, folder, HEAVY) - min(colds))
                into["memory"].append(memory(program, server, folder))
                into["rerender"].append(rerender(program, server, folder, count))
    return found


UNITS = {"cold": ("ms", 1e3), "memory": ("MB", 1e-6), "rerender": ("ms", 1e3), "render": ("ms", 1e3)}
WHAT = {"cold": "cold init agent", "memory": "resident, 50 templates", "rerender": "1,000 files anew, first to last", "render": "20,000 rounds of a template"}


def table(found):
    lines = ["| | secret agent | bao agent | ratio |", "| --- | --- | --- | --- |"]
    for kind, (unit, factor) in UNITS.items():
        ours, theirs = (statistics.median(found[name][kind]) * factor for name in ("secret", "bao"))
        lines.append(f"| {WHAT[kind]} | {ours:.1f} {unit} | {theirs:.1f} {unit} | {theirs / max(ours, 1e-3):.1f} |")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--secret", required=True)
    parser.add_argument("--bao", default=shutil.which("bao"))
    parser.add_argument("--server", help="another program for the server: a build without one cannot be it")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--smoke", action="store_true")
    parser.add_argument("--out", type=Path)
    asked = parser.parse_args()
    if not asked.bao:
        raise Trouble("there is no bao; name it with --bao")
    folder = Path(tempfile.mkdtemp(prefix="bench-agent-", dir="/dev/shm"))
    try:
        found = measure(asked, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(table(found))
    if asked.out:
        asked.out.mkdir(parents=True, exist_ok=True)
        (asked.out / "results.json").write_text(json.dumps(found, indent=1) + "\n")
        (asked.out / "README.md").write_text(
            "# The agent\n\n`./run bench-agent`: medians of both programs in turns, one configuration, one server. A ratio over 1 is in our favour.\n\n" + table(found) + "\n")


if __name__ == "__main__":
    try:
        main()
    except Trouble as trouble:
        print(f"bench: {trouble}", file=sys.stderr)
        sys.exit(2)
