"""Hits, misses and false reports.

By line, a finding is hit when a reported line lies in it; reported lines are what can be false. By column
(`strict`), a report hits the first finding under its span that nothing hit before; what lies over no finding is false.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass, field

from . import Trouble
from .labels import columns, covers


@dataclass
class Score:
    hit: int = 0
    missed: int = 0
    right: int = 0      # reports that hit
    false: int = 0

    @property
    def precision(self):
        return self.right / (self.right + self.false) if self.right + self.false else 1.0

    @property
    def recall(self):
        return self.hit / (self.hit + self.missed) if self.hit + self.missed else 1.0

    @property
    def f1(self):
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0

    def add(self, other):
        self.hit += other.hit
        self.missed += other.missed
        self.right += other.right
        self.false += other.false


@dataclass
class Scores:
    families: dict = field(default_factory=lambda: defaultdict(Score))
    kinds: dict = field(default_factory=lambda: defaultdict(Counter))
    misses: dict = field(default_factory=lambda: defaultdict(list))
    falses: dict = field(default_factory=lambda: defaultdict(list))

    def total(self):
        total = Score()
        for score in self.families.values():
            total.add(score)
        return total


def count(corpus, reports, ignore, strict):
    """The scores of all reports; findings with a mark in `ignore` are neither missed nor false."""
    by_file = defaultdict(list)
    for report in reports:
        by_file[report["file"]].append(report)
    scores = Scores()
    for name, entry in corpus.files.items():
        left_out = [finding for finding in entry["findings"] if any(finding.get(mark) for mark in ignore)]
        wanted = [finding for finding in entry["findings"] if finding not in left_out]
        judge = by_column if strict else by_line
        hit, right, false = judge(name, by_file[name], wanted, left_out)
        scores.families[entry["family"]].add(Score(len(hit), len(wanted) - len(hit), right, len(false)))
        scores.falses[name] = false
        for at, finding in enumerate(wanted):
            scores.kinds[finding["kind"]]["hit" if at in hit else "missed"] += 1
            if at not in hit:
                scores.misses[name].append(finding)
    return scores


def by_line(_name, reports, wanted, left_out):
    hit, units, false = set(), set(), []
    for line in sorted({report["line"] for report in reports}):
        under = [at for at, finding in enumerate(wanted) if covers(finding, line)]
        if under:
            hit.update(under)
            # The lines of one finding count once.
            units.add(min(wanted[at]["line"] for at in under))
        elif not any(covers(finding, line) for finding in left_out):
            false.append(line)
    return hit, len(units), false


def by_column(name, reports, wanted, left_out):
    hit, right, false, seen = set(), 0, [], set()
    for report in reports:
        if "column" not in report:
            raise Trouble(f"{name}:{report['line']}: a report without a column; --strict needs one")
        place = (report["line"], report["column"], report.get("end_column", report["column"] + 1))
        if place in seen:
            continue
        seen.add(place)
        under = [at for at, finding in enumerate(wanted) if overlaps(finding, *place)]
        fresh = [at for at in under if at not in hit]
        if fresh:
            hit.add(fresh[0])
            right += 1
        elif not under and not any(overlaps(finding, *place) for finding in left_out):
            false.append(report["line"])
    return hit, right, false


def overlaps(label, line, column, end_column):
    if not covers(label, line):
        return False
    first, behind = columns(label, line)
    return first < end_column and column < behind
