"""A copy of the corpus after a fixer ran over it: what was secret is gone, and nothing else changed.

What is not seen here: whether the stored value is the decoded one, and whether the reference resolves. Rendering
the rewritten file against a store shows that.
"""

import json
import re
import subprocess
from collections import defaultdict
from dataclasses import dataclass, field

from .brackets import unclosed
from .labels import Text, spanned

# Lines that only open or close something: a rewrite may add and remove these.
FRAME = re.compile(r"^\s*(\w+\s*(=\s*)?\{|[}\])],?|environment:|env:)\s*$")


@dataclass
class Tree:
    fixable: int = 0
    gone: int = 0
    wrong: dict = field(default_factory=dict)


def check_tree(corpus, folder, commands):
    tree = Tree()
    for name, entry in corpus.files.items():
        path = folder / name
        if not path.exists():
            tree.wrong[name] = ["is missing"]
            continue
        old, new = corpus.text(name), Text.read(path)
        faults = [*form(entry, old, new), *values(tree, entry, old, new), *decoys(entry, old, new), *lines(entry, old, new),
                  *grammar(entry, new, commands)]
        if faults:
            tree.wrong[name] = faults
    return tree


def form(entry, old, new):
    if old.text != new.text and not any(finding["fixable"] for finding in entry["findings"]):
        yield "changed although nothing in it is fixable"
    if old.marked != new.marked:
        yield "byte-order mark lost or gained"
    ends, crlf = new.text.count("\n"), new.text.count("\r\n")
    if crlf != (ends if "\r\n" in old.text else 0):
        yield "line ends changed"


def without(lines, findings):
    """The lines but for the secrets in them."""
    rest = [list(line) for line in lines]
    for it in findings:
        for at in range(it["line"], it["end_line"] + 1):
            start = it["column"] - 1 if at == it["line"] else 0
            end = it["end_column"] - 1 if at == it["end_line"] else len(rest[at - 1])
            rest[at - 1][start:end] = "\0" * (end - start)
    return ["".join(line) for line in rest]


def values(tree, entry, old, new):
    """Each fixable value is gone, and what it was set to is still set."""
    before, after = old.lines, "\n".join(new.lines)
    # A name may stand in a secret as well, and goes with it.
    kept = "\n".join(without(before, entry["findings"]))
    for finding in entry["findings"]:
        if not finding["fixable"]:
            continue
        tree.fixable += 1
        value, line = spanned(before, finding), before[finding["line"] - 1]
        # What is short or weak is an ordinary word, and may stand elsewhere: then its line must be gone.
        sought = value if len(value) >= 8 and not finding.get("weak") else line.strip()
        may_stay = sum(not other["fixable"] and spanned(before, other) == value for other in entry["findings"])
        if after.count(sought) > may_stay:
            yield f"line {finding['line']}: {finding['key']} is still in the file"
        else:
            tree.gone += 1
        key = named(finding["key"])
        if not finding.get("commented") and key in line and after.count(key) < kept.count(key):
            yield f"line {finding['line']}: {finding['key']} is set fewer times than before"


def named(key):
    """The last part of a dotted key; a flag is its own name."""
    return key if key.startswith("-") else re.sub(r"\[\d+\]$", "", key).rpartition(".")[2]


def secret_lines(entry):
    return {line for finding in entry["findings"] for line in range(finding["line"], finding["end_line"] + 1)}


def decoys(entry, old, new):
    """Decoys beside a finding; those on lines of their own are compared with their lines."""
    before, after, dirty = old.lines, "\n".join(new.lines), secret_lines(entry)
    for decoy in entry["decoys"]:
        if decoy["line"] in dirty and spanned(before, decoy) not in after:
            yield f"line {decoy['line']}: a decoy was changed ({decoy['reason']})"


def lines(entry, old, new):
    """Every line without a finding is still there, in order, with its indentation."""
    after, dirty, at = new.lines, secret_lines(entry), 0
    places = defaultdict(list)
    for place, line in enumerate(after):
        places[line.strip()].append(place)
    for number, line in enumerate(old.lines, 1):
        if number in dirty or not line.strip() or FRAME.match(line):
            continue
        place = next((place for place in places[line.strip()] if place >= at), None)
        if place is None:
            yield f"line {number}: lost or moved: {line.strip()[:60]}"
            continue
        if after[place] != line:
            yield f"line {number}: indentation changed"
        at = place + 1


def grammar(entry, new, commands):
    syntax = entry["syntax"]
    if syntax == "json":
        try:
            json.loads(new.text)
        except ValueError as error:
            yield f"does not parse: {error}"
    elif syntax in ("hcl2", "hcl1") and (why := unclosed(new.text)):
        yield f"does not parse: {why}"
    if command := commands.get(syntax):
        ran = subprocess.run(command, shell=True, input=new.text.encode(), capture_output=True)
        if ran.returncode:
            said = ran.stderr.decode(errors="replace").strip()[-160:]
            yield f"does not parse: {command!r} says {said}"
