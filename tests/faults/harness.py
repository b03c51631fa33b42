"""Does the harness find what it is there to find? Rows with a small agent that has one known fault, or none."""

import sys
from pathlib import Path

from finding import KINDS
from naive import VICES

NAIVE = Path(__file__).resolve().parent / "naive.py"
WITHIN = 8  # seconds until it must be fresh: this agent asks three times a second

# What the agent does wrong, the row that must fail with it, and of which kind the finding is.
CASES = [
    ("removes", "server_sealed", "missing"),
    ("empties", "server_stopped", "empty"),
    ("truncates", "server_stopped", "empty"),
    ("overwrites", "server_stopped", "half"),
    ("trusts", "answers_html", "half"),
    ("mixes", "server_stopped", "mixed"),
    ("goes_back", "server_stopped", "older"),
    ("rewinds", "agent_killed_right_after_a_change", "older"),
    ("gives_up", "server_stopped", "stale"),
    ("dies", "server_killed", "ended"),
    ("waits", "init_container_gives_up_on_the_server", "status"),
    ("holds_on", "policy_gone_and_the_file", "kept"),
    ("believes", "kept_values_are_too_old", "kept"),
    ("tells", "kept_values_are_encrypted", "leaked"),
    ("plain", "kept_values_are_encrypted", "leaked"),
    ("wanders", "answers_redirects", "leaked"),
    ("follows", "file_replaced_by_a_link", "touched"),
    ("hoards", "body_without_end", "memory"),
    ("is_quiet", "kept_values_are_damaged", "silent"),
    ("litters", "memory_full", "littered"),
]

# The same rows with nothing wrong: they must hold, or the cases above show nothing.
VIRTUOUS = sorted({row for _, row, _ in CASES})


def gaps(registry):
    """Faults and findings that no case shows."""
    for vice in sorted(set(VICES) ^ {vice for vice, _, _ in CASES}):
        yield f"harness: {vice} is not both a vice of the naive agent and in a case"
    for kind in sorted(set(KINDS) - {kind for _, _, kind in CASES}):
        yield f"harness: no case shows that {kind!r} can be found"
    for _, row, _ in CASES:
        if row not in registry:
            yield f"harness: there is no test {row}"


def cases():
    """Title, test, command and the kind that must be found (None: nothing)."""
    for row in VIRTUOUS:
        yield f"no fault, {row}", row, [sys.executable, str(NAIVE)], None
    for vice, row, kind in CASES:
        yield f"{vice}, {row}", row, [sys.executable, str(NAIVE), f"--vice={vice}"], kind


def judge(result, kind):
    """Why a case does not show what it is to show, or nothing."""
    if kind is None:
        return None if result["word"] == "ok" else f"an agent without a fault: {result['note']}"
    if result.get("kind") == kind:
        return None
    return f"{kind!r} was to be found, and this is what came: {result['word']} {result['note']}"
