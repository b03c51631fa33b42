#!/usr/bin/env python3
"""The same command lines through `bao` and through our own program called as `bao`, against one server.

our_cli.toml holds the lines: for every command of commands.toml either lines to compare or why there are none.
What is compared is the exit status and, with -format=json, what stands on standard output; under `plain` the text
itself. Each side works on names of its own, which are written back to what they stand for before comparing.
"""

import json
import os
import re
import shlex
import subprocess
import tempfile
import tomllib
from pathlib import Path

import bao_cli
from tests import REGISTRY, Test, address, expect, main, root, unique

HERE = Path(__file__).resolve().parent
LISTED = tomllib.loads((HERE / "our_cli.toml").read_text())

# What is new each time: its kind is compared, not its value.
NEW = {
    "request_id", "accessor", "client_token", "id", "uuid", "created_time", "updated_time", "deletion_time", "creation_time",
    "expire_time", "issue_time", "last_renewal", "last_renewal_time", "install_time", "active_time", "token", "wrapped_accessor",
    "nonce", "otp", "encoded_token", "encoded_root_token", "secret_id", "secret_id_accessor", "role_id", "last_echo", "ttl",
    "timestamp_installed", "encryptions", "term", "start_time", "migration_id",
}
# What the API answers and `bao` has no place for; ours prints the answer as it is.
MORE = {"auth": {"token_type", "num_uses"}}
# Absent, null and empty are one to whoever reads JSON with jq.
EMPTY = (None, "", [], {})


class Side:
    """One of the two programs, and its names."""

    def __init__(self, program):
        self.program, self.names, self.home = program, {}, tempfile.TemporaryDirectory(prefix="interop-side-")
        self.names = {word: unique(word) for word in ("kv", "one", "auth", "name", "other", "device")}
        self.names["home"] = self.home.name

    def fill(self, text):
        return re.sub(r"\{(\w+)\}", lambda it: self.names[it[1]], text)

    def unfill(self, text):
        for word, name in sorted(self.names.items(), key=lambda it: -len(it[1])):
            text = text.replace(name, "{" + word + "}")
        return text

    def run(self, line, form):
        """Runs a line as a shell would, without one: `<<< TEXT` is standard input, `NAME=VALUE` in front a variable."""
        line, _, stdin = line.partition(" <<< ")
        words = [self.fill(word) for word in shlex.split(line)]
        env = {"HOME": self.home.name, "PATH": os.environ["PATH"], "VAULT_ADDR": address(), "VAULT_TOKEN": root(), "VAULT_MAX_RETRIES": "0"}
        while re.match(r"[A-Z_]+=", words[0]):
            name, _, value = words.pop(0).partition("=")
            env[name] = value
        env |= {"VAULT_FORMAT": "json"} if form == "json" else {}
        env = {name: value for name, value in env.items() if value}
        done = subprocess.run([self.program, *words], input=self.fill(stdin).strip("'"), env=env, capture_output=True, text=True,
                              timeout=120)
        return done


def plain(side, text):
    return side.unfill(text.strip())


def normalised(side, value, key=""):
    if isinstance(value, dict):
        kept = {name: it for name, it in value.items() if name not in MORE.get(key, ())}
        parts = {side.unfill(name): normalised(side, it, name) for name, it in kept.items()}
        return {name: it for name, it in sorted(parts.items()) if it not in EMPTY}
    if isinstance(value, list):
        return [normalised(side, it, key) for it in value]
    if key in NEW and value not in EMPTY:
        return f"<{type(value).__name__}>"
    return side.unfill(value) if isinstance(value, str) else value


def as_json(side, text):
    """What a script gets with jq; nothing, where there is no JSON: messages for people differ."""
    try:
        return normalised(side, json.loads(text))
    except ValueError:
        return None


def compare(command, cell):
    sides = [Side(bao_cli.PACKAGED_BAO), Side(os.environ["INTEROP_OUR_BAO"])]
    for line in cell.get("before", []) + cell["lines"]:
        # `NAME := LINE | a.b.c` keeps a part of the answer under a name.
        bound = re.fullmatch(r"(\w+) := (.*) \| ([\w.]+)", line)
        form = "plain" if line.startswith("plain: ") else "json"
        text = bound[2] if bound else line.removeprefix("plain: ")
        ran = [side.run(text, form) for side in sides]
        told = [f"{side.program}: {it.returncode}\n{it.stdout}{it.stderr}" for side, it in zip(sides, ran)]
        expect(ran[0].returncode == ran[1].returncode, f"{command}: {line}\n" + "\n".join(told))
        if form == "plain":
            shown = [plain(side, it.stdout) for side, it in zip(sides, ran)]
        else:
            shown = [as_json(side, it.stdout) for side, it in zip(sides, ran)]
        expect(shown[0] == shown[1] or line in cell.get("before", []),
               f"{command}: {line}\n  bao   {json.dumps(shown[0])}\n  ours  {json.dumps(shown[1])}\n" + "\n".join(told))
        if bound:
            for side, it in zip(sides, ran):
                value = json.loads(it.stdout)
                for part in bound[3].split("."):
                    value = value[int(part)] if part.isdigit() else value[part]
                side.names[bound[1]] = str(value)


REGISTRY.clear()  # those of bao_cli run as a client of their own
for listed, entry in LISTED.items():
    if "lines" in entry:
        function = lambda listed=listed, entry=entry: compare(listed, entry)
        function.__name__ = listed.replace(" ", "_").replace("-", "_")
        REGISTRY.append(Test(function, entry.get("tag", "core")))

if __name__ == "__main__":
    main("our-cli", at_once=2)
