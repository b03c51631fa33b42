#!/usr/bin/env python3
"""Which test keeps which security rule: writes docs/security-tests.md, or checks it.

  security_tests.py          writes the page
  security_tests.py --check  fails if the page is not current, or a rule has no test

A test names its rules in a comment above it: `// Rule 46`, `// Rules 46, 49 and 137: why`.
"""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
PAGE = ROOT / "docs" / "security-tests.md"
COMMENT = re.compile(r"^\s*(?://+|#+)\s*Rules?\s+((?:\d+(?:\s*(?:,|and|–|-)\s*)*)+)")
TEST = re.compile(r"^\s*(?:pub )?(?:async )?(?:fn|def)\s+(\w+)")
SKIPPED = re.compile(r"^\s*(?://|#|$|\))")  # between a comment and its test: more comments, attributes
REACH = 12  # lines above a test that may hold its attributes


def sources():
    listed = subprocess.run(["git", "ls-files", "*.rs", "*.py", "*.sh"], cwd=ROOT, check=True, capture_output=True, text=True)
    return [ROOT / name for name in listed.stdout.split() if name != "tests/tidy/security_tests.py"]


def numbers(words):
    return [int(number) for number in re.findall(r"\d+", words)]


def is_test(lines, at):
    """Whether the function at line `at` is a test, or stands in a file of tests."""
    above = "\n".join(lines[max(0, at - REACH):at])
    return re.search(r"test[](]", above) is not None or "proptest!" in above or lines[at].lstrip().startswith("def ")


def tests_of(path):
    """Pairs of a rule and the test that names it."""
    lines = path.read_text(errors="replace").splitlines()
    for at, text in enumerate(lines):
        match = COMMENT.match(text)
        if not match:
            continue
        ahead = at + 1
        while ahead < len(lines) and SKIPPED.match(lines[ahead]):
            ahead += 1
        chosen = ahead if ahead < len(lines) and TEST.match(lines[ahead]) else None
        if chosen is None:
            # Within a test, the comment belongs to the function it stands in.
            chosen = next((i for i in range(at, -1, -1) if TEST.match(lines[i])), None)
        if chosen is None or not is_test(lines, chosen):
            continue
        name = TEST.match(lines[chosen]).group(1)
        for number in numbers(match.group(1)):
            yield number, f"`{path.relative_to(ROOT)}`: {name}"


def page(rules, found):
    lines = [
        "# Security rules and their tests",
        "",
        "Written by `tests/tidy/security_tests.py` from the comments above the tests; CI fails when it is not",
        "current. A rule that is about a part which does not exist yet says which, as does one whose test is missing.",
        "",
        "| rule | what | tests |",
        "| --- | --- | --- |",
    ]
    for number, rule in sorted(rules.items()):
        tests = "<br>".join(sorted(found.get(number, []))) or f"*later: {rule.get('later', '')}*"
        lines.append(f"| {number} | {rule['title']} | {tests} |")
    return "\n".join(lines) + "\n"


def main():
    rules = {int(number): rule for number, rule in tomllib.loads((HERE / "rules.toml").read_text()).items()}
    found = {}
    for path in sources():
        for number, test in tests_of(path):
            found.setdefault(number, set()).add(test)
    problems = [f"rule {number} has no test: {rule['title']}" for number, rule in sorted(rules.items())
                if "later" not in rule and number not in found]
    problems += [f"a test names rule {number}, which is not in rules.toml" for number in sorted(found.keys() - rules.keys())]
    text = page(rules, found)
    if "--check" in sys.argv[1:]:
        if not PAGE.exists() or PAGE.read_text() != text:
            problems.append("docs/security-tests.md is not current: run tests/tidy/security_tests.py")
    else:
        PAGE.write_text(text)
    for problem in problems:
        print(problem)
    kept = sum(1 for number in rules if number in found)
    print(f"{kept} of {len(rules)} rules have tests, {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
