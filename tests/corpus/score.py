#!/usr/bin/env python3
"""Scores what a scanner reports, or checks a tree that a fixer rewrote, against labels.json.

  score.py FINDINGS.json              precision, recall and F1: over all files, and for each family
  score.py --strict FINDINGS.json     the same by column, one report for one finding
  score.py --baseline                 the same for the plain scanner of scoring/baseline.py
  score.py --baseline --emit          what that scanner finds, as JSON
  score.py --from detect-secrets F    F is what `detect-secrets scan --all-files` wrote
  score.py --from secretlint F        F is what `secretlint --format json` wrote
  score.py --fixed DIR                a copy of this folder after the fixer ran over it
  score.py --list                     how many files, findings and decoys there are
  score.py --labels second/labels.json ...   another set of files

FINDINGS.json, or `-` for standard input, is an array of {"file", "line", "key"?, "kind"?, "column"?,
"end_column"?}. README.md tells how things are counted.

The exit status is 0, 1 (below --min-precision or --min-recall, or a rewritten file is not right) or
2 (could not score).
"""

import argparse
import json
import sys
from pathlib import Path

sys.dont_write_bytecode = True
HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from scoring import Trouble
from scoring.baseline import baseline
from scoring.counting import count
from scoring.labels import Corpus
from scoring.reports import FORMATS, reports_from
from scoring.rewritten import check_tree
from scoring.tables import print_sizes, print_scores, print_tree


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("findings", nargs="?", metavar="FINDINGS.json", help="what a scanner reports, - for standard input")
    parser.add_argument("--labels", type=Path, default=HERE / "labels.json", help="the labels (default: beside this program)")
    parser.add_argument("--root", type=Path, help="the folder of the labelled files (default: that of the labels)")
    parser.add_argument("--from", dest="format", choices=FORMATS, default="plain", help="who wrote FINDINGS.json")
    parser.add_argument("--baseline", action="store_true", help="score the plain scanner")
    parser.add_argument("--emit", action="store_true", help="with --baseline: print what it finds")
    parser.add_argument("--strict", action="store_true", help="by column, one report for one finding")
    parser.add_argument("--ignore", default="", metavar="LIST", help="of weak, commented: these count neither way")
    parser.add_argument("--fixed", type=Path, metavar="DIR", help="check a rewritten copy")
    parser.add_argument("--parser", action="append", default=[], metavar="SYNTAX=CMD",
                        help="with --fixed: pipe each file of SYNTAX through CMD too, as 'hcl2=terraform fmt -'")
    parser.add_argument("--only", default="", metavar="TEXT", help="only files with TEXT in their name")
    parser.add_argument("--list", action="store_true", help="count files, findings and decoys")
    parser.add_argument("--min-precision", type=float, default=0.0)
    parser.add_argument("--min-recall", type=float, default=0.0)
    parser.add_argument("--verbose", action="store_true", help="each miss and each false report, with its decoy's reason")
    return parser, parser.parse_args()


def main():
    parser, asked = arguments()
    corpus = Corpus.load(asked.labels, asked.root, asked.only)
    if asked.list:
        print_sizes(corpus)
        return 0
    if asked.fixed:
        try:
            commands = dict(pair.split("=", 1) for pair in asked.parser)
        except ValueError:
            parser.error("--parser takes SYNTAX=CMD")
        tree = check_tree(corpus, asked.fixed, commands)
        print_tree(corpus, tree, asked.verbose)
        return int(bool(tree.wrong))
    if asked.baseline:
        reports = baseline(corpus)
        if asked.emit:
            print(json.dumps(reports, indent=1))
            return 0
    elif asked.findings:
        reports, strangers = reports_from(asked.format, asked.findings, corpus)
        if strangers:
            print(f"note: {strangers} reports are about files without labels; not counted", file=sys.stderr)
    else:
        parser.error("nothing to score")
    scores = count(corpus, reports, ignore=[name for name in asked.ignore.split(",") if name], strict=asked.strict)
    print_scores(corpus, scores, asked.verbose)
    total = scores.total()
    return int(total.precision < asked.min_precision or total.recall < asked.min_recall)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Trouble as trouble:
        print(f"score: {trouble}", file=sys.stderr)
        sys.exit(2)
    except BrokenPipeError:
        sys.stderr.close()
