#!/usr/bin/env python3
"""Measures `secret scan` on the labelled files, each set copied alone: without labels, README or this program beside it.

  measure.py --binary target/release/secret
  measure.py --binary target/release/secret --least ALL=0.97 --least first/nomad=0.98
  measure.py --set second --verbose
  measure.py --figures docs/scanning-figures.md [--bless]

For each set the scores by column and by line are printed. --least NAME=SHARE asks for precision and recall of ALL,
or of one family, in both ways of counting; in every set, or in that of SET/NAME. With --verbose each miss and each false report is listed.
--figures asks whether a document says what is measured, and with --bless makes it say so.

The exit status is 0, 1 (below what was asked for, or the document says otherwise) or 2 (could not measure).
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.dont_write_bytecode = True
HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(HERE))

from scoring import Trouble
from scoring.counting import Score, count
from scoring.figures import IGNORED, ORDINALS, blessed, outdated, row
from scoring.labels import Corpus
from scoring.tables import print_scores

TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
# The first lies in this folder itself.
SETS = {name: (HERE if name == "first" else HERE / name) / "labels.json" for name in ORDINALS}
# A scan of one set takes well under a second; a scanner that hangs is found out here.
PATIENCE = 120


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", type=Path, default=TARGET / "release" / "secret")
    parser.add_argument("--set", choices=SETS, action="append", help="only this one (default: all)")
    parser.add_argument("--least", type=least, action="append", default=[], metavar="[SET/]NAME=SHARE")
    parser.add_argument("--figures", type=Path, metavar="DOCUMENT")
    parser.add_argument("--bless", action="store_true")
    parser.add_argument("--verbose", action="store_true")
    return parser.parse_args()


def least(asked):
    name, _, share = asked.partition("=")
    of, _, name = name.rpartition("/")
    return of, name, float(share)


def scan(binary, corpus):
    """What the scanner reports of a copy of the labelled files."""
    with tempfile.TemporaryDirectory() as folder:
        for name in corpus.files:
            copy = Path(folder, name)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(corpus.root / name, copy)
        try:
            ran = subprocess.run([binary.resolve(), "scan", "--json", folder], capture_output=True, text=True, timeout=PATIENCE)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise Trouble(f"{binary}: {error}") from None
    # 0 is nothing found, 1 is something found.
    if ran.returncode not in (0, 1):
        raise Trouble(f"{binary} scan ended with {ran.returncode}: {ran.stderr.strip()[-400:]}")
    try:
        reports = json.loads(ran.stdout)
    except ValueError as error:
        raise Trouble(f"{binary} scan wrote no JSON: {error}") from None
    if strangers := {report["file"] for report in reports} - corpus.files.keys():
        raise Trouble(f"reports about files that are not there: {sorted(strangers)[:3]}")
    return reports


def short(of, scores, asked):
    """Where a set is below what was asked for."""
    for name, share in ((name, share) for wanted, name, share in asked if wanted in ("", of)):
        score = scores.total() if name == "ALL" else scores.families.get(name, Score(missed=1))
        for what, reached in (("precision", score.precision), ("recall", score.recall)):
            if reached < share:
                yield f"{name}: {what} {reached:.3f} is below {share}"


def main():
    asked = arguments()
    problems, rows = [], {}
    for name in asked.set or SETS:
        corpus = Corpus.load(SETS[name], None, "")
        reports = scan(asked.binary, corpus)
        for how, strict in (("by column", True), ("by line", False)):
            scores = count(corpus, reports, ignore=[], strict=strict)
            print(f"\n{name} set, {how}: {len(corpus.files)} files")
            print_scores(corpus, scores, asked.verbose and strict)
            problems += [f"{name} set, {how}: {problem}" for problem in short(name, scores, asked.least)]
            strong = count(corpus, reports, ignore=IGNORED, strict=strict).total()
            rows[name, how] = row(how, scores.total(), scores.families["nomad"], strong)
    print()
    if asked.figures:
        document = asked.figures.read_text()
        if asked.bless:
            document = blessed(document, rows)
            asked.figures.write_text(document)
        problems += outdated(document, rows)
    for problem in problems:
        print(f"measure: {problem}", file=sys.stderr)
    return int(bool(problems))


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Trouble as trouble:
        print(f"measure: {trouble}", file=sys.stderr)
        sys.exit(2)
